//! The learned state of one route of one org, and how it is kept when the configuration changes.
//!
//! A scope is a fold over events: the same events in the same order give the same bits. The learner owns one and
//! publishes copies of it; what is large stands behind `Arc`, so that a copy after one event shares all but what changed.

use super::anchor::Anchor;
use super::arm::{Arm, Yardstick};
use super::cost::{Costs, Estimate};
use super::eprocess::Stage;
use super::evidence::{self, Noise, Weighed};
use super::guard::Gap;
use super::hand::Hands;
use super::judge::Calibration;
use super::memory::{Heard, Keys};
use super::multiplier::Multiplier;
use super::savings::Savings;
use super::spec::{Params, Prior, ScopeSpec};
use crate::resource::assessment::Phase;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::Arc;

/// The learned state of one route of one org.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scope {
    pub(super) floor: f64,
    pub(super) dimension_floors: Vec<(String, f64)>,
    pub(super) dimension: usize,
    pub(super) params: Arc<Params>,
    pub(super) policy: String,
    pub(super) arms: Vec<Arc<Arm>>,
    /// Calls of the window by arm.
    pub(super) served: Vec<f64>,
    /// The part of them since the arm's drift detector left zero.
    pub(super) since: Vec<f64>,
    /// The variance of outcomes about what is expected.
    pub(super) noise: Noisiness,
    /// The usual context.
    pub(super) centre: Vec<f64>,
    /// Ratings that the regressions took in.
    pub(super) lessons: u64,
    pub(super) calls: u64,
    /// Rated units, discounted by calls: whether anybody rates here at all.
    pub(super) ratings: f64,
    /// Judged units, likewise.
    pub(super) judgements: f64,
    pub(super) contexts: VecDeque<Arc<Context>>,
    pub(super) multiplier: Multiplier,
    pub(super) costs: Arc<Costs>,
    pub(super) reference: Reference,
    pub(super) anchor: Anchor,
    pub(super) judge: Arc<Calibration>,
    pub(super) savings: Arc<Savings>,
    pub(super) heard: Arc<Heard>,
    pub(super) hands: Arc<Hands>,
    pub(super) keys: Arc<Keys>,
}

/// A unit of late, as the multiplier's solver wants it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Context {
    pub(super) phi: Vec<f64>,
    /// Each arm's expected cost; `None` = unknown.
    pub(super) costs: Vec<Option<f64>>,
}

/// Residuals of rated units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Noisiness {
    count: f64,
    square: f64,
}

/// The variance that priors are stated for, and how many residuals it counts as.
const USUAL_NOISE: (f64, f64) = (0.16, 20.0);

impl Noisiness {
    pub(super) fn observe(&mut self, residual: f64) {
        self.count += 1.0;
        self.square += residual * residual;
        if self.count > 2_000.0 {
            self.count *= 0.5;
            self.square *= 0.5;
        }
    }

    /// The variance relative to the usual one.
    pub(super) fn scale(&self) -> f64 {
        let (usual, held) = USUAL_NOISE;
        ((self.square + held * usual) / (self.count + held) / usual).clamp(0.4, 4.0)
    }
}

/// What the floor is relative to: the baseline as it is, or as it was when the contract was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Reference {
    /// Qualities of the baseline of late.
    pub(super) current: Gap,
    /// The mean at contract time less its own 90 % margin; `None` until there were enough ratings.
    pub(super) frozen: Option<f64>,
}

/// Ratings of the baseline after which its level is frozen as the reference.
const ENOUGH_FOR_REFERENCE: f64 = 100.0;
/// What a rating leaves of the baseline's earlier ones, in the reference.
const KEEP_REFERENCE: f64 = 0.99;

impl Reference {
    /// Takes a quality of the baseline in.
    pub(super) fn observe(&mut self, quality: f64, undiscounted: &Gap) {
        self.current.observe(quality, 1.0, KEEP_REFERENCE);
        if self.frozen.is_none() && undiscounted.count >= ENOUGH_FOR_REFERENCE {
            let error = (undiscounted.spread(0.01, 1.0, 0.25) / undiscounted.count).sqrt();
            self.frozen = Some(undiscounted.mean() - 1.645 * error);
        }
    }

