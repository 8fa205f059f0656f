use super::*;
use anchor::Anchor;
use eprocess::{Bets, Stage, Verdict as Bet, Yard};
use features::Seen;
use linear::Linear;
use proptest::prelude::*;

#[test]
fn chance_is_the_same_in_every_release() {
    let mut chance = Chance::new(1);
    let bits: Vec<u64> = (0..3).map(|_| chance.bits()).collect();
    assert_eq!(bits, CHANCE_OF_ONE);
    let normal: Vec<u64> = (0..3).map(|_| chance.normal().to_bits()).collect();
    assert_eq!(normal, NORMAL_OF_ONE);
}

#[test]
fn normal_deviates_are_normal() {
    for (p, x) in
        [(0.5, 0.0), (0.975, 1.959_963_984_540_054), (0.01, -2.326_347_874_040_841), (1e-9, -5.997_807_015_007_687)]
    {
        assert!((chance::quantile(p) - x).abs() < 1e-9, "quantile({p}) = {}", chance::quantile(p));
        assert!((chance::distribution(x) - p).abs() < 1e-6);
    }
    let mut chance = Chance::new(3);
    let (mut sum, mut square) = (0.0, 0.0);
    for _ in 0..100_000 {
        let deviate = chance.normal();
        sum += deviate;
        square += deviate * deviate;
    }
    assert!((sum / 1e5).abs() < 0.015 && (square / 1e5 - 1.0).abs() < 0.02, "{} {}", sum / 1e5, square / 1e5);
}

#[test]
fn features_are_stable_and_bounded() {
    let seen = Seen { text: "def add(a, b): return a + b  # what is 2 + 2?", ..Default::default() };
    let features = Features::of(&seen);
    assert_eq!((features.version, features.values.len(), features.values[0]), (features::HASHED, 24, 1.0));
    assert_eq!((features.values[4], features.values[5]), (1.0, 1.0), "code, and a question");
    let words: f32 = features.values[8..].iter().map(|value| value * value).sum();
    assert!((words.sqrt() - 1.5).abs() < 1e-4);
    assert_eq!(
        features.values[8].to_bits(),
        FIRST_WORD,
        "the fixed table has changed: give the features a new version"
    );
    let tagged = Features::of(&Seen { tag: "billing", session: Some(Default::default()), ..seen });
    assert_eq!(tagged.values.len(), 28);
    assert_ne!(tagged.values[8..24], features.values[8..]);
}

#[test]
fn only_the_end_of_a_text_counts_and_any_text_is_taken() {
    let end = "ä".repeat(2_000);
    let (one, other) = (format!("{}{end}", "x1 {} ".repeat(500)), format!("{}{end}", "yy? ".repeat(750)));
    assert_eq!(
        Features::of(&Seen { text: &one, ..Default::default() }),
        Features::of(&Seen { text: &other, ..Default::default() })
    );
    for text in ["", " ", "\u{0}", "🙂🙂", "a\r\nb"] {
        let values = Features::of(&Seen { text, ..Default::default() }).values;
        assert!(values.iter().all(|value| value.is_finite()), "{text:?}");
    }
}

#[test]
fn an_embedding_takes_the_place_of_hashed_words() {
    let embedding: Vec<f32> = (0..32).map(|at| at as f32 / 10.0).collect();
    let features = Features::of(&Seen { text: "hello", embedding: Some(&embedding), ..Default::default() });
    assert_eq!((features.version, features.values.len()), (features::EMBEDDED, 24));
    assert!((features.values[10] / features.values[9] - 2.0).abs() < 1e-4, "its numbers, in their proportion");
}

