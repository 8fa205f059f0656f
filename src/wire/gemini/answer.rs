//! What an answer or a piece of it holds, and the message that pieces come to.

#![expect(
    clippy::indexing_slicing,
    reason = "reading a JSON value by name gives null where nothing is, and never panics"
)]

use crate::base::model::TokenUsage;
use crate::wire::conversation::read::Text;
use crate::wire::fault::Fault;
use crate::wire::target::{Answer, Finish};
use crate::wire::tokens;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::borrow::Cow;
use xxhash_rust::xxh3::xxh3_128;

/// The type of the block that carries a signature of Gemini's through clients and through our memory.
pub(super) const SIGNATURE: &str = "gemini_thought_signature";

/// `GenerateContentResponse`, whole or one event of a stream.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Response<'a> {
    #[serde(borrow)]
    pub(super) candidates: Option<Vec<Candidate<'a>>>,
    #[serde(borrow)]
    prompt_feedback: Option<Feedback<'a>>,
    usage_metadata: Option<Usage>,
    #[serde(borrow)]
    pub(super) model_version: Option<Text<'a>>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Candidate<'a> {
    #[serde(borrow)]
    content: Option<Content<'a>>,
    #[serde(borrow)]
    finish_reason: Option<Text<'a>>,
    logprobs_result: Option<Logprobs>,
}

#[derive(Deserialize)]
struct Content<'a> {
    #[serde(borrow)]
    parts: Option<Vec<Part<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part<'a> {
    #[serde(borrow)]
    text: Option<Text<'a>>,
    thought: Option<bool>,
    #[serde(borrow)]
    thought_signature: Option<Text<'a>>,
    #[serde(borrow)]
    function_call: Option<FunctionCall<'a>>,
}

#[derive(Deserialize)]
struct FunctionCall<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    args: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Feedback<'a> {
    #[serde(borrow)]
    block_reason: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Logprobs {
    chosen_candidates: Option<Vec<Token>>,
    top_candidates: Option<Vec<Top>>,
}

#[derive(Deserialize)]
struct Top {
    candidates: Option<Vec<Token>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Token {
    token: Option<String>,
    log_probability: Option<f64>,
}

/// `usageMetadata`: cumulative in a stream. What is zero is not named.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Usage {
    prompt_token_count: Option<u64>,
    cached_content_token_count: Option<u64>,
    candidates_token_count: Option<u64>,
    thoughts_token_count: Option<u64>,
    tool_use_prompt_token_count: Option<u64>,
}

/// Reads a response.
///
/// # Errors
/// It is none, or it is an error.
pub(super) fn read(body: &[u8]) -> Result<Response<'_>, Fault> {
    if body.trim_ascii_start().starts_with(b"[") {
        return Err(error(body));
    }
    let response: Response<'_> =
        serde_json::from_slice(body).map_err(|_| Fault::nonsense("the provider's answer is not Gemini's"))?;
    if response.error.is_some() {
        return Err(error(body));
    }
    Ok(response)
}

/// What an error means that came without a status of its own: the body names it.
pub(super) fn error(body: &[u8]) -> Fault {
    let wire: Value = serde_json::from_slice(body).unwrap_or_default();
    let error = if wire.is_array() { &wire[0]["error"] } else { &wire["error"] };
    if !error.is_object() {
        return Fault::nonsense("the provider's answer is not Gemini's");
    }
    let status = error["code"].as_u64().and_then(|code| u16::try_from(code).ok());
    Fault::read(status.filter(|code| (400..600).contains(code)).unwrap_or(500), body)
}

/// What a response adds, for the client of a stream: each a `delta` of a chunk, with log probabilities where given.
pub(super) type Deltas = Vec<(Value, Value)>;

/// The message so far.
#[derive(Debug, Default)]
pub(super) struct Message {
    text: String,
    reasoning: String,
    calls: Vec<Value>,
    blocks: Vec<Value>,
    logprobs: Vec<Value>,
    usage: Option<Usage>,
    reason: Option<String>,
    blocked: bool,
}

impl Message {
    /// Takes in a response. `id` is the completion's: calls without an id get one made from it.
    pub(super) fn take(&mut self, response: Response<'_>, id: &str) -> Deltas {
        let mut deltas = Vec::new();
        if response.usage_metadata.is_some() {
            self.usage = response.usage_metadata;
        }
        self.blocked |= response.prompt_feedback.is_some_and(|feedback| feedback.block_reason.is_some());
        let Some(candidate) = response.candidates.and_then(|list| list.into_iter().next()) else { return deltas };
        let mut logprobs = candidate.logprobs_result.map_or(Value::Null, |given| content_of(&given));
        self.logprobs.extend(logprobs["content"].as_array().into_iter().flatten().cloned());
        for part in candidate.content.and_then(|content| content.parts).unwrap_or_default() {
            self.part(part, id, &mut deltas);
        }
        if let Some((_, own)) = deltas.first_mut() {
            *own = logprobs.take();
        }
        if let Some(Text(reason)) = candidate.finish_reason {
            self.reason = Some(reason.into_owned());
        }
        deltas
    }

