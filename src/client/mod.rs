//! The typed HTTP client for our own API: what every command uses.
//!
//! It knows the resource shapes and nothing of the server's inside, so a command can do no more than any
//! other caller. Every wait and every answer has a limit; a redirect is never followed, so a key is sent
//! to nobody but the address that was asked for.

mod calls;
mod error;
mod evaluations;
mod events;
mod experiments;
mod export;
mod query;
mod transport;

pub use calls::{ChatAnswer, ChatCall, FeedbackCall, Health, RatingCall};
pub use error::{Error, Refusal};
pub use events::{Event, EventStream};
pub use export::{ExportQuery, ExportStream};
pub use query::{DecisionQuery, Part};
pub use transport::{Client, is_loopback};
