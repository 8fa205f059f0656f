//! `/v1/datasets`: rows that evaluations ask models about. One JSON object a line: `{id, input|messages, expected?}`.
//!
//! An upload is checked whole, and answered when it is durable. With zero retention nothing is taken.

use super::files::kept_here;
use super::input::Query;
use super::{Answer, Request, blocking, json, not_found, ok};
use crate::base::{ApiError, Code, DatasetId, limits};
use crate::batch::check_dataset;
use crate::resource::Dataset;
use crate::resource::dataset::DeletedDataset;
use crate::store::Error;
use http::StatusCode;
use http::header::CONTENT_TYPE;

/// The name of a dataset that was given none.
const UNNAMED: &str = "dataset";

fn bad(param: &str, message: impl Into<String>) -> ApiError {
    ApiError::new(Code::InvalidRequest, message).param(param)
}

/// Takes a dataset.
pub(crate) async fn upload(request: Request) -> Answer {
    let gateway = &request.gateway;
    kept_here(gateway, &request.headers, "datasets")?;
    let query = Query::read(request.query.as_deref(), &["name"])?;
    let name = query.text("name").unwrap_or(UNNAMED).to_owned();
    if name.is_empty() || name.len() > limits::MAX_DATASET_NAME || name.chars().any(char::is_control) {
        return Err(bad("name", format!("name takes a text of 1 to {} bytes", limits::MAX_DATASET_NAME)));
    }
    let kind = request.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if kind.to_ascii_lowercase().starts_with("multipart/") {
        let message = "a dataset is the body itself, one JSON object a line: send it as application/jsonl";
        return Err(ApiError::new(Code::UnsupportedFormat, message));
    }
    if request.body.len() > limits::MAX_DATASET {
        let message = format!("a dataset takes at most {} bytes: make several", limits::MAX_DATASET);
        return Err(ApiError::new(Code::RequestTooLarge, message));
    }
    let body = request.body.clone();
    let checked = tokio::task::spawn_blocking(move || check_dataset(&body)).await;
    let rows = checked.map_err(|_| ApiError::new(Code::Internal, "the dataset could not be checked"))??;
    let now = gateway.now();
    let id = DatasetId::draw(now);
    let blobs = gateway.store.blobs();
    let mut arriving = blobs.begin(&id.content()).await.map_err(Error::into_api_error)?;
    arriving.write(&request.body).await.map_err(Error::into_api_error)?;
    let bytes = arriving.keep().await.map_err(Error::into_api_error)?;
    let expires_at = now.plus(gateway.config().files.retention);
    let dataset = Dataset { id, name, rows, bytes, created_at: now, expires_at };
    if let Err(error) = gateway.store.add_dataset(request.caller.org.clone(), dataset.clone()).await {
        let (blobs, content) = (blobs.clone(), dataset.id.content());
        blocking(move || blobs.remove(&content)).await?;
        return Err(match error {
            Error::NoRoom => {
                let (datasets, rows) = (limits::MAX_DATASETS, limits::MAX_ORG_ROWS);
                let message = format!(
                    "an organization keeps at most {datasets} datasets with {rows} rows together: remove some first"
                );
                ApiError::new(Code::RequestTooLarge, message)
            }
            error => error.into_api_error(),
        });
    }
    json(StatusCode::CREATED, &dataset)
}

/// A page of datasets, newest first.
pub(crate) async fn list(request: Request) -> Answer {
    let query = Query::read(request.query.as_deref(), &["limit", "cursor"])?;
    let (limit, cursor) = (query.limit()?, query.text("cursor").map(str::to_owned));
    let (store, org) = (request.gateway.store.clone(), request.caller.org);
    ok(&blocking(move || store.dataset_page(&org, limit, cursor.as_deref())).await?)
}

async fn find(request: &Request) -> Result<Dataset, ApiError> {
    let (store, org, id) = (request.gateway.store.clone(), request.caller.org.clone(), request.name.clone());
    blocking(move || store.dataset(&org, &id)).await?.ok_or_else(not_found)
}

/// One dataset.
pub(crate) async fn get(request: Request) -> Answer {
    ok(&find(&request).await?)
}

/// Removes a dataset with its rows.
pub(crate) async fn delete(request: Request) -> Answer {
    let Dataset { id, .. } = find(&request).await?;
    let removed = request.gateway.store.remove_dataset(request.caller.org.clone(), id.clone()).await;
    removed.map_err(|error| match error {
        Error::Conflict => {
            ApiError::new(Code::Conflict, "an evaluation still reads this dataset: cancel it, or wait for its end")
        }
        Error::NotFound => not_found(),
        error => error.into_api_error(),
    })?;
    ok(&DeletedDataset { id, deleted: true })
}
