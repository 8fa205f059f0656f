//! The commands, one file each, and what they share: arguments, exit codes, output.
//!
//! Data goes to stdout, talk to stderr. Commands speak to the running server through [`crate::client`];
//! only `serve`, `demo`, `config`, `doctor` and `verify` look at anything else.

mod args;
mod command;
mod connect;
mod exit;
#[cfg(test)]
mod golden;
mod greeting;
mod output;
mod packing;
mod paging;
mod run;
mod runtime;
mod sources;

pub use args::command_line;
pub use exit::Exit;
pub use run::main;
