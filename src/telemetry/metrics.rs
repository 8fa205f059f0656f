//! Prometheus metrics, rendered as OpenMetrics text.

use super::known::{Known, OTHER};
use super::labels::{
    Answered, AttemptLabels, Call, CallTokens, CodeLabels, EndedCall, ResultLabels, StageLabels, TargetLabels,
    TokenLabels,
};
use super::{gen_ai, names};
use crate::base::{MicroUsd, ModelRef, ProviderId};
use crate::resource::Timings;
use crate::resource::timings::STAGES;
use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::time::Duration;

/// Upper bounds of the histogram buckets in seconds.
const SECONDS: [f64; 16] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0];

/// The same for a stage: most of them take microseconds.
const STAGE_BOUNDS: [f64; 14] =
    [0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10.0, 60.0];

/// What one answered request adds.
#[derive(Debug, Clone, Copy)]
pub struct AnsweredRequest<'a> {
    /// The endpoint's name in the record.
    pub endpoint: &'static str,
    /// The kind of the provider that served, or was to.
    pub kind: &'a str,
    /// Strategy name.
    pub strategy: &'static str,
    /// Who served; `None` = nobody.
    pub target: Option<&'a ModelRef>,
    /// `ok`, `error`, `blocked`, `cancelled`.
    pub status: &'static str,
    /// Total time.
    pub total: Duration,
    /// To the first byte of the body.
    pub first_byte: Option<Duration>,
    /// Input tokens.
    pub input_tokens: u64,
    /// Output tokens.
    pub output_tokens: u64,
    /// Money.
    pub cost: Option<MicroUsd>,
    /// The public code of what went wrong.
    pub error: Option<&'static str>,
    /// Whether the answer was streamed.
    pub stream: bool,
    /// Where the time went.
    pub timings: Timings,
}

#[cfg(test)]
impl<'a> AnsweredRequest<'a> {
    /// A request that was answered in no time and that nothing else is known of.
    pub(super) fn of(endpoint: &'static str, kind: &'a str) -> Self {
        Self {
            endpoint,
            kind,
            strategy: "",
            target: None,
            status: "ok",
            total: Duration::ZERO,
            first_byte: None,
            input_tokens: 0,
            output_tokens: 0,
            cost: None,
            error: None,
            stream: false,
            timings: Timings::default(),
        }
    }
}

/// All metrics of one process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    seconds: Family<TargetLabels, Histogram>,
    first_byte: Family<TargetLabels, Histogram>,
    tokens: Family<TokenLabels, Counter>,
    cost: Family<TargetLabels, Counter>,
    attempts: Family<AttemptLabels, Counter>,
    errors: Family<CodeLabels, Counter>,
    judged: Family<ResultLabels, Counter>,
    shadowed: Family<ResultLabels, Counter>,
    breaker: Family<TargetLabels, Gauge>,
    /// In the order of the stages.
    stages: [Histogram; STAGES.len()],
    durations: Family<EndedCall, Histogram>,
    first_tokens: Family<Call, Histogram>,
    usage: Family<CallTokens, Histogram>,
    known: Known,
    /// Requests being served.
    pub active: Gauge,
    /// Requests that ended in a caught panic.
    pub panics: Counter,
    /// Events that slow readers of the live stream missed.
    pub events_missed: Counter,
    /// Steps of traces that were not sent.
    pub spans_dropped: Counter,
    /// Records that wait for their commit.
    pub store_backlog: Gauge,
    /// Whether the store takes writes.
    pub store_writable: Gauge,
    /// Generation of the configuration in force.
    pub config_generation: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

fn histogram() -> Histogram {
    Histogram::new(SECONDS)
}

