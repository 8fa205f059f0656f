//! What is remembered: one redb file, one writer, a hash chain for each org.
//!
//! The truth is an append-only log for each org: decisions, feedback, ratings, judgements, keys, settings. Every entry's
//! hash covers the one before it. All other tables are indexes and can be made anew from the log; a
//! checkpoint is what a reader of the log has made of it so far.
//!
//! Contents of files lie beside it ([`Blobs`]), one file each: the store names them.
//!
//! One thread writes. It gathers what comes within the group window into one transaction, or commits at
//! once when somebody waits for durability. Reads see a committed snapshot and never wait for the writer.

mod absent;
mod apply;
mod batches;
mod beside;
mod blobs;
mod chain;
mod credit;
mod credited;
mod cursor;
mod datasets;
mod error;
mod evaluations;
mod experiments;
mod export;
mod exporter;
mod files;
mod follow;
mod hot;
mod list;
mod log;
mod open;
mod page;
mod polite;
mod proof;
mod queue;
mod read;
mod retained;
mod retention;
mod run;
mod scrub;
mod session;
mod settings;
mod spent;
mod tables;
mod unread;
mod verify;
mod writer;

pub use apply::FeedbackTarget;
pub use blobs::{Arriving, Blobs};
pub use chain::Kind;
pub use error::Error;
pub use export::{Place, Resting, Span};
pub use exporter::{Exporter, Format as ExportFormat};
pub use follow::{Entry, Followed};
pub use list::DecisionFilter;
pub use log::{Checkpoint, LogEntry, Logged, MAX_SESSION_DECISIONS};
pub use open::{FILE, Health, Options, Recorded, Store};
pub use proof::{Proof, prove};
pub use retained::Around;
pub use settings::NewConstraints;
pub use spent::Spent;
pub use unread::Unread;
pub use verify::{Break, Report, verify_folder};

#[cfg(test)]
mod tests;
