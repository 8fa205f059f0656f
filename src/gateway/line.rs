//! One target on the line: the calls that are made to it until one is answered, and a note of each.

use super::Gateway;
use super::draft::Draft;
use super::operation::{Operation, Whole};
use super::record::millis;
use super::source::{FirstEvents, Source};
use super::telling::Step;
use crate::base::{ApiError, Code, ModelInfo, ModelRef, OrgId, RequestId, Retry, Side, Timestamp, body, limits};
use crate::config::Config;
use crate::config::settings::Provider;
use crate::resource::decision::{Attempt, Target as TargetName};
use crate::routing::failure::CALLED_OFF;
use crate::telemetry::{SpanId, TraceContext};
use crate::upstream::{Call, CallError, Reply, ReplyBody, breaker, retry};
use crate::wire::{AnswerContext, Fault, Outgoing, Target};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method};
use http_body::Body as _;
use rand::RngExt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// An answer that is good enough to be given to the client.
pub(crate) enum Answered {
    /// Whole.
    Whole(Whole),
    /// Streamed, from its first events on.
    Stream(FirstEvents),
}

impl Answered {
    /// The answer where it is whole.
    pub(super) fn whole(self) -> Option<Whole> {
        match self {
            Self::Whole(whole) => Some(whole),
            Self::Stream(_) => None,
        }
    }
}

/// What is known of a request's attempts so far. Calls that run side by side share it.
#[derive(Debug, Default)]
pub(crate) struct Notes(Mutex<Noted>);

#[derive(Debug, Default)]
struct Noted {
    /// In the order in which they ended.
    attempts: Vec<Attempt>,
    heard: Option<Heard>,
    /// Of those whose trace goes on.
    steps: Vec<Step>,
}

/// How soon a provider answered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heard {
    /// Opening a connection.
    pub(crate) connect: Duration,
    /// From the call to the answer's head, the connection included.
    pub(crate) first_byte: Duration,
}

impl Notes {
    fn lock(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn push(&self, attempt: Attempt) {
        self.lock().attempts.push(attempt);
    }

    /// Notes an attempt that is a step of a trace.
    fn push_step(&self, attempt: Attempt, span: SpanId, began: Instant, took: Duration) {
        let mut noted = self.lock();
        let step = Step { attempt: noted.attempts.len(), span, began: began.into_std(), took };
        noted.attempts.push(attempt);
        noted.steps.push(step);
    }

    /// The attempts that are steps of a trace.
    pub(super) fn steps(&self) -> Vec<Step> {
        self.lock().steps.clone()
    }

    /// Notes that a provider has answered.
    pub(super) fn heard(&self, reply: &Reply) {
        self.lock().heard = Some(Heard { connect: reply.connect, first_byte: reply.first_byte });
    }

    /// All attempts.
    pub(crate) fn list(&self) -> Vec<Attempt> {
        self.lock().attempts.clone()
    }

    /// How soon the last provider that answered did so.
    pub(crate) fn last_heard(&self) -> Option<Heard> {
        self.lock().heard
    }
}

/// One target of one request.
pub(crate) struct Line {
    pub(super) gateway: Arc<Gateway>,
    pub(super) org: OrgId,
    config: Arc<Config>,
    id: RequestId,
    created_at: Timestamp,
    pub(super) model: ModelRef,
    provider: Arc<Provider>,
    info: Option<Arc<ModelInfo>>,
    notes: Arc<Notes>,
    trace: Option<TraceContext>,
    pub(super) deadline: Instant,
}

/// One attempt while it runs: dropped before its end, it was called off.
struct Attempting<'a> {
    line: &'a Line,
    started: Instant,
    retry: u32,
    status: Option<u16>,
    /// Its step in the request's trace, where there is one.
    span: Option<SpanId>,
    ended: bool,
}

impl Attempting<'_> {
    fn end(&mut self, error: Option<&ApiError>) {
        let code = error.map(|error| error.code_text.clone().unwrap_or_else(|| error.code.as_str().to_owned()));
        self.note(code, error.map_or("ok", |error| error.code.as_str()));
    }

    fn note(&mut self, error: Option<String>, counted_as: &'static str) {
        self.ended = true;
        self.line.gateway.metrics.attempt(&self.line.model, counted_as);
        let took = self.started.elapsed();
        let attempt = Attempt {
            target: TargetName::from(&self.line.model),
            status: self.status,
            error,
            latency_ms: millis(took),
            retry: self.retry,
        };
        match self.span {
            Some(span) => self.line.notes.push_step(attempt, span, self.started, took),
            None => self.line.notes.push(attempt),
        }
    }
}

impl Drop for Attempting<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.note(Some(CALLED_OFF.to_owned()), CALLED_OFF);
        }
    }
}

/// A model at its provider, as far as translation needs to know.
pub(super) fn target_of<'a>(provider: &'a Provider, model: &'a ModelRef, info: Option<&'a ModelInfo>) -> Target<'a> {
    provider.target(&model.model, info)
}

