//! One batch from its first look at the input to its files.

use super::desk::{Batches, Live};
use super::endpoint::Endpoint;
use super::forward;
use super::gate::Place;
use super::input::{self, Job, Lines};
use super::output::Reply;
use super::pace::Pace;
use super::spool::{Spool, Written};
use crate::base::{RequestId, Timestamp, body, limits};
use crate::gateway::{Caller, ComeBack, Gateway, REQUEST_ID};
use crate::resource::batch::{BatchError, BatchStatus, Progress};
use crate::resource::file::BATCH_OUTPUT;
use crate::resource::{Batch, BatchStep, StoredFile};
use crate::store::Error;
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::stream::{FuturesUnordered, StreamExt};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Request};
use std::collections::{HashSet, VecDeque};
use std::net::{IpAddr, Ipv4Addr};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

/// Lines that are read ahead.
const AHEAD: usize = 4;
/// Lines that wait for another try before the next fresh one is begun.
const AGAIN: usize = 100;

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

/// What may keep a batch from going on.
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
        let late = Instant::now() + left(batch.expires_at, desk.gateway.now());
        let is_cancelling = batch.status == BatchStatus::Cancelling;
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

/// Brings a batch as far as it goes: to its end, or to where this process has to stop.
pub(super) async fn run(desk: &Batches, mut batch: Batch, live: &Live) -> Result<(), Error> {
    let Some(endpoint) = Endpoint::at(&batch.endpoint) else {
        let message = "this release does not serve the endpoint any more".to_owned();
        let error = BatchError { code: "invalid_endpoint".into(), message, param: Some("endpoint".into()), line: None };
        return desk.step(&batch, BatchStep::Refused(vec![error]), Vec::new()).await.map(drop);
    };
    if batch.status == BatchStatus::Validating && desk.gateway.now() < batch.expires_at {
        let step = check(desk, &batch, endpoint).await?;
        batch = desk.step(&batch, step, Vec::new()).await?;
    }
    if batch.has_ended() {
        return Ok(());
    }
    if batch.in_progress_at.is_none() {
        // Called off or late before its lines were looked at: there is nothing to tell of.
        let step = BatchStep::End { progress: batch.progress, output: None, errors: None };
        return desk.step(&batch, step, Vec::new()).await.map(drop);
    }
    let blobs = desk.gateway.store.blobs();
    let mut spool = Spool::open(blobs, &batch.id, batch.progress.counts.total).await?;
    live.show(spool.progress());
    let is_elsewhere = batch.status == BatchStatus::Cancelling && batch.home.is_some();
    if batch.status == BatchStatus::InProgress || is_elsewhere {
        let halt = match forward::follow(desk, &mut batch, endpoint, live, &mut spool).await? {
            Some(halt) => halt,
            None => work(desk, &batch, endpoint, live, &mut spool).await?,
        };
        match halt {
            Halt::Stopping => return spool.sync().await,
            Halt::Done => batch = desk.step(&batch, BatchStep::Finalize, Vec::new()).await?,
            Halt::Forbidden => {
                let message = "the key that made this batch was revoked or may not write any more".to_owned();
                let error = BatchError { code: "invalid_api_key".into(), message, param: None, line: None };
                batch = desk.step(&batch, BatchStep::Cancel(Some(error)), Vec::new()).await?;
            }
            Halt::Cancelled => batch.status = BatchStatus::Cancelling,
            Halt::Late => {}
        }
    }
    if batch.status != BatchStatus::Finalizing {
        give_up(desk, &batch, endpoint, &mut spool).await?;
    }
    live.show(spool.progress());
    close(desk, &batch, spool).await
}

/// Looks through the input.
async fn check(desk: &Batches, batch: &Batch, endpoint: Endpoint) -> Result<BatchStep, Error> {
    let path = desk.gateway.store.blobs().path(&batch.input_file_id);
    let checked = tokio::task::spawn_blocking(move || input::check(Lines::open(&path)?, endpoint));
    Ok(match checked.await.map_err(|_| Error::Closed)? {
        Ok(Ok(checked)) => {
            let home = forward::home(desk, batch, endpoint, checked.model.as_deref());
            BatchStep::Checked { total: checked.total, model: checked.model, home }
        }
        Ok(Err(errors)) => BatchStep::Refused(errors),
        Err(error) => {
            tracing::error!(%error, batch = %batch.id, "the input of a batch cannot be read");
            let message = "the input file cannot be read any more: upload it again".to_owned();
            let param = Some("input_file_id".to_owned());
            BatchStep::Refused(vec![BatchError { code: "unreadable_file".into(), message, param, line: None }])
        }
    })
}

