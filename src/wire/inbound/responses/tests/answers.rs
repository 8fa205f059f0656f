use super::{CONTEXT, parse, target, with};
use crate::base::{ApiError, Code, RequestId, Timestamp};
use crate::wire::inbound::responses::Events;
use crate::wire::inbound::responses::sealed;
use crate::wire::{ChatRequest, Inbound, decode_chat};
use bytes::{Bytes, BytesMut};
use proptest::prelude::*;
use serde_json::{Value, json};

fn whole(request: &ChatRequest, message: &Value, finish: &str) -> Value {
    let completion = json!({"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m1",
        "choices": [{"index": 0, "finish_reason": finish, "message": message,
            "logprobs": {"content": [{"token": "a", "logprob": -0.5, "bytes": [97], "top_logprobs": []}]}}],
        "usage": {"prompt_tokens": 21, "completion_tokens": 9, "total_tokens": 30,
            "prompt_tokens_details": {"cached_tokens": 4}, "completion_tokens_details": {"reasoning_tokens": 3}}});
    let body = Bytes::from(completion.to_string());
    let decoded = decode_chat(request, &target("openai-chat"), &CONTEXT, body).unwrap();
    assert_eq!(decoded.usage.unwrap().output, 9);
    serde_json::from_slice(&decoded.body).unwrap()
}

#[test]
fn a_completion_becomes_a_response() {
    let tool = json!({"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": true});
    let request =
        parse(&with(json!({"tools": [tool], "metadata": {"a": "b"}, "temperature": 0.5, "instructions": null,
        "store": true, "max_output_tokens": 50})))
        .unwrap();
    let call = json!({"id": "c1", "type": "function", "function": {"name": "f", "arguments": ""}});
    let message = json!({"role": "assistant", "content": "Look.", "reasoning_content": "Hm.", "tool_calls": [call]});
    let response = whole(&request, &message, "tool_calls");
    assert_eq!(
        response["output"],
        json!([
            {"type": "reasoning", "id": "rs_fl0a1b_0", "status": "completed", "summary": [{"type": "summary_text", "text": "Hm."}]},
            {"type": "message", "id": "msg_fl0a1b_0", "role": "assistant", "status": "completed", "content": [
                {"type": "output_text", "text": "Look.", "annotations": [],
                    "logprobs": [{"token": "a", "logprob": -0.5, "bytes": [97], "top_logprobs": []}]}]},
            {"type": "function_call", "id": "fc_fl0a1b_0", "call_id": "c1", "name": "f", "arguments": "{}", "status": "completed"}
        ])
    );
    assert_eq!(
        response["usage"],
        json!({"input_tokens": 21, "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 0}, "output_tokens": 9,
            "output_tokens_details": {"reasoning_tokens": 3}, "total_tokens": 30})
    );
    for (name, expected) in [
        ("id", json!("resp_fl0a1b")),
        ("object", json!("response")),
        ("created_at", json!(7)),
        ("model", json!("m1")),
        ("status", json!("completed")),
        ("store", json!(false)),
        ("tools", json!([tool])),
        ("tool_choice", json!("auto")),
        ("parallel_tool_calls", json!(true)),
        ("metadata", json!({"a": "b"})),
        ("temperature", json!(0.5)),
        ("top_p", json!(1.0)),
        ("instructions", Value::Null),
        ("max_output_tokens", json!(50)),
        ("text", json!({"format": {"type": "text"}})),
        ("error", Value::Null),
        ("incomplete_details", Value::Null),
        ("previous_response_id", Value::Null),
    ] {
        assert_eq!(response[name], expected, "{name}");
    }
}

#[test]
fn an_answer_that_is_not_whole_says_why() {
    let request = parse(&with(json!({}))).unwrap();
    let cut = whole(&request, &json!({"role": "assistant", "content": "Os"}), "length");
    assert_eq!(
        (&cut["status"], &cut["incomplete_details"]),
        (&json!("incomplete"), &json!({"reason": "max_output_tokens"}))
    );
    assert_eq!(cut["output"][0]["status"], "incomplete");
    let refused = whole(&request, &json!({"role": "assistant", "content": null, "refusal": "No."}), "content_filter");
    assert_eq!(refused["incomplete_details"], json!({"reason": "content_filter"}));
    assert_eq!(refused["output"][0]["content"], json!([{"type": "refusal", "refusal": "No."}]));
}

fn chunk(delta: &Value) -> String {
    format!(
        "data: {}\n\n",
        json!({"id": "chatcmpl-1", "model": "m1", "choices": [{"index": 0, "delta": delta, "finish_reason": null}]})
    )
}

