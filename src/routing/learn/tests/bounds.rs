//! What an org's constraints make of arms: relied on, tried only, or kept out.

use super::*;
use crate::resource::constraints::{Bound, Optimization, Window};
use crate::resource::decision::FilterReason;
use crate::resource::trace::Part;
use crate::routing::constraints::may_explore;
use proptest::prelude::*;

/// A default model and a cheap one that is as good, rated on every call.
fn learned(calls: u64) -> (Scope, Timestamp) {
    let arms = [(0.9, 1.0), (0.9, 0.1)];
    let mut scope = Scope::new(&spec(&arms));
    let mut world = World::new(&arms, 11);
    world.run(&mut scope, calls);
    (scope, world.now())
}

fn bounded(scope: &Scope, limits: &Optimization, now: Timestamp) -> Option<FilterReason> {
    let all = scope.bounded(limits, &[Some(1_000.0), Some(100.0)], &[], now);
    assert_eq!((all.len(), all[0]), (2, None), "the default model has no constraints");
    all[1]
}

fn decide(scope: &Scope, confined: &[bool], mode: Mode, now: Timestamp) -> Verdict {
    let (features, costs) = (text(3), scope.paid());
    scope.decide(&Ask {
        features: &features,
        eligible: &[true, true],
        confined,
        costs: &costs,
        seed: 5,
        mode,
        pending: &[],
        now,
    })
}

#[test]
fn constraints_see_what_was_learned() {
    let (scope, now) = learned(600);
    let day = |value| Some(Bound { value, window: Window::Day });
    for (limits, expected) in [
        (Optimization::default(), None),
        (Optimization { quality_floor: Some(1.0), ..Optimization::default() }, None),
        (Optimization { min_samples_before_promotion: Some(100), ..Optimization::default() }, None),
        (
            Optimization { min_samples_before_promotion: Some(100_000), ..Optimization::default() },
            Some(FilterReason::ConstraintMinSamples),
        ),
        (Optimization { max_cost_increase: day(0.0), ..Optimization::default() }, None),
        (Optimization { max_regression: day(0.1), ..Optimization::default() }, None),
        (Optimization { max_cost_drop_without_validation: Some(0.5), ..Optimization::default() }, None),
        (
            Optimization { confidence_threshold: Some(1.0), ..Optimization::default() },
            Some(FilterReason::ConstraintConfidenceThreshold),
        ),
        (
            Optimization { max_outcome_variance: Some(0.001), ..Optimization::default() },
            Some(FilterReason::ConstraintMaxOutcomeVariance),
        ),
        (
            Optimization { require_shadow_before_live: Some(true), ..Optimization::default() },
            Some(FilterReason::ConstraintShadowRequired),
        ),
    ] {
        assert_eq!(bounded(&scope, &limits, now), expected, "{limits:?}");
    }
    let (fresh, now) = learned(0);
    let limits = Optimization { max_cost_drop_without_validation: Some(0.5), ..Optimization::default() };
    assert_eq!(bounded(&fresh, &limits, now), Some(FilterReason::ConstraintUnvalidatedCostDrop));
}

#[test]
fn a_model_that_got_worse_is_kept_out_until_the_window_has_passed() {
    let (mut scope, now) = learned(300);
    let features = text(1);
    for n in 0..40 {
        let shares = [Share::whole(1)];
        let heard =
            Observation { at: now, served_at: now, ..rating(&features, &shares, Value::Quality(0.0), 10_000 + n) };
        scope.observe(&heard);
    }
    let limits =
        Optimization { max_regression: Some(Bound { value: 0.05, window: Window::Day }), ..Optimization::default() };
    let reason = bounded(&scope, &limits, now);
    assert_eq!(reason, Some(FilterReason::ConstraintMaxRegression));
    assert!(!reason.is_some_and(may_explore));
    let later = now.plus(std::time::Duration::from_secs(25 * 3_600));
    assert_eq!(bounded(&scope, &limits, later), None, "a day later it may be looked at again");
}

#[test]
fn a_confined_arm_is_tried_and_never_relied_on() {
    let (scope, now) = learned(600);
    let free = decide(&scope, &[], Mode::Live, now);
    assert!(free.arms[1].part == Part::Open && free.arms[1].propensity > 0.9, "{:?}", free.arms[1]);
    let confined = decide(&scope, &[false, true], Mode::Live, now);
    let own = confined.arms[1];
    assert!(own.part == Part::Canary && own.propensity > 0.0 && own.propensity <= 0.05 + 1e-6, "{own:?}");
    assert_eq!(decide(&scope, &[false, true], Mode::Exploit, now).winner, 0);
    assert_eq!(decide(&scope, &[], Mode::Exploit, now).winner, 1);
    let (winner, propensity) = recompute(&confined.trace).unwrap();
    assert_eq!((winner, &propensity), (confined.winner, &confined.trace.propensity), "it recomputes from its record");
    assert!((propensity.iter().sum::<f64>() - 1.0).abs() < 1e-12);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn a_new_model_can_still_earn_its_samples_under_a_constraint_on_them(seed: u64) {
        // Whatever the chance: among some hundred calls at most, the floor pays for a try.
        let arms = [(0.9, 1.0), (0.9, 0.1)];
        let mut scope = Scope::new(&spec(&arms));
        let mut world = World::new(&arms, seed);
        let tally = world.run_with(&mut scope, 400, &[false, true]);
        prop_assert!(tally.calls[1] > 0, "it was tried");
        prop_assert!(tally.calls[1] < 60, "and not relied on: {:?}", tally.calls);
    }
}
