//! A JSON text written straight into memory: the order of the calls is the order of the bytes.
//!
//! Prompt caches compare bytes, so nothing here sorts, pads or stamps.

use crate::wire::json;
use serde_json::value::RawValue;
use std::fmt::Display;
use std::io::Write;
use std::ops::Range;

/// A JSON text in the making, and where its `cache_control` members stand.
#[derive(Debug, Default)]
pub(super) struct Body {
    text: Vec<u8>,
    breakpoints: Vec<Range<usize>>,
}

impl Body {
    /// An empty text with room for `capacity` bytes.
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self { text: Vec::with_capacity(capacity), breakpoints: Vec::new() }
    }

    /// JSON as it is.
    pub(super) fn raw(&mut self, json: &str) {
        self.text.extend_from_slice(json.as_bytes());
    }

    /// A text as a JSON string.
    pub(super) fn string(&mut self, text: &str) {
        json::string(&mut self.text, text);
    }

    /// A number or another value whose display is JSON.
    pub(super) fn number(&mut self, number: impl Display) {
        write!(self.text, "{number}").expect("writing to memory does not fail");
    }

    /// `,"cache_control":…`, remembered as a breakpoint.
    pub(super) fn cache_control(&mut self, control: Option<&RawValue>) {
        let Some(control) = control else { return };
        let start = self.text.len();
        self.raw(",\"cache_control\":");
        self.raw(control.get());
        self.breakpoints.push(start..self.text.len());
    }

    /// The text, with at most this many breakpoints, and whether any had to go. The first stays (tools and system,
    /// shared between conversations), and the last ones (each covers all that stands before it).
    pub(super) fn finish(self, allowed: usize) -> (Vec<u8>, bool) {
        let Self { text, breakpoints } = self;
        let over = breakpoints.len().saturating_sub(allowed);
        if over == 0 {
            return (text, false);
        }
        let mut kept = Vec::with_capacity(text.len());
        let mut from = 0;
        for gone in breakpoints.iter().skip(1).take(over) {
            kept.extend_from_slice(text.get(from..gone.start).unwrap_or_default());
            from = gone.end;
        }
        kept.extend_from_slice(text.get(from..).unwrap_or_default());
        (kept, true)
    }
}
