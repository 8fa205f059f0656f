//! Which models of a recording take part, what they are compared with, and for how long.
//!
//! A file says what it can (all its models, its own baseline); a scenario file or flags say more. For the recordings that
//! the measurements in `docs/LEARNING.md` use, the choice of arms is built in by their name.

use super::data::{Kind, Recording};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A scenario as it may be written down, by the name of a recording.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The models that take part; left out = all.
    pub arms: Option<Vec<String>>,
    /// The baseline; left out = the recording's.
    pub baseline: Option<String>,
    /// Units to serve.
    pub horizon: Option<usize>,
    /// Half-way, calls of the first silently go to the second.
    pub swap: Option<(String, String)>,
}

/// Scenarios by the name of their recording.
pub type Scenarios = BTreeMap<String, Scenario>;

impl Scenario {
    /// This scenario where it says something, else the other.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            arms: self.arms.or(other.arms),
            baseline: self.baseline.or(other.baseline),
            horizon: self.horizon.or(other.horizon),
            swap: self.swap.or(other.swap),
        }
    }

    /// The built-in choice for a recording of this name, where all its models are in it.
    #[must_use]
    pub fn built_in(recording: &Recording) -> Self {
        let horizon = Some(if recording.kind == Kind::Session { 2_000 } else { 3_000 });
        let known = BUILT_IN.iter().find(|(name, ..)| *name == recording.name);
        let has = |model: &str| recording.models.iter().any(|known| known == model);
        match known {
            Some((_, arms, baseline)) if arms.iter().all(|arm| has(arm)) && has(baseline) => Self {
                arms: Some(arms.iter().map(|arm| (*arm).to_owned()).collect()),
                baseline: Some((*baseline).to_owned()),
                horizon,
                swap: None,
            },
            _ => Self { horizon, ..Self::default() },
        }
    }
}

const BUILT_IN: &[(&str, &[&str], &str)] = &[
    (
        "bfcl",
        &[
            "gpt-4-0613",
            "gpt-4-turbo-2024-04-09",
            "claude-3-5-sonnet-20240620",
            "claude-3-opus-20240229",
            "gpt-4o-2024-05-13",
            "gpt-4o-mini-2024-07-18",
            "gemini-1.5-flash-preview-0514",
            "claude-3-haiku-20240307",
            "open-mixtral-8x22b",
            "open-mistral-nemo-2407-FC-Any",
        ],
        "gpt-4-0613",
    ),
    (
        "mmlupro",
        &[
            "gemini-1.5-pro-002",
            "jamba-1.5-large",
            "gemini-1.5-flash-002",
            "Meta-Llama-3_1-70B-Instruct",
            "Meta-Llama-3_1-8B-Instruct",
            "Qwen1.5-72B-Chat",
            "Mixtral-8x7B-Instruct-v0.1",
            "Phi-3-mini-4k-instruct",
        ],
        "gemini-1.5-pro-002",
    ),
    (
        "alpaca",
        &[
            "gpt4",
            "claude-2",
            "mistral-medium",
            "gpt-3.5-turbo-1106",
            "Yi-34B-Chat",
            "llama-2-70b-chat-hf",
            "zephyr-7b-beta",
            "llama-2-7b-chat-hf",
            "vicuna-13b",
            "falcon-40b-instruct",
        ],
        "gpt4",
    ),
    (
        "miniswe",
        &[
            "claude-opus-4-5-20251101",
            "gemini-3-pro-preview",
            "claude-sonnet-4-5-20250929",
            "gpt-5.1-2025-11-13",
            "gpt-5-2025-08-07",
            "gpt-5-mini-2025-08-07",
            "deepseek-v3.2-reasoner",
            "glm-4.6",
            "gpt-5-nano-2025-08-07",
            "Qwen3-Coder-480B-A35B-Instruct",
        ],
        "claude-opus-4-5-20251101",
    ),
    (
        "ohands",
        &[
            "claude-opus-4-8",
            "claude-opus-4-6",
            "claude-sonnet-4-6",
            "GPT-5.5",
            "GPT-5.4",
            "Gemini-3.5-Flash",
            "MiniMax-M3",
            "MiniMax-M2.7",
            "DeepSeek-V3.2-Reasoner",
            "Kimi-K2.6",
        ],
        "claude-opus-4-8",
    ),
];