proptest! {
    #[test]
    fn regression_is_the_closed_form(
        rows in prop::collection::vec((prop::collection::vec(-1.0..1.0_f64, 3), 0.0..1.0_f64), 1..200),
    ) {
        let mut linear = Linear::new(4, 25.0, 0.7, 20.99);
        // A = diag(21, 25, 25, 25) + sum x x', b = 21 x 0.7 e1 + sum x y, by hand.
        let mut full = [21.0, 0.0, 0.0, 0.0, 0.0, 25.0, 0.0, 0.0, 0.0, 0.0, 25.0, 0.0, 0.0, 0.0, 0.0, 25.0].to_vec();
        let mut moment = [21.0 * 0.7, 0.0, 0.0, 0.0];
        for (rest, y) in &rows {
            let phi = [1.0, rest[0], rest[1], rest[2]];
            linear.observe(&phi, *y, 1.0, 1.0);
            for row in 0..4 {
                moment[row] += phi[row] * y;
                for column in 0..4 {
                    full[row * 4 + column] += phi[row] * phi[column];
                }
            }
        }
        let inverse = linear::inverse(full, 4);
        let phi = [1.0, 0.3, -0.2, 0.9];
        let spread: Vec<f64> = (0..4).map(|row| (0..4).map(|column| inverse[row * 4 + column] * phi[column]).sum()).collect();
        let mean: f64 = (0..4).map(|row| spread[row] * moment[row]).sum();
        let variance: f64 = (0..4).map(|row| spread[row] * phi[row]).sum();
        let prediction = linear.predict(&phi);
        prop_assert!((prediction.mean - mean).abs() < 1e-9, "{} {mean}", prediction.mean);
        prop_assert!((prediction.variance - variance).abs() < 1e-9);
    }

    #[test]
    fn credit_is_conserved(whole in -2_000_000_i64..2_000_000, weights in prop::collection::vec(prop_oneof![Just(0.0), Just(f64::NAN), 0.0..1e6_f64], 1..60)) {
        let parts = credit::split(whole, &weights);
        prop_assert_eq!(parts.len(), weights.len());
        prop_assert_eq!(parts.iter().sum::<i64>(), whole);
    }

    #[test]
    fn a_mixed_session_counts_once(parts in prop::collection::vec(0.01..1.0_f64, 1..6), y in 0.0..1.0_f64) {
        let shares: Vec<Share> = parts.iter().enumerate().map(|(arm, part)| Share { arm, part: *part, rescue: false }).collect();
        let expected = |arm: usize| [0.9, 0.5, 0.7, 0.3, 0.8, 0.6][arm];
        let lessons = credit::lessons(y, &shares, expected);
        prop_assert!((lessons.iter().map(|lesson| lesson.weight).sum::<f64>() - 1.0).abs() < 1e-9);
        // Who learned its lesson would have explained the outcome: the targets' deviations are all the same residual.
        let residual = lessons[0].target - expected(lessons[0].arm);
        prop_assert!(lessons.iter().all(|lesson| (lesson.target - expected(lesson.arm) - residual).abs() < 1e-9));
    }
}

#[test]
fn forgetting_keeps_the_prior() {
    let mut linear = Linear::new(3, 25.0, 0.5, 5.0);
    let mut chance = Chance::new(12);
    for _ in 0..20_000 {
        linear.observe(&[1.0, chance.uniform(), 0.0], 0.9, 1.0, 0.99);
    }
    let seen = linear.predict(&[1.0, 0.5, 0.0]);
    assert!(seen.variance > 0.004 && seen.variance < 0.05, "a hundred observations are kept: {}", seen.variance);
    assert!(linear.predict(&[0.0, 0.0, 1.0]).variance < 0.09, "what was never seen stays at the prior's 1/25");
}

#[test]
fn a_rescue_teaches_nothing_about_the_rescuer() {
    let shares = [Share { arm: 0, part: 0.7, rescue: false }, Share { arm: 1, part: 0.3, rescue: true }];
    let lessons = credit::lessons(0.0, &shares, |_| 0.8);
    assert_eq!(lessons.len(), 1);
    assert_eq!((lessons[0].arm, lessons[0].weight), (0, 0.7));
}

#[test]
fn sources_weigh_as_the_table_says() {
    // Sessions, then the shares of benchmark, judge, session ratings and manual ratings in per cent, and the standard error.
    let table = [
        (0.0, [100.0, 0.0, 0.0, 0.0], 0.100),
        (20.0, [71.0, 16.0, 12.0, 1.0], 0.084),
        (100.0, [36.0, 31.0, 30.0, 3.0], 0.060),
        (500.0, [13.0, 26.0, 56.0, 5.0], 0.037),
        (2_000.0, [5.0, 12.0, 77.0, 7.0], 0.022),
        (10_000.0, [1.0, 3.0, 88.0, 8.0], 0.010),
    ];
    for (sessions, expected, error) in table {
        let counts = evidence::Counts { session: 0.3 * sessions, auto: 0.25 * sessions, manual: 0.005 * sessions };
        let weighed = evidence::weigh(&counts, &evidence::Noise::default());
        let shares = [weighed.shares.benchmark, weighed.shares.auto, weighed.shares.session, weighed.shares.manual];
        for (share, expected) in shares.iter().zip(expected) {
            assert!((100.0 * share - expected).abs() < 0.51, "{sessions} sessions: {shares:?}");
        }
        assert!((weighed.error - error).abs() < 0.000_5, "{sessions} sessions: {}", weighed.error);
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }
}

