//! The chunks of a streamed completion as Messages events.
//!
//! ```text
//! first chunk       → message_start
//! reasoning_content → content_block_start (thinking), thinking_delta …, signature_delta, content_block_stop
//! content           → content_block_start (text), text_delta …, content_block_stop
//! tool_calls        → content_block_start (tool_use), input_json_delta …, content_block_stop
//! [DONE]            → message_delta with the reason of the end and the counts, message_stop
//! ```
//!
//! One block stands open at a time; the next one closes it. Nothing is held back.

use super::UNSIGNED;
use super::answer::{message_id, stop_reason, usage};
use crate::wire::fault::Fault;
use crate::wire::inbound::completion::{Call, Chunk, Counts};
use crate::wire::sse::Splitter;
use crate::wire::target::AnswerContext;
use bytes::{BufMut, BytesMut};
use serde_json::{Value, json};

/// What stands open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Thinking,
    Text,
    /// The index of its call.
    Call(u64),
}

/// One answer in the making.
#[derive(Debug)]
pub(in crate::wire) struct Events {
    splitter: Splitter,
    id: String,
    model: String,
    state: State,
}

#[derive(Debug, Default)]
struct State {
    begun: bool,
    open: Option<Open>,
    /// Blocks that have been opened.
    blocks: u64,
    /// Calls that have been opened.
    calls: Vec<u64>,
    finish: Option<String>,
    usage: Counts,
}

fn write(out: &mut BytesMut, event: &Value) {
    let name = event.get("type").and_then(Value::as_str).unwrap_or_default();
    out.put_slice(format!("event: {name}\ndata: {event}\n\n").as_bytes());
}

impl Events {
    pub(in crate::wire::inbound) fn new(context: &AnswerContext<'_>) -> Self {
        Self {
            splitter: Splitter::default(),
            id: context.id.to_owned(),
            model: context.model.to_owned(),
            state: State::default(),
        }
    }

    /// Takes chunks, cut anywhere, and writes the events that they amount to.
    ///
    /// # Errors
    /// They are no chunks, or go back to a call that has ended.
    pub(in crate::wire::inbound) fn feed(&mut self, chunks: &[u8], out: &mut BytesMut) -> Result<(), Fault> {
        let Self { splitter, id, model, state } = self;
        splitter.feed(chunks, |_, data| {
            if data == b"[DONE]" {
                state.done(out);
                return Ok(());
            }
            let chunk: Chunk = serde_json::from_slice(data)
                .map_err(|_| Fault::nonsense("the provider's stream cannot be put into events"))?;
            if !std::mem::replace(&mut state.begun, true) {
                let id = message_id(chunk.id.as_deref().unwrap_or(id));
                let model = chunk.model.as_deref().unwrap_or(model);
                write(
                    out,
                    &json!({"type": "message_start", "message": {"id": id, "type": "message",
                    "role": "assistant", "model": model, "content": [], "stop_reason": null, "stop_sequence": null,
                    "usage": usage(&Counts::default())}}),
                );
            }
            state.chunk(chunk, out)
        })
    }
}

impl State {
    fn chunk(&mut self, chunk: Chunk, out: &mut BytesMut) -> Result<(), Fault> {
        if let Some(counts) = chunk.usage {
            self.usage = counts;
        }
        for choice in chunk.choices {
            let delta = choice.delta.unwrap_or_default();
            if let Some(text) = delta.reasoning_content.filter(|text| !text.is_empty()) {
                self.within(Open::Thinking, &json!({"type": "thinking", "thinking": "", "signature": ""}), out);
                self.delta(&json!({"type": "thinking_delta", "thinking": text}), out);
            }
            for block in delta.thinking_blocks.unwrap_or_default() {
                self.thoughts(block, out);
            }
            for text in [delta.content, delta.refusal].into_iter().flatten().filter(|text| !text.is_empty()) {
                self.within(Open::Text, &json!({"type": "text", "text": ""}), out);
                self.delta(&json!({"type": "text_delta", "text": text}), out);
            }
            for call in delta.tool_calls.unwrap_or_default() {
                self.call(call, out)?;
            }
            self.finish = choice.finish_reason.or(self.finish.take());
        }
        Ok(())
    }

    fn call(&mut self, call: Call, out: &mut BytesMut) -> Result<(), Fault> {
        let function = call.function.unwrap_or_default();
        if self.open != Some(Open::Call(call.index)) {
            let arguments = function.arguments.as_deref().unwrap_or_default();
            if self.calls.contains(&call.index) {
                if arguments.is_empty() {
                    return Ok(());
                }
                return Err(Fault::nonsense("the provider went back to a call after it had begun another one"));
            }
            self.calls.push(call.index);
            let block = json!({"type": "tool_use", "id": call.id.unwrap_or_default(),
                "name": function.name.unwrap_or_default(), "input": {}});
            self.within(Open::Call(call.index), &block, out);
        }
        if let Some(arguments) = function.arguments.filter(|arguments| !arguments.is_empty()) {
            self.delta(&json!({"type": "input_json_delta", "partial_json": arguments}), out);
        }
        Ok(())
    }

    /// A whole block of thought: the signature of the one that stands open, or one that nobody can read.
    fn thoughts(&mut self, mut block: Value, out: &mut BytesMut) {
        if let Some(signature) = block.get("signature").filter(|_| self.open == Some(Open::Thinking)) {
            self.delta(&json!({"type": "signature_delta", "signature": signature}), out);
            self.stop(out);
            return;
        }
        self.close(out);
        if let Some(block) = block.as_object_mut() {
            block.remove("index");
        }
        write(out, &json!({"type": "content_block_start", "index": self.blocks, "content_block": block}));
        self.stop(out);
        self.blocks += 1;
    }

    /// Makes sure that this block stands open.
    fn within(&mut self, kind: Open, block: &Value, out: &mut BytesMut) {
        if self.open == Some(kind) {
            return;
        }
        self.close(out);
        write(out, &json!({"type": "content_block_start", "index": self.blocks, "content_block": block}));
        self.open = Some(kind);
        self.blocks += 1;
    }

    fn delta(&self, delta: &Value, out: &mut BytesMut) {
        let index = self.blocks.saturating_sub(1);
        write(out, &json!({"type": "content_block_delta", "index": index, "delta": delta}));
    }

    /// Closes what stands open. Thoughts end with a signature, be it only that nobody signed.
    fn close(&mut self, out: &mut BytesMut) {
        if self.open == Some(Open::Thinking) {
            self.delta(&json!({"type": "signature_delta", "signature": UNSIGNED}), out);
        }
        if self.open.is_some() {
            self.stop(out);
        }
    }

    fn stop(&mut self, out: &mut BytesMut) {
        let index = if self.open.take().is_some() { self.blocks.saturating_sub(1) } else { self.blocks };
        write(out, &json!({"type": "content_block_stop", "index": index}));
    }

    fn done(&mut self, out: &mut BytesMut) {
        self.close(out);
        write(
            out,
            &json!({"type": "message_delta", "usage": usage(&self.usage),
            "delta": {"stop_reason": stop_reason(self.finish.as_deref()), "stop_sequence": null}}),
        );
        write(out, &json!({"type": "message_stop"}));
    }
}
