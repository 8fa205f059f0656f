//! Contents of files: a folder beside the store's file, one file each, named by its id.
//!
//! The store's file says which contents there are; what lies in the folder without being named there was being
//! written when a process ended, and is removed by [`Store::sweep_blobs`]. A content is on the disk before it is named.

use super::error::Error;
use super::open::{Store, make_folder, unreadable};
use crate::base::FileId;
use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

/// The folder of contents in the data folder.
const FOLDER: &str = "files";
/// Behind the name of a content that is still coming.
const PART: &str = ".part";

/// The folder.
#[derive(Debug, Clone)]
pub struct Blobs {
    folder: Arc<Path>,
}

fn written(error: &io::Error) -> Error {
    Error::Write(error.kind().to_string())
}

impl Blobs {
    pub(super) fn beside(data: &Path) -> Self {
        Self { folder: data.join(FOLDER).into() }
    }

    /// Where a content lies.
    #[must_use]
    pub fn path(&self, id: &FileId) -> PathBuf {
        self.folder.join(id.as_str())
    }

    /// Makes the folder, readable for its owner only.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn prepare(&self) -> Result<(), Error> {
        make_folder(&self.folder)
    }

    /// Begins a content that becomes visible when it is whole.
    ///
    /// # Errors
    /// It cannot be made.
    pub async fn begin(&self, id: &FileId) -> Result<Arriving, Error> {
        self.prepare()?;
        let path = self.path(id);
        let part = self.folder.join(format!("{id}{PART}"));
        let file = File::options().write(true).create_new(true).mode(0o600).open(&part).await;
        let file = file.map_err(|error| written(&error))?;
        Ok(Arriving { file, part, path, folder: Arc::clone(&self.folder), bytes: 0, is_kept: false })
    }

    /// Opens a content for reading.
    ///
    /// # Errors
    /// It is not there.
    pub async fn open(&self, id: &FileId) -> Result<File, Error> {
        File::open(self.path(id)).await.map_err(|error| unreadable(&error))
    }

    /// Removes a content; one that is gone already is no fault.
    ///
    /// # Errors
    /// It cannot be removed.
    pub fn remove(&self, id: &FileId) -> Result<(), Error> {
        match std::fs::remove_file(self.path(id)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(written(&error)),
            _ => Ok(()),
        }
    }

    /// Puts the folder itself on the disk: names are durable after it.
    ///
    /// # Errors
    /// The disk does not take it.
    pub fn sync(&self) -> Result<(), Error> {
        std::fs::File::open(&self.folder).and_then(|folder| folder.sync_all()).map_err(|error| written(&error))
    }
}

/// A content on its way. Dropped before it is kept, it leaves nothing.
#[derive(Debug)]
pub struct Arriving {
    file: File,
    part: PathBuf,
    path: PathBuf,
    folder: Arc<Path>,
    bytes: u64,
    is_kept: bool,
}

impl Arriving {
    /// Adds bytes.
    ///
    /// # Errors
    /// The disk does not take them.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.file.write_all(bytes).await.map_err(|error| written(&error))?;
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    /// Makes the content durable under its name; its size in bytes.
    ///
    /// # Errors
    /// The disk does not take it.
    pub async fn keep(mut self) -> Result<u64, Error> {
        self.file.flush().await.map_err(|error| written(&error))?;
        self.file.sync_all().await.map_err(|error| written(&error))?;
        tokio::fs::rename(&self.part, &self.path).await.map_err(|error| written(&error))?;
        self.is_kept = true;
        let blobs = Blobs { folder: Arc::clone(&self.folder) };
        tokio::task::spawn_blocking(move || blobs.sync()).await.map_err(|_| Error::Closed)??;
        Ok(self.bytes)
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        if !self.is_kept && std::fs::remove_file(&self.part).is_err() {
            tracing::debug!("an upload that broke off had left nothing");
        }
    }
}

impl Store {
    /// Where contents lie.
    #[must_use]
    pub fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// Removes contents that nothing names: for a start, before anything is uploaded. How many went.
    ///
    /// # Errors
    /// The store cannot be read, or a content not removed.
    pub fn sweep_blobs(&self) -> Result<usize, Error> {
        let entries = match std::fs::read_dir(&self.blobs.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            Err(error) => return Err(unreadable(&error)),
        };
        let mut named: HashSet<FileId> = self.all_files()?.into_iter().map(|(_, file)| file.id).collect();
        for batch in self.unfinished_batches()? {
            named.extend([batch.id.output(), batch.id.errors()]);
        }
        named.extend(self.evaluated_contents()?);
        let mut gone = 0;
        for entry in entries {
            let entry = entry.map_err(|error| unreadable(&error))?;
            let is_named = entry.file_name().to_str().is_some_and(|name| named.contains(name));
            if !is_named && entry.file_type().is_ok_and(|kind| kind.is_file()) {
                std::fs::remove_file(entry.path()).map_err(|error| written(&error))?;
                gone += 1;
            }
        }
        Ok(gone)
    }
}
