//! What the router knew when it chose, and how sure it was: the part of a decision that learning fills.
//!
//! A static strategy leaves it empty; a record then holds none of it.

use super::decision::{Reason, Target};
use crate::base::{MicroUsd, Timestamp};
use serde::{Deserialize, Serialize};

/// How far a route has come: by the evidence that it has, never by its age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Priors alone.
    Day0,
    /// Automatic scores carry the weight: nobody has rated enough.
    Auto,
    /// Ratings of sessions carry the weight.
    Nps,
}

impl Phase {
    /// The name in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day0 => "day0",
            Self::Auto => "auto",
            Self::Nps => "nps",
        }
    }
}

/// Shares of the four sources in what is known of the chosen model; they sum to one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct SourceWeights {
    /// Ratings of sessions.
    pub session: f64,
    /// Heuristics and the judge.
    pub auto: f64,
    /// Ratings by hand.
    pub manual: f64,
    /// Public benchmarks, and what the configuration believes.
    pub benchmark: f64,
}

/// Why `confidence` is what it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConfidenceReason {
    /// As the formula gives it.
    Ok,
    /// Capped at 0.6: nothing but priors.
    Day0Capped,
    /// Capped at 0.8: a pooled prior had a part in it.
    SharedPriorCapped,
    /// Nobody has said anything of any candidate.
    NoSamples,
    /// There was nothing to choose from.
    SingleCandidate,
    /// The strategy does not compare qualities.
    #[default]
    NotApplicable,
    /// The answer came from the cache.
    CacheHit,
}

impl ConfidenceReason {
    /// What is told of it: some ways of deciding are reasons by themselves.
    #[must_use]
    pub const fn told(reason: Reason, noted: Self) -> Self {
        match (reason, noted) {
            (Reason::SingleCandidate, Self::NotApplicable) => Self::SingleCandidate,
            (Reason::CacheHit, _) => Self::CacheHit,
            (_, noted) => noted,
        }
    }
}

/// Whose word the floor rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FloorSource {
    /// Ratings of sessions and randomly drawn ratings by hand.
    Ratings,
    /// The judge, with the variance of its bias added: nobody rates.
    Judge,
    /// Priors alone: nobody rates and nobody judges.
    Priors,
}

/// The account that a deviation from the default model is paid from, in units of quality × calls.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FloorAccount {
    /// The route's floor: served quality over the default model's.
    pub floor: f64,
    /// Quality of the default model that the floor is relative to, 0..1.
    pub reference: f64,
    /// Whose word it rests on.
    pub source: FloorSource,
    /// Lower bound of the surplus over the floor before this call.
    pub before: f64,
    /// The same with this call at the chosen model in it.
    pub after: f64,
    /// Probability that the served mix holds the floor, 0..1.
    pub probability: f64,
    /// Whether the guard sent this call elsewhere than was proposed.
    pub forced: bool,
}

/// What moving a session to another model costs: its prompt cache is lost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SwitchCost {
    /// Who had the session.
    pub from: Target,
    /// Input tokens that are no longer read from the cache.
    pub lost_cached_tokens: u64,
    /// What that costs.
    pub cost_micro_usd: Option<MicroUsd>,
}

/// A count that is told exactly while it is small.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Regressions {
    /// Below ten.
    Exact {
        /// The count.
        exact: u32,
    },
    /// From ten on.
    AtLeast {
        /// 10 or 50.
        at_least: u32,
    },
}

impl From<u32> for Regressions {
    fn from(count: u32) -> Self {
        match count {
            0..10 => Self::Exact { exact: count },
            10..50 => Self::AtLeast { at_least: 10 },
            _ => Self::AtLeast { at_least: 50 },
        }
    }
}

/// What the confidence rests on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Observations of the chosen model.
    pub samples: Option<u64>,
    /// Expected quality of the best candidate less that of the second, 0..1.
    pub top2_score_gap: Option<f64>,
    /// Variance of the chosen model's outcomes.
    pub outcome_variance: Option<f64>,
    /// Alarms of the drift detector on this route in the last seven days.
    pub recent_regressions: Option<Regressions>,
    /// The last of them, rounded down to five minutes.
    pub last_regression_at: Option<Timestamp>,
}

/// Four scores of one answer and what they come to, 0..100 each.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Whether it answers what was asked.
    pub relevance: f64,
    /// Whether it hangs together.
    pub coherence: f64,
    /// Whether it is of use.
    pub helpfulness: f64,
    /// Whether it does no harm.
    pub safety: f64,
    /// The four in one number.
    pub composite: f64,
}

