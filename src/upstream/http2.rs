//! h2 connections: many calls at once on each. A connection runs in a task that [`Upstream`](super::Upstream) owns.

use super::connect::Stream;
use super::error::CallError;
use super::http1::{Failed, Repeat, meaning};
use crate::base::task::Tasks;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http2::{self, SendRequest};
use hyper::rt::Executor;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::time::Instant;

/// Calls on one connection; past them another one is opened. A provider may allow fewer.
const MAX_STREAMS: usize = 100;
/// How often a connection with calls on it is asked for a sign of life.
const PING: Duration = Duration::from_secs(20);
/// How long the sign may take.
const PONG: Duration = Duration::from_secs(10);
/// All header lines of one answer together, as h2 counts them.
const MAX_HEADER_LIST: u32 = 64 << 10;
/// What a provider may send ahead of what was read, for one call and for all on a connection.
const WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 16 << 20;

/// Starts the tasks of connections in the set that owns them; starts nothing once that set is gone.
#[derive(Debug, Clone)]
pub(super) struct Starter(pub(super) Weak<Mutex<Tasks>>);

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Starter {
    fn execute(&self, task: F) {
        if let Some(tasks) = self.0.upgrade() {
            tasks.lock().unwrap_or_else(PoisonError::into_inner).start(task);
        }
    }
}

/// A connection that carries many calls.
#[derive(Debug)]
pub(super) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    /// Held once by the pool and once by each call.
    calls: Arc<()>,
    /// How many calls at once the provider allows.
    allowed: Arc<AtomicUsize>,
    used: Instant,
}

/// The right to one call. Dropped together with the call's body.
#[derive(Debug)]
pub(super) struct Ticket {
    sender: SendRequest<Full<Bytes>>,
    calls: Arc<()>,
}

impl Connection {
    pub(super) async fn open(stream: Stream, starter: Starter) -> Result<Self, CallError> {
        let (sender, mut driver) = http2::Builder::new(starter.clone())
            .timer(TokioTimer::new())
            .keep_alive_interval(PING)
            .keep_alive_timeout(PONG)
            .max_header_list_size(MAX_HEADER_LIST)
            .initial_stream_window_size(WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|_| CallError::Closed)?;
        let allowed = Arc::new(AtomicUsize::new(MAX_STREAMS));
        let told = Arc::clone(&allowed);
        starter.execute(poll_fn(move |cx| {
            // How it ended reaches the calls on it.
            let end = Pin::new(&mut driver).poll(cx).map(|_| ());
            told.store(driver.current_max_send_streams(), Ordering::Relaxed);
            end
        }));
        Ok(Self { sender, calls: Arc::new(()), allowed, used: Instant::now() })
    }

    fn busy(&self) -> usize {
        Arc::strong_count(&self.calls) - 1
    }

    /// A ticket, where the connection is open and not full.
    pub(super) fn ticket(&mut self, now: Instant) -> Option<Ticket> {
        let most = self.allowed.load(Ordering::Relaxed).min(MAX_STREAMS);
        (self.sender.is_ready() && self.busy() < most).then(|| {
            self.used = now;
            Ticket { sender: self.sender.clone(), calls: Arc::clone(&self.calls) }
        })
    }

    /// Whether it is worth keeping: open, and in use or used since `since`.
    pub(super) fn is_worth_keeping(&self, since: Instant) -> bool {
        !self.sender.is_closed() && (self.busy() > 0 || self.used >= since)
    }

    /// Whether the ticket is one of this connection's.
    pub(super) fn issued(&self, ticket: &Ticket) -> bool {
        Arc::ptr_eq(&self.calls, &ticket.calls)
    }
}

impl Ticket {
    /// Sends a request and waits for the head of its answer. Dropped before that, it resets the call's stream.
    pub(super) async fn exchange(&mut self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, Failed> {
        self.sender.try_send_request(request).await.map_err(|error| {
            let repeat = if error.message().is_some() { Repeat::Freely } else { Repeat::Never };
            Failed { error: meaning(&error.into_error()), repeat }
        })
    }
}