impl Metrics {
    /// Registers every metric.
    #[must_use]
    pub fn new() -> Self {
        let mut registry = Registry::default();
        let by_stage: Family<StageLabels, Histogram> = Family::new_with_constructor(|| Histogram::new(STAGE_BOUNDS));
        let metrics = Self {
            requests: Family::default(),
            seconds: Family::new_with_constructor(histogram),
            first_byte: Family::new_with_constructor(histogram),
            tokens: Family::default(),
            cost: Family::default(),
            attempts: Family::default(),
            errors: Family::default(),
            judged: Family::default(),
            shadowed: Family::default(),
            breaker: Family::default(),
            stages: STAGES.map(|stage| by_stage.get_or_create_owned(&StageLabels { stage })),
            durations: Family::new_with_constructor(|| Histogram::new(gen_ai::DURATION_BOUNDS)),
            first_tokens: Family::new_with_constructor(|| Histogram::new(gen_ai::FIRST_TOKEN_BOUNDS)),
            usage: Family::new_with_constructor(|| Histogram::new(gen_ai::TOKEN_BOUNDS)),
            known: Known::default(),
            active: Gauge::default(),
            panics: Counter::default(),
            events_missed: Counter::default(),
            spans_dropped: Counter::default(),
            store_backlog: Gauge::default(),
            store_writable: Gauge::default(),
            config_generation: Gauge::default(),
            registry: Registry::default(),
        };
        registry.register(names::REQUESTS, "Requests answered", metrics.requests.clone());
        registry.register(names::REQUEST_SECONDS, "Arrival to last byte", metrics.seconds.clone());
        registry.register(names::FIRST_BYTE_SECONDS, "Arrival to first byte", metrics.first_byte.clone());
        registry.register(names::TOKENS, "Tokens by direction", metrics.tokens.clone());
        registry.register(names::COST, "Money spent at providers, micro-USD", metrics.cost.clone());
        registry.register(names::ATTEMPTS, "Calls to providers by result", metrics.attempts.clone());
        registry.register(names::ERRORS, "Requests refused or failed by code", metrics.errors.clone());
        registry.register(names::SHADOWED, "Copies for shadow experiments by result", metrics.shadowed.clone());
        registry.register(names::JUDGED, "Answers to be judged by result", metrics.judged.clone());
        registry.register(names::BREAKER, "0 closed, 1 half-open, 2 open", metrics.breaker.clone());
        registry.register(names::ACTIVE, "Requests being served", metrics.active.clone());
        registry.register(names::PANICS, "Requests that ended in a caught panic", metrics.panics.clone());
        registry.register(names::EVENTS_MISSED, "Events that slow readers missed", metrics.events_missed.clone());
        registry.register(names::SPANS_DROPPED, "Steps of traces that were not sent", metrics.spans_dropped.clone());
        registry.register(names::STAGE_SECONDS, "Time of each stage of a request", by_stage);
        metrics.register_conventions(&mut registry);
        registry.register(names::STORE_BACKLOG, "Records that wait for their commit", metrics.store_backlog.clone());
        registry.register(names::STORE_WRITABLE, "Whether the store takes writes", metrics.store_writable.clone());
        registry.register(names::CONFIG_GENERATION, "Configuration in force", metrics.config_generation.clone());
        Self { registry, ..metrics }
    }

    fn register_conventions(&self, registry: &mut Registry) {
        let (duration, first, usage) = (gen_ai::DURATION, gen_ai::FIRST_TOKEN, gen_ai::TOKEN_USAGE);
        let help = "Duration of calls, as OpenTelemetry's conventions have it";
        registry.register_with_unit(duration.prometheus, help, Unit::Seconds, self.durations.clone());
        let help = "Time to the first event of streamed answers, as OpenTelemetry's conventions have it";
        registry.register_with_unit(first.prometheus, help, Unit::Seconds, self.first_tokens.clone());
        let help = "Tokens of calls, as OpenTelemetry's conventions have it";
        registry.register(usage.prometheus, help, self.usage.clone());
    }

