//! What a span of decisions has saved: a fold over the records, in the order of their requests.
//!
//! ```text
//! measured  calls of routes that learn, served by who was chosen; cache hits are on neither side
//! held out  the choice was a draw for the default model, or the call goes on with a session that began with one
//! saved     (baseline per call - routed per call) x routed calls, by `learn::savings`, route by route
//! ```
//!
//! A part of a route (a key, a user) is measured against the hold-out of the whole route; parts of several routes are
//! added up, their errors as independent ones. Where a draw holds for a whole session its calls count as one
//! observation. Of a session only that it was held out is remembered, so memory grows with the hold-out alone; a
//! session that began before the span counts as routed, which makes the saving smaller than it was.

use super::learn::savings::Savings;
use super::totals::Moments;
use crate::base::MicroUsd;
use crate::resource::decision::Status;
use crate::resource::export::Beside;
use crate::resource::facts::Facts;
use crate::resource::savings::{Delta, GroupBy, Interval, Saving, Side, Verdict};
use crate::resource::trace::Why;
use std::collections::{BTreeMap, HashSet};
use xxhash_rust::xxh3::xxh3_64;

/// Calls that a side needs before anything is said.
const LEAST: f64 = 10.0;
/// Steps of the latency classes: 2 % each, up to more than a day.
const STEP: f64 = 1.02;
/// Latency classes.
const CLASSES: usize = 1_000;

/// One side of a route or of a part of it.
#[derive(Debug, Clone, Default)]
struct Calls {
    cost: Moments,
    quality: Moments,
    latency: BTreeMap<u16, u64>,
}

impl Calls {
    #[expect(clippy::cast_precision_loss, reason = "micro-USD of one call")]
    fn add(&mut self, facts: &Facts<'_>, beside: &Beside, with_latency: bool) {
        if let Some(cost) = facts.outcome.cost_micro_usd {
            self.cost.add(cost.0 as f64, 1.0);
        }
        if let Some(scores) = beside.scores {
            self.quality.add(scores.composite / 100.0, 1.0);
        }
        if with_latency {
            *self.latency.entry(class(facts.outcome.latency_ms)).or_default() += 1;
        }
    }

    /// The middle of the class that the median call is in.
    fn median(&self) -> Option<f64> {
        let total: u64 = self.latency.values().sum();
        let mut before = 0;
        for (class, count) in &self.latency {
            before += count;
            if before * 2 >= total {
                return Some(STEP.powf(f64::from(*class) + 0.5).round());
            }
        }
        None
    }

