//! How a provider is told how much to think, and what it refuses while it does.

use crate::base::{Capability, ModelInfo};

/// What an effort becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// OpenAI's word for it: `none minimal low medium high xhigh max`.
    pub level: &'static str,
    /// The value of `reasoning_effort`; `None` = it is left out.
    pub says: Option<&'static str>,
    /// A member of the provider's own, with its JSON.
    pub puts: Option<(&'static str, &'static str)>,
}

/// The efforts that some models take. A level that is not among them cannot be honoured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Efforts {
    /// Beginnings of the models' names; none = every model that no earlier entry names.
    pub models: &'static [&'static str],
    /// What each level becomes.
    pub levels: &'static [Effort],
}

/// A provider's ways with reasoning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reasoning {
    /// Which models take which efforts; none = `reasoning_effort` goes as it came.
    pub efforts: &'static [Efforts],
    /// Beginnings of the names of models that think unless they are told not to, besides those that the catalogue
    /// says of where `capable_thinks` is set.
    pub thinks_by_default: &'static [&'static str],
    /// Whether every model that can think does so by default.
    pub capable_thinks: bool,
    /// Members that are refused while the model thinks.
    pub refuses: &'static [&'static str],
    /// Members that a model which can think needs, with their JSON, where the caller does not set them.
    pub adds: &'static [(&'static str, &'static str)],
    /// Beginnings of the names of models that take no such member.
    pub adds_not: &'static [&'static str],
}

/// Nothing to say.
pub(super) const PLAIN: Reasoning =
    Reasoning { efforts: &[], thinks_by_default: &[], capable_thinks: false, refuses: &[], adds: &[], adds_not: &[] };

const fn say(level: &'static str, says: &'static str) -> Effort {
    Effort { level, says: Some(says), puts: None }
}

/// A level that is said by a member of the provider's own.
pub(super) const fn put(level: &'static str, name: &'static str, json: &'static str) -> Effort {
    Effort { level, says: None, puts: Some((name, json)) }
}

/// `low`, `medium`, `high`, and whatever is nearest.
pub(super) const LOW_TO_HIGH: &[Effort] = &[
    say("minimal", "low"),
    say("low", "low"),
    say("medium", "medium"),
    say("high", "high"),
    say("xhigh", "high"),
    say("max", "high"),
];

/// The same, and `none`.
pub(super) const NONE_TO_HIGH: &[Effort] = &[
    say("none", "none"),
    say("minimal", "low"),
    say("low", "low"),
    say("medium", "medium"),
    say("high", "high"),
    say("xhigh", "high"),
    say("max", "high"),
];

/// `low` and `high` only.
pub(super) const LOW_OR_HIGH: &[Effort] = &[
    say("minimal", "low"),
    say("low", "low"),
    say("medium", "high"),
    say("high", "high"),
    say("xhigh", "high"),
    say("max", "high"),
];

/// `minimal` to `high`.
pub(super) const MINIMAL_TO_HIGH: &[Effort] = &[
    say("minimal", "minimal"),
    say("low", "low"),
    say("medium", "medium"),
    say("high", "high"),
    say("xhigh", "high"),
    say("max", "high"),
];

/// Thinking or not: `none` and `default`.
pub(super) const ON_OR_OFF: &[Effort] = &[
    say("none", "none"),
    say("minimal", "default"),
    say("low", "default"),
    say("medium", "default"),
    say("high", "default"),
    say("xhigh", "default"),
    say("max", "default"),
];

/// `high` and `max`; off by a switch.
pub(super) const HIGH_OR_MAX: &[Effort] = &[
    put("none", "reasoning", r#"{"enabled":false}"#),
    say("minimal", "high"),
    say("low", "high"),
    say("medium", "high"),
    say("high", "high"),
    say("xhigh", "max"),
    say("max", "max"),
];

/// A switch alone.
pub(super) const SWITCH: &[Effort] = &[
    put("none", "reasoning", r#"{"enabled":false}"#),
    put("minimal", "reasoning", r#"{"enabled":true}"#),
    put("low", "reasoning", r#"{"enabled":true}"#),
    put("medium", "reasoning", r#"{"enabled":true}"#),
    put("high", "reasoning", r#"{"enabled":true}"#),
    put("xhigh", "reasoning", r#"{"enabled":true}"#),
    put("max", "reasoning", r#"{"enabled":true}"#),
];

const fn think(level: &'static str, says: &'static str) -> Effort {
    Effort { level, says: Some(says), puts: Some(("thinking", r#"{"type":"enabled"}"#)) }
}

/// `thinking` on or off, and `low`, `high` or `max` where it is on.
pub(super) const THINKING: &[Effort] = &[
    put("none", "thinking", r#"{"type":"disabled"}"#),
    think("minimal", "low"),
    think("low", "low"),
    think("medium", "high"),
    think("high", "high"),
    think("xhigh", "max"),
    think("max", "max"),
];

/// Whether one of these begins the name.
pub(super) fn begins(models: &[&str], model: &str) -> bool {
    models.iter().any(|start| model.starts_with(start))
}

impl Reasoning {
    /// The efforts of this model; `None` where it takes any.
    pub(in crate::wire) fn efforts_of(&self, model: &str) -> Option<&'static [Effort]> {
        if self.efforts.is_empty() {
            return None;
        }
        let own = self.efforts.iter().find(|efforts| efforts.models.is_empty() || begins(efforts.models, model));
        Some(own.map_or(&[], |efforts| efforts.levels))
    }

    /// Whether the model thinks about this request.
    pub(in crate::wire) fn thinks(&self, model: &str, info: Option<&ModelInfo>, effort: Option<&str>) -> bool {
        match effort {
            Some(effort) => effort != "none",
            None => begins(self.thinks_by_default, model) || self.capable_thinks && can_think(info),
        }
    }

    /// The members to add for this model.
    pub(in crate::wire) fn added(
        &self,
        model: &str,
        info: Option<&ModelInfo>,
    ) -> &'static [(&'static str, &'static str)] {
        if can_think(info) && !begins(self.adds_not, model) { self.adds } else { &[] }
    }
}

/// Whether the catalogue says that the model can think.
pub(in crate::wire) fn can_think(info: Option<&ModelInfo>) -> bool {
    info.and_then(|info| info.capabilities.get(Capability::Reasoning)) == Some(true)
}
