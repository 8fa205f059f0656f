//! The last stage: what came of a request becomes its decision, exactly once.
//!
//! A [`Draft`] is filled while the request runs. Whoever ends the request ends the draft; a draft that
//! is dropped unended was left by its client, and is recorded as cancelled.

use super::caller::PartOf;
use super::clock::{Stage, micros};
use super::draft::Draft;
use super::heuristics::scores_of;
use crate::base::model::TokenUsage;
use crate::base::{ApiError, Code};
use crate::config::settings::Durability;
use crate::learner::judge::{Job, is_sampled};
use crate::resource::Timings;
use crate::resource::assessment::Scores;
use crate::resource::decision::{Decision, Outcome, Reason, Status, Target, UsageNote};
use crate::store::{Around, Recorded};
use crate::wire::{Answer, Finish};
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;

/// What came of a request.
#[derive(Debug, Default)]
pub(crate) struct End {
    pub(crate) usage: Option<TokenUsage>,
    pub(crate) answer: Option<Answer>,
    /// Why the answer ended.
    pub(crate) finish: Option<Finish>,
    pub(crate) error: Option<ApiError>,
    pub(crate) cancelled: bool,
    /// The id that the client knows the answer by: it may name its feedback's target with it.
    pub(crate) completion_id: Option<String>,
    /// The response as the client was told it, where it may name its items in a later request.
    pub(crate) told: Option<Bytes>,
}

/// The `id` of a completion, a chunk, a message, a response, or the event that begins one.
pub(crate) fn completion_id(json: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Begun<'a> {
        #[serde(borrow)]
        id: Option<std::borrow::Cow<'a, str>>,
    }
    #[derive(serde::Deserialize)]
    struct Named<'a> {
        #[serde(borrow)]
        id: Option<std::borrow::Cow<'a, str>>,
        #[serde(borrow)]
        message: Option<Begun<'a>>,
        #[serde(borrow)]
        response: Option<Begun<'a>>,
    }
    let named: Named<'_> = serde_json::from_slice(json).ok()?;
    named
        .id
        .or(named.message.or(named.response).and_then(|begun| begun.id))
        .filter(|id| id.len() <= crate::base::limits::MAX_LABEL_BYTES)
        .map(std::borrow::Cow::into_owned)
}

/// Waits until the decision is durable; ready at once unless `audit.durability = strict`.
pub(crate) type Durable = std::pin::Pin<Box<dyn Future<Output = Result<(), ApiError>> + Send>>;

impl Draft {
    /// The answer as a job for the judge, where it is one of those that the route wants judged.
    fn to_judge(&self, end: &End, decision: &Decision) -> Option<Job> {
        if self.evaluation().is_some() {
            return None;
        }
        let route = self.copy_of.as_ref().map(|copy| &copy.route).or(self.route.as_ref())?;
        // Both sides of a shadow run are judged whole: it has nothing else to go by.
        let is_compared = self.copy_of.is_some() || self.enrolment.as_ref().is_some_and(|part| part.mirror.is_some());
        let judge = route.judge.as_ref().filter(|judge| is_compared || is_sampled(self.id, judge.sample_rate))?;
        let answer = end.answer.as_ref().filter(|answer| !answer.text.is_empty())?;
        if decision.outcome.status != Status::Ok {
            return None;
        }
        Some(Job {
            config: Arc::clone(&self.config),
            judge: judge.clone(),
            org: self.caller.org.clone(),
            route: route.id.clone(),
            request_id: self.id,
            messages: self.messages.clone()?,
            answer: answer.text.clone(),
        })
    }