    fn side(&self) -> Side {
        Side {
            samples: whole(self.cost.weight),
            avg_cost_micro_usd: self.cost.mean(),
            composite_quality: self.quality.mean(),
            p50_latency_ms: self.median(),
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a class below 1,000"
)]
fn class(millis: u64) -> u16 {
    ((millis.max(1) as f64).ln() / STEP.ln()).floor().min(CLASSES as f64) as u16
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of calls")]
fn whole(count: f64) -> u64 {
    count.round() as u64
}

#[expect(clippy::cast_possible_truncation, reason = "money of a span")]
fn money(micro: f64) -> MicroUsd {
    MicroUsd(micro.round() as i64)
}

/// A route, or the routed calls of a part of it.
#[derive(Debug, Clone, Default)]
struct Measured {
    savings: Savings,
    routed: Calls,
    held: Calls,
    /// Draws among its calls.
    draws: f64,
    calls: f64,
}

impl Measured {
    /// Calls that share a draw, on average.
    fn unit(&self) -> f64 {
        if self.draws > 0.0 { (self.calls / self.draws).max(1.0) } else { 1.0 }
    }

    /// The quality of routed calls less that of the hold-out.
    fn quality(&self, routed: &Moments) -> Option<Interval> {
        let (unit, held) = (self.unit(), &self.held.quality);
        if routed.weight < LEAST || held.weight / unit < LEAST {
            return None;
        }
        let value = routed.mean()? - held.mean()?;
        let variance = unit * (routed.variance()? / routed.weight + held.variance()? / held.weight);
        let margin = 1.96 * variance.sqrt();
        Some(Interval { value, lower: value - margin, upper: value + margin })
    }
}

/// A part of the traffic.
#[derive(Debug, Clone, Default)]
struct Part {
    calls: u64,
    actual: i64,
    priced_baseline: i64,
    priced_saved: i64,
    held: u64,
    routes: BTreeMap<String, (Savings, Moments)>,
}

/// Everything that a span of decisions comes to.
#[derive(Debug)]
pub struct Account {
    group_by: GroupBy,
    routes: BTreeMap<String, Measured>,
    parts: BTreeMap<Option<String>, Part>,
    total: Part,
    held_sessions: HashSet<u64>,
}

impl Account {
    /// An empty account.
    #[must_use]
    pub fn new(group_by: GroupBy) -> Self {
        let (routes, parts, total) = (BTreeMap::new(), BTreeMap::new(), Part::default());
        Self { group_by, routes, parts, total, held_sessions: HashSet::new() }
    }

    /// How many parts there are so far.
    #[must_use]
    pub fn parts(&self) -> usize {
        self.parts.len()
    }

    fn name(&self, facts: &Facts<'_>) -> Option<String> {
        match self.group_by {
            GroupBy::Route => facts.route.as_deref().map(str::to_owned),
            GroupBy::Model => facts.served.as_ref().map(|served| format!("{}/{}", served.provider, served.model)),
            GroupBy::Key => facts.key_id.as_deref().map(str::to_owned),
            GroupBy::Project => facts.project_id.as_deref().map(str::to_owned),
            GroupBy::User => facts.user_id.as_deref().map(str::to_owned),
            GroupBy::Session => Some(facts.session_id.clone().into_owned()),
        }
    }

    /// Whether the call belongs to the hold-out; a call that goes on with a session is where the session is.
    fn is_held(&mut self, route: &str, facts: &Facts<'_>) -> bool {
        let session = xxh3_64(format!("{route}\n{}", facts.session_id).as_bytes());
        match facts.trace {
            Some(chosen) if chosen.why == Why::Holdout => {
                self.held_sessions.insert(session);
                true
            }
            Some(_) => false,
            None => self.held_sessions.contains(&session),
        }
    }

    /// Takes one decision in.
    #[expect(clippy::cast_precision_loss, reason = "tokens and micro-USD of one call")]
    pub fn add(&mut self, facts: &Facts<'_>, beside: &Beside) {
        let (Some(served), Some(cost)) = (&facts.served, facts.outcome.cost_micro_usd) else { return };
        let learned = facts.routing_strategy == crate::resource::decision::Strategy::FeedbackDriven;
        let fair = facts.outcome.status == Status::Ok && facts.winner.as_ref() == Some(served);
        let route = facts.route.as_deref().filter(|_| learned && fair && !facts.outcome.cache_hit);
        let mut side = None;
        if let Some(route) = route {
            let held = self.is_held(route, facts);
            let measured = self.routes.entry(route.to_owned()).or_default();
            measured.calls += 1.0;
            measured.draws += f64::from(u8::from(facts.trace.is_some()));
            let size = facts.outcome.input_tokens.unwrap_or(0) as f64;
            if held {
                measured.savings.held(size, cost.0 as f64);
                measured.held.add(facts, beside, true);
            } else {
                measured.savings.routed(size, cost.0 as f64);
                measured.routed.add(facts, beside, true);
            }
            side = Some((route, held, size));
        }
        let name = self.name(facts);
        for part in [self.parts.entry(name).or_default(), &mut self.total] {
            part.calls += 1;
            part.actual = part.actual.saturating_add(cost.0);
            if let Some(baseline) = facts.outcome.baseline_cost_micro_usd {
                part.priced_baseline = part.priced_baseline.saturating_add(baseline.0);
                part.priced_saved = part.priced_saved.saturating_add(baseline.0.saturating_sub(cost.0));
            }
            match side {
                Some((_, true, _)) => part.held += 1,
                Some((route, false, size)) => {
                    let (savings, quality) = part.routes.entry(route.to_owned()).or_default();
                    savings.routed(size, cost.0 as f64);
                    if let Some(scores) = beside.scores {
                        quality.add(scores.composite / 100.0, 1.0);
                    }
                }
                None => {}
            }
        }
    }

    /// What came of one part.
    fn saving(&self, group: Option<String>, part: &Part, rate: f64) -> Saving {
        let (mut saved, mut baseline, mut spread, mut calls) = (0.0, 0.0, 0.0, 0.0);
        let (mut delta, mut doubt, mut weight) = (0.0, 0.0, 0.0);
        for (route, (savings, quality)) in &part.routes {
            let Some(measured) = self.routes.get(route) else { continue };
            if let Some(found) = savings.against(&measured.savings).saved_in_units(measured.unit()) {
                let whole = found.baseline_per_call * found.calls;
                saved += found.share * whole;
                baseline += whole;
                spread += ((found.share - found.lower) * whole).powi(2);
                calls += found.calls;
            }
            if let Some(found) = measured.quality(quality) {
                delta += quality.weight * found.value;
                doubt += (quality.weight * (found.value - found.lower)).powi(2);
                weight += quality.weight;
            }
        }
        let is_measured = calls > 0.0;
        let told = |micro: f64| is_measured.then(|| money(micro));
        let margin = spread.sqrt();
        let saved_micro_usd = told(saved);
        Saving {
            group,
            calls: part.calls,
            actual_micro_usd: MicroUsd(part.actual),
            baseline_micro_usd: saved_micro_usd.map(|saved| MicroUsd(part.actual.saturating_add(saved.0))),
            saved_micro_usd,
            saved_lower_micro_usd: told(saved - margin),
            saved_upper_micro_usd: told(saved + margin),
            saved_share: (baseline > 0.0).then(|| saved / baseline),
            measured_calls: whole(calls),
            holdout_calls: part.held,
            quality_delta: (weight > 0.0).then(|| {
                let (value, margin) = (delta / weight, doubt.sqrt() / weight);
                Interval { value, lower: value - margin, upper: value + margin }
            }),
            priced_baseline_micro_usd: MicroUsd(part.priced_baseline),
            priced_saved_micro_usd: MicroUsd(part.priced_saved),
            invoice_micro_usd: if is_measured { money((saved * rate).max(0.0)) } else { MicroUsd(0) },
        }
    }

    /// The total, and the parts: dearest first.
    #[must_use]
    pub fn savings(&self, rate: f64) -> (Saving, Vec<Saving>) {
        let mut groups: Vec<Saving> =
            self.parts.iter().map(|(name, part)| self.saving(name.clone(), part, rate)).collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.actual_micro_usd));
        (self.saving(None, &self.total, rate), groups)
    }

