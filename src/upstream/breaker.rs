//! The circuit breaker: a target that fails repeatedly is left alone for a while, then probed by one call.
//!
//! Closed → (consecutive failures) → open → (cooldown) → half-open, one probe → closed, or open again for
//! twice as long, up to eight cooldowns. A provider's `Retry-After` opens the circuit for that long.

use crate::base::ModelRef;
use crate::config::settings::BreakerPolicy;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Longest time a circuit stays open, in cooldowns.
const MAX_COOLDOWNS: u32 = 8;

/// The state of one target's circuit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Calls pass.
    Closed,
    /// One probe passes.
    HalfOpen,
    /// No call passes.
    Open,
}

impl State {
    /// The name in `routes` and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::HalfOpen => "half_open",
            Self::Open => "open",
        }
    }
}

#[derive(Debug, Default)]
struct Circuit {
    failures: u32,
    openings: u32,
    open_until: Option<Instant>,
    probing: bool,
}

/// The circuits of all targets. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Breakers {
    circuits: Arc<Mutex<HashMap<ModelRef, Circuit>>>,
}

/// Whether a call may be made.
#[derive(Debug)]
pub enum Admission {
    /// Yes; the permit must learn how it went.
    Admitted(Permit),
    /// No, for this long.
    Open {
        /// Until the next probe.
        retry_after: Duration,
    },
}

/// A call under way. Dropped without a word (the client left), it only frees the probe's place.
#[derive(Debug)]
pub struct Permit {
    breakers: Breakers,
    model: ModelRef,
    policy: BreakerPolicy,
    told: bool,
}

impl Breakers {
    fn lock(&self) -> MutexGuard<'_, HashMap<ModelRef, Circuit>> {
        self.circuits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for a call to `model` at `now`.
    #[must_use]
    pub fn admit(&self, model: &ModelRef, policy: &BreakerPolicy, now: Instant) -> Admission {
        if policy.enabled
            && let Some(circuit) = self.lock().get_mut(model)
            && let Some(until) = circuit.open_until
        {
            if now < until {
                return Admission::Open { retry_after: until - now };
            }
            if circuit.probing {
                return Admission::Open { retry_after: policy.cooldown };
            }
            circuit.probing = true;
        }
        Admission::Admitted(Permit { breakers: self.clone(), model: model.clone(), policy: *policy, told: false })
    }

    /// Whether calls to `model` would be refused at `now`.
    #[must_use]
    pub fn is_open(&self, model: &ModelRef, now: Instant) -> bool {
        self.lock().get(model).is_some_and(|circuit| circuit.state(now) == State::Open || circuit.probing)
    }

    /// The state of one target at `now`.
    #[must_use]
    pub fn state(&self, model: &ModelRef, now: Instant) -> State {
        self.lock().get(model).map_or(State::Closed, |circuit| circuit.state(now))
    }

    /// All targets that ever failed, with their state at `now`.
    #[must_use]
    pub fn states(&self, now: Instant) -> Vec<(ModelRef, State)> {
        self.lock().iter().map(|(model, circuit)| (model.clone(), circuit.state(now))).collect()
    }
}

impl Circuit {
    fn state(&self, now: Instant) -> State {
        match self.open_until {
            None => State::Closed,
            Some(until) if now < until => State::Open,
            Some(_) => State::HalfOpen,
        }
    }
}

impl Permit {
    /// The target answered (be it with the caller's own mistake).
    pub fn succeeded(mut self) {
        self.told = true;
        if let Some(circuit) = self.breakers.lock().get_mut(&self.model) {
            *circuit = Circuit::default();
        }
    }

    /// The target failed at `now`, perhaps saying when to come back.
    pub fn failed(mut self, retry_after: Option<Duration>, now: Instant) {
        self.told = true;
        if !self.policy.enabled {
            return;
        }
        let mut circuits = self.breakers.lock();
        let circuit = circuits.entry(self.model.clone()).or_default();
        circuit.failures = circuit.failures.saturating_add(1);
        let was_probe = std::mem::take(&mut circuit.probing);
        if was_probe || circuit.failures >= self.policy.failures {
            let cooldowns = 2_u32.saturating_pow(circuit.openings).min(MAX_COOLDOWNS);
            circuit.openings = circuit.openings.saturating_add(1);
            let pause = self.policy.cooldown.saturating_mul(cooldowns).max(retry_after.unwrap_or_default());
            circuit.open_until = Some(now + pause);
        } else if let Some(after) = retry_after {
            circuit.open_until = Some(now + after);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if !self.told
            && let Some(circuit) = self.breakers.lock().get_mut(&self.model)
        {
            circuit.probing = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: BreakerPolicy = BreakerPolicy { enabled: true, failures: 3, cooldown: Duration::from_secs(10) };

    fn permit(breakers: &Breakers, now: Instant) -> Permit {
        match breakers.admit(&model(), &POLICY, now) {
            Admission::Admitted(permit) => permit,
            Admission::Open { retry_after } => panic!("open for {retry_after:?}"),
        }
    }

    fn model() -> ModelRef {
        ModelRef::new("p", "m")
    }

    fn open_for(breakers: &Breakers, now: Instant) -> Option<u64> {
        match breakers.admit(&model(), &POLICY, now) {
            Admission::Admitted(_) => None,
            Admission::Open { retry_after } => Some(retry_after.as_secs()),
        }
    }

    #[tokio::test]
    async fn it_opens_probes_once_and_closes() {
        let (breakers, start) = (Breakers::default(), Instant::now());
        for _ in 0..3 {
            permit(&breakers, start).failed(None, start);
        }
        assert_eq!(open_for(&breakers, start), Some(10));
        let later = start + Duration::from_secs(10);
        assert_eq!(breakers.state(&model(), later), State::HalfOpen);
        let probe = permit(&breakers, later);
        assert!(open_for(&breakers, later).is_some(), "one probe at a time");
        probe.succeeded();
        assert_eq!(breakers.state(&model(), later), State::Closed);
    }

    #[tokio::test]
    async fn a_failed_probe_doubles_the_pause() {
        let (breakers, mut now) = (Breakers::default(), Instant::now());
        for _ in 0..3 {
            permit(&breakers, now).failed(None, now);
        }
        for expected in [20, 40, 80, 80] {
            now += Duration::from_secs(100);
            permit(&breakers, now).failed(None, now);
            assert_eq!(open_for(&breakers, now), Some(expected));
        }
    }

    #[tokio::test]
    async fn a_probe_that_nobody_waits_for_frees_its_place() {
        let (breakers, now) = (Breakers::default(), Instant::now());
        for _ in 0..3 {
            permit(&breakers, now).failed(None, now);
        }
        let later = now + Duration::from_secs(11);
        drop(permit(&breakers, later));
        permit(&breakers, later).succeeded();
    }

    #[tokio::test]
    async fn failures_must_follow_each_other_and_a_hint_opens_at_once() {
        let (breakers, now) = (Breakers::default(), Instant::now());
        for _ in 0..10 {
            permit(&breakers, now).failed(None, now);
            permit(&breakers, now).failed(None, now);
            permit(&breakers, now).succeeded();
        }
        assert_eq!(open_for(&breakers, now), None);
        permit(&breakers, now).failed(Some(Duration::from_secs(7)), now);
        assert_eq!(open_for(&breakers, now), Some(7));
    }
}
