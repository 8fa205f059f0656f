//! What each provider that speaks nearly OpenAI's dialect is sent, field by field.

use super::*;
use crate::base::{Capability, ModelInfo, ModelRef};

/// A model of which this is known.
fn info(kind: &str, model: &str, reasoning: Option<bool>) -> ModelInfo {
    let mut info = ModelInfo::unknown(ModelRef::parse(&format!("{kind}/{model}")).unwrap());
    if let Some(reasoning) = reasoning {
        info.capabilities.set(Capability::Reasoning, reasoning);
    }
    info.max_input_tokens = Some(1000);
    info.max_output_tokens = Some(990);
    info
}

fn sent_of(kind: &str, model: &str, reasoning: Option<bool>, extra: &Value) -> (Value, Vec<String>) {
    let info = info(kind, model, reasoning);
    let target = Target { info: Some(&info), ..target(kind, model) };
    let outgoing = encode_chat(&request(extra), &target, None, &Given::default()).unwrap();
    (serde_json::from_slice(&outgoing.body).unwrap(), outgoing.dropped)
}

fn refused(kind: &str, model: &str, extra: &Value) -> String {
    let error = encode_chat(&request(extra), &target(kind, model), None, &Given::default()).unwrap_err();
    assert_eq!(error.retry, crate::base::Retry::OtherTarget);
    format!("{} {}", error.code.as_str(), error.param.unwrap_or_default())
}

