//! The queue before the writer. Whoever hands something in never waits; the writer is woken for the first
//! operation of a group and for those that somebody waits for, not for each: on a shared core every waking
//! costs two switches between threads.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A bounded queue with one reader.
#[derive(Debug)]
pub(super) struct Queue<T> {
    state: Mutex<State<T>>,
    woken: Condvar,
    capacity: usize,
}

#[derive(Debug)]
struct State<T> {
    waiting: VecDeque<T>,
    /// Whether somebody waits for one of them.
    urgent: bool,
    /// Whether the reader sleeps until there is anything at all.
    idle: bool,
    closed: bool,
}

/// Why something was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// There is no room.
    Full,
    /// The reader has ended, or is about to.
    Closed,
}

/// What the reader gets.
#[derive(Debug)]
pub(super) struct Group<T> {
    /// In the order of their coming; empty where nothing came in time.
    pub(super) items: VecDeque<T>,
    /// Whether this is all that will ever come.
    pub(super) last: bool,
}

impl<T> Queue<T> {
    pub(super) fn new(capacity: usize) -> Self {
        let state = State { waiting: VecDeque::new(), urgent: false, idle: false, closed: false };
        Self { state: Mutex::new(state), woken: Condvar::new(), capacity }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands one in. `urgent`: somebody waits for it.
    pub(super) fn push(&self, item: T, urgent: bool) -> Result<(), Refused> {
        let mut state = self.lock();
        if state.closed {
            return Err(Refused::Closed);
        }
        if state.waiting.len() >= self.capacity {
            return Err(Refused::Full);
        }
        state.waiting.push_back(item);
        let wake = state.idle || (urgent && !state.urgent);
        state.urgent |= urgent;
        state.idle = false;
        drop(state);
        if wake {
            self.woken.notify_one();
        }
        Ok(())
    }

    /// Takes nothing more; the reader gets what is left.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.woken.notify_one();
    }

    /// The next group of at most `most`: what comes within `window` of its first, or at once where somebody
    /// waits. Empty where nothing comes within `patience`.
    pub(super) fn group(&self, patience: Duration, window: Duration, most: usize) -> Group<T> {
        let mut state = self.lock();
        state.idle = state.waiting.is_empty();
        let mut until = Instant::now() + if state.idle { patience } else { window };
        while !state.closed && !state.urgent && state.waiting.len() < most {
            let was_idle = state.idle;
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state = self.woken.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
            if was_idle && !state.idle {
                until = Instant::now() + window;
            }
        }
        state.idle = false;
        let rest = if state.waiting.len() > most { state.waiting.split_off(most) } else { VecDeque::new() };
        let items = std::mem::replace(&mut state.waiting, rest);
        // What is left behind may be what somebody waits for: it comes at once with the next group.
        state.urgent &= !state.waiting.is_empty();
        Group { items, last: state.closed && state.waiting.is_empty() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn an_urgent_one_ends_the_window() {
        let queue = Queue::new(10);
        queue.push(1, false).unwrap();
        queue.push(2, true).unwrap();
        let group = queue.group(LONG, LONG, 10);
        assert_eq!((group.items, group.last), (VecDeque::from([1, 2]), false));
        assert!(queue.group(Duration::ZERO, LONG, 10).items.is_empty(), "nothing is left, and nothing is urgent");
    }

    #[test]
    fn what_does_not_fit_in_a_group_comes_with_the_next() {
        let queue = Queue::new(3);
        for item in 1..=3 {
            queue.push(item, item == 3).unwrap();
        }
        assert_eq!(queue.push(4, false), Err(Refused::Full));
        assert_eq!(queue.group(LONG, LONG, 2).items, [1, 2]);
        assert_eq!(queue.group(LONG, LONG, 2).items, [3], "still urgent: without the window");
    }

    #[test]
    fn a_closed_queue_gives_what_is_left_and_takes_no_more() {
        let queue = Queue::new(3);
        queue.push(1, false).unwrap();
        queue.close();
        assert_eq!(queue.push(2, false), Err(Refused::Closed));
        let group = queue.group(LONG, LONG, 10);
        assert_eq!((group.items, group.last), (VecDeque::from([1]), true));
    }

    #[test]
    fn a_sleeping_reader_is_woken_and_the_window_begins_with_the_first() {
        let queue = Arc::new(Queue::new(10));
        let reader = {
            let queue = Arc::clone(&queue);
            std::thread::spawn(move || queue.group(LONG, Duration::from_millis(1), 10).items)
        };
        while !queue.lock().idle {
            std::thread::yield_now();
        }
        queue.push(7, false).unwrap();
        assert_eq!(reader.join().unwrap(), [7]);
    }
}
