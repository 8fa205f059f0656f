//! What is remembered for a while: in memory, within the org, and within limits on bytes. The oldest is forgotten
//! first, of the org that has the most.

use crate::base::{OrgId, Timestamp};
use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Bytes that an entry takes besides what it holds, roughly.
const OVERHEAD: usize = 300;

/// How much is remembered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Most {
    /// How long.
    pub(crate) kept: Duration,
    /// Bytes of one org.
    pub(crate) of_org: usize,
    /// Bytes of all orgs.
    pub(crate) of_all: usize,
}

/// What is remembered, by org and place.
#[derive(Debug)]
pub(crate) struct Shelves<P, V> {
    most: Most,
    shelves: Mutex<HashMap<OrgId, Shelf<P, V>>>,
}

#[derive(Debug)]
struct Shelf<P, V> {
    kept: HashMap<P, Kept<V>>,
    /// In the order of their coming; a place that was filled anew stands here twice.
    order: VecDeque<(P, Timestamp)>,
    bytes: usize,
}

#[derive(Debug)]
struct Kept<V> {
    value: V,
    at: Timestamp,
    bytes: usize,
}

impl<P, V> Default for Shelf<P, V> {
    fn default() -> Self {
        Self { kept: HashMap::new(), order: VecDeque::new(), bytes: 0 }
    }
}

impl<P: Eq + Hash + Clone, V: Clone> Shelf<P, V> {
    fn take_out(&mut self, place: &P, at: Timestamp) {
        if self.kept.get(place).is_some_and(|kept| kept.at == at)
            && let Some(kept) = self.kept.remove(place)
        {
            self.bytes -= kept.bytes;
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((place, at)) = self.order.pop_front() {
            self.take_out(&place, at);
        }
    }

    /// Forgets what is past its time, and the oldest of what is too much.
    fn tidy(&mut self, most: Most, now: Timestamp) {
        while self.order.front().is_some_and(|(_, at)| at.plus(most.kept) < now) || self.bytes > most.of_org {
            self.forget_oldest();
        }
    }

    fn put(&mut self, place: P, kept: Kept<V>) {
        let (at, bytes) = (kept.at, kept.bytes);
        if let Some(old) = self.kept.insert(place.clone(), kept) {
            self.bytes -= old.bytes;
        }
        self.bytes += bytes;
        self.order.push_back((place, at));
    }
}

impl<P: Eq + Hash + Clone, V: Clone> Shelves<P, V> {
    pub(crate) fn new(most: Most) -> Self {
        Self { most, shelves: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<OrgId, Shelf<P, V>>> {
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers a value of this many bytes.
    pub(crate) fn put(&self, org: &OrgId, place: P, value: V, bytes: usize, now: Timestamp) {
        let mut shelves = self.lock();
        let shelf = shelves.entry(org.clone()).or_default();
        shelf.put(place, Kept { value, at: now, bytes: bytes + OVERHEAD });
        shelf.tidy(self.most, now);
        while shelves.values().map(|shelf| shelf.bytes).sum::<usize>() > self.most.of_all {
            let Some(fullest) = shelves.values_mut().max_by_key(|shelf| shelf.bytes) else { return };
            fullest.forget_oldest();
        }
        shelves.retain(|_, shelf| !shelf.kept.is_empty());
    }

    /// What stands at this place.
    pub(crate) fn get(&self, org: &OrgId, place: &P, now: Timestamp) -> Option<V> {
        let mut shelves = self.lock();
        let shelf = shelves.get_mut(org)?;
        shelf.tidy(self.most, now);
        shelf.kept.get(place).map(|kept| kept.value.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_bounded_for_an_org_and_for_all() {
        let most = Most { kept: Duration::from_secs(1), of_org: 8 << 20, of_all: 64 << 20 };
        let shelves = Shelves::new(most);
        for round in 0..40_i64 {
            for org in 0..12 {
                shelves.put(&OrgId::from(org.to_string()), round, round, 1 << 20, Timestamp(round));
            }
        }
        assert_eq!(shelves.get(&OrgId::from("0"), &39, Timestamp(40)), Some(39), "the latest stays");
        assert_eq!(shelves.get(&OrgId::from("0"), &0, Timestamp(40)), None, "the oldest goes");
        let inner = shelves.lock();
        assert!(inner.values().all(|shelf| shelf.bytes <= most.of_org));
        let total: usize = inner.values().map(|shelf| shelf.bytes).sum();
        assert!(total <= most.of_all && total > most.of_all / 2, "{total}");
        for shelf in inner.values() {
            assert_eq!(shelf.bytes, shelf.kept.values().map(|kept| kept.bytes).sum::<usize>());
        }
    }

    #[test]
    fn a_place_is_its_orgs_own_and_forgotten_in_time() {
        let shelves = Shelves::new(Most { kept: Duration::from_secs(1), of_org: 1 << 20, of_all: 1 << 20 });
        let (ours, theirs) = (OrgId::from("a"), OrgId::from("b"));
        shelves.put(&ours, "x", 1, 10, Timestamp(0));
        assert_eq!(shelves.get(&ours, &"x", Timestamp(1)), Some(1));
        assert_eq!(shelves.get(&theirs, &"x", Timestamp(1)), None);
        shelves.put(&ours, "x", 2, 10, Timestamp(500_000));
        assert_eq!(shelves.get(&ours, &"x", Timestamp(1_200_000)), Some(2), "filled anew");
        assert_eq!(shelves.get(&ours, &"x", Timestamp(1_500_001)), None);
    }
}
