use super::*;
use crate::resource::assessment::Phase;
use eprocess::Stage;
use proptest::prelude::*;

#[test]
fn a_cheap_arm_that_is_as_good_takes_over() {
    let arms = [(0.8, 1.0), (0.8, 0.1)];
    let mut scope = Scope::new(&spec(&arms));
    let tally = World::new(&arms, 1).run(&mut scope, 1_500);
    assert!(tally.cost < 0.35, "{tally:?}");
    assert!(scope.savings().saved().is_some());
    assert_eq!((scope.phase(), scope.basis()), (Phase::Nps, Basis::Rated));
}

#[test]
fn a_cheap_arm_that_is_bad_does_not() {
    let mut scope = Scope::new(&spec(&[(0.8, 1.0), (0.8, 0.1)]));
    let tally = World::new(&[(0.8, 1.0), (0.3, 0.1)], 2).run(&mut scope, 1_500);
    assert!(tally.quality > 0.95 * 0.8 - 0.03, "{tally:?}");
    assert!(tally.calls[1] < 150, "{tally:?}");
}

#[test]
fn an_arm_that_breaks_is_left_and_the_break_is_told() {
    let arms = [(0.8, 1.0), (0.8, 0.1)];
    let mut scope = Scope::new(&spec(&arms));
    let mut world = World::new(&arms, 3);
    let before = world.run(&mut scope, 1_200);
    assert!(before.changes.iter().all(|change| !matches!(change, Change::Alarm { .. })), "{:?}", before.changes);
    world.success[1] = 0.2;
    let after = world.run(&mut scope, 600);
    assert!(after.changes.iter().any(|change| matches!(change, Change::Alarm { arm: 1, .. })), "{:?}", after.changes);
    assert!(after.calls[1] < 150, "{after:?}");
}

#[test]
fn without_ratings_the_baseline_serves_but_for_what_priors_pay() {
    let scope = Scope::new(&spec(&[(0.8, 1.0), (0.5, 0.1)]));
    assert_eq!((scope.phase(), scope.basis()), (Phase::Day0, Basis::Prior));
    let (features, costs) = (text(1), scope.paid());
    let ask = Ask {
        features: &features,
        eligible: &[true; 2],
        confined: &[],
        costs: &costs,
        seed: 1,
        mode: Mode::Exploit,
        pending: &[],
        now: Timestamp(0),
    };
    let verdict = scope.decide(&ask);
    assert_eq!(verdict.winner, 0, "{verdict:?}");
}

#[test]
fn where_nobody_rates_the_judge_is_heard_with_its_margin() {
    let (features, shares) = (text(1), [[Share::whole(0)], [Share::whole(1)]]);
    let judged = |good: f64| {
        let mut scope = Scope::new(&spec(&[(0.8, 1.0), (0.8, 0.1)]));
        for origin in 0..400 {
            let arm = usize::try_from(origin % 2).unwrap();
            let value = Value::Scores(Scores::composite_only(if arm == 0 { 0.8 } else { good }));
            scope.observe(&Observation { source: Source::Judge, ..rating(&features, &shares[arm], value, origin) });
        }
        assert_eq!((scope.basis(), scope.phase()), (Basis::Judged, Phase::Auto));
        let costs = scope.paid();
        let ask = Ask {
            features: &features,
            eligible: &[true; 2],
            confined: &[],
            costs: &costs,
            seed: 1,
            mode: Mode::Exploit,
            pending: &[0.0, 200.0],
            now: Timestamp(0),
        };
        scope.decide(&ask).winner
    };
    assert_eq!(judged(0.79), 0, "within the judge's own error: not enough");
    assert_eq!(judged(0.95), 1, "a clear margin is enough");
}

