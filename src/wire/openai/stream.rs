//! A streamed answer, event by event.
//!
//! What OpenAI would have sent is handed on as it came. Usage is always asked of the upstream; the client
//! sees it only if it asked too: then every chunk carries `"usage": null` and one more comes at the end.

#![expect(
    clippy::indexing_slicing,
    reason = "reading a JSON value by name gives null where nothing is, and never panics"
)]

use super::citations::Source;
use super::think::Split;
use super::{repair, response, usage};
use crate::base::limits::MAX_UPSTREAM_BODY;
use crate::base::model::TokenUsage;
use crate::wire::conversation::read::Text;
use crate::wire::fault::Fault;
use crate::wire::quirks::Quirks;
use crate::wire::sse::Splitter;
use crate::wire::target::{Answer, AnswerContext, Finish, StreamSummary, Target};
use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The state of one stream.
#[derive(Debug)]
pub(crate) struct Stream {
    splitter: Splitter,
    state: State,
    form: Form,
}

/// What the provider's bytes are: who was asked for a whole answer, or does not stream, sends one.
#[derive(Debug, Default)]
enum Form {
    #[default]
    Unknown,
    Events,
    Whole(Vec<u8>),
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) quirks: &'static Quirks,
    pub(super) include_usage: bool,
    pub(super) id: String,
    pub(super) created: i64,
    pub(super) model: String,
    prompt: Bytes,
    pub(super) usage: Option<TokenUsage>,
    pub(super) finish: Option<Finish>,
    pub(super) text: String,
    pub(super) reasoning: String,
    refusal: String,
    /// By the places of choice and call.
    pub(super) calls: BTreeMap<(u64, u64), Call>,
    /// By choice.
    pub(super) splits: BTreeMap<u64, Split>,
    pub(super) sources: Vec<Source>,
    done: bool,
}

#[derive(Debug, Default)]
pub(super) struct Call {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) arguments: String,
}

#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    object: Option<Text<'a>>,
    created: Option<i64>,
    #[serde(borrow)]
    model: Option<Text<'a>>,
    #[serde(borrow)]
    choices: Option<Vec<Choice<'a>>>,
    #[serde(borrow, default, deserialize_with = "present")]
    usage: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

/// A member that is there, be it `null`: serde's own reading of `Option` cannot tell null from absent.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

#[derive(Deserialize)]
struct Choice<'a> {
    index: Option<u64>,
    #[serde(borrow)]
    delta: Option<Delta<'a>>,
    #[serde(borrow)]
    finish_reason: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow)]
    content: Option<Text<'a>>,
    #[serde(borrow)]
    reasoning_content: Option<Text<'a>>,
    #[serde(borrow)]
    refusal: Option<Text<'a>>,
    #[serde(borrow)]
    tool_calls: Option<&'a RawValue>,
}

impl Stream {
    pub(crate) fn new(target: &Target<'_>, context: AnswerContext<'_>, prompt: Bytes) -> Self {
        Self {
            splitter: Splitter::default(),
            state: State {
                quirks: target.quirks,
                include_usage: context.include_usage,
                id: context.id.to_owned(),
                created: context.created,
                model: context.model.to_owned(),
                prompt,
                usage: None,
                finish: None,
                text: String::new(),
                reasoning: String::new(),
                refusal: String::new(),
                calls: BTreeMap::new(),
                splits: BTreeMap::new(),
                sources: Vec::new(),
                done: false,
            },
            form: Form::Unknown,
        }
    }

    pub(crate) fn feed(&mut self, chunk: &[u8], out: &mut BytesMut) -> Result<(), Fault> {
        let Self { splitter, state, form } = self;
        if let Form::Unknown = form {
            match chunk.iter().find(|byte| !byte.is_ascii_whitespace()) {
                None => return Ok(()),
                Some(b'{') => *form = Form::Whole(Vec::new()),
                Some(_) => *form = Form::Events,
            }
        }
        if let Form::Whole(whole) = form {
            if whole.len() + chunk.len() > MAX_UPSTREAM_BODY {
                return Err(Fault::nonsense("the provider's answer is too long"));
            }
            whole.extend_from_slice(chunk);
            return Ok(());
        }
        splitter.feed(chunk, |_, data| state.event(data, out))
    }

    pub(crate) fn end(&mut self, out: &mut BytesMut) -> Result<(), Fault> {
        let Self { splitter, state, form } = self;
        if let Form::Whole(whole) = form {
            return state.whole(Bytes::from(std::mem::take(whole)), out);
        }
        splitter.end(|_, data| state.event(data, out))?;
        if state.done {
            return Ok(());
        }
        // Some providers close without [DONE]; whoever has given a reason to end has ended.
        if state.finish.is_none() {
            return Err(Fault::nonsense("the provider's stream broke off before its end"));
        }
        state.close(out);
        Ok(())
    }

