//! The reasoning behind tool calls, for clients that do not send it back.
//!
//! A model that thinks before it calls a tool wants to see its own signed thoughts when the result comes.
//! OpenAI's clients drop fields that they do not know. So the thoughts of an answer are remembered for a
//! while by the ids of its calls, and put back when the next request goes to the same provider and model.
//! They stay in memory, within the org, and within [`limits`]: what is forgotten costs the thinking of one turn.

use super::shelves::{Most, Shelves};
use crate::base::{ModelRef, OrgId, Timestamp, limits};
use crate::wire::Thoughts;
use memchr::memmem;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::HashMap;
use std::time::Duration;

/// How long the thoughts of a call are kept: a tool may take its time.
const KEPT: Duration = Duration::from_secs(3_600);

/// Which model had the thoughts, and the call that they led to.
type Place = (ModelRef, String);

/// What is remembered, by org.
#[derive(Debug)]
pub(crate) struct Memory(Shelves<Place, Thoughts>);

impl Default for Memory {
    fn default() -> Self {
        Self(Shelves::new(Most { kept: KEPT, of_org: limits::MAX_ORG_THOUGHTS, of_all: limits::MAX_THOUGHTS }))
    }
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

impl Memory {
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
        let bytes = thoughts.iter().map(|block| block.get().len()).sum();
        for call in message.tool_calls {
            self.0.put(org, (model.clone(), call.id.into_owned()), Thoughts::clone(&thoughts), bytes, now);
        }
    }

    /// The thoughts that led this model to these calls.
    pub(crate) fn recall(
        &self,
        org: &OrgId,
        model: &ModelRef,
        calls: Vec<String>,
        now: Timestamp,
    ) -> HashMap<String, Thoughts> {
        let found = calls.into_iter().filter_map(|call| {
            let place = (model.clone(), call);
            let thoughts = self.0.get(org, &place, now)?;
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
}
