//! JSON strings without reading or writing them whole: text travels between its quotes as it came.

use super::conversation::read::Text;
use serde_json::value::RawValue;

/// Appends a text as a JSON string.
pub(super) fn string(out: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(&mut *out, text).expect("a string is JSON, and writing to memory does not fail");
}

/// The inside of a JSON string: its text without the quotes, escapes as they are. Empty where it is none.
pub(super) fn inside(raw: &RawValue) -> &str {
    raw.get().strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or_default()
}

/// The text of a JSON string that may hold escapes; what cannot be read is empty.
pub(super) fn unescaped(inside: &[u8]) -> String {
    let mut quoted = Vec::with_capacity(inside.len() + 2);
    quoted.push(b'"');
    quoted.extend_from_slice(inside);
    quoted.push(b'"');
    serde_json::from_slice::<Text<'_>>(&quoted).map(|text| text.0.into_owned()).unwrap_or_default()
}
