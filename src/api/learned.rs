//! What is learned of a route, as callers see it: the state of its arms, its floor account, its drift.

use crate::base::Timestamp;
use crate::learner::View;
use crate::resource::assessment::Regressions;
use crate::resource::trace::Part;
use crate::routing::learn::eprocess::Stage;
use crate::routing::learn::{Ask, Basis, Features, Mode, Verdict};
use serde_json::{Value, json};
use std::time::Duration;

/// A route as the next request without any text of its own would see it: the level of each arm.
pub(super) struct Learned<'a> {
    view: &'a View,
    verdict: Verdict,
}

impl<'a> Learned<'a> {
    /// Looks; nothing is changed by it.
    pub(super) fn look(view: &'a View, now: Timestamp) -> Self {
        let eligible = vec![true; view.models.len()];
        let costs = view.scope.paid();
        let verdict = view.scope.decide(&Ask {
            features: &Features::constant(),
            eligible: &eligible,
            confined: &[],
            costs: &costs,
            seed: 0,
            mode: Mode::Exploit,
            pending: &view.pending(),
            now,
        });
        Self { view, verdict }
    }

    /// What is learned of the arm with this name, to be put beside its facts.
    pub(super) fn arm(&self, name: &str) -> Option<Value> {
        let place = self.view.scope.place(name)?;
        let (own, seen) = (self.view.scope.arms().nth(place)?, self.verdict.arms.get(place)?);
        let served = &self.verdict.trace.served;
        let total: f32 = served.iter().sum();
        let stage = match (own.stage, seen.part) {
            (_, Part::Unpriced) => json!("unpriced"),
            (Stage::Open, _) => json!("open"),
            (Stage::Canary(_), _) => json!("canary"),
            (Stage::Off(_), _) => json!("off"),
        };
        Some(json!({
            "samples": whole(seen.samples), "calls": own.calls,
            "quality": seen.mean.clamp(0.0, 1.0), "quality_lower": seen.lower.clamp(0.0, 1.0),
            "share": served.get(place).filter(|_| total > 0.0).map(|served| served / total),
            "holds_floor": seen.holds_floor, "relative_cost": seen.cost, "propensity": seen.propensity,
            "stage": stage, "canary_share": own.stage.share(), "drift": own.drift.level(),
            "weights": self.view.scope.arm_weights(place).shares,
        }))
    }

    /// What is learned of the route as a whole.
    pub(super) fn route(&self) -> Value {
        let (scope, floor) = (&self.view.scope, &self.verdict.floor);
        let regressions = u32::try_from(self.view.regressions.len()).unwrap_or(u32::MAX);
        let last = self.view.regressions.last().map(|at| at.rounded_down(Duration::from_secs(300)));
        json!({
            "phase": scope.phase(), "weights": scope.weights().shares, "units": scope.calls(),
            "floor": {
                "floor": floor.floor, "reference": floor.reference, "surplus": floor.before, "z": floor.z,
                "probability": floor.holds, "state": state(floor.holds),
                "source": match floor.basis { Basis::Rated => "ratings", Basis::Judged => "judge", Basis::Prior => "priors" },
            },
            "drift": {"recent_regressions": Regressions::from(regressions), "last_regression_at": last},
            "savings": scope.savings().saved().map(|saved| json!({
                "share": saved.share, "lower": saved.lower, "upper": saved.upper, "calls": whole(saved.calls),
                "baseline_micro_usd_per_call": saved.baseline_per_call, "micro_usd_per_call": saved.routed_per_call,
            })),
            "policy": scope.policy(), "held_votes": scope.held_votes(),
        })
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of calls or ratings")]
fn whole(count: f64) -> u64 {
    count.round() as u64
}

/// A traffic light for people.
fn state(probability: f64) -> &'static str {
    match probability {
        p if p >= 0.95 => "green",
        p if p >= 0.8 => "amber",
        _ => "red",
    }
}
