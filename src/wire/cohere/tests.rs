//! Requests in tables; recorded answers and streams, whole and cut at every byte.

mod answers;
mod embed;
mod requests;

use crate::wire::{AnswerContext, ChatRequest, Dialect, Target, quirks};
use bytes::Bytes;
use serde_json::{Value, json};

const CONTEXT: AnswerContext<'_> =
    AnswerContext { id: "chatcmpl-1", created: 7, model: "command-a", include_usage: true };

fn target(model: &str, refuse_unsupported: bool) -> Target<'_> {
    let quirks = quirks("cohere");
    let dialect = Dialect::Cohere;
    Target { quirks, dialect, model, info: None, refuse_unsupported, anthropic_version: "" }
}

fn request(more: &Value) -> ChatRequest {
    let mut body = json!({"model": "cohere/x", "messages": [{"role": "user", "content": "hi"}]});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    ChatRequest::parse(Bytes::from(body.to_string())).unwrap()
}
