//! How the cost of a call depends on the request, learned from what was paid.
//!
//! ```text
//! ln cost_k = level_k + (common + own_k) . z        z = (ln tokens in, features), each less its usual value
//! c_k(x)    = mean_k * exp((common + own_k) . z) / (its mean over the arm's calls)
//! ```
//!
//! The common weights are learned from all arms at once, an arm's own only with many calls. Without this, a mean for each
//! arm hides that the dear requests are those worth routing.

use super::linear::Linear;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Ridge of the common weights, and of an arm's own.
const COMMON: f64 = 2.0;
const OWN: f64 = 20.0;
/// Pseudo-calls that hold an arm's own weight of the length at 0.
const OWN_LENGTH: f64 = 4.99;
/// What a call leaves of the norm before it, and of the mean logarithm.
const KEEP_NORM: f64 = 0.98;
const KEEP_LOG: f64 = 0.995;
/// The slowest that the usual request follows.
const SLOWEST: f64 = 1.0 / 500.0;

/// The shape of a scope's costs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shape {
    common: Arc<Linear>,
    arms: Vec<Arc<Own>>,
    /// The usual request.
    centre: Vec<f64>,
    seen: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Own {
    log: (f64, f64),
    linear: Linear,
    norm: (f64, f64),
}

impl Own {
    fn new(dimension: usize, hint: Option<f64>) -> Self {
        Self {
            log: (hint.unwrap_or(1.0).max(1e-9).ln(), 3.0),
            linear: Linear::new(dimension, OWN, 0.0, OWN_LENGTH),
            norm: (3.0, 3.0),
        }
    }
}

impl Shape {
    /// Nothing seen.
    #[must_use]
    pub fn new(dimension: usize, hints: impl IntoIterator<Item = Option<f64>>) -> Self {
        let own = |hint| Arc::new(Own::new(dimension, hint));
        Self {
            common: Arc::new(Linear::new(dimension, COMMON, 0.0, 0.99)),
            arms: hints.into_iter().map(own).collect(),
            centre: Vec::new(),
            seen: 0.0,
        }
    }

    /// The arms in another order, by their old places.
    #[must_use]
    pub fn rearranged(&self, places: impl IntoIterator<Item = (Option<usize>, Option<f64>)>) -> Self {
        let dimension = self.common.dimension();
        let arm = |(place, hint): (Option<usize>, Option<f64>)| {
            let known = place.and_then(|place| self.arms.get(place)).cloned();
            known.unwrap_or_else(|| Arc::new(Own::new(dimension, hint)))
        };
        Self { arms: places.into_iter().map(arm).collect(), ..self.clone() }
    }

    /// A request came: the usual one moves towards it.
    pub fn meet(&mut self, phi: &[f64], input: f64) {
        let row = row(phi, input);
        self.seen += 1.0;
        if self.centre.len() != row.len() {
            self.centre = row;
            return;
        }
        let step = (1.0 / (self.seen + 5.0)).max(SLOWEST);
        self.centre.iter_mut().zip(&row).for_each(|(usual, now)| *usual += step * (now - *usual));
    }

    /// What a call cost, relative to the baseline's mean.
    pub fn observe(&mut self, arm: usize, phi: &[f64], input: f64, cost: f64) {
        let z = self.z(phi, input);
        let common = Arc::make_mut(&mut self.common);
        let Some(own) = self.arms.get_mut(arm).map(Arc::make_mut) else { return };
        let log = cost.max(1e-7).ln();
        own.log.1 = KEEP_LOG * own.log.1 + 1.0;
        own.log.0 += (log - own.log.0) / own.log.1;
        let rest = log - own.log.0;
        common.observe(&z, rest, 1.0, 1.0);
        own.linear.observe(&z, rest - common.mean(&z), 1.0, 1.0);
        let factor = factor(common.mean(&z) + own.linear.mean(&z));
        own.norm = (KEEP_NORM * own.norm.0 + factor, KEEP_NORM * own.norm.1 + 1.0);
    }

    /// By how much this request is dearer on this arm than the arm's mean call.
    #[must_use]
    pub fn factor(&self, arm: usize, phi: &[f64], input: f64) -> f64 {
        let Some(own) = self.arms.get(arm) else { return 1.0 };
        let z = self.z(phi, input);
        factor(self.common.mean(&z) + own.linear.mean(&z)) * own.norm.1 / own.norm.0.max(1e-9)
    }

    fn z(&self, phi: &[f64], input: f64) -> Vec<f64> {
        let mut row = row(phi, input);
        row.iter_mut().zip(&self.centre).for_each(|(now, usual)| *now -= usual);
        row
    }
}

/// The features with the length in the place of the constant.
fn row(phi: &[f64], input: f64) -> Vec<f64> {
    let mut row = phi.to_vec();
    if let Some(first) = row.first_mut() {
        *first = input.max(1.0).ln();
    }
    row
}

fn factor(log: f64) -> f64 {
    log.clamp(-2.0, 2.0).exp()
}