    /// Ends the draft: records the decision and counts it.
    /// The returned future, where there is one, must be awaited before the answer's last byte is given.
    pub(crate) fn end(&mut self, end: End) -> Option<Durable> {
        if std::mem::replace(&mut self.ended, true) {
            return None;
        }
        let gateway = Arc::clone(&self.gateway);
        if end.usage.is_some_and(|usage| usage.estimated) {
            gateway.tokenizer.want();
        }
        let total = self.clock.passed(if self.first_byte.is_some() { Stage::Relay } else { Stage::Dispatch });
        let mut decision = self.decision(&end, total);
        self.clock.passed(Stage::Record);
        gateway.settle(&decision, std::mem::take(&mut self.held));
        decision.timings = Some(self.timings());
        if self.copy_of.is_some() {
            return self.end_copy(end, decision);
        }
        self.tell(&decision, &end, total);
        let now = gateway.now();
        if let (Some(answer), Some(served)) = (&end.answer, &self.served) {
            gateway.thoughts.keep(&self.caller.org, served, &answer.message, now);
        }
        if let Some(told) = &end.told {
            gateway.items.keep(&self.caller.org, told, now);
        }
        gateway.sessions.leave(&self.place, end.answer.as_ref().map(|answer| answer.text.as_str()), now);
        let to_judge = self.to_judge(&end, &decision);
        self.mirror(&decision);
        let keeps_bodies = self.messages.is_some();
        let around = self.around.take().map(|around| Around {
            headers: std::mem::take(&mut self.labels).into_headers(),
            finish: end.finish.map(Finish::as_str),
            ..around
        });
        let recorded = Recorded {
            decision,
            messages: self.messages.take(),
            answer: end.answer.map(|answer| answer.message).filter(|message| keeps_bodies && !message.is_empty()),
            around,
        };
        if self.config.audit.durability == Durability::Strict && !end.cancelled {
            let id = self.id;
            return Some(Box::pin(async move {
                let store = gateway.store.clone();
                store.record_durable(recorded).await.map_err(|error| {
                    tracing::error!(%error, request_id = %id, "a decision could not be made durable");
                    ApiError::new(
                        Code::Overloaded,
                        "the decision could not be stored durably: try again, and see /readyz",
                    )
                })?;
                if let Some(job) = to_judge {
                    gateway.judge.hand_in(job);
                }
                Ok(())
            }));
        }
        if let Some(job) = to_judge {
            gateway.judge.hand_in(job);
        }
        self.record(recorded);
        None
    }

    /// Ends a copy in the shadow: nobody has seen its answer, so all that is kept is its decision and what the judge says.
    fn end_copy(&mut self, end: End, decision: Decision) -> Option<Durable> {
        if let Some(job) = self.to_judge(&end, &decision) {
            self.gateway.judge.hand_in(job);
        }
        self.record(Recorded { decision, messages: None, answer: None, around: None });
        None
    }

    fn record(&self, recorded: Recorded) {
        if let Err(error) = self.gateway.store.record(recorded) {
            self.gateway.metrics.error(Code::Overloaded.as_str());
            tracing::error!(%error, request_id = %self.id, "a decision was lost: the store cannot keep up");
        }
    }

    /// The decision that this request would leave if its winner answered, or if it was refused so. Nothing is recorded.
    pub(crate) fn foreseen(mut self, refusal: Option<ApiError>) -> Decision {
        self.ended = true;
        self.decision(&End { error: refusal, ..End::default() }, Duration::ZERO)
    }

