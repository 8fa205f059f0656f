//! What a run was worth, and what many runs say together.

use super::policy::Setting;
use super::problem::{Problem, at, real};
use super::run::{Drift, Record, mean};
use serde::Serialize;

/// Units of a rolling window of the floor.
const WINDOW: usize = 200;
/// Steps between two windows.
const STRIDE: usize = 50;
/// Units of a window in which recovery is seen.
const RECOVERY: usize = 150;

/// One run in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Score {
    quality_ratio: f64,
    saved: f64,
    last_ratio: f64,
    last_saved: f64,
    second_ratio: f64,
    second_saved: f64,
    broken_sure: f64,
    broken_raw: f64,
    regret: f64,
    converged: Option<f64>,
    recovered: Option<f64>,
    steps: f64,
    covered: Option<bool>,
    claimed: Option<f64>,
}

/// Takes a run's measure.
#[must_use]
pub fn score(problem: &Problem, record: &Record, claim: Option<(f64, f64, f64)>) -> Score {
    let steps = record.quality.len();
    let ratio = |from: usize| {
        let part = |list: &[f64]| mean(list.get(from..).unwrap_or(&[]));
        part(&record.quality) / part(&record.baseline).max(1e-9)
    };
    let saved = |from: usize| 1.0 - mean(record.cost.get(from..).unwrap_or(&[]));
    let (half, third) = (steps / 2, steps - steps / 3);
    let sums = Sums::of(problem.floor, record);
    let (sure, raw) = sums.broken();
    // What the routed units really saved: against the baseline on the very same items.
    let routed = |list: &[f64]| -> f64 {
        list.iter().zip(&record.held_out).filter(|(_, held)| !**held).map(|(value, _)| value).sum()
    };
    let true_saving = 1.0 - routed(&record.cost) / routed(&record.baseline_cost).max(1e-12);
    Score {
        quality_ratio: ratio(0),
        saved: saved(0),
        last_ratio: ratio(third),
        last_saved: saved(third),
        second_ratio: ratio(half),
        second_saved: saved(half),
        broken_sure: sure,
        broken_raw: raw,
        regret: regret(problem, record),
        converged: sums.converged(0.7 * problem.reference.mix),
        recovered: sums.recovered(half),
        steps: real(steps),
        covered: claim.map(|(_, low, high)| low <= true_saving && true_saving <= high),
        claimed: claim.map(|claim| claim.0),
    }
}

/// Utility (quality less 0.05 of cost) lost against the one arm that is best by it in hindsight.
fn regret(problem: &Problem, record: &Record) -> f64 {
    const PRICE: f64 = 0.05;
    let worth = |arm: usize| at(&problem.quality, arm) - PRICE * at(&problem.cost, arm);
    let best = (0..problem.arms.len()).max_by(|a, b| worth(*a).total_cmp(&worth(*b))).unwrap_or(0);
    let fixed =
        |item: &usize| problem.items.get(*item).map_or(0.0, |row| at(&row.quality, best) - PRICE * at(&row.cost, best));
    let got: f64 = record.quality.iter().zip(&record.cost).map(|(quality, cost)| quality - PRICE * cost).sum();
    record.items.iter().map(fixed).sum::<f64>() - got
}

/// Running sums of the gap to the floor, of its square, and of the cost.
struct Sums {
    gap: Vec<f64>,
    square: Vec<f64>,
    cost: Vec<f64>,
}

impl Sums {
    fn of(floor: f64, record: &Record) -> Self {
        let mut sums = Self { gap: vec![0.0], square: vec![0.0], cost: vec![0.0] };
        for ((quality, baseline), cost) in record.quality.iter().zip(&record.baseline).zip(&record.cost) {
            let gap = quality - floor * baseline;
            for (list, value) in [(&mut sums.gap, gap), (&mut sums.square, gap * gap), (&mut sums.cost, *cost)] {
                list.push(list.last().copied().unwrap_or(0.0) + value);
            }
        }
        sums
    }

    fn steps(&self) -> usize {
        self.gap.len() - 1
    }

    fn window(list: &[f64], from: usize, long: usize) -> f64 {
        (at(list, from + long) - at(list, from)) / real(long)
    }

