//! The life of a server: open, listen, serve, reload, drain.

use super::connection::Listener;
use super::handle::{Server, Serves};
use super::reload::Reloader;
use super::{local_key, tls};
use crate::base::task::Tasks;
use crate::batch::Batches;
use crate::config::{Loaded, Sources};
use crate::gateway::{Gateway, Limiter};
use crate::store::{self, Options, Store};
use crate::upstream::Upstream;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// How often the configuration's files are looked at.
const LOOK: Duration = Duration::from_secs(1);
/// How long the last traces and metrics may take to be sent.
const TELEMETRY: Duration = Duration::from_secs(5);
/// Connections that the kernel holds until they are accepted.
const QUEUE: u32 = 4096;

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is reachable from outside, and nobody would need a key.
    #[error(
        "{0} can be reached from other machines, but no API key exists: create one first \
         (start on 127.0.0.1, run `floopy keys create`), add a [[key]] to the configuration, or listen on 127.0.0.1"
    )]
    PublicWithoutKeys(SocketAddr),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {reason}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        reason: String,
    },
    /// Certificate or key cannot be used.
    #[error("{0}")]
    Tls(String),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The data folder or the system does not do what is needed.
    #[error("{0}")]
    System(String),
}

impl Error {
    /// Whether the configuration has to be mended.
    #[must_use]
    pub fn is_configuration(&self) -> bool {
        matches!(self, Self::PublicWithoutKeys(_) | Self::Tls(_))
    }
}

fn listen(address: SocketAddr) -> Result<TcpListener, Error> {
    let bind = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(QUEUE)
    };
    bind().map_err(|error: std::io::Error| {
        let reason = match error.kind() {
            std::io::ErrorKind::AddrInUse => "the port is in use by another program".to_owned(),
            std::io::ErrorKind::PermissionDenied => "this user may not use the port".to_owned(),
            std::io::ErrorKind::AddrNotAvailable => "this machine does not have the address".to_owned(),
            kind => kind.to_string(),
        };
        Error::Listen { address, reason }
    })
}

/// The signals that a server obeys.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    fn new() -> Result<Self, Error> {
        let open = |kind| signal(kind).map_err(|error| Error::System(format!("signals cannot be received: {error}")));
        Ok(Self {
            terminate: open(SignalKind::terminate())?,
            interrupt: open(SignalKind::interrupt())?,
            hang_up: open(SignalKind::hangup())?,
        })
    }

    /// Waits for the next signal to stop.
    async fn stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Serves until a signal says to stop: the first one drains, a second one ends at once. `ready` is called
/// with the address once requests are taken.
///
/// # Errors
/// It did not start; see [`Error`].
pub async fn run(sources: Sources, loaded: Loaded, ready: impl FnOnce(SocketAddr)) -> Result<(), Error> {
    let config = loaded.config;
    let mut signals = Signals::new()?;
    let tls = config.server.tls.as_ref().map(tls::acceptor).transpose().map_err(Error::Tls)?;
    let socket = listen(config.server.listen)?;
    let address = socket.local_addr().map_err(|error| Error::System(error.to_string()))?;
    let operations = config.ops.map(listen).transpose()?;
    let store = Store::open(Options {
        folder: config.data.clone(),
        group_window: config.audit.group_window,
        bodies: config.retention.bodies,
        decisions: config.retention.decisions,
    })?;
    let key = local_key::ensure(&config.data).map_err(|error| {
        Error::System(format!("the data folder cannot hold {}: {error}", local_key::ADMIN_KEY_FILE))
    })?;
    let (drain, max_connections) = (config.server.drain_timeout, config.server.max_connections);
    let upstream = Upstream::new().map_err(|error| Error::System(error.to_string()))?;
    let gateway = Arc::new(Gateway::new(config, store.clone(), upstream, Some(key))?);
    if !address.ip().is_loopback() && !gateway.keys.required() {
        return Err(Error::PublicWithoutKeys(address));
    }
    let batches = Batches::open(Arc::clone(&gateway))?;
    let server = Arc::new(Server {
        gateway,
        batches,
        reloader: Reloader::new(sources, loaded.files),
        draining: AtomicBool::new(false),
        by_address: Limiter::default(),
    });
    let mut background = Tasks::new();
    server.gateway.work(&mut background);
    background.start(Arc::clone(&server.batches).work());
    let (stop, stopped) = watch::channel(false);
    let mut listeners = Tasks::new();
    let serves = if operations.is_some() { Serves::AllButOperations } else { Serves::Everything };
    let main = Listener { socket, tls, serves, max_connections };
    listeners.start(main.run(Arc::clone(&server), stopped.clone()));
    if let Some(socket) = operations {
        let listener = Listener { socket, tls: None, serves: Serves::Operations, max_connections: 256 };
        listeners.start(listener.run(Arc::clone(&server), stopped));
    }
    ready(address);
    wait(&server, &mut signals).await;
    server.draining.store(true, Ordering::Relaxed);
    server.gateway.end_streams();
    tracing::info!("draining: open requests finish within {drain:?}, a second signal stops at once");
    if stop.send(true).is_err() {
        tracing::debug!("the listeners have ended already");
    }
    tokio::select! {
        _ = async { tokio::join!(listeners.join(), server.batches.stop()) } => tracing::info!("all requests are finished"),
        () = tokio::time::sleep(drain) => tracing::warn!("requests were still open after {drain:?}"),
        () = signals.stop() => tracing::warn!("stopped by a second signal"),
    }
    listeners.cancel().await;
    if tokio::time::timeout(TELEMETRY, server.gateway.tracer.flush()).await.is_err() {
        tracing::warn!("the last traces and metrics were not taken within {TELEMETRY:?}");
    }
    background.cancel().await;
    store.flush().await.unwrap_or_else(|error| tracing::error!(%error, "the store could not be flushed"));
    let learner = server.gateway.learner.clone();
    if tokio::task::spawn_blocking(move || learner.close()).await.is_err() {
        tracing::error!("the learner could not write its last checkpoint; the next start reads the log");
    }
    store.close().await;
    Ok(())
}

/// Serves and reloads until a signal says to stop.
async fn wait(server: &Arc<Server>, signals: &mut Signals) {
    let mut look = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            _ = signals.terminate.recv() => return,
            _ = signals.interrupt.recv() => return,
            _ = signals.hang_up.recv() => {}
            _ = look.tick() => {
                if !server.reloader.has_changed().await {
                    continue;
                }
            }
        }
        // What went wrong was logged; the configuration in force stays.
        drop(server.reloader.reload(&server.gateway).await);
    }
}
