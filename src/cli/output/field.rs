//! The fields of a resource: where each stands in its JSON, and how it reads.

use crate::base::Timestamp;
use crate::base::human::{ago, dollars, elapsed, grouped, short_elapsed, visible};
use serde_json::Value;

/// What a value means, and so how it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Anything, as it is.
    Text,
    /// The same, but the first to be shortened on a narrow terminal.
    Long,
    /// An RFC 3339 instant.
    Time,
    /// Micro-USD.
    Money,
    /// A whole number.
    Count,
    /// Milliseconds.
    Millis,
    /// Microseconds.
    Micros,
    /// 0..1, shown as 0..100.
    Quality,
    /// 0..1, shown as percent.
    Share,
    /// A number with so many digits behind the point.
    Decimal(usize),
}

/// One field of a resource.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    /// The column's name in CSV; its title is this name with spaces.
    pub(crate) key: &'static str,
    /// Where the value stands (a JSON pointer).
    pub(crate) at: &'static str,
    /// What it means.
    pub(crate) kind: Kind,
    /// Where people see it; CSV and detailed views hold every field.
    pub(crate) place: Place,
}

/// Where people see a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In every table.
    Table,
    /// In tables with room for it.
    Wide,
    /// Not in tables.
    Detail,
}

impl Field {
    /// A field of every table.
    pub(crate) const fn shown(key: &'static str, at: &'static str, kind: Kind) -> Self {
        Self { key, at, kind, place: Place::Table }
    }

    /// A field of tables with room for it.
    pub(crate) const fn wide(key: &'static str, at: &'static str, kind: Kind) -> Self {
        Self { key, at, kind, place: Place::Wide }
    }

    /// A field of detailed views.
    pub(crate) const fn detail(key: &'static str, at: &'static str, kind: Kind) -> Self {
        Self { key, at, kind, place: Place::Detail }
    }

    /// Its title for people.
    pub(crate) fn title(&self) -> String {
        self.key.trim_end_matches("_micro_usd").trim_end_matches("_ms").trim_end_matches("_us").replace('_', " ")
    }

    /// Numbers stand to the right.
    pub(crate) fn is_right(&self) -> bool {
        matches!(
            self.kind,
            Kind::Money | Kind::Count | Kind::Millis | Kind::Micros | Kind::Quality | Kind::Share | Kind::Decimal(_)
        )
    }

    /// The value for people; `now` = times are told as ages.
    pub(crate) fn human(&self, item: &Value, now: Option<Timestamp>) -> String {
        let Some(value) = item.pointer(self.at).filter(|value| !value.is_null()) else { return "-".into() };
        let read = match self.kind {
            Kind::Text | Kind::Long => None,
            Kind::Time => value.as_str().and_then(|text| text.parse().ok()).zip(now).map(|(time, now)| ago(time, now)),
            Kind::Money => value.as_i64().map(dollars),
            Kind::Count => value.as_u64().map(grouped),
            Kind::Millis => value.as_u64().map(elapsed),
            Kind::Micros => value.as_u64().map(short_elapsed),
            Kind::Quality => value.as_f64().map(|value| format!("{:.1}", value * 100.0)),
            Kind::Share => value.as_f64().map(|value| format!("{:.1}%", value * 100.0)),
            Kind::Decimal(digits) => value.as_f64().map(|value| format!("{value:.digits$}")),
        };
        read.unwrap_or_else(|| visible(&plain(value)))
    }

    /// The value for CSV.
    pub(crate) fn raw(&self, item: &Value) -> String {
        item.pointer(self.at).map_or_else(String::new, plain)
    }
}

/// A JSON value as bare text: strings without quotes, null as nothing.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".into(),
        Value::Bool(false) => "no".into(),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(",")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_kind_reads_in_its_own_way() {
        let item = json!({
            "text": "a\u{1b}b", "time": "2026-01-15T12:34:00Z", "money": 1500, "count": 12345,
            "millis": 1234, "micros": 1234, "quality": 0.875, "share": 0.5, "null": null, "list": ["read", "write"], "flag": true,
            "odd": {"a": 1}
        });
        let now = Some(Timestamp(1_768_480_496_000_000));
        let human = |at, kind| Field::shown("x", at, kind).human(&item, now);
        let cases = [
            ("/text", Kind::Text, "a\u{fffd}b"),
            ("/time", Kind::Time, "56s ago"),
            ("/money", Kind::Money, "$0.001500"),
            ("/count", Kind::Count, "12,345"),
            ("/millis", Kind::Millis, "1.2 s"),
            ("/micros", Kind::Micros, "1.234 ms"),
            ("/quality", Kind::Quality, "87.5"),
            ("/share", Kind::Share, "50.0%"),
            ("/null", Kind::Money, "-"),
            ("/missing", Kind::Text, "-"),
            ("/list", Kind::Text, "read,write"),
            ("/flag", Kind::Text, "yes"),
            ("/text", Kind::Count, "a\u{fffd}b"),
            ("/odd", Kind::Text, "{\"a\":1}"),
        ];
        for (at, kind, text) in cases {
            assert_eq!(human(at, kind), text, "{at}");
        }
        let raw = |at| Field::shown("x", at, Kind::Money).raw(&item);
        assert_eq!(
            (raw("/money"), raw("/null"), raw("/time")),
            ("1500".into(), String::new(), "2026-01-15T12:34:00Z".into())
        );
        assert_eq!(Field::shown("x", "/time", Kind::Time).human(&item, None), "2026-01-15T12:34:00Z");
        assert_eq!(Field::shown("saved_micro_usd", "/x", Kind::Money).title(), "saved");
    }
}
