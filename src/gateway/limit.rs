//! Rate limits with exact waiting times: the generic cell rate algorithm, one number a caller.
//!
//! What nobody waits for is held to half of a minute's requests, so that the other half is there when somebody does.

use super::Gateway;
use super::caller::Caller;
use crate::base::{KeyId, OrgId};
use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

const SHARDS: usize = 16;
/// Callers remembered in one shard before those who are at rest are forgotten.
const CROWDED: usize = 4_096;

/// Requests per minute by caller. A caller at rest may spend a whole minute's requests at once; then they
/// come back one by one.
#[derive(Debug)]
pub struct Limiter<K> {
    shards: Vec<Mutex<HashMap<K, Duration>>>,
    hasher: RandomState,
    start: Instant,
}

impl<K: Hash + Eq> Default for Limiter<K> {
    fn default() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::new(HashMap::new())).collect(),
            hasher: RandomState::new(),
            start: Instant::now(),
        }
    }
}

impl<K: Hash + Eq> Limiter<K> {
    fn shard(&self, caller: &K) -> MutexGuard<'_, HashMap<K, Duration>> {
        let index = usize::try_from(self.hasher.hash_one(caller) % SHARDS as u64).unwrap_or(0);
        let shard = self.shards.get(index).expect("the index is taken modulo the number of shards");
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long until a request of `caller` would leave half of a minute's requests free. Counts nothing.
    fn until_spare(&self, caller: &K, per_minute: u32, now: Instant) -> Duration {
        let interval = Duration::from_secs(60) / per_minute.max(1);
        let now = now.duration_since(self.start);
        let spent = self.shard(caller).get(caller).copied().unwrap_or_default();
        spent.saturating_sub(now + interval * ((per_minute.max(1) - 1) / 2))
    }

    /// Counts one request of `caller` at `now`.
    ///
    /// # Errors
    /// The limit is reached: how long until the next request passes.
    pub fn take(&self, caller: K, per_minute: u32, now: Instant) -> Result<(), Duration> {
        let interval = Duration::from_secs(60) / per_minute.max(1);
        let now = now.duration_since(self.start);
        let mut shard = self.shard(&caller);
        if shard.len() >= CROWDED {
            shard.retain(|_, free_at| *free_at > now);
        }
        // When all requests so far would have been spent at an even pace.
        let spent = shard.get(&caller).copied().unwrap_or_default().max(now);
        let limit = now + interval * (per_minute.max(1) - 1);
        if spent > limit {
            return Err(spent - limit);
        }
        shard.insert(caller, spent + interval);
        Ok(())
    }
}

/// The limits that are kept behind the door.
#[derive(Debug, Default)]
pub struct Limits {
    /// Of each key.
    pub by_key: Limiter<KeyId>,
    /// Of each org.
    pub by_org: Limiter<OrgId>,
}

impl Gateway {
    /// Counts a request that nobody waits for, where the limits of its key and its org leave half of their room to
    /// others.
    ///
    /// # Errors
    /// They do not: how long until they do.
    pub fn spare(&self, caller: &Caller) -> Result<(), Duration> {
        let now = Instant::now();
        let key = caller.key.as_ref().and_then(|key| Some((&key.id, key.requests_per_minute?)));
        let org = self.constraints(&caller.org).spend.max_requests_per_minute.map(|most| (&caller.org, most));
        let waits = [
            key.map_or(Duration::ZERO, |(key, most)| self.limits.by_key.until_spare(key, most, now)),
            org.map_or(Duration::ZERO, |(org, most)| self.limits.by_org.until_spare(org, most, now)),
        ];
        let wait = waits.into_iter().max().unwrap_or_default();
        if !wait.is_zero() {
            return Err(wait);
        }
        key.map_or(Ok(()), |(key, most)| self.limits.by_key.take(key.clone(), most, now))?;
        org.map_or(Ok(()), |(org, most)| self.limits.by_org.take(org.clone(), most, now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_nobody_waits_for_leaves_half_of_a_minute() {
        let limiter = Limiter::default();
        let now = Instant::now();
        for _ in 0..30 {
            assert_eq!(limiter.until_spare(&"a", 60, now), Duration::ZERO);
            limiter.take("a", 60, now).unwrap();
        }
        assert_eq!(limiter.until_spare(&"a", 60, now), Duration::from_secs(1));
        for _ in 0..30 {
            limiter.take("a", 60, now).unwrap();
        }
        assert_eq!(limiter.until_spare(&"a", 60, now), Duration::from_secs(31));
        assert_eq!(limiter.until_spare(&"b", 1, now), Duration::ZERO, "a limit of one lets one through");
    }

    #[tokio::test]
    async fn the_wait_is_exact() {
        let limiter = Limiter::default();
        let mut now = Instant::now();
        for _ in 0..60 {
            assert_eq!(limiter.take("a", 60, now), Ok(()));
        }
        assert_eq!(limiter.take("a", 60, now), Err(Duration::from_secs(1)));
        assert_eq!(limiter.take("b", 60, now), Ok(()), "callers do not share");
        now += Duration::from_millis(400);
        assert_eq!(limiter.take("a", 60, now), Err(Duration::from_millis(600)));
        now += Duration::from_millis(600);
        assert_eq!(limiter.take("a", 60, now), Ok(()));
        assert!(limiter.take("a", 60, now).is_err());
    }
}
