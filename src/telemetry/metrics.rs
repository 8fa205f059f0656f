//! Prometheus metrics, rendered as OpenMetrics text.

use super::names;
use crate::base::{MicroUsd, ModelRef};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::time::Duration;

/// Upper bounds of the histogram buckets in seconds.
const SECONDS: [f64; 16] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0];

/// Labels of an answered request.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    strategy: &'static str,
    provider: String,
    model: String,
    status: &'static str,
}

/// Labels of a target.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TargetLabels {
    provider: String,
    model: String,
}

impl From<&ModelRef> for TargetLabels {
    fn from(model: &ModelRef) -> Self {
        Self { provider: model.provider.to_string(), model: model.model.to_string() }
    }
}

/// Labels of tokens.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TokenLabels {
    provider: String,
    model: String,
    direction: &'static str,
}

/// Labels of a call to a provider.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AttemptLabels {
    provider: String,
    model: String,
    result: &'static str,
}

/// Labels of a refusal.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CodeLabels {
    code: &'static str,
}

/// Labels of a judgement.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResultLabels {
    result: &'static str,
}

/// What one answered request adds.
#[derive(Debug, Clone, Copy)]
pub struct AnsweredRequest<'a> {
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
    /// Requests being served.
    pub active: Gauge,
    /// Requests that ended in a caught panic.
    pub panics: Counter,
    /// Events that slow readers of the live stream missed.
    pub events_missed: Counter,
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
            active: Gauge::default(),
            panics: Counter::default(),
            events_missed: Counter::default(),
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
        registry.register(names::STORE_BACKLOG, "Records that wait for their commit", metrics.store_backlog.clone());
        registry.register(names::STORE_WRITABLE, "Whether the store takes writes", metrics.store_writable.clone());
        registry.register(names::CONFIG_GENERATION, "Configuration in force", metrics.config_generation.clone());
        Self { registry, ..metrics }
    }

    /// Counts one answered request.
    pub fn answered(&self, request: &AnsweredRequest<'_>) {
        let (provider, model) = request
            .target
            .map_or_else(Default::default, |target| (target.provider.to_string(), target.model.to_string()));
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

    /// Counts one call to a provider; `result` is `ok` or a public error code.
    pub fn attempt(&self, target: &ModelRef, result: &'static str) {
        let TargetLabels { provider, model } = TargetLabels::from(target);
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
        self.breaker.get_or_create(&TargetLabels::from(target)).set(state);
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
            status: "ok",
            total: Duration::from_millis(20),
            first_byte: None,
            input_tokens: 7,
            output_tokens: 0,
            cost: Some(MicroUsd(12)),
        });
        metrics.error("rate_limited");
        let text = metrics.render();
        for line in [
            r#"floopy_requests_total{strategy="legacy_model",provider="openai",model="gpt-4o",status="ok"} 1"#,
            r#"floopy_tokens_total{provider="openai",model="gpt-4o",direction="input"} 7"#,
            r#"floopy_cost_micro_usd_total{provider="openai",model="gpt-4o"} 12"#,
            r#"floopy_errors_total{code="rate_limited"} 1"#,
            r#"floopy_request_duration_seconds_bucket{le="0.025",provider="openai",model="gpt-4o"} 1"#,
        ] {
            assert!(text.contains(line), "{line} in\n{text}");
        }
        assert!(text.ends_with("# EOF\n"));
    }
}
