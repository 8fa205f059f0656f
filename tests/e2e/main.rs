//! End to end: the real executable on loopback against fake upstreams.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod anthropic_clients;
mod azure;
mod bad_input;
mod batch_provider;
mod batches;
mod bedrock;
mod budgets;
mod commands;
mod constraints;
mod crash;
mod evaluations;
mod events;
mod experiments;
mod explain;
mod export;
mod fake;
mod faults;
mod feedback;
mod forwarding;
mod gemini;
mod harness;
mod http;
mod judging;
mod learning;
mod messages;
#[cfg(feature = "otlp")]
mod otlp;
mod pooling;
mod pty;
mod records;
mod requests;
mod responses;
mod serving;
mod sessions;
mod shadow;
mod strategies;
mod tokens;
mod tui;
mod ui;
mod vertex;
mod web;
