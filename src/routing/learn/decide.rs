//! The choice itself, as a function of a [`Trace`]: the same code decides and recomputes.
//!
//! ```text
//! S_r,k = nu (m_k + s_k z) - c_k        32 draws r, z ~ N(0, 1)
//! h_k   = share of the draws that arm k wins and the floor affords; what it cannot afford goes to the fallback
//! pi_k  = (1 - e_b - sum e_c) h_k + e_b [k = baseline] + e_c,k
//! ```
//!
//! The served arm is drawn from `pi` itself: first the hold-out and the canary shares, then one of the 32 draws with even
//! chance. So the logged propensity is exact, whatever the error of 32 draws as a picture of the posterior, and the guard
//! is part of it.

use super::chance::Chance;
use super::guard::{Account, Standing};
use crate::resource::trace::{FloorTrace, Part, Trace, Why};

/// Canary shares together never take more than this.
const MOST_CANARY: f64 = 0.2;

/// What the rule makes of a trace.
#[derive(Debug, Clone, PartialEq)]
pub struct Settled {
    /// Who serves.
    pub winner: usize,
    /// Why.
    pub why: Why,
    /// The probability of each arm.
    pub propensity: Vec<f64>,
    /// The share of draws that each arm won, after the guard.
    pub share: Vec<f64>,
    /// Who the best is by expectation alone, after the guard: what exploitation serves.
    pub best: usize,
    /// Who serves what the floor cannot afford.
    pub fallback: usize,
    /// The account of quality if the proposed arm served, in calls times quality; below 0 the guard stepped in.
    pub proposed: f64,
}

/// Makes the choice again from its record: who served, and the probability of each arm.
#[must_use]
pub fn recompute(trace: &Trace) -> Option<(usize, Vec<f64>)> {
    if trace.version != VERSION {
        return None;
    }
    let seed = u64::from_str_radix(&trace.seed, 16).ok()?;
    let settled = settle(trace, seed);
    Some((settled.winner, settled.propensity))
}

/// The version of this rule; traces of other versions are not read by it.
pub const VERSION: u16 = 1;

/// The choice for this chance. Reads every field of the trace but the last three.
pub(crate) fn settle(trace: &Trace, seed: u64) -> Settled {
    let arms = Arms::of(trace);
    let open: Vec<usize> = arms.with(Part::Open);
    let fallback = arms.fallback(&open);
    let Some(fallback) = fallback else {
        // Canaries alone cannot carry a scope: the default model serves, gated or not, and the caller reports it.
        return arms.forced(0, Why::Default);
    };
    let canaries = arms.canaries(fallback);
    if open.len() == 1 && canaries.is_empty() {
        return arms.forced(fallback, Why::Single);
    }
    let affords: Vec<bool> = (0..trace.mean.len()).map(|arm| arm == fallback || arms.lowest(arm) >= 0.0).collect();
    let guarded = |arm: usize| if affords.get(arm).copied().unwrap_or(false) { arm } else { fallback };
    let mut chance = Chance::new(seed);
    let proposals: Vec<usize> = (0..trace.draws.max(1)).map(|_| arms.proposal(&open, &mut chance)).collect();
    let mut share = vec![0.0; trace.mean.len()];
    for proposal in &proposals {
        add(&mut share, guarded(*proposal), 1.0 / f64::from(trace.draws.max(1)));
    }
    let held = if open.contains(&0) { f64::from(trace.holdout) } else { 0.0 };
    let rest = 1.0 - held - canaries.iter().map(|canary| canary.1).sum::<f64>();
    let mut propensity: Vec<f64> = share.iter().map(|share| rest * share).collect();
    add(&mut propensity, 0, held);
    for (arm, own) in &canaries {
        add(&mut propensity, *arm, *own);
    }
    let best = arms.expected(&open);
    let settled = Settled {
        winner: 0,
        why: Why::Holdout,
        propensity,
        share,
        best: guarded(best),
        fallback,
        proposed: arms.lowest(best),
    };
    let mut place = chance.uniform();
    if place < held {
        return settled;
    }
    place -= held;
    for (arm, own) in canaries {
        if place < own {
            return Settled { winner: arm, why: Why::Canary, proposed: arms.lowest(arm), ..settled };
        }
        place -= own;
    }
    let proposal = proposals.get(chance.below(proposals.len())).copied().unwrap_or(fallback);
    let winner = guarded(proposal);
    let why = match (winner == proposal, winner == settled.best) {
        (false, _) => Why::Guard,
        (true, true) => Why::Exploit,
        (true, false) => Why::Explore,
    };
    Settled { winner, why, proposed: arms.lowest(proposal), ..settled }
}

fn add(list: &mut [f64], at: usize, value: f64) {
    if let Some(own) = list.get_mut(at) {
        *own += value;
    }
}

/// The account of one floor.
pub(super) fn account(floor: &FloorTrace, trace: &Trace, standings: &[Standing]) -> Account {
    let start = Account {
        surplus: f64::from(floor.settled),
        variance: f64::from(floor.settled_variance),
        spread: f64::from(floor.settled_spread),
        correlation: f64::from(trace.correlation),
        others: f64::from(floor.settled_calls),
        common: f64::from(floor.common),
    };
    trace
        .served
        .iter()
        .zip(standings)
        .enumerate()
        .fold(start, |sum, (arm, (served, standing))| sum.with(f64::from(*served), standing, arm != 0))
}