#[test]
fn repeats_and_impossible_numbers_change_nothing() {
    let mut scope = Scope::new(&spec(&[(0.8, 1.0), (0.8, 0.1)]));
    let (features, shares) = (text(1), [Share::whole(1)]);
    scope.observe(&rating(&features, &shares, Value::Rating(9.0), 1));
    let before = scope.clone();
    assert_eq!(scope.observe(&rating(&features, &shares, Value::Rating(2.0), 1)), [Change::Repeat]);
    for value in [Value::Quality(f64::NAN), Value::Rating(f64::INFINITY), Value::Scores(Scores([None; 4]))] {
        assert_eq!(scope.observe(&rating(&features, &shares, value, 2)), [Change::Refused]);
    }
    let nowhere = [Share::whole(7)];
    assert_eq!(scope.observe(&rating(&features, &nowhere, Value::Rating(9.0), 3)), [Change::Refused]);
    assert_eq!(
        scope.observe(&Observation { weight: f64::NAN, ..rating(&features, &shares, Value::Rating(9.0), 4) }),
        [Change::Refused]
    );
    assert_eq!(scope, before);
}

#[test]
fn a_corrected_rating_by_hand_counts_as_if_it_had_been_the_first() {
    let shares = [Share::whole(0), Share::whole(1)];
    let features = text(3);
    let by_hand = |scope: &mut Scope, quality: f64, at: u64| {
        let hand = Observation {
            source: Source::Manual,
            at: Timestamp(i64::try_from(at).unwrap() * 1_000_000),
            ..rating(&features, &shares[1..], Value::Quality(quality), 77)
        };
        scope.observe(&hand)
    };
    let after = |first: f64, corrections: &[f64]| {
        let mut scope = Scope::new(&spec(&[(0.8, 1.0), (0.8, 0.1)]));
        let others = |scope: &mut Scope, from: u64| {
            for origin in from..from + 150 {
                let value = Value::Quality(f64::from(u8::from(origin % 3 != 0)));
                let share = std::slice::from_ref(&shares[usize::try_from(origin % 2).unwrap()]);
                scope.observe(&rating(&text(usize::try_from(origin % 40).unwrap()), share, value, origin));
            }
        };
        others(&mut scope, 1_000);
        assert_eq!(by_hand(&mut scope, first, 2_000), []);
        others(&mut scope, 3_000);
        let mut before = first;
        for quality in corrections {
            assert_eq!(by_hand(&mut scope, *quality, 9_000), [Change::Corrected { from: before }]);
            before = *quality;
        }
        scope
    };
    let (wrong, right) = (after(0.0, &[]), after(0.0, &[0.4, 0.9]));
    let expected = after(0.9, &[]);
    let level = |scope: &Scope| scope.arms().nth(1).unwrap().linear.mean(&scope.fit(&text(3)));
    assert!(level(&expected) - level(&wrong) > 0.005, "the correction is worth something");
    assert!((level(&right) - level(&expected)).abs() < 1e-9, "{} {}", level(&right), level(&expected));
    let (right, expected) = (right.arms().nth(1).unwrap(), expected.arms().nth(1).unwrap());
    assert!((right.levels.manual.mean() - 0.9).abs() < 1e-12);
    assert!((right.levels.manual.square - expected.levels.manual.square).abs() < 1e-12);
    assert_eq!(right.levels.manual.count, expected.levels.manual.count);
    let week = |arm: &Arm| arm.recent.windows(Timestamp(9_000_000_000)).week;
    assert!((week(right).quality.unwrap() - week(expected).quality.unwrap()).abs() < 1e-12);
}

#[test]
fn a_rating_by_hand_can_be_corrected_after_the_arms_have_moved() {
    let (shares, features) = ([Share::whole(1), Share::whole(2)], text(3));
    let mut scope = Scope::new(&spec(&[(0.8, 1.0), (0.8, 0.1), (0.8, 0.2)]));
    let by_hand = |scope: &mut Scope, share: &Share, quality: f64| {
        let share = std::slice::from_ref(share);
        scope.observe(&Observation { source: Source::Manual, ..rating(&features, share, Value::Quality(quality), 5) })
    };
    by_hand(&mut scope, &shares[1], 0.0);
    let mut fewer = spec(&[(0.8, 1.0), (0.8, 0.1), (0.8, 0.2)]);
    fewer.arms.remove(1);
    scope.reconcile(&fewer);
    assert_eq!(by_hand(&mut scope, &shares[0], 1.0), [Change::Corrected { from: 0.0 }]);
    assert!((scope.arms().nth(1).unwrap().levels.manual.mean() - 1.0).abs() < 1e-12);
    fewer.arms.remove(1);
    scope.reconcile(&fewer);
    assert_eq!(by_hand(&mut scope, &Share::whole(0), 0.5), [Change::Repeat], "whose rating it was is gone");
}

