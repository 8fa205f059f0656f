//! Lines of batches that a provider answers in a batch of its own: what they become there, and what comes back.
//!
//! They go through every stage but dispatch, which the provider's batch stands for.

use super::Gateway;
use super::caller::Caller;
use super::clock::Clock;
use super::draft::Draft;
use super::labels::Labels;
use super::line::target_of;
use super::operation::{Form, Operation};
use super::record::{End, completion_id};
use super::resolve::{Wanted, resolve};
use super::select::{self, Purpose};
use crate::base::{ApiError, Code, ModelRef, RequestId};
use crate::config::settings::Provider;
use crate::resource::decision::{Attempt, Target as TargetName};
use crate::wire::{AnswerContext, Fault, Given, Outgoing, Target};
use bytes::Bytes;
use http::HeaderMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// One line on its way to a provider's batch, or back. Dropped without an answer, it leaves no decision.
pub struct Forwarded {
    draft: Draft,
    operation: Operation,
    model: ModelRef,
    provider: Arc<Provider>,
}

/// What a line came to.
#[derive(Debug, Clone)]
pub struct Settled {
    /// HTTP status.
    pub status: u16,
    /// The decision.
    pub request_id: RequestId,
    /// The answer in the client's dialect, or the error's envelope.
    pub body: Bytes,
}

impl Gateway {
    /// The model that requests with these headers name by themselves: `None` where a route, a list or a header lets
    /// somebody else serve.
    #[must_use]
    pub fn named_model(&self, caller: &Caller, headers: &HeaderMap, model: &str) -> Option<ModelRef> {
        let (config, labels) = (self.config(), Labels::read(headers).ok()?);
        if config.passthrough || labels.smart_select || labels.fallback.is_some() {
            return None;
        }
        match resolve(&config, caller, &labels, model).ok()? {
            Wanted::Model(model) => Some(model),
            Wanted::Route(_) | Wanted::List(_) => None,
        }
    }

    /// The model that an evaluation asks; `None` where a route or a list answers.
    ///
    /// # Errors
    /// `model` means nothing here, or the caller's key leads elsewhere, or passthrough is on: nothing would be decided.
    pub fn to_evaluate(&self, caller: &Caller, model: &str) -> Result<Option<ModelRef>, ApiError> {
        let config = self.config();
        if config.passthrough {
            let message = "passthrough is on, and an evaluation goes through the stages: turn it off first";
            let mut error = ApiError::new(Code::FeatureDisabled, message);
            error.feature = Some("evaluations");
            return Err(error);
        }
        let tied = caller.key.as_ref().and_then(|key| key.route.as_ref());
        if let Some(route) = tied.filter(|route| route.as_str() != model) {
            let message = format!(
                "this key is tied to the route {route:?}, which would answer: evaluate that, or use another key"
            );
            return Err(ApiError::new(Code::WritePermission, message).param("model"));
        }
        Ok(match resolve(&config, caller, &Labels::default(), model)? {
            Wanted::Model(model) => Some(model),
            Wanted::Route(_) | Wanted::List(_) => None,
        })
    }

    /// A line of this form for this model's provider.
    ///
    /// # Errors
    /// What the request itself is refused with.
    pub fn forward(
        self: &Arc<Self>,
        form: Form,
        caller: Caller,
        headers: &HeaderMap,
        body: Bytes,
        model: &ModelRef,
    ) -> Result<Forwarded, ApiError> {
        let operation = self.read(form, &caller.org, headers, body)?;
        let id = RequestId::draw(self.now());
        let (mut draft, wanted) = self.arrive(caller, Labels::read(headers)?, &operation, id, Purpose::Serve)?;
        // Only an answer makes it a decision.
        draft.ended = true;
        self.check_spend(&draft.caller, draft.estimate(&wanted, &operation), draft.created_at)?;
        select::choose(&mut draft, &wanted, &operation, Purpose::Serve);
        let provider = draft.config.providers.get(&model.provider).map(Arc::clone);
        let gone = || ApiError::new(Code::ModelNotFound, "the provider is not configured any more");
        Ok(Forwarded { draft, operation, model: model.clone(), provider: provider.ok_or_else(gone)? })
    }
}

impl Forwarded {
    fn target(&self) -> Target<'_> {
        let info = self.draft.config.catalogue.get(&self.model);
        target_of(&self.provider, &self.model, info.map(|info| &**info))
    }

    /// The request as the provider takes it.
    ///
    /// # Errors
    /// The provider cannot do what is asked.
    pub fn encode(&self) -> Result<Outgoing, ApiError> {
        self.operation.encode(&self.target(), &self.draft.labels, &Given::default())
    }

    /// Takes what the provider's batch has answered: the line's decision is recorded. `took` is the time since the
    /// batch was made, `percent` the share of the usual price that batches cost there.
    pub async fn settle(mut self, status: u16, body: Bytes, took: Duration, percent: u8) -> Settled {
        let request_id = self.draft.id;
        let id = format!("chatcmpl-{request_id}");
        let context = AnswerContext {
            id: &id,
            created: self.draft.created_at.seconds(),
            model: &self.model.model,
            include_usage: false,
        };
        let target = self.target();
        let decoded = if (200..300).contains(&status) {
            self.operation.decode(&target, &context, body).map_err(Fault::into_api_error)
        } else {
            let now = self.draft.gateway.now();
            Err(Fault::from_response(target.quirks, status, &HeaderMap::new(), &body, now).into_api_error())
        };
        let draft = &mut self.draft;
        draft.ended = false;
        draft.price_percent = percent;
        draft.clock = Clock::since(Instant::now().checked_sub(took).unwrap_or_else(|| draft.clock.began()));
        draft.attempts.push(Attempt {
            target: TargetName::from(&self.model),
            status: Some(status),
            error: decoded.as_ref().err().map(|error| error.code.as_str().to_owned()),
            latency_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            retry: 0,
        });
        let (settled, end) = match decoded {
            Ok(whole) => {
                draft.served = Some(self.model.clone());
                let completion_id = completion_id(&whole.body);
                let settled = Settled { status: 200, request_id, body: whole.body };
                let (usage, answer, finish) = (whole.usage, whole.answer, whole.finish);
                (settled, End { usage, answer, finish, completion_id, ..End::default() })
            }
            Err(error) => {
                let body = Bytes::from(error.envelope(Some(request_id)));
                let settled = Settled { status: error.http_status(), request_id, body };
                (settled, End { error: Some(error), ..End::default() })
            }
        };
        if let Some(durable) = draft.end(end)
            && let Err(error) = durable.await
        {
            tracing::error!(%error, %request_id, "a batch's line was answered, and its decision lost");
        }
        settled
    }
}

impl std::fmt::Debug for Forwarded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Forwarded").field("model", &self.model).finish_non_exhaustive()
    }
}
