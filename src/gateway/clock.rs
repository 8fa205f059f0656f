//! What each stage takes: one look at the monotonic clock where a stage ends.

use crate::resource::timings::Timings;
use std::time::{Duration, Instant};

/// The stages that time is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Admit,
    Choose,
    Dispatch,
    Relay,
    Record,
}

/// The time of one request so far.
#[derive(Debug)]
pub(crate) struct Clock {
    began: Instant,
    last: Instant,
    spent: Timings,
}

impl Clock {
    /// A clock of a request that began then.
    pub(crate) fn since(began: Instant) -> Self {
        Self { began, last: began, spent: Timings::default() }
    }

    /// When the request began.
    pub(crate) fn began(&self) -> Instant {
        self.began
    }

    /// The time since the last stage ended was this stage's; all time so far.
    pub(crate) fn passed(&mut self, stage: Stage) -> Duration {
        let now = Instant::now();
        let took = micros(now.duration_since(self.last));
        let spent = &mut self.spent;
        *match stage {
            Stage::Admit => &mut spent.admit_us,
            Stage::Choose => &mut spent.choose_us,
            Stage::Dispatch => &mut spent.dispatch_us,
            Stage::Relay => &mut spent.relay_us,
            Stage::Record => &mut spent.record_us,
        } += took;
        self.last = now;
        now.duration_since(self.began)
    }

    /// What each stage took so far.
    pub(crate) fn spent(&self) -> Timings {
        self.spent
    }
}

/// Whole microseconds.
pub(crate) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_time_is_some_stages() {
        let began = Instant::now() - Duration::from_millis(5);
        let mut clock = Clock::since(began);
        let stages = [Stage::Admit, Stage::Choose, Stage::Dispatch, Stage::Relay, Stage::Dispatch, Stage::Record];
        let total = stages.map(|stage| clock.passed(stage))[stages.len() - 1];
        let spent = clock.spent();
        let sum = spent.admit_us + spent.choose_us + spent.dispatch_us + spent.relay_us + spent.record_us;
        assert!(spent.admit_us >= 5000, "{spent:?}");
        // Each stage is cut to whole microseconds.
        assert!(micros(total) - sum <= stages.len() as u64, "{sum} of {total:?}");
    }
}