fn chunks() -> String {
    let call = |index: u64, id: Option<&str>, arguments: &str| {
        let mut call = json!({"index": index, "function": {"arguments": arguments}});
        if let Some(id) = id {
            call["id"] = json!(id);
            call["function"]["name"] = json!("f");
        }
        json!({"tool_calls": [call]})
    };
    let deltas = [
        json!({"role": "assistant", "content": ""}),
        json!({"reasoning_content": "Hm"}),
        json!({"reasoning_content": "."}),
        json!({"thinking_blocks": [{"type": "thinking", "thinking": "Hm.", "signature": "EqQB", "index": 0}]}),
        json!({"content": "Grö"}),
        json!({"content": "ße"}),
        call(0, Some("c1"), ""),
        call(0, None, "{\"a\":"),
        call(0, None, "1}"),
        call(1, Some("c2"), ""),
    ];
    let mut text: String = deltas.iter().map(chunk).collect();
    text +=
        "data: {\"id\":\"chatcmpl-1\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\n";
    text += "data: {\"id\":\"chatcmpl-1\",\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":3,\"total_tokens\":10}}\n\n";
    text + "data: [DONE]\n\n"
}

fn begun(more: Value) -> Events {
    let request = parse(&with(more)).unwrap();
    let Inbound::Responses(origin) = request.inbound() else { panic!("it came as one") };
    Events::new(origin, &target("anthropic"), &CONTEXT)
}

fn read(out: &BytesMut) -> Vec<Value> {
    let text = String::from_utf8(out.to_vec()).unwrap();
    let events = text.split_terminator("\n\n").enumerate().map(|(number, event)| {
        let (name, data) = event.split_once("\ndata: ").unwrap();
        let data: Value = serde_json::from_str(data).unwrap();
        assert_eq!(name.strip_prefix("event: "), data["type"].as_str());
        assert_eq!(data["sequence_number"], number, "numbered without a gap");
        data
    });
    events.collect()
}

fn events(more: Value, pieces: &[&[u8]]) -> Vec<Value> {
    let (mut events, mut out) = (begun(more), BytesMut::new());
    for piece in pieces {
        events.feed(piece, &mut out).unwrap();
    }
    read(&out)
}

#[test]
fn chunks_become_events_one_item_after_another() {
    let events = events(json!({}), &[chunks().as_bytes()]);
    let seen: Vec<String> = events
        .iter()
        .map(|event| {
            let kind = event["type"].as_str().unwrap().strip_prefix("response.").unwrap();
            format!("{kind} {}", event["output_index"])
        })
        .collect();
    assert_eq!(
        seen,
        [
            "created null",
            "in_progress null",
            "output_item.added 0",
            "reasoning_summary_part.added 0",
            "reasoning_summary_text.delta 0",
            "reasoning_summary_text.delta 0",
            "reasoning_summary_text.done 0",
            "reasoning_summary_part.done 0",
            "output_item.done 0",
            "output_item.added 1",
            "content_part.added 1",
            "output_text.delta 1",
            "output_text.delta 1",
            "output_text.done 1",
            "content_part.done 1",
            "output_item.done 1",
            "output_item.added 2",
            "function_call_arguments.delta 2",
            "function_call_arguments.delta 2",
            "function_call_arguments.done 2",
            "output_item.done 2",
            "output_item.added 3",
            "function_call_arguments.delta 3",
            "function_call_arguments.done 3",
            "output_item.done 3",
            "completed null",
        ]
    );
    assert_eq!(events[13]["text"], "Größe");
    assert_eq!(events[19]["arguments"], "{\"a\":1}");
    let response = &events[25]["response"];
    let done: Vec<&Value> = events
        .iter()
        .filter(|event| event["type"] == "response.output_item.done")
        .map(|event| &event["item"])
        .collect();
    assert_eq!(response["output"].as_array().unwrap().iter().collect::<Vec<_>>(), done);
    assert_eq!((&response["usage"]["total_tokens"], &response["model"]), (&json!(10), &json!("m1")));
    assert_eq!(response["output"][3]["arguments"], "{}", "a call without arguments has an object of them");
    assert!(response["output"][0].get("encrypted_content").is_none(), "nobody asked for it");
    assert_eq!(events[0]["response"]["status"], "in_progress");
}

#[test]
fn a_stream_amounts_to_what_the_whole_answer_is() {
    let stream = events(json!({}), &[chunks().as_bytes()]);
    let request = parse(&with(json!({}))).unwrap();
    let call = |id: &str, arguments: &str| json!({"id": id, "type": "function", "function": {"name": "f", "arguments": arguments}});
    let message = json!({"role": "assistant", "content": "Größe", "reasoning_content": "Hm.",
        "tool_calls": [call("c1", "{\"a\":1}"), call("c2", "")]});
    let mut response = whole(&request, &message, "tool_calls");
    response["output"][1]["content"][0]["logprobs"] = json!([]);
    assert_eq!(stream.last().unwrap()["response"]["output"], response["output"]);
}

