//! One run: a policy serves a recording's items in the order of its seed and hears what the channel lets through.

use super::feedback::{Channel, Feedback};
use super::policy::{Policy, Unit};
use super::problem::{Problem, at, real};
use crate::routing::learn::chance::Chance;

/// A change half-way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drift {
    /// The model most in use silently becomes as bad as the worst.
    Degrade,
    /// The best model's price falls to a twentieth.
    Cheaper,
    /// One model silently becomes another (the scenario's `swap`).
    Alias,
}

/// How a run is made.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// What the policy hears.
    pub feedback: Feedback,
    /// Scales the share of units that are rated.
    pub response: f64,
    /// A change half-way.
    pub drift: Option<Drift>,
    /// The seed's number.
    pub seed: u64,
}

/// What happened, step by step.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// The items.
    pub items: Vec<usize>,
    /// Who served.
    pub arms: Vec<usize>,
    /// With what quality.
    pub quality: Vec<f64>,
    /// At what cost, in units of the baseline's mean.
    pub cost: Vec<f64>,
    /// The baseline's quality on the same items.
    pub baseline: Vec<f64>,
    /// The baseline's cost on the same items.
    pub baseline_cost: Vec<f64>,
    /// Nanoseconds of every decision.
    pub decide_ns: Vec<u64>,
    /// Whether each was held out for the baseline.
    pub held_out: Vec<bool>,
}

/// Runs a policy. `clock` gives nanoseconds; only the time of decisions is taken with it.
pub fn run(problem: &Problem, policy: &mut dyn Policy, plan: &Plan, clock: &dyn Fn() -> u64) -> Record {
    let steps = problem.horizon;
    let order = order(problem.items.len(), steps, plan.seed);
    let mut channel = Channel::new(plan.feedback, plan.response, problem.arms.len(), steps, mix(plan.seed, 77));
    let mut chance = Chance::new(mix(plan.seed, 5));
    let mut record = Record::default();
    let mut world = World::new(problem);
    for (step, item) in order.into_iter().enumerate() {
        if step == steps / 2 {
            world.turn(plan.drift, &record.arms);
        }
        let before = clock();
        let arm = policy.choose(step, item);
        record.decide_ns.push(clock().saturating_sub(before));
        let (quality, cost) = world.outcome(item, arm);
        let quality = if problem.graded { f64::from(u8::from(chance.uniform() < quality)) } else { quality };
        let row = problem.items.get(item);
        record.items.push(item);
        record.arms.push(arm);
        record.quality.push(quality);
        record.cost.push(cost);
        record.baseline.push(row.map_or(0.0, |row| at(&row.quality, 0)));
        record.baseline_cost.push(row.map_or(0.0, |row| at(&row.cost, 0)));
        record.held_out.push(policy.held_out());
        policy.paid(step, item, arm, cost);
        channel.serve(step, arm, quality);
        for heard in channel.arriving(step) {
            let served = record.items.get(heard.unit).copied().zip(record.arms.get(heard.unit).copied());
            if let Some((item, arm)) = served {
                policy.heard(step, Unit { step: heard.unit, item, arm }, heard.word);
            }
        }
    }
    record
}

/// The items in an order of their own for each seed, the same for every policy; all of them before any comes again.
fn order(items: usize, steps: usize, seed: u64) -> Vec<usize> {
    let mut chance = Chance::new(mix(seed, 1_234));
    let mut order = Vec::with_capacity(steps + items);
    while order.len() < steps && items > 0 {
        let mut round: Vec<usize> = (0..items).collect();
        for last in (1..items).rev() {
            round.swap(last, chance.below(last + 1));
        }
        order.extend(round);
    }
    order.truncate(steps);
    order
}

/// A stream of its own for each purpose.
pub(super) fn mix(seed: u64, purpose: u64) -> u64 {
    let mut place = seed.wrapping_mul(0x9e37_79b9).wrapping_add(purpose << 32);
    crate::routing::learn::chance::splitmix(&mut place)
}

/// The recording, and what has changed in it.
struct World<'a> {
    problem: &'a Problem,
    degraded: Option<(usize, usize)>,
    cheaper: Option<usize>,
    aliased: Option<usize>,
}

impl<'a> World<'a> {
    fn new(problem: &'a Problem) -> Self {
        Self { problem, degraded: None, cheaper: None, aliased: None }
    }

    fn turn(&mut self, drift: Option<Drift>, arms: &[usize]) {
        match drift {
            Some(Drift::Degrade) => {
                let recent = arms.get(arms.len().saturating_sub(300)..).unwrap_or(arms);
                let uses = |arm: usize| recent.iter().filter(|used| **used == arm).count();
                let most = (1..self.problem.arms.len()).max_by_key(|arm| (uses(*arm), std::cmp::Reverse(*arm)));
                let worst = (0..self.problem.arms.len())
                    .min_by(|a, b| at(&self.problem.quality, *a).total_cmp(&at(&self.problem.quality, *b)));
                self.degraded = most.zip(worst);
            }
            Some(Drift::Cheaper) => {
                let best = self.problem.best();
                let others = (1..self.problem.arms.len())
                    .max_by(|a, b| at(&self.problem.quality, *a).total_cmp(&at(&self.problem.quality, *b)));
                self.cheaper = if best == 0 { others } else { Some(best) };
            }
            Some(Drift::Alias) => self.aliased = self.problem.swap,
            None => {}
        }
    }

    fn outcome(&self, item: usize, arm: usize) -> (f64, f64) {
        let Some(row) = self.problem.items.get(item) else { return (0.0, 0.0) };
        let source = self.degraded.filter(|(from, _)| *from == arm).map_or(arm, |(_, worst)| worst);
        if let Some(swapped) = row.swapped.filter(|_| self.aliased == Some(arm)) {
            return swapped;
        }
        let discount = if self.cheaper == Some(arm) { 0.05 } else { 1.0 };
        (at(&row.quality, source), at(&row.cost, arm) * discount)
    }
}

/// The mean of a part of a list.
pub(super) fn mean(list: &[f64]) -> f64 {
    if list.is_empty() { 0.0 } else { list.iter().sum::<f64>() / real(list.len()) }
}