    /// By how much the baseline stands below what it was: this much is added to what the floor asks for, so that the
    /// floor does not sink with the baseline. The current mean must be below by its own margin too.
    #[must_use]
    pub fn lift(&self) -> f64 {
        let Some(frozen) = self.frozen else { return 0.0 };
        if self.current.count < 30.0 {
            return 0.0;
        }
        let error = (self.current.spread(0.01, 1.0, 0.25) / self.current.count).sqrt();
        (frozen - (self.current.mean() + 1.645 * error)).max(0.0)
    }
}

/// Whose word the guard takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// Nobody's yet: priors, and what little there is.
    Prior,
    /// The judge's, since nobody rates.
    Judged,
    /// The ratings'.
    Rated,
}

impl Scope {
    /// A scope about which only the specification is known.
    #[must_use]
    pub fn new(spec: &ScopeSpec) -> Self {
        let priors = spec.priors();
        let floors = spec.dimension_floors.len();
        let arms = spec.arms.iter().zip(&priors);
        let arms =
            arms.map(|(arm, prior)| Arc::new(Arm::new(arm, *prior, spec.dimension, floors, &spec.params, Stage::Open)));
        let mut scope = Self {
            floor: spec.floor,
            dimension_floors: spec.dimension_floors.clone(),
            dimension: spec.dimension,
            params: Arc::new(spec.params.clone()),
            policy: policy(spec, &priors),
            arms: arms.collect(),
            served: vec![0.0; spec.arms.len()],
            since: vec![0.0; spec.arms.len()],
            noise: Noisiness::default(),
            centre: Vec::new(),
            lessons: 0,
            calls: 0,
            ratings: 0.0,
            judgements: 0.0,
            contexts: VecDeque::new(),
            multiplier: Multiplier::default(),
            costs: Arc::new(Costs::new(spec.dimension, &spec.arms.iter().map(|arm| arm.cost_hint).collect::<Vec<_>>())),
            reference: Reference::default(),
            anchor: Anchor::default(),
            judge: Arc::default(),
            savings: Arc::new(Savings::default()),
            heard: Arc::default(),
            hands: Arc::default(),
            keys: Arc::default(),
        };
        scope.fund();
        scope
    }

    /// The arms in their order; the first is the baseline.
    pub fn arms(&self) -> impl Iterator<Item = &Arm> {
        self.arms.iter().map(|arm| &**arm)
    }

    /// The place of an arm by its name.
    #[must_use]
    pub fn place(&self, name: &str) -> Option<usize> {
        self.arms.iter().position(|arm| arm.name == name)
    }

    /// Units served so far.
    #[must_use]
    pub const fn calls(&self) -> u64 {
        self.calls
    }

    /// The parameters in force.
    #[must_use]
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// The name of the rule in force: it changes with parameters, priors, floors and features.
    #[must_use]
    pub fn policy(&self) -> &str {
        &self.policy
    }

    /// What each arm costs relative to the baseline's mean, by what was paid so far.
    #[must_use]
    pub fn paid(&self) -> Vec<Option<f64>> {
        self.costs.paid()
    }

    /// The same for one request of so many tokens.
    #[must_use]
    pub fn paid_for(&self, features: &super::Features, input: f64) -> Vec<Option<f64>> {
        self.costs.paid_for(&self.fit(features), input)
    }

    /// What this request costs on each arm in micro-USD, by prices and learned token counts.
    #[must_use]
    pub fn priced(&self, ask: &Estimate<'_>) -> Vec<Option<f64>> {
        self.costs.priced(ask)
    }

    /// The same relative to the baseline's mean, as a decision wants it.
    #[must_use]
    pub fn relative_costs(&self, priced: &[Option<f64>]) -> Vec<Option<f64>> {
        self.costs.relative(priced)
    }

    /// The share of an arm's input that its provider had in its cache, 0..1.
    #[must_use]
    pub fn hit(&self, arm: usize) -> f64 {
        self.costs.hit(arm)
    }

    /// The shares of the four sources, over all arms.
    #[must_use]
    pub fn weights(&self) -> Weighed {
        evidence::of_scope(self.arms(), &self.source_noise())
    }

