//! What is read of a stored record where only some of it is wanted: by exports, and by accounts of what was saved.
//!
//! A record is ours, so it is skimmed: the members that nobody asks for, which are most of it, are stepped over.

use super::assessment::{ConfidenceReason, Scores};
use super::decision::{Reason, Status, Strategy};
use super::skim::{Members, text};
use super::trace::Why;
use crate::base::{MicroUsd, RequestId};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// What an export reads of a stored record.
#[derive(Debug, Deserialize)]
pub struct Facts<'a> {
    /// The decision's id.
    pub request_id: RequestId,
    /// Its org.
    #[serde(borrow)]
    pub org: Cow<'a, str>,
    /// Its session.
    #[serde(borrow)]
    pub session_id: Cow<'a, str>,
    /// When the request came in, as it is written.
    #[serde(borrow)]
    pub created_at: Cow<'a, str>,
    /// `model::why`.
    #[serde(borrow)]
    pub floopy_reason: Cow<'a, str>,
    /// The strategy.
    pub routing_strategy: Strategy,
    /// The route.
    #[serde(borrow)]
    pub route: Option<Cow<'a, str>>,
    /// Who was chosen.
    #[serde(borrow)]
    pub winner: Option<Pair<'a>>,
    /// Who answered.
    #[serde(borrow)]
    pub served: Option<Pair<'a>>,
    /// Why the request went where it went.
    pub reason: Reason,
    /// Probability of the choice.
    pub propensity: Option<f64>,
    /// What the router knew.
    #[serde(borrow, default)]
    pub assessment: Assessed<'a>,
    /// Why a learned choice was made.
    pub trace: Option<Chosen>,
    /// What came of it.
    pub outcome: Came,
    /// Scores by heuristics.
    pub heuristics: Option<Scores>,
    /// HTTP status sent to the client.
    pub http_status: u16,
    /// The public error code.
    #[serde(borrow)]
    pub error_code: Option<Cow<'a, str>>,
    /// The key's public id.
    #[serde(borrow)]
    pub key_id: Option<Cow<'a, str>>,
    /// Label: the end user.
    #[serde(borrow)]
    pub user_id: Option<Cow<'a, str>>,
    /// Label: the project.
    #[serde(borrow)]
    pub project_id: Option<Cow<'a, str>>,
}

/// A provider and a model.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub struct Pair<'a> {
    /// The provider.
    #[serde(borrow)]
    pub provider: Cow<'a, str>,
    /// The model.
    #[serde(borrow)]
    pub model: Cow<'a, str>,
}

/// What the router knew, unread where only its text is needed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names are those of `Assessment`")]
pub struct Assessed<'a> {
    #[serde(borrow)]
    pub phase: Option<&'a RawValue>,
    #[serde(borrow)]
    pub weights: Option<&'a RawValue>,
    pub confidence: Option<f64>,
    pub confidence_reason: ConfidenceReason,
    pub exploration_rate: Option<f64>,
    pub used_shared_pool_prior: bool,
    #[serde(borrow)]
    pub floor: Option<&'a RawValue>,
    #[serde(borrow)]
    pub switch: Option<&'a RawValue>,
    #[serde(borrow)]
    pub evidence: Option<&'a RawValue>,
}

/// Of a learned choice only why it was made.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Chosen {
    /// Why.
    pub why: Why,
}

/// What came of a request, without its attempts.
#[derive(Debug, Clone, Deserialize)]
#[expect(missing_docs, reason = "the names are those of `Outcome`")]
pub struct Came {
    pub status: Status,
    pub latency_ms: u64,
    pub input_tokens: Option<u64>,
    pub output_tokens: Option<u64>,
    pub cached_input_tokens: Option<u64>,
    pub cost_micro_usd: Option<MicroUsd>,
    pub baseline_cost_micro_usd: Option<MicroUsd>,
    pub saved_micro_usd: Option<MicroUsd>,
    pub cache_hit: bool,
    pub threat_blocked: bool,
    pub fallback_used: bool,
}

impl Facts<'_> {
    /// Who answered, or else who was chosen.
    #[must_use]
    pub fn target(&self) -> Option<&Pair<'_>> {
        self.served.as_ref().or(self.winner.as_ref())
    }

    /// Why the confidence is what it is.
    #[must_use]
    pub fn confidence_reason(&self) -> ConfidenceReason {
        ConfidenceReason::told(self.reason, self.assessment.confidence_reason)
    }
}

/// A small value, read by serde.
fn read<T: DeserializeOwned>(value: &[u8]) -> Option<T> {
    serde_json::from_slice(value).ok()
}

/// A text that may be missing: `Some(None)` is `null`.
fn optional(value: &[u8]) -> Option<Option<Cow<'_, str>>> {
    if value == b"null" { Some(None) } else { text(value).map(Some) }
}

