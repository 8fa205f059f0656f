//! `GET /v1/decisions` and `GET /v1/decisions/{id}`.

use super::feedback::request_id;
use super::input::{Query, within};
use super::{Answer, Request, blocking, ok_in, recorded};
use crate::base::{ApiError, Code};
use crate::resource::Page;
use crate::resource::decision::{Status, Strategy};
use crate::store::DecisionFilter;
use serde::de::DeserializeOwned;

const KEYS: &[&str] = &[
    "session_id",
    "from",
    "to",
    "request_ids",
    "routing_strategy",
    "provider",
    "model",
    "min_confidence",
    "max_confidence",
    "status",
    "limit",
    "cursor",
];
/// Ids in one `request_ids`.
const MAX_IDS: usize = 500;

/// One decision. A record that was handed in a moment ago is waited for.
pub(crate) async fn get(request: Request) -> Answer {
    let id = request_id(&request.name)?;
    let language = request.language();
    let org = request.caller.org.clone();
    let stored = recorded(&request.gateway.store, move |store| store.decision(&org, id)).await?;
    ok_in(language, &stored.view(language))
}

/// One of a closed set of words.
fn word<T: DeserializeOwned>(query: &Query, key: &str, takes: &str) -> Result<Option<T>, ApiError> {
    let Some(text) = query.text(key) else { return Ok(None) };
    serde_json::from_value(serde_json::Value::from(text))
        .map(Some)
        .map_err(|_| ApiError::new(Code::InvalidRequest, format!("{key} takes {takes}")).param(key))
}

/// A number from 0 to 1.
fn share(query: &Query, key: &str) -> Result<Option<f64>, ApiError> {
    query.value(key, "a number from 0 to 1")?.map(|share| within(key, share, 0.0..=1.0)).transpose()
}

fn filter(query: &Query) -> Result<DecisionFilter, ApiError> {
    let time = "an RFC 3339 time such as 2026-01-31T08:00:00Z";
    let mut request_ids = Vec::new();
    for id in query.text("request_ids").unwrap_or_default().split(',').filter(|id| !id.is_empty()) {
        request_ids.push(request_id(id.trim())?);
    }
    if request_ids.len() > MAX_IDS {
        return Err(
            ApiError::new(Code::InvalidRequest, format!("request_ids takes at most {MAX_IDS}")).param("request_ids")
        );
    }
    Ok(DecisionFilter {
        session_id: query.text("session_id").map(str::to_owned),
        from: query.value("from", time)?,
        to: query.value("to", time)?,
        request_ids,
        routing_strategy: word::<Strategy>(query, "routing_strategy", "the name of a strategy, such as weighted")?,
        provider: query.text("provider").map(str::to_owned),
        model: query.text("model").map(str::to_owned),
        status: word::<Status>(query, "status", "ok, error, blocked or cancelled")?,
        min_confidence: share(query, "min_confidence")?,
        max_confidence: share(query, "max_confidence")?,
    })
}

/// A page of decisions, newest first.
pub(crate) async fn list(request: Request) -> Answer {
    let query = Query::read(request.query.as_deref(), KEYS)?;
    let filter = filter(&query)?;
    let limit = query.limit()?;
    let cursor = query.text("cursor").map(str::to_owned);
    let (store, org) = (request.gateway.store.clone(), request.caller.org.clone());
    let page = blocking(move || store.decisions(&org, &filter, limit, cursor.as_deref())).await?;
    let language = request.language();
    let page = Page {
        items: page.items.iter().map(|stored| stored.view(language)).collect::<Vec<_>>(),
        next_cursor: page.next_cursor,
        has_more: page.has_more,
    };
    ok_in(language, &page)
}
