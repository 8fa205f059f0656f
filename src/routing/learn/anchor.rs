//! From a rating of 0 to 10 to the share of success that it stands for.
//!
//! ```text
//! y = (r - lo) / (hi - lo), clipped to [-0.5, 1.3]
//! ```
//!
//! `lo` and `hi` are the mean ratings of sessions that are known to have failed and to have succeeded. Until there are
//! many, they are held at 3.5 and 8.5 with the weight of 30 sessions. People rate a failure with three or four and a
//! success with eight or nine, so that "95 % of the baseline" taken on raw ratings would be a far weaker promise than 95 %
//! of its success.

use serde::{Deserialize, Serialize};

const WEIGHT: f64 = 30.0;
const FAILED: f64 = 3.5;
const SUCCEEDED: f64 = 8.5;

/// Standard deviation of the ratings of failed sessions, as a share of the way from failure to success: what makes a
/// rating a session tells less than its outcome does.
const NOISE: f64 = 0.45;

/// The two anchors of a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Anchor {
    failed: (f64, f64),
    succeeded: (f64, f64),
}

impl Default for Anchor {
    fn default() -> Self {
        Self { failed: (WEIGHT, WEIGHT * FAILED), succeeded: (WEIGHT, WEIGHT * SUCCEEDED) }
    }
}

impl Anchor {
    /// A session whose outcome is known was rated.
    pub fn learn(&mut self, rating: f64, success: bool) {
        if (0.0..=10.0).contains(&rating) {
            let side = if success { &mut self.succeeded } else { &mut self.failed };
            *side = (side.0 + 1.0, side.1 + rating);
        }
    }

    /// The mean rating of failed and of successful sessions.
    #[must_use]
    pub fn ends(&self) -> (f64, f64) {
        (self.failed.1 / self.failed.0, self.succeeded.1 / self.succeeded.0)
    }

    /// How far [`Self::quality`] can reach.
    pub const REACH: (f64, f64) = (-0.5, 1.3);

    /// The standard error of what is taken for a failure, on the scale of qualities.
    #[must_use]
    pub fn doubt(&self) -> f64 {
        NOISE / self.failed.0.sqrt()
    }

    /// What the rating stands for.
    #[must_use]
    pub fn quality(&self, rating: f64) -> f64 {
        let (low, high) = self.ends();
        // Anchors closer than two points would blow noise up: such ratings do not tell failure from success.
        ((rating - low) / (high - low).max(2.0)).clamp(Self::REACH.0, Self::REACH.1)
    }
}
