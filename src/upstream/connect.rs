//! Connections: name look-up, the address guard, TCP with `TCP_NODELAY`, all within one timeout.

use super::address::is_public;
use http::Uri;
use hyper_util::rt::TokioIo;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpStream;

/// Why no connection came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum ConnectError {
    #[error("the host's name has no address")]
    Unknown,
    #[error("the host's address is not public, and the provider does not allow private networks")]
    Private,
    #[error("no connection in time")]
    Timeout,
    #[error("the connection was refused")]
    Refused,
}

/// Makes TCP connections for the pool.
#[derive(Debug, Clone)]
pub(super) struct Connector {
    pub(super) allow_private: bool,
    pub(super) timeout: Duration,
}

impl tower_service::Service<Uri> for Connector {
    type Response = TokioIo<TcpStream>;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, ConnectError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let Self { allow_private, timeout } = *self;
        Box::pin(async move {
            match tokio::time::timeout(timeout, open(&uri, allow_private)).await {
                Ok(stream) => stream.map(TokioIo::new),
                Err(_) => Err(ConnectError::Timeout),
            }
        })
    }
}

async fn open(uri: &Uri, allow_private: bool) -> Result<TcpStream, ConnectError> {
    let host = uri.host().ok_or(ConnectError::Unknown)?.trim_start_matches('[').trim_end_matches(']');
    let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("http") { 80 } else { 443 });
    let found = tokio::net::lookup_host((host, port)).await.map_err(|_| ConnectError::Unknown)?;
    let mut error = ConnectError::Unknown;
    for address in found {
        if !allow_private && !is_public(address.ip()) {
            error = ConnectError::Private;
            continue;
        }
        match dial(address).await {
            Ok(stream) => return Ok(stream),
            Err(_) => error = ConnectError::Refused,
        }
    }
    Err(error)
}

async fn dial(address: SocketAddr) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