impl Scores {
    /// The four dimensions by name, without the composite.
    #[must_use]
    pub const fn dimensions(&self) -> [(&'static str, f64); 4] {
        [
            ("relevance", self.relevance),
            ("coherence", self.coherence),
            ("helpfulness", self.helpfulness),
            ("safety", self.safety),
        ]
    }

    /// What is known of an answer: heuristics alone, or with the judge's word where both exist.
    #[must_use]
    pub fn known(heuristics: Option<Self>, judged: Option<Self>) -> Option<Self> {
        match (heuristics, judged) {
            (Some(heuristics), Some(judged)) => Some(heuristics.blended(&judged)),
            (heuristics, judged) => heuristics.or(judged),
        }
    }

    /// These scores by heuristics with those of a judge: 60 % to 40 %.
    #[must_use]
    pub fn blended(&self, judged: &Self) -> Self {
        let blend = |heuristic: f64, judge: f64| 0.6 * heuristic + 0.4 * judge;
        Self {
            relevance: blend(self.relevance, judged.relevance),
            coherence: blend(self.coherence, judged.coherence),
            helpfulness: blend(self.helpfulness, judged.helpfulness),
            safety: blend(self.safety, judged.safety),
            composite: blend(self.composite, judged.composite),
        }
    }
}

/// What one outcome gave to one decision. The credits of a session's decisions sum to its outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Credit {
    /// `session` and `request` (the application's votes), `manual` (a rating by hand), or `auto` (heuristics and judge).
    pub source: String,
    /// The outcome of the whole, anchored: 0 = failed, 1 = succeeded.
    pub outcome: f64,
    /// This decision's share of it, 0..1.
    pub share: f64,
    /// Outcome × share.
    pub credit: f64,
    /// When it came.
    pub created_at: Timestamp,
}

/// Who serves if the chosen model fails: as the route says, and as production has shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BackupOrder {
    /// By rule.
    pub rule: Vec<String>,
    /// As tried.
    pub learned: Vec<String>,
}

/// How demanding a request is, as `smart_cost` rates it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Any model will do: the cheapest serves.
    Simple,
    /// A cheaper model serves if it is known to be good enough.
    Moderate,
    /// The default model serves.
    Complex,
}

/// What a request is about, by cheap rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intent {
    /// Program text.
    Code,
    /// Calculation and proof.
    Math,
    /// Weighing, planning, explaining why.
    Reasoning,
    /// Anything else.
    General,
}

/// What `smart_cost` made of a request.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Complexity {
    /// By the published formula, 0..1.
    pub score: f64,
    /// What the score means.
    pub tier: Tier,
    /// What the request is about.
    pub intent: Intent,
}

/// What the router knew when it chose.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Assessment {
    /// How far the route has come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,
    /// Where the knowledge of the chosen model comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<SourceWeights>,
    /// How sure the choice is, 0..1, by the published formula.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    /// Why the confidence is that.
    pub confidence_reason: ConfidenceReason,
    /// Probability that this call was not the one that exploitation alone would make.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exploration_rate: Option<f64>,
    /// Whether a prior pooled across orgs had a part in it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub used_shared_pool_prior: bool,
    /// The floor's account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub floor: Option<FloorAccount>,
    /// What moving the session costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub switch: Option<SwitchCost>,
    /// What the confidence rests on.
    #[serde(skip_serializing_if = "is_empty")]
    pub evidence: Evidence,
    /// Who serves if the chosen model fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backups: Option<BackupOrder>,
    /// How demanding the request was, where the strategy asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub complexity: Option<Complexity>,
}

fn is_empty(evidence: &Evidence) -> bool {
    *evidence == Evidence::default()
}

impl Assessment {
    /// Whether nothing is in it, so that a record can leave it out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regressions_are_told_exactly_while_they_are_few() {
        for (count, json) in [
            (0, r#"{"kind":"exact","exact":0}"#),
            (9, r#"{"kind":"exact","exact":9}"#),
            (10, r#"{"kind":"at_least","at_least":10}"#),
            (49, r#"{"kind":"at_least","at_least":10}"#),
            (50, r#"{"kind":"at_least","at_least":50}"#),
        ] {
            assert_eq!(serde_json::to_string(&Regressions::from(count)).unwrap(), json);
        }
    }

    #[test]
    fn an_empty_assessment_reads_back_from_nothing() {
        let read: Assessment = serde_json::from_str("{}").unwrap();
        assert!(read.is_empty());
    }
}
