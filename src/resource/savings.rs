//! What was saved, part by part, and whether a route keeps what it promises.

use crate::base::{MicroUsd, Timestamp};
use serde::{Deserialize, Serialize};

/// What savings are told by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupBy {
    /// The route.
    #[default]
    Route,
    /// The model that served, `provider/model`.
    Model,
    /// The key's id.
    Key,
    /// The project.
    Project,
    /// The end user.
    User,
    /// The session.
    Session,
}

impl GroupBy {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Route, Self::Model, Self::Key, Self::Project, Self::User, Self::Session];

    /// The name in queries and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Route => "route",
            Self::Model => "model",
            Self::Key => "key",
            Self::Project => "project",
            Self::User => "user",
            Self::Session => "session",
        }
    }
}

/// A difference with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The estimate.
    pub value: f64,
    /// The lower end.
    pub lower: f64,
    /// The upper end.
    pub upper: f64,
}

/// Savings of one part of the traffic. What is not measured is `null`: it is on no invoice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Saving {
    /// The part's name; `null` = what has none, and the total.
    pub group: Option<String>,
    /// Answered calls whose cost is known.
    pub calls: u64,
    /// What they cost.
    pub actual_micro_usd: MicroUsd,
    /// What they would have cost at the default models: actual and saved.
    pub baseline_micro_usd: Option<MicroUsd>,
    /// What was saved, against the hold-out.
    pub saved_micro_usd: Option<MicroUsd>,
    /// The lower end of its 95 % interval.
    pub saved_lower_micro_usd: Option<MicroUsd>,
    /// The upper end.
    pub saved_upper_micro_usd: Option<MicroUsd>,
    /// Saved over what the measured calls would have cost.
    pub saved_share: Option<f64>,
    /// Routed calls that the saving is measured at.
    pub measured_calls: u64,
    /// Calls that were held out for the default models, of this part.
    pub holdout_calls: u64,
    /// Mean composite quality (0..1) of the routed calls less that of the hold-out.
    pub quality_delta: Option<Interval>,
    /// The same tokens at the default models' prices, as far as both prices are known: an estimate without an interval,
    /// on no invoice.
    pub priced_baseline_micro_usd: MicroUsd,
    /// That, less the cost of these calls.
    pub priced_saved_micro_usd: MicroUsd,
    /// What is owed for it.
    pub invoice_micro_usd: MicroUsd,
}

/// The answer of `GET /v1/savings`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Savings {
    /// The first instant.
    pub from: Timestamp,
    /// The first instant that is too late.
    pub to: Timestamp,
    /// What the parts are.
    pub group_by: GroupBy,
    /// Share of the savings on the invoice, 0..1.
    pub rate: f64,
    /// Everything together.
    pub total: Saving,
    /// The parts, dearest first.
    pub groups: Vec<Saving>,
}

/// One side of a verification.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Side {
    /// Calls.
    pub samples: u64,
    /// Mean cost of a call.
    pub avg_cost_micro_usd: Option<f64>,
    /// Mean composite quality, 0..1.
    pub composite_quality: Option<f64>,
    /// Median time of a call, within 2 %.
    pub p50_latency_ms: Option<f64>,
}

/// What is between the sides.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Delta {
    /// Cost, in percent of the baseline's; negative = cheaper.
    pub cost_pct: Option<f64>,
    /// Quality, 0..1; negative = worse.
    pub quality_abs: Option<f64>,
    /// Median time.
    pub p50_latency_ms: Option<f64>,
    /// The 95 % interval of `cost_pct`.
    pub cost_pct_interval: Option<Interval>,
    /// The 95 % interval of `quality_abs`.
    pub quality_interval: Option<Interval>,
}

/// The verdict of a verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Cheaper, and not worse than allowed: both intervals say so as a whole.
    Verified,
    /// Not so.
    NotVerified,
    /// Too few calls on a side.
    InsufficientData,
    /// Worse than allowed: the whole interval says so.
    RegressionDetected,
}

/// The answer of `GET /v1/optimization/verification`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verified {
    /// The route.
    pub route_id: String,
    /// The window, as it was asked for.
    pub window: String,
    /// The verdict.
    pub status: Verdict,
    /// The hold-out.
    pub baseline: Side,
    /// The routed calls.
    pub floopy: Side,
    /// Their difference.
    pub delta: Delta,
}
