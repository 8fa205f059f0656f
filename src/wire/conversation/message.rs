//! The messages of a chat-completions body.

use super::part::{Content, parts};
use super::read::{Text, culprit, invalid, wrong};
use super::{Message, Part, Role, ToolCall};
use crate::base::limits::MAX_MESSAGES;
use crate::base::{ApiError, Code};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// A message as it stands in the body. Every member may be absent or null, so that one member alone can be checked.
#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow)]
    role: Option<Text<'a>>,
    #[serde(borrow)]
    content: Option<Content<'a>>,
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    refusal: Option<Text<'a>>,
    #[serde(borrow)]
    tool_calls: Option<Vec<WireCall<'a>>>,
    #[serde(borrow)]
    function_call: Option<WireFunction<'a>>,
    #[serde(borrow)]
    tool_call_id: Option<Text<'a>>,
    #[serde(borrow)]
    thinking_blocks: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    cache_control: Option<&'a RawValue>,
    #[serde(borrow)]
    audio: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct WireCall<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    function: Option<WireFunction<'a>>,
    #[serde(borrow)]
    custom: Option<WireCustom<'a>>,
}

#[derive(Deserialize)]
struct WireFunction<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    arguments: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct WireCustom<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    input: Option<Text<'a>>,
}

/// Reads the `messages` array.
pub(super) fn messages(raw: &RawValue) -> Result<Vec<Message<'_>>, ApiError> {
    let wire: Vec<Wire<'_>> = serde_json::from_str(raw.get()).map_err(|error| locate(raw, &error))?;
    if wire.len() > MAX_MESSAGES {
        return Err(invalid("messages", format!("More than {MAX_MESSAGES} messages: send fewer.")));
    }
    let mut read = Vec::with_capacity(wire.len());
    // The id given to the call that a deprecated `function` message answers: these carry none of their own.
    let mut function_id = None;
    for (index, one) in wire.into_iter().enumerate() {
        read.push(message(index, one, &mut function_id)?);
    }
    Ok(read)
}

fn message<'a>(index: usize, wire: Wire<'a>, function_id: &mut Option<Cow<'a, str>>) -> Result<Message<'a>, ApiError> {
    let at = |member: &str| format!("messages[{index}].{member}");
    let Some(Text(role_name)) = wire.role else {
        return Err(invalid(&at("role"), format!("messages[{index}] has no role.")));
    };
    let role = match &*role_name {
        "system" | "developer" => Role::System,
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "tool" | "function" => Role::Tool,
        _ => {
            return Err(invalid(
                &at("role"),
                format!(
                    "messages[{index}].role is not a role: use developer, system, user, assistant, tool or function."
                ),
            ));
        }
    };
    if wire.audio.is_some() {
        return Err(ApiError::new(
            Code::UnsupportedParameter,
            "An assistant message that refers to audio by id can only go to the provider that made the audio.",
        )
        .param(at("audio")));
    }
    let mut said = match wire.content {
        Some(content) => parts(content, index)?,
        None if role == Role::Assistant => Vec::new(),
        None => {
            return Err(invalid(&at("content"), format!("messages[{index}].content is missing: send text or parts.")));
        }
    };
    if let Some(Text(refusal)) = wire.refusal.filter(|_| role == Role::Assistant) {
        said.push(Part::Refusal(refusal));
    }
    let mut calls = Vec::new();
    let mut tool_call_id = None;
    match role {
        Role::Assistant => {
            for (position, call) in wire.tool_calls.unwrap_or_default().into_iter().enumerate() {
                calls.push(tool_call(&format!("messages[{index}].tool_calls[{position}]"), call)?);
            }
            if let Some(function) = wire.function_call {
                let id: Cow<'a, str> = Cow::Owned(format!("call_function_{index}"));
                *function_id = Some(id.clone());
                calls.push(function_call(&at("function_call"), id, function)?);
            }
        }
        Role::Tool if role_name == "function" => {
            tool_call_id = Some(function_id.take().ok_or_else(|| {
                invalid(&at("role"), format!("messages[{index}] is a function's result, but no function was called."))
            })?);
        }
        Role::Tool => {
            let Some(Text(id)) = wire.tool_call_id else {
                return Err(invalid(
                    &at("tool_call_id"),
                    format!("messages[{index}].tool_call_id is missing: name the call that this message answers."),
                ));
            };
            tool_call_id = Some(id);
        }
        Role::System | Role::User => {}
    }
    Ok(Message {
        role,
        parts: said,
        tool_calls: calls,
        tool_call_id,
        name: wire.name.map(|Text(name)| name).filter(|_| role_name != "function"),
        thinking_blocks: wire.thinking_blocks.unwrap_or_default(),
        cache_control: wire.cache_control,
    })
}

