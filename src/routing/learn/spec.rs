//! What an operator fixes before anything is learned: the arms, the floor, the parameters.

use serde::{Deserialize, Serialize};

/// A scope as it is configured: one route of one org.
#[derive(Debug, Clone, PartialEq)]
pub struct ScopeSpec {
    /// The arms; the first is the baseline, the route's default model.
    pub arms: Vec<ArmSpec>,
    /// The share of the baseline's quality below which the route must not fall.
    pub floor: f64,
    /// Floors of single dimensions of quality (`safety`, ...), each with its name.
    pub dimension_floors: Vec<(String, f64)>,
    /// Numbers in a row of features.
    pub dimension: usize,
    /// The rest.
    pub params: Params,
}

/// One arm.
#[derive(Debug, Clone, PartialEq)]
pub struct ArmSpec {
    /// `provider/model`.
    pub name: String,
    /// What is believed of its quality before it was ever tried here.
    pub prior: Option<Prior>,
    /// Its price relative to the baseline's, where it is known before the first call.
    pub cost_hint: Option<f64>,
    /// Whether the prior holds what other orgs learned.
    pub from_pool: bool,
}

/// A belief about quality: a mean, and how many observations it is worth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Prior {
    /// Expected quality, 0..1.
    pub mean: f64,
    /// Pseudo-observations, at most [`Params::most_pseudo`].
    pub pseudo: f64,
}

/// The parameters of the rules. Their meaning and the measurements behind the values are in `docs/LEARNING.md`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Params {
    /// Standard errors by which the guard wants the floor account to be positive, at the usual noise.
    pub z: f64,
    /// The power of the noise by which that grows: noisy ratings make the chooser's picks more often lucky ones.
    pub z_noise: f64,
    /// How much the errors of the arms' gaps are taken to be correlated.
    pub correlation: f64,
    /// Calls that the floor account looks back on.
    pub window: f64,
    /// Baseline calls that the account starts with: what the first trials are paid from.
    pub credit: f64,
    /// What an observation leaves of the evidence before it, in the guard.
    pub keep_guard: f64,
    /// The same in the regression.
    pub keep_regression: f64,
    /// What a call leaves of the cost estimates before it.
    pub keep_cost: f64,
    /// Prior precision of every weight but the constant's.
    pub ridge: f64,
    /// Scale of the noise in Thompson draws.
    pub spread: f64,
    /// Quality of an arm of which nothing is known, and what that is worth.
    pub unknown: Prior,
    /// No prior counts for more than this.
    pub most_pseudo: f64,
    /// Share of calls that go to the baseline whatever is learned, at the start.
    pub holdout: f64,
    /// The share to which that falls with the calls.
    pub holdout_late: f64,
    /// Calls after which it has fallen to half.
    pub holdout_half: f64,
    /// The baseline's prior counts for no more than this: it is measured from the first call on.
    pub baseline_pseudo: f64,
    /// Step of the multiplier's correction.
    pub step: f64,
    /// Contexts over which the multiplier is solved.
    pub contexts: usize,
    /// Decisions between two solutions.
    pub solve_every: u64,
    /// Draws from the posterior for one decision.
    pub draws: u16,
    /// The drift detector's stake for each unit of variance.
    pub drift_stake: f64,
    /// Level at which an arm is in doubt.
    pub drift_doubt: f64,
    /// Level of the alarm.
    pub drift_alarm: f64,
    /// Ratings from before that hold an arm in doubt.
    pub doubt_held: f64,
    /// Ratings from before that an alarm leaves, lowered by the drop.
    pub drift_held: f64,
    /// That drop.
    pub drift_drop: f64,
    /// Observations for which the slopes count after an alarm.
    pub drift_keep: f64,
    /// Ridge of the common slopes; 0 = arms share nothing.
    pub common_ridge: f64,
    /// Standard error of what benchmarks are off by for all arms together; 0 = nothing.
    pub common_shift: f64,
    /// Standard errors in the solution of the multiplier, relative to the guard's; 0 = it looks at the mean only.
    pub solve_z: f64,
    /// Least and most of the multiplier's correction.
    pub correction: (f64, f64),
    /// How much of the variance of the baseline's level enters the account.
    pub baseline_doubt: f64,
    /// Whether noise that is larger than usual makes priors count for more.
    pub noise_scale: bool,
    /// Standard error of the judge's bias for one arm.
    pub judge_bias: f64,
    /// Weight of a judged call in the regression.
    pub judge_weight: f64,
    /// Weight of a manual rating.
    pub manual_weight: f64,
    /// Standard error of a benchmark prior.
    pub benchmark_error: f64,
    /// Ratings from which on the guard listens to ratings rather than to the judge.
    pub enough_ratings: f64,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            z: 0.9,
            z_noise: 0.35,
            correlation: 0.3,
            window: 300.0,
            credit: 25.0,
            keep_guard: 0.9998,
            keep_regression: 1.0,
            keep_cost: 0.995,
            ridge: 25.0,
            spread: 0.05,
            unknown: Prior { mean: 0.6, pseudo: 2.0 },
            most_pseudo: 50.0,
            holdout: 0.02,
            holdout_late: 0.01,
            holdout_half: 500.0,
            baseline_pseudo: 10.0,
            step: 0.01,
            contexts: 100,
            solve_every: 20,
            draws: 32,
            drift_stake: 0.2,
            drift_doubt: 5.5,
            drift_alarm: 7.0,
            doubt_held: 30.0,
            drift_held: 3.0,
            drift_drop: 0.1,
            drift_keep: 60.0,
            common_ridge: 10.0,
            common_shift: 0.1,
            solve_z: 1.0,
            correction: (0.7, 2.0),
            baseline_doubt: 1.0,
            noise_scale: true,
            judge_bias: 0.06,
            judge_weight: 0.5,
            manual_weight: 5.0,
            benchmark_error: 0.10,
            enough_ratings: 20.0,
        }
    }
}

impl Params {
    /// A short name for this set of values: it changes when any of them does.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        // Debug output of f64 is the shortest text that reads back as the same number: a faithful key.
        xxhash_rust::xxh3::xxh3_64(format!("{self:?}").as_bytes())
    }
}

impl ScopeSpec {
    /// The prior of every arm. Where some arms have one, an arm without is taken to be like their mean, but for little.
    #[must_use]
    pub fn priors(&self) -> Vec<Prior> {
        let known: Vec<f64> = self.arms.iter().filter_map(|arm| arm.prior.map(|prior| prior.mean)).collect();
        #[expect(clippy::cast_precision_loss, reason = "a number of arms")]
        let mean =
            if known.is_empty() { self.params.unknown.mean } else { known.iter().sum::<f64>() / known.len() as f64 };
        let fallback = Prior { mean, pseudo: self.params.unknown.pseudo };
        let clean = |prior: Prior| Prior {
            mean: if prior.mean.is_finite() { prior.mean.clamp(0.0, 1.0) } else { mean },
            pseudo: if prior.pseudo.is_finite() { prior.pseudo.clamp(0.0, self.params.most_pseudo) } else { 0.0 },
        };
        let mut priors: Vec<Prior> = self.arms.iter().map(|arm| clean(arm.prior.unwrap_or(fallback))).collect();
        if let Some(baseline) = priors.first_mut() {
            baseline.pseudo = baseline.pseudo.min(self.params.baseline_pseudo);
        }
        priors
    }
}
