//! Names of OpenTelemetry's semantic conventions for generative AI. This file is the only one that knows them, and pins
//! their version: whoever moves to another one changes it here, with the table below.
//!
//! In Prometheus a dot becomes an underscore and a unit a suffix, as OpenTelemetry's own rules of translation say; over
//! OTLP the names travel as they are.

/// The version of the conventions.
pub const VERSION: &str = "1.37.0";
/// Where that version describes itself.
pub const SCHEMA_URL: &str = "https://opentelemetry.io/schemas/1.37.0";

/// Attribute: what is done, `chat` or `embeddings`.
pub const OPERATION: &str = "gen_ai.operation.name";
/// Attribute: who is called, by its well-known name.
pub const PROVIDER: &str = "gen_ai.provider.name";
/// Attribute: the model that is called.
pub const REQUEST_MODEL: &str = "gen_ai.request.model";
/// Attribute: why the answer ended.
pub const FINISH_REASONS: &str = "gen_ai.response.finish_reasons";
/// Attribute: tokens that were read.
pub const INPUT_TOKENS: &str = "gen_ai.usage.input_tokens";
/// Attribute: tokens that were written.
pub const OUTPUT_TOKENS: &str = "gen_ai.usage.output_tokens";
/// Attribute: what went wrong.
pub const ERROR_TYPE: &str = "error.type";
/// Attribute: the HTTP method.
pub const HTTP_METHOD: &str = "http.request.method";
/// Attribute: the HTTP status.
pub const HTTP_STATUS: &str = "http.response.status_code";

/// One metric under both of its names.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// In Prometheus, without the unit.
    pub prometheus: &'static str,
    /// In the conventions.
    pub name: &'static str,
    /// Its unit in UCUM.
    pub unit: &'static str,
}

/// How long a call took, from the request to the last byte of its answer.
pub const DURATION: Metric =
    Metric { prometheus: "gen_ai_client_operation_duration", name: "gen_ai.client.operation.duration", unit: "s" };
/// Tokens of one call.
pub const TOKEN_USAGE: Metric =
    Metric { prometheus: "gen_ai_client_token_usage", name: "gen_ai.client.token.usage", unit: "{token}" };
/// How long the first event of a streamed answer took.
pub const FIRST_TOKEN: Metric =
    Metric { prometheus: "gen_ai_server_time_to_first_token", name: "gen_ai.server.time_to_first_token", unit: "s" };
/// All of them.
pub const METRICS: [Metric; 3] = [DURATION, TOKEN_USAGE, FIRST_TOKEN];

/// Labels in Prometheus, and the attributes that they are.
pub const LABELS: [(&str, &str); 5] = [
    ("gen_ai_operation_name", OPERATION),
    ("gen_ai_provider_name", PROVIDER),
    ("gen_ai_request_model", REQUEST_MODEL),
    ("gen_ai_token_type", "gen_ai.token.type"),
    ("error_type", ERROR_TYPE),
];

/// Bounds of [`DURATION`], in seconds, as the conventions advise.
pub const DURATION_BOUNDS: [f64; 14] =
    [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
/// Bounds of [`FIRST_TOKEN`], in seconds, as the conventions advise.
pub const FIRST_TOKEN_BOUNDS: [f64; 16] =
    [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
/// Bounds of [`TOKEN_USAGE`], as the conventions advise: powers of four.
pub const TOKEN_BOUNDS: [f64; 14] = [
    1.0,
    4.0,
    16.0,
    64.0,
    256.0,
    1024.0,
    4096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
];

/// The conventions' word for an endpoint: the dialects of clients are all chat.
#[must_use]
pub fn operation(endpoint: &'static str) -> &'static str {
    match endpoint {
        "messages" | "responses" => "chat",
        other => other,
    }
}

/// The conventions' name of a kind of provider; a kind that they do not name keeps its own.
#[must_use]
pub fn provider(kind: &str) -> &str {
    match kind {
        "azure" => "azure.ai.openai",
        "bedrock" => "aws.bedrock",
        "gemini" => "gcp.gemini",
        "vertex" => "gcp.vertex_ai",
        "mistral" => "mistral_ai",
        "xai" => "x_ai",
        other => other,
    }
}
