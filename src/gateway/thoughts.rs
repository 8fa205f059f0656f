//! The reasoning behind tool calls, for clients that do not send it back.
//!
//! A model that thinks before it calls a tool wants to see its own signed thoughts when the result comes.
//! OpenAI's clients drop fields that they do not know. So the thoughts of an answer are remembered for a
//! while by the ids of its calls, and put back when the next request goes to the same provider and model.
//! They stay in memory, within the org, and within [`limits`]: what is forgotten costs the thinking of one turn.

use crate::base::{ModelRef, OrgId, Timestamp, limits};
use crate::wire::Thoughts;
use memchr::memmem;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long the thoughts of a call are kept: a tool may take its time.
const KEPT: Duration = Duration::from_secs(3_600);

/// Which model had the thoughts, and the call that they led to.
type Place = (ModelRef, String);

/// What is remembered, by org.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    shelves: Mutex<HashMap<OrgId, Shelf>>,
}

#[derive(Debug, Default)]
struct Shelf {
    kept: HashMap<Place, Kept>,
    /// In the order of their coming; a place that was filled anew stands here twice.
    order: VecDeque<(Place, Timestamp)>,
    bytes: usize,
}

#[derive(Debug)]
struct Kept {
    thoughts: Thoughts,
    at: Timestamp,
    bytes: usize,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(default)]
    thinking_blocks: Vec<Box<RawValue>>,
    #[serde(borrow, default)]
    tool_calls: Vec<Call<'a>>,
}

#[derive(Deserialize)]
struct Call<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
}

impl Shelf {
    fn take_out(&mut self, place: &Place, at: Timestamp) {
        if self.kept.get(place).is_some_and(|kept| kept.at == at)
            && let Some(kept) = self.kept.remove(place)
        {
            self.bytes -= kept.bytes;
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((place, at)) = self.order.pop_front() {
            self.take_out(&place, at);
        }
    }

    /// Forgets what is past its time, and the oldest of what is too much.
    fn tidy(&mut self, now: Timestamp) {
        while self.order.front().is_some_and(|(_, at)| at.plus(KEPT) < now) || self.bytes > limits::MAX_ORG_THOUGHTS {
            self.forget_oldest();
        }
    }

    fn put(&mut self, place: Place, thoughts: Thoughts, now: Timestamp) {
        let bytes = thoughts.iter().map(|block| block.get().len()).sum::<usize>() + place.1.len() + 256;
        if let Some(old) = self.kept.insert(place.clone(), Kept { thoughts, at: now, bytes }) {
            self.bytes -= old.bytes;
        }
        self.bytes += bytes;
        self.order.push_back((place, now));
        self.tidy(now);
    }
}

impl Memory {
    fn lock(&self) -> MutexGuard<'_, HashMap<OrgId, Shelf>> {
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers the thoughts of an assistant's message that calls tools.
    pub(crate) fn keep(&self, org: &OrgId, model: &ModelRef, message: &str, now: Timestamp) {
        if memmem::find(message.as_bytes(), b"\"thinking_blocks\"").is_none() {
            return;
        }
        let Ok(message) = serde_json::from_str::<Message<'_>>(message) else { return };
        if message.thinking_blocks.is_empty() || message.tool_calls.is_empty() {
            return;
        }
        let thoughts: Thoughts = message.thinking_blocks.into();
        let mut shelves = self.lock();
        let shelf = shelves.entry(org.clone()).or_default();
        for call in message.tool_calls {
            shelf.put((model.clone(), call.id.into_owned()), Thoughts::clone(&thoughts), now);
        }
        while shelves.values().map(|shelf| shelf.bytes).sum::<usize>() > limits::MAX_THOUGHTS {
            let Some(fullest) = shelves.values_mut().max_by_key(|shelf| shelf.bytes) else { return };
            fullest.forget_oldest();
        }
        shelves.retain(|_, shelf| !shelf.kept.is_empty());
    }

    /// The thoughts that led this model to these calls.
    pub(crate) fn recall(
        &self,
        org: &OrgId,
        model: &ModelRef,
        calls: Vec<String>,
        now: Timestamp,
    ) -> HashMap<String, Thoughts> {
        let mut shelves = self.lock();
        let Some(shelf) = shelves.get_mut(org) else { return HashMap::new() };
        shelf.tidy(now);
        let found = calls.into_iter().filter_map(|call| {
            let place = (model.clone(), call);
            let thoughts = Thoughts::clone(&shelf.kept.get(&place)?.thoughts);
            Some((place.1, thoughts))
        });
        found.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(call: &str, thought: &str) -> String {
        serde_json::json!({"role": "assistant", "content": null,
            "thinking_blocks": [{"type": "thinking", "thinking": thought, "signature": "EqQB"}],
            "tool_calls": [{"id": call, "type": "function", "function": {"name": "f", "arguments": "{}"}}]})
        .to_string()
    }

    fn found(memory: &Memory, org: &str, model: &ModelRef, call: &str, now: i64) -> bool {
        !memory.recall(&OrgId::from(org), model, vec![call.to_owned()], Timestamp(now)).is_empty()
    }

    #[test]
    fn thoughts_come_back_to_their_org_and_model_only_and_for_a_while() {
        let memory = Memory::default();
        let (claude, other) = (ModelRef::new("anthropic", "claude"), ModelRef::new("elsewhere", "claude"));
        memory.keep(&OrgId::from("a"), &claude, &message("toolu_1", "hm"), Timestamp(0));
        assert!(found(&memory, "a", &claude, "toolu_1", 1));
        assert!(!found(&memory, "b", &claude, "toolu_1", 1), "another org");
        assert!(!found(&memory, "a", &other, "toolu_1", 1), "another provider");
        assert!(!found(&memory, "a", &claude, "toolu_2", 1), "another call");
        assert!(!found(&memory, "a", &claude, "toolu_1", 3_600_000_001), "too late");
        memory.keep(&OrgId::from("a"), &claude, r#"{"role":"assistant","content":"hi"}"#, Timestamp(0));
    }

    #[test]
    fn memory_is_bounded_for_an_org_and_for_all() {
        let memory = Memory::default();
        let claude = ModelRef::new("anthropic", "claude");
        let long = "x".repeat(1 << 20);
        for round in 0..40 {
            for org in 0..12 {
                let (org, call) = (OrgId::from(org.to_string()), format!("call-{round}"));
                memory.keep(&org, &claude, &message(&call, &long), Timestamp(round));
            }
        }
        let shelves = memory.lock();
        assert!(shelves.values().all(|shelf| shelf.bytes <= limits::MAX_ORG_THOUGHTS));
        let total: usize = shelves.values().map(|shelf| shelf.bytes).sum();
        assert!(total <= limits::MAX_THOUGHTS && total > limits::MAX_THOUGHTS / 2, "{total}");
        for shelf in shelves.values() {
            assert_eq!(shelf.bytes, shelf.kept.values().map(|kept| kept.bytes).sum::<usize>());
        }
    }
}
