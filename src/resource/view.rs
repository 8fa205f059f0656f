//! A decision as callers see it: every key of the contract, `null` where nothing is known yet.

use super::assessment::{ConfidenceReason, Credit, Scores};
use super::decision::Decision;
use super::explain::{Language, Template};
use super::feedback::{Feedback, Rating};
use super::judged::Judged;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value;
use std::collections::BTreeMap;

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

    /// The decision as callers see it, its explanation in this language.
    #[must_use]
    pub const fn view(&self, language: Language) -> DecisionView<'_> {
        DecisionView { stored: self, language }
    }

    /// The same as a document.
    #[must_use]
    pub fn to_json(&self, language: Language) -> Value {
        serde_json::to_value(self.view(language)).unwrap_or_default()
    }

    /// The scores of the answer: heuristics alone, or 60 % heuristics and 40 % judge where both exist.
    #[must_use]
    pub fn scores(&self) -> Option<Scores> {
        Scores::known(self.decision.heuristics, self.judged.as_ref().map(|judged| judged.scores))
    }

    /// Writes the audit keys.
    fn audit<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let decision = &self.decision;
        let assessment = &decision.assessment;
        map.serialize_entry("floopy_reason", &decision.floopy_reason)?;
        map.serialize_entry("routing_strategy", &decision.routing_strategy)?;
        map.serialize_entry("route", &decision.route)?;
        map.serialize_entry("routing_rule_id", &decision.route)?;
        map.serialize_entry("phase", &assessment.phase)?;
        match &assessment.weights {
            Some(weights) => map.serialize_entry("weights", weights)?,
            None => map.serialize_entry("weights", &NoWeights::default())?,
        }
        map.serialize_entry("candidates", &decision.candidates)?;
        map.serialize_entry("filtered", &decision.filtered)?;
        map.serialize_entry("winner", &decision.winner)?;
        map.serialize_entry("reason", &decision.reason)?;
        map.serialize_entry("propensity", &decision.propensity)?;
        map.serialize_entry("exploration_rate_effective", &assessment.exploration_rate)?;
        map.serialize_entry("used_shared_pool_prior", &assessment.used_shared_pool_prior)?;
        map.serialize_entry("floor", &assessment.floor)?;
        map.serialize_entry("switch", &assessment.switch)?;
        map.serialize_entry("evidence", &assessment.evidence)?;
        map.serialize_entry("complexity", &assessment.complexity)?;
        map.serialize_entry("outcome", &decision.outcome)?;
        match self.scores() {
            Some(scores) => map.serialize_entry("scores", &scores)?,
            None => map.serialize_entry("scores", &NoScores::default())?,
        }
        map.serialize_entry("credits", &self.credits)?;
        map.serialize_entry("experiment", &decision.experiment)?;
        map.serialize_entry("backup_order", &assessment.backups)?;
        let Self { sequence, previous_sha256, sha256, .. } = self;
        map.serialize_entry("chain", &Chain { sequence: *sequence, previous_sha256, sha256 })
    }
}

/// A decision as callers see it: the flat keys that the SDKs read, the audit keys, and the audit keys again in
/// `decision_trace`. It is written in one pass: a list of hundreds makes no document of each.
#[derive(Debug, Clone, Copy)]
pub struct DecisionView<'a> {
    stored: &'a StoredDecision,
    language: Language,
}

impl Serialize for DecisionView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (stored, decision) = (self.stored, &self.stored.decision);
        let served = decision.served.as_ref().or(decision.winner.as_ref());
        let template = Template::of(decision);
        let text = template.text(self.language);
        let assessment = &decision.assessment;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("request_id", &decision.request_id)?;
        map.serialize_entry("session_id", &decision.session_id)?;
        map.serialize_entry("request_created_at", &decision.created_at)?;
        map.serialize_entry("provider", &served.map(|target| &target.provider))?;
        map.serialize_entry("model", &served.map(|target| &target.model))?;
        map.serialize_entry("status", &decision.outcome.status)?;
        map.serialize_entry("latency_ms", &decision.outcome.latency_ms)?;
        map.serialize_entry("cost_micro_usd", &decision.outcome.cost_micro_usd)?;
        map.serialize_entry("cache_enabled", &false)?;
        map.serialize_entry("threat", &None::<&str>)?;
        map.serialize_entry("confidence", &assessment.confidence)?;
        let told = ConfidenceReason::told(decision.reason, assessment.confidence_reason);
        map.serialize_entry("confidence_reason", &told)?;
        map.serialize_entry("explanation", &text)?;
        map.serialize_entry("explanation_detail", &Explained { text: &text, template_id: template.id() })?;
        map.serialize_entry("session_inferred", &decision.session_inferred)?;
        map.serialize_entry("endpoint", &decision.endpoint)?;
        map.serialize_entry("requested_model", &decision.requested_model)?;
        map.serialize_entry("stream", &decision.stream)?;
        map.serialize_entry("served", &decision.served)?;
        map.serialize_entry("usage", &decision.usage)?;
        map.serialize_entry("http_status", &decision.http_status)?;
        map.serialize_entry("error_code", &decision.error_code)?;
        map.serialize_entry("key_id", &decision.key_id)?;
        map.serialize_entry("user_id", &decision.user_id)?;
        map.serialize_entry("project_id", &decision.project_id)?;
        map.serialize_entry("session_name", &decision.session_name)?;
        map.serialize_entry("session_path", &decision.session_path)?;
        let properties = decision.properties.iter().map(|(name, value)| (name, value));
        map.serialize_entry("properties", &properties.collect::<BTreeMap<_, _>>())?;
        map.serialize_entry("dropped_parameters", &decision.dropped_parameters)?;
        map.serialize_entry("batch_id", &decision.batch_id)?;
        map.serialize_entry("evaluation_id", &decision.evaluation_id)?;
        map.serialize_entry("trace_id", &decision.trace_id)?;
        map.serialize_entry("timings", &decision.timings)?;
        map.serialize_entry("config_generation", &decision.config_generation)?;
        map.serialize_entry("rating", &stored.rating)?;
        map.serialize_entry("feedback", &stored.feedback)?;
        map.serialize_entry("decision_trace", &Traced(stored))?;
        stored.audit(&mut map)?;
        map.end()
    }
}

/// The audit keys with what a learned choice was made from.
struct Traced<'a>(&'a StoredDecision);

impl Serialize for Traced<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.0.audit(&mut map)?;
        map.serialize_entry("learned", &self.0.decision.trace)?;
        map.end()
    }
}

#[derive(Serialize)]
struct Chain<'a> {
    sequence: u64,
    previous_sha256: &'a str,
    sha256: &'a str,
}

#[derive(Serialize)]
struct Explained<'a> {
    text: &'a str,
    template_id: &'a str,
}

/// Weights where nothing was weighed: every key is there.
#[derive(Default, Serialize)]
struct NoWeights {
    session: Option<f64>,
    auto: Option<f64>,
    manual: Option<f64>,
    benchmark: Option<f64>,
}

/// Scores where nothing was scored.
#[derive(Default, Serialize)]
struct NoScores {
    relevance: Option<f64>,
    coherence: Option<f64>,
    helpfulness: Option<f64>,
    safety: Option<f64>,
    composite: Option<f64>,
}
