//! From a name to a connection: look-up, the address guard, TCP with `TCP_NODELAY`, TLS.

use super::address::{Reach, may_be_called};
use super::error::CallError;
use rustls::pki_types::ServerName;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use url::{Host, Url};

/// Where a provider is, as far as a connection needs to know.
#[derive(Debug)]
pub(super) struct Place {
    host: Host<String>,
    port: u16,
    /// The name that the certificate must bear; `None` = no TLS.
    name: Option<ServerName<'static>>,
    reach: Reach,
}

/// A new connection.
pub(super) struct Dialed {
    pub(super) stream: Stream,
    /// Whether the provider chose h2.
    pub(super) is_http2: bool,
}

/// A connection's bytes.
pub(super) struct Stream {
    kind: Kind,
    /// Set when a byte has come.
    heard: Arc<AtomicBool>,
}

enum Kind {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    fn new(kind: Kind) -> Self {
        Self { kind, heard: Arc::default() }
    }

    /// A flag that is set when a byte comes. Whoever wants to know clears it first.
    pub(super) fn heard(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.heard)
    }
}

impl Place {
    /// `None` where the URL is not one of `http` or `https` with a host.
    pub(super) fn of(url: &Url, reach: Reach) -> Option<Self> {
        let host = url.host()?.to_owned();
        let name = match url.scheme() {
            "http" => None,
            "https" => Some(match &host {
                Host::Domain(name) => ServerName::try_from(name.clone()).ok()?,
                Host::Ipv4(address) => ServerName::from(IpAddr::from(*address)),
                Host::Ipv6(address) => ServerName::from(IpAddr::from(*address)),
            }),
            _ => return None,
        };
        Some(Self { host, port: url.port_or_known_default()?, name, reach })
    }

    /// Connects within `limit`.
    pub(super) async fn dial(&self, tls: &TlsConnector, limit: Instant) -> Result<Dialed, CallError> {
        timeout_at(limit, self.dial_patiently(tls, limit)).await.unwrap_or(Err(CallError::ConnectTimeout))
    }

    async fn dial_patiently(&self, tls: &TlsConnector, limit: Instant) -> Result<Dialed, CallError> {
        let stream = open(&self.addresses().await?, limit).await?;
        let Some(name) = &self.name else {
            return Ok(Dialed { stream: Stream::new(Kind::Plain(stream)), is_http2: false });
        };
        let stream = tls.connect(name.clone(), stream).await.map_err(|_| CallError::Tls)?;
        let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        Ok(Dialed { stream: Stream::new(Kind::Tls(Box::new(stream))), is_http2 })
    }

    /// The addresses that may be called. The connection goes to one of these very addresses: the name is
    /// not asked again, so that a second answer cannot slip past the guard.
    async fn addresses(&self) -> Result<Vec<SocketAddr>, CallError> {
        let found: Vec<SocketAddr> = match &self.host {
            Host::Ipv4(address) => vec![SocketAddr::from((*address, self.port))],
            Host::Ipv6(address) => vec![SocketAddr::from((*address, self.port))],
            Host::Domain(name) => {
                tokio::net::lookup_host((name.as_str(), self.port)).await.map_err(|_| CallError::UnknownHost)?.collect()
            }
        };
        let known = !found.is_empty();
        let good: Vec<_> = found.into_iter().filter(|address| may_be_called(address.ip(), self.reach)).collect();
        match (good.is_empty(), known) {
            (false, _) => Ok(good),
            (true, true) => Err(CallError::PrivateAddress),
            (true, false) => Err(CallError::UnknownHost),
        }
    }
}

/// Connects to the first address that answers. Each gets an equal share of the time that is left, so that
/// one dead address does not use up the time of the others.
async fn open(addresses: &[SocketAddr], limit: Instant) -> Result<TcpStream, CallError> {
    let mut error = CallError::Refused;
    for (index, address) in addresses.iter().enumerate() {
        let others = u32::try_from(addresses.len() - index).unwrap_or(u32::MAX);
        let share: Duration = limit.saturating_duration_since(Instant::now()) / others;
        match tokio::time::timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                stream.set_nodelay(true).map_err(|_| CallError::Refused)?;
                return Ok(stream);
            }
            Ok(Err(_)) => error = CallError::Refused,
            Err(_) => error = CallError::ConnectTimeout,
        }
    }
    Err(error)
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let read = match &mut this.kind {
            Kind::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Kind::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        };
        if buffer.filled().len() > before {
            this.heard.store(true, Ordering::Relaxed);
        }
        read
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().kind {
            Kind::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Kind::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().kind {
            Kind::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
            Kind::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.kind {
            Kind::Plain(stream) => stream.is_write_vectored(),
            Kind::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().kind {
            Kind::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Kind::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().kind {
            Kind::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Kind::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
