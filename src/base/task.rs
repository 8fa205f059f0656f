//! Background tasks with an owner.

use std::future::Future;
use tokio::task::{AbortHandle, JoinSet};

/// A set of tasks that ends with its owner: dropping the set cancels them, [`Tasks::join`] waits.
#[derive(Debug, Default)]
pub struct Tasks {
    set: JoinSet<()>,
}

impl Tasks {
    /// An empty set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts a task that this set owns. Ended tasks are forgotten here, so that the set stays small.
    pub fn start(&mut self, task: impl Future<Output = ()> + Send + 'static) -> AbortHandle {
        while self.set.try_join_next().is_some() {}
        self.set.spawn(task)
    }

    /// How many tasks are running or not yet forgotten.
    #[must_use]
    pub fn len(&self) -> usize {
        self.set.len()
    }

    /// Whether no task is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.set.is_empty()
    }

    /// Waits until every task has ended.
    pub async fn join(&mut self) {
        while self.set.join_next().await.is_some() {}
    }

    /// Cancels what is still running and waits for it.
    pub async fn cancel(&mut self) {
        self.set.shutdown().await;
    }
}
