//! Decisions as they happen, newest first.

use super::read::{UNKNOWN, millis, money, percent, status_tone};
use super::{detail, first};
use crate::base::human::grouped;
use crate::tui::app::App;
use crate::tui::canvas::{Canvas, fit};
use crate::tui::input::Target;
use crate::tui::row::{KEPT, Row};
use crate::tui::theme::Tone;

/// Where each column begins; those of wide screens come last.
struct Columns {
    model: u16,
    why: u16,
    status: u16,
    took: u16,
    cost: u16,
    saved: u16,
    chance: Option<u16>,
    route: Option<u16>,
    session: Option<u16>,
}

fn columns(width: u16) -> Columns {
    let model = 10;
    let why = model + width.saturating_sub(57).clamp(18, 30) + 1;
    let status = why + 9;
    let took = status + 17;
    let (cost, saved) = (took + 10, took + 20);
    let wide = |at: u16, needed: u16| (at + needed <= width).then_some(at);
    let (chance, route, session) = (wide(saved + 9, 0), wide(saved + 12, 16), wide(saved + 32, 20));
    Columns { model, why, status, took, cost, saved, chance, route, session }
}

pub(crate) fn draw(app: &App, canvas: &mut Canvas<'_>) {
    if let Some(open) = &app.decisions.open {
        detail::draw(app, open, canvas);
        return;
    }
    let shown: Vec<&Row> = app.shown().collect();
    let title = title(app, shown.len());
    let mut inside = canvas.panel(&title);
    let (width, height) = (inside.width(), inside.height());
    let columns = columns(width);
    head(&mut inside, &columns);
    if shown.is_empty() {
        let why = if app.rows.len() == 0 {
            "nothing yet: every request through the gateway appears here as it is answered"
        } else {
            "no decision holds all these words; esc clears the filter"
        };
        inside.wrapped(0, 2, why, Tone::Dim);
    }
    let room = usize::from(height.saturating_sub(1));
    let chosen = app.decisions.at.min(shown.len().saturating_sub(1));
    let start = first(chosen, shown.len(), room);
    for ((place, row), y) in shown.iter().enumerate().skip(start).take(room).zip(1_u16..) {
        line(app, row, &mut inside, &columns, y);
        if place == chosen {
            inside.mark(y, Tone::Selected);
        }
        inside.hit(0, y, width, Target::Row(place));
    }
}

fn title(app: &App, shown: usize) -> String {
    let mut title = format!("Decisions: {} of the last {}", grouped_of(shown), grouped_of(app.rows.len()));
    if app.rows.len() >= KEPT {
        title.push_str(" (older: floopy decisions)");
    }
    if let Some(before) = app.decisions.paused {
        let waiting = app.rows.next_number().saturating_sub(before);
        title.push_str(&format!(", paused, {} new", grouped(waiting)));
    }
    if !app.decisions.filter.is_empty() {
        title.push_str(&format!(", filter: {}", app.decisions.filter));
    }
    title
}

fn grouped_of(count: usize) -> String {
    grouped(u64::try_from(count).unwrap_or(u64::MAX))
}

fn head(canvas: &mut Canvas<'_>, columns: &Columns) {
    canvas.text(0, 0, "time", Tone::Dim);
    canvas.text(columns.model, 0, "model", Tone::Dim);
    canvas.text(columns.why, 0, "why", Tone::Dim);
    canvas.text(columns.status, 0, "status", Tone::Dim);
    canvas.right(columns.took, 0, "took", Tone::Dim);
    canvas.right(columns.cost, 0, "cost", Tone::Dim);
    canvas.right(columns.saved, 0, "saved", Tone::Dim);
    if let Some(chance) = columns.chance {
        canvas.right(chance, 0, "chance", Tone::Dim);
    }
    for (at, name) in [(columns.route, "route"), (columns.session, "session")] {
        if let Some(at) = at {
            canvas.text(at, 0, name, Tone::Dim);
        }
    }
}

fn line(app: &App, row: &Row, canvas: &mut Canvas<'_>, columns: &Columns, y: u16) {
    let clock = super::read::clock(&row.at.to_string());
    canvas.text(0, y, &clock, Tone::Dim);
    let model = if row.model.is_empty() { UNKNOWN } else { &row.model };
    canvas.text(columns.model, y, &fit(model, columns.why - columns.model - 1), Tone::Model(app.traffic.colour(model)));
    canvas.text(columns.why, y, &fit(row.why(), 8), Tone::Plain);
    let status = if row.fell_back { "fallback" } else { row.status_word() };
    canvas.text(columns.status, y, status, if row.fell_back { Tone::Warn } else { status_tone(status) });
    canvas.right(columns.took, y, &millis(Some(row.latency_ms)), Tone::Plain);
    canvas.right(columns.cost, y, &money(row.cost), Tone::Plain);
    let tone = if row.saved.is_some_and(|saved| saved > 0) { Tone::Good } else { Tone::Dim };
    canvas.right(columns.saved, y, &money(row.saved), tone);
    if let Some(chance) = columns.chance {
        canvas.right(chance, y, &percent(row.propensity), Tone::Dim);
    }
    if let (Some(at), Some(route)) = (columns.route, &row.route) {
        canvas.text(at, y, &fit(route, 18), Tone::Plain);
    }
    if let Some(at) = columns.session {
        let room = canvas.width().saturating_sub(at);
        canvas.text(at, y, &fit(&row.session, room), Tone::Dim);
    }
}
