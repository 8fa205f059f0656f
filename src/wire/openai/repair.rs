//! Making answers of near-OpenAI providers what clients of OpenAI expect.

use super::{citations, think};
use crate::wire::fault::Fault;
use crate::wire::quirks::Quirks;
use crate::wire::target::Finish;
use serde_json::{Map, Value, json};

/// OpenAI's word for a provider's reason to end; `None` for "not yet".
pub(super) fn finish(word: Option<&str>, has_tool_calls: bool) -> Option<Finish> {
    let finish = match word? {
        "stop" | "" | "eos" | "end_turn" | "error" if has_tool_calls => Finish::ToolCalls,
        "length" | "model_length" | "max_tokens" => Finish::Length,
        "tool_calls" | "function_call" => Finish::ToolCalls,
        "content_filter" => Finish::ContentFilter,
        _ => Finish::Stop,
    };
    Some(finish)
}

/// The error that stands where an answer should.
pub(super) fn error_of(answer: &Map<String, Value>) -> Option<Fault> {
    let is_error = |error: &&Value| error.is_object() || error.as_str().is_some_and(|text| !text.is_empty());
    let own = answer.get("error").filter(is_error);
    let error = own.or_else(|| answer.get("x_groq").and_then(|groq| groq.get("error")).filter(is_error))?;
    Some(Fault::inside(&json!({ "error": error, "status_code": answer.get("status_code") })))
}

/// The failure that a reason to end means. `produced`: there is something to show for it.
pub(super) fn failure(word: &str, produced: bool) -> Option<Fault> {
    match word {
        "insufficient_system_resource" => {
            Some(Fault::inside(&json!({"error": {"message": "the provider is overloaded", "code": "overloaded"}})))
        }
        "error" if !produced => Some(Fault::nonsense("the model ended without an answer")),
        _ => None,
    }
}

/// Moves what is thought to `reasoning_content` and what is said to `content`, in a message or a delta.
pub(super) fn texts(message: &mut Map<String, Value>) {
    if let Some(reasoning) = message.remove("reasoning").filter(|reasoning| reasoning.is_string())
        && !message.contains_key("reasoning_content")
    {
        message.insert("reasoning_content".into(), reasoning);
    }
    let Some(Value::Array(parts)) = message.get("content") else { return };
    let (mut said, mut thought) = (String::new(), String::new());
    for part in parts {
        if part["type"] == "thinking" {
            for inner in part["thinking"].as_array().into_iter().flatten() {
                thought.push_str(inner["text"].as_str().unwrap_or_default());
            }
        } else {
            said.push_str(part["text"].as_str().unwrap_or_default());
        }
    }
    message.insert("content".into(), Value::String(said));
    if !thought.is_empty() {
        message.insert("reasoning_content".into(), Value::String(thought));
    }
}

/// A whole message: role and content always there, no empty list of calls, arguments always a string, what is thought
/// apart from what is said, and a note of each source.
pub(super) fn message(message: &mut Map<String, Value>, quirks: &Quirks, sources: &[citations::Source]) {
    texts(message);
    let text = message.get("content").and_then(Value::as_str).unwrap_or_default();
    if let Some(added) = think::split(text).filter(|_| quirks.think_tags) {
        message.insert("content".into(), Value::String(added.said));
        message.entry("reasoning_content").or_insert(Value::String(added.thought));
    }
    let text = message.get("content").and_then(Value::as_str).unwrap_or_default();
    if let Some(annotations) = citations::annotations(text, sources) {
        message.insert("annotations".into(), annotations);
    }
    message.insert("role".into(), json!("assistant"));
    message.entry("content").or_insert(Value::Null);
    message.entry("refusal").or_insert(Value::Null);
    let calls = message.get_mut("tool_calls").and_then(Value::as_array_mut).map(std::mem::take).unwrap_or_default();
    message.remove("tool_calls");
    if !calls.is_empty() {
        let calls: Vec<Value> = calls.into_iter().enumerate().map(|(index, call)| tool_call(call, index)).collect();
        message.insert("tool_calls".into(), Value::Array(calls));
    }
}

fn tool_call(call: Value, index: usize) -> Value {
    let Value::Object(mut call) = call else { return call };
    if !call.get("id").is_some_and(Value::is_string) {
        call.insert("id".into(), json!(format!("call_{index}")));
    }
    call.entry("type").or_insert_with(|| json!("function"));
    if let Some(function) = call.get_mut("function").and_then(Value::as_object_mut) {
        let arguments = function.remove("arguments").unwrap_or_default();
        function.insert("arguments".into(), json!(arguments_text(&arguments, "{}")));
    }
    Value::Object(call)
}

/// The text of arguments in whatever form they came; `empty` where there are none.
pub(super) fn arguments_text(arguments: &Value, empty: &str) -> String {
    match arguments {
        Value::String(text) if text.is_empty() => empty.to_owned(),
        Value::String(text) => text.clone(),
        Value::Null => empty.to_owned(),
        other => other.to_string(),
    }
}
