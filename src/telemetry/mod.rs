//! Tracing and metrics. Every metric and log field name is a constant in this room.
