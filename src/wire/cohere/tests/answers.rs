//! `UPDATE_GOLDEN=1` rewrites what is expected.

use super::*;
use crate::base::{Code, Side, Timestamp};
use crate::wire::{Fault, Inbound, StreamDecoder, decode_chat};
use bytes::BytesMut;
use proptest::prelude::*;
use std::path::{Path, PathBuf};

fn fixtures(extension: &str) -> Vec<PathBuf> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/cohere");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|own| own == extension));
    paths.sort();
    assert!(paths.len() > 4, "fixtures are missing in {folder}");
    paths
}

/// Compares with `<fixture>.expected`.
fn golden(fixture: &Path, text: &str) {
    let path = PathBuf::from(format!("{}.expected", fixture.display()));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, expected, "{}: if this is meant, run with UPDATE_GOLDEN=1", path.display());
}

/// What a client receives, how it ended, and what is remembered of it.
fn played<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut decoder =
        StreamDecoder::new(&target("command-a", false), CONTEXT, Bytes::from_static(b"hi"), &Inbound::Chat);
    let mut out = BytesMut::new();
    let fed = pieces.into_iter().try_for_each(|piece| decoder.feed(piece, &mut out));
    let ended = fed.and_then(|()| decoder.end(&mut out));
    let summary = decoder.summary();
    assert_eq!(decoder.finished(), ended.is_ok());
    let mut text = String::from_utf8(out.to_vec()).unwrap();
    if let Err(fault) = ended {
        let Fault { code, side, retry, message, status, .. } = fault;
        text += &format!("! {} {side:?} {retry:?} {status:?} {message}\n", code.as_str());
    }
    let usage = summary.usage.unwrap();
    text + &format!(
        "finish {:?} usage {usage:?}\n{}\n{:?}\n",
        summary.finish, summary.answer.message, summary.answer.text
    )
}

#[test]
fn every_stream_gives_the_expected_chunks_wherever_it_is_cut() {
    for path in fixtures("sse") {
        let bytes = std::fs::read(&path).unwrap();
        let whole = played([&bytes[..]]);
        golden(&path, &whole);
        for chunk in whole.split("\n\n").filter_map(|event| event.strip_prefix("data: {")) {
            assert!(serde_json::from_str::<Value>(&format!("{{{chunk}")).is_ok(), "{path:?}: {chunk}");
        }
        for cut in 0..=bytes.len() {
            let (first, second) = bytes.split_at(cut);
            assert_eq!(played([first, second]), whole, "{path:?} cut at {cut}");
        }
        assert_eq!(played(bytes.chunks(1)), whole, "{path:?} byte by byte");
    }
}

fn decoded(body: &[u8]) -> Result<crate::wire::Decoded, Fault> {
    decode_chat(&request(&json!({})), &target("command-a", false), &CONTEXT, Bytes::copy_from_slice(body))
}

#[test]
fn every_answer_gives_the_expected_completion() {
    crate::wire::tokens::prepare();
    for path in fixtures("json") {
        let decoded = decoded(&std::fs::read(&path).unwrap()).unwrap();
        let body: Value = serde_json::from_slice(&decoded.body).unwrap();
        assert_eq!(body["choices"][0]["message"], serde_json::from_str::<Value>(&decoded.answer.message).unwrap());
        let text = format!(
            "{}\nfinish {:?} usage {:?}\n{:?}\n",
            serde_json::to_string_pretty(&body).unwrap(),
            decoded.finish,
            decoded.usage,
            decoded.answer.text
        );
        golden(&path, &text);
    }
}

#[test]
fn what_is_no_answer_is_a_fault() {
    let ended = |reason: &str| json!({"finish_reason": reason, "message": {"role": "assistant", "content": [{"type": "text", "text": "x"}]}});
    for (body, code) in [
        (json!({}), Code::ProviderError),
        (json!([]), Code::ProviderError),
        (json!({"finish_reason": "COMPLETE"}), Code::ProviderError),
        (json!({"id": "x", "message": "no"}), Code::ProviderError),
        (ended("ERROR"), Code::ProviderError),
        (ended("TIMEOUT"), Code::ProviderTimeout),
    ] {
        let fault = decoded(body.to_string().as_bytes()).unwrap_err();
        assert_eq!((fault.code, fault.side), (code, Side::Upstream), "{body}");
    }
    let toxic = decoded(ended("ERROR_TOXIC").to_string().as_bytes()).unwrap();
    assert_eq!(toxic.finish, Some(crate::wire::Finish::ContentFilter));
}

#[test]
fn errors_say_whose_fault_they_are() {
    let long = "too many tokens: total number of tokens in the request cannot exceed 128000";
    for (status, message, side, code) in [
        (400, "invalid request", Side::Client, Code::InvalidRequest),
        (400, long, Side::Client, Code::ContextLengthExceeded),
        (401, "invalid api token", Side::Operator, Code::ProviderError),
        (402, "billing", Side::Operator, Code::ProviderError),
        (404, "model 'x' not found", Side::Client, Code::ModelNotFound),
        (422, "invalid", Side::Client, Code::InvalidRequest),
        (429, "trial key", Side::Upstream, Code::ProviderRateLimited),
        (498, "blocked token", Side::Operator, Code::ProviderError),
        (503, "", Side::Upstream, Code::ProviderError),
        (504, "", Side::Upstream, Code::ProviderTimeout),
    ] {
        for body in [json!({"id": "x", "message": message}), json!({"data": message})] {
            let headers = http::HeaderMap::new();
            let body = body.to_string();
            let fault = Fault::from_response(quirks("cohere"), status, &headers, body.as_bytes(), Timestamp(0));
            assert_eq!((fault.side, fault.code, fault.status), (side, code, Some(status)), "{status} {body}");
            let told = if code == Code::ContextLengthExceeded {
                fault.message.ends_with(message)
            } else {
                fault.message == message
            };
            assert!(side != Side::Client || told, "{}", fault.message);
        }
    }
}

proptest! {
    #[test]
    fn nothing_from_outside_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), text in ".{0,40}", at in 0usize..12) {
        drop(decoded(&bytes));
        let kinds = ["message-start", "content-start", "content-delta", "tool-plan-delta", "tool-call-start", "tool-call-delta",
            "tool-call-end", "message-end", "citation-start", "debug", "content-end", ""];
        let event = json!({"type": kinds[at], "index": at, "delta": {"message": {"content": {"text": text},
            "tool_calls": {"id": text, "function": {"name": text, "arguments": text}}}, "finish_reason": text}});
        let events = format!("data: {event}\n\ndata: {text}\n\n");
        drop(played([events.as_bytes(), &bytes]));
    }
}
