//! Answers and streams: whole, and cut at every byte.

use super::*;
use crate::base::model::TokenUsage;
use crate::base::{Code, Retry, Side, Timestamp};
use crate::wire::event_stream::tests::message;
use crate::wire::{AnswerContext, Decoded, Fault, Finish, Inbound, StreamDecoder, StreamSummary, decode_chat};
use bytes::BytesMut;
use http::{HeaderMap, HeaderValue};

const CONTEXT: AnswerContext<'static> =
    AnswerContext { id: "chatcmpl-1", created: 1_768_480_496, model: CLAUDE, include_usage: true };

fn target() -> Target<'static> {
    Target {
        quirks: quirks("bedrock"),
        dialect: Dialect::Bedrock,
        model: CLAUDE,
        info: None,
        refuse_unsupported: false,
        anthropic_version: "2023-06-01",
    }
}

fn decoded(body: &Value) -> Result<Decoded, Fault> {
    let request = ChatRequest::parse(Bytes::from(asking(json!({})).to_string())).unwrap();
    decode_chat(&request, &target(), &CONTEXT, Bytes::from(body.to_string()))
}

fn answer(content: &Value, reason: &str) -> Value {
    json!({"output": {"message": {"role": "assistant", "content": content}}, "stopReason": reason,
        "usage": {"inputTokens": 30, "outputTokens": 12, "totalTokens": 42, "cacheReadInputTokens": 5,
            "cacheWriteInputTokens": 7, "cacheDetails": []}, "metrics": {"latencyMs": 731}})
}

#[test]
fn a_whole_answer() {
    let content = json!([
        {"reasoningContent": {"reasoningText": {"text": "Need it.", "signature": "EqQB"}}},
        {"reasoningContent": {"redactedContent": "c2VjcmV0"}},
        {"text": "So: "},
        {"citationsContent": {"content": [{"text": "é"}], "citations": []}},
        {"toolUse": {"toolUseId": "tooluse_A", "name": "fl__n_get_2eweather", "input": {"city": "Oslo"}}},
        {"toolUse": {"toolUseId": "tooluse_B", "name": "now", "input": {}}},
        {"image": {"format": "png", "source": {"bytes": "AAAA"}}}
    ]);
    let decoded = decoded(&answer(&content, "tool_use")).unwrap();
    let body: Value = serde_json::from_slice(&decoded.body).unwrap();
    assert_eq!((&body["model"], &body["id"]), (&json!(CLAUDE), &json!("chatcmpl-1")));
    let message = &body["choices"][0]["message"];
    assert_eq!((&message["content"], &message["reasoning_content"]), (&json!("So: é"), &json!("Need it.")));
    assert_eq!(
        message["thinking_blocks"],
        json!([{"type": "thinking", "thinking": "Need it.", "signature": "EqQB"},
            {"type": "redacted_thinking", "data": "c2VjcmV0"}])
    );
    assert_eq!(
        message["tool_calls"][0],
        json!({"id": "tooluse_A", "type": "function",
            "function": {"name": "get.weather", "arguments": "{\"city\":\"Oslo\"}"}})
    );
    assert_eq!(message["tool_calls"][1]["function"]["arguments"], "{}");
    assert_eq!(body["choices"][0]["finish_reason"], "tool_calls");
    let usage = decoded.usage.unwrap();
    assert_eq!((usage.input, usage.output, usage.cached_input, usage.cache_write), (42, 12, 5, 7));
    assert_eq!(body["usage"]["total_tokens"], 54);
}

