//! One call to one provider.

use super::body::ReplyBody;
use super::credential::{Credentials, Proof};
use super::error::CallError;
use super::http1::{Failed, Repeat};
use super::pool::{Line, Origin, Pool};
use super::tls::{self, StartError};
use super::{replay, request};
use crate::config::settings::{Dialect, Provider, UpstreamPolicy};
use bytes::Bytes;
use http::response::Parts;
use http::{HeaderMap, Method, Response, StatusCode};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

/// The connections to all providers. Cheap to clone; clones share them.
#[derive(Clone)]
pub struct Upstream {
    pool: Arc<Pool>,
    /// Speaks HTTP/1.1 only: what is fetched once needs no more.
    downloads: TlsConnector,
    credentials: Arc<Credentials>,
}

/// One call.
#[derive(Debug, Clone)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// Path and query after the provider's base URL, beginning with `/`.
    pub path: String,
    /// Headers of this call. Credentials and headers of one connection are left out; auth, content type
    /// and those of the provider are added.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// When the whole request's time is over.
    pub deadline: Instant,
}

/// The head of a provider's answer, and its body still to come. Any status but a redirect's.
#[derive(Debug)]
pub struct Reply {
    /// HTTP status.
    pub status: StatusCode,
    /// Headers as the provider sent them: not all of them are for clients.
    pub headers: HeaderMap,
    /// The body.
    pub body: ReplyBody,
    /// Time from the call to the head.
    pub first_byte: Duration,
}

impl std::fmt::Debug for Upstream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upstream").finish_non_exhaustive()
    }
}

impl Upstream {
    /// An empty pool that trusts the roots that browsers trust, and those in the file that `SSL_CERT_FILE` names.
    ///
    /// # Errors
    /// That file cannot be read or holds no certificate.
    pub fn new() -> Result<Self, StartError> {
        let extra = std::env::var_os("SSL_CERT_FILE").filter(|path| !path.is_empty()).map(PathBuf::from);
        Self::trusting(extra.as_deref())
    }

    pub(super) fn trusting(extra_roots: Option<&Path>) -> Result<Self, StartError> {
        let tls = tls::connector(extra_roots)?;
        let downloads = tls::http1_only(&tls);
        let credentials = Arc::new(Credentials::new(downloads.clone()));
        Ok(Self { downloads, credentials, pool: Arc::new(Pool::new(tls)) })
    }

    /// How servers are met that are no providers.
    pub(super) fn downloads(&self) -> &TlsConnector {
        &self.downloads
    }

    /// Makes one call and returns with the head of its answer. Redirects are not followed. Dropping the
    /// future, or the reply's body, ends the call at the provider at once.
    ///
    /// A call is sent a second time in two cases only, both on a connection that had been idle: no byte of the
    /// request went out; or the connection ended without a byte of an answer, which is what a provider's own
    /// idle timeout looks like. The second case is tried once, on a fresh connection. And a call whose credential has been
    /// fetched, or whose signature had the wrong time, is made once more with a better one where the provider refuses it.
    ///
    /// # Errors
    /// No answer's head came: see [`CallError`].
    pub async fn send(&self, provider: &Provider, policy: &UpstreamPolicy, call: Call) -> Result<Reply, CallError> {
        if provider.dialect == Dialect::Replay {
            return replay::answer(&call).await;
        }
        let began = Instant::now();
        let origin = self.pool.origin(&provider.base_url, provider.allow_private_network)?;
        let proof = self.credentials.proof(provider, call.deadline).await?;
        let mut answered = self.answered(provider, policy, &call, &origin, &proof).await?;
        if answered.0.status.is_client_error()
            && let Some(proof) = self.credentials.after_refusal(provider, &proof, &answered.0, call.deadline).await?
        {
            answered = self.answered(provider, policy, &call, &origin, &proof).await?;
        }
        let (head, body) = answered;
        if head.status.is_redirection() {
            return Err(CallError::Redirected);
        }
        Ok(Reply {
            status: head.status,
            headers: head.headers,
            body: body.limited(policy.idle_timeout, call.deadline),
            first_byte: began.elapsed(),
        })
    }

    /// The head of one answer.
    async fn answered(
        &self,
        provider: &Provider,
        policy: &UpstreamPolicy,
        call: &Call,
        origin: &Arc<Origin>,
        proof: &Proof,
    ) -> Result<(Parts, ReplyBody), CallError> {
        let mut is_fresh = false;
        loop {
            let open = if is_fresh { None } else { origin.take() };
            let is_reused = open.is_some();
            let line = match open {
                Some(line) => line,
                None => self.dial(origin, policy, call.deadline).await?,
            };
            let request = request::build(provider, call, origin, proof, matches!(line, Line::Http2(_)))?;
            let limit = (Instant::now() + policy.first_byte_timeout).min(call.deadline);
            match tokio::time::timeout_at(limit, exchange(line, request, origin)).await {
                Ok(Ok(answered)) => return Ok(answered),
                Ok(Err(Failed { repeat: Repeat::Freely, .. })) if is_reused => {}
                Ok(Err(Failed { repeat: Repeat::OnceAfterIdling, .. })) if is_reused => is_fresh = true,
                Ok(Err(failed)) => return Err(failed.error),
                Err(_) if limit == call.deadline => return Err(CallError::Deadline),
                Err(_) => return Err(CallError::FirstByteTimeout),
            }
        }
    }

    async fn dial(&self, origin: &Origin, policy: &UpstreamPolicy, deadline: Instant) -> Result<Line, CallError> {
        let limit = Instant::now() + policy.connect_timeout;
        match self.pool.dial(origin, limit.min(deadline)).await {
            Err(CallError::ConnectTimeout) if deadline < limit => Err(CallError::Deadline),
            result => result,
        }
    }
}

async fn exchange(
    line: Line,
    request: http::Request<http_body_util::Full<Bytes>>,
    origin: &Arc<Origin>,
) -> Result<(Parts, ReplyBody), Failed> {
    match line {
        Line::Http1(connection) => {
            let (response, connection) = connection.exchange(request).await?;
            let (head, incoming) = Response::into_parts(response);
            Ok((head, ReplyBody::http1(incoming, connection, Arc::clone(origin))))
        }
        Line::Http2(mut ticket) => match ticket.exchange(request).await {
            Ok(response) => {
                let (head, incoming) = Response::into_parts(response);
                Ok((head, ReplyBody::http2(incoming, ticket)))
            }
            Err(failed) => {
                if failed.repeat == Repeat::Freely {
                    origin.forget(&ticket);
                }
                Err(failed)
            }
        },
    }
}
