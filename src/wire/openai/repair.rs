//! Making answers of near-OpenAI providers what clients of OpenAI expect.

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

/// A whole message: role and content always there, no empty list of calls, arguments always a string.
pub(super) fn message(message: &mut Map<String, Value>) {
    texts(message);
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
