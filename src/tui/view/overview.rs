//! How everything stands, on one screen.

use super::read::{UNKNOWN, money, number, percent, quality, text};
use crate::base::human::grouped;
use crate::tui::app::App;
use crate::tui::canvas::{Canvas, cell, fit, spark};
use crate::tui::theme::Tone;
use serde_json::Value;

pub(crate) fn draw(app: &App, canvas: &mut Canvas<'_>) {
    let (width, height) = (canvas.width(), canvas.height());
    let half = width / 2;
    let top = (height * 3 / 10).clamp(6, 12);
    let bottom = (height * 3 / 10).clamp(6, 14);
    let middle = height.saturating_sub(top + bottom);
    requests(app, &mut canvas.part(0, 0, half, top));
    spending(app, &mut canvas.part(half, 0, width - half, top));
    shares(app, &mut canvas.part(0, top, width, middle));
    let left = width * 3 / 5;
    floors(app, &mut canvas.part(0, top + middle, left, bottom));
    health(app, &mut canvas.part(left, top + middle, width - left, bottom));
}

fn requests(app: &App, canvas: &mut Canvas<'_>) {
    let mut inside = canvas.panel("Requests, last 5 minutes");
    let (width, height) = (inside.width(), inside.height());
    let now = app.now.seconds();
    let (rate, failed) = app.traffic.recent(now, 10);
    let x = inside.text(0, 0, &format!("{rate:.1}"), Tone::Bold);
    let x = inside.text(x, 0, " a second", Tone::Plain);
    let tone = if failed.is_some_and(|failed| failed > 0.01) { Tone::Bad } else { Tone::Dim };
    inside.text(x, 0, &format!("   {} failed", percent(failed)), tone);
    let (middle, slow) = latencies(app);
    let seen = format!("half within {middle}, 95 % within {slow}");
    inside.text(0, 1, &seen, Tone::Dim);
    let rates = app.traffic.rates(now, usize::from(width));
    let most = rates.iter().copied().fold(0.0, f64::max);
    inside.part(0, 2, width, height.saturating_sub(2)).columns(&rates, most, Tone::Model(0));
}

/// The median and the 95th percentile of the latest answers.
fn latencies(app: &App) -> (String, String) {
    let mut all: Vec<u64> = app.rows.iter().take(500).map(|row| row.latency_ms).collect();
    all.sort_unstable();
    let at = |part: usize| super::read::millis(all.get(all.len().saturating_sub(1) * part / 100).copied());
    (at(50), at(95))
}

fn spending(app: &App, canvas: &mut Canvas<'_>) {
    let mut inside = canvas.panel("Savings and spend");
    let traffic = &app.traffic;
    let (saved, interval) = saving(app);
    fact(&mut inside, 0, "saved", &saved, &interval);
    let since = traffic.baseline.saturating_sub(traffic.compared);
    let of = format!("of {}, {} calls", money(Some(traffic.baseline)), grouped(traffic.requests));
    fact(&mut inside, 1, "here", &money(Some(since)), &format!("{of}, less than the default models"));
    fact(&mut inside, 2, "spent", &money(Some(traffic.cost)), "since this screen was opened");
    budget(app, &mut inside);
}

/// A name, its value, and what there is room for besides.
fn fact(inside: &mut Canvas<'_>, y: u16, name: &str, value: &str, more: &str) {
    inside.text(0, y, name, Tone::Dim);
    let x = inside.text(7, y, value, Tone::Bold) + 1;
    let room = inside.width().saturating_sub(x);
    inside.text(x, y, &fit(more, room), Tone::Dim);
}

/// The share saved with its interval, on the route that has most calls behind it.
fn saving(app: &App) -> (String, String) {
    let routes = app.routes.items().iter().filter_map(|route| {
        let saved = route.get("savings").filter(|saved| !saved.is_null())?;
        Some((number(saved, "/calls")?, saved, text(route, "/name")))
    });
    let best = routes.max_by(|a, b| a.0.total_cmp(&b.0));
    let told = best.and_then(|(_, saved, name)| Some((number(saved, "/share")?, saved, name)));
    let Some((share, saved, name)) = told else {
        return (UNKNOWN.to_owned(), "too few held-out calls to say".to_owned());
    };
    let bound = |at: &str| number(saved, at).map_or(UNKNOWN.into(), |bound| format!("{:.1}", bound * 100.0));
    let bounds = format!("({} to {} %)", bound("/lower"), bound("/upper"));
    (percent(Some(share)), format!("{bounds} on {name}, with 95 % confidence"))
}

