//! The stage that calls: one target after the other until one answers, within one deadline.
//!
//! A target is tried again only where the failure says that this is safe, after a jittered pause that
//! respects the provider's `Retry-After`; then the next target is tried. Once an event of a stream stands
//! ready for the client, nothing is repeated any more.

use super::operation::{Operation, Whole};
use super::record::{Draft, millis};
use super::relay::FirstEvents;
use crate::base::{ApiError, Code, ModelRef, Retry, Side, body, limits};
use crate::config::settings::{Provider, UnsupportedParameters};
use crate::resource::decision::{Attempt, Target as TargetName};
use crate::upstream::{Call, CallError, Reply, ReplyBody, breaker, retry};
use crate::wire::{AnswerContext, Fault, Outgoing, StreamDecoder, Target, quirks};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method};
use http_body::Body as _;
use rand::RngExt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// An answer that is good enough to be given to the client.
pub(crate) enum Answered {
    /// Whole.
    Whole(Whole),
    /// Streamed, from its first events on.
    Stream(FirstEvents),
}

/// Calls the draft's targets until one answers; notes every attempt in the draft.
///
/// # Errors
/// The caller's own fault as it is; the only target's failure; or `providers_exhausted`,
/// `provider_rate_limited`, `provider_timeout` for all of them.
pub(crate) async fn dispatch(
    draft: &mut Draft,
    operation: &Operation,
    targets: &[ModelRef],
    deadline: Instant,
) -> Result<Answered, ApiError> {
    let mut failures = Vec::new();
    for model in targets.iter().take(limits::MAX_ATTEMPTS) {
        let Some(provider) = draft.config.providers.get(&model.provider).map(Arc::clone) else {
            let error = ApiError::new(Code::ProviderError, format!("provider {:?} is not configured", model.provider));
            note(draft, model, 0, Instant::now(), None, Some(&error));
            failures.push(error);
            continue;
        };
        match at_target(draft, operation, model, &provider, deadline).await {
            Ok(answered) => {
                draft.served = Some(model.clone());
                return Ok(answered);
            }
            Err(error) if error.retry == Retry::Never => return Err(error),
            Err(error) => failures.push(error),
        }
        if Instant::now() >= deadline {
            break;
        }
    }
    Err(exhausted(failures))
}

/// What the client is told when every target failed.
fn exhausted(mut failures: Vec<ApiError>) -> ApiError {
    let all = |code: Code| !failures.is_empty() && failures.iter().all(|failure| failure.code == code);
    let soonest = failures.iter().filter_map(|failure| failure.retry_after).min();
    let code = if all(Code::ProviderRateLimited) {
        Code::ProviderRateLimited
    } else if all(Code::ProviderTimeout) {
        Code::ProviderTimeout
    } else if failures.len() == 1 {
        return failures.remove(0);
    } else {
        Code::ProvidersExhausted
    };
    let last = failures.pop().map(|failure| failure.message).unwrap_or_default();
    let mut error =
        ApiError::new(code, format!("every target failed ({} tried); the last said: {last}", failures.len() + 1));
    error.retry_after = soonest;
    error
}

