//! `smart_select`: a plain bandit over five dimensions. It has no floor and no context; a route that needs them is
//! `feedback_driven`.
//!
//! Each model has five dimensions, 0..1, from what came of its calls ([`Totals`](super::totals::Totals)):
//!
//! ```text
//! quality      (composite scores and ratings + 2 · 0.5) / (their weight + 2)         weight 0.40
//! cost         cheapest mean cost of an answer / own; 0 where a price is unknown     weight 0.20
//! latency      fastest mean time / own; 0.5 where never timed                        weight 0.10
//! reliability  (calls without an error + 1) / (calls + 2)                            weight 0.20
//! safety       (safety scores + 2 · 1) / (their weight + 2)                          weight 0.10
//! score        the weighted sum, 0..1
//! ```
//!
//! A model with fewer than `min_samples` answers or failed calls is served first, one after the other (a
//! forced round robin). After that:
//!
//! * `epsilon_greedy` serves the best score, and any model evenly with probability [`EPSILON`];
//! * `ucb1` serves the highest score + √(2 ln N / n), where n of all N calls were the model's (Auer et al. 2002);
//! * `thompson` draws from a normal at each score, [`DRAWS`] times; a model's propensity is its share of the wins, and the
//!   model is drawn from these shares. Its spread is that of the mean: √(Σ weight² · variance / n) over quality,
//!   reliability and safety.
//!
//! Propensities are exact: what is served is drawn from the very numbers that are recorded, and where chance plays no part
//! the served model has 1.
//!
//! A worked example of the score: quality 0.8, half as cheap as the cheapest, as fast as the fastest, reliability 0.9,
//! safety 1: 0.40 · 0.8 + 0.20 · 0.5 + 0.10 · 1 + 0.20 · 0.9 + 0.10 · 1 = 0.80.
//!
//! ```
//! use floopy::routing::smart_select::Dimensions;
//! let dimensions = Dimensions { quality: 0.8, cost: 0.5, latency: 1.0, reliability: 0.9, safety: 1.0 };
//! assert!((dimensions.score() - 0.80).abs() < 1e-12);
//! ```

use super::fallback::relative;
use super::learn::chance::Chance;
use super::totals::Arm;

/// Probability with which `epsilon_greedy` serves any model evenly.
pub const EPSILON: f64 = 0.1;
/// Draws of `thompson` behind each decision.
pub const DRAWS: u32 = 64;
/// Weights of quality, cost, latency, reliability and safety.
pub const WEIGHTS: [f64; 5] = [0.40, 0.20, 0.10, 0.20, 0.10];

/// Which bandit runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// The best, and now and then any.
    EpsilonGreedy,
    /// The highest upper bound.
    Ucb1,
    /// By the probability of being the best.
    Thompson,
}

/// Which bandit runs on a route, and when it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// The bandit.
    pub algorithm: Algorithm,
    /// Forced round robin while a model has fewer calls.
    pub min_samples: u64,
}

/// A model's five dimensions, 0..1 each.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dimensions {
    /// How good its answers are.
    pub quality: f64,
    /// How cheap they are beside the cheapest.
    pub cost: f64,
    /// How fast they come beside the fastest.
    pub latency: f64,
    /// How often it answers.
    pub reliability: f64,
    /// How safe its answers are.
    pub safety: f64,
}

impl Dimensions {
    /// The five in one number.
    #[must_use]
    pub fn score(&self) -> f64 {
        let all = [self.quality, self.cost, self.latency, self.reliability, self.safety];
        all.iter().zip(WEIGHTS).map(|(value, weight)| value * weight).sum()
    }
}

/// What the bandit chose.
#[derive(Debug, Clone, PartialEq)]
pub struct Pick {
    /// The model's place among the contenders.
    pub place: usize,
    /// Each contender's probability of being served.
    pub propensities: Vec<f64>,
    /// Each contender's score.
    pub scores: Vec<f64>,
    /// Each contender's calls.
    pub samples: Vec<u64>,
    /// Whether it was served in order to learn, and not as the best by score.
    pub explores: bool,
}

