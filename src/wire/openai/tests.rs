mod mended;
mod rows;

use crate::base::Code;
use crate::wire::quirks::quirks;
use crate::wire::{
    AnswerContext, ChatRequest, Dialect, Finish, Given, Inbound, StreamDecoder, Target, decode_chat, encode_chat,
};
use bytes::{Bytes, BytesMut};
use proptest::prelude::*;
use serde_json::{Value, json};

fn target<'a>(kind: &str, model: &'a str) -> Target<'a> {
    Target {
        quirks: quirks(kind),
        dialect: Dialect::OpenAiChat,
        model,
        info: None,
        refuse_unsupported: false,
        anthropic_version: "2023-06-01",
    }
}

const CONTEXT: AnswerContext<'static> =
    AnswerContext { id: "chatcmpl-ours", created: 7, model: "m", include_usage: false };

fn request(extra: &Value) -> ChatRequest {
    let mut body = json!({"model": "auto", "messages": [{"role": "user", "content": "hi"}]});
    for (name, value) in extra.as_object().unwrap() {
        body[name] = value.clone();
    }
    ChatRequest::parse(Bytes::from(body.to_string())).unwrap()
}

fn sent(kind: &str, model: &str, extra: &Value) -> (Value, Vec<String>) {
    let outgoing = encode_chat(&request(extra), &target(kind, model), None, &Given::default()).unwrap();
    (serde_json::from_slice(&outgoing.body).unwrap(), outgoing.dropped)
}

#[test]
fn each_provider_gets_its_own_form() {
    // kind, what the client adds, path in the outgoing body, what stands there (null = absent)
    let cases = [
        ("openai", json!({"max_tokens": 5}), "/max_tokens", json!(5)),
        ("openai-chat", json!({"store": true}), "/store", json!(true)),
        ("deepseek", json!({"max_completion_tokens": 5}), "/max_tokens", json!(5)),
        ("deepseek", json!({"max_completion_tokens": 5}), "/max_completion_tokens", Value::Null),
        ("cerebras", json!({"max_tokens": 5}), "/max_completion_tokens", json!(5)),
        ("groq", json!({"max_tokens": 5, "max_completion_tokens": 6}), "/max_completion_tokens", json!(6)),
        ("mistral", json!({"seed": 3}), "/random_seed", json!(3)),
        ("mistral", json!({"temperature": 2}), "/temperature", json!(1.5)),
        ("mistral", json!({"stream": true, "stream_options": {"include_usage": true}}), "/stream_options", Value::Null),
        ("nebius", json!({"stream": true}), "/stream_options/include_usage", json!(true)),
        ("together", json!({"logprobs": true, "top_logprobs": 4}), "/logprobs", json!(4)),
        ("together", json!({"logprobs": true, "top_logprobs": 4}), "/top_logprobs", Value::Null),
        ("fireworks", json!({"prompt_cache_key": "k"}), "/prompt_cache_isolation_key", json!("k")),
        ("novita", json!({"unknown_field": {"a": 1}}), "/unknown_field/a", json!(1)),
        (
            "xai",
            json!({"tools": [{"type": "function", "function": {"name": "f", "strict": true}}]}),
            "/tools/0/function/strict",
            Value::Null,
        ),
    ];
    for (kind, extra, path, expected) in cases {
        let (body, _) = sent(kind, "m", &extra);
        assert_eq!(body.pointer(path).cloned().unwrap_or_default(), expected, "{kind} {extra}");
        let prefix = quirks(kind).model_prefix.unwrap_or_default();
        assert_eq!(body["model"], format!("{prefix}m"));
    }
}

#[test]
fn what_is_left_out_is_named() {
    for (kind, extra, name) in [
        ("groq", json!({"logit_bias": {"1": 2}}), "logit_bias"),
        ("perplexity", json!({"stop": "x"}), "stop"),
        ("deepseek", json!({"logit_bias": {"1": 2}}), "logit_bias"),
        ("sambanova", json!({"frequency_penalty": 1}), "frequency_penalty"),
        ("groq", json!({"presence_penalty": 1}), "presence_penalty"),
    ] {
        let (body, dropped) = sent(kind, "m", &extra);
        assert_eq!((body.get(name), dropped), (None, vec![name.to_owned()]), "{kind}");
        let strict = Target { refuse_unsupported: true, ..target(kind, "m") };
        let error = encode_chat(&request(&extra), &strict, None, &Given::default()).unwrap_err();
        assert_eq!((error.code, error.param.as_deref()), (Code::UnsupportedParameter, Some(name)));
    }
}

