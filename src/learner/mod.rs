//! The one writer of what the router knows.
//!
//! The log of each org is the truth: [`Learner`] reads it entry by entry as it grows, folds what it says into
//! the org's scopes ([`fold`]), and publishes the result as one immutable [`Snapshot`] that decisions read without
//! a lock. A checkpoint in the store says how far it has come; it can be made anew from the log. An outcome is in the
//! log before its sender is told, and in the snapshot a moment after.
//!
//! The [`judge`] works here too: it scores a share of the answers, and its scores come back through the log.

mod fold;
pub mod judge;
mod pool;
mod snapshot;
mod spec;
mod state;
mod trials;
mod work;

pub use snapshot::{Snapshot, View};
pub use spec::learns;
pub use trials::Running;
pub use work::Learner;
