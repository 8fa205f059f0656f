//! A chat completion as a response.

use super::frame::{Frame, Status};
use super::ids::{Ids, Kind};
use super::origin::Origin;
use super::sealed::seal;
use crate::wire::fault::Fault;
use crate::wire::inbound::completion::{Call, Completion, Said};
use crate::wire::target::{AnswerContext, Target};
use bytes::Bytes;
use serde_json::{Value, json};

/// A part of a message with this text.
pub(super) fn text_part(text: &str, logprobs: &[Value]) -> Value {
    json!({"type": "output_text", "text": text, "annotations": [], "logprobs": logprobs})
}

/// A part of a message that says why there is none.
pub(super) fn refusal_part(text: &str) -> Value {
    json!({"type": "refusal", "refusal": text})
}

pub(super) fn message_item(id: &str, status: &str, content: &[Value]) -> Value {
    json!({"type": "message", "id": id, "role": "assistant", "status": status, "content": content})
}

pub(super) fn call_item(id: &str, status: &str, call_id: &str, name: &str, arguments: &str) -> Value {
    json!({"type": "function_call", "id": id, "call_id": call_id, "name": name, "arguments": arguments, "status": status})
}

/// `blocks` are sealed where the client wants to carry them.
pub(super) fn reasoning_item(id: &str, status: &str, text: &str, blocks: &[Value], seals_as: Option<&str>) -> Value {
    let summary = if text.is_empty() { json!([]) } else { json!([{"type": "summary_text", "text": text}]) };
    let mut item = json!({"type": "reasoning", "id": id, "summary": summary, "status": status});
    if let (Some(by), Some(item), false) = (seals_as, item.as_object_mut(), blocks.is_empty()) {
        item.insert("encrypted_content".into(), seal(by, blocks).into());
    }
    item
}

/// The items of what was said, the last of them with this status.
fn items(said: Said, logprobs: &[Value], ids: &Ids, status: Status, seals_as: Option<&str>) -> Vec<Value> {
    let mut items = Vec::new();
    let thought = said.reasoning_content.unwrap_or_default();
    let blocks = said.thinking_blocks.unwrap_or_default();
    if !thought.is_empty() || !blocks.is_empty() && seals_as.is_some() {
        items.push(reasoning_item(&ids.item(Kind::Reasoning, 0), "completed", &thought, &blocks, seals_as));
    }
    let mut content = Vec::new();
    content.extend(said.content.filter(|text| !text.is_empty()).map(|text| text_part(&text, logprobs)));
    content.extend(said.refusal.filter(|text| !text.is_empty()).map(|text| refusal_part(&text)));
    if !content.is_empty() {
        items.push(message_item(&ids.item(Kind::Message, 0), "completed", &content));
    }
    for (number, Call { id, function, .. }) in said.tool_calls.unwrap_or_default().into_iter().enumerate() {
        let function = function.unwrap_or_default();
        let (name, arguments) = (function.name.unwrap_or_default(), function.arguments.unwrap_or_default());
        let arguments = if arguments.is_empty() { "{}" } else { &arguments };
        let own = ids.item(Kind::Call, number);
        items.push(call_item(&own, "completed", &id.unwrap_or_default(), &name, arguments));
    }
    if let (Status::Incomplete(_), Some(last)) = (status, items.last_mut().and_then(Value::as_object_mut)) {
        last.insert("status".into(), json!(status.as_str()));
    }
    items
}

/// Puts a completion into the words of the Responses API.
///
/// # Errors
/// It cannot be read.
pub(in crate::wire::inbound) fn answer(
    chat: &[u8],
    origin: &Origin,
    target: &Target<'_>,
    context: &AnswerContext<'_>,
) -> Result<Bytes, Fault> {
    let completion: Completion = serde_json::from_slice(chat)
        .map_err(|_| Fault::nonsense("the provider's answer cannot be put into a response"))?;
    let mut frame = Frame::new(origin, target, context);
    if let Some(model) = completion.model {
        frame.model = model;
    }
    let mut choices = completion.choices.into_iter();
    let (said, finish, logprobs) = match choices.next() {
        Some(choice) => (choice.message.unwrap_or_default(), choice.finish_reason, choice.logprobs),
        None => (Said::default(), None, None),
    };
    let status = Status::of(finish.as_deref());
    let logprobs = logprobs.and_then(|logprobs| logprobs.content).unwrap_or_default();
    let output = Value::Array(items(said, &logprobs, &frame.ids, status, frame.seals_as.as_deref()));
    let usage = completion.usage.unwrap_or_default();
    Ok(Bytes::from(frame.response(status, &output.to_string(), Some(&usage), None)))
}