impl Line {
    pub(super) fn new(draft: &Draft, model: &ModelRef, provider: Arc<Provider>, deadline: Instant) -> Self {
        Self {
            gateway: Arc::clone(&draft.gateway),
            org: draft.caller.org.clone(),
            config: Arc::clone(&draft.config),
            id: draft.id,
            created_at: draft.created_at,
            info: draft.config.catalogue.get(model).map(Arc::clone),
            model: model.clone(),
            provider,
            notes: Arc::clone(&draft.attempts),
            trace: draft.labels.trace.clone(),
            deadline,
        }
    }

    /// The target, as far as translation needs to know.
    pub(super) fn target(&self) -> Target<'_> {
        target_of(&self.provider, &self.model, self.info.as_deref())
    }

    fn attempting(&self, retry: u32) -> Attempting<'_> {
        Attempting {
            line: self,
            started: Instant::now(),
            retry,
            status: None,
            span: self.trace.as_ref().map(|_| SpanId::draw()),
            ended: false,
        }
    }

    /// Calls until an answer is good, the failure says that it will stay bad, or patience is at its end.
    pub(super) async fn tries(&self, operation: &Operation, outgoing: &Outgoing) -> Result<Answered, ApiError> {
        let policy = &self.config.upstream;
        for tried in 0.. {
            let mut attempt = self.attempting(tried);
            let permit = match self.gateway.breakers.admit(&self.model, &policy.breaker, attempt.started) {
                breaker::Admission::Open { retry_after } => {
                    let message = format!("{} has failed repeatedly and is left alone for a while", self.model);
                    let mut error = ApiError::new(Code::ProviderError, message).retry_after(retry_after);
                    error.retry = Retry::OtherTarget;
                    attempt.end(Some(&error));
                    return Err(error);
                }
                breaker::Admission::Admitted(permit) => permit,
            };
            let error = match self.call(operation, outgoing, &mut attempt).await {
                Ok(answered) => {
                    permit.succeeded();
                    attempt.end(None);
                    return Ok(answered);
                }
                Err(error) => error,
            };
            match error.side {
                Side::Client => permit.succeeded(),
                _ => permit.failed(error.retry_after, Instant::now()),
            }
            attempt.end(Some(&error));
            let pause = match error.retry {
                Retry::SameTarget => retry::pause(policy, tried, error.retry_after, rand::rng().random())
                    .filter(|pause| Instant::now() + *pause < self.deadline),
                Retry::Never | Retry::OtherTarget => None,
            };
            let Some(pause) = pause else { return Err(error) };
            tokio::time::sleep(pause).await;
        }
        unreachable!("the loop above ends by returning: retry::pause gives up after a bounded number of attempts")
    }

    /// One call.
    async fn call(
        &self,
        operation: &Operation,
        outgoing: &Outgoing,
        attempt: &mut Attempting<'_>,
    ) -> Result<Answered, ApiError> {
        let gateway = &self.gateway;
        let sent = Instant::now();
        let mut headers = outgoing.headers.iter().cloned().collect::<HeaderMap>();
        if let (Some(trace), Some(span)) = (&self.trace, attempt.span) {
            trace.hand_on(span, &mut headers);
        }
        let call = Call {
            method: Method::POST,
            path: outgoing.path.to_string(),
            headers,
            body: outgoing.body.clone(),
            deadline: self.deadline,
        };
        let reply = gateway
            .upstream
            .send(&self.provider, &self.config.upstream, call)
            .await
            .map_err(|error| error.into_api_error())?;
        attempt.status = Some(reply.status.as_u16());
        self.notes.heard(&reply);
        let target = self.target();
        if !reply.status.is_success() {
            return Err(refused(&target, reply, gateway.now()).await);
        }
        let id = format!("chatcmpl-{}", self.id);
        let context = AnswerContext {
            id: &id,
            created: self.created_at.seconds(),
            model: target.model,
            include_usage: operation.include_usage(),
        };
        if outgoing.stream {
            let decoder = operation.decoder(&target, context);
            let first = FirstEvents::of(Source::one(reply.body, decoder)).await?;
            gateway.latency.first_byte(&self.model, sent.elapsed());
            return Ok(Answered::Stream(first));
        }
        let bytes = read_whole(reply.body).await?;
        let whole = operation.decode(&target, &context, bytes).map_err(Fault::into_api_error)?;
        gateway.latency.total(&self.model, sent.elapsed());
        Ok(Answered::Whole(whole))
    }
}

/// A whole answer of at most [`limits::MAX_UPSTREAM_BODY`] bytes.
async fn read_whole(mut body: ReplyBody) -> Result<Bytes, ApiError> {
    let mut whole = BytesMut::new();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let Ok(data) = frame.map_err(CallError::into_api_error)?.into_data() else { continue };
        if whole.len() + data.len() > limits::MAX_UPSTREAM_BODY {
            let message = format!("the provider's answer is longer than {} bytes", limits::MAX_UPSTREAM_BODY);
            let mut error = ApiError::new(Code::ProviderError, message);
            error.retry = Retry::OtherTarget;
            return Err(error);
        }
        whole.extend_from_slice(&data);
    }
    Ok(whole.freeze())
}

/// What a provider's error answer means.
async fn refused(target: &Target<'_>, reply: Reply, now: Timestamp) -> ApiError {
    let text = body::read(reply.body, limits::MAX_UPSTREAM_ERROR_BODY).await.unwrap_or_default();
    Fault::from_response(target.quirks, reply.status.as_u16(), &reply.headers, &text, now).into_api_error()
}
