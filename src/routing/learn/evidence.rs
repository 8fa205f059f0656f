//! How much each of the four sources says about an arm's level, by precision.
//!
//! ```text
//! w_bench = 1/s_b^2    w_session = n_R/s_R^2    w_manual = n_M/s_M^2    w_auto = 1/(tau^2 + s_J^2/n_J)
//! level = sum w_i level_i / sum w_i      se = 1/sqrt(sum w_i)      share_i = w_i / sum w_i
//! ```
//!
//! However many judgements there are, they are never worth more than a standard error `tau`: the judge has its own taste.
//! So the ratings become the main source by themselves, at about 400 sessions of an arm.
//!
//! ```
//! use floopy::routing::learn::evidence::{Counts, weigh};
//! let shares = weigh(&Counts { session: 150.0, auto: 125.0, manual: 2.5 }, &Default::default()).shares;
//! assert_eq!([shares.session, shares.auto, shares.manual, shares.benchmark].map(|share| (100.0 * share).round()), [56.0, 26.0, 5.0, 13.0]);
//! ```

use super::arm::Arm;
use crate::resource::assessment::{Phase, SourceWeights};
use serde::{Deserialize, Serialize};

/// Observations of each source.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Counts {
    /// Rated sessions.
    pub session: f64,
    /// Judged sessions.
    pub auto: f64,
    /// Ratings by hand.
    pub manual: f64,
}

/// The noise of each source.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Noise {
    /// Variance of an anchored session rating.
    pub session: f64,
    /// Variance of a judgement.
    pub auto: f64,
    /// Variance of a rating by hand.
    pub manual: f64,
    /// Standard error of the judge's bias.
    pub bias: f64,
    /// Standard error of a benchmark.
    pub benchmark: f64,
}

impl Default for Noise {
    fn default() -> Self {
        Self { session: 0.36, auto: 0.20, manual: 0.07, bias: 0.06, benchmark: 0.10 }
    }
}

/// The sources' shares, and the standard error of the level that they make together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Weighed {
    /// Shares that add up to one.
    pub shares: SourceWeights,
    /// Standard error of the level.
    pub error: f64,
}

/// Weighs the sources of one arm.
#[must_use]
pub fn weigh(counts: &Counts, noise: &Noise) -> Weighed {
    let positive = |count: f64, weight: f64| if count > 0.0 { weight } else { 0.0 };
    let weights = SourceWeights {
        session: positive(counts.session, counts.session / noise.session),
        auto: positive(counts.auto, 1.0 / (noise.bias * noise.bias + noise.auto / counts.auto.max(1e-9))),
        manual: positive(counts.manual, counts.manual / noise.manual),
        benchmark: 1.0 / (noise.benchmark * noise.benchmark),
    };
    let total = weights.session + weights.auto + weights.manual + weights.benchmark;
    let share = |weight: f64| weight / total;
    Weighed {
        shares: SourceWeights {
            session: share(weights.session),
            auto: share(weights.auto),
            manual: share(weights.manual),
            benchmark: share(weights.benchmark),
        },
        error: 1.0 / total.sqrt(),
    }
}

/// The observations of one arm by source.
#[must_use]
pub fn counts(arm: &Arm) -> Counts {
    let levels = &arm.levels;
    Counts { session: levels.session.count, auto: levels.auto.count, manual: levels.manual.count }
}

/// A scope's shares: its arms together, as one arm with all their observations.
#[must_use]
pub fn of_scope<'a>(arms: impl Iterator<Item = &'a Arm>, noise: &Noise) -> Weighed {
    let all = arms.map(counts).fold(Counts::default(), |sum, own| Counts {
        session: sum.session + own.session,
        auto: sum.auto + own.auto,
        manual: sum.manual + own.manual,
    });
    weigh(&all, noise)
}

/// The phase by the shares: whichever of priors, judge and people says most.
#[must_use]
pub fn phase(shares: &SourceWeights) -> Phase {
    let people = shares.session + shares.manual;
    if people >= shares.auto.max(shares.benchmark) {
        Phase::Nps
    } else if shares.auto > 0.0 && shares.auto + people >= shares.benchmark {
        Phase::Auto
    } else {
        Phase::Day0
    }
}
