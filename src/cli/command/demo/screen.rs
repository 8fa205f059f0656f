//! The table while it grows: redrawn in place on a terminal, shown once at the end elsewhere.

use super::board::Board;
use crate::cli::output::{Format, Terminal};
use std::io::{self, Write};
use std::time::{Duration, Instant};

/// How often the table is drawn anew.
const REDRAW: Duration = Duration::from_millis(250);

/// Stdout, and what of it is to be drawn over.
pub(super) struct Screen {
    terminal: Terminal,
    /// Whether people get it.
    shown: bool,
    lines: usize,
    drawn: Option<Instant>,
}

impl Screen {
    pub(super) fn new(format: Format) -> Self {
        Self { terminal: Terminal::of_stdout(), shown: format == Format::Human, lines: 0, drawn: None }
    }

    /// Whether somebody watches.
    pub(super) fn is_live(&self) -> bool {
        self.shown && self.terminal.can_redraw()
    }

    /// Draws the board where somebody watches and the last drawing is old enough.
    pub(super) fn refresh(&mut self, board: &Board) -> io::Result<()> {
        if self.is_live() && self.drawn.is_none_or(|drawn| drawn.elapsed() >= REDRAW) {
            self.draw(board)?;
        }
        Ok(())
    }

    /// Draws the board, over the last drawing where that is possible.
    pub(super) fn draw(&mut self, board: &Board) -> io::Result<()> {
        if !self.shown {
            return Ok(());
        }
        let text = board.draw(self.terminal);
        let mut out = io::stdout().lock();
        if self.lines > 0 {
            write!(out, "\x1b[{}A\x1b[J", self.lines)?;
        }
        out.write_all(text.as_bytes())?;
        out.flush()?;
        self.lines = if self.is_live() { text.lines().count() } else { 0 };
        self.drawn = Some(Instant::now());
        Ok(())
    }
}
