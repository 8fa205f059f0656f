//! Which datasets there are. A dataset's row is written when its content is on the disk, and goes before it.

use super::apply::{Batch, Change, Done};
use super::error::Error;
use super::open::Store;
use super::page::Listing;
use super::read::{json, number};
use super::tables;
use crate::base::{DatasetId, OrgId, Timestamp, limits};
use crate::resource::{Dataset, Page, StoredEvaluation};
use redb::ReadableTable;

impl Batch<'_> {
    /// Adds a dataset, where the org has room for it.
    pub(super) fn add_dataset(&mut self, org: &OrgId, dataset: &Dataset) -> Result<Done, Error> {
        let number = self.org(org)?;
        let mut table = self.txn.open_table(tables::DATASETS)?;
        let (mut count, mut rows) = (0, u64::from(dataset.rows));
        for row in table.range((number, "")..(number + 1, ""))? {
            let known: Dataset = json(row?.1.value())?;
            count += 1;
            rows = rows.saturating_add(u64::from(known.rows));
        }
        if count >= limits::MAX_DATASETS || rows > limits::MAX_ORG_ROWS {
            return Err(Error::NoRoom);
        }
        table.insert((number, dataset.id.as_str()), serde_json::to_vec(dataset)?.as_slice())?;
        Ok(Done::Nothing)
    }

    /// Takes a dataset's row away, unless an evaluation still reads it.
    pub(super) fn remove_dataset(&mut self, org: &OrgId, id: &DatasetId) -> Result<Done, Error> {
        let number = self.org(org)?;
        let evaluations = self.txn.open_table(tables::EVALUATIONS)?;
        for row in self.txn.open_table(tables::OPEN_EVALUATIONS)?.range((number, "")..(number + 1, ""))? {
            let Some(bytes) = evaluations.get(row?.0.value())? else { continue };
            if json::<StoredEvaluation>(bytes.value())?.shown.dataset_id == *id {
                return Err(Error::Conflict);
            }
        }
        match self.txn.open_table(tables::DATASETS)?.remove((number, id.as_str()))? {
            Some(_) => Ok(Done::Nothing),
            None => Err(Error::NotFound),
        }
    }
}

impl Store {
    /// Names a dataset whose content is on the disk. Durable when it returns.
    ///
    /// # Errors
    /// [`Error::NoRoom`] where the org has [`limits::MAX_DATASETS`] or [`limits::MAX_ORG_ROWS`], or the write failed: the
    /// content is for the caller to remove.
    pub async fn add_dataset(&self, org: OrgId, dataset: Dataset) -> Result<(), Error> {
        self.change(Change::AddDataset { org, dataset }).await.map(drop)
    }

    /// Removes a dataset with its content. Durable when it returns.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Conflict`] where an evaluation still reads it, or the write failed.
    pub async fn remove_dataset(&self, org: OrgId, id: DatasetId) -> Result<(), Error> {
        self.change(Change::RemoveDataset { org, id: id.clone() }).await?;
        let blobs = self.blobs.clone();
        tokio::task::spawn_blocking(move || blobs.remove(&id.content())).await.map_err(|_| Error::Closed)?
    }

    /// One dataset of an org.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn dataset(&self, org: &OrgId, id: &str) -> Result<Option<Dataset>, Error> {
        let txn = self.snapshot()?;
        let Some(org) = number(&txn, org)? else { return Ok(None) };
        txn.open_table(tables::DATASETS)?.get((org, id))?.map(|bytes| json(bytes.value())).transpose()
    }

    /// A page of an org's datasets, newest first.
    ///
    /// # Errors
    /// [`Error::BadCursor`], or the store cannot be read.
    pub fn dataset_page(&self, org: &OrgId, limit: usize, cursor: Option<&str>) -> Result<Page<Dataset>, Error> {
        let mut all: Vec<Dataset> = self.all_of(tables::DATASETS, Some(org))?;
        all.sort_by(|a, b| (b.created_at, &b.id).cmp(&(a.created_at, &a.id)));
        let listing = Listing { org, what: "datasets", id: |dataset: &Dataset| dataset.id.as_str() };
        self.paged(&listing, all, limit, cursor, |_| true)
    }

    /// The datasets whose time is over.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn expired_datasets(&self, now: Timestamp) -> Result<Vec<(OrgId, DatasetId)>, Error> {
        let mut expired = Vec::new();
        for org in self.orgs()? {
            let all: Vec<Dataset> = self.all_of(tables::DATASETS, Some(&org))?;
            let old = all.into_iter().filter(|dataset| dataset.expires_at <= now);
            expired.extend(old.map(|dataset| (org.clone(), dataset.id)));
        }
        Ok(expired)
    }
}
