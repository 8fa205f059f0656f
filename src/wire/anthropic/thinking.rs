//! Thinking: whether, in which form, how much, and how long the answer may be with it.
//!
//! Newer models think as much as they see fit (`adaptive`, steered by an effort), older ones within a budget that
//! counts towards `max_tokens`. Thinking goes off, whatever was asked for, where the API would refuse it:
//!
//! - a tool is forced upon the model, which is the harder wish of the two;
//! - the conversation ends with an assistant message that the model continues;
//! - the turn at hand called tools and came back without its signed thinking blocks, as clients that drop unknown
//!   fields send it.

use super::facts::Facts;
use crate::base::{ApiError, Code};
use crate::wire::conversation::read::{Members, Text};
use crate::wire::conversation::{Conversation, Message, Role};
use crate::wire::policy::Policy;
use serde_json::value::RawValue;

/// Smallest budget that the API takes.
const MIN_BUDGET: u64 = 1024;
/// Longest answer where neither the caller nor the catalogue names one.
const DEFAULT_MAX_TOKENS: u64 = 4096;

/// What is sent as `thinking`.
#[derive(Debug, Clone, Copy)]
pub(in crate::wire) enum Thinking<'a> {
    /// Nothing.
    Unsaid,
    /// `disabled`.
    Disabled,
    /// `adaptive`.
    Adaptive,
    /// `enabled` with a budget.
    Budget(u64),
    /// The caller's own object.
    Own(&'a RawValue),
}

/// What was decided.
#[derive(Debug, Clone, Copy)]
pub(in crate::wire) struct Plan<'a> {
    /// What is sent as `thinking`.
    pub(in crate::wire) thinking: Thinking<'a>,
    /// What is sent as `output_config.effort`.
    pub(in crate::wire) effort: Option<&'static str>,
    /// What is sent as `max_tokens`.
    pub(in crate::wire) max_tokens: u64,
    /// Whether the model will think, which forbids most sampling parameters.
    pub(in crate::wire) thinks: bool,
}

/// What else the request asks for that forbids thinking.
#[derive(Debug, Clone, Copy)]
pub(in crate::wire) struct Obstacles {
    /// A tool must be called.
    pub(in crate::wire) forced_tool: bool,
    /// An assistant message is to be continued.
    pub(in crate::wire) prefill: bool,
}

/// Whether the caller wants the model to think.
pub(in crate::wire) fn is_wanted(conversation: &Conversation<'_>) -> bool {
    match own(conversation) {
        Some(own) => kind(own) != "disabled",
        None => conversation.reasoning_effort.as_deref().is_some_and(|effort| effort != "none"),
    }
}

/// Decides.
pub(in crate::wire) fn plan<'a>(
    conversation: &Conversation<'a>,
    facts: &Facts,
    obstacles: Obstacles,
    policy: &mut Policy,
) -> Result<Plan<'a>, ApiError> {
    let wanted = conversation.max_output_tokens.or(facts.max_output).unwrap_or(DEFAULT_MAX_TOKENS);
    let cap = facts.max_output.unwrap_or(u64::MAX);
    let mut plan =
        Plan { thinking: Thinking::Unsaid, effort: None, max_tokens: wanted.min(cap), thinks: facts.always_thinks };
    let hindered = obstacles.forced_tool || obstacles.prefill || lost_its_thoughts(&conversation.messages);
    let effort = conversation.reasoning_effort.as_deref().map(known).transpose()?;
    if let Some(effort) = effort.filter(|effort| facts.adaptive && *effort != Effort::None) {
        plan.effort = Some(effort.clamped(facts));
    }
    if let Some(own) = own(conversation) {
        let off = kind(own) == "disabled";
        if off && facts.always_thinks {
            policy.cannot("thinking", "This model cannot be kept from thinking.")?;
        } else if hindered && !off {
            policy.leave_out("thinking");
        } else {
            plan.thinking = Thinking::Own(own);
            plan.thinks |= !off;
            if let Some(budget) = budget(own) {
                plan.max_tokens = room_for(budget, wanted, cap);
            }
        }
        return Ok(plan);
    }
    match effort {
        None => {}
        Some(Effort::None) if facts.always_thinks => {
            policy.cannot("reasoning_effort", "This model cannot be kept from thinking: ask for low.")?;
            plan.effort = facts.adaptive.then_some("low");
        }
        Some(Effort::None) if facts.adaptive => plan.thinking = Thinking::Disabled,
        Some(Effort::None) => {}
        Some(_) if !facts.reasoning => policy.cannot("reasoning_effort", "This model does not think.")?,
        Some(_) if hindered => {
            policy.leave_out("reasoning_effort");
            if obstacles.forced_tool && facts.adaptive && !facts.always_thinks {
                plan.thinking = Thinking::Disabled;
            }
        }
        Some(_) if facts.adaptive => {
            plan.thinking = Thinking::Adaptive;
            plan.thinks = true;
        }
        Some(effort) => {
            let max_tokens = room_for(effort.budget(), wanted, cap);
            if max_tokens > MIN_BUDGET {
                plan.thinking = Thinking::Budget(effort.budget().min(max_tokens - 1));
                plan.max_tokens = max_tokens;
                plan.thinks = true;
            } else {
                policy.cannot("reasoning_effort", "This model's answers are too short for it to think.")?;
            }
        }
    }
    Ok(plan)
}

