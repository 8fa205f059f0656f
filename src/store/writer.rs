//! The one writer: gathers operations into groups, commits them, answers those who wait.

use super::apply::{Batch, Change, Done};
use super::error::Error;
use super::open::{Opener, Options, Recorded, Shared};
use super::polite::Manners;
use super::queue::{Queue, Refused};
use super::retention::{self, Ages};
use crate::base::Timestamp;
use redb::Database;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::{oneshot, watch};

/// Operations that wait for the writer. Full: [`Error::Backlogged`].
const QUEUE: usize = 65_536;
/// Records that wait, in the queue or after a failed write; from here on requests are turned away.
const MAX_BACKLOG: usize = 60_000;
/// Operations in one transaction.
const MAX_GROUP: usize = 4_096;
/// Records that wait from which on requests and the writer take turns as equals.
const CROWDED: usize = 1_024;
/// How long to wait after a failed write.
const RETRY: Duration = Duration::from_millis(200);
/// How long to wait between two steps of removing what is past its age.
const PAUSE: Duration = Duration::from_millis(20);

/// Who waits for one operation.
type Waiter<T> = oneshot::Sender<Result<T, Error>>;

/// What the writer is asked to do.
pub(super) enum Op {
    Decision { recorded: Box<Recorded>, done: Option<Waiter<()>> },
    Change { change: Box<Change>, done: Waiter<Done> },
    Flush { done: Waiter<()> },
}

impl Op {
    /// Whether somebody waits for it.
    fn is_urgent(&self) -> bool {
        !matches!(self, Self::Decision { done: None, .. })
    }
}

/// The writer's handle.
pub(super) struct Writer {
    queue: Arc<Queue<Op>>,
    pub(super) backlog: Arc<AtomicUsize>,
    failure: Arc<Mutex<Option<String>>>,
    /// How many commits have made a chain longer.
    pub(super) commits: watch::Receiver<u64>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub(super) fn send(&self, op: Op) -> Result<(), Error> {
        let urgent = op.is_urgent();
        let waiting = self.backlog.fetch_add(1, Ordering::Relaxed);
        self.queue.push(op, urgent).map_err(|refused| {
            self.backlog.fetch_sub(1, Ordering::Relaxed);
            match refused {
                Refused::Full => Error::Backlogged,
                Refused::Closed => Error::Closed,
            }
        })?;
        // On one core a writer that is behind would stay behind: requests that never pause leave it no time.
        if waiting >= CROWDED {
            std::thread::yield_now();
        }
        Ok(())
    }

    pub(super) fn is_backlogged(&self) -> bool {
        self.backlog.load(Ordering::Relaxed) >= MAX_BACKLOG
    }

    /// Why the last write failed, if it did.
    pub(super) fn failure(&self) -> Option<String> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends the thread after what is queued; waits for it.
    pub(super) fn stop(&self) {
        self.queue.close();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the store's writer panicked");
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Starts the writer.
pub(super) fn start(options: &Options, database: Shared, opener: Opener, manners: Manners) -> Result<Writer, Error> {
    let queue = Arc::new(Queue::new(QUEUE));
    let (committed, commits) = watch::channel(0);
    let ages = Ages { bodies: options.bodies, decisions: options.decisions };
    let (backlog, failure) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(None)));
    let work = Loop {
        queue: Arc::clone(&queue),
        database,
        opener,
        manners,
        backlog: Arc::clone(&backlog),
        failure: Arc::clone(&failure),
        committed,
        window: options.group_window,
        ages,
        kept: VecDeque::new(),
        next_sweep: Instant::now() + ages.pace(),
    };
    let thread = std::thread::Builder::new()
        .name("floopy-store".into())
        .spawn(move || work.run())
        .map_err(|error| Error::Unreadable(error.kind().to_string()))?;
    Ok(Writer { queue, backlog, failure, commits, thread: Mutex::new(Some(thread)) })
}

struct Loop {
    queue: Arc<Queue<Op>>,
    database: Shared,
    opener: Opener,
    manners: Manners,
    backlog: Arc<AtomicUsize>,
    failure: Arc<Mutex<Option<String>>>,
    committed: watch::Sender<u64>,
    window: Duration,
    ages: Ages,
    /// Decisions that a failed write has left over, oldest first.
    kept: VecDeque<Box<Recorded>>,
    next_sweep: Instant,
}

impl Loop {
    fn run(mut self) {
        loop {
            let rest = self.next_sweep.saturating_duration_since(Instant::now());
            let patience = if self.kept.is_empty() { rest } else { rest.min(RETRY) };
            let group = self.queue.group(patience, self.window, MAX_GROUP);
            if !group.items.is_empty() || !self.kept.is_empty() {
                self.write(group.items);
            }
            if group.last {
                if !self.kept.is_empty() {
                    tracing::error!(count = self.kept.len(), "decisions could not be written before the end");
                }
                return;
            }
            self.sweep();
        }
    }

