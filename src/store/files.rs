//! Which files there are. A file's row is written when its content is on the disk, and goes before it.

use super::apply::{Batch, Change, Done};
use super::error::Error;
use super::open::Store;
use super::read::{json, number};
use super::tables;
use crate::base::{FileId, OrgId, Timestamp, limits};
use crate::resource::{self, StoredFile};
use redb::ReadableTable;

impl Batch<'_> {
    /// Adds a file, where the org's files have room for it.
    pub(super) fn add_file(&mut self, org: &OrgId, file: &StoredFile, quota: u64) -> Result<Done, Error> {
        let number = self.org(org)?;
        let (mut count, mut bytes) = (0, file.bytes);
        for row in self.txn.open_table(tables::FILES)?.range((number, "")..(number + 1, ""))? {
            let known: StoredFile = json(row?.1.value())?;
            count += 1;
            bytes = bytes.saturating_add(known.bytes);
        }
        if count >= limits::MAX_FILES || bytes > quota {
            return Err(Error::NoRoom);
        }
        self.keep_file(number, file)
    }

    pub(super) fn keep_file(&self, org: u32, file: &StoredFile) -> Result<Done, Error> {
        let bytes = serde_json::to_vec(file)?;
        self.txn.open_table(tables::FILES)?.insert((org, file.id.as_str()), bytes.as_slice())?;
        Ok(Done::Nothing)
    }

    /// Takes a file's row away, unless a batch still reads it.
    pub(super) fn remove_file(&mut self, org: &OrgId, id: &FileId) -> Result<Done, Error> {
        let number = self.org(org)?;
        let batches = self.txn.open_table(tables::BATCHES)?;
        for row in self.txn.open_table(tables::UNFINISHED)?.range((number, "")..(number + 1, ""))? {
            let Some(bytes) = batches.get(row?.0.value())? else { continue };
            if json::<resource::Batch>(bytes.value())?.input_file_id == *id {
                return Err(Error::Conflict);
            }
        }
        match self.txn.open_table(tables::FILES)?.remove((number, id.as_str()))? {
            Some(_) => Ok(Done::Nothing),
            None => Err(Error::NotFound),
        }
    }
}

impl Store {
    /// Names a file whose content is on the disk. Durable when it returns.
    ///
    /// # Errors
    /// [`Error::NoRoom`] where the org's files come to more than `quota` bytes or [`limits::MAX_FILES`], or the write
    /// failed: the content is for the caller to remove.
    pub async fn add_file(&self, org: OrgId, file: StoredFile, quota: u64) -> Result<(), Error> {
        self.change(Change::AddFile { org, file, quota }).await.map(drop)
    }

    /// Removes a file with its content. Durable when it returns.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Conflict`] where a batch still reads it, or the write failed.
    pub async fn remove_file(&self, org: OrgId, id: FileId) -> Result<(), Error> {
        self.change(Change::RemoveFile { org, id: id.clone() }).await?;
        let blobs = self.blobs.clone();
        tokio::task::spawn_blocking(move || blobs.remove(&id)).await.map_err(|_| Error::Closed)?
    }

    /// One file of an org.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn file(&self, org: &OrgId, id: &str) -> Result<Option<StoredFile>, Error> {
        let txn = self.snapshot()?;
        let Some(org) = number(&txn, org)? else { return Ok(None) };
        txn.open_table(tables::FILES)?.get((org, id))?.map(|bytes| json(bytes.value())).transpose()
    }

    /// All files of an org, oldest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn files(&self, org: &OrgId) -> Result<Vec<StoredFile>, Error> {
        let txn = self.snapshot()?;
        let Some(org) = number(&txn, org)? else { return Ok(Vec::new()) };
        let rows = txn.open_table(tables::FILES)?;
        let rows = rows.range((org, "")..(org + 1, ""))?;
        let mut files = rows.map(|row| json(row?.1.value())).collect::<Result<Vec<StoredFile>, Error>>()?;
        files.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        Ok(files)
    }

    /// Every org's files.
    pub(super) fn all_files(&self) -> Result<Vec<(OrgId, StoredFile)>, Error> {
        let orgs: Vec<OrgId> = {
            let orgs = self.snapshot()?.open_table(tables::ORGS)?;
            orgs.iter()?.map(|row| Ok::<_, Error>(OrgId::from(row?.0.value()))).collect::<Result<_, _>>()?
        };
        let mut all = Vec::new();
        for org in orgs {
            all.extend(self.files(&org)?.into_iter().map(|file| (org.clone(), file)));
        }
        Ok(all)
    }

    /// The files whose time is over.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn expired_files(&self, now: Timestamp) -> Result<Vec<(OrgId, FileId)>, Error> {
        let expired = |file: &StoredFile| file.expires_at.is_some_and(|at| at <= now);
        let all = self.all_files()?.into_iter();
        Ok(all.filter(|(_, file)| expired(file)).map(|(org, file)| (org, file.id)).collect())
    }
}