    /// Takes the names that labels may bear from a configuration: its providers, and the models that its routes name.
    pub fn configure<'a>(
        &self,
        providers: impl Iterator<Item = &'a ProviderId>,
        models: impl Iterator<Item = &'a ModelRef>,
    ) {
        self.known.configure(providers, models);
    }

    /// Counts one answered request.
    pub fn answered(&self, request: &AnsweredRequest<'_>) {
        if let Some(target) = request.target.filter(|_| request.status == "ok") {
            self.known.served(target);
        }
        let (provider, model) = request.target.map_or_else(Default::default, |target| self.known.labels(target));
        self.by_conventions(request, &model);
        for (stage, micros) in self.stages.iter().zip(request.timings.stages()) {
            stage.observe(Duration::from_micros(micros).as_secs_f64());
        }
        self.requests
            .get_or_create(&Answered {
                strategy: request.strategy,
                provider: provider.clone(),
                model: model.clone(),
                status: request.status,
            })
            .inc();
        let target = TargetLabels { provider, model };
        self.seconds.get_or_create(&target).observe(request.total.as_secs_f64());
        if let Some(first_byte) = request.first_byte {
            self.first_byte.get_or_create(&target).observe(first_byte.as_secs_f64());
        }
        if let Some(cost) = request.cost {
            self.cost.get_or_create(&target).inc_by(u64::try_from(cost.0).unwrap_or(0));
        }
        for (direction, tokens) in [("input", request.input_tokens), ("output", request.output_tokens)] {
            if tokens > 0 {
                let labels = TokenLabels { provider: target.provider.clone(), model: target.model.clone(), direction };
                self.tokens.get_or_create(&labels).inc_by(tokens);
            }
        }
    }

    /// Counts one answered request under the names of the conventions.
    fn by_conventions(&self, request: &AnsweredRequest<'_>, model: &str) {
        let model = if model.is_empty() { OTHER } else { model };
        let call = Call {
            gen_ai_operation_name: gen_ai::operation(request.endpoint),
            gen_ai_provider_name: gen_ai::provider(request.kind).to_owned(),
            gen_ai_request_model: model.to_owned(),
        };
        for (gen_ai_token_type, tokens) in [("input", request.input_tokens), ("output", request.output_tokens)] {
            if tokens > 0 {
                let Call { gen_ai_operation_name, gen_ai_provider_name, gen_ai_request_model } = call.clone();
                let labels =
                    CallTokens { gen_ai_operation_name, gen_ai_provider_name, gen_ai_request_model, gen_ai_token_type };
                #[expect(clippy::cast_precision_loss, reason = "tokens of one call")]
                self.usage.get_or_create(&labels).observe(tokens as f64);
            }
        }
        if let Some(first) = request.first_byte.filter(|_| request.stream) {
            self.first_tokens.get_or_create(&call).observe(first.as_secs_f64());
        }
        let ended = EndedCall { call, error_type: request.error };
        self.durations.get_or_create(&ended).observe(request.total.as_secs_f64());
    }

    /// Counts one call to a provider; `result` is `ok` or a public error code.
    pub fn attempt(&self, target: &ModelRef, result: &'static str) {
        let (provider, model) = self.known.labels(target);
        self.attempts.get_or_create(&AttemptLabels { provider, model, result }).inc();
    }

    /// Counts one refused or failed request.
    pub fn error(&self, code: &'static str) {
        self.errors.get_or_create(&CodeLabels { code }).inc();
    }

    /// Counts one copy for a shadow experiment; `result` is `ok`, `failed` or `queue_full`.
    pub fn shadowed(&self, result: &'static str) {
        self.shadowed.get_or_create(&ResultLabels { result }).inc();
    }

    /// Counts one answer that was to be judged; `result` is `ok` or what went wrong.
    pub fn judged(&self, result: &'static str) {
        self.judged.get_or_create(&ResultLabels { result }).inc();
    }

    /// Sets a breaker's state: 0 closed, 1 half-open, 2 open.
    pub fn breaker(&self, target: &ModelRef, state: i64) {
        // What has no name of its own would be one gauge for many breakers.
        if self.known.has(target) {
            let (provider, model) = self.known.labels(target);
            self.breaker.get_or_create(&TargetLabels { provider, model }).set(state);
        }
    }

    /// Everything as OpenMetrics text.
    #[must_use]
    pub fn render(&self) -> String {
        let mut out = String::new();
        match text::encode(&mut out, &self.registry) {
            Ok(()) => out,
            Err(std::fmt::Error) => String::from("# EOF\n"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answered_request_shows_in_the_text() {
        let metrics = Metrics::new();
        let target = ModelRef::new("openai", "gpt-4o");
        metrics.answered(&AnsweredRequest {
            strategy: "legacy_model",
            target: Some(&target),
            total: Duration::from_millis(20),
            first_byte: Some(Duration::from_millis(7)),
            input_tokens: 7,
            cost: Some(MicroUsd(12)),
            stream: true,
            timings: Timings { choose_us: 30, ..Timings::default() },
            ..AnsweredRequest::of("messages", "azure")
        });
        metrics.answered(&AnsweredRequest {
            target: Some(&ModelRef::new("openai", "made-up")),
            status: "error",
            error: Some("model_not_found"),
            ..AnsweredRequest::of("chat", "openai")
        });
        metrics.error("rate_limited");
        let text = metrics.render();
        for line in [
            r#"floopy_requests_total{strategy="legacy_model",provider="openai",model="gpt-4o",status="ok"} 1"#,
            r#"floopy_tokens_total{provider="openai",model="gpt-4o",direction="input"} 7"#,
            r#"floopy_cost_micro_usd_total{provider="openai",model="gpt-4o"} 12"#,
            r#"floopy_errors_total{code="rate_limited"} 1"#,
            r#"floopy_requests_total{strategy="",provider="other",model="other",status="error"} 1"#,
            r#"floopy_stage_duration_seconds_sum{stage="choose"} 0.00003"#,
            r#"gen_ai_client_operation_duration_seconds_bucket{le="0.02",gen_ai_operation_name="chat",gen_ai_provider_name="azure.ai.openai",gen_ai_request_model="gpt-4o"} 1"#,
            r#"gen_ai_client_operation_duration_seconds_count{gen_ai_operation_name="chat",gen_ai_provider_name="openai",gen_ai_request_model="other",error_type="model_not_found"} 1"#,
            r#"gen_ai_client_token_usage_bucket{le="16.0",gen_ai_operation_name="chat",gen_ai_provider_name="azure.ai.openai",gen_ai_request_model="gpt-4o",gen_ai_token_type="input"} 1"#,
            r#"gen_ai_server_time_to_first_token_seconds_bucket{le="0.01",gen_ai_operation_name="chat",gen_ai_provider_name="azure.ai.openai",gen_ai_request_model="gpt-4o"} 1"#,
            r#"floopy_request_duration_seconds_bucket{le="0.025",provider="openai",model="gpt-4o"} 1"#,
        ] {
            assert!(text.contains(line), "{line} in\n{text}");
        }
        assert!(text.ends_with("# EOF\n"));
    }
}