    /// The shares of the four sources for one arm.
    #[must_use]
    pub fn arm_weights(&self, arm: usize) -> Weighed {
        let counts = self.arms.get(arm).map(|arm| evidence::counts(arm)).unwrap_or_default();
        evidence::weigh(&counts, &self.source_noise())
    }

    /// How far the scope has come.
    #[must_use]
    pub fn phase(&self) -> Phase {
        evidence::phase(&self.weights().shares)
    }

    /// Whose word the guard takes.
    #[must_use]
    pub fn basis(&self) -> Basis {
        if self.ratings >= self.params.enough_ratings {
            Basis::Rated
        } else if self.judgements >= self.params.enough_ratings {
            Basis::Judged
        } else {
            Basis::Prior
        }
    }

    /// What was saved against the baseline, by the hold-out.
    #[must_use]
    pub fn savings(&self) -> &Savings {
        &self.savings
    }

    /// The rating scale's anchors.
    #[must_use]
    pub const fn anchor(&self) -> &Anchor {
        &self.anchor
    }

    /// Learns the anchors from a rated session whose outcome is known.
    pub fn anchor_on(&mut self, rating: f64, success: bool) {
        self.anchor.learn(rating, success);
    }

    /// Votes held back because one key cast too many surprising ones.
    #[must_use]
    pub fn held_votes(&self) -> u64 {
        self.keys.held()
    }

    /// By how much noise multiplies what priors count for.
    pub(super) fn noise_scale(&self) -> f64 {
        if self.params.noise_scale { self.noise.scale() } else { 1.0 }
    }

    /// What gaps are measured against.
    pub(super) fn yardstick(&self) -> Yardstick<'_> {
        let baseline = self.arms.first();
        Yardstick {
            floor: self.floor,
            prior: baseline.map_or(0.0, |arm| arm.prior.mean),
            theta: baseline.map_or(&[], |arm| arm.linear.theta()),
            lift: self.reference.lift(),
            noise: self.noise_scale(),
        }
    }

    /// Standard errors by which the guard wants the account to be positive at this noise.
    pub(super) fn z(&self) -> f64 {
        self.params.z * self.noise_scale().powf(self.params.z_noise).max(1.0)
    }

    /// The share of calls held out for the baseline.
    pub(super) fn holdout(&self) -> f64 {
        let params = &*self.params;
        #[expect(clippy::cast_precision_loss, reason = "a count of calls")]
        let calls = self.calls as f64;
        let share = params.holdout * params.holdout_half / (params.holdout_half + calls);
        share.max(params.holdout_late.min(params.holdout))
    }

    /// Whether an arm's ratings of late have put it in doubt.
    pub(super) fn in_doubt(&self, arm: usize) -> bool {
        let doubt = self.params.drift_doubt;
        arm != 0 && self.arms.get(arm).is_some_and(|own| own.drift.level() > doubt && own.drift.excursion().count > 0.0)
    }

    /// The variance of the baseline's level in the unit of a gap: what the gaps of all other arms share.
    pub(super) fn baseline_doubt(&self) -> f64 {
        let Some(arm) = self.arms.first() else { return 0.0 };
        let variance = arm.drift.variance_about(USUAL_NOISE.0 * self.noise_scale());
        self.params.baseline_doubt * self.floor * self.floor * variance / (arm.levels.session.count + 12.0)
    }

    fn source_noise(&self) -> Noise {
        Noise { bias: self.params.judge_bias, benchmark: self.params.benchmark_error, ..Noise::default() }
    }

    /// The floor account starts with some calls of the baseline: what the first trials are paid from.
    pub(super) fn fund(&mut self) {
        let credit = self.params.credit;
        if self.calls == 0
            && let Some(baseline) = self.served.first_mut()
        {
            *baseline = credit;
        }
    }
}

pub(super) fn policy(spec: &ScopeSpec, priors: &[Prior]) -> String {
    let arms: Vec<_> = spec.arms.iter().map(|arm| &arm.name).zip(priors).collect();
    let text = format!("{} {:?} {arms:?} {} {:?}", spec.floor, spec.dimension_floors, spec.dimension, spec.params);
    format!("{}-{:016x}", super::decide::VERSION, xxhash_rust::xxh3::xxh3_64(text.as_bytes()))
}
