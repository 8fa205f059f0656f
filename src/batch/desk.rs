//! Where batches wait, run and are watched.

use super::evaluation;
use super::gate::{Gate, Place};
use super::run;
use crate::base::task::Tasks;
use crate::base::{BatchId, EvaluationId, OrgId, Timestamp, limits};
use crate::gateway::Gateway;
use crate::resource::batch::Progress;
use crate::resource::evaluation::Totals;
use crate::resource::{Batch, BatchStep, StoredEvaluation, StoredFile};
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

/// How far what runs is.
#[derive(Debug, Clone, Copy, Default)]
pub(super) enum Shown {
    /// It has only begun.
    #[default]
    Nothing,
    /// A batch.
    Batch(Progress),
    /// An evaluation.
    Evaluation(Totals),
}

/// A batch or an evaluation that runs, as others see it.
#[derive(Debug)]
pub(super) struct Live {
    org: OrgId,
    shown: Mutex<Shown>,
    halted: watch::Sender<bool>,
}

/// What is to be run.
#[derive(Debug)]
enum Work {
    Batch(Box<Batch>),
    Evaluation(Box<StoredEvaluation>),
}

impl Work {
    fn id(&self) -> &str {
        match self {
            Self::Batch(batch) => batch.id.as_str(),
            Self::Evaluation(evaluation) => evaluation.shown.id.as_str(),
        }
    }

    fn org(&self) -> &OrgId {
        match self {
            Self::Batch(batch) => &batch.org,
            Self::Evaluation(evaluation) => &evaluation.org,
        }
    }

    fn created_at(&self) -> Timestamp {
        match self {
            Self::Batch(batch) => batch.created_at,
            Self::Evaluation(evaluation) => evaluation.shown.created_at,
        }
    }
}

impl Live {
    pub(super) fn of(org: OrgId) -> Self {
        Self { org, shown: Mutex::default(), halted: watch::Sender::new(false) }
    }

    /// Tells how far it is.
    pub(super) fn show(&self, shown: Shown) {
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = shown;
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
    running: Mutex<HashMap<String, Arc<Live>>>,
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
    id: String,
}

impl Drop for Runs {
    fn drop(&mut self) {
        self.desk.running().remove(&self.id);
        self.desk.ended.send_replace(());
    }
}

/// What is still read is removed afterwards.
fn unless_read(removed: Result<(), Error>) -> Result<(), Error> {
    match removed {
        Ok(()) | Err(Error::NotFound | Error::Conflict) => Ok(()),
        Err(error) => Err(error),
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

    fn running(&self) -> MutexGuard<'_, HashMap<String, Arc<Live>>> {
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
        let waiting = tokio::task::spawn_blocking(move || {
            let batches = store.unfinished_batches()?.into_iter().map(|batch| Work::Batch(Box::new(batch)));
            let evaluations = store.open_evaluations()?.into_iter();
            let evaluations = evaluations.map(|evaluation| Work::Evaluation(Box::new(evaluation)));
            Ok::<Vec<Work>, Error>(batches.chain(evaluations).collect())
        });
        let mut waiting = waiting.await.map_err(|_| Error::Closed)??;
        waiting.retain(|work| !self.running().contains_key(work.id()));
        waiting.sort_by_key(Work::created_at);
        while self.running().len() < limits::MAX_RUNNING_BATCHES && !waiting.is_empty() {
            let of_org = |org: &OrgId| self.running().values().filter(|live| live.org == *org).count();
            let next = waiting.iter().enumerate().min_by_key(|(at, work)| (of_org(work.org()), *at)).map(|(at, _)| at);
            let Some(next) = next else { break };
            let work = waiting.remove(next);
            let live = Arc::new(Live::of(work.org().clone()));
            self.running().insert(work.id().to_owned(), Arc::clone(&live));
            let runs = Runs { desk: Arc::clone(self), id: work.id().to_owned() };
            let desk = Arc::clone(self);
            tasks.start(async move {
                let result = desk.run(work, &live).await;
                drop(runs);
                match result {
                    Ok(()) => desk.bell.notify_one(),
                    // Nothing is lost: the next look goes on with it.
                    Err(error) => tracing::error!(%error, "work that nobody waits for could not go on"),
                }
            });
        }
        Ok(())
    }

    /// Runs it as it stands now: it may have been called off between the look and the beginning.
    async fn run(&self, work: Work, live: &Live) -> Result<(), Error> {
        let store = self.gateway.store.clone();
        match work {
            Work::Batch(batch) => {
                let fresh = tokio::task::spawn_blocking(move || store.batch(&batch.org, batch.id.as_str()));
                run::run(self, fresh.await.map_err(|_| Error::Closed)??.ok_or(Error::NotFound)?, live).await
            }
            Work::Evaluation(known) => {
                let fresh = tokio::task::spawn_blocking(move || store.evaluation(&known.org, known.shown.id.as_str()));
                evaluation::run(self, fresh.await.map_err(|_| Error::Closed)??.ok_or(Error::NotFound)?, live).await
            }
        }
    }

    /// Removes files and datasets past their time, evaluations as old as files may be, and batches past that of decisions.
    pub(super) async fn sweep(&self) -> Result<(), Error> {
        let (store, now) = (self.gateway.store.clone(), self.gateway.now());
        let config = self.gateway.config();
        let found = tokio::task::spawn_blocking(move || {
            let age = config.retention.decisions;
            let batches = age.map_or_else(|| Ok(Vec::new()), |age| store.old_batches(now.minus(age)))?;
            let evaluations = store.old_evaluations(now.minus(config.files.retention))?;
            Ok::<_, Error>((store.expired_files(now)?, batches, store.expired_datasets(now)?, evaluations))
        });
        let (files, batches, datasets, evaluations) = found.await.map_err(|_| Error::Closed)??;
        let store = &self.gateway.store;
        for (org, file) in files {
            unless_read(store.remove_file(org, file).await)?;
        }
        for (org, dataset) in datasets {
            unless_read(store.remove_dataset(org, dataset).await)?;
        }
        for (org, batch) in batches {
            store.forget_batch(org, batch).await?;
        }
        for (org, evaluation) in evaluations {
            store.forget_evaluation(org, evaluation).await?;
        }
        Ok(())
    }

    /// A batch or an evaluation was made: it begins when there is room.
    pub fn wake(&self) {
        self.bell.notify_one();
    }

    /// A batch or an evaluation was called off: no further line of it is begun.
    pub fn halt(&self, id: &str) {
        if let Some(live) = self.running().get(id) {
            live.halted.send_replace(true);
        }
        self.wake();
    }

    fn shown(&self, id: &str) -> Shown {
        let live = self.running().get(id).cloned();
        live.map_or(Shown::Nothing, |live| *live.shown.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How far a batch that runs is.
    #[must_use]
    pub fn progress(&self, id: &BatchId) -> Option<Progress> {
        if let Shown::Batch(progress) = self.shown(id.as_str()) { Some(progress) } else { None }
    }

    /// How far an evaluation that runs is.
    #[must_use]
    pub fn totals(&self, id: &EvaluationId) -> Option<Totals> {
        if let Shown::Evaluation(totals) = self.shown(id.as_str()) { Some(totals) } else { None }
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
