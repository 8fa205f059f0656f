//! What a response of a provider that serves the API itself amounts to; the client gets it as it came.

use crate::base::model::TokenUsage;
use crate::wire::conversation::read::Text;
use crate::wire::fault::Fault;
use crate::wire::target::{Answer, Decoded, Finish, Target};
use crate::wire::tokens;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

#[derive(Deserialize)]
struct Response<'a> {
    #[serde(borrow)]
    status: Option<Text<'a>>,
    #[serde(borrow)]
    output: Option<Vec<Item<'a>>>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    incomplete_details: Option<Incomplete>,
}

#[derive(Deserialize)]
struct Incomplete {
    reason: Option<String>,
}

/// An item of any kind: its members are read where the kind is known.
#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow)]
    summary: Option<&'a RawValue>,
    #[serde(borrow)]
    call_id: Option<&'a RawValue>,
    #[serde(borrow)]
    name: Option<&'a RawValue>,
    #[serde(borrow)]
    arguments: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Part<'a> {
    #[serde(borrow)]
    text: Option<Text<'a>>,
    #[serde(borrow)]
    refusal: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Counts {
    #[serde(default)]
    input_tokens: u64,
    #[serde(default)]
    output_tokens: u64,
    #[serde(default)]
    total_tokens: u64,
    input_tokens_details: Option<InputDetails>,
    output_tokens_details: Option<OutputDetails>,
}

#[derive(Default, Deserialize)]
struct InputDetails {
    cached_tokens: Option<u64>,
    cache_write_tokens: Option<u64>,
}

#[derive(Default, Deserialize)]
struct OutputDetails {
    reasoning_tokens: Option<u64>,
}

impl Counts {
    /// `apart`: the provider leaves reasoning out of its output tokens.
    fn read(self, apart: bool) -> TokenUsage {
        let input = self.input_tokens_details.unwrap_or_default();
        let reasoning = self.output_tokens_details.unwrap_or_default().reasoning_tokens.unwrap_or(0);
        let is_apart = apart && self.total_tokens == self.input_tokens + self.output_tokens + reasoning;
        TokenUsage {
            input: self.input_tokens,
            output: self.output_tokens + if is_apart { reasoning } else { 0 },
            cached_input: input.cached_tokens.unwrap_or(0),
            cache_write: input.cache_write_tokens.unwrap_or(0),
            reasoning,
            estimated: false,
        }
    }
}

/// What a response amounts to.
#[derive(Debug, Default)]
pub(super) struct Amount {
    pub(super) usage: Option<TokenUsage>,
    pub(super) finish: Option<Finish>,
    pub(super) answer: Answer,
}

/// Reads a response.
///
/// # Errors
/// It is none, or says that it has failed.
pub(super) fn read(response: &str, reasoning_apart: bool) -> Result<Amount, Fault> {
    let read: Response<'_> =
        serde_json::from_str(response).map_err(|_| Fault::nonsense("the provider's answer is no response"))?;
    if let Some(error) = read.error.filter(|error| error.get().starts_with('{')) {
        let error: Value = serde_json::from_str(error.get()).unwrap_or_default();
        return Err(Fault::inside(&json!({ "error": error })));
    }
    let status = read.status.as_ref().map_or("", |status| &*status.0);
    if matches!(status, "" | "failed" | "cancelled") {
        return Err(Fault::nonsense("the provider's answer is no response that came to its end"));
    }
    let reason = read.incomplete_details.and_then(|details| details.reason);
    let output = read.output.unwrap_or_default();
    let answer = answer(&output);
    let has_calls = output.iter().any(|item| item.is("function_call"));
    let finish = match (status, reason.as_deref()) {
        ("incomplete", Some("content_filter")) => Some(Finish::ContentFilter),
        ("incomplete", _) => Some(Finish::Length),
        ("completed", _) if has_calls => Some(Finish::ToolCalls),
        ("completed", _) => Some(Finish::Stop),
        _ => None,
    };
    let usage = read.usage.and_then(|usage| serde_json::from_str::<Counts>(usage.get()).ok());
    let usage = usage.map(|counts| counts.read(reasoning_apart));
    Ok(Amount { usage, finish, answer })
}

impl Item<'_> {
    fn is(&self, kind: &str) -> bool {
        self.kind.as_ref().is_some_and(|own| own.0 == kind)
    }
}

fn parts(list: Option<&RawValue>) -> Vec<Part<'_>> {
    list.and_then(|list| serde_json::from_str(list.get()).ok()).unwrap_or_default()
}

fn text(value: Option<&RawValue>) -> Text<'_> {
    value.and_then(|value| serde_json::from_str(value.get()).ok()).unwrap_or_default()
}

/// What was said, as a chat message.
fn answer(output: &[Item<'_>]) -> Answer {
    let (mut said, mut refusal, mut thought, mut calls) = (String::new(), String::new(), String::new(), Vec::new());
    for item in output {
        match item.kind.as_ref().map_or("", |kind| &*kind.0) {
            "message" => {
                for part in parts(item.content) {
                    said.push_str(&part.text.unwrap_or_default().0);
                    refusal.push_str(&part.refusal.unwrap_or_default().0);
                }
            }
            "reasoning" => {
                for part in parts(item.summary) {
                    thought.push_str(&part.text.unwrap_or_default().0);
                }
            }
            "function_call" => {
                let function = json!({"name": text(item.name).0, "arguments": text(item.arguments).0});
                calls.push(json!({"id": text(item.call_id).0, "type": "function", "function": function}));
            }
            _ => {}
        }
    }
    let content = (!said.is_empty() || calls.is_empty()).then_some(&said);
    let mut message = Map::from_iter([("role".to_owned(), json!("assistant")), ("content".to_owned(), json!(content))]);
    for (name, told) in [("reasoning_content", thought), ("refusal", refusal)] {
        if !told.is_empty() {
            message.insert(name.into(), told.into());
        }
    }
    if !calls.is_empty() {
        message.insert("tool_calls".into(), calls.into());
    }
    Answer { message: Value::Object(message).to_string(), text: said }
}

/// The items of a response, made here or elsewhere, by their ids.
pub(in crate::wire) fn output(response: &[u8]) -> Vec<(String, Value)> {
    #[derive(Deserialize)]
    struct Told {
        #[serde(default)]
        output: Vec<Value>,
    }
    let told: Option<Told> = serde_json::from_slice(response).ok();
    let items = told.into_iter().flat_map(|told| told.output);
    items.filter_map(|item| Some((item.get("id")?.as_str()?.to_owned(), item))).collect()
}

/// A whole answer, which goes to the client as it is. `prompt` is counted where the provider gives no counts.
///
/// # Errors
/// It is no response, or says that it has failed.
pub(in crate::wire) fn decode(target: &Target<'_>, prompt: &str, body: Bytes) -> Result<Decoded, Fault> {
    let text = std::str::from_utf8(&body).map_err(|_| Fault::nonsense("the provider's answer is not UTF-8"))?;
    let Amount { usage, finish, answer } = read(text, target.quirks.reasoning_apart)?;
    let usage = usage.or_else(|| finish.map(|_| counted(prompt, &answer.text)));
    Ok(Decoded { body, usage, finish, answer })
}

/// Our own count.
pub(super) fn counted(prompt: &str, said: &str) -> TokenUsage {
    TokenUsage { input: tokens::count(prompt), output: tokens::count(said), estimated: true, ..TokenUsage::default() }
}