fn tool_call<'a>(at: &str, call: WireCall<'a>) -> Result<ToolCall<'a>, ApiError> {
    let missing = |member: &str| invalid(&format!("{at}.{member}"), format!("{at}.{member} is missing."));
    let Text(id) = call.id.ok_or_else(|| missing("id"))?;
    match (call.kind.as_ref().map(|kind| &*kind.0), call.function, call.custom) {
        (Some("custom"), _, Some(custom)) => Ok(ToolCall {
            id,
            name: custom.name.ok_or_else(|| missing("custom.name"))?.0,
            arguments: custom.input.unwrap_or_default().0,
            custom: true,
        }),
        (Some("custom"), _, None) => Err(missing("custom")),
        (None | Some("function"), Some(function), _) => function_call(&format!("{at}.function"), id, function),
        (None | Some("function"), None, _) => Err(missing("function")),
        (Some(_), _, _) => {
            Err(invalid(&format!("{at}.type"), format!("{at}.type is not a kind of call: use function or custom.")))
        }
    }
}

fn function_call<'a>(at: &str, id: Cow<'a, str>, function: WireFunction<'a>) -> Result<ToolCall<'a>, ApiError> {
    let name = function.name.ok_or_else(|| invalid(&format!("{at}.name"), format!("{at}.name is missing.")))?;
    Ok(ToolCall { id, name: name.0, arguments: function.arguments.unwrap_or_default().0, custom: false })
}

/// Which member of which message serde stumbled over.
fn locate(raw: &RawValue, error: &serde_json::Error) -> ApiError {
    let Ok(list) = serde_json::from_str::<Vec<&RawValue>>(raw.get()) else {
        return invalid("messages", "messages must be a list of messages.");
    };
    for (index, message) in list.into_iter().enumerate() {
        let Err(error) = serde_json::from_str::<Wire<'_>>(message.get()) else { continue };
        let at = format!("messages[{index}]");
        let Some((name, value, error)) = culprit(message, |text| serde_json::from_str::<Wire<'_>>(text).map(drop))
        else {
            return wrong(&at, &error);
        };
        let at = format!("{at}.{name}");
        let inner = match &*name {
            "content" => super::part::locate(value, &at),
            "tool_calls" => locate_call(value, &at),
            "function_call" => locate_in(value, &at, |text| serde_json::from_str::<WireFunction<'_>>(text).map(drop)),
            _ => None,
        };
        return inner.unwrap_or_else(|| wrong(&at, &error));
    }
    wrong("messages", error)
}

fn locate_call(raw: &RawValue, at: &str) -> Option<ApiError> {
    let list = serde_json::from_str::<Vec<&RawValue>>(raw.get()).ok()?;
    let (index, call) =
        list.into_iter().enumerate().find(|(_, call)| serde_json::from_str::<WireCall<'_>>(call.get()).is_err())?;
    let at = format!("{at}[{index}]");
    let (name, value, error) = culprit(call, |text| serde_json::from_str::<WireCall<'_>>(text).map(drop))?;
    let at = format!("{at}.{name}");
    let inner = match &*name {
        "function" => locate_in(value, &at, |text| serde_json::from_str::<WireFunction<'_>>(text).map(drop)),
        "custom" => locate_in(value, &at, |text| serde_json::from_str::<WireCustom<'_>>(text).map(drop)),
        _ => None,
    };
    Some(inner.unwrap_or_else(|| wrong(&at, &error)))
}

/// Which member of this object is at fault.
pub(super) fn locate_in(
    raw: &RawValue,
    at: &str,
    check: impl Fn(&str) -> Result<(), serde_json::Error>,
) -> Option<ApiError> {
    let (name, _, error) = culprit(raw, check)?;
    Some(wrong(&format!("{at}.{name}"), &error))
}