/// Picks one of the contenders, given by what came of their calls (`None` = nothing yet); `None` only where there are
/// none. `turn` goes round among those that are not known well enough yet: calls that come faster than their records are
/// spread all the same. Without a seed nothing is drawn, and the most probable one is told.
#[must_use]
pub fn pick(contenders: &[Option<&Arm>], settings: &Settings, seed: Option<u64>, turn: u64) -> Option<Pick> {
    if contenders.is_empty() {
        return None;
    }
    let samples: Vec<u64> = contenders.iter().map(|arm| arm.map_or(0, |arm| arm.calls.all)).collect();
    let scores: Vec<f64> = dimensions(contenders).iter().map(Dimensions::score).collect();
    let best = highest(&scores);
    let known = |samples: &u64| *samples >= settings.min_samples;
    let forced: Vec<usize> =
        samples.iter().enumerate().filter(|(_, samples)| !known(samples)).map(|(place, _)| place).collect();
    let forced = usize::try_from(turn).unwrap_or(0).checked_rem(forced.len()).and_then(|place| forced.get(place));
    let certain = |place: usize| (0..scores.len()).map(|other| if other == place { 1.0 } else { 0.0 }).collect();
    let propensities: Vec<f64> = match (forced, settings.algorithm) {
        (Some(forced), _) => certain(*forced),
        (None, Algorithm::EpsilonGreedy) => greedy(scores.len(), best),
        (None, Algorithm::Ucb1) => certain(highest(&upper_bounds(&scores, &samples))),
        (None, Algorithm::Thompson) => shares_of_wins(contenders, &scores, seed),
    };
    let place = match seed {
        // The chance of the choice is another than that of the draws.
        Some(seed) => drawn(&propensities, Chance::new(!seed).uniform()),
        None => highest(&propensities),
    };
    Some(Pick { explores: place != best, place, propensities, scores, samples })
}

/// The dimensions of all contenders.
#[must_use]
pub fn dimensions(contenders: &[Option<&Arm>]) -> Vec<Dimensions> {
    let least =
        |of: fn(&Arm) -> Option<f64>| contenders.iter().flatten().filter_map(|arm| of(arm)).min_by(f64::total_cmp);
    let (cheapest, fastest) = (least(|arm| arm.cost.mean()), least(|arm| arm.latency.mean()));
    let unknown = Arm::default();
    let arms = contenders.iter().map(|arm| arm.unwrap_or(&unknown));
    arms.map(|arm| Dimensions {
        quality: arm.quality.shrunk(0.5, 2.0).clamp(0.0, 1.0),
        cost: arm.cost.mean().map_or(0.0, |own| relative(cheapest, Some(own))),
        latency: relative(fastest, arm.latency.mean()),
        reliability: arm.calls.rate(1.0, 1.0),
        safety: arm.safety.shrunk(1.0, 2.0).clamp(0.0, 1.0),
    })
    .collect()
}

/// The first of the highest.
fn highest(values: &[f64]) -> usize {
    values.iter().enumerate().rev().max_by(|(_, a), (_, b)| a.total_cmp(b)).map_or(0, |(place, _)| place)
}

#[expect(clippy::cast_precision_loss, reason = "the number of a route's models")]
fn greedy(contenders: usize, best: usize) -> Vec<f64> {
    let even = EPSILON / contenders as f64;
    (0..contenders).map(|place| if place == best { 1.0 - EPSILON + even } else { even }).collect()
}

#[expect(clippy::cast_precision_loss, reason = "counts of calls")]
fn upper_bounds(scores: &[f64], samples: &[u64]) -> Vec<f64> {
    let all = samples.iter().sum::<u64>().max(1) as f64;
    let bound = |(score, samples): (&f64, &u64)| score + (2.0 * all.ln() / (*samples).max(1) as f64).sqrt();
    scores.iter().zip(samples).map(bound).collect()
}

