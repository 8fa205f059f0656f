//! Colours. Every meaning is told by words or shapes too, so that a frame reads without any colour at all.

use ratatui_core::style::{Color, Modifier, Style};

/// A set of colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// 24-bit colours on a dark ground.
    Dark,
    /// 24-bit colours on a light ground.
    Light,
    /// The sixteen colours of the terminal's own palette.
    Sixteen,
    /// No colour.
    Plain,
}

impl Look {
    /// The next one, for the key that changes it.
    pub(super) fn next(self) -> Self {
        match self {
            Self::Dark => Self::Light,
            Self::Light => Self::Sixteen,
            Self::Sixteen => Self::Plain,
            Self::Plain => Self::Dark,
        }
    }

    /// Its name for people.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Light => "light",
            Self::Sixteen => "16 colours",
            Self::Plain => "no colour",
        }
    }
}

/// What a text means, which its colour follows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Tone {
    #[default]
    Plain,
    /// Labels, units, what can be read later.
    Dim,
    /// The one thing to look at.
    Bold,
    /// Titles and keys.
    Accent,
    Good,
    Warn,
    Bad,
    Border,
    /// The chosen line.
    Selected,
    /// A model, by its place in the palette.
    Model(usize),
}

/// The ground of a whole frame.
pub(super) fn ground(look: Look) -> Style {
    match look {
        Look::Dark => Style::new().fg(rgb(0xd8dee9)).bg(rgb(0x14181f)),
        Look::Light => Style::new().fg(rgb(0x24292f)).bg(rgb(0xfbfbf8)),
        Look::Sixteen | Look::Plain => Style::new(),
    }
}

/// How a tone looks.
pub(super) fn style(look: Look, tone: Tone) -> Style {
    let plain = Style::new();
    let strong = plain.add_modifier(Modifier::BOLD);
    match (look, tone) {
        (_, Tone::Plain) => plain,
        (Look::Plain, Tone::Selected) => plain.add_modifier(Modifier::REVERSED),
        (Look::Plain, Tone::Bold | Tone::Accent | Tone::Bad) => strong,
        (Look::Plain, Tone::Dim) => plain.add_modifier(Modifier::DIM),
        (Look::Plain, _) => plain,
        (Look::Dark, Tone::Selected) => strong.bg(rgb(0x2b3a4f)),
        (Look::Light, Tone::Selected) => strong.bg(rgb(0xdbe7f5)),
        (Look::Sixteen, Tone::Selected) => plain.add_modifier(Modifier::REVERSED),
        (_, Tone::Bold) => strong,
        (_, Tone::Accent) => strong.fg(pick(look, 0x88c0d0, 0x0b6e99, Color::Cyan)),
        (_, Tone::Bad) => strong.fg(pick(look, 0xef6a76, 0xb42318, Color::Red)),
        (_, Tone::Good) => plain.fg(pick(look, 0x9fd07d, 0x1a7f37, Color::Green)),
        (_, Tone::Warn) => plain.fg(pick(look, 0xebcb8b, 0x8a5a00, Color::Yellow)),
        (_, Tone::Dim) => plain.fg(pick(look, 0x7d899b, 0x6a737d, Color::DarkGray)),
        (_, Tone::Border) => plain.fg(pick(look, 0x3b4658, 0xc8ccd1, Color::DarkGray)),
        (_, Tone::Model(place)) => plain.fg(palette(look, place)),
    }
}

fn pick(look: Look, dark: u32, light: u32, sixteen: Color) -> Color {
    match look {
        Look::Dark => rgb(dark),
        Look::Light => rgb(light),
        Look::Sixteen | Look::Plain => sixteen,
    }
}

/// Colours that stay apart for the colour-blind, in an order that keeps neighbours distinct.
fn palette(look: Look, place: usize) -> Color {
    const DARK: [u32; 8] = [0x6cb6ff, 0xf2a65a, 0x7fd1ae, 0xd99ae8, 0xf4d35e, 0xff8fa3, 0x9aa5ff, 0x9aa4b2];
    const LIGHT: [u32; 8] = [0x1f6feb, 0xb35900, 0x0f7b5f, 0x8a3ffc, 0x7a6000, 0xc2255c, 0x4150b5, 0x5f6b7a];
    const SIXTEEN: [Color; 8] = [
        Color::LightBlue,
        Color::Yellow,
        Color::Green,
        Color::Magenta,
        Color::LightYellow,
        Color::LightRed,
        Color::Cyan,
        Color::Gray,
    ];
    let last = DARK.len() - 1;
    let place = place.min(last);
    match look {
        Look::Dark => rgb(DARK.get(place).copied().unwrap_or(0x9aa4b2)),
        Look::Light => rgb(LIGHT.get(place).copied().unwrap_or(0x5f6b7a)),
        Look::Sixteen | Look::Plain => SIXTEEN.get(place).copied().unwrap_or(Color::Gray),
    }
}

const fn rgb(colour: u32) -> Color {
    let [_, red, green, blue] = colour.to_be_bytes();
    Color::Rgb(red, green, blue)
}