#[test]
fn ends_and_what_is_no_answer() {
    let text = json!([{"text": "x"}]);
    for (reason, finish) in [
        ("end_turn", Finish::Stop),
        ("stop_sequence", Finish::Stop),
        ("max_tokens", Finish::Length),
        ("model_context_window_exceeded", Finish::Length),
        ("guardrail_intervened", Finish::ContentFilter),
        ("content_filtered", Finish::ContentFilter),
        ("malformed_tool_use", Finish::Stop),
        ("one_of_tomorrow", Finish::Stop),
    ] {
        assert_eq!(decoded(&answer(&text, reason)).unwrap().finish, Some(finish), "{reason}");
    }
    let json_tool = json!([{"toolUse": {"toolUseId": "t", "name": "fl__json_response", "input": {"n": 1}}}]);
    let held = decoded(&answer(&json_tool, "tool_use")).unwrap();
    assert_eq!((held.finish, held.answer.text.as_str()), (Some(Finish::Stop), "{\"n\":1}"));
    for broken in
        [answer(&json!([]), "malformed_model_output"), json!({}), json!([]), json!({"message": "no"}), json!(1)]
    {
        assert_eq!(decoded(&broken).unwrap_err().side, Side::Upstream, "{broken}");
    }
    let mut uncounted = answer(&text, "end_turn");
    uncounted.as_object_mut().unwrap().remove("usage");
    assert!(decoded(&uncounted).unwrap().usage.is_some_and(|usage| usage.estimated && usage.output == 1));
}

fn frame(kind: &str, name: &str, payload: &Value) -> Vec<u8> {
    let mut headers = Vec::new();
    let kind_header = format!(":{kind}-type");
    for (header, value) in [(&*kind_header, name), (":content-type", "application/json"), (":message-type", kind)] {
        headers.push(u8::try_from(header.len()).unwrap());
        headers.extend_from_slice(header.as_bytes());
        headers.push(7);
        headers.extend_from_slice(&u16::try_from(value.len()).unwrap().to_be_bytes());
        headers.extend_from_slice(value.as_bytes());
    }
    message(&headers, payload.to_string().as_bytes())
}

fn event(name: &str, payload: &Value) -> Vec<u8> {
    frame("event", name, payload)
}

fn delta(index: u64, delta: &Value) -> Vec<u8> {
    event("contentBlockDelta", &json!({"contentBlockIndex": index, "delta": delta, "p": "abcd"}))
}

fn stop(index: u64) -> Vec<u8> {
    event("contentBlockStop", &json!({"contentBlockIndex": index}))
}

fn end(reason: &str) -> Vec<u8> {
    event("messageStop", &json!({"stopReason": reason}))
}

fn metadata() -> Vec<u8> {
    event(
        "metadata",
        &json!({"usage": {"inputTokens": 30, "outputTokens": 12, "totalTokens": 42,
        "cacheReadInputTokens": 5}, "metrics": {"latencyMs": 1}}),
    )
}

fn call_start(index: u64, id: &str, name: &str) -> Vec<u8> {
    let start = json!({"toolUse": {"toolUseId": id, "name": name}});
    event("contentBlockStart", &json!({"contentBlockIndex": index, "start": start}))
}

fn played<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Result<(), Fault>, String, StreamSummary) {
    let mut decoder = StreamDecoder::new(&target(), CONTEXT, Bytes::from_static(b"hi"), &Inbound::Chat);
    let mut out = BytesMut::new();
    let fed = pieces.into_iter().try_for_each(|piece| decoder.feed(piece, &mut out));
    let ended = fed.and_then(|()| decoder.end(&mut out));
    assert_eq!(decoder.finished(), ended.is_ok());
    (ended, String::from_utf8(out.to_vec()).unwrap(), decoder.summary())
}

fn whole_stream() -> Vec<u8> {
    [
        event("messageStart", &json!({"role": "assistant"})),
        delta(0, &json!({"reasoningContent": {"text": "Need "}})),
        delta(0, &json!({"reasoningContent": {"text": "it."}})),
        delta(0, &json!({"reasoningContent": {"signature": "EqQB"}})),
        stop(0),
        delta(1, &json!({"reasoningContent": {"redactedContent": "c2VjcmV0"}})),
        stop(1),
        delta(2, &json!({"text": "Gr"})),
        delta(2, &json!({"text": "üße 🌧"})),
        stop(2),
        event("somethingNew", &json!({"x": 1})),
        call_start(3, "tooluse_A", "fl__n_get_2eweather"),
        delta(3, &json!({"toolUse": {"input": "{\"city\":"}})),
        delta(3, &json!({"toolUse": {"input": "\"Oslo\"}"}})),
        stop(3),
        call_start(4, "tooluse_B", "now"),
        stop(4),
        end("tool_use"),
        metadata(),
    ]
    .concat()
}