fn budget(app: &App, inside: &mut Canvas<'_>) {
    let limit = crate::tui::app::budget(&app.constraints);
    let spent = app.spent.value().and_then(|spent| number(spent, "/total/actual_micro_usd"));
    match (limit, spent) {
        (None, _) => {
            let why = app.constraints.absent();
            fact(
                inside,
                3,
                "budget",
                if why.is_empty() { "none" } else { UNKNOWN },
                if why.is_empty() { "set one: floopy constraints set" } else { &why },
            );
        }
        (Some(limit), None) => {
            fact(inside, 3, "budget", &format!("${limit:.2}"), &format!("a month; spent: {}", app.spent.absent()));
        }
        (Some(limit), Some(spent)) => {
            let share = spent / 1_000_000.0 / limit.max(0.01);
            fact(inside, 3, "budget", &percent(Some(share)), &format!("of ${limit:.2} this month"));
            let width = inside.width();
            inside.bar(7, 4, width.saturating_sub(8), share, if share > 0.9 { Tone::Bad } else { Tone::Good });
        }
    }
}

fn shares(app: &App, canvas: &mut Canvas<'_>) {
    let mut inside = canvas.panel("Who serves, last 5 minutes: share of all requests over time");
    let (width, height) = (inside.width(), inside.height());
    let name_room = (width / 3).clamp(10, 32);
    let line = width.saturating_sub(name_room + 10);
    let shares = app.traffic.shares(app.now.seconds(), usize::from(line));
    if shares.is_empty() {
        inside.text(0, 0, "no requests in the last 5 minutes", Tone::Dim);
        inside.text(0, 1, "`floopy demo` plays some, without a provider", Tone::Dim);
    }
    // With room to spare each model gets a taller line.
    let each = (height / u16::try_from(shares.len().max(1)).unwrap_or(1)).clamp(1, 4);
    for (share, row) in shares.iter().zip(0_u16..) {
        let y = row * each;
        let base = y + each - 1;
        let tone = Tone::Model(share.colour);
        inside.text(0, base, &fit(share.model, name_room), tone);
        inside.right(name_room + 8, base, &percent(Some(share.whole)), Tone::Bold);
        if each == 1 {
            inside.text(name_room + 10, base, &spark(&share.columns), tone);
        } else {
            let values: Vec<f64> = share.columns.iter().map(|share| share.unwrap_or(0.0)).collect();
            inside.part(name_room + 10, y, line, each).columns(&values, 1.0, tone);
        }
    }
}

/// Certainty from which a floor counts as safe.
const SAFE: f64 = 0.95;

fn floors(app: &App, canvas: &mut Canvas<'_>) {
    let mut inside = canvas.panel("Quality: how sure the floor holds");
    let (width, height) = (inside.width(), inside.height());
    let learning: Vec<&Value> = app.routes.items().iter().filter(|route| !route["floor"].is_null()).collect();
    if learning.is_empty() {
        let why = app.routes.absent();
        let why = if why.is_empty() { "no route learns yet: set strategy = \"feedback_driven\"".into() } else { why };
        inside.wrapped(0, 0, &why, Tone::Dim);
        return;
    }
    let name_room = 14.min(width / 4);
    let track = width.saturating_sub(name_room + 14).max(8);
    // With room to spare each route says in words how it stands.
    let each = if height > u16::try_from(learning.len()).unwrap_or(u16::MAX).saturating_mul(2) { 2 } else { 1 };
    for (route, row) in learning.iter().zip(0..height.saturating_sub(1) / each) {
        let y = row * each;
        let tone = super::read::light(&text(route, "/floor/state"));
        let sure = number(route, "/floor/probability");
        inside.text(0, y, &fit(&text(route, "/name"), name_room), Tone::Plain);
        inside.bar(name_room + 1, y, track, sure.unwrap_or(0.0), tone);
        inside.text(name_room + 1 + cell(SAFE, track), y, "┃", Tone::Bold);
        inside.right(width, y, &format!("{} sure", percent(sure)), tone);
        if each == 2 {
            let surplus = number(route, "/floor/surplus").unwrap_or(0.0);
            let floor = percent(number(route, "/floor/floor"));
            let words = format!("floor {floor}, account {surplus:+.1}");
            inside.text(name_room + 1, y + 1, &fit(&words, width.saturating_sub(name_room + 1)), Tone::Dim);
        }
    }
    let legend = "┃ safe  floor: of the default's quality; account: what trying may cost";
    inside.text(0, height.saturating_sub(1), &fit(legend, width), Tone::Dim);
}

fn health(app: &App, canvas: &mut Canvas<'_>) {
    let mut inside = canvas.panel("Providers");
    let width = inside.width();
    let providers = super::providers::collect(app);
    if providers.is_empty() {
        inside.wrapped(0, 0, &app.routes.absent(), Tone::Dim);
    }
    for (provider, y) in providers.iter().zip(0_u16..) {
        let (mark, tone, word) = provider.state();
        let x = inside.text(0, y, mark, tone);
        let room = width.saturating_sub(x + 16);
        inside.text(x + 1, y, &fit(&provider.name, room), Tone::Plain);
        inside.text(x + 1 + room, y, word, tone);
        inside.right(width, y, &provider.typical(), Tone::Dim);
    }
}

/// A quality of 0..1 for people.
pub(crate) fn points(value: &Value, at: &str) -> String {
    quality(number(value, at))
}
