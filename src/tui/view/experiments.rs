//! Experiments: where each stands, and the evidence of the chosen one as it grows.

use super::first;
use super::read::{UNKNOWN, count, number, percent, text};
use crate::tui::app::App;
use crate::tui::canvas::{Canvas, fit};
use crate::tui::input::Target;
use crate::tui::theme::Tone;
use serde_json::Value;

/// Evidence from which a difference counts as shown: one chance in twenty of being wrong.
const ENOUGH: f64 = 20.0;

pub(crate) fn draw(app: &App, canvas: &mut Canvas<'_>) {
    let (width, height) = (canvas.width(), canvas.height());
    let top = height / 2;
    list(app, &mut canvas.part(0, 0, width, top));
    results(app, &mut canvas.part(0, top, width, height - top));
}

fn list(app: &App, canvas: &mut Canvas<'_>) {
    let mut inside = canvas.panel("Experiments");
    let (width, height) = (inside.width(), inside.height());
    let experiments = app.experiments.items();
    if experiments.is_empty() {
        let why = app.experiments.absent();
        let why = if why.is_empty() { "no experiments yet".into() } else { why };
        let y = inside.wrapped(0, 0, &why, Tone::Dim);
        inside.wrapped(
            0,
            y,
            "An experiment gives a part of the traffic to another model and measures both.",
            Tone::Dim,
        );
        return;
    }
    for (at, name) in [(0, "name"), (30, "kind"), (39, "state"), (52, "share"), (62, "candidate")] {
        inside.text(at, 0, name, Tone::Dim);
    }
    let room = usize::from(height.saturating_sub(1));
    let chosen = app.cursor().min(experiments.len().saturating_sub(1));
    let start = first(chosen, experiments.len(), room);
    for ((place, one), y) in experiments.iter().enumerate().skip(start).take(room).zip(1_u16..) {
        let name = if one["name"].is_null() { text(one, "/id") } else { text(one, "/name") };
        inside.text(0, y, &fit(&name, 29), Tone::Bold);
        inside.text(30, y, &text(one, "/type"), Tone::Plain);
        let status = text(one, "/status");
        let tone = match status.as_str() {
            "active" => Tone::Good,
            "rolled_back" => Tone::Bad,
            _ => Tone::Dim,
        };
        inside.text(39, y, &status.replace('_', " "), tone);
        let share = number(one, "/traffic_pct").or_else(|| number(one, "/split_percentage"));
        inside.text(52, y, &percent(share.map(|share| share / 100.0)), Tone::Plain);
        inside.text(62, y, &fit(&text(one, "/candidate/model"), width.saturating_sub(62)), Tone::Plain);
        if place == chosen {
            inside.mark(y, Tone::Selected);
        }
        inside.hit(0, y, width, Target::Row(place));
    }
}

fn results(app: &App, canvas: &mut Canvas<'_>) {
    let mut inside = canvas.panel("Results of the chosen one");
    let Some(open) = &app.results else {
        inside.text(0, 0, "choose one and press enter", Tone::Dim);
        return;
    };
    let Some(value) = open.slot.value() else {
        inside.wrapped(0, 0, &open.slot.absent(), Tone::Dim);
        return;
    };
    let (width, height) = (inside.width(), inside.height());
    for (at, name) in [(13, "calls"), (24, "quality"), (36, "took"), (50, "cost")] {
        inside.text(at, 0, name, Tone::Dim);
    }
    for ((name, at), y) in [("baseline", "/variant_a"), ("candidate", "/variant_b")].into_iter().zip(1..) {
        side(value, name, at, &mut inside, y);
    }
    let winner = match value["winner"].as_str() {
        Some("A") => ("the baseline is better", Tone::Warn),
        Some("B") => ("the candidate is better", Tone::Good),
        Some("tie") => ("no difference that matters", Tone::Plain),
        _ => ("not decided yet", Tone::Dim),
    };
    let x = inside.text(0, 3, winner.0, winner.1);
    let decided = value["decided_by"].as_str().unwrap_or_default();
    inside.text(x + 2, 3, &decided.replace('_', " "), Tone::Dim);
    let evidence = number(value, "/e_value").map_or(UNKNOWN.into(), |evidence| format!("{evidence:.2}"));
    let line = format!("evidence {evidence}: it may be looked at as often as one likes; from {ENOUGH:.0} on it counts");
    inside.text(0, 4, &fit(&line, width), Tone::Plain);
    let shown = app.evidence.len().saturating_sub(usize::from(width));
    let logs: Vec<f64> = app.evidence.iter().skip(shown).map(|evidence| evidence.max(1.0).ln()).collect();
    let most = logs.iter().copied().fold(ENOUGH.ln(), f64::max);
    inside.part(0, 5, width, height.saturating_sub(5)).columns(&logs, most, Tone::Accent);
}

fn side(value: &Value, name: &str, at: &str, inside: &mut Canvas<'_>, y: u16) {
    let of = |key: &str| format!("{at}/{key}");
    inside.text(0, y, name, Tone::Bold);
    inside.text(13, y, &count(value, &of("sample_size")), Tone::Plain);
    inside.text(24, y, &super::overview::points(value, &of("average_quality")), Tone::Plain);
    let number_of = |key: &str| number(value, &of(key)).map_or(UNKNOWN.into(), |value| format!("{value:.0}"));
    inside.text(36, y, &format!("{} ms", number_of("average_latency_ms")), Tone::Plain);
    inside.text(50, y, &format!("{} micro-USD", number_of("average_cost_micro_usd")), Tone::Plain);
}
