//! Frames as bytes for a terminal: only the cells that changed, in as few bytes as that takes.

use crossterm::cursor::MoveTo;
use crossterm::queue;
use crossterm::style::{Attribute, Color, Colors, Print, SetAttribute, SetColors};
use ratatui_core::buffer::{Buffer, Cell};
use ratatui_core::layout::Rect;
use ratatui_core::style::{self, Modifier};
use std::io::{self, Write};

/// What a terminal shows now.
#[derive(Debug)]
pub(super) struct Shown {
    last: Buffer,
    is_known: bool,
}

impl Shown {
    pub(super) fn new() -> Self {
        Self { last: Buffer::empty(Rect::ZERO), is_known: false }
    }

    /// The terminal's content is not to be trusted: the next frame is written whole.
    pub(super) fn forget(&mut self) {
        self.is_known = false;
    }

    /// Writes what differs from what is shown.
    pub(super) fn write(&mut self, next: Buffer, out: &mut impl Write) -> io::Result<()> {
        if !self.is_known || self.last.area != next.area {
            self.last = Buffer::empty(next.area);
            queue!(
                out,
                SetAttribute(Attribute::Reset),
                crossterm::terminal::Clear(crossterm::terminal::ClearType::All)
            )?;
        }
        let mut pen = Pen::default();
        let mut expected = None;
        for (x, y, cell) in self.last.diff(&next) {
            if expected != Some((x, y)) {
                queue!(out, MoveTo(x, y))?;
            }
            pen.take(cell, out)?;
            queue!(out, Print(cell.symbol()))?;
            expected = (cell.symbol().is_ascii()).then_some((x + 1, y));
        }
        queue!(out, SetAttribute(Attribute::Reset))?;
        out.flush()?;
        (self.last, self.is_known) = (next, true);
        Ok(())
    }
}

/// A frame as lines of text; with colours where `coloured`.
pub(super) fn lines(buffer: &Buffer, coloured: bool, out: &mut impl Write) -> io::Result<()> {
    let width = usize::from(buffer.area.width.max(1));
    for row in buffer.content().chunks(width) {
        let mut pen = Pen::default();
        let mut text = String::new();
        let mut covered = 0;
        for cell in row {
            // The cell behind a wide sign is a part of it.
            if covered > 0 {
                covered -= 1;
                continue;
            }
            covered = ratatui_core::text::Span::raw(cell.symbol()).width().saturating_sub(1);
            if coloured {
                let mut bytes = Vec::new();
                pen.take(cell, &mut bytes)?;
                text.push_str(&String::from_utf8_lossy(&bytes));
            }
            text.push_str(cell.symbol());
        }
        if coloured {
            writeln!(out, "{text}\x1b[0m")?;
        } else {
            writeln!(out, "{}", text.trim_end())?;
        }
    }
    out.flush()
}

/// The colours that the terminal writes with now.
#[derive(Debug, Default, PartialEq)]
struct Pen {
    set: Option<(style::Color, style::Color, Modifier)>,
}

impl Pen {
    fn take(&mut self, cell: &Cell, out: &mut impl Write) -> io::Result<()> {
        let wanted = (cell.fg, cell.bg, cell.modifier);
        if self.set == Some(wanted) {
            return Ok(());
        }
        let had = self.set.map(|set| set.2);
        if had != Some(cell.modifier) {
            queue!(out, SetAttribute(Attribute::Reset))?;
            let attributes = [
                (Modifier::BOLD, Attribute::Bold),
                (Modifier::DIM, Attribute::Dim),
                (Modifier::REVERSED, Attribute::Reverse),
            ];
            for (_, attribute) in attributes.into_iter().filter(|(modifier, _)| cell.modifier.contains(*modifier)) {
                queue!(out, SetAttribute(attribute))?;
            }
        }
        let plain = cell.fg == style::Color::Reset && cell.bg == style::Color::Reset;
        if !(plain && had != Some(cell.modifier)) {
            queue!(out, SetColors(Colors::new(colour(cell.fg), colour(cell.bg))))?;
        }
        self.set = Some(wanted);
        Ok(())
    }
}

fn colour(colour: style::Color) -> Color {
    match colour {
        style::Color::Reset => Color::Reset,
        style::Color::Black => Color::Black,
        style::Color::Red => Color::DarkRed,
        style::Color::Green => Color::DarkGreen,
        style::Color::Yellow => Color::DarkYellow,
        style::Color::Blue => Color::DarkBlue,
        style::Color::Magenta => Color::DarkMagenta,
        style::Color::Cyan => Color::DarkCyan,
        style::Color::Gray => Color::Grey,
        style::Color::DarkGray => Color::DarkGrey,
        style::Color::LightRed => Color::Red,
        style::Color::LightGreen => Color::Green,
        style::Color::LightYellow => Color::Yellow,
        style::Color::LightBlue => Color::Blue,
        style::Color::LightMagenta => Color::Magenta,
        style::Color::LightCyan => Color::Cyan,
        style::Color::White => Color::White,
        style::Color::Rgb(r, g, b) => Color::Rgb { r, g, b },
        style::Color::Indexed(index) => Color::AnsiValue(index),
    }
}
