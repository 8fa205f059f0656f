//! A frame: the views' names above, the view, what lies over it, and a line about the connection and the keys.

use super::app::{App, Link, View};
use super::canvas::{Canvas, Piece, fit, wide};
use super::input::{Hit, Target};
use super::overlay::Overlay;
use super::theme::{Tone, ground};
use super::view;
use ratatui_core::buffer::Buffer;

/// The least that a view needs; below it the screen says so.
const LEAST: (u16, u16) = (40, 10);

/// Draws the whole of `buffer`, and gives what can be clicked. Changes nothing.
pub fn draw(app: &App, buffer: &mut Buffer) -> Vec<Hit> {
    let mut hits = Vec::new();
    let area = buffer.area;
    buffer.reset();
    buffer.set_style(area, ground(app.look));
    let mut canvas = Canvas::new(buffer, &mut hits, app.look);
    let (width, height) = (canvas.width(), canvas.height());
    if width < LEAST.0 || height < LEAST.1 {
        small(app, &mut canvas);
        return hits;
    }
    header(app, &mut canvas);
    let mut body = canvas.part(0, 1, width, height - 2);
    match app.view {
        View::Overview => view::overview::draw(app, &mut body),
        View::Decisions => view::decisions::draw(app, &mut body),
        View::Sessions => view::sessions::draw(app, &mut body),
        View::Routes => view::routes::draw(app, &mut body),
        View::Experiments => view::experiments::draw(app, &mut body),
        View::Providers => view::providers::draw(app, &mut body),
        View::Log => view::log::draw(app, &mut body),
    }
    footer(app, &mut canvas.part(0, height - 1, width, 1));
    if let Some(overlay) = &app.overlay {
        view::over::draw(app, overlay, &mut canvas.part(0, 0, width, height));
    }
    hits
}

fn small(app: &App, canvas: &mut Canvas<'_>) {
    let (rate, _) = app.traffic.recent(app.now.seconds(), 10);
    let after = canvas.wrapped(0, 0, &format!("floopy {rate:.1}/s"), Tone::Bold);
    canvas.wrapped(0, after, "enlarge to 80×24", Tone::Dim);
}

fn header(app: &App, canvas: &mut Canvas<'_>) {
    let width = canvas.width();
    let room = View::ALL.iter().map(|view| wide(view.name()) + 3).sum::<u16>();
    let air = if width >= room + 30 { 1 } else { 0 };
    let mut x = if air > 0 { canvas.text(1, 0, "floopy", Tone::Accent) + 1 } else { 0 };
    for (number, view) in (1..).zip(View::ALL) {
        let chosen = view == app.view;
        let name = if width < room && !chosen { fit(view.name(), 4) } else { view.name().to_owned() };
        let (number_tone, tone) = if chosen { (Tone::Selected, Tone::Selected) } else { (Tone::Dim, Tone::Plain) };
        let start = x + air;
        x = canvas.text(start, 0, &format!(" {number}"), number_tone);
        x = canvas.text(x, 0, &format!(" {name}"), tone);
        if air > 0 {
            x = canvas.text(x, 0, " ", tone);
        }
        canvas.hit(start, 0, x.saturating_sub(start), Target::Tab(view));
    }
    let clock = view::read::clock(&app.now.to_string());
    let clock = format!("{clock} UTC ");
    if x + wide(&clock) < width {
        canvas.right(width, 0, &clock, Tone::Dim);
    }
}

fn footer(app: &App, canvas: &mut Canvas<'_>) {
    let (tone, state) = match &app.link {
        Link::Opening => (Tone::Warn, "○ connecting".to_owned()),
        Link::Live => (Tone::Good, "● live".to_owned()),
        Link::Lost(_) => (Tone::Bad, "✗ connection lost, trying again".to_owned()),
    };
    let mut x = canvas.text(1, 0, &state, tone);
    if let Some((tone, note)) = &app.note {
        canvas.text(x + 2, 0, note, *tone);
        return;
    }
    let hints = keys_of(app);
    let needed: u16 = hints.iter().map(|(text, _)| wide(text)).sum();
    let start = canvas.width().saturating_sub(needed + 1);
    for extra in [
        (app.may_write == Some(false)).then_some("read-only"),
        Some(app.url.as_str()),
        (app.missed > 0).then_some("some events were missed"),
    ]
    .into_iter()
    .flatten()
    {
        if x + wide(extra) + 4 < start {
            x = canvas.text(x + 2, 0, extra, Tone::Dim);
        }
    }
    canvas.pieces(start.max(x + 2), 0, &hints);
}

/// The keys that do something here.
fn keys_of(app: &App) -> Vec<Piece<'static>> {
    let mut keys: Vec<(&'static str, &'static str)> = match (&app.overlay, app.view) {
        (Some(Overlay::Help | Overlay::Explained { .. }), _) => vec![("any key", "close")],
        (Some(Overlay::Confirm { .. }), _) => vec![("y", "yes"), ("n", "no")],
        (Some(Overlay::Prompt { .. }), _) => vec![("enter", "go"), ("esc", "leave")],
        (None, View::Decisions) if app.decisions.open.is_some() => {
            vec![("r", "rate"), ("s", "session"), ("[ ]", "newer, older"), ("esc", "back")]
        }
        (None, View::Decisions) => vec![("enter", "open"), ("/", "filter"), ("space", "pause"), ("r", "rate")],
        (None, View::Sessions) if app.session.is_some() => {
            vec![("enter", "decision"), ("r", "rate call"), ("f", "rate session"), ("esc", "back")]
        }
        (None, View::Sessions) => vec![("enter", "open"), ("f", "rate")],
        (None, View::Routes) => vec![("p", "pin"), ("e", "explain a prompt")],
        (None, View::Experiments) => vec![("b", "roll back")],
        (None, View::Overview | View::Providers | View::Log) => vec![("1-7", "views")],
    };
    if app.overlay.is_none() {
        keys.extend([("?", "help"), ("q", "quit")]);
    }
    keys.into_iter()
        .flat_map(|(key, what)| [(key, Tone::Accent), (" ", Tone::Plain), (what, Tone::Dim), ("  ", Tone::Plain)])
        .collect()
}
