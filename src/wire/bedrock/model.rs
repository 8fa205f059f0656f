//! Whose model it is, and what it takes. Converse is one form for all models, but not all take all of it.

use crate::wire::anthropic::facts::Facts;
use crate::wire::target::Target;

/// Whose model it is, as far as it makes a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// Anthropic's.
    Claude,
    /// Amazon's, first generation.
    Nova,
    /// Amazon's that can reason.
    Nova2,
    /// Meta's.
    Llama,
    /// Mistral's.
    Mistral,
    /// Those that take `reasoning_effort`: gpt-oss, DeepSeek V3.
    Effort,
    /// OpenAI's GPT-5 and later.
    Gpt,
    /// Any other, or one whose name does not say it.
    Other,
}

/// Claude's models before 4.5, by parts of their names: they know no structured output, and no single call a turn.
const OLD_CLAUDES: [&str; 7] =
    ["claude-v", "claude-instant", "claude-2", "claude-3", "opus-4-1-", "opus-4-2025", "sonnet-4-2025"];

impl Family {
    /// By a part of the model's name: a geography may stand before it (`us.`), or an ARN around it.
    fn of(model: &str) -> Self {
        let is = |part: &str| model.contains(part);
        match () {
            () if is("anthropic.") || is("claude-") => Self::Claude,
            () if is("amazon.nova-2") => Self::Nova2,
            () if is("amazon.nova") => Self::Nova,
            () if is("meta.llama") => Self::Llama,
            () if is("mistral.") => Self::Mistral,
            () if is("openai.gpt-oss") || is("deepseek.v3") => Self::Effort,
            () if is("openai.gpt-") => Self::Gpt,
            () => Self::Other,
        }
    }

    /// Whether cache points are taken.
    pub(super) fn caches(self) -> bool {
        matches!(self, Self::Claude | Self::Nova | Self::Nova2)
    }

    /// Whether a call can be asked for, whichever or a certain one.
    fn can_force_tools(self) -> bool {
        matches!(self, Self::Claude | Self::Nova | Self::Nova2 | Self::Mistral)
    }

    /// Whether calls and results must not share a turn with anything that is said.
    pub(super) fn keeps_calls_apart(self) -> bool {
        !matches!(self, Self::Claude | Self::Nova | Self::Nova2)
    }
}

/// Whether this model can be made to call a tool.
pub(in crate::wire) fn can_force_tools(model: &str) -> bool {
    Family::of(model).can_force_tools()
}

/// What is known of the model that is called.
#[derive(Debug, Clone, Copy)]
pub(super) struct Model {
    /// Whose it is.
    pub(super) family: Family,
    /// One of Claude's that knows structured output and single calls.
    pub(super) is_new_claude: bool,
    /// The catalogue's words, within what Bedrock takes.
    pub(super) facts: Facts,
}

impl Model {
    /// What is known of a target.
    pub(super) fn of(target: &Target<'_>) -> Self {
        let family = Family::of(target.model);
        let is_new_claude = family == Family::Claude && !OLD_CLAUDES.iter().any(|old| target.model.contains(old));
        let mut facts = Facts::of(target);
        facts.schema &= match family {
            Family::Claude => is_new_claude,
            Family::Nova | Family::Nova2 | Family::Llama => false,
            _ => true,
        };
        facts.forced_tools &= family.can_force_tools();
        Self { family, is_new_claude, facts }
    }
}
