//! The floor account: may the next call deviate from the baseline?
//!
//! For every arm the guard keeps a discounted mean of the *gap* of its rated calls,
//!
//! ```text
//! g = y - F * (what the baseline would have scored on the same request)
//! ```
//!
//! and for the whole scope how many calls each arm served of late. Playing arm `a` next is affordable while
//!
//! ```text
//! G = sum_k w_k g_k + g_a - z sqrt( (1 - r) Q + r L^2 + W^2 B )  >=  0
//! Q = sum_k w_k^2 V_k + (2 w_a + 1) V_a        L = sum_(k not b) w_k sqrt(V_k) + sqrt(V_a)
//! ```
//!
//! that is, while the calls of the window, this one included, stand above the floor by `z` standard errors. The
//! errors of the arms are partly the same (`r` = 0.3: one leaderboard, and a chooser that picks the lucky ones), and `B`, the
//! variance of the baseline's own level, is shared by all `W` calls of other arms: without it an unlucky baseline would
//! never be served again, and never be found to be better. Everything is re-valued at today's
//! estimates, so that early pessimism is not carried for ever, and what was earned longer ago than the window cannot be
//! spent. Only calls that were really served and rated count; what the regression believes of an arm does not.
//!
//! The gap of an arm is not stored but made anew from the sums of its qualities and features, so that it follows what is
//! learned of the baseline later:  `g = (sum y - F theta_b . sum phi) / n`.
//!
//! Worked example: the baseline scores 0.8 and has served 25 calls, nothing else is known. At F = 0.95 each of them
//! earned 0.04, together 1.0. A new arm believed to be at 0.76 (gap 0) with the weight of 12 observations of variance 0.25
//! has V = 0.0208: its first call is affordable (1.0 - 1.3 * 0.144 > 0).

use serde::{Deserialize, Serialize};

/// Discounted sums of the gaps of one arm.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Gap {
    /// Observations.
    pub count: f64,
    /// Sum of gaps.
    pub sum: f64,
    /// Sum of squares.
    pub square: f64,
}

/// A gap as it stands: the estimate, and the variance of that estimate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// The mean gap: above 0 the arm holds the floor alone.
    pub gap: f64,
    /// Its variance.
    pub variance: f64,
}

/// What is believed of a gap before there is evidence.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GapPrior {
    /// The gap.
    pub gap: f64,
    /// Pseudo-observations.
    pub count: f64,
}

impl Gap {
    /// Takes one gap in, after what was before is scaled by `keep`.
    pub fn observe(&mut self, gap: f64, weight: f64, keep: f64) {
        self.count = self.count * keep + weight;
        self.sum = self.sum * keep + weight * gap;
        self.square = self.square * keep + weight * gap * gap;
    }

    /// One that was taken in with this weight, and has not faded, was another.
    pub fn replace(&mut self, before: f64, gap: f64, weight: f64) {
        self.sum += weight * (gap - before);
        self.square += weight * (gap * gap - before * before);
    }

    /// The plain mean of what was seen.
    #[must_use]
    pub fn mean(&self) -> f64 {
        if self.count > 0.0 { self.sum / self.count } else { 0.0 }
    }

    /// The variance of single gaps within these bounds; `otherwise` while there are too few to tell.
    #[must_use]
    pub fn spread(&self, least: f64, most: f64, otherwise: f64) -> f64 {
        if self.count <= 8.0 {
            return otherwise;
        }
        let mean = self.mean();
        (self.square / self.count - mean * mean).clamp(least, most)
    }

    /// Estimate and variance with the prior mixed in.
    #[must_use]
    pub fn standing(&self, prior: GapPrior) -> Standing {
        let count = (self.count + prior.count).max(1e-9);
        Standing { gap: (self.sum + prior.count * prior.gap) / count, variance: self.spread(0.04, 0.9, 0.25) / count }
    }
}

impl Standing {
    /// The standard error.
    #[must_use]
    pub fn error(&self) -> f64 {
        self.variance.max(0.0).sqrt()
    }

    /// The gap less `z` standard errors.
    #[must_use]
    pub fn lower(&self, z: f64) -> f64 {
        self.gap - z * self.variance.max(0.0).sqrt()
    }

    /// The same statement about `scale` times the quality.
    #[must_use]
    pub fn scaled(self, scale: f64) -> Self {
        Self { gap: self.gap * scale, variance: self.variance * scale * scale }
    }

    /// Two independent estimates of one gap, weighted by their precision.
    #[must_use]
    pub fn fused(self, other: Self) -> Self {
        let (own, theirs) = (1.0 / self.variance.max(1e-9), 1.0 / other.variance.max(1e-9));
        Self { gap: (own * self.gap + theirs * other.gap) / (own + theirs), variance: 1.0 / (own + theirs) }
    }
}

/// The sum over the window: calls served by each arm, times its gap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// Expected surplus over the floor, in calls times quality.
    pub surplus: f64,
    /// Its variance if all errors were independent, but for the baseline's level.
    pub variance: f64,
    /// The standard errors of other arms than the baseline, added up: as if their errors were the same.
    pub spread: f64,
    /// Calls of other arms than the baseline.
    pub others: f64,
    /// The variance of the baseline's level, in the unit of a gap.
    pub common: f64,
    /// The share of the errors that is the same for all arms.
    pub correlation: f64,
}

impl Account {
    /// Adds the calls of an arm; `is_other` = not the baseline.
    #[must_use]
    pub fn with(self, served: f64, standing: &Standing, is_other: bool) -> Self {
        let (spread, others) = if is_other { (served * standing.error(), served) } else { (0.0, 0.0) };
        Self {
            surplus: self.surplus + served * standing.gap,
            variance: self.variance + served * served * standing.variance,
            spread: self.spread + spread,
            others: self.others + others,
            ..self
        }
    }

    /// `G`: the surplus by `z` standard errors if this arm, which served `served` calls of the window, serves the next.
    #[must_use]
    pub fn after(&self, served: f64, standing: &Standing, is_other: bool, z: f64) -> f64 {
        let one = f64::from(u8::from(is_other));
        let next = Self {
            surplus: self.surplus + standing.gap,
            variance: self.variance + (2.0 * served + 1.0) * standing.variance,
            spread: self.spread + one * standing.error(),
            others: self.others + one,
            ..*self
        };
        next.lower(z)
    }

    /// The surplus by `z` standard errors as it is.
    #[must_use]
    pub fn lower(&self, z: f64) -> f64 {
        self.surplus - z * self.whole_variance().sqrt()
    }

    /// The probability that the window holds the floor.
    #[must_use]
    pub fn holds(&self) -> f64 {
        super::chance::distribution(self.surplus / self.whole_variance().max(1e-12).sqrt())
    }

    fn whole_variance(&self) -> f64 {
        let own = (1.0 - self.correlation) * self.variance + self.correlation * self.spread * self.spread;
        (own + self.others * self.others * self.common).max(0.0)
    }
}
