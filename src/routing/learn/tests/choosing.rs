use super::*;
use crate::resource::trace::{Part, Trace, Why};
use proptest::prelude::*;

/// A scope with a history, so that its numbers are not the round ones of the start.
fn grown(arms: &[(f64, f64)], calls: u64, seed: u64) -> Scope {
    let mut scope = Scope::new(&spec(arms));
    World::new(arms, seed).run(&mut scope, calls);
    scope
}

fn ask<'a>(features: &'a Features, eligible: &'a [bool], costs: &'a [Option<f64>], seed: u64) -> Ask<'a> {
    Ask { features, eligible, confined: &[], costs, seed, mode: Mode::Live, pending: &[], now: Timestamp(0) }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_decision_recomputes_from_its_json_bit_for_bit(
        arms in prop::collection::vec((0.3..0.99_f64, 0.01..1.5_f64), 1..8),
        calls in 0_u64..120,
        seed: u64,
        mask in prop::collection::vec(any::<bool>(), 8),
        unpriced in 0_usize..8,
    ) {
        let scope = grown(&arms, calls, seed);
        let mut costs = scope.paid();
        if let Some(cost) = costs.get_mut(unpriced) {
            *cost = None;
        }
        let features = text(7);
        let verdict = scope.decide(&ask(&features, &mask[..arms.len()], &costs, seed));
        let json = serde_json::to_string(&verdict.trace).unwrap();
        let read: Trace = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(&read, &verdict.trace);
        let (winner, propensity) = recompute(&read).unwrap();
        prop_assert_eq!(winner, verdict.winner);
        prop_assert_eq!(propensity.iter().map(|p| p.to_bits()).collect::<Vec<_>>(), verdict.trace.propensity.iter().map(|p| p.to_bits()).collect::<Vec<_>>());
        prop_assert!((propensity.iter().sum::<f64>() - 1.0).abs() < 1e-12, "propensities sum to one: {:?}", propensity);
        prop_assert!(propensity[winner] > 0.0, "the served one is positive");
        if winner != 0 {
            prop_assert!(mask[winner] && costs[winner].is_some(), "who is not eligible or has no price never serves");
        }
    }
}

#[test]
fn propensities_are_what_chance_does() {
    let arms = [(0.8, 1.0), (0.79, 0.3), (0.77, 0.1)];
    let mut scope = grown(&arms, 300, 5);
    // A fourth arm comes as a canary, so that every way to be served takes part.
    let mut wider = spec(&[arms[0], arms[1], arms[2], (0.9, 0.2)]);
    wider.params.holdout = 0.1;
    scope.reconcile(&wider);
    let (features, costs) = (text(3), scope.paid());
    let (mut seen, mut expected, mut variance) = ([0.0; 4], [0.0; 4], [0.0; 4]);
    let rounds = 6_000;
    let mut whys = std::collections::BTreeSet::new();
    for seed in 0..rounds {
        let verdict = scope.decide(&ask(&features, &[true; 4], &costs, seed * 7 + 1));
        seen[verdict.winner] += 1.0;
        whys.insert(verdict.why.as_str());
        for (arm, propensity) in verdict.trace.propensity.iter().enumerate() {
            expected[arm] += propensity;
            variance[arm] += propensity * (1.0 - propensity);
        }
    }
    for arm in 0..4 {
        let error = f64::sqrt(variance[arm]).max(1.0);
        assert!(
            (seen[arm] - expected[arm]).abs() < 4.0 * error,
            "arm {arm}: {} of {} +- {error}",
            seen[arm],
            expected[arm]
        );
    }
    assert!(whys.contains("holdout") && whys.contains("canary") && whys.contains("exploit"), "{whys:?}");
}

#[test]
fn deciding_changes_nothing_and_a_dry_run_names_the_best() {
    let scope = grown(&[(0.8, 1.0), (0.8, 0.1)], 400, 9);
    let (before, features, costs) = (scope.clone(), text(1), scope.paid());
    let live = scope.decide(&ask(&features, &[true, true], &costs, 4));
    let dry = scope.decide(&Ask { mode: Mode::Exploit, ..ask(&features, &[true, true], &costs, 4) });
    assert_eq!(scope, before);
    assert_eq!((dry.winner, dry.why), (1, Why::Exploit), "the cheap arm is as good");
    assert_eq!(dry.trace.propensity, live.trace.propensity);
}

#[test]
fn the_default_serves_when_nobody_else_may() {
    let scope = Scope::new(&spec(&[(0.8, 1.0), (0.8, 0.1)]));
    let (features, costs) = (text(1), scope.paid());
    let none = scope.decide(&ask(&features, &[false, false], &costs, 1));
    assert_eq!((none.winner, none.why), (0, Why::Default));
    let alone = scope.decide(&ask(&features, &[true, false], &costs, 1));
    assert_eq!((alone.winner, alone.why, alone.trace.propensity[0]), (0, Why::Single, 1.0));
    let unpriced = scope.decide(&ask(&features, &[true, true], &[Some(1.0), None], 1));
    assert_eq!((unpriced.winner, unpriced.arms[1].part), (0, Part::Unpriced));
    let other = scope.decide(&ask(&features, &[false, true], &costs, 1));
    assert_eq!(other.winner, 1, "where the baseline may not serve, who is left does");
}

#[test]
fn a_burst_cannot_spend_the_floor_twice() {
    // Two calls of an unknown arm are affordable at the start; a hundred at once are not.
    let scope = Scope::new(&spec(&[(0.9, 1.0), (0.88, 0.05)]));
    let (features, costs) = (text(1), scope.paid());
    let tries = |pending: &[f64]| {
        (0..400)
            .filter(|seed| scope.decide(&Ask { pending, ..ask(&features, &[true, true], &costs, *seed) }).winner == 1)
            .count()
    };
    assert!(tries(&[]) > 0, "the first trial is affordable");
    assert_eq!(tries(&[0.0, 100.0]), 0, "what is on its way counts as served");
}

#[test]
fn a_floor_of_one_dimension_binds_by_itself() {
    let mut spec = spec(&[(0.8, 1.0), (0.8, 0.1)]);
    spec.dimension_floors = vec![("safety".to_owned(), 0.98)];
    let mut scope = Scope::new(&spec);
    let (features, shares) = (text(1), [[Share::whole(0)], [Share::whole(1)]]);
    for origin in 0..600 {
        let arm = usize::try_from(origin % 2).unwrap();
        scope.observe(&rating(&features, &shares[arm], Value::Quality(1.0), origin));
        let safety = Value::Quality(if arm == 0 { 1.0 } else { 0.2 });
        scope.observe(&Observation { source: Source::Dimension(0), ..rating(&features, &shares[arm], safety, origin) });
    }
    let costs = scope.paid();
    let served =
        (0..200).filter(|seed| scope.decide(&ask(&features, &[true, true], &costs, *seed)).winner == 1).count();
    assert_eq!(served, 0, "good, cheap, and not safe enough");
}
