//! What comes back from providers that speak nearly OpenAI's dialect, and what clients see of it.

use super::*;
use crate::base::{Code, Side};

fn events(chunks: &[Value]) -> String {
    chunks.iter().map(|chunk| format!("data: {chunk}\n\n")).collect()
}

fn choice(delta: Value, finish: Value) -> Value {
    json!({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})
}

/// The chunks that a client sees, wherever the stream is cut, and how it ended.
fn seen(kind: &str, text: &str) -> (Vec<Value>, Result<(), String>, StreamDecoder) {
    let whole = play(kind, true, &[text.as_bytes()]);
    for cut in 0..=text.len() {
        let (head, tail) = text.as_bytes().split_at(cut);
        assert_eq!(play(kind, true, &[head, tail]).0, whole.0, "{kind} cut at {cut}");
    }
    let chunks = whole.0.split("\n\n").filter_map(|event| event.strip_prefix("data: {"));
    let chunks = chunks.map(|chunk| serde_json::from_str(&format!("{{{chunk}")).unwrap()).collect();
    (chunks, whole.1, whole.2)
}

fn deltas(chunks: &[Value], member: &str) -> String {
    chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"][member].as_str()).collect()
}

fn whole(kind: &str, answer: &Value) -> Result<Value, crate::wire::Fault> {
    let decoded = decode_chat(&request(&json!({})), &target(kind, "m"), &CONTEXT, Bytes::from(answer.to_string()))?;
    Ok(serde_json::from_slice(&decoded.body).unwrap())
}

#[test]
fn thoughts_between_tags_are_set_apart() {
    let text = events(&[
        choice(json!({"role": "assistant", "content": "<thi"}), Value::Null),
        choice(json!({"content": "nk>Hm é"}), Value::Null),
        choice(json!({"content": ".</think>\n\nOs"}), Value::Null),
        choice(json!({"content": "lo"}), Value::Null),
        choice(json!({}), json!("stop")),
    ]);
    let (chunks, ended, decoder) = seen("perplexity", &text);
    assert_eq!(ended, Ok(()));
    assert_eq!((deltas(&chunks, "reasoning_content"), deltas(&chunks, "content")), ("Hm é.".into(), "Oslo".into()));
    assert_eq!(decoder.summary().answer.text, "Oslo");
    let message = json!({"role": "assistant", "content": "<think>Hm.</think>\n\nOslo"});
    let answer = json!({"choices": [{"message": message, "finish_reason": "stop"}]});
    let said = whole("nebius", &answer).unwrap()["choices"][0]["message"].clone();
    assert_eq!((&said["content"], &said["reasoning_content"]), (&json!("Oslo"), &json!("Hm.")));
    let kept = whole("openai-chat", &answer).unwrap()["choices"][0]["message"]["content"].clone();
    assert_eq!(kept, message["content"], "who speaks OpenAI's own dialect is taken at its word");
    let unfinished = events(&[choice(json!({"content": "<"}), Value::Null), choice(json!({}), json!("length"))]);
    assert_eq!(deltas(&seen("perplexity", &unfinished).0, "content"), "<", "nothing that was held is lost");
}

