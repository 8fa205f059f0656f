//! A stream of named events, as OpenAI's chunks.
//!
//! ```text
//! message-start                   → role chunk
//! content-start, content-delta    → content or reasoning_content
//! tool-plan-delta                 → content
//! tool-call-start                 → the head of a call
//! tool-call-delta, tool-call-end  → a call's arguments; `{}` where it had none
//! message-end                     → finish chunk, usage chunk where it was asked for, `[DONE]`
//! ```
//!
//! Each event says its name in its data too, and that is what is read. Citations and whatever is unknown are left out.

use super::answer::{Call, Content, Logprobs, Message, ToolCall, Usage, finish};
use crate::base::limits::MAX_UPSTREAM_BODY;
use crate::wire::chunks::Chunks;
use crate::wire::conversation::read::Text;
use crate::wire::fault::Fault;
use crate::wire::json::inside;
use crate::wire::sse::Splitter;
use crate::wire::target::{AnswerContext, Finish, StreamSummary};
use bytes::{BufMut, Bytes, BytesMut};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    index: Option<u64>,
    #[serde(borrow)]
    delta: Option<Delta<'a>>,
    logprobs: Option<Logprobs>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow)]
    message: Option<Said<'a>>,
    #[serde(borrow)]
    finish_reason: Option<Text<'a>>,
    usage: Option<Usage>,
}

/// What an event adds. At the start of a message these are empty lists, later single objects.
#[derive(Deserialize)]
struct Said<'a> {
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow)]
    tool_plan: Option<&'a RawValue>,
    #[serde(borrow)]
    tool_calls: Option<&'a RawValue>,
}

/// The object that a member holds.
fn object<'a, T: Deserialize<'a>>(raw: Option<&'a RawValue>) -> Option<T> {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok())
}

/// One answer in the making.
#[derive(Debug)]
pub(crate) struct Stream {
    splitter: Splitter,
    state: State,
    received: usize,
}

#[derive(Debug)]
struct State {
    chunks: Chunks,
    /// The text of the messages, counted where the provider does not say.
    prompt: Bytes,
    message: Message,
    usage: Usage,
    finish: Option<Finish>,
    finished: bool,
}

impl Stream {
    /// A stream of which nothing has come.
    pub(crate) fn new(context: &AnswerContext<'_>, prompt: Bytes) -> Self {
        let state = State {
            chunks: Chunks::new(context),
            prompt,
            message: Message::default(),
            usage: Usage::default(),
            finish: None,
            finished: false,
        };
        Self { splitter: Splitter::default(), state, received: 0 }
    }

    /// Takes in bytes, cut anywhere, and writes the chunks that they complete.
    ///
    /// # Errors
    /// A [`Fault`] where the provider reports one or sends what is no event.
    pub(crate) fn feed(&mut self, chunk: &[u8], out: &mut BytesMut) -> Result<(), Fault> {
        let Self { splitter, state, received } = self;
        *received += chunk.len();
        if *received > MAX_UPSTREAM_BODY {
            return Err(Fault::nonsense("the provider's answer is too long"));
        }
        splitter.feed(chunk, |_, data| state.event(data, out))
    }

    /// The provider closed the stream.
    ///
    /// # Errors
    /// A [`Fault`] where the answer had not come to its end.
    pub(crate) fn end(&mut self, out: &mut BytesMut) -> Result<(), Fault> {
        let Self { splitter, state, .. } = self;
        splitter.end(|_, data| state.event(data, out))?;
        if state.finished { Ok(()) } else { Err(broke_off()) }
    }

    /// Whether `[DONE]` was written.
    pub(crate) fn finished(&self) -> bool {
        self.state.finished
    }

    /// What came of it so far.
    pub(crate) fn summary(&self) -> StreamSummary {
        let State { message, finish, .. } = &self.state;
        StreamSummary { usage: Some(self.state.counts()), finish: *finish, answer: message.answer() }
    }
}

fn broke_off() -> Fault {
    Fault::nonsense("the provider's stream broke off before its end")
}

/// Writes a member of a delta whose value is text as it stands between its quotes.
fn text(out: &mut BytesMut, name: &[u8], inside: &str) {
    out.put_slice(name);
    out.put_slice(inside.as_bytes());
    out.put_slice(b"\"");
}

impl State {
    fn counts(&self) -> crate::base::model::TokenUsage {
        self.message.counts(self.usage, std::str::from_utf8(&self.prompt).unwrap_or_default())
    }

