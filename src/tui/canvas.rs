//! Drawing on a part of a frame: whatever does not fit is cut off, so no size of terminal can be too small.

use super::input::{Hit, Target};
use super::theme::{Look, Tone, style};
use crate::base::human::visible;
use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use ratatui_core::style::Style;
use ratatui_core::text::Span;

/// A rectangle of the frame with its own coordinates.
pub(super) struct Canvas<'a> {
    buffer: &'a mut Buffer,
    hits: &'a mut Vec<Hit>,
    area: Rect,
    look: Look,
}

/// A piece of text with what it means.
pub(super) type Piece<'a> = (&'a str, Tone);

/// Eighths of a block, upwards and to the right.
const UPWARDS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const RIGHTWARDS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

impl<'a> Canvas<'a> {
    /// The whole of a buffer.
    pub(super) fn new(buffer: &'a mut Buffer, hits: &'a mut Vec<Hit>, look: Look) -> Self {
        let area = buffer.area;
        Self { buffer, hits, area, look }
    }

    pub(super) fn width(&self) -> u16 {
        self.area.width
    }

    pub(super) fn height(&self) -> u16 {
        self.area.height
    }

    /// A part of it; beyond its own edges there is nothing.
    pub(super) fn part(&mut self, x: u16, y: u16, width: u16, height: u16) -> Canvas<'_> {
        let asked = Rect {
            x: self.area.x.saturating_add(x),
            y: self.area.y.saturating_add(y),
            width: width.min(self.area.width.saturating_sub(x)),
            height: height.min(self.area.height.saturating_sub(y)),
        };
        Canvas { buffer: self.buffer, hits: self.hits, area: asked.intersection(self.area), look: self.look }
    }

    /// Writes text on one line and gives the column after it. Control characters never reach the terminal.
    pub(super) fn text(&mut self, x: u16, y: u16, text: &str, tone: Tone) -> u16 {
        self.styled(x, y, text, style(self.look, tone))
    }

    fn styled(&mut self, x: u16, y: u16, text: &str, style: Style) -> u16 {
        if x >= self.area.width || y >= self.area.height {
            return x;
        }
        let text = if text.chars().any(char::is_control) { visible(text) } else { text.to_owned() };
        let most = usize::from(self.area.width - x);
        let (end, _) = self.buffer.set_stringn(self.area.x + x, self.area.y + y, text, most, style);
        end.saturating_sub(self.area.x)
    }

    /// Writes pieces one after the other.
    pub(super) fn pieces(&mut self, x: u16, y: u16, pieces: &[Piece<'_>]) -> u16 {
        pieces.iter().fold(x, |x, (text, tone)| self.text(x, y, text, *tone))
    }

    /// Writes text that ends at column `end`.
    pub(super) fn right(&mut self, end: u16, y: u16, text: &str, tone: Tone) {
        let width = wide(text);
        self.text(end.saturating_sub(width), y, text, tone);
    }

    /// Writes text over several lines, broken at spaces; gives the line after it.
    pub(super) fn wrapped(&mut self, x: u16, y: u16, text: &str, tone: Tone) -> u16 {
        let width = self.area.width.saturating_sub(x);
        let lines = wrap(text, width);
        let mut at = y;
        for line in lines {
            self.text(x, at, &line, tone);
            at = at.saturating_add(1);
        }
        at
    }

    /// A tone laid over a whole line, as for the chosen one.
    pub(super) fn mark(&mut self, y: u16, tone: Tone) {
        if y < self.area.height {
            let line = Rect { y: self.area.y + y, height: 1, ..self.area };
            self.buffer.set_style(line, style(self.look, tone));
        }
    }

    /// Empties it, with this ground.
    pub(super) fn clear(&mut self, ground: Style) {
        for y in 0..self.area.height {
            self.styled(0, y, &" ".repeat(usize::from(self.area.width)), Style::reset());
        }
        self.buffer.set_style(self.area, ground);
    }

    /// A line of it does something when it is clicked.
    pub(super) fn hit(&mut self, x: u16, y: u16, width: u16, target: Target) {
        let area = self.part(x, y, width, 1).area;
        self.hits.push(Hit { area, target });
    }

    /// A frame with a title; gives what is inside, with one column of air on both sides.
    pub(super) fn panel(&mut self, title: &str) -> Canvas<'_> {
        let (width, height) = (self.area.width, self.area.height);
        if width >= 2 && height >= 2 {
            let line = "─".repeat(usize::from(width - 2));
            self.text(0, 0, &format!("╭{line}╮"), Tone::Border);
            self.text(0, height - 1, &format!("╰{line}╯"), Tone::Border);
            for y in 1..height - 1 {
                self.text(0, y, "│", Tone::Border);
                self.text(width - 1, y, "│", Tone::Border);
            }
            let title = fit(title, width.saturating_sub(6));
            if !title.is_empty() {
                self.text(2, 0, &format!(" {title} "), Tone::Accent);
            }
        }
        self.part(2, 1, width.saturating_sub(4), height.saturating_sub(2))
    }

    /// Columns that rise with their values, over as many lines as there are; the highest fills `most`.
    pub(super) fn columns(&mut self, values: &[f64], most: f64, tone: Tone) {
        let height = self.area.height;
        for (x, value) in (0..self.area.width).zip(values) {
            let eighths = scale(*value, most, height.saturating_mul(8));
            let eighths = if *value > 0.0 { eighths.max(1) } else { eighths };
            for y in 0..height {
                let below = height.saturating_sub(y + 1).saturating_mul(8);
                let filled = usize::from(eighths.saturating_sub(below).min(8));
                if let Some(block) = UPWARDS.get(filled).filter(|_| filled > 0) {
                    self.text(x, y, block.encode_utf8(&mut [0; 4]), tone);
                }
            }
        }
    }

    /// A bar to the right that fills `width` at 1, on a dotted track.
    pub(super) fn bar(&mut self, x: u16, y: u16, width: u16, share: f64, tone: Tone) {
        let (text, cells) = bar(share, width);
        self.text(x, y, &text, tone);
        self.text(x + cells, y, &"·".repeat(usize::from(width.saturating_sub(cells))), Tone::Border);
    }
}

