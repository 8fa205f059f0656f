//! The body of a Responses request as a chat request.
//!
//! What a chat request cannot say is noted, not dropped: such a request is served by targets that serve the Responses API
//! themselves, and refused by the others. What refers to something that one provider keeps is noted apart, as no other
//! provider can know it. Hints that change nothing but cost, speed or what is kept are no such thing.

use super::items::Turns;
use super::origin::{Changed, Origin};
use super::tools;
use crate::base::{ApiError, Code, limits};
use crate::wire::chat::{ChatRequest, not_json, text_of};
use crate::wire::inbound::{made_of, members_once};
use bytes::Bytes;
use serde_json::{Map, Value, json};
use std::borrow::Cow;

/// Finds an item that an earlier answer had, by its id.
pub(in crate::wire) type Recall<'a> = &'a dyn Fn(&str) -> Option<Value>;

/// The first thing that only a provider of the Responses API can do, and the first that only one such provider can:
/// where it stands, and why.
#[derive(Debug, Default)]
pub(super) struct OnlyHere {
    api: Option<(String, String)>,
    keeper: Option<String>,
}

impl OnlyHere {
    pub(super) fn note(&mut self, param: impl Into<String>, why: &str) {
        self.api.get_or_insert_with(|| (param.into(), why.to_owned()));
    }

    /// It refers to what one provider keeps.
    pub(super) fn note_kept(&mut self, param: &str) {
        self.note(param, "it refers to what the provider keeps");
        self.keeper.get_or_insert_with(|| param.to_owned());
    }
}

pub(super) fn bad(param: &str, message: impl Into<String>) -> ApiError {
    ApiError::new(Code::InvalidRequest, message).param(param)
}

/// A member that must be a text that says something.
pub(super) fn text_at<'v>(object: &'v Value, name: &str, at: &str) -> Result<&'v str, ApiError> {
    let text = object.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    text.ok_or_else(|| bad(&format!("{at}.{name}"), format!("{at}.{name} is missing: give a text")))
}

/// Reads a body: the chat request that says the same, and the original.
///
/// # Errors
/// `invalid_body` where it is no JSON object; `invalid_request` with the `param` of what is missing or wrong.
pub(in crate::wire::inbound) fn read(body: &Bytes, recall: Recall<'_>) -> Result<(ChatRequest, Origin), ApiError> {
    let text = text_of(body)?;
    let members = members_once(text)?;
    let given: Map<String, Value> = serde_json::from_str(text).map_err(|error| not_json(&error))?;
    let mut only_here = OnlyHere::default();
    let mut chat = Map::new();
    for (name, value) in &given {
        if !value.is_null() {
            member(name, value, &mut chat, &mut only_here)?;
        }
    }
    let mut turns = Turns::default();
    match given.get("instructions") {
        None | Some(Value::Null) => {}
        Some(Value::String(text)) => turns.instruct(text),
        Some(_) => return Err(bad("instructions", "instructions must be a text")),
    }
    let input = input(given.get("input"), &mut turns, &mut only_here, recall)?;
    let (mut messages, thoughts) = turns.finish();
    if messages.is_empty() {
        // All of it is known to a provider only.
        if only_here.api.is_none() {
            return Err(bad("input", "input says nothing: give at least one message"));
        }
        messages.push(json!({"role": "user", "content": ""}));
    }
    if !chat.contains_key("tools") {
        // Here these may stand alone.
        chat.remove("tool_choice");
        chat.remove("parallel_tool_calls");
    }
    chat.insert("messages".into(), Value::Array(messages));
    if chat.get("stream") == Some(&Value::Bool(true)) {
        chat.insert("stream_options".into(), json!({"include_usage": true}));
    }
    let chat = made_of(&chat, body.len())?;
    let changed = Changed { input, thoughts };
    Ok((chat, Origin::new(body.clone(), members, &given, only_here.api, only_here.keeper, changed)))
}

/// Reads the input; the same with what was remembered put in and what is ours left out, where that makes a difference.
fn input(
    given: Option<&Value>,
    turns: &mut Turns,
    only_here: &mut OnlyHere,
    recall: Recall<'_>,
) -> Result<Option<Value>, ApiError> {
    let list = match given {
        Some(Value::String(text)) => {
            turns.say("user", json!(text));
            return Ok(None);
        }
        Some(Value::Array(list)) if !list.is_empty() => list,
        // The turns before, or a stored prompt, say it all.
        None | Some(Value::Null | Value::Array(_)) if only_here.keeper.is_some() => return Ok(None),
        None | Some(Value::Null | Value::Array(_)) => {
            return Err(bad("input", "input is missing or empty: give a text or a list of items"));
        }
        Some(_) => return Err(bad("input", "input must be a text or a list of items")),
    };
    if list.len() > limits::MAX_MESSAGES {
        return Err(bad("input", format!("input takes at most {} items", limits::MAX_MESSAGES)));
    }
    let mut kept = Vec::with_capacity(list.len());
    let mut changed = false;
    for (index, item) in list.iter().enumerate() {
        let at = format!("input[{index}]");
        let item = Turns::recall(item, &at, recall)?.map_or(Cow::Borrowed(item), Cow::Owned);
        let stays = turns.read(&item, &at, only_here)?;
        changed |= !stays || matches!(item, Cow::Owned(_));
        if stays {
            kept.push(item);
        }
    }
    Ok(changed.then(|| kept.into_iter().map(Cow::into_owned).collect()))
}

