use super::*;
use crate::base::{Capability, ModelInfo, ModelRef};
use crate::wire::{Given, Outgoing, encode_chat};

fn sent(more: &Value) -> (Outgoing, Value) {
    let out = encode_chat(&request(more), &target("command-a", false), None, &Given::default()).unwrap();
    let body = serde_json::from_slice(&out.body).unwrap();
    (out, body)
}

fn refused(more: &Value) -> String {
    let error = encode_chat(&request(more), &target("command-a", true), None, &Given::default()).unwrap_err();
    format!("{:?} {}", error.code, error.param.unwrap_or_default())
}

fn tool(name: &str, strict: bool) -> Value {
    json!({"type": "function", "function": {"name": name, "description": "d", "strict": strict,
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}})
}

#[test]
fn messages_stand_as_at_openai_but_for_plans_and_documents() {
    let call = |id: &str, arguments: &str| json!({"id": id, "type": "function", "function": {"name": "weather", "arguments": arguments}});
    let (out, body) = sent(&json!({"stream": true, "messages": [
        {"role": "developer", "content": [{"type": "text", "text": "Be "}, {"type": "text", "text": "brief."}]},
        {"role": "user", "content": [{"type": "text", "text": "look"},
            {"type": "image_url", "image_url": {"url": "https://x/y.png", "detail": "low"}}]},
        {"role": "assistant", "content": ""},
        {"role": "assistant", "content": "I look.", "tool_calls": [call("a", "{\"city\": \"Oslo\"}"), call("b", "")]},
        {"role": "tool", "tool_call_id": "a", "content": "{\"temp\": 1.50}"},
        {"role": "tool", "tool_call_id": "b", "content": "[{\"z\":1,\"a\":2}, {}]"},
        {"role": "assistant", "content": null, "tool_calls": [call("c", "{}"), call("d", "{}")]},
        {"role": "tool", "tool_call_id": "c", "content": "3"},
        {"role": "tool", "tool_call_id": "d", "content": "[1]"},
        {"role": "user", "content": "so?"},
        {"role": "assistant", "content": "cold"}
    ]}));
    assert_eq!((&*out.path, out.stream, &body["stream"]), ("/v2/chat", true, &json!(true)));
    let sent_call = |id: &str, arguments: &str| json!({"id": id, "type": "function", "function": {"name": "weather", "arguments": arguments}});
    let document = |data: Value| json!({"type": "document", "document": {"data": data}});
    assert_eq!(
        body["messages"],
        json!([
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "look"},
                {"type": "image_url", "image_url": {"url": "https://x/y.png", "detail": "low"}}]},
            {"role": "assistant", "tool_plan": "I look.", "tool_calls": [sent_call("a", "{\"city\": \"Oslo\"}"), sent_call("b", "{}")]},
            {"role": "tool", "tool_call_id": "a", "content": [document(json!({"temp": 1.5}))]},
            {"role": "tool", "tool_call_id": "b", "content": [document(json!({"z": 1, "a": 2})), document(json!({}))]},
            {"role": "assistant", "tool_calls": [sent_call("c", "{}"), sent_call("d", "{}")]},
            {"role": "tool", "tool_call_id": "c", "content": "3"},
            {"role": "tool", "tool_call_id": "d", "content": "[1]"},
            {"role": "user", "content": "so?"},
            {"role": "assistant", "content": "cold"}
        ])
    );
    let text = String::from_utf8(out.body.to_vec()).unwrap();
    assert!(text.contains("{\"temp\": 1.50}") && text.contains("{\"z\":1,\"a\":2}"), "documents stay to the letter");
}

#[test]
fn settings_have_their_own_names_and_bounds() {
    let (out, body) = sent(&json!({"max_completion_tokens": 9, "temperature": 0.5, "top_p": 0.999, "seed": 4,
        "stop": ["a", "b"], "logprobs": true, "top_logprobs": 2, "presence_penalty": -0.5, "frequency_penalty": 1.5,
        "top_k": 900, "user": "u", "logit_bias": {"1": 2}, "metadata": {}, "safety_mode": "STRICT",
        "citation_options": {"mode": "OFF"}, "priority": 3}));
    let mut body = body;
    for name in ["model", "messages"] {
        body.as_object_mut().unwrap().remove(name);
    }
    assert_eq!(
        body,
        json!({"max_tokens": 9, "temperature": 0.5, "p": 0.99, "k": 500, "seed": 4, "stop_sequences": ["a", "b"],
            "logprobs": true, "presence_penalty": 0.0, "frequency_penalty": 1.0, "safety_mode": "STRICT",
            "citation_options": {"mode": "OFF"}, "priority": 3})
    );
    assert_eq!(
        out.dropped,
        ["frequency_penalty", "presence_penalty", "user", "logit_bias", "metadata", "top_logprobs"]
    );
    assert_eq!(sent(&json!({"top_p": 1})).1.get("p"), None);
    assert_eq!(sent(&json!({"top_p": 0})).1["p"], 0.01);
}