#[test]
fn thoughts_are_sealed_for_clients_that_carry_them() {
    let sealed = |events: &[Value]| {
        let item = events.iter().find(|event| event["type"] == "response.output_item.done").unwrap();
        sealed::open(item["item"]["encrypted_content"].as_str().unwrap()).unwrap()
    };
    let include = json!({"include": ["reasoning.encrypted_content"]});
    let (by, blocks) = sealed(&events(include.clone(), &[chunks().as_bytes()]));
    assert_eq!(by, "anthropic/served");
    let block: Value = serde_json::from_str(blocks[0].get()).unwrap();
    assert_eq!(block, json!({"type": "thinking", "thinking": "Hm.", "signature": "EqQB"}));
    // One that nobody can read is an item without a summary.
    let hidden = chunk(&json!({"thinking_blocks": [{"type": "redacted_thinking", "data": "xyz", "index": 0}]}))
        + &chunk(&json!({"content": "Yes."}));
    let seen = events(include, &[hidden.as_bytes()]);
    assert_eq!(sealed(&seen).1.len(), 1);
    assert_eq!(seen[3]["item"]["summary"], json!([]));
    assert_eq!(events(json!({}), &[hidden.as_bytes()])[2]["item"]["type"], "message");
}

#[test]
fn refusals_and_logprobs_have_their_places() {
    let probable = json!([{"token": "a", "logprob": -0.5, "bytes": [97], "top_logprobs": []}]);
    let text = format!(
        "data: {}\n\n",
        json!({"choices": [{"delta": {"content": "a"}, "logprobs": {"content": probable}, "finish_reason": null}]})
    ) + &chunk(&json!({"refusal": "No."}))
        + "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"content_filter\"}]}\n\ndata: [DONE]\n\n";
    let events = events(json!({}), &[text.as_bytes()]);
    let named = |name: &str| events.iter().find(|event| event["type"] == name).unwrap();
    assert_eq!(named("response.output_text.delta")["logprobs"], probable);
    assert_eq!(named("response.output_text.done")["logprobs"], probable);
    assert_eq!(named("response.refusal.delta")["delta"], "No.");
    assert_eq!(named("response.refusal.done")["refusal"], "No.");
    let last = &events.last().unwrap();
    assert_eq!((&last["type"], &last["response"]["status"]), (&json!("response.incomplete"), &json!("incomplete")));
    assert_eq!(last["response"]["output"][1]["status"], "incomplete");
}

#[test]
fn a_failure_ends_what_stands_open() {
    let (mut events, mut out) = (begun(json!({})), BytesMut::new());
    events.feed((chunk(&json!({"content": "Os"}))).as_bytes(), &mut out).unwrap();
    let error = ApiError::new(Code::ProviderRateLimited, "slow down");
    events.fail(&error, RequestId::draw(Timestamp(0)), &mut out);
    let seen = read(&out);
    let names: Vec<&str> = seen.iter().rev().take(3).map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(names, ["error", "response.failed", "response.output_item.done"]);
    let failed = &seen[seen.len() - 2]["response"];
    assert_eq!(failed["error"], json!({"code": "rate_limit_exceeded", "message": "slow down"}));
    assert_eq!((&failed["status"], &failed["output"][0]["status"]), (&json!("failed"), &json!("incomplete")));
    let last = seen.last().unwrap();
    assert_eq!(
        (&last["code"], &last["error"]["code"]),
        (&json!("provider_rate_limited"), &json!("provider_rate_limited"))
    );
}

#[test]
fn a_call_that_is_taken_up_again_is_refused() {
    let call = |index: u64| chunk(&json!({"tool_calls": [{"index": index, "function": {"arguments": "1"}}]}));
    let fed = begun(json!({})).feed((call(0) + &call(1) + &call(0)).as_bytes(), &mut BytesMut::new());
    assert!(fed.is_err());
}

proptest! {
    #[test]
    fn any_cut_gives_the_same_events(cuts in proptest::collection::vec(0..chunks().len(), 0..6)) {
        let text = chunks();
        let mut cuts = cuts;
        cuts.sort_unstable();
        let (mut pieces, mut from) = (Vec::new(), 0);
        for cut in cuts {
            pieces.push(&text.as_bytes()[from..cut]);
            from = cut;
        }
        pieces.push(&text.as_bytes()[from..]);
        prop_assert_eq!(events(json!({}), &pieces), events(json!({}), &[text.as_bytes()]));
    }
}
