//! Tracing and metrics. Every metric and log field name is a constant in [`names`].
//!
//! No text of a prompt or an answer, no secret and no caller-chosen label ever becomes a metric label
//! or a log field: labels are configured names, so their number is bounded by the configuration.

mod context;
pub mod log;
pub mod metrics;
pub mod names;

pub use context::{SpanId, TraceContext};
pub use metrics::Metrics;
