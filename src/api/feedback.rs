//! `POST /v1/feedback` and `PUT /v1/decisions/{id}/rating`.

use super::input::{body, short, within};
use super::{Answer, Request, blocking, not_found, ok, ok_in};
use crate::base::{ApiError, Code, RequestId, SessionId, limits};
use crate::resource::{Feedback, Rating};
use crate::store::FeedbackTarget;
use serde::Deserialize;
use std::collections::BTreeMap;

const FEEDBACK_KEYS: &[&str] = &["session_id", "request_id", "score", "useful", "comment", "dimensions"];
const RATING_KEYS: &[&str] = &["score", "dimensions", "note"];
/// Scores by dimension in one vote.
const MAX_DIMENSIONS: usize = 16;

#[derive(Deserialize)]
struct FeedbackBody {
    session_id: Option<String>,
    request_id: Option<String>,
    score: f64,
    useful: bool,
    comment: Option<String>,
    dimensions: Option<BTreeMap<String, f64>>,
}

#[derive(Deserialize)]
struct RatingBody {
    score: f64,
    dimensions: Option<BTreeMap<String, f64>>,
    note: Option<String>,
}

fn checked(dimensions: Option<BTreeMap<String, f64>>, highest: f64) -> Result<Option<BTreeMap<String, f64>>, ApiError> {
    for (name, score) in dimensions.iter().flatten() {
        within("dimensions", *score, 0.0..=highest)?;
        if name.is_empty() || name.len() > limits::MAX_LABEL_BYTES {
            return Err(
                ApiError::new(Code::InvalidRequest, "a dimension's name is empty or too long").param("dimensions")
            );
        }
    }
    if dimensions.as_ref().is_some_and(|dimensions| dimensions.len() > MAX_DIMENSIONS) {
        let message = format!("dimensions takes at most {MAX_DIMENSIONS}");
        return Err(ApiError::new(Code::InvalidRequest, message).param("dimensions"));
    }
    Ok(dimensions)
}

/// A request's id in a path or a body.
pub(crate) fn request_id(text: &str) -> Result<RequestId, ApiError> {
    text.parse().map_err(|error| {
        ApiError::new(Code::InvalidRequestId, format!("the request id is {error}")).param("request_id")
    })
}

/// Takes feedback. 2xx only after it is durable.
pub(crate) async fn submit(request: Request) -> Answer {
    let given: FeedbackBody = body(&request.body, FEEDBACK_KEYS)?;
    let target = match (&given.request_id, given.session_id) {
        (Some(id), _) => FeedbackTarget::Request(request_id(id)?),
        (None, Some(session)) => FeedbackTarget::Session(session),
        (None, None) => FeedbackTarget::Latest,
    };
    let feedback = Feedback {
        session_id: SessionId::from(""),
        request_id: None,
        score: within("score", given.score, 0.0..=10.0)?,
        useful: given.useful,
        comment: short("comment", given.comment)?,
        dimensions: checked(given.dimensions, 10.0)?,
        key_id: request.caller.key.as_ref().map(|key| key.id.clone()),
        created_at: request.gateway.now(),
    };
    let org = request.caller.org.clone();
    let store = &request.gateway.store;
    let mut stored = store.feedback(org.clone(), target.clone(), feedback.clone()).await;
    // Whoever holds the host's own key, and never called with it, means the calls that needed none.
    if stored == Err(crate::store::Error::NotFound)
        && target == FeedbackTarget::Latest
        && request.gateway.is_local_admin(&request.caller)
    {
        stored = store.feedback(org.clone(), target, Feedback { key_id: None, ..feedback.clone() }).await;
    }
    let receipt = stored.map_err(crate::store::Error::into_api_error)?;
    ok(&receipt)
}

/// Rates one decision; answers with it.
pub(crate) async fn rate(request: Request) -> Answer {
    let id = request_id(&request.name)?;
    let given: RatingBody = body(&request.body, RATING_KEYS)?;
    let rating = Rating {
        request_id: id,
        score: within("score", given.score, 0.0..=100.0)?,
        dimensions: checked(given.dimensions, 100.0)?,
        note: short("note", given.note)?,
        key_id: request.caller.key.as_ref().map(|key| key.id.clone()),
        created_at: request.gateway.now(),
    };
    let (store, org) = (request.gateway.store.clone(), request.caller.org.clone());
    store.rate(org.clone(), rating).await.map_err(crate::store::Error::into_api_error)?;
    let stored = blocking(move || store.decision(&org, id)).await?;
    ok_in(request.language(), &stored.ok_or_else(not_found)?.view(request.language()))
}