#[test]
fn a_rating_by_hand_of_before_the_arm_broke_is_not_corrected() {
    let (shares, features) = ([Share::whole(1)], text(3));
    let mut scope = Scope::new(&spec(&[(0.8, 1.0), (0.8, 0.1)]));
    let by_hand = |scope: &mut Scope, quality: f64| {
        scope.observe(&Observation { source: Source::Manual, ..rating(&features, &shares, Value::Quality(quality), 5) })
    };
    assert_eq!(by_hand(&mut scope, 0.0), []);
    let mut told = |range: std::ops::Range<u64>, quality: f64| {
        let mut votes = range.map(|origin| scope.observe(&rating(&features, &shares, Value::Quality(quality), origin)));
        votes.any(|changes| changes.iter().any(|change| matches!(change, Change::Alarm { .. })))
    };
    assert!(!told(100..160, 1.0) && told(200..400, 0.0), "the arm breaks");
    let before = scope.clone();
    assert_eq!(by_hand(&mut scope, 1.0), [Change::Repeat]);
    assert_eq!(scope, before);
}

#[test]
fn one_key_cannot_drown_the_others() {
    let mut scope = Scope::new(&spec(&[(0.8, 1.0), (0.8, 0.1)]));
    let (features, shares) = (text(1), [Share::whole(1)]);
    let flood = |scope: &mut Scope, key: u64, count: u64, value: f64| {
        (0..count)
            .filter(|vote| {
                let vote = Observation {
                    key: Some(key),
                    at: Timestamp(0),
                    ..rating(&features, &shares, Value::Quality(value), key * 10_000 + vote)
                };
                scope.observe(&vote) == [Change::Held]
            })
            .count()
    };
    assert_eq!(flood(&mut scope, 1, 60, 0.9), 0, "a key that is alone is everybody");
    assert_eq!(flood(&mut scope, 2, 1_000, -0.5), 1_000 - 40, "a thousand extreme votes at once, against all others");
    assert_eq!(scope.held_votes(), 960);
    assert_eq!(flood(&mut scope, 3, 100, 0.6), 0, "another key's ordinary votes count");
}

#[test]
fn new_arms_come_as_canaries_and_known_ones_keep_what_they_learned() {
    let arms = [(0.8, 1.0), (0.8, 0.1)];
    let mut scope = Scope::new(&spec(&arms));
    World::new(&arms, 1).run(&mut scope, 300);
    let known = scope.arms().nth(1).unwrap().clone();
    let mut changed = spec(&[(0.8, 1.0), (0.9, 0.5), (0.8, 0.1)]);
    changed.arms[1].name = "p/new".to_owned();
    changed.arms[2].name = "p/m1".to_owned();
    scope.reconcile(&changed);
    let now: Vec<&Arm> = scope.arms().collect();
    assert_eq!((now[1].name.as_str(), now[1].stage), ("p/new", Stage::Canary(0)));
    assert_eq!(now[2], &known);
    let (features, costs) = (text(1), scope.paid());
    let ask = Ask {
        features: &features,
        eligible: &[true; 3],
        confined: &[],
        costs: &costs,
        seed: 5,
        mode: Mode::Live,
        pending: &[],
        now: Timestamp(0),
    };
    let share = scope.decide(&ask).trace.propensity[1];
    assert!(share == 0.0 || (share - 0.01).abs() < 1e-6, "one call in a hundred, if the floor affords it: {share}");
}

