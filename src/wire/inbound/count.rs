//! How many tokens a request has: the question for a provider that answers it, and our own count.

use super::{Inbound, responses, vertex};
use crate::base::ApiError;
use crate::wire::chat::ChatRequest;
use crate::wire::given::wants;
use crate::wire::target::{Dialect, Outgoing, Target};
use crate::wire::{Given, tokens};
use serde_json::Value;
use std::borrow::Cow;

/// The question for a target that counts requests of the client's own dialect; `None` where we count, as where there is
/// no one target.
///
/// # Errors
/// The request refers to what a provider keeps, and this target does not count.
pub fn count_call(request: &ChatRequest, target: Option<&Target<'_>>) -> Result<Option<Outgoing>, ApiError> {
    match (request.inbound(), target) {
        (Inbound::Messages(origin), Some(target)) if target.dialect == Dialect::AnthropicMessages => {
            // Where images by address are fetched for the target, they are not fetched to be counted.
            if !wants(request, target)?.images.is_empty() {
                return Ok(None);
            }
            let mut outgoing = origin.outgoing(target.model, None, &Given::default());
            outgoing.path = Cow::Borrowed("/v1/messages/count_tokens");
            Ok(Some(match target.quirks.publisher {
                Some(_) => vertex::count(outgoing, target.anthropic_version),
                None => outgoing,
            }))
        }
        (Inbound::Responses(origin), Some(target))
            if responses::Origin::is_native(target) && target.quirks.counts_responses =>
        {
            let mut outgoing = origin.outgoing(target, None)?;
            outgoing.path = Cow::Borrowed("/responses/input_tokens");
            Ok(Some(outgoing))
        }
        (Inbound::Responses(origin), _) => origin.is_counted_by_anybody().map(|()| None),
        (Inbound::Chat | Inbound::Messages(_), _) => Ok(None),
    }
}

/// Tokens that an image counts as, where nobody has looked at its size: that of a picture of a megapixel.
const IMAGE_TOKENS: u64 = 1_400;

/// How many tokens the input has, roughly: counted with the tokenizer of OpenAI's models, whoever serves.
#[must_use]
pub fn count_input(request: &ChatRequest) -> u64 {
    let said = serde_json::from_str(request.messages_json()).unwrap_or(Value::Null);
    let mut text = String::new();
    gather(&said, &mut text);
    text.push_str(request.raw("tools").unwrap_or_default());
    let shape = request.shape();
    tokens::count(&text) + u64::from(shape.messages) * 3 + u64::from(shape.images) * IMAGE_TOKENS
}

/// The texts of a value; what is no text to a model (addresses, base64) is left out.
fn gather(value: &Value, text: &mut String) {
    match value {
        Value::String(said) => {
            text.push_str(said);
            text.push('\n');
        }
        Value::Array(list) => list.iter().for_each(|value| gather(value, text)),
        Value::Object(members) => {
            let spoken = |name: &str| !matches!(name, "url" | "file_data" | "type" | "role");
            members.iter().filter(|(name, _)| spoken(name)).for_each(|(_, value)| gather(value, text));
        }
        _ => {}
    }
}