    fn decision(&self, end: &End, total: Duration) -> Decision {
        let usage = end.usage;
        let cost = match (&self.served, &usage) {
            (Some(_), Some(usage)) => self.cost(usage),
            _ => None,
        };
        // A row of an evaluation is on no route: what it came to is nobody's traffic.
        let route = self.route.as_ref().filter(|_| self.evaluation().is_none());
        let baseline = route.and_then(|route| {
            self.config.catalogue.get(&route.default_model).and_then(|info| info.cost(usage.as_ref()?))
        });
        let saved = baseline.zip(cost).map(|(baseline, cost)| baseline - cost);
        let choice = self.choice.as_ref();
        Decision {
            request_id: self.id,
            org: self.caller.org.clone(),
            session_id: self.place.session.clone(),
            session_inferred: self.place.inferred,
            created_at: self.created_at,
            endpoint: self.endpoint.to_owned(),
            requested_model: self.requested_model.clone(),
            stream: self.stream,
            floopy_reason: self.reason_string(),
            routing_strategy: self.strategy,
            route: route.map(|route| route.id.clone()),
            winner: choice.map(|choice| Target::from(&choice.winner)),
            served: self.served.as_ref().map(Target::from),
            reason: self.reason(end),
            propensity: choice.and_then(|choice| choice.propensity),
            candidates: choice.map(|choice| choice.candidates.clone()).unwrap_or_default(),
            filtered: choice.map(|choice| choice.filtered.clone()).unwrap_or_default(),
            assessment: choice.map(|choice| choice.assessment.clone()).unwrap_or_default(),
            trace: choice.and_then(|choice| choice.trace.clone()),
            heuristics: self.heuristics(end),
            outcome: Outcome {
                status: status(end),
                latency_ms: millis(total),
                ttft_ms: self.first_byte.map(|at| millis(at.duration_since(self.clock.began()))),
                input_tokens: usage.map(|usage| usage.input),
                output_tokens: usage.map(|usage| usage.output),
                cached_input_tokens: usage.map(|usage| usage.cached_input),
                cost_micro_usd: cost,
                baseline_cost_micro_usd: baseline,
                saved_micro_usd: saved,
                cache_hit: false,
                threat_blocked: false,
                fallback_used: self.fell_back(),
                attempts: self.attempts.list(),
            },
            usage: UsageNote {
                estimated: usage.is_some_and(|usage| usage.estimated),
                reasoning_tokens: usage.map_or(0, |usage| usage.reasoning),
            },
            http_status: match (&end.error, end.cancelled) {
                (_, true) => Code::ClientClosed.status(),
                (Some(error), false) => error.http_status(),
                (None, false) => 200,
            },
            error_code: end.error.as_ref().map(|error| error.code.as_str().to_owned()),
            key_id: self.caller.key.as_ref().map(|key| key.id.clone()),
            user_id: self.user.clone(),
            project_id: self
                .labels
                .project_id
                .clone()
                .or_else(|| self.caller.key.as_ref().and_then(|key| key.project.clone())),
            session_name: self.labels.session_name.clone(),
            session_path: self.labels.session_path.clone(),
            experiment: self.enrolment.as_ref().map(|enrolment| enrolment.mark.clone()),
            properties: match &self.copy_of {
                Some(copy) => vec![("copied".to_owned(), copy.id.to_string())],
                None => self.labels.properties.clone(),
            },
            dropped_parameters: self.dropped.clone(),
            completion_id: end.completion_id.clone(),
            batch_id: match &self.caller.part_of {
                PartOf::Batch(id) => Some(id.clone()),
                PartOf::Nothing | PartOf::Evaluation(_) => None,
            },
            evaluation_id: self.evaluation().cloned(),
            trace_id: self.labels.trace.as_ref().map(|trace| trace.trace_id),
            timings: None,
            config_generation: self.config.generation,
        }
    }

    /// What each stage took.
    fn timings(&self) -> Timings {
        let heard = self.attempts.last_heard();
        Timings {
            connect_us: heard.map(|heard| micros(heard.connect)),
            first_byte_us: heard.map(|heard| micros(heard.first_byte)),
            ..self.clock.spent()
        }
    }

    /// Scores of a whole chat answer: what broke off says nothing of the model's words.
    pub(crate) fn heuristics(&self, end: &End) -> Option<Scores> {
        let whole = end.error.is_none() && !end.cancelled;
        match (&self.question, &end.answer) {
            (Some(question), Some(answer)) if whole => Some(scores_of(question, answer, end.finish)),
            _ => None,
        }
    }

    fn reason(&self, end: &End) -> Reason {
        if end.cancelled {
            return Reason::Cancelled;
        }
        match (&end.error, &self.choice) {
            (Some(error), _) if error.code == Code::RateLimited => Reason::RateLimited,
            (Some(error), _) if error.code == Code::BudgetExceeded => Reason::BudgetExceeded,
            (Some(error), Some(_)) if error.side != crate::base::Side::Client => Reason::ProvidersExhausted,
            (_, Some(_)) if self.fell_back() => Reason::ProviderFallback,
            (_, Some(choice)) => choice.reason,
            (_, None) => Reason::NoRouter,
        }
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.ended {
            self.end(End { cancelled: true, ..End::default() });
        }
    }
}

fn status(end: &End) -> Status {
    match &end.error {
        _ if end.cancelled => Status::Cancelled,
        None => Status::Ok,
        Some(error) => match error.code {
            Code::RateLimited | Code::BudgetExceeded | Code::FirewallBlocked => Status::Blocked,
            _ => Status::Error,
        },
    }
}

/// Whole milliseconds, rounded up so that nothing takes no time.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros().div_ceil(1000)).unwrap_or(u64::MAX)
}
