//! Answers to the client: heads with the contract's headers, and errors.

use super::body::Body;
use super::draft::Draft;
use super::labels::header;
use super::operation::Whole;
use crate::base::{ApiError, RequestId};
use crate::wire::Surface;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::response::Builder;
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use std::time::Duration;

/// Header: the request's id, on every answer.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Header: the request's id, where Anthropic's clients look for it.
const ANTHROPIC_REQUEST_ID: HeaderName = HeaderName::from_static("request-id");
/// Header: whether the official clients should try again by themselves.
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");
/// Header: `Retry-After` in milliseconds.
const RETRY_AFTER_MS: HeaderName = HeaderName::from_static("retry-after-ms");

/// When to come back, for callers within this process: headers say it with 429 and 503 only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ComeBack(pub Duration);

/// A header value from text that the gateway made; what a header cannot hold is left out.
fn value(text: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(text).ok()
}

/// The contract's headers on every proxied answer.
pub(crate) fn describe(headers: &mut HeaderMap, draft: &Draft) {
    let mut set = |name: &'static str, text: &str| {
        if let Some(value) = value(text) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    set("x-request-id", &draft.id.to_string());
    if draft.surface == Surface::Messages {
        set("request-id", &draft.id.to_string());
    }
    set(header::SESSION_ID, draft.place.session.as_str());
    set(header::REASON, &draft.reason_string());
    set(header::STRATEGY, draft.strategy.as_str());
    if let Some(target) = draft.target() {
        set(header::PROVIDER, target.provider.as_str());
        set(header::MODEL, &target.model);
    }
    set(header::CACHE, "off");
    if let Some(confidence) = draft.choice.as_ref().and_then(|choice| choice.assessment.confidence) {
        set(header::CONFIDENCE, &confidence.to_string());
    }
}

fn described(mut builder: Builder, draft: &Draft) -> Builder {
    if let Some(headers) = builder.headers_mut() {
        describe(headers, draft);
    }
    builder
}

/// A whole answer.
pub(crate) fn whole(draft: &Draft, whole: &Whole) -> Response<Body> {
    let mut builder = described(Response::builder(), draft).header(CONTENT_TYPE, "application/json");
    if let Some(usage) = &whole.usage {
        if let Some(cost) = draft.cost(usage) {
            builder = builder.header(header::COST, cost.0);
        }
        if usage.reasoning > 0 {
            builder = builder.header(header::REASONING_TOKENS, usage.reasoning);
        }
    }
    builder.body(Body::full(whole.body.clone())).unwrap_or_else(|_| broken())
}

/// The head of a streamed answer.
pub(crate) fn stream_head(draft: &Draft) -> Builder {
    described(Response::builder(), draft)
        .header(CONTENT_TYPE, "text/event-stream; charset=utf-8")
        .header(CACHE_CONTROL, "no-cache")
        .header("x-accel-buffering", "no")
}

/// An error in the envelope of the client's dialect, with `Retry-After` where it is due.
pub fn error(error: &ApiError, id: RequestId, surface: Surface) -> Response<Body> {
    enveloped(identified(Response::builder(), id, surface), error, id, surface)
}

/// A head that names the request where this client looks for it.
pub(crate) fn identified(builder: Builder, id: RequestId, surface: Surface) -> Builder {
    let builder = builder.header(REQUEST_ID, id.to_string());
    if surface == Surface::Messages { builder.header(ANTHROPIC_REQUEST_ID, id.to_string()) } else { builder }
}

/// The error that a request with a draft ends in: it carries the contract's headers too.
pub(crate) fn failed(error: &ApiError, draft: &Draft) -> Response<Body> {
    enveloped(described(Response::builder(), draft), error, draft.id, draft.surface)
}

fn enveloped(builder: Builder, error: &ApiError, id: RequestId, surface: Surface) -> Response<Body> {
    let mut builder = builder.status(error.http_status()).header(CONTENT_TYPE, "application/json");
    let status = error.http_status();
    if let Some(after) = error.retry_after {
        builder = builder.extension(ComeBack(after));
    }
    if matches!(status, 429 | 503) {
        let after = error.retry_after.unwrap_or(Duration::from_secs(1));
        builder = builder
            .header(RETRY_AFTER, after.as_millis().div_ceil(1000).max(1).to_string())
            .header(RETRY_AFTER_MS, after.as_millis().max(1).to_string());
    } else if status >= 500 {
        // The gateway has already tried again wherever that made sense.
        builder = builder.header(SHOULD_RETRY, "false");
    }
    builder.body(Body::full(surface.envelope(error, id))).unwrap_or_else(|_| broken())
}

/// The answer when a head cannot be built: headers made of text from outside never get here, they are
/// checked by [`value`].
pub(crate) fn broken() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
    response
}
