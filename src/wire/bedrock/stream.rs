//! A stream of Converse events, as OpenAI's chunks.
//!
//! ```text
//! messageStart       → role chunk
//! contentBlockStart  → the head of a call; texts and thoughts begin without it
//! contentBlockDelta  → content, reasoning_content, or a call's arguments
//! contentBlockStop   → `{}` where a call had no arguments; a signed block of thought
//! messageStop        → finish chunk
//! metadata           → usage chunk where it was asked for, `[DONE]`
//! ```

use super::answer::{ToolUse, Usage, kind, reason, redacted};
use super::fault::exception;
use crate::base::limits::MAX_UPSTREAM_BODY;
use crate::wire::anthropic::answer::Block;
use crate::wire::anthropic::assembly::Assembly;
use crate::wire::anthropic::event::Delta;
use crate::wire::conversation::read::Text;
use crate::wire::event_stream::{Decoder, Frame};
use crate::wire::fault::Fault;
use crate::wire::target::{AnswerContext, StreamSummary};
use bytes::{Bytes, BytesMut};
use serde::Deserialize;
use serde_json::value::RawValue;

/// What events hold, whatever their kind. Members that came after this code, and padding, are stepped over.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    content_block_index: Option<u64>,
    #[serde(borrow)]
    start: Option<Start<'a>>,
    #[serde(borrow)]
    delta: Option<Piece<'a>>,
    #[serde(borrow)]
    stop_reason: Option<Text<'a>>,
    usage: Option<Usage>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Start<'a> {
    #[serde(borrow)]
    tool_use: Option<ToolUse<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Piece<'a> {
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    #[serde(borrow)]
    tool_use: Option<Input<'a>>,
    #[serde(borrow)]
    reasoning_content: Option<Thought<'a>>,
}

#[derive(Deserialize)]
struct Input<'a> {
    #[serde(borrow)]
    input: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Thought<'a> {
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    #[serde(borrow)]
    signature: Option<&'a RawValue>,
    #[serde(borrow)]
    redacted_content: Option<&'a RawValue>,
}

/// One answer in the making.
#[derive(Debug)]
pub(crate) struct Stream {
    frames: Decoder,
    answer: Assembly,
    received: usize,
}

impl Stream {
    /// A stream of which nothing has come.
    pub(crate) fn new(context: &AnswerContext<'_>, prompt: Bytes) -> Self {
        Self { frames: Decoder::default(), answer: Assembly::new(context, prompt), received: 0 }
    }

    /// Takes in bytes, cut anywhere, and writes the chunks that they complete.
    ///
    /// # Errors
    /// A [`Fault`] where the provider reports one or sends what is no event.
    pub(crate) fn feed(&mut self, chunk: &[u8], out: &mut BytesMut) -> Result<(), Fault> {
        self.received += chunk.len();
        if self.received > MAX_UPSTREAM_BODY {
            return Err(Fault::nonsense("the provider's answer is too long"));
        }
        let Self { frames, answer, .. } = self;
        frames.feed(chunk, |frame| message(answer, frame, out))
    }

    /// The provider closed the stream. One that told why it ended may lack its counts.
    ///
    /// # Errors
    /// A [`Fault`] where the answer had not come to its end.
    pub(crate) fn end(&mut self, out: &mut BytesMut) -> Result<(), Fault> {
        if !self.answer.has_ended() || self.frames.is_amid() {
            return Err(Fault::nonsense("the provider's stream broke off before its end"));
        }
        if !self.finished() {
            self.answer.done(out);
        }
        Ok(())
    }

    /// Whether `[DONE]` was written.
    pub(crate) fn finished(&self) -> bool {
        self.answer.finished()
    }

    /// What came of it so far.
    pub(crate) fn summary(&self) -> StreamSummary {
        self.answer.summary()
    }
}

fn message(answer: &mut Assembly, frame: Frame<'_>, out: &mut BytesMut) -> Result<(), Fault> {
    if answer.finished() {
        return Ok(());
    }
    match frame.text(":message-type") {
        Some("exception") => Err(exception(frame.text(":exception-type").unwrap_or_default(), frame.payload)),
        Some("error") => {
            let name = frame.text(":error-code").unwrap_or_default();
            let said = serde_json::json!({"message": frame.text(":error-message").unwrap_or_default()});
            Err(exception(name, said.to_string().as_bytes()))
        }
        _ => event(answer, frame.text(":event-type").unwrap_or_default(), frame.payload, out),
    }
}

fn event(answer: &mut Assembly, name: &str, payload: &[u8], out: &mut BytesMut) -> Result<(), Fault> {
    let known =
        ["messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata"];
    if !known.contains(&name) {
        return Ok(());
    }
    let unreadable = || Fault::nonsense("the provider sent an event that cannot be read");
    let text = std::str::from_utf8(payload).map_err(|_| unreadable())?;
    let event: Event<'_> = serde_json::from_str(text).map_err(|_| unreadable())?;
    let index = event.content_block_index.unwrap_or_default();
    match name {
        "messageStart" => answer.begin(None, out),
        "contentBlockStart" => {
            if let Some(call) = event.start.and_then(|start| start.tool_use) {
                answer.block_start(index, &call.block(), out);
            }
        }
        "contentBlockDelta" => {
            if let Some(piece) = event.delta {
                delta(answer, index, piece, out);
            }
        }
        "contentBlockStop" => answer.block_stop(index, out),
        "messageStop" => {
            let given = event.stop_reason.unwrap_or_default();
            answer.finish(Some(reason(&given.0, answer.is_empty())?), out);
        }
        _ => {
            if let Some(usage) = event.usage.and_then(|usage| usage.read()) {
                answer.count(&usage);
            }
            if answer.has_ended() {
                answer.done(out);
            }
        }
    }
    Ok(())
}

/// A piece of a block. The first one of a text or of a thought begins it.
fn delta(answer: &mut Assembly, index: u64, piece: Piece<'_>, out: &mut BytesMut) {
    let mut say = |begins: &'static str, delta: Delta<'_>| {
        if !answer.is_open(index) {
            answer.block_start(index, &Block { kind: kind(begins), ..Block::default() }, out);
        }
        answer.delta(index, &delta, out);
    };
    if piece.text.is_some() {
        say("text", Delta { kind: kind("text_delta"), text: piece.text, ..Delta::default() });
    }
    if let Some(Input { input: Some(input) }) = piece.tool_use {
        say("", Delta { kind: kind("input_json_delta"), partial_json: Some(input), ..Delta::default() });
    }
    let Some(thought) = piece.reasoning_content else { return };
    if thought.text.is_some() {
        say("thinking", Delta { kind: kind("thinking_delta"), thinking: thought.text, ..Delta::default() });
    }
    if thought.signature.is_some() {
        say("thinking", Delta { kind: kind("signature_delta"), signature: thought.signature, ..Delta::default() });
    }
    if let Some(data) = thought.redacted_content {
        answer.block_start(index, &redacted(data), out);
    }
}
