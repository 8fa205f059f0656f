//! Reasoning that a client carries for the model without being able to read it: signed blocks of one model, which only
//! that model takes back. They travel as `encrypted_content`, which nobody but this gateway opens.
//!
//! Whoever writes such a text can only give a model blocks that its provider's signature holds for.

use crate::wire::given::Thoughts;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

/// What such a text begins with.
const MARK: &str = "floopy.";

#[derive(Serialize)]
struct Written<'a> {
    by: &'a str,
    blocks: &'a [Value],
}

#[derive(Deserialize)]
struct Read {
    by: String,
    blocks: Vec<Box<RawValue>>,
}

/// Blocks of the model `by` as one text.
pub(super) fn seal(by: &str, blocks: &[Value]) -> String {
    let json = serde_json::to_vec(&Written { by, blocks }).unwrap_or_default();
    format!("{MARK}{}", URL_SAFE_NO_PAD.encode(json))
}

/// Whether a text was made by [`seal`].
pub(super) fn is_sealed(text: &str) -> bool {
    text.starts_with(MARK)
}

/// The blocks, and the model that they are of; `None` for a text that was not made by [`seal`], or was broken since.
pub(super) fn open(text: &str) -> Option<(String, Thoughts)> {
    let json = URL_SAFE_NO_PAD.decode(text.strip_prefix(MARK)?).ok()?;
    let read: Read = serde_json::from_slice(&json).ok()?;
    Some((read.by, read.blocks.into()))
}
