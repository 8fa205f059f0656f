//! Answers in OpenAI's dialect, made from a record.

use super::data::{Outcome, replay};
use crate::upstream::body::ReplyBody;
use crate::upstream::error::CallError;
use crate::upstream::send::{Call, Reply};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header::CONTENT_TYPE};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;
use xxhash_rust::xxh3::xxh3_64;

/// A fixed instant: recorded answers are the same at every play.
const CREATED: i64 = 1_735_689_600;

#[derive(Deserialize)]
struct Chat {
    model: String,
    #[serde(default)]
    messages: Vec<Value>,
    #[serde(default)]
    stream: bool,
}

/// What the record says to this call.
pub(in crate::upstream) async fn answer(call: &Call) -> Result<Reply, CallError> {
    Ok(recorded(call))
}

fn recorded(call: &Call) -> Reply {
    if !call.path.ends_with("/chat/completions") {
        return refuse(StatusCode::NOT_FOUND, "the replay provider answers chat completions only");
    }
    let Ok(chat) = serde_json::from_slice::<Chat>(&call.body) else {
        return refuse(StatusCode::BAD_REQUEST, "the replay provider could not read the body");
    };
    let replay = replay();
    if !replay.models.contains(&chat.model) {
        return refuse(StatusCode::NOT_FOUND, "the replay provider has no records of this model");
    }
    let prompt = last_text(&chat.messages);
    let item = replay.find(&prompt);
    let outcome = item.and_then(|item| replay.outcome(&chat.model, item));
    let text = match (item, outcome) {
        (Some(item), Some(outcome)) => format!(
            "[replay] This is a recorded outcome, not a model's answer: {} answered question {} ({}) {}.",
            chat.model,
            item.id,
            item.domain,
            if outcome.quality >= 0.5 { "correctly" } else { "wrongly" },
        ),
        _ => "[replay] There is no record for this prompt. This text is not a model's answer: configure a provider \
              to get one."
            .to_owned(),
    };
    // Without a record the counts are those of the texts, at four bytes a token.
    let outcome = outcome.unwrap_or_else(|| Outcome {
        quality: 0.0,
        input_tokens: (prompt.len() as u64).div_ceil(4),
        output_tokens: (text.len() as u64).div_ceil(4),
    });
    let id = format!("chatcmpl-replay-{:016x}", xxh3_64(&call.body));
    if chat.stream { streamed(&id, &chat.model, &text, outcome) } else { whole(&id, &chat.model, &text, outcome) }
}

fn last_text(messages: &[Value]) -> String {
    let last = messages.iter().rev().find(|message| message["role"] == "user");
    match last.map(|message| &message["content"]) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        _ => String::new(),
    }
}

fn usage(outcome: Outcome) -> Value {
    json!({
        "prompt_tokens": outcome.input_tokens,
        "completion_tokens": outcome.output_tokens,
        "total_tokens": outcome.input_tokens + outcome.output_tokens,
    })
}

fn whole(id: &str, model: &str, text: &str, outcome: Outcome) -> Reply {
    let body = json!({
        "id": id, "object": "chat.completion", "created": CREATED, "model": model,
        "choices": [{"index": 0, "finish_reason": "stop", "logprobs": null,
            "message": {"role": "assistant", "content": text, "refusal": null}}],
        "usage": usage(outcome), "system_fingerprint": "floopy-replay",
    });
    reply(StatusCode::OK, "application/json", [Bytes::from(body.to_string())])
}

fn streamed(id: &str, model: &str, text: &str, outcome: Outcome) -> Reply {
    let chunk = |choices: Value, usage: Value| {
        let event = json!({
            "id": id, "object": "chat.completion.chunk", "created": CREATED, "model": model, "choices": choices,
            "usage": usage, "system_fingerprint": "floopy-replay",
        });
        Bytes::from(format!("data: {event}\n\n"))
    };
    let delta = |delta: Value, finish: Value| {
        chunk(json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish}]), Value::Null)
    };
    let mut events = vec![delta(json!({"role": "assistant", "content": ""}), Value::Null)];
    events.extend(text.split_inclusive(' ').map(|word| delta(json!({"content": word}), Value::Null)));
    events.push(delta(json!({}), json!("stop")));
    events.push(chunk(json!([]), usage(outcome)));
    events.push(Bytes::from_static(b"data: [DONE]\n\n"));
    reply(StatusCode::OK, "text/event-stream", events)
}

fn refuse(status: StatusCode, message: &str) -> Reply {
    let code = if status == StatusCode::NOT_FOUND { "model_not_found" } else { "invalid_request" };
    let body = json!({"error": {"message": message, "type": "invalid_request_error", "param": null, "code": code}});
    reply(status, "application/json", [Bytes::from(body.to_string())])
}

fn reply(status: StatusCode, kind: &'static str, parts: impl IntoIterator<Item = Bytes>) -> Reply {
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(kind))]);
    Reply { status, headers, body: ReplyBody::recorded(parts), connect: Duration::ZERO, first_byte: Duration::ZERO }
}
