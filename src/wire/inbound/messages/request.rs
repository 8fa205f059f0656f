//! The body of a Messages request as a chat request.
//!
//! What a chat request cannot say is noted, not dropped: such a request is served by targets that speak the Messages
//! API, and refused by the others. Hints that change nothing but cost (`cache_control`) are no such thing.

use super::origin::Origin;
use super::{tools, turns};
use crate::base::{ApiError, Code};
use crate::wire::chat::{ChatRequest, not_json, text_of};
use crate::wire::inbound::{made_of, members_once};
use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Map, Value, json};

/// The first thing that only Anthropic's API can do: where it stands, and why.
#[derive(Debug, Default)]
pub(super) struct OnlyHere(Option<(String, String)>);

impl OnlyHere {
    pub(super) fn note(&mut self, param: impl Into<String>, why: &str) {
        self.0.get_or_insert_with(|| (param.into(), why.to_owned()));
    }
}

pub(super) fn bad(param: &str, message: impl Into<String>) -> ApiError {
    ApiError::new(Code::InvalidRequest, message).param(param)
}

/// Reads a body: the chat request that says the same, and the original.
///
/// # Errors
/// `invalid_body` where it is no JSON object; `invalid_request` with the `param` of what is missing or wrong.
pub(in crate::wire::inbound) fn read(body: Bytes, headers: &HeaderMap) -> Result<(ChatRequest, Origin), ApiError> {
    let text = text_of(&body)?;
    let members = members_once(text)?;
    let given: Map<String, Value> = serde_json::from_str(text).map_err(|error| not_json(&error))?;
    let mut only_here = OnlyHere::default();
    let mut chat = Map::new();
    for (name, value) in &given {
        if !value.is_null() {
            member(name, value, &mut chat, &mut only_here)?;
        }
    }
    let mut messages = Vec::new();
    if let Some(system) = given.get("system").filter(|system| !system.is_null()) {
        let text = turns::text(system, "system")?;
        if !text.is_empty() {
            messages.push(json!({"role": "system", "content": text}));
        }
    }
    let list = given.get("messages").and_then(Value::as_array).filter(|list| !list.is_empty());
    let list = list.ok_or_else(|| bad("messages", "messages is missing or empty: give a list of at least one"))?;
    for (index, message) in list.iter().enumerate() {
        turns::read(index, message, &mut messages, &mut only_here)?;
    }
    chat.insert("messages".into(), Value::Array(messages));
    if chat.get("stream") == Some(&Value::Bool(true)) {
        chat.insert("stream_options".into(), json!({"include_usage": true}));
    }
    let chat = made_of(&chat, body.len())?;
    let origin = Origin::new(body.clone(), members, headers, only_here.0);
    Ok((chat, origin))
}

fn member(name: &str, value: &Value, chat: &mut Map<String, Value>, only_here: &mut OnlyHere) -> Result<(), ApiError> {
    let mut put = |name: &str, value: Value| drop(chat.insert(name.to_owned(), value));
    match name {
        "model" | "stream" | "temperature" | "top_p" | "top_k" => put(name, value.clone()),
        "max_tokens" => {
            let tokens = value.as_u64().ok_or_else(|| bad(name, "max_tokens must be a whole number"))?;
            put(name, tokens.into());
        }
        "stop_sequences" => {
            let list = value.as_array().ok_or_else(|| bad(name, "stop_sequences must be a list of texts"))?;
            if !list.is_empty() {
                put("stop", value.clone());
            }
        }
        "metadata" => {
            if let Some(user) = value.get("user_id").filter(|user| user.is_string()) {
                put("user", user.clone());
            }
        }
        "tools" => {
            let tools = tools::tools(value, only_here)?;
            if !tools.is_empty() {
                put(name, Value::Array(tools));
            }
        }
        "tool_choice" => {
            let (choice, alone) = tools::choice(value)?;
            put(name, choice);
            if alone {
                put("parallel_tool_calls", false.into());
            }
        }
        "thinking" => {
            if let Some(effort) = effort_of(value) {
                chat.entry("reasoning_effort").or_insert_with(|| effort.into());
            }
        }
        "output_config" => {
            if let Some(effort) = value.get("effort").filter(|effort| effort.is_string()) {
                put("reasoning_effort", effort.clone());
            }
            if let Some(format) = value.get("format").filter(|format| !format.is_null()) {
                put("response_format", format_of(format, "output_config.format")?);
            }
        }
        "output_format" => put("response_format", format_of(value, name)?),
        // Read elsewhere, or a hint that changes nothing but cost and speed.
        "messages" | "system" | "cache_control" | "service_tier" | "diagnostics" => {}
        "speed" if value == "standard" => {}
        "context_management" if clears_thoughts_only(value) => {}
        _ => only_here.note(name, "no other dialect has it; leave it out, or name such a model"),
    }
    Ok(())
}

/// How hard a budget of thoughts is, in the words of other providers.
fn effort_of(thinking: &Value) -> Option<&'static str> {
    match thinking.get("type")?.as_str()? {
        "enabled" => Some(match thinking.get("budget_tokens").and_then(Value::as_u64).unwrap_or(0) {
            0..4096 => "low",
            4096..16_384 => "medium",
            _ => "high",
        }),
        _ => None,
    }
}

fn format_of(format: &Value, at: &str) -> Result<Value, ApiError> {
    let schema = format.get("schema").filter(|schema| schema.is_object());
    match (format.get("type").and_then(Value::as_str), schema) {
        (Some("json_schema"), Some(schema)) => {
            Ok(json!({"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": true}}))
        }
        _ => Err(bad(at, format!("{at} must be of type json_schema and hold a schema"))),
    }
}

/// Other dialects do not send thoughts back, so that there is nothing to clear.
fn clears_thoughts_only(value: &Value) -> bool {
    let edits = value.get("edits").and_then(Value::as_array);
    edits.is_none_or(|edits| {
        edits
            .iter()
            .all(|edit| edit.get("type").and_then(Value::as_str).is_some_and(|kind| kind.starts_with("clear_thinking")))
    })
}
