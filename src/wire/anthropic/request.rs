//! A conversation as a Messages request. The body is built from a list of what Anthropic knows: it refuses the rest.
//!
//! The bytes depend on the conversation alone, and their order never changes, so that prompt caches hit: tools,
//! then system, then messages.

use super::body::Body;
use super::facts::Facts;
use super::format::{self, Format};
use super::messages::{self, Habits};
use super::thinking::{self, Obstacles, Thinking};
use super::tools;
use crate::base::ApiError;
use crate::wire::conversation::read::Text;
use crate::wire::conversation::{Conversation, Role};
use crate::wire::policy::{Policy, is_neutral, one_answer_of_tools, unsupported};
use crate::wire::target::{Outgoing, Target};
use bytes::Bytes;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Cache breakpoints that one request may hold, the top-level one included.
const MAX_BREAKPOINTS: usize = 4;
/// Longest `metadata.user_id`.
const MAX_USER_ID: usize = 256;
/// Anthropic's own members that travel as they are when a caller sends them.
const OWN: [&str; 5] = ["cache_control", "container", "diagnostics", "inference_geo", "speed"];

/// Writes the request.
///
/// # Errors
/// `unsupported_parameter` for what Anthropic cannot do, `invalid_request` for a conversation that breaks
/// the rules of tool calls; `param` names the place in the caller's body.
pub(crate) fn encode(conversation: &Conversation<'_>, target: &Target<'_>) -> Result<Outgoing, ApiError> {
    one_answer_of_tools(conversation, "Anthropic", "gives")?;
    let facts = Facts::of(target);
    let mut policy = Policy::new(target.refuse_unsupported);
    let format = format::decide(conversation, &facts)?;
    let tools = tools::plan(conversation, &format, &facts, &mut policy)?;
    // A model that is held to a schema does not continue what somebody else began.
    let prefill = facts.prefill && !matches!(format, Format::Schema(_));
    let ends_with_assistant = conversation.messages.last().is_some_and(|last| last.role == Role::Assistant);
    let obstacles = Obstacles { forced_tool: tools.forces(), prefill: prefill && ends_with_assistant };
    let thinking = thinking::plan(conversation, &facts, obstacles, &mut policy)?;

    let mut body = Body::with_capacity(messages::length(&conversation.messages) + 4096);
    body.raw("{\"model\":");
    body.string(target.model);
    body.raw(",\"max_tokens\":");
    body.number(thinking.max_tokens);
    tools.write(&mut body);
    let instruction = if let Format::Instruction(text) = &format { Some(text.as_str()) } else { None };
    messages::write_system(&mut body, &conversation.messages, instruction)?;
    body.raw(",\"messages\":");
    let habits = Habits { mid_system: facts.mid_system, prefill };
    messages::write(&mut body, &conversation.messages, habits, &mut policy)?;
    write_stop(&mut body, conversation, &mut policy);
    write_sampling(&mut body, conversation, &facts, thinking.thinks, &mut policy)?;
    write_thinking(&mut body, thinking.thinking);
    write_output_config(&mut body, thinking.effort, &format);
    write_user(&mut body, conversation, &mut policy);
    write_extra(&mut body, conversation, &mut policy)?;
    if conversation.stream {
        body.raw(",\"stream\":true");
    }
    body.raw("}");
    let (body, too_many) = body.finish(MAX_BREAKPOINTS - usize::from(conversation.extra("cache_control").is_some()));
    if too_many {
        policy.leave_out("cache_control");
    }
    Ok(Outgoing {
        path: Cow::Borrowed("/v1/messages"),
        headers: Vec::new(),
        body: Bytes::from(body),
        dropped: policy.into_dropped(),
        stream: conversation.stream,
    })
}

fn write_stop(body: &mut Body, conversation: &Conversation<'_>, policy: &mut Policy) {
    let mut first = true;
    for stop in &conversation.stop {
        if stop.trim().is_empty() {
            policy.leave_out("stop");
            continue;
        }
        body.raw(if std::mem::take(&mut first) { ",\"stop_sequences\":[" } else { "," });
        body.string(stop);
    }
    if !first {
        body.raw("]");
    }
}

