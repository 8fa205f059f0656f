//! Giving way. A group is much work in one go; where requests share the core with the writer, each of them
//! would wait for all of it. So the writer lets others run after each record and after each page that a
//! commit writes. When it is behind it hurries, and whoever hands in records gives way to it.

use redb::{BackendError, StorageBackend};
use std::io;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// How the writer treats those that share its core.
#[derive(Debug, Clone, Default)]
pub(super) struct Manners {
    hurried: Arc<AtomicBool>,
}

impl Manners {
    /// From now on others have to wait, or no longer.
    pub(super) fn hurry(&self, is_behind: bool) {
        self.hurried.store(is_behind, Ordering::Relaxed);
    }

    /// Lets others run, unless time presses.
    pub(super) fn give_way(&self) {
        if !self.hurried.load(Ordering::Relaxed) {
            std::thread::yield_now();
        }
    }
}

/// A backend whose writes are followed by a chance for other threads.
#[derive(Debug)]
pub(super) struct Polite<B> {
    storage: B,
    manners: Manners,
}

impl<B> Polite<B> {
    pub(super) fn new(storage: B, manners: &Manners) -> Self {
        Self { storage, manners: manners.clone() }
    }
}

impl<B: StorageBackend> StorageBackend for Polite<B> {
    fn len(&self) -> Result<u64, io::Error> {
        self.storage.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        self.storage.read(offset, out)
    }

    fn set_len(&self, len: u64) -> Result<(), io::Error> {
        self.storage.set_len(len)
    }

    fn sync_data(&self) -> Result<(), io::Error> {
        self.storage.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
        self.storage.write(offset, data)?;
        self.manners.give_way();
        Ok(())
    }

    fn close(&self) -> Result<(), io::Error> {
        self.storage.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.storage.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.storage.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.storage.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.storage.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.storage.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.storage.query_lock_range(start, end)
    }
}
