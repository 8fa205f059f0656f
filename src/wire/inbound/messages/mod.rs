//! Anthropic's Messages API as clients speak it.
//!
//! | file | what it holds |
//! |---|---|
//! | [`request`] | the body as a chat request |
//! | [`turns`] | its messages |
//! | [`tools`] | its tools and the choice between them |
//! | [`origin`] | the original text, for a target that speaks the same dialect |
//! | [`mod@answer`] | a chat completion as a message |
//! | [`events`] | chunks as events |
//! | [`error`] | the envelope of errors |

mod answer;
mod error;
mod events;
mod origin;
mod request;
mod tools;
mod turns;

#[cfg(test)]
mod tests;

pub(super) use answer::answer;
pub(super) use error::envelope;
pub(in crate::wire) use events::Events;
pub(crate) use origin::Origin;
pub(super) use request::read;

/// The signature of thoughts that nobody signed. Clients send thoughts back as they got them; these are taken out
/// again before a provider sees them that checks signatures.
const UNSIGNED: &str = "floopy-unsigned";

/// Whether a block of reasoning is one of the Messages API's. Other providers' signatures are remembered by the gateway;
/// clients know no block of their kind.
fn is_thought(block: &serde_json::Value) -> bool {
    matches!(block.get("type").and_then(serde_json::Value::as_str), Some("thinking" | "redacted_thinking"))
}
