//! A decision as callers see it: every key of the contract, `null` where nothing is known yet.

use super::assessment::{ConfidenceReason, Credit, Scores};
use super::decision::Decision;
use super::explain::{Language, Template};
use super::feedback::{Feedback, Rating};
use super::judged::Judged;
use serde_json::{Map, Value, json};

/// A decision with what the store knows of it beside the record itself.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredDecision {
    /// The record.
    pub decision: Decision,
    /// Its place in the org's chain.
    pub sequence: u64,
    /// Hash of the entry before it, in hex.
    pub previous_sha256: String,
    /// Its own hash, in hex.
    pub sha256: String,
    /// The last rating.
    pub rating: Option<Rating>,
    /// Feedback about this request.
    pub feedback: Option<Feedback>,
    /// What the judge made of the answer, where it was asked.
    pub judged: Option<Judged>,
    /// What outcomes gave to it.
    pub credits: Vec<Credit>,
}

impl StoredDecision {
    /// A decision that is in no store: a dry run's.
    #[must_use]
    pub fn unstored(decision: Decision) -> Self {
        let (previous_sha256, sha256) = (String::new(), String::new());
        let credits = Vec::new();
        Self { decision, sequence: 0, previous_sha256, sha256, rating: None, feedback: None, judged: None, credits }
    }

    /// The decision as JSON: the flat keys that the SDKs read, the audit keys, and the audit keys again in
    /// `decision_trace`. Its explanation is in this language.
    #[must_use]
    pub fn to_json(&self, language: Language) -> Value {
        let decision = &self.decision;
        let served = decision.served.as_ref().or(decision.winner.as_ref());
        let template = Template::of(decision);
        let text = template.text(language);
        let assessment = &decision.assessment;
        let confidence_reason = ConfidenceReason::told(decision.reason, assessment.confidence_reason);
        let audit = self.audit();
        let mut flat = Map::from_iter([
            ("request_id".to_owned(), json!(decision.request_id)),
            ("session_id".to_owned(), json!(decision.session_id)),
            ("request_created_at".to_owned(), json!(decision.created_at)),
            ("provider".to_owned(), json!(served.map(|target| &target.provider))),
            ("model".to_owned(), json!(served.map(|target| &target.model))),
            ("status".to_owned(), json!(decision.outcome.status)),
            ("latency_ms".to_owned(), json!(decision.outcome.latency_ms)),
            ("cost_micro_usd".to_owned(), json!(decision.outcome.cost_micro_usd)),
            ("cache_enabled".to_owned(), json!(false)),
            ("threat".to_owned(), Value::Null),
            ("confidence".to_owned(), json!(assessment.confidence)),
            ("confidence_reason".to_owned(), json!(confidence_reason)),
            ("explanation".to_owned(), json!(text)),
            ("explanation_detail".to_owned(), json!({"text": text, "template_id": template.id()})),
            ("session_inferred".to_owned(), json!(decision.session_inferred)),
            ("endpoint".to_owned(), json!(decision.endpoint)),
            ("requested_model".to_owned(), json!(decision.requested_model)),
            ("stream".to_owned(), json!(decision.stream)),
            ("served".to_owned(), json!(decision.served)),
            ("usage".to_owned(), json!(decision.usage)),
            ("http_status".to_owned(), json!(decision.http_status)),
            ("error_code".to_owned(), json!(decision.error_code)),
            ("key_id".to_owned(), json!(decision.key_id)),
            ("user_id".to_owned(), json!(decision.user_id)),
            ("project_id".to_owned(), json!(decision.project_id)),
            ("session_name".to_owned(), json!(decision.session_name)),
            ("session_path".to_owned(), json!(decision.session_path)),
            (
                "properties".to_owned(),
                json!(decision.properties.iter().cloned().collect::<std::collections::BTreeMap<_, _>>()),
            ),
            ("dropped_parameters".to_owned(), json!(decision.dropped_parameters)),
            ("batch_id".to_owned(), json!(decision.batch_id)),
            ("trace_id".to_owned(), json!(decision.trace_id)),
            ("timings".to_owned(), json!(decision.timings)),
            ("config_generation".to_owned(), json!(decision.config_generation)),
            ("rating".to_owned(), json!(self.rating)),
            ("feedback".to_owned(), json!(self.feedback)),
            ("decision_trace".to_owned(), self.traced(&audit)),
        ]);
        flat.extend(audit);
        Value::Object(flat)
    }

    /// The audit keys with what a learned choice was made from.
    fn traced(&self, audit: &Map<String, Value>) -> Value {
        let mut traced = audit.clone();
        traced.insert("learned".to_owned(), json!(self.decision.trace));
        Value::Object(traced)
    }

    /// The scores of the answer: heuristics alone, or 60 % heuristics and 40 % judge where both exist.
    #[must_use]
    pub fn scores(&self) -> Option<Scores> {
        Scores::known(self.decision.heuristics, self.judged.as_ref().map(|judged| judged.scores))
    }

    fn audit(&self) -> Map<String, Value> {
        let decision = &self.decision;
        let assessment = &decision.assessment;
        let none = json!({"session": null, "auto": null, "manual": null, "benchmark": null});
        let weights = assessment.weights.map_or(none, |weights| json!(weights));
        let scores = self.scores().map_or_else(
            || json!({"relevance": null, "coherence": null, "helpfulness": null, "safety": null, "composite": null}),
            |scores| json!(scores),
        );
        let audit = json!({
            "floopy_reason": decision.floopy_reason,
            "routing_strategy": decision.routing_strategy,
            "route": decision.route,
            "routing_rule_id": decision.route,
            "phase": assessment.phase,
            "weights": weights,
            "candidates": decision.candidates,
            "filtered": decision.filtered,
            "winner": decision.winner,
            "reason": decision.reason,
            "propensity": decision.propensity,
            "exploration_rate_effective": assessment.exploration_rate,
            "used_shared_pool_prior": assessment.used_shared_pool_prior,
            "floor": assessment.floor,
            "switch": assessment.switch,
            "evidence": assessment.evidence,
            "complexity": assessment.complexity,
            "outcome": decision.outcome,
            "scores": scores,
            "credits": self.credits,
            "experiment": decision.experiment,
            "backup_order": assessment.backups,
            "chain": {"sequence": self.sequence, "previous_sha256": self.previous_sha256, "sha256": self.sha256},
        });
        match audit {
            Value::Object(audit) => audit,
            _ => Map::new(),
        }
    }
}
