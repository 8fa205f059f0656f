//! The decision: the record of one request, what was chosen, why, from what, and what came of it.
//!
//! [`Decision`] is what the store keeps and the hash chain covers. It holds no text of a prompt or
//! an answer. What arrives later (ratings, scores, credits) is stored beside it and joined on reading.

mod asked;

pub use asked::Asked;

use super::assessment::{Assessment, Scores};
use super::experiment::Enrolled;
use super::timings::Timings;
use super::trace::Trace;
use crate::base::{MicroUsd, ModelRef, OrgId, RequestId, RouteId, SessionId, Timestamp, TraceId};
use serde::{Deserialize, Serialize};

/// The endpoint of a judge's own calls: traffic beside the traffic, in no session and never judged.
pub const JUDGE: &str = "judge";

/// The endpoint of a copy of a call that went to the candidate of a shadow experiment: in no session, and nobody saw its
/// answer.
pub const SHADOW: &str = "shadow";

/// The endpoint in the record of a row of an evaluation.
pub const EVALUATION: &str = "evaluation";

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Answered.
    Ok,
    /// Failed.
    Error,
    /// Refused by the firewall, a limit or a budget.
    Blocked,
    /// The client left.
    Cancelled,
}

impl Status {
    /// The name in records and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "error",
            Self::Blocked => "blocked",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Why the request went where it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The router chose among several candidates.
    Dispatched,
    /// Answered from the cache.
    CacheHit,
    /// Refused by the firewall.
    FirewallBlocked,
    /// No candidate was eligible; the default model served.
    AllCandidatesFiltered,
    /// Only one candidate was eligible.
    SingleCandidate,
    /// The client named the model.
    NoRouter,
    /// A target failed and another one served.
    ProviderFallback,
    /// Every target failed.
    ProvidersExhausted,
    /// The budget is spent.
    BudgetExceeded,
    /// A limit of ours.
    RateLimited,
    /// The client left.
    Cancelled,
    /// Rule 2 of the contract: everything is switched off.
    Passthrough,
}

/// The strategy that served the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// The client named one model.
    LegacyModel,
    /// Left to right until one answers.
    Fallback,
    /// Each in turn.
    RoundRobin,
    /// By fixed weights.
    Weighted,
    /// The fastest by recent medians.
    LatencyBased,
    /// Learns from outcomes.
    FeedbackDriven,
    /// By the request's complexity.
    SmartCost,
    /// A plain bandit over five dimensions.
    SmartSelect,
    /// Everything off.
    Passthrough,
}

impl Strategy {
    /// The name in records, headers and the configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LegacyModel => "legacy_model",
            Self::Fallback => "fallback",
            Self::RoundRobin => "round_robin",
            Self::Weighted => "weighted",
            Self::LatencyBased => "latency_based",
            Self::FeedbackDriven => "feedback_driven",
            Self::SmartCost => "smart_cost",
            Self::SmartSelect => "smart_select",
            Self::Passthrough => "passthrough",
        }
    }
}

/// A target with its provider and model apart, as the SDKs read it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Target {
    /// The configured provider.
    pub provider: String,
    /// The model.
    pub model: String,
}

impl From<&ModelRef> for Target {
    fn from(model: &ModelRef) -> Self {
        Self { provider: model.provider.to_string(), model: model.model.to_string() }
    }
}

/// A candidate that was eligible.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// Provider and model.
    #[serde(flatten)]
    pub target: Target,
    /// The value that the strategy compared (its unit is the strategy's), if it compares.
    pub score: Option<f64>,
    /// Expected composite quality, 0..1.
    pub quality: Option<f64>,
    /// Lower bound of that quality.
    pub quality_lower: Option<f64>,
    /// Observations behind it.
    pub samples: Option<u64>,
    /// Expected cost of this request there.
    pub expected_cost_micro_usd: Option<MicroUsd>,
    /// Probability with which it could have been chosen, 0..1.
    pub propensity: Option<f64>,
}

impl Candidate {
    /// A candidate of which only the name and its chance are known.
    #[must_use]
    pub fn plain(model: &ModelRef, propensity: Option<f64>) -> Self {
        Self {
            target: Target::from(model),
            score: None,
            quality: None,
            quality_lower: None,
            samples: None,
            expected_cost_micro_usd: None,
            propensity,
        }
    }
}

/// Why a candidate was not eligible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the contract's own, section 4")]
pub enum FilterReason {
    QualityFloor,
    ConstraintMaxRegression,
    ConstraintMaxCostIncrease,
    ConstraintConfidenceThreshold,
    ConstraintMinSamples,
    ConstraintMaxOutcomeVariance,
    ConstraintUnvalidatedCostDrop,
    ConstraintShadowRequired,
    CapabilityVision,
    CapabilityTools,
    CapabilityResponseSchema,
    NativeProviderNeeded,
    ContextWindow,
    CircuitOpen,
    UpstreamRateLimited,
    ProviderNotConfigured,
    Pinned,
}

/// A candidate that was not eligible, with the gate that refused it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Filtered {
    /// The candidate.
    #[serde(flatten)]
    pub candidate: Candidate,
    /// The gate.
    pub reason: FilterReason,
}

