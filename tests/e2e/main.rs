//! End to end: the real executable on loopback against fake upstreams.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod bad_input;
mod commands;
mod crash;
mod fake;
mod faults;
mod harness;
mod http;
mod records;
mod serving;
mod sessions;
mod strategies;
