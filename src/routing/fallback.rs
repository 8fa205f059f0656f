//! Who is asked next when a model fails: the route's order, corrected by what production has shown.
//!
//! Backups fail together: a provider that times out takes all its models with it, one that is out of capacity does not.
//! So what counts is how often a model answered *after this kind of failure of another*. Each backup has the value
//!
//! ```text
//! value = success · (0.70 + 0.20 · quality + 0.05 · latency + 0.05 · cost)
//! success = (answered after this kind of failure + 8) / (asked after it + 10)          Beta(8, 2)
//! quality = (composite scores and ratings + 2 · 0.5) / (their weight + 2)
//! latency = fastest mean / own mean      cost = cheapest mean / own mean                0.5 where not known
//! ```
//!
//! The rule's order stands until the evidence is clear: a backup passes the one before it only if its value is at least
//! [`CLEARLY`] higher. Without evidence all values are equal, and the order is the rule's. Nobody is added and nobody left
//! out: the list is what the route allows.
//!
//! A worked example. By rule `a` then `b`. After timeouts `a` answered 1 of 8 times, `b` was never asked:
//! `a` has a success of 9/18 = 0.50, `b` of 8/10 = 0.80. With nothing else known both have a factor of
//! 0.70 + 0.10 + 0.025 + 0.025 = 0.85, so 0.425 stands against 0.68, and `b` is asked first.

use super::failure::FailureKind;
use super::totals::{Arm, Totals};
use crate::base::ModelRef;

/// By how much a value must be higher for a backup to pass the one before it.
pub const CLEARLY: f64 = 0.08;
/// Successes and failures that every backup is credited with beforehand.
const PRIOR: (f64, f64) = (8.0, 2.0);

/// The order in which to ask `rule`'s models after a failure of this kind, as places in `rule`.
#[must_use]
pub fn order(rule: &[ModelRef], failure: FailureKind, shown: &Totals) -> Vec<usize> {
    let arms: Vec<Option<&Arm>> = rule.iter().map(|model| shown.arm(&model.to_string())).collect();
    let least = |of: fn(&Arm) -> Option<f64>| {
        arms.iter().flatten().filter_map(|arm| of(arm)).filter(|mean| *mean > 0.0).min_by(f64::total_cmp)
    };
    let (fastest, cheapest) = (least(|arm| arm.latency.mean()), least(|arm| arm.cost.mean()));
    let values: Vec<f64> = arms.iter().map(|arm| value(*arm, failure, fastest, cheapest)).collect();
    let value_of = |place: usize| values.get(place).copied().unwrap_or(0.0);
    let mut order: Vec<usize> = Vec::with_capacity(rule.len());
    for place in 0..rule.len() {
        let passed = order.iter().rev().take_while(|before| value_of(place) >= value_of(**before) + CLEARLY).count();
        order.insert(order.len() - passed, place);
    }
    order
}

fn value(arm: Option<&Arm>, failure: FailureKind, fastest: Option<f64>, cheapest: Option<f64>) -> f64 {
    let unknown = Arm::default();
    let arm = arm.unwrap_or(&unknown);
    let success = arm.after.get(&failure).copied().unwrap_or_default().rate(PRIOR.0, PRIOR.1);
    let quality = arm.quality.shrunk(0.5, 2.0);
    success
        * (0.70
            + 0.20 * quality
            + 0.05 * relative(fastest, arm.latency.mean())
            + 0.05 * relative(cheapest, arm.cost.mean()))
}

/// The best of all over one's own, 0..1; a half where it is not known.
pub(super) fn relative(best: Option<f64>, own: Option<f64>) -> f64 {
    match (best, own) {
        (_, Some(own)) if own <= 0.0 => 1.0,
        (Some(best), Some(own)) => (best / own).clamp(0.0, 1.0),
        _ => 0.5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Timestamp;
    use crate::routing::totals::tests::{decision, target};
    use proptest::prelude::*;

    fn rule(names: &[&str]) -> Vec<ModelRef> {
        names.iter().map(|name| ModelRef::new("p", name)).collect()
    }

    #[test]
    fn without_evidence_the_rule_stands() {
        for failure in FailureKind::ALL {
            assert_eq!(order(&rule(&["a", "b", "c"]), failure, &Totals::default()), [0, 1, 2]);
        }
        assert_eq!(order(&[], FailureKind::Server, &Totals::default()), [0; 0]);
    }

    #[test]
    fn who_fails_after_the_same_failure_is_asked_later() {
        let mut shown = Totals::default();
        for _ in 0..7 {
            shown.fold(&decision(&[("x", 504), ("a", 504), ("b", 200)]), None);
        }
        let rule = rule(&["a", "b", "c"]);
        assert_eq!(order(&rule, FailureKind::Timeout, &shown), [1, 2, 0]);
        assert_eq!(order(&rule, FailureKind::RateLimited, &shown), [0, 1, 2], "another kind says nothing");
    }

    #[test]
    fn one_failure_is_not_clear_evidence() {
        let mut shown = Totals::default();
        shown.fold(&decision(&[("x", 500), ("a", 500), ("b", 200)]), None);
        assert_eq!(order(&rule(&["a", "c"]), FailureKind::Server, &shown), [0, 1]);
    }

    #[test]
    fn much_better_answers_pass_too() {
        let mut shown = Totals::default();
        for _ in 0..40 {
            shown.rate(&target("a"), 0.1, Timestamp(0));
            shown.rate(&target("b"), 0.95, Timestamp(0));
        }
        assert_eq!(order(&rule(&["a", "b"]), FailureKind::Server, &shown), [1, 0]);
    }

    proptest! {
        #[test]
        fn nobody_is_added_and_nobody_left_out(calls in prop::collection::vec((0usize..4, prop::sample::select(vec![200u16, 429, 500, 504])), 0..40)) {
            let names = ["a", "b", "c", "d"];
            let mut shown = Totals::default();
            for pair in calls.chunks(2) {
                let attempts: Vec<(&str, u16)> = pair.iter().map(|(place, status)| (names[*place], *status)).collect();
                shown.fold(&decision(&attempts), None);
            }
            for failure in FailureKind::ALL {
                let mut places = order(&rule(&names), failure, &shown);
                prop_assert_eq!(&places, &order(&rule(&names), failure, &shown));
                places.sort_unstable();
                prop_assert_eq!(places, vec![0, 1, 2, 3]);
            }
        }
    }
}
