//! The crew: lines of a batch or rows of an evaluation, answered side by side at the pace that providers allow.

use super::desk::{Batches, Live};
use super::gate::Place;
use super::pace::Pace;
use crate::base::{Timestamp, limits};
use crate::gateway::Caller;
use crate::resource::Batch;
use crate::resource::batch::BatchStatus;
use crate::store::Error;
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

/// Lines that wait for another try before the next fresh one is begun.
const AGAIN: usize = 100;

/// What can be tried again.
pub(super) trait Tried {
    /// How often it has failed by nobody's fault here.
    fn tries(&mut self) -> &mut u32;
}

/// What came of a try.
pub(super) trait Told {
    /// Its status, and when to come back where that was said.
    fn told(&self) -> (u16, Option<Duration>);
}

/// Where what is answered goes.
pub(super) trait Ledger {
    /// What is to be answered.
    type Job: Tried;
    /// What came of it.
    type Done: Told;

    /// Keeps what came of a line, well or badly.
    fn keep(&mut self, job: &Self::Job, done: &Self::Done) -> impl Future<Output = Result<(), Error>> + Send;
}

/// Why no further line is begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Halt {
    /// Every line is done.
    Done,
    /// Its time is over.
    Late,
    /// It was called off.
    Cancelled,
    /// Its key may not send it any more.
    Forbidden,
    /// The process is stopping: the next one goes on.
    Stopping,
}

/// What may keep work from going on.
#[derive(Debug)]
pub(super) struct Watch {
    halted: watch::Receiver<bool>,
    stopping: watch::Receiver<bool>,
    /// It was called off before this process took it up.
    is_cancelling: bool,
    late: Instant,
}

impl Watch {
    pub(super) fn of(desk: &Batches, batch: &Batch, live: &Live) -> Self {
        Self::until(desk, live, batch.expires_at, batch.status == BatchStatus::Cancelling)
    }

    /// Watches for what may keep work from going on that is late at some instant.
    pub(super) fn until(desk: &Batches, live: &Live, late: Timestamp, is_cancelling: bool) -> Self {
        let late = Instant::now() + left(late, desk.gateway.now());
        Self { halted: live.halted(), stopping: desk.stopping(), is_cancelling, late }
    }

    /// Why no further line is to be begun.
    pub(super) fn halt(&self) -> Option<Halt> {
        if self.is_stopping() {
            return Some(Halt::Stopping);
        }
        let halt = (self.is_cancelling || *self.halted.borrow()).then_some(Halt::Cancelled);
        halt.or_else(|| (Instant::now() >= self.late).then_some(Halt::Late))
    }

    pub(super) fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Waits until [`Watch::halt`] may say something new.
    async fn changed(&mut self) {
        // Whoever could change it lives as long as the batch runs.
        tokio::select! {
            _ = self.halted.changed() => {}
            _ = self.stopping.changed() => {}
            () = sleep_until(self.late) => {}
        }
    }

    /// Waits this long, or until something is to be done.
    pub(super) async fn pause(&mut self, pause: Duration) {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = self.changed() => {}
        }
    }

    /// Waits this long, or until the process stops.
    pub(super) async fn pause_or_stop(&mut self, pause: Duration) {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = self.stopping.changed() => {}
        }
    }
}

/// Answers lines until all are done, or no further one is to be begun. At most `most` are under way at once.
pub(super) async fn work<L: Ledger, F: Future<Output = (L::Job, L::Done)>>(
    desk: &Batches,
    watch: &mut Watch,
    jobs: mpsc::Receiver<L::Job>,
    most: impl Fn() -> usize,
    caller: impl Fn() -> Option<Caller>,
    answer: impl Fn(Caller, L::Job, Place) -> F,
    ledger: &mut L,
) -> Result<Halt, Error> {
    let mut jobs = Some(jobs);
    let (mut next, mut again, mut running) = (None, VecDeque::<L::Job>::new(), FuturesUnordered::new());
    let mut pace = Pace::new(most());
    let mut halt = None;
    loop {
        if halt.is_none() {
            halt = watch.halt();
        }
        if next.is_none() && (jobs.is_none() || again.len() >= AGAIN) {
            next = again.pop_front();
        }
        if running.is_empty() {
            match halt {
                Some(halt) => return Ok(halt),
                None if next.is_none() && jobs.is_none() => return Ok(Halt::Done),
                None => {}
            }
        }
        let (now, most) = (Instant::now(), most());
        let closed = pace.closed_until(now);
        let may_begin = halt.is_none() && closed.is_none() && running.len() < pace.window(most);
        tokio::select! {
            Some((mut job, reply)) = running.next(), if !running.is_empty() => {
                let reply: L::Done = reply;
                let (status, retry_after) = reply.told();
                if status == 429 && halt.is_none() {
                    pace.crowded(Instant::now(), retry_after);
                    again.push_back(job);
                } else if status >= 500 && halt.is_none() && *job.tries() + 1 < limits::MAX_LINE_TRIES {
                    match retry_after {
                        after @ Some(_) => pace.crowded(Instant::now(), after),
                        None => pace.failed(Instant::now()),
                    }
                    *job.tries() += 1;
                    again.push_back(job);
                } else if status < 500 && status != 429 || halt.is_none() {
                    pace.answered(most);
                    ledger.keep(&job, &reply).await?;
                }
            }
            job = take(&mut jobs), if may_begin && next.is_none() && jobs.is_some() => match job {
                Some(job) => next = Some(job),
                None => jobs = None,
            },
            place = desk.place(), if may_begin && next.is_some() => {
                // A place may come free in the moment in which the work is called off.
                if watch.halt().is_some() {
                    continue;
                }
                let Some(caller) = caller() else {
                    halt = Some(Halt::Forbidden);
                    continue;
                };
                match desk.gateway.spare(&caller) {
                    Err(wait) => pace.wait(Instant::now(), wait),
                    Ok(()) => running.extend(next.take().map(|job| answer(caller, job, place))),
                }
            }
            () = sleep_until(closed.unwrap_or(now)), if halt.is_none() && closed.is_some() => {}
            () = watch.changed(), if halt.is_none() => {}
        }
    }
}

async fn take<J>(jobs: &mut Option<mpsc::Receiver<J>>) -> Option<J> {
    jobs.as_mut()?.recv().await
}

/// Time until an instant of the wall clock.
fn left(until: Timestamp, now: Timestamp) -> Duration {
    Duration::from_micros(u64::try_from(until.0.saturating_sub(now.0)).unwrap_or(0))
}
