//! Batches at rest. What their lines come to lies beside, in the files that they write.

use super::apply::{Batch, Change, Done};
use super::error::Error;
use super::open::Store;
use super::read::{json, number};
use super::tables;
use crate::base::{BatchId, OrgId, Timestamp, limits};
use crate::resource::{self, BatchStep, StoredFile};
use redb::ReadableTable;

impl Batch<'_> {
    /// Begins a batch over a file of its org.
    pub(super) fn begin_batch(&mut self, batch: &resource::Batch) -> Result<Done, Error> {
        let org = self.org(&batch.org)?;
        if self.txn.open_table(tables::FILES)?.get((org, batch.input_file_id.as_str()))?.is_none() {
            return Err(Error::NotFound);
        }
        let waiting = self.txn.open_table(tables::UNFINISHED)?.range((org, "")..(org + 1, ""))?.count();
        if waiting >= limits::MAX_UNFINISHED_BATCHES {
            return Err(Error::NoRoom);
        }
        self.keep_batch(org, batch)
    }

    /// Takes a step of a batch, with the files that it brings; one that cannot be taken leaves the batch as it stands.
    pub(super) fn step_batch(
        &mut self,
        org: &OrgId,
        id: &BatchId,
        step: &BatchStep,
        now: Timestamp,
        files: &[StoredFile],
    ) -> Result<Done, Error> {
        let number = self.org(org)?;
        let mut batch: resource::Batch = match self.txn.open_table(tables::BATCHES)?.get((number, id.as_str()))? {
            Some(bytes) => json(bytes.value())?,
            None => return Err(Error::NotFound),
        };
        if !batch.take(step.clone(), now) {
            return Ok(Done::Batch(Box::new(batch)));
        }
        for file in files {
            self.keep_file(number, file)?;
        }
        self.keep_batch(number, &batch)
    }

    fn keep_batch(&self, org: u32, batch: &resource::Batch) -> Result<Done, Error> {
        let bytes = serde_json::to_vec(batch)?;
        let place = (org, batch.id.as_str());
        self.txn.open_table(tables::BATCHES)?.insert(place, bytes.as_slice())?;
        let mut unfinished = self.txn.open_table(tables::UNFINISHED)?;
        if batch.has_ended() {
            unfinished.remove(place)?;
        } else {
            unfinished.insert(place, ())?;
        }
        Ok(Done::Batch(Box::new(batch.clone())))
    }

    /// Forgets a batch that has ended.
    pub(super) fn forget_batch(&mut self, org: &OrgId, id: &BatchId) -> Result<Done, Error> {
        let number = self.org(org)?;
        self.txn.open_table(tables::BATCHES)?.remove((number, id.as_str()))?;
        Ok(Done::Nothing)
    }
}

fn as_it_stands(done: Done) -> Result<resource::Batch, Error> {
    match done {
        Done::Batch(batch) => Ok(*batch),
        _ => Err(Error::Write("a batch was answered with something else".into())),
    }
}

impl Store {
    /// Begins a batch. Durable when it returns.
    ///
    /// # Errors
    /// [`Error::NotFound`] where its input is no file of its org, [`Error::NoRoom`] where
    /// [`limits::MAX_UNFINISHED_BATCHES`] wait already, or the write failed.
    pub async fn begin_batch(&self, batch: resource::Batch) -> Result<resource::Batch, Error> {
        as_it_stands(self.change(Change::BeginBatch { batch: Box::new(batch) }).await?)
    }

    /// Takes a step of a batch, with the files that it brings, and gives the batch as it stands then: a step that
    /// cannot be taken changes nothing. Durable when it returns.
    ///
    /// # Errors
    /// [`Error::NotFound`], or the write failed.
    pub async fn step_batch(
        &self,
        org: OrgId,
        id: BatchId,
        step: BatchStep,
        now: Timestamp,
        files: Vec<StoredFile>,
    ) -> Result<resource::Batch, Error> {
        as_it_stands(self.change(Change::StepBatch { org, id, step: Box::new(step), now, files }).await?)
    }

    /// Forgets a batch that has ended. Durable when it returns.
    ///
    /// # Errors
    /// The write failed.
    pub async fn forget_batch(&self, org: OrgId, id: BatchId) -> Result<(), Error> {
        self.change(Change::ForgetBatch { org, id }).await.map(drop)
    }

    /// One batch of an org.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn batch(&self, org: &OrgId, id: &str) -> Result<Option<resource::Batch>, Error> {
        let txn = self.snapshot()?;
        let Some(org) = number(&txn, org)? else { return Ok(None) };
        txn.open_table(tables::BATCHES)?.get((org, id))?.map(|bytes| json(bytes.value())).transpose()
    }

    /// At most `limit` batches of an org, newest first, from the one that follows `after` on; and whether there are
    /// more.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn batch_page(
        &self,
        org: &OrgId,
        limit: usize,
        after: Option<&str>,
    ) -> Result<(Vec<resource::Batch>, bool), Error> {
        let txn = self.snapshot()?;
        let Some(org) = number(&txn, org)? else { return Ok((Vec::new(), false)) };
        let table = txn.open_table(tables::BATCHES)?;
        let rows = match after {
            Some(after) => table.range((org, "")..(org, after))?,
            None => table.range((org, "")..(org + 1, ""))?,
        };
        let rows = rows.rev().take(limit + 1).map(|row| json(row?.1.value()));
        let mut batches = rows.collect::<Result<Vec<resource::Batch>, Error>>()?;
        let has_more = batches.len() > limit;
        batches.truncate(limit);
        Ok((batches, has_more))
    }

    /// The batches of all orgs that have not ended, oldest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn unfinished_batches(&self) -> Result<Vec<resource::Batch>, Error> {
        let txn = self.snapshot()?;
        let table = txn.open_table(tables::BATCHES)?;
        let mut batches = Vec::new();
        for row in txn.open_table(tables::UNFINISHED)?.iter()? {
            if let Some(bytes) = table.get(row?.0.value())? {
                batches.push(json::<resource::Batch>(bytes.value())?);
            }
        }
        batches.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        Ok(batches)
    }

    /// The batches that were made before an instant and have ended.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn old_batches(&self, before: Timestamp) -> Result<Vec<(OrgId, BatchId)>, Error> {
        let table = self.snapshot()?.open_table(tables::BATCHES)?;
        let mut old = Vec::new();
        for row in table.iter()? {
            let batch: resource::Batch = json(row?.1.value())?;
            if batch.has_ended() && batch.created_at < before {
                old.push((batch.org, batch.id));
            }
        }
        Ok(old)
    }
}
