//! `GET /v1/export/decisions`: the decisions of a span, oldest first, in constant memory.
//!
//! The answer is made piece by piece as the client takes it, one piece ahead: between pieces nothing is held but a place,
//! a running checksum and what was made beside the last one. Where it cannot go on, its trailer says so; a connection that breaks leaves no trailer at all.

use super::feedback::request_id;
use super::input::{Query, one_of};
use super::span::{bounded, span};
use super::{Answer, Request, blocking};
use crate::base::{ApiError, Code};
use crate::gateway::{Body, Broken};
use crate::resource::export::AGGREGATION_NOTICE;
use crate::store::{ExportFormat as Format, Exporter};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName};
use http::{HeaderValue, Response};
use tokio::task::JoinHandle;

/// The header that tells of pooled priors.
const NOTICE: HeaderName = HeaderName::from_static("floopy-aggregation-notice");

/// The next piece on its way, on a thread that may wait.
type Making = JoinHandle<(Vec<u8>, Exporter)>;

fn make(mut export: Exporter) -> Making {
    tokio::task::spawn_blocking(move || {
        let piece = export.piece();
        (piece, export)
    })
}

/// The piece that was being made; the next one is begun before this one is sent.
async fn advance(making: Making) -> (Result<Bytes, Broken>, Option<Making>) {
    match making.await {
        Ok((piece, export)) => (Ok(Bytes::from(piece)), (!export.is_done()).then(|| make(export))),
        Err(_) => (Err(Broken), None),
    }
}

fn format(query: &Query) -> Result<Format, ApiError> {
    let text = query.text("format").unwrap_or("jsonl");
    one_of("format", text, [Format::Jsonl, Format::Csv], |format| match format {
        Format::Jsonl => "jsonl",
        Format::Csv => "csv",
    })
    .map_err(|error| ApiError::new(Code::UnsupportedFormat, error.message).param("format"))
}

/// Begins the export.
pub(crate) async fn decisions(request: Request) -> Answer {
    let query = Query::read(request.query.as_deref(), &["from", "to", "format", "cursor"])?;
    let (store, org) = (request.gateway.store.clone(), request.caller.org.clone());
    let (span, format) = (span(&query, request.gateway.now())?, format(&query)?);
    let cursor = query.text("cursor").map(request_id).transpose()?;
    store.flush().await.map_err(crate::store::Error::into_api_error)?;
    let (rows, after) = {
        let (store, org) = (store.clone(), org.clone());
        let read = move || Ok((store.most_in(&org, span)?, cursor.map(|id| store.place_of(&org, id)).transpose()?));
        blocking(read).await?
    };
    bounded(rows, request.gateway.config().export_max_rows)?;
    let after = match (after, cursor) {
        (Some(Some(place)), Some(id)) if place.created_at >= span.from && place.created_at < span.to => {
            Some((place, id))
        }
        (None, _) => None,
        _ => {
            let message = "cursor takes the request_id of the last decision that an export of this span has given";
            return Err(ApiError::new(Code::InvalidRequest, message).param("cursor"));
        }
    };
    let export = Exporter::new(store, org, span, format, after);
    // The first piece is made before the head is sent: it may have something to tell there.
    let (first, export) =
        make(export).await.map_err(|_| ApiError::new(Code::Internal, "the export could not be begun"))?;
    let influenced = export.is_influenced();
    let rest = (!export.is_done()).then(|| make(export));
    let rest = stream::unfold(rest, |making| async move { Some(advance(making?).await) });
    let body = Body::stream(stream::once(async move { Ok(Bytes::from(first)) }).chain(rest));
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    let kind = match format {
        Format::Jsonl => "application/x-ndjson",
        Format::Csv => "text/csv; charset=utf-8",
    };
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if influenced {
        headers.insert(NOTICE, HeaderValue::from_static(AGGREGATION_NOTICE));
    }
    Ok(response)
}
