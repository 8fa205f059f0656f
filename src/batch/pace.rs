//! How fast one batch goes: additive increase, multiplicative decrease, as TCP does.
//!
//! A provider that says "too many" halves the lines under way and pauses the batch for as long as it asks; so does a run
//! of failures, which is what an outage looks like. Each round of answers adds one line again.

use std::time::Duration;
use tokio::time::Instant;

/// The first pause, where nobody says how long.
const FIRST: Duration = Duration::from_secs(1);
/// The longest one of ours.
const LONGEST: Duration = Duration::from_secs(60);
/// Failures in a row that are no accident.
const STREAK: u32 = 3;

/// The pace of one batch.
#[derive(Debug)]
pub(super) struct Pace {
    window: usize,
    answered: usize,
    failed: u32,
    pause: Duration,
    opens_at: Option<Instant>,
}

impl Pace {
    /// Begins with as many lines as there may be.
    pub(super) fn new(most: usize) -> Self {
        Self { window: most.max(1), answered: 0, failed: 0, pause: FIRST, opens_at: None }
    }

    /// Lines that may be under way, at most `most`.
    pub(super) fn window(&self, most: usize) -> usize {
        self.window.min(most).max(1)
    }

    /// Until when no line is begun; `None` = lines may be begun.
    pub(super) fn closed_until(&self, now: Instant) -> Option<Instant> {
        self.opens_at.filter(|at| *at > now)
    }

    /// A line was answered, well or badly.
    pub(super) fn answered(&mut self, most: usize) {
        (self.failed, self.pause) = (0, FIRST);
        self.answered += 1;
        if self.answered >= self.window && self.window < most {
            (self.window, self.answered) = (self.window + 1, 0);
        }
    }

    /// A provider, or a limit of ours further on, has had too many.
    pub(super) fn crowded(&mut self, now: Instant, after: Option<Duration>) {
        // Lines that were under way together are told together: that is one message, not many.
        if self.closed_until(now).is_none() {
            self.window = (self.window / 2).max(1);
            self.answered = 0;
            self.wait(now, after.unwrap_or_default().max(self.pause));
            self.pause = (self.pause * 2).min(LONGEST);
        } else if let Some(after) = after {
            self.wait(now, after);
        }
    }

    /// A line failed, and not by its own fault.
    pub(super) fn failed(&mut self, now: Instant) {
        self.failed += 1;
        if self.failed >= STREAK {
            self.crowded(now, None);
        }
    }

    /// Begins nothing for this long.
    pub(super) fn wait(&mut self, now: Instant, pause: Duration) {
        let at = now + pause;
        self.opens_at = Some(self.opens_at.map_or(at, |known| known.max(at)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test]
    async fn too_many_halves_and_pauses_and_answers_add_one_a_round() {
        let mut now = Instant::now();
        let mut pace = Pace::new(8);
        pace.crowded(now, Some(SECOND * 7));
        pace.crowded(now, Some(SECOND * 3));
        assert_eq!((pace.window(8), pace.closed_until(now)), (4, Some(now + SECOND * 7)), "told twice, halved once");
        now += SECOND * 7;
        assert_eq!(pace.closed_until(now), None);
        for _ in 0..4 {
            pace.answered(8);
        }
        assert_eq!((pace.window(8), pace.window(2)), (5, 2));
        for _ in 0..100 {
            pace.answered(8);
        }
        assert_eq!(pace.window(8), 8);
    }

    #[tokio::test]
    async fn pauses_of_ours_double_and_an_answer_ends_the_row() {
        let mut now = Instant::now();
        let mut pace = Pace::new(1);
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
            pace.crowded(now, None);
            let until = now + SECOND * seconds;
            assert_eq!((pace.closed_until(now), pace.window(1)), (Some(until), 1));
            now = until;
        }
        pace.answered(1);
        pace.failed(now);
        pace.failed(now);
        assert_eq!(pace.closed_until(now), None, "an accident pauses nothing");
        pace.failed(now);
        assert_eq!(pace.closed_until(now), Some(now + SECOND));
    }
}
