//! Values as people read them, with the tones that some of them have.

pub(crate) use crate::resource::read::{
    UNKNOWN, clock, count, credit, gate, items, millis, money, money_at, number, percent, phase, quality, span, text,
};
use crate::tui::theme::Tone;

/// The tone of `ok`, `error`, `blocked`, `cancelled`.
pub(crate) fn status_tone(status: &str) -> Tone {
    match status {
        "ok" => Tone::Good,
        "error" => Tone::Bad,
        _ => Tone::Warn,
    }
}

/// The tone of a floor's state or a breaker's.
pub(crate) fn light(state: &str) -> Tone {
    match state {
        "green" | "closed" | "open_arm" => Tone::Good,
        "amber" | "half_open" => Tone::Warn,
        "red" | "open" => Tone::Bad,
        _ => Tone::Dim,
    }
}