/// One call to one target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Provider and model.
    #[serde(flatten)]
    pub target: Target,
    /// HTTP status of the upstream, where it gave one.
    pub status: Option<u16>,
    /// What went wrong; `null` for the attempt that served.
    pub error: Option<String>,
    /// Time spent on it.
    pub latency_ms: u64,
    /// How many times this target had been tried before in this request.
    pub retry: u32,
}

/// What came of the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// How it ended.
    pub status: Status,
    /// From the request's last byte to the answer's last byte.
    pub latency_ms: u64,
    /// To the first byte of the answer's body.
    pub ttft_ms: Option<u64>,
    /// All input tokens.
    pub input_tokens: Option<u64>,
    /// All output tokens.
    pub output_tokens: Option<u64>,
    /// The part of the input read from the provider's prompt cache.
    pub cached_input_tokens: Option<u64>,
    /// What it cost; `null` = a price is unknown.
    pub cost_micro_usd: Option<MicroUsd>,
    /// What the route's default model would have cost; `null` = unknown or no route.
    pub baseline_cost_micro_usd: Option<MicroUsd>,
    /// Baseline less actual cost.
    pub saved_micro_usd: Option<MicroUsd>,
    /// Whether the answer came from the cache.
    pub cache_hit: bool,
    /// Whether the firewall refused.
    pub threat_blocked: bool,
    /// Whether another target than the chosen one served.
    pub fallback_used: bool,
    /// Every call that was made, in order.
    pub attempts: Vec<Attempt>,
}

impl Outcome {
    /// All tokens, in and out.
    #[must_use]
    pub fn tokens(&self) -> u64 {
        self.input_tokens.unwrap_or(0).saturating_add(self.output_tokens.unwrap_or(0))
    }
}

/// Token counts that the contract keeps under `usage`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageNote {
    /// Whether any count is ours because the upstream gave none.
    pub estimated: bool,
    /// The part of the output spent on reasoning.
    pub reasoning_tokens: u64,
}

/// The record of one request. Immutable once written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// The decision's id, the `x-request-id` of the answer.
    pub request_id: RequestId,
    /// The org it belongs to.
    pub org: OrgId,
    /// Its session, given or inferred.
    pub session_id: SessionId,
    /// Whether the session was inferred.
    pub session_inferred: bool,
    /// When the request came in.
    pub created_at: Timestamp,
    /// The endpoint: `chat`, `embeddings`, `passthrough`.
    pub endpoint: String,
    /// `model` as the client wrote it (a name, never a text).
    pub requested_model: String,
    /// Whether the answer was streamed.
    pub stream: bool,
    /// `model::why`.
    pub floopy_reason: String,
    /// The strategy.
    pub routing_strategy: Strategy,
    /// The route's name.
    pub route: Option<RouteId>,
    /// Who was chosen; `null` when nobody could be.
    pub winner: Option<Target>,
    /// Who answered in the end, fallbacks included.
    pub served: Option<Target>,
    /// Why.
    pub reason: Reason,
    /// Probability with which the winner was chosen, where chance played.
    pub propensity: Option<f64>,
    /// Who was eligible.
    pub candidates: Vec<Candidate>,
    /// Who was not, and why.
    pub filtered: Vec<Filtered>,
    /// What the router knew, and how sure it was.
    #[serde(default, skip_serializing_if = "Assessment::is_empty")]
    pub assessment: Assessment,
    /// What a learned choice was made from: enough to make it again, bit for bit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<Box<Trace>>,
    /// What came of it.
    pub outcome: Outcome,
    /// Scores of the answer by heuristics.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heuristics: Option<Scores>,
    /// Notes on the token counts.
    pub usage: UsageNote,
    /// HTTP status sent to the client.
    pub http_status: u16,
    /// The public error code, where it failed.
    pub error_code: Option<String>,
    /// The key's public id.
    pub key_id: Option<crate::base::KeyId>,
    /// Label: the end user.
    pub user_id: Option<String>,
    /// Label: the project.
    pub project_id: Option<String>,
    /// Label: the session's name.
    pub session_name: Option<String>,
    /// Label: the session's path.
    pub session_path: Option<String>,
    /// The experiment that its session takes part in, and on which side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub experiment: Option<Enrolled>,
    /// Labels of the client's own (`floopy-property-*`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub properties: Vec<(String, String)>,
    /// Parameters that the served target could not take and that policy dropped.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped_parameters: Vec<String>,
    /// The id that the client knows the answer by: it may name its feedback's target with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_id: Option<String>,
    /// The batch that it was a line of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch_id: Option<crate::base::BatchId>,
    /// The evaluation that it was made for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluation_id: Option<crate::base::EvaluationId>,
    /// The distributed trace that the request belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<TraceId>,
    /// Where its time went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timings: Option<Timings>,
    /// Generation of the configuration that decided.
    pub config_generation: u64,
}

impl Decision {
    /// Whether floopy made the call for itself: a judge's, a copy in the shadow, or a row of an evaluation. Nobody's
    /// conversation, on no route.
    #[must_use]
    pub fn is_our_own(&self) -> bool {
        [JUDGE, SHADOW, EVALUATION].contains(&self.endpoint.as_str())
    }
}
