//! The providers' deviations from OpenAI's dialect, as data: one row a provider.
//!
//! A row says what to change on the way out and what to repair on the way back; the code in
//! `wire/openai` reads rows and knows no provider by name.
//!
//! | file | what it holds |
//! |---|---|
//! | [`row`] | what a row says, and what it says of a request |
//! | [`abilities`] | what it says of what cannot be had at all |
//! | [`reasoning`] | how a provider is told how much to think |
//! | [`own`] | providers that speak OpenAI's own dialect or one of their own, and kinds that are no provider |
//! | [`compatible`] | providers that speak nearly OpenAI's dialect |
//! | [`lookup`] | finding a row |

mod abilities;
mod compatible;
mod lookup;
mod own;
mod reasoning;
mod row;

pub(super) use compatible::COMMON;
pub use lookup::{find, kinds, of_model, providers, quirks};
pub use reasoning::{Effort, Efforts, Reasoning};
pub(super) use row::OPENAI;
pub use row::{
    BatchApi, BatchTerms, CallsContent, Formats, JoinsText, MaxTokens, Order, Quirks, Replays, Strict, Takes,
    ToolChoices,
};
