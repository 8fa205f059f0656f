//! A file that grows by whole lines, beside the store. Whoever goes on with one cuts a torn line off.

use crate::base::FileId;
use crate::store::{Blobs, Error};
use std::fs::OpenOptions;
use std::io::{self, BufRead, BufReader};
use std::os::unix::fs::OpenOptionsExt;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;

/// How long a written line may be lost to a power failure; a killed process loses none.
const SYNC: Duration = Duration::from_secs(1);

/// One file.
#[derive(Debug)]
pub(super) struct Journal {
    pub(super) id: FileId,
    pub(super) bytes: u64,
    file: tokio::fs::File,
    synced: Instant,
}

fn unwritten(error: &io::Error) -> Error {
    Error::Write(error.kind().to_string())
}

impl Journal {
    /// Opens a file, takes in the lines that it holds and cuts off what comes after the last whole one that is `known`.
    /// For a thread that may wait.
    pub(super) fn open(blobs: &Blobs, id: FileId, known: impl FnMut(&[u8]) -> bool) -> Result<Self, Error> {
        Self::recover(blobs, id, known).map_err(|error| unwritten(&error))
    }

    fn recover(blobs: &Blobs, id: FileId, mut known: impl FnMut(&[u8]) -> bool) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(blobs.path(&id))?;
        let mut reader = BufReader::with_capacity(64 << 10, &file);
        let (mut bytes, mut line) = (0_u64, Vec::new());
        loop {
            line.clear();
            // Every line was written here and has a length that was allowed then.
            let read = reader.read_until(b'\n', &mut line)?;
            if !line.ends_with(b"\n") || !known(&line) {
                break;
            }
            bytes += read as u64;
        }
        file.set_len(bytes)?;
        Ok(Self { id, bytes, file: file.into(), synced: Instant::now() })
    }

    /// Appends a line.
    pub(super) async fn put(&mut self, line: &[u8]) -> Result<(), Error> {
        self.file.write_all(line).await.map_err(|error| unwritten(&error))?;
        self.file.flush().await.map_err(|error| unwritten(&error))?;
        self.bytes += line.len() as u64;
        if self.synced.elapsed() >= SYNC { self.sync().await } else { Ok(()) }
    }

    /// Puts what was written on the disk.
    pub(super) async fn sync(&mut self) -> Result<(), Error> {
        self.file.sync_data().await.map_err(|error| unwritten(&error))?;
        self.synced = Instant::now();
        Ok(())
    }
}