/// The trace with its sums.
struct Arms<'a> {
    trace: &'a Trace,
    accounts: Vec<(Account, Vec<Standing>)>,
}

impl<'a> Arms<'a> {
    fn of(trace: &'a Trace) -> Self {
        let accounts = trace
            .floors
            .iter()
            .map(|floor| {
                let standings: Vec<Standing> = floor
                    .gap
                    .iter()
                    .zip(&floor.variance)
                    .map(|(gap, variance)| Standing { gap: f64::from(*gap), variance: f64::from(*variance) })
                    .collect();
                (account(floor, trace, &standings), standings)
            })
            .collect();
        Self { trace, accounts }
    }

    fn with(&self, part: Part) -> Vec<usize> {
        self.trace.part.iter().enumerate().filter(|(_, own)| **own == part).map(|(arm, _)| arm).collect()
    }

    fn z(&self) -> f64 {
        f64::from(self.trace.z)
    }

    fn served(&self, arm: usize) -> f64 {
        self.trace.served.get(arm).map_or(0.0, |served| f64::from(*served))
    }

    fn cost(&self, arm: usize) -> f64 {
        // An arm whose price is not known is open only where it is the baseline, which costs 1 by definition.
        self.trace.cost.get(arm).copied().flatten().map_or(1.0, f64::from)
    }

    /// The worst of the accounts if this arm served.
    fn lowest(&self, arm: usize) -> f64 {
        let after = |(account, standings): &(Account, Vec<Standing>)| {
            let after = |standing| account.after(self.served(arm), standing, arm != 0, self.z());
            standings.get(arm).map_or(f64::NEG_INFINITY, after)
        };
        self.accounts.iter().map(after).fold(f64::INFINITY, f64::min)
    }

    /// Whether this arm holds every floor alone, as far as is known.
    fn alone(&self, arm: usize) -> f64 {
        let lower = |(account, standings): &(Account, Vec<Standing>)| {
            let own = |standing: &Standing| Standing { variance: standing.variance + account.common, ..*standing };
            standings.get(arm).map_or(f64::NEG_INFINITY, |standing| own(standing).lower(self.z()))
        };
        self.accounts.iter().map(lower).fold(f64::INFINITY, f64::min)
    }

    /// The cheapest open arm that holds the floor alone; the baseline always does. Where the baseline is not open and
    /// nobody is known to hold it, the one that comes nearest.
    fn fallback(&self, open: &[usize]) -> Option<usize> {
        let safe = open.iter().copied().filter(|arm| *arm == 0 || self.alone(*arm) >= 0.0);
        safe.min_by(|one, other| self.cost(*one).total_cmp(&self.cost(*other)))
            .or_else(|| open.iter().copied().max_by(|one, other| self.alone(*one).total_cmp(&self.alone(*other))))
    }

    /// The canary shares that the floor affords.
    fn canaries(&self, fallback: usize) -> Vec<(usize, f64)> {
        let wanted: Vec<(usize, f64)> = self
            .with(Part::Canary)
            .into_iter()
            .filter(|arm| *arm != fallback && self.lowest(*arm) >= 0.0)
            .map(|arm| (arm, self.trace.stage.get(arm).map_or(0.0, |share| f64::from(*share))))
            .collect();
        let total: f64 = wanted.iter().map(|canary| canary.1).sum();
        let scale = if total > MOST_CANARY { MOST_CANARY / total } else { 1.0 };
        wanted.into_iter().map(|(arm, share)| (arm, share * scale)).collect()
    }

    /// The winner of one draw.
    fn proposal(&self, open: &[usize], chance: &mut Chance) -> usize {
        self.argmax(open, || chance.normal())
    }

    /// The winner by expectation.
    fn expected(&self, open: &[usize]) -> usize {
        self.argmax(open, || 0.0)
    }

    fn argmax(&self, open: &[usize], mut noise: impl FnMut() -> f64) -> usize {
        let mut best = (f64::NEG_INFINITY, 0);
        for arm in open {
            let score = self.score(*arm, noise());
            if score > best.0 {
                best = (score, *arm);
            }
        }
        best.1
    }

    fn score(&self, arm: usize, noise: f64) -> f64 {
        let value = |list: &[f32]| list.get(arm).map_or(0.0, |value| f64::from(*value));
        f64::from(self.trace.nu) * (value(&self.trace.mean) + value(&self.trace.spread) * noise) - self.cost(arm)
    }

    /// No choice: one arm serves with certainty.
    fn forced(&self, arm: usize, why: Why) -> Settled {
        let mut propensity = vec![0.0; self.trace.mean.len().max(1)];
        add(&mut propensity, arm, 1.0);
        let share = propensity.clone();
        Settled { winner: arm, why, propensity, share, best: arm, fallback: arm, proposed: self.lowest(arm) }
    }
}
