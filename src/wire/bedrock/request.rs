//! A conversation as a Converse request. The body holds only what Bedrock knows: it refuses the rest.

use super::block::Block;
use super::cache;
use super::fields::{self, Fields};
use super::model::{Family, Model};
use super::tools::{self, ToolConfig};
use super::turns::{self, Turn};
use crate::base::ApiError;
use crate::wire::anthropic::format::{self, Format};
use crate::wire::anthropic::thinking::{self, Obstacles};
use crate::wire::anthropic::tools::plan;
use crate::wire::conversation::{Conversation, ResponseFormat, Role};
use crate::wire::policy::{Policy, is_neutral, leave_user_out, one_answer_of_tools, unsupported};
use crate::wire::target::{Outgoing, Target, segment};
use bytes::Bytes;
use http::HeaderValue;
use http::header::ACCEPT;
use serde::Serialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Bedrock's own members that travel as they are when a caller sends them.
const OWN: [&str; 3] = ["guardrailConfig", "performanceConfig", "requestMetadata"];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    system: Vec<Block<'a>>,
    messages: Vec<Turn<'a>>,
    #[serde(skip_serializing_if = "Inference::is_unsaid")]
    inference_config: Inference<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_config: Option<ToolConfig<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_config: Option<OutputConfig<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    guardrail_config: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    performance_config: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_metadata: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_tier: Option<ServiceTier>,
    #[serde(skip_serializing_if = "Fields::is_empty")]
    additional_model_request_fields: Fields,
}

#[derive(Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Inference<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stop_sequences: Vec<&'a str>,
}

impl Inference<'_> {
    fn is_unsaid(&self) -> bool {
        *self == Self::default()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OutputConfig<'a> {
    text_format: TextFormat<'a>,
}

#[derive(Serialize)]
struct TextFormat<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    structure: Structure<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Structure<'a> {
    json_schema: JsonSchema<'a>,
}

#[derive(Serialize)]
struct JsonSchema<'a> {
    /// JSON as a text.
    schema: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
}

#[derive(Serialize)]
struct ServiceTier {
    #[serde(rename = "type")]
    kind: &'static str,
}

/// Writes the request.
///
/// # Errors
/// `unsupported_parameter` for what Bedrock cannot do, `invalid_request` for a conversation that breaks the rules of
/// tool calls; `param` names the place in the caller's body.
pub(crate) fn encode(conversation: &Conversation<'_>, target: &Target<'_>) -> Result<Outgoing, ApiError> {
    one_answer_of_tools(conversation, "Bedrock", "gives")?;
    let model = Model::of(target);
    let mut policy = Policy::new(target.refuse_unsupported);
    let format = format::decide(conversation, &model.facts)?;
    let offered = plan(conversation, &format, &model.facts, &mut policy)?;
    let prefill = model.facts.prefill && !matches!(format, Format::Schema(_));
    let mut fields = Fields::new();
    let mut thinks = false;
    let mut max_tokens = conversation.max_output_tokens;
    if let (Some(given), Some(most)) = (max_tokens, model.facts.max_output) {
        max_tokens = Some(given.min(most));
    }
    if model.family == Family::Claude {
        let ends_with_assistant = conversation.messages.last().is_some_and(|last| last.role == Role::Assistant);
        let obstacles = Obstacles { forced_tool: offered.forces(), prefill: prefill && ends_with_assistant };
        let thinking = thinking::plan(conversation, &model.facts, obstacles, &mut policy)?;
        fields::claude(&thinking, &mut fields);
        thinks = thinking.thinks;
        max_tokens = Some(thinking.max_tokens);
    } else {
        fields::effort(conversation, &model, &mut fields, &mut policy)?;
    }
    let free = model.facts.sampling && !thinks;
    let inference_config = inference(conversation, &model, max_tokens, free, &mut policy)?;
    fields::top_k(conversation, &model, free, &mut fields, &mut policy)?;
    let (mut tool_config, single) = tools::config(&offered, conversation, &model, &mut policy)?;
    fields.extend(single.map(|choice| ("tool_choice".to_owned(), choice)));
    fields::own(conversation, &mut fields)?;
    let instruction = if let Format::Instruction(text) = &format { Some(text.as_str()) } else { None };
    let mut system = turns::system(&conversation.messages, instruction, &model, &mut policy)?;
    let mut messages = turns::turns(&conversation.messages, &model, prefill, &mut policy)?;
    let tools = tool_config.as_mut().map(|config| &mut config.tools);
    cache::limit(tools.unwrap_or(&mut Vec::new()), &mut system, &mut messages, &mut policy);
    let service_tier = extra(conversation, &model, &mut policy)?;
    let body = Body {
        system,
        messages,
        inference_config,
        tool_config,
        output_config: output_config(conversation, &format),
        guardrail_config: conversation.extra("guardrailConfig"),
        performance_config: conversation.extra("performanceConfig"),
        request_metadata: conversation.extra("requestMetadata"),
        service_tier,
        additional_model_request_fields: fields,
    };
    let body = serde_json::to_vec(&body).expect("texts, numbers and JSON are JSON");
    let (action, accept) = if conversation.stream {
        ("converse-stream", "application/vnd.amazon.eventstream")
    } else {
        ("converse", "application/json")
    };
    Ok(Outgoing {
        path: path(target.model, action),
        headers: vec![(ACCEPT, HeaderValue::from_static(accept))],
        body: Bytes::from(body),
        dropped: policy.into_dropped(),
        stream: conversation.stream,
    })
}

