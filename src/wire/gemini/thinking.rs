//! Reasoning effort, in the words of each generation: models before the third take a budget of tokens, later
//! ones a level. Neither takes the other's.

use crate::base::{ApiError, Capability, Code};
use crate::wire::conversation::Conversation;
use crate::wire::policy::Policy;
use crate::wire::target::Target;
use serde::Serialize;

/// `thinkingConfig`.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Thinking {
    /// Whether summaries of the thoughts come back.
    include_thoughts: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking_budget: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking_level: Option<&'static str>,
}

/// What an effort becomes; `None` where nothing is asked for, or the model does not think.
///
/// # Errors
/// No known effort, or one that the model cannot honour where that is refused.
pub(super) fn plan(
    conversation: &Conversation<'_>,
    target: &Target<'_>,
    policy: &mut Policy,
) -> Result<Option<Thinking>, ApiError> {
    let Some(effort) = conversation.reasoning_effort.as_deref() else { return Ok(None) };
    let rank = match effort {
        "none" => 0,
        "minimal" => 1,
        "low" => 2,
        "medium" => 3,
        "high" | "xhigh" | "max" => 4,
        _ => {
            let message = "reasoning_effort takes none, minimal, low, medium, high, xhigh or max";
            return Err(ApiError::new(Code::InvalidRequest, message).param("reasoning_effort"));
        }
    };
    let model = target.model.strip_prefix("models/").unwrap_or(target.model);
    let thinks = target.info.and_then(|info| info.capabilities.get(Capability::Reasoning)) != Some(false);
    let old = ["gemini-1", "gemini-2.0", "gemma"].iter().any(|family| model.starts_with(family));
    if !thinks || old {
        if rank > 0 {
            policy.cannot("reasoning_effort", "This model does not think: leave it out.")?;
        }
        return Ok(None);
    }
    let pro = model.contains("pro");
    let mut thinking = Thinking { include_thoughts: rank > 0, thinking_budget: None, thinking_level: None };
    if model.starts_with("gemini-2") {
        thinking.thinking_budget = Some(match rank {
            // Pro cannot be kept from thinking.
            0 if pro => 128,
            0 => 0,
            1 => 512,
            2 => 1024,
            3 => 8192,
            _ => 24_576,
        });
    } else {
        thinking.thinking_level = Some(match rank {
            0 | 1 if !pro => "MINIMAL",
            0..=2 => "LOW",
            3 => "MEDIUM",
            _ => "HIGH",
        });
    }
    Ok(Some(thinking))
}
