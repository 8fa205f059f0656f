//! A finished request in metrics, as a trace and as a line of the log: what happened, by name and number, never by what
//! was said.

use super::draft::Draft;
use super::record::End;
use crate::base::{ModelRef, Side, Timestamp};
use crate::resource::Decision;
use crate::resource::decision::{Attempt, Status};
use crate::resource::timings::STAGES;
use crate::telemetry::metrics::AnsweredRequest;
use crate::telemetry::span::{Kind, Span, Value};
use crate::telemetry::{OTHER, SpanId, TraceContext, gen_ai, names};
use crate::wire::Finish;
use std::time::{Duration, Instant};

/// One attempt in its trace.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    /// Its place among the attempts.
    pub(super) attempt: usize,
    /// The id that the provider was told.
    pub(super) span: SpanId,
    pub(super) began: Instant,
    pub(super) took: Duration,
}

impl Draft {
    /// Tells whoever counts, records traces and reads logs.
    pub(super) fn tell(&self, decision: &Decision, end: &End, total: Duration) {
        let metrics = &self.gateway.metrics;
        let kind = self.target().and_then(|target| self.config.providers.get(&target.provider));
        metrics.answered(&AnsweredRequest {
            endpoint: self.endpoint,
            kind: kind.map_or(OTHER, |provider| provider.kind.as_str()),
            strategy: decision.routing_strategy.as_str(),
            target: self.served.as_ref(),
            status: status_name(decision.outcome.status),
            total,
            first_byte: self.first_byte.map(|at| at.duration_since(self.clock.began())),
            input_tokens: decision.outcome.input_tokens.unwrap_or(0),
            output_tokens: decision.outcome.output_tokens.unwrap_or(0),
            cost: decision.outcome.cost_micro_usd,
            error: end.error.as_ref().map(|error| error.code.as_str()),
            stream: self.stream,
            timings: decision.timings.unwrap_or_default(),
        });
        if let Some(error) = &end.error {
            metrics.error(error.code.as_str());
        }
        self.trace(decision, end.finish.map(Finish::as_str));
        self.log(decision, end.error.as_ref().map(|error| error.side));
    }

    /// Tells whoever records traces of this request, where its trace is recorded.
    fn trace(&self, decision: &Decision, finish: Option<&'static str>) {
        let tracer = &self.gateway.tracer;
        let Some(trace) = self.labels.trace.as_ref().filter(|trace| tracer.is_on() && trace.is_sampled()) else {
            return;
        };
        tracer.give(self.spans(trace, decision, finish));
    }

    fn spans(&self, trace: &TraceContext, decision: &Decision, finish: Option<&'static str>) -> Vec<Span> {
        let operation = gen_ai::operation(self.endpoint);
        let (root, dispatch) = (SpanId::draw(), SpanId::draw());
        let step = |id, parent, name: String, kind, offset: Duration, took| Span {
            trace_id: trace.trace_id,
            id,
            parent,
            name,
            kind,
            began: after(self.created_at, offset),
            took,
            attributes: Vec::new(),
            failed: false,
        };
        let timings = decision.timings.unwrap_or_default();
        let total = Duration::from_micros(timings.stages().iter().sum());
        let called = self.route.as_ref().map(|route| route.id.to_string());
        let called = called.or_else(|| self.target().map(|target| target.model.to_string())).unwrap_or_default();
        let mut whole = step(root, trace.parent, format!("{operation} {called}"), Kind::Server, Duration::ZERO, total);
        whole.failed = decision.outcome.status == Status::Error;
        whole.attributes = self.facts(decision, operation);
        let mut spans = vec![whole];
        let mut offset = Duration::ZERO;
        for (stage, micros) in STAGES.into_iter().zip(timings.stages()) {
            let took = Duration::from_micros(micros);
            if micros > 0 {
                let id = if stage == "dispatch" { dispatch } else { SpanId::draw() };
                spans.push(step(id, Some(root), stage.to_owned(), Kind::Internal, offset, took));
            }
            offset += took;
        }
        let parent = if timings.dispatch_us > 0 { dispatch } else { root };
        for Step { attempt, span, began, took } in self.attempts.steps() {
            let Some(attempt) = decision.outcome.attempts.get(attempt) else { continue };
            let offset = began.saturating_duration_since(self.clock.began());
            let has_served = attempt.error.is_none();
            // The answer of the call that served goes on while it is relayed.
            let rest = total.saturating_sub(offset);
            let took = if has_served { rest } else { took.min(rest) };
            let name = format!("{operation} {}", attempt.target.model);
            let mut call = step(span, Some(parent), name, Kind::Client, offset, took);
            call.failed = !has_served;
            call.attributes = self.call_facts(attempt, operation);
            if has_served {
                call.attributes.extend(usage(decision));
                call.attributes.extend(finish.map(|why| (gen_ai::FINISH_REASONS, Value::Texts(vec![why.to_owned()]))));
            }
            spans.push(call);
        }
        spans
    }

