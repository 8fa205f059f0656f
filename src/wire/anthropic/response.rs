//! A whole answer, as an OpenAI chat completion.

use super::answer::{Block, Message};
use super::fault;
use super::usage::{self, Usage};
use crate::base::model::TokenUsage;
use crate::wire::chat::ChatRequest;
use crate::wire::chunks::write_usage;
use crate::wire::conversation::read::Text;
use crate::wire::fault::Fault;
use crate::wire::json::string;
use crate::wire::target::{AnswerContext, Decoded, Finish};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::io::Write;

#[derive(Debug, Deserialize)]
struct Response<'a> {
    #[serde(borrow)]
    model: Option<Text<'a>>,
    #[serde(borrow)]
    content: Option<Vec<Block<'a>>>,
    #[serde(borrow)]
    stop_reason: Option<Text<'a>>,
    #[serde(borrow)]
    stop_details: Option<&'a RawValue>,
    usage: Option<Usage>,
    #[serde(borrow)]
    error: Option<fault::Wire<'a>>,
}

/// Reads an answer.
///
/// # Errors
/// A [`Fault`] where the body is an error in spite of its status, or no message at all.
pub(crate) fn decode(request: &ChatRequest, context: &AnswerContext<'_>, body: &[u8]) -> Result<Decoded, Fault> {
    let text = std::str::from_utf8(body).map_err(|_| Fault::nonsense("the provider's answer is not UTF-8"))?;
    let response: Response<'_> =
        serde_json::from_str(text).map_err(|_| Fault::nonsense("the provider's answer is no message"))?;
    if let Some(error) = &response.error {
        return Err(error.fault(body));
    }
    let blocks = response.content.ok_or_else(|| Fault::nonsense("the provider's answer has no content"))?;
    let mut message = Message::default();
    for block in &blocks {
        message.add(block);
    }
    message.set_details(response.stop_details);
    let finish = message.finish(response.stop_reason.as_ref().map(|reason| &*reason.0));
    let given = response.usage.and_then(|usage| usage.counts());
    let model = response.model.as_ref().map_or(context.model, |model| &*model.0);
    Ok(complete(request, context, model, &message, finish, given))
}

/// A message as an OpenAI chat completion. `given`: the provider's counts, else ours are made.
pub(in crate::wire) fn complete(
    request: &ChatRequest,
    context: &AnswerContext<'_>,
    model: &str,
    message: &Message,
    finish: Finish,
    given: Option<TokenUsage>,
) -> Decoded {
    let answer = message.answer(Some(finish));
    let usage = given.unwrap_or_else(|| usage::counted(None, request.messages_json(), &answer.text));
    let mut out = Vec::with_capacity(answer.message.len() + 512);
    out.extend_from_slice(b"{\"id\":");
    string(&mut out, context.id);
    write!(out, ",\"object\":\"chat.completion\",\"created\":{},\"model\":", context.created)
        .expect("writing to memory does not fail");
    string(&mut out, model);
    write!(out, ",\"choices\":[{{\"index\":0,\"finish_reason\":\"{}\",\"logprobs\":null,\"message\":", finish.as_str())
        .expect("writing to memory does not fail");
    out.extend_from_slice(answer.message.as_bytes());
    if let Some(details) = &message.stop_details {
        out.extend_from_slice(b",\"stop_details\":");
        out.extend_from_slice(details.as_bytes());
    }
    out.extend_from_slice(b"}]");
    out.extend_from_slice(b",\"usage\":");
    write_usage(&mut out, &usage);
    out.push(b'}');
    Decoded { body: Bytes::from(out), usage: Some(usage), finish: Some(finish), answer }
}
