//! The judge: a model that is asked, for a share of the answers of a route, how good they were.
//!
//! It works beside the traffic and never in it: a job is put on a bounded queue when an answer has been
//! given, and is dropped (and counted) where the queue is full. A judge's call is traffic of its own: it is
//! recorded as a decision of the endpoint `judge` with its own cost, and is never judged itself. Bodies of
//! requests under zero retention never get here.

mod call;
mod desk;
mod rubric;

pub use call::Verdict;
pub use desk::{Case, Desk, Job, is_sampled, question};
