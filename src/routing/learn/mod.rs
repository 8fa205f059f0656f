//! The learning router: what it knows of each arm, how it chooses, and how it learns from what came of it.
//!
//! [`Scope`] is the learned state of one route. [`Scope::decide`] reads it; [`Scope::served`] and [`Scope::observe`]
//! change it. Time, chance and facts are arguments, so that a simulator, the gateway and the recomputation of a record
//! run the same code. `docs/LEARNING.md` has the formulas on one page.

pub mod anchor;
pub mod arm;
mod bounds;
pub mod chance;
pub mod cost;
pub mod credit;
pub mod decide;
pub mod drift;
pub mod eprocess;
pub mod evidence;
pub mod features;
pub mod guard;
pub mod hand;
pub mod hierarchy;
pub mod judge;
mod learning;
mod lesson;
pub mod linear;
pub mod memory;
pub mod multiplier;
pub mod ope;
mod reconcile;
pub mod savings;
pub mod scope;
mod session;
pub mod shape;
pub mod spec;
mod verdict;

pub use arm::Arm;
pub use cost::{Costs, Estimate, Price, Spent};
pub use credit::Share;
pub use decide::recompute;
pub use evidence::Weighed;
pub use features::Features;
pub use judge::Scores;
pub use lesson::{Change, Observation, Served, Source, Value};
pub use scope::{Basis, Scope};
pub use spec::{ArmSpec, Params, Prior, ScopeSpec};
pub use verdict::{ArmView, Ask, FloorView, Mode, Verdict};

#[cfg(test)]
mod tests;
