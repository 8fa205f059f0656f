//! Running sums of what came of a route's calls, model by model: what `smart_select` and the order of backups read.
//!
//! Everything is a sum, so contributions commute, and the state is what the record's decisions and ratings add up to. Its
//! owner keeps one [`Totals`] for each org and route, folds each decision into it once, and each rating once.

use super::failure::{FailureKind, Verdict, verdict};
use super::recent::Recent;
use crate::base::Timestamp;
use crate::resource::Decision;
use crate::resource::assessment::Scores;
use crate::resource::decision::Target;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a rating by a person or an application weighs beside the heuristic scores of one answer.
const RATING_WEIGHT: f64 = 5.0;

/// A weighted number of observations, their sum and the sum of their squares.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Moments {
    /// Weight of the observations.
    pub weight: f64,
    /// Their weighted sum.
    pub sum: f64,
    /// The weighted sum of their squares.
    pub squares: f64,
}

impl Moments {
    /// Adds an observation; what is not a finite number is left out.
    pub fn add(&mut self, value: f64, weight: f64) {
        if value.is_finite() && weight.is_finite() && weight > 0.0 {
            self.weight += weight;
            self.sum += weight * value;
            self.squares += weight * value * value;
        }
    }

    /// The mean; `None` without an observation.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        (self.weight > 0.0).then(|| self.sum / self.weight)
    }

    /// The mean with `weight` more observations of `value`.
    #[must_use]
    pub fn shrunk(&self, value: f64, weight: f64) -> f64 {
        (self.sum + weight * value) / (self.weight + weight)
    }

    /// The variance; `None` below a weight of two.
    #[must_use]
    pub fn variance(&self) -> Option<f64> {
        let mean = self.mean().filter(|_| self.weight >= 2.0)?;
        Some((self.squares / self.weight - mean * mean).max(0.0))
    }
}

/// Tries and successes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tries {
    /// Tries.
    pub all: u64,
    /// Those that succeeded.
    pub good: u64,
}

impl Tries {
    fn add(&mut self, good: bool) {
        self.all += 1;
        self.good += u64::from(good);
    }

    /// The success rate with a prior of `good` successes and `bad` failures (Laplace, Beta).
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts of calls")]
    pub fn rate(&self, good: f64, bad: f64) -> f64 {
        (self.good as f64 + good) / (self.all as f64 + good + bad)
    }
}

/// What came of the calls to one model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Arm {
    /// Calls that say something of the model, retries included.
    pub calls: Tries,
    /// Answers that it gave.
    pub answers: u64,
    /// Composite scores and ratings, 0..1.
    pub quality: Moments,
    /// Safety scores, 0..1.
    pub safety: Moments,
    /// Cost of an answer in micro-USD.
    pub cost: Moments,
    /// Time of the attempt that answered, in milliseconds.
    pub latency: Moments,
    /// Calls made because another model had failed, by the kind of that failure.
    pub after: BTreeMap<FailureKind, Tries>,
    /// Its last week, for the windows of constraints.
    pub recent: Recent,
}

/// What came of a route's calls, by `provider/model`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Totals(BTreeMap<String, Arm>);

fn name(target: &Target) -> String {
    format!("{}/{}", target.provider, target.model)
}

impl Totals {
    /// What came of the calls to one model (`provider/model`).
    #[must_use]
    pub fn arm(&self, model: &str) -> Option<&Arm> {
        self.0.get(model)
    }

    fn arm_mut(&mut self, target: &Target) -> &mut Arm {
        self.0.entry(name(target)).or_default()
    }

    /// Adds a decision, with the scores of its answer.
    ///
    /// A target that is tried several times for one failure of another counts once there: its last try tells.
    #[expect(clippy::cast_precision_loss, reason = "milliseconds and micro-USD of one call")]
    pub fn fold(&mut self, decision: &Decision, scores: Option<&Scores>) {
        let attempts = &decision.outcome.attempts;
        let mut failed_before: Option<FailureKind> = None;
        for (place, attempt) in attempts.iter().enumerate() {
            let verdict = verdict(attempt);
            if verdict == Verdict::Nothing {
                continue;
            }
            let served = verdict == Verdict::Served;
            self.arm_mut(&attempt.target).calls.add(served);
            let is_last_try = attempts.get(place + 1).is_none_or(|next| next.target != attempt.target);
            if is_last_try {
                if let Some(kind) = failed_before {
                    self.arm_mut(&attempt.target).after.entry(kind).or_default().add(served);
                }
                if let Verdict::Failed(kind) = verdict {
                    failed_before = Some(kind);
                }
            }
            if served {
                self.arm_mut(&attempt.target).latency.add(attempt.latency_ms as f64, 1.0);
            }
        }
        let Some(served) = &decision.served else { return };
        let arm = self.arm_mut(served);
        arm.answers += 1;
        if let Some(cost) = decision.outcome.cost_micro_usd {
            arm.cost.add(cost.0 as f64, 1.0);
            arm.recent.paid(decision.created_at, cost.0 as f64);
        }
        if let Some(scores) = scores {
            arm.quality.add(scores.composite / 100.0, 1.0);
            arm.safety.add(scores.safety / 100.0, 1.0);
        }
    }