    /// Shares of the windows in which the floor was broken: for sure (one-sided, 95 %), and on the face of it.
    fn broken(&self) -> (f64, f64) {
        let starts: Vec<usize> = (0..=self.steps().saturating_sub(WINDOW)).step_by(STRIDE).collect();
        if self.steps() < WINDOW {
            return (0.0, 0.0);
        }
        let (mut sure, mut raw) = (0.0, 0.0);
        for start in &starts {
            let mean = Self::window(&self.gap, *start, WINDOW);
            let variance = (Self::window(&self.square, *start, WINDOW) - mean * mean).max(0.0);
            raw += f64::from(u8::from(mean < 0.0));
            sure += f64::from(u8::from(mean + 1.645 * (variance / real(WINDOW)).sqrt() < 0.0));
        }
        (sure / real(starts.len()), raw / real(starts.len()))
    }

    /// The first step from which a window saves this much while it does not fall below the floor by more than 0.02.
    fn converged(&self, saving: f64) -> Option<f64> {
        let last = self.steps().checked_sub(WINDOW)?;
        (0..=last)
            .step_by(25)
            .find(|start| {
                1.0 - Self::window(&self.cost, *start, WINDOW) >= saving
                    && Self::window(&self.gap, *start, WINDOW) >= -0.02
            })
            .map(real)
    }

    /// Steps after the break until a window is back at the floor.
    fn recovered(&self, half: usize) -> Option<f64> {
        let last = self.steps().checked_sub(RECOVERY)?;
        (half..=last)
            .step_by(10)
            .find(|start| Self::window(&self.gap, *start, RECOVERY) >= -0.01)
            .map(|start| real(start - half))
    }
}

/// Many runs of one policy on one recording.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The recording.
    pub data: String,
    /// The policy.
    pub policy: String,
    /// What was heard.
    pub feedback: String,
    /// What changed half-way.
    pub drift: Option<String>,
    /// Whether the product started from priors.
    pub priors: bool,
    /// Arms.
    pub arms: usize,
    /// Items.
    pub items: usize,
    /// Runs.
    pub seeds: usize,
    /// Units of a run.
    pub horizon: usize,
    /// The floor.
    pub floor: f64,
    /// Quality as a share of the baseline's on the same items.
    pub quality_ratio: f64,
    /// Half of its 95 % interval over runs.
    pub quality_ratio_ci: f64,
    /// Cost saved in per cent of the baseline's mean.
    pub saved_pct: f64,
    /// Half of its 95 % interval over runs.
    pub saved_pct_ci: f64,
    /// Windows of 200 in which the floor is broken for sure (one-sided, 95 %), in per cent.
    pub windows_broken_sure_pct: f64,
    /// Windows below the floor on the face of it, in per cent.
    pub windows_broken_raw_pct: f64,
    /// Utility lost against the best fixed model.
    pub regret_vs_best_fixed: f64,
    /// Units until a window saves 70 % of the best mix at the floor (median; the horizon where never).
    pub converge_steps_median: f64,
    /// Share of runs that got there.
    pub converge_share: f64,
    /// Units after the change until a window is back at the floor (median).
    pub recovery_steps_median: Option<f64>,
    /// The same, the slowest tenth.
    pub recovery_steps_p90: Option<f64>,
    /// Quality in the last third.
    pub quality_ratio_last_third: f64,
    /// Saving in the last third.
    pub saved_pct_last_third: f64,
    /// Quality in the second half.
    pub quality_ratio_second_half: f64,
    /// Saving in the second half.
    pub saved_pct_second_half: f64,
    /// Saving of the cheapest single model above the floor.
    pub single_saved_pct: f64,
    /// Saving of the best mix of two models at the floor, without context.
    pub mix_saved_pct: f64,
    /// Saving at the floor of a ridge regression with full information.
    pub ridge_saved_pct: Option<f64>,
    /// The last third's share of the way from the single model to that ridge.
    pub gap_share_last_third: Option<f64>,
    /// Share of runs in which the reported interval of the saving holds the true saving, in per cent.
    pub saving_interval_coverage_pct: Option<f64>,
    /// Microseconds of a decision, median.
    pub decide_us_p50: f64,
}

/// What a report is about.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// The policy.
    pub policy: &'a str,
    /// The channel's name.
    pub feedback: &'a str,
    /// The change.
    pub drift: Option<Drift>,
    /// The product's setting.
    pub setting: &'a Setting,
}