fn schema() -> Value {
    json!({"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}})
}

fn tools() -> Value {
    json!([{"type": "function", "function": {"name": "f", "strict": true, "parameters": {"type": "object",
        "$schema": "s", "additionalProperties": false, "properties": {"additionalProperties": {"type": "object",
        "additionalProperties": false, "default": {"$schema": 1}}}}}},
        {"type": "function", "function": {"name": "g"}}])
}

#[test]
fn efforts_are_said_in_the_providers_own_words() {
    let enabled = json!({"type": "enabled"});
    let off = json!({"type": "disabled"});
    // kind, model, whether it can reason, effort, the member, what stands there
    for (kind, model, reasons, effort, member, expected) in [
        ("deepseek", "deepseek-v4-pro", None, "none", "thinking", off),
        ("deepseek", "deepseek-v4-pro", None, "none", "reasoning_effort", Value::Null),
        ("deepseek", "deepseek-v4-pro", None, "minimal", "reasoning_effort", json!("low")),
        ("deepseek", "deepseek-v4-pro", None, "medium", "reasoning_effort", json!("high")),
        ("deepseek", "deepseek-chat", None, "max", "thinking", enabled),
        ("xai", "grok-3-mini", Some(true), "medium", "reasoning_effort", json!("high")),
        ("xai", "grok-4.3", Some(true), "none", "reasoning_effort", json!("none")),
        ("xai", "grok-4.20", Some(true), "low", "reasoning_effort", Value::Null),
        ("xai", "grok-4", Some(true), "low", "reasoning_effort", Value::Null),
        ("groq", "openai/gpt-oss-20b", Some(true), "xhigh", "reasoning_effort", json!("high")),
        ("groq", "qwen/qwen3.8-27b", Some(true), "low", "reasoning_effort", json!("default")),
        ("groq", "llama-3.3-70b", None, "low", "reasoning_effort", Value::Null),
        ("cerebras", "gpt-oss-120b", Some(true), "minimal", "reasoning_effort", json!("low")),
        ("cerebras", "zai-glm-4.7", Some(true), "none", "disable_reasoning", json!(true)),
        ("sambanova", "DeepSeek-V3.1", Some(true), "none", "chat_template_kwargs", json!({"enable_thinking": false})),
        ("together", "Qwen/Qwen3", Some(true), "low", "reasoning", json!({"enabled": true})),
        ("together", "deepseek-ai/DeepSeek-V4-Pro", Some(true), "max", "reasoning_effort", json!("max")),
        ("together", "meta/llama", Some(false), "low", "reasoning", Value::Null),
        ("fireworks", "kimi", None, "max", "reasoning_effort", json!("high")),
        ("perplexity", "sonar-deep-research", Some(true), "minimal", "reasoning_effort", json!("minimal")),
        ("perplexity", "sonar", None, "low", "reasoning_effort", Value::Null),
        ("ai21", "jamba-large", None, "low", "reasoning_effort", Value::Null),
        ("deepinfra", "x/y", None, "none", "reasoning_effort", json!("none")),
        ("novita", "x/y", None, "none", "enable_thinking", json!(false)),
        ("mistral", "magistral", None, "high", "reasoning_effort", json!("high")),
        ("nebius", "x/y", None, "low", "reasoning_effort", json!("low")),
    ] {
        let (body, dropped) = sent_of(kind, model, reasons, &json!({"reasoning_effort": effort}));
        assert_eq!(body[member], expected, "{kind} {model} {effort}: {body}");
        let said = [
            "reasoning_effort",
            "thinking",
            "reasoning",
            "disable_reasoning",
            "chat_template_kwargs",
            "enable_thinking",
        ];
        let honoured = said.iter().any(|member| body.get(member).is_some());
        assert_eq!(dropped.contains(&"reasoning_effort".to_owned()), !honoured, "{kind} {model}: {dropped:?}");
    }
    let own = json!({"reasoning_effort": "low", "thinking": {"type": "enabled", "budget_tokens": 5}});
    let (body, _) = sent_of("fireworks", "kimi", None, &own);
    assert_eq!((body.get("reasoning_effort"), &body["thinking"]["budget_tokens"]), (None, &json!(5)), "never both");
}

#[test]
fn the_routes_effort_overrides_the_bodys() {
    for (kind, said) in [("openai", "high"), ("deepseek", "high"), ("nebius", "high")] {
        let outgoing = encode_chat(
            &request(&json!({"reasoning_effort": "low"})),
            &target(kind, "m"),
            Some("high"),
            &Given::default(),
        );
        let text = String::from_utf8(outgoing.unwrap().body.to_vec()).unwrap();
        assert_eq!(text.matches("reasoning_effort").count(), 1, "{text}");
        assert!(text.contains(&format!("\"reasoning_effort\":\"{said}\"")), "{text}");
    }
}

#[test]
fn what_is_refused_while_a_model_thinks_is_left_out() {
    let extra = json!({"logprobs": true, "stop": "x", "presence_penalty": 0.5});
    for (kind, model, reasons, dropped) in [
        ("deepseek", "deepseek-v4-flash", None, vec!["logprobs"]),
        ("deepseek", "deepseek-chat", None, vec![]),
        ("xai", "grok-4", Some(true), vec!["presence_penalty", "stop"]),
        ("xai", "grok-4-non-reasoning", None, vec![]),
    ] {
        let (_, mut left_out) = sent_of(kind, model, reasons, &extra);
        left_out.sort();
        assert_eq!(left_out, dropped, "{kind} {model}");
    }
}

#[test]
fn reasoning_goes_back_where_it_must_and_only_there() {
    let call = json!([{"id": "call_abcd", "type": "function", "function": {"name": "f", "arguments": "{}"}}]);
    let messages = json!([
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b", "reasoning_content": "old"},
        {"role": "user", "content": "c"},
        {"role": "assistant", "content": null, "tool_calls": call, "reasoning_content": "why"},
        {"role": "tool", "tool_call_id": "call_abcd", "content": "1"},
        {"role": "assistant", "content": null, "tool_calls": call},
        {"role": "tool", "tool_call_id": "call_abcd", "content": "2"}
    ]);
    let replayed = |kind: &str, effort: &str| {
        let (body, _) = sent_of(kind, "deepseek-v4", None, &json!({"messages": messages, "reasoning_effort": effort}));
        [1, 3, 5].map(|place| body["messages"][place]["reasoning_content"].clone())
    };
    assert_eq!(replayed("deepseek", "high"), [json!("old"), json!("why"), json!(" ")]);
    assert_eq!(replayed("deepseek", "none"), [Value::Null, Value::Null, Value::Null]);
    assert_eq!(replayed("together", "high"), [json!("old"), json!("why"), Value::Null]);
    assert_eq!(replayed("groq", "high"), [Value::Null, Value::Null, Value::Null]);
}

#[test]
fn members_have_the_values_that_the_provider_knows() {
    // kind, what the client adds, path in the outgoing body, what stands there (null = absent)
    for (kind, extra, path, expected) in [
        ("groq", json!({"temperature": 0}), "/temperature", json!(1e-8)),
        ("groq", json!({"service_tier": "priority"}), "/service_tier", json!("performance")),
        ("groq", json!({"service_tier": "scale"}), "/service_tier", Value::Null),
        ("deepinfra", json!({"service_tier": "priority"}), "/service_tier", json!("priority")),
        ("deepinfra", json!({"service_tier": "auto"}), "/service_tier", Value::Null),
        ("deepinfra", json!({"prompt_cache_key": "k"}), "/prompt_cache_key", json!("k")),
        ("perplexity", json!({"temperature": 2}), "/temperature", json!(1.99)),
        ("perplexity", json!({"presence_penalty": 1, "frequency_penalty": 1}), "/frequency_penalty", Value::Null),
        ("perplexity", json!({"presence_penalty": 0, "frequency_penalty": 1}), "/frequency_penalty", json!(1)),
        ("perplexity", json!({"web_search_options": {}}), "/web_search_options", json!({})),
        ("ai21", json!({"max_tokens": 9000}), "/max_tokens", json!(4096)),
        ("together", json!({"stop": "x"}), "/stop", json!(["x"])),
        ("novita", json!({"stop": ["1", "2", "3", "4", "5"]}), "/stop", json!(["1", "2", "3", "4"])),
        ("novita", json!({}), "/max_tokens", json!(990)),
        ("novita", json!({"max_tokens": 5}), "/max_tokens", json!(5)),
        ("deepinfra", json!({}), "/max_tokens", json!(990)),
        ("fireworks", json!({}), "/context_length_exceeded_behavior", json!("error")),
        (
            "fireworks",
            json!({"context_length_exceeded_behavior": "truncate"}),
            "/context_length_exceeded_behavior",
            json!("truncate"),
        ),
        ("sambanova", json!({"temperature": 1.5}), "/temperature", json!(1)),
        ("mistral", json!({"prediction": {"type": "content", "content": "x"}}), "/prediction/content", json!("x")),
        ("together", json!({"parallel_tool_calls": false}), "/parallel_tool_calls", Value::Null),
        ("deepinfra", json!({"parallel_tool_calls": true}), "/parallel_tool_calls", Value::Null),
        ("novita", json!({"parallel_tool_calls": false}), "/parallel_tool_calls", Value::Null),
        ("nebius", json!({"parallel_tool_calls": false}), "/parallel_tool_calls", json!(false)),
        ("mistral", json!({"service_tier": "default"}), "/service_tier", json!("standard_only")),
        ("mistral", json!({"service_tier": "flex"}), "/service_tier", Value::Null),
        ("mistral", json!({"stream": true}), "/stream_options", Value::Null),
        ("ai21", json!({"stream": true}), "/stream_options", Value::Null),
    ] {
        let (body, _) = sent_of(kind, "m", None, &extra);
        assert_eq!(body.pointer(path).cloned().unwrap_or_default(), expected, "{kind} {extra}: {body}");
    }
    let long = json!({"messages": [{"role": "user", "content": "x".repeat(2400)}]});
    assert_eq!(sent_of("novita", "m", None, &long).0["max_tokens"], 200, "what is left of the window");
    assert_eq!(sent_of("novita", "m", Some(true), &json!({})).0["separate_reasoning"], true);
    assert_eq!(sent_of("groq", "qwen/qwen3.8", Some(true), &json!({})).0["reasoning_format"], "parsed");
    assert_eq!(sent_of("groq", "openai/gpt-oss-20b", Some(true), &json!({})).0.get("reasoning_format"), None);
    assert_eq!(sent("fireworks", "accounts/me/models/own", &json!({})).0["model"], "accounts/me/models/own");
}

#[test]
fn what_would_make_the_answer_wrong_is_refused_for_another_target_to_do() {
    let image = json!({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}]}]});
    let call = json!([{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}]);
    let history = json!({"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "tool_calls": call},
        {"role": "tool", "tool_call_id": "a", "content": "1"}]});
    for (kind, extra, param) in [
        ("perplexity", history, "messages[1].tool_calls"),
        ("mistral", json!({"functions": [{"name": "f"}]}), "functions"),
        ("groq", json!({"response_format": schema()}), "response_format"),
        ("perplexity", json!({"response_format": {"type": "json_object"}}), "response_format"),
        ("perplexity", json!({"tools": tools(), "tool_choice": "required"}), "tool_choice"),
        ("ai21", image, "messages[0].content"),
        ("ai21", json!({"n": 2, "stream": true}), "n"),
        ("nebius", json!({"tools": [{"type": "custom", "custom": {"name": "c"}}]}), "tools[0].type"),
        ("deepinfra", json!({"tools": tools(), "tool_choice": "required"}), "tool_choice"),
    ] {
        assert_eq!(refused(kind, "m", &extra), format!("unsupported_parameter {param}"), "{kind}");
    }
    let both = json!({"response_format": schema(), "tools": tools()});
    assert_eq!(refused("groq", "openai/gpt-oss-20b", &both), "unsupported_parameter response_format");
}

