//! A batch that a provider answers in a batch of its own: handed over, watched, and gathered line by line.
//!
//! Whatever the provider leaves undone, because it takes no such batch, is late or fails on a line, is answered here
//! afterwards, like the lines of any other batch.

use super::crew::{Halt, Watch};
use super::desk::{Batches, Live, Shown};
use super::endpoint::Endpoint;
use super::input::Lines;
use super::output::Reply;
use super::remote::{Load, Remote, State, Told, Trouble, told};
use super::run::{caller, feed, head};
use super::spool::Spool;
use crate::base::{FileId, ModelRef, limits};
use crate::gateway::Settled;
use crate::resource::batch::{Counts, Progress};
use crate::resource::{Batch, BatchStep};
use crate::store::Error;
use crate::wire::{BatchApi, Dialect, quirks};
use http::HeaderMap;
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

/// The first pause after a call that came to nothing; doubles up to the pause between two looks.
const FIRST: Duration = Duration::from_secs(1);

/// The model whose provider answers the lines of this batch in a batch of its own, as `provider/model`: where all of
/// them name the same one, and nothing may choose another.
pub(super) fn home(desk: &Batches, batch: &Batch, endpoint: Endpoint, model: Option<&str>) -> Option<String> {
    let gateway = &desk.gateway;
    if !gateway.config().batches.forward {
        return None;
    }
    let caller = caller(gateway, batch)?;
    let model = gateway.named_model(&caller, &head(batch, endpoint).headers, model?)?;
    remote(desk, &model, endpoint).map(|_| model.to_string())
}

/// The batches of the model's provider, where it has any for this endpoint.
fn remote(desk: &Batches, model: &ModelRef, endpoint: Endpoint) -> Option<(Remote, u8)> {
    let config = desk.gateway.config();
    let provider = config.providers.get(&model.provider)?;
    let row = quirks(&provider.kind);
    let terms = row.batches.filter(|_| provider.dialect != Dialect::AzureDeployments)?;
    let takes = match endpoint {
        Endpoint::Embeddings => terms.api == BatchApi::OpenAi && row.embeddings.is_some(),
        Endpoint::Chat | Endpoint::Responses => true,
    };
    let (gateway, provider) = (Arc::clone(&desk.gateway), Arc::clone(provider));
    takes.then(|| (Remote { gateway, provider, api: terms.api }, terms.percent))
}

/// What one batch is followed with.
struct Following<'a> {
    desk: &'a Batches,
    endpoint: Endpoint,
    model: ModelRef,
    remote: Remote,
    percent: u8,
}

/// Brings a batch through its provider's; what is left of it afterwards is to be answered here, unless it has to end.
pub(super) async fn follow(
    desk: &Batches,
    batch: &mut Batch,
    endpoint: Endpoint,
    live: &Live,
    spool: &mut Spool,
) -> Result<Option<Halt>, Error> {
    let Some(home) = batch.home.clone() else { return Ok(None) };
    let mut watch = Watch::of(desk, batch, live);
    let model = ModelRef::parse(&home.model);
    let found = model.and_then(|model| Some((remote(desk, &model, endpoint)?, model)));
    let Some(((remote, percent), model)) = found else {
        tracing::warn!(batch = %batch.id, "the provider of a batch has none any more: its lines are answered here");
        return leave(desk, batch, None).await;
    };
    let following = Following { desk, endpoint, model, remote, percent };
    let id = match home.id {
        Some(id) => id,
        None => match following.hand_over(batch, spool, &mut watch).await? {
            Handed::Over(id) => {
                *batch = desk.step(batch, BatchStep::HandedOver(id.clone()), Vec::new()).await?;
                id
            }
            Handed::Ours => return leave(desk, batch, None).await,
            Handed::Halted(halt) => return Ok(Some(halt)),
        },
    };
    let halted = following.wait(&id, live, spool, &mut watch).await;
    let (paths, halt) = match halted {
        Waited::Ended(paths, halt) => (paths, halt),
        Waited::Refused(reason) => {
            tracing::warn!(batch = %batch.id, reason, "a provider took no batch: its lines are answered here");
            return leave(desk, batch, None).await;
        }
        Waited::Stopping => return Ok(Some(Halt::Stopping)),
    };
    if let Some(halt) = following.gather(batch, &paths, live, spool, &mut watch).await? {
        return Ok(Some(halt));
    }
    spool.sync().await?;
    let left = leave(desk, batch, halt).await?;
    following.remote.tidy(&id).await;
    Ok(left)
}

