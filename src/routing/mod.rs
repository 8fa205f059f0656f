//! How a target is chosen. Pure: time, chance and measured facts come in as arguments, so that every
//! choice recomputes from its record.
//!
//! A route names its models; [`choose()`] passes them through the [`gates`] (capability, context window,
//! circuit, pin), lets the route's strategy pick among those that are left, and lines up who serves if
//! the winner fails. When nothing is left, the default model serves: on any doubt the baseline does.

mod account;
pub mod budget;
mod choose;
pub mod confidence;
pub mod constraints;
pub mod failure;
pub mod fallback;
pub mod gates;
pub mod intent;
pub mod learn;
pub mod pool;
pub mod recent;
mod relied;
pub mod scores;
mod shares;
pub mod smart_cost;
pub mod smart_select;
pub mod totals;
pub mod trial;

pub use account::Account;
pub use choose::{Choice, Plan, choose, without};
pub use gates::{Facts, Needs};
pub use shares::Parts;

/// Builds what is otherwise built by the first request that needs it.
pub fn prepare() {
    scores::prepare();
    intent::prepare();
}

#[cfg(test)]
mod tests;
