//! One small call to whoever issues credentials: an OAuth server, or a service of the platform that we run on.
//!
//! Its answer is short and comes soon, or not at all. Redirects are not followed. Where a credential is issued is said by
//! the operator or by the platform, never by a caller.

use crate::base::limits;
use crate::upstream::CallError;
use crate::upstream::address::Reach;
use crate::upstream::connect::Place;
use crate::upstream::http1::Connection;
use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_TYPE, HOST, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use http_body_util::Full;
use std::future::poll_fn;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use url::{Position, Url};

/// What is asked.
pub(in crate::upstream) struct Ask<'a> {
    pub(in crate::upstream) method: Method,
    pub(in crate::upstream) url: &'a Url,
    pub(in crate::upstream) headers: Vec<(HeaderName, HeaderValue)>,
    /// Names and values of a form, or a whole text of another type.
    pub(in crate::upstream) body: Bytes,
    /// Where it may be.
    pub(in crate::upstream) reach: Reach,
}

impl<'a> Ask<'a> {
    /// A `POST` of a form.
    pub(in crate::upstream) fn form(url: &'a Url, fields: &[(&str, &str)], reach: Reach) -> Self {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        Self { method: Method::POST, url, headers: vec![(CONTENT_TYPE, kind)], body: Bytes::from(body), reach }
    }

    /// A `GET` from the platform that we run on.
    pub(in crate::upstream) fn of_platform(url: &'a Url, headers: Vec<(HeaderName, HeaderValue)>) -> Self {
        Self { method: Method::GET, url, headers, body: Bytes::new(), reach: Reach::Platform }
    }
}

/// What is answered.
pub(in crate::upstream) struct Said {
    pub(in crate::upstream) status: StatusCode,
    pub(in crate::upstream) headers: HeaderMap,
    pub(in crate::upstream) body: Bytes,
}

/// Makes the call.
///
/// # Errors
/// [`CallError::Unusable`] for an address that is none, [`CallError::IssuerUnreachable`] where no whole answer of at
/// most [`limits::MAX_ISSUER_ANSWER`] bytes comes within [`limits::ISSUER_TIMEOUT`].
pub(in crate::upstream) async fn ask(tls: &TlsConnector, ask: Ask<'_>) -> Result<Said, CallError> {
    let limit = Instant::now() + limits::ISSUER_TIMEOUT;
    let said = timeout_at(limit, asked(tls, ask, limit)).await.unwrap_or(Err(CallError::IssuerUnreachable));
    said.map_err(|error| match error {
        CallError::Unusable | CallError::PrivateAddress => error,
        _ => CallError::IssuerUnreachable,
    })
}

async fn asked(tls: &TlsConnector, ask: Ask<'_>, limit: Instant) -> Result<Said, CallError> {
    let place = Place::of(ask.url, ask.reach).ok_or(CallError::Unusable)?;
    let request = request(ask)?;
    let connection = Connection::open(place.dial(tls, limit).await?.stream).await?;
    let (response, mut connection) = connection.exchange(request).await.map_err(|failed| failed.error)?;
    let (head, mut incoming) = response.into_parts();
    let mut body = BytesMut::new();
    while let Some(frame) = poll_fn(|cx| connection.poll_frame(&mut incoming, cx)).await {
        let Ok(data) = frame?.into_data() else { continue };
        if body.len() + data.len() > limits::MAX_ISSUER_ANSWER {
            return Err(CallError::Malformed);
        }
        body.extend_from_slice(&data);
    }
    Ok(Said { status: head.status, headers: head.headers, body: body.freeze() })
}

fn request(ask: Ask<'_>) -> Result<Request<Full<Bytes>>, CallError> {
    let host = &ask.url[Position::BeforeHost..Position::AfterPort];
    let host = HeaderValue::from_str(host).map_err(|_| CallError::Unusable)?;
    let path = ask.url[Position::BeforePath..Position::AfterQuery].parse().map_err(|_| CallError::Unusable)?;
    let mut request = Request::new(Full::new(ask.body));
    *request.method_mut() = ask.method;
    *request.uri_mut() = path;
    let headers = request.headers_mut();
    headers.insert(HOST, host);
    headers.insert(USER_AGENT, HeaderValue::from_static(concat!("floopy/", env!("CARGO_PKG_VERSION"))));
    headers.extend(ask.headers);
    Ok(request)
}
