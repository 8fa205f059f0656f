//! A session as it rests, and merging the histories of its calls into one conversation.

use crate::resource::SessionSummary;
use crate::routing::Parts;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A session as it rests: what is listed of it, and what its calls' shares are taken from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Row {
    #[serde(flatten)]
    pub(super) summary: SessionSummary,
    /// `None` in a session that began under the first format: its shares are not known.
    #[serde(default)]
    pub(super) parts: Option<Parts>,
}

/// Adds one call's messages and answer to the conversation so far. Clients repeat the history with each
/// call: what is repeated is merged, what is new is added.
pub(super) fn merge(conversation: &mut Vec<Value>, messages: Vec<Value>, answer: Option<Value>) {
    // The call continues the conversation where its beginning is the end of what is known: the longest
    // overlap counts, with the whole conversation as the usual case.
    let most = conversation.len().min(messages.len());
    let overlap = (0..=most)
        .rev()
        .find(|overlap| {
            let tail = conversation.get(conversation.len() - overlap..).unwrap_or_default();
            tail.iter().zip(&messages).all(|(known, said)| same(known, said))
        })
        .unwrap_or(0);
    // A call that says a whole history that begins like ours but goes elsewhere (an edited turn) replaces
    // what came after the common beginning.
    let common = conversation.iter().zip(&messages).take_while(|(known, said)| same(known, said)).count();
    if overlap < messages.len() && common > overlap && common + 1 < messages.len() {
        conversation.truncate(common);
        conversation.extend(messages.into_iter().skip(common));
    } else {
        conversation.extend(messages.into_iter().skip(overlap));
    }
    conversation.extend(answer);
}

/// Whether two messages say the same: clients leave out what they do not need of an answer.
fn same(known: &Value, said: &Value) -> bool {
    let text = |message: &Value| match message.get("content") {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Array(parts)) => parts
            .iter()
            .map(|part| part.get("text").and_then(Value::as_str))
            .collect::<Option<Vec<_>>>()
            .map(|texts| texts.concat()),
        _ => None,
    };
    let calls = |message: &Value| {
        let calls = message.get("tool_calls").and_then(Value::as_array);
        calls
            .map(|calls| calls.iter().filter_map(|call| call.get("id").cloned()).collect::<Vec<_>>())
            .filter(|ids| !ids.is_empty())
    };
    if known.get("role") != said.get("role") || calls(known) != calls(said) {
        return false;
    }
    match (text(known), text(said)) {
        (Some(known), Some(said)) => known == said,
        (None, None) => known.get("content").filter(|c| !c.is_null()) == said.get("content").filter(|c| !c.is_null()),
        (known, said) => known.unwrap_or_default() == said.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn say(role: &str, text: &str) -> Value {
        json!({"role": role, "content": text})
    }

    fn merged(calls: &[(&[Value], Option<Value>)]) -> Vec<String> {
        let mut conversation = Vec::new();
        for (messages, answer) in calls {
            merge(&mut conversation, messages.to_vec(), answer.clone());
        }
        conversation.iter().map(|message| message["content"].as_str().unwrap_or("-").to_owned()).collect()
    }

    #[test]
    fn repeated_history_is_merged() {
        let (s, a, b) = (say("system", "s"), say("user", "a"), say("user", "b"));
        let (x, y) = (say("assistant", "x"), say("assistant", "y"));
        let first: &[Value] = &[s.clone(), a.clone()];
        let second: &[Value] = &[s.clone(), a.clone(), x.clone(), b.clone()];
        assert_eq!(merged(&[(first, Some(x.clone())), (second, Some(y.clone()))]), ["s", "a", "x", "b", "y"]);
        let only_new: &[Value] = std::slice::from_ref(&b);
        assert_eq!(merged(&[(first, Some(x.clone())), (only_new, Some(y))]), ["s", "a", "x", "b", "y"]);
        let edited: &[Value] = &[s, a, say("assistant", "z"), b];
        assert_eq!(merged(&[(first, Some(x)), (edited, None)]), ["s", "a", "z", "b"]);
    }

    #[test]
    fn an_answer_is_known_again_in_the_words_of_its_client() {
        let answer = json!({"role": "assistant", "content": "x", "refusal": null, "annotations": []});
        let replay = json!({"role": "assistant", "content": [{"type": "text", "text": "x"}]});
        let first: &[Value] = &[say("user", "a")];
        let second: &[Value] = &[say("user", "a"), replay, say("user", "b")];
        assert_eq!(merged(&[(first, Some(answer)), (second, None)]), ["a", "x", "b"]);
    }
}
