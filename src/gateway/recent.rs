//! A bounded memory of recent things: two generations, the older one forgotten when the younger is full.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, PoisonError};

const SHARDS: usize = 16;

/// A sharded map that remembers at least the last `capacity` keys touched, at most twice as many.
/// Insertion and look-up take constant time; when a shard's younger generation is full, its older
/// one is forgotten whole.
#[derive(Debug)]
pub(crate) struct Recent<K, V> {
    shards: Vec<Mutex<Generations<K, V>>>,
    per_shard: usize,
    hasher: RandomState,
}

#[derive(Debug)]
struct Generations<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K: Hash + Eq + Clone, V: Clone> Recent<K, V> {
    /// A memory of about `capacity` keys.
    #[must_use]
    pub(crate) fn new(capacity: usize) -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::new(Generations { young: HashMap::new(), old: HashMap::new() }));
        Self { shards: shards.collect(), per_shard: (capacity / SHARDS).max(1), hasher: RandomState::new() }
    }

    fn shard<Q: Hash + ?Sized>(&self, key: &Q) -> &Mutex<Generations<K, V>> {
        let index = usize::try_from(self.hasher.hash_one(key) % SHARDS as u64).unwrap_or(0);
        self.shards.get(index).expect("the index is taken modulo the number of shards")
    }

    /// What is remembered of `key`; a hit in the older generation moves it to the younger.
    pub(crate) fn get<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let mut shard = self.shard(key).lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = shard.young.get(key) {
            return Some(value.clone());
        }
        let (key, value) = shard.old.remove_entry(key)?;
        shard.young.insert(key, value.clone());
        Some(value)
    }

    /// What is remembered of `key`, left where it lies.
    pub(crate) fn peek<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let shard = self.shard(key).lock().unwrap_or_else(PoisonError::into_inner);
        shard.young.get(key).or_else(|| shard.old.get(key)).cloned()
    }

    /// Remembers `value` under `key`.
    pub(crate) fn put(&self, key: K, value: V) {
        let mut shard = self.shard(&key).lock().unwrap_or_else(PoisonError::into_inner);
        if shard.young.len() >= self.per_shard && !shard.young.contains_key(&key) {
            shard.old = std::mem::take(&mut shard.young);
        }
        shard.young.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_bounded_and_keeps_what_is_used() {
        let recent: Recent<u32, u32> = Recent::new(160);
        recent.put(7, 7);
        for key in 100..10_000 {
            recent.put(key, key);
            assert_eq!(recent.get(&7), Some(7), "touched at every step");
        }
        assert_eq!(recent.get(&9_999), Some(9_999));
        let kept = (100..10_000).filter(|key| recent.get(key).is_some()).count();
        assert!(kept <= 2 * 160, "{kept}");
    }

    #[test]
    fn a_peek_keeps_nothing_alive() {
        let recent: Recent<u32, u32> = Recent::new(160);
        recent.put(7, 7);
        let forgotten = (100..10_000).find(|key| {
            recent.put(*key, *key);
            recent.peek(&7).is_none()
        });
        assert!(forgotten.is_some(), "looked at at every step, and forgotten none the less");
    }
}
