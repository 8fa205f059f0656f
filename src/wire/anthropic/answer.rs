//! The assistant's message as it comes together, from one answer or from the events of a stream.
//!
//! Text is kept as it stands between the quotes of its JSON string: escapes are neither undone nor done again,
//! and what a model put into a call's arguments stays to the letter.

use super::ids::{JSON_TOOL, to_caller};
use crate::wire::conversation::read::Text;
use crate::wire::json::{inside, string, unescaped};
use crate::wire::target::{Answer, Finish};
use serde::Deserialize;
use serde_json::value::RawValue;

/// A content block as it stands in an answer, or at its start in a stream.
#[derive(Debug, Default, Deserialize)]
pub(in crate::wire) struct Block<'a> {
    #[serde(borrow, rename = "type")]
    pub(in crate::wire) kind: Option<Text<'a>>,
    #[serde(borrow)]
    pub(in crate::wire) text: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(in crate::wire) thinking: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(in crate::wire) signature: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(in crate::wire) data: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(in crate::wire) id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(in crate::wire) name: Option<Text<'a>>,
    #[serde(borrow)]
    pub(in crate::wire) input: Option<&'a RawValue>,
}

/// The message so far. All bytes are the inside of JSON strings, or JSON.
#[derive(Debug, Default)]
pub(in crate::wire) struct Message {
    /// What is said.
    pub(in crate::wire) text: Vec<u8>,
    /// What was thought.
    pub(in crate::wire) reasoning: Vec<u8>,
    /// Blocks of thought that can be replayed, with commas between them.
    thinking_blocks: Vec<u8>,
    thinking_count: usize,
    /// Calls.
    pub(in crate::wire) calls: Vec<Call>,
    /// What the answer ended with.
    pub(in crate::wire) stop_details: Option<String>,
    /// The explanation of a refusal that said nothing itself.
    explanation: String,
}

/// A call: its head as JSON members, its arguments as the inside of a string.
#[derive(Debug)]
pub(in crate::wire) struct Call {
    head: Vec<u8>,
    /// The arguments so far.
    pub(in crate::wire) arguments: Vec<u8>,
}

/// Who a `tool_use` block is meant for.
pub(in crate::wire) fn is_json_answer(block: &Block<'_>) -> bool {
    block.name.as_ref().is_some_and(|name| name.0 == JSON_TOOL)
}

/// The JSON of a call's input, unless it is the empty object that stands in for an input still to come.
pub(in crate::wire) fn whole_input<'a>(block: &Block<'a>) -> Option<&'a str> {
    let input = block.input?.get();
    let is_empty = input.strip_prefix('{').is_some_and(|rest| rest.trim_start() == "}");
    (!is_empty && input.starts_with('{')).then_some(input)
}

impl Call {
    /// A call without arguments so far. The name is the caller's own again.
    pub(in crate::wire) fn new(block: &Block<'_>) -> Self {
        let mut head = Vec::with_capacity(96);
        head.extend_from_slice(b"\"id\":");
        string(&mut head, block.id.as_ref().map(|id| &*id.0).unwrap_or_default());
        head.extend_from_slice(b",\"type\":\"function\",\"function\":{\"name\":");
        string(&mut head, &to_caller(block.name.as_ref().map(|name| &*name.0).unwrap_or_default()));
        head.extend_from_slice(b",\"arguments\":\"");
        Self { head, arguments: Vec::new() }
    }

    /// `"id":…,"type":"function","function":{"name":…,"arguments":"`
    pub(in crate::wire) fn head(&self) -> &[u8] {
        &self.head
    }
}

/// Appends JSON as the inside of a string.
pub(in crate::wire) fn push_escaped(out: &mut Vec<u8>, json: &str) {
    let start = out.len();
    string(out, json);
    out.pop();
    out.remove(start);
}

impl Message {
    /// Takes in a whole block. Unknown kinds are none of the message's business.
    pub(in crate::wire) fn add(&mut self, block: &Block<'_>) {
        match block.kind.as_ref().map(|kind| &*kind.0) {
            Some("text") => self.text.extend_from_slice(block.text.map(inside).unwrap_or_default().as_bytes()),
            Some("thinking") => {
                let thinking = block.thinking.map(inside).unwrap_or_default();
                self.reasoning.extend_from_slice(thinking.as_bytes());
                let signature = block.signature.map(inside).unwrap_or_default();
                self.add_thinking(thinking.as_bytes(), signature.as_bytes());
            }
            Some("redacted_thinking") => {
                self.add_redacted(block.data.map(inside).unwrap_or_default());
            }
            Some("tool_use") if is_json_answer(block) => {
                push_escaped(&mut self.text, whole_input(block).unwrap_or("{}"))
            }
            Some("tool_use") => {
                let mut call = Call::new(block);
                push_escaped(&mut call.arguments, whole_input(block).unwrap_or("{}"));
                self.calls.push(call);
            }
            _ => {}
        }
    }

