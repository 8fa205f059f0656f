//! How many rated calls it takes to see that a new model is worse, or is not: the product's own bets, on recorded pairs.

use super::feedback::rating;
use super::problem::{Problem, at, real};
use super::run::mix;
use crate::routing::learn::anchor::Anchor;
use crate::routing::learn::chance::Chance;
use crate::routing::learn::eprocess::{Bets, HARM, Verdict, Yard};
use serde::Serialize;

/// Ratings of the baseline that come in for each of the canary's.
const CONCURRENT: usize = 10;

/// How a canary run is made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CanaryPlan {
    /// Runs for each model.
    pub runs: u32,
    /// Rated calls after which a run ends undecided.
    pub most: u32,
    /// Whether ratings are noisy ones of 0 to 10 rather than the outcome.
    pub noisy: bool,
    /// The first seed.
    pub seed: u64,
}

/// What became of one model as a canary.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CanaryReport {
    /// The recording.
    pub data: String,
    /// The model.
    pub canary: String,
    /// Its quality as a share of the baseline's.
    pub true_ratio: f64,
    /// Runs.
    pub runs: u32,
    /// Rolled back, in per cent.
    pub rolled_back_pct: f64,
    /// Promoted, in per cent.
    pub promoted_pct: f64,
    /// Neither within the limit, in per cent.
    pub undecided_pct: f64,
    /// Rated calls until the verdict (median; the limit where there is none).
    pub rated_calls_median: f64,
    /// The same, the slowest tenth.
    pub rated_calls_p90: f64,
}

/// Where the outcomes of a canary and of the baseline come from.
pub trait Pair {
    /// An outcome of the canary.
    fn canary(&self, chance: &mut Chance) -> f64;
    /// An outcome of the baseline.
    fn baseline(&self, chance: &mut Chance) -> f64;
}

/// Recorded outcomes.
struct Recorded<'a> {
    problem: &'a Problem,
    arm: usize,
}

impl Pair for Recorded<'_> {
    fn canary(&self, chance: &mut Chance) -> f64 {
        let item = chance.below(self.problem.items.len());
        self.problem.items.get(item).map_or(0.0, |row| at(&row.quality, self.arm))
    }
    fn baseline(&self, chance: &mut Chance) -> f64 {
        let item = chance.below(self.problem.items.len());
        self.problem.items.get(item).map_or(0.0, |row| at(&row.quality, 0))
    }
}

/// A canary that stands exactly at the floor.
struct AtFloor {
    baseline: f64,
    floor: f64,
}

impl Pair for AtFloor {
    fn canary(&self, chance: &mut Chance) -> f64 {
        f64::from(u8::from(chance.uniform() < self.floor * self.baseline))
    }
    fn baseline(&self, chance: &mut Chance) -> f64 {
        f64::from(u8::from(chance.uniform() < self.baseline))
    }
}

/// One run: the verdict, and the rated calls that it took.
fn one(pair: &dyn Pair, floor: f64, plan: &CanaryPlan, run: u32) -> (Verdict, u32) {
    let mut chance = Chance::new(mix(plan.seed.wrapping_add(u64::from(run)), 3));
    let (anchor, mut bets) = (Anchor::default(), Bets::default());
    let heard = |quality: f64, chance: &mut Chance| {
        if plan.noisy { anchor.quality(rating(quality, chance)) } else { quality }
    };
    let yard =
        if plan.noisy { Yard { floor, reach: Anchor::REACH, doubt: anchor.doubt() } } else { Yard::outcomes(floor) };
    for call in 1..=plan.most {
        for _ in 0..CONCURRENT {
            let quality = pair.baseline(&mut chance);
            bets.baseline(heard(quality, &mut chance), &yard);
        }
        let quality = pair.canary(&mut chance);
        bets.arm(heard(quality, &mut chance), &yard);
        match bets.verdict(HARM, HARM) {
            Verdict::Open => {}
            verdict => return (verdict, call),
        }
    }
    (Verdict::Open, plan.most)
}

fn together(data: &str, canary: &str, ratio: f64, runs: &[(Verdict, u32)]) -> CanaryReport {
    let share =
        |verdict: Verdict| 100.0 * real(runs.iter().filter(|run| run.0 == verdict).count()) / real(runs.len().max(1));
    let calls: Vec<f64> = runs.iter().map(|run| f64::from(run.1)).collect();
    CanaryReport {
        data: data.to_owned(),
        canary: canary.to_owned(),
        true_ratio: ratio,
        runs: u32::try_from(runs.len()).unwrap_or(u32::MAX),
        rolled_back_pct: share(Verdict::Harm),
        promoted_pct: share(Verdict::Fine),
        undecided_pct: share(Verdict::Open),
        rated_calls_median: super::measure::quantile(&calls, 0.5),
        rated_calls_p90: super::measure::quantile(&calls, 0.9),
    }
}

/// Runs one of a recording's models as a canary against its baseline.
#[must_use]
pub fn canary(problem: &Problem, arm: usize, plan: &CanaryPlan) -> CanaryReport {
    let pair = Recorded { problem, arm };
    let base = at(&problem.quality, 0);
    let runs: Vec<_> = (0..plan.runs).map(|run| one(&pair, problem.floor, plan, run)).collect();
    let name = problem.arms.get(arm).cloned().unwrap_or_default();
    together(&problem.name, &name, at(&problem.quality, arm) / base.max(1e-9), &runs)
}

/// Runs a canary that stands exactly at the floor of a baseline of this quality: every verdict is a false one.
#[must_use]
pub fn null(floor: f64, baseline: f64, plan: &CanaryPlan) -> CanaryReport {
    let pair = AtFloor { baseline, floor };
    let runs: Vec<_> = (0..plan.runs).map(|run| one(&pair, floor, plan, run)).collect();
    together("null", &format!("at the floor of {baseline}"), floor, &runs)
}
