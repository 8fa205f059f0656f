//! Replay of recorded outcomes: the product's own routing code against other policies, on the same items, with the
//! feedback that each would have had. Pure: the files are read, the threads run and the clock is read by `floopy replay`.
//!
//! [`Recording`] is a file, [`Problem`] a file made ready, [`policy()`] a policy by name, [`run()`] one run,
//! [`score`] and [`report`] what it was worth.

pub mod canary;
pub mod data;
pub mod feedback;
mod floopy;
mod lines;
mod means;
pub mod measure;
pub mod mixed;
pub mod policy;
pub mod problem;
pub mod run;
pub mod scenario;

pub use canary::{CanaryPlan, CanaryReport, canary, null};
pub use data::{Fault, Kind, Recording};
pub use feedback::Feedback;
pub use floopy::logged;
pub use measure::{About, Report, Score, report, score};
pub use mixed::{Ending, MixedPlan, MixedReport, MixedScore, RULES, Rule, mixed, mixed_report};
pub use policy::{POLICIES, Policy, Setting, policy};
pub use problem::{Priors, Problem, Unfit};
pub use run::{Drift, Plan, Record, run};
pub use scenario::{Scenario, Scenarios};

#[cfg(test)]
mod tests;
