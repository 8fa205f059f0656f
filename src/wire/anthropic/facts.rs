//! What is known of the model that is called, in the words of this translation.

use crate::base::Capability;
use crate::wire::target::Target;

/// The first version of the API without sampling parameters.
const WITHOUT_SAMPLING: &str = "2026-10-21";

/// What the catalogue and the configured version say. Unknown is taken as what most models do.
#[derive(Debug, Clone, Copy)]
pub(in crate::wire) struct Facts {
    /// `temperature`, `top_p` and `top_k` are accepted.
    pub(in crate::wire) sampling: bool,
    /// Thinks at all.
    pub(in crate::wire) reasoning: bool,
    /// Thinks as much as it sees fit, by effort instead of a budget.
    pub(in crate::wire) adaptive: bool,
    /// Cannot be kept from thinking.
    pub(in crate::wire) always_thinks: bool,
    /// Can be held to a schema.
    pub(in crate::wire) schema: bool,
    /// A tool can be forced upon it.
    pub(in crate::wire) forced_tools: bool,
    /// Takes a `system` message in mid-conversation.
    pub(in crate::wire) mid_system: bool,
    /// Continues an assistant message.
    pub(in crate::wire) prefill: bool,
    /// Knows the effort `xhigh`.
    pub(in crate::wire) effort_xhigh: bool,
    /// Knows the effort `max`.
    pub(in crate::wire) effort_max: bool,
    /// Longest answer in tokens.
    pub(in crate::wire) max_output: Option<u64>,
}

impl Facts {
    /// What is known of a target.
    pub(in crate::wire) fn of(target: &Target<'_>) -> Self {
        let says = |capability| target.info.and_then(|info| info.capabilities.get(capability));
        let yes = |capability| says(capability) == Some(true);
        let not_no = |capability| says(capability) != Some(false);
        let always_thinks = yes(Capability::ThinkingAlwaysOn);
        Self {
            sampling: not_no(Capability::SamplingParams) && target.anthropic_version < WITHOUT_SAMPLING,
            reasoning: not_no(Capability::Reasoning),
            adaptive: yes(Capability::AdaptiveThinking),
            always_thinks,
            schema: yes(Capability::ResponseSchema),
            // Forcing a tool upon a model that thinks is refused, unless the catalogue knows better.
            forced_tools: says(Capability::ForcedToolUse).unwrap_or(!always_thinks),
            mid_system: yes(Capability::MidConversationSystem),
            prefill: not_no(Capability::AssistantPrefill),
            effort_xhigh: yes(Capability::EffortXhigh),
            effort_max: yes(Capability::EffortMax),
            max_output: target.info.and_then(|info| info.max_output_tokens),
        }
    }
}
