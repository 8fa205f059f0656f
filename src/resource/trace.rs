//! What a learned decision was made from: enough to make it again, bit for bit.
//!
//! Every number of the choice itself is here in single precision, because the choice is made from the rounded numbers:
//! the record is short and still exact. Lists run over the scope's arms in their order; the first is the baseline.

use serde::{Deserialize, Serialize};

/// Why an arm was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The best by what is known.
    Exploit,
    /// Tried because it may be better.
    Explore,
    /// The baseline's share of calls that measures what is saved.
    Holdout,
    /// The floor could not afford what was proposed.
    Guard,
    /// A new or demoted arm's share of calls.
    Canary,
    /// Nobody else was eligible.
    Single,
    /// Nobody was eligible at all: the default model.
    Default,
}

impl Why {
    /// The word after `model::` in the reason string.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exploit => "exploit",
            Self::Explore => "explore",
            Self::Holdout => "holdout",
            Self::Guard => "guard",
            Self::Canary => "canary",
            Self::Single => "single",
            Self::Default => "default",
        }
    }
}

/// Whether an arm took part in a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// By the rule.
    Open,
    /// By its canary share only.
    Canary,
    /// Refused by a gate before the router was asked.
    Gated,
    /// What it costs is not known.
    Unpriced,
    /// Switched off after repeated alarms, or rolled back.
    Off,
}

/// One floor's view of the arms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FloorTrace {
    /// The mean gap of each arm to the floor.
    pub gap: Vec<f32>,
    /// The variance of each.
    pub variance: Vec<f32>,
    /// The variance of the baseline's level, which the gaps of all others share.
    pub common: f32,
    /// What calls of the window add that are judged apart: those of arms in doubt, from before the doubt.
    pub settled: f32,
    /// The variance of that.
    pub settled_variance: f32,
    /// The standard errors of that, added up.
    pub settled_spread: f32,
    /// How many calls of other arms than the baseline these are.
    pub settled_calls: f32,
}

/// Everything that a learned decision was made from, and what came out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// Version of the rule that reads this trace.
    pub version: u16,
    /// Fingerprint of parameters, priors and feature version.
    pub policy: String,
    /// The decision's chance, as 16 hexadecimal digits (a JSON number of this size is rounded by many readers).
    pub seed: String,
    /// The arms by name, `provider/model`.
    pub arms: Vec<String>,
    /// Version of the features.
    pub features: u16,
    /// The features.
    pub phi: Vec<f32>,
    /// Draws from the posterior.
    pub draws: u16,
    /// Share of calls held out for the baseline.
    pub holdout: f32,
    /// Standard errors that the guard wants.
    pub z: f32,
    /// The share of the errors that is the same for all arms.
    pub correlation: f32,
    /// What quality is worth: the multiplier.
    pub nu: f32,
    /// Whether each arm took part.
    pub part: Vec<Part>,
    /// Share of calls of arms at a canary stage; 0 otherwise.
    pub stage: Vec<f32>,
    /// Expected quality.
    pub mean: Vec<f32>,
    /// Standard deviation of the draws.
    pub spread: Vec<f32>,
    /// Expected cost relative to the baseline's mean; `null` = unknown.
    pub cost: Vec<Option<f32>>,
    /// Calls served in the window; of arms in doubt, since the doubt.
    pub served: Vec<f32>,
    /// The floors: quality first, then those of single dimensions.
    pub floors: Vec<FloorTrace>,
    /// Who was chosen.
    pub winner: usize,
    /// Why.
    pub why: Why,
    /// The probability of each arm, 0..1, after the guard.
    pub propensity: Vec<f64>,
}
