//! Recorded answers and streams: whole, and cut at every byte. `UPDATE_GOLDEN=1` rewrites what is expected.

use super::*;
use crate::base::Code;
use crate::wire::{AnswerContext, Decoded, Fault, Finish};
use bytes::{Bytes, BytesMut};
use proptest::prelude::*;
use std::path::PathBuf;

const CONTEXT: AnswerContext<'static> =
    AnswerContext { id: "chatcmpl-1", created: 1_768_480_496, model: "claude-x", include_usage: true };

fn decoded(body: &[u8]) -> Result<Decoded, Fault> {
    let request = ChatRequest::parse(Bytes::from(asking(json!({})).to_string())).unwrap();
    decode(&request, &CONTEXT, body)
}

fn fixtures(extension: &str) -> Vec<PathBuf> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/anthropic");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|own| own == extension));
    paths.sort();
    assert!(paths.len() > 7, "fixtures are missing in {folder}");
    paths
}

/// Compares with `<fixture>.expected`.
fn golden(fixture: &std::path::Path, text: &str) {
    let path = PathBuf::from(format!("{}.expected", fixture.display()));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, expected, "{}: if this is meant, run with UPDATE_GOLDEN=1", path.display());
}

/// What a client receives, and how it ended.
fn played<'a>(pieces: impl Iterator<Item = &'a [u8]>, context: &AnswerContext<'_>) -> (String, Stream, Option<Fault>) {
    let mut stream = Stream::new(context, Bytes::from_static(b"[]"));
    let mut out = BytesMut::new();
    let fed = pieces.into_iter().try_for_each(|piece| stream.feed(piece, &mut out));
    let fault = fed.and_then(|()| stream.end(&mut out)).err();
    (String::from_utf8(out.to_vec()).unwrap(), stream, fault)
}

fn described((text, stream, fault): &(String, Stream, Option<Fault>)) -> String {
    let summary = stream.summary();
    let mut described = text.clone();
    if let Some(fault) = fault {
        described += &format!("! {} {:?} {:?} {}\n", fault.code.as_str(), fault.side, fault.retry, fault.message);
    }
    described += &format!(
        "finish {:?} usage {:?}\n{}\n{:?}\n",
        summary.finish, summary.usage, summary.answer.message, summary.answer.text
    );
    described
}

#[test]
fn every_stream_gives_the_expected_chunks_wherever_it_is_cut() {
    for path in fixtures("sse") {
        let bytes = std::fs::read(&path).unwrap();
        let whole = described(&played(std::iter::once(&bytes[..]), &CONTEXT));
        golden(&path, &whole);
        for cut in 0..=bytes.len() {
            let (first, second) = bytes.split_at(cut);
            assert_eq!(described(&played([first, second].into_iter(), &CONTEXT)), whole, "{path:?} cut at {cut}");
        }
        assert_eq!(described(&played(bytes.chunks(1), &CONTEXT)), whole, "{path:?} byte by byte");
    }
}

#[test]
fn every_answer_gives_the_expected_completion() {
    for path in fixtures("json") {
        let decoded = decoded(&std::fs::read(&path).unwrap()).unwrap();
        let body: Value = serde_json::from_slice(&decoded.body).unwrap();
        let text = format!(
            "{}\nfinish {:?} usage {:?}\n{}\n{:?}\n",
            serde_json::to_string_pretty(&body).unwrap(),
            decoded.finish,
            decoded.usage,
            decoded.answer.message,
            decoded.answer.text
        );
        golden(&path, &text);
        assert_eq!(body["choices"][0]["message"], serde_json::from_str::<Value>(&decoded.answer.message).unwrap());
    }
}

/// The rules of a chunk stream that clients rely on.
fn check_rules(text: &str, include_usage: bool, fault: bool) {
    let chunks: Vec<&str> = text.split_terminator("\n\n").collect();
    let mut finished = false;
    let mut calls = 0;
    for (place, chunk) in chunks.iter().enumerate() {
        let data = chunk.strip_prefix("data: ").unwrap_or_else(|| panic!("{chunk}"));
        assert!(!data.contains('\n'), "{chunk}");
        if data == "[DONE]" {
            assert!(finished && place + 1 == chunks.len());
            continue;
        }
        let chunk: Value = serde_json::from_str(data).unwrap();
        assert_eq!((&chunk["id"], &chunk["object"]), (&json!("chatcmpl-1"), &json!("chat.completion.chunk")));
        assert_eq!(chunk.get("usage").is_some(), include_usage, "{chunk}");
        let Some(choice) = chunk["choices"].get(0) else {
            assert!(finished && include_usage && chunk["usage"]["total_tokens"].is_u64());
            continue;
        };
        assert!(!finished, "nothing follows the finish chunk: {chunk}");
        assert_eq!(choice["delta"]["role"] == "assistant", place == 0);
        finished = choice["finish_reason"].is_string();
        for call in choice["delta"]["tool_calls"].as_array().into_iter().flatten() {
            if call.get("id").is_some() {
                assert_eq!(call["index"], calls);
                assert_eq!(call["function"]["arguments"], "");
                calls += 1;
            }
            assert_eq!(call["index"], calls - 1, "calls come one after the other");
        }
    }
    assert_eq!(text.ends_with("data: [DONE]\n\n"), !fault);
}

