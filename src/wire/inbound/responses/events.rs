//! The chunks of a streamed completion as events of the Responses API.
//!
//! ```text
//! first chunk       → response.created, response.in_progress
//! reasoning_content → output_item.added (reasoning), reasoning_summary_part.added, reasoning_summary_text.delta …,
//!                     reasoning_summary_text.done, reasoning_summary_part.done, output_item.done
//! content           → output_item.added (message), content_part.added, output_text.delta …, output_text.done,
//!                     content_part.done, output_item.done; refusal likewise, with refusal.delta and refusal.done
//! tool_calls        → output_item.added (function_call), function_call_arguments.delta …,
//!                     function_call_arguments.done, output_item.done
//! [DONE]            → response.completed or response.incomplete, with all items and the counts
//! a failure         → response.failed, error
//! ```
//!
//! One item stands open at a time; the next one closes it. Nothing is held back. Each event has the next number.

use super::answer::{call_item, message_item, reasoning_item, refusal_part, text_part};
use super::frame::{Frame, Status, error_event};
use super::ids::Kind;
use super::origin::Origin;
use crate::base::{ApiError, RequestId};
use crate::wire::fault::Fault;
use crate::wire::inbound::completion::{Call, Chunk, Counts, Function};
use crate::wire::sse::Splitter;
use crate::wire::target::{AnswerContext, Target};
use bytes::{BufMut, BytesMut};
use serde_json::{Value, json};

/// One answer in the making.
#[derive(Debug)]
pub(in crate::wire) struct Events {
    splitter: Splitter,
    state: State,
}

/// What stands open.
#[derive(Debug)]
enum Open {
    Reasoning {
        text: String,
        /// Signed blocks, as they came.
        blocks: Vec<Value>,
    },
    Text {
        text: String,
        logprobs: Vec<Value>,
    },
    Refusal(String),
    Call {
        /// Its place among the calls, as chunks name it.
        index: u64,
        id: String,
        name: String,
        arguments: String,
    },
}

#[derive(Debug)]
struct State {
    frame: Frame,
    sequence: u64,
    begun: bool,
    open: Option<(String, Open)>,
    /// The items that are whole, as JSON.
    output: Vec<String>,
    reasonings: usize,
    messages: usize,
    /// Calls that have been opened.
    calls: Vec<u64>,
    finish: Option<String>,
    usage: Counts,
}

impl Events {
    pub(in crate::wire::inbound) fn new(origin: &Origin, target: &Target<'_>, context: &AnswerContext<'_>) -> Self {
        Self {
            splitter: Splitter::default(),
            state: State {
                frame: Frame::new(origin, target, context),
                sequence: 0,
                begun: false,
                open: None,
                output: Vec::new(),
                reasonings: 0,
                messages: 0,
                calls: Vec::new(),
                finish: None,
                usage: Counts::default(),
            },
        }
    }

    /// Takes chunks, cut anywhere, and writes the events that they amount to.
    ///
    /// # Errors
    /// They are no chunks, or go back to a call that has ended.
    pub(in crate::wire::inbound) fn feed(&mut self, chunks: &[u8], out: &mut BytesMut) -> Result<(), Fault> {
        let Self { splitter, state } = self;
        splitter.feed(chunks, |_, data| {
            if data == b"[DONE]" {
                state.done(out);
                return Ok(());
            }
            let chunk: Chunk = serde_json::from_slice(data)
                .map_err(|_| Fault::nonsense("the provider's stream cannot be put into events"))?;
            state.chunk(chunk, out)
        })
    }

    /// The items that have been told, as the response that has them.
    pub(in crate::wire) fn told(&self) -> String {
        format!("{{\"output\":[{}]}}", self.state.output.join(","))
    }

    /// The answer has failed after it had begun.
    pub(in crate::wire) fn fail(&mut self, error: &ApiError, id: RequestId, out: &mut BytesMut) {
        let state = &mut self.state;
        state.close(Status::Incomplete(""), out);
        state.end(Status::Failed, Some(error), out);
        let sequence = state.next();
        out.put_slice(error_event(error, id, sequence).as_bytes());
    }
}

impl State {
    fn next(&mut self) -> u64 {
        let sequence = self.sequence;
        self.sequence += 1;
        sequence
    }

    fn write(&mut self, name: &str, mut event: Value, out: &mut BytesMut) {
        if let Some(event) = event.as_object_mut() {
            event.insert("type".into(), name.into());
            event.insert("sequence_number".into(), self.next().into());
        }
        out.put_slice(format!("event: {name}\ndata: {event}\n\n").as_bytes());
    }

