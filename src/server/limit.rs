//! Rate limits with exact waiting times: the generic cell rate algorithm, one number a caller.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

const SHARDS: usize = 16;
/// Callers remembered in one shard before those who are at rest are forgotten.
const CROWDED: usize = 4_096;

/// Requests per minute by caller. A caller at rest may spend a whole minute's requests at once; then they
/// come back one by one.
#[derive(Debug)]
pub(super) struct Limiter<K> {
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
    /// Counts one request of `caller` at `now`.
    ///
    /// # Errors
    /// The limit is reached: how long until the next request passes.
    pub(super) fn take(&self, caller: K, per_minute: u32, now: Instant) -> Result<(), Duration> {
        let interval = Duration::from_secs(60) / per_minute.max(1);
        let now = now.duration_since(self.start);
        let index = usize::try_from(self.hasher.hash_one(&caller) % SHARDS as u64).unwrap_or(0);
        let shard = self.shards.get(index).expect("the index is taken modulo the number of shards");
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
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

#[cfg(test)]
mod tests {
    use super::*;

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
