//! The messages of a Messages request as those of a chat request: results of tools become messages of their own, and
//! thoughts stay away, as no other provider can use them; those behind a tool call are remembered by the gateway.

use super::request::{OnlyHere, bad};
use crate::base::ApiError;
use serde_json::{Value, json};

/// What stands before a result that is an error: a chat request has no place for that word.
const FAILED: &str = "[the tool failed] ";

/// A string, or the text of a list of text blocks.
pub(super) fn text(value: &Value, at: &str) -> Result<String, ApiError> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Array(blocks) => texts(blocks, at),
        _ => Err(bad(at, format!("{at} must be a text or a list of text blocks"))),
    }
}

/// The text of a list of text blocks.
fn texts(blocks: &[Value], at: &str) -> Result<String, ApiError> {
    let texts = blocks.iter().enumerate().map(|(index, block)| {
        let at = || format!("{at}[{index}].text");
        block.get("text").and_then(Value::as_str).ok_or_else(|| bad(&at(), format!("{} is missing", at())))
    });
    Ok(texts.collect::<Result<Vec<_>, _>>()?.join("\n"))
}

/// Adds one message.
pub(super) fn read(
    index: usize,
    message: &Value,
    messages: &mut Vec<Value>,
    only_here: &mut OnlyHere,
) -> Result<(), ApiError> {
    let at = format!("messages[{index}]");
    let one;
    let content: &[Value] = match message.get("content") {
        Some(Value::String(text)) => {
            one = [json!({"type": "text", "text": text})];
            &one
        }
        Some(Value::Array(blocks)) => blocks,
        _ => {
            let at = format!("{at}.content");
            return Err(bad(&at, format!("{at} must be a text or a list of blocks")));
        }
    };
    let at_content = format!("{at}.content");
    match message.get("role").and_then(Value::as_str) {
        Some("user") => user(&at_content, content, messages, only_here),
        Some("assistant") => assistant(&at_content, content, messages, only_here),
        Some("system") => {
            messages.push(json!({"role": "system", "content": texts(content, &at_content)?}));
            Ok(())
        }
        _ => Err(bad(&format!("{at}.role"), format!("{at}.role must be user or assistant"))),
    }
}

fn required<'v>(block: &'v Value, name: &str, at: &str) -> Result<&'v str, ApiError> {
    block.get(name).and_then(Value::as_str).ok_or_else(|| {
        let at = format!("{at}.{name}");
        bad(&at, format!("{at} is missing"))
    })
}

fn user(at: &str, blocks: &[Value], messages: &mut Vec<Value>, only_here: &mut OnlyHere) -> Result<(), ApiError> {
    let mut parts = Vec::new();
    for (index, block) in blocks.iter().enumerate() {
        let at = format!("{at}[{index}]");
        if required(block, "type", &at)? != "tool_result" {
            parts.extend(part(&at, block, only_here)?);
            continue;
        }
        let id = required(block, "tool_use_id", &at)?;
        let mut said = String::new();
        if block.get("is_error") == Some(&Value::Bool(true)) {
            said.push_str(FAILED);
        }
        match block.get("content") {
            None | Some(Value::Null) => {}
            Some(Value::String(text)) => said.push_str(text),
            Some(Value::Array(inner)) => {
                // A tool's message holds text only: its images follow as the user's.
                for (index, block) in inner.iter().enumerate() {
                    let at = format!("{at}.content[{index}]");
                    match required(block, "type", &at)? {
                        "text" => said.push_str(required(block, "text", &at)?),
                        _ => parts.extend(part(&at, block, only_here)?),
                    }
                }
            }
            Some(_) => {
                let at = format!("{at}.content");
                return Err(bad(&at, format!("{at} must be a text or a list of blocks")));
            }
        }
        messages.push(json!({"role": "tool", "tool_call_id": id, "content": said}));
    }
    let content = match parts.as_slice() {
        [] => return Ok(()),
        [only] if only.get("text").is_some() => only.get("text").cloned().unwrap_or_default(),
        _ => Value::Array(parts),
    };
    messages.push(json!({"role": "user", "content": content}));
    Ok(())
}