    fn write_response(&mut self, name: &str, response: &str, out: &mut BytesMut) {
        let sequence = self.next();
        out.put_slice(
            format!(
                "event: {name}\ndata: {{\"type\":\"{name}\",\"sequence_number\":{sequence},\"response\":{response}}}\n\n"
            )
            .as_bytes(),
        );
    }

    /// The place of the item that stands open.
    fn place(&self) -> usize {
        self.output.len()
    }

    fn chunk(&mut self, chunk: Chunk, out: &mut BytesMut) -> Result<(), Fault> {
        if !std::mem::replace(&mut self.begun, true) {
            if let Some(model) = chunk.model {
                self.frame.model = model;
            }
            let response = self.frame.response(Status::InProgress, "[]", None, None);
            self.write_response("response.created", &response, out);
            self.write_response("response.in_progress", &response, out);
        }
        if let Some(counts) = chunk.usage {
            self.usage = counts;
        }
        for choice in chunk.choices {
            let delta = choice.delta.unwrap_or_default();
            if let Some(text) = delta.reasoning_content.filter(|text| !text.is_empty()) {
                self.think(&text, out);
            }
            for block in delta.thinking_blocks.unwrap_or_default() {
                self.sign(block, out);
            }
            if let Some(text) = delta.content.filter(|text| !text.is_empty()) {
                let logprobs = choice.logprobs.and_then(|logprobs| logprobs.content).unwrap_or_default();
                self.say(&text, logprobs, out);
            }
            if let Some(text) = delta.refusal.filter(|text| !text.is_empty()) {
                self.refuse(&text, out);
            }
            for call in delta.tool_calls.unwrap_or_default() {
                self.call(call, out)?;
            }
            self.finish = choice.finish_reason.or(self.finish.take());
        }
        Ok(())
    }

    fn think(&mut self, thought: &str, out: &mut BytesMut) {
        self.open_reasoning(out);
        let place = self.place();
        let Some((id, Open::Reasoning { text, .. })) = &mut self.open else { return };
        let (id, first) = (id.clone(), text.is_empty());
        text.push_str(thought);
        if first {
            let part = json!({"type": "summary_text", "text": ""});
            let event = json!({"item_id": id, "output_index": place, "summary_index": 0, "part": part});
            self.write("response.reasoning_summary_part.added", event, out);
        }
        let event = json!({"item_id": id, "output_index": place, "summary_index": 0, "delta": thought});
        self.write("response.reasoning_summary_text.delta", event, out);
    }

    /// A block that only its model can read, or that it has signed: for clients that carry it.
    fn sign(&mut self, mut block: Value, out: &mut BytesMut) {
        if self.frame.seals_as.is_none() {
            return;
        }
        if let Some(block) = block.as_object_mut() {
            block.remove("index");
        }
        self.open_reasoning(out);
        if let Some((_, Open::Reasoning { blocks, .. })) = &mut self.open {
            blocks.push(block);
        }
    }

    fn open_reasoning(&mut self, out: &mut BytesMut) {
        if !matches!(self.open, Some((_, Open::Reasoning { .. }))) {
            let id = self.frame.ids.item(Kind::Reasoning, self.reasonings);
            self.reasonings += 1;
            let item = json!({"type": "reasoning", "id": id, "summary": [], "status": "in_progress"});
            self.begin(id, item, Open::Reasoning { text: String::new(), blocks: Vec::new() }, out);
        }
    }

    fn say(&mut self, said: &str, probable: Vec<Value>, out: &mut BytesMut) {
        if !matches!(self.open, Some((_, Open::Text { .. }))) {
            let open = Open::Text { text: String::new(), logprobs: Vec::new() };
            self.begin_message(&text_part("", &[]), open, out);
        }
        let place = self.place();
        let Some((id, Open::Text { text, logprobs })) = &mut self.open else { return };
        text.push_str(said);
        let event =
            json!({"item_id": id, "output_index": place, "content_index": 0, "delta": said, "logprobs": probable});
        logprobs.extend(probable);
        self.write("response.output_text.delta", event, out);
    }

    fn refuse(&mut self, said: &str, out: &mut BytesMut) {
        if !matches!(self.open, Some((_, Open::Refusal(_)))) {
            self.begin_message(&refusal_part(""), Open::Refusal(String::new()), out);
        }
        let place = self.place();
        let Some((id, Open::Refusal(text))) = &mut self.open else { return };
        text.push_str(said);
        let event = json!({"item_id": id, "output_index": place, "content_index": 0, "delta": said});
        self.write("response.refusal.delta", event, out);
    }

