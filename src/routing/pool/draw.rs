//! From tallies to one noisy number.
//!
//! With at most B outcomes an org, adding or removing one changes the count by at most B, and the sum of (quality −
//! ½) by at most B/2. Laplace noise of scale B/(0.42 ε) on the count and (B/2)/(0.58 ε) on the sum makes the pair
//! ε-differentially private; everything published follows from the pair alone. ε is divided so that a quality near
//! 0.8 comes out best. Worked example: 20 orgs of 50 outcomes and a mean of 0.8, ε = 1: count 1,000 ± 168, centred
//! sum 300 ± 61, so quality 0.8 with a standard error of √(61² + 0.3² · 168²) / 1,000 = 0.079 and a worth of
//! 0.8 · 0.2 / (0.079² + 0.1²) = 9.8 observations.

use super::{Policy, Pooled, Tally};
use crate::routing::learn::chance::Chance;

/// How far one org's quality may be from another's.
const BETWEEN_ORGS: f64 = 0.1;
/// The part of ε that goes to the sum; the rest goes to the count.
const SUM_SHARE: f64 = 0.58;

/// The contributions to one cell, bounded and added up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sums {
    pub(super) orgs: u32,
    /// Outcomes that count.
    pub(super) weight: f64,
    /// Sum of quality − ½ over them.
    pub(super) centred: f64,
}

impl Sums {
    pub(super) fn of(tallies: impl Iterator<Item = Tally>, policy: &Policy) -> Self {
        let mut sums = Self { orgs: 0, weight: 0.0, centred: 0.0 };
        for (weight, sum) in tallies.filter(|tally| tally.count > 0).map(|tally| tally.bounded(policy.most_per_org)) {
            sums.orgs = sums.orgs.saturating_add(1);
            sums.weight += weight;
            sums.centred += sum - weight / 2.0;
        }
        sums
    }

    /// One version; `None` where the noise leaves less than one observation's worth.
    pub(super) fn draw(self, policy: &Policy, chance: &mut Chance) -> Option<Pooled> {
        let most = f64::from(policy.most_per_org);
        let (count_scale, sum_scale) = scales(policy);
        let weight = self.weight + laplace(count_scale, chance);
        let centred = self.centred + laplace(sum_scale, chance);
        if weight.is_nan() || weight < most {
            return None;
        }
        let off = (centred / weight).clamp(-0.5, 0.5);
        // Twice the square of its scale is the variance of Laplace noise.
        let noise = 2.0 * (sum_scale.powi(2) + (off * count_scale).powi(2)) / weight.powi(2);
        let quality = ((0.5 + off) * 1000.0).round() / 1000.0;
        // A quality of 0 or 1 would be worth nothing at all: it is taken as 0.05 from there.
        let likely = quality.clamp(0.05, 0.95);
        let worth = likely * (1.0 - likely) / (noise + BETWEEN_ORGS.powi(2));
        (worth >= 1.0).then(|| Pooled { quality, pseudo_samples: worth.min(policy.most_pseudo) })
    }
}

/// Of the noise on the count and on the centred sum. An ε that is no positive number hides everything.
pub(super) fn scales(policy: &Policy) -> (f64, f64) {
    let most = f64::from(policy.most_per_org);
    let epsilon = if policy.epsilon > 0.0 { policy.epsilon } else { 0.0 };
    (most / ((1.0 - SUM_SHARE) * epsilon), most / 2.0 / (SUM_SHARE * epsilon))
}

/// The difference of two exponential deviates.
fn laplace(scale: f64, chance: &mut Chance) -> f64 {
    let mut exponential = || -(1.0 - chance.uniform()).ln();
    scale * (exponential() - exponential())
}
