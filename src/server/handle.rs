//! One request from its head to its answer.

use super::auth::{Needs, caller};
use super::endpoint::{Endpoint, Found, Row, find};
use super::openapi;
use super::reload::Reloader;
use super::ui;
use crate::api::input::Query;
use crate::api::{self, Answer, Request};
use crate::base::{ApiError, Code, RequestId, limits};
use crate::batch::Batches;
use crate::gateway::{self, Body, Form, Gateway, Limiter, REQUEST_ID};
use crate::wire::Surface;
use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use http::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde_json::json;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::time::{Instant, timeout};

/// Bytes up to which a body is copied rather than shared with the buffer that it was read into.
const COPIED: usize = 16 << 10;
/// Bytes of an announced body that are reserved before they have come.
const RESERVED: usize = 1 << 20;

/// What all connections share.
pub(super) struct Server {
    pub(super) gateway: Arc<Gateway>,
    pub(super) batches: Arc<Batches>,
    pub(super) reloader: Reloader,
    pub(super) draining: AtomicBool,
    pub(super) by_address: Limiter<IpAddr>,
}

/// Which endpoints a listener serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Serves {
    Everything,
    AllButOperations,
    Operations,
}

impl Server {
    /// Answers one request. A panic ends this request and nothing else.
    pub(super) async fn answer(
        self: Arc<Self>,
        request: http::Request<Incoming>,
        address: IpAddr,
        serves: Serves,
    ) -> Response<Body> {
        let id = RequestId::draw(self.gateway.now());
        let (head, body) = request.into_parts();
        let is_head = head.method == Method::HEAD;
        let surface = Surface::of_path(head.uri.path());
        self.gateway.metrics.active.inc();
        let answered = AssertUnwindSafe(self.answered(head, body, address, serves, id)).catch_unwind().await;
        self.gateway.metrics.active.dec();
        let mut response = match answered {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => {
                self.gateway.metrics.error(error.code.as_str());
                gateway::error(&error, id, surface)
            }
            Err(_) => {
                self.gateway.metrics.panics.inc();
                tracing::error!(request_id = %id, "a request ended in a panic");
                gateway::error(
                    &ApiError::new(
                        Code::Internal,
                        "the request failed inside the gateway: please report it with its request id",
                    ),
                    id,
                    surface,
                )
            }
        };
        if !response.headers().contains_key(REQUEST_ID)
            && let Ok(value) = HeaderValue::try_from(id.to_string())
        {
            response.headers_mut().insert(REQUEST_ID, value);
        }
        if is_head { response.map(|_| Body::empty()) } else { response }
    }

    async fn answered(&self, head: Parts, body: Incoming, address: IpAddr, serves: Serves, id: RequestId) -> Answer {
        let config = self.gateway.config();
        if let Some(per_minute) = config.server.requests_per_minute_per_ip
            && let Err(wait) = self.by_address.take(address, per_minute, Instant::now())
        {
            return Err(limited("this address", per_minute, wait));
        }
        if serves != Serves::Operations && ui::is_ours(head.uri.path()) {
            self.refuse_while_draining()?;
            return ui::answer(self, head, body, address, id).await;
        }
        let (row, name) = match find(head.method.as_str(), head.uri.path()) {
            Found::Row(row, name)
                if serves == Serves::Everything || row.operations == (serves == Serves::Operations) =>
            {
                (row, name)
            }
            Found::OtherMethods(methods) => return Ok(other_methods(&head, &methods, id)),
            Found::Row(..) | Found::Nothing => return Err(nothing_here(&head)),
        };
        if row.needs == Needs::Nothing {
            return self.operation(row);
        }
        self.refuse_while_draining()?;
        let caller = caller(&self.gateway.keys, &head.headers, address, row.needs)?;
        if let Some((key, per_minute)) = caller.key.as_ref().and_then(|key| Some((key, key.requests_per_minute?)))
            && let Err(wait) = self.gateway.limits.by_key.take(key.id.clone(), per_minute, Instant::now())
        {
            return Err(limited("this key", per_minute, wait));
        }
        if matches!(row.endpoint, Endpoint::Chat | Endpoint::Messages | Endpoint::Responses | Endpoint::Embeddings)
            && let Some(per_minute) = self.gateway.constraints(&caller.org).spend.max_requests_per_minute
            && let Err(wait) = self.gateway.limits.by_org.take(caller.org.clone(), per_minute, Instant::now())
        {
            return Err(limited("this organization", per_minute, wait));
        }
        if takes_no_query(row.endpoint) {
            Query::read(head.uri.query(), &[])?;
        }
        if row.endpoint == Endpoint::UploadFile {
            return api::files::upload(&self.gateway, caller, &head.headers, body).await;
        }
        let body = read_body(&head, body, config.server.max_body).await?;
        let gateway = &self.gateway;
        match row.endpoint {
            Endpoint::Chat => return Ok(gateway.serve(Form::Chat, caller, &head, body, id).await),
            Endpoint::Messages => return Ok(gateway.serve(Form::Messages, caller, &head, body, id).await),
            Endpoint::CountTokens => {
                return Ok(gateway.count_tokens(Form::Messages, &caller, &head, body, id).await);
            }
            Endpoint::CountInput => {
                return Ok(gateway.count_tokens(Form::Responses, &caller, &head, body, id).await);
            }
            Endpoint::Responses => return Ok(gateway.serve(Form::Responses, caller, &head, body, id).await),
            Endpoint::Embeddings => return Ok(gateway.serve(Form::Embeddings, caller, &head, body, id).await),
            Endpoint::Reload => return api::ok(&self.reloader.reload(gateway).await?),
            _ => {}
        }
        let query = head.uri.query().map(str::to_owned);
        let headers = head.headers;
        let (gateway, batches) = (Arc::clone(gateway), Arc::clone(&self.batches));
        let request = Request { gateway, batches, caller, id, name, query, headers, body };
        resource(row.endpoint, request).await
    }

