//! OpenAI's Responses API as clients speak it.
//!
//! | file | what it holds |
//! |---|---|
//! | [`request`] | the body as a chat request |
//! | [`items`] | its input items as messages |
//! | [`parts`] | their contents |
//! | [`tools`] | its tools and the choice between them |
//! | [`origin`] | the original text, for a target that serves the same API |
//! | [`native`] | what such a target's answer amounts to |
//! | [`relay`] | the same of its stream, which is handed on event by event |
//! | [`ids`] | ids of what is made here |
//! | [`frame`] | the members that all forms of one response share |
//! | [`mod@answer`] | a chat completion as a response |
//! | [`events`] | chunks as events |
//! | [`sealed`] | reasoning that a client carries without being able to read it |

mod answer;
mod events;
mod frame;
mod ids;
mod items;
mod native;
mod origin;
mod parts;
mod relay;
mod request;
mod sealed;
mod tools;

#[cfg(test)]
mod tests;

pub(super) use answer::answer;
pub(in crate::wire) use events::Events;
pub(super) use frame::error_event;
pub(in crate::wire) use native::{decode, output};
pub(crate) use origin::Origin;
pub(in crate::wire) use relay::Relay;
pub(super) use request::read;
