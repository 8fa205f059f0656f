//! A call as HTTP: address, credentials, and which of the caller's headers go along.

use super::credential::Proof;
use super::error::CallError;
use super::pool::Origin;
use super::send::Call;
use crate::config::settings::{Dialect, Provider};
use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, HOST, USER_AGENT};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Uri};
use http_body_util::Full;

/// Headers that never go along, whoever set them: credentials of the caller, and what belongs to one connection.
const NEVER: [&str; 17] = [
    "api-key",
    "authorization",
    "connection",
    "content-length",
    "cookie",
    "expect",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-api-key",
    "x-goog-api-key",
];

/// The request of one call. h2 wants the whole address, HTTP/1.1 a path and `host`.
pub(super) fn build(
    provider: &Provider,
    call: &Call,
    origin: &Origin,
    proof: &Proof,
    is_http2: bool,
) -> Result<Request<Full<Bytes>>, CallError> {
    let mut request = Request::new(Full::new(call.body.clone()));
    *request.method_mut() = call.method.clone();
    *request.uri_mut() = address(call, origin, is_http2)?;
    let headers = request.headers_mut();
    headers.reserve(call.headers.len() + provider.headers.len() + 5);
    if !is_http2 {
        headers.insert(HOST, origin.host.clone());
    }
    if !call.body.is_empty() {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    headers.insert(USER_AGENT, HeaderValue::from_static(concat!("floopy/", env!("CARGO_PKG_VERSION"))));
    hand_on(&call.headers, headers);
    version(provider, headers)?;
    for (name, value) in &provider.headers {
        let mut value = value.clone();
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    proof.put_on(&mut request, &call.body)?;
    Ok(request)
}

fn address(call: &Call, origin: &Origin, is_http2: bool) -> Result<Uri, CallError> {
    let query =
        origin.query.as_deref().map_or(("", ""), |query| (if call.path.contains('?') { "&" } else { "?" }, query));
    let path = [&origin.path, call.path.as_str(), query.0, query.1].concat();
    let path = PathAndQuery::try_from(path).map_err(|_| CallError::Unusable)?;
    let mut parts = http::uri::Parts::default();
    parts.path_and_query = Some(path);
    if is_http2 {
        parts.scheme = Some(origin.scheme.clone());
        parts.authority = Some(origin.authority.clone());
    }
    Uri::from_parts(parts).map_err(|_| CallError::Unusable)
}

/// Copies the headers that may go along; later values of a name replace the defaults and keep their number.
fn hand_on(from: &HeaderMap, to: &mut HeaderMap) {
    for name in from.keys() {
        if NEVER.contains(&name.as_str()) || is_of_one_connection(name, from) {
            continue;
        }
        to.remove(name);
        for value in from.get_all(name) {
            to.append(name, value.clone());
        }
    }
}

/// Whether `connection` names this header.
fn is_of_one_connection(name: &HeaderName, headers: &HeaderMap) -> bool {
    let named = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    named.flat_map(|names| names.split(',')).any(|named| named.trim().eq_ignore_ascii_case(name.as_str()))
}

/// The version of Anthropic's API, where the call does not name one.
fn version(provider: &Provider, headers: &mut HeaderMap) -> Result<(), CallError> {
    let name = HeaderName::from_static("anthropic-version");
    if provider.dialect == Dialect::AnthropicMessages && !headers.contains_key(&name) {
        headers.insert(name, provider.anthropic_version.parse().map_err(|_| CallError::Unusable)?);
    }
    Ok(())
}