/// `/model/{model}/{action}`. The model is one segment: the `:` and `/` of ids and ARNs are encoded.
pub(super) fn path(model: &str, action: &str) -> Cow<'static, str> {
    Cow::Owned(format!("/model/{}/{action}", segment(model)))
}

/// Length, sampling and stops, as far as the model takes them. What says no more than the default is not missed.
fn inference<'a>(
    conversation: &'a Conversation<'_>,
    model: &Model,
    max_tokens: Option<u64>,
    free: bool,
    policy: &mut Policy,
) -> Result<Inference<'a>, ApiError> {
    let mut inference = Inference { max_tokens, ..Inference::default() };
    let why = "This model samples as it sees fit, at least while it thinks: leave it out.";
    if let Some(temperature) = conversation.temperature {
        if free {
            // OpenAI's scale ends at 2, Bedrock's at 1.
            if temperature > 1.0 {
                policy.cannot("temperature", "Bedrock's temperature ends at 1.")?;
            }
            inference.temperature = Some(temperature.min(1.0));
        } else if (temperature - 1.0).abs() > f64::EPSILON {
            policy.cannot("temperature", why)?;
        }
    }
    if let Some(top_p) = conversation.top_p.filter(|top_p| *top_p < 1.0) {
        if !free {
            policy.cannot("top_p", why)?;
        } else if inference.temperature.is_some() && model.family == Family::Claude {
            policy.cannot("top_p", "Claude takes temperature or top_p, not both: leave one out.")?;
        } else {
            inference.top_p = Some(top_p);
        }
    }
    for stop in &conversation.stop {
        if stop.trim().is_empty() {
            policy.leave_out("stop");
        } else {
            inference.stop_sequences.push(stop);
        }
    }
    Ok(inference)
}

fn output_config<'a>(conversation: &'a Conversation<'_>, format: &'a Format<'_>) -> Option<OutputConfig<'a>> {
    let (Format::Schema(schema), ResponseFormat::JsonSchema { name, description, .. }) =
        (format, &conversation.response_format)
    else {
        return None;
    };
    let json_schema = JsonSchema { schema, name, description: description.as_deref() };
    Some(OutputConfig { text_format: TextFormat { kind: "json_schema", structure: Structure { json_schema } } })
}

/// The members that no field of the conversation holds: read elsewhere, mapped, left out or refused. Returns the
/// service tier.
fn extra(conversation: &Conversation<'_>, model: &Model, policy: &mut Policy) -> Result<Option<ServiceTier>, ApiError> {
    leave_user_out(conversation, policy);
    let mut tier = None;
    for (name, value) in &conversation.extra {
        match (&**name, value.get()) {
            ("top_k", _) | ("service_tier", "\"auto\"") => {}
            (name, _) if OWN.contains(&name) || name == fields::OWN => {}
            ("thinking", _) if model.family == Family::Claude => {}
            ("thinking", _) => policy.cannot("thinking", "Only Claude takes this: send reasoning_effort.")?,
            ("service_tier", "\"default\"") => tier = Some("default"),
            ("service_tier", "\"flex\"") => tier = Some("flex"),
            ("service_tier", "\"priority\"") => tier = Some("priority"),
            ("modalities", json) if !json.contains("audio") => {}
            ("modalities" | "audio", _) => {
                return Err(unsupported(name, "Bedrock's models do not speak here: ask for text."));
            }
            (name, json) if is_neutral(name, json) => {}
            (
                name @ ("seed" | "logit_bias" | "logprobs" | "top_logprobs" | "presence_penalty" | "frequency_penalty"
                | "verbosity" | "web_search_options"),
                _,
            ) => policy.cannot(name, "Bedrock has no such parameter: leave it out, or choose another model.")?,
            (name, _) => policy.leave_out(name),
        }
    }
    Ok(tier.map(|kind| ServiceTier { kind }))
}
