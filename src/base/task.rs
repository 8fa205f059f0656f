//! Background tasks with an owner.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Semaphore, mpsc};
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

/// Jobs that wait for one worker beside the requests. Bounded: who hands in never waits.
#[derive(Debug)]
pub struct Queue<T> {
    jobs: mpsc::Sender<T>,
    waiting: Mutex<Option<mpsc::Receiver<T>>>,
}

impl<T: Send + 'static> Queue<T> {
    /// A queue for this many jobs, at which nobody works yet.
    #[must_use]
    pub fn new(places: usize) -> Self {
        let (jobs, waiting) = mpsc::channel(places);
        Self { jobs, waiting: Mutex::new(Some(waiting)) }
    }

    /// Hands a job in; `false` where the queue is full, and the job is gone.
    pub fn hand_in(&self, job: T) -> bool {
        self.jobs.try_send(job).is_ok()
    }

    /// The work: `at_once` jobs side by side, until it is cancelled. The second of two workers finds nothing to do.
    pub fn work<W, F>(&self, at_once: usize, work: W) -> impl Future<Output = ()> + Send + use<T, W, F>
    where
        W: Fn(T) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
        async move {
            let Some(mut jobs) = waiting else { return };
            let places = Arc::new(Semaphore::new(at_once));
            let mut running = Tasks::new();
            while let Some(job) = jobs.recv().await {
                let Ok(place) = Arc::clone(&places).acquire_owned().await else { break };
                let job = work(job);
                running.start(async move {
                    job.await;
                    drop(place);
                });
            }
            running.join().await;
        }
    }
}