fn member(name: &str, value: &Value, chat: &mut Map<String, Value>, only_here: &mut OnlyHere) -> Result<(), ApiError> {
    let mut put = |name: &str, value: Value| drop(chat.insert(name.to_owned(), value));
    match name {
        "model" | "stream" | "temperature" | "top_p" | "parallel_tool_calls" | "user" => put(name, value.clone()),
        "max_output_tokens" => {
            let tokens = value.as_u64().ok_or_else(|| bad(name, "max_output_tokens must be a whole number"))?;
            put("max_tokens", tokens.into());
        }
        "top_logprobs" => {
            put("logprobs", true.into());
            put(name, value.clone());
        }
        "include" => {
            let list = value.as_array().ok_or_else(|| bad(name, "include must be a list of texts"))?;
            if list.iter().any(|wanted| wanted == "message.output_text.logprobs") {
                put("logprobs", true.into());
            }
        }
        "tools" => {
            let tools = tools::tools(value, only_here)?;
            if !tools.is_empty() {
                put(name, Value::Array(tools));
            }
        }
        "tool_choice" => {
            if let Some(choice) = tools::choice(value, only_here)? {
                put(name, choice);
            }
        }
        "reasoning" => reasoning(value, chat, only_here)?,
        "text" => {
            let text = value.as_object().ok_or_else(|| bad(name, "text must be an object"))?;
            let format = text.get("format").filter(|format| !format.is_null());
            if let Some(format) = format.map(format_of).transpose()?.flatten() {
                put("response_format", format);
            }
            if let Some(verbosity) = text.get("verbosity").filter(|verbosity| !verbosity.is_null()) {
                put("verbosity", verbosity.clone());
            }
        }
        "metadata" if !value.is_object() => return Err(bad(name, "metadata must be an object of texts")),
        "previous_response_id" | "conversation" | "prompt" => only_here.note_kept(name),
        "background" if value == &Value::Bool(true) => only_here.note(name, "the provider has to keep the answer"),
        // Read elsewhere, or a hint that changes nothing but cost, speed and what is kept.
        "input"
        | "instructions"
        | "metadata"
        | "background"
        | "store"
        | "stream_options"
        | "truncation"
        | "max_tool_calls"
        | "service_tier"
        | "safety_identifier"
        | "prompt_cache_key"
        | "prompt_cache_retention"
        | "prompt_cache_options" => {}
        _ => only_here.note(name, "no other dialect has it; leave it out, or name such a model"),
    }
    Ok(())
}

fn reasoning(value: &Value, chat: &mut Map<String, Value>, only_here: &mut OnlyHere) -> Result<(), ApiError> {
    let members = value.as_object().ok_or_else(|| bad("reasoning", "reasoning must be an object"))?;
    for (name, value) in members.iter().filter(|(_, value)| !value.is_null()) {
        match name.as_str() {
            "effort" if value.is_string() => drop(chat.insert("reasoning_effort".into(), value.clone())),
            "effort" => return Err(bad("reasoning.effort", "reasoning.effort must be a text")),
            // What is thought comes back wherever a provider tells it.
            "summary" | "generate_summary" => {}
            _ => only_here.note(format!("reasoning.{name}"), "no other dialect has it; leave it out"),
        }
    }
    Ok(())
}

/// Here a schema's members stand in the format itself; `None` for text.
fn format_of(format: &Value) -> Result<Option<Value>, ApiError> {
    match text_at(format, "type", "text.format")? {
        "text" => Ok(None),
        "json_object" => Ok(Some(json!({"type": "json_object"}))),
        "json_schema" => {
            let mut schema = Map::from_iter([("name".to_owned(), json!(text_at(format, "name", "text.format")?))]);
            for member in ["description", "schema", "strict"] {
                if let Some(value) = format.get(member).filter(|value| !value.is_null()) {
                    schema.insert(member.to_owned(), value.clone());
                }
            }
            Ok(Some(json!({"type": "json_schema", "json_schema": schema})))
        }
        _ => Err(bad("text.format.type", "text.format.type must be text, json_object or json_schema")),
    }
}
