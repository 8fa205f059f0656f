//! A provider that does with its connections whatever a test wants.

use crate::base::task::Tasks;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A listening provider; it ends with this value.
pub(super) struct Fake {
    pub(super) base_url: String,
    accepted: Arc<AtomicUsize>,
    _tasks: Tasks,
}

/// One accepted connection.
pub(super) struct Line {
    /// How many came before it.
    pub(super) number: usize,
    stream: TcpStream,
}

impl Fake {
    /// Serves each connection with `serve`.
    pub(super) async fn start<F, S>(serve: F) -> Self
    where
        F: Fn(Line) -> S + Send + 'static,
        S: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
        let accepted = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&accepted);
        let mut tasks = Tasks::new();
        tasks.start(async move {
            let mut lines = Tasks::new();
            while let Ok((stream, _)) = listener.accept().await {
                let number = count.fetch_add(1, Ordering::SeqCst);
                lines.start(serve(Line { number, stream }));
            }
        });
        Self { base_url, accepted, _tasks: tasks }
    }

    /// Answers every request on every connection with these bytes.
    pub(super) async fn answering(answer: &'static str) -> Self {
        Self::start(move |mut line| async move {
            while line.request().await.is_some() {
                line.write(answer).await;
            }
        })
        .await
    }

    /// Connections so far.
    pub(super) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

impl Line {
    /// One whole request; `None` when the caller has closed.
    pub(super) async fn request(&mut self) -> Option<String> {
        let mut text = Vec::new();
        loop {
            if self.stream.read_buf(&mut text).await.ok()? == 0 {
                return None;
            }
            let seen = String::from_utf8_lossy(&text);
            if let Some((head, body)) = seen.split_once("\r\n\r\n") {
                let length =
                    head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
                if body.len() >= length.unwrap_or(0) {
                    return Some(seen.into_owned());
                }
            }
        }
    }

    pub(super) async fn write(&mut self, bytes: &str) {
        // A caller that is gone is what some tests are about.
        drop(self.stream.write_all(bytes.as_bytes()).await);
    }

    /// Writes bytes; whether the caller still takes them.
    pub(super) async fn write_bytes(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).await.is_ok()
    }

    /// Ends the connection the rude way.
    pub(super) fn reset(self) {
        self.stream.set_zero_linger().unwrap();
    }

    /// Waits until the caller closes or resets.
    pub(super) async fn closed(&mut self) {
        let mut rest = [0; 1024];
        while matches!(self.stream.read(&mut rest).await, Ok(1..)) {}
    }
}

/// Never returns: for a provider that hangs.
pub(super) async fn hang() {
    std::future::pending().await
}