#[test]
fn sources_become_annotations() {
    let sources = json!([{"title": "A", "url": "https://a", "date": null}]);
    let mut chunk = choice(json!({"content": "Größe [1]."}), Value::Null);
    chunk["search_results"] = sources.clone();
    chunk["usage"] = json!({"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4});
    chunk["choices"][0]["message"] = json!({"role": "assistant", "content": "Größe [1]."});
    let mut last = choice(json!({"content": ""}), json!("stop"));
    last["usage"] = json!({"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8});
    let (chunks, ended, decoder) = seen("perplexity", &events(&[chunk, last]));
    assert_eq!(ended, Ok(()), "no [DONE] is needed");
    let annotation = json!({"type": "url_citation",
        "url_citation": {"start_index": 6, "end_index": 9, "url": "https://a", "title": "A"}});
    assert_eq!(chunks[1]["choices"][0]["delta"]["annotations"], json!([annotation]));
    assert!(chunks.iter().all(|chunk| chunk["choices"][0].get("message").is_none()), "the text is said once");
    assert_eq!(decoder.summary().usage.unwrap().output, 5, "usage is cumulative: the last one counts");
    let message = json!({"role": "assistant", "content": "Größe [1]."});
    let answer = json!({"citations": ["https://a"], "search_results": sources,
        "choices": [{"message": message, "finish_reason": "stop"}]});
    let answer = whole("perplexity", &answer).unwrap();
    assert_eq!(answer["choices"][0]["message"]["annotations"], json!([annotation]));
    assert_eq!(answer["citations"], json!(["https://a"]), "what the provider adds stays");
}

#[test]
fn calls_come_in_many_forms() {
    let call = |id: &str, name: &str, arguments: Value| json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}});
    let text = events(&[
        choice(json!({"tool_calls": [call("a", "f", json!({"x": 1}))]}), Value::Null),
        choice(json!({"tool_calls": [call("b", "g", Value::Null)]}), Value::Null),
        choice(json!({"tool_calls": [{"function": {"arguments": ""}}]}), Value::Null),
        choice(json!({}), json!("")),
    ]);
    let (chunks, ended, decoder) = seen("nebius", &text);
    assert_eq!(ended, Ok(()));
    let calls: Vec<&Value> = chunks
        .iter()
        .flat_map(|chunk| chunk["choices"][0]["delta"]["tool_calls"].as_array().into_iter().flatten())
        .collect();
    assert_eq!(calls[0]["function"], json!({"name": "f", "arguments": "{\"x\":1}"}));
    assert_eq!((&calls[1]["index"], &calls[1]["id"]), (&json!(1), &json!("b")), "a new id is a new call");
    assert_eq!(calls[3], &json!({"index": 1, "function": {"arguments": "{}"}}), "no arguments are an empty object");
    let summary = decoder.summary();
    assert_eq!(summary.finish, Some(Finish::ToolCalls));
    let message: Value = serde_json::from_str(&summary.answer.message).unwrap();
    assert_eq!(message["tool_calls"][1]["function"]["arguments"], "{}");
    let two = json!({"choices": [
        {"index": 0, "delta": {"tool_calls": [call("a", "f", json!("{}"))]}, "finish_reason": "stop"},
        {"index": 1, "delta": {"tool_calls": [call("b", "f", json!("{}"))]}, "finish_reason": "stop"}]});
    let (chunks, _, _) = seen("nebius", &events(&[two]));
    assert_eq!(chunks[1]["choices"][0]["delta"]["tool_calls"][0]["id"], "b", "choices do not share calls");
}

#[test]
fn ends_that_are_failures() {
    let said = choice(json!({"content": "Os"}), Value::Null);
    let busy = choice(json!({}), json!("insufficient_system_resource"));
    let error = choice(json!({}), json!("error"));
    for (kind, chunks, good) in [
        ("deepseek", vec![said.clone(), busy.clone()], false),
        ("mistral", vec![error.clone()], false),
        ("mistral", vec![said.clone(), error.clone()], true),
        ("groq", vec![said.clone(), json!({"x_groq": {"error": "over capacity"}})], false),
        ("cerebras", vec![said.clone(), json!({"error": {"message": "x"}, "status_code": 429})], false),
    ] {
        assert_eq!(seen(kind, &events(&chunks)).1.is_ok(), good, "{kind} {chunks:?}");
    }
    let answer = |word: &str, text: &str| json!({"choices": [{"message": {"content": text}, "finish_reason": word}]});
    let fault = whole("deepseek", &answer("insufficient_system_resource", "x")).unwrap_err();
    assert_eq!((fault.status, fault.side), (Some(503), Side::Upstream));
    assert!(whole("mistral", &answer("error", "")).is_err() && whole("mistral", &answer("error", "x")).is_ok());
}

#[test]
fn a_stream_that_says_it_is_over_but_not_why_has_ended() {
    let said = events(&[choice(json!({"content": "Os"}), Value::Null)]);
    let usage = json!({"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2, "time_to_first_token": 0.5, "is_last_response": true}});
    let (chunks, ended, decoder) = seen("sambanova", &format!("{said}{}data: [DONE]\n\n", events(&[usage])));
    assert_eq!((ended, decoder.summary().finish), (Ok(()), Some(Finish::Stop)));
    assert_eq!(chunks[1]["choices"][0]["finish_reason"], "stop");
    assert_eq!(chunks[2]["usage"]["completion_tokens"], 2);
    assert!(seen("sambanova", "data: [DONE]\n\n").1.is_err(), "nothing is no answer");
    assert!(seen("sambanova", &said).1.is_err(), "whoever just closes has broken off");
}

#[test]
fn a_whole_answer_to_a_stream_is_streamed() {
    let call = json!({"id": "a", "type": "function", "function": {"name": "f", "arguments": "{\"x\":1}"}});
    let answer = json!({"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": [
        {"index": 0, "finish_reason": "tool_calls", "message": {"role": "assistant", "content": "{\"é\":1}", "reasoning": "hm", "tool_calls": [call]}}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}});
    let (chunks, ended, decoder) = seen("groq", &format!("\n {answer}"));
    assert_eq!(ended, Ok(()));
    assert_eq!((deltas(&chunks, "content"), deltas(&chunks, "reasoning_content")), ("{\"é\":1}".into(), "hm".into()));
    assert_eq!(chunks[0]["choices"][0]["delta"]["role"], "assistant");
    assert_eq!(chunks[0]["choices"][0]["delta"]["tool_calls"][0]["index"], 0);
    assert_eq!(chunks[1]["choices"][0]["finish_reason"], "tool_calls");
    assert_eq!(chunks[2]["usage"]["total_tokens"], 5);
    assert_eq!(decoder.summary().usage.unwrap().input, 3);
    assert!(decoder.finished());
    let (_, ended, _) = seen("groq", &json!({"error": {"message": "x"}}).to_string());
    assert!(ended.is_err(), "an error is no answer");
    assert!(seen("groq", "{\"cut").1.is_err());
}

#[test]
fn failures_of_particular_providers() {
    let fault = |kind: &str, status: u16, body: &str| {
        let headers = http::HeaderMap::new();
        let fault = crate::wire::Fault::from_response(
            quirks(kind),
            status,
            &headers,
            body.as_bytes(),
            crate::base::Timestamp(0),
        );
        (fault.side, fault.code)
    };
    let policy = r#"{"code":"The caller does not have permission","error":"Content violates usage guidelines. Failed check: X"}"#;
    assert_eq!(fault("xai", 403, policy), (Side::Client, Code::InvalidRequest));
    assert_eq!(fault("xai", 403, "{}"), (Side::Operator, Code::ProviderError));
    let large = r#"{"error":{"message":"Request too large","code":"rate_limit_exceeded"}}"#;
    assert_eq!(fault("groq", 413, large), (Side::Upstream, Code::ProviderRateLimited));
    assert_eq!(fault("groq", 498, "{}"), (Side::Upstream, Code::ProviderError));
    assert_eq!(fault("sambanova", 410, "{}"), (Side::Client, Code::ModelNotFound));
    assert_eq!(
        fault("novita", 403, r#"{"code":403,"reason":"NOT_ENOUGH_BALANCE","message":"x"}"#),
        (Side::Operator, Code::ProviderError)
    );
    assert_eq!(fault("perplexity", 401, "<html>401</html>"), (Side::Operator, Code::ProviderError));
}
