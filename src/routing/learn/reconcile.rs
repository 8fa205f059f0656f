//! How a scope follows what an operator does: a changed configuration, an arm that is let in again.

use super::arm::{Arm, Rated};
use super::eprocess::Stage;
use super::guard::Gap;
use super::savings::Savings;
use super::scope::{Reference, Scope, policy};
use super::spec::ScopeSpec;
use std::sync::Arc;

impl Scope {
    /// Follows a changed configuration: arms that stay keep what they learned, new ones start as canaries.
    /// A new baseline or another kind of features starts the scope again, since every gap is relative to them.
    pub fn reconcile(&mut self, spec: &ScopeSpec) {
        let same_baseline = self.arms.first().map(|arm| &arm.name) == spec.arms.first().map(|arm| &arm.name);
        let floors_moved = self.dimension_floors != spec.dimension_floors;
        if self.dimension != spec.dimension || self.arms.is_empty() {
            *self = Self::new(spec);
            return;
        }
        let priors = spec.priors();
        let place = |name: &str| self.arms.iter().position(|arm| arm.name == name);
        let places: Vec<Option<usize>> = spec.arms.iter().map(|arm| place(&arm.name)).collect();
        let entry = if self.calls == 0 { Stage::Open } else { Stage::Canary(0) };
        let floors = spec.dimension_floors.len();
        let arms: Vec<Arc<Arm>> = spec
            .arms
            .iter()
            .zip(&priors)
            .zip(&places)
            .enumerate()
            .map(|(at, ((arm, prior), place))| {
                let Some(known) = place.and_then(|place| self.arms.get(place)) else {
                    let entry = if at == 0 { Stage::Open } else { entry };
                    return Arc::new(Arm::new(arm, *prior, spec.dimension, floors, &spec.params, entry));
                };
                let mut kept = Arc::clone(known);
                // What the pool said is believed no longer, or from now on; other beliefs stay as they were at the start.
                if known.from_pool != arm.from_pool || (arm.from_pool && known.prior != *prior) {
                    Arc::make_mut(&mut kept).believe(*prior, arm.from_pool);
                }
                if !same_baseline || floors_moved || at == 0 && known.stage != Stage::Open {
                    let kept = Arc::make_mut(&mut kept);
                    if !same_baseline {
                        kept.rated = Rated::default();
                        kept.judged = Gap::default();
                        kept.after_alarm = None;
                    }
                    kept.dimensions = vec![Gap::default(); floors];
                    kept.stage = if at == 0 { Stage::Open } else { kept.stage };
                }
                kept
            })
            .collect();
        let moved = |list: &[f64]| -> Vec<f64> {
            places.iter().map(|place| place.and_then(|place| list.get(place)).copied().unwrap_or(0.0)).collect()
        };
        (self.served, self.since) = (moved(&self.served), moved(&self.since));
        let hints = spec.arms.iter().map(|arm| arm.cost_hint);
        let moves: Vec<_> = places.iter().copied().zip(hints).collect();
        self.costs = Arc::new(self.costs.rearranged(&moves));
        self.contexts.clear();
        if !same_baseline {
            self.reference = Reference::default();
            self.savings = Arc::new(Savings::default());
        }
        if self.arms.iter().map(|arm| &arm.name).ne(arms.iter().map(|arm| &arm.name)) {
            Arc::make_mut(&mut self.keys).forget_arms();
            Arc::make_mut(&mut self.hands).rearrange(&places);
        }
        self.arms = arms;
        self.floor = spec.floor;
        self.dimension_floors.clone_from(&spec.dimension_floors);
        self.params = Arc::new(spec.params.clone());
        self.policy = policy(spec, &priors);
        self.fund();
    }

    /// Starts this scope from the evidence of a wider one, worth at most `most` observations for each arm.
    pub fn adopt(&mut self, parent: &Self, most: f64) {
        for own in &mut self.arms {
            let Some(theirs) = parent.arms.iter().find(|arm| arm.name == own.name) else { continue };
            if theirs.linear.dimension() == own.linear.dimension() && own.calls == 0 {
                let share = (most / theirs.levels.session.count.max(1.0)).min(1.0);
                Arc::make_mut(own).linear = theirs.linear.scaled(share);
            }
        }
    }

    /// A person has looked at an arm that was switched off: it may come back as a canary.
    pub fn restore(&mut self, arm: usize) {
        if let Some(arm) = self.arms.get_mut(arm) {
            let arm = Arc::make_mut(arm);
            arm.drift.forgive();
            arm.failures.forgive();
            if matches!(arm.stage, Stage::Off(_)) {
                arm.stage = Stage::Canary(0);
                arm.bets = super::eprocess::Bets::default();
            }
        }
    }
}
