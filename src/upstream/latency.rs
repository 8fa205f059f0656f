//! Medians of recent times by target: what `latency_based` compares.

use crate::base::ModelRef;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Calls remembered for each target.
const WINDOW: usize = 64;

/// Recent times of all targets.
#[derive(Debug, Default)]
pub struct Latency {
    targets: Mutex<HashMap<ModelRef, Recent>>,
}

#[derive(Debug, Default)]
struct Recent {
    first_byte: Ring,
    total: Ring,
}

#[derive(Debug, Default)]
struct Ring {
    micros: Vec<u32>,
    next: usize,
}

/// Medians in milliseconds, rounded up; `None` where no such time is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Median {
    /// To the first event of streams.
    pub ttft_ms: Option<u64>,
    /// Of whole answers.
    pub total_ms: Option<u64>,
    /// Times behind them.
    pub samples: usize,
}

impl Ring {
    fn push(&mut self, time: Duration) {
        let micros = u32::try_from(time.as_micros()).unwrap_or(u32::MAX);
        match self.micros.get_mut(self.next) {
            Some(slot) => *slot = micros,
            None => self.micros.push(micros),
        }
        self.next = (self.next + 1) % WINDOW;
    }

    fn median_ms(&self) -> Option<u64> {
        let mut sorted = self.micros.clone();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).map(|micros| u64::from(micros.div_ceil(1000)))
    }
}

impl Latency {
    fn with(&self, model: &ModelRef, note: impl FnOnce(&mut Recent)) {
        let mut targets = self.targets.lock().unwrap_or_else(PoisonError::into_inner);
        match targets.get_mut(model) {
            Some(recent) => note(recent),
            None => note(targets.entry(model.clone()).or_default()),
        }
    }

    /// Notes the time to the first event of a stream.
    pub fn first_byte(&self, model: &ModelRef, time: Duration) {
        self.with(model, |recent| recent.first_byte.push(time));
    }

    /// Notes the time of a whole answer.
    pub fn total(&self, model: &ModelRef, time: Duration) {
        self.with(model, |recent| recent.total.push(time));
    }

    /// The medians of the last 64 calls of each kind; `None` before the first one.
    #[must_use]
    pub fn p50(&self, model: &ModelRef) -> Option<Median> {
        let targets = self.targets.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = targets.get(model)?;
        Some(Median {
            ttft_ms: recent.first_byte.median_ms(),
            total_ms: recent.total.median_ms(),
            samples: recent.first_byte.micros.len() + recent.total.micros.len(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_times_are_forgotten() {
        let (latency, model) = (Latency::default(), ModelRef::new("p", "m"));
        assert_eq!(latency.p50(&model), None);
        for _ in 0..WINDOW {
            latency.total(&model, Duration::from_millis(900));
        }
        for ms in 1..=WINDOW as u64 {
            latency.total(&model, Duration::from_millis(ms));
        }
        latency.first_byte(&model, Duration::from_micros(1500));
        assert_eq!(latency.p50(&model), Some(Median { ttft_ms: Some(2), total_ms: Some(33), samples: 65 }));
    }
}
