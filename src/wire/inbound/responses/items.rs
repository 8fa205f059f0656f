//! Input items as the messages of a chat request.
//!
//! What the assistant did in one turn (words, calls, thoughts) stands in several items here and in one message there.
//! The results of its calls follow it at once; what is no text in them follows the last of them, as the user's, for a
//! tool's message holds text only.

use super::ids::is_ours;
use super::parts::{Content, content};
use super::request::{OnlyHere, Recall, bad, text_at};
use super::sealed;
use crate::base::ApiError;
use crate::wire::given::Thoughts;
use serde_json::{Value, json};

/// The thoughts behind one call: its id, the model that had them, and they themselves.
pub(super) type Thought = (String, String, Thoughts);

/// The conversation as far as it has been read.
#[derive(Debug, Default)]
pub(super) struct Turns {
    messages: Vec<Value>,
    assistant: Option<Assistant>,
    /// What the results of tools hold besides text.
    shown: Vec<Value>,
    thoughts: Vec<Thought>,
}

/// A turn of the assistant.
#[derive(Debug, Default)]
struct Assistant {
    said: Vec<String>,
    calls: Vec<Value>,
    /// What it thought, where that was told by a provider that may want to be reminded of it.
    thought: String,
    sealed: Option<(String, Thoughts)>,
}

impl Turns {
    pub(super) fn instruct(&mut self, text: &str) {
        if !text.is_empty() {
            self.messages.push(json!({"role": "system", "content": text}));
        }
    }

    pub(super) fn say(&mut self, role: &str, content: Value) {
        self.end_turn();
        self.messages.push(json!({"role": role, "content": content}));
    }

    /// What an item stands for that only names one of an earlier answer; `None` for every other item, and where only
    /// the provider may know.
    pub(super) fn recall(item: &Value, at: &str, recall: Recall<'_>) -> Result<Option<Value>, ApiError> {
        let Some(id) = reference(item) else { return Ok(None) };
        let found = recall(id);
        if found.is_none() && is_ours(id) {
            let message = format!(
                "{at} names an item that is no longer remembered: send the item itself (with store: false, clients do so)"
            );
            return Err(bad(at, message));
        }
        Ok(found)
    }

    /// Adds one item. Whether it is of use to a target that serves this API itself: reasoning of other models is not.
    pub(super) fn read(&mut self, item: &Value, at: &str, only_here: &mut OnlyHere) -> Result<bool, ApiError> {
        if reference(item).is_some() {
            only_here.note_kept(at);
            return Ok(true);
        }
        let kind = match item.get("type") {
            None | Some(Value::Null) => "message",
            Some(_) => text_at(item, "type", at)?,
        };
        match kind {
            "message" => self.message(item, at, only_here)?,
            "function_call" => {
                let id = text_at(item, "call_id", at)?;
                let name = text_at(item, "name", at)?;
                let arguments = item.get("arguments").and_then(Value::as_str).filter(|text| !text.trim().is_empty());
                let arguments = arguments.unwrap_or("{}");
                let turn = self.turn();
                turn.calls
                    .push(json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}));
                if let Some((by, blocks)) = turn.sealed.clone() {
                    self.thoughts.push((id.to_owned(), by, blocks));
                }
            }
            "function_call_output" => {
                let id = text_at(item, "call_id", at)?;
                let said = content(item.get("output"), &format!("{at}.output"), only_here)?;
                self.end_assistant();
                self.messages.push(json!({"role": "tool", "tool_call_id": id, "content": said.text}));
                self.shown.extend(said.into_others());
            }
            "reasoning" => return Ok(self.reasoning(item)),
            kind => only_here.note(format!("{at}.type"), &format!("{kind} items are OpenAI's own")),
        }
        Ok(true)
    }

    fn message(&mut self, item: &Value, at: &str, only_here: &mut OnlyHere) -> Result<(), ApiError> {
        let said = content(item.get("content"), &format!("{at}.content"), only_here)?;
        match text_at(item, "role", at)? {
            "assistant" => {
                let Content { text, .. } = said;
                // After calls and their results this is a turn of its own; right after calls it belongs to them.
                self.turn().said.push(text);
            }
            role @ ("user" | "system" | "developer") => self.say(role, said.into_value()),
            _ => {
                let at = format!("{at}.role");
                return Err(bad(&at, format!("{at} must be user, assistant, system or developer")));
            }
        }
        Ok(())
    }

    /// Reasoning that was told here is of use to the model that had it; that of other gateways and providers is closed.
    fn reasoning(&mut self, item: &Value) -> bool {
        let text = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default();
        let sealed_text = text("encrypted_content");
        if !is_ours(text("id")) && !sealed::is_sealed(sealed_text) {
            return true;
        }
        let summary = item.get("summary").and_then(Value::as_array).into_iter().flatten();
        let thought: Vec<&str> = summary.filter_map(|part| part.get("text").and_then(Value::as_str)).collect();
        let turn = self.turn();
        turn.thought.push_str(&thought.join("\n"));
        turn.sealed = sealed::open(sealed_text).or(turn.sealed.take());
        false
    }

    fn turn(&mut self) -> &mut Assistant {
        self.end_shown();
        self.assistant.get_or_insert_default()
    }

    fn end_assistant(&mut self) {
        let Some(Assistant { said, calls, thought, .. }) = self.assistant.take() else { return };
        if said.is_empty() && calls.is_empty() {
            return;
        }
        let said = said.join("\n");
        let content = if said.is_empty() && !calls.is_empty() { Value::Null } else { said.into() };
        let mut message = json!({"role": "assistant", "content": content});
        if let Some(message) = message.as_object_mut().filter(|_| !calls.is_empty()) {
            message.insert("tool_calls".into(), Value::Array(calls));
            // Some models want to see again what they thought before they called.
            if !thought.is_empty() {
                message.insert("reasoning_content".into(), thought.into());
            }
        }
        self.messages.push(message);
    }

    fn end_shown(&mut self) {
        if !self.shown.is_empty() {
            let shown = std::mem::take(&mut self.shown);
            self.messages.push(json!({"role": "user", "content": shown}));
        }
    }

    fn end_turn(&mut self) {
        self.end_assistant();
        self.end_shown();
    }

    /// The messages, and what was thought before calls.
    pub(super) fn finish(mut self) -> (Vec<Value>, Vec<Thought>) {
        self.end_turn();
        (self.messages, self.thoughts)
    }
}

/// The id of an item that says nothing itself.
fn reference(item: &Value) -> Option<&str> {
    let is_reference = match item.get("type") {
        None | Some(Value::Null) => item.get("role").is_none() && item.get("content").is_none(),
        Some(kind) => kind == "item_reference",
    };
    item.get("id").and_then(Value::as_str).filter(|_| is_reference)
}
