//! `/v1/files`: upload, list, show, give back, remove. OpenAI's shapes; a file belongs to the key's org.
//!
//! An upload is written to the disk as it comes and is answered when it is durable. With zero retention nothing is
//! taken: a file is nothing but a body that is kept.

use super::input::Query;
use super::{Answer, Request, blocking, not_found, ok};
use crate::base::{ApiError, Code, FileId, Timestamp, limits};
use crate::gateway::labels::Labels;
use crate::gateway::{Body, Broken, Caller, Gateway};
use crate::resource::StoredFile;
use crate::resource::file::PURPOSES;
use crate::store::{Arriving, Error};
use bytes::{Bytes, BytesMut};
use futures_util::stream;
use http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderValue, Response};
use http_body_util::BodyExt;
use multer::{Constraints, Multipart, SizeLimit};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::time::timeout;

/// Bytes of a content that are read at a time.
const PIECE: usize = 128 << 10;
/// Files in one page, where the client names no number.
const PAGE: usize = 10_000;
/// The form field with the file.
const FILE: &str = "file";

fn bad(param: &str, message: impl Into<String>) -> ApiError {
    ApiError::new(Code::InvalidRequest, message).param(param)
}

fn too_large(limit: usize) -> ApiError {
    let message = format!("the file is longer than {limit} bytes (files.max_size): split it");
    ApiError::new(Code::RequestTooLarge, message).param(FILE)
}

/// Refuses what keeps bodies where none are kept.
pub(super) fn kept_here(gateway: &Gateway, headers: &HeaderMap, feature: &'static str) -> Result<(), ApiError> {
    if gateway.config().retention.bodies.is_some() && !Labels::read(headers)?.zero_retention {
        return Ok(());
    }
    let message = "zero retention is in force, and this keeps bodies: files, batches, datasets and evaluations need \
                   retention.bodies above 0 and no floopy-retention header";
    let mut error = ApiError::new(Code::FeatureDisabled, message);
    error.feature = Some(feature);
    Err(error)
}

/// What went wrong with a form.
fn form_error(error: &multer::Error, limit: usize) -> ApiError {
    match error {
        multer::Error::FieldSizeExceeded { field_name, .. } if field_name.as_deref() != Some(FILE) => {
            let message = format!("a form field beside the file takes at most {} bytes", limits::MAX_FORM_FIELD);
            ApiError::new(Code::InvalidRequest, message)
        }
        multer::Error::FieldSizeExceeded { .. } | multer::Error::StreamSizeExceeded { .. } => too_large(limit),
        multer::Error::NoMultipart | multer::Error::NoBoundary | multer::Error::DecodeContentType(_) => {
            ApiError::new(Code::InvalidBody, "an upload is a multipart/form-data body with the fields purpose and file")
        }
        multer::Error::StreamReadFailed(cause) if cause.is::<TooSlow>() => {
            ApiError::new(Code::RequestTimeout, "the body did not arrive in time")
        }
        _ => ApiError::new(Code::InvalidBody, "the form is cut short or malformed: send it again"),
    }
}

/// A pause in a body that is too long.
#[derive(Debug, thiserror::Error)]
#[error("the body paused for too long")]
struct TooSlow;

/// What a form says.
#[derive(Debug, Default)]
struct Form {
    purpose: Option<String>,
    filename: Option<String>,
    anchor: Option<String>,
    seconds: Option<String>,
}

impl Form {
    /// When the file goes: never later than retention says.
    fn expiry(&self, now: Timestamp, retention: Duration) -> Result<Timestamp, ApiError> {
        let latest = now.plus(retention);
        match (&self.anchor, &self.seconds) {
            (None, None) => Ok(latest),
            (Some(anchor), Some(seconds)) if anchor == "created_at" => {
                let seconds = seconds.parse().ok().filter(|seconds| limits::FILE_EXPIRY.contains(seconds));
                let seconds = seconds.ok_or_else(|| bad("expires_after[seconds]", expiry_takes()))?;
                Ok(latest.min(now.plus(Duration::from_secs(seconds))))
            }
            (Some(_), Some(_)) => Err(bad("expires_after[anchor]", "expires_after[anchor] takes created_at")),
            _ => Err(bad("expires_after", "expires_after takes anchor and seconds together")),
        }
    }
}

/// What an expiry takes.
pub(super) fn expiry_takes() -> String {
    format!("seconds takes a whole number from {} to {}", limits::FILE_EXPIRY.start(), limits::FILE_EXPIRY.end())
}

