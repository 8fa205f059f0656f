//! The stream of a provider that serves the API itself: handed on event by event, read beside that.

use super::frame::error_event;
use super::native::{Amount, counted, read};
use crate::base::{ApiError, RequestId};
use crate::wire::conversation::read::Text;
use crate::wire::fault::Fault;
use crate::wire::sse::Splitter;
use crate::wire::target::{Answer, StreamSummary, Target};
use bytes::{BufMut, Bytes, BytesMut};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// One stream.
#[derive(Debug)]
pub(in crate::wire) struct Relay {
    splitter: Splitter,
    state: State,
}

#[derive(Debug)]
struct State {
    reasoning_apart: bool,
    prompt: Bytes,
    /// Events that have been handed on.
    sequence: u64,
    /// What was said so far: for the record of a stream that its client left.
    said: String,
    amount: Option<Amount>,
    /// Whether the client may name the items in a later request.
    remembers: bool,
    /// The response as it ended, where that is so.
    response: String,
    /// Whether the client has been told of a failure in the provider's own words.
    told: bool,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    delta: Option<&'a RawValue>,
    #[serde(borrow)]
    response: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

impl Relay {
    pub(in crate::wire) fn new(target: &Target<'_>, prompt: Bytes, remembers: bool) -> Self {
        let reasoning_apart = target.quirks.reasoning_apart;
        let state = State {
            reasoning_apart,
            prompt,
            sequence: 0,
            said: String::new(),
            amount: None,
            remembers,
            response: String::new(),
            told: false,
        };
        Self { splitter: Splitter::default(), state }
    }

    pub(in crate::wire) fn feed(&mut self, sent: &[u8], out: &mut BytesMut) -> Result<(), Fault> {
        let Self { splitter, state } = self;
        splitter.feed(sent, |name, data| state.event(name, data, out))
    }

    pub(in crate::wire) fn end(&mut self, out: &mut BytesMut) -> Result<(), Fault> {
        let Self { splitter, state } = self;
        splitter.end(|name, data| state.event(name, data, out))?;
        if state.amount.is_none() {
            return Err(Fault::nonsense("the provider's stream broke off before its end"));
        }
        Ok(())
    }

    pub(in crate::wire) fn finished(&self) -> bool {
        self.state.amount.is_some()
    }

    pub(in crate::wire) fn summary(&self) -> StreamSummary {
        let State { amount, prompt, said, .. } = &self.state;
        let prompt = std::str::from_utf8(prompt).unwrap_or_default();
        match amount {
            Some(Amount { usage, finish, answer }) => {
                let usage = usage.unwrap_or_else(|| counted(prompt, &answer.text));
                StreamSummary { usage: Some(usage), finish: *finish, answer: answer.clone() }
            }
            None => {
                let message = json!({"role": "assistant", "content": said}).to_string();
                let answer = Answer { message, text: said.clone() };
                StreamSummary { usage: Some(counted(prompt, said)), finish: None, answer }
            }
        }
    }

    /// The response as it ended, where it has to be remembered.
    pub(in crate::wire) fn told(&self) -> &str {
        &self.state.response
    }

    /// The stream has failed after it had begun: the client is told, unless the provider has done so.
    pub(in crate::wire) fn fail(&mut self, error: &ApiError, id: RequestId, out: &mut BytesMut) {
        if !self.state.told {
            out.put_slice(error_event(error, id, self.state.sequence).as_bytes());
        }
    }
}

impl State {
    fn event(&mut self, name: &str, data: &[u8], out: &mut BytesMut) -> Result<(), Fault> {
        if self.amount.is_some() || data.starts_with(b"[DONE]") {
            return Ok(());
        }
        let text =
            std::str::from_utf8(data).map_err(|_| Fault::nonsense("the provider sent an event that is not UTF-8"))?;
        let event: Event<'_> = serde_json::from_str(text)
            .map_err(|_| Fault::nonsense("the provider sent an event that is no event of a response"))?;
        let kind = event.kind.as_ref().map_or("", |kind| &*kind.0);
        match kind {
            "response.output_text.delta" => {
                if let Some(delta) = event.delta
                    && let Ok(Text(delta)) = serde_json::from_str(delta.get())
                {
                    self.said.push_str(&delta);
                }
            }
            "response.completed" | "response.incomplete" => {
                let response = event.response.map_or("", RawValue::get);
                self.amount = Some(read(response, self.reasoning_apart)?);
                if self.remembers {
                    response.clone_into(&mut self.response);
                }
            }
            "response.failed" => {
                let response = event.response.map_or("", RawValue::get);
                let failed = read(response, self.reasoning_apart).err();
                self.hand_on(name, text, out);
                self.told = true;
                return Err(failed.unwrap_or_else(|| Fault::nonsense("the provider says that the response failed")));
            }
            "error" => {
                self.hand_on(name, text, out);
                self.told = true;
                return Err(Fault::inside(&serde_json::from_str::<Value>(text).unwrap_or_default()));
            }
            _ if event.error.is_some_and(|error| error.get().starts_with('{')) => {
                return Err(Fault::inside(&serde_json::from_str::<Value>(text).unwrap_or_default()));
            }
            _ => {}
        }
        self.hand_on(name, text, out);
        Ok(())
    }

    fn hand_on(&mut self, name: &str, data: &str, out: &mut BytesMut) {
        self.sequence += 1;
        if !name.is_empty() {
            out.put_slice(b"event: ");
            out.put_slice(name.as_bytes());
            out.put_slice(b"\n");
        }
        for line in data.split('\n') {
            out.put_slice(b"data: ");
            out.put_slice(line.as_bytes());
            out.put_slice(b"\n");
        }
        out.put_slice(b"\n");
    }
}
