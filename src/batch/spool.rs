//! The two files that a batch writes, under the names that they keep: appended to line by line, and read back by
//! whoever goes on.

use super::input::Job;
use super::output::{self, Reply};
use crate::base::{BatchId, FileId};
use crate::resource::batch::{BatchUsage, Progress};
use crate::store::{Blobs, Error};
use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;

/// How long a written line may be lost to a power failure; a killed process loses none.
const SYNC: Duration = Duration::from_secs(1);

/// One of the files.
#[derive(Debug)]
struct Side {
    id: FileId,
    file: tokio::fs::File,
    bytes: u64,
}

/// The files of a batch that is at work.
#[derive(Debug)]
pub(super) struct Spool {
    batch: BatchId,
    output: Side,
    errors: Side,
    /// Numbers of the lines that stand in one of the files.
    done: HashSet<u32>,
    progress: Progress,
    synced: Instant,
}

/// What a closed file is.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) id: FileId,
    pub(super) bytes: u64,
}

fn unwritten(error: &io::Error) -> Error {
    Error::Write(error.kind().to_string())
}

/// Opens a file, takes in the lines that it holds and cuts off what comes after the last whole one.
fn recover(path: &Path, batch: &BatchId, mut known: impl FnMut(u32, BatchUsage)) -> io::Result<(File, u64)> {
    let file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
    let mut reader = BufReader::with_capacity(64 << 10, &file);
    let (mut whole, mut line) = (0_u64, Vec::new());
    loop {
        line.clear();
        // Every line was written here and has a length that was allowed then.
        let read = reader.read_until(b'\n', &mut line)?;
        let Some((number, usage)) = output::read_back(batch, &line).filter(|_| line.ends_with(b"\n")) else { break };
        known(number, usage);
        whole += read as u64;
    }
    file.set_len(whole)?;
    Ok((file, whole))
}

impl Spool {
    /// Opens the files of a batch of `total` lines, or goes on with them.
    pub(super) async fn open(blobs: &Blobs, batch: &BatchId, total: u32) -> Result<Self, Error> {
        let (blobs, batch) = (blobs.clone(), batch.clone());
        let opened = tokio::task::spawn_blocking(move || {
            blobs.prepare()?;
            let (mut done, mut progress) = (HashSet::new(), Progress::default());
            progress.counts.total = total;
            let (output, errors) = (batch.output(), batch.errors());
            let answered = recover(&blobs.path(&output), &batch, |number, usage| {
                done.insert(number);
                progress.counts.completed += 1;
                progress.usage += usage;
            });
            let (file, bytes) = answered.map_err(|error| unwritten(&error))?;
            let output = Side { id: output, file: file.into(), bytes };
            let failed = recover(&blobs.path(&errors), &batch, |number, usage| {
                done.insert(number);
                progress.counts.failed += 1;
                progress.usage += usage;
            });
            let (file, bytes) = failed.map_err(|error| unwritten(&error))?;
            let errors = Side { id: errors, file: file.into(), bytes };
            blobs.sync()?;
            Ok(Self { batch, output, errors, done, progress, synced: Instant::now() })
        });
        opened.await.map_err(|_| Error::Closed)?
    }

    /// The lines that are done.
    pub(super) fn done(&self) -> &HashSet<u32> {
        &self.done
    }

    pub(super) fn progress(&self) -> Progress {
        self.progress
    }

    /// Writes what a line came to.
    pub(super) async fn answered(&mut self, job: &Job, reply: &Reply) -> Result<(), Error> {
        let line = output::answered(&self.batch, job, reply);
        self.progress.usage += output::usage(&reply.body);
        self.put(job.number, &line, reply.is_good()).await
    }

    /// Writes that a line was never answered.
    pub(super) async fn unanswered(&mut self, job: &Job, code: &str, message: &str) -> Result<(), Error> {
        let line = output::unanswered(&self.batch, job, code, message);
        self.put(job.number, &line, false).await
    }

    async fn put(&mut self, number: u32, line: &[u8], is_good: bool) -> Result<(), Error> {
        let side = if is_good { &mut self.output } else { &mut self.errors };
        side.file.write_all(line).await.map_err(|error| unwritten(&error))?;
        side.file.flush().await.map_err(|error| unwritten(&error))?;
        side.bytes += line.len() as u64;
        let counts = &mut self.progress.counts;
        *(if is_good { &mut counts.completed } else { &mut counts.failed }) += 1;
        self.done.insert(number);
        if self.synced.elapsed() >= SYNC { self.sync().await } else { Ok(()) }
    }

