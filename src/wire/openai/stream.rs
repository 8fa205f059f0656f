//! A streamed answer, event by event.
//!
//! What OpenAI would have sent is handed on as it came. Usage is always asked of the upstream; the client
//! sees it only if it asked too: then every chunk carries `"usage": null` and one more comes at the end.

#![expect(
    clippy::indexing_slicing,
    reason = "reading a JSON value by name gives null where nothing is, and never panics"
)]

use super::{repair, usage};
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
}

#[derive(Debug)]
struct State {
    quirks: &'static Quirks,
    include_usage: bool,
    id: String,
    created: i64,
    model: String,
    prompt: Bytes,
    usage: Option<TokenUsage>,
    finish: Option<Finish>,
    text: String,
    reasoning: String,
    refusal: String,
    calls: BTreeMap<u64, Call>,
    done: bool,
}

#[derive(Debug, Default)]
struct Call {
    id: String,
    name: String,
    arguments: String,
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
                done: false,
            },
        }
    }

    pub(crate) fn feed(&mut self, chunk: &[u8], out: &mut BytesMut) -> Result<(), Fault> {
        let Self { splitter, state } = self;
        splitter.feed(chunk, |_, data| state.event(data, out))
    }

    pub(crate) fn end(&mut self, out: &mut BytesMut) -> Result<(), Fault> {
        let Self { splitter, state } = self;
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

fn write(out: &mut BytesMut, parts: &[&[u8]]) {
    out.extend_from_slice(b"data: ");
    for part in parts {
        out.extend_from_slice(part);
    }
    out.extend_from_slice(b"\n\n");
}

impl State {
    fn event(&mut self, data: &[u8], out: &mut BytesMut) -> Result<(), Fault> {
        if self.done {
            return Ok(());
        }
        if data.starts_with(b"[DONE]") {
            if self.finish.is_none() {
                return Err(Fault::nonsense("the provider's stream ended without a reason"));
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
            let kept = self.calls.entry(call["index"].as_u64().unwrap_or(place as u64)).or_default();
            let function = &call["function"];
            kept.id.push_str(call["id"].as_str().unwrap_or_default());
            kept.name.push_str(function["name"].as_str().unwrap_or_default());
            kept.arguments.push_str(function["arguments"].as_str().unwrap_or_default());
        }
    }

    /// Makes a chunk of a near-OpenAI provider what clients expect, and hands it on.
    fn mend(&mut self, value: Value, out: &mut BytesMut) -> Result<(), Fault> {
        let Value::Object(mut chunk) = value else {
            return Err(Fault::nonsense("the provider sent an event that is no object"));
        };
        if let Some(error) = chunk.get("error").filter(|error| error.is_object() || error.is_string()) {
            return Err(Fault::inside(&json!({ "error": error, "status_code": chunk.get("status_code") })));
        }
        let given = chunk.remove("usage").filter(Value::is_object);
        let given = given.or_else(|| chunk.get("x_groq").and_then(|groq| groq.get("usage").cloned()));
        if let Some(usage) = given.and_then(|usage| usage::read(&usage.to_string(), self.quirks.reasoning_apart)) {
            self.usage = Some(usage);
        }
        let Some(Value::Array(choices)) = chunk.remove("choices") else { return Ok(()) };
        for (place, choice) in choices.into_iter().enumerate() {
            let Value::Object(choice) = choice else { continue };
            if let Some(choice) = self.mend_choice(choice, place) {
                let mut event = Map::new();
                event.insert("id".into(), json!(self.id));
                event.insert("object".into(), json!("chat.completion.chunk"));
                event.insert("created".into(), json!(self.created));
                event.insert("model".into(), json!(self.model));
                event.insert("choices".into(), json!([choice]));
                if self.include_usage {
                    event.insert("usage".into(), Value::Null);
                }
                write(out, &[Value::Object(event).to_string().as_bytes()]);
            }
        }
        Ok(())
    }

    fn mend_choice(&mut self, mut choice: Map<String, Value>, place: usize) -> Option<Map<String, Value>> {
        let index = choice.get("index").and_then(Value::as_u64).unwrap_or(place as u64);
        if index == 0 && self.finish.is_some() {
            return None;
        }
        let mut delta = match choice.remove("delta") {
            Some(Value::Object(delta)) => delta,
            _ => Map::new(),
        };
        repair::texts(&mut delta);
        delta.retain(|_, value| !value.is_null());
        if let Some(Value::Array(calls)) = delta.remove("tool_calls")
            && !calls.is_empty()
        {
            let calls: Vec<Value> = calls.into_iter().enumerate().map(|(at, call)| self.mend_call(call, at)).collect();
            delta.insert("tool_calls".into(), Value::Array(calls));
        }
        if index == 0 {
            for (name, kept) in [("content", &mut self.text), ("reasoning_content", &mut self.reasoning)] {
                kept.push_str(delta.get(name).and_then(Value::as_str).unwrap_or_default());
            }
        }
        let finish = repair::finish(choice.get("finish_reason").and_then(Value::as_str), !self.calls.is_empty());
        if index == 0 {
            self.finish = finish;
        }
        choice.insert("index".into(), json!(index));
        choice.insert("delta".into(), Value::Object(delta));
        choice.insert("finish_reason".into(), json!(finish.map(Finish::as_str)));
        choice.entry("logprobs").or_insert(Value::Null);
        Some(choice)
    }

    /// A tool-call delta: index always there, id and name once, arguments always a string.
    fn mend_call(&mut self, call: Value, place: usize) -> Value {
        let index = call["index"].as_u64().unwrap_or(place as u64);
        let fresh = !self.calls.contains_key(&index);
        let kept = self.calls.entry(index).or_default();
        let mut mended = Map::from_iter([("index".to_owned(), json!(index))]);
        let arguments = repair::arguments_text(&call["function"]["arguments"], "");
        kept.arguments.push_str(&arguments);
        let name = call["function"]["name"].as_str().unwrap_or_default().to_owned();
        let mut function = Map::new();
        if fresh {
            kept.id =
                call["id"].as_str().filter(|id| !id.is_empty()).map_or_else(|| format!("call_{index}"), str::to_owned);
            kept.name.clone_from(&name);
            mended.insert("id".into(), json!(kept.id));
            mended.insert("type".into(), json!("function"));
            function.insert("name".into(), json!(name));
        }
        function.insert("arguments".into(), json!(arguments));
        mended.insert("function".into(), Value::Object(function));
        Value::Object(mended)
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
        if !self.calls.is_empty() {
            let calls: Vec<Value> = self
                .calls
                .values()
                .map(|call| {
                    let arguments = if call.arguments.is_empty() { "{}" } else { &call.arguments };
                    json!({"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}})
                })
                .collect();
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
