//! The text of a configuration file, its positions, and its parts that are TOML.

use super::tree::Table;
use std::ops::Range;
use toml::de::DeTable;

/// Faults in the text that are looked for one after the other before reading gives up.
const MOST_FAULTS: usize = 50;

/// A file that was read.
#[derive(Debug)]
pub(super) struct Source {
    path: String,
    text: String,
    /// Where each line begins.
    lines: Vec<usize>,
}

/// A fault in the text: not a wrong value, but no TOML.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) span: Range<usize>,
    pub(super) reason: String,
}

impl Source {
    pub(super) fn new(path: String, text: String) -> Self {
        let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { path, text, lines }
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Line and column, from 1; the column in characters.
    pub(super) fn position(&self, offset: usize) -> (usize, usize) {
        let line = self.lines.partition_point(|start| *start <= offset);
        let start = self.lines.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let before = self.text.get(start..offset).unwrap_or("");
        (line, before.chars().count() + 1)
    }

    /// The text of a span.
    pub(super) fn text(&self, span: &Range<usize>) -> Option<&str> {
        self.text.get(span.clone())
    }

    /// What the text says, and every fault of it. The parser stops at some faults, so a faulty line (with
    /// its whole section, where it is a header) is taken out and the rest is read again.
    pub(super) fn parse(&self) -> (Table, Vec<Fault>) {
        let mut text = self.text.clone();
        let mut faults: Vec<Fault> = Vec::new();
        let mut out: Vec<Range<usize>> = Vec::new();
        loop {
            let (table, errors) = DeTable::parse_recoverable(&text);
            if errors.is_empty() {
                return (Table::of(&table), faults);
            }
            let known = out.len();
            for error in errors {
                let span = error.span().unwrap_or(0..0);
                let lines = self.lines_of(span.start);
                if !out.contains(&lines) {
                    faults.push(Fault { span, reason: error.message().to_owned() });
                    out.push(lines);
                }
            }
            for lines in out.iter().skip(known) {
                blank(&mut text, lines.clone());
            }
            if out.len() == known || out.len() > MOST_FAULTS {
                return (Table::default(), faults);
            }
        }
    }

    /// The line around an offset, with the lines up to the next header where it is a header.
    fn lines_of(&self, offset: usize) -> Range<usize> {
        let offset = self.text.floor_char_boundary(offset.min(self.text.len()));
        let (before, after) = self.text.split_at(offset);
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let is_header = self.text.get(start..).is_some_and(|line| line.trim_start().starts_with('['));
        let end = if is_header { after.find("\n[") } else { after.find('\n') };
        start..end.map_or(self.text.len(), |at| offset + at)
    }
}

/// Overwrites a part of the text with spaces, so that offsets stay.
fn blank(text: &mut String, part: Range<usize>) {
    let spaces: String =
        text.get(part.clone()).unwrap_or("").bytes().map(|b| if b == b'\n' { '\n' } else { ' ' }).collect();
    text.replace_range(part, &spaces);
}

/// Line and column of an offset into bytes that may be no UTF-8.
pub(super) fn position(text: &[u8], offset: usize) -> (usize, usize) {
    let before = text.get(..offset.min(text.len())).unwrap_or(text);
    let line = before.iter().filter(|b| **b == b'\n').count() + 1;
    let start = before.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    let column = String::from_utf8_lossy(before.get(start..).unwrap_or(b"")).chars().count() + 1;
    (line, column)
}
