//! What was already heard, and from whom: repeats change nothing, and no single key moves a scope by itself.

use crate::base::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Origins that are remembered at least.
const GENERATION: usize = 8_192;
/// Keys whose behaviour is remembered.
const MOST_KEYS: usize = 1_024;
/// Surprising votes that a key may cast at once.
const PURSE: f64 = 40.0;
/// Seconds in which it earns one more.
const SECONDS_FOR_ONE: f64 = 30.0;
/// What a vote that surprises nobody earns.
const FOR_ORDINARY: f64 = 0.25;
/// Votes of others from which on they can be compared with.
const ENOUGH_OTHERS: f64 = 20.0;
/// Distance from what others say from which on a vote is surprising.
const SURPRISING: f64 = 0.6;

/// Origins in two generations: when the younger is full, the older is forgotten.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Heard {
    young: Vec<u64>,
    old: Vec<u64>,
}

impl Heard {
    /// Notes an origin; `false` where it was known.
    pub fn note(&mut self, origin: u64) -> bool {
        if self.old.binary_search(&origin).is_ok() {
            return false;
        }
        let Err(place) = self.young.binary_search(&origin) else { return false };
        self.young.insert(place, origin);
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        true
    }
}

/// How many surprising votes each key has left, and what it said so far.
///
/// A vote surprises where it lies far from what *other* keys say of the same arm. One key that floods a scope with votes
/// against everybody else's can move it by [`PURSE`] of them and then by one in half a minute: all its votes are held
/// back until then, so that what remains of them is not a selection. An honest key earns its purse back with every ordinary
/// vote, and forty surprising votes are more than the drift detector needs to act on a real break. Where no other key
/// votes there is nothing to compare with, and nothing is held.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Keys {
    purses: BTreeMap<u64, Purse>,
    all: Votes,
    held: u64,
}

/// Counts and sums of votes by arm.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Votes(Vec<(f64, f64)>);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Purse {
    left: f64,
    at: Timestamp,
    votes: Votes,
}

impl Votes {
    fn add(&mut self, arm: usize, quality: f64) {
        if self.0.len() <= arm {
            self.0.resize(arm + 1, (0.0, 0.0));
        }
        if let Some(own) = self.0.get_mut(arm) {
            *own = (own.0 + 1.0, own.1 + quality);
        }
    }

    fn get(&self, arm: usize) -> (f64, f64) {
        self.0.get(arm).copied().unwrap_or_default()
    }
}

impl Keys {
    /// Whether this key's vote on an arm may count.
    pub fn admits(&mut self, key: u64, arm: usize, quality: f64, at: Timestamp) -> bool {
        if !self.purses.contains_key(&key) && self.purses.len() >= MOST_KEYS {
            let oldest = self.purses.iter().min_by_key(|(_, purse)| purse.at).map(|(key, _)| *key);
            oldest.map(|oldest| self.purses.remove(&oldest));
        }
        let purse = self.purses.entry(key).or_insert_with(|| Purse { left: PURSE, at, votes: Votes::default() });
        #[expect(clippy::cast_precision_loss, reason = "microseconds between two votes")]
        let seconds = at.0.saturating_sub(purse.at.0).max(0) as f64 / 1e6;
        purse.left = (purse.left + seconds / SECONDS_FOR_ONE).min(PURSE);
        purse.at = purse.at.max(at);
        if purse.left < 1.0 {
            self.held += 1;
            return false;
        }
        let (all, own) = (self.all.get(arm), purse.votes.get(arm));
        let others = (all.0 - own.0, all.1 - own.1);
        if others.0 >= ENOUGH_OTHERS && (quality - others.1 / others.0).abs() >= SURPRISING {
            purse.left -= 1.0;
        } else {
            purse.left = (purse.left + FOR_ORDINARY).min(PURSE);
        }
        purse.votes.add(arm, quality);
        self.all.add(arm, quality);
        true
    }

    /// Votes held back so far.
    #[must_use]
    pub const fn held(&self) -> u64 {
        self.held
    }

    /// The arms have other places now: what was said of them is forgotten, not how much each key has left.
    pub fn forget_arms(&mut self) {
        self.all = Votes::default();
        self.purses.values_mut().for_each(|purse| purse.votes = Votes::default());
    }
}
