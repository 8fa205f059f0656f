//! Kinds of tasks, as far as public benchmarks tell them apart.

use std::fmt;

/// A kind of task on which models are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TaskKind {
    /// Conversation, knowledge, instructions.
    General,
    /// Writing and changing programs.
    Code,
    /// Mathematics.
    Math,
    /// Questions that need several steps.
    Reasoning,
    /// Calls of tools.
    Tools,
    /// Long sessions with tools and a goal.
    Agent,
    /// Images.
    Vision,
}

impl TaskKind {
    /// All of them, in the order of `assets/benchmarks.tsv`.
    pub const ALL: [Self; 7] =
        [Self::General, Self::Code, Self::Math, Self::Reasoning, Self::Tools, Self::Agent, Self::Vision];

    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::General => "general",
            Self::Code => "code",
            Self::Math => "math",
            Self::Reasoning => "reasoning",
            Self::Tools => "tools",
            Self::Agent => "agent",
            Self::Vision => "vision",
        }
    }

    /// The kind of this name.
    ///
    /// ```
    /// use floopy::base::TaskKind;
    ///
    /// assert_eq!(TaskKind::parse("code"), Some(TaskKind::Code));
    /// assert_eq!(TaskKind::parse("cooking"), None);
    /// ```
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

impl fmt::Display for TaskKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}
