use super::{as_chat, parse, target, with};
use crate::base::{Code, Retry};
use crate::wire::inbound::responses::sealed::seal;
use crate::wire::{ChatRequest, Given, encode_chat};
use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};

#[test]
fn members_become_those_of_a_chat_request() {
    let schema = json!({"type": "object"});
    let function = json!({"type": "function", "name": "f", "description": "d", "parameters": schema, "strict": true});
    let nested = json!({"type": "function", "function": {"name": "f", "description": "d", "parameters": schema, "strict": true}});
    let f = json!({"type": "function", "function": {"name": "f"}});
    for (given, name, expected) in [
        (json!({}), "messages", json!([{"role": "user", "content": "hi"}])),
        (
            json!({"instructions": "Be brief."}),
            "messages",
            json!([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}]),
        ),
        (json!({"max_output_tokens": 9}), "max_tokens", json!(9)),
        (json!({"stream": true}), "stream_options", json!({"include_usage": true})),
        (json!({"user": "u"}), "user", json!("u")),
        (json!({"temperature": 0.5}), "temperature", json!(0.5)),
        (json!({"reasoning": {"effort": "low", "summary": "auto"}}), "reasoning_effort", json!("low")),
        (json!({"tools": [function]}), "tools", json!([nested])),
        (json!({"tools": [function], "tool_choice": "required"}), "tool_choice", json!("required")),
        (json!({"tools": [function], "tool_choice": {"type": "function", "name": "f"}}), "tool_choice", f.clone()),
        (
            json!({"tools": [function], "tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "f"}]}}),
            "tool_choice",
            json!({"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [f]}}),
        ),
        (json!({"tools": [function], "parallel_tool_calls": false}), "parallel_tool_calls", json!(false)),
        (json!({"tools": [], "tool_choice": "auto", "parallel_tool_calls": true}), "tool_choice", Value::Null),
        (json!({"parallel_tool_calls": true}), "parallel_tool_calls", Value::Null),
        (
            json!({"text": {"format": {"type": "json_schema", "name": "n", "schema": schema, "strict": true}}}),
            "response_format",
            json!({"type": "json_schema", "json_schema": {"name": "n", "schema": schema, "strict": true}}),
        ),
        (json!({"text": {"format": {"type": "json_object"}}}), "response_format", json!({"type": "json_object"})),
        (json!({"text": {"format": {"type": "text"}, "verbosity": "low"}}), "response_format", Value::Null),
        (json!({"text": {"verbosity": "low"}}), "verbosity", json!("low")),
        (json!({"top_logprobs": 2}), "logprobs", json!(true)),
        (json!({"include": ["message.output_text.logprobs"]}), "logprobs", json!(true)),
        (
            json!({"store": true, "metadata": {"a": "b"}, "service_tier": "auto", "prompt_cache_key": "k"}),
            "metadata",
            Value::Null,
        ),
    ] {
        assert_eq!(as_chat(given.clone())[name], expected, "{given}");
    }
}

#[test]
fn items_become_messages() {
    let chat = as_chat(json!({"input": [
        {"role": "developer", "content": "Be kind."},
        {"type": "message", "role": "user", "content": [
            {"type": "input_text", "text": "What is it?"},
            {"type": "input_image", "image_url": "https://images.example/a.png", "detail": "low"},
            {"type": "input_file", "file_data": "data:application/pdf;base64,AAAA", "filename": "a.pdf"}]},
        {"type": "reasoning", "id": "rs_0123", "summary": [{"type": "summary_text", "text": "another's"}], "encrypted_content": "xyz"},
        {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [
            {"type": "output_text", "text": "One ", "annotations": []}, {"type": "output_text", "text": "moment.", "annotations": []}]},
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{\"a\":1}"},
        {"type": "function_call", "call_id": "c2", "name": "g", "arguments": ""},
        {"type": "function_call_output", "call_id": "c1", "output": [
            {"type": "input_text", "text": "seen"}, {"type": "input_image", "image_url": "data:image/png;base64,AAAA"}]},
        {"type": "function_call_output", "call_id": "c2", "output": "done"},
        {"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]},
        {"role": "user", "content": [{"type": "input_text", "text": "a"}, {"type": "input_text", "text": "b"}]}
    ]}));
    assert_eq!(
        chat["messages"],
        json!([
            {"role": "developer", "content": "Be kind."},
            {"role": "user", "content": [
                {"type": "text", "text": "What is it?"},
                {"type": "image_url", "image_url": {"url": "https://images.example/a.png", "detail": "low"}},
                {"type": "file", "file": {"file_data": "data:application/pdf;base64,AAAA", "filename": "a.pdf"}}]},
            {"role": "assistant", "content": "One moment.", "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}},
                {"id": "c2", "type": "function", "function": {"name": "g", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "c1", "content": "seen"},
            {"role": "tool", "tool_call_id": "c2", "content": "done"},
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]},
            {"role": "assistant", "content": "No."},
            {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}
        ])
    );
}

#[test]
fn gates_see_what_a_request_needs() {
    let image = json!({"type": "input_image", "image_url": "data:image/png;base64,AAAA"});
    let request = parse(&with(json!({
        "input": [{"role": "user", "content": [image]}],
        "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": false}],
        "text": {"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}}}, "reasoning": {"effort": "low"}
    })))
    .unwrap();
    let shape = request.shape();
    assert_eq!((shape.images, shape.tools, shape.json_schema, shape.reasoning), (1, 1, true, true));
}

#[test]
fn what_is_wrong_is_named() {
    for (given, param) in [
        (json!({"input": []}), "input"),
        (json!({"input": null}), "input"),
        (json!({"input": 7}), "input"),
        (json!({"input": [{"type": "reasoning", "id": "rs_fl01_0", "summary": []}]}), "input"),
        (json!({"input": [{"type": "message", "content": "x"}]}), "input[0].role"),
        (json!({"input": [{"role": "tool", "content": "x"}]}), "input[0].role"),
        (json!({"input": [{"role": "user"}]}), "input[0].content"),
        (json!({"input": [{"role": "user", "content": [{"type": "input_text"}]}]}), "input[0].content[0].text"),
        (json!({"input": [{"role": "user", "content": [{"type": "input_image"}]}]}), "input[0].content[0]"),
        (json!({"input": [{"type": "function_call", "name": "f"}]}), "input[0].call_id"),
        (json!({"input": [{"type": "function_call_output", "call_id": "c"}]}), "input[0].output"),
        (json!({"input": [{"type": 7}]}), "input[0].type"),
        (json!({"input": [{"type": "item_reference", "id": "msg_fl01_0"}]}), "input[0]"),
        (json!({"instructions": ["x"]}), "instructions"),
        (json!({"tools": [{"type": "function"}]}), "tools[0].name"),
        (json!({"tools": [{"name": "f"}]}), "tools[0].type"),
        (json!({"tool_choice": "any"}), "tool_choice"),
        (json!({"text": {"format": {"type": "xml"}}}), "text.format.type"),
        (json!({"text": {"format": {"type": "json_schema"}}}), "text.format.name"),
        (json!({"max_output_tokens": "many"}), "max_output_tokens"),
        (json!({"reasoning": {"effort": 3}}), "reasoning.effort"),
        (json!({"metadata": "x"}), "metadata"),
        (json!({"model": null}), "model"),
    ] {
        assert_eq!(parse(&with(given.clone())).unwrap_err().param.as_deref(), Some(param), "{given}");
    }
    let none = |_: &str| None;
    let twice = Bytes::from_static(br#"{"model":"a","model":"b","input":"x"}"#);
    assert_eq!(ChatRequest::parse_responses(&twice, &none).unwrap_err().param.as_deref(), Some("model"));
    let broken = ChatRequest::parse_responses(&Bytes::from_static(b"[]"), &none).unwrap_err();
    assert_eq!(broken.code, Code::InvalidBody);
}

#[test]
fn what_only_the_api_itself_knows_is_refused_by_others_and_kept_for_its_own() {
    for (more, param, keeper) in [
        (json!({"tools": [{"type": "web_search"}]}), "tools[0].type", None),
        (json!({"tools": [{"type": "file_search", "vector_store_ids": ["vs_1"]}]}), "tools[0]", Some("tools[0]")),
        (json!({"tools": [{"type": "code_interpreter", "container": "cntr_1"}]}), "tools[0]", Some("tools[0]")),
        (json!({"tools": [{"type": "code_interpreter", "container": {"type": "auto"}}]}), "tools[0].type", None),
        (json!({"tools": [{"type": "custom", "name": "c"}]}), "tools[0].type", None),
        (json!({"tool_choice": {"type": "file_search"}}), "tool_choice.type", None),
        (json!({"background": true}), "background", None),
        (json!({"context_management": [{"type": "compaction"}]}), "context_management", None),
        (json!({"reasoning": {"mode": "pro"}}), "reasoning.mode", None),
        (json!({"x_unknown": 1}), "x_unknown", None),
        (
            json!({"input": [{"type": "web_search_call", "id": "ws_1"}, {"role": "user", "content": "x"}]}),
            "input[0].type",
            None,
        ),
        (json!({"previous_response_id": "resp_1"}), "previous_response_id", Some("previous_response_id")),
        (json!({"conversation": "conv_1", "input": null}), "conversation", Some("conversation")),
        (json!({"prompt": {"id": "p"}}), "prompt", Some("prompt")),
        (json!({"input": [{"type": "item_reference", "id": "msg_0123"}]}), "input[0]", Some("input[0]")),
        (
            json!({"input": [{"role": "user", "content": [{"type": "input_image", "file_id": "file-1"}]}]}),
            "input[0].content[0].file_id",
            Some("input[0].content[0].file_id"),
        ),
    ] {
        let body = with(more);
        // What came first is named: conversations without input say no more than their turns before.
        let request = parse(&body).unwrap();
        assert_eq!(request.inbound().keeper(), keeper, "{body}");
        let refused = encode_chat(&request, &target("anthropic"), None, &Given::default()).unwrap_err();
        assert_eq!((refused.code, refused.retry), (Code::UnsupportedParameter, Retry::OtherTarget), "{body}");
        assert_eq!(refused.param.as_deref(), Some(param), "{body}");
        let sent = encode_chat(&request, &target("openai"), None, &Given::default()).unwrap();
        let mut expected = body.clone();
        expected["model"] = json!("served");
        assert_eq!(serde_json::from_slice::<Value>(&sent.body).unwrap(), expected);
        assert_eq!(sent.path, "/responses");
    }
}

#[test]
fn the_same_api_gets_the_text_as_it_came() {
    let text = r#"{ "x_free":1.50, "model":"auto",  "input" : "h\u0069", "temperature":0.2,"stream":true}"#;
    let request = ChatRequest::parse_responses(&Bytes::from_static(text.as_bytes()), &|_| None).unwrap();
    let sent = encode_chat(&request, &target("xai"), None, &Given::default()).unwrap();
    let expected = r#"{"x_free":1.50,"model":"served","input" : "h\u0069","temperature":0.2,"stream":true}"#;
    assert_eq!((std::str::from_utf8(&sent.body).unwrap(), sent.stream), (expected, true));
    // An effort from the header; what a model that reasons refuses is left out and noted.
    let mut thinker = target("openai");
    thinker.model = "gpt-5-mini";
    let sent = encode_chat(&request, &thinker, Some("high"), &Given::default()).unwrap();
    let body: Value = serde_json::from_slice(&sent.body).unwrap();
    assert_eq!((&body["reasoning"], body.get("temperature")), (&json!({"effort": "high"}), None));
    assert_eq!(sent.dropped, ["temperature"]);
    thinker.refuse_unsupported = true;
    let refused = encode_chat(&request, &thinker, None, &Given::default()).unwrap_err();
    assert_eq!((refused.code, refused.param.as_deref()), (Code::UnsupportedParameter, Some("temperature")));
    // A generic endpoint and Azure's older addresses get a chat request.
    let mut older = target("azure");
    older.dialect = crate::wire::Dialect::AzureDeployments;
    for (target, path) in
        [(target("openai-chat"), "/chat/completions"), (older, "/deployments/served/chat/completions")]
    {
        let refused = encode_chat(&request, &target, None, &Given::default()).unwrap_err();
        assert_eq!(refused.param.as_deref(), Some("x_free"));
        let plain = parse(&with(json!({"store": false, "truncation": "disabled"}))).unwrap();
        let sent = encode_chat(&plain, &target, None, &Given::default()).unwrap();
        assert_eq!(sent.path, path);
        assert_eq!(
            serde_json::from_slice::<Value>(&sent.body).unwrap(),
            json!({"model": "served", "messages": [{"role": "user", "content": "hi"}]})
        );
    }
}

#[test]
fn named_items_are_recalled_and_other_models_thoughts_stay_away() {
    let remembered = |id: &str| match id {
        "fc_fl01_0" => Some(json!({"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"})),
        "msg_0123" => {
            Some(json!({"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Look."}]}))
        }
        _ => None,
    };
    let body = with(json!({"input": [
        {"role": "user", "content": "go"},
        {"type": "reasoning", "id": "rs_fl01_0", "summary": [{"type": "summary_text", "text": "Hm."}]},
        {"type": "item_reference", "id": "fc_fl01_0"},
        {"id": "msg_0123"},
        {"type": "function_call_output", "call_id": "c1", "output": "done"}]}));
    let request = ChatRequest::parse_responses(&Bytes::from(body.to_string()), &remembered).unwrap();
    let chat: Value = serde_json::from_slice(request.body()).unwrap();
    assert_eq!(
        chat["messages"][1],
        json!({"role": "assistant", "content": "Look.", "reasoning_content": "Hm.", "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]})
    );
    assert_eq!(request.inbound().keeper(), None);
    let sent = encode_chat(&request, &target("openai"), None, &Given::default()).unwrap();
    let sent: Value = serde_json::from_slice(&sent.body).unwrap();
    assert_eq!(
        sent["input"],
        json!([{"role": "user", "content": "go"},
            {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Look."}]},
            {"type": "function_call_output", "call_id": "c1", "output": "done"}])
    );
}

#[test]
fn sealed_thoughts_go_to_the_model_that_had_them() {
    let blocks = [json!({"type": "thinking", "thinking": "Hm.", "signature": "EqQB"})];
    let sealed = seal("anthropic/served", &blocks);
    let call = |id: &str| json!({"type": "function_call", "call_id": id, "name": "f", "arguments": "{}"});
    let result = json!({"type": "function_call_output", "call_id": "c1", "output": "done"});
    let request = parse(&with(json!({"input": [
        {"role": "user", "content": "go"}, {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": sealed},
        call("c1"), result, call("c2")]})))
    .unwrap();
    let inbound = request.inbound();
    let carried = inbound.carried("c1", &target("anthropic")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(carried[0].get()).unwrap(), blocks[0]);
    assert!(inbound.carried("c2", &target("anthropic")).is_none(), "thought before another call");
    assert!(inbound.carried("c1", &target("gemini")).is_none(), "another model's");
    let sent = encode_chat(&request, &target("openai"), None, &Given::default()).unwrap();
    assert!(!String::from_utf8_lossy(&sent.body).contains("floopy."), "of no use to others");
    for broken in ["floopy.", "floopy.!!", "floopy.e30"] {
        let item = json!({"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": broken});
        let request = parse(&with(json!({"input": [item, call("c1")]}))).unwrap();
        assert!(request.inbound().carried("c1", &target("anthropic")).is_none(), "{broken}");
    }
}

proptest! {
    #[test]
    fn nonsense_never_panics(text in ".{0,200}", number in any::<i64>()) {
        for item in [
            json!({"type": text.clone(), "id": text.clone()}),
            json!({"role": "user", "content": [{"type": text.clone(), "text": number}]}),
            json!({"type": "reasoning", "id": number, "summary": text.clone(), "encrypted_content": text.clone()}),
            json!({"type": "function_call", "call_id": text.clone(), "name": text.clone(), "arguments": text.clone()}),
        ] {
            drop(parse(&with(json!({"input": [item], "tool_choice": {"type": text.clone()}}))));
        }
    }
}