/// Takes an upload.
pub(crate) async fn upload<B>(gateway: &Arc<Gateway>, caller: Caller, headers: &HeaderMap, body: B) -> Answer
where
    B: http_body::Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: std::error::Error + Send + Sync,
{
    let config = gateway.config();
    let limit = config.files.max_size;
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let refused = kept_here(gateway, headers, "files").err();
    let refused = refused.or_else(|| {
        let most = limit as u64 + limits::MAX_FORM_FRAME;
        announced.is_some_and(|length| length > most).then(|| too_large(limit))
    });
    if let Some(error) = refused {
        discard(body).await;
        return Err(error);
    }
    let (now, org) = (gateway.now(), caller.org);
    let id = FileId::draw(now);
    let (form, arriving) = match receive(gateway, &id, headers, body, limit).await {
        Ok(received) => received,
        Err(error) => return Err(error),
    };
    let purpose = form.purpose.as_deref().ok_or_else(|| bad("purpose", "the form has no field purpose"))?;
    if !PURPOSES.contains(&purpose) {
        return Err(bad("purpose", format!("purpose takes {}", PURPOSES.join(", "))));
    }
    let arriving = arriving.ok_or_else(|| bad(FILE, "the form has no field file"))?;
    let filename = form.filename.clone().filter(|name| !name.is_empty()).unwrap_or_else(|| id.to_string());
    if filename.len() > limits::MAX_LABEL_BYTES {
        return Err(bad(FILE, format!("the file's name takes at most {} bytes", limits::MAX_LABEL_BYTES)));
    }
    let expires_at = Some(form.expiry(now, config.files.retention)?);
    let bytes = arriving.keep().await.map_err(Error::into_api_error)?;
    let file = StoredFile { id: id.clone(), bytes, created_at: now, filename, purpose: purpose.to_owned(), expires_at };
    let quota = config.files.quota as u64;
    if let Err(error) = gateway.store.add_file(org, file.clone(), quota).await {
        let blobs = gateway.store.blobs().clone();
        blocking(move || blobs.remove(&id)).await?;
        return Err(match error {
            Error::NoRoom => {
                let message = format!(
                    "the files of this organization may be {} and hold {quota} bytes (files.quota) together: remove some",
                    limits::MAX_FILES
                );
                ApiError::new(Code::RequestTooLarge, message).param(FILE)
            }
            error => error.into_api_error(),
        });
    }
    ok(&file.to_json())
}

/// Reads the whole form; the file goes to the disk as it comes.
async fn receive<B>(
    gateway: &Gateway,
    id: &FileId,
    headers: &HeaderMap,
    body: B,
    limit: usize,
) -> Result<(Form, Option<Arriving>), ApiError>
where
    B: http_body::Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: std::error::Error + Send + Sync,
{
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let boundary = match multer::parse_boundary(kind) {
        Ok(boundary) => boundary,
        Err(error) => {
            discard(body).await;
            return Err(form_error(&error, limit));
        }
    };
    let sizes = SizeLimit::new()
        .whole_stream(limit as u64 + limits::MAX_FORM_FRAME)
        .per_field(limits::MAX_FORM_FIELD)
        .for_field(FILE, limit as u64);
    let stream = stream::unfold(body, |mut body| async move {
        loop {
            return match timeout(limits::BODY_IDLE_TIMEOUT, body.frame()).await {
                Err(_) => Some((Err(Box::from(TooSlow)), body)),
                Ok(None) => None,
                Ok(Some(Err(error))) => {
                    let error: Box<dyn std::error::Error + Send + Sync> = Box::from(error);
                    Some((Err(error), body))
                }
                Ok(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => Some((Ok(data), body)),
                    Err(_) => continue,
                },
            };
        }
    });
    let mut parts = Multipart::with_constraints(stream, boundary, Constraints::new().size_limit(sizes));
    let wrong = |error: multer::Error| form_error(&error, limit);
    let (mut form, mut arriving) = (Form::default(), None);
    while let Some(mut part) = parts.next_field().await.map_err(wrong)? {
        let name = part.name().unwrap_or_default().to_owned();
        let place = match name.as_str() {
            FILE if arriving.is_none() => {
                form.filename = part.file_name().map(str::to_owned);
                let mut file = gateway.store.blobs().begin(id).await.map_err(Error::into_api_error)?;
                while let Some(bytes) = part.chunk().await.map_err(wrong)? {
                    file.write(&bytes).await.map_err(Error::into_api_error)?;
                }
                arriving = Some(file);
                continue;
            }
            FILE => return Err(bad(FILE, "the form has two fields file: upload one after the other")),
            "purpose" => &mut form.purpose,
            "expires_after[anchor]" => &mut form.anchor,
            "expires_after[seconds]" => &mut form.seconds,
            // What OpenAI's clients may send besides means nothing here.
            _ => continue,
        };
        *place = Some(part.text().await.map_err(wrong)?);
    }
    Ok((form, arriving))
}

