//! A raw chat-completions body as a [`Conversation`]: what a call to another dialect is translated from.
//!
//! Reads the body twice at most (once to find the top-level members, once into each of them) and copies no
//! text that holds no escapes. What the type cannot say is refused with the parameter's name, never dropped;
//! unknown top-level members are kept in `extra` for the translation to judge.

use super::Conversation;
use super::message::messages;
use super::read::{Members, Text, TextOr, Texts, invalid, is_null, member};
use super::tools;
use crate::base::{ApiError, Code};

/// Reads a chat-completions request.
///
/// # Errors
/// [`Code::InvalidBody`] where the body is no JSON object, [`Code::InvalidRequest`] where a member is not
/// what it should be, [`Code::UnsupportedParameter`] where it can be said in OpenAI's dialect only.
pub fn conversation(body: &[u8]) -> Result<Conversation<'_>, ApiError> {
    let text = std::str::from_utf8(body)
        .map_err(|_| ApiError::new(Code::InvalidBody, "The body is not UTF-8. Send JSON in UTF-8."))?;
    let Members(members) = serde_json::from_str(text).map_err(|error| {
        ApiError::new(Code::InvalidBody, format!("The body is not a JSON object: {error}. Send a JSON object."))
    })?;
    let mut read = Conversation { n: 1, ..Conversation::default() };
    let mut deprecated_max = None;
    let mut seen_messages = false;
    let mut functions = Vec::new();
    let mut function_call = None;
    for (name, value) in members {
        if is_null(value) {
            continue;
        }
        match &*name {
            "messages" => {
                read.messages = messages(value)?;
                seen_messages = true;
            }
            // Read by the gateway, not part of what is said.
            "model" | "stream_options" => {}
            "stream" => read.stream = member(value, "stream")?,
            "n" => read.n = member(value, "n")?,
            "max_completion_tokens" => read.max_output_tokens = Some(member(value, "max_completion_tokens")?),
            "max_tokens" => deprecated_max = Some(member(value, "max_tokens")?),
            "temperature" => read.temperature = Some(number(member(value, "temperature")?, "temperature", 2.0)?),
            "top_p" => read.top_p = Some(number(member(value, "top_p")?, "top_p", 1.0)?),
            "stop" => {
                read.stop = match member::<Texts<'_>>(value, "stop")?.0 {
                    TextOr::Text(text) => vec![text],
                    TextOr::List(list) => list,
                }
            }
            "reasoning_effort" => read.reasoning_effort = Some(member::<Text<'_>>(value, "reasoning_effort")?.0),
            "user" => read.user = Some(member::<Text<'_>>(value, "user")?.0),
            "tools" => read.tools = tools::tools(value)?,
            "tool_choice" => read.tool_choice = Some(tools::tool_choice(value)?),
            "parallel_tool_calls" => read.parallel_tool_calls = Some(member(value, "parallel_tool_calls")?),
            "functions" => functions = tools::functions(value)?,
            "function_call" => function_call = Some(tools::function_call(value)?),
            "response_format" => read.response_format = tools::response_format(value)?,
            _ => read.extra.push((name, value)),
        }
    }
    if !seen_messages || read.messages.is_empty() {
        return Err(invalid("messages", "messages is missing or empty: send at least one message."));
    }
    if read.n == 0 {
        return Err(invalid("n", "n must be at least 1."));
    }
    read.max_output_tokens = read.max_output_tokens.or(deprecated_max);
    if read.tools.is_empty() {
        read.speaks_of_functions = !functions.is_empty();
        read.tools = functions;
    }
    read.tool_choice = read.tool_choice.take().or(function_call);
    Ok(read)
}

/// A number from 0 to `max`.
fn number(value: f64, param: &str, max: f64) -> Result<f64, ApiError> {
    if (0.0..=max).contains(&value) {
        return Ok(value);
    }
    Err(invalid(param, format!("{param} must lie between 0 and {max}.")))
}