/// A block that a user may send, as a part.
fn part(at: &str, block: &Value, only_here: &mut OnlyHere) -> Result<Option<Value>, ApiError> {
    match required(block, "type", at)? {
        "text" => Ok(Some(json!({"type": "text", "text": required(block, "text", at)?}))),
        "image" => {
            let at = format!("{at}.source");
            let source = block.get("source").unwrap_or(&Value::Null);
            let url = match required(source, "type", &at)? {
                "url" => required(source, "url", &at)?.to_owned(),
                "base64" => data_url(source, &at)?,
                _ => {
                    only_here.note(at, "it names a file that is stored at Anthropic");
                    return Ok(None);
                }
            };
            Ok(Some(json!({"type": "image_url", "image_url": {"url": url}})))
        }
        "document" => document(at, block, only_here),
        kind => {
            only_here.note(format!("{at}.type"), &format!("{kind} blocks are Anthropic's own"));
            Ok(None)
        }
    }
}

fn data_url(source: &Value, at: &str) -> Result<String, ApiError> {
    Ok(format!("data:{};base64,{}", required(source, "media_type", at)?, required(source, "data", at)?))
}

fn document(at: &str, block: &Value, only_here: &mut OnlyHere) -> Result<Option<Value>, ApiError> {
    let at_source = format!("{at}.source");
    let source = block.get("source").unwrap_or(&Value::Null);
    let cites = block.get("citations").and_then(|citations| citations.get("enabled")) == Some(&Value::Bool(true));
    let title = block.get("title").and_then(Value::as_str);
    match required(source, "type", &at_source)? {
        _ if cites => only_here.note(format!("{at}.citations"), "other providers do not cite"),
        "base64" => {
            let file = json!({"file_data": data_url(source, &at_source)?, "filename": title.unwrap_or("document.pdf")});
            return Ok(Some(json!({"type": "file", "file": file})));
        }
        "text" => {
            let data = required(source, "data", &at_source)?;
            let text = title.map_or_else(|| data.to_owned(), |title| format!("{title}\n\n{data}"));
            return Ok(Some(json!({"type": "text", "text": text})));
        }
        _ => only_here.note(at_source, "documents go to other providers as base64 or text"),
    }
    Ok(None)
}

fn assistant(at: &str, blocks: &[Value], messages: &mut Vec<Value>, only_here: &mut OnlyHere) -> Result<(), ApiError> {
    let (mut said, mut calls) = (String::new(), Vec::new());
    for (index, block) in blocks.iter().enumerate() {
        let at = format!("{at}[{index}]");
        match required(block, "type", &at)? {
            "text" => said.push_str(required(block, "text", &at)?),
            "tool_use" => {
                let input = block.get("input").filter(|input| input.is_object());
                let input =
                    input.ok_or_else(|| bad(&format!("{at}.input"), format!("{at}.input must be an object")))?;
                calls.push(json!({"id": required(block, "id", &at)?, "type": "function",
                    "function": {"name": required(block, "name", &at)?, "arguments": input.to_string()}}));
            }
            "thinking" | "redacted_thinking" => {}
            kind => only_here.note(format!("{at}.type"), &format!("{kind} blocks are Anthropic's own")),
        }
    }
    let mut message = json!({"role": "assistant", "content": if said.is_empty() { Value::Null } else { said.into() }});
    if calls.is_empty() && message.get("content").is_some_and(Value::is_null) {
        return Ok(());
    }
    if let Some(message) = message.as_object_mut().filter(|_| !calls.is_empty()) {
        message.insert("tool_calls".into(), Value::Array(calls));
    }
    messages.push(message);
    Ok(())
}
