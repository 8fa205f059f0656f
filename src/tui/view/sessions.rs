//! Sessions, and the calls of one of them as a waterfall with what each was worth.

use super::first;
use super::read::{UNKNOWN, credit, millis, money_at, number, span, status_tone, text};
use crate::base::Timestamp;
use crate::base::human::ago;
use crate::tui::app::{App, Opened};
use crate::tui::canvas::{Canvas, cell, fit};
use crate::tui::input::Target;
use crate::tui::theme::Tone;

pub(crate) fn draw(app: &App, canvas: &mut Canvas<'_>) {
    match &app.session {
        Some(open) => waterfall(app, open, canvas),
        None => list(app, canvas),
    }
}

fn list(app: &App, canvas: &mut Canvas<'_>) {
    let mut inside = canvas.panel("Sessions, latest first");
    let (width, height) = (inside.width(), inside.height());
    let sessions = app.sessions.items();
    let id_room = width.saturating_sub(66).clamp(12, 60);
    let ends = [id_room + 7, id_room + 19, id_room + 31, id_room + 43, id_room + 51, id_room + 64];
    inside.text(0, 0, "session", Tone::Dim);
    for (name, end) in ["calls", "cost", "saved", "last call", "rating", "per dollar"].iter().zip(ends) {
        inside.right(end, 0, name, Tone::Dim);
    }
    if sessions.is_empty() {
        let why = app.sessions.absent();
        let why = if why.is_empty() { "no sessions yet: every call belongs to one".into() } else { why };
        inside.wrapped(0, 2, &why, Tone::Dim);
    }
    let room = usize::from(height.saturating_sub(1));
    let chosen = app.cursor().min(sessions.len().saturating_sub(1));
    let start = first(chosen, sessions.len(), room);
    for ((place, session), y) in sessions.iter().enumerate().skip(start).take(room).zip(1_u16..) {
        let inferred = session["inferred"] == true;
        inside.text(0, y, &fit(&text(session, "/session_id"), id_room), if inferred { Tone::Dim } else { Tone::Plain });
        let when = text(session, "/last_seen").parse().map(|at: Timestamp| ago(at, app.now)).unwrap_or_default();
        let rating = number(session, "/score").map_or(UNKNOWN.into(), |score| format!("{score:.0}"));
        let value = number(session, "/value_per_usd").map_or(UNKNOWN.into(), |value| format!("{value:.0}"));
        let cells = [
            (text(session, "/turn_count"), Tone::Plain),
            (money_at(session, "/cost_micro_usd"), Tone::Plain),
            (money_at(session, "/saved_micro_usd"), Tone::Good),
            (when, Tone::Dim),
            (rating, Tone::Bold),
            (value, Tone::Plain),
        ];
        for ((cell, tone), end) in cells.iter().zip(ends) {
            inside.right(end, y, cell, *tone);
        }
        if place == chosen {
            inside.mark(y, Tone::Selected);
        }
        inside.hit(0, y, width, Target::Row(place));
    }
}

fn waterfall(app: &App, open: &Opened, canvas: &mut Canvas<'_>) {
    let mut inside = canvas.panel(&format!("Session {}", open.id));
    let (width, height) = (inside.width(), inside.height());
    let calls = open.slot.items();
    if calls.is_empty() {
        inside.wrapped(0, 0, &open.slot.absent(), Tone::Dim);
        return;
    }
    let spans: Vec<_> = calls.iter().filter_map(span).collect();
    let from = spans.iter().map(|span| span.0).min().unwrap_or(0);
    let to = spans.iter().map(|span| span.1).max().unwrap_or(from).max(from.saturating_add(1));
    let whole = millis(u64::try_from(to.saturating_sub(from) / 1_000).ok());
    inside.text(0, 0, &format!("{} calls in {whole}, oldest first", calls.len()), Tone::Bold);
    let model_room = (width / 4).clamp(14, 30);
    let numbers = 36;
    let bar_at = model_room + 1;
    let bar_room = width.saturating_sub(bar_at + numbers + 1);
    for (name, end) in [("took", width.saturating_sub(25)), ("cost", width.saturating_sub(13)), ("credit", width)] {
        inside.right(end, 1, name, Tone::Dim);
    }
    inside.text(0, 1, "model", Tone::Dim);
    inside.text(bar_at, 1, "when", Tone::Dim);
    let room = usize::from(height.saturating_sub(3));
    let chosen = open.at.min(calls.len().saturating_sub(1));
    let start = first(chosen, calls.len(), room);
    for ((place, call), y) in calls.iter().enumerate().skip(start).take(room).zip(2_u16..) {
        let model = text(call, "/model");
        let status = text(call, "/status");
        let tone = if status == "ok" { Tone::Model(app.traffic.colour(&model)) } else { status_tone(&status) };
        inside.text(0, y, &fit(&model, model_room), tone);
        if let Some((begin, end)) = span(call).filter(|_| bar_room > 0) {
            let place = |at: i64| cell(share(at.saturating_sub(from), to.saturating_sub(from)), bar_room);
            let (left, right) = (place(begin), place(end));
            inside.text(bar_at, y, &"·".repeat(usize::from(bar_room)), Tone::Border);
            inside.text(bar_at + left, y, &"█".repeat(usize::from(right - left) + 1), tone);
        }
        inside.right(width.saturating_sub(25), y, &millis(call["latency_ms"].as_u64()), Tone::Plain);
        inside.right(width.saturating_sub(13), y, &money_at(call, "/cost_micro_usd"), Tone::Plain);
        let credit = credit(call);
        inside.right(width, y, &credit.map_or(UNKNOWN.into(), |credit| format!("{credit:+.3}")), Tone::Bold);
        if place == chosen {
            inside.mark(y, Tone::Selected);
        }
        inside.hit(0, y, width, Target::Row(place));
    }
    let legend = "credit: the part of the session's outcome (0 to 1) that each call receives; they add up to it";
    inside.text(0, height.saturating_sub(1), legend, Tone::Dim);
}

#[expect(clippy::cast_precision_loss, reason = "a place on a line of a few hundred cells")]
fn share(part: i64, whole: i64) -> f64 {
    part as f64 / whole.max(1) as f64
}
