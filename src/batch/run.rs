//! One batch from its first look at the input to its files.

use super::crew::{self, Halt, Ledger, Watch};
use super::desk::{Batches, Live, Shown};
use super::endpoint::Endpoint;
use super::forward;
use super::gate::Place;
use super::input::{self, Job, Lines};
use super::output::Reply;
use super::spool::{Spool, Written};
use crate::base::{KeyId, OrgId, RequestId, body, limits};
use crate::gateway::{Caller, ComeBack, Gateway, Heard, PartOf, REQUEST_ID};
use crate::resource::batch::{BatchError, BatchStatus, Progress};
use crate::resource::file::BATCH_OUTPUT;
use crate::resource::{Batch, BatchStep, StoredFile};
use crate::store::Error;
use bytes::Bytes;
use futures_util::FutureExt;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Request};
use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// Lines that are read ahead.
const AHEAD: usize = 4;

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
    live.show(Shown::Batch(spool.progress()));
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
    live.show(Shown::Batch(spool.progress()));
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
    let jobs = feed(desk, batch, endpoint, spool.done().clone());
    let caller = || caller(gateway, batch);
    let answer = |caller, job, place| answer(gateway, endpoint, caller, &head, job, place);
    crew::work(desk, &mut watch, jobs, || desk.concurrency(), caller, answer, &mut Book { spool, live }).await
}

/// Where the answers of a batch go.
struct Book<'a> {
    spool: &'a mut Spool,
    live: &'a Live,
}

impl Ledger for Book<'_> {
    type Job = Job;
    type Done = Reply;

    async fn keep(&mut self, job: &Job, reply: &Reply) -> Result<(), Error> {
        self.spool.answered(job, reply).await?;
        self.live.show(Shown::Batch(self.spool.progress()));
        Ok(())
    }
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
    sender(gateway, &batch.org, batch.key_id.as_ref(), PartOf::Batch(batch.id.clone()))
}

/// Who sends what nobody waits for: the key that asked for it, as it is now; `None` where it may not any more.
pub(super) fn sender(gateway: &Gateway, org: &OrgId, key: Option<&KeyId>, part_of: PartOf) -> Option<Caller> {
    let key = match key {
        Some(id) => Some(gateway.keys.by_id(id).filter(|key| key.org == *org && key.permissions.write)?),
        None if gateway.keys.required() => return None,
        None => None,
    };
    let permissions = key.as_ref().map_or(crate::gateway::EVERYTHING, |key| key.permissions);
    Some(Caller { org: org.clone(), key, permissions, part_of, address: IpAddr::V4(Ipv4Addr::LOCALHOST) })
}

/// Sends one line through the stages.
async fn answer(
    gateway: &Arc<Gateway>,
    endpoint: Endpoint,
    caller: Caller,
    head: &Parts,
    job: Job,
    place: Place,
) -> (Job, Reply) {
    let (reply, _) = call(gateway, endpoint, caller, head, job.body.clone()).await;
    drop(place);
    (job, reply)
}

/// Sends a request through the stages. A panic ends this request and nothing else.
pub(super) async fn call(
    gateway: &Arc<Gateway>,
    endpoint: Endpoint,
    caller: Caller,
    head: &Parts,
    body: Bytes,
) -> (Reply, Option<Heard>) {
    let id = RequestId::draw(gateway.now());
    let answered = AssertUnwindSafe(gateway.serve(endpoint.form(), caller, head, body, id)).catch_unwind().await;
    let Ok(response) = answered else {
        gateway.metrics.panics.inc();
        tracing::error!(request_id = %id, "a request that nobody waits for ended in a panic");
        let message = "the request failed inside the gateway: please report it with its request id";
        return (broken(500, id.to_string(), message), None);
    };
    let (mut head, body) = response.into_parts();
    let text = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
    let request_id = text(REQUEST_ID.as_str()).map_or_else(|| id.to_string(), str::to_owned);
    let after = head.extensions.get::<ComeBack>().map(|after| after.0);
    let heard = head.extensions.remove::<Heard>();
    match body::read(body, limits::MAX_UPSTREAM_BODY).await {
        Ok(body) => (Reply { status: head.status.as_u16(), request_id, body, retry_after: after }, heard),
        Err(_) => (broken(502, request_id, "the answer broke off"), None),
    }
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
