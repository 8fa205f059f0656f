//! `/v1/evaluations`: ask a model, or a route, about every row of a dataset and score its answers.

use super::files::kept_here;
use super::input::{Query, object, one_of, unknown};
use super::{Answer, Request, blocking, json, not_found, ok};
use crate::base::{ApiError, Code, DatasetId, EvaluationId, limits};
use crate::batch::EvaluationSettings;
use crate::resource::evaluation::{EvaluationStatus, Totals};
use crate::resource::{Evaluation, EvaluationStep, Page, StoredEvaluation};
use crate::store::Error;
use http::StatusCode;
use serde_json::{Map, Value};
use std::time::Duration;

const KEYS: &[&str] = &["dataset_id", "model", "prompt_id", "config"];
/// When to come back, where too many evaluations wait.
const LATER: Duration = Duration::from_secs(60);

fn bad(param: &str, message: impl Into<String>) -> ApiError {
    ApiError::new(Code::InvalidRequest, message).param(param)
}

fn text<'a>(body: &'a Map<String, Value>, key: &str) -> Result<&'a str, ApiError> {
    let text = body.get(key).and_then(Value::as_str);
    let text = text.filter(|text| !text.is_empty() && text.len() <= limits::MAX_LABEL_BYTES);
    text.ok_or_else(|| bad(key, format!("{key} takes a text of 1 to {} bytes", limits::MAX_LABEL_BYTES)))
}

fn no_dataset() -> ApiError {
    ApiError::new(Code::NotFound, "dataset_id names no dataset: upload it first").param("dataset_id")
}

/// Makes an evaluation.
pub(crate) async fn create(request: Request) -> Answer {
    let (gateway, caller) = (&request.gateway, &request.caller);
    kept_here(gateway, &request.headers, "evaluations")?;
    let body = object(&request.body, limits::MAX_EVALUATION_BODY)?;
    if let Some(key) = body.keys().find(|key| !KEYS.contains(&key.as_str())) {
        return Err(unknown("key", key, KEYS));
    }
    let (dataset_id, model) = (text(&body, "dataset_id")?, text(&body, "model")?);
    if body.get("prompt_id").is_some_and(|id| !id.is_null()) {
        let message =
            "no prompts are stored here: leave prompt_id out, and put the prompt into config.system or the rows";
        return Err(bad("prompt_id", message));
    }
    let config = match body.get("config") {
        None | Some(Value::Null) => None,
        Some(Value::Object(config)) => Some(config.clone()),
        Some(_) => return Err(bad("config", "config takes one JSON object")),
    };
    let settings = EvaluationSettings::read(config.as_ref())?;
    if let Some(judge) = settings.judge.filter(|judge| !gateway.config().providers.contains_key(&judge.provider)) {
        let message = format!("config.judge: no provider {:?} is configured", judge.provider.as_str());
        return Err(ApiError::new(Code::ModelNotFound, message).param("config.judge"));
    }
    let target = gateway.to_evaluate(caller, model)?.map(|model| model.to_string());
    let found = {
        let (store, org, id) = (gateway.store.clone(), caller.org.clone(), dataset_id.to_owned());
        blocking(move || store.dataset(&org, &id)).await?
    };
    let dataset = found.ok_or_else(no_dataset)?;
    let now = gateway.now();
    let shown = Evaluation {
        id: EvaluationId::draw(now),
        dataset_id: DatasetId::from(dataset_id),
        model: model.to_owned(),
        prompt_id: None,
        status: EvaluationStatus::Pending,
        config,
        created_at: now,
        started_at: None,
        finished_at: None,
        totals: Totals { rows: dataset.rows, ..Totals::default() },
        error: None,
    };
    let key_id = caller.key.as_ref().map(|key| key.id.clone());
    let evaluation = StoredEvaluation { org: caller.org.clone(), key_id, target, is_open: true, shown };
    let begun = gateway.store.begin_evaluation(evaluation).await.map_err(|error| match error {
        Error::NotFound => no_dataset(),
        Error::NoRoom => {
            let (open, kept) = (limits::MAX_OPEN_EVALUATIONS, limits::MAX_EVALUATIONS);
            let message = format!(
                "an organization has at most {open} evaluations that wait or run, of {kept} in all: come back when some have ended"
            );
            ApiError::new(Code::RateLimited, message).retry_after(LATER)
        }
        error => error.into_api_error(),
    })?;
    request.batches.wake();
    json(StatusCode::CREATED, &begun.shown)
}

