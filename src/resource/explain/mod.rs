//! Why a decision was made, in a sentence that a person can read.
//!
//! A [`Template`] is one of fifteen closed kinds of explanation with typed parameters, read from the record alone.
//! Each [`Language`] turns it into text by plain functions: no model is asked, and the same decision gives the same
//! bytes for ever.

mod english;
mod language;
mod number;
mod portuguese;
mod spanish;
mod template;

pub use language::Language;
pub use template::{Bandit, Learned, NoRouter, Priced, Seat, Static, Template};

#[cfg(test)]
mod tests;