    /// Adds a rating of an answer or a session that this model gave, 0..1, and when it was given.
    pub fn rate(&mut self, served: &Target, rating: f64, at: Timestamp) {
        let (arm, rating) = (self.arm_mut(served), rating.clamp(0.0, 1.0));
        arm.quality.add(rating, RATING_WEIGHT);
        arm.recent.rated(at, rating, 1.0);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use serde_json::{Value, json};

    pub(in crate::routing) fn target(model: &str) -> Target {
        Target { provider: "p".into(), model: model.into() }
    }

    /// A decision whose attempts are these: a model and the status that it gave (200 = it served).
    pub(in crate::routing) fn decision(attempts: &[(&str, u16)]) -> Decision {
        let mut retry = 0;
        let mut last = "";
        let attempts: Vec<Value> = attempts
            .iter()
            .map(|(model, status)| {
                retry = if *model == last { retry + 1 } else { 0 };
                last = model;
                let error = if *status == 200 { Value::Null } else { json!("provider_error") };
                json!({"provider": "p", "model": model, "status": status, "error": error, "latency_ms": 100, "retry": retry})
            })
            .collect();
        let served = attempts.iter().find(|attempt| attempt["status"] == 200);
        let target = |attempt: &Value| json!({"provider": attempt["provider"], "model": attempt["model"]});
        let served = served.map_or(Value::Null, target);
        serde_json::from_value(json!({
            "request_id": "00000000-0000-4000-8000-000000000000", "org": "default", "session_id": "s",
            "session_inferred": false, "created_at": "2026-01-31T08:00:00Z", "endpoint": "chat",
            "requested_model": "auto", "stream": false, "floopy_reason": "m::exploit",
            "routing_strategy": "smart_select", "route": "auto", "winner": attempts.first().map(target),
            "served": served, "reason": "dispatched", "propensity": null, "candidates": [], "filtered": [],
            "outcome": {"status": "ok", "latency_ms": 120, "ttft_ms": null, "input_tokens": 10, "output_tokens": 10,
                "cached_input_tokens": 0, "cost_micro_usd": 50, "baseline_cost_micro_usd": null,
                "saved_micro_usd": null, "cache_hit": false, "threat_blocked": false, "fallback_used": false,
                "attempts": attempts},
            "usage": {"estimated": false, "reasoning_tokens": 0}, "http_status": 200, "error_code": null,
            "key_id": null, "user_id": null, "project_id": null, "session_name": null, "session_path": null,
            "config_generation": 1
        }))
        .expect("a record")
    }

    fn scores(composite: f64) -> Scores {
        Scores { relevance: 80.0, coherence: 80.0, helpfulness: 80.0, safety: 100.0, composite }
    }

    #[test]
    fn a_decision_is_folded_model_by_model() {
        let mut totals = Totals::default();
        totals.fold(&decision(&[("a", 500), ("a", 503), ("b", 429), ("c", 200)]), Some(&scores(80.0)));
        let arm = |model: &str| totals.arm(model).cloned().unwrap_or_default();
        assert_eq!(arm("p/a").calls, Tries { all: 2, good: 0 });
        assert_eq!(arm("p/a").after, BTreeMap::new(), "nobody had failed before it");
        assert_eq!(arm("p/b").after, BTreeMap::from([(FailureKind::Server, Tries { all: 1, good: 0 })]));
        assert_eq!(arm("p/c").after, BTreeMap::from([(FailureKind::RateLimited, Tries { all: 1, good: 1 })]));
        assert_eq!((arm("p/c").answers, arm("p/a").answers), (1, 0));
        assert_eq!(arm("p/c").quality.mean(), Some(0.8));
        assert_eq!(arm("p/c").cost.mean(), Some(50.0));
        assert_eq!(arm("p/c").latency.mean(), Some(100.0), "its own time, not that of those who failed");
    }

    #[test]
    fn what_says_nothing_of_a_model_is_left_out() {
        let mut totals = Totals::default();
        totals.fold(&decision(&[("a", 400)]), None);
        assert_eq!(totals, Totals::default(), "the caller's fault");
        let mut called_off = decision(&[("a", 500), ("a", 500), ("b", 200)]);
        called_off.outcome.attempts[1].error = Some("cancelled".to_owned());
        called_off.outcome.attempts[1].status = None;
        totals.fold(&called_off, None);
        assert_eq!(totals.arm("p/a").unwrap().calls, Tries { all: 1, good: 0 });
        assert_eq!(totals.arm("p/b").unwrap().calls, Tries { all: 1, good: 1 });
    }

    #[test]
    fn a_rating_weighs_more_than_a_score() {
        let mut totals = Totals::default();
        totals.fold(&decision(&[("a", 200)]), Some(&scores(90.0)));
        totals.rate(&target("a"), 0.3, Timestamp(0));
        assert!((totals.arm("p/a").unwrap().quality.mean().unwrap() - (0.9 + 5.0 * 0.3) / 6.0).abs() < 1e-12);
    }

    #[test]
    fn totals_commute_and_read_back() {
        let decisions = [decision(&[("a", 200)]), decision(&[("b", 500), ("a", 200)]), decision(&[("b", 200)])];
        let (mut forth, mut back) = (Totals::default(), Totals::default());
        decisions.iter().for_each(|decision| forth.fold(decision, Some(&scores(50.0))));
        decisions.iter().rev().for_each(|decision| back.fold(decision, Some(&scores(50.0))));
        assert_eq!(forth, back);
        let read: Totals = serde_json::from_str(&serde_json::to_string(&forth).unwrap()).unwrap();
        assert_eq!(read, forth);
    }
}
