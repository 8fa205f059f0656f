//! What the other end of a stream can show.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::io::IsTerminal;

/// A stream's width and whether it takes colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Terminal {
    /// Columns; `None` = not a terminal: nothing is shortened.
    pub(crate) width: Option<usize>,
    colour: bool,
}

impl Terminal {
    /// A pipe or a file.
    pub(crate) const PLAIN: Self = Self { width: None, colour: false };

    /// A terminal of this width without colour, or a pipe.
    #[cfg(test)]
    pub(crate) fn without_colour(width: Option<usize>) -> Self {
        Self { width, colour: false }
    }

    pub(crate) fn of_stdout() -> Self {
        Self::of(std::io::stdout().is_terminal(), terminal_size::terminal_size_of(std::io::stdout()))
    }

    pub(crate) fn of_stderr() -> Self {
        Self::of(std::io::stderr().is_terminal(), terminal_size::terminal_size_of(std::io::stderr()))
    }

    fn of(is_terminal: bool, size: Option<(terminal_size::Width, terminal_size::Height)>) -> Self {
        if !is_terminal {
            return Self::PLAIN;
        }
        let columns = size.map_or(80, |(width, _)| usize::from(width.0).max(20));
        let colour = takes_colour(std::env::var_os("NO_COLOR").as_deref(), std::env::var_os("TERM").as_deref());
        Self { width: Some(columns), colour }
    }

    /// Whether a line may be drawn over.
    pub(crate) fn can_redraw(self) -> bool {
        self.width.is_some() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
    }

    pub(crate) fn bold(self, text: &str) -> Cow<'_, str> {
        self.paint("1", text)
    }

    pub(crate) fn dim(self, text: &str) -> Cow<'_, str> {
        self.paint("2", text)
    }

    pub(crate) fn red(self, text: &str) -> Cow<'_, str> {
        self.paint("31", text)
    }

    pub(crate) fn green(self, text: &str) -> Cow<'_, str> {
        self.paint("32", text)
    }

    pub(crate) fn yellow(self, text: &str) -> Cow<'_, str> {
        self.paint("33", text)
    }

    fn paint<'a>(self, code: &str, text: &'a str) -> Cow<'a, str> {
        if self.colour { Cow::Owned(format!("\x1b[{code}m{text}\x1b[0m")) } else { Cow::Borrowed(text) }
    }
}

/// `NO_COLOR` switches colour off whatever its value, unless it is empty; so does a terminal that is `dumb`.
fn takes_colour(no_colour: Option<&OsStr>, term: Option<&OsStr>) -> bool {
    no_colour.is_none_or(OsStr::is_empty) && term.is_none_or(|term| term != "dumb")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_needs_a_terminal_that_wants_it() {
        let cases = [(None, None, true), (Some(""), Some("xterm"), true), (Some("1"), Some("xterm"), false)];
        for (no_colour, term, expected) in cases.into_iter().chain([(None, Some("dumb"), false)]) {
            assert_eq!(takes_colour(no_colour.map(OsStr::new), term.map(OsStr::new)), expected);
        }
        assert_eq!(Terminal::PLAIN.red("x"), "x");
        assert_eq!(Terminal { width: Some(80), colour: true }.red("x"), "\x1b[31mx\x1b[0m");
        assert_eq!(Terminal::of(false, None), Terminal::PLAIN);
    }
}