#[test]
fn a_schema_that_goes_without_a_stream_is_asked_for_whole() {
    let extra = json!({"response_format": schema(), "stream": true, "stream_options": {"include_usage": true}});
    let outgoing =
        encode_chat(&request(&extra), &target("groq", "openai/gpt-oss-20b"), None, &Given::default()).unwrap();
    let body: Value = serde_json::from_slice(&outgoing.body).unwrap();
    assert_eq!((body.get("stream"), body.get("stream_options"), outgoing.stream), (None, None, true));
}

#[test]
fn tools_are_declared_as_the_provider_reads_them() {
    let (body, _) = sent("mistral", "m", &json!({"tools": tools()}));
    let function = &body["tools"][0]["function"];
    assert_eq!(
        function["parameters"],
        json!({"type": "object", "properties": {"additionalProperties": {"type": "object", "default": {"$schema": 1}}}}),
        "keywords go, names and values of the caller's stay"
    );
    assert_eq!(function.get("strict"), None);
    let (body, _) = sent("mistral", "m", &json!({"tools": [{"type": "function", "function": {"name": "ping"}}]}));
    assert_eq!(body["tools"][0]["function"]["parameters"], json!({"type": "object", "properties": {}}));
    assert_eq!(sent("cerebras", "m", &json!({"tools": tools()})).0["tools"][0]["function"].get("strict"), None);
    let mut alike = tools();
    alike[1]["function"]["strict"] = json!(true);
    assert_eq!(sent("cerebras", "m", &json!({"tools": alike})).0["tools"], alike);
    assert_eq!(sent("nebius", "m", &json!({"tools": tools()})).0["tools"], tools());
    let mut cached = tools();
    cached[0]["function"]["cache_control"] = json!({"type": "ephemeral"});
    assert_eq!(sent("nebius", "m", &json!({"tools": cached})).0["tools"], tools());
    let choice = json!({"type": "allowed_tools", "allowed_tools": {"mode": "required",
        "tools": [{"type": "function", "function": {"name": "g"}}]}});
    let (body, _) = sent("nebius", "m", &json!({"tools": tools(), "tool_choice": choice}));
    assert_eq!((&body["tools"], &body["tool_choice"]), (&json!([tools()[1]]), &json!("required")));
    let (body, dropped) = sent("ai21", "m", &json!({"tools": tools(), "tool_choice": "none"}));
    assert_eq!((body.get("tools"), body.get("tool_choice"), dropped.len()), (None, None, 0), "it cannot call them");
}

