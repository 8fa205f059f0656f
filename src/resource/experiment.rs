//! Experiments: what is tried on whose sessions, and how it went.

use super::decision::Target;
use crate::base::{ExperimentId, KeyId, RouteId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How an experiment is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExperimentKind {
    /// A share of a route's sessions is served by the rules of another route.
    Split,
    /// A share of a route's sessions is served by one model.
    Canary,
    /// Copies of a share of a route's calls go to one model; nobody sees its answers.
    Shadow,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExperimentStatus {
    /// Sessions are assigned.
    Active,
    /// It ended as it was meant to.
    Completed,
    /// Its variant B was taken out.
    RolledBack,
}

impl ExperimentStatus {
    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Completed => "completed",
            Self::RolledBack => "rolled_back",
        }
    }
}

/// Who or what ended it, or moved it on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecidedBy {
    /// A person.
    Operator,
    /// Ratings, by the anytime-valid test.
    EValue,
    /// Technical failures.
    Failures,
}

/// Which side of an experiment a decision belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Variant {
    /// What was there before.
    A,
    /// What is tried.
    B,
}

/// A decision's part in an experiment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolled {
    /// The experiment.
    pub id: ExperimentId,
    /// Its side.
    pub variant: Variant,
}

/// A step of an experiment that was taken by itself or by a person, with the numbers that it was taken on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub decided_by: DecidedBy,
    /// The key of that person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<KeyId>,
    /// Share of the sessions before and after, percent.
    pub traffic_pct: (f64, f64),
    /// Status afterwards.
    pub status: ExperimentStatus,
    /// The results at that moment.
    pub results: Value,
}

/// An experiment, as it rests and as it is shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Experiment {
    /// Its id.
    pub id: ExperimentId,
    /// What people call it.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// How it is made.
    #[serde(rename = "type")]
    pub kind: ExperimentKind,
    /// How far it is.
    pub status: ExperimentStatus,
    /// The route whose sessions take part.
    pub route: RouteId,
    /// Variant A's rule: that route.
    pub variant_a_routing_rule_id: String,
    /// Variant B's rule: another route, or the model that is tried.
    pub variant_b_routing_rule_id: String,
    /// Share of the sessions that get B, percent, as whole as it was given.
    pub traffic_pct: f64,
    /// The same, rounded.
    pub split_percentage: u8,
    /// What B is compared with.
    pub baseline: Target,
    /// What is tried: the model, or the other route's default model.
    pub candidate: Target,
    /// Whether evidence against B ends the experiment.
    pub auto_rollback: bool,
    /// Whether evidence for B raises its share, step by step, and completes the experiment at the last one.
    pub auto_promote: bool,
    /// The share of A's quality that B has to hold.
    pub quality_floor: f64,
    /// When it began.
    pub created_at: Timestamp,
    /// When B was taken out.
    pub rolled_back_at: Option<Timestamp>,
    /// When it was completed.
    pub completed_at: Option<Timestamp>,
    /// What was done with it, oldest first.
    #[serde(default)]
    pub steps: Vec<Step>,
}

/// What a finished shadow run, or an evaluation, has shown of its candidate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shadowed {
    /// It ran on [`ENOUGH_COPIES`] calls and was not shown to be worse.
    pub ran: bool,
    /// It was shown to hold the floor, or by an evaluation to lose no more than it may.
    pub fine: bool,
}

/// Copies from which on a completed shadow run counts as one.
pub const ENOUGH_COPIES: u64 = 20;

/// Shares that promotion goes through, percent; after the last one the experiment is complete.
pub const STAGES: [f64; 4] = [1.0, 5.0, 20.0, 50.0];

impl Experiment {
    /// Sets B's share of the sessions, percent.
    pub fn set_traffic(&mut self, percent: f64) {
        self.traffic_pct = percent.clamp(0.0, 100.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
        let rounded = self.traffic_pct.round() as u8;
        self.split_percentage = rounded;
    }

    /// Whether sessions are assigned to it.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.status == ExperimentStatus::Active
    }

    /// The results on which it ended; `None` while it runs.
    #[must_use]
    pub fn final_results(&self) -> Option<&Value> {
        self.steps.iter().rfind(|step| step.status != ExperimentStatus::Active).map(|step| &step.results)
    }

    /// What it has shown, where it is a shadow run that was completed.
    #[must_use]
    pub fn shadowed(&self) -> Option<Shadowed> {
        if self.kind != ExperimentKind::Shadow || self.status != ExperimentStatus::Completed {
            return None;
        }
        let results = self.final_results()?;
        let copies = results.pointer("/variant_b/sample_size").and_then(Value::as_u64).unwrap_or(0);
        let winner = results.get("winner").and_then(Value::as_str);
        let ran = copies >= ENOUGH_COPIES && winner != Some("A");
        Some(Shadowed { ran, fine: ran && winner == Some("B") })
    }

    /// Takes a step: another share, or an end.
    pub fn take(&mut self, mut step: Step) {
        step.traffic_pct = (self.traffic_pct, step.traffic_pct.1);
        self.set_traffic(step.traffic_pct.1);
        self.status = step.status;
        match step.status {
            ExperimentStatus::Active => {}
            ExperimentStatus::Completed => self.completed_at = Some(step.at),
            ExperimentStatus::RolledBack => self.rolled_back_at = Some(step.at),
        }
        self.steps.push(step);
    }
}

/// One side's numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VariantResults {
    /// Its rule.
    pub routing_rule_id: String,
    /// Its calls.
    pub sample_size: u64,
    /// Share of them that were answered, 0..1; 0 before the first one, since typed clients take no `null` here.
    pub success_rate: f64,
    /// Mean time, milliseconds; 0 before the first answer.
    pub average_latency_ms: f64,
    /// Mean cost, micro-USD; 0 while no cost is known.
    pub average_cost_micro_usd: f64,
    /// Mean rated quality, 0..1; of answers' own scores where nobody has rated.
    pub average_quality: Option<f64>,
    /// Rated sessions and requests.
    pub ratings: u64,
}

/// A difference with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// B less A.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Differences<T> {
    /// Of the mean quality, -1..1.
    pub quality: Option<T>,
    /// Of the mean cost, percent of A's.
    pub cost_pct: Option<T>,
    /// Of the mean time, milliseconds.
    pub latency_ms: Option<T>,
}

/// How an experiment stands. May be looked at as often as one likes: the winner comes from an anytime-valid test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExperimentResults {
    /// The experiment.
    pub experiment_id: ExperimentId,
    /// What was there before.
    pub variant_a: VariantResults,
    /// What is tried.
    pub variant_b: VariantResults,
    /// What B is compared with.
    pub baseline: Target,
    /// What is tried, as a model.
    pub candidate: Target,
    /// B less A.
    pub delta: Differences<f64>,
    /// 95 % intervals of these (normal approximation; for the eye, not for the verdict).
    pub interval: Differences<Interval>,
    /// `A`, `B` or `tie`; `None` = not shown yet.
    pub winner: Option<Winner>,
    /// What showed it.
    pub decided_by: Option<DecidedBy>,
    /// Wealth of the bet that is ahead; 20 decides.
    pub e_value: f64,
    /// Wealth of the bets that B is below the floor, and that it is above.
    pub e_values: EValues,
    /// When this was computed.
    pub computed_at: Timestamp,
}

/// Both bets.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EValues {
    /// That B is below the floor.
    pub harm: f64,
    /// That it is above.
    pub fine: f64,
}

/// Who is ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Winner {
    /// Variant A.
    A,
    /// Variant B.
    B,
    /// Neither, after many ratings.
    #[serde(rename = "tie")]
    Tie,
}
