//! One file a command.

pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod constraints;
pub(crate) mod decisions;
pub(crate) mod demo;
mod dimensions;
pub(crate) mod doctor;
mod document;
pub(crate) mod eval;
pub(crate) mod experiments;
pub(crate) mod explain;
pub(crate) mod export;
pub(crate) mod feedback;
pub(crate) mod healthz;
pub(crate) mod keys;
pub(crate) mod man;
pub(crate) mod priors;
pub(crate) mod rate;
pub(crate) mod replay;
pub(crate) mod requests;
pub(crate) mod routes;
pub(crate) mod savings;
pub(crate) mod serve;
pub(crate) mod sessions;
pub(crate) mod tui;
pub(crate) mod verify;
