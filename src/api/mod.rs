//! Floopy resources over HTTP, one file each. Every handler is scoped to the caller's org.

pub mod batches;
pub mod config;
pub mod constraints;
pub mod datasets;
pub mod decisions;
pub mod evaluations;
pub mod events;
pub mod experiments;
pub mod explain;
pub mod export;
pub mod feedback;
pub mod files;
pub mod input;
pub mod keys;
mod learned;
pub mod models;
pub mod priors;
pub mod requests;
pub mod responses;
pub mod routes;
pub mod savings;
pub mod sessions;
mod span;
pub mod verify;

use crate::base::{ApiError, Code, RequestId};
use crate::batch::Batches;
use crate::gateway::{Body, Caller, Gateway};
use crate::resource::explain::Language;
use crate::store::Store;
use bytes::Bytes;
use http::header::{ACCEPT_LANGUAGE, CONTENT_LANGUAGE, CONTENT_TYPE, VARY};
use http::{HeaderMap, Response, StatusCode};
use serde::Serialize;
use std::sync::Arc;

/// What a handler works on.
#[derive(Debug)]
pub struct Request {
    /// The shared state.
    pub gateway: Arc<Gateway>,
    /// The batches at work.
    pub batches: Arc<Batches>,
    /// Who calls.
    pub caller: Caller,
    /// The request's id.
    pub id: RequestId,
    /// The part of the path that the route leaves open, decoded.
    pub name: String,
    /// The query, as it was written.
    pub query: Option<String>,
    /// The headers that it came with.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Request {
    /// The language that the caller reads best of those that we write: header lines of one name are one list.
    #[must_use]
    pub fn language(&self) -> Language {
        let lines = self.headers.get_all(ACCEPT_LANGUAGE).iter().filter_map(|line| line.to_str().ok());
        Language::negotiate(&lines.collect::<Vec<_>>().join(","))
    }
}

/// What a handler answers.
pub type Answer = Result<Response<Body>, ApiError>;

/// A resource as JSON.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Answer {
    let text =
        serde_json::to_vec(value).map_err(|_| ApiError::new(Code::Internal, "the answer could not be written"))?;
    let mut response = Response::new(Body::full(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    Ok(response)
}

/// A resource as JSON, 200.
pub(crate) fn ok(value: &impl Serialize) -> Answer {
    json(StatusCode::OK, value)
}

/// A resource whose texts are in a language, 200.
pub(crate) fn ok_in(language: Language, value: &impl Serialize) -> Answer {
    let mut response = ok(value)?;
    let headers = response.headers_mut();
    headers.insert(CONTENT_LANGUAGE, http::HeaderValue::from_static(language.tag()));
    headers.insert(VARY, http::HeaderValue::from(ACCEPT_LANGUAGE));
    Ok(response)
}

/// Reads the store on a thread that may wait: the reactor never does.
pub(crate) async fn blocking<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, crate::store::Error> + Send + 'static,
) -> Result<T, ApiError> {
    match tokio::task::spawn_blocking(read).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => {
            if !matches!(error, crate::store::Error::NotFound | crate::store::Error::BadCursor) {
                tracing::error!(%error, "the store could not be read");
            }
            Err(error.into_api_error())
        }
        Err(_) => Err(ApiError::new(Code::Internal, "reading the store failed")),
    }
}

/// Reads what a request has left. A record that was handed in a moment ago is waited for; foreign and missing ones take
/// this same path.
pub(crate) async fn recorded<T: Send + 'static>(
    store: &Store,
    read: impl Fn(&Store) -> Result<Option<T>, crate::store::Error> + Clone + Send + 'static,
) -> Result<T, ApiError> {
    let first = {
        let (store, read) = (store.clone(), read.clone());
        move || read(&store)
    };
    if let Some(found) = blocking(first).await? {
        return Ok(found);
    }
    store.flush().await.map_err(crate::store::Error::into_api_error)?;
    let store = store.clone();
    blocking(move || read(&store)).await?.ok_or_else(not_found)
}

/// The answer for what does not exist, or belongs to another org: the same bytes.
pub(crate) fn not_found() -> ApiError {
    ApiError::new(Code::NotFound, "there is no such record")
}
