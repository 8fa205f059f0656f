//! What live streams share: the word that this gateway is about to end, since they would never end by themselves, and
//! turns to read the log.

use super::Gateway;
use crate::base::limits::MAX_EVENT_LOOKS;
use tokio::sync::{Semaphore, SemaphorePermit, watch};

/// What they share.
#[derive(Debug)]
pub(super) struct Streams {
    ending: watch::Sender<bool>,
    looks: Semaphore,
}

impl Default for Streams {
    fn default() -> Self {
        Self { ending: watch::Sender::new(false), looks: Semaphore::new(MAX_EVENT_LOOKS) }
    }
}

impl Gateway {
    /// Tells live streams to end: their clients go on at another gateway, or at the next one here.
    pub fn end_streams(&self) {
        self.streams.ending.send_replace(true);
    }

    /// Turns true when live streams have to end.
    #[must_use]
    pub fn ending(&self) -> watch::Receiver<bool> {
        self.streams.ending.subscribe()
    }

    /// A turn to read the log for a live stream, first come first served. Every commit wakes all readers: without turns
    /// each would take a thread for its look.
    pub async fn turn_to_look(&self) -> Option<SemaphorePermit<'_>> {
        self.streams.looks.acquire().await.ok()
    }
}