/// Reads a body that was refused, as far as is worth it, so that the client gets to hear the answer.
async fn discard<B: http_body::Body<Data = Bytes> + Unpin>(mut body: B) {
    let mut read = 0_usize;
    while let Ok(Some(Ok(frame))) = timeout(limits::BODY_IDLE_TIMEOUT, body.frame()).await {
        read = read.saturating_add(frame.data_ref().map_or(0, Bytes::len));
        if read > limits::MAX_DISCARDED {
            break;
        }
    }
}

/// Lists files: `purpose`, `order` (`desc` by default), `limit`, `after`.
pub(crate) async fn list(request: Request) -> Answer {
    let query = Query::picked(request.query.as_deref(), &["purpose", "limit", "order", "after"]);
    let limit = query.value("limit", "a number from 1 to 10000")?.unwrap_or(PAGE);
    if !(1..=PAGE).contains(&limit) {
        return Err(bad("limit", format!("limit takes a number from 1 to {PAGE}")));
    }
    let order = query.text("order").unwrap_or("desc");
    if !["asc", "desc"].contains(&order) {
        return Err(bad("order", "order takes asc or desc"));
    }
    let (store, org) = (request.gateway.store.clone(), request.caller.org.clone());
    let mut files = blocking(move || store.files(&org)).await?;
    if order == "desc" {
        files.reverse();
    }
    if let Some(after) = query.text("after") {
        let at = files.iter().position(|file| file.id.as_str() == after);
        let at = at.ok_or_else(|| bad("after", "after takes the id of a file of this listing"))?;
        files.drain(..=at);
    }
    files.retain(|file| query.text("purpose").is_none_or(|purpose| purpose == file.purpose));
    let has_more = files.len() > limit;
    files.truncate(limit);
    ok(&json!({
        "object": "list",
        "data": files.iter().map(StoredFile::to_json).collect::<Vec<_>>(),
        "first_id": files.first().map(|file| &file.id),
        "last_id": files.last().map(|file| &file.id),
        "has_more": has_more,
    }))
}

async fn named(request: &Request) -> Result<StoredFile, ApiError> {
    let (store, org, id) = (request.gateway.store.clone(), request.caller.org.clone(), request.name.clone());
    blocking(move || store.file(&org, &id)).await?.ok_or_else(not_found)
}

/// One file.
pub(crate) async fn get(request: Request) -> Answer {
    ok(&named(&request).await?.to_json())
}

/// A file's content, as it was uploaded or written.
pub(crate) async fn content(request: Request) -> Answer {
    let file = named(&request).await?;
    let content = request.gateway.store.blobs().open(&file.id).await.map_err(Error::into_api_error)?;
    let body = stream::try_unfold((content, file.bytes), |(mut content, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let mut piece = BytesMut::with_capacity(PIECE);
        let read = content.read_buf(&mut piece).await.map_err(|error| {
            tracing::error!(%error, "a file's content could not be read");
            Broken
        })?;
        // Shorter than it was: the connection is closed, so that nobody takes it for whole.
        let left = left.checked_sub(read as u64).filter(|_| read > 0).ok_or(Broken)?;
        Ok(Some((piece.freeze(), (content, left))))
    });
    let mut response = Response::new(Body::stream(body));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(file.bytes));
    // Whatever was uploaded is no page of this address.
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(response)
}

/// Removes a file.
pub(crate) async fn delete(request: Request) -> Answer {
    let file = named(&request).await?;
    let removed = request.gateway.store.remove_file(request.caller.org.clone(), file.id.clone()).await;
    removed.map_err(|error| match error {
        Error::Conflict => {
            ApiError::new(Code::Conflict, "a batch still reads this file: cancel it, or wait until it has ended")
        }
        error => error.into_api_error(),
    })?;
    ok(&json!({"id": file.id, "object": "file", "deleted": true}))
}