    /// Writes a group in one transaction. Where it fails, those who wait are told, and decisions that
    /// nobody waits for are kept for the next try.
    fn write(&mut self, group: VecDeque<Op>) {
        let count = group.len();
        self.manners.hurry(self.backlog.load(Ordering::Relaxed) >= CROWDED);
        match self.commit(&group) {
            Ok(answers) => {
                self.set_failure(None);
                self.backlog.fetch_sub(count + self.kept.len(), Ordering::Relaxed);
                self.kept.clear();
                for (op, answer) in group.into_iter().zip(answers) {
                    tell(op, answer);
                }
            }
            Err(error) => {
                tracing::error!(%error, "the store could not be written");
                self.set_failure(Some(error.to_string()));
                for op in group {
                    match op {
                        Op::Decision { recorded, done: None } => self.kept.push_back(recorded),
                        op => {
                            self.backlog.fetch_sub(1, Ordering::Relaxed);
                            tell(op, Err(error.clone()));
                        }
                    }
                }
                self.reopen();
            }
        }
    }

    fn set_failure(&self, reason: Option<String>) {
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = reason;
    }

    fn database(&self) -> Result<Arc<Database>, Error> {
        self.database.read().unwrap_or_else(PoisonError::into_inner).clone().ok_or(Error::Closed)
    }

    fn commit(&mut self, group: &VecDeque<Op>) -> Result<Vec<Result<Done, Error>>, Error> {
        if self.database().is_err() {
            self.reopen();
        }
        let database = self.database()?;
        let txn = database.begin_write()?;
        let mut answers = Vec::with_capacity(group.len());
        let mut batch = Batch::new(&txn);
        for recorded in &self.kept {
            batch.decision(recorded)?;
        }
        for op in group {
            answers.push(match op {
                Op::Decision { recorded, .. } => batch.decision(recorded).map(|()| Done::Nothing),
                Op::Change { change, .. } => batch.change(change),
                Op::Flush { .. } => Ok(Done::Nothing),
            });
            self.manners.give_way();
            // What a caller got wrong concerns that caller; anything else undoes the group.
            if let Some(Err(error)) = answers.last()
                && !matches!(error, Error::NotFound | Error::Conflict | Error::NoRoom)
            {
                return Err(error.clone());
            }
        }
        let grown = batch.finish()?;
        txn.commit()?;
        if grown {
            self.committed.send_modify(|count| *count += 1);
        }
        Ok(answers)
    }

    /// After a failed write redb takes no more: the file is closed and opened anew, which rolls back to
    /// the last commit.
    fn reopen(&mut self) {
        let old = self.database.write().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(old) = old {
            // Readers hold it for the time of one read.
            let began = Instant::now();
            let mut old = old;
            loop {
                match Arc::try_unwrap(old) {
                    Ok(database) => break drop(database),
                    Err(shared) if began.elapsed() > RETRY => break drop(shared),
                    Err(shared) => {
                        old = shared;
                        std::thread::yield_now();
                    }
                }
            }
        }
        match (self.opener)(&self.manners) {
            Ok(database) => {
                *self.database.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(database));
            }
            Err(error) => self.set_failure(Some(error.to_string())),
        }
    }

    /// Removes what is past its age, a little at a time and never while records wait.
    fn sweep(&mut self) {
        if Instant::now() < self.next_sweep || self.backlog.load(Ordering::Relaxed) >= CROWDED {
            return;
        }
        let now = Timestamp::from(SystemTime::now());
        let step = self.database().and_then(|database| retention::step(&database, self.ages, now, &self.manners));
        let step = step.unwrap_or_else(|error| {
            tracing::error!(%error, "what is past its age could not be removed");
            retention::Step::default()
        });
        if step.has_grown {
            self.committed.send_modify(|count| *count += 1);
        }
        self.next_sweep = Instant::now() + if step.is_partial { PAUSE } else { self.ages.pace() };
    }
}

/// Answers whoever waits; who has gone needs no answer.
fn tell(op: Op, answer: Result<Done, Error>) {
    let gone = match op {
        Op::Decision { done: Some(done), .. } | Op::Flush { done } => done.send(answer.map(drop)).is_err(),
        Op::Change { done, .. } => done.send(answer).is_err(),
        Op::Decision { done: None, .. } => false,
    };
    if gone {
        tracing::debug!("nobody waits for an operation's answer any more");
    }
}
