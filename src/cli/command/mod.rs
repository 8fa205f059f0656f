//! One file a command.

pub(crate) mod completions;
pub(crate) mod healthz;
pub(crate) mod man;
