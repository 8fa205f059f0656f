//! Sessions: their return, and their restored conversation.

use crate::base::{MicroUsd, RequestId, SessionId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A session in a listing, with what it cost and what it was worth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionSummary {
    /// The session.
    pub session_id: SessionId,
    /// Its first call.
    pub first_seen: Timestamp,
    /// Its last call.
    pub last_seen: Timestamp,
    /// Number of calls.
    pub turn_count: u64,
    /// What its calls cost, as far as prices are known.
    pub cost_micro_usd: MicroUsd,
    /// What they would have cost at their routes' default models; `null` = not known for all of them.
    pub baseline_cost_micro_usd: Option<MicroUsd>,
    /// Baseline less cost.
    pub saved_micro_usd: Option<MicroUsd>,
    /// Its feedback, 0..10.
    pub score: Option<f64>,
    /// Score per dollar.
    pub value_per_usd: Option<f64>,
    /// Whether it was inferred.
    pub inferred: bool,
    /// Label.
    pub session_name: Option<String>,
    /// Label.
    pub user_id: Option<String>,
    /// Label.
    pub project_id: Option<String>,
}

/// One call of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// The decision.
    pub request_id: RequestId,
    /// When it came in.
    pub created_at: Timestamp,
    /// Who served, or else who was chosen, or else what was asked for: typed clients take no `null` here.
    pub model: String,
    /// At which provider; empty where nobody was chosen.
    pub provider: String,
}

/// A session with its conversation: `messages` works as it is in the next call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RestoredSession {
    /// The session.
    pub session_id: SessionId,
    /// The merged conversation.
    pub messages: Vec<Value>,
    /// Number of calls.
    pub turn_count: usize,
    /// The calls, oldest first.
    pub turns: Vec<Turn>,
}
