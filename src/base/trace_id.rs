//! The id of a distributed trace, as W3C Trace Context has it: 16 bytes that are not all zero, in lower-case hex.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::num::NonZeroU128;
use std::str::FromStr;

/// Which trace a request belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceId(NonZeroU128);

impl TraceId {
    /// The id of this number; `None` for zero, which names no trace.
    #[must_use]
    pub fn new(number: u128) -> Option<Self> {
        NonZeroU128::new(number).map(Self)
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// The text is no trace id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not 32 lower-case hex digits that are not all zero")]
pub struct NotATraceId;

impl FromStr for TraceId {
    type Err = NotATraceId;

    fn from_str(text: &str) -> Result<Self, NotATraceId> {
        let is_hex = text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let number = if is_hex { u128::from_str_radix(text, 16).ok() } else { None };
        number.and_then(Self::new).ok_or(NotATraceId)
    }
}

impl Serialize for TraceId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TraceId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_id_prints_as_it_parses() {
        let text = "0af7651916cd43dd8448eb211c80319c";
        let id: TraceId = text.parse().unwrap();
        assert_eq!(id.to_string(), text);
        assert_eq!(serde_json::from_str::<TraceId>(&serde_json::to_string(&id).unwrap()).unwrap(), id);
        for bad in [
            "",
            &"0".repeat(32),
            &text.to_uppercase(),
            text.trim_start_matches('0'),
            "+af7651916cd43dd8448eb211c80319c",
        ] {
            assert_eq!(bad.parse::<TraceId>(), Err(NotATraceId), "{bad}");
        }
    }
}
