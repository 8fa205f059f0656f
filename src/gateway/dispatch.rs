//! The stage that calls: one target after the other until one answers, within one deadline.
//!
//! A target is tried again only where the failure says that this is safe, after a jittered pause that
//! respects the provider's `Retry-After`; then the next target is tried. Once an event of a stream stands
//! ready for the client, nothing is repeated any more.

use super::draft::Draft;
use super::line::{Answered, Line};
use super::operation::Operation;
use super::{fan_out, given};
use crate::base::{ApiError, Code, ModelRef, Retry, Side, limits};
use crate::config::settings::Provider;
use crate::resource::assessment::BackupOrder;
use crate::resource::decision::{Attempt, Target as TargetName};
use crate::routing::failure::{Verdict, verdict};
use crate::routing::fallback;
use crate::routing::totals::Totals;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

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
    let mut targets = targets.to_vec();
    for place in 0..targets.len().min(limits::MAX_ATTEMPTS) {
        if place > 0 {
            by_what_was_shown(draft, &mut targets, place);
        }
        let Some(model) = targets.get(place) else { break };
        let Some(provider) = draft.config.providers.get(&model.provider).map(Arc::clone) else {
            let error = ApiError::new(Code::ProviderError, format!("provider {:?} is not configured", model.provider));
            draft.gateway.metrics.attempt(model, error.code.as_str());
            draft.attempts.push(Attempt {
                target: TargetName::from(model),
                status: None,
                error: Some(error.code.as_str().to_owned()),
                latency_ms: 0,
                retry: 0,
            });
            failures.push(error);
            continue;
        };
        match at_target(draft, operation, model, provider, deadline).await {
            Ok(answered) => {
                draft.served = Some(model.clone());
                draft.first_byte = Some(std::time::Instant::now());
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

/// Puts the targets from `place` on into the order that production has shown to be better after such a failure, and
/// notes both orders. A fallback that the client named for this request keeps its place.
fn by_what_was_shown(draft: &mut Draft, targets: &mut [ModelRef], place: usize) {
    let Some(route) = &draft.route else { return };
    let place =
        place + usize::from(draft.labels.fallback.is_some() && targets.get(place) == draft.labels.fallback.as_ref());
    let failed = draft.attempts.list().into_iter().rfind(|attempt| attempt.error.is_some());
    let (Some(rest), Some(failed)) = (targets.get_mut(place..), failed) else { return };
    let known = draft.gateway.learner.snapshot();
    let Some(shown) = known.totals(&draft.caller.org, &route.id) else { return };
    let Some(learned) = reordered(rest, &failed, shown) else { return };
    if let Some(choice) = draft.choice.as_mut() {
        let names = |models: &[ModelRef]| models.iter().map(ToString::to_string).collect();
        choice.assessment.backups = Some(BackupOrder { rule: names(rest), learned: names(&learned) });
    }
    rest.clone_from_slice(&learned);
}

/// The order in which the rest is asked after this attempt failed, where production has shown a better one than the rule.
fn reordered(rest: &[ModelRef], failed: &Attempt, shown: &Totals) -> Option<Vec<ModelRef>> {
    let Verdict::Failed(kind) = verdict(failed) else { return None };
    let order = fallback::order(rest, kind, shown);
    let is_rule = order.iter().copied().eq(0..rest.len());
    (!is_rule).then(|| order.into_iter().filter_map(|place| rest.get(place).cloned()).collect())
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
    // Nobody can do what is asked for: that is the caller's to change.
    if failures.iter().all(|failure| failure.side == Side::Client)
        && let Some(last) = failures.pop()
    {
        return last;
    }
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
    provider: Arc<Provider>,
    deadline: Instant,
) -> Result<Answered, ApiError> {
    let line = Line::new(draft, model, provider, deadline);
    let target = line.target();
    let given = given::gather(&line, operation, &target).await?;
    if let Some(several) = fan_out::Several::of(operation, &target) {
        let outgoing = several.alone.encode(&target, &draft.labels, &given)?;
        draft.dropped.clone_from(&outgoing.dropped);
        return several.answer(line, outgoing).await;
    }
    if let Some(pieces) = fan_out::Pieces::of(operation, &target) {
        let calls = pieces.encode(&target, draft, &given)?;
        draft.dropped = calls.first().map(|call| call.dropped.clone()).unwrap_or_default();
        return pieces.answer(&line, &calls).await;
    }
    let outgoing = operation.encode(&target, &draft.labels, &given)?;
    let answered = line.tries(operation, &outgoing).await?;
    draft.dropped = outgoing.dropped;
    Ok(answered)
}

/// The total time that a request may take.
pub(crate) fn deadline(timeout: Duration) -> Instant {
    Instant::now() + timeout
}
