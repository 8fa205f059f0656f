//! Columns that line up, and give way on a narrow terminal.

use super::field::{Field, Kind, Place};
use super::terminal::Terminal;
use crate::base::Timestamp;
use crate::base::human::visible;
use serde_json::Value;

/// Between two columns.
const GAP: usize = 2;
/// No column is shortened below this.
const NARROWEST: usize = 8;

/// The columns of a table, fixed by its first page so that later pages line up with it.
#[derive(Debug, Clone)]
pub(super) struct Layout<'a> {
    columns: Vec<Column<'a>>,
    terminal: Terminal,
}

#[derive(Debug, Clone)]
struct Column<'a> {
    field: &'a Field,
    width: usize,
}

impl Column<'_> {
    /// The least width that it can be brought to.
    fn least(&self) -> usize {
        if self.field.kind == Kind::Long { self.width.min(NARROWEST) } else { self.width }
    }
}

impl<'a> Layout<'a> {
    /// The layout of these rows, each a cell for each of the `fields` that tables show.
    pub(super) fn of(fields: &'a [Field], rows: &[Vec<String>], terminal: Terminal) -> Self {
        let column = |(index, field): (usize, &'a Field)| {
            let cells = rows.iter().filter_map(|row| row.get(index)).map(|cell| length(cell));
            Column { field, width: cells.max().unwrap_or(0).max(length(&field.title())) }
        };
        let mut columns: Vec<_> = fields.iter().enumerate().map(column).collect();
        columns.retain(|column| column.field.place != Place::Detail);
        if let Some(room) = terminal.width {
            drop_wide(&mut columns, room);
            shorten(&mut columns, room);
        }
        Self { columns, terminal }
    }

    /// The line of titles.
    pub(super) fn header(&self) -> String {
        self.terminal.bold(&self.line(|field| field.title().to_uppercase())).into_owned()
    }

    /// One line of the table, without its end.
    pub(super) fn line(&self, cell: impl Fn(&Field) -> String) -> String {
        let mut line = String::new();
        for Column { field, width } in &self.columns {
            if !line.is_empty() {
                line.push_str(&" ".repeat(GAP));
            }
            let mut cell = cell(field);
            if self.terminal.width.is_some() {
                cell = fit(cell, *width);
            }
            let padding = " ".repeat(width.saturating_sub(length(&cell)));
            let (first, second) = if field.is_right() { (&padding, &cell) } else { (&cell, &padding) };
            line.push_str(first);
            line.push_str(second);
        }
        line.truncate(line.trim_end().len());
        line
    }
}

/// The items as lines, in the layout of those before them, or below a header in their own.
pub(super) fn rows<'f>(
    fields: &'f [Field],
    items: &[Value],
    before: Option<Layout<'f>>,
    terminal: Terminal,
    now: Option<Timestamp>,
) -> (String, Layout<'f>) {
    let mut text = String::new();
    let layout = before.unwrap_or_else(|| {
        let cells = |item| fields.iter().map(|field| field.human(item, now)).collect();
        let layout = Layout::of(fields, &items.iter().map(cells).collect::<Vec<_>>(), terminal);
        text.push_str(&layout.header());
        text.push('\n');
        layout
    });
    for item in items {
        text.push_str(&layout.line(|field| field.human(item, now)));
        text.push('\n');
    }
    (text, layout)
}

/// Leaves out the last wide-only columns until the others could fit.
fn drop_wide(columns: &mut Vec<Column<'_>>, room: usize) {
    while total(columns.iter().map(Column::least)) > room {
        let Some(last) = columns.iter().rposition(|column| column.field.place == Place::Wide) else { return };
        columns.remove(last);
    }
}

/// Takes from the widest long column, one character at a time, until the table fits or nothing more can give way.
fn shorten(columns: &mut [Column<'_>], room: usize) {
    while total(columns.iter().map(|column| column.width)) > room {
        let giving = columns.iter_mut().filter(|column| column.width > column.least());
        let Some(widest) = giving.max_by_key(|column| column.width) else { return };
        widest.width -= 1;
    }
}

fn total(widths: impl ExactSizeIterator<Item = usize>) -> usize {
    let gaps = GAP * widths.len().saturating_sub(1);
    widths.sum::<usize>() + gaps
}

/// `text` in at most `width` characters; what is cut shows as `…`.
fn fit(text: String, width: usize) -> String {
    if length(&text) <= width {
        return text;
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

fn length(text: &str) -> usize {
    text.chars().count()
}

/// Lines of `label: value`, the values lined up.
pub(super) fn pairs(rows: &[(String, String)], terminal: Terminal) -> String {
    let widest = rows.iter().map(|(label, _)| length(label)).max().unwrap_or(0);
    let mut text = String::new();
    for (label, value) in rows {
        let padding = " ".repeat(widest - length(label) + GAP);
        text.push_str(&terminal.dim(label));
        text.push_str(&padding);
        text.push_str(&visible(value));
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const FIELDS: &[Field] = &[
        Field::shown("id", "/id", Kind::Text),
        Field::detail("hidden", "/hidden", Kind::Text),
        Field::shown("why", "/why", Kind::Long),
        Field::wide("cost_micro_usd", "/cost", Kind::Money),
    ];

    fn render(width: Option<usize>) -> Vec<String> {
        let items = [
            json!({"id": "one", "hidden": "secret", "why": "because it was there", "cost": 1_000_000}),
            json!({"id": "twenty", "why": "é", "cost": 10_000_000}),
        ];
        let terminal = Terminal::without_colour(width);
        let (text, _) = rows(FIELDS, &items, None, terminal, None);
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn columns_line_up_and_pipes_lose_nothing() {
        let whole = [
            "ID      WHY                     COST",
            "one     because it was there   $1.00",
            "twenty  é                     $10.00",
        ];
        assert_eq!(render(None), whole);
        assert_eq!(render(Some(36)), whole);
    }

    #[test]
    fn a_narrow_terminal_shortens_long_columns_then_drops_wide_ones() {
        assert_eq!(
            render(Some(26)),
            ["ID      WHY           COST", "one     because i…   $1.00", "twenty  é           $10.00"]
        );
        assert_eq!(render(Some(23)), ["ID      WHY", "one     because it was…", "twenty  é"]);
        assert_eq!(render(Some(5)), ["ID      WHY", "one     because…", "twenty  é"], "ids stay whole");
    }

    #[test]
    fn pairs_line_up() {
        let rows = [("a".into(), "1".into()), ("long".into(), "2\x1b".into())];
        assert_eq!(pairs(&rows, Terminal::PLAIN), "a     1\nlong  2\u{fffd}\n");
    }
}