    /// Puts what was written on the disk.
    pub(super) async fn sync(&mut self) -> Result<(), Error> {
        for side in [&self.output, &self.errors] {
            side.file.sync_data().await.map_err(|error| unwritten(&error))?;
        }
        self.synced = Instant::now();
        Ok(())
    }

    /// Closes both files: the output, and the errors. One that is empty is no file.
    pub(super) async fn close(mut self, blobs: &Blobs) -> Result<(Option<Written>, Option<Written>), Error> {
        self.sync().await?;
        let mut closed = [None, None];
        for (side, closed) in [self.output, self.errors].into_iter().zip(&mut closed) {
            if side.bytes > 0 {
                *closed = Some(Written { id: side.id, bytes: side.bytes });
            } else {
                blobs.remove(&side.id)?;
            }
        }
        let [output, errors] = closed;
        Ok((output, errors))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Timestamp;
    use crate::store::{Options, Store};
    use bytes::Bytes;

    fn job(number: u32) -> Job {
        Job { number, custom_id: number.to_string(), body: Bytes::new(), tries: 0 }
    }

    fn reply(status: u16) -> Reply {
        let body = Bytes::from_static(b"{\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":1}}");
        Reply { status, request_id: "r".into(), body, retry_after: None }
    }

    #[tokio::test]
    async fn whoever_goes_on_knows_what_was_written_wherever_the_file_was_cut() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(Options {
            folder: folder.path().to_owned(),
            group_window: Duration::from_millis(1),
            bodies: Some(Duration::from_secs(60)),
            decisions: None,
        })
        .unwrap();
        let (blobs, batch) = (store.blobs(), BatchId::draw(Timestamp(0)));
        let mut spool = Spool::open(blobs, &batch, 9).await.unwrap();
        for number in [3, 1, 2] {
            spool.answered(&job(number), &reply(200)).await.unwrap();
        }
        spool.answered(&job(4), &reply(400)).await.unwrap();
        spool.unanswered(&job(5), "batch_expired", "too late").await.unwrap();
        let (before, whole) = (spool.progress(), std::fs::read(blobs.path(&batch.output())).unwrap());
        drop(spool);
        let ends: Vec<usize> =
            whole.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1).collect();
        for cut in 0..=whole.len() {
            std::fs::write(blobs.path(&batch.output()), &whole[..cut]).unwrap();
            let spool = Spool::open(blobs, &batch, 9).await.unwrap();
            let left = ends.iter().filter(|end| **end <= cut).count();
            assert_eq!(spool.progress().counts.completed as usize, left, "cut at {cut}");
            assert_eq!(spool.done().len(), left + 2);
            assert_eq!(spool.output.bytes, if left == 0 { 0 } else { ends[left - 1] as u64 });
        }
        let mut spool = Spool::open(blobs, &batch, 9).await.unwrap();
        assert_eq!(spool.progress(), before);
        assert_eq!((before.counts.completed, before.counts.failed, before.usage.input), (3, 2, 40));
        spool.answered(&job(6), &reply(200)).await.unwrap();
        let (output, errors) = spool.close(blobs).await.unwrap();
        let text = std::fs::read_to_string(blobs.path(&output.unwrap().id)).unwrap();
        assert_eq!(text.lines().count(), 4, "what is written later comes behind what was there");
        assert!(errors.unwrap().bytes > 0);
    }

    #[tokio::test]
    async fn an_empty_file_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(Options {
            folder: folder.path().to_owned(),
            group_window: Duration::from_millis(1),
            bodies: Some(Duration::from_secs(60)),
            decisions: None,
        })
        .unwrap();
        let batch = BatchId::draw(Timestamp(0));
        let spool = Spool::open(store.blobs(), &batch, 1).await.unwrap();
        let (output, errors) = spool.close(store.blobs()).await.unwrap();
        assert!(output.is_none() && errors.is_none());
        assert!(!store.blobs().path(&batch.output()).exists());
    }
}
