//! A whole answer: passed on untouched where it is good, repaired where it is not.

use super::{citations, repair, usage};
use crate::base::model::TokenUsage;
use crate::wire::chat::ChatRequest;
use crate::wire::conversation::read::Text;
use crate::wire::fault::Fault;
use crate::wire::quirks::Quirks;
use crate::wire::target::{Answer, AnswerContext, Decoded, Finish, Target};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

#[derive(Deserialize)]
struct Completion<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    object: Option<Text<'a>>,
    created: Option<i64>,
    #[serde(borrow)]
    model: Option<Text<'a>>,
    #[serde(borrow)]
    choices: Option<Vec<Choice<'a>>>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    index: Option<u32>,
    #[serde(borrow)]
    finish_reason: Option<Text<'a>>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    content: Option<Text<'a>>,
    #[serde(borrow)]
    tool_calls: Option<&'a RawValue>,
}

/// The answer in OpenAI's own form.
pub(crate) fn decode(
    request: &ChatRequest,
    target: &Target<'_>,
    context: &AnswerContext<'_>,
    body: Bytes,
) -> Result<Decoded, Fault> {
    read(request.messages_json(), target.quirks, context, body)
}

/// The same, with the text of the messages, which is counted where the provider does not say.
pub(super) fn read(prompt: &str, quirks: &Quirks, context: &AnswerContext<'_>, body: Bytes) -> Result<Decoded, Fault> {
    let text = std::str::from_utf8(&body).map_err(|_| Fault::nonsense("the provider's answer is not UTF-8"))?;
    if quirks.clean
        && let Some(decoded) = untouched(text, quirks, &body)
    {
        return Ok(decoded);
    }
    let value: Value = serde_json::from_str(text).map_err(|_| Fault::nonsense("the provider's answer is not JSON"))?;
    let Value::Object(answer) = value else {
        return Err(Fault::nonsense("the provider's answer is not an object"));
    };
    if let Some(fault) = repair::error_of(&answer) {
        return Err(fault);
    }
    repaired(answer, prompt, quirks, context)
}

/// The answer as it came, where nothing is wrong with it.
fn untouched(text: &str, quirks: &Quirks, body: &Bytes) -> Option<Decoded> {
    let completion: Completion<'_> = serde_json::from_str(text).ok()?;
    let named = completion.id.is_some() && completion.created.is_some() && completion.model.is_some();
    if !named || completion.object?.0 != "chat.completion" {
        return None;
    }
    let choices = completion.choices?;
    let first = choices.first()?;
    let known = |choice: &Choice<'_>| {
        let word = choice.finish_reason.as_ref().map(|word| &*word.0);
        choice.index.is_some()
            && choice.message.is_some()
            && matches!(word, Some("stop" | "length" | "tool_calls" | "content_filter" | "function_call"))
    };
    if !choices.iter().all(known) {
        return None;
    }
    let raw = first.message?.get();
    let message: Message<'_> = serde_json::from_str(raw).ok()?;
    if message.tool_calls.is_some_and(|calls| calls.get() == "[]") || !raw.contains("\"content\"") {
        return None;
    }
    let usage = usage::read(completion.usage?.get(), quirks.reasoning_apart)?;
    let finish = repair::finish(first.finish_reason.as_ref().map(|word| &*word.0), message.tool_calls.is_some());
    let text = message.content.map(|content| content.0.into_owned()).unwrap_or_default();
    Some(Decoded { body: body.clone(), usage: Some(usage), finish, answer: Answer { message: raw.to_owned(), text } })
}

fn repaired(
    mut answer: Map<String, Value>,
    prompt: &str,
    quirks: &Quirks,
    context: &AnswerContext<'_>,
) -> Result<Decoded, Fault> {
    let sources = citations::sources(&answer).unwrap_or_default();
    let Some(Value::Array(choices)) = answer.get_mut("choices") else {
        return Err(Fault::nonsense("the provider's answer has no choices"));
    };
    let mut first: Option<(Option<Finish>, Answer)> = None;
    for (index, choice) in choices.iter_mut().enumerate() {
        let Some(choice) = choice.as_object_mut() else {
            return Err(Fault::nonsense("the provider's answer has a choice that is no object"));
        };
        let Some(Value::Object(message)) = choice.get_mut("message") else {
            return Err(Fault::nonsense("the provider's answer has a choice without a message"));
        };
        repair::message(message, quirks, &sources);
        let calls = message.contains_key("tool_calls");
        let text = message.get("content").and_then(Value::as_str).unwrap_or_default().to_owned();
        let said = Answer { message: Value::Object(message.clone()).to_string(), text };
        let word = choice.get("finish_reason").and_then(Value::as_str).unwrap_or("stop").to_owned();
        if let Some(fault) = repair::failure(&word, calls || !said.text.is_empty()) {
            return Err(fault);
        }
        let finish = repair::finish(Some(&word), calls);
        choice.insert("finish_reason".into(), json!(finish.map(Finish::as_str)));
        choice.insert("index".into(), json!(index));
        choice.entry("logprobs").or_insert(Value::Null);
        first.get_or_insert((finish, said));
    }
    let Some((finish, said)) = first else {
        return Err(Fault::nonsense("the provider's answer has no choices"));
    };
    let given = answer.get("usage").or_else(|| answer.get("x_groq").and_then(|groq| groq.get("usage")));
    let usage: TokenUsage = given
        .and_then(|given| usage::read(&given.to_string(), quirks.reasoning_apart))
        .unwrap_or_else(|| usage::counted(prompt, &said.text));
    answer.insert("usage".into(), usage::write(&usage));
    answer.insert("object".into(), json!("chat.completion"));
    for (name, fallback) in
        [("id", json!(context.id)), ("created", json!(context.created)), ("model", json!(context.model))]
    {
        if answer.get(name).is_none_or(Value::is_null) {
            answer.insert(name.into(), fallback);
        }
    }
    Ok(Decoded { body: Bytes::from(Value::Object(answer).to_string()), usage: Some(usage), finish, answer: said })
}
