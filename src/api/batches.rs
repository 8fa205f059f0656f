//! `/v1/batches`: make, show, list and call off. OpenAI's shapes; a batch belongs to the org of the key that made it.

use super::files::{expiry_takes, kept_here};
use super::input::{Query, object};
use super::{Answer, Request, blocking, not_found, ok};
use crate::base::{ApiError, Code, FileId, limits};
use crate::batch::Endpoint;
use crate::config::read_duration;
use crate::gateway::labels::Labels;
use crate::resource::batch::BatchStatus;
use crate::resource::file::BATCH;
use crate::resource::{Batch, BatchStep};
use crate::store::Error;
use http::HeaderMap;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// Batches in one page, where the client names no number.
const PAGE: usize = 20;
const HOUR: Duration = Duration::from_secs(3600);

fn bad(param: &str, message: impl Into<String>) -> ApiError {
    ApiError::new(Code::InvalidRequest, message).param(param)
}

fn text<'a>(body: &'a Map<String, Value>, key: &str, takes: &str) -> Result<&'a str, ApiError> {
    body.get(key).and_then(Value::as_str).ok_or_else(|| bad(key, format!("{key} takes {takes}")))
}

fn window(body: &Map<String, Value>) -> Result<(String, Duration), ApiError> {
    let takes = "a duration from 1h to 7d, such as 24h";
    let text = text(body, "completion_window", takes)?;
    let window = read_duration(text).filter(|window| (HOUR..=limits::MAX_BATCH_WINDOW).contains(window));
    Ok((text.to_owned(), window.ok_or_else(|| bad("completion_window", format!("completion_window takes {takes}")))?))
}

fn metadata(body: &Map<String, Value>) -> Result<Option<BTreeMap<String, String>>, ApiError> {
    let takes = || {
        let (pairs, name, value) = (limits::MAX_METADATA, limits::MAX_METADATA_NAME, limits::MAX_METADATA_VALUE);
        bad("metadata", format!("metadata takes up to {pairs} texts of {value} bytes under names of {name} bytes"))
    };
    let given = match body.get("metadata") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Object(given)) if given.len() <= limits::MAX_METADATA => given,
        Some(_) => return Err(takes()),
    };
    let pairs = given.iter().map(|(name, value)| {
        let value = value.as_str().filter(|value| value.len() <= limits::MAX_METADATA_VALUE).ok_or_else(takes)?;
        if name.len() > limits::MAX_METADATA_NAME { Err(takes()) } else { Ok((name.clone(), value.to_owned())) }
    });
    pairs.collect::<Result<_, _>>().map(Some)
}

fn output_expiry(body: &Map<String, Value>) -> Result<Option<u64>, ApiError> {
    let given = match body.get("output_expires_after") {
        None | Some(Value::Null) => return Ok(None),
        Some(given) => given,
    };
    if given.get("anchor").and_then(Value::as_str) != Some("created_at") {
        return Err(bad("output_expires_after.anchor", "output_expires_after.anchor takes created_at"));
    }
    let seconds = given.get("seconds").and_then(Value::as_u64).filter(|seconds| limits::FILE_EXPIRY.contains(seconds));
    seconds.map(Some).ok_or_else(|| bad("output_expires_after.seconds", expiry_takes()))
}

/// The headers that hold for every line.
fn labels(headers: &HeaderMap) -> Result<Vec<(String, String)>, ApiError> {
    if Labels::read(headers)?.passthrough {
        return Err(bad("floopy-passthrough", "the lines of a batch go through the stages: leave the header out"));
    }
    let ours = headers.iter().filter(|(name, _)| {
        let name = name.as_str();
        name.starts_with("floopy-") || name.starts_with("x-floopy-")
    });
    Ok(ours.filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))).collect())
}