/// Room for the thoughts and for the answer that was asked for, as far as the model's limit allows.
fn room_for(budget: u64, wanted: u64, cap: u64) -> u64 {
    budget.saturating_add(wanted).min(cap)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effort {
    None,
    Low,
    Medium,
    High,
    Xhigh,
    Max,
}

fn known(word: &str) -> Result<Effort, ApiError> {
    Ok(match word {
        "none" => Effort::None,
        "minimal" | "low" => Effort::Low,
        "medium" => Effort::Medium,
        "high" => Effort::High,
        "xhigh" => Effort::Xhigh,
        "max" => Effort::Max,
        _ => {
            let message = "reasoning_effort must be none, minimal, low, medium, high, xhigh or max.";
            return Err(ApiError::new(Code::InvalidRequest, message).param("reasoning_effort"));
        }
    })
}

impl Effort {
    /// The budget of a model that thinks within one.
    fn budget(self) -> u64 {
        match self {
            Self::None | Self::Low => MIN_BUDGET,
            Self::Medium => 2048,
            Self::High => 4096,
            Self::Xhigh => 8192,
            Self::Max => 16_384,
        }
    }

    /// The nearest effort that the model knows.
    fn clamped(self, facts: &Facts) -> &'static str {
        match self {
            Self::None | Self::Low => "low",
            Self::Medium => "medium",
            Self::Max if facts.effort_max => "max",
            Self::Max | Self::Xhigh if facts.effort_xhigh => "xhigh",
            Self::High | Self::Xhigh | Self::Max => "high",
        }
    }
}

/// The caller's own `thinking` object, in Anthropic's words.
fn own<'a>(conversation: &Conversation<'a>) -> Option<&'a RawValue> {
    conversation.extra("thinking").filter(|own| own.get().starts_with('{'))
}

fn kind(own: &RawValue) -> String {
    let kind = Members::of(own).and_then(|members| members.get("type"));
    kind.and_then(|kind| serde_json::from_str::<Text<'_>>(kind.get()).ok()).unwrap_or_default().0.into_owned()
}

fn budget(own: &RawValue) -> Option<u64> {
    serde_json::from_str(Members::of(own)?.get("budget_tokens")?.get()).ok()
}

/// Whether an assistant turn that called tools came back without signed thinking, in the turn that is still going on.
fn lost_its_thoughts(messages: &[Message<'_>]) -> bool {
    for (index, message) in messages.iter().enumerate().rev() {
        match message.role {
            Role::Assistant if !message.tool_calls.is_empty() => {
                if !message.thinking_blocks.iter().any(|block| is_signed(block)) {
                    return true;
                }
            }
            // What the user says right after a tool's result belongs to the same turn.
            Role::User => {
                let before = index.checked_sub(1).and_then(|before| messages.get(before));
                if before.is_none_or(|before| before.role != Role::Tool) {
                    return false;
                }
            }
            Role::System | Role::Assistant | Role::Tool => {}
        }
    }
    false
}

/// Whether a thinking block can be replayed: it is signed, or redacted.
pub(in crate::wire) fn is_signed(block: &RawValue) -> bool {
    let Some(members) = Members::of(block) else { return false };
    let text = |name: &str| {
        let value = members.get(name)?;
        serde_json::from_str::<Text<'_>>(value.get()).ok()
    };
    match text("type").unwrap_or_default().0.as_ref() {
        "thinking" => text("thinking").is_some() && text("signature").is_some_and(|signature| !signature.0.is_empty()),
        "redacted_thinking" => text("data").is_some(),
        _ => false,
    }
}