/// Lines that are still to do, read as they are taken.
pub(super) fn feed(desk: &Batches, batch: &Batch, endpoint: Endpoint, done: HashSet<u32>) -> mpsc::Receiver<Job> {
    let path = desk.gateway.store.blobs().path(&batch.input_file_id);
    let (send, jobs) = mpsc::channel(AHEAD);
    let id = batch.id.clone();
    // It ends with its reader: when nobody takes lines any more, sending one fails.
    drop(tokio::task::spawn_blocking(move || {
        let read = || -> std::io::Result<()> {
            for line in Lines::open(&path)? {
                let (number, line) = line?;
                if done.contains(&number) {
                    continue;
                }
                let Ok((job, _)) = input::read(number, &line, endpoint) else { continue };
                if send.blocking_send(job).is_err() {
                    break;
                }
            }
            Ok(())
        };
        if let Err(error) = read() {
            tracing::error!(%error, batch = %id, "the input of a batch cannot be read");
        }
    }));
    jobs
}

/// Answers lines until all are done, or no further one is to be begun.
async fn work(
    desk: &Batches,
    batch: &Batch,
    endpoint: Endpoint,
    live: &Live,
    spool: &mut Spool,
) -> Result<Halt, Error> {
    let gateway = &desk.gateway;
    let head = head(batch, endpoint);
    let mut watch = Watch::of(desk, batch, live);
    let mut jobs = Some(feed(desk, batch, endpoint, spool.done().clone()));
    let (mut next, mut again, mut running) = (None, VecDeque::<Job>::new(), FuturesUnordered::new());
    let mut pace = Pace::new(desk.concurrency());
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
        let (now, most) = (Instant::now(), desk.concurrency());
        let closed = pace.closed_until(now);
        let may_begin = halt.is_none() && closed.is_none() && running.len() < pace.window(most);
        tokio::select! {
            Some((mut job, reply)) = running.next(), if !running.is_empty() => {
                let reply: Reply = reply;
                if reply.status == 429 && halt.is_none() {
                    pace.crowded(Instant::now(), reply.retry_after);
                    again.push_back(job);
                } else if reply.status >= 500 && halt.is_none() && job.tries + 1 < limits::MAX_LINE_TRIES {
                    match reply.retry_after {
                        after @ Some(_) => pace.crowded(Instant::now(), after),
                        None => pace.failed(Instant::now()),
                    }
                    job.tries += 1;
                    again.push_back(job);
                } else if reply.status < 500 && reply.status != 429 || halt.is_none() {
                    pace.answered(most);
                    spool.answered(&job, &reply).await?;
                    live.show(spool.progress());
                }
            }
            job = take(&mut jobs), if may_begin && next.is_none() && jobs.is_some() => match job {
                Some(job) => next = Some(job),
                None => jobs = None,
            },
            place = desk.place(), if may_begin && next.is_some() => {
                // A place may come free in the moment in which the batch is called off.
                if watch.halt().is_some() {
                    continue;
                }
                let Some(caller) = caller(gateway, batch) else {
                    halt = Some(Halt::Forbidden);
                    continue;
                };
                match gateway.spare(&caller) {
                    Err(wait) => pace.wait(Instant::now(), wait),
                    Ok(()) => running.extend(next.take().map(|job| answer(gateway, endpoint, caller, &head, job, place))),
                }
            }
            () = sleep_until(closed.unwrap_or(now)), if halt.is_none() && closed.is_some() => {}
            () = watch.changed(), if halt.is_none() => {}
        }
    }
}

async fn take(jobs: &mut Option<mpsc::Receiver<Job>>) -> Option<Job> {
    jobs.as_mut()?.recv().await
}

/// Time until an instant of the wall clock.
fn left(until: Timestamp, now: Timestamp) -> Duration {
    Duration::from_micros(u64::try_from(until.0.saturating_sub(now.0)).unwrap_or(0))
}

