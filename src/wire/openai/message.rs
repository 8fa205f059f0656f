//! Messages as stricter providers want them.

use crate::base::{ApiError, Code, Retry};
use crate::wire::quirks::{Order, Quirks};
use crate::wire::target::Target;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use xxhash_rust::xxh3::xxh3_64;

const ALPHANUMERIC: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The `messages` array as JSON text.
pub(super) fn rewrite(text: &str, target: &Target<'_>, images: &HashMap<String, String>) -> Result<Vec<u8>, ApiError> {
    let quirks = target.quirks;
    let mut messages: Vec<Map<String, Value>> = serde_json::from_str(text)
        .map_err(|_| ApiError::new(Code::InvalidRequest, "messages must be a list of objects").param("messages"))?;
    for (index, message) in messages.iter_mut().enumerate() {
        clean(message, quirks);
        inline_images(message, images);
        if quirks.inline_images_only && has_linked_image(message) {
            let param = format!("messages[{index}].content");
            let why = format!("{param}: {} takes images as data: URLs only", quirks.kind);
            let mut error = ApiError::new(Code::UnsupportedParameter, why).param(param);
            error.retry = Retry::OtherTarget;
            return Err(error);
        }
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

fn role(message: &Map<String, Value>) -> &str {
    message.get("role").and_then(Value::as_str).unwrap_or_default()
}

fn clean(message: &mut Map<String, Value>, quirks: &Quirks) {
    message.retain(|name, value| {
        let needed = name == "content" || (name == "name" && value.is_string());
        (!value.is_null() || needed) && !(quirks.message_drops.contains(&name.as_str()))
    });
    if !quirks.developer && role(message) == "developer" {
        message.insert("role".into(), json!("system"));
    }
    if quirks.joins_text
        && let Some(text) = message.get("content").and_then(joined)
    {
        message.insert("content".into(), Value::String(text));
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
    // An assistant's message that only calls tools has no content, not an empty one.
    if message.contains_key("tool_calls") && message.get("content").is_some_and(|content| content == "") {
        message.remove("content");
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

fn has_linked_image(message: &Map<String, Value>) -> bool {
    let parts = message.get("content").and_then(Value::as_array).into_iter().flatten();
    parts.filter_map(|part| part.get("image_url")).any(|image| {
        let url = image.as_str().or_else(|| image.get("url").and_then(Value::as_str)).unwrap_or_default();
        !url.starts_with("data:")
    })
}

fn ordered(messages: Vec<Map<String, Value>>, order: Order) -> Vec<Map<String, Value>> {
    let mut out: Vec<Map<String, Value>> = Vec::with_capacity(messages.len() + 1);
    match order {
        Order::Any => return messages,
        Order::AssistantAfterTool => {
            for message in messages {
                if role(&message) == "user" && out.last().is_some_and(|last| role(last) == "tool") {
                    out.push(spoken("assistant", "."));
                }
                out.push(message);
            }
        }
        Order::Alternate => {
            for message in messages {
                match out.last_mut() {
                    Some(last) if role(last) == role(&message) => append(last, &message),
                    Some(last) if role(last) == "system" && role(&message) == "assistant" => {
                        out.push(spoken("user", "."));
                        out.push(message);
                    }
                    None if role(&message) == "assistant" => {
                        out.push(spoken("user", "."));
                        out.push(message);
                    }
                    _ => out.push(message),
                }
            }
        }
        Order::OneSystem => {
            let (systems, others): (Vec<_>, Vec<_>) =
                messages.into_iter().partition(|message| role(message) == "system");
            let mut systems = systems.into_iter();
            if let Some(mut first) = systems.next() {
                for further in systems {
                    append(&mut first, &further);
                }
                out.push(first);
            }
            out.extend(others);
        }
    }
    out
}

fn spoken(role: &str, text: &str) -> Map<String, Value> {
    Map::from_iter([("role".to_owned(), json!(role)), ("content".to_owned(), json!(text))])
}

/// Joins what two messages of one role say.
fn append(first: &mut Map<String, Value>, second: &Map<String, Value>) {
    let parts = |content: Option<&Value>| match content {
        Some(Value::Array(parts)) => parts.clone(),
        Some(Value::String(text)) => vec![json!({"type": "text", "text": text})],
        _ => Vec::new(),
    };
    let joined = match (first.get("content"), second.get("content")) {
        (Some(Value::String(a)), Some(Value::String(b))) => json!(format!("{a}\n\n{b}")),
        (a, b) => Value::Array([parts(a), parts(b)].concat()),
    };
    first.insert("content".into(), joined);
}
