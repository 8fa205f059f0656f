//! A stream of responses, as OpenAI's chunks. The end of the body is the end of the stream: nothing else says so,
//! and usage may follow the reason of the end. Errors may come as an event, or as bare JSON between events.

#![expect(clippy::indexing_slicing, reason = "assigning to a member of a JSON object inserts it, and never panics")]

use super::answer::{self, Message};
use crate::base::limits::MAX_UPSTREAM_BODY;
use crate::wire::fault::Fault;
use crate::wire::openai::write_usage;
use crate::wire::sse::Splitter;
use crate::wire::target::{AnswerContext, Finish, StreamSummary};
use bytes::{Bytes, BytesMut};
use serde_json::{Value, json};

/// One answer in the making.
#[derive(Debug)]
pub(crate) struct Stream {
    splitter: Splitter,
    id: String,
    created: i64,
    model: String,
    include_usage: bool,
    /// The text of the messages, counted where the provider does not say.
    prompt: Bytes,
    message: Message,
    started: bool,
    finish: Option<Finish>,
    finished: bool,
    received: usize,
    /// The next byte begins a line.
    line_begins: bool,
    /// JSON that stands outside of events.
    bare: Option<Vec<u8>>,
}

impl Stream {
    /// A stream of which nothing has come.
    pub(crate) fn new(context: &AnswerContext<'_>, prompt: Bytes) -> Self {
        Self {
            splitter: Splitter::default(),
            id: context.id.to_owned(),
            created: context.created,
            model: context.model.to_owned(),
            include_usage: context.include_usage,
            prompt,
            message: Message::default(),
            started: false,
            finish: None,
            finished: false,
            received: 0,
            line_begins: true,
            bare: None,
        }
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
        let events = self.before_bare(chunk);
        let mut splitter = std::mem::take(&mut self.splitter);
        let fed = splitter.feed(events, |_, data| self.event(data, out));
        self.splitter = splitter;
        fed
    }

    /// The bytes that belong to events; what follows a line that begins as JSON is kept apart.
    fn before_bare<'c>(&mut self, chunk: &'c [u8]) -> &'c [u8] {
        if let Some(bare) = &mut self.bare {
            bare.extend_from_slice(chunk);
            return b"";
        }
        for (at, byte) in chunk.iter().enumerate() {
            if self.line_begins && matches!(byte, b'{' | b'[') {
                let (events, bare) = chunk.split_at(at);
                self.bare = Some(bare.to_vec());
                return events;
            }
            self.line_begins = matches!(byte, b'\n' | b'\r');
        }
        chunk
    }

    /// The provider closed the stream.
    ///
    /// # Errors
    /// A [`Fault`] where the answer had not come to its end.
    pub(crate) fn end(&mut self, out: &mut BytesMut) -> Result<(), Fault> {
        if self.finished {
            return Ok(());
        }
        if let Some(bare) = &self.bare {
            return Err(answer::error(bare));
        }
        let mut splitter = std::mem::take(&mut self.splitter);
        splitter.end(|_, data| self.event(data, out))?;
        let finish = self.message.finish()?;
        let finish = finish.ok_or_else(|| Fault::nonsense("the provider's stream broke off before its end"))?;
        self.start(out);
        self.finish = Some(finish);
        self.chunk(json!({}), &Value::Null, Some(finish), out);
        if self.include_usage {
            let usage = write_usage(&self.counts());
            let mut chunk = self.head();
            chunk["choices"] = json!([]);
            chunk["usage"] = usage;
            write(&chunk, out);
        }
        out.extend_from_slice(b"data: [DONE]\n\n");
        self.finished = true;
        Ok(())
    }

    /// Whether `[DONE]` was written.
    pub(crate) fn finished(&self) -> bool {
        self.finished
    }

    /// What came of it so far.
    pub(crate) fn summary(&self) -> StreamSummary {
        StreamSummary { usage: Some(self.counts()), finish: self.finish, answer: self.message.answer() }
    }

    fn counts(&self) -> crate::base::model::TokenUsage {
        self.message.counts(std::str::from_utf8(&self.prompt).unwrap_or_default())
    }

    fn event(&mut self, data: &[u8], out: &mut BytesMut) -> Result<(), Fault> {
        let response = answer::read(data)?;
        if let Some(model) = response.model_version.as_ref().filter(|_| !self.started) {
            self.model = model.0.to_string();
        }
        let deltas = self.message.take(response, &self.id);
        if !deltas.is_empty() {
            self.start(out);
        }
        for (delta, logprobs) in deltas {
            self.chunk(delta, &logprobs, None, out);
        }
        Ok(())
    }

    fn start(&mut self, out: &mut BytesMut) {
        if !std::mem::replace(&mut self.started, true) {
            self.chunk(json!({"role": "assistant", "content": ""}), &Value::Null, None, out);
        }
    }

    fn head(&self) -> Value {
        json!({"id": self.id, "object": "chat.completion.chunk", "created": self.created, "model": self.model})
    }

    fn chunk(&self, delta: Value, logprobs: &Value, finish: Option<Finish>, out: &mut BytesMut) {
        let mut chunk = self.head();
        chunk["choices"] = json!([{"index": 0, "delta": delta, "logprobs": logprobs,
            "finish_reason": finish.map(Finish::as_str)}]);
        if self.include_usage {
            chunk["usage"] = Value::Null;
        }
        write(&chunk, out);
    }
}

fn write(chunk: &Value, out: &mut BytesMut) {
    out.extend_from_slice(b"data: ");
    out.extend_from_slice(chunk.to_string().as_bytes());
    out.extend_from_slice(b"\n\n");
}
