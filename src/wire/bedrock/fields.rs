//! What each family knows besides Converse: reasoning in its own words, `top_k`. It travels in
//! `additionalModelRequestFields`, and so does what a caller puts there, which outranks ours.

use super::model::{Family, Model};
use crate::base::{ApiError, Code};
use crate::wire::anthropic::thinking::{Plan, Thinking};
use crate::wire::conversation::Conversation;
use crate::wire::policy::Policy;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

/// The caller's member that goes along as it is.
pub(super) const OWN: &str = "additionalModelRequestFields";

/// Members of `additionalModelRequestFields` that were decided.
pub(super) type Fields = Map<String, Value>;

fn value(raw: &RawValue) -> Value {
    serde_json::from_str(raw.get()).unwrap_or_default()
}

/// Claude's thinking, in its own words.
pub(super) fn claude(plan: &Plan<'_>, fields: &mut Fields) {
    let thinking = match plan.thinking {
        Thinking::Unsaid => None,
        Thinking::Disabled => Some(json!({"type": "disabled"})),
        Thinking::Adaptive => Some(json!({"type": "adaptive", "display": "summarized"})),
        Thinking::Budget(tokens) => Some(json!({"type": "enabled", "budget_tokens": tokens})),
        Thinking::Own(own) => Some(value(own)),
    };
    if let Some(thinking) = thinking {
        fields.insert("thinking".to_owned(), thinking);
    }
    if let Some(effort) = plan.effort {
        fields.insert("output_config".to_owned(), json!({"effort": effort}));
    }
}

/// The effort of all other families.
///
/// # Errors
/// It is no effort, or the model cannot be told and it is not to be left out.
pub(super) fn effort(
    conversation: &Conversation<'_>,
    model: &Model,
    fields: &mut Fields,
    policy: &mut Policy,
) -> Result<(), ApiError> {
    let Some(effort) = conversation.reasoning_effort.as_deref() else { return Ok(()) };
    let level = match effort {
        "none" => None,
        "minimal" | "low" => Some("low"),
        "medium" => Some("medium"),
        "high" | "xhigh" | "max" => Some("high"),
        _ => {
            let message = "reasoning_effort must be none, minimal, low, medium, high, xhigh or max.";
            return Err(ApiError::new(Code::InvalidRequest, message).param("reasoning_effort"));
        }
    };
    match (model.family, level) {
        _ if !model.facts.reasoning && level.is_none() => {}
        _ if !model.facts.reasoning => policy.cannot("reasoning_effort", "This model does not think.")?,
        (Family::Nova2, None) => {}
        (Family::Nova2, Some(level)) => {
            // At its highest the model sets length and sampling by itself, and refuses to be told.
            let told = conversation.max_output_tokens.is_some()
                || conversation.temperature.is_some()
                || conversation.top_p.is_some();
            let level = if level == "high" && told { "medium" } else { level };
            fields.insert("reasoningConfig".to_owned(), json!({"type": "enabled", "maxReasoningEffort": level}));
        }
        (Family::Effort, None) => {
            policy.cannot("reasoning_effort", "This model cannot be kept from thinking: ask for low.")?;
            fields.insert("reasoning_effort".to_owned(), json!("low"));
        }
        (Family::Effort, Some(level)) => {
            fields.insert("reasoning_effort".to_owned(), json!(level));
        }
        (Family::Gpt, _) => {
            fields.insert("reasoning".to_owned(), json!({"effort": effort}));
        }
        _ => policy.cannot("reasoning_effort", "Bedrock has no such parameter for this model: leave it out.")?,
    }
    Ok(())
}

/// `top_k`, where the model has it. `free`: sampling can be steered at all.
///
/// # Errors
/// The model cannot be told and it is not to be left out.
pub(super) fn top_k(
    conversation: &Conversation<'_>,
    model: &Model,
    free: bool,
    fields: &mut Fields,
    policy: &mut Policy,
) -> Result<(), ApiError> {
    let Some(top_k) = conversation.extra("top_k") else { return Ok(()) };
    match model.family {
        Family::Claude | Family::Mistral if free => fields.insert("top_k".to_owned(), value(top_k)),
        Family::Nova | Family::Nova2 => fields.insert("inferenceConfig".to_owned(), json!({"topK": value(top_k)})),
        _ => return policy.cannot("top_k", "This model takes no top_k: leave it out."),
    };
    Ok(())
}

/// The caller's own members, which outrank ours.
///
/// # Errors
/// They are no object.
pub(super) fn own(conversation: &Conversation<'_>, fields: &mut Fields) -> Result<(), ApiError> {
    let Some(own) = conversation.extra(OWN) else { return Ok(()) };
    let own: Fields = serde_json::from_str(own.get())
        .map_err(|_| ApiError::new(Code::InvalidRequest, format!("{OWN} must be an object.")).param(OWN))?;
    fields.extend(own);
    Ok(())
}
