//! One call to the judge, from the question to its record.

use super::desk::{Bench, Case};
use super::rubric;
use crate::base::model::TokenUsage;
use crate::base::{ApiError, Code, MicroUsd, ModelRef, RequestId, SessionId, Timestamp, body, limits};
use crate::resource::assessment::Scores;
use crate::resource::decision::{Asked, Attempt, Decision, JUDGE, Outcome, Status, Target as TargetName, UsageNote};
use crate::store::Recorded;
use crate::upstream::Call;
use crate::wire::{self, AnswerContext, ChatRequest, Decoded, Fault};
use bytes::Bytes;
use http::{HeaderMap, Method};
use rand::RngExt;
use std::time::Duration;
use tokio::time::Instant;

/// How long a judge may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What came of a call.
#[derive(Debug)]
pub struct Verdict {
    /// The scores, where they count.
    pub scores: Option<Scores>,
    /// What the call cost, whatever came of it.
    pub cost: Option<MicroUsd>,
    /// The word for what came of it.
    pub outcome: &'static str,
    /// When the provider wants to be asked again.
    pub(super) retry_after: Option<Duration>,
}

/// Asks the judge and records the call as a decision of its own.
pub(super) async fn ask(bench: &Bench, case: &Case, now: Timestamp) -> Verdict {
    let id = RequestId::draw(now);
    let began = Instant::now();
    let check = rand::rng().random();
    let answered = tokio::time::timeout(PATIENCE, answer(bench, case, check, id, now)).await;
    let answered = answered.unwrap_or_else(|_| {
        Err(ApiError::new(Code::ProviderTimeout, "the judge did not answer in time: see upstream.first_byte_timeout"))
    });
    let usage = answered.as_ref().ok().and_then(|decoded| decoded.usage);
    let cost = usage.and_then(|usage| case.config.catalogue.get(&case.judge.model)?.cost(&usage));
    let error = answered.as_ref().err().map(|error| error.code);
    let retry_after = answered.as_ref().err().and_then(|error| error.retry_after);
    record(bench, decision(case, id, now, began.elapsed(), usage, cost, error));
    let (scores, outcome) = match answered {
        Err(_) => (None, "failed"),
        Ok(decoded) => match rubric::read(&decoded.answer.text, check) {
            Ok(scores) => (Some(scores), "ok"),
            Err(unusable) => (None, unusable.as_str()),
        },
    };
    Verdict { scores, cost, outcome, retry_after }
}

async fn answer(bench: &Bench, case: &Case, check: u32, id: RequestId, now: Timestamp) -> Result<Decoded, ApiError> {
    let config = &case.config;
    let model = &case.judge.model;
    let provider = config.providers.get(&model.provider).ok_or_else(|| {
        ApiError::new(Code::ProviderError, format!("the judge's provider {:?} is not configured", model.provider))
    })?;
    let info = config.catalogue.get(model);
    let target = provider.target(&model.model, info.map(|info| &**info));
    let request = rubric::ask(&model.model, &case.question, &case.answer, case.reference.as_deref(), check).to_string();
    let request = ChatRequest::parse(Bytes::from(request))?;
    let outgoing = wire::encode_chat(&request, &target, None, &wire::Given::default())?;
    let call = Call {
        method: Method::POST,
        path: outgoing.path.to_string(),
        headers: outgoing.headers.iter().cloned().collect::<HeaderMap>(),
        body: outgoing.body.clone(),
        deadline: Instant::now() + PATIENCE,
    };
    let reply = bench.upstream.send(provider, &config.upstream, call).await.map_err(|error| error.into_api_error())?;
    if !reply.status.is_success() {
        let (status, headers) = (reply.status.as_u16(), reply.headers);
        let text = body::read(reply.body, limits::MAX_UPSTREAM_ERROR_BODY).await.unwrap_or_default();
        return Err(Fault::from_response(target.quirks, status, &headers, &text, now).into_api_error());
    }
    let text = body::read(reply.body, limits::MAX_JUDGE_ANSWER)
        .await
        .map_err(|error| ApiError::new(Code::ProviderError, format!("the judge's answer cannot be read: {error}")))?;
    let id = format!("chatcmpl-{id}");
    let context = AnswerContext { id: &id, created: now.seconds(), model: target.model, include_usage: false };
    wire::decode_chat(&request, &target, &context, text).map_err(Fault::into_api_error)
}

fn record(bench: &Bench, decision: Decision) {
    if let Err(error) = bench.store.record(Recorded { decision, messages: None, answer: None, around: None }) {
        tracing::error!(%error, "a judge's call was not recorded: the store cannot keep up");
    }
}

/// The judge's call as a decision: no session, no route, no text.
fn decision(
    case: &Case,
    id: RequestId,
    now: Timestamp,
    took: Duration,
    usage: Option<TokenUsage>,
    cost: Option<MicroUsd>,
    error: Option<Code>,
) -> Decision {
    let model: &ModelRef = &case.judge.model;
    let target = TargetName::from(model);
    let latency_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let outcome = Outcome {
        input_tokens: usage.map(|usage| usage.input),
        output_tokens: usage.map(|usage| usage.output),
        cached_input_tokens: usage.map(|usage| usage.cached_input),
        cost_micro_usd: cost,
        attempts: vec![Attempt {
            target: target.clone(),
            status: None,
            error: error.map(|code| code.as_str().to_owned()),
            latency_ms,
            retry: 0,
        }],
        ..Outcome::of(if error.is_none() { Status::Ok } else { Status::Error }, latency_ms)
    };
    let asked = Asked {
        request_id: id,
        org: case.org.clone(),
        session_id: SessionId::from(format!("{JUDGE}:{}", case.account)),
        created_at: now,
        endpoint: JUDGE.to_owned(),
        requested_model: model.to_string(),
    };
    Decision {
        session_inferred: true,
        floopy_reason: format!("{}::{JUDGE}", model.model),
        winner: Some(target.clone()),
        served: error.is_none().then_some(target),
        usage: UsageNote {
            estimated: usage.is_some_and(|usage| usage.estimated),
            reasoning_tokens: usage.map_or(0, |usage| usage.reasoning),
        },
        http_status: error.map_or(200, Code::status),
        error_code: error.map(|code| code.as_str().to_owned()),
        properties: vec![("judged".to_owned(), case.request_id.to_string())],
        evaluation_id: case.evaluation_id.clone(),
        config_generation: case.config.generation,
        ..Decision::of(asked, outcome)
    }
}
