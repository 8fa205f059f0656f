//! HTML as text, with everything from outside escaped.

use std::fmt::Write as _;

/// Text as it may stand in an element or in a quoted attribute.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            sign => out.push(sign),
        }
    }
    out
}

/// Text as one part of a path.
pub(super) fn segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            byte => write!(out, "%{byte:02X}").expect("a string takes text"),
        }
    }
    out
}

/// A cell of a table: its HTML, and whether it stands to the right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cell {
    html: String,
    class: &'static str,
}

/// A cell with text.
pub(super) fn cell(text: &str) -> Cell {
    Cell { html: escape(text), class: "" }
}

/// A cell with a number.
pub(super) fn figure(text: &str) -> Cell {
    Cell { html: escape(text), class: "n" }
}

/// A cell with HTML made here.
pub(super) fn raw(html: String) -> Cell {
    Cell { html, class: "" }
}

/// A cell whose text has a tone: `good`, `warn`, `bad`, `dim`.
pub(super) fn toned(text: &str, tone: &'static str) -> Cell {
    Cell { html: escape(text), class: tone }
}

/// A table with a caption; where it has no rows it says `empty`.
pub(super) fn table(caption: &str, heads: &[&str], rows: &[Vec<Cell>], empty: &str) -> String {
    let mut out = format!("<table><caption>{}</caption>", escape(caption));
    if rows.is_empty() {
        write!(out, "<tbody><tr><td class=\"dim\">{}</td></tr></tbody></table>", escape(empty)).expect("text");
        return out;
    }
    out.push_str("<thead><tr>");
    for head in heads {
        write!(out, "<th scope=\"col\">{}</th>", escape(head)).expect("text");
    }
    out.push_str("</tr></thead><tbody>");
    for row in rows {
        out.push_str("<tr>");
        for cell in row {
            write!(out, "<td class=\"{}\">{}</td>", cell.class, cell.html).expect("text");
        }
        out.push_str("</tr>");
    }
    out.push_str("</tbody></table>");
    out
}

/// Names and values.
pub(super) fn facts(title: &str, facts: &[(&str, String)]) -> String {
    let mut out = format!("<section><h2>{}</h2><dl>", escape(title));
    for (name, value) in facts {
        write!(out, "<dt>{}</dt><dd>{}</dd>", escape(name), escape(value)).expect("text");
    }
    out.push_str("</dl></section>");
    out
}

/// A link within the dashboard.
pub(super) fn link(path: &str, text: &str) -> String {
    format!("<a href=\"{}\">{}</a>", escape(path), escape(text))
}

/// A bar of 0..1 with a mark, drawn in a box of 200 × 12.
pub(super) fn bar(from: f64, to: f64, tone: &str, mark: Option<f64>) -> String {
    let at = |share: f64| (share.clamp(0.0, 1.0) * 200.0).round();
    let (from, to) = (at(from), at(to));
    let mark = mark.map_or_else(String::new, |mark| {
        format!("<rect class=\"mark\" x=\"{}\" width=\"2\" height=\"12\"/>", at(mark))
    });
    let width = (to - from).max(2.0);
    format!(
        "<svg viewBox=\"0 0 200 12\" class=\"bar\" aria-hidden=\"true\"><rect class=\"track\" width=\"200\" height=\"12\"/>\
         <rect class=\"{tone}\" x=\"{from}\" width=\"{width}\" height=\"12\"/>{mark}</svg>"
    )
}
