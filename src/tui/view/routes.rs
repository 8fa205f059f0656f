//! Routes: their models, what is believed of each, and the floor that holds them.

use super::detail::interval;
use super::overview::points;
use super::read::{UNKNOWN, count, items, light, number, percent, phase, text};
use crate::tui::app::App;
use crate::tui::canvas::{Canvas, fit};
use crate::tui::input::Target;
use crate::tui::theme::Tone;
use serde_json::Value;

pub(crate) fn draw(app: &App, canvas: &mut Canvas<'_>) {
    let (width, height) = (canvas.width(), canvas.height());
    let routes = app.routes.items();
    let rows = u16::try_from(routes.len()).unwrap_or(u16::MAX).clamp(1, height.saturating_sub(14).clamp(2, 10));
    list(app, routes, &mut canvas.part(0, 0, width, rows.saturating_add(3)));
    let mut below = canvas.part(0, rows.saturating_add(3), width, height.saturating_sub(rows.saturating_add(3)));
    if let Some(route) = routes.get(app.cursor().min(routes.len().saturating_sub(1))) {
        one(app, route, &mut below);
    }
}

fn list(app: &App, routes: &[Value], canvas: &mut Canvas<'_>) {
    let mut inside = canvas.panel("Routes");
    let (width, height) = (inside.width(), inside.height());
    if routes.is_empty() {
        let why = app.routes.absent();
        let why = if why.is_empty() { "no routes yet: add a [[route]] to the configuration".into() } else { why };
        inside.wrapped(0, 0, &why, Tone::Dim);
        return;
    }
    for (at, name) in [(0, "name"), (20, "strategy"), (38, "default model")] {
        inside.text(at, 0, name, Tone::Dim);
    }
    let room = usize::from(height.saturating_sub(1));
    let chosen = app.cursor().min(routes.len().saturating_sub(1));
    let start = super::first(chosen, routes.len(), room);
    for ((place, route), y) in routes.iter().enumerate().skip(start).take(room).zip(1_u16..) {
        inside.text(0, y, &fit(&text(route, "/name"), 19), Tone::Bold);
        inside.text(20, y, &text(route, "/strategy"), Tone::Plain);
        inside.text(38, y, &fit(&text(route, "/default_model"), width.saturating_sub(52)), Tone::Plain);
        if route["pinned"] == true {
            inside.right(width, y, "pinned", Tone::Warn);
        } else if !route["floor"].is_null() {
            let state = text(route, "/floor/state");
            inside.right(width, y, if state == "green" { "floor holds" } else { "floor at risk" }, light(&state));
        }
        if place == chosen {
            inside.mark(y, Tone::Selected);
        }
        inside.hit(0, y, width, Target::Row(place));
    }
}

fn one(app: &App, route: &Value, canvas: &mut Canvas<'_>) {
    let mut inside = canvas.panel(&text(route, "/name"));
    let height = inside.height();
    let mut y = arms(app, route, &mut inside);
    if !route["floor"].is_null() {
        y = account(route, &mut inside, y + 1);
    }
    let legend = if route["floor"].is_null() {
        "this route does not learn: it serves by its strategy alone"
    } else {
        "◆ default model; quality 0 to 100: ━ from the lower bound to ● the expected; cost: of the default's"
    };
    let legend = fit(legend, inside.width());
    inside.text(0, y.max(height.saturating_sub(1)), &legend, Tone::Dim);
}

fn arms(app: &App, route: &Value, inside: &mut Canvas<'_>) -> u16 {
    let width = inside.width();
    let name_room = width.saturating_sub(54).clamp(16, 36);
    // Columns of numbers: share, quality, bound, observations, relative cost, state.
    let ends = [8, 17, 27, 35, 43].map(|offset| name_room + offset);
    for (name, end) in ["share", "quality", "at least", "seen", "cost"].iter().zip(ends) {
        inside.right(end, 0, name, Tone::Dim);
    }
    inside.text(0, 0, "model", Tone::Dim);
    let bar_at = name_room + 55;
    let bar_room = width.saturating_sub(bar_at).min(60);
    let mut y = 1;
    for arm in items(route, "/arms") {
        let model = text(arm, "/model");
        let mark = if arm["is_default"] == true { "◆ " } else { "  " };
        let x = inside.text(0, y, mark, Tone::Accent);
        inside.text(x, y, &fit(&model, name_room - 2), Tone::Model(app.traffic.colour(&model)));
        let cells = [
            percent(number(arm, "/share")),
            points(arm, "/quality"),
            points(arm, "/quality_lower"),
            count(arm, "/samples"),
            number(arm, "/relative_cost").map_or(UNKNOWN.into(), |cost| format!("{:.0} %", cost * 100.0)),
        ];
        for (cell, end) in cells.iter().zip(ends) {
            inside.right(end, y, cell, Tone::Plain);
        }
        let (word, tone) = stage(arm);
        inside.text(name_room + 45, y, word, tone);
        if bar_room >= 10 {
            let (bar, tone) = interval(number(arm, "/quality_lower"), number(arm, "/quality"), bar_room);
            inside.text(bar_at, y, &bar, tone);
        }
        y += 1;
    }
    y
}

/// Whether a model takes part, in a word or two.
fn stage(arm: &Value) -> (&'static str, Tone) {
    match (text(arm, "/circuit").as_str(), text(arm, "/stage").as_str()) {
        ("open", _) => ("failing", Tone::Bad),
        (_, "open") => ("in use", Tone::Good),
        (_, "canary") => ("canary", Tone::Warn),
        (_, "off") => ("off", Tone::Bad),
        (_, "unpriced") => ("no price", Tone::Warn),
        _ => ("", Tone::Dim),
    }
}

fn account(route: &Value, inside: &mut Canvas<'_>, y: u16) -> u16 {
    let state = text(route, "/floor/state");
    let line = format!(
        "the floor is {} of the default model's quality; certainty that it holds: {}",
        percent(number(route, "/floor/floor")),
        percent(number(route, "/floor/probability"))
    );
    let mut y = inside.wrapped(0, y, &line, light(&state));
    let source = match text(route, "/floor/source").as_str() {
        "ratings" => "ratings",
        "judge" => "the judge",
        _ => "prior beliefs",
    };
    let surplus = number(route, "/floor/surplus").unwrap_or(0.0);
    let account =
        format!("account {surplus:+.2} (quality × calls above the floor that can be spent on trying), by {source}");
    y = inside.wrapped(0, y, &account, Tone::Plain);
    let alarms = match number(route, "/drift/recent_regressions/exact") {
        Some(alarms) => format!("{alarms:.0}"),
        None => format!("{} or more", text(route, "/drift/recent_regressions/at_least")),
    };
    let drift = format!("drift alarms in 7 days: {alarms}   phase: {}", phase(&text(route, "/phase")));
    y = inside.wrapped(0, y, &drift, if alarms == "0" { Tone::Dim } else { Tone::Warn });
    if !route["savings"].is_null() {
        let saved = format!(
            "saved {} of the cost (95 % sure: {} to {}), from {} calls",
            percent(number(route, "/savings/share")),
            percent(number(route, "/savings/lower")),
            percent(number(route, "/savings/upper")),
            count(route, "/savings/calls")
        );
        y = inside.wrapped(0, y, &saved, Tone::Good);
    }
    y
}
