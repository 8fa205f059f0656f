//! How many lines of all batches are under way: what interactive requests leave of the places, and one at least.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Notify;

/// The gate before the gateway.
#[derive(Debug, Default)]
pub(super) struct Gate {
    inside: AtomicUsize,
    freed: Notify,
}

/// A line's place; dropped, it is free for another one.
#[derive(Debug)]
pub(super) struct Place(Arc<Gate>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.inside.fetch_sub(1, Ordering::Relaxed);
        self.0.freed.notify_waiters();
    }
}

impl Gate {
    /// Waits for a place. `free` says how many places batches have at the moment; a line that ends looks anew, so one
    /// line is always let through.
    pub(super) async fn place(self: &Arc<Self>, free: impl Fn() -> usize) -> Place {
        loop {
            let mut freed = std::pin::pin!(self.freed.notified());
            freed.as_mut().enable();
            let most = free().max(1);
            let taken = self
                .inside
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |inside| (inside < most).then_some(inside + 1));
            if taken.is_ok() {
                return Place(Arc::clone(self));
            }
            freed.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[tokio::test]
    async fn there_is_always_one_place_and_never_more_than_are_free() {
        let gate = Arc::new(Gate::default());
        let first = gate.place(|| 0).await;
        assert!(gate.place(|| 1).now_or_never().is_none(), "one place, and it is taken");
        let second = gate.place(|| 2).await;
        assert!(gate.place(|| 2).now_or_never().is_none());
        drop(first);
        assert!(gate.place(|| 1).now_or_never().is_none(), "the others are needed now");
        drop(second);
        assert!(gate.place(|| 1).now_or_never().is_some());
    }

    #[tokio::test]
    async fn whoever_waits_is_let_in_when_a_place_is_freed() {
        let gate = Arc::new(Gate::default());
        let first = gate.place(|| 1).await;
        let mut waiting = Box::pin(gate.place(|| 1));
        assert!(waiting.as_mut().now_or_never().is_none());
        drop(first);
        drop(waiting.await);
    }
}
