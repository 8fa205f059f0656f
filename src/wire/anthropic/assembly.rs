//! An answer that comes in pieces, as OpenAI's chunks: the state between the events of a stream and the chunks that
//! are made of them. It knows no bytes: events of Anthropic's streams and of Bedrock's are told to it alike.
//!
//! Text travels between its quotes as it came. Calls are counted on their own: block 3 may be call 0.

use super::answer::{Block, Call, Message, is_json_answer, push_escaped, whole_input};
use super::event::Delta;
use super::usage::{self, Usage};
use crate::base::model::TokenUsage;
use crate::wire::chunks::Chunks;
use crate::wire::json::inside;
use crate::wire::target::{AnswerContext, Finish, StreamSummary};
use bytes::{BufMut, Bytes, BytesMut};
use serde_json::value::RawValue;

/// A content block that stands open.
#[derive(Debug)]
struct Open {
    index: u64,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Text,
    /// The index of its call.
    Call(usize),
    /// The tool whose input is the answer.
    Answer,
    Thinking {
        text: Vec<u8>,
        signature: Vec<u8>,
    },
    /// A block of a kind that OpenAI's clients do not know.
    Other,
}

/// One answer in the making.
#[derive(Debug)]
pub(in crate::wire) struct Assembly {
    chunks: Chunks,
    /// The text of the messages, counted where the provider does not say.
    prompt: Bytes,
    open: Vec<Open>,
    message: Message,
    usage: Usage,
    finish: Option<Finish>,
    finished: bool,
}

impl Assembly {
    /// An answer of which nothing has come.
    pub(in crate::wire) fn new(context: &AnswerContext<'_>, prompt: Bytes) -> Self {
        Self {
            chunks: Chunks::new(context),
            prompt,
            open: Vec::new(),
            message: Message::default(),
            usage: Usage::default(),
            finish: None,
            finished: false,
        }
    }

    /// The answer begins, perhaps by another model than was asked.
    pub(in crate::wire) fn begin(&mut self, model: Option<&str>, out: &mut BytesMut) {
        if let Some(model) = model {
            self.chunks.name_model(model);
        }
        self.chunks.start(out);
    }

    /// Takes over what is said of the tokens.
    pub(in crate::wire) fn count(&mut self, usage: &Usage) {
        self.usage.update(usage);
    }

    /// Takes over the details of how the answer ended.
    pub(super) fn set_details(&mut self, details: Option<&RawValue>) {
        self.message.set_details(details);
    }

    /// Whether a block of this index stands open.
    pub(in crate::wire) fn is_open(&self, index: u64) -> bool {
        self.open.iter().any(|open| open.index == index)
    }

    /// Whether anything was said or called so far.
    pub(in crate::wire) fn is_empty(&self) -> bool {
        self.message.text.is_empty() && self.message.calls.is_empty()
    }

    /// Whether the reason of the end is known.
    pub(in crate::wire) fn has_ended(&self) -> bool {
        self.finish.is_some()
    }

    /// Whether `[DONE]` was written.
    pub(in crate::wire) fn finished(&self) -> bool {
        self.finished
    }

    /// What came of it so far.
    pub(in crate::wire) fn summary(&self) -> StreamSummary {
        StreamSummary { usage: Some(self.counts()), finish: self.finish, answer: self.message.answer(self.finish) }
    }

    /// The provider's counts, or ours where it broke off before its last ones.
    fn counts(&self) -> TokenUsage {
        match self.usage.counts() {
            Some(given) if self.finish.is_some() => given,
            given => {
                let prompt = std::str::from_utf8(&self.prompt).unwrap_or_default();
                usage::counted(given, prompt, &self.message.said())
            }
        }
    }

    /// One chunk of output. Nothing follows the finish chunk.
    fn output(&mut self, out: &mut BytesMut, delta: impl FnOnce(&mut BytesMut)) {
        if self.finish.is_some() {
            return;
        }
        self.chunks.delta(out, delta);
    }

    fn content(&mut self, text: &[u8], out: &mut BytesMut) {
        if text.is_empty() {
            return;
        }
        self.message.text.extend_from_slice(text);
        self.output(out, |out| quoted(out, b"\"content\":\"", text));
    }

    fn reasoning(&mut self, text: &[u8], out: &mut BytesMut) {
        if text.is_empty() {
            return;
        }
        self.message.reasoning.extend_from_slice(text);
        self.output(out, |out| quoted(out, b"\"reasoning_content\":\"", text));
    }

    fn arguments(&mut self, index: usize, text: &[u8], out: &mut BytesMut) {
        let Some(call) = self.message.calls.get_mut(index).filter(|_| !text.is_empty()) else { return };
        call.arguments.extend_from_slice(text);
        self.output(out, |out| {
            out.put_slice(format!("\"tool_calls\":[{{\"index\":{index},\"function\":{{\"arguments\":\"").as_bytes());
            out.put_slice(text);
            out.put_slice(b"\"}}]");
        });
    }

    fn thinking_block(&mut self, (index, block): (usize, Vec<u8>), out: &mut BytesMut) {
        // Clients that put lists of a stream together want an index on each entry.
        self.output(out, |out| {
            out.put_slice(b"\"thinking_blocks\":[");
            out.put_slice(&block);
            out.put_slice(format!(",\"index\":{index}}}]").as_bytes());
        });
    }