    fn begin_message(&mut self, part: &Value, open: Open, out: &mut BytesMut) {
        let id = self.frame.ids.item(Kind::Message, self.messages);
        self.messages += 1;
        let item = message_item(&id, "in_progress", &[]);
        self.begin(id.clone(), item, open, out);
        let event = json!({"item_id": id, "output_index": self.place(), "content_index": 0, "part": part});
        self.write("response.content_part.added", event, out);
    }

    fn call(&mut self, call: Call, out: &mut BytesMut) -> Result<(), Fault> {
        let Function { name, arguments } = call.function.unwrap_or_default();
        let given = arguments.unwrap_or_default();
        if !matches!(&self.open, Some((_, Open::Call { index, .. })) if *index == call.index) {
            if self.calls.contains(&call.index) {
                if given.is_empty() {
                    return Ok(());
                }
                return Err(Fault::nonsense("the provider went back to a call after it had begun another one"));
            }
            let own = self.frame.ids.item(Kind::Call, self.calls.len());
            self.calls.push(call.index);
            let (id, name) = (call.id.unwrap_or_default(), name.unwrap_or_default());
            let item = call_item(&own, "in_progress", &id, &name, "");
            self.begin(own, item, Open::Call { index: call.index, id, name, arguments: String::new() }, out);
        }
        if !given.is_empty() {
            self.argue(&given, out);
        }
        Ok(())
    }

    fn argue(&mut self, given: &str, out: &mut BytesMut) {
        let place = self.place();
        let Some((id, Open::Call { arguments, .. })) = &mut self.open else { return };
        arguments.push_str(given);
        let event = json!({"item_id": id, "output_index": place, "delta": given});
        self.write("response.function_call_arguments.delta", event, out);
    }

    /// Closes what stands open, and opens the next item.
    fn begin(&mut self, id: String, item: Value, open: Open, out: &mut BytesMut) {
        self.close(Status::Completed, out);
        self.write("response.output_item.added", json!({"output_index": self.place(), "item": item}), out);
        self.open = Some((id, open));
    }

    /// Closes what stands open; `status` says whether it is whole.
    fn close(&mut self, status: Status, out: &mut BytesMut) {
        if matches!(&self.open, Some((_, Open::Call { arguments, .. })) if arguments.is_empty()) {
            // A tool without parameters: what calls it still wants an object.
            self.argue("{}", out);
        }
        let Some((id, open)) = self.open.take() else { return };
        let (place, status) = (self.place(), status.as_str());
        let item = match open {
            Open::Reasoning { text, blocks } => {
                if !text.is_empty() {
                    let at = |more: &str, value: Value| {
                        let mut event = json!({"item_id": id, "output_index": place, "summary_index": 0});
                        event.as_object_mut().map(|event| event.insert(more.to_owned(), value));
                        event
                    };
                    self.write("response.reasoning_summary_text.done", at("text", json!(text)), out);
                    let part = json!({"type": "summary_text", "text": text});
                    self.write("response.reasoning_summary_part.done", at("part", part), out);
                }
                reasoning_item(&id, status, &text, &blocks, self.frame.seals_as.as_deref())
            }
            Open::Text { text, logprobs } => {
                let event = json!({"item_id": id, "output_index": place, "content_index": 0, "text": text, "logprobs": logprobs});
                self.write("response.output_text.done", event, out);
                self.close_part(&id, status, text_part(&text, &logprobs), out)
            }
            Open::Refusal(text) => {
                let event = json!({"item_id": id, "output_index": place, "content_index": 0, "refusal": text});
                self.write("response.refusal.done", event, out);
                self.close_part(&id, status, refusal_part(&text), out)
            }
            Open::Call { id: call, name, arguments, .. } => {
                let event = json!({"item_id": id, "output_index": place, "arguments": arguments, "name": name});
                self.write("response.function_call_arguments.done", event, out);
                call_item(&id, status, &call, &name, &arguments)
            }
        };
        self.output.push(item.to_string());
        self.write("response.output_item.done", json!({"output_index": place, "item": item}), out);
    }

    fn close_part(&mut self, id: &str, status: &str, part: Value, out: &mut BytesMut) -> Value {
        let event = json!({"item_id": id, "output_index": self.place(), "content_index": 0, "part": part});
        self.write("response.content_part.done", event, out);
        message_item(id, status, &[part])
    }

    fn done(&mut self, out: &mut BytesMut) {
        let status = Status::of(self.finish.as_deref());
        self.close(status, out);
        self.end(status, None, out);
    }

    fn end(&mut self, status: Status, error: Option<&ApiError>, out: &mut BytesMut) {
        let output = format!("[{}]", self.output.join(","));
        let usage = (status != Status::Failed).then_some(&self.usage);
        let response = self.frame.response(status, &output, usage, error);
        self.write_response(&format!("response.{}", status.as_str()), &response, out);
    }
}
