use super::{CONTEXT, parse, target, with};
use crate::base::{ApiError, Code, RequestId, Side, Timestamp};
use crate::wire::{Finish, StreamDecoder, decode_chat};
use bytes::{Bytes, BytesMut};
use serde_json::{Value, json};

fn response(more: &Value) -> Value {
    let mut response = json!({"id": "resp_1", "object": "response", "created_at": 1, "status": "completed", "error": null,
        "model": "m", "x_free": [1.50], "output": [
            {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}], "content": "odd"},
            {"type": "web_search_call", "id": "ws_1", "status": "completed", "name": 7, "content": {"x": 1}},
            {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
                "content": [{"type": "output_text", "text": "Größe", "annotations": []}]},
            {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f", "arguments": "{}", "status": "completed"}],
        "usage": {"input_tokens": 21, "input_tokens_details": {"cached_tokens": 4}, "output_tokens": 9,
            "output_tokens_details": {"reasoning_tokens": 3}, "total_tokens": 30}});
    for (name, value) in more.as_object().unwrap() {
        response[name] = value.clone();
    }
    response
}

#[test]
fn an_answer_is_read_and_goes_on_as_it_came() {
    let request = parse(&with(json!({}))).unwrap();
    let decode = |kind: &str, more: &Value| {
        let body = Bytes::from(response(more).to_string());
        decode_chat(&request, &target(kind), &CONTEXT, body.clone()).inspect(|decoded| assert_eq!(decoded.body, body))
    };
    let decoded = decode("openai", &json!({})).unwrap();
    assert_eq!((decoded.finish, decoded.answer.text.as_str()), (Some(Finish::ToolCalls), "Größe"));
    let message: Value = serde_json::from_str(&decoded.answer.message).unwrap();
    assert_eq!(
        message,
        json!({"role": "assistant", "content": "Größe", "reasoning_content": "Hm.",
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]})
    );
    let usage = decoded.usage.unwrap();
    assert_eq!((usage.input, usage.cached_input, usage.output, usage.reasoning), (21, 4, 9, 3));
    // xAI leaves reasoning out of its output tokens.
    let apart = json!({"usage": {"input_tokens": 21, "output_tokens": 9, "output_tokens_details": {"reasoning_tokens": 3}, "total_tokens": 33}});
    assert_eq!(decode("xai", &apart).unwrap().usage.unwrap().output, 12);
    assert_eq!(decode("openai", &apart).unwrap().usage.unwrap().output, 9);
    let cut = json!({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}, "usage": null});
    let decoded = decode("openai", &cut).unwrap();
    assert!(decoded.usage.unwrap().estimated, "counted where the provider does not");
    assert_eq!(decoded.finish, Some(Finish::Length));
    let filtered = json!({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}});
    assert_eq!(decode("openai", &filtered).unwrap().finish, Some(Finish::ContentFilter));
    let queued = json!({"status": "queued", "output": [], "usage": null});
    assert_eq!(decode("openai", &queued).unwrap().usage, None, "nothing has been said yet");
    let failed = json!({"status": "failed", "error": {"code": "rate_limit_exceeded", "message": "slow down"}});
    let fault = decode("openai", &failed).unwrap_err();
    assert_eq!((fault.code, fault.side), (Code::ProviderRateLimited, Side::Upstream));
    assert!(decode("openai", &json!({"status": null})).is_err());
}

fn event(kind: &str, more: Value) -> String {
    let mut event = json!({ "type": kind });
    for (name, value) in more.as_object().unwrap() {
        event[name] = value.clone();
    }
    format!("event: {kind}\ndata: {event}\n\n")
}

fn stream() -> String {
    event("response.created", json!({"sequence_number": 0, "response": {"id": "resp_1", "status": "in_progress"}}))
        + &event(
            "response.output_text.delta",
            json!({"sequence_number": 1, "item_id": "msg_1", "delta": "Grö", "obfuscation": "x"}),
        )
        + &event("response.web_search_call.searching", json!({"sequence_number": 2, "item_id": "ws_1"}))
        + &event("response.output_text.delta", json!({"sequence_number": 3, "item_id": "msg_1", "delta": "ße"}))
}

fn begun() -> StreamDecoder {
    let request = parse(&with(json!({"stream": true}))).unwrap();
    StreamDecoder::new(&target("openai"), CONTEXT, Bytes::from_static(b"[]"), request.inbound())
}

#[test]
fn a_stream_goes_on_as_it_came_at_every_cut() {
    let text = stream() + &event("response.completed", json!({"sequence_number": 4, "response": response(&json!({}))}));
    for cut in 0..=text.len() {
        let (mut decoder, mut out) = (begun(), BytesMut::new());
        let (head, tail) = text.as_bytes().split_at(cut);
        decoder.feed(head, &mut out).unwrap();
        decoder.feed(tail, &mut out).unwrap();
        assert!(decoder.finished());
        decoder.end(&mut out).unwrap();
        assert_eq!(out, text.as_bytes(), "cut at {cut}");
        let summary = decoder.summary();
        assert_eq!((summary.answer.text.as_str(), summary.finish), ("Größe", Some(Finish::ToolCalls)));
        assert_eq!(summary.usage.unwrap().output, 9);
    }
}

#[test]
fn a_stream_that_breaks_off_is_told_once() {
    let id = RequestId::draw(Timestamp(0));
    let error = ApiError::new(Code::ProviderError, "the provider failed");
    let fail = |decoder: &mut StreamDecoder, out: &mut BytesMut| {
        decoder.fail(&error, id, || unreachable!("the dialect has its own words"), out);
    };
    // It just ends: what was said so far is on record, and the client gets an error with the next number.
    let (mut decoder, mut out) = (begun(), BytesMut::new());
    decoder.feed(stream().as_bytes(), &mut out).unwrap();
    assert!(!decoder.finished() && decoder.end(&mut out).is_err());
    assert_eq!(decoder.summary().answer.text, "Größe");
    assert!(decoder.summary().usage.unwrap().estimated);
    fail(&mut decoder, &mut out);
    let text = String::from_utf8(out.to_vec()).unwrap();
    let last: Value = serde_json::from_str(text.trim_end().rsplit_once("data: ").unwrap().1).unwrap();
    assert_eq!(
        (&last["type"], &last["sequence_number"], &last["error"]["code"]),
        (&json!("error"), &json!(4), &json!("provider_error"))
    );
    // The provider says so by itself: its words are the last ones.
    let failed = response(&json!({"status": "failed", "error": {"code": "server_error", "message": "no"}}));
    for told in [
        event("response.failed", json!({"sequence_number": 4, "response": failed})),
        event("error", json!({"sequence_number": 4, "code": "server_error", "message": "no", "param": null})),
    ] {
        let (mut decoder, mut out) = (begun(), BytesMut::new());
        let text = stream() + &told;
        let fault = decoder.feed(text.as_bytes(), &mut out).unwrap_err();
        assert_eq!(fault.code, Code::ProviderError);
        fail(&mut decoder, &mut out);
        assert_eq!(out, text.as_bytes());
    }
    for nonsense in ["data: hello\n\n", "data: {\"error\":{\"message\":\"overloaded\",\"code\":\"overloaded\"}}\n\n"] {
        assert!(begun().feed(nonsense.as_bytes(), &mut BytesMut::new()).is_err(), "{nonsense}");
    }
}
