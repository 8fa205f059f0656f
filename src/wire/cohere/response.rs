//! A whole answer, as an OpenAI chat completion.

use super::answer::{Call, Content, Logprobs, Message, ToolCall, Usage, finish};
use crate::wire::chat::ChatRequest;
use crate::wire::chunks::write_usage;
use crate::wire::conversation::read::Text;
use crate::wire::fault::Fault;
use crate::wire::json::{inside, string};
use crate::wire::target::{AnswerContext, Decoded};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Response<'a> {
    #[serde(borrow)]
    finish_reason: Option<Text<'a>>,
    /// An object in an answer, a text in an error.
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    usage: Option<Usage>,
    logprobs: Option<Vec<Logprobs>>,
}

#[derive(Deserialize)]
struct Said<'a> {
    #[serde(borrow)]
    tool_plan: Option<&'a RawValue>,
    #[serde(borrow)]
    content: Option<Vec<Content<'a>>>,
    #[serde(borrow)]
    tool_calls: Option<Vec<ToolCall<'a>>>,
}

/// Reads an answer.
///
/// # Errors
/// The body is an error in spite of its status, no answer at all, or one that the model did not bring to its end.
pub(crate) fn decode(request: &ChatRequest, context: &AnswerContext<'_>, body: &[u8]) -> Result<Decoded, Fault> {
    let nonsense = || Fault::nonsense("the provider's answer is not Cohere's");
    let response: Response<'_> = serde_json::from_slice(body).map_err(|_| nonsense())?;
    let Some(reason) = response.finish_reason else {
        return Err(Fault::inside(&serde_json::from_slice(body).unwrap_or_default()));
    };
    let said: Said<'_> = response.message.and_then(|raw| serde_json::from_str(raw.get()).ok()).ok_or_else(nonsense)?;
    let mut message = Message::default();
    message.text.extend_from_slice(said.tool_plan.map(inside).unwrap_or_default().as_bytes());
    for piece in said.content.iter().flatten() {
        message.text.extend_from_slice(piece.text.map(inside).unwrap_or_default().as_bytes());
        message.reasoning.extend_from_slice(piece.thinking.map(inside).unwrap_or_default().as_bytes());
    }
    for (place, call) in said.tool_calls.iter().flatten().enumerate() {
        message.calls.push(Call::new(place as u64, call));
    }
    let finish = finish(&reason.0, !message.calls.is_empty())?;
    let usage = message.counts(response.usage.unwrap_or_default(), request.messages_json());
    let logprobs = response.logprobs.filter(|given| !given.is_empty()).map_or(
        Value::Null,
        |given| json!({"content": given.iter().map(Logprobs::entry).collect::<Vec<_>>(), "refusal": null}),
    );
    let mut out = Vec::with_capacity(body.len() + 256);
    out.extend_from_slice(b"{\"id\":");
    string(&mut out, context.id);
    out.extend_from_slice(
        format!(",\"object\":\"chat.completion\",\"created\":{},\"model\":", context.created).as_bytes(),
    );
    string(&mut out, context.model);
    out.extend_from_slice(
        format!(
            ",\"choices\":[{{\"index\":0,\"finish_reason\":\"{}\",\"logprobs\":{logprobs},\"message\":",
            finish.as_str()
        )
        .as_bytes(),
    );
    out.extend_from_slice(&message.json());
    out.extend_from_slice(b"}],\"usage\":");
    write_usage(&mut out, &usage);
    out.push(b'}');
    Ok(Decoded { body: Bytes::from(out), usage: Some(usage), finish: Some(finish), answer: message.answer() })
}
