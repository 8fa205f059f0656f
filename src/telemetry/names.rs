//! Metric and log field names: no string literal for either stands anywhere else.

/// Requests answered, by strategy, provider, model and status.
pub const REQUESTS: &str = "floopy_requests";
/// Seconds from a request's arrival to the last byte of its answer.
pub const REQUEST_SECONDS: &str = "floopy_request_duration_seconds";
/// Seconds from a request's arrival to the first byte of its answer's body.
pub const FIRST_BYTE_SECONDS: &str = "floopy_time_to_first_byte_seconds";
/// Tokens, by direction.
pub const TOKENS: &str = "floopy_tokens";
/// Money spent at providers, in micro-USD.
pub const COST: &str = "floopy_cost_micro_usd";
/// Calls to providers, by result.
pub const ATTEMPTS: &str = "floopy_upstream_attempts";
/// Requests refused or failed, by public error code.
pub const ERRORS: &str = "floopy_errors";
/// Copies of calls for shadow experiments, by what came of it.
pub const SHADOWED: &str = "floopy_shadowed";
/// Answers that were to be judged, by what came of it.
pub const JUDGED: &str = "floopy_judged";
/// Requests being served.
pub const ACTIVE: &str = "floopy_active_requests";
/// Requests that ended in a caught panic.
pub const PANICS: &str = "floopy_panics";
/// Events that slow readers of the live stream missed.
pub const EVENTS_MISSED: &str = "floopy_events_missed";
/// Steps of traces that were not sent: the collector is away, or too slow.
pub const SPANS_DROPPED: &str = "floopy_spans_dropped";
/// Seconds of one stage of a request.
pub const STAGE_SECONDS: &str = "floopy_stage_duration_seconds";
/// Breaker state by target: 0 closed, 1 half-open, 2 open.
pub const BREAKER: &str = "floopy_breaker_state";
/// Records that wait for their commit.
pub const STORE_BACKLOG: &str = "floopy_store_backlog";
/// Whether the store takes writes: 1 yes, 0 no.
pub const STORE_WRITABLE: &str = "floopy_store_writable";
/// Generation of the configuration in force.
pub const CONFIG_GENERATION: &str = "floopy_config_generation";

/// Log field: the request's id.
pub const FIELD_REQUEST: &str = "request_id";
/// Log field: the reason string `model::why`.
pub const FIELD_REASON: &str = "floopy_reason";
/// Log field: the distributed trace that the request belongs to.
pub const FIELD_TRACE: &str = "trace_id";
/// Log field: the HTTP status that the client got.
pub const FIELD_STATUS: &str = "http_status";
/// Log field: the public error code.
pub const FIELD_CODE: &str = "error_code";
/// Log field: milliseconds from the request's last byte to its answer's last.
pub const FIELD_LATENCY: &str = "latency_ms";

/// Attribute of a span: the request's id.
pub const SPAN_REQUEST: &str = "floopy.request_id";
/// Attribute of a span: the strategy.
pub const SPAN_STRATEGY: &str = "floopy.strategy";
/// Attribute of a span: the route.
pub const SPAN_ROUTE: &str = "floopy.route";
/// Attribute of a span: what the request cost, in micro-USD.
pub const SPAN_COST: &str = "floopy.cost_micro_usd";
