//! Has an arm broken? A one-sided cumulative sum over its rated calls, standardised.
//!
//! ```text
//! C <- max(0, C + (expected gap - gap) / s - slack)        alarm at C > 20 after more than 20 ratings
//! ```
//!
//! At 20 a drop of one standard deviation is seen after about 27 rated calls, half of that after 80. A lower threshold
//! raised false alarms within 3,000 calls and cost a quarter of the saving. An alarm makes the router forget the arm
//! and start it again low; three in seven days switch it off until a person acts.

use crate::base::Timestamp;
use serde::{Deserialize, Serialize};

const WEEK: std::time::Duration = std::time::Duration::from_secs(7 * 24 * 3600);
/// Alarms within a week that switch an arm off.
pub const MOST_ALARMS: usize = 3;

/// The detector of one arm.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    sum: f64,
    alarms: Vec<Timestamp>,
}

impl Drift {
    /// Takes a standardised shortfall in; whether it raises the alarm.
    pub fn observe(&mut self, shortfall: f64, weight: f64, slack: f64, threshold: f64) -> bool {
        self.sum = (self.sum + weight * (shortfall.clamp(-6.0, 6.0) - slack)).max(0.0);
        self.sum > threshold
    }

    /// The sum as it stands.
    #[must_use]
    pub const fn level(&self) -> f64 {
        self.sum
    }

    /// Notes an alarm and starts again; whether it was one too many.
    pub fn alarmed(&mut self, at: Timestamp) -> bool {
        self.sum = 0.0;
        self.alarms.retain(|earlier| *earlier >= at.minus(WEEK));
        self.alarms.push(at);
        self.alarms.len() >= MOST_ALARMS
    }

    /// When the last alarm was.
    #[must_use]
    pub fn last_alarm(&self) -> Option<Timestamp> {
        self.alarms.last().copied()
    }

    /// Forgets earlier alarms: a person has looked.
    pub fn forgive(&mut self) {
        *self = Self::default();
    }
}

/// Failures of a technical kind (errors, empty or truncated answers, broken tool calls) against the baseline's rate:
/// Wald's sequential test of 1.5 times that rate against 4 times, with an error of one in a thousand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Failures {
    calls: f64,
    failed: f64,
    evidence: f64,
}

impl Failures {
    const KEEP: f64 = 0.998;
    /// ln(1000).
    const BOUND: f64 = 6.907_755_278_982_137;
    /// How much good behaviour is remembered: an arm that breaks after a good year is seen as fast as a new one.
    const CREDIT: f64 = -3.0;

    /// The rate so far, from one in a hundred where nothing is known.
    #[must_use]
    pub fn rate(&self) -> f64 {
        ((self.failed + 1.0) / (self.calls + 100.0)).clamp(0.002, 0.2)
    }

    /// Takes one call in; whether the arm fails far more often than a model of this rate.
    pub fn observe(&mut self, failed: bool, rate: f64) -> bool {
        self.calls = self.calls * Self::KEEP + 1.0;
        self.failed = self.failed * Self::KEEP + f64::from(u8::from(failed));
        let (fine, broken) = (1.5 * rate, (4.0 * rate).min(0.9));
        let step = if failed { (broken / fine).ln() } else { ((1.0 - broken) / (1.0 - fine)).ln() };
        self.evidence = (self.evidence + step).max(Self::CREDIT);
        self.evidence >= Self::BOUND
    }

    /// Starts the test again.
    pub fn forgive(&mut self) {
        *self = Self::default();
    }
}
