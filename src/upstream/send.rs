//! One call to one provider.

use super::body::ReplyBody;
use super::connect::Connector;
use super::error::CallError;
use super::replay;
use crate::config::settings::{Dialect, Provider, UpstreamPolicy};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::time::Duration;
use tokio::time::Instant;

/// Idle connections kept per host.
const POOL_PER_HOST: usize = 1024;
/// How long an idle connection is kept: shorter than the idle time-outs of common providers.
const POOL_IDLE: Duration = Duration::from_secs(50);

type Pool = Client<HttpsConnector<Connector>, Full<Bytes>>;

/// The connections to all providers. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Upstream {
    public: Pool,
    private: Pool,
}

/// One call.
#[derive(Debug)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// Path and query after the provider's base URL, beginning with `/`.
    pub path: String,
    /// Headers of this call; auth, content type and those of the provider are added.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// When the whole request's time is over.
    pub deadline: Instant,
}

/// The head of a provider's answer, and its body still to come.
#[derive(Debug)]
pub struct Reply {
    /// HTTP status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: ReplyBody,
    /// Time from the call to the head.
    pub first_byte: Duration,
}

fn pool(allow_private: bool, connect_timeout: Duration) -> Pool {
    let https = HttpsConnectorBuilder::new()
        .with_webpki_roots()
        .https_or_http()
        .enable_all_versions()
        .wrap_connector(Connector { allow_private, timeout: connect_timeout });
    Client::builder(TokioExecutor::new())
        .pool_max_idle_per_host(POOL_PER_HOST)
        .pool_idle_timeout(POOL_IDLE)
        .pool_timer(TokioTimer::new())
        .timer(TokioTimer::new())
        .build(https)
}

impl Upstream {
    /// Empty pools.
    #[must_use]
    pub fn new(policy: &UpstreamPolicy) -> Self {
        Self { public: pool(false, policy.connect_timeout), private: pool(true, policy.connect_timeout) }
    }

    /// Makes one call. Redirects are not followed; nothing is repeated once a byte of an answer came.
    /// Dropping the future cancels the call.
    ///
    /// # Errors
    /// No answer's head came: see [`CallError`].
    pub async fn send(&self, provider: &Provider, policy: &UpstreamPolicy, call: Call) -> Result<Reply, CallError> {
        if provider.dialect == Dialect::Replay {
            return Ok(replay::answer(&call));
        }
        let deadline = call.deadline;
        let began = Instant::now();
        let request = request(provider, call)?;
        let pool = if provider.allow_private_network { &self.private } else { &self.public };
        let limit = (began + policy.first_byte_timeout).min(deadline);
        let answer = match tokio::time::timeout_at(limit, pool.request(request)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return Err(CallError::from_pool(&error)),
            Err(_) if limit == deadline => return Err(CallError::Deadline),
            Err(_) => return Err(CallError::FirstByteTimeout),
        };
        let (head, body) = answer.into_parts();
        Ok(Reply {
            status: head.status,
            headers: head.headers,
            body: ReplyBody::network(body, policy.idle_timeout, deadline),
            first_byte: began.elapsed(),
        })
    }
}

fn request(provider: &Provider, call: Call) -> Result<Request<Full<Bytes>>, CallError> {
    let base = provider.base_url.as_str().trim_end_matches('/');
    let uri: Uri = format!("{base}{}", call.path).parse().map_err(|_| CallError::Unusable)?;
    let mut request = Request::new(Full::new(call.body));
    *request.method_mut() = call.method;
    *request.uri_mut() = uri;
    let headers = request.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(USER_AGENT, HeaderValue::from_static(concat!("floopy/", env!("CARGO_PKG_VERSION"))));
    if provider.dialect == Dialect::AnthropicMessages {
        let version = HeaderValue::try_from(provider.anthropic_version.as_str()).map_err(|_| CallError::Unusable)?;
        headers.insert(HeaderName::from_static("anthropic-version"), version);
    }
    for (name, value) in call.headers {
        if let Some(name) = name {
            headers.insert(name, value);
        }
    }
    for (name, value) in &provider.headers {
        headers.insert(name.clone(), value.clone());
    }
    if let Some(secret) = &provider.api_key {
        let (name, text) = match provider.dialect {
            Dialect::AnthropicMessages => (HeaderName::from_static("x-api-key"), secret.expose().to_owned()),
            _ => (AUTHORIZATION, format!("Bearer {}", secret.expose())),
        };
        let mut value = HeaderValue::try_from(text).map_err(|_| CallError::Unusable)?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(request)
}