/// Puts the runs together.
#[must_use]
pub fn report(problem: &Problem, about: &About<'_>, runs: &[Score], mut decide_ns: Vec<u64>) -> Report {
    let of = |value: &dyn Fn(&Score) -> f64| -> Vec<f64> { runs.iter().map(value).collect() };
    let (ratio, ratio_ci) = interval(&of(&|run| run.quality_ratio));
    let (saved, saved_ci) = interval(&of(&|run| run.saved));
    let average = |value: &dyn Fn(&Score) -> f64| mean(&of(value));
    let reference = &problem.reference;
    let last = average(&|run| run.last_saved);
    let gap =
        |ridge: f64| (ridge - reference.single > 0.005).then(|| (last - reference.single) / (ridge - reference.single));
    let recovery = of(&|run| run.recovered.unwrap_or(run.steps / 2.0));
    let changed = about.drift.is_some();
    let covered: Vec<bool> = runs.iter().filter_map(|run| run.covered).collect();
    decide_ns.sort_unstable();
    #[expect(clippy::cast_precision_loss, reason = "nanoseconds of a decision")]
    let median_ns = decide_ns.get(decide_ns.len() / 2).copied().unwrap_or(0) as f64;
    Report {
        data: problem.name.clone(),
        policy: about.policy.to_owned(),
        feedback: about.feedback.to_owned(),
        drift: about.drift.map(|drift| drift.name().to_owned()),
        priors: about.setting.priors && problem.priors.iter().any(Option::is_some),
        arms: problem.arms.len(),
        items: problem.items.len(),
        seeds: runs.len(),
        horizon: problem.horizon,
        floor: problem.floor,
        quality_ratio: ratio,
        quality_ratio_ci: ratio_ci,
        saved_pct: 100.0 * saved,
        saved_pct_ci: 100.0 * saved_ci,
        windows_broken_sure_pct: 100.0 * average(&|run| run.broken_sure),
        windows_broken_raw_pct: 100.0 * average(&|run| run.broken_raw),
        regret_vs_best_fixed: average(&|run| run.regret),
        converge_steps_median: quantile(&of(&|run| run.converged.unwrap_or(run.steps)), 0.5),
        converge_share: average(&|run| f64::from(u8::from(run.converged.is_some()))),
        recovery_steps_median: changed.then(|| quantile(&recovery, 0.5)),
        recovery_steps_p90: changed.then(|| quantile(&recovery, 0.9)),
        quality_ratio_last_third: average(&|run| run.last_ratio),
        saved_pct_last_third: 100.0 * last,
        quality_ratio_second_half: average(&|run| run.second_ratio),
        saved_pct_second_half: 100.0 * average(&|run| run.second_saved),
        single_saved_pct: 100.0 * reference.single,
        mix_saved_pct: 100.0 * reference.mix,
        ridge_saved_pct: reference.ridge.map(|ridge| 100.0 * ridge),
        gap_share_last_third: reference.ridge.and_then(gap),
        saving_interval_coverage_pct: (!covered.is_empty())
            .then(|| 100.0 * real(covered.iter().filter(|covered| **covered).count()) / real(covered.len())),
        decide_us_p50: median_ns / 1_000.0,
    }
}

impl Drift {
    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Degrade => "degrade",
            Self::Cheaper => "cheaper",
            Self::Alias => "alias",
        }
    }
}

/// The mean, and half of its 95 % interval.
pub(super) fn interval(list: &[f64]) -> (f64, f64) {
    let (mean, count) = (mean(list), real(list.len()));
    if count < 2.0 {
        return (mean, 0.0);
    }
    let variance = list.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
    (mean, 1.96 * (variance / count).sqrt())
}

/// The quantile by linear interpolation.
pub(super) fn quantile(list: &[f64], share: f64) -> f64 {
    let mut sorted = list.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = share.clamp(0.0, 1.0) * (real(sorted.len()) - 1.0).max(0.0);
    let low = (0..sorted.len()).take_while(|at| real(*at) <= place).last().unwrap_or(0);
    let (below, above) = (at(&sorted, low), sorted.get(low + 1).copied().unwrap_or_else(|| at(&sorted, low)));
    below + (place - real(low)) * (above - below)
}
