//! Has an arm broken? A bet on every rated call that it is worse than expected.
//!
//! ```text
//! C <- max(0, C + ln(1 + l (m(x) - y)))      l = min(3, 0.2 / s^2)
//! ```
//!
//! `m(x)` is what the regression expects on this very request, so that a run of hard requests is no alarm; `s^2` is the
//! variance of such residuals. While `C` is above zero, the *excursion*, what was rated since it left zero is kept apart. At
//! 5.5 the arm is in doubt: floor account and choice judge it by the excursion, and if the ratings recover, nothing was
//! lost. At 7 it is an alarm: the excursion takes the place of what was known, and the regression's level moves by what the
//! excursion shows, while its slopes are kept. Three alarms in seven days switch an arm off until a person acts.
//!
//! A sound arm raises an alarm about once in 20,000 ratings at 7 (one run in seven of 3,000). It costs little, since a
//! level that did not really move is soon found again; but a busy arm must not be switched off for it. So the level of the
//! alarm grows with the logarithm of the ratings that come in a week, to about one false alarm in ten weeks.

use super::linear::{add_scaled, dot};
use crate::base::Timestamp;
use serde::{Deserialize, Serialize};

const WEEK: std::time::Duration = std::time::Duration::from_secs(7 * 24 * 3600);
/// Alarms within a week that switch an arm off.
pub const MOST_ALARMS: usize = 3;
/// What a rating leaves of the residuals before it.
const KEEP: f64 = 0.998;
/// Residuals and their variance before there are any.
const FIRST: (f64, f64) = (10.0, 0.18);

/// The detector of one arm.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    level: f64,
    count: f64,
    square: f64,
    excursion: Excursion,
    alarms: Vec<Timestamp>,
    week: Week,
}

/// Ratings of this week and of the last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
struct Week {
    start: Timestamp,
    now: f64,
    last: f64,
}

impl Week {
    fn count(&mut self, at: Timestamp) {
        if at >= self.start.plus(WEEK) {
            let is_next = at < self.start.plus(WEEK * 2);
            *self = Self { start: at, now: 0.0, last: if is_next { self.now } else { 0.0 } };
        }
        self.now += 1.0;
    }
}

/// What was rated since the detector left zero.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Excursion {
    /// Ratings.
    pub count: f64,
    /// Sum of quality less expectation.
    pub residual: f64,
    /// Sum of qualities.
    pub quality: f64,
    /// Sum of features.
    pub context: Vec<f64>,
}

impl Drift {
    /// Takes a rated call in: its features, its quality, and what was expected of it.
    pub fn observe(&mut self, phi: &[f64], quality: f64, expected: f64, weight: f64, stake: f64, at: Timestamp) {
        self.week.count(at);
        let residual = quality - expected;
        let bet = (stake / self.variance().clamp(0.03, 0.9)).min(3.0);
        self.count = self.count * KEEP + weight;
        self.square = self.square * KEEP + weight * residual * residual;
        self.level = (self.level + weight * (1.0 - bet * residual).max(0.1).ln()).max(0.0);
        if self.level > 0.0 {
            let own = &mut self.excursion;
            own.count += weight;
            own.residual += weight * residual;
            own.quality += weight * quality;
            own.context.resize(phi.len(), 0.0);
            add_scaled(&mut own.context, phi, weight);
        } else {
            self.excursion = Excursion::default();
        }
    }

    /// The variance of residuals.
    #[must_use]
    pub fn variance(&self) -> f64 {
        self.variance_about(FIRST.1)
    }

    /// The same, taken to be this before there are any.
    #[must_use]
    pub fn variance_about(&self, usual: f64) -> f64 {
        (self.square + FIRST.0 * usual) / (self.count + FIRST.0)
    }

    /// The sum as it stands.
    #[must_use]
    pub const fn level(&self) -> f64 {
        self.level
    }

    /// Whether the sum is at the alarm, which is at `least` or, on a busy arm, higher.
    #[must_use]
    pub fn is_alarm(&self, least: f64) -> bool {
        self.level > least.max((0.55 * self.week.now.max(self.week.last)).max(1.0).ln())
    }

    /// What was rated since it left zero.
    #[must_use]
    pub const fn excursion(&self) -> &Excursion {
        &self.excursion
    }

    /// Notes an alarm and starts again; whether it was one too many.
    pub fn alarmed(&mut self, at: Timestamp) -> bool {
        self.level = 0.0;
        self.excursion = Excursion::default();
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

impl Excursion {
    /// The sum of qualities less `floor` times what the baseline's weights expect on the same requests.
    #[must_use]
    pub fn surplus(&self, baseline: &[f64], floor: f64, lift: f64) -> f64 {
        self.quality - floor * (dot(baseline, &self.context) + lift * self.count)
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
