//! Bayesian linear regression of quality on features, one per arm.
//!
//! ```text
//! A = A0 + sum w phi phi'      b = b0 + sum w phi y      theta = A^-1 b
//! mean = theta . phi           variance = phi' A^-1 phi
//! A0 = n0 x x' + diag(e, ridge, ..., ridge)      b0 = n0 x p + ridge s
//! ```
//!
//! The prior says: at the usual context `x` the quality is `p`, worth `n0` observations; the slopes are those of the
//! arms together, `s`, held there by a strong ridge. Both are stated for a noise of 0.4; where outcomes are noisier, the
//! prior counts for more (`scale`). The inverse is kept up by the rule of Sherman and Morrison, d x d steps for an
//! observation. Forgetting scales the sums; because that scales the prior inside the inverse too, the inverse is made
//! anew from prior and sums every [`RENEWAL`] observations, which also bounds rounding.

use serde::{Deserialize, Serialize};

/// Observations after which the inverse is made anew.
pub const RENEWAL: u32 = 64;
/// Precision of the constant beside the pseudo-observations: next to nothing.
const FREE: f64 = 0.01;

/// The state of one regression.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Linear {
    prior: Start,
    /// The discounted sum of w phi phi', row by row.
    outer: Vec<f64>,
    /// The discounted sum of w phi y.
    moment: Vec<f64>,
    inverse: Vec<f64>,
    theta: Vec<f64>,
    /// How much of the prior is left inside `inverse` since it was made anew.
    kept: f64,
    since: u32,
    dimension: usize,
    /// How much all observations have faded so far: the sum of -ln(keep).
    faded: f64,
}

/// What a regression starts from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Start {
    /// Precision of every slope.
    pub ridge: f64,
    /// Quality at the usual context.
    pub level: f64,
    /// Observations that this is worth.
    pub pseudo: f64,
    /// By how much noise multiplies ridge and pseudo-observations.
    pub scale: f64,
    /// The slopes expected; empty = none.
    pub slopes: Vec<f64>,
    /// The usual context; empty = the constant alone.
    pub centre: Vec<f64>,
}

/// What a regression expects.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prediction {
    /// The expected quality.
    pub mean: f64,
    /// phi' A^-1 phi: the variance in units of the noise.
    pub variance: f64,
}

impl Linear {
    /// Nothing seen yet: `level` worth `pseudo` observations.
    #[must_use]
    pub fn new(dimension: usize, ridge: f64, level: f64, pseudo: f64) -> Self {
        let dimension = dimension.max(1);
        let prior = Start { ridge, level, pseudo: pseudo.max(0.0), scale: 1.0, slopes: Vec::new(), centre: Vec::new() };
        let mut fresh = Self {
            prior,
            outer: vec![0.0; dimension * dimension],
            moment: vec![0.0; dimension],
            inverse: Vec::new(),
            theta: Vec::new(),
            kept: 1.0,
            since: 0,
            dimension,
            faded: 0.0,
        };
        fresh.renew();
        fresh
    }

    /// How many numbers a row of features has.
    #[must_use]
    pub const fn dimension(&self) -> usize {
        self.dimension
    }

    /// What it starts from.
    #[must_use]
    pub const fn start(&self) -> &Start {
        &self.prior
    }

    /// Starts from something else, with the same observations.
    pub fn restart(&mut self, prior: Start) {
        self.prior = prior;
        self.renew();
    }

    /// The observations, row by row: the sum of w phi phi'.
    #[must_use]
    pub fn outer(&self) -> &[f64] {
        &self.outer
    }

    /// The sum of w phi y.
    #[must_use]
    pub fn moment(&self) -> &[f64] {
        &self.moment
    }

    /// The weights.
    #[must_use]
    pub fn theta(&self) -> &[f64] {
        &self.theta
    }

    /// Observations so far, discounted.
    #[must_use]
    pub fn count(&self) -> f64 {
        self.outer.first().copied().unwrap_or(0.0)
    }