/// One target, with its retries.
async fn at_target(
    draft: &mut Draft,
    operation: &Operation,
    model: &ModelRef,
    provider: &Provider,
    deadline: Instant,
) -> Result<Answered, ApiError> {
    let config = Arc::clone(&draft.config);
    let gateway = Arc::clone(&draft.gateway);
    let info = config.catalogue.get(model).map(Arc::clone);
    let target = Target {
        quirks: quirks(&provider.kind),
        dialect: provider.dialect,
        model: &model.model,
        info: info.as_deref(),
        refuse_unsupported: provider.unsupported_parameters == UnsupportedParameters::Refuse,
        anthropic_version: &provider.anthropic_version,
    };
    let outgoing = operation.encode(&target, &draft.labels)?;
    let policy = &config.upstream;
    for tried in 0.. {
        let started = Instant::now();
        let permit = match gateway.breakers.admit(model, &policy.breaker, started) {
            breaker::Admission::Open { retry_after } => {
                let mut error = ApiError::new(
                    Code::ProviderError,
                    format!("{model} has failed repeatedly and is left alone for a while"),
                )
                .retry_after(retry_after);
                error.retry = Retry::OtherTarget;
                note(draft, model, tried, started, None, Some(&error));
                return Err(error);
            }
            breaker::Admission::Admitted(permit) => permit,
        };
        let mut status = None;
        let result = call(draft, operation, &target, provider, &outgoing, deadline, &mut status).await;
        match result {
            Ok(answered) => {
                permit.succeeded();
                note(draft, model, tried, started, status, None);
                draft.dropped.clone_from(&outgoing.dropped);
                return Ok(answered);
            }
            Err(error) => {
                match error.side {
                    Side::Client => permit.succeeded(),
                    _ => permit.failed(error.retry_after, Instant::now()),
                }
                note(draft, model, tried, started, status, Some(&error));
                let pause = match error.retry {
                    Retry::SameTarget => retry::pause(policy, tried, error.retry_after, rand::rng().random())
                        .filter(|pause| Instant::now() + *pause < deadline),
                    Retry::Never | Retry::OtherTarget => None,
                };
                let Some(pause) = pause else { return Err(error) };
                tokio::time::sleep(pause).await;
            }
        }
    }
    unreachable!("the loop above ends by returning: retry::pause gives up after a bounded number of attempts")
}

/// One call.
async fn call(
    draft: &mut Draft,
    operation: &Operation,
    target: &Target<'_>,
    provider: &Provider,
    outgoing: &Outgoing,
    deadline: Instant,
    status: &mut Option<u16>,
) -> Result<Answered, ApiError> {
    let gateway = Arc::clone(&draft.gateway);
    let sent = Instant::now();
    let call = Call {
        method: Method::POST,
        path: outgoing.path.to_string(),
        headers: outgoing.headers.iter().cloned().collect::<HeaderMap>(),
        body: outgoing.body.clone(),
        deadline,
    };
    let reply =
        gateway.upstream.send(provider, &draft.config.upstream, call).await.map_err(|error| error.into_api_error())?;
    *status = Some(reply.status.as_u16());
    if !reply.status.is_success() {
        return Err(refused(target, reply, gateway.now()).await);
    }
    let id = format!("chatcmpl-{}", draft.id);
    let context = AnswerContext {
        id: &id,
        created: draft.created_at.seconds(),
        model: target.model,
        include_usage: matches!(operation, Operation::Chat(request) if request.include_usage()),
    };
    let model = ModelRef { provider: provider.id.clone(), model: Arc::from(target.model) };
    if outgoing.stream {
        let decoder = StreamDecoder::new(target, context, operation.prompt());
        let first = FirstEvents::read(reply.body, decoder).await?;
        let first_byte = sent.elapsed();
        draft.first_byte = Some(draft.started + sent.into_std().duration_since(draft.started) + first_byte);
        gateway.latency.first_byte(&model, first_byte);
        return Ok(Answered::Stream(first));
    }
    let bytes = read_whole(reply.body).await?;
    let whole = operation.decode(target, &context, bytes).map_err(Fault::into_api_error)?;
    draft.first_byte = Some(std::time::Instant::now());
    gateway.latency.total(&model, sent.elapsed());
    Ok(Answered::Whole(whole))
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
async fn refused(target: &Target<'_>, reply: Reply, now: crate::base::Timestamp) -> ApiError {
    let text = body::read(reply.body, limits::MAX_UPSTREAM_ERROR_BODY).await.unwrap_or_default();
    Fault::from_response(target.quirks, reply.status.as_u16(), &reply.headers, &text, now).into_api_error()
}

/// Notes one attempt in the draft and in the metrics.
fn note(
    draft: &mut Draft,
    model: &ModelRef,
    retry: u32,
    started: Instant,
    status: Option<u16>,
    error: Option<&ApiError>,
) {
    draft.gateway.metrics.attempt(model, error.map_or("ok", |error| error.code.as_str()));
    draft.attempts.push(Attempt {
        target: TargetName::from(model),
        status,
        error: error.map(|error| error.code_text.clone().unwrap_or_else(|| error.code.as_str().to_owned())),
        latency_ms: millis(started.elapsed()),
        retry,
    });
}

/// The total time that a request may take.
pub(crate) fn deadline(timeout: Duration) -> Instant {
    Instant::now() + timeout
}
