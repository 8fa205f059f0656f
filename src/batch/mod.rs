//! Batches: a file of requests that nobody waits for, answered when there is room.
//!
//! A batch runs here: each line goes through the stages of an ordinary request, as the key that made the batch, and
//! leaves its decision. What a line comes to is appended to one of two files beside the store, the answers' or the
//! failures', which become the batch's files when it ends. A process that is killed loses no line and writes none
//! twice: the next one reads what the files hold, cuts a torn line off, and goes on with the others.
//!
//! ```text
//! input file ──► check ──► feed ──► gate ──► gateway ──► spool ──► output file, error file
//!                                    │ leaves interactive requests their room
//!                                    └─ pace: slower when a provider says so
//! ```

mod crew;
mod desk;
mod endpoint;
mod evaluation;
mod forward;
mod gate;
mod input;
mod journal;
mod output;
mod pace;
mod remote;
mod run;
mod spool;
#[cfg(test)]
mod tests;

pub use desk::Batches;
pub use endpoint::Endpoint;
pub use evaluation::{Settings as EvaluationSettings, check as check_dataset};
