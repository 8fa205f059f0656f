//! Tools and the choice between them.
//!
//! There is no choice of no tool: where the history knows of none they are not offered at all.

use super::block::CachePoint;
use super::cache;
use super::model::{Family, Model};
use super::turns::MAX_TOOL_NAME;
use crate::base::{ApiError, Code};
use crate::wire::anthropic::tools::{Choice, Offer, Plan};
use crate::wire::conversation::Conversation;
use crate::wire::policy::Policy;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// `toolConfig`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolConfig<'a> {
    pub(super) tools: Vec<Entry<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<ToolChoice<'a>>,
}

/// An entry of the list of tools.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Entry<'a> {
    /// A tool.
    ToolSpec(Spec<'a>),
    /// The tools before it are to be kept in the cache.
    CachePoint(CachePoint),
}

/// A tool on offer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Spec<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    input_schema: InputSchema<'a>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    strict: bool,
}

#[derive(Debug, Serialize)]
struct InputSchema<'a> {
    json: &'a RawValue,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
enum ToolChoice<'a> {
    Auto {},
    Any {},
    Tool { name: &'a str },
}

/// What is offered, and what has to be said to Claude in its own words: at most one call a turn.
///
/// # Errors
/// A name that Bedrock does not take, or a wish that it cannot fulfil and that is not to be left out.
pub(super) fn config<'a>(
    plan: &'a Plan<'_>,
    conversation: &Conversation<'_>,
    model: &Model,
    policy: &mut Policy,
) -> Result<(Option<ToolConfig<'a>>, Option<Value>), ApiError> {
    let has_history = conversation.messages.iter().any(|message| !message.tool_calls.is_empty());
    let is_none = matches!(plan.choice, Choice::None);
    if plan.tools.is_empty() || is_none && !has_history {
        return Ok((None, None));
    }
    if is_none && !conversation.tools.is_empty() {
        let why = "Bedrock cannot forbid calls where the conversation holds some already: leave tool_choice out.";
        policy.cannot("tool_choice", why)?;
    }
    let mut tools = Vec::with_capacity(plan.tools.len());
    for (index, offer) in plan.tools.iter().enumerate() {
        tools.push(Entry::ToolSpec(spec(offer, index)?));
        let control = offer.of.and_then(|tool| tool.cache_control);
        // Nova has cache points, but not among tools.
        if model.family == Family::Claude || control.is_some() && !model.family.caches() {
            tools.extend(cache::point(control, model.family, policy).map(Entry::CachePoint));
        } else if control.is_some() {
            policy.leave_out("cache_control");
        }
    }
    if plan.single && !is_none && conversation.parallel_tool_calls == Some(false) {
        if model.is_new_claude {
            return Ok((Some(ToolConfig { tools, tool_choice: None }), Some(single_call(&plan.choice))));
        }
        policy.cannot("parallel_tool_calls", "This model calls as many tools a turn as it likes: leave it out.")?;
    }
    let tool_choice = match &plan.choice {
        Choice::Unsaid | Choice::None => None,
        Choice::Auto => Some(ToolChoice::Auto {}),
        Choice::Any => Some(ToolChoice::Any {}),
        Choice::Named(name) => Some(ToolChoice::Tool { name }),
    };
    Ok((Some(ToolConfig { tools, tool_choice }), None))
}

/// The choice in Claude's own words, which travel beside Converse's and must not be said twice.
fn single_call(choice: &Choice<'_>) -> Value {
    match choice {
        Choice::Any => json!({"type": "any", "disable_parallel_tool_use": true}),
        Choice::Named(name) => json!({"type": "tool", "name": name, "disable_parallel_tool_use": true}),
        Choice::Unsaid | Choice::Auto | Choice::None => json!({"type": "auto", "disable_parallel_tool_use": true}),
    }
}

fn spec<'a>(offer: &'a Offer<'_>, index: usize) -> Result<Spec<'a>, ApiError> {
    if offer.name.len() > MAX_TOOL_NAME {
        let at = format!("tools[{index}].function.name");
        let message = format!("{at} is too long: use at most 64 of a-z, A-Z, 0-9, _ and -.");
        return Err(ApiError::new(Code::InvalidRequest, message).param(at));
    }
    let json = serde_json::from_str(&offer.schema).map_err(|_| {
        let at = format!("tools[{index}].function.parameters");
        ApiError::new(Code::InvalidRequest, format!("{at} is no JSON schema.")).param(at)
    })?;
    Ok(Spec {
        name: &offer.name,
        description: offer.description.filter(|text| !text.is_empty()),
        input_schema: InputSchema { json },
        strict: offer.strict,
    })
}
