//! What lies over a view: help, questions, and what a prompt would get.

use super::detail::interval;
use super::read::{gate, items, number, percent, quality, text};
use crate::tui::app::App;
use crate::tui::canvas::{Canvas, wrap};
use crate::tui::overlay::{About, Overlay};
use crate::tui::slot::Problem;
use crate::tui::theme::{Tone, ground};
use serde_json::Value;

const KEYS: &[(&str, &str)] = &[
    ("1 … 7, tab, ← →", "another view"),
    ("↑ ↓, j k, page keys", "move; g and G go to the ends"),
    ("enter, esc", "open; back"),
    ("/", "decisions: filter by words, such as: error gpt auto"),
    ("space", "decisions: pause and go on"),
    ("r", "rate a decision, 0 to 100"),
    ("f", "sessions: rate the whole session, 0 to 10"),
    ("s", "decisions: go to its session"),
    ("[ ]", "decision: the newer one, the older one"),
    ("p", "routes: pin to the default model, or free it"),
    ("e", "routes: what would a pasted prompt get? Sends nothing"),
    ("b", "experiments: roll back"),
    ("t, ctrl-l", "other colours; draw anew"),
    ("q", "quit"),
];

const WORDS: &[(&str, &str)] = &[
    ("baseline", "the route's default model: what all is measured against"),
    ("floor", "the share of the baseline's quality that must be kept"),
    ("exploit", "sent to the model that is best by all that is known"),
    ("explore", "sent to one that may be better; the floor pays for it"),
    ("holdout", "sent to the baseline on purpose, to measure savings"),
    ("guard", "sent elsewhere: the floor could not afford the first"),
    ("canary", "a new model's small share of the traffic"),
];

pub(crate) fn draw(app: &App, overlay: &Overlay, canvas: &mut Canvas<'_>) {
    match overlay {
        Overlay::Help => help(app, canvas),
        Overlay::Prompt { about, text } => prompt(app, about, text, canvas),
        Overlay::Confirm { question, .. } => {
            let mut inside = dialog(app, canvas, "Sure?", 60, 7);
            let y = inside.wrapped(0, 0, question, Tone::Bold);
            inside.text(0, y + 1, "y = yes, any other key = no", Tone::Dim);
        }
        Overlay::Explained { route, answer } => explained(app, route, answer.as_ref(), canvas),
    }
}

/// A box in the middle.
fn dialog<'c>(app: &App, canvas: &'c mut Canvas<'_>, title: &str, width: u16, height: u16) -> Canvas<'c> {
    let (width, height) = (width.min(canvas.width()), height.min(canvas.height()));
    let (x, y) = ((canvas.width() - width) / 2, (canvas.height() - height) / 2);
    let mut whole = canvas.part(x, y, width, height);
    whole.clear(ground(app.look));
    whole.panel(title);
    // The inside of the panel, in the canvas's own life.
    canvas.part(x + 2, y + 1, width.saturating_sub(4), height.saturating_sub(2))
}

fn help(app: &App, canvas: &mut Canvas<'_>) {
    let height = u16::try_from(KEYS.len() + WORDS.len() + 4).unwrap_or(24);
    let mut inside = dialog(app, canvas, "Help", 92, height);
    let mut y = 0;
    for (name, meaning) in KEYS {
        inside.text(0, y, name, Tone::Accent);
        inside.text(22, y, meaning, Tone::Plain);
        y += 1;
    }
    for (word, meaning) in WORDS {
        inside.text(0, y, word, Tone::Bold);
        inside.text(22, y, meaning, Tone::Plain);
        y += 1;
    }
    inside.text(
        0,
        y + 1,
        "The mouse works too: click a view or a line, click it again to open it, turn the wheel.",
        Tone::Dim,
    );
}

fn prompt(app: &App, about: &About, typed: &str, canvas: &mut Canvas<'_>) {
    let (width, height) = (canvas.width(), canvas.height());
    if *about == About::Filter {
        // The list stays in sight while one types.
        let mut line = canvas.part(0, height.saturating_sub(1), width, 1);
        line.clear(ground(app.look));
        let x = line.text(1, 0, "/ ", Tone::Accent);
        let x = line.text(x, 0, typed, Tone::Bold);
        let x = line.text(x, 0, "▏", Tone::Accent);
        line.text(x + 2, 0, &about.question(), Tone::Dim);
        return;
    }
    let tall = if matches!(about, About::Explain(_)) { height.saturating_sub(6).clamp(8, 16) } else { 8 };
    let mut inside = dialog(app, canvas, "floopy", 76, tall);
    let y = inside.wrapped(0, 0, &about.question(), Tone::Plain);
    let room = inside.height().saturating_sub(y + 3);
    let shown = format!("{typed}▏");
    let lines = wrap(&shown, inside.width());
    let skip = lines.len().saturating_sub(usize::from(room.max(1)));
    for (line, at) in lines.iter().skip(skip).zip(y + 1..) {
        inside.text(0, at, line, Tone::Bold);
    }
    let bottom = inside.height().saturating_sub(1);
    inside.text(0, bottom, "enter = go, esc = leave, ctrl-u = empty", Tone::Dim);
}

fn explained(app: &App, route: &str, answer: Option<&Result<Value, Problem>>, canvas: &mut Canvas<'_>) {
    let height = canvas.height().saturating_sub(4).min(22);
    let mut inside = dialog(app, canvas, &format!("What {route} would do with it"), 92, height);
    let value = match answer {
        None => {
            inside.text(0, 0, "asking …", Tone::Dim);
            return;
        }
        Some(Err(problem)) => {
            inside.wrapped(0, 0, &problem.message, Tone::Bad);
            return;
        }
        Some(Ok(value)) => value,
    };
    let chosen = text(value, "/would_select/model");
    let x = inside.text(0, 0, "would serve: ", Tone::Dim);
    inside.text(x, 0, &format!("{}/{chosen}", text(value, "/would_select/provider")), Tone::Good);
    let mut y = inside.wrapped(0, 1, &text(value, "/explanation"), Tone::Plain) + 1;
    inside.text(0, y, "model", Tone::Dim);
    inside.right(42, y, "quality", Tone::Dim);
    inside.right(54, y, "chance", Tone::Dim);
    y += 1;
    for candidate in items(value, "/candidates") {
        inside.text(0, y, &text(candidate, "/model"), Tone::Plain);
        inside.right(42, y, &quality(number(candidate, "/quality")), Tone::Bold);
        inside.right(54, y, &percent(number(candidate, "/propensity")), Tone::Bold);
        let (bar, tone) = interval(number(candidate, "/quality_lower"), number(candidate, "/quality"), 30);
        inside.text(56, y, &bar, tone);
        y += 1;
    }
    for refused in items(value, "/filtered") {
        let reason = text(refused, "/reason");
        let x = inside.text(0, y, &text(refused, "/model"), Tone::Dim);
        inside.text(x.max(34) + 1, y, gate(&reason), Tone::Warn);
        y += 1;
    }
}