    /// The expected quality at these features, and its variance.
    #[must_use]
    pub fn predict(&self, phi: &[f64]) -> Prediction {
        let mean = dot(&self.theta, phi);
        Prediction { mean, variance: dot(&self.spread(phi), phi).max(1e-9) }
    }

    /// The expected quality alone.
    #[must_use]
    pub fn mean(&self, phi: &[f64]) -> f64 {
        dot(&self.theta, phi)
    }

    /// Takes an outcome in with this weight, after everything before was scaled by `keep`.
    pub fn observe(&mut self, phi: &[f64], outcome: f64, weight: f64, keep: f64) {
        let usable = weight > 0.0 && weight.is_finite() && outcome.is_finite() && phi.iter().all(|x| x.is_finite());
        if !usable || phi.len() != self.dimension {
            return;
        }
        if keep < 1.0 {
            for sum in self.outer.iter_mut().chain(&mut self.moment) {
                *sum *= keep;
            }
            for part in &mut self.inverse {
                *part /= keep;
            }
            self.kept *= keep;
            self.faded -= keep.ln();
        }
        for (row, left) in self.outer.chunks_exact_mut(self.dimension).zip(phi) {
            add_scaled(row, phi, weight * left);
        }
        add_scaled(&mut self.moment, phi, weight * outcome);
        let spread = self.spread(phi);
        let scale = weight / (1.0 + weight * dot(&spread, phi));
        for (row, left) in self.inverse.chunks_exact_mut(self.dimension).zip(&spread) {
            add_scaled(row, &spread, -scale * left);
        }
        self.since += 1;
        if self.since >= RENEWAL {
            self.renew();
        } else {
            self.solve();
        }
    }

    /// How much observations have faded until now; what came in at `f` has `exp(f - faded)` of its weight left.
    #[must_use]
    pub const fn faded(&self) -> f64 {
        self.faded
    }

    /// The outcome of an observation at these features, taken in at `faded`, was another: `moved` is its weight times
    /// the difference.
    pub fn correct(&mut self, phi: &[f64], moved: f64, faded: f64) {
        if phi.len() == self.dimension && moved.is_finite() {
            add_scaled(&mut self.moment, phi, moved * (faded - self.faded).min(0.0).exp());
            self.solve();
        }
    }

    /// A regression that starts from this one's evidence, scaled by `share`.
    #[must_use]
    pub fn scaled(&self, share: f64) -> Self {
        let mut copy = self.clone();
        for sum in copy.outer.iter_mut().chain(&mut copy.moment) {
            *sum *= share.clamp(0.0, 1.0);
        }
        copy.renew();
        copy
    }

    /// The level has moved by `change`: what was observed is moved with it and counts for at most `most`
    /// observations from now on. The slopes stay.
    pub fn shift(&mut self, change: f64, most: f64) {
        let count = self.count().max(1.0);
        let share = (most / count).min(1.0);
        for (sum, row) in self.moment.iter_mut().zip(self.outer.chunks_exact(self.dimension)) {
            *sum += change * row.first().copied().unwrap_or(0.0);
        }
        for sum in self.outer.iter_mut().chain(&mut self.moment) {
            *sum *= share;
        }
        self.prior.level = self.moment.first().copied().unwrap_or(0.0) / self.count().max(1e-9);
        self.prior.pseudo = 2.0;
        self.renew();
    }

    /// A^-1 phi.
    fn spread(&self, phi: &[f64]) -> Vec<f64> {
        let mut sum = vec![0.0; self.dimension];
        for (row, weight) in self.inverse.chunks_exact(self.dimension).zip(phi) {
            add_scaled(&mut sum, row, *weight);
        }
        sum
    }

    fn solve(&mut self) {
        let mut target = self.moment.clone();
        add_scaled(&mut target, &self.prior.moment(self.dimension), self.kept);
        self.theta = self.spread(&target);
    }