/// A value as a number of steps of `most`.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=steps before")]
fn scale(value: f64, most: f64, steps: u16) -> u16 {
    let share = if most > 0.0 && value.is_finite() { (value / most).clamp(0.0, 1.0) } else { 0.0 };
    (share * f64::from(steps)).round() as u16
}

/// A bar and the cells that it covers.
fn bar(share: f64, width: u16) -> (String, u16) {
    let eighths = scale(share, 1.0, width.saturating_mul(8));
    let (whole, rest) = (eighths / 8, eighths % 8);
    let mut text = "█".repeat(usize::from(whole));
    if let Some(part) = RIGHTWARDS.get(usize::from(rest)).filter(|_| rest > 0) {
        text.push(*part);
    }
    (text, whole + u16::from(rest > 0))
}

/// The cell of a scale of `width` cells on which a share of 0..1 falls.
pub(super) fn cell(share: f64, width: u16) -> u16 {
    scale(share, 1.0, width.saturating_sub(1))
}

/// Shares as one line of small columns; a blank where nothing was.
pub(super) fn spark(values: &[Option<f64>]) -> String {
    let one = |value: &Option<f64>| match value {
        None => '·',
        Some(value) => UPWARDS.get(usize::from(scale(*value, 1.0, 7)) + 1).copied().unwrap_or('█'),
    };
    values.iter().map(one).collect()
}

/// How many cells a text covers.
pub(super) fn wide(text: &str) -> u16 {
    u16::try_from(Span::raw(text).width()).unwrap_or(u16::MAX)
}

/// The text, or as much of its beginning as fits, with an ellipsis.
pub(super) fn fit(text: &str, width: u16) -> String {
    if wide(text) <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 1;
    for sign in text.chars() {
        used += wide(sign.encode_utf8(&mut [0; 4]));
        if used > width {
            break;
        }
        kept.push(sign);
    }
    if width > 0 {
        kept.push('…');
    }
    kept
}

/// Lines of at most `width` cells, broken at spaces where there are any.
pub(super) fn wrap(text: &str, width: u16) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split(' ') {
            let mut word = word;
            if !line.is_empty() && wide(&line).saturating_add(1).saturating_add(wide(word)) > width {
                lines.push(std::mem::take(&mut line));
            } else if !line.is_empty() {
                line.push(' ');
            }
            while wide(word) > width {
                let cut = head(word, width);
                let (part, rest) = word.split_at(cut);
                lines.push(part.to_owned());
                word = rest;
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines
}

/// Bytes of the longest beginning that fits, at least one character.
fn head(word: &str, width: u16) -> usize {
    let mut used = 0_u16;
    for (at, sign) in word.char_indices() {
        used = used.saturating_add(wide(sign.encode_utf8(&mut [0; 4])));
        if used > width {
            return if at == 0 { sign.len_utf8() } else { at };
        }
    }
    word.len()
}