/// How far a model's score may be from what its calls have shown.
#[expect(clippy::cast_precision_loss, reason = "counts of calls")]
fn spread(arm: Option<&Arm>) -> f64 {
    let unknown = Arm::default();
    let arm = arm.unwrap_or(&unknown);
    // Two pseudo-observations, as in the means; a variance is never taken for less than a hundredth on few of them.
    let of_mean = |variance: Option<f64>, weight: f64| variance.unwrap_or(0.25).max(0.01) / (weight + 2.0);
    let rate = arm.calls.rate(1.0, 1.0);
    let [quality, _, _, reliability, safety] = WEIGHTS;
    let variance = quality * quality * of_mean(arm.quality.variance(), arm.quality.weight)
        + reliability * reliability * rate * (1.0 - rate) / (arm.calls.all as f64 + 3.0)
        + safety * safety * of_mean(arm.safety.variance(), arm.safety.weight);
    variance.sqrt()
}

fn shares_of_wins(contenders: &[Option<&Arm>], scores: &[f64], seed: Option<u64>) -> Vec<f64> {
    let mut chance = Chance::new(seed.unwrap_or(0));
    let spreads: Vec<f64> = contenders.iter().map(|arm| spread(*arm)).collect();
    let mut wins = vec![0_u32; scores.len()];
    for _ in 0..DRAWS {
        let draws: Vec<f64> =
            scores.iter().zip(&spreads).map(|(score, spread)| score + spread * chance.normal()).collect();
        if let Some(wins) = wins.get_mut(highest(&draws)) {
            *wins += 1;
        }
    }
    wins.into_iter().map(|wins| f64::from(wins) / f64::from(DRAWS)).collect()
}