    /// What one route promises, verified: it must be cheaper, and its quality may fall by `regression` (0..1) at most.
    #[must_use]
    pub fn verify(&self, route: &str, regression: f64) -> (Verdict, Side, Side, Delta) {
        let Some(measured) = self.routes.get(route) else {
            return (Verdict::InsufficientData, Side::default(), Side::default(), Delta::default());
        };
        let saved = measured.savings.saved_in_units(measured.unit());
        let cost = saved.map(|saved| Interval {
            value: -100.0 * saved.share,
            lower: -100.0 * saved.upper,
            upper: -100.0 * saved.lower,
        });
        let quality = measured.quality(&measured.routed.quality);
        let status = match (cost, quality) {
            (_, Some(quality)) if quality.upper < -regression => Verdict::RegressionDetected,
            (Some(cost), Some(quality)) if cost.upper < 0.0 && quality.lower > -regression => Verdict::Verified,
            (Some(_), Some(_)) => Verdict::NotVerified,
            _ => Verdict::InsufficientData,
        };
        let (baseline, floopy) = (measured.held.side(), measured.routed.side());
        let delta = Delta {
            cost_pct: cost.map(|cost| cost.value),
            quality_abs: quality.map(|quality| quality.value),
            p50_latency_ms: floopy.p50_latency_ms.zip(baseline.p50_latency_ms).map(|(ours, theirs)| ours - theirs),
            cost_pct_interval: cost,
            quality_interval: quality,
        };
        (status, baseline, floopy, delta)
    }
}
