//! What is known of one arm.

use super::drift::{Drift, Failures};
use super::eprocess::{Bets, Stage};
use super::guard::{Gap, GapPrior, Standing};
use super::linear::Linear;
use super::spec::{ArmSpec, Params, Prior};
use crate::base::Timestamp;
use serde::{Deserialize, Serialize};

/// The learned state of one arm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Arm {
    /// `provider/model`.
    pub name: String,
    /// What was believed at the start.
    pub prior: Prior,
    /// Whether that belief holds what other orgs learned.
    pub from_pool: bool,
    /// Quality on features.
    pub linear: Linear,
    /// Gaps of rated calls; for the baseline, plain qualities.
    pub rated: Gap,
    /// The same by the judge.
    pub judged: Gap,
    /// The same for each dimension that has a floor.
    pub dimensions: Vec<Gap>,
    /// Qualities by source, for the weights that are shown.
    pub levels: Levels,
    /// How far alarms have lowered the level.
    pub penalty: f64,
    /// The drift detector.
    pub drift: Drift,
    /// The test for technical failures.
    pub failures: Failures,
    /// Where it stands on its way into full use.
    pub stage: Stage,
    /// The bets of that stage.
    pub bets: Bets,
    /// Calls served.
    pub calls: u64,
    /// When the last one was.
    pub last_call: Option<Timestamp>,
}

/// Undiscounted qualities by source.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Levels {
    /// Ratings of sessions.
    pub session: Gap,
    /// Judge and heuristics.
    pub auto: Gap,
    /// Ratings by hand.
    pub manual: Gap,
}

impl Arm {
    /// An arm of which only the specification is known.
    #[must_use]
    pub fn new(spec: &ArmSpec, prior: Prior, dimension: usize, floors: usize, params: &Params, stage: Stage) -> Self {
        Self {
            name: spec.name.clone(),
            prior,
            from_pool: spec.from_pool,
            linear: Linear::new(dimension, params.ridge, prior.mean, prior.pseudo),
            rated: Gap::default(),
            judged: Gap::default(),
            dimensions: vec![Gap::default(); floors],
            levels: Levels::default(),
            penalty: 0.0,
            drift: Drift::default(),
            failures: Failures::default(),
            stage,
            bets: Bets::default(),
            calls: 0,
            last_call: None,
        }
    }

    /// The prior of its gap to the floor, given the baseline's level.
    #[must_use]
    pub fn gap_prior(&self, floor: f64, baseline: f64) -> GapPrior {
        GapPrior { gap: self.prior.mean - floor * baseline + self.penalty, count: 2.0 + self.prior.pseudo / 2.0 }
    }

    /// The gap of its rated calls, where it is not the baseline.
    #[must_use]
    pub fn standing(&self, floor: f64, baseline: f64) -> Standing {
        self.rated.standing(self.gap_prior(floor, baseline))
    }

    /// The same with the judge's word, whose precision is capped by the variance of its bias.
    #[must_use]
    pub fn judged_standing(&self, floor: f64, baseline: f64, bias: f64) -> Standing {
        let rated = self.standing(floor, baseline);
        self.judge(bias).map_or(rated, |judged| rated.fused(judged))
    }

    /// The quality of its calls as the baseline.
    #[must_use]
    pub fn own_quality(&self) -> Standing {
        let standing = self.rated.standing(GapPrior { gap: self.prior.mean, count: 2.0 + self.prior.pseudo });
        Standing { gap: standing.gap.clamp(0.0, 1.0), ..standing }
    }

    /// The judge's word alone.
    #[must_use]
    pub fn judge(&self, bias: f64) -> Option<Standing> {
        let count = self.judged.count;
        (count > 0.0).then(|| Standing {
            gap: self.judged.mean(),
            variance: bias * bias + self.judged.spread(0.02, 0.5, 0.2) / count,
        })
    }

    /// The mean of its rated qualities, the prior mixed in.
    #[must_use]
    pub fn level(&self) -> f64 {
        let (own, prior) = (self.levels.session, self.prior.pseudo + 1.0);
        (own.sum + prior * self.prior.mean) / (own.count + prior)
    }

    /// An alarm: forget what was learned, start low.
    pub fn break_off(&mut self, params: &Params) {
        let (kept, drop) = (5.0, params.drift_drop);
        let level = (self.level() - drop).max(0.0);
        let gap = self.rated.mean() - drop;
        self.rated = Gap { count: kept, sum: kept * gap, square: kept * 0.25 };
        self.judged = Gap::default();
        self.dimensions.iter_mut().for_each(|gap| *gap = Gap::default());
        self.penalty = -drop;
        self.linear = Linear::new(self.linear.dimension(), 5.0, level, kept);
        self.levels = Levels {
            session: Gap { count: kept, sum: kept * level, square: kept * (level * level + 0.25) },
            ..Levels::default()
        };
        self.bets = Bets::default();
    }
}