/// The place that an even number falls on.
fn drawn(propensities: &[f64], chance: f64) -> usize {
    let mut left = chance;
    for (place, share) in propensities.iter().enumerate() {
        left -= share;
        if left < 0.0 && *share > 0.0 {
            return place;
        }
    }
    // Rounding can leave a sliver past the last share.
    propensities.iter().rposition(|share| *share > 0.0).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{pick as pick_by, *};
    use crate::resource::assessment::Scores;
    use crate::routing::totals::Totals;
    use crate::routing::totals::tests::decision;
    use proptest::prelude::*;

    fn pick(contenders: &[Option<&Arm>], algorithm: Algorithm, min_samples: u64, seed: Option<u64>) -> Option<Pick> {
        pick_by(contenders, &Settings { algorithm, min_samples }, seed, 0)
    }

    const ALL: [Algorithm; 3] = [Algorithm::EpsilonGreedy, Algorithm::Ucb1, Algorithm::Thompson];

    /// A route on which each model has this many answers of this composite score.
    fn totals(models: &[(&str, usize, f64)]) -> Totals {
        let mut totals = Totals::default();
        for (model, answers, composite) in models {
            for _ in 0..*answers {
                let composite = *composite;
                let scores = Scores {
                    relevance: composite,
                    coherence: composite,
                    helpfulness: composite,
                    safety: 100.0,
                    composite,
                };
                totals.fold(&decision(&[(model, 200)]), Some(&scores));
            }
        }
        totals
    }

    fn arms<'a>(totals: &'a Totals, models: &[&str]) -> Vec<Option<&'a Arm>> {
        models.iter().map(|model| totals.arm(&format!("p/{model}"))).collect()
    }

    #[test]
    fn everybody_is_tried_in_turn_first() {
        let mut totals = totals(&[("a", 10, 90.0)]);
        for algorithm in ALL {
            let pick = pick(&arms(&totals, &["a", "b", "c"]), algorithm, 10, Some(1)).unwrap();
            assert_eq!((pick.place, pick.propensities.as_slice()), (1, [0.0, 1.0, 0.0].as_slice()));
            assert!(pick.explores);
        }
        let settings = Settings { algorithm: Algorithm::Ucb1, min_samples: 2 };
        let at =
            |totals: &Totals, turn| pick_by(&arms(totals, &["a", "b", "c"]), &settings, Some(1), turn).unwrap().place;
        assert_eq!([0, 1, 2, 3].map(|turn| at(&totals, turn)), [1, 2, 1, 2], "whatever is known by then");
        totals.fold(&decision(&[("b", 200)]), None);
        totals.fold(&decision(&[("b", 200)]), None);
        assert_eq!([0, 1].map(|turn| at(&totals, turn)), [2, 2], "who is known is no longer served by turns");
        assert_eq!(pick(&[], Algorithm::Ucb1, 10, Some(1)), None);
    }

    #[test]
    fn epsilon_greedy_serves_the_best_and_now_and_then_any() {
        let totals = totals(&[("a", 50, 60.0), ("b", 50, 90.0), ("c", 50, 30.0)]);
        let contenders = arms(&totals, &["a", "b", "c"]);
        let mut served = [0_u32; 3];
        for seed in 0..3000 {
            let pick = pick(&contenders, Algorithm::EpsilonGreedy, 10, Some(seed)).unwrap();
            for (found, expected) in
                pick.propensities.iter().zip([EPSILON / 3.0, 1.0 - EPSILON * 2.0 / 3.0, EPSILON / 3.0])
            {
                assert!((found - expected).abs() < 1e-12);
            }
            assert_eq!(pick.explores, pick.place != 1);
            served[pick.place] += 1;
        }
        // 3000 draws at 1/30: 100 ± 9.8, five standard deviations.
        assert!((51..=149).contains(&served[0]) && (51..=149).contains(&served[2]), "{served:?}");
    }

    #[test]
    fn ucb1_looks_again_at_what_it_hardly_knows() {
        let totals = totals(&[("a", 1000, 80.0), ("b", 10, 75.0)]);
        let contenders = arms(&totals, &["a", "b"]);
        let first = pick(&contenders, Algorithm::Ucb1, 10, Some(1)).unwrap();
        assert_eq!((first.place, first.explores), (1, true));
        let more = self::totals(&[("a", 1000, 80.0), ("b", 1000, 20.0)]);
        let later = pick(&arms(&more, &["a", "b"]), Algorithm::Ucb1, 10, Some(1)).unwrap();
        assert_eq!((later.place, later.explores), (0, false));
    }

    #[test]
    fn thompson_doubts_while_it_knows_little_and_is_sure_later() {
        let share = |answers| {
            let totals = totals(&[("a", answers, 70.0), ("b", answers, 76.0)]);
            pick(&arms(&totals, &["a", "b"]), Algorithm::Thompson, 2, Some(7)).unwrap().propensities[1]
        };
        let (few, many) = (share(3), share(2000));
        assert!(few > 0.3 && few < 0.9, "{few}");
        assert!(many > few && many > 0.95, "{many}");
    }

    #[test]
    fn the_five_dimensions_come_from_what_was_recorded() {
        let mut totals = totals(&[("a", 2, 100.0)]);
        totals.fold(&decision(&[("b", 500)]), None);
        let found = dimensions(&arms(&totals, &["a", "b", "c"]));
        assert_eq!(found[0], Dimensions { quality: 0.75, cost: 1.0, latency: 1.0, reliability: 0.75, safety: 1.0 });
        assert!((found[1].reliability - 1.0 / 3.0).abs() < 1e-12);
        assert_eq!(found[2], Dimensions { quality: 0.5, cost: 0.0, latency: 0.5, reliability: 0.5, safety: 1.0 });
        assert!((WEIGHTS.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_dry_run_draws_nothing_for_the_choice() {
        let totals = totals(&[("a", 50, 60.0), ("b", 50, 90.0)]);
        for algorithm in ALL {
            let told = pick(&arms(&totals, &["a", "b"]), algorithm, 10, None).unwrap();
            assert_eq!((told.place, told.explores), (1, false));
        }
    }

    proptest! {
        #[test]
        fn propensities_sum_to_one_and_the_served_one_is_positive(
            models in prop::collection::vec((0usize..30, 0.0..100.0f64), 1..6), min_samples in 0u64..20, seed in prop::option::of(any::<u64>()),
        ) {
            let names = ["a", "b", "c", "d", "e"];
            let named: Vec<(&str, usize, f64)> = names.iter().zip(&models).map(|(name, (n, score))| (*name, *n, *score)).collect();
            let totals = totals(&named);
            let contenders = arms(&totals, &names[..models.len()]);
            for algorithm in ALL {
                let pick = pick(&contenders, algorithm, min_samples, seed).unwrap();
                let sum: f64 = pick.propensities.iter().sum();
                prop_assert!((sum - 1.0).abs() < 1e-9);
                prop_assert!(pick.propensities[pick.place] > 0.0);
                prop_assert!(pick.scores.iter().all(|score| (0.0..=1.0).contains(score)));
            }
        }
    }
}
