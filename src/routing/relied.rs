//! The optimiser's constraints for `smart_cost` and `smart_select`, by what a route's calls have shown.
//!
//! `smart_cost` relies on whom it serves, so every constraint is a gate there. `smart_select` also tries: a candidate that
//! may be tried but not relied on ([`may_explore`]) takes part in one of [`TRIES`] calls of its route, as a canary would.

use super::choose::Plan;
use super::constraints::{BaselineFacts, CandidateFacts, may_explore, refusal};
use super::gates::Facts;
use super::learn::chance::distribution;
use super::totals::Arm;
use crate::base::MicroUsd;
use crate::resource::decision::{FilterReason, Strategy};

/// Of so many calls of a route one may go to a candidate that is only tried.
pub(super) const TRIES: u64 = 20;
/// Observations from which on a candidate counts as validated, as many as a canary's last stage wants.
const VALIDATED: f64 = 200.0;

/// The constraint that keeps a candidate from serving this call; `None` = none does, or it is the default model.
#[must_use]
pub(super) fn held_back(plan: &Plan<'_>, facts: &Facts<'_>, default: &Facts<'_>) -> Option<FilterReason> {
    let limits = plan.limits.filter(|limits| limits.bounds_candidates())?;
    if facts.model == default.model || !matches!(plan.strategy, Strategy::SmartCost | Strategy::SmartSelect) {
        return None;
    }
    let unknown = Arm::default();
    let arm = |facts: &Facts<'_>| plan.shown.and_then(|shown| shown.arm(&facts.model.to_string())).unwrap_or(&unknown);
    let (own, base) = (arm(facts), arm(default));
    let baseline =
        BaselineFacts { seen: base.recent.windows(plan.now), expected_cost: expected(base, default.expected_cost) };
    let candidate = CandidateFacts {
        seen: own.recent.windows(plan.now),
        expected_cost: expected(own, facts.expected_cost),
        samples: own.answers,
        variance: own.quality.variance(),
        confidence: Some(holds_the_floor(own, base, plan.floor)),
        validated: own.quality.weight >= VALIDATED || facts.shadowed.fine,
        shadowed: facts.shadowed.ran,
    };
    let reason = refusal(limits, &candidate, &baseline)?;
    let tries = plan.strategy == Strategy::SmartSelect && may_explore(reason) && plan.turn.is_multiple_of(TRIES);
    (!tries).then_some(reason)
}

/// What a call costs, in micro-USD: by the prices of this one, else by the mean of those before.
fn expected(arm: &Arm, by_price: Option<MicroUsd>) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "micro-USD of one call")]
    let by_price = by_price.map(|cost| cost.0 as f64);
    by_price.or_else(|| arm.cost.mean())
}

/// The probability that a model's mean quality is at least the floor's share of the default model's: both means normal,
/// with two pseudo-observations of a half, as in the bandit.
fn holds_the_floor(own: &Arm, base: &Arm, floor: f64) -> f64 {
    let mean = |arm: &Arm| arm.quality.shrunk(0.5, 2.0);
    let error = |arm: &Arm| arm.quality.variance().unwrap_or(0.25).max(0.01) / (arm.quality.weight + 2.0);
    let gap = mean(own) - floor * mean(base);
    distribution(gap / (error(own) + floor * floor * error(base)).sqrt())
}