#[test]
fn every_cut_of_a_stream_gives_the_same_chunks() {
    let bytes = whole_stream();
    let (ended, whole, summary) = played([&*bytes]);
    ended.unwrap();
    assert_eq!(summary.finish, Some(Finish::ToolCalls));
    let usage = TokenUsage { input: 35, output: 12, cached_input: 5, ..TokenUsage::default() };
    assert_eq!(summary.usage, Some(usage));
    let chunks: Vec<&str> = whole.split("\n\n").filter_map(|event| event.strip_prefix("data: ")).collect();
    assert_eq!(chunks.last(), Some(&"[DONE]"));
    let chunks: Vec<Value> = chunks.iter().filter_map(|chunk| serde_json::from_str(chunk).ok()).collect();
    let deltas: Vec<&Value> = chunks.iter().map(|chunk| &chunk["choices"][0]["delta"]).collect();
    assert_eq!(deltas[0], &json!({"role": "assistant", "content": ""}));
    assert_eq!((deltas[1], deltas[2]), (&json!({"reasoning_content": "Need "}), &json!({"reasoning_content": "it."})));
    assert_eq!(deltas[3]["thinking_blocks"][0]["signature"], "EqQB");
    assert_eq!(deltas[4]["thinking_blocks"][0]["data"], "c2VjcmV0");
    assert_eq!((deltas[5], deltas[6]), (&json!({"content": "Gr"}), &json!({"content": "üße 🌧"})));
    assert_eq!(deltas[7]["tool_calls"][0]["function"]["name"], "get.weather");
    assert_eq!(deltas[8]["tool_calls"][0]["function"]["arguments"], "{\"city\":");
    assert_eq!(deltas[10]["tool_calls"][0]["id"], "tooluse_B");
    assert_eq!(deltas[11]["tool_calls"][0]["function"]["arguments"], "{}");
    assert_eq!(chunks[12]["choices"][0]["finish_reason"], "tool_calls");
    assert_eq!((&chunks[13]["choices"], &chunks[13]["usage"]["prompt_tokens"]), (&json!([]), &json!(35)));
    let message: Value = serde_json::from_str(&summary.answer.message).unwrap();
    assert_eq!((&message["content"], message["thinking_blocks"].as_array().unwrap().len()), (&json!("Grüße 🌧"), 2));
    for cut in 0..=bytes.len() {
        let (head, tail) = bytes.split_at(cut);
        let (ended, out, _) = played([head, tail]);
        assert!(ended.is_ok() && out == whole, "cut at {cut}");
    }
    assert_eq!(played(bytes.chunks(1)).1, whole);
}

#[test]
fn a_stream_that_breaks_off_says_so_wherever_it_does() {
    let bytes = whole_stream();
    let without_counts = bytes.len() - metadata().len();
    for length in 0..bytes.len() {
        let (ended, out, _) = played([&bytes[..length]]);
        if length == without_counts {
            assert!(ended.is_ok() && out.contains("[DONE]"), "why it ended is known, only its counts are not");
        } else {
            assert!(ended.is_err() && !out.contains("[DONE]"), "{length}");
        }
    }
    let (_, _, summary) = played([&bytes[..without_counts]]);
    assert!(summary.usage.is_some_and(|usage| usage.estimated && usage.output > 0));
}