    /// A content block begins.
    pub(in crate::wire) fn block_start(&mut self, index: u64, block: &Block<'_>, out: &mut BytesMut) {
        let kind = match block.kind.as_ref().map(|kind| &*kind.0) {
            Some("text") => {
                self.content(block.text.map(inside).unwrap_or_default().as_bytes(), out);
                Kind::Text
            }
            Some("thinking") => {
                let text = block.thinking.map(inside).unwrap_or_default().as_bytes().to_vec();
                self.reasoning(&text, out);
                let signature = block.signature.map(inside).unwrap_or_default().as_bytes().to_vec();
                Kind::Thinking { text, signature }
            }
            Some("redacted_thinking") => {
                let kept = self.message.add_redacted(block.data.map(inside).unwrap_or_default());
                self.thinking_block(kept, out);
                Kind::Other
            }
            Some("tool_use") => {
                let mut whole = Vec::new();
                if let Some(input) = whole_input(block) {
                    push_escaped(&mut whole, input);
                }
                if is_json_answer(block) {
                    self.content(&whole, out);
                    Kind::Answer
                } else {
                    let call = self.call(block, out);
                    self.arguments(call, &whole, out);
                    Kind::Call(call)
                }
            }
            _ => Kind::Other,
        };
        self.open.retain(|open| open.index != index);
        self.open.push(Open { index, kind });
    }

    fn call(&mut self, block: &Block<'_>, out: &mut BytesMut) -> usize {
        let index = self.message.calls.len();
        let call = Call::new(block);
        self.output(out, |out| {
            out.put_slice(format!("\"tool_calls\":[{{\"index\":{index},").as_bytes());
            out.put_slice(call.head());
            out.put_slice(b"\"}}]");
        });
        self.message.calls.push(call);
        index
    }

    /// A piece of a block.
    pub(in crate::wire) fn delta(&mut self, index: u64, delta: &Delta<'_>, out: &mut BytesMut) {
        let Some(open) = self.open.iter_mut().find(|open| open.index == index) else { return };
        match (&mut open.kind, delta.kind.as_ref().map(|kind| &*kind.0).unwrap_or_default()) {
            (Kind::Text, "text_delta") => {
                self.content(delta.text.map(inside).unwrap_or_default().as_bytes(), out);
            }
            (Kind::Call(call), "input_json_delta") => {
                let call = *call;
                self.arguments(call, delta.partial_json.map(inside).unwrap_or_default().as_bytes(), out);
            }
            (Kind::Answer, "input_json_delta") => {
                self.content(delta.partial_json.map(inside).unwrap_or_default().as_bytes(), out);
            }
            (Kind::Thinking { text, .. }, "thinking_delta") => {
                let thought = delta.thinking.map(inside).unwrap_or_default().as_bytes();
                text.extend_from_slice(thought);
                self.reasoning(thought, out);
            }
            (Kind::Thinking { signature, .. }, "signature_delta") => {
                signature.extend_from_slice(delta.signature.map(inside).unwrap_or_default().as_bytes());
            }
            _ => {}
        }
    }

    /// A block is whole.
    pub(in crate::wire) fn block_stop(&mut self, index: u64, out: &mut BytesMut) {
        if let Some(place) = self.open.iter().position(|open| open.index == index) {
            let open = self.open.remove(place);
            self.close(open, out);
        }
    }

    fn close(&mut self, open: Open, out: &mut BytesMut) {
        match open.kind {
            Kind::Call(call) => {
                if self.message.calls.get(call).is_some_and(|call| call.arguments.is_empty()) {
                    self.arguments(call, b"{}", out);
                }
            }
            Kind::Answer if self.message.text.is_empty() => self.content(b"{}", out),
            Kind::Thinking { text, signature } => {
                if let Some(kept) = self.message.add_thinking(&text, &signature) {
                    self.thinking_block(kept, out);
                }
            }
            Kind::Answer | Kind::Text | Kind::Other => {}
        }
    }

    /// The chunk with the reason of the end, in Anthropic's words; once.
    pub(in crate::wire) fn finish(&mut self, stop_reason: Option<&str>, out: &mut BytesMut) {
        if self.finish.is_some() {
            return;
        }
        for open in std::mem::take(&mut self.open) {
            self.close(open, out);
        }
        let finish = self.message.finish(stop_reason);
        if finish == Finish::ContentFilter && self.message.text.is_empty() {
            let refusal = self.message.refusal();
            self.output(out, |out| quoted(out, b"\"refusal\":\"", &refusal));
        }
        self.finish = Some(finish);
        self.chunks.finish(out, finish, self.message.stop_details.as_deref());
    }

    /// The last event has come.
    pub(in crate::wire) fn done(&mut self, out: &mut BytesMut) {
        self.finish(None, out);
        self.chunks.done(out, || self.counts());
        self.finished = true;
    }
}

fn quoted(out: &mut BytesMut, member: &[u8], text: &[u8]) {
    out.put_slice(member);
    out.put_slice(text);
    out.put_slice(b"\"");
}
