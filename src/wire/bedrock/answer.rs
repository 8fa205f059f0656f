//! A whole answer, as an OpenAI chat completion.

use crate::base::model::TokenUsage;
use crate::wire::anthropic::answer::{Block, Message};
use crate::wire::anthropic::response::complete;
use crate::wire::anthropic::usage;
use crate::wire::chat::ChatRequest;
use crate::wire::conversation::read::Text;
use crate::wire::fault::Fault;
use crate::wire::target::{AnswerContext, Decoded};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// What Converse answers.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response<'a> {
    #[serde(borrow)]
    output: Option<Output<'a>>,
    #[serde(borrow)]
    stop_reason: Option<Text<'a>>,
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Output<'a> {
    #[serde(borrow)]
    message: Option<Said<'a>>,
}

#[derive(Deserialize)]
struct Said<'a> {
    #[serde(borrow)]
    content: Option<Vec<Content<'a>>>,
}

/// A content block: one of its members is there. Kinds that OpenAI's clients do not know are stepped over.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Content<'a> {
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    #[serde(borrow)]
    tool_use: Option<ToolUse<'a>>,
    #[serde(borrow)]
    reasoning_content: Option<Reasoning<'a>>,
    #[serde(borrow)]
    citations_content: Option<Cited<'a>>,
}

/// A call, whole or at its start in a stream.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolUse<'a> {
    #[serde(borrow)]
    tool_use_id: Option<Text<'a>>,
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reasoning<'a> {
    #[serde(borrow)]
    reasoning_text: Option<Thought<'a>>,
    #[serde(borrow)]
    redacted_content: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Thought<'a> {
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    #[serde(borrow)]
    signature: Option<&'a RawValue>,
}

/// Text with its sources, of which only the text is handed on.
#[derive(Deserialize)]
struct Cited<'a> {
    #[serde(borrow)]
    content: Option<Vec<Piece<'a>>>,
}

#[derive(Deserialize)]
struct Piece<'a> {
    #[serde(borrow)]
    text: Option<&'a RawValue>,
}

/// Token counts: `inputTokens` leaves out what was read from and written to the cache.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Usage {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    cache_write_input_tokens: Option<u64>,
}

impl Usage {
    /// The same in Anthropic's words; `None` where nothing is named.
    pub(super) fn read(&self) -> Option<usage::Usage> {
        let cache_write = self.cache_write_input_tokens.unwrap_or_default();
        let cache_read = self.cache_read_input_tokens.unwrap_or_default();
        Some(usage::Usage::of(self.input_tokens?, cache_write, cache_read, self.output_tokens.unwrap_or_default()))
    }
}

/// A kind of block in Anthropic's words.
pub(super) fn kind(name: &'static str) -> Option<Text<'static>> {
    Some(Text(Cow::Borrowed(name)))
}

impl<'a> ToolUse<'a> {
    pub(super) fn block(self) -> Block<'a> {
        Block { kind: kind("tool_use"), id: self.tool_use_id, name: self.name, input: self.input, ..Block::default() }
    }
}

/// A block of thought that cannot be read.
pub(super) fn redacted(data: &RawValue) -> Block<'_> {
    Block { kind: kind("redacted_thinking"), data: Some(data), ..Block::default() }
}

fn text(text: &RawValue) -> Block<'_> {
    Block { kind: kind("text"), text: Some(text), ..Block::default() }
}

impl<'a> Content<'a> {
    /// The blocks that it is in Anthropic's words.
    fn add_to(self, message: &mut Message) {
        if let Some(said) = self.text {
            message.add(&text(said));
        }
        for piece in self.citations_content.and_then(|cited| cited.content).unwrap_or_default() {
            message.add(&piece.text.map(text).unwrap_or_default());
        }
        if let Some(call) = self.tool_use {
            message.add(&call.block());
        }
        let Some(reasoning) = self.reasoning_content else { return };
        if let Some(Thought { text: thinking, signature }) = reasoning.reasoning_text {
            message.add(&Block { kind: kind("thinking"), thinking, signature, ..Block::default() });
        }
        if let Some(data) = reasoning.redacted_content {
            message.add(&redacted(data));
        }
    }
}

/// The reason of the end in Anthropic's words.
///
/// # Errors
/// The model wrote what is no answer, and nothing besides: the same call may well succeed.
pub(super) fn reason(given: &str, is_empty: bool) -> Result<&str, Fault> {
    match given {
        "guardrail_intervened" | "content_filtered" => Ok("refusal"),
        "malformed_model_output" | "malformed_tool_use" if is_empty => {
            Err(Fault::nonsense("the model ended without an answer"))
        }
        given => Ok(given),
    }
}

/// Reads an answer.
///
/// # Errors
/// The body is no answer, or one that ends before it says anything.
pub(crate) fn decode(request: &ChatRequest, context: &AnswerContext<'_>, body: &[u8]) -> Result<Decoded, Fault> {
    let text = std::str::from_utf8(body).map_err(|_| Fault::nonsense("the provider's answer is not UTF-8"))?;
    let response: Response<'_> =
        serde_json::from_str(text).map_err(|_| Fault::nonsense("the provider's answer is not Converse's"))?;
    let content = response.output.and_then(|output| output.message?.content);
    let content = content.ok_or_else(|| Fault::nonsense("the provider's answer has no content"))?;
    let mut message = Message::default();
    for block in content {
        block.add_to(&mut message);
    }
    let is_empty = message.text.is_empty() && message.calls.is_empty();
    let given = response.stop_reason.as_ref().map(|text| &*text.0).unwrap_or_default();
    let finish = message.finish(Some(reason(given, is_empty)?));
    let usage: Option<TokenUsage> = response.usage.and_then(|usage| usage.read()?.counts());
    Ok(complete(request, context, context.model, &message, finish, usage))
}