/// From here on the batch is ours.
async fn leave(desk: &Batches, batch: &mut Batch, halt: Option<Halt>) -> Result<Option<Halt>, Error> {
    *batch = desk.step(batch, BatchStep::Ours, Vec::new()).await?;
    Ok(halt)
}

enum Handed {
    Over(String),
    Ours,
    Halted(Halt),
}

enum Waited {
    /// Where the answers lie; why it was ended, where it was.
    Ended(Vec<String>, Option<Halt>),
    Refused(String),
    Stopping,
}

impl Following<'_> {
    /// The lines as the provider takes them. Those that it cannot take are answered at once.
    async fn load(&self, batch: &Batch, spool: &mut Spool) -> Result<Option<(Load, String)>, Error> {
        let head = head(batch, self.endpoint);
        let mut load = Load::new(self.remote.api);
        let mut path = String::new();
        let mut jobs = feed(self.desk, batch, self.endpoint, spool.done().clone());
        while let Some(job) = jobs.recv().await {
            let Some(caller) = caller(&self.desk.gateway, batch) else { return Ok(None) };
            let line =
                self.desk.gateway.forward(self.endpoint.form(), caller, &head.headers, job.body.clone(), &self.model);
            match line.and_then(|line| line.encode()) {
                Ok(outgoing) => {
                    load.push(job.number, &outgoing.path, HeaderMap::from_iter(outgoing.headers), &outgoing.body);
                    path = outgoing.path.into_owned();
                }
                // Its own stages will say so, and leave the decision.
                Err(error) => tracing::debug!(%error, line = job.number, "a line is no line of a provider's batch"),
            }
            if load.len() > limits::MAX_FORWARDED {
                return Ok(None);
            }
        }
        Ok((load.lines > 0).then_some((load, path)))
    }

    async fn hand_over(&self, batch: &Batch, spool: &mut Spool, watch: &mut Watch) -> Result<Handed, Error> {
        let mut pause = FIRST;
        loop {
            if let Some(halt) = watch.halt() {
                return Ok(Handed::Halted(halt));
            }
            let handed = match self.remote.find(&batch.id).await {
                Ok(None) => {
                    let Some((load, path)) = self.load(batch, spool).await? else { return Ok(Handed::Ours) };
                    self.remote.submit(&batch.id, &format!("/v1{path}"), load).await
                }
                Ok(Some(id)) => Ok(id),
                // Whoever cannot list batches may still take one.
                Err(trouble) => Err(trouble),
            };
            match handed {
                Ok(id) => return Ok(Handed::Over(id)),
                Err(Trouble::Later) => watch.pause(pause).await,
                Err(Trouble::Refused(reason)) => {
                    tracing::warn!(batch = %batch.id, reason, "a provider takes no batch: its lines are answered here");
                    return Ok(Handed::Ours);
                }
            }
            pause = (pause * 2).min(self.every());
        }
    }

    fn every(&self) -> Duration {
        self.desk.gateway.config().batches.poll
    }

    /// Waits for the end of the batch there; one that has to end here is ended there first.
    async fn wait(&self, id: &str, live: &Live, spool: &Spool, watch: &mut Watch) -> Waited {
        let (mut halt, mut is_told) = (None, false);
        loop {
            halt = halt.or_else(|| watch.halt());
            match halt {
                Some(Halt::Stopping) => return Waited::Stopping,
                Some(_) if !is_told => is_told = self.remote.cancel(id).await != Err(Trouble::Later),
                _ => {}
            }
            match self.remote.look(id).await {
                Ok(State::Ended(paths)) => return Waited::Ended(paths, halt),
                Ok(State::Refused(reason)) | Err(Trouble::Refused(reason)) => return Waited::Refused(reason),
                Ok(State::Running(counts)) => live.show(Shown::Batch(together(spool.progress(), counts))),
                Err(Trouble::Later) => {}
            }
            if halt.is_some() {
                watch.pause_or_stop(self.every()).await;
                if watch.is_stopping() {
                    return Waited::Stopping;
                }
            } else {
                watch.pause(self.every()).await;
            }
        }
    }

    /// Writes what the provider has answered, each line with its decision.
    async fn gather(
        &self,
        batch: &Batch,
        paths: &[String],
        live: &Live,
        spool: &mut Spool,
        watch: &mut Watch,
    ) -> Result<Option<Halt>, Error> {
        let file = Answers { path: self.desk.gateway.store.blobs().path(&answers(batch)) };
        let mut pause = FIRST;
        for path in paths {
            loop {
                let mut into = tokio::fs::File::options();
                let into = into.create(true).append(true).mode(0o600).open(&file.path).await;
                let mut into = into.map_err(|error| Error::Write(error.kind().to_string()))?;
                match self.remote.fetch(path, &mut into).await {
                    Ok(()) => break,
                    Err(Trouble::Refused(reason)) => {
                        tracing::warn!(batch = %batch.id, reason, "answers of a provider's batch cannot be had");
                        break;
                    }
                    // What came twice is the same twice.
                    Err(Trouble::Later) => watch.pause_or_stop(pause).await,
                }
                if watch.is_stopping() {
                    return Ok(Some(Halt::Stopping));
                }
                pause = (pause * 2).min(self.every());
            }
        }
        let mut answers = file.indexed().await?;
        let (head, now) = (head(batch, self.endpoint), self.desk.gateway.now());
        let took = Duration::from_micros(u64::try_from(now.0 - batch.created_at.0).unwrap_or(0));
        let mut jobs = feed(self.desk, batch, self.endpoint, spool.done().clone());
        while let Some(job) = jobs.recv().await {
            let Some(Told { status, body, .. }) = answers.take(job.number).await? else { continue };
            if status == 429 || status >= 500 {
                continue;
            }
            let Some(caller) = caller(&self.desk.gateway, batch) else { return Ok(Some(Halt::Forbidden)) };
            let line =
                self.desk.gateway.forward(self.endpoint.form(), caller, &head.headers, job.body.clone(), &self.model);
            let Ok(line) = line else { continue };
            let Settled { status, request_id, body } = line.settle(status, body, took, self.percent).await;
            let reply = Reply { status, request_id: request_id.to_string(), body, retry_after: None };
            spool.answered(&job, &reply).await?;
            live.show(Shown::Batch(spool.progress()));
        }
        Ok(None)
    }
}

