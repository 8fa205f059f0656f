//! A chat completion as a message.

use super::UNSIGNED;
use crate::wire::fault::Fault;
use crate::wire::inbound::completion::{Completion, Counts};
use bytes::Bytes;
use serde_json::{Value, json};

/// Counts as the Messages API has them: what was read from or written to a cache is not part of `input_tokens`.
pub(super) fn usage(counts: &Counts) -> Value {
    let (read, written) = (counts.cached(), counts.cache_written());
    json!({
        "input_tokens": counts.prompt_tokens.saturating_sub(read).saturating_sub(written),
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
        "output_tokens": counts.completion_tokens,
    })
}

/// The message's id, made from the completion's.
pub(super) fn message_id(completion: &str) -> String {
    format!("msg_{}", completion.strip_prefix("chatcmpl-").unwrap_or(completion))
}

/// Why it ended. Which stop sequence it was, a completion does not say.
pub(super) fn stop_reason(finish: Option<&str>) -> &'static str {
    match finish {
        Some("length") => "max_tokens",
        Some("tool_calls" | "function_call") => "tool_use",
        Some("content_filter") => "refusal",
        _ => "end_turn",
    }
}

/// The arguments of a call as an object. What a model left unfinished or wrote wrongly is handed on as it is.
fn input(arguments: &str) -> Value {
    match serde_json::from_str(arguments) {
        Ok(Value::Object(input)) => Value::Object(input),
        _ if arguments.trim().is_empty() => json!({}),
        _ => json!({"invalid_json": arguments}),
    }
}

/// Puts a completion into the words of the Messages API. `id` is for completions without one.
///
/// # Errors
/// It cannot be read.
pub(in crate::wire::inbound) fn answer(chat: &[u8], id: &str) -> Result<Bytes, Fault> {
    let completion: Completion = serde_json::from_slice(chat)
        .map_err(|_| Fault::nonsense("the provider's answer cannot be put into a message"))?;
    let choice = completion.choices.into_iter().next();
    let finish = choice.as_ref().and_then(|choice| choice.finish_reason.clone());
    let said = choice.and_then(|choice| choice.message).unwrap_or_default();
    let mut content = said.thinking_blocks.unwrap_or_default();
    if let Some(thinking) = said.reasoning_content.filter(|text| content.is_empty() && !text.is_empty()) {
        content.push(json!({"type": "thinking", "thinking": thinking, "signature": UNSIGNED}));
    }
    for text in [said.content, said.refusal].into_iter().flatten().filter(|text| !text.is_empty()) {
        content.push(json!({"type": "text", "text": text}));
    }
    for call in said.tool_calls.unwrap_or_default() {
        let Some(function) = call.function else { continue };
        content.push(
            json!({"type": "tool_use", "id": call.id.unwrap_or_default(), "name": function.name.unwrap_or_default(),
            "input": input(function.arguments.as_deref().unwrap_or_default())}),
        );
    }
    let message = json!({
        "id": message_id(completion.id.as_deref().unwrap_or(id)),
        "type": "message",
        "role": "assistant",
        "model": completion.model.unwrap_or_default(),
        "content": content,
        "stop_reason": stop_reason(finish.as_deref()),
        "stop_sequence": null,
        "usage": usage(&completion.usage.unwrap_or_default()),
    });
    Ok(Bytes::from(message.to_string()))
}