    fn refuse_while_draining(&self) -> Result<(), ApiError> {
        if self.draining.load(Ordering::Relaxed) {
            return Err(ApiError::new(Code::Draining, "this gateway is stopping: send the request to another one"));
        }
        Ok(())
    }

    fn operation(&self, row: &Row) -> Answer {
        match row.endpoint {
            Endpoint::Health => api::ok(&json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")})),
            Endpoint::Ready => self.ready(),
            Endpoint::Metrics => Ok(self.metrics()),
            _ => api::ok(&openapi::document()),
        }
    }

    fn ready(&self) -> Answer {
        let health = self.gateway.store.health();
        let draining = self.draining.load(Ordering::Relaxed);
        let status = match (draining, health.writable) {
            (true, _) => "draining",
            (false, false) => "store_not_writable",
            (false, true) => "ready",
        };
        let code = if status == "ready" { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        api::json(
            code,
            &json!({"status": status, "checks": {"store_writable": health.writable,
            "store_reason": health.reason, "store_backlog": health.backlog, "draining": draining,
            "config_generation": self.gateway.config().generation}}),
        )
    }

    fn metrics(&self) -> Response<Body> {
        let mut response = Response::new(Body::full(self.gateway.render_metrics()));
        let kind = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, kind);
        response
    }
}

/// Floopy resources without a query: what is misspelt there would have no effect, and nobody would know.
/// Those with one read it themselves; OpenAI's endpoints take what their clients send.
const fn takes_no_query(endpoint: Endpoint) -> bool {
    matches!(
        endpoint,
        Endpoint::Feedback
            | Endpoint::Decision
            | Endpoint::Rating
            | Endpoint::RequestLog
            | Endpoint::Session
            | Endpoint::Routes
            | Endpoint::Route
            | Endpoint::Pin
            | Endpoint::Unpin
            | Endpoint::CreateExperiment
            | Endpoint::Experiment
            | Endpoint::ExperimentResults
            | Endpoint::RollbackExperiment
            | Endpoint::CompleteExperiment
            | Endpoint::Dataset
            | Endpoint::DeleteDataset
            | Endpoint::CreateEvaluation
            | Endpoint::Evaluation
            | Endpoint::CancelEvaluation
            | Endpoint::Events
            | Endpoint::Keys
            | Endpoint::CreateKey
            | Endpoint::RevokeKey
            | Endpoint::Config
            | Endpoint::Reload
            | Endpoint::Verify
    )
}

pub(super) async fn resource(endpoint: Endpoint, request: Request) -> Answer {
    match endpoint {
        Endpoint::Models => api::models::list(request).await,
        Endpoint::Model => api::models::get(request).await,
        Endpoint::Feedback => api::feedback::submit(request).await,
        Endpoint::Decisions => api::decisions::list(request).await,
        Endpoint::Decision => api::decisions::get(request).await,
        Endpoint::Rating => api::feedback::rate(request).await,
        Endpoint::RequestLog => api::requests::get(request).await,
        Endpoint::Session => api::sessions::get(request).await,
        Endpoint::Sessions => api::sessions::list(request).await,
        Endpoint::Export => api::export::decisions(request).await,
        Endpoint::Savings => api::savings::savings(request).await,
        Endpoint::Verification => api::savings::verification(request).await,
        Endpoint::Routes => api::routes::list(request).await,
        Endpoint::Route => api::routes::get(request).await,
        Endpoint::Pin => api::routes::pin(request).await,
        Endpoint::Unpin => api::routes::unpin(request).await,
        Endpoint::Explain => api::explain::explain(request).await,
        Endpoint::Constraints => api::constraints::get(request).await,
        Endpoint::PutConstraints => api::constraints::put(request).await,
        Endpoint::Priors => api::priors::get(request).await,
        Endpoint::PutPriors => api::priors::put(request).await,
        Endpoint::Experiments => api::experiments::list(request).await,
        Endpoint::CreateExperiment => api::experiments::create(request).await,
        Endpoint::Experiment => api::experiments::get(request).await,
        Endpoint::ExperimentResults => api::experiments::results(request).await,
        Endpoint::RollbackExperiment => api::experiments::rollback(request).await,
        Endpoint::CompleteExperiment => api::experiments::complete(request).await,
        Endpoint::Events => api::events::stream(request).await,
        Endpoint::Keys => api::keys::list(request).await,
        Endpoint::CreateKey => api::keys::create(request).await,
        Endpoint::RevokeKey => api::keys::revoke(request).await,
        Endpoint::Config => api::config::get(request).await,
        Endpoint::Verify => api::verify::get(request).await,
        Endpoint::KeptResponse | Endpoint::DeleteResponse | Endpoint::CancelResponse | Endpoint::ResponseItems => {
            Err(api::responses::not_kept(&request))
        }
        Endpoint::Files => api::files::list(request).await,
        Endpoint::File => api::files::get(request).await,
        Endpoint::FileContent => api::files::content(request).await,
        Endpoint::DeleteFile => api::files::delete(request).await,
        Endpoint::Batches => api::batches::list(request).await,
        Endpoint::CreateBatch => api::batches::create(request).await,
        Endpoint::Batch => api::batches::get(request).await,
        Endpoint::CancelBatch => api::batches::cancel(request).await,
        Endpoint::UploadDataset => api::datasets::upload(request).await,
        Endpoint::Datasets => api::datasets::list(request).await,
        Endpoint::Dataset => api::datasets::get(request).await,
        Endpoint::DeleteDataset => api::datasets::delete(request).await,
        Endpoint::CreateEvaluation => api::evaluations::create(request).await,
        Endpoint::Evaluations => api::evaluations::list(request).await,
        Endpoint::Evaluation => api::evaluations::get(request).await,
        Endpoint::EvaluationResults => api::evaluations::results(request).await,
        Endpoint::CancelEvaluation => api::evaluations::cancel(request).await,
        Endpoint::Chat
        | Endpoint::Messages
        | Endpoint::CountTokens
        | Endpoint::CountInput
        | Endpoint::Responses
        | Endpoint::Embeddings
        | Endpoint::UploadFile
        | Endpoint::Reload
        | Endpoint::Health
        | Endpoint::Ready
        | Endpoint::Metrics
        | Endpoint::OpenApi => Err(ApiError::new(Code::Internal, "this endpoint is served elsewhere")),
    }
}

fn limited(who: &str, per_minute: u32, wait: std::time::Duration) -> ApiError {
    let message = format!("{who} may send {per_minute} requests a minute: wait {} ms", wait.as_millis().max(1));
    ApiError::new(Code::RateLimited, message).retry_after(wait)
}

fn nothing_here(head: &Parts) -> ApiError {
    let path: String = head.uri.path().chars().take(limits::MAX_LABEL_BYTES).collect();
    ApiError::new(Code::NotFound, format!("nothing is served at {path:?}: see /openapi.json"))
}

fn other_methods(head: &Parts, methods: &[&str], id: RequestId) -> Response<Body> {
    let allowed = methods.join(", ");
    let message =
        format!("{} is not served here: use {allowed}", head.method.as_str().chars().take(20).collect::<String>());
    let surface = Surface::of_path(head.uri.path());
    let mut response = gateway::error(&ApiError::new(Code::MethodNotAllowed, message), id, surface);
    if let Ok(value) = HeaderValue::try_from(allowed) {
        response.headers_mut().insert(ALLOW, value);
    }
    response
}

/// A body lives until its decision is written, and would keep the connection's read buffer from being used again: a
/// small one is copied out of it.
fn detached(body: Bytes) -> Bytes {
    if body.len() <= COPIED { Bytes::copy_from_slice(&body) } else { body }
}

/// Reads a body of at most `limit` bytes; a pause that is too long ends it.
pub(super) async fn read_body(head: &Parts, mut body: Incoming, limit: usize) -> Result<Bytes, ApiError> {
    let announced = head.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    let mut whole = BytesMut::new();
    let mut too_long = announced.is_some_and(|length| length > limit);
    let mut read = 0_usize;
    loop {
        let frame = match timeout(limits::BODY_IDLE_TIMEOUT, body.frame()).await {
            Ok(Some(Ok(frame))) => frame,
            Ok(None) => break,
            Ok(Some(Err(_))) => return Err(ApiError::new(Code::InvalidBody, "the body ended early")),
            Err(_) => return Err(ApiError::new(Code::RequestTimeout, "the body did not arrive in time")),
        };
        let Ok(data) = frame.into_data() else { continue };
        read = read.saturating_add(data.len());
        too_long |= read > limit;
        if too_long {
            whole.clear();
            if read > limits::MAX_DISCARDED {
                break;
            }
        } else if whole.is_empty() && announced == Some(data.len()) {
            // The usual case: the whole body in one piece.
            return Ok(detached(data));
        } else {
            if whole.is_empty() {
                whole.reserve(announced.unwrap_or_default().min(RESERVED));
            }
            whole.extend_from_slice(&data);
        }
    }
    if too_long {
        let message = format!("the body is longer than {limit} bytes (server.max_body)");
        return Err(ApiError::new(Code::RequestTooLarge, message));
    }
    Ok(whole.freeze())
}