/// The name of what a provider has answered, while it is gathered.
fn answers(batch: &Batch) -> FileId {
    FileId::from(format!("{}-answers", batch.id))
}

fn together(here: Progress, there: Counts) -> Progress {
    let mut progress = here;
    progress.counts.completed = progress.counts.completed.saturating_add(there.completed);
    progress.counts.failed = progress.counts.failed.saturating_add(there.failed);
    progress
}

/// The provider's answers on the disk; they go when they are dropped.
struct Answers {
    path: PathBuf,
}

impl Drop for Answers {
    fn drop(&mut self) {
        if std::fs::remove_file(&self.path).is_err() {
            tracing::debug!("a provider's batch had no answers");
        }
    }
}

impl Answers {
    /// Says where each line's answer is.
    async fn indexed(self) -> Result<Indexed, Error> {
        let path = self.path.clone();
        let read = tokio::task::spawn_blocking(move || index(&path));
        let unreadable = |error: io::Error| Error::Unreadable(error.kind().to_string());
        let places = read.await.map_err(|_| Error::Closed)?.map_err(unreadable)?;
        let file =
            if places.is_empty() { None } else { Some(tokio::fs::File::open(&self.path).await.map_err(unreadable)?) };
        Ok(Indexed { _answers: self, file, places })
    }
}

/// A line's number → where its answer begins, and its length in bytes.
fn index(path: &Path) -> io::Result<HashMap<u32, (u64, usize)>> {
    let mut places = HashMap::new();
    let mut lines = match Lines::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(places),
        lines => lines?,
    };
    while let Some(line) = lines.next() {
        let (_, line) = line?;
        if let Some(told) = told(&line) {
            places.insert(told.number, (lines.read() - line.len() as u64, line.len()));
        }
    }
    Ok(places)
}

struct Indexed {
    _answers: Answers,
    file: Option<tokio::fs::File>,
    places: HashMap<u32, (u64, usize)>,
}

impl Indexed {
    async fn take(&mut self, number: u32) -> Result<Option<Told>, Error> {
        let (Some((at, length)), Some(file)) = (self.places.remove(&number), self.file.as_mut()) else {
            return Ok(None);
        };
        let mut line = vec![0; length];
        let read = async {
            file.seek(io::SeekFrom::Start(at)).await?;
            file.read_exact(&mut line).await
        };
        read.await.map_err(|error| Error::Unreadable(error.kind().to_string()))?;
        Ok(told(&line))
    }
}
