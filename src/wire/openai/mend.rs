//! Chunks of a near-OpenAI provider as clients expect them.

#![expect(
    clippy::indexing_slicing,
    reason = "reading a JSON value by name gives null where nothing is, and never panics"
)]

use super::stream::{State, write};
use super::{citations, repair, usage};
use crate::wire::fault::Fault;
use crate::wire::target::Finish;
use bytes::BytesMut;
use serde_json::{Map, Value, json};

impl State {
    /// Makes a chunk what clients expect, and hands it on.
    pub(super) fn mend(&mut self, value: Value, out: &mut BytesMut) -> Result<(), Fault> {
        let Value::Object(mut chunk) = value else {
            return Err(Fault::nonsense("the provider sent an event that is no object"));
        };
        if let Some(fault) = repair::error_of(&chunk) {
            return Err(fault);
        }
        let given = chunk.remove("usage").filter(Value::is_object);
        let given = given.or_else(|| chunk.get("x_groq").and_then(|groq| groq.get("usage").cloned()));
        if let Some(usage) = given.and_then(|usage| usage::read(&usage.to_string(), self.quirks.reasoning_apart)) {
            self.usage = Some(usage);
        }
        if let Some(sources) = citations::sources(&chunk) {
            self.sources = sources;
        }
        let Some(Value::Array(choices)) = chunk.remove("choices") else { return Ok(()) };
        for (place, choice) in choices.into_iter().enumerate() {
            let Value::Object(choice) = choice else { continue };
            if let Some(choice) = self.mend_choice(choice, place)? {
                self.hand_on(choice, out);
            }
        }
        Ok(())
    }

    fn hand_on(&self, choice: Map<String, Value>, out: &mut BytesMut) {
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

    /// Ends a stream whose provider said that it is over, but not why.
    pub(super) fn end_without_reason(&mut self, out: &mut BytesMut) -> Result<(), Fault> {
        let nothing = self.text.is_empty() && self.reasoning.is_empty() && self.calls.is_empty();
        if self.quirks.clean || nothing {
            return Err(Fault::nonsense("the provider's stream ended without a reason"));
        }
        let last = Map::from_iter([("finish_reason".to_owned(), json!("stop"))]);
        if let Some(choice) = self.mend_choice(last, 0)? {
            self.hand_on(choice, out);
        }
        Ok(())
    }

    fn mend_choice(
        &mut self,
        mut choice: Map<String, Value>,
        place: usize,
    ) -> Result<Option<Map<String, Value>>, Fault> {
        let index = choice.get("index").and_then(Value::as_u64).unwrap_or(place as u64);
        if index == 0 && self.finish.is_some() {
            return Ok(None);
        }
        let mut delta = match choice.remove("delta") {
            Some(Value::Object(delta)) => delta,
            _ => Map::new(),
        };
        // Some repeat the whole text so far beside the delta.
        choice.remove("message");
        repair::texts(&mut delta);
        delta.retain(|_, value| !value.is_null());
        let calls: Vec<Value> = match delta.remove("tool_calls") {
            Some(Value::Array(calls)) => calls.into_iter().map(|call| self.mend_call(index, call)).collect(),
            _ => Vec::new(),
        };
        let word = choice.get("finish_reason").and_then(Value::as_str).map(str::to_owned);
        let held = self.split_thoughts(index, &mut delta, word.is_some());
        if index == 0 {
            for (name, kept) in [("content", &mut self.text), ("reasoning_content", &mut self.reasoning)] {
                kept.push_str(delta.get(name).and_then(Value::as_str).unwrap_or_default());
            }
        }
        let called = self.calls.range((index, 0)..=(index, u64::MAX)).next().is_some();
        let produced = called || index != 0 || !self.text.is_empty();
        if let Some(fault) = word.as_deref().and_then(|word| repair::failure(word, produced)) {
            return Err(fault);
        }
        let finish = repair::finish(word.as_deref(), called);
        let mut calls = calls;
        if finish.is_some() {
            calls.extend(self.without_arguments(index));
            if index == 0
                && let Some(annotations) = citations::annotations(&self.text, &self.sources)
            {
                delta.insert("annotations".into(), annotations);
            }
        }
        if !calls.is_empty() {
            delta.insert("tool_calls".into(), Value::Array(calls));
        }
        if index == 0 {
            self.finish = finish;
        }
        if held && delta.is_empty() && finish.is_none() {
            return Ok(None);
        }
        choice.insert("index".into(), json!(index));
        choice.insert("delta".into(), Value::Object(delta));
        choice.insert("finish_reason".into(), json!(finish.map(Finish::as_str)));
        choice.entry("logprobs").or_insert(Value::Null);
        Ok(Some(choice))
    }

    /// Moves what is thought out of the text. Whether something is held back.
    fn split_thoughts(&mut self, index: u64, delta: &mut Map<String, Value>, ends: bool) -> bool {
        if !self.quirks.think_tags {
            return false;
        }
        let split = self.splits.entry(index).or_default();
        let text = delta.get("content").and_then(Value::as_str).filter(|text| !text.is_empty());
        let had_text = text.is_some();
        let mut added = text.map(|text| split.take(text)).unwrap_or_default();
        if ends {
            let rest = split.end();
            added.thought.push_str(&rest.thought);
            added.said.push_str(&rest.said);
        }
        if had_text {
            delta.remove("content");
        }
        if !added.said.is_empty() {
            delta.insert("content".into(), Value::String(added.said));
        }
        if !added.thought.is_empty() {
            delta.insert("reasoning_content".into(), Value::String(added.thought));
        }
        had_text && !delta.contains_key("content")
    }

    /// Calls that came without arguments: clients read them as JSON.
    fn without_arguments(&mut self, choice: u64) -> Vec<Value> {
        let calls = self.calls.range_mut((choice, 0)..=(choice, u64::MAX));
        let bare = calls.filter(|(_, call)| call.arguments.is_empty());
        bare.map(|((_, index), call)| {
            call.arguments.push_str("{}");
            json!({"index": index, "function": {"arguments": "{}"}})
        })
        .collect()
    }

    /// The place of a call. Without an index, an id that is new begins a new call.
    fn place(&self, choice: u64, call: &Value) -> u64 {
        if let Some(index) = call["index"].as_u64() {
            return index;
        }
        let mut known = self.calls.range((choice, 0)..=(choice, u64::MAX));
        let last = known.clone().next_back().map(|((_, index), _)| *index);
        match call["id"].as_str().filter(|id| !id.is_empty()) {
            Some(id) => match known.find(|(_, call)| call.id == id) {
                Some(((_, index), _)) => *index,
                None => last.map_or(0, |last| last.saturating_add(1)),
            },
            None => last.unwrap_or(0),
        }
    }

    /// A tool-call delta: index always there, id and name once, arguments always a string.
    fn mend_call(&mut self, choice: u64, call: Value) -> Value {
        let index = self.place(choice, &call);
        let fresh = !self.calls.contains_key(&(choice, index));
        let kept = self.calls.entry((choice, index)).or_default();
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
}
