//! Writing data to stdout in the asked format.

use super::Format;
use super::field::Field;
use super::table::{Layout, pairs, rows};
use super::terminal::Terminal;
use crate::base::Timestamp;
use serde::Serialize;
use serde_json::Value;
use std::io::{self, BufWriter, Write};
use std::time::SystemTime;

/// Stdout and the format it gets.
pub(crate) struct Printer {
    out: Box<dyn Write>,
    /// The format.
    pub(crate) format: Format,
    terminal: Terminal,
    /// Set where times are told as ages.
    now: Option<Timestamp>,
}

impl Printer {
    /// A printer to stdout.
    pub(crate) fn stdout(format: Format) -> Self {
        let terminal = Terminal::of_stdout();
        let now = terminal.width.map(|_| Timestamp::from(SystemTime::now()));
        Self { out: Box::new(BufWriter::new(io::stdout().lock())), format, terminal, now }
    }

    /// Whether people read it.
    pub(crate) fn is_human(&self) -> bool {
        self.format == Format::Human
    }

    /// Begins a list of items that may come in pages.
    pub(crate) fn listing(&mut self, fields: &'static [Field]) -> Listing<'_> {
        Listing { printer: self, fields, layout: None, started: false }
    }

    /// One resource.
    pub(crate) fn show(&mut self, fields: &[Field], item: &impl Serialize) -> io::Result<()> {
        match self.format {
            Format::Human => {
                let item = json(item);
                let rows: Vec<_> = fields.iter().map(|field| (field.title(), field.human(&item, self.now))).collect();
                self.out.write_all(pairs(&rows, self.terminal).as_bytes())?;
            }
            Format::Json => {
                let pretty = serde_json::to_string_pretty(item).expect(PRINTABLE);
                writeln!(self.out, "{pretty}")?;
            }
            Format::Jsonl => writeln!(self.out, "{}", text(item))?,
            Format::Csv => {
                let item = json(item);
                self.csv_line(fields.iter().map(|field| field.key.to_owned()))?;
                self.csv_line(fields.iter().map(|field| field.raw(&item)))?;
            }
        }
        self.out.flush()
    }

    /// A titled table below a resource; for people only, since the other formats hold it inside the resource.
    pub(crate) fn section(&mut self, title: &str, fields: &[Field], items: &[impl Serialize]) -> io::Result<()> {
        if !self.is_human() || items.is_empty() {
            return Ok(());
        }
        self.out.write_all(section(title, fields, items, self.terminal, self.now).as_bytes())?;
        self.out.flush()
    }

    /// Advice on stderr, for people only. Nothing depends on its arrival.
    pub(crate) fn hint(&self, text: &str) {
        if self.is_human() {
            let terminal = Terminal::of_stderr();
            io::stderr().write_all(format!("{}\n", terminal.dim(text)).as_bytes()).unwrap_or_default();
        }
    }

    /// Bare text.
    pub(crate) fn text(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }

    fn csv_line(&mut self, cells: impl Iterator<Item = String>) -> io::Result<()> {
        let cells: Vec<_> = cells.map(|cell| csv_cell(&cell)).collect();
        writeln!(self.out, "{}", cells.join(","))
    }
}

/// A list on its way out: pages are written as they come, so that a long list needs little memory.
pub(crate) struct Listing<'a> {
    printer: &'a mut Printer,
    fields: &'static [Field],
    /// Fixed by the first page (`human` only).
    layout: Option<Layout<'static>>,
    started: bool,
}

impl Listing<'_> {
    /// Writes one page.
    pub(crate) fn page(&mut self, items: &[impl Serialize]) -> io::Result<()> {
        match self.printer.format {
            Format::Human => self.human(items)?,
            Format::Json => {
                for item in items {
                    let before = if std::mem::replace(&mut self.started, true) { ",\n" } else { "{\"items\":[\n" };
                    write!(self.printer.out, "{before}{}", text(item))?;
                }
            }
            Format::Jsonl => {
                for item in items {
                    writeln!(self.printer.out, "{}", text(item))?;
                }
            }
            Format::Csv => {
                self.csv_header()?;
                for item in items {
                    let item = json(item);
                    self.printer.csv_line(self.fields.iter().map(|field| field.raw(&item)))?;
                }
            }
        }
        self.printer.out.flush()
    }

    /// Ends the list; `next_cursor` says where it would go on, `hint` what people may do next (on stderr).
    pub(crate) fn end(mut self, next_cursor: Option<&str>, hint: Option<&str>) -> io::Result<()> {
        match self.printer.format {
            Format::Json => {
                let before = if self.started { "\n" } else { "{\"items\":[" };
                let cursor = Value::from(next_cursor);
                let more = next_cursor.is_some();
                writeln!(self.printer.out, "{before}],\"next_cursor\":{cursor},\"has_more\":{more}}}")?;
            }
            Format::Csv => self.csv_header()?,
            Format::Human | Format::Jsonl => {}
        }
        self.printer.out.flush()?;
        if let Some(hint) = hint {
            self.printer.hint(hint);
        }
        Ok(())
    }

    fn csv_header(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.started, true) {
            return Ok(());
        }
        self.printer.csv_line(self.fields.iter().map(|field| field.key.to_owned()))
    }

    fn human(&mut self, items: &[impl Serialize]) -> io::Result<()> {
        if items.is_empty() {
            return Ok(());
        }
        let items: Vec<_> = items.iter().map(json).collect();
        let Printer { out, terminal, now, .. } = &mut *self.printer;
        let (text, layout) = rows(self.fields, &items, self.layout.take(), *terminal, *now);
        self.layout = Some(layout);
        out.write_all(text.as_bytes())
    }
}

/// A titled table as text; `now` = times are told as ages.
pub(crate) fn section(
    title: &str,
    fields: &[Field],
    items: &[impl Serialize],
    terminal: Terminal,
    now: Option<Timestamp>,
) -> String {
    let items: Vec<_> = items.iter().map(json).collect();
    let (text, _) = rows(fields, &items, None, terminal, now);
    format!("\n{}\n{text}", terminal.bold(title))
}

const PRINTABLE: &str = "resource shapes hold nothing that JSON cannot";

fn json(item: &impl Serialize) -> Value {
    serde_json::to_value(item).expect(PRINTABLE)
}

/// The item as its shape orders the keys.
fn text(item: &impl Serialize) -> String {
    serde_json::to_string(item).expect(PRINTABLE)
}

/// RFC 4180: quoted where a comma, a quote or a line break stands inside.
fn csv_cell(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

#[cfg(test)]
mod tests;
