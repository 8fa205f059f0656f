//! Messages as stricter providers want them.

use super::order::{ordered, role};
use crate::base::{ApiError, Code};
use crate::wire::policy::unsupported;
use crate::wire::quirks::{CallsContent, JoinsText, Quirks, Replays, ToolChoices};
use crate::wire::target::Target;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use xxhash_rust::xxh3::xxh3_64;

const ALPHANUMERIC: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Stands for reasoning that must go back to who made it, and that nobody has kept.
const FORGOTTEN: &str = " ";

/// The `messages` array as JSON text. `thinks`: the model will think about it.
pub(super) fn rewrite(
    text: &str,
    target: &Target<'_>,
    thinks: bool,
    images: &HashMap<String, String>,
) -> Result<Vec<u8>, ApiError> {
    let quirks = target.quirks;
    let mut messages: Vec<Map<String, Value>> = serde_json::from_str(text)
        .map_err(|_| ApiError::new(Code::InvalidRequest, "messages must be a list of objects").param("messages"))?;
    let last_user = messages.iter().rposition(|message| role(message) == "user");
    for (index, message) in messages.iter_mut().enumerate() {
        clean(message, quirks);
        replay(message, quirks.replays, thinks, last_user.is_none_or(|last| index > last));
        inline_images(message, images);
        if quirks.tool_choices == ToolChoices::NoTools && message.contains_key("tool_calls") {
            let param = format!("messages[{index}].tool_calls");
            return Err(unsupported(
                &param,
                &format!("{param}: {} has no tools, and cannot hear of calls", quirks.kind),
            ));
        }
        let bad = if quirks.text_only && has_more_than_text(message) {
            "takes text only"
        } else if quirks.inline_images_only && has_linked_image(message) {
            "takes images as data: URLs only"
        } else {
            continue;
        };
        let param = format!("messages[{index}].content");
        return Err(unsupported(&param, &format!("{param}: {} {bad}", quirks.kind)));
    }
    let messages = ordered(messages, quirks.order);
    serde_json::to_vec(&messages).map_err(|_| ApiError::new(Code::Internal, "the messages could not be written"))
}

/// Puts the images that were fetched where their addresses stand.
fn inline_images(message: &mut Map<String, Value>, images: &HashMap<String, String>) {
    let parts = message.get_mut("content").and_then(Value::as_array_mut);
    for image in parts.into_iter().flatten().filter_map(|part| part.get_mut("image_url")) {
        let url = if image.is_string() { Some(image) } else { image.get_mut("url") };
        if let Some(url) = url
            && let Some(data) = url.as_str().and_then(|url| images.get(url))
        {
            *url = Value::String(data.clone());
        }
    }
}

fn clean(message: &mut Map<String, Value>, quirks: &Quirks) {
    message.retain(|name, value| !value.is_null() && !quirks.drops_of_message(name));
    if !quirks.developer && role(message) == "developer" {
        message.insert("role".into(), json!("system"));
    }
    for part in message.get_mut("content").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(part) = part.as_object_mut() {
            part.remove("cache_control");
        }
    }
    let is_tools = role(message) == "tool";
    if (quirks.joins_text == JoinsText::All || quirks.joins_text == JoinsText::Tools && is_tools)
        && let Some(content) = message.get("content").filter(|content| content.is_array())
    {
        // What a tool gives back as other parts is told as JSON where only text is read.
        let text = joined(content).or_else(|| is_tools.then(|| content.to_string()));
        if let Some(text) = text {
            message.insert("content".into(), Value::String(text));
        }
    }
    if quirks.nine_char_ids {
        if let Some(id) = message.get_mut("tool_call_id") {
            shorten(id);
        }
        for call in message.get_mut("tool_calls").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(id) = call.get_mut("id") {
                shorten(id);
            }
        }
    }
    if message.get("tool_calls").and_then(Value::as_array).is_some_and(Vec::is_empty) {
        message.remove("tool_calls");
    }
    let says_nothing = message.get("content").is_none_or(|content| content == "");
    if says_nothing && role(message) == "assistant" {
        if message.contains_key("tool_calls") && quirks.calls_content == CallsContent::Absent {
            message.remove("content");
        } else {
            message.insert("content".into(), json!(""));
        }
    }
}

/// Keeps, takes away or stands in for the reasoning of an assistant's message. `running`: nobody has spoken since the
/// user asked, so that the tools' results belong to thoughts that go on.
fn replay(message: &mut Map<String, Value>, replays: Replays, thinks: bool, running: bool) {
    if role(message) != "assistant" {
        return;
    }
    match replays {
        Replays::AsGiven => {}
        Replays::WhileThinking if thinks => {
            if running && message.contains_key("tool_calls") {
                message.entry("reasoning_content").or_insert_with(|| json!(FORGOTTEN));
            }
        }
        Replays::Never | Replays::WhileThinking => {
            message.remove("reasoning_content");
        }
    }
}

/// The texts of a content that is all text.
fn joined(content: &Value) -> Option<String> {
    let parts = content.as_array()?;
    parts
        .iter()
        .map(|part| part.get("text").and_then(Value::as_str))
        .collect::<Option<Vec<_>>>()
        .map(|texts| texts.concat())
}

/// Nine letters or digits, the same for the same id; what has that form already stays.
fn shorten(id: &mut Value) {
    let Some(text) = id.as_str() else { return };
    if text.len() == 9 && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return;
    }
    let mut hash = xxh3_64(text.as_bytes());
    let short: String = (0..9)
        .map(|_| {
            let digit = usize::try_from(hash % 62).unwrap_or(0);
            hash /= 62;
            char::from(ALPHANUMERIC.get(digit).copied().unwrap_or(b'0'))
        })
        .collect();
    *id = Value::String(short);
}

fn parts(message: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    message.get("content").and_then(Value::as_array).into_iter().flatten()
}

fn has_linked_image(message: &Map<String, Value>) -> bool {
    parts(message).filter_map(|part| part.get("image_url")).any(|image| {
        let url = image.as_str().or_else(|| image.get("url").and_then(Value::as_str)).unwrap_or_default();
        !url.starts_with("data:")
    })
}

fn has_more_than_text(message: &Map<String, Value>) -> bool {
    parts(message).any(|part| part.get("text").is_none())
}