    /// Makes the inverse anew from the prior and the sums.
    fn renew(&mut self) {
        let mut full = self.outer.clone();
        self.prior.add_to(&mut full, self.dimension);
        self.inverse = inverse(full, self.dimension);
        self.kept = 1.0;
        self.since = 0;
        self.solve();
    }
}

impl Start {
    fn usual(&self, place: usize) -> f64 {
        self.centre.get(place).copied().unwrap_or(if place == 0 { 1.0 } else { 0.0 })
    }

    fn worth(&self) -> f64 {
        self.pseudo * self.scale
    }

    fn add_to(&self, full: &mut [f64], dimension: usize) {
        let usual: Vec<f64> = (0..dimension).map(|place| self.usual(place)).collect();
        for (place, (row, left)) in full.chunks_exact_mut(dimension).zip(&usual).enumerate() {
            add_scaled(row, &usual, self.worth() * left);
            if let Some(own) = row.get_mut(place) {
                *own += if place == 0 { FREE } else { self.ridge * self.scale };
            }
        }
    }

    fn moment(&self, dimension: usize) -> Vec<f64> {
        let slope = |place: usize| self.slopes.get(place).copied().unwrap_or(0.0);
        let lean: f64 = (1..dimension).map(|place| slope(place) * self.usual(place)).sum();
        (0..dimension)
            .map(|place| {
                let held = if place == 0 { FREE * (self.level - lean) } else { self.ridge * self.scale * slope(place) };
                self.worth() * self.level * self.usual(place) + held
            })
            .collect()
    }
}

/// The sum of products.
pub(crate) fn dot(left: &[f64], right: &[f64]) -> f64 {
    // Four sums side by side: the order is fixed, and the processor can do them at once.
    let mut sums = [0.0; 4];
    let (left_parts, right_parts) = (left.chunks_exact(4), right.chunks_exact(4));
    let rest: f64 = left_parts.remainder().iter().zip(right_parts.remainder()).map(|(a, b)| a * b).sum();
    for (left, right) in left_parts.zip(right_parts) {
        for ((sum, a), b) in sums.iter_mut().zip(left).zip(right) {
            *sum += a * b;
        }
    }
    sums.iter().sum::<f64>() + rest
}

/// Adds a multiple of a row.
pub(crate) fn add_scaled(sum: &mut [f64], row: &[f64], scale: f64) {
    for (sum, value) in sum.iter_mut().zip(row) {
        *sum += scale * value;
    }
}

/// The inverse of a symmetric positive matrix by elimination without exchanges, which such a matrix does not need.
#[must_use]
pub fn inverse(mut left: Vec<f64>, size: usize) -> Vec<f64> {
    let mut right = vec![0.0; size * size];
    for (at, row) in right.chunks_exact_mut(size).enumerate() {
        if let Some(own) = row.get_mut(at) {
            *own = 1.0;
        }
    }
    for pivot in 0..size {
        let range = pivot * size..(pivot + 1) * size;
        let (Some(left_row), Some(right_row)) = (left.get_mut(range.clone()), right.get_mut(range)) else {
            break;
        };
        let scale = 1.0 / left_row.get(pivot).copied().unwrap_or(1.0).max(1e-12);
        left_row.iter_mut().chain(right_row.iter_mut()).for_each(|value| *value *= scale);
        let (left_pivot, right_pivot) = (left_row.to_vec(), right_row.to_vec());
        for (at, (left_row, right_row)) in left.chunks_exact_mut(size).zip(right.chunks_exact_mut(size)).enumerate() {
            let factor = left_row.get(pivot).copied().unwrap_or(0.0);
            if at != pivot && factor != 0.0 {
                add_scaled(left_row, &left_pivot, -factor);
                add_scaled(right_row, &right_pivot, -factor);
            }
        }
    }
    right
}
