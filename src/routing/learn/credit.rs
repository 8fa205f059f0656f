//! Who earned a session's outcome.
//!
//! A session that one arm served is one observation of that arm. In a mixed session every arm has a share (of the
//! output tokens), the shares add up to one, and nobody is credited with the outcome as if it had served alone: that
//! would pull all arms towards each other. Instead each arm is told what is left after the others' expected parts:
//!
//! ```text
//! target_k = y - sum_l share_l m_l(x) + m_k(x)        weight share_k
//! ```
//!
//! For the record, the outcome itself is split over the decisions in whole millionths that add up to it exactly.

use serde::{Deserialize, Serialize};

/// One arm's part of a session.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// The arm, by its place in the scope.
    pub arm: usize,
    /// Its part, 0..1.
    pub part: f64,
    /// Whether it took over from another arm in trouble: what it achieved then says nothing about its level.
    pub rescue: bool,
}

/// What one arm is told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lesson {
    /// The arm.
    pub arm: usize,
    /// The quality to learn.
    pub target: f64,
    /// How much it counts.
    pub weight: f64,
}

impl Share {
    /// A session that one arm served.
    #[must_use]
    pub const fn whole(arm: usize) -> Self {
        Self { arm, part: 1.0, rescue: false }
    }
}

/// What each arm learns from an outcome, given what is expected of each (by place) on these features.
/// Parts that are not positive numbers are left out; the others are scaled to add up to one.
#[must_use]
pub fn lessons(outcome: f64, shares: &[Share], expected: impl Fn(usize) -> f64) -> Vec<Lesson> {
    let usable = |share: &&Share| share.part > 0.0 && share.part.is_finite();
    let total: f64 = shares.iter().filter(usable).map(|share| share.part).sum();
    let shares: Vec<&Share> = shares.iter().filter(usable).collect();
    if let [only] = shares.as_slice() {
        return if only.rescue { vec![] } else { vec![Lesson { arm: only.arm, target: outcome, weight: 1.0 }] };
    }
    let believed: f64 = shares.iter().map(|share| share.part / total * expected(share.arm)).sum();
    shares
        .iter()
        .filter(|share| !share.rescue)
        .map(|share| Lesson {
            arm: share.arm,
            target: (outcome - believed + expected(share.arm)).clamp(-1.0, 2.0),
            weight: share.part / total,
        })
        .collect()
}

/// Splits an outcome in millionths over decisions by weight; the parts add up to the whole exactly.
/// Without a positive weight everybody gets the same.
#[must_use]
pub fn split(whole: i64, weights: &[f64]) -> Vec<i64> {
    if weights.is_empty() {
        return Vec::new();
    }
    let clean: Vec<f64> = weights.iter().map(|w| if w.is_finite() { w.max(0.0) } else { 0.0 }).collect();
    let total: f64 = clean.iter().sum();
    #[expect(clippy::cast_precision_loss, reason = "a number of decisions")]
    let even = 1.0 / weights.len() as f64;
    let part = |weight: &f64| if total > 0.0 && total.is_finite() { weight / total } else { even };
    let mut left = whole;
    let mut parts: Vec<i64> = clean
        .iter()
        .map(|weight| {
            #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "an outcome is small")]
            let own = (whole as f64 * part(weight)).trunc() as i64;
            left -= own;
            own
        })
        .collect();
    // What rounding left over goes one by one to the largest parts first, in their order.
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by(|a, b| clean.get(*b).unwrap_or(&0.0).total_cmp(clean.get(*a).unwrap_or(&0.0)));
    for place in order.into_iter().cycle() {
        if left == 0 {
            break;
        }
        if let Some(part) = parts.get_mut(place) {
            *part += left.signum();
            left -= left.signum();
        }
    }
    parts
}
