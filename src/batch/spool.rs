//! The two files that a batch writes, under the names that they keep: appended to line by line, and read back by
//! whoever goes on.

use super::input::Job;
use super::journal::Journal;
use super::output::{self, Reply};
use crate::base::{BatchId, FileId};
use crate::resource::batch::Progress;
use crate::store::{Blobs, Error};
use std::collections::HashSet;

/// The files of a batch that is at work.
#[derive(Debug)]
pub(super) struct Spool {
    batch: BatchId,
    output: Journal,
    errors: Journal,
    /// Numbers of the lines that stand in one of the files.
    done: HashSet<u32>,
    progress: Progress,
}

/// What a closed file is.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) id: FileId,
    pub(super) bytes: u64,
}

impl Spool {
    /// Opens the files of a batch of `total` lines, or goes on with them.
    pub(super) async fn open(blobs: &Blobs, batch: &BatchId, total: u32) -> Result<Self, Error> {
        let (blobs, batch) = (blobs.clone(), batch.clone());
        let opened = tokio::task::spawn_blocking(move || {
            blobs.prepare()?;
            let (mut done, mut progress) = (HashSet::new(), Progress::default());
            progress.counts.total = total;
            let output = Journal::open(&blobs, batch.output(), |line| {
                let Some((number, usage)) = output::read_back(&batch, line) else { return false };
                done.insert(number);
                progress.counts.completed += 1;
                progress.usage += usage;
                true
            })?;
            let errors = Journal::open(&blobs, batch.errors(), |line| {
                let Some((number, usage)) = output::read_back(&batch, line) else { return false };
                done.insert(number);
                progress.counts.failed += 1;
                progress.usage += usage;
                true
            })?;
            blobs.sync()?;
            Ok(Self { batch, output, errors, done, progress })
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
        side.put(line).await?;
        let counts = &mut self.progress.counts;
        *(if is_good { &mut counts.completed } else { &mut counts.failed }) += 1;
        self.done.insert(number);
        Ok(())
    }

    /// Puts what was written on the disk.
    pub(super) async fn sync(&mut self) -> Result<(), Error> {
        self.output.sync().await?;
        self.errors.sync().await
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
    use std::time::Duration;

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
