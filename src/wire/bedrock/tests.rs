//! The translation through its public face: chat bodies in, Converse bodies out, and back.

mod answers;
mod embeddings;
mod request;
mod turns;

use crate::base::{ApiError, Capability, ModelInfo, ModelRef};
use crate::wire::{ChatRequest, Dialect, Given, Outgoing, Target, encode_chat, quirks};
use bytes::Bytes;
use serde_json::{Value, json};

const CLAUDE: &str = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0";
const NOVA: &str = "amazon.nova-lite-v1:0";
const LLAMA: &str = "us.meta.llama4-scout-17b-instruct-v1:0";

/// What the catalogue says of models that can do most things.
fn info() -> ModelInfo {
    use Capability::{AssistantPrefill, Reasoning, ResponseSchema, Tools, Vision};
    let mut info = ModelInfo::unknown(ModelRef::new("bedrock", CLAUDE));
    info.max_output_tokens = Some(64_000);
    for capability in [AssistantPrefill, Reasoning, ResponseSchema, Tools, Vision] {
        info.capabilities.set(capability, true);
    }
    info
}

/// A request with these members beside a question.
fn asking(members: Value) -> Value {
    let mut body = json!({"model": "r", "messages": [{"role": "user", "content": "Weather?"}]});
    body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    body
}

fn outgoing(model: &str, body: &Value, refuse_unsupported: bool) -> Result<Outgoing, ApiError> {
    let info = info();
    let target = Target {
        quirks: quirks("bedrock"),
        dialect: Dialect::Bedrock,
        model,
        info: Some(&info),
        refuse_unsupported,
        anthropic_version: "2023-06-01",
    };
    let request = ChatRequest::parse(Bytes::from(body.to_string())).unwrap();
    encode_chat(&request, &target, None, &Given::default())
}

/// The body, and what was left out.
fn sent(model: &str, body: &Value) -> (Value, Vec<String>) {
    let outgoing = outgoing(model, body, false).unwrap();
    (serde_json::from_slice(&outgoing.body).unwrap(), outgoing.dropped)
}

/// Code and param of the refusal where nothing is left out.
fn refused(model: &str, body: &Value) -> (&'static str, String) {
    let error = outgoing(model, body, true).unwrap_err();
    (error.code.as_str(), error.param.unwrap_or_default())
}

fn weather() -> Value {
    json!({"type": "function", "function": {"name": "get_weather", "description": "Tells the weather.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}})
}
