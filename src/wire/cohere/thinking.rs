//! Reasoning effort as a budget of tokens. Models that reason do so unless they are told not to.

use crate::base::{ApiError, Capability, Code};
use crate::wire::conversation::Conversation;
use crate::wire::policy::Policy;
use crate::wire::target::Target;
use serde::Serialize;
use serde_json::value::RawValue;

/// `thinking`.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Thinking<'a> {
    /// In the caller's own words.
    Given(&'a RawValue),
    /// From an effort.
    Planned {
        /// `enabled` or `disabled`.
        r#type: &'static str,
        /// Tokens; none = as many as it likes.
        #[serde(skip_serializing_if = "Option::is_none")]
        token_budget: Option<u32>,
    },
}

/// What an effort becomes; `None` where nothing is asked for, or the model does not reason.
///
/// # Errors
/// No known effort, or one that the model cannot honour where that is refused.
pub(super) fn plan<'a>(
    conversation: &Conversation<'a>,
    target: &Target<'_>,
    policy: &mut Policy,
) -> Result<Option<Thinking<'a>>, ApiError> {
    let Some(effort) = conversation.reasoning_effort.as_deref() else {
        return Ok(conversation.extra("thinking").map(Thinking::Given));
    };
    let (r#type, token_budget) = match effort {
        "none" => ("disabled", None),
        "minimal" => ("enabled", Some(512)),
        "low" => ("enabled", Some(1024)),
        "medium" => ("enabled", Some(8192)),
        "high" => ("enabled", Some(24_576)),
        "xhigh" | "max" => ("enabled", None),
        _ => {
            let message = "reasoning_effort takes none, minimal, low, medium, high, xhigh or max";
            return Err(ApiError::new(Code::InvalidRequest, message).param("reasoning_effort"));
        }
    };
    // Of a model that the catalogue does not know the caller knows better; of others the name may say it.
    let reasons = target.info.is_none_or(|info| {
        info.capabilities.get(Capability::Reasoning).unwrap_or_else(|| target.model.contains("reasoning"))
    });
    if !reasons {
        if effort != "none" {
            policy.cannot("reasoning_effort", "This model does not reason: leave it out.")?;
        }
        return Ok(None);
    }
    Ok(Some(Thinking::Planned { r#type, token_budget }))
}
