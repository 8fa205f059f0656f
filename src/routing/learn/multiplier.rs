//! What a unit of quality is worth in units of the baseline's cost.
//!
//! With `argmax_k nu q_k - c_k` as the rule, a small `nu` chases the cheapest arm and a large one the best. Two factors
//! set it. The *solved* one is the smallest `nu` at which the mix predicted for the last contexts just clears the floor,
//! found by bisection:
//!
//! ```text
//! mean_j [ m_k*(j)(x_j) - F m_b(x_j) ] >= 0     with  k*(j) = argmax_k nu m_k(x_j) - c_k
//! ```
//!
//! The *correction* then climbs while the ratings say that the floor is short, and sinks while they show slack. Mixing
//! two arms under a floor falls out of this; "the cheapest arm above the floor" does not mix, and leaves most of the
//! saving behind where no cheap arm clears the floor alone.

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

/// One context as the solver sees it: the expected quality of every open arm, and what the floor asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Outlook {
    /// Expected quality by arm.
    pub quality: Vec<f64>,
    /// F times the baseline's expected quality.
    pub need: f64,
}

impl Multiplier {
    /// The multiplier in force.
    #[must_use]
    pub fn nu(&self) -> f64 {
        (self.solved * self.correction).clamp(LEAST, MOST)
    }

    /// Corrects for one decision: `surplus` is the floor account by z standard errors if what was proposed served.
    pub fn correct(&mut self, surplus: f64, step: f64) {
        let direction = if surplus < 0.0 { step } else { -step * (surplus / 3.0).min(1.0) };
        self.correction = (self.correction * direction.exp()).clamp(0.5, 8.0);
    }

    /// Solves for the smallest multiplier that clears the floor over these contexts.
    pub fn solve(&mut self, outlook: &[Outlook], cost: &[f64]) {
        if outlook.is_empty() {
            return;
        }
        let (mut low, mut high) = (0.1_f64, MOST);
        for _ in 0..STEPS {
            let nu = (low * high).sqrt();
            if surplus(outlook, cost, nu) >= 0.0 {
                high = nu;
            } else {
                low = nu;
            }
        }
        self.solved = high;
    }
}

/// The mean surplus over the floor of the mix that `nu` picks, by what is predicted.
fn surplus(outlook: &[Outlook], cost: &[f64], nu: f64) -> f64 {
    let picked = |context: &Outlook| {
        let mut best = (f64::NEG_INFINITY, 0.0);
        for (quality, cost) in context.quality.iter().zip(cost) {
            let score = nu * quality - cost;
            if score > best.0 {
                best = (score, *quality);
            }
        }
        best.1 - context.need
    };
    outlook.iter().map(picked).sum()
}