/// `temperature`, `top_p`, `top_k`: as far as the model takes them. What says no more than the default is not missed.
fn write_sampling(
    body: &mut Body,
    conversation: &Conversation<'_>,
    facts: &Facts,
    thinks: bool,
    policy: &mut Policy,
) -> Result<(), ApiError> {
    let why = if facts.sampling {
        "A model that thinks samples as it sees fit: leave it out, or turn reasoning off."
    } else {
        "This model takes no sampling parameters: leave it out."
    };
    let free = facts.sampling && !thinks;
    let mut has_temperature = false;
    if let Some(temperature) = conversation.temperature {
        if free {
            // OpenAI's scale ends at 2, Anthropic's at 1.
            if temperature > 1.0 {
                policy.cannot("temperature", "Anthropic's temperature ends at 1.")?;
            }
            has_temperature = true;
            body.raw(",\"temperature\":");
            body.number(temperature.min(1.0));
        } else if (temperature - 1.0).abs() > f64::EPSILON {
            policy.cannot("temperature", why)?;
        }
    }
    if let Some(top_p) = conversation.top_p.filter(|top_p| *top_p < 1.0) {
        if free && !has_temperature {
            body.raw(",\"top_p\":");
            body.number(top_p);
        } else if free {
            policy.cannot("top_p", "Anthropic takes temperature or top_p, not both: leave one out.")?;
        } else {
            policy.cannot("top_p", why)?;
        }
    }
    if let Some(top_k) = conversation.extra("top_k") {
        if free {
            body.raw(",\"top_k\":");
            body.raw(top_k.get());
        } else {
            policy.cannot("top_k", why)?;
        }
    }
    Ok(())
}

fn write_thinking(body: &mut Body, thinking: Thinking<'_>) {
    match thinking {
        Thinking::Unsaid => {}
        Thinking::Disabled => body.raw(",\"thinking\":{\"type\":\"disabled\"}"),
        // Without a display the thoughts may come back empty.
        Thinking::Adaptive => body.raw(",\"thinking\":{\"type\":\"adaptive\",\"display\":\"summarized\"}"),
        Thinking::Budget(tokens) => {
            body.raw(",\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":");
            body.number(tokens);
            body.raw("}");
        }
        Thinking::Own(own) => {
            body.raw(",\"thinking\":");
            body.raw(own.get());
        }
    }
}

fn write_output_config(body: &mut Body, effort: Option<&str>, format: &Format<'_>) {
    let schema = if let Format::Schema(schema) = format { Some(schema) } else { None };
    if effort.is_none() && schema.is_none() {
        return;
    }
    body.raw(",\"output_config\":{");
    if let Some(effort) = effort {
        body.raw("\"effort\":");
        body.string(effort);
    }
    if let Some(schema) = schema {
        body.raw(if effort.is_some() { "," } else { "" });
        body.raw("\"format\":{\"type\":\"json_schema\",\"schema\":");
        body.raw(schema);
        body.raw("}");
    }
    body.raw("}");
}

fn write_user(body: &mut Body, conversation: &Conversation<'_>, policy: &mut Policy) {
    let safety_id = conversation.extra("safety_identifier");
    let safety_id = safety_id.and_then(|id| serde_json::from_str::<Text<'_>>(id.get()).ok());
    let Some(user) = conversation.user.as_deref().or(safety_id.as_ref().map(|id| &*id.0)) else { return };
    if user.chars().count() > MAX_USER_ID {
        policy.leave_out("user");
        return;
    }
    body.raw(",\"metadata\":{\"user_id\":");
    body.string(user);
    body.raw("}");
}

/// The members that no field of the conversation holds: handed on, mapped, left out or refused.
fn write_extra(body: &mut Body, conversation: &Conversation<'_>, policy: &mut Policy) -> Result<(), ApiError> {
    for name in OWN {
        if let Some(value) = conversation.extra(name) {
            body.raw(",");
            body.string(name);
            body.raw(":");
            body.raw(value.get());
        }
    }
    match conversation.extra("service_tier").map(RawValue::get) {
        None => {}
        Some("\"auto\"") => body.raw(",\"service_tier\":\"auto\""),
        Some("\"default\"" | "\"standard_only\"") => body.raw(",\"service_tier\":\"standard_only\""),
        Some(_) => policy.leave_out("service_tier"),
    }
    for (name, value) in &conversation.extra {
        let json = value.get();
        match &**name {
            // Written above, or read by the plans.
            "thinking" | "top_k" | "safety_identifier" | "service_tier" => {}
            name if OWN.contains(&name) => {}
            "modalities" if !json.contains("audio") => {}
            "modalities" | "audio" => {
                return Err(unsupported(
                    name,
                    "Anthropic's models do not speak: ask for text, or choose another model.",
                ));
            }
            name if is_neutral(name, json) => {}
            "seed" | "logit_bias" | "logprobs" | "top_logprobs" | "presence_penalty" | "frequency_penalty"
            | "verbosity" | "web_search_options" => {
                policy.cannot(name, "Anthropic has no such parameter: leave it out, or choose another model.")?;
            }
            name => policy.leave_out(name),
        }
    }
    Ok(())
}
