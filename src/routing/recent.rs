//! What one model's calls came to of late: sums by hour, for the windows that constraints look back over.
//!
//! Sums of contributions, so their order does not matter; what is older than a week and an hour is forgotten. A window
//! covers whole hours: its beginning is exact to the hour.
//!
//! ```
//! use floopy::base::Timestamp;
//! use floopy::routing::recent::Recent;
//! let hour = |hours: i64| Timestamp(hours * 3_600_000_000);
//! let mut recent = Recent::default();
//! recent.rated(hour(10), 1.0, 1.0);
//! recent.rated(hour(40), 0.5, 1.0);
//! let windows = recent.windows(hour(40));
//! assert_eq!((windows.day.quality, windows.day.samples), (Some(0.5), 1));
//! assert_eq!((windows.week.quality, windows.week.samples), (Some(0.75), 2));
//! ```

use super::constraints::{Measured, Windows};
use crate::base::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

const DAY: i64 = 24;
const WEEK: i64 = 7 * DAY;

/// The sums of one hour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
struct Hour {
    /// Hours since the epoch.
    at: i64,
    /// Weights of the ratings, and qualities by weight.
    weight: f64,
    quality: f64,
    /// Calls of known cost, and what they cost in micro-USD.
    calls: f64,
    cost: f64,
}

/// One model's last week.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Recent(VecDeque<Hour>);

fn hour(at: Timestamp) -> i64 {
    at.seconds().div_euclid(3_600)
}

impl Recent {
    /// A call, or its part of a session, was rated.
    pub fn rated(&mut self, at: Timestamp, quality: f64, weight: f64) {
        if let Some(hour) = self.hour(hour(at)).filter(|_| quality.is_finite() && weight > 0.0 && weight.is_finite()) {
            hour.weight += weight;
            hour.quality += weight * quality;
        }
    }

    /// A rating given at `at` was another: `moved` is its weight times the difference in quality.
    pub fn corrected(&mut self, at: Timestamp, moved: f64) {
        if let Some(hour) = self.hour(hour(at)).filter(|hour| hour.weight > 0.0 && moved.is_finite()) {
            hour.quality += moved;
        }
    }

    /// A call was paid for, in micro-USD.
    pub fn paid(&mut self, at: Timestamp, cost: f64) {
        if let Some(hour) = self.hour(hour(at)).filter(|_| cost.is_finite()) {
            hour.calls += 1.0;
            hour.cost += cost;
        }
    }

    /// Both windows, as they stand at `now`.
    #[must_use]
    pub fn windows(&self, now: Timestamp) -> Windows {
        let now = hour(now);
        Windows { day: self.since(now - DAY), week: self.since(now - WEEK) }
    }

    /// The sums of the hours after `from`.
    fn since(&self, from: i64) -> Measured {
        let mut sum = Hour::default();
        for hour in self.0.iter().filter(|hour| hour.at > from) {
            sum.weight += hour.weight;
            sum.quality += hour.quality;
            sum.calls += hour.calls;
            sum.cost += hour.cost;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a number of ratings, never negative"
        )]
        let samples = sum.weight as u64;
        Measured {
            quality: (sum.weight > 0.0).then(|| sum.quality / sum.weight),
            cost: (sum.calls > 0.0).then(|| sum.cost / sum.calls),
            samples,
        }
    }

    /// The sums of an hour; `None` where it is forgotten already.
    fn hour(&mut self, at: i64) -> Option<&mut Hour> {
        let newest = self.0.back().map_or(at, |hour| hour.at.max(at));
        while self.0.front().is_some_and(|hour| hour.at < newest - WEEK) {
            self.0.pop_front();
        }
        if at < newest - WEEK {
            return None;
        }
        let place = self.0.partition_point(|hour| hour.at < at);
        if self.0.get(place).is_none_or(|hour| hour.at != at) {
            self.0.insert(place, Hour { at, ..Hour::default() });
        }
        self.0.get_mut(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(hours: i64) -> Timestamp {
        Timestamp(hours * 3_600_000_000 + 1)
    }

    #[test]
    fn what_is_old_leaves_first_the_day_then_the_week() {
        let mut recent = Recent::default();
        recent.rated(at(100), 0.2, 1.0);
        recent.paid(at(100), 50.0);
        let seen = |hours| {
            let windows = recent.windows(at(hours));
            (windows.day.samples, windows.week.samples, windows.day.cost, windows.week.cost)
        };
        assert_eq!(seen(123), (1, 1, Some(50.0), Some(50.0)));
        assert_eq!(seen(124), (0, 1, None, Some(50.0)));
        assert_eq!(seen(267), (0, 1, None, Some(50.0)));
        assert_eq!(seen(268), (0, 0, None, None));
    }

    #[test]
    fn what_is_no_number_counts_for_nothing() {
        let mut recent = Recent::default();
        recent.rated(at(1), f64::NAN, 1.0);
        recent.rated(at(1), 1.0, 0.0);
        recent.rated(at(1), 1.0, f64::INFINITY);
        recent.paid(at(1), f64::NAN);
        assert_eq!(recent.windows(at(1)), Windows::default());
    }

    proptest! {
        #[test]
        fn the_order_does_not_matter_and_memory_is_bounded(mut all in prop::collection::vec((0i64..160, 0.0..1.0f64), 1..200)) {
            let sums = |all: &[(i64, f64)]| {
                let mut recent = Recent::default();
                all.iter().for_each(|(hours, quality)| recent.rated(at(*hours), *quality, 1.0));
                (recent.windows(at(160)), recent.0.len())
            };
            let (one, hours) = sums(&all);
            prop_assert!(hours <= 169);
            all.reverse();
            let (other, _) = sums(&all);
            prop_assert_eq!((one.day.samples, one.week.samples), (other.day.samples, other.week.samples));
            prop_assert!((one.week.quality.unwrap() - other.week.quality.unwrap()).abs() < 1e-9);
        }
    }
}
