//! What an answer or an event holds, and the message that pieces come to.
//!
//! Text is kept as it stands between the quotes of its JSON string: escapes are neither undone nor done again.
//! Citations are left out: their offsets count a text that clients do not see in that form.

use crate::base::model::TokenUsage;
use crate::wire::conversation::read::Text;
use crate::wire::fault::Fault;
use crate::wire::json::{inside, string, unescaped};
use crate::wire::openai::whole_count;
use crate::wire::target::{Answer, Finish};
use crate::wire::tokens;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

/// A piece of content, whole, at its start or as an addition.
#[derive(Debug, Deserialize)]
pub(super) struct Content<'a> {
    #[serde(borrow)]
    pub(super) text: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) thinking: Option<&'a RawValue>,
}

/// A call, whole or in part.
#[derive(Debug, Deserialize)]
pub(super) struct ToolCall<'a> {
    #[serde(borrow)]
    pub(super) id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) function: Option<Function<'a>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Function<'a> {
    #[serde(borrow)]
    pub(super) name: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) arguments: Option<&'a RawValue>,
}

/// `usage`: counts are floating-point numbers.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub(super) struct Usage {
    tokens: Option<Counts>,
    billed_units: Option<Counts>,
    cached_tokens: Option<f64>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
struct Counts {
    input_tokens: Option<f64>,
    output_tokens: Option<f64>,
}

/// Log probabilities of a piece of text.
#[derive(Debug, Deserialize)]
pub(super) struct Logprobs {
    text: Option<String>,
    logprobs: Option<Vec<f64>>,
}

impl Logprobs {
    /// As an entry of OpenAI's `logprobs.content`. A piece of several tokens has the probability of all of them.
    pub(super) fn entry(&self) -> serde_json::Value {
        let text = self.text.as_deref().unwrap_or_default();
        let sum: f64 = self.logprobs.iter().flatten().sum();
        json!({"token": text, "logprob": sum, "bytes": text.as_bytes(), "top_logprobs": []})
    }
}

/// A call in the making.
#[derive(Debug)]
pub(super) struct Call {
    /// The provider's index.
    pub(super) place: u64,
    /// `"id":…,"type":"function","function":{"name":…,"arguments":"`
    pub(super) head: Vec<u8>,
    /// The inside of a string.
    pub(super) arguments: Vec<u8>,
}

impl Call {
    /// A call as it begins.
    pub(super) fn new(place: u64, call: &ToolCall<'_>) -> Self {
        let function = call.function.as_ref();
        let mut head = Vec::with_capacity(96);
        head.extend_from_slice(b"\"id\":");
        string(&mut head, call.id.as_ref().map(|id| &*id.0).unwrap_or_default());
        head.extend_from_slice(b",\"type\":\"function\",\"function\":{\"name\":");
        string(
            &mut head,
            function.and_then(|function| function.name.as_ref()).map(|name| &*name.0).unwrap_or_default(),
        );
        head.extend_from_slice(b",\"arguments\":\"");
        let arguments = function.and_then(|function| function.arguments).map(inside).unwrap_or_default();
        Self { place, head, arguments: arguments.as_bytes().to_vec() }
    }
}

/// The message so far.
#[derive(Debug, Default)]
pub(super) struct Message {
    /// What is said, the plan that led to calls included: the inside of a string.
    pub(super) text: Vec<u8>,
    /// What was thought: the inside of a string.
    pub(super) reasoning: Vec<u8>,
    /// Calls.
    pub(super) calls: Vec<Call>,
}

impl Message {
    /// Whether nothing has come of it.
    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty() && self.reasoning.is_empty() && self.calls.is_empty()
    }

    /// As an OpenAI client reads it.
    pub(super) fn json(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.text.len() + self.reasoning.len() + 128);
        out.extend_from_slice(b"{\"role\":\"assistant\",\"content\":");
        if self.text.is_empty() && !self.calls.is_empty() {
            out.extend_from_slice(b"null");
        } else {
            quoted(&mut out, &self.text);
        }
        out.extend_from_slice(b",\"refusal\":null");
        if !self.reasoning.is_empty() {
            out.extend_from_slice(b",\"reasoning_content\":");
            quoted(&mut out, &self.reasoning);
        }
        for (index, call) in self.calls.iter().enumerate() {
            out.extend_from_slice(if index == 0 { b",\"tool_calls\":[{" } else { b",{" });
            out.extend_from_slice(&call.head);
            out.extend_from_slice(if call.arguments.is_empty() { b"{}" } else { &call.arguments });
            out.extend_from_slice(b"\"}}");
        }
        if !self.calls.is_empty() {
            out.push(b']');
        }
        out.push(b'}');
        out
    }

    /// For retention and for session restore.
    pub(super) fn answer(&self) -> Answer {
        if self.is_empty() {
            return Answer::default();
        }
        let message = String::from_utf8(self.json()).unwrap_or_default();
        Answer { message, text: unescaped(&self.text) }
    }

    /// The provider's counts, or ours where it gave none.
    pub(super) fn counts(&self, usage: Usage, prompt: &str) -> TokenUsage {
        let given =
            [usage.tokens, usage.billed_units].into_iter().flatten().find(|counts| counts.input_tokens.is_some());
        let Some(given) = given else {
            let said = [&*self.reasoning, &*self.text].concat();
            let calls = self.calls.iter().map(|call| tokens::rough(call.arguments.len() as u64)).sum::<u64>();
            let output = tokens::count(&String::from_utf8_lossy(&said)).saturating_add(calls);
            return TokenUsage { input: tokens::count(prompt), output, estimated: true, ..TokenUsage::default() };
        };
        TokenUsage {
            input: whole_count(given.input_tokens),
            output: whole_count(given.output_tokens),
            cached_input: whole_count(usage.cached_tokens),
            ..TokenUsage::default()
        }
    }
}

fn quoted(out: &mut Vec<u8>, inside: &[u8]) {
    out.push(b'"');
    out.extend_from_slice(inside);
    out.push(b'"');
}

/// What the provider's reason to end means. `called`: there are calls.
///
/// # Errors
/// The model failed or ran out of time: what there is of an answer breaks off anywhere.
pub(super) fn finish(reason: &str, called: bool) -> Result<Finish, Fault> {
    let failed = |status: u16, why: &str| {
        Err(Fault::inside(&json!({"error": {"message": why, "code": reason}, "status_code": status})))
    };
    match reason {
        "MAX_TOKENS" => Ok(Finish::Length),
        "TOOL_CALL" => Ok(Finish::ToolCalls),
        "ERROR_TOXIC" => Ok(Finish::ContentFilter),
        "TIMEOUT" => failed(504, "the model ran out of time"),
        _ if reason.starts_with("ERROR") => failed(500, "the model ended with an error"),
        _ if called => Ok(Finish::ToolCalls),
        _ => Ok(Finish::Stop),
    }
}