#[test]
fn a_wider_scope_lends_what_it_knows_for_little() {
    let arms = [(0.8, 1.0), (0.8, 0.1)];
    let mut parent = Scope::new(&spec(&arms));
    World::new(&[(0.8, 1.0), (0.3, 0.1)], 1).run(&mut parent, 800);
    let mut child = Scope::new(&spec(&arms));
    let phi = [1.0; 24];
    let before = child.arms().nth(1).unwrap().linear.predict(&phi);
    child.adopt(&parent, 100.0);
    let after = child.arms().nth(1).unwrap().linear.predict(&phi);
    assert!(after.mean < before.mean && after.variance <= before.variance);
}

#[test]
fn an_arm_that_was_switched_off_comes_back_when_a_person_says_so() {
    let mut scope = Scope::new(&spec(&[(0.8, 1.0), (0.8, 0.1)]));
    let features = text(1);
    let mut serve = |arm: usize, failed: bool, step: i64| {
        let spent = Spent { cost: Some(1_000.0), input: 100.0, cached: 0.0, output: 50.0 };
        let at = Timestamp(step * 1_000_000);
        scope.served(&Served {
            arm,
            features: &features,
            costs: &[],
            spent,
            proposed: None,
            holdout: false,
            failed,
            at,
        });
    };
    for step in 0..400 {
        serve(0, false, step);
        serve(1, true, step);
    }
    let stage = |scope: &Scope| scope.arms().nth(1).unwrap().stage;
    assert!(matches!(stage(&scope), Stage::Off(_)), "{:?}", stage(&scope));
    scope.restore(1);
    assert_eq!(stage(&scope), Stage::Canary(0));
    scope.restore(7);
}

#[test]
fn a_scope_survives_its_checkpoint() {
    let arms = [(0.8, 1.0), (0.8, 0.1), (0.7, 0.3)];
    let mut scope = Scope::new(&spec(&arms));
    let mut world = World::new(&arms, 6);
    world.run(&mut scope, 200);
    let mut read: Scope = serde_json::from_str(&serde_json::to_string(&scope).unwrap()).unwrap();
    assert_eq!(read, scope);
    let mut twin = World {
        chance: world.chance.clone(),
        success: world.success.clone(),
        cost: world.cost.clone(),
        step: world.step,
    };
    world.run(&mut scope, 100);
    twin.run(&mut read, 100);
    assert_eq!(read, scope, "and goes on as if it had never stopped");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn the_same_events_give_the_same_bits(seed: u64) {
        let arms = [(0.8, 1.0), (0.75, 0.2)];
        let grow = || {
            let mut scope = Scope::new(&spec(&arms));
            World::new(&arms, seed).run(&mut scope, 150);
            serde_json::to_string(&scope).unwrap()
        };
        prop_assert_eq!(grow(), grow());
    }

    #[test]
    fn late_ratings_of_one_arm_commute(order in Just((0_u64..40).collect::<Vec<_>>()).prop_shuffle()) {
        let (features, shares) = ((0..40).map(text).collect::<Vec<_>>(), [Share::whole(0)]);
        let learn = |order: &[u64]| {
            let mut scope = Scope::new(&spec(&[(0.8, 1.0), (0.8, 0.1)]));
            for origin in order {
                let value = Value::Quality(f64::from(u8::from(origin % 3 != 0)));
                scope.observe(&rating(&features[usize::try_from(*origin).unwrap()], &shares, value, *origin));
            }
            let arm = scope.arms().next().unwrap().clone();
            (arm.linear.predict(&[0.5; 24]), arm.levels.session)
        };
        let (one, other) = (learn(&(0..40).collect::<Vec<_>>()), learn(&order));
        prop_assert!((one.0.mean - other.0.mean).abs() < 1e-9 && (one.0.variance - other.0.variance).abs() < 1e-9);
        prop_assert_eq!(one.1, other.1);
    }
}