    fn event(&mut self, data: &[u8], out: &mut BytesMut) -> Result<(), Fault> {
        if self.finished {
            return Ok(());
        }
        if data.starts_with(b"[DONE]") {
            return Err(broke_off());
        }
        let event: Event<'_> = serde_json::from_slice(data)
            .map_err(|_| Fault::nonsense("the provider sent an event that is not Cohere's"))?;
        let Some(Text(kind)) = event.kind else {
            return Err(Fault::inside(&serde_json::from_slice(data).unwrap_or_default()));
        };
        let place = event.index.unwrap_or_default();
        let said = event.delta.as_ref().and_then(|delta| delta.message.as_ref());
        match &*kind {
            "message-start" => self.chunks.start(out),
            "content-start" | "content-delta" => {
                if let Some(content) = object(said.and_then(|said| said.content)) {
                    self.content(&content, event.logprobs.as_ref(), out);
                }
            }
            "tool-plan-delta" => {
                let plan = said.and_then(|said| said.tool_plan);
                self.content(&Content { text: plan, thinking: None }, None, out);
            }
            "tool-call-start" => {
                if let Some(call) = object::<ToolCall<'_>>(said.and_then(|said| said.tool_calls)) {
                    self.call(place, &call, out);
                }
            }
            "tool-call-delta" => {
                let call: Option<ToolCall<'_>> = object(said.and_then(|said| said.tool_calls));
                let arguments = call.and_then(|call| call.function?.arguments).map(inside).unwrap_or_default();
                if let Some(index) = self.message.calls.iter().rposition(|call| call.place == place) {
                    self.arguments(index, arguments, out);
                }
            }
            "tool-call-end" => {
                let bare = |call: &Call| call.place == place && call.arguments.is_empty();
                if let Some(index) = self.message.calls.iter().rposition(bare) {
                    self.arguments(index, "{}", out);
                }
            }
            "message-end" => return self.close(event.delta, out),
            _ => {}
        }
        Ok(())
    }

    fn content(&mut self, content: &Content<'_>, logprobs: Option<&Logprobs>, out: &mut BytesMut) {
        let Self { chunks, message, .. } = self;
        if let Some(thought) = content.thinking.map(inside).filter(|thought| !thought.is_empty()) {
            message.reasoning.extend_from_slice(thought.as_bytes());
            chunks.delta(out, |out| text(out, b"\"reasoning_content\":\"", thought));
        }
        if let Some(said) = content.text.map(inside).filter(|said| !said.is_empty()) {
            message.text.extend_from_slice(said.as_bytes());
            match logprobs {
                None => chunks.delta(out, |out| text(out, b"\"content\":\"", said)),
                Some(logprobs) => {
                    let logprobs = json!({"content": [logprobs.entry()], "refusal": null}).to_string();
                    chunks.delta_with_logprobs(out, |out| text(out, b"\"content\":\"", said), &logprobs);
                }
            }
        }
    }

    fn call(&mut self, place: u64, call: &ToolCall<'_>, out: &mut BytesMut) {
        let call = Call::new(place, call);
        let index = self.message.calls.len();
        self.chunks.delta(out, |out| {
            out.put_slice(format!("\"tool_calls\":[{{\"index\":{index},").as_bytes());
            out.put_slice(&call.head);
            out.put_slice(&call.arguments);
            out.put_slice(b"\"}}]");
        });
        self.message.calls.push(call);
    }

    fn arguments(&mut self, index: usize, inside: &str, out: &mut BytesMut) {
        if inside.is_empty() {
            return;
        }
        if let Some(call) = self.message.calls.get_mut(index) {
            call.arguments.extend_from_slice(inside.as_bytes());
        }
        self.chunks.delta(out, |out| {
            let head = format!("\"tool_calls\":[{{\"index\":{index},\"function\":{{\"arguments\":\"");
            text(out, head.as_bytes(), inside);
            out.put_slice(b"}}]");
        });
    }

    fn close(&mut self, delta: Option<Delta<'_>>, out: &mut BytesMut) -> Result<(), Fault> {
        let Some(delta) = delta else { return Err(broke_off()) };
        self.usage = delta.usage.unwrap_or_default();
        let Some(Text(reason)) = delta.finish_reason else { return Err(broke_off()) };
        let finish = finish(&reason, !self.message.calls.is_empty())?;
        let bare = self.message.calls.iter().enumerate().filter(|(_, call)| call.arguments.is_empty());
        let bare: Vec<usize> = bare.map(|(index, _)| index).collect();
        for index in bare {
            self.arguments(index, "{}", out);
        }
        self.finish = Some(finish);
        self.finished = true;
        self.chunks.finish(out, finish, None);
        self.chunks
            .done(out, || self.message.counts(self.usage, std::str::from_utf8(&self.prompt).unwrap_or_default()));
        Ok(())
    }
}
