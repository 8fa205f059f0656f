//! What this screen noticed since it was opened.

use super::first;
use crate::tui::app::App;
use crate::tui::canvas::{Canvas, fit};
use crate::tui::input::Target;
use crate::tui::theme::Tone;

pub(crate) fn draw(app: &App, canvas: &mut Canvas<'_>) {
    let mut inside = canvas.panel("What this screen noticed, newest first");
    let (width, height) = (inside.width(), usize::from(inside.height()));
    if app.log.is_empty() {
        inside.text(0, 0, "nothing yet", Tone::Dim);
    }
    let chosen = app.cursor().min(app.log.len().saturating_sub(1));
    let start = first(chosen, app.log.len(), height);
    for ((place, entry), y) in app.log.iter().enumerate().skip(start).take(height).zip(0_u16..) {
        let clock = super::read::clock(&entry.at.to_string());
        inside.text(0, y, &clock, Tone::Dim);
        inside.text(10, y, &fit(&entry.text, width.saturating_sub(10)), entry.tone);
        if place == chosen {
            inside.mark(y, Tone::Selected);
        }
        inside.hit(0, y, width, Target::Row(place));
    }
}
