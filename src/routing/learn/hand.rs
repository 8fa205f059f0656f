//! Ratings by hand: what they teach, and how a later one takes the place of an earlier one of the same call.

use super::learning::origin_of;
use super::lesson::{Change, Observation, Source};
use super::scope::Scope;
use crate::base::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Manual ratings that can be corrected.
const MOST_HANDS: usize = 4_096;

/// A manual rating as it was taken in.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Hand {
    /// Of whom.
    pub arm: usize,
    /// What counts now, 0..1.
    pub quality: f64,
    /// With which weight.
    pub weight: f64,
    /// When.
    pub at: Timestamp,
    /// How much the arm's regression had faded by then.
    pub faded: f64,
}

/// The manual ratings of late, by origin, so that they can be corrected. The oldest is forgotten first: what it counts
/// for by then has faded too.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Hands {
    kept: BTreeMap<u64, Hand>,
    /// Origins as they came.
    order: VecDeque<u64>,
}

impl Hands {
    /// What was taken in of this origin.
    #[must_use]
    pub fn get(&self, origin: u64) -> Option<Hand> {
        self.kept.get(&origin).copied()
    }

    /// Keeps one, in the place of an earlier one of the same origin.
    pub fn keep(&mut self, origin: u64, hand: Hand) {
        if self.kept.insert(origin, hand).is_none() {
            self.order.push_back(origin);
        }
        if self.order.len() > MOST_HANDS
            && let Some(oldest) = self.order.pop_front()
        {
            self.kept.remove(&oldest);
        }
    }

    /// The arms have other places now: the `n`-th was at `places[n]`. Those of arms that are gone are forgotten.
    pub fn rearrange(&mut self, places: &[Option<usize>]) {
        self.kept.retain(|_, hand| match places.iter().position(|place| *place == Some(hand.arm)) {
            Some(now) => {
                hand.arm = now;
                true
            }
            None => false,
        });
        self.order.retain(|origin| self.kept.contains_key(origin));
    }
}

impl Scope {
    pub(super) fn by_hand(
        &mut self,
        arm: usize,
        phi: &[f64],
        target: f64,
        weight: f64,
        heard: &Observation<'_>,
    ) -> Vec<Change> {
        let params = Arc::clone(&self.params);
        let Some(own) = self.arms.get_mut(arm) else { return Vec::new() };
        let own = Arc::make_mut(own);
        own.levels.manual.observe(target, weight, 1.0);
        own.recent.rated(heard.at, target, weight);
        own.linear.observe(phi, target, weight * params.manual_weight, params.keep_regression);
        let hand = Hand { arm, quality: target, weight, at: heard.at, faded: own.linear.faded() };
        Arc::make_mut(&mut self.hands).keep(origin_of(heard), hand);
        Vec::new()
    }

    /// A later manual rating of the same call takes the place of the first in every sum, at the weight that the first has
    /// left. `None` where there is no first one, or it is forgotten.
    pub(super) fn correct(
        &mut self,
        heard: &Observation<'_>,
        origin: u64,
        phi: &[f64],
        quality: f64,
    ) -> Option<Change> {
        let Source::Manual = heard.source else { return None };
        let before = self.hands.get(origin)?;
        let own = Arc::make_mut(self.arms.get_mut(before.arm)?);
        let weight = before.weight;
        own.levels.manual.replace(before.quality, quality, weight);
        own.recent.corrected(before.at, weight * (quality - before.quality));
        let moved = weight * self.params.manual_weight * (quality - before.quality);
        own.linear.correct(phi, moved, before.faded);
        Arc::make_mut(&mut self.hands).keep(origin, Hand { quality, ..before });
        Some(Change::Corrected { from: before.quality })
    }
}