/// An evaluation with what its runner knows of it.
fn shown(request: &Request, evaluation: StoredEvaluation) -> Evaluation {
    let totals = request.batches.totals(&evaluation.shown.id).filter(|_| evaluation.is_open);
    Evaluation { totals: totals.unwrap_or(evaluation.shown.totals), ..evaluation.shown }
}

async fn find(request: &Request) -> Result<StoredEvaluation, ApiError> {
    let (store, org, id) = (request.gateway.store.clone(), request.caller.org.clone(), request.name.clone());
    blocking(move || store.evaluation(&org, &id)).await?.ok_or_else(not_found)
}

/// One evaluation.
pub(crate) async fn get(request: Request) -> Answer {
    let evaluation = find(&request).await?;
    ok(&shown(&request, evaluation))
}

/// A page of evaluations, newest first.
pub(crate) async fn list(request: Request) -> Answer {
    use EvaluationStatus::{Cancelled, Completed, Failed, Pending, Running};
    let query = Query::read(request.query.as_deref(), &["status", "dataset_id", "limit", "cursor"])?;
    let words = [Pending, Running, Completed, Failed, Cancelled];
    let status =
        query.text("status").map(|text| one_of("status", text, words, EvaluationStatus::as_str)).transpose()?;
    let dataset = query.text("dataset_id").map(str::to_owned);
    let (limit, cursor) = (query.limit()?, query.text("cursor").map(str::to_owned));
    let (store, org) = (request.gateway.store.clone(), request.caller.org.clone());
    let wanted = move |evaluation: &StoredEvaluation| {
        status.is_none_or(|status| evaluation.shown.status == status)
            && dataset.as_deref().is_none_or(|dataset| evaluation.shown.dataset_id.as_str() == dataset)
    };
    let page = blocking(move || store.evaluation_page(&org, limit, cursor.as_deref(), wanted)).await?;
    let items: Vec<Evaluation> = page.items.into_iter().map(|evaluation| shown(&request, evaluation)).collect();
    ok(&Page { items, next_cursor: page.next_cursor, has_more: page.has_more })
}

/// A page of results, in the order in which they were written.
pub(crate) async fn results(request: Request) -> Answer {
    let query = Query::read(request.query.as_deref(), &["limit", "cursor"])?;
    let (limit, cursor) = (query.limit()?, query.text("cursor").map(str::to_owned));
    let evaluation = find(&request).await?;
    let (store, org) = (request.gateway.store.clone(), evaluation.org);
    ok(&blocking(move || store.result_page(&org, &evaluation.shown.id, limit, cursor.as_deref())).await?)
}

/// Calls an evaluation off: no further row is begun, those under way end, and what was answered is kept.
pub(crate) async fn cancel(request: Request) -> Answer {
    let (gateway, evaluation) = (&request.gateway, find(&request).await?);
    let (org, id, now) = (evaluation.org, evaluation.shown.id, gateway.now());
    let stepped = gateway.store.step_evaluation(org, id, EvaluationStep::Cancel, now).await;
    let evaluation = stepped.map_err(Error::into_api_error)?;
    let status = evaluation.shown.status;
    if status != EvaluationStatus::Cancelled {
        let message = format!("an evaluation that is {} cannot be cancelled any more", status.as_str());
        return Err(ApiError::new(Code::Conflict, message));
    }
    request.batches.halt(evaluation.shown.id.as_str());
    ok(&shown(&request, evaluation))
}
