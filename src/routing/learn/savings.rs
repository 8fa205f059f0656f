//! What was saved, measured: the hold-out's cost per call less that of the calls that were routed.
//!
//! The hold-out is a random share of all calls, so the difference needs no model of what the baseline would have cost.
//! Both sides are split by the length of the input and weighed by the routed calls' lengths, which takes the noise out
//! that comes from long and short requests. The interval is a confidence sequence (normal mixture, Howard et al. 2021): it
//! may be looked at after every call.

use serde::{Deserialize, Serialize};

/// Classes of input length.
pub const CLASSES: usize = 6;
/// Where the mixture is tightest, in hold-out calls.
const TUNED_FOR: f64 = 60.0;

/// The two sides by length.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Savings {
    routed: [Side; CLASSES],
    held: [Side; CLASSES],
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
struct Side {
    count: f64,
    sum: f64,
    square: f64,
}

/// A saving with its interval, as shares of the baseline's cost.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Saved {
    /// The share of the baseline's cost that was saved.
    pub share: f64,
    /// The lower end, 95 %.
    pub lower: f64,
    /// The upper end.
    pub upper: f64,
    /// The baseline's mean cost for a call like the routed ones.
    pub baseline_per_call: f64,
    /// The routed calls' mean cost.
    pub routed_per_call: f64,
    /// Routed calls.
    pub calls: f64,
}

impl Side {
    fn add(&mut self, cost: f64) {
        self.count += 1.0;
        self.sum += cost;
        self.square += cost * cost;
    }

    fn merged(&self, other: &Self) -> Self {
        Self { count: self.count + other.count, sum: self.sum + other.sum, square: self.square + other.square }
    }

    fn mean(&self) -> f64 {
        if self.count > 0.0 { self.sum / self.count } else { 0.0 }
    }

    fn variance(&self) -> f64 {
        let mean = self.mean();
        if self.count > 1.0 {
            (self.square / self.count - mean * mean).max(0.0) * self.count / (self.count - 1.0)
        } else {
            0.0
        }
    }
}

/// The class of an input of this many tokens (or any other measure of size, doubled four times from class to class).
fn class(size: f64) -> usize {
    [64.0, 256.0, 1_024.0, 4_096.0, 16_384.0].iter().filter(|bound| size >= **bound).count()
}

impl Savings {
    /// A call was served by the router's choice.
    pub fn routed(&mut self, size: f64, cost: f64) {
        add(&mut self.routed, size, cost);
    }

    /// A call was held out for the baseline.
    pub fn held(&mut self, size: f64, cost: f64) {
        add(&mut self.held, size, cost);
    }

    /// The routed calls of these sums against the held-out calls of others: a part of a route's traffic is measured
    /// by the route's whole hold-out.
    #[must_use]
    pub fn against(&self, other: &Self) -> Self {
        Self { routed: self.routed, held: other.held }
    }

    /// Held-out calls so far.
    #[must_use]
    pub fn held_calls(&self) -> f64 {
        self.held.iter().map(|side| side.count).sum()
    }

    /// The saving so far; `None` until there are ten calls on either side.
    #[must_use]
    pub fn saved(&self) -> Option<Saved> {
        self.saved_in_units(1.0)
    }

    /// The same where `size` calls on average (at least one) share one draw, as in a sticky session: they are counted as
    /// if they were all alike, so there are that many times fewer independent observations.
    #[must_use]
    pub fn saved_in_units(&self, size: f64) -> Option<Saved> {
        let size = size.max(1.0);
        let all = |sides: &[Side; CLASSES]| sides.iter().fold(Side::default(), |sum, side| sum.merged(side));
        let (routed, held) = (all(&self.routed), all(&self.held));
        if routed.count < 10.0 || held.count / size < 10.0 {
            return None;
        }
        let (mut baseline, mut variance) = (0.0, 0.0);
        for (routed_here, held_here) in self.routed.iter().zip(&self.held) {
            let weight = routed_here.count / routed.count;
            // A class with few held-out calls borrows from all of them: three calls' worth.
            let (lend, own) = (3.0 / (held_here.count + 3.0), held_here.count / (held_here.count + 3.0));
            baseline += weight * (own * held_here.mean() + lend * held.mean());
            let spread = if held_here.count > 2.0 { held_here.variance() } else { held.variance() };
            variance += weight * weight * spread.max(held.variance() * 0.05) / (held_here.count + 3.0);
        }
        if baseline <= 0.0 {
            return None;
        }
        let routed_mean = routed.mean();
        // The ratio's variance: of the baseline's mean, scaled by what is spent for each unit of it, and of the routed mean.
        let ratio = routed_mean / baseline;
        let total = size * (ratio * ratio * variance + routed.variance() / routed.count) / (baseline * baseline);
        let margin = total.sqrt() * boundary(held.count / size);
        let share = 1.0 - ratio;
        Some(Saved {
            share,
            lower: share - margin,
            upper: (share + margin).min(1.0),
            baseline_per_call: baseline,
            routed_per_call: routed_mean,
            calls: routed.count,
        })
    }
}

fn add(sides: &mut [Side; CLASSES], size: f64, cost: f64) {
    if cost.is_finite()
        && cost >= 0.0
        && let Some(side) = sides.get_mut(class(size))
    {
        side.add(cost);
    }
}

/// Standard errors of a two-sided 95 % confidence sequence of the normal mixture at `count` observations.
fn boundary(count: f64) -> f64 {
    let rho = TUNED_FOR / (-2.0 * 0.05_f64.ln() + (-2.0 * 0.05_f64.ln() + 1.0).ln());
    let ratio = (count + rho) / count;
    (ratio * (((count + rho) / (rho * 0.05 * 0.05)).ln())).sqrt()
}
