//! The live stream of what happens: decisions and feedback as they are recorded.

use crate::base::OrgId;
use std::sync::Arc;
use tokio::sync::broadcast;

/// Events kept for slow readers. A reader that falls further behind is told how many it missed;
/// the gateway never waits for it.
const KEPT: usize = 4096;

/// One event of one org, as JSON.
#[derive(Debug, Clone)]
pub struct Event {
    /// Rises by one with every event of this process.
    pub id: u64,
    /// The org that may see it.
    pub org: OrgId,
    /// `decision`, `feedback`, `rating`.
    pub kind: &'static str,
    /// The resource as JSON.
    pub data: Arc<str>,
}

/// The hub of the live stream.
#[derive(Debug)]
pub struct Events {
    sender: broadcast::Sender<Event>,
    next: std::sync::atomic::AtomicU64,
}

impl Default for Events {
    fn default() -> Self {
        Self { sender: broadcast::Sender::new(KEPT), next: std::sync::atomic::AtomicU64::new(1) }
    }
}

impl Events {
    /// Whether anybody listens: without listeners nothing needs to be serialized.
    #[must_use]
    pub fn is_watched(&self) -> bool {
        self.sender.receiver_count() > 0
    }

    /// Tells all listeners; never waits.
    pub fn publish(&self, org: OrgId, kind: &'static str, data: Arc<str>) {
        let id = self.next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        if self.sender.send(Event { id, org, kind, data }).is_err() {
            tracing::trace!("nobody listens to the live stream");
        }
    }

    /// A new listener, from now on.
    #[must_use]
    pub fn listen(&self) -> broadcast::Receiver<Event> {
        self.sender.subscribe()
    }
}