impl<'a> Pair<'a> {
    /// `Some(None)` is `null`.
    fn skimmed(value: &'a [u8]) -> Option<Option<Self>> {
        if value == b"null" {
            return Some(None);
        }
        let (mut provider, mut model) = (None, None);
        let mut members = Members::of(value);
        for (name, value) in &mut members {
            match name {
                b"provider" => provider = Some(text(value)?),
                b"model" => model = Some(text(value)?),
                _ => {}
            }
        }
        members.is_whole().then_some(Some(Self { provider: provider?, model: model? }))
    }
}

impl<'a> Assessed<'a> {
    fn skimmed(value: &'a [u8]) -> Option<Self> {
        let mut known = Self::default();
        let mut members = Members::of(value);
        for (name, value) in &mut members {
            let raw = || serde_json::from_slice::<Option<&'a RawValue>>(value).ok();
            match name {
                b"phase" => known.phase = raw()?,
                b"weights" => known.weights = raw()?,
                b"confidence" => known.confidence = read(value)?,
                b"confidence_reason" => known.confidence_reason = read(value)?,
                b"exploration_rate" => known.exploration_rate = read(value)?,
                b"used_shared_pool_prior" => known.used_shared_pool_prior = read(value)?,
                b"floor" => known.floor = raw()?,
                b"switch" => known.switch = raw()?,
                b"evidence" => known.evidence = raw()?,
                _ => {}
            }
        }
        members.is_whole().then_some(known)
    }
}

impl Chosen {
    /// `Some(None)` is `null`.
    fn skimmed(value: &[u8]) -> Option<Option<Self>> {
        if value == b"null" {
            return Some(None);
        }
        let why = Members::of(value).find(|(name, _)| *name == b"why")?.1;
        Some(Some(Self { why: read(why)? }))
    }
}

impl Came {
    fn skimmed(value: &[u8]) -> Option<Self> {
        let (mut status, mut latency_ms) = (None, None);
        let (mut input_tokens, mut output_tokens, mut cached_input_tokens) = (None, None, None);
        let (mut cost_micro_usd, mut baseline_cost_micro_usd, mut saved_micro_usd) = (None, None, None);
        let (mut cache_hit, mut threat_blocked, mut fallback_used) = (None, None, None);
        let mut members = Members::of(value);
        for (name, value) in &mut members {
            match name {
                b"status" => status = Some(read(value)?),
                b"latency_ms" => latency_ms = Some(read(value)?),
                b"input_tokens" => input_tokens = read(value)?,
                b"output_tokens" => output_tokens = read(value)?,
                b"cached_input_tokens" => cached_input_tokens = read(value)?,
                b"cost_micro_usd" => cost_micro_usd = read(value)?,
                b"baseline_cost_micro_usd" => baseline_cost_micro_usd = read(value)?,
                b"saved_micro_usd" => saved_micro_usd = read(value)?,
                b"cache_hit" => cache_hit = Some(read(value)?),
                b"threat_blocked" => threat_blocked = Some(read(value)?),
                b"fallback_used" => fallback_used = Some(read(value)?),
                _ => {}
            }
        }
        members.is_whole().then_some(Self {
            status: status?,
            latency_ms: latency_ms?,
            input_tokens,
            output_tokens,
            cached_input_tokens,
            cost_micro_usd,
            baseline_cost_micro_usd,
            saved_micro_usd,
            cache_hit: cache_hit?,
            threat_blocked: threat_blocked?,
            fallback_used: fallback_used?,
        })
    }
}

impl<'a> Facts<'a> {
    /// Reads of a stored record what the others need of it.
    ///
    /// # Errors
    /// It is no record.
    pub fn read(record: &'a [u8]) -> Result<Self, serde_json::Error> {
        Self::skimmed(record).map_or_else(|| serde_json::from_slice(record), Ok)
    }

