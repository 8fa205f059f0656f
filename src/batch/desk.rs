//! Where batches wait, run and are watched.

use super::gate::{Gate, Place};
use super::run;
use crate::base::task::Tasks;
use crate::base::{BatchId, OrgId, limits};
use crate::gateway::Gateway;
use crate::resource::batch::Progress;
use crate::resource::{Batch, BatchStep, StoredFile};
use crate::store::Error;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio::time::timeout;

/// How long a line waits for a place before it looks whether interactive requests have left one.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// How often to look for files and batches that are past their time, and for batches that an error has left behind.
const LOOK: Duration = Duration::from_secs(30);

/// A batch that runs, as others see it.
#[derive(Debug)]
pub(super) struct Live {
    org: OrgId,
    progress: Mutex<Option<Progress>>,
    halted: watch::Sender<bool>,
}

impl Live {
    pub(super) fn of(org: OrgId) -> Self {
        Self { org, progress: Mutex::default(), halted: watch::Sender::new(false) }
    }

    /// Tells how far it is.
    pub(super) fn show(&self, progress: Progress) {
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner) = Some(progress);
    }

    /// Whether it was called off.
    pub(super) fn halted(&self) -> watch::Receiver<bool> {
        self.halted.subscribe()
    }
}

/// All batches of this process.
pub struct Batches {
    pub(super) gateway: Arc<Gateway>,
    gate: Arc<Gate>,
    bell: Notify,
    stopping: watch::Sender<bool>,
    running: Mutex<HashMap<BatchId, Arc<Live>>>,
    ended: watch::Sender<()>,
}

impl std::fmt::Debug for Batches {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Batches").field("running", &self.running().len()).finish_non_exhaustive()
    }
}

/// Takes a batch from the list of those that run, however it ends.
struct Runs {
    desk: Arc<Batches>,
    id: BatchId,
}

impl Drop for Runs {
    fn drop(&mut self) {
        self.desk.running().remove(&self.id);
        self.desk.ended.send_replace(());
    }
}

impl Batches {
    /// The desk of a process that is starting. Contents that an earlier process has left unfinished go.
    ///
    /// # Errors
    /// The store cannot be read, or its folder not tidied.
    pub fn open(gateway: Arc<Gateway>) -> Result<Arc<Self>, Error> {
        let gone = gateway.store.sweep_blobs()?;
        if gone > 0 {
            tracing::info!(gone, "removed uploads that had broken off");
        }
        Ok(Arc::new(Self {
            gateway,
            gate: Arc::default(),
            bell: Notify::new(),
            stopping: watch::Sender::new(false),
            running: Mutex::default(),
            ended: watch::Sender::new(()),
        }))
    }

