//! Several answers as one. Where a provider gives one answer a call, the call is made several times, and the
//! answers become the choices of one completion. Its usage is the sum: each call read the prompt anew.

use super::fault::Fault;
use super::openai::write_usage;
use crate::base::model::TokenUsage;
use bytes::{Bytes, BytesMut};
use serde_json::{Map, Value, json};

/// The tokens of all calls together.
#[must_use]
pub fn sum(usages: impl IntoIterator<Item = TokenUsage>) -> TokenUsage {
    usages.into_iter().fold(TokenUsage::default(), |sum, one| TokenUsage {
        input: sum.input + one.input,
        output: sum.output + one.output,
        cached_input: sum.cached_input + one.cached_input,
        cache_write: sum.cache_write + one.cache_write,
        reasoning: sum.reasoning + one.reasoning,
        estimated: sum.estimated || one.estimated,
    })
}

/// One completion with the first choice of each of these, in their order.
///
/// # Errors
/// One of them is no completion, or there is none.
pub fn merge_answers(bodies: &[Bytes], usage: &TokenUsage) -> Result<Bytes, Fault> {
    let nonsense = || Fault::nonsense("the provider's answer has no choices");
    let mut merged: Option<Map<String, Value>> = None;
    let mut choices = Vec::with_capacity(bodies.len());
    for (index, body) in bodies.iter().enumerate() {
        let mut answer: Map<String, Value> = serde_json::from_slice(body).map_err(|_| nonsense())?;
        let Some(Value::Array(given)) = answer.remove("choices") else { return Err(nonsense()) };
        let Some(Value::Object(mut choice)) = given.into_iter().next() else { return Err(nonsense()) };
        choice.insert("index".into(), json!(index));
        choices.push(Value::Object(choice));
        merged.get_or_insert(answer);
    }
    let mut merged = merged.ok_or_else(nonsense)?;
    merged.insert("choices".into(), Value::Array(choices));
    merged.insert("usage".into(), write_usage(usage));
    Ok(Bytes::from(Value::Object(merged).to_string()))
}

/// Streams of several calls on their way into one: each event becomes one of its choice, under one id.
#[derive(Debug)]
pub struct Chorus {
    include_usage: bool,
    /// Id, time and model of the first event.
    head: Option<[Value; 3]>,
}

impl Chorus {
    /// A stream of which nothing has come. `include_usage`: the client wants a chunk with the sum.
    #[must_use]
    pub fn new(include_usage: bool) -> Self {
        Self { include_usage, head: None }
    }

    /// Takes whole events of the call whose choice has this index; writes them for the client.
    ///
    /// # Errors
    /// What came is no stream of events.
    pub fn take(&mut self, index: usize, events: &[u8], out: &mut BytesMut) -> Result<(), Fault> {
        let nonsense = || Fault::nonsense("the provider sent an event that is not JSON");
        let text = std::str::from_utf8(events).map_err(|_| nonsense())?;
        for data in text.split("\n\n").filter_map(|event| event.strip_prefix("data: ")) {
            if data == "[DONE]" {
                continue;
            }
            let mut chunk: Map<String, Value> = serde_json::from_str(data).map_err(|_| nonsense())?;
            let Some(Value::Array(choices)) = chunk.get_mut("choices") else { continue };
            for choice in choices.iter_mut().filter_map(Value::as_object_mut) {
                choice.insert("index".into(), json!(index));
            }
            if choices.is_empty() {
                continue;
            }
            let own = ["id", "created", "model"].map(|name| chunk.get(name).cloned().unwrap_or_default());
            let [id, created, model] = self.head.get_or_insert(own);
            for (name, value) in [("id", id), ("created", created), ("model", model)] {
                chunk.insert(name.into(), value.clone());
            }
            chunk.remove("usage");
            if self.include_usage {
                chunk.insert("usage".into(), Value::Null);
            }
            write(out, &Value::Object(chunk));
        }
        Ok(())
    }

    /// All calls have ended: the sum, where it was asked for, and `[DONE]`.
    pub fn close(&self, usage: &TokenUsage, out: &mut BytesMut) {
        if self.include_usage {
            let [id, created, model] = self.head.clone().unwrap_or_default();
            write(
                out,
                &json!({"id": id, "object": "chat.completion.chunk", "created": created, "model": model,
                    "choices": [], "usage": write_usage(usage)}),
            );
        }
        out.extend_from_slice(b"data: [DONE]\n\n");
    }
}

fn write(out: &mut BytesMut, event: &Value) {
    out.extend_from_slice(b"data: ");
    out.extend_from_slice(event.to_string().as_bytes());
    out.extend_from_slice(b"\n\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(input: u64, output: u64) -> TokenUsage {
        TokenUsage { input, output, ..TokenUsage::default() }
    }

    fn answer(text: &str) -> Bytes {
        let body = json!({"id": format!("chatcmpl-{text}"), "object": "chat.completion", "model": "m",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 1}});
        Bytes::from(body.to_string())
    }

    #[test]
    fn answers_become_choices_of_one_completion() {
        let usages = [usage(3, 5), usage(3, 7)];
        let merged = merge_answers(&[answer("a"), answer("b")], &sum(usages)).unwrap();
        let merged: Value = serde_json::from_slice(&merged).unwrap();
        assert_eq!(merged["id"], "chatcmpl-a");
        let said: Vec<_> =
            merged["choices"].as_array().unwrap().iter().map(|choice| &choice["message"]["content"]).collect();
        assert_eq!(said, ["a", "b"]);
        assert_eq!(merged["choices"][1]["index"], 1);
        assert_eq!((&merged["usage"]["prompt_tokens"], &merged["usage"]["total_tokens"]), (&json!(6), &json!(18)));
        assert!(merge_answers(&[answer("a"), Bytes::from_static(b"{}")], &usage(0, 0)).is_err());
        assert!(merge_answers(&[], &usage(0, 0)).is_err());
    }

    #[test]
    fn streams_become_one_with_an_index_on_each_event() {
        let event = |id: &str, text: &str| {
            format!(
                "data: {}\n\n",
                json!({"id": id, "created": 7, "model": "m", "choices": [{"index": 0, "delta": {"content": text}}]})
            )
        };
        let mut chorus = Chorus::new(true);
        let mut out = BytesMut::new();
        chorus.take(1, event("x", "b").as_bytes(), &mut out).unwrap();
        chorus.take(0, (event("y", "a") + &event("y", "c") + "data: [DONE]\n\n").as_bytes(), &mut out).unwrap();
        chorus.take(1, b"data: [DONE]\n\n", &mut out).unwrap();
        chorus.close(&usage(2, 3), &mut out);
        let text = String::from_utf8(out.to_vec()).unwrap();
        let events: Vec<&str> = text.split("\n\n").filter_map(|event| event.strip_prefix("data: ")).collect();
        assert_eq!(events.len(), 5);
        assert_eq!(events[4], "[DONE]");
        let events: Vec<Value> = events[..4].iter().map(|event| serde_json::from_str(event).unwrap()).collect();
        let places: Vec<_> = events[..3].iter().map(|event| event["choices"][0]["index"].as_u64().unwrap()).collect();
        assert_eq!(places, [1, 0, 0]);
        assert!(events.iter().all(|event| event["id"] == "x"), "one id");
        assert_eq!(events[3]["usage"]["total_tokens"], 5);
        assert!(events[0]["usage"].is_null() && events[0].get("usage").is_some());
    }
}