    fn facts(&self, decision: &Decision, operation: &str) -> Vec<(&'static str, Value)> {
        let cost = decision.outcome.cost_micro_usd.map(|cost| (names::SPAN_COST, Value::Number(cost.0)));
        let known = [
            Some((gen_ai::HTTP_METHOD, Value::from("POST"))),
            Some((gen_ai::HTTP_STATUS, Value::from(u64::from(decision.http_status)))),
            Some((gen_ai::OPERATION, Value::from(operation))),
            Some((names::SPAN_REQUEST, Value::Text(self.id.to_string()))),
            Some((names::FIELD_REASON, Value::Text(decision.floopy_reason.clone()))),
            Some((names::SPAN_STRATEGY, Value::from(decision.routing_strategy.as_str()))),
            self.route.as_ref().map(|route| (names::SPAN_ROUTE, Value::Text(route.id.to_string()))),
            decision.error_code.as_deref().map(|code| (gen_ai::ERROR_TYPE, Value::from(code))),
            cost,
        ];
        known.into_iter().flatten().chain(usage(decision)).collect()
    }

    fn call_facts(&self, attempt: &Attempt, operation: &str) -> Vec<(&'static str, Value)> {
        let model = ModelRef::new(attempt.target.provider.as_str(), &attempt.target.model);
        let provider = self.config.providers.get(&model.provider);
        let known = [
            Some((gen_ai::OPERATION, Value::from(operation))),
            provider.map(|provider| (gen_ai::PROVIDER, Value::from(gen_ai::provider(&provider.kind)))),
            Some((gen_ai::REQUEST_MODEL, Value::from(attempt.target.model.as_str()))),
            attempt.status.map(|status| (gen_ai::HTTP_STATUS, Value::from(u64::from(status)))),
            attempt.error.as_deref().map(|error| (gen_ai::ERROR_TYPE, Value::from(error))),
        ];
        known.into_iter().flatten().collect()
    }

    /// One line of the log: what went well or is the client's affair when somebody asks for it, the rest by itself.
    fn log(&self, decision: &Decision, side: Option<Side>) {
        macro_rules! line {
            ($level:ident, $what:literal) => {
                tracing::$level!(
                    { names::FIELD_REQUEST } = %decision.request_id,
                    { names::FIELD_TRACE } = decision.trace_id.map(tracing::field::display),
                    { names::FIELD_REASON } = decision.floopy_reason,
                    { names::FIELD_STATUS } = decision.http_status,
                    { names::FIELD_CODE } = decision.error_code,
                    { names::FIELD_LATENCY } = decision.outcome.latency_ms,
                    $what
                )
            };
        }
        match side {
            Some(Side::Floopy) => line!(error, "a request failed inside the gateway"),
            Some(Side::Upstream | Side::Operator) => line!(warn, "a request failed"),
            Some(Side::Client) => line!(debug, "a request was refused"),
            None => line!(debug, "a request was answered"),
        }
    }
}

const fn status_name(status: Status) -> &'static str {
    match status {
        Status::Ok => "ok",
        Status::Error => "error",
        Status::Blocked => "blocked",
        Status::Cancelled => "cancelled",
    }
}

fn after(instant: Timestamp, offset: Duration) -> Timestamp {
    Timestamp(instant.0.saturating_add(i64::try_from(offset.as_micros()).unwrap_or(i64::MAX)))
}

fn usage(decision: &Decision) -> impl Iterator<Item = (&'static str, Value)> {
    let outcome = &decision.outcome;
    let tokens = [(gen_ai::INPUT_TOKENS, outcome.input_tokens), (gen_ai::OUTPUT_TOKENS, outcome.output_tokens)];
    tokens.into_iter().filter_map(|(name, tokens)| Some((name, Value::from(tokens?))))
}