    fn running(&self) -> MutexGuard<'_, HashMap<BatchId, Arc<Live>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs batches until it is cancelled: those of earlier processes first.
    pub async fn work(self: Arc<Self>) {
        let mut tasks = Tasks::new();
        let mut looked = None::<Instant>;
        loop {
            if *self.stopping.borrow() {
                break;
            }
            if let Err(error) = self.begin(&mut tasks).await {
                tracing::error!(%error, "batches could not be looked for");
            }
            if looked.is_none_or(|at| at.elapsed() >= LOOK) {
                looked = Some(Instant::now());
                if let Err(error) = self.sweep().await {
                    tracing::error!(%error, "files past their time could not be removed");
                }
            }
            tokio::select! {
                () = self.bell.notified() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
        tasks.join().await;
    }

    /// Begins batches while there is room: the org that has the fewest at work first, then the oldest.
    async fn begin(self: &Arc<Self>, tasks: &mut Tasks) -> Result<(), Error> {
        let store = self.gateway.store.clone();
        let waiting = tokio::task::spawn_blocking(move || store.unfinished_batches());
        let mut waiting = waiting.await.map_err(|_| Error::Closed)??;
        waiting.retain(|batch| !self.running().contains_key(&batch.id));
        while self.running().len() < limits::MAX_RUNNING_BATCHES && !waiting.is_empty() {
            let of_org = |org: &OrgId| self.running().values().filter(|live| live.org == *org).count();
            let next = waiting.iter().enumerate().min_by_key(|(at, batch)| (of_org(&batch.org), *at)).map(|(at, _)| at);
            let Some(next) = next else { break };
            let batch = waiting.remove(next);
            let live = Arc::new(Live::of(batch.org.clone()));
            self.running().insert(batch.id.clone(), Arc::clone(&live));
            let runs = Runs { desk: Arc::clone(self), id: batch.id.clone() };
            let desk = Arc::clone(self);
            tasks.start(async move {
                // As it stands now: it may have been called off between the look and the beginning.
                let result = match desk.fresh(&batch).await {
                    Ok(batch) => run::run(&desk, batch, &live).await,
                    Err(error) => Err(error),
                };
                drop(runs);
                match result {
                    Ok(()) => desk.bell.notify_one(),
                    // Nothing is lost: the next look goes on with it.
                    Err(error) => tracing::error!(%error, "a batch could not go on"),
                }
            });
        }
        Ok(())
    }

    async fn fresh(&self, batch: &Batch) -> Result<Batch, Error> {
        let (store, org, id) = (self.gateway.store.clone(), batch.org.clone(), batch.id.clone());
        let read = tokio::task::spawn_blocking(move || store.batch(&org, id.as_str()));
        read.await.map_err(|_| Error::Closed)??.ok_or(Error::NotFound)
    }

    /// Removes files past their time, and batches past that of decisions.
    pub(super) async fn sweep(&self) -> Result<(), Error> {
        let (store, now) = (self.gateway.store.clone(), self.gateway.now());
        let age = self.gateway.config().retention.decisions;
        let found = tokio::task::spawn_blocking(move || {
            let batches = age.map_or_else(|| Ok(Vec::new()), |age| store.old_batches(now.minus(age)))?;
            Ok::<_, Error>((store.expired_files(now)?, batches))
        });
        let (files, batches) = found.await.map_err(|_| Error::Closed)??;
        for (org, file) in files {
            match self.gateway.store.remove_file(org, file).await {
                // A batch still reads it: it goes afterwards.
                Ok(()) | Err(Error::NotFound | Error::Conflict) => {}
                Err(error) => return Err(error),
            }
        }
        for (org, batch) in batches {
            self.gateway.store.forget_batch(org, batch).await?;
        }
        Ok(())
    }

    /// A batch was made: it begins when there is room.
    pub fn wake(&self) {
        self.bell.notify_one();
    }

    /// A batch was called off: no further line of it is begun.
    pub fn halt(&self, id: &BatchId) {
        if let Some(live) = self.running().get(id) {
            live.halted.send_replace(true);
        }
        self.wake();
    }

    /// How far a batch that runs is.
    #[must_use]
    pub fn progress(&self, id: &BatchId) -> Option<Progress> {
        let running = self.running();
        let progress = running.get(id)?.progress.lock().unwrap_or_else(PoisonError::into_inner);
        *progress
    }

    /// Begins no further line and waits for those under way: what is left is for the next process.
    pub async fn stop(&self) {
        self.stopping.send_replace(true);
        self.wake();
        let mut ended = self.ended.subscribe();
        while !self.running().is_empty() {
            if ended.changed().await.is_err() {
                return;
            }
        }
    }

    pub(super) fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }

    /// Lines that may be under way at once.
    pub(super) fn concurrency(&self) -> usize {
        self.gateway.config().batches.concurrency
    }

    /// A place for one line, when there is one that no interactive request needs.
    pub(super) async fn place(&self) -> Place {
        let free = || {
            let waiting = usize::try_from(self.gateway.metrics.active.get()).unwrap_or(0);
            self.concurrency().saturating_sub(waiting)
        };
        // An interactive request that ends rings no bell here: the places that it leaves are found by looking again.
        loop {
            if let Ok(place) = timeout(LOOK_AGAIN, self.gate.place(free)).await {
                return place;
            }
        }
    }

    /// Takes a step of a batch; the batch as it stands then.
    pub(super) async fn step(&self, batch: &Batch, step: BatchStep, files: Vec<StoredFile>) -> Result<Batch, Error> {
        let (org, id) = (batch.org.clone(), batch.id.clone());
        self.gateway.store.step_batch(org, id, step, self.gateway.now(), files).await
    }
}