    fn part(&mut self, part: Part<'_>, id: &str, deltas: &mut Deltas) {
        if let Some(call) = part.function_call {
            if let Some(Text(signature)) = part.thought_signature.filter(|text| !text.0.is_empty()) {
                let block = json!({"type": SIGNATURE, "signature": signature});
                let mut indexed = block.clone();
                indexed["index"] = json!(self.blocks.len());
                deltas.push((json!({"thinking_blocks": [indexed]}), Value::Null));
                self.blocks.push(block);
            }
            let index = self.calls.len();
            let made = || Cow::Owned(format!("call_{:032x}", xxh3_128(format!("{id}/{index}").as_bytes())));
            let given = call.id.map(|id| id.0).filter(|id| !id.is_empty());
            let arguments = call.args.map_or("{}", RawValue::get);
            let call = json!({"id": given.unwrap_or_else(made), "type": "function",
                "function": {"name": call.name.unwrap_or_default().0, "arguments": arguments}});
            let mut indexed = call.clone();
            indexed["index"] = json!(index);
            deltas.push((json!({"tool_calls": [indexed]}), Value::Null));
            self.calls.push(call);
        }
        let Some(Text(text)) = part.text.filter(|text| !text.0.is_empty()) else { return };
        if part.thought == Some(true) {
            self.reasoning.push_str(&text);
            deltas.push((json!({"reasoning_content": text}), Value::Null));
        } else {
            self.text.push_str(&text);
            deltas.push((json!({"content": text}), Value::Null));
        }
    }

    /// Why it ended; `None` where it has not.
    ///
    /// # Errors
    /// The model failed before it said anything: the same call may well succeed.
    pub(super) fn finish(&self) -> Result<Option<Finish>, Fault> {
        let Some(reason) = self.reason.as_deref() else {
            return Ok(self.blocked.then_some(Finish::ContentFilter));
        };
        Ok(Some(match reason {
            "MAX_TOKENS" => Finish::Length,
            "SAFETY"
            | "RECITATION"
            | "BLOCKLIST"
            | "PROHIBITED_CONTENT"
            | "SPII"
            | "LANGUAGE"
            | "IMAGE_SAFETY"
            | "IMAGE_PROHIBITED_CONTENT"
            | "IMAGE_RECITATION"
            | "MODEL_ARMOR" => Finish::ContentFilter,
            "MALFORMED_FUNCTION_CALL"
            | "UNEXPECTED_TOOL_CALL"
            | "TOO_MANY_TOOL_CALLS"
            | "MISSING_THOUGHT_SIGNATURE"
            | "MALFORMED_RESPONSE"
                if self.text.is_empty() && self.calls.is_empty() =>
            {
                return Err(Fault::nonsense("the model ended without an answer"));
            }
            _ if !self.calls.is_empty() => Finish::ToolCalls,
            _ => Finish::Stop,
        }))
    }

    /// The provider's counts, or ours where it gave none.
    pub(super) fn counts(&self, prompt: &str) -> TokenUsage {
        let Some((usage, prompted)) = self.usage.and_then(|usage| Some((usage, usage.prompt_token_count?))) else {
            let calls = self.calls.iter().map(Value::to_string).collect::<String>();
            let output = tokens::count(&[&*self.reasoning, &*self.text, &*calls].concat());
            return TokenUsage { input: tokens::count(prompt), output, estimated: true, ..TokenUsage::default() };
        };
        let reasoning = usage.thoughts_token_count.unwrap_or_default();
        TokenUsage {
            input: prompted.saturating_add(usage.tool_use_prompt_token_count.unwrap_or_default()),
            output: usage.candidates_token_count.unwrap_or_default().saturating_add(reasoning),
            cached_input: usage.cached_content_token_count.unwrap_or_default(),
            reasoning,
            ..TokenUsage::default()
        }
    }

    /// `logprobs` of the choice.
    pub(super) fn logprobs(&self) -> Value {
        if self.logprobs.is_empty() { Value::Null } else { json!({"content": self.logprobs, "refusal": null}) }
    }

    /// The message as an OpenAI client reads it.
    pub(super) fn message(&self) -> Value {
        let content = if self.text.is_empty() && !self.calls.is_empty() { Value::Null } else { json!(self.text) };
        let mut message = json!({"role": "assistant", "content": content, "refusal": null});
        if !self.reasoning.is_empty() {
            message["reasoning_content"] = json!(self.reasoning);
        }
        if !self.blocks.is_empty() {
            message["thinking_blocks"] = json!(self.blocks);
        }
        if !self.calls.is_empty() {
            message["tool_calls"] = json!(self.calls);
        }
        message
    }

    /// The message for retention and for session restore.
    pub(super) fn answer(&self) -> Answer {
        let nothing = self.reason.is_none() && !self.blocked && self.text.is_empty() && self.reasoning.is_empty();
        if nothing && self.calls.is_empty() {
            return Answer::default();
        }
        Answer { message: self.message().to_string(), text: self.text.clone() }
    }
}

fn content_of(given: &Logprobs) -> Value {
    let entry = |token: &Token| {
        let text = token.token.as_deref().unwrap_or_default();
        json!({"token": text, "logprob": token.log_probability.unwrap_or_default(), "bytes": text.as_bytes()})
    };
    let chosen = given.chosen_candidates.iter().flatten().enumerate();
    let content: Vec<Value> = chosen
        .map(|(index, token)| {
            let top = given.top_candidates.as_ref().and_then(|top| top.get(index)?.candidates.as_ref());
            let mut own = entry(token);
            own["top_logprobs"] = top.into_iter().flatten().map(entry).collect();
            own
        })
        .collect();
    json!({"content": content, "refusal": null})
}
