//! A request and its answer as they are retained: scrubbed, with the headers of the contract and the time of each stage.

use super::decision::{Decision, Status};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What is kept of one request: its record and its texts.
#[derive(Debug, Clone, PartialEq)]
pub struct RetainedRequest {
    /// The record.
    pub decision: Decision,
    /// The headers of ours that the client sent.
    pub headers: BTreeMap<String, String>,
    /// The body, in chat's words where the client spoke another dialect.
    pub body: Value,
    /// The assistant's message; `None` where none came, or none in whole.
    pub message: Option<Value>,
    /// Why the answer ended.
    pub finish_reason: Option<String>,
}

impl RetainedRequest {
    /// The resource `GET /v1/requests/{id}`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let decision = &self.decision;
        let outcome = &decision.outcome;
        let served = decision.served.as_ref().or(decision.winner.as_ref());
        json!({
            "request_id": decision.request_id,
            "session_id": decision.session_id,
            "created_at": decision.created_at,
            "endpoint": decision.endpoint,
            "route": decision.route,
            "provider": served.map(|target| &target.provider),
            "model": served.map(|target| &target.model),
            "status": outcome.status,
            "trace_id": decision.trace_id,
            "request": {"headers": self.headers, "body": self.body},
            "response": {
                "http_status": decision.http_status,
                "error_code": decision.error_code,
                "headers": self.answered(),
                "message": self.message,
                "finish_reason": self.finish_reason,
                "usage": {
                    "input_tokens": outcome.input_tokens,
                    "output_tokens": outcome.output_tokens,
                    "cached_input_tokens": outcome.cached_input_tokens,
                    "reasoning_tokens": decision.usage.reasoning_tokens,
                    "estimated": decision.usage.estimated,
                },
            },
            "latency_ms": outcome.latency_ms,
            "timings": decision.timings,
            "attempts": outcome.attempts,
        })
    }

    /// The contract's headers as the answer bore them: they are made from the record.
    fn answered(&self) -> Map<String, Value> {
        let decision = &self.decision;
        let served = decision.served.as_ref().or(decision.winner.as_ref());
        let is_whole = !decision.stream && decision.outcome.status == Status::Ok;
        let cost = decision.outcome.cost_micro_usd.filter(|_| is_whole);
        let reasoning = Some(decision.usage.reasoning_tokens).filter(|tokens| is_whole && *tokens > 0);
        let headers = [
            ("x-request-id", Some(decision.request_id.to_string())),
            ("floopy-session-id", Some(decision.session_id.to_string())),
            ("floopy-reason", Some(decision.floopy_reason.clone())),
            ("floopy-strategy", Some(decision.routing_strategy.as_str().to_owned())),
            ("floopy-provider", served.map(|target| target.provider.clone())),
            ("floopy-model", served.map(|target| target.model.clone())),
            ("floopy-cache", Some("off".to_owned())),
            ("floopy-confidence", decision.assessment.confidence.map(|confidence| confidence.to_string())),
            ("floopy-cost-micro-usd", cost.map(|cost| cost.0.to_string())),
            ("floopy-reasoning-tokens", reasoning.map(|tokens| tokens.to_string())),
        ];
        headers.into_iter().filter_map(|(name, value)| Some((name.to_owned(), Value::from(value?)))).collect()
    }
}