#[test]
fn anchors_start_at_their_place_and_move_slowly() {
    let mut anchor = anchor::Anchor::default();
    assert_eq!(
        (anchor.quality(3.5), anchor.quality(8.5), anchor.quality(0.0), anchor.quality(10.0)),
        (0.0, 1.0, -0.5, 1.3)
    );
    for _ in 0..30 {
        anchor.learn(5.5, false);
    }
    assert_eq!(anchor.ends(), (4.5, 8.5));
    anchor.learn(f64::NAN, true);
    assert_eq!(anchor.ends(), (4.5, 8.5));
}

/// The verdict on an arm, and after how many of its ratings. `success` is the arm's and the baseline's; ten ratings of the
/// baseline come for each of the arm's.
fn bet(success: (f64, f64), is_noisy: bool, looks: u32, seed: u64) -> (Bet, u32) {
    let (mut chance, mut bets, anchor) = (Chance::new(seed), Bets::default(), Anchor::default());
    let mut heard = |rate: f64| {
        let outcome = f64::from(u8::from(chance.uniform() < rate));
        let rating = (3.5 + 5.0 * outcome + 2.2 * chance.normal()).round().clamp(0.0, 10.0);
        if is_noisy { anchor.quality(rating) } else { outcome }
    };
    let rated = Yard { floor: 0.95, reach: Anchor::REACH, doubt: anchor.doubt() };
    let yard = if is_noisy { rated } else { Yard::outcomes(0.95) };
    for look in 1..=looks {
        for _ in 0..10 {
            assert!(!bets.baseline(heard(success.1), &yard), "nobody waits for the baseline");
        }
        assert!(bets.arm(heard(success.0), &yard));
        let seen = bets.verdict(eprocess::HARM, eprocess::HARM);
        if seen != Bet::Open {
            return (seen, look);
        }
    }
    (Bet::Open, looks)
}

#[test]
fn an_arm_at_the_floor_is_seldom_judged_however_long_one_looks() {
    // Success at exactly 0.95 x 0.8 of a baseline at 0.8: both claims hold with equality.
    for is_noisy in [false, true] {
        let seen: Vec<Bet> = (0..6_000).map(|seed| bet((0.76, 0.8), is_noisy, 600, seed).0).collect();
        for wrong in [Bet::Harm, Bet::Fine] {
            let count = seen.iter().filter(|bet| **bet == wrong).count();
            // One in twenty, and two standard errors of what 6,000 runs can tell.
            assert!(count <= 334, "{wrong:?}, noisy {is_noisy}: {count} of 6,000");
        }
    }
}

#[test]
fn a_disaster_is_rolled_back_within_twenty_ratings() {
    let mut needed: Vec<u32> = (0..200).map(|seed| bet((0.24, 0.88), false, 500, seed).1).collect();
    needed.sort_unstable();
    assert!(needed[100] <= 20, "median {}", needed[100]);
    assert!((0..200).all(|seed| bet((0.24, 0.88), false, 500, seed).0 == Bet::Harm));
}

#[test]
fn a_canary_at_the_floor_is_seldom_rolled_back_on_its_way_through_all_stages() {
    let off = (0..2_000).filter(|seed| {
        let (mut chance, mut bets, mut stage) = (Chance::new(*seed), Bets::default(), Stage::Canary(0));
        let yard = Yard::outcomes(0.95);
        while matches!(stage, Stage::Canary(_)) {
            for _ in 0..10 {
                bets.baseline(f64::from(u8::from(chance.uniform() < 0.8)), &yard);
            }
            bets.arm(f64::from(u8::from(chance.uniform() < 0.76)), &yard);
            if let Some(next) = stage.next(&bets) {
                (stage, bets) = (next, Bets::default());
            }
        }
        matches!(stage, Stage::Off(_))
    });
    let off = off.count();
    assert!(off <= 100, "rolled back {off} of 2,000");
}

