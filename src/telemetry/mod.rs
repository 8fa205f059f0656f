//! Tracing and metrics. Every metric and log field name is a constant in [`names`].
//!
//! No text of a prompt or an answer, no secret and no caller-chosen label ever becomes a metric label
//! or a log field: labels are configured names and those of targets that have served, up to a limit.

mod context;
pub mod gen_ai;
mod known;
mod labels;
pub mod log;
pub mod metrics;
pub mod names;
#[cfg(feature = "otlp")]
pub mod otlp;
pub mod span;

pub use context::{SpanId, TraceContext};
pub use known::OTHER;
pub use metrics::Metrics;
pub use span::Tracer;
