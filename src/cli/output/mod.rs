//! How data reaches people and programs: four formats from one list of fields for each resource.
//!
//! `human` aligns columns and fits the terminal; `json`, `jsonl` and `csv` carry the server's own values,
//! untouched. On a pipe nothing is shortened or coloured.

use crate::base::Timestamp;
use crate::base::human::parse_when;
use std::time::SystemTime;

mod field;
mod printer;
mod table;
mod terminal;

pub(crate) use crate::base::human::{dollars, visible, visible_lines};
pub(crate) use field::{Field, Kind};
pub(crate) use printer::{Listing, Printer, section};
pub(crate) use terminal::Terminal;

/// The shape of what stdout gets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// Aligned text for people
    #[default]
    Human,
    /// One JSON document
    Json,
    /// One JSON document a line
    Jsonl,
    /// Comma-separated values with a header line
    Csv,
}

/// A time as people write it, seen from now: what arguments are read with.
pub(crate) fn when(text: &str) -> Result<Timestamp, String> {
    parse_when(text, SystemTime::now().into())
}
