//! Traces and metrics as OTLP in its JSON form, which is as stable as its binary one: ids are hex, 64-bit integers are
//! texts, enumerations are numbers. Functions from what we know to bytes; who sends them is the gateway.

mod metrics;
mod traces;

pub use metrics::metrics;
pub use traces::traces;

use super::gen_ai;
use serde_json::{Value, json};

/// Where a collector takes traces, behind its address.
pub const TRACES: &str = "/v1/traces";
/// Where a collector takes metrics, behind its address.
pub const METRICS: &str = "/v1/metrics";

fn attribute(key: &str, value: Value) -> Value {
    json!({"key": key, "value": value})
}

fn text(text: &str) -> Value {
    json!({"stringValue": text})
}

/// Who speaks.
fn resource() -> Value {
    let attributes = [("service.name", "floopy"), ("service.version", env!("CARGO_PKG_VERSION"))];
    json!({"attributes": attributes.map(|(key, value)| attribute(key, text(value)))})
}

fn scope() -> Value {
    json!({"name": "floopy", "version": env!("CARGO_PKG_VERSION")})
}
