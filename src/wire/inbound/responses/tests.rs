mod answers;
mod native;
mod request;

use crate::base::ApiError;
use crate::wire::quirks::quirks;
use crate::wire::target::AnswerContext;
use crate::wire::{ChatRequest, Target};
use bytes::Bytes;
use serde_json::{Value, json};

const CONTEXT: AnswerContext<'static> =
    AnswerContext { id: "chatcmpl-0a-1b", created: 7, model: "m", include_usage: true };

fn target(kind: &str) -> Target<'static> {
    let quirks = quirks(kind);
    Target {
        quirks,
        dialect: quirks.dialect,
        model: "served",
        info: None,
        refuse_unsupported: false,
        anthropic_version: "2023-06-01",
    }
}

/// Remembers nothing.
fn parse(body: &Value) -> Result<ChatRequest, ApiError> {
    ChatRequest::parse_responses(&Bytes::from(body.to_string()), &|_| None)
}

fn with(more: Value) -> Value {
    let mut body = json!({"model": "auto", "input": "hi"});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

fn as_chat(more: Value) -> Value {
    serde_json::from_slice(parse(&with(more)).unwrap().body()).unwrap()
}
