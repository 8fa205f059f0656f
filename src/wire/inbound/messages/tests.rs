use super::Events;
use crate::base::Code;
use crate::wire::quirks::{self, quirks};
use crate::wire::target::AnswerContext;
use crate::wire::{ChatRequest, Dialect, Given, Target, decode_chat, encode_chat, wants};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;
use serde_json::{Value, json};

const CONTEXT: AnswerContext<'static> = AnswerContext { id: "chatcmpl-7", created: 0, model: "m", include_usage: true };

fn target(dialect: Dialect) -> Target<'static> {
    let kind = if dialect == Dialect::AnthropicMessages { "anthropic" } else { "openai" };
    Target {
        quirks: quirks(kind),
        dialect,
        model: "served",
        info: None,
        refuse_unsupported: false,
        anthropic_version: "2023-06-01",
    }
}

fn parse(body: &Value) -> Result<ChatRequest, crate::base::ApiError> {
    let mut headers = HeaderMap::new();
    headers.insert(HeaderName::from_static("anthropic-version"), HeaderValue::from_static("2026-10-21"));
    headers.insert(HeaderName::from_static("authorization"), HeaderValue::from_static("Bearer fl_secret"));
    ChatRequest::parse_messages(Bytes::from(body.to_string()), &headers)
}