#[test]
fn chunks_keep_the_rules() {
    for path in fixtures("sse") {
        let bytes = std::fs::read(&path).unwrap();
        for include_usage in [true, false] {
            let context = AnswerContext { include_usage, ..CONTEXT };
            let (text, stream, fault) = played(std::iter::once(&bytes[..]), &context);
            check_rules(&text, include_usage, fault.is_some());
            assert_eq!(stream.finished(), fault.is_none());
        }
    }
}

#[test]
fn an_error_inside_a_good_answer_is_a_fault() {
    let cases = [
        (
            json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}),
            Code::ProviderError,
            "the provider failed with status 529",
        ),
        (
            json!({"type": "error", "error": {"type": "invalid_request_error", "message": "prompt is too long: 3 > 2"}}),
            Code::ContextLengthExceeded,
            "This model's maximum context length is exceeded: prompt is too long: 3 > 2",
        ),
        (json!({"type": "message"}), Code::ProviderError, "the provider's answer has no content"),
        (json!([1]), Code::ProviderError, "the provider's answer is no message"),
    ];
    for (body, code, message) in cases {
        let fault = decoded(&serde_json::to_vec(&body).unwrap()).expect_err(&body.to_string());
        assert_eq!((fault.code, fault.message.as_str()), (code, message));
    }
    for body in [&b""[..], b"<html>", b"{\"content\":[{\"text\":\"\xff\"}]}"] {
        assert_eq!(decoded(body).unwrap_err().code, Code::ProviderError);
    }
}

#[test]
fn stop_reasons_have_their_finish_reason() {
    for (reason, finish) in [
        ("end_turn", Finish::Stop),
        ("stop_sequence", Finish::Stop),
        ("max_tokens", Finish::Length),
        ("model_context_window_exceeded", Finish::Length),
        ("pause_turn", Finish::Stop),
        ("refusal", Finish::ContentFilter),
        ("tool_use", Finish::Stop),
        ("something_new", Finish::Stop),
    ] {
        let body = json!({"content": [{"type": "text", "text": "x"}], "stop_reason": reason}).to_string();
        assert_eq!(decoded(body.as_bytes()).unwrap().finish, Some(finish), "{reason}");
    }
}

fn nested() -> impl Strategy<Value = Value> {
    let words = prop::sample::select(vec![
        "type",
        "content",
        "text",
        "tool_use",
        "thinking",
        "signature",
        "id",
        "name",
        "input",
        "usage",
        "input_tokens",
        "message",
        "delta",
        "index",
        "content_block",
        "content_block_start",
        "content_block_delta",
        "message_delta",
        "message_start",
        "message_stop",
        "error",
        "stop_reason",
        "partial_json",
        "input_json_delta",
        "text_delta",
        "\u{1F600}\"",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0..3u64).prop_map(Value::from),
        words.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((words.clone(), inner), 0..6)
                .prop_map(|members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ]
    })
}

proptest! {
    #[test]
    fn arbitrary_answers_are_read_or_refused(body in nested(), bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        drop(decoded(body.to_string().as_bytes()));
        drop(decoded(&bytes));
    }

    #[test]
    fn arbitrary_events_are_read_or_refused(events in prop::collection::vec(nested(), 0..8)) {
        let text: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
        let (out, ..) = played(std::iter::once(text.as_bytes()), &CONTEXT);
        for chunk in out.split_terminator("\n\n").filter(|chunk| *chunk != "data: [DONE]") {
            serde_json::from_str::<Value>(chunk.strip_prefix("data: ").unwrap()).unwrap();
        }
    }

    #[test]
    fn arguments_arrive_to_the_letter(arguments in ".{1,40}", cuts in prop::collection::vec(0..40usize, 0..4)) {
        let mut places: Vec<usize> = cuts.into_iter().filter(|cut| arguments.is_char_boundary(*cut)).chain([arguments.len()]).collect();
        places.sort_unstable();
        let mut events = vec![json!({"type": "content_block_start", "index": 3, "content_block": {"type": "tool_use", "id": "a", "name": "f", "input": {}}})];
        let mut from = 0;
        for place in places {
            events.push(json!({"type": "content_block_delta", "index": 3, "delta": {"type": "input_json_delta", "partial_json": arguments.get(from..place).unwrap()}}));
            from = place;
        }
        events.push(json!({"type": "message_stop"}));
        let text: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
        let (out, stream, _) = played(text.as_bytes().chunks(7), &CONTEXT);
        let mut arrived = String::new();
        for chunk in out.split_terminator("\n\n").filter(|chunk| *chunk != "data: [DONE]") {
            let chunk: Value = serde_json::from_str(chunk.strip_prefix("data: ").unwrap()).unwrap();
            arrived += chunk["choices"][0]["delta"]["tool_calls"][0]["function"]["arguments"].as_str().unwrap_or_default();
        }
        prop_assert_eq!(&arrived, &arguments);
        let message: Value = serde_json::from_str(&stream.summary().answer.message).unwrap();
        prop_assert_eq!(message["tool_calls"][0]["function"]["arguments"].as_str().unwrap(), &arguments);
    }
}
