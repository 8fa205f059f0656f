//! Listeners and connections.

use super::handle::{Server, Serves};
use crate::base::limits;
use crate::base::task::Tasks;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

/// One listener.
pub(super) struct Listener {
    pub(super) socket: TcpListener,
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) serves: Serves,
    pub(super) max_connections: usize,
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits::HEADER_TIMEOUT)
        .max_buf_size(limits::MAX_HEADER_BYTES)
        .max_headers(limits::MAX_HEADERS)
        .keep_alive(true)
        .half_close(false);
    let header_list = u32::try_from(limits::MAX_HEADER_BYTES).unwrap_or(u32::MAX);
    builder.http2().timer(TokioTimer::new()).max_header_list_size(header_list).max_concurrent_streams(1024);
    builder
}

impl Listener {
    /// Accepts connections until `stop` says so, then lets them finish what they are doing.
    pub(super) async fn run(self, server: Arc<Server>, mut stop: watch::Receiver<bool>) {
        let graceful = GracefulShutdown::new();
        let places = Arc::new(Semaphore::new(self.max_connections));
        let mut connections = Tasks::new();
        loop {
            // A connection past the limit waits in the kernel's queue.
            let place = tokio::select! {
                place = Arc::clone(&places).acquire_owned() => place,
                _ = stop.changed() => break,
            };
            let accepted = tokio::select! {
                accepted = self.socket.accept() => accepted,
                _ = stop.changed() => break,
            };
            let (stream, address) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::task::yield_now().await;
                    continue;
                }
            };
            let (server, watcher, tls, serves) =
                (Arc::clone(&server), graceful.watcher(), self.tls.clone(), self.serves);
            connections.start(async move {
                serve(server, stream, address, tls, serves, watcher).await;
                drop(place);
            });
        }
        drop(self.socket);
        graceful.shutdown().await;
        connections.join().await;
    }
}

async fn serve(
    server: Arc<Server>,
    stream: TcpStream,
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
    serves: Serves,
    watcher: Watcher,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    match tls {
        None => speak(server, stream, address, serves, watcher).await,
        Some(tls) => match timeout(limits::HEADER_TIMEOUT, tls.accept(stream)).await {
            Ok(Ok(stream)) => speak(server, stream, address, serves, watcher).await,
            Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
            Err(_) => tracing::debug!("a TLS handshake took too long"),
        },
    }
}

async fn speak(
    server: Arc<Server>,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    address: SocketAddr,
    serves: Serves,
    watcher: Watcher,
) {
    let service = service_fn(move |request| {
        let server = Arc::clone(&server);
        async move { Ok::<_, Infallible>(server.answer(request, address.ip(), serves).await) }
    });
    let builder = builder();
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, "a connection ended early");
    }
}