fn with(more: Value) -> Value {
    let mut body = json!({"model": "auto", "max_tokens": 50, "messages": [{"role": "user", "content": "hi"}]});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

fn as_chat(more: Value) -> Value {
    serde_json::from_slice(parse(&with(more)).unwrap().body()).unwrap()
}

#[test]
fn images_that_were_fetched_travel_as_bytes() {
    let image = |url: &str| json!({"type": "image", "source": {"type": "url", "url": url}});
    let result =
        json!({"type": "tool_result", "tool_use_id": "toolu_1", "content": [image("https://a.example/2.png")]});
    let call = json!({"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}});
    let request = parse(&with(json!({"messages": [
        {"role": "user", "content": [image("https://a.example/1.png"), {"type": "text", "text": "?"}]},
        {"role": "assistant", "content": [call]},
        {"role": "user", "content": [result]}]})))
    .unwrap();
    let fetched = |name: &str, kind: &str| {
        (
            format!("https://a.example/{name}"),
            format!("data:image/{kind};base64,{}", if kind == "png" { "AAAA" } else { "BBBB" }),
        )
    };
    let given = Given { images: [fetched("1.png", "png"), fetched("2.png", "jpeg")].into(), ..Given::default() };
    let bytes = |kind: &str, data: &str| json!({"type": "image", "source": {"type": "base64", "media_type": kind, "data": data}});
    let vertex =
        Target { quirks: quirks::of_model("vertex", "claude-haiku-4-5"), ..target(Dialect::AnthropicMessages) };
    assert_eq!(wants(&request, &vertex).unwrap().images.len(), 2);
    let sent: Value = serde_json::from_slice(&encode_chat(&request, &vertex, None, &given).unwrap().body).unwrap();
    assert_eq!(sent["messages"][0]["content"][0], bytes("image/png", "AAAA"));
    assert_eq!(sent["messages"][2]["content"][0]["content"][0], bytes("image/jpeg", "BBBB"));
    let bedrock = Target { quirks: quirks::of_model("bedrock", "anthropic.claude-x"), ..target(Dialect::Bedrock) };
    assert_eq!(wants(&request, &bedrock).unwrap().images.len(), 2);
    let sent: Value = serde_json::from_slice(&encode_chat(&request, &bedrock, None, &given).unwrap().body).unwrap();
    assert_eq!(sent["messages"][0]["content"][0]["image"], json!({"format": "png", "source": {"bytes": "AAAA"}}));
    assert!(sent.to_string().contains("BBBB") && !sent.to_string().contains("a.example"), "{sent}");
    // At home they are fetched over https.
    let home = target(Dialect::AnthropicMessages);
    assert!(wants(&request, &home).unwrap().images.is_empty());
}

#[test]
fn members_become_those_of_a_chat_request() {
    for (given, name, expected) in [
        (json!({}), "max_tokens", json!(50)),
        (json!({"stop_sequences": ["a"]}), "stop", json!(["a"])),
        (json!({"metadata": {"user_id": "u"}}), "user", json!("u")),
        (json!({"stream": true}), "stream_options", json!({"include_usage": true})),
        (json!({"thinking": {"type": "enabled", "budget_tokens": 5000}}), "reasoning_effort", json!("medium")),
        (json!({"output_config": {"effort": "low"}}), "reasoning_effort", json!("low")),
        (
            json!({"tool_choice": {"type": "any", "disable_parallel_tool_use": true}}),
            "parallel_tool_calls",
            json!(false),
        ),
        (
            json!({"tool_choice": {"type": "tool", "name": "f"}}),
            "tool_choice",
            json!({"type": "function", "function": {"name": "f"}}),
        ),
        (
            json!({"tools": [{"name": "f", "description": "d", "input_schema": {"type": "object"}, "cache_control": {"type": "ephemeral"}}]}),
            "tools",
            json!([{"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}}]),
        ),
        (
            json!({"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}}),
            "response_format",
            json!({"type": "json_schema", "json_schema": {"name": "answer", "strict": true, "schema": {"type": "object"}}}),
        ),
        (json!({"cache_control": {"type": "ephemeral"}}), "cache_control", Value::Null),
    ] {
        assert_eq!(as_chat(given.clone())[name], expected, "{given}");
    }
}

#[test]
fn turns_become_messages_and_results_come_first() {
    let chat = as_chat(json!({
        "system": [{"type": "text", "text": "Be brief."}, {"type": "text", "text": "Be kind."}],
        "messages": [
            {"role": "user", "content": "weather?"},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "hm", "signature": "s"}, {"type": "text", "text": "One moment."},
                {"type": "tool_use", "id": "t1", "name": "w", "input": {"city": "Oslo"}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "t1", "is_error": true, "content": [{"type": "text", "text": "no"}]},
                {"type": "text", "text": "And this?"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}]}]
    }));
    assert_eq!(
        chat["messages"],
        json!([
            {"role": "system", "content": "Be brief.\nBe kind."},
            {"role": "user", "content": "weather?"},
            {"role": "assistant", "content": "One moment.", "tool_calls": [
                {"id": "t1", "type": "function", "function": {"name": "w", "arguments": "{\"city\":\"Oslo\"}"}}]},
            {"role": "tool", "tool_call_id": "t1", "content": "[the tool failed] no"},
            {"role": "user", "content": [{"type": "text", "text": "And this?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]}
        ])
    );
}

#[test]
fn what_is_wrong_is_named() {
    let image = json!({"role": "user", "content": [{"type": "image", "source": {"type": "base64"}}]});
    for (given, param) in [
        (json!({"messages": []}), "messages"),
        (json!({"messages": [{"role": "tool", "content": "x"}]}), "messages[0].role"),
        (json!({"messages": [{"role": "user"}]}), "messages[0].content"),
        (json!({"messages": [image]}), "messages[0].content[0].source.media_type"),
        (json!({"tools": [{"name": "f"}]}), "tools[0].input_schema"),
        (json!({"tool_choice": {"type": "x"}}), "tool_choice.type"),
        (json!({"stop_sequences": "x"}), "stop_sequences"),
        (json!({"max_tokens": "many"}), "max_tokens"),
        (json!({"model": null}), "model"),
    ] {
        assert_eq!(parse(&with(given.clone())).unwrap_err().param.as_deref(), Some(param), "{given}");
    }
    let twice = Bytes::from_static(br#"{"model":"a","model":"b","messages":[]}"#);
    assert_eq!(ChatRequest::parse_messages(twice, &HeaderMap::new()).unwrap_err().param.as_deref(), Some("model"));
    let broken = ChatRequest::parse_messages(Bytes::from_static(b"[]"), &HeaderMap::new()).unwrap_err();
    assert_eq!(broken.code, Code::InvalidBody);
}

#[test]
fn the_same_dialect_keeps_every_field() {
    let body = with(
        json!({"container": "c1", "mcp_servers": [{"x": 1}], "tools": [{"type": "web_search_20250305", "name": "w"}],
        "messages": [{"role": "user", "content": "hi", "x_unknown": [1, 2]},
            {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm", "signature": "EqQB"},
                {"type": "thinking", "thinking": "theirs", "signature": super::UNSIGNED}]},
            {"role": "user", "content": "go on"}]}),
    );
    let request = parse(&body).unwrap();
    let sent = encode_chat(&request, &target(Dialect::AnthropicMessages), Some("high"), &Given::default()).unwrap();
    let mut expected = body;
    expected["model"] = json!("served");
    expected["output_config"] = json!({"effort": "high"});
    expected["messages"][1]["content"].as_array_mut().unwrap().pop();
    assert_eq!(serde_json::from_slice::<Value>(&sent.body).unwrap(), expected);
    assert_eq!(
        (sent.path.as_ref(), sent.headers.len()),
        ("/v1/messages", 1),
        "the version goes along, the key does not"
    );
    let refused = encode_chat(&request, &target(Dialect::OpenAiChat), None, &Given::default()).unwrap_err();
    assert_eq!((refused.code, refused.retry), (Code::UnsupportedParameter, crate::base::Retry::OtherTarget));
}

#[test]
fn other_providers_hear_nothing_that_is_anthropics() {
    let edits = json!({"edits": [{"type": "clear_thinking_20251015"}]});
    let request =
        parse(&with(json!({"context_management": edits, "thinking": {"type": "adaptive"}, "speed": "standard"})));
    let sent = encode_chat(&request.unwrap(), &target(Dialect::OpenAiChat), None, &Given::default()).unwrap();
    let sent: Value = serde_json::from_slice(&sent.body).unwrap();
    let mut names: Vec<_> = sent.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["max_tokens", "messages", "model"]);
    for (name, value) in [
        ("speed", json!("fast")),
        ("container", json!("c")),
        ("context_management", json!({"edits": [{"type": "clear_tool_uses"}]})),
    ] {
        let request = parse(&with(json!({name: value}))).unwrap();
        let refused = encode_chat(&request, &target(Dialect::OpenAiChat), None, &Given::default()).unwrap_err();
        assert_eq!(refused.param.as_deref(), Some(name));
    }
}

#[test]
fn a_completion_becomes_a_message() {
    let completion = json!({"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m", "choices": [{"index": 0,
        "finish_reason": "tool_calls", "message": {"role": "assistant", "content": "Look.", "reasoning_content": "Hm.",
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}},
                {"id": "c2", "type": "function", "function": {"name": "g", "arguments": "{\"a\":"}}]}}],
        "usage": {"prompt_tokens": 21, "completion_tokens": 9, "total_tokens": 30,
            "prompt_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 2}}});
    let request = parse(&with(json!({}))).unwrap();
    let decoded =
        decode_chat(&request, &target(Dialect::OpenAiChat), &CONTEXT, Bytes::from(completion.to_string())).unwrap();
    assert_eq!(
        serde_json::from_slice::<Value>(&decoded.body).unwrap(),
        json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "stop_reason": "tool_use", "stop_sequence": null,
            "content": [{"type": "thinking", "thinking": "Hm.", "signature": "floopy-unsigned"}, {"type": "text", "text": "Look."},
                {"type": "tool_use", "id": "c1", "name": "f", "input": {"a": 1}},
                {"type": "tool_use", "id": "c2", "name": "g", "input": {"invalid_json": "{\"a\":"}}],
            "usage": {"input_tokens": 15, "cache_creation_input_tokens": 2, "cache_read_input_tokens": 4, "output_tokens": 9}})
    );
    assert_eq!(decoded.answer.text, "Look.");
}

fn chunks() -> String {
    let deltas = [
        json!({"role": "assistant", "content": ""}),
        json!({"reasoning_content": "Hm."}),
        json!({"content": "Hé"}),
        json!({"content": "llo"}),
        json!({"tool_calls": [{"index": 0, "id": "c1", "type": "function", "function": {"name": "f", "arguments": ""}}]}),
        json!({"tool_calls": [{"index": 0, "function": {"arguments": "{\"a\":1}"}}]}),
        json!({"tool_calls": [{"index": 1, "id": "c2", "type": "function", "function": {"name": "g", "arguments": "{}"}}]}),
    ];
    let mut text = String::new();
    for delta in deltas {
        text += &format!(
            "data: {}\n\n",
            json!({"id": "chatcmpl-1", "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": null}]})
        );
    }
    text +=
        "data: {\"id\":\"chatcmpl-1\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\n";
    text += "data: {\"id\":\"chatcmpl-1\",\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":3,\"total_tokens\":10}}\n\n";
    text + "data: [DONE]\n\n"
}

fn events(pieces: &[&[u8]]) -> Vec<Value> {
    let (mut events, mut out) = (Events::new(&CONTEXT), BytesMut::new());
    for piece in pieces {
        events.feed(piece, &mut out).unwrap();
    }
    let text = String::from_utf8(out.to_vec()).unwrap();
    text.split_terminator("\n\n")
        .map(|event| {
            let (name, data) = event.split_once("\ndata: ").unwrap();
            let data: Value = serde_json::from_str(data).unwrap();
            assert_eq!(name.strip_prefix("event: "), data["type"].as_str());
            data
        })
        .collect()
}

#[test]
fn chunks_become_events_one_block_after_another() {
    let events = events(&[chunks().as_bytes()]);
    let seen: Vec<String> = events
        .iter()
        .map(|event| {
            let kind = event["content_block"]["type"].as_str().or(event["delta"]["type"].as_str());
            format!("{} {} {}", event["type"].as_str().unwrap(), event["index"], kind.unwrap_or_default())
        })
        .collect();
    assert_eq!(
        seen,
        [
            "message_start null ",
            "content_block_start 0 thinking",
            "content_block_delta 0 thinking_delta",
            "content_block_delta 0 signature_delta",
            "content_block_stop 0 ",
            "content_block_start 1 text",
            "content_block_delta 1 text_delta",
            "content_block_delta 1 text_delta",
            "content_block_stop 1 ",
            "content_block_start 2 tool_use",
            "content_block_delta 2 input_json_delta",
            "content_block_stop 2 ",
            "content_block_start 3 tool_use",
            "content_block_delta 3 input_json_delta",
            "content_block_stop 3 ",
            "message_delta null ",
            "message_stop null ",
        ]
    );
    assert_eq!(events[15]["delta"]["stop_reason"], "tool_use");
    assert_eq!(events[15]["usage"]["input_tokens"], 7);
}

#[test]
fn signed_thoughts_keep_their_signature() {
    let chunk = |delta: &Value| {
        format!("data: {}\n\n", json!({"choices": [{"index": 0, "delta": delta, "finish_reason": null}]}))
    };
    let text = chunk(&json!({"reasoning_content": "Hm."}))
        + &chunk(
            &json!({"thinking_blocks": [{"type": "thinking", "thinking": "Hm.", "signature": "EqQB", "index": 0}]}),
        )
        + &chunk(&json!({"thinking_blocks": [{"type": "redacted_thinking", "data": "xyz", "index": 1}]}))
        + &chunk(&json!({"content": "Yes."}));
    let events = events(&[text.as_bytes()]);
    assert_eq!(events[3]["delta"], json!({"type": "signature_delta", "signature": "EqQB"}));
    assert_eq!(
        events[5],
        json!({"type": "content_block_start", "index": 1, "content_block": {"type": "redacted_thinking", "data": "xyz"}})
    );
    assert_eq!((&events[6]["type"], &events[6]["index"]), (&json!("content_block_stop"), &json!(1)));
    assert_eq!(events[7]["index"], 2);
}

#[test]
fn a_call_that_is_taken_up_again_is_refused() {
    let chunk = |index: u64| {
        format!(
            "data: {}\n\n",
            json!({"choices": [{"delta": {"tool_calls": [{"index": index, "function": {"arguments": "1"}}]}}]})
        )
    };
    let fed = Events::new(&CONTEXT).feed((chunk(0) + &chunk(1) + &chunk(0)).as_bytes(), &mut BytesMut::new());
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
        prop_assert_eq!(events(&pieces), events(&[text.as_bytes()]));
    }

    #[test]
    fn nonsense_never_panics(text in ".{0,200}") {
        drop(parse(&with(json!({"messages": [{"role": "user", "content": [{"type": text.clone(), "source": text}]}]}))));
    }
}
