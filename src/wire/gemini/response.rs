//! A whole answer, as an OpenAI chat completion.

use super::answer::{self, Message};
use crate::wire::chat::ChatRequest;
use crate::wire::fault::Fault;
use crate::wire::openai::write_usage;
use crate::wire::target::{AnswerContext, Decoded};
use bytes::Bytes;
use serde_json::json;

/// Reads an answer.
///
/// # Errors
/// The body is an error in spite of its status, no answer at all, or one that ends before it says anything.
pub(crate) fn decode(request: &ChatRequest, context: &AnswerContext<'_>, body: &[u8]) -> Result<Decoded, Fault> {
    let response = answer::read(body)?;
    let model = response.model_version.as_ref().map_or(context.model, |model| &*model.0).to_owned();
    let mut message = Message::default();
    message.take(response, context.id);
    let finish = message.finish()?.ok_or_else(|| Fault::nonsense("the provider's answer has no candidates"))?;
    let usage = message.counts(request.messages_json());
    let body = json!({"id": context.id, "object": "chat.completion", "created": context.created, "model": model,
        "choices": [{"index": 0, "finish_reason": finish.as_str(), "logprobs": message.logprobs(),
            "message": message.message()}],
        "usage": write_usage(&usage)});
    Ok(Decoded {
        body: Bytes::from(body.to_string()),
        usage: Some(usage),
        finish: Some(finish),
        answer: message.answer(),
    })
}