#[test]
fn what_cannot_be_done_is_refused() {
    let tools = json!([tool("f", false)]);
    let part = |part: Value| json!({"messages": [{"role": "user", "content": [part]}]});
    for (more, error) in [
        (json!({"n": 2}), "UnsupportedParameter n"),
        (json!({"logit_bias": {"1": 2}}), "UnsupportedParameter logit_bias"),
        (json!({"presence_penalty": 2}), "UnsupportedParameter presence_penalty"),
        (json!({"stop": ["1", "2", "3", "4", "5", "6"]}), "UnsupportedParameter stop"),
        (json!({"modalities": ["audio"]}), "UnsupportedParameter modalities"),
        (json!({"reasoning_effort": "much"}), "InvalidRequest reasoning_effort"),
        (json!({"top_k": "x"}), "InvalidRequest top_k"),
        (json!({"functions": [{"name": "f"}]}), "UnsupportedParameter functions"),
        (json!({"tools": tools, "parallel_tool_calls": false}), "UnsupportedParameter parallel_tool_calls"),
        (json!({"tools": tools, "safety_mode": "OFF"}), "UnsupportedParameter safety_mode"),
        (json!({"tools": [tool("f", false), tool("g", true)]}), "UnsupportedParameter tools.strict"),
        (json!({"tools": [{"type": "custom", "custom": {"name": "c"}}]}), "UnsupportedParameter tools[0]"),
        (json!({"tools": tools, "response_format": {"type": "json_object"}}), "UnsupportedParameter response_format"),
        (
            json!({"documents": ["d"], "response_format": {"type": "json_object"}}),
            "UnsupportedParameter response_format",
        ),
        (
            json!({"tools": tools, "tool_choice": {"type": "function", "function": {"name": "g"}}}),
            "InvalidRequest tool_choice",
        ),
        (
            part(json!({"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}})),
            "UnsupportedParameter messages[0].content[0]",
        ),
        (
            json!({"messages": [{"role": "system", "content": [{"type": "image_url", "image_url": {"url": "https://x"}}]}]}),
            "UnsupportedParameter messages[0].content[0]",
        ),
        (json!({"messages": [{"role": "user", "content": "x", "name": "ann"}]}), "UnsupportedParameter messages.name"),
    ] {
        assert_eq!(refused(&more), error, "{more}");
    }
}

#[test]
fn tools_and_the_choice_between_them() {
    let tools = json!([tool("weather", true), {"type": "function", "function": {"name": "now"}}]);
    let (_, body) = sent(&json!({"tools": tools}));
    assert_eq!(
        body["tools"][1],
        json!({"type": "function", "function": {"name": "now", "parameters": {"type": "object", "properties": {}}}})
    );
    assert_eq!(body["tools"][0]["function"]["strict"], Value::Null);
    assert_eq!((body.get("tool_choice"), body.get("strict_tools")), (None, None));
    assert_eq!(sent(&json!({"tools": [tool("weather", true)]})).1["strict_tools"], true);
    let named = json!({"type": "function", "function": {"name": "now"}});
    let allowed = |mode: &str| json!({"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": [named]}});
    for (choice, expected, declared) in [
        (json!("auto"), Value::Null, 2),
        (json!("none"), json!("NONE"), 2),
        (json!("required"), json!("REQUIRED"), 2),
        (named.clone(), json!("REQUIRED"), 1),
        (allowed("required"), json!("REQUIRED"), 1),
        (allowed("auto"), Value::Null, 1),
    ] {
        let (_, body) = sent(&json!({"tools": tools, "tool_choice": choice}));
        assert_eq!(body["tool_choice"], expected, "{choice}");
        assert_eq!(body["tools"].as_array().unwrap().len(), declared, "{choice}");
    }
}

#[test]
fn a_schema_stands_bare() {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    for (format, expected) in [
        (json!({"type": "text"}), Value::Null),
        (json!({"type": "json_object"}), json!({"type": "json_object"})),
        (
            json!({"type": "json_schema", "json_schema": {"name": "n", "strict": true, "schema": schema}}),
            json!({"type": "json_object", "json_schema": schema}),
        ),
    ] {
        assert_eq!(sent(&json!({"response_format": format})).1["response_format"], expected);
    }
}

#[test]
fn efforts_become_budgets() {
    let thinking = |budget: u32| json!({"type": "enabled", "token_budget": budget});
    for (effort, expected) in [
        ("none", json!({"type": "disabled"})),
        ("minimal", thinking(512)),
        ("low", thinking(1024)),
        ("medium", thinking(8192)),
        ("high", thinking(24_576)),
        ("max", json!({"type": "enabled"})),
    ] {
        assert_eq!(sent(&json!({"reasoning_effort": effort})).1["thinking"], expected, "{effort}");
    }
    let own = json!({"type": "enabled", "token_budget": 7});
    assert_eq!(sent(&json!({"thinking": own})).1["thinking"], own, "the caller's own words");
    for (model, stated, expected) in [
        ("command-a", None, false),
        ("command-a", Some(true), true),
        ("command-a-reasoning", None, true),
        ("command-a-reasoning", Some(false), false),
    ] {
        let mut info = ModelInfo::unknown(ModelRef::parse(&format!("cohere/{model}")).unwrap());
        if let Some(stated) = stated {
            info.capabilities.set(Capability::Reasoning, stated);
        }
        let known = Target { info: Some(&info), ..target(model, false) };
        let request = request(&json!({"reasoning_effort": "low"}));
        let out = encode_chat(&request, &known, None, &Given::default()).unwrap();
        let body: Value = serde_json::from_slice(&out.body).unwrap();
        assert_eq!((body["thinking"].is_object(), out.dropped.is_empty()), (expected, expected), "{model} {stated:?}");
    }
}