/// Makes a batch.
pub(crate) async fn create(request: Request) -> Answer {
    let (gateway, caller) = (&request.gateway, &request.caller);
    kept_here(gateway, &request.headers, "files")?;
    let body = object(&request.body, limits::MAX_RESOURCE_BODY)?;
    let endpoint = text(&body, "endpoint", "a path")?;
    let endpoint = Endpoint::at(endpoint)
        .ok_or_else(|| bad("endpoint", format!("endpoint takes {}", Endpoint::ALL.map(Endpoint::path).join(", "))))?;
    let input = text(&body, "input_file_id", "the id of a file")?.to_owned();
    let (completion_window, window) = window(&body)?;
    let (metadata, output_expires_after) = (metadata(&body)?, output_expiry(&body)?);
    let headers = labels(&request.headers)?;
    let found = {
        let (store, org, input) = (gateway.store.clone(), caller.org.clone(), input.clone());
        blocking(move || store.file(&org, &input)).await?
    };
    let no_file =
        || ApiError::new(Code::NotFound, "input_file_id names no file: upload it first").param("input_file_id");
    let file = found.ok_or_else(no_file)?;
    if file.purpose != BATCH {
        return Err(bad("input_file_id", format!("the file was uploaded for {:?}, not for \"batch\"", file.purpose)));
    }
    if file.bytes > limits::MAX_BATCH_INPUT {
        let message = format!("the input of a batch takes at most {} bytes: make several", limits::MAX_BATCH_INPUT);
        return Err(bad("input_file_id", message));
    }
    let now = gateway.now();
    let path = endpoint.path().to_owned();
    let batch = Batch {
        key_id: caller.key.as_ref().map(|key| key.id.clone()),
        metadata,
        output_expires_after,
        headers,
        ..Batch::new(caller.org.clone(), path, FileId::from(input), completion_window, (now, now.plus(window)))
    };
    let batch = gateway.store.begin_batch(batch).await.map_err(|error| match error {
        Error::NotFound => no_file(),
        Error::NoRoom => {
            let message = format!(
                "{} batches of this organization wait already: come back when some have ended",
                limits::MAX_UNFINISHED_BATCHES
            );
            ApiError::new(Code::RateLimited, message).retry_after(HOUR)
        }
        error => error.into_api_error(),
    })?;
    request.batches.wake();
    ok(&batch.to_json(None))
}

fn shown(request: &Request, batch: &Batch) -> Value {
    batch.to_json(request.batches.progress(&batch.id).filter(|_| !batch.has_ended()))
}

async fn named(request: &Request) -> Result<Batch, ApiError> {
    let (store, org, id) = (request.gateway.store.clone(), request.caller.org.clone(), request.name.clone());
    blocking(move || store.batch(&org, &id)).await?.ok_or_else(not_found)
}

/// One batch.
pub(crate) async fn get(request: Request) -> Answer {
    let batch = named(&request).await?;
    ok(&shown(&request, &batch))
}

/// Lists batches: `limit`, `after`.
pub(crate) async fn list(request: Request) -> Answer {
    let query = Query::picked(request.query.as_deref(), &["limit", "after"]);
    let limit = query.value("limit", "a number from 1 to 100")?.unwrap_or(PAGE);
    if !(1..=100).contains(&limit) {
        return Err(bad("limit", "limit takes a number from 1 to 100"));
    }
    let (store, org) = (request.gateway.store.clone(), request.caller.org.clone());
    let after = query.text("after").map(str::to_owned);
    let (batches, has_more) = blocking(move || store.batch_page(&org, limit, after.as_deref())).await?;
    ok(&json!({
        "object": "list",
        "data": batches.iter().map(|batch| shown(&request, batch)).collect::<Vec<_>>(),
        "first_id": batches.first().map(|batch| &batch.id),
        "last_id": batches.last().map(|batch| &batch.id),
        "has_more": has_more,
    }))
}

/// Calls a batch off: no further line is begun, those under way end, and what was answered is kept.
pub(crate) async fn cancel(request: Request) -> Answer {
    let (gateway, batch) = (&request.gateway, named(&request).await?);
    let (org, now) = (batch.org.clone(), gateway.now());
    let step = BatchStep::Cancel(None);
    let batch = gateway.store.step_batch(org, batch.id, step, now, Vec::new()).await;
    let batch = batch.map_err(Error::into_api_error)?;
    if batch.status != BatchStatus::Cancelling {
        let status = serde_json::to_value(batch.status).unwrap_or_default();
        let message = format!("a batch that is {} cannot be cancelled any more", status.as_str().unwrap_or_default());
        return Err(ApiError::new(Code::Conflict, message));
    }
    request.batches.halt(batch.id.as_str());
    ok(&shown(&request, &batch))
}
