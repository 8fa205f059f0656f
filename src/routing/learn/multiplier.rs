//! What a unit of quality is worth in units of the baseline's cost.
//!
//! With `argmax_k nu q_k - c_k` as the rule, a small `nu` chases the cheapest arm and a large one the best. Two factors
//! set it. The *solved* one is the smallest `nu` at which the mix predicted for the last contexts just clears the floor,
//! found by bisection:
//!
//! ```text
//! sum_j [ m_k*(j)(x_j) - F m_b(x_j) ] >= z sqrt( sum_k n_k^2 V_k + n^2 B )    with  k*(j) = argmax_k nu m_k(x_j) - c_k(x_j)
//! ```
//!
//! The right side is the guard's own margin for such a mix (`n_k` calls of arm k), so that what is proposed is what the
//! guard can afford. The *correction* then climbs while the ratings say that the floor is short, and sinks while they show slack. Mixing
//! two arms under a floor falls out of this; "the cheapest arm above the floor" does not mix, and leaves most of the
//! saving behind where no cheap arm clears the floor alone.

use super::guard::{Account, Standing};
use serde::{Deserialize, Serialize};

const LEAST: f64 = 0.2;
const MOST: f64 = 200.0;
const STEPS: u32 = 14;

/// The two factors.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Multiplier {
    solved: f64,
    correction: f64,
}

impl Default for Multiplier {
    fn default() -> Self {
        Self { solved: 20.0, correction: 1.0 }
    }
}

/// What the solver looks at: the contexts of late.
#[derive(Debug, Clone, PartialEq)]
pub struct Outlook {
    /// By context: the expected gap to the floor and the cost of every open arm, the baseline first.
    pub contexts: Vec<Vec<(f64, f64)>>,
    /// The variance of every arm's gap.
    pub variance: Vec<f64>,
    /// The variance of the baseline's level.
    pub common: f64,
    /// The share of the errors that is the same for all arms.
    pub correlation: f64,
    /// Calls of the window that a context stands for.
    pub weight: f64,
    /// Standard errors by which the sum shall be above the floor.
    pub z: f64,
}

impl Multiplier {
    /// The multiplier in force.
    #[must_use]
    pub fn nu(&self) -> f64 {
        (self.solved * self.correction).clamp(LEAST, MOST)
    }

    /// Corrects for one decision: `surplus` is the floor account by z standard errors if what was proposed served.
    pub fn correct(&mut self, surplus: f64, step: f64, (least, most): (f64, f64)) {
        let direction = if surplus < 0.0 { step } else { -step * (surplus / 3.0).min(1.0) };
        self.correction = (self.correction * direction.exp()).clamp(least, most);
    }

    /// Solves for the smallest multiplier that clears the floor over these contexts.
    pub fn solve(&mut self, outlook: &Outlook) {
        if outlook.contexts.is_empty() {
            return;
        }
        let (mut low, mut high) = (0.1_f64, MOST);
        for _ in 0..STEPS {
            let nu = (low * high).sqrt();
            if outlook.surplus(nu) >= 0.0 {
                high = nu;
            } else {
                low = nu;
            }
        }
        self.solved = high;
    }
}

impl Outlook {
    /// The surplus over the floor of the mix that `nu` picks, by what is predicted, less its standard errors.
    fn surplus(&self, nu: f64) -> f64 {
        let mut calls = vec![0.0; self.variance.len()];
        let mut sum = 0.0;
        for context in &self.contexts {
            let mut best = (f64::NEG_INFINITY, 0, 0.0);
            for (arm, (gap, cost)) in context.iter().enumerate() {
                let score = nu * gap - cost;
                if score > best.0 {
                    best = (score, arm, *gap);
                }
            }
            sum += best.2;
            if let Some(calls) = calls.get_mut(best.1) {
                *calls += self.weight;
            }
        }
        let start = Account { common: self.common, correlation: self.correlation, ..Account::default() };
        let account = calls.iter().zip(&self.variance).enumerate().fold(start, |sum, (arm, (calls, variance))| {
            // The gaps are those predicted for these contexts; the guard's standings give their errors.
            sum.with(*calls, &Standing { gap: 0.0, variance: *variance }, arm != 0)
        });
        self.weight * sum + account.lower(self.z)
    }
}