#[test]
fn what_lies_beside_the_answer_is_left_out_whatever_the_operator_wants() {
    for kind in ["nebius", "groq", "perplexity"] {
        for (name, value) in [("store", json!(true)), ("user", json!("u")), ("prompt_cache_key", json!("k"))] {
            let strict = Target { refuse_unsupported: true, ..target(kind, "m") };
            let outgoing = encode_chat(&request(&json!({name: value})), &strict, None, &Given::default()).unwrap();
            assert_eq!(outgoing.dropped, [name], "{kind}");
        }
    }
}

#[test]
fn what_would_make_the_answer_wrong_is_refused() {
    let schema = json!({"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {}}}});
    let tool = json!([{"type": "function", "function": {"name": "f"}}]);
    for (kind, extra, param) in [
        ("deepseek", schema, "response_format"),
        ("groq", json!({"n": 2}), "n"),
        ("ai21", json!({"tools": tool, "tool_choice": "required"}), "tool_choice"),
        ("perplexity", json!({"tools": tool, "tool_choice": "required"}), "tool_choice"),
        (
            "sambanova",
            json!({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x/y.png"}}]}]}),
            "messages[0].content",
        ),
    ] {
        let error = encode_chat(&request(&extra), &target(kind, "m"), None, &Given::default()).unwrap_err();
        assert_eq!((error.code, error.param.as_deref()), (Code::UnsupportedParameter, Some(param)), "{kind}");
    }
}

#[test]
fn openais_reasoning_models_have_rules_of_their_own() {
    let extra = json!({"max_tokens": 5, "temperature": 0.2, "top_p": 1});
    let (body, dropped) = sent("openai", "o3-mini", &extra);
    assert_eq!((&body["max_completion_tokens"], &body["top_p"], body.get("temperature")), (&json!(5), &json!(1), None));
    assert_eq!(dropped, ["temperature"]);
    let (body, _) = sent("openai", "gpt-5.1", &json!({"temperature": 0.2, "reasoning_effort": "none"}));
    assert_eq!(body["temperature"], 0.2);
}

#[test]
fn messages_are_put_in_the_providers_order() {
    let messages = json!({"messages": [
        {"role": "developer", "content": "d"},
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "", "tool_calls": [{"id": "call_abc", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "call_abc", "content": "r"},
        {"role": "user", "content": "b"},
    ]});
    let (body, _) = sent("mistral", "m", &messages);
    let roles: Vec<_> = body["messages"].as_array().unwrap().iter().map(|m| m["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["system", "user", "assistant", "tool", "assistant", "user"]);
    let id = body["messages"][2]["tool_calls"][0]["id"].as_str().unwrap();
    assert!(id.len() == 9 && id.bytes().all(|b| b.is_ascii_alphanumeric()));
    assert_eq!(body["messages"][3]["tool_call_id"], id);
    let doubled = json!({"messages": [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]});
    assert_eq!(sent("perplexity", "m", &doubled).0["messages"], json!([{"role": "user", "content": "a\n\nb"}]));
    let late = json!({"messages": [{"role": "user", "content": "a"}, {"role": "system", "content": "s"}]});
    assert_eq!(sent("ai21", "m", &late).0["messages"][0]["role"], "system");
}

#[test]
fn a_good_answer_passes_untouched_and_a_bad_one_is_mended() {
    let good = br#"{"id":"x","object":"chat.completion","created":1,"model":"g","mine":1.50,"choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"hi"}}],"usage":{"prompt_tokens":5,"completion_tokens":1,"total_tokens":6,"prompt_tokens_details":{"cached_tokens":4}}}"#;
    let body = Bytes::from_static(good);
    let decoded = decode_chat(&request(&json!({})), &target("openai", "m"), &CONTEXT, body.clone()).unwrap();
    assert_eq!(decoded.body, body);
    let usage = decoded.usage.unwrap();
    assert_eq!((usage.input, usage.output, usage.cached_input), (5, 1, 4));
    assert_eq!(decoded.answer.text, "hi");

    let odd = br#"{"choices":[{"message":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]},{"type":"text","text":"hi"}],"tool_calls":[]},"finish_reason":"eos"}]}"#;
    let decoded =
        decode_chat(&request(&json!({})), &target("mistral", "m"), &CONTEXT, Bytes::from_static(odd)).unwrap();
    let body: Value = serde_json::from_slice(&decoded.body).unwrap();
    assert_eq!(
        (&body["id"], &body["object"], &body["created"]),
        (&json!("chatcmpl-ours"), &json!("chat.completion"), &json!(7))
    );
    let message = &body["choices"][0]["message"];
    assert_eq!(
        (&message["content"], &message["reasoning_content"], message.get("tool_calls")),
        (&json!("hi"), &json!("hm"), None)
    );
    assert_eq!((decoded.finish, decoded.usage.unwrap().estimated), (Some(Finish::Stop), true));
    assert_eq!(body["usage"]["completion_tokens"], 1, "counted with a tokenizer");
}

#[test]
fn an_error_in_disguise_is_an_error() {
    for body in [
        r#"{"error":{"message":"x","type":"server_error"}}"#,
        "hello",
        "[]",
        r#"{"choices":[]}"#,
        r#"{"choices":[{}]}"#,
        "\u{fffd}",
    ] {
        assert!(
            decode_chat(&request(&json!({})), &target("openai", "m"), &CONTEXT, Bytes::from(body)).is_err(),
            "{body}"
        );
    }
}

fn play(kind: &str, include_usage: bool, pieces: &[&[u8]]) -> (String, Result<(), String>, StreamDecoder) {
    let context = AnswerContext { include_usage, ..CONTEXT };
    let mut decoder = StreamDecoder::new(&target(kind, "m"), context, Bytes::from_static(b"[\"hi\"]"), &Inbound::Chat);
    let mut out = BytesMut::new();
    let fed = pieces.iter().try_for_each(|piece| decoder.feed(piece, &mut out)).and_then(|()| decoder.end(&mut out));
    (String::from_utf8(out.to_vec()).unwrap(), fed.map_err(|fault| fault.message), decoder)
}

const CLEAN: &str = concat!(
    ": ping\n\n",
    "data: {\"id\":\"a\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"g\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}],\"usage\":null}\n\n",
    "data: {\"id\":\"a\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"g\",\"usage\":null,\"choices\":[{\"index\":0,\"delta\":{\"content\":\"h\u{e9}\"},\"finish_reason\":null}]}\n\n",
    "data: {\"id\":\"a\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"g\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
    "data: {\"id\":\"a\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"g\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2,\"total_tokens\":5}}\n\n",
    "data: [DONE]\n\n",
);

const GROQ: &str = concat!(
    "data: {\"id\":\"q\",\"choices\":[{\"delta\":{\"role\":\"assistant\",\"reasoning\":\"hm\"}}],\"x_groq\":{\"id\":\"r\"}}\r\n\r\n",
    "data:{\"choices\":[{\"delta\":{\"tool_calls\":[{\"id\":\"t\",\"function\":{\"name\":\"f\",\"arguments\":{\"a\":1}}}]}}]}\r\n\r\n",
    "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"t\",\"function\":{\"name\":\"f\",\"arguments\":null}}]}}]}\r\n\r\n",
    "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"\"}],\"x_groq\":{\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}}\r\n\r\n",
);

#[test]
fn every_cut_of_a_stream_gives_the_same_output() {
    for (kind, text) in [("openai", CLEAN), ("groq", GROQ)] {
        for include_usage in [false, true] {
            let whole = play(kind, include_usage, &[text.as_bytes()]);
            assert_eq!(whole.1, Ok(()), "{kind}");
            for cut in 0..text.len() {
                let (head, tail) = text.as_bytes().split_at(cut);
                assert_eq!(play(kind, include_usage, &[head, tail]).0, whole.0, "{kind} cut at {cut}");
            }
        }
    }
}

#[test]
fn usage_is_shown_only_when_asked_for() {
    let (without, _, decoder) = play("openai", false, &[CLEAN.as_bytes()]);
    assert!(!without.contains("usage"), "{without}");
    assert_eq!(decoder.summary().usage.unwrap().input, 3);
    assert_eq!(decoder.summary().answer.text, "hé");
    let (with, _, _) = play("openai", true, &[CLEAN.as_bytes()]);
    let events: Vec<Value> = with
        .split("\n\n")
        .filter_map(|event| event.strip_prefix("data: "))
        .filter(|event| *event != "[DONE]")
        .map(|event| serde_json::from_str(event).unwrap())
        .collect();
    assert!(events[..events.len() - 1].iter().all(|event| event.get("usage") == Some(&Value::Null)), "{with}");
    assert_eq!(events.last().unwrap()["usage"]["total_tokens"], 5);
    assert_eq!(events.last().unwrap()["choices"], json!([]));
    assert_eq!(events.last().unwrap()["id"], "a");
}

#[test]
fn a_near_openai_stream_is_mended() {
    let (out, ended, decoder) = play("groq", false, &[GROQ.as_bytes()]);
    assert_eq!(ended, Ok(()), "it closes without [DONE], and that is fine after a reason to end");
    assert!(out.ends_with("data: [DONE]\n\n"));
    assert_eq!(out.matches("\"name\":\"f\"").count(), 1, "names are said once: clients concatenate them\n{out}");
    assert!(out.contains("\"reasoning_content\":\"hm\""));
    let summary = decoder.summary();
    assert_eq!(summary.finish, Some(Finish::ToolCalls));
    let message: Value = serde_json::from_str(&summary.answer.message).unwrap();
    assert_eq!(message["tool_calls"][0]["function"]["arguments"], "{\"a\":1}");
    assert_eq!(message["content"], Value::Null);
    assert_eq!(summary.usage.unwrap().output, 2);
}

#[test]
fn a_stream_that_breaks_or_errs_is_a_fault() {
    let cut = CLEAN.split("data: {\"id\":\"a\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"g\",\"choices\":[{\"index\":0,\"delta\":{}").next().unwrap();
    for bad in [
        cut.to_owned(),
        format!("{cut}data: [DONE]\n\n"),
        format!("{cut}data: {{\"error\":{{\"message\":\"x\"}}}}\n\n"),
        format!("{cut}data: nonsense\n\n"),
    ] {
        let (out, ended, _) = play("openai", false, &[bad.as_bytes()]);
        assert!(ended.is_err());
        assert!(!out.contains("[DONE]") && out.contains('é'), "{out}");
    }
}

proptest! {
    #[test]
    fn unknown_fields_survive_byte_for_byte(name in "[a-z_]{3,12}x", number in "-?[1-9][0-9]{0,8}\\.[0-9]{1,9}(e[1-9])?", text in "[ -!#-\\[\\]-~é日]{0,20}") {
        let body = format!("{{ \"{name}\" :  [{number}, \"{text}\"],\"model\":\"auto\",\"messages\":[{{\"role\":\"user\",\"content\":\"{text}\",\"{name}\":{number}}}] }}");
        let request = ChatRequest::parse(Bytes::from(body)).unwrap();
        let outgoing = encode_chat(&request, &target("openai", "m"), None, &Given::default()).unwrap();
        let sent = String::from_utf8(outgoing.body.to_vec()).unwrap();
        let expected = format!("\"{name}\" :  [{number}, \"{text}\"]");
        let message = format!("{{\"role\":\"user\",\"content\":\"{text}\",\"{name}\":{number}}}");
        prop_assert!(sent.contains(&expected));
        prop_assert!(sent.contains(&message));
        prop_assert!(serde_json::from_str::<Value>(&sent).is_ok());
    }

    #[test]
    fn nothing_from_outside_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), text in ".{0,80}") {
        drop(ChatRequest::parse(Bytes::from(bytes.clone())));
        let framed = format!("data: {text}\n\ndata: {{\"choices\":[{{\"delta\":{{\"content\":{}}}}}]}}\n\n", json!(text));
        for kind in ["openai", "mistral"] {
            drop(decode_chat(&request(&json!({})), &target(kind, "m"), &CONTEXT, Bytes::from(bytes.clone())));
            drop(play(kind, true, &[&bytes, framed.as_bytes()]));
        }
    }
}
