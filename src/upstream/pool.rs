//! Open connections, by provider address. What is idle for long is closed by one owned task.

use super::address::Reach;
use super::connect::{Place, Stream};
use super::error::CallError;
use super::http2::Starter;
use super::{http1, http2};
use crate::base::task::Tasks;
use arc_swap::ArcSwap;
use http::HeaderValue;
use http::uri::{Authority, Scheme};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use url::{Position, Url};

/// Idle HTTP/1.1 connections that are kept for one provider address; a further one is closed after use.
const MAX_IDLE: usize = 1024;
/// How long an idle connection is kept: less than the idle time-outs of common providers.
const IDLE: Duration = Duration::from_secs(50);
/// How often idle connections are looked through.
const SWEEP: Duration = Duration::from_secs(15);

/// One provider address and the connections to it.
pub(super) struct Origin {
    place: Place,
    pub(super) scheme: Scheme,
    pub(super) authority: Authority,
    pub(super) host: HeaderValue,
    /// Path of the base URL without a slash at its end.
    pub(super) path: String,
    /// Query of the base URL.
    pub(super) query: Option<String>,
    /// The most recently used last: the others age and are closed.
    idle: Mutex<Vec<(http1::Connection, Instant)>>,
    shared: Mutex<Vec<http2::Connection>>,
}

/// A connection for one call.
pub(super) enum Line {
    Http1(http1::Connection),
    Http2(http2::Ticket),
}

/// All connections.
pub(super) struct Pool {
    tls: TlsConnector,
    /// By base URL: those that may not and those that may call private addresses never share a connection.
    public: ArcSwap<HashMap<Url, Arc<Origin>>>,
    private: ArcSwap<HashMap<Url, Arc<Origin>>>,
    tasks: Arc<Mutex<Tasks>>,
    is_swept: AtomicBool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pool {
    pub(super) fn new(tls: TlsConnector) -> Self {
        Self {
            tls,
            public: ArcSwap::default(),
            private: ArcSwap::default(),
            tasks: Arc::default(),
            is_swept: AtomicBool::new(false),
        }
    }

    /// The connections to a base URL.
    pub(super) fn origin(&self, url: &Url, allow_private: bool) -> Result<Arc<Origin>, CallError> {
        let origins = if allow_private { &self.private } else { &self.public };
        if let Some(origin) = origins.load().get(url) {
            return Ok(Arc::clone(origin));
        }
        let origin = Arc::new(Origin::of(url, allow_private).ok_or(CallError::Unusable)?);
        origins.rcu(|origins| {
            let mut origins = HashMap::clone(origins);
            origins.entry(url.clone()).or_insert_with(|| Arc::clone(&origin));
            origins
        });
        Ok(origins.load().get(url).map_or(origin, Arc::clone))
    }

    /// A new connection to `origin`.
    pub(super) async fn dial(self: &Arc<Self>, origin: &Origin, limit: Instant) -> Result<Line, CallError> {
        self.start_sweeping();
        let dialed = origin.place.dial(&self.tls, limit).await?;
        if dialed.is_http2 {
            self.share(origin, dialed.stream).await
        } else {
            Ok(Line::Http1(http1::Connection::open(dialed.stream).await?))
        }
    }

    async fn share(&self, origin: &Origin, stream: Stream) -> Result<Line, CallError> {
        let mut connection = http2::Connection::open(stream, Starter(Arc::downgrade(&self.tasks))).await?;
        let ticket = connection.ticket(Instant::now()).ok_or(CallError::Closed)?;
        lock(&origin.shared).push(connection);
        Ok(Line::Http2(ticket))
    }

    fn start_sweeping(self: &Arc<Self>) {
        if self.is_swept.swap(true, Ordering::Relaxed) {
            return;
        }
        let pool = Arc::downgrade(self);
        lock(&self.tasks).start(async move {
            loop {
                tokio::time::sleep(SWEEP).await;
                let Some(pool) = pool.upgrade() else { return };
                pool.sweep();
            }
        });
    }

    fn sweep(&self) {
        let Some(since) = Instant::now().checked_sub(IDLE) else { return };
        for origins in [&self.public, &self.private] {
            origins.load().values().for_each(|origin| origin.sweep(since));
        }
    }
}

impl Origin {
    fn of(url: &Url, allow_private: bool) -> Option<Self> {
        let authority: Authority = url[Position::BeforeHost..Position::AfterPort].parse().ok()?;
        Some(Self {
            place: Place::of(url, Reach::of(allow_private))?,
            scheme: url.scheme().parse().ok()?,
            host: HeaderValue::from_str(authority.as_str()).ok()?,
            authority,
            path: url.path().trim_end_matches('/').to_owned(),
            query: url.query().map(str::to_owned),
            idle: Mutex::default(),
            shared: Mutex::default(),
        })
    }

    /// A connection that is open already.
    pub(super) fn take(&self) -> Option<Line> {
        let now = Instant::now();
        if let Some(ticket) = lock(&self.shared).iter_mut().find_map(|connection| connection.ticket(now)) {
            return Some(Line::Http2(ticket));
        }
        loop {
            let (mut connection, _) = lock(&self.idle).pop()?;
            if connection.is_free() {
                return Some(Line::Http1(connection));
            }
        }
    }

    /// Takes back a connection whose answer was read whole.
    pub(super) fn give_back(&self, connection: http1::Connection) {
        let mut idle = lock(&self.idle);
        if idle.len() < MAX_IDLE {
            idle.push((connection, Instant::now()));
        }
    }

    /// Gives no further call to the connection that refused this one.
    pub(super) fn forget(&self, ticket: &http2::Ticket) {
        lock(&self.shared).retain(|connection| !connection.issued(ticket));
    }

    fn sweep(&self, since: Instant) {
        lock(&self.shared).retain(|connection| connection.is_worth_keeping(since));
        let mut idle = lock(&self.idle);
        let mut closed: Vec<_> =
            idle.extract_if(.., |(connection, used)| *used < since || !connection.is_free()).collect();
        drop(idle);
        closed.clear();
    }
}
