//! Values of all layers in one tree, each with the place that it comes from.

use super::error::Origin;
use super::source::Source;
use std::fmt;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Deepest nesting that is read; the configuration has four levels.
const DEEPEST: usize = 12;

/// Where a value stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// Nowhere: it is the default.
    Default,
    /// Bytes of the file.
    File(Range<usize>),
    /// An environment variable.
    Environment(String),
    /// A flag.
    Flag(&'static str),
}

impl Place {
    /// The same for people.
    pub(super) fn origin(&self, source: Option<&Source>) -> Origin {
        match self {
            Self::Default => Origin::Default,
            Self::File(span) => {
                let (line, column) = source.map_or((0, 0), |source| source.position(span.start));
                Origin::File { path: source.map_or_else(String::new, |source| source.path().to_owned()), line, column }
            }
            Self::Environment(name) => Origin::Environment(name.clone()),
            Self::Flag(name) => Origin::Flag((*name).to_owned()),
        }
    }
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Text(String),
    /// Text of the environment or a flag: whoever reads it knows what it means.
    Loose(String),
    Integer(i128),
    Float(f64),
    Bool(bool),
    Date(String),
    List(Vec<Node>),
    Table(Table),
}

impl Value {
    /// What it is, for people.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) | Self::Loose(_) => "text",
            Self::Integer(_) => "a whole number",
            Self::Float(_) => "a number",
            Self::Bool(_) => "true or false",
            Self::Date(_) => "a date or time",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Integer(i128::from(value))
    }
}

impl From<&[&str]> for Value {
    fn from(texts: &[&str]) -> Self {
        Self::List(texts.iter().map(|text| Node { value: Self::from(*text), place: Place::Default }).collect())
    }
}

/// As TOML, on one line.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{}", toml::Value::String(text.clone())),
            Self::Loose(text) if text.parse::<f64>().is_ok() || text == "true" || text == "false" => f.write_str(text),
            Self::Loose(text) => write!(f, "{}", toml::Value::String(text.clone())),
            Self::Integer(number) => number.fmt(f),
            Self::Float(number) => write!(f, "{number:?}"),
            Self::Bool(value) => value.fmt(f),
            Self::Date(text) => f.write_str(text),
            Self::List(items) => {
                f.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    write!(f, "{}{}", if index > 0 { ", " } else { "" }, item.value)?;
                }
                f.write_str("]")
            }
            Self::Table(table) => {
                f.write_str("{")?;
                for (index, (key, node)) in table.entries.iter().enumerate() {
                    let name = toml::Value::String(key.name.clone());
                    write!(f, "{}{name} = {}", if index > 0 { ", " } else { " " }, node.value)?;
                }
                f.write_str(" }")
            }
        }
    }
}

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) place: Place,
}

/// A key and its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Key {
    pub(super) name: String,
    pub(super) place: Place,
}

/// A table, in the order of the file.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Table {
    pub(super) entries: Vec<(Key, Node)>,
}

impl Table {
    pub(super) fn of(table: &Spanned<DeTable<'_>>) -> Self {
        Self::of_entries(table.get_ref(), 0)
    }

    fn of_entries(table: &DeTable<'_>, depth: usize) -> Self {
        let mut entries: Vec<(Key, Node)> = table
            .iter()
            .map(|(key, value)| {
                let key = Key { name: key.get_ref().to_string(), place: Place::File(key.span()) };
                (key, Node::of(value, depth + 1))
            })
            .collect();
        entries.sort_by_key(|(key, _)| match &key.place {
            Place::File(span) => span.start,
            _ => usize::MAX,
        });
        Self { entries }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Node> {
        self.entries.iter().find(|(key, _)| key.name == name).map(|(_, node)| node)
    }

    pub(super) fn take(&mut self, name: &str) -> Option<(Key, Node)> {
        let at = self.entries.iter().position(|(key, _)| key.name == name)?;
        Some(self.entries.remove(at))
    }

    /// Sets a value below this table; a later layer wins over whatever stands there.
    pub(super) fn set(&mut self, path: &[String], node: Node) {
        let Some((name, rest)) = path.split_first() else { return };
        let at = self.entries.iter().position(|(key, _)| key.name == *name);
        let index = at.unwrap_or_else(|| {
            let key = Key { name: name.clone(), place: node.place.clone() };
            self.entries.push((key, Node { value: Value::Table(Self::default()), place: node.place.clone() }));
            self.entries.len() - 1
        });
        let Some((_, old)) = self.entries.get_mut(index) else { return };
        if rest.is_empty() {
            *old = node;
            return;
        }
        if !matches!(old.value, Value::Table(_)) {
            *old = Node { value: Value::Table(Self::default()), place: node.place.clone() };
        }
        if let Value::Table(table) = &mut old.value {
            table.set(rest, node);
        }
    }
}

impl Node {
    fn of(value: &Spanned<DeValue<'_>>, depth: usize) -> Self {
        let place = Place::File(value.span());
        let value = match value.get_ref() {
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Integer(number) => {
                Value::Integer(i128::from_str_radix(number.as_str(), number.radix()).unwrap_or(i128::MAX))
            }
            DeValue::Float(number) => Value::Float(number.as_str().parse().unwrap_or(f64::NAN)),
            DeValue::Boolean(value) => Value::Bool(*value),
            DeValue::Datetime(time) => Value::Date(time.to_string()),
            // Deeper than anything that is known: left empty, and refused as an unknown key further up.
            DeValue::Array(_) | DeValue::Table(_) if depth > DEEPEST => Value::List(Vec::new()),
            DeValue::Array(items) => Value::List(items.iter().map(|item| Self::of(item, depth + 1)).collect()),
            DeValue::Table(table) => Value::Table(Table::of_entries(table, depth)),
        };
        Self { value, place }
    }
}
