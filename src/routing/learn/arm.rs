//! What is known of one arm.

use super::drift::{Drift, Failures};
use super::eprocess::{Bets, Stage};
use super::guard::{Gap, GapPrior, Standing};
use super::linear::{Linear, Start, add_scaled, dot};
use super::spec::{ArmSpec, Params, Prior};
use crate::base::Timestamp;
use crate::routing::recent::Recent;
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
    /// Its rated calls.
    pub rated: Rated,
    /// Gaps by the judge; for the baseline, plain qualities.
    pub judged: Gap,
    /// The same for each dimension that has a floor.
    pub dimensions: Vec<Gap>,
    /// Qualities by source, for the weights that are shown.
    pub levels: Levels,
    /// What is believed of its gap after an alarm, in place of the prior.
    pub after_alarm: Option<GapPrior>,
    /// The drift detector.
    pub drift: Drift,
    /// The test for technical failures.
    pub failures: Failures,
    /// Where it stands on its way into full use.
    pub stage: Stage,
    /// The bets of that stage.
    pub bets: Bets,
    /// Its last week, for the windows of constraints.
    #[serde(default)]
    pub recent: Recent,
    /// Calls served.
    pub calls: u64,
    /// When the last one was.
    pub last_call: Option<Timestamp>,
}

/// Discounted sums over the rated calls of an arm.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Rated {
    /// Gaps as they were seen; for the baseline, plain qualities. Only their variance is used.
    pub gap: Gap,
    /// Sum of qualities.
    pub quality: f64,
    /// Sum of features.
    pub context: Vec<f64>,
}

impl Rated {
    /// Takes one call in.
    pub fn observe(&mut self, phi: &[f64], quality: f64, gap: f64, weight: f64, keep: f64) {
        self.gap.observe(gap, weight, keep);
        self.quality = self.quality * keep + weight * quality;
        self.context.resize(phi.len(), 0.0);
        self.context.iter_mut().for_each(|sum| *sum *= keep);
        add_scaled(&mut self.context, phi, weight);
    }
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

/// What gaps are measured against.
#[derive(Debug, Clone, Copy)]
pub struct Yardstick<'a> {
    /// The floor.
    pub floor: f64,
    /// The baseline's prior level.
    pub prior: f64,
    /// The baseline's weights.
    pub theta: &'a [f64],
    /// What is added to the baseline's level because it has fallen.
    pub lift: f64,
    /// By how much noise multiplies what priors count for.
    pub noise: f64,
}

impl Arm {
    /// An arm of which only the specification is known.
    #[must_use]
    pub fn new(spec: &ArmSpec, prior: Prior, dimension: usize, floors: usize, params: &Params, stage: Stage) -> Self {
        Self {
            name: spec.name.clone(),
            prior,
            from_pool: spec.from_pool,
            linear: Linear::new(dimension, params.ridge, prior.mean, prior.pseudo + 1.0),
            rated: Rated::default(),
            judged: Gap::default(),
            dimensions: vec![Gap::default(); floors],
            levels: Levels::default(),
            after_alarm: None,
            drift: Drift::default(),
            failures: Failures::default(),
            stage,
            bets: Bets::default(),
            recent: Recent::default(),
            calls: 0,
            last_call: None,
        }
    }

    /// Begins with another belief; what was seen stays as it is.
    pub fn believe(&mut self, prior: Prior, from_pool: bool) {
        self.prior = prior;
        self.from_pool = from_pool;
        let start = Start { level: prior.mean, pseudo: prior.pseudo + 1.0, ..self.linear.start().clone() };
        self.linear.restart(start);
    }

    /// The prior of its gap to the floor.
    #[must_use]
    pub fn gap_prior(&self, yard: &Yardstick<'_>) -> GapPrior {
        self.after_alarm.unwrap_or(GapPrior {
            gap: self.prior.mean - yard.floor * (yard.prior + yard.lift),
            count: 2.0 + self.prior.pseudo / 2.0 * yard.noise,
        })
    }

    /// The gap of its rated calls, where it is not the baseline.
    #[must_use]
    pub fn standing(&self, yard: &Yardstick<'_>) -> Standing {
        let prior = self.gap_prior(yard);
        let count = (self.rated.gap.count + prior.count).max(1e-9);
        let sum =
            self.rated.quality - yard.floor * (dot(yard.theta, &self.rated.context) + yard.lift * self.rated.gap.count);
        Standing {
            gap: (sum + prior.count * prior.gap) / count,
            variance: self.rated.gap.spread(0.04, 0.9, 0.25) / count,
        }
    }

    /// Its standing since it came into doubt, held at the one before by `held` ratings.
    #[must_use]
    pub fn doubted(&self, yard: &Yardstick<'_>, before: &Standing, held: f64) -> Standing {
        let excursion = self.drift.excursion();
        let count = excursion.count + held;
        Standing {
            gap: (excursion.surplus(yard.theta, yard.floor, yard.lift) + held * before.gap) / count,
            variance: self.drift.variance() / count,
        }
    }

    /// The quality of its calls as the baseline.
    #[must_use]
    pub fn own_quality(&self, noise: f64) -> Standing {
        let prior = GapPrior { gap: self.prior.mean, count: 2.0 + self.prior.pseudo * noise };
        let standing = self.rated.gap.standing(prior);
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

    /// An alarm: what was rated since the excursion began takes the place of what was known.
    pub fn break_off(&mut self, yard: &Yardstick<'_>, params: &Params) {
        let held = params.drift_held;
        let before = self.rated.gap.count.max(1.0);
        let excursion = self.drift.excursion();
        let count = excursion.count.max(1.0);
        let change = excursion.residual / (count + held) - params.drift_drop * held / (count + held);
        let (quality, spread) = (self.rated.quality / before, self.rated.gap.spread(0.06, 0.8, 0.25));
        self.rated.context.resize(excursion.context.len().max(self.rated.context.len()), 0.0);
        self.rated.context.iter_mut().for_each(|sum| *sum *= held / before);
        add_scaled(&mut self.rated.context, &excursion.context, 1.0);
        self.rated.quality = excursion.quality + held * (quality - params.drift_drop);
        let rated = count + held;
        let gap =
            (self.rated.quality - yard.floor * (dot(yard.theta, &self.rated.context) + yard.lift * rated)) / rated;
        self.rated.gap = Gap { count: rated, sum: rated * gap, square: rated * (spread + gap * gap) };
        self.after_alarm = Some(GapPrior { gap, count: 1.0 });
        self.judged = Gap::default();
        self.dimensions.iter_mut().for_each(|gap| *gap = Gap::default());
        self.linear.shift(change, params.drift_keep);
        let level = self.linear.start().level;
        self.prior = Prior { mean: level.clamp(0.0, 1.0), pseudo: 2.0 };
        self.levels = Levels {
            session: Gap { count: rated, sum: rated * level, square: rated * (level * level + spread) },
            ..Levels::default()
        };
        self.bets = Bets::default();
    }
}