/// The head that every line is sent with.
pub(super) fn head(batch: &Batch, endpoint: Endpoint) -> Parts {
    let (mut head, ()) = Request::new(()).into_parts();
    (head.method, head.uri) = (Method::POST, http::Uri::from_static(endpoint.path()));
    for (name, value) in &batch.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            head.headers.append(name, value);
        }
    }
    head
}

/// Who sends a line: the key that made the batch, as it is now.
pub(super) fn caller(gateway: &Gateway, batch: &Batch) -> Option<Caller> {
    let key = match &batch.key_id {
        Some(id) => Some(gateway.keys.by_id(id).filter(|key| key.org == batch.org && key.permissions.write)?),
        None if gateway.keys.required() => return None,
        None => None,
    };
    let permissions = key.as_ref().map_or(crate::gateway::EVERYTHING, |key| key.permissions);
    let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
    Some(Caller { org: batch.org.clone(), key, permissions, batch: Some(batch.id.clone()), address })
}

/// Sends one line through the stages. A panic ends this line and nothing else.
async fn answer(
    gateway: &Arc<Gateway>,
    endpoint: Endpoint,
    caller: Caller,
    head: &Parts,
    job: Job,
    place: Place,
) -> (Job, Reply) {
    let id = RequestId::draw(gateway.now());
    let answered =
        AssertUnwindSafe(gateway.serve(endpoint.form(), caller, head, job.body.clone(), id)).catch_unwind().await;
    let reply = match answered {
        Ok(response) => {
            let (head, body) = response.into_parts();
            let text = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
            let after = head.extensions.get::<ComeBack>().map(|after| after.0);
            let request_id = text(REQUEST_ID.as_str()).map_or_else(|| id.to_string(), str::to_owned);
            match body::read(body, limits::MAX_UPSTREAM_BODY).await {
                Ok(body) => Reply { status: head.status.as_u16(), request_id, body, retry_after: after },
                Err(_) => broken(502, request_id, "the answer broke off"),
            }
        }
        Err(_) => {
            gateway.metrics.panics.inc();
            tracing::error!(request_id = %id, "a line of a batch ended in a panic");
            broken(500, id.to_string(), "the request failed inside the gateway: please report it with its request id")
        }
    };
    drop(place);
    (job, reply)
}

fn broken(status: u16, request_id: String, message: &str) -> Reply {
    let error = serde_json::json!({"error": {"message": message, "type": "server_error", "param": null,
        "code": if status == 500 { "internal_error" } else { "provider_error" }, "request_id": request_id}});
    Reply { status, request_id, body: Bytes::from(error.to_string()), retry_after: None }
}

/// Says of every line that was not begun why it was not.
async fn give_up(desk: &Batches, batch: &Batch, endpoint: Endpoint, spool: &mut Spool) -> Result<(), Error> {
    let (code, message) = if batch.status == BatchStatus::Cancelling {
        ("batch_cancelled", "the batch was cancelled before this request was answered")
    } else {
        ("batch_expired", "the completion window was over before this request was answered")
    };
    let mut jobs = feed(desk, batch, endpoint, spool.done().clone());
    while let Some(job) = jobs.recv().await {
        spool.unanswered(&job, code, message).await?;
    }
    Ok(())
}

/// Makes the files of the batch known and ends it.
async fn close(desk: &Batches, batch: &Batch, spool: Spool) -> Result<(), Error> {
    let progress: Progress = spool.progress();
    let (output, errors) = spool.close(desk.gateway.store.blobs()).await?;
    let now = desk.gateway.now();
    let kept = desk.gateway.config().files.retention;
    let kept = batch.output_expires_after.map_or(kept, |seconds| kept.min(Duration::from_secs(seconds)));
    let file = |written: &Written, name: &str| StoredFile {
        id: written.id.clone(),
        bytes: written.bytes,
        created_at: now,
        filename: format!("{}_{name}.jsonl", batch.id),
        purpose: BATCH_OUTPUT.to_owned(),
        expires_at: Some(now.plus(kept)),
    };
    let files = [(&output, "output"), (&errors, "error")];
    let files = files.into_iter().filter_map(|(written, name)| written.as_ref().map(|written| file(written, name)));
    let files = files.collect();
    let step =
        BatchStep::End { progress, output: output.map(|written| written.id), errors: errors.map(|written| written.id) };
    desk.step(batch, step, files).await.map(drop)
}