    fn skimmed(record: &'a [u8]) -> Option<Self> {
        let (mut request_id, mut org, mut session_id, mut created_at) = (None, None, None, None);
        let (mut floopy_reason, mut routing_strategy, mut route) = (None, None, None);
        let (mut winner, mut served, mut reason, mut propensity) = (None, None, None, None);
        let (mut assessment, mut trace, mut outcome, mut heuristics) = (Assessed::default(), None, None, None);
        let (mut http_status, mut error_code, mut key_id) = (None, None, None);
        let (mut user_id, mut project_id) = (None, None);
        let mut members = Members::of(record);
        for (name, value) in &mut members {
            match name {
                b"request_id" => request_id = Some(text(value)?.parse().ok()?),
                b"org" => org = Some(text(value)?),
                b"session_id" => session_id = Some(text(value)?),
                b"created_at" => created_at = Some(text(value)?),
                b"floopy_reason" => floopy_reason = Some(text(value)?),
                b"routing_strategy" => routing_strategy = Some(read(value)?),
                b"route" => route = optional(value)?,
                b"winner" => winner = Pair::skimmed(value)?,
                b"served" => served = Pair::skimmed(value)?,
                b"reason" => reason = Some(read(value)?),
                b"propensity" => propensity = read(value)?,
                b"assessment" => assessment = Assessed::skimmed(value)?,
                b"trace" => trace = Chosen::skimmed(value)?,
                b"outcome" => outcome = Some(Came::skimmed(value)?),
                b"heuristics" => heuristics = read(value)?,
                b"http_status" => http_status = Some(read(value)?),
                b"error_code" => error_code = optional(value)?,
                b"key_id" => key_id = optional(value)?,
                b"user_id" => user_id = optional(value)?,
                b"project_id" => project_id = optional(value)?,
                _ => {}
            }
        }
        members.is_whole().then_some(Self {
            request_id: request_id?,
            org: org?,
            session_id: session_id?,
            created_at: created_at?,
            floopy_reason: floopy_reason?,
            routing_strategy: routing_strategy?,
            route,
            winner,
            served,
            reason: reason?,
            propensity,
            assessment,
            trace,
            outcome: outcome?,
            heuristics,
            http_status: http_status?,
            error_code,
            key_id,
            user_id,
            project_id,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn record() -> Value {
        let pair = json!({"provider": "up", "model": "a \"quoted\\ one"});
        json!({
            "request_id": "01a21d8b-2cd1-41c0-8128-69e7807b647c", "org": "default", "session_id": "s\n1",
            "created_at": "2026-11-27T15:06:29.969951Z", "endpoint": "chat", "requested_model": "}],{[",
            "floopy_reason": "é::guard", "routing_strategy": "feedback_driven", "route": "auto", "winner": pair,
            "served": null, "reason": "dispatched", "propensity": 0.1, "candidates": [{"model": "\",\"served\":{"}],
            "filtered": [], "assessment": {"phase": "nps", "weights": {"nps": 0.3}, "confidence": 0.25,
                "exploration_rate": 0.05, "used_shared_pool_prior": true, "floor": null, "switch": [1, {"a": "]"}]},
            "trace": {"arms": ["a", "why"], "phi": [0.5, -1e-9], "why": "guard", "propensity": [1.0]},
            "outcome": {"status": "ok", "latency_ms": 12, "ttft_ms": null, "input_tokens": 3, "output_tokens": null,
                "cached_input_tokens": 0, "cost_micro_usd": 5, "baseline_cost_micro_usd": null,
                "saved_micro_usd": -7, "cache_hit": false, "threat_blocked": false, "fallback_used": true,
                "attempts": [{"status": 200}]},
            "heuristics": {"relevance": 80.5, "coherence": 1.0, "helpfulness": 0.0, "safety": 100.0, "composite": 45.1},
            "http_status": 200, "error_code": null, "key_id": "k1", "user_id": "=cmd()", "project_id": null
        })
    }

    fn same(record: &[u8]) {
        let read = Facts::read(record).map(|facts| format!("{facts:?}")).map_err(|error| error.to_string());
        let whole: Result<Facts<'_>, _> = serde_json::from_slice(record);
        assert_eq!(read, whole.map(|facts| format!("{facts:?}")).map_err(|error| error.to_string()));
    }

    #[test]
    fn a_record_is_skimmed_as_serde_reads_it() {
        let record = record();
        let text = serde_json::to_vec(&record).unwrap();
        assert!(Facts::skimmed(&text).is_some());
        same(&text);
        same(&serde_json::to_vec_pretty(&record).unwrap());
        for end in 0..text.len() {
            same(&text[..end]);
        }
    }

    #[test]
    fn a_member_that_is_missing_null_or_of_another_type_is_what_serde_makes_of_it() {
        let whole = record();
        let places = whole.as_object().unwrap().keys().map(|name| format!("/{name}"));
        let inside = ["winner", "assessment", "trace", "outcome"]
            .into_iter()
            .flat_map(|outer| whole[outer].as_object().unwrap().keys().map(move |name| format!("/{outer}/{name}")));
        for place in places.chain(inside) {
            let (outer, name) = place.rsplit_once('/').unwrap();
            let mut without = whole.clone();
            without.pointer_mut(outer).unwrap().as_object_mut().unwrap().remove(name);
            same(&serde_json::to_vec(&without).unwrap());
            for other in [Value::Null, json!(7), json!("text"), json!({}), json!([])] {
                let mut changed = whole.clone();
                *changed.pointer_mut(&place).unwrap() = other;
                same(&serde_json::to_vec(&changed).unwrap());
            }
        }
    }
}
