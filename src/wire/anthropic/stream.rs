//! A stream of Messages events, as OpenAI's chunks.
//!
//! ```text
//! message_start        → role chunk
//! content_block_start  → the head of a call, or nothing
//! content_block_delta  → content, reasoning_content, or a call's arguments
//! content_block_stop   → `{}` where a call had no arguments; a signed block of thought
//! message_delta        → finish chunk
//! message_stop         → usage chunk where it was asked for, `[DONE]`
//! ```

use super::assembly::Assembly;
use super::event::Event;
use crate::base::limits::MAX_UPSTREAM_BODY;
use crate::wire::conversation::read::Text;
use crate::wire::fault::Fault;
use crate::wire::sse::Splitter;
use crate::wire::target::{AnswerContext, StreamSummary};
use bytes::{Bytes, BytesMut};

/// One answer in the making.
#[derive(Debug)]
pub(crate) struct Stream {
    splitter: Splitter,
    answer: Assembly,
    received: usize,
}

impl Stream {
    /// A stream of which nothing has come.
    pub(crate) fn new(context: &AnswerContext<'_>, prompt: Bytes) -> Self {
        Self { splitter: Splitter::default(), answer: Assembly::new(context, prompt), received: 0 }
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
        let Self { splitter, answer, .. } = self;
        splitter.feed(chunk, |_, data| event(answer, data, out))
    }

    /// The provider closed the stream.
    ///
    /// # Errors
    /// A [`Fault`] where the answer had not come to its end.
    pub(crate) fn end(&mut self, out: &mut BytesMut) -> Result<(), Fault> {
        let Self { splitter, answer, .. } = self;
        splitter.end(|_, data| event(answer, data, out))?;
        if self.finished() {
            return Ok(());
        }
        Err(Fault::nonsense("the provider's stream broke off before its end"))
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

fn event(answer: &mut Assembly, data: &[u8], out: &mut BytesMut) -> Result<(), Fault> {
    if answer.finished() {
        return Ok(());
    }
    let event = Event::read(data)?;
    if let Some(error) = &event.error {
        return Err(error.fault(data));
    }
    match event.kind.as_ref().map(|kind| &*kind.0).unwrap_or_default() {
        "content_block_delta" => {
            if let (Some(index), Some(delta)) = (event.index, &event.delta) {
                answer.delta(index, delta, out);
            }
        }
        "content_block_start" => {
            if let (Some(index), Some(block)) = (event.index, &event.content_block) {
                answer.block_start(index, block, out);
            }
        }
        "content_block_stop" => {
            if let Some(index) = event.index {
                answer.block_stop(index, out);
            }
        }
        "message_start" => {
            let start = event.message.unwrap_or_default();
            answer.count(&start.usage.unwrap_or_default());
            answer.begin(start.model.as_ref().map(|model| &*model.0), out);
        }
        "message_delta" => {
            answer.count(&event.usage.unwrap_or_default());
            if let Some(delta) = event.delta {
                answer.set_details(delta.stop_details);
                if let Some(Text(reason)) = delta.stop_reason {
                    answer.finish(Some(&reason), out);
                }
            }
        }
        "message_stop" => answer.done(out),
        "error" => return Err(Fault::read(500, data)),
        _ => {}
    }
    Ok(())
}
