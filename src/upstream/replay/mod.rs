//! The `replay` provider: recorded outcomes of real models on real questions, without a network.
//!
//! It lets one try everything offline. Nothing that it serves can be mistaken for a model's answer: the
//! text says what it is, ids begin with `chatcmpl-replay-` and the fingerprint is `floopy-replay`.
//! The records are `assets/replay.jsonl.gz`, unpacked on first use.

mod answer;
mod data;

pub(super) use answer::answer;
pub use data::{Item, Outcome, Replay, replay};
