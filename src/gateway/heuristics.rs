//! The scores that every chat answer gets, from what went through: read after the answer, kept without its text.

use super::operation::Operation;
use crate::resource::assessment::Scores;
use crate::routing::scores::{self, Ending, Exchange};
use crate::wire::{Answer, Finish, text_of_content};
use bytes::Bytes;
use memchr::memmem;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::borrow::Cow;

/// What was asked, as far as scores look at it. It shares the request's bytes and dies with the request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Question {
    last_user: Bytes,
    wants_json: bool,
}

impl Question {
    /// The question of a chat request; `None` for what is no chat.
    pub(crate) fn of(operation: &Operation) -> Option<Self> {
        let Operation::Chat(request) = operation else { return None };
        let shape = request.shape();
        Some(Self { last_user: request.last_user().clone(), wants_json: shape.json_object || shape.json_schema })
    }
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow, default)]
    tool_calls: Option<Vec<Call<'a>>>,
    #[serde(borrow, default)]
    function_call: Option<Function<'a>>,
    #[serde(borrow, default)]
    refusal: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Call<'a> {
    #[serde(borrow, default)]
    function: Option<Function<'a>>,
}

#[derive(Deserialize)]
struct Function<'a> {
    #[serde(borrow, default)]
    arguments: Option<Cow<'a, str>>,
}

impl Function<'_> {
    /// A tool without parameters may be called with nothing.
    fn is_broken(&self) -> bool {
        let arguments = self.arguments.as_deref().map_or("", str::trim);
        !arguments.is_empty() && serde_json::from_str::<IgnoredAny>(arguments).is_err()
    }
}

/// The scores of an answer.
pub(crate) fn scores_of(question: &Question, answer: &Answer, finish: Option<Finish>) -> Scores {
    let asked = text_of_content(&question.last_user, scores::LOOKED_AT);
    let mut exchange = Exchange {
        asked: &asked,
        wants_json: question.wants_json,
        answer: &answer.text,
        ending: match finish {
            Some(Finish::Length) => Ending::Length,
            Some(Finish::ContentFilter) => Ending::Filtered,
            Some(Finish::Stop | Finish::ToolCalls) | None => Ending::Complete,
        },
        ..Exchange::default()
    };
    // Most answers are text alone: the message is only read where one of these words stands in it.
    let mentions = |word: &str| memmem::find(answer.message.as_bytes(), word.as_bytes()).is_some();
    if (mentions("_call") || mentions("refusal"))
        && let Ok(message) = serde_json::from_str::<Message<'_>>(&answer.message)
    {
        let calls = message.tool_calls.unwrap_or_default();
        let functions = calls.iter().filter_map(|call| call.function.as_ref());
        exchange.calls = calls.len() + usize::from(message.function_call.is_some());
        exchange.broken_calls = functions.chain(&message.function_call).filter(|function| function.is_broken()).count();
        exchange.refused = message.refusal.is_some_and(|refusal| !refusal.is_empty());
    }
    scores::score(&exchange)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn scored(asked: &str, message: &serde_json::Value, finish: Finish) -> Scores {
        let question = Question { last_user: Bytes::from(json!(asked).to_string()), wants_json: false };
        let text = message["content"].as_str().unwrap_or_default().to_owned();
        scores_of(&question, &Answer { message: message.to_string(), text }, Some(finish))
    }

    #[test]
    fn what_the_message_says_is_scored() {
        let call = |arguments: &str| json!({"role": "assistant", "content": null, "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}}]});
        let good = scored("What is the weather?", &call("{\"city\": \"Faro\"}"), Finish::ToolCalls);
        let broken = scored("What is the weather?", &call("{\"city\": "), Finish::ToolCalls);
        assert_eq!(good.helpfulness, 90.0);
        assert_eq!(broken.helpfulness, 20.0);
        assert_eq!(scored("What is the weather?", &call(""), Finish::ToolCalls), good, "no parameters");
        let legacy = json!({"role": "assistant", "content": null, "function_call": {"name": "f", "arguments": "{"}});
        assert_eq!(scored("What is the weather?", &legacy, Finish::ToolCalls), broken);
        let custom = json!({"content": null, "tool_calls": [{"id": "c", "type": "custom", "custom": {"name": "f", "input": "free"}}]});
        assert_eq!(scored("What is the weather?", &custom, Finish::ToolCalls), good);
        let refusal = scored("Tell me.", &json!({"content": null, "refusal": "No."}), Finish::Stop);
        assert_eq!(refusal.helpfulness, 20.0);
        let said = json!({"role": "assistant", "content": "The weather is a tool_call away.", "refusal": null});
        assert!(scored("What is the weather?", &said, Finish::Stop).composite > 90.0);
        assert!(scored("What is the weather?", &said, Finish::Length).coherence < 80.0);
    }
}
