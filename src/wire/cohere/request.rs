//! A conversation as a `/v2/chat` request. The body holds only what Cohere knows.

use super::messages::{self, Spoken};
use super::thinking::{self, Thinking};
use super::tools::{self, Function};
use crate::base::{ApiError, Code};
use crate::wire::conversation::{Conversation, ResponseFormat};
use crate::wire::policy::{Policy, is_neutral, leave_user_out, one_answer_of_tools, stops, unsupported};
use crate::wire::target::{Outgoing, Target};
use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Texts that may end an answer, at most.
const MAX_STOPS: usize = 5;
/// What `top_p` may be; 1 is said by leaving it out.
const TOP_P: (f64, f64) = (0.01, 0.99);
/// Highest `top_k`.
const MAX_TOP_K: u64 = 500;

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    stream: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Function<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<&'static str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    strict_tools: bool,
    messages: Vec<Spoken<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<Format<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<Thinking<'a>>,
    #[serde(flatten)]
    sampling: Sampling<'a>,
    #[serde(flatten)]
    own: Own<'a>,
}

#[derive(Serialize)]
struct Sampling<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    k: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stop_sequences: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frequency_penalty: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    presence_penalty: Option<f64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    logprobs: bool,
}

/// Members of Cohere's own that a caller may send along.
#[derive(Serialize)]
struct Own<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    documents: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    citation_options: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    safety_mode: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<&'a RawValue>,
}

/// `response_format`: the schema stands bare, without a name.
#[derive(Serialize)]
struct Format<'a> {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    json_schema: Option<&'a RawValue>,
}

/// Writes the request.
///
/// # Errors
/// `unsupported_parameter` for what Cohere cannot do, `invalid_request` for what nobody can; `param` names the place
/// in the caller's body.
pub(crate) fn encode(conversation: &Conversation<'_>, target: &Target<'_>) -> Result<Outgoing, ApiError> {
    one_answer_of_tools(conversation, "Cohere", "gives")?;
    let mut policy = Policy::new(target.refuse_unsupported);
    let plan = tools::plan(conversation, &mut policy)?;
    let own = own(conversation, &mut policy)?;
    let body = Body {
        model: target.model,
        stream: conversation.stream,
        tools: plan.functions,
        tool_choice: plan.choice,
        strict_tools: plan.strict,
        messages: messages::spoken(&conversation.messages, &mut policy)?,
        response_format: format(conversation)?,
        thinking: thinking::plan(conversation, target, &mut policy)?,
        sampling: sampling(conversation, &mut policy)?,
        own,
    };
    leave_out(conversation, &mut policy)?;
    let body = serde_json::to_vec(&body).expect("texts, numbers and JSON are JSON");
    Ok(Outgoing {
        path: Cow::Borrowed("/v2/chat"),
        headers: Vec::new(),
        body: Bytes::from(body),
        dropped: policy.into_dropped(),
        stream: conversation.stream,
    })
}

fn sampling<'a>(conversation: &'a Conversation<'_>, policy: &mut Policy) -> Result<Sampling<'a>, ApiError> {
    let stop_sequences = stops(conversation, "Cohere", MAX_STOPS, policy)?;
    let k = conversation.extra("top_k").map(|raw| number::<u64>(raw, "top_k")).transpose()?;
    Ok(Sampling {
        max_tokens: conversation.max_output_tokens,
        temperature: conversation.temperature,
        p: conversation.top_p.filter(|p| *p < 1.0).map(|p| p.clamp(TOP_P.0, TOP_P.1)),
        k: k.map(|k| k.min(MAX_TOP_K)),
        stop_sequences,
        seed: conversation.extra("seed"),
        frequency_penalty: penalty(conversation, "frequency_penalty", policy)?,
        presence_penalty: penalty(conversation, "presence_penalty", policy)?,
        logprobs: conversation.extra("logprobs").is_some_and(|value| value.get() == "true"),
    })
}

fn number<'a, T: serde::Deserialize<'a>>(raw: &'a RawValue, param: &str) -> Result<T, ApiError> {
    serde_json::from_str(raw.get())
        .map_err(|_| ApiError::new(Code::InvalidRequest, format!("{param} must be a number.")).param(param))
}

/// A penalty from 0 to 1; what lies outside cannot be honoured and is moved to the nearer end.
fn penalty(conversation: &Conversation<'_>, name: &str, policy: &mut Policy) -> Result<Option<f64>, ApiError> {
    let Some(raw) = conversation.extra(name).filter(|raw| !is_neutral(name, raw.get())) else { return Ok(None) };
    let wanted: f64 = number(raw, name)?;
    let sent = wanted.clamp(0.0, 1.0);
    if (wanted - sent).abs() > f64::EPSILON {
        policy.cannot(name, "Cohere's penalties lie between 0 and 1.")?;
    }
    Ok(Some(sent))
}

fn format<'a>(conversation: &Conversation<'a>) -> Result<Option<Format<'a>>, ApiError> {
    let json_schema = match &conversation.response_format {
        ResponseFormat::Text => return Ok(None),
        ResponseFormat::JsonObject => None,
        ResponseFormat::JsonSchema { schema, .. } => *schema,
    };
    if !conversation.tools.is_empty() || conversation.extra("documents").is_some() {
        let why =
            "Cohere holds an answer to JSON only where there are no tools and no documents: leave one of them out.";
        return Err(unsupported("response_format", why));
    }
    Ok(Some(Format { r#type: "json_object", json_schema }))
}

fn own<'a>(conversation: &Conversation<'a>, policy: &mut Policy) -> Result<Own<'a>, ApiError> {
    let documents = conversation.extra("documents");
    let mut safety_mode = conversation.extra("safety_mode");
    if safety_mode.is_some() && (documents.is_some() || !conversation.tools.is_empty()) {
        policy.cannot("safety_mode", "Cohere has no safety mode beside tools or documents.")?;
        safety_mode = None;
    }
    let citation_options = conversation.extra("citation_options");
    Ok(Own { documents, citation_options, safety_mode, priority: conversation.extra("priority") })
}

/// The members that nothing above reads: left out, or refused.
fn leave_out(conversation: &Conversation<'_>, policy: &mut Policy) -> Result<(), ApiError> {
    leave_user_out(conversation, policy);
    for (name, value) in &conversation.extra {
        match (&**name, value.get()) {
            (
                "top_k" | "seed" | "presence_penalty" | "frequency_penalty" | "logprobs" | "documents"
                | "citation_options" | "safety_mode" | "priority" | "thinking",
                _,
            ) => {}
            ("modalities", json) if !json.contains("audio") => {}
            ("modalities" | "audio", _) => {
                return Err(unsupported(name, "Cohere answers with text only: choose another model for audio."));
            }
            (name, json) if is_neutral(name, json) => {}
            (name @ ("logit_bias" | "top_logprobs" | "verbosity" | "web_search_options"), _) => {
                policy.cannot(name, "Cohere has no such parameter: leave it out, or choose another model.")?;
            }
            (name, _) => policy.leave_out(name),
        }
    }
    Ok(())
}
