//! The stages of one request, in order, and the state that they share.
//!
//! A request goes one way: admit → choose → dispatch → record. A stage either enriches the request's
//! context or ends it with an answer; none calls back into an earlier one. What the stages read is
//! replaced as a whole by its one writer; no lock is held over an await.

mod body;
mod caller;
mod events;
mod keyring;
mod recent;

pub use body::{Body, Broken};
pub use caller::Caller;
pub use events::{Event, Events};
pub use keyring::{EVERYTHING, Keyring};