    pub(crate) fn finished(&self) -> bool {
        self.state.done
    }

    pub(crate) fn summary(&self) -> StreamSummary {
        let state = &self.state;
        StreamSummary { usage: Some(state.counted()), finish: state.finish, answer: state.answer() }
    }
}

pub(super) fn write(out: &mut BytesMut, parts: &[&[u8]]) {
    out.extend_from_slice(b"data: ");
    for part in parts {
        out.extend_from_slice(part);
    }
    out.extend_from_slice(b"\n\n");
}

impl State {
    /// A whole answer, as the chunks that say the same.
    fn whole(&mut self, body: Bytes, out: &mut BytesMut) -> Result<(), Fault> {
        let prompt = self.prompt.clone();
        let prompt = std::str::from_utf8(&prompt).unwrap_or_default();
        let context = AnswerContext {
            id: &self.id.clone(),
            created: self.created,
            model: &self.model.clone(),
            include_usage: self.include_usage,
        };
        let decoded = response::read(prompt, self.quirks, &context, body)?;
        let mut answer: Value = serde_json::from_slice(&decoded.body).unwrap_or_default();
        self.usage = decoded.usage;
        for choice in answer["choices"].as_array_mut().into_iter().flatten() {
            for (place, call) in choice["message"]["tool_calls"].as_array_mut().into_iter().flatten().enumerate() {
                call["index"] = json!(place);
            }
            let (index, finish) = (choice["index"].take(), choice["finish_reason"].take());
            let said =
                json!({"index": index, "delta": choice["message"].take(), "logprobs": choice["logprobs"].take()});
            self.mend(json!({"choices": [said]}), out)?;
            self.mend(json!({"choices": [{"index": index, "delta": {}, "finish_reason": finish}]}), out)?;
        }
        self.close(out);
        Ok(())
    }

    fn event(&mut self, data: &[u8], out: &mut BytesMut) -> Result<(), Fault> {
        if self.done {
            return Ok(());
        }
        if data.starts_with(b"[DONE]") {
            if self.finish.is_none() {
                self.end_without_reason(out)?;
            }
            self.close(out);
            return Ok(());
        }
        let text =
            std::str::from_utf8(data).map_err(|_| Fault::nonsense("the provider sent an event that is not UTF-8"))?;
        let chunk: Result<Chunk<'_>, _> = serde_json::from_str(text);
        match chunk {
            Ok(chunk) if chunk.error.is_some_and(|error| !matches!(error.get(), "null" | "{}")) => {
                Err(Fault::inside(&serde_json::from_str(text).unwrap_or_default()))
            }
            Ok(chunk) if self.quirks.clean && self.is_good(&chunk) => {
                self.pass(text, &chunk, out);
                Ok(())
            }
            _ => {
                let value = serde_json::from_str(text)
                    .map_err(|_| Fault::nonsense("the provider sent an event that is not JSON"))?;
                self.mend(value, out)
            }
        }
    }

    fn is_good(&self, chunk: &Chunk<'_>) -> bool {
        let named = chunk.id.is_some() && chunk.created.is_some() && chunk.model.is_some();
        named
            && chunk.object.as_ref().is_some_and(|object| object.0 == "chat.completion.chunk")
            && chunk.choices.as_ref().is_some_and(|choices| {
                choices.iter().all(|choice| {
                    let word = choice.finish_reason.as_ref().map(|word| &*word.0);
                    choice.index.is_some()
                        && choice.delta.is_some()
                        && matches!(
                            word,
                            None | Some("stop" | "length" | "tool_calls" | "content_filter" | "function_call")
                        )
                })
            })
    }