#[test]
fn exceptions_and_damage_in_a_stream() {
    let begun = [event("messageStart", &json!({"role": "assistant"})), delta(0, &json!({"text": "Hi"}))].concat();
    for (name, status, code, retry) in [
        ("throttlingException", 429, Code::ProviderRateLimited, Retry::SameTarget),
        ("internalServerException", 500, Code::ProviderError, Retry::SameTarget),
        ("modelStreamErrorException", 424, Code::ProviderError, Retry::SameTarget),
        ("serviceUnavailableException", 503, Code::ProviderError, Retry::SameTarget),
        ("validationException", 400, Code::InvalidRequest, Retry::Never),
        ("oneOfTomorrow", 500, Code::ProviderError, Retry::SameTarget),
    ] {
        let bytes = [&*begun, &frame("exception", name, &json!({"message": "why"}))].concat();
        let (ended, out, _) = played([&*bytes]);
        let fault = ended.unwrap_err();
        assert_eq!((fault.status, fault.code, fault.retry), (Some(status), code, retry), "{name}");
        assert_eq!(fault.upstream_code.as_deref(), Some(name));
        assert!(out.contains("Hi"));
    }
    let too_long =
        frame("exception", "validationException", &json!({"message": "Input is too long for requested model."}));
    assert_eq!(played([&*too_long]).0.unwrap_err().code, Code::ContextLengthExceeded);
    let whole = whole_stream();
    let mut damaged = whole.clone();
    let at = damaged.len() / 2;
    damaged[at] ^= 1;
    let fault = played([&*damaged]).0.unwrap_err();
    assert_eq!((fault.side, fault.code), (Side::Upstream, Code::ProviderError));
    for nonsense in [event("contentBlockDelta", &json!([1])), event("messageStop", &json!("x"))] {
        assert!(played([&*nonsense]).0.is_err());
    }
    let empty = [event("messageStart", &json!({})), end("malformed_tool_use")].concat();
    assert!(played([&*empty]).0.is_err());
    let blocked = [event("messageStart", &json!({})), end("content_filtered"), metadata()].concat();
    assert_eq!(played([&*blocked]).2.finish, Some(Finish::ContentFilter));
}

#[test]
fn errors_are_read_by_their_names() {
    let read = |status: u16, name: &'static str, body: &str| {
        let mut headers = HeaderMap::new();
        headers.insert("x-amzn-errortype", HeaderValue::from_static(name));
        Fault::from_response(quirks("bedrock"), status, &headers, body.as_bytes(), Timestamp(0))
    };
    for (status, name, message, side, retry, code) in [
        (403, "AccessDeniedException", "no", Side::Operator, Retry::OtherTarget, Code::ProviderError),
        (400, "ExpiredTokenException", "old", Side::Operator, Retry::OtherTarget, Code::ProviderError),
        (400, "ServiceQuotaExceededException", "x", Side::Operator, Retry::OtherTarget, Code::ProviderError),
        (404, "ResourceNotFoundException", "x", Side::Client, Retry::OtherTarget, Code::ModelNotFound),
        (408, "ModelTimeoutException", "x", Side::Upstream, Retry::SameTarget, Code::ProviderError),
        (424, "ModelErrorException", "x", Side::Upstream, Retry::SameTarget, Code::ProviderError),
        (
            429,
            "ThrottlingException:http://internal/",
            "x",
            Side::Upstream,
            Retry::SameTarget,
            Code::ProviderRateLimited,
        ),
        (
            400,
            "ValidationException",
            "Invocation of model ID x with on-demand throughput isn’t supported.",
            Side::Client,
            Retry::OtherTarget,
            Code::ModelNotFound,
        ),
        (
            400,
            "ValidationException",
            "The text field in the ContentBlock object is blank.",
            Side::Client,
            Retry::Never,
            Code::InvalidRequest,
        ),
        (
            400,
            "ValidationException",
            "Input is too long for requested model.",
            Side::Client,
            Retry::OtherTarget,
            Code::ContextLengthExceeded,
        ),
    ] {
        for key in ["message", "Message"] {
            let fault = read(status, name, &json!({key: message}).to_string());
            assert_eq!((fault.side, fault.retry, fault.code), (side, retry, code), "{status} {name}");
            assert_eq!(fault.upstream_code.as_deref(), name.split(':').next());
        }
    }
    assert_eq!(read(400, "ValidationException", "<html>").side, Side::Client);
}
