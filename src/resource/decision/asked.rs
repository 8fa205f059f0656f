//! Where decisions begin that are not a gateway's: a judge's, and those of tests and benches.

use super::{Decision, Outcome, Reason, Status, Strategy, UsageNote};
use crate::base::{OrgId, RequestId, SessionId, Timestamp};
use crate::resource::Assessment;

/// What is known of a request before anything is decided.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The decision's id.
    pub request_id: RequestId,
    /// Whose it is.
    pub org: OrgId,
    /// Its session, which the client has named.
    pub session_id: SessionId,
    /// When it came.
    pub created_at: Timestamp,
    /// Where it came to.
    pub endpoint: String,
    /// `model` as the client wrote it.
    pub requested_model: String,
}

impl Outcome {
    /// An end of which nothing has been counted.
    #[must_use]
    pub const fn of(status: Status, latency_ms: u64) -> Self {
        Self {
            status,
            latency_ms,
            ttft_ms: None,
            input_tokens: None,
            output_tokens: None,
            cached_input_tokens: None,
            cost_micro_usd: None,
            baseline_cost_micro_usd: None,
            saved_micro_usd: None,
            cache_hit: false,
            threat_blocked: false,
            fallback_used: false,
            attempts: Vec::new(),
        }
    }
}

impl Decision {
    /// The decision of a request without a label that no router chose for and nobody served, with what came of it.
    #[must_use]
    pub fn of(asked: Asked, outcome: Outcome) -> Self {
        Self {
            request_id: asked.request_id,
            org: asked.org,
            session_id: asked.session_id,
            session_inferred: false,
            created_at: asked.created_at,
            endpoint: asked.endpoint,
            requested_model: asked.requested_model,
            stream: false,
            floopy_reason: "none::direct".to_owned(),
            routing_strategy: Strategy::LegacyModel,
            route: None,
            winner: None,
            served: None,
            reason: Reason::NoRouter,
            propensity: None,
            candidates: Vec::new(),
            filtered: Vec::new(),
            assessment: Assessment::default(),
            trace: None,
            outcome,
            heuristics: None,
            usage: UsageNote::default(),
            http_status: 200,
            error_code: None,
            key_id: None,
            user_id: None,
            project_id: None,
            session_name: None,
            session_path: None,
            experiment: None,
            properties: Vec::new(),
            dropped_parameters: Vec::new(),
            completion_id: None,
            batch_id: None,
            evaluation_id: None,
            trace_id: None,
            timings: None,
            config_generation: 1,
        }
    }
}