#[test]
fn a_bet_waits_for_ratings_that_were_in_no_bet_before() {
    let (mut bets, yard) = (Bets::default(), Yard::outcomes(0.95));
    assert!(!bets.arm(0.0, &yard), "there is nothing to compare with");
    assert!(!bets.arm(1.0, &yard));
    assert_eq!(bets.harm(), 1.0);
    assert!(bets.baseline(1.0, &yard), "0.5 against 0.95");
    assert_eq!(bets.observations(), 2.0);
    assert!(bets.harm() > 1.0 && bets.fine() < 1.0);
    assert!(!bets.arm(0.0, &yard), "the baseline's rating was used up");
}

#[test]
fn a_model_that_breaks_technically_is_seen_in_tens_of_calls_and_a_sound_one_is_not() {
    let mut broken = drift::Failures::default();
    let at = (1..200).find(|call| broken.observe(call % 2 == 0, 0.01)).unwrap();
    assert!(at <= 20, "half of the calls fail: {at}");
    let mut chance = Chance::new(8);
    let mut sound = drift::Failures::default();
    assert!(!(0..5_000).any(|_| sound.observe(chance.uniform() < 0.01, 0.01)));
}

#[test]
fn costs_follow_prices_cache_and_length() {
    let mut costs = Costs::new(1, &[Some(1.0), Some(0.1), None]);
    let prices = [
        Some(Price { input: 2.0, cached: 0.2, output: 10.0 }),
        Some(Price { input: 0.2, cached: 0.02, output: 1.0 }),
        None,
    ];
    for _ in 0..50 {
        costs.observe(0, &[1.0], &Spent { cost: Some(4_000.0), input: 1_000.0, cached: 500.0, output: 200.0 }, 0.995);
    }
    let ask = Estimate { input: 1_000.0, most_output: None, prices: &prices, warm: None };
    // 1,000 x (0.5 x 0.2 + 0.5 x 2) + 200 x 10 = 3,100 micro-USD; the cheap one has no cache share of its own yet.
    let priced = costs.priced(&ask);
    assert!((priced[0].unwrap() - 3_100.0).abs() < 1e-6 && (priced[1].unwrap() - 400.0).abs() < 1e-6);
    assert_eq!(priced[2], None, "no price, no cost");
    assert!((costs.relative(&priced)[1].unwrap() - 0.1).abs() < 1e-9, "in units of the 4,000 that the baseline takes");
    let cold = costs.priced(&Estimate { warm: Some(1), ..ask });
    assert!((cold[0].unwrap() - 4_000.0).abs() < 1e-6, "whoever takes a conversation over pays for all of it");
    assert_eq!(costs.paid()[2], None);
}

#[test]
fn a_request_that_is_longer_costs_more_where_length_decides() {
    let mut costs = Costs::new(2, &[Some(1.0), Some(0.1)]);
    let mut chance = Chance::new(2);
    for _ in 0..400 {
        let input = 100.0 * (3.0 * chance.uniform()).exp();
        for (arm, price) in [(0, 10.0), (1, 1.0)] {
            costs.observe(arm, &[1.0, 0.5], &Spent { cost: Some(price * input), input, ..Spent::default() }, 0.995);
        }
    }
    let cost = |input: f64| costs.paid_for(&[1.0, 0.5], input)[0].unwrap();
    let ratio = cost(1_600.0) / cost(200.0);
    assert!((6.0..10.0).contains(&ratio), "eight times as long: {ratio}");
    assert!((cost(500.0) / costs.paid_for(&[1.0, 0.5], 500.0)[1].unwrap() - 10.0).abs() < 1.5);
}

#[test]
fn arms_share_the_shape_of_difficulty_and_keep_their_levels() {
    // Quality falls with the second number by 0.4 on every arm; the third arm was tried five times only.
    let mut arms = vec![Linear::new(3, 25.0, 0.8, 20.0); 3];
    let mut chance = Chance::new(6);
    for (arm, calls) in [(0, 600), (1, 600), (2, 5)] {
        for _ in 0..calls {
            let hard = chance.uniform();
            arms[arm].observe(&[1.0, hard, chance.uniform()], 0.9 - 0.1 * arm as f64 - 0.4 * hard, 1.0, 1.0);
        }
    }
    let slopes = hierarchy::common_slopes(arms.iter(), 3, 25.0, 10.0);
    assert!(slopes[0] == 0.0 && (slopes[1] + 0.3).abs() < 0.12 && slopes[2].abs() < 0.05, "{slopes:?}");
    let shift = hierarchy::common_shift(arms.iter().map(|arm| (arm, 0.8)), &slopes, &[1.0, 0.5, 0.5], 1.0, 0.1);
    assert!((-0.25..-0.05).contains(&shift), "the arms score 0.7, 0.6 and 0.5 where 0.8 was promised: {shift}");
}

