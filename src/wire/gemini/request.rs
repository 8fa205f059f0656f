//! A conversation as a `generateContent` request. The body holds only what Gemini knows: it refuses the rest.

use super::contents::{self, Content};
use super::schema;
use super::thinking::{self, Thinking};
use super::tools::{self, ToolConfig, ToolList};
use crate::base::ApiError;
use crate::wire::conversation::{Conversation, ResponseFormat};
use crate::wire::policy::{Policy, is_neutral, leave_user_out, one_answer_of_tools, stops, unsupported};
use crate::wire::target::{Outgoing, Target};
use crate::wire::vertex;
use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Texts that may end an answer, at most.
const MAX_STOPS: usize = 5;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    system_instruction: Option<Content<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<[ToolList<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_config: Option<ToolConfig<'a>>,
    contents: Vec<Content<'a>>,
    generation_config: Generation<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    safety_settings: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_tier: Option<&'static str>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Generation<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    max_output_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_k: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    presence_penalty: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frequency_penalty: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stop_sequences: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_logprobs: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logprobs: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_mime_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_json_schema: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking_config: Option<Thinking>,
}

/// Writes the request.
///
/// # Errors
/// `unsupported_parameter` for what Gemini cannot do, `invalid_request` for a conversation that breaks the
/// rules of tool calls; `param` names the place in the caller's body.
pub(crate) fn encode(conversation: &Conversation<'_>, target: &Target<'_>) -> Result<Outgoing, ApiError> {
    one_answer_of_tools(conversation, "Gemini", "is asked for")?;
    let mut policy = Policy::new(target.refuse_unsupported);
    let (tools, tool_config) = tools::plan(conversation, &mut policy)?;
    let mut generation = generation(conversation, target, &mut policy)?;
    format(conversation, &mut generation, &mut policy)?;
    let service_tier = extra(conversation, &mut policy)?;
    let at_vertex = target.quirks.publisher.is_some();
    let body = Body {
        system_instruction: contents::system(&conversation.messages)?,
        tools: tools.map(|tools| [tools]),
        tool_config,
        contents: contents::contents(&conversation.messages, &mut policy)?,
        generation_config: generation,
        safety_settings: conversation.extra("safety_settings"),
        service_tier: service_tier.filter(|_| !at_vertex),
    };
    let body = serde_json::to_vec(&body).expect("texts, numbers and JSON are JSON");
    Ok(Outgoing {
        path: path(target.model, if conversation.stream { "streamGenerateContent?alt=sse" } else { "generateContent" }),
        headers: service_tier.filter(|_| at_vertex).map(vertex::tier).into_iter().collect(),
        body: Bytes::from(body),
        dropped: policy.into_dropped(),
        stream: conversation.stream,
    })
}

/// `/models/{model}:{action}`; a tuned model keeps the collection that it names itself.
pub(super) fn path(model: &str, action: &str) -> Cow<'static, str> {
    let model = model.strip_prefix("models/").unwrap_or(model);
    let collection = if model.starts_with("tunedModels/") { "/" } else { "/models/" };
    let mut path = String::from(collection);
    for byte in model.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~@:/".contains(&byte) {
            path.push(char::from(byte));
        } else {
            path.push_str(&format!("%{byte:02X}"));
        }
    }
    path.push(':');
    path.push_str(action);
    Cow::Owned(path)
}

fn generation<'a>(
    conversation: &'a Conversation<'_>,
    target: &Target<'_>,
    policy: &mut Policy,
) -> Result<Generation<'a>, ApiError> {
    let stop_sequences = stops(conversation, "Gemini", MAX_STOPS, policy)?;
    let wants_logprobs = conversation.extra("logprobs").is_some_and(|value| value.get() == "true");
    Ok(Generation {
        max_output_tokens: conversation.max_output_tokens,
        temperature: conversation.temperature,
        top_p: conversation.top_p,
        top_k: conversation.extra("top_k"),
        seed: conversation.extra("seed"),
        presence_penalty: conversation.extra("presence_penalty"),
        frequency_penalty: conversation.extra("frequency_penalty"),
        stop_sequences,
        response_logprobs: wants_logprobs.then_some(true),
        logprobs: conversation.extra("top_logprobs").filter(|_| wants_logprobs),
        thinking_config: thinking::plan(conversation, target, policy)?,
        ..Generation::default()
    })
}

fn format(
    conversation: &Conversation<'_>,
    generation: &mut Generation<'_>,
    policy: &mut Policy,
) -> Result<(), ApiError> {
    const JSON: Option<&str> = Some("application/json");
    match &conversation.response_format {
        ResponseFormat::Text => {}
        ResponseFormat::JsonObject => generation.response_mime_type = JSON,
        ResponseFormat::JsonSchema { schema, .. } => {
            generation.response_mime_type = JSON;
            if let Some(schema) = schema {
                let at = "response_format.json_schema.schema";
                generation.response_json_schema = Some(schema::adapted(schema, at, policy)?);
            }
        }
    }
    Ok(())
}

/// The members that no field holds: read elsewhere, mapped, left out or refused. Returns the service tier.
fn extra(conversation: &Conversation<'_>, policy: &mut Policy) -> Result<Option<&'static str>, ApiError> {
    let mut tier = None;
    leave_user_out(conversation, policy);
    for (name, value) in &conversation.extra {
        let json = value.get();
        match (&**name, json) {
            (
                "top_k" | "seed" | "presence_penalty" | "frequency_penalty" | "logprobs" | "top_logprobs"
                | "safety_settings",
                _,
            ) => {}
            ("service_tier", "\"auto\"" | "\"default\"") => {}
            ("service_tier", "\"flex\"") => tier = Some("flex"),
            ("service_tier", "\"priority\"") => tier = Some("priority"),
            ("modalities", json) if !json.contains("audio") => {}
            ("modalities" | "audio", _) => {
                return Err(unsupported(name, "Gemini answers with text here: choose another model for audio."));
            }
            (name, json) if is_neutral(name, json) => {}
            (name @ ("logit_bias" | "verbosity" | "web_search_options"), _) => {
                policy.cannot(name, "Gemini has no such parameter: leave it out, or choose another model.")?;
            }
            (name, _) => policy.leave_out(name),
        }
    }
    Ok(tier)
}
