//! The translation through its public face: chat bodies in, Messages bodies out, and back.

mod answers;
mod formats;
mod messages;
mod properties;
mod request;

use super::{Stream, decode, encode};
use crate::base::{ApiError, Capability, ModelInfo, ModelRef};
use crate::wire::conversation::conversation;
use crate::wire::{ChatRequest, Dialect, Target, quirks};
use serde_json::{Value, json};

/// A model with these capabilities stated.
fn model(yes: &[Capability], no: &[Capability]) -> ModelInfo {
    let mut info = ModelInfo::unknown(ModelRef::new("anthropic", "claude-x"));
    info.max_output_tokens = Some(64_000);
    for capability in yes {
        info.capabilities.set(*capability, true);
    }
    for capability in no {
        info.capabilities.set(*capability, false);
    }
    info
}

/// A model that thinks within a budget and takes schemas, like the 4.5 family.
fn budget_model() -> ModelInfo {
    use Capability::{AssistantPrefill, Reasoning, ResponseSchema, Tools, Vision};
    model(&[AssistantPrefill, Reasoning, ResponseSchema, Tools, Vision], &[])
}

/// A model that thinks as it sees fit, like the newest.
fn adaptive_model() -> ModelInfo {
    use Capability::{AdaptiveThinking, AssistantPrefill, EffortMax, EffortXhigh, Reasoning, ResponseSchema};
    use Capability::{MidConversationSystem, SamplingParams};
    model(
        &[AdaptiveThinking, EffortMax, EffortXhigh, Reasoning, ResponseSchema, MidConversationSystem],
        &[AssistantPrefill, SamplingParams],
    )
}

/// A model that always thinks and cannot be made to call a tool.
fn always_model() -> ModelInfo {
    let mut info = adaptive_model();
    info.capabilities.set(Capability::ThinkingAlwaysOn, true);
    info.capabilities.set(Capability::ForcedToolUse, false);
    info
}

fn target<'a>(info: Option<&'a ModelInfo>, refuse_unsupported: bool) -> Target<'a> {
    Target {
        quirks: quirks("anthropic"),
        dialect: Dialect::AnthropicMessages,
        model: "claude-x",
        info,
        refuse_unsupported,
        anthropic_version: "2023-06-01",
    }
}

fn encode_text(body: &Value, info: Option<&ModelInfo>, refuse: bool) -> Result<(String, Vec<String>), ApiError> {
    let body = serde_json::to_vec(body).unwrap();
    let read = conversation(&body)?;
    let out = encode(&read, &target(info, refuse))?;
    assert_eq!(out.path, "/v1/messages");
    assert_eq!(out.stream, read.stream);
    Ok((String::from_utf8(out.body.to_vec()).unwrap(), out.dropped))
}

/// The request that goes out, and what was left out of it.
fn encoded(body: &Value, info: &ModelInfo) -> (Value, Vec<String>) {
    let (text, dropped) = encode_text(body, Some(info), false).unwrap_or_else(|error| panic!("{body}: {error}"));
    (serde_json::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}")), dropped)
}

/// The parameter that a refusal names.
fn refused(body: &Value, info: &ModelInfo, refuse: bool) -> (&'static str, String) {
    let error = encode_text(body, Some(info), refuse).expect_err(&body.to_string());
    (error.code.as_str(), error.param.unwrap_or_default())
}

/// A chat body of these messages.
fn chat(messages: Value) -> Value {
    json!({"model": "m", "messages": messages})
}

/// A chat body with one user message and these members.
fn asking(members: Value) -> Value {
    let mut body = chat(json!([{"role": "user", "content": "q"}]));
    for (name, value) in members.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}