#[test]
fn an_alarm_moves_the_level_and_keeps_the_slopes() {
    let mut linear = Linear::new(2, 1.0, 0.8, 2.0);
    let mut chance = Chance::new(7);
    for _ in 0..500 {
        let hard = chance.uniform();
        linear.observe(&[1.0, hard], 0.9 - 0.4 * hard, 1.0, 1.0);
    }
    let slope = |linear: &Linear| linear.mean(&[1.0, 1.0]) - linear.mean(&[1.0, 0.0]);
    let (before, level) = (slope(&linear), linear.mean(&[1.0, 0.5]));
    linear.shift(-0.3, 60.0);
    assert!((slope(&linear) - before).abs() < 0.08, "{} {before}", slope(&linear));
    assert!((linear.mean(&[1.0, 0.5]) - level + 0.3).abs() < 0.03);
    assert!((linear.count() - 60.0).abs() < 1e-9, "and is soon outvoted by what comes");
}

#[test]
fn the_detector_sees_a_break_soon_and_a_sound_arm_almost_never() {
    let alarm = |seed: u64, quality: f64, calls: u32| {
        let (mut chance, mut drift) = (Chance::new(seed), drift::Drift::default());
        (0..calls).find(|_| {
            drift.observe(&[1.0], f64::from(u8::from(chance.uniform() < quality)), 0.8, 1.0, 0.2, Timestamp(0));
            drift.is_alarm(7.0)
        })
    };
    let mut broken: Vec<u32> = (0..200).map(|seed| alarm(seed, 0.4, 10_000).unwrap()).collect();
    broken.sort_unstable();
    assert!(broken[100] <= 40, "half of the quality is gone: seen after {}", broken[100]);
    let false_alarms = (0..200).filter(|seed| alarm(*seed, 0.8, 3_000).is_some()).count();
    assert!(false_alarms <= 30, "{false_alarms} of 200 sound arms within 3,000 ratings");
}

#[test]
fn off_policy_estimates_hit_the_truth_and_small_samples_are_refused() {
    use ope::{Sample, judge};
    // Two arms, 0.9 and 0.5; the log plays the first with 0.3. What would "always the first" have been worth?
    let mut chance = Chance::new(9);
    let samples: Vec<Sample> = (0..4_000)
        .map(|_| {
            let first = chance.uniform() < 0.3;
            let outcome = f64::from(u8::from(chance.uniform() < if first { 0.9 } else { 0.5 }));
            Sample {
                propensity: if first { 0.3 } else { 0.7 },
                target: f64::from(u8::from(first)),
                response: 1.0,
                outcome,
                expected: if first { 0.8 } else { 0.6 },
                expected_target: 0.8,
            }
        })
        .collect();
    let judged = judge(&samples);
    let value = judged.value.unwrap();
    assert!((value.snips - 0.9).abs() < value.snips_ci + 0.005 && value.snips_ci < 0.03, "{value:?}");
    assert!((value.dr - 0.9).abs() < value.dr_ci + 0.005 && value.dr_ci < 0.03, "{value:?}");
    assert!((judged.ess - 1_200.0).abs() < 100.0, "{judged:?}");
    assert_eq!(judge(&samples[..500]).value, None, "150 effective samples are too few");
    assert_eq!(judge(&[]).value, None);
}

#[test]
fn the_saving_is_the_difference_to_the_hold_out() {
    let mut savings = savings::Savings::default();
    let mut chance = Chance::new(4);
    for _ in 0..5_000 {
        let size = if chance.uniform() < 0.5 { 100.0 } else { 2_000.0 };
        let cost = size * (0.5 + chance.uniform());
        if chance.uniform() < 0.02 { savings.held(size, cost) } else { savings.routed(size, cost * 0.3) }
    }
    let saved = savings.saved().unwrap();
    assert!(saved.lower < 0.7 && 0.7 < saved.upper, "{saved:?}");
    assert!(saved.upper - saved.lower < 0.3, "{saved:?}");
}

const CHANCE_OF_ONE: [u64; 3] = [14_971_601_782_005_023_387, 13_781_649_495_232_077_965, 1_847_458_086_238_483_744];
const NORMAL_OF_ONE: [u64; 3] = [4_604_143_678_165_408_304, 13_829_632_822_656_501_712, 4_597_410_581_013_577_724];
const FIRST_WORD: u32 = 1_009_384_253;