#[test]
fn messages_hold_what_the_provider_takes() {
    let call = json!([{"id": "call_abcd", "type": "function", "function": {"name": "f", "arguments": "{}"}}]);
    let messages = json!({"messages": [
        {"role": "system", "content": [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral"}}], "name": "n"},
        {"role": "user", "content": "a", "name": "ann", "x": 1},
        {"role": "assistant", "content": null, "tool_calls": call, "refusal": null, "annotations": []},
        {"role": "tool", "tool_call_id": "call_abcd", "content": [{"type": "text", "text": "r"}, {"type": "text", "text": "s"}]},
        {"role": "assistant", "content": "", "tool_calls": []},
        {"role": "user", "content": "b"},
        {"role": "assistant", "content": "It"}
    ]});
    let (body, _) = sent("mistral", "m", &messages);
    let id = body["messages"][2]["tool_calls"][0]["id"].clone();
    let mut short = call.clone();
    short[0]["id"] = id.clone();
    assert_eq!(
        body["messages"],
        json!([
            {"role": "system", "content": [{"type": "text", "text": "s"}]},
            {"role": "user", "content": "a"},
            {"role": "assistant", "tool_calls": short},
            {"role": "tool", "tool_call_id": id, "content": [{"type": "text", "text": "r"}, {"type": "text", "text": "s"}]},
            {"role": "assistant", "content": "."},
            {"role": "user", "content": "b"},
            {"role": "assistant", "content": "It", "prefix": true}
        ])
    );
    let content = |kind: &str, place: usize| sent(kind, "m", &messages).0["messages"][place]["content"].clone();
    assert_eq!((content("groq", 2), content("groq", 4)), (Value::Null, json!("")));
    assert_eq!((content("sambanova", 2), content("ai21", 2)), (json!(""), json!("")));
    assert_eq!(
        (content("deepinfra", 3), content("sambanova", 3), content("ai21", 0)),
        (json!("rs"), json!("rs"), json!("s"))
    );
    let picture = json!({"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "tool_calls": call},
        {"role": "tool", "tool_call_id": "call_abcd", "content": [{"type": "image_url", "image_url": {"url": "data:x"}}]}]});
    assert!(sent("deepinfra", "m", &picture).0["messages"][2]["content"].as_str().unwrap().starts_with("[{"));
}

#[test]
fn user_and_assistant_take_turns_and_the_user_has_the_last_word() {
    let say = |role: &str, text: &str| json!({"role": role, "content": text});
    let (body, _) = sent(
        "perplexity",
        "sonar",
        &json!({"messages": [say("system", "s"), say("assistant", "a"), say("user", "b"), say("system", "c"), say("assistant", "d")]}),
    );
    assert_eq!(
        body["messages"],
        json!([
            say("system", "s"),
            say("user", "."),
            say("assistant", "a"),
            say("user", "b\n\nc"),
            say("assistant", "d"),
            say("user", ".")
        ])
    );
}

#[test]
fn dimensions_of_embeddings_have_their_own_name() {
    use crate::wire::{EmbeddingsRequest, encode_embeddings};
    let body = json!({"model": "m", "input": "x", "dimensions": 5, "user": "u", "encoding_format": "base64"});
    let request = EmbeddingsRequest::parse(Bytes::from(body.to_string())).unwrap();
    let sent = |kind: &str| {
        let out = encode_embeddings(&request, &target(kind, "m")).unwrap();
        (out.path.into_owned(), serde_json::from_slice::<Value>(&out.body).unwrap())
    };
    assert_eq!(sent("mistral"), ("/embeddings".into(), json!({"model": "m", "input": "x", "output_dimension": 5})));
    assert_eq!(sent("perplexity"), ("/v1/embeddings".into(), json!({"model": "m", "input": "x", "dimensions": 5})));
    assert!(encode_embeddings(&request, &target("groq", "m")).is_err());
}