    /// Hands a good chunk on as it came, but for its usage.
    fn pass(&mut self, text: &str, chunk: &Chunk<'_>, out: &mut BytesMut) {
        // A closing chunk that is ours must look like the others.
        if let (Some(id), Some(model), true) = (&chunk.id, &chunk.model, self.finish.is_none())
            && *id.0 != *self.id
        {
            self.id = id.0.clone().into_owned();
            self.model = model.0.clone().into_owned();
            self.created = chunk.created.unwrap_or(self.created);
        }
        let given = chunk.usage.map(RawValue::get);
        if let Some(usage) = given.and_then(|raw| usage::read(raw, self.quirks.reasoning_apart)) {
            self.usage = Some(usage);
        }
        let choices = chunk.choices.as_deref().unwrap_or_default();
        if choices.is_empty() {
            return;
        }
        for choice in choices {
            self.note(choice);
        }
        match (self.include_usage, given) {
            (true, Some("null")) | (false, None) => write(out, &[text.as_bytes()]),
            (true, None) => {
                let body = text.trim_end().strip_suffix('}').unwrap_or(text);
                write(out, &[body.as_bytes(), b",\"usage\":null}"]);
            }
            (wanted, Some(raw)) => {
                let (before, after) = around_member(text, raw, "usage");
                match (wanted, before.strip_suffix('{')) {
                    (true, None) => write(out, &[before.as_bytes(), b",\"usage\":null", after.as_bytes()]),
                    (true, Some(_)) => write(out, &[b"{\"usage\":null", after.as_bytes()]),
                    (false, None) => write(out, &[before.as_bytes(), after.as_bytes()]),
                    (false, Some(_)) => {
                        write(out, &[before.as_bytes(), after.strip_prefix(',').unwrap_or(after).as_bytes()]);
                    }
                }
            }
        }
    }

    /// Keeps what is said, for the record. Of several answers the first is kept.
    fn note(&mut self, choice: &Choice<'_>) {
        if choice.index != Some(0) {
            return;
        }
        let Some(delta) = &choice.delta else { return };
        for (text, kept) in [
            (&delta.content, &mut self.text),
            (&delta.reasoning_content, &mut self.reasoning),
            (&delta.refusal, &mut self.refusal),
        ] {
            if let Some(text) = text {
                kept.push_str(&text.0);
            }
        }
        if let Some(calls) = delta.tool_calls {
            let calls: Vec<Value> = serde_json::from_str(calls.get()).unwrap_or_default();
            self.note_calls(&calls);
        }
        if let Some(word) = &choice.finish_reason {
            self.finish = repair::finish(Some(&word.0), !self.calls.is_empty());
        }
    }

    fn note_calls(&mut self, calls: &[Value]) {
        for (place, call) in calls.iter().enumerate() {
            let kept = self.calls.entry((0, call["index"].as_u64().unwrap_or(place as u64))).or_default();
            let function = &call["function"];
            kept.id.push_str(call["id"].as_str().unwrap_or_default());
            kept.name.push_str(function["name"].as_str().unwrap_or_default());
            kept.arguments.push_str(function["arguments"].as_str().unwrap_or_default());
        }
    }

    fn counted(&self) -> TokenUsage {
        self.usage.unwrap_or_else(|| {
            let prompt = std::str::from_utf8(&self.prompt).unwrap_or_default();
            usage::counted(prompt, &self.text)
        })
    }

    /// Writes the client's usage chunk, where it asked for one, and `[DONE]`.
    fn close(&mut self, out: &mut BytesMut) {
        self.done = true;
        if self.include_usage {
            let usage = self.counted();
            let event = json!({"id": self.id, "object": "chat.completion.chunk", "created": self.created, "model": self.model,
                "choices": [], "usage": usage::write(&usage)});
            write(out, &[event.to_string().as_bytes()]);
        }
        out.extend_from_slice(b"data: [DONE]\n\n");
    }

    fn answer(&self) -> Answer {
        let mut message = Map::new();
        message.insert("role".into(), json!("assistant"));
        let content = (!self.text.is_empty() || self.calls.is_empty()).then_some(&self.text);
        message.insert("content".into(), json!(content));
        for (name, text) in [("reasoning_content", &self.reasoning), ("refusal", &self.refusal)] {
            if !text.is_empty() {
                message.insert(name.into(), json!(text));
            }
        }
        let calls: Vec<Value> = self
            .calls
            .range((0, 0)..=(0, u64::MAX))
            .map(|(_, call)| {
                let arguments = if call.arguments.is_empty() { "{}" } else { &call.arguments };
                json!({"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}})
            })
            .collect();
        if !calls.is_empty() {
            message.insert("tool_calls".into(), json!(calls));
        }
        Answer { message: Value::Object(message).to_string(), text: self.text.clone() }
    }
}

/// The text before and after a member of the object `text` whose value is the slice `raw` of it. The comma
/// before the member is left out, the one after it stays.
fn around_member<'t>(text: &'t str, raw: &str, name: &str) -> (&'t str, &'t str) {
    let start = raw.as_ptr() as usize - text.as_ptr() as usize;
    let (before, _) = text.split_at_checked(start).unwrap_or((text, ""));
    let after = text.get(start + raw.len()..).unwrap_or_default().trim_start();
    let key = format!("\"{name}\"");
    let before = before.rfind(&key).and_then(|at| before.get(..at)).unwrap_or(before).trim_end();
    (before.strip_suffix(',').unwrap_or(before), after)
}