    /// Takes in a thought; without a signature it cannot be replayed and is not kept as a block.
    /// Returns the block as JSON, without its closing brace.
    pub(in crate::wire) fn add_thinking(&mut self, thinking: &[u8], signature: &[u8]) -> Option<(usize, Vec<u8>)> {
        if signature.is_empty() {
            return None;
        }
        let mut block = Vec::with_capacity(thinking.len() + signature.len() + 64);
        block.extend_from_slice(b"{\"type\":\"thinking\",\"thinking\":\"");
        block.extend_from_slice(thinking);
        block.extend_from_slice(b"\",\"signature\":\"");
        block.extend_from_slice(signature);
        block.push(b'"');
        Some(self.keep(block))
    }

    /// Takes in a thought that cannot be read.
    pub(in crate::wire) fn add_redacted(&mut self, data: &str) -> (usize, Vec<u8>) {
        self.keep(format!("{{\"type\":\"redacted_thinking\",\"data\":\"{data}\"").into_bytes())
    }

    fn keep(&mut self, block: Vec<u8>) -> (usize, Vec<u8>) {
        if self.thinking_count > 0 {
            self.thinking_blocks.push(b',');
        }
        self.thinking_blocks.extend_from_slice(&block);
        self.thinking_blocks.push(b'}');
        self.thinking_count += 1;
        (self.thinking_count - 1, block)
    }

    /// Takes in the details of how the answer ended.
    pub(in crate::wire) fn set_details(&mut self, details: Option<&RawValue>) {
        #[derive(Deserialize)]
        struct Details<'a> {
            #[serde(borrow)]
            explanation: Option<Text<'a>>,
        }
        let Some(details) = details else { return };
        if let Ok(Details { explanation: Some(Text(explanation)) }) = serde_json::from_str(details.get()) {
            self.explanation = explanation.into_owned();
        }
        // On one line, since a chunk is.
        self.stop_details = Some(details.get().replace(['\n', '\r'], " "));
    }

    /// What the answer's end means to an OpenAI client.
    pub(in crate::wire) fn finish(&self, stop_reason: Option<&str>) -> Finish {
        match stop_reason {
            Some("max_tokens" | "model_context_window_exceeded") => Finish::Length,
            Some("refusal") => Finish::ContentFilter,
            // Without a call it was the tool whose input is the answer.
            Some("tool_use") if !self.calls.is_empty() => Finish::ToolCalls,
            _ => Finish::Stop,
        }
    }

    /// The inside of what a refusal is given out as: what was said so far, or why.
    pub(in crate::wire) fn refusal(&self) -> Vec<u8> {
        if self.text.is_empty() {
            let mut text = Vec::new();
            push_escaped(&mut text, &self.explanation);
            return text;
        }
        self.text.clone()
    }

    /// Appends the message as an OpenAI client reads it.
    pub(in crate::wire) fn write(&self, out: &mut Vec<u8>, finish: Option<Finish>) {
        out.extend_from_slice(b"{\"role\":\"assistant\",\"content\":");
        if finish == Some(Finish::ContentFilter) {
            out.extend_from_slice(b"null,\"refusal\":");
            quoted(out, &self.refusal());
        } else {
            if self.text.is_empty() && !self.calls.is_empty() {
                out.extend_from_slice(b"null");
            } else {
                quoted(out, &self.text);
            }
            out.extend_from_slice(b",\"refusal\":null");
        }
        if !self.reasoning.is_empty() {
            out.extend_from_slice(b",\"reasoning_content\":");
            quoted(out, &self.reasoning);
        }
        if !self.thinking_blocks.is_empty() {
            out.extend_from_slice(b",\"thinking_blocks\":[");
            out.extend_from_slice(&self.thinking_blocks);
            out.push(b']');
        }
        for (index, call) in self.calls.iter().enumerate() {
            out.extend_from_slice(if index == 0 { b",\"tool_calls\":[{" } else { b",{" });
            out.extend_from_slice(&call.head);
            out.extend_from_slice(&call.arguments);
            out.extend_from_slice(b"\"}}");
        }
        if !self.calls.is_empty() {
            out.push(b']');
        }
        out.push(b'}');
    }

    /// All that was thought, said and called, to be counted.
    pub(in crate::wire) fn said(&self) -> String {
        let calls = self.calls.iter().map(|call| call.arguments.as_slice());
        let all: Vec<&[u8]> = [self.reasoning.as_slice(), self.text.as_slice()].into_iter().chain(calls).collect();
        unescaped(&all.concat())
    }

    /// The message for retention and for session restore.
    pub(in crate::wire) fn answer(&self, finish: Option<Finish>) -> Answer {
        if finish.is_none() && self.text.is_empty() && self.calls.is_empty() && self.reasoning.is_empty() {
            return Answer::default();
        }
        let mut message = Vec::with_capacity(self.text.len() + self.reasoning.len() + 128);
        self.write(&mut message, finish);
        Answer { message: String::from_utf8(message).unwrap_or_default(), text: unescaped(&self.text) }
    }
}

fn quoted(out: &mut Vec<u8>, inside: &[u8]) {
    out.push(b'"');
    out.extend_from_slice(inside);
    out.push(b'"');
}
