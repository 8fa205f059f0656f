//! The messages of a chat request in one shallow look: what routing and session inference need of them.

use super::conversation::{Role, read::Text};
use crate::base::{ApiError, Code, limits};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

/// Cheap facts about a request, for routing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shape {
    /// Messages.
    pub messages: u32,
    /// Bytes of their contents' JSON, images left out.
    pub text_bytes: u64,
    /// Tools on offer.
    pub tools: u32,
    /// Whether a call of one of them is asked for.
    pub forced_tool: bool,
    /// Image parts.
    pub images: u32,
    /// Audio parts.
    pub audio: u32,
    /// File parts.
    pub files: u32,
    /// Whether any JSON object is asked for.
    pub json_object: bool,
    /// Whether JSON that fits a schema is asked for.
    pub json_schema: bool,
    /// Whether a reasoning effort is asked for.
    pub reasoning: bool,
    /// Whether log probabilities are asked for.
    pub logprobs: bool,
}

/// A message as session inference sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessagePrint {
    /// Who speaks.
    pub role: Role,
    /// xxh3 of what is said; the same for a string and for one text part.
    pub hash: u64,
}

/// The print of a message that says just `text`.
#[must_use]
pub fn print_of_text(role: Role, text: &str) -> MessagePrint {
    MessagePrint { role, hash: xxh3_64(text.as_bytes()) }
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    role: Option<Text<'a>>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow)]
    tool_calls: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct PartHead<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    text: Option<Text<'a>>,
}

pub(super) fn bad(param: &str, message: impl Into<String>) -> ApiError {
    ApiError::new(Code::InvalidRequest, message).param(param)
}

pub(super) fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

pub(super) fn shorten(name: &str) -> String {
    name.chars().take(limits::MAX_LABEL_BYTES).collect()
}

/// A message's print, and its content as JSON.
pub(super) fn read_message<'a>(
    index: usize,
    raw: &'a RawValue,
    shape: &mut Shape,
) -> Result<(MessagePrint, &'a str), ApiError> {
    let at = |member: &str| format!("messages[{index}]{member}");
    let head: Head<'_> = serde_json::from_str(raw.get())
        .map_err(|_| bad(&at(""), format!("messages[{index}] must be an object with a role and content")))?;
    let role = match head.role.as_ref().map(|role| &*role.0) {
        Some("system" | "developer") => Role::System,
        Some("user") => Role::User,
        Some("assistant") => Role::Assistant,
        Some("tool" | "function") => Role::Tool,
        Some(other) => {
            let known = "system, developer, user, assistant or tool";
            return Err(bad(&at(".role"), format!("messages[{index}].role is {:?}: it takes {known}", shorten(other))));
        }
        None => return Err(bad(&at(".role"), format!("messages[{index}].role is missing"))),
    };
    let mut hasher = Xxh3::new();
    match head.content.map(RawValue::get) {
        None | Some("null") => {}
        Some(text) if text.starts_with('"') => {
            shape.text_bytes += text.len() as u64;
            let Text(said) = serde_json::from_str(text)
                .map_err(|_| bad(&at(".content"), format!("messages[{index}].content is not a string")))?;
            hasher.update(said.as_bytes());
        }
        Some(parts) if parts.starts_with('[') => read_parts(index, parts, shape, &mut hasher)?,
        Some(_) => {
            return Err(bad(&at(".content"), format!("messages[{index}].content must be a string or a list of parts")));
        }
    }
    if let Some(calls) = head.tool_calls.filter(|calls| calls.get() != "null") {
        shape.text_bytes += calls.get().len() as u64;
        hasher.update(calls.get().as_bytes());
    }
    Ok((MessagePrint { role, hash: hasher.digest() }, head.content.map_or("", RawValue::get)))
}

fn read_parts(index: usize, parts: &str, shape: &mut Shape, hasher: &mut Xxh3) -> Result<(), ApiError> {
    let parts: Vec<&RawValue> = serde_json::from_str(parts)
        .map_err(|_| bad(&format!("messages[{index}].content"), format!("messages[{index}].content is not a list")))?;
    for (place, raw) in parts.iter().enumerate() {
        let at = format!("messages[{index}].content[{place}]");
        let part: PartHead<'_> =
            serde_json::from_str(raw.get()).map_err(|_| bad(&at, format!("{at} must be an object with a type")))?;
        let counter = match part.kind.as_ref().map_or("", |kind| &*kind.0) {
            "text" => {
                let said = part.text.map_or(Cow::Borrowed(""), |text| text.0);
                shape.text_bytes += said.len() as u64;
                hasher.update(said.as_bytes());
                continue;
            }
            "image_url" | "image" => &mut shape.images,
            "input_audio" => &mut shape.audio,
            "file" => &mut shape.files,
            _ => {
                hasher.update(raw.get().as_bytes());
                continue;
            }
        };
        *counter = counter.saturating_add(1);
        hasher.update(raw.get().as_bytes());
    }
    Ok(())
}
