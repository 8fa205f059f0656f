//! Evaluations: a model is asked about every row of a dataset, beside the traffic, and each answer gets a score.
//!
//! A row goes through the stages of an ordinary request and leaves a decision that says which evaluation it was made
//! for. The router answers as it would, and learns nothing from it: such a decision is on no route, in no session and in
//! no experiment. What a row comes to is appended to a file beside the store, and a process that is killed loses none
//! and asks none twice that is written there.

mod ask;
mod compare;
mod pair;
mod row;
mod run;
mod settings;
#[cfg(test)]
mod tests;

pub use row::check;
pub(super) use run::run;
pub use settings::Settings;
