//! The tokenizer is built when it is needed first, beside the requests: it takes time and memory that most processes can
//! spare. Until it is there, counts go by length, and their record says that they are estimated.

use crate::wire::tokens;
use std::sync::Arc;
use tokio::sync::Notify;

/// Whoever builds it.
#[derive(Debug, Default)]
pub(super) struct Tokenizer {
    wanted: Arc<Notify>,
}

impl Tokenizer {
    /// Somebody had to estimate. Never waits.
    pub(super) fn want(&self) {
        self.wanted.notify_one();
    }

    /// The work: builds it once, when it is wanted.
    pub(super) fn work(&self) -> impl Future<Output = ()> + Send + use<> {
        let wanted = Arc::clone(&self.wanted);
        async move {
            wanted.notified().await;
            built().await;
        }
    }
}

/// Waits until it is there, on a thread that may.
pub(super) async fn built() {
    if let Err(error) = tokio::task::spawn_blocking(tokens::prepare).await {
        tracing::error!(%error, "the tokenizer cannot be built: tokens are estimated by length");
    }
}
