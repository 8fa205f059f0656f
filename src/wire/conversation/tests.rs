use super::*;
use crate::base::Code;
use proptest::prelude::*;
use serde_json::json;

fn read(body: &serde_json::Value) -> String {
    let body = serde_json::to_vec(body).unwrap();
    format!("{:?}", conversation(&body).unwrap())
}

#[test]
fn every_message_and_part_is_understood() {
    let body = json!({"model": "m", "messages": [
        {"role": "developer", "content": "d"},
        {"role": "system", "content": [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral"}}]},
        {"role": "user", "name": "ann", "content": [
            {"type": "text", "text": "t"},
            {"type": "image_url", "image_url": {"url": "https://a/b.png", "detail": "low"}},
            {"type": "image_url", "image_url": "https://a/c.png"},
            {"type": "input_audio", "input_audio": {"data": "QQ==", "format": "wav"}},
            {"type": "file", "file": {"file_data": "data:application/pdf;base64,QQ==", "filename": "a.pdf"}},
            {"type": "file", "file": {"file_id": "file_1"}}]},
        {"role": "assistant", "content": null, "refusal": "no", "thinking_blocks": [{"type": "thinking"}], "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}},
            {"id": "b", "type": "custom", "custom": {"name": "g", "input": "free"}}]},
        {"role": "tool", "tool_call_id": "a", "content": "1"},
        {"role": "tool", "tool_call_id": "b", "content": [{"type": "text", "text": "2"}]},
        {"role": "assistant", "content": [{"type": "refusal", "refusal": "never"}], "function_call": {"name": "h", "arguments": "{\"x\":1}"}},
        {"role": "function", "name": "h", "content": "3"},
    ]});
    let bytes = serde_json::to_vec(&body).unwrap();
    let read = conversation(&bytes).unwrap();
    let roles: Vec<Role> = read.messages.iter().map(|message| message.role).collect();
    use Role::{Assistant, System, Tool, User};
    assert_eq!(roles, [System, System, User, Assistant, Tool, Tool, Assistant, Tool]);
    let user = &read.messages[2];
    assert_eq!(user.name.as_deref(), Some("ann"));
    assert!(
        matches!(&user.parts[1], Part::Image { url, detail, .. } if url == "https://a/b.png" && detail.as_deref() == Some("low"))
    );
    assert!(matches!(&user.parts[2], Part::Image { url, detail: None, .. } if url == "https://a/c.png"));
    assert!(matches!(&user.parts[3], Part::Audio { format, .. } if format == "wav"));
    assert!(matches!(&user.parts[4], Part::File { name: Some(name), id: None, .. } if name == "a.pdf"));
    assert!(matches!(&user.parts[5], Part::File { id: Some(id), data: None, .. } if id == "file_1"));
    let assistant = &read.messages[3];
    assert!(matches!(&assistant.parts[..], [Part::Refusal(text)] if text == "no"));
    assert!(!assistant.tool_calls[0].custom && assistant.tool_calls[1].custom);
    assert_eq!(assistant.tool_calls[1].arguments, "free");
    assert_eq!(assistant.thinking_blocks.len(), 1);
    let called = &read.messages[6].tool_calls[0];
    assert_eq!((&*called.name, &*called.arguments), ("h", "{\"x\":1}"));
    assert_eq!(read.messages[7].tool_call_id.as_deref(), Some(&*called.id), "a function's result answers its call");
    assert_eq!(read.messages[7].name, None, "the name of a function is not the name of a speaker");
}

#[test]
fn text_stays_in_the_request_unless_it_holds_escapes() {
    let body = br#"{"messages":[{"role":"user","content":"plain"},{"role":"user","content":"two\nlines"}]}"#;
    let read = conversation(body).unwrap();
    let text = |index: usize| match &read.messages[index].parts[0] {
        Part::Text { text, .. } => text.clone(),
        _ => unreachable!("content was a string"),
    };
    assert!(matches!(text(0), Cow::Borrowed("plain")));
    assert_eq!(text(1), "two\nlines");
}

#[test]
fn top_level_members_are_read_and_unknown_ones_kept() {
    let body = br#"{"model":"m","messages":[{"role":"user","content":"x"}],"n":2,"stream":true,"max_tokens":5,
        "max_completion_tokens":7,"temperature":0.5,"top_p":1,"stop":"END","reasoning_effort":"low","user":"u",
        "parallel_tool_calls":false,"seed":null,"logit_bias":{"1":2},"x_new":[1, 2]}"#;
    let read = conversation(body).unwrap();
    assert_eq!((read.n, read.stream, read.max_output_tokens), (2, true, Some(7)));
    assert_eq!((read.temperature, read.top_p), (Some(0.5), Some(1.0)));
    assert_eq!(read.stop, ["END"]);
    assert_eq!((read.reasoning_effort.as_deref(), read.user.as_deref()), (Some("low"), Some("u")));
    assert_eq!(read.parallel_tool_calls, Some(false));
    let extra: Vec<(&str, &str)> = read.extra.iter().map(|(name, value)| (&**name, value.get())).collect();
    assert_eq!(extra, [("logit_bias", r#"{"1":2}"#), ("x_new", "[1, 2]")], "null means absent");
    let body = br#"{"messages":[{"role":"user","content":"x"}],"max_tokens":5,"stop":["a","b"]}"#;
    let read = conversation(body).unwrap();
    assert_eq!((read.max_output_tokens, read.n), (Some(5), 1));
    assert_eq!(read.stop, ["a", "b"]);
}

#[test]
fn every_tool_choice_is_understood() {
    let named = |name: &'static str| ToolChoice::Named(Cow::Borrowed(name));
    let cases = [
        (json!("none"), ToolChoice::None),
        (json!("auto"), ToolChoice::Auto),
        (json!("required"), ToolChoice::Required),
        (json!({"type": "function", "function": {"name": "f"}}), named("f")),
        (json!({"type": "custom", "custom": {"name": "g"}}), named("g")),
        (
            json!({"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [
                {"type": "function", "function": {"name": "f"}}, {"type": "custom", "custom": {"name": "g"}}]}}),
            ToolChoice::Allowed { required: true, names: vec!["f".into(), "g".into()] },
        ),
    ];
    for (choice, expected) in cases {
        let body = serde_json::to_vec(&json!({"messages": [{"role": "user", "content": "x"}], "tool_choice": choice}))
            .unwrap();
        assert_eq!(conversation(&body).unwrap().tool_choice, Some(expected), "{choice}");
    }
    let legacy = |choice: serde_json::Value| {
        let body = json!({"messages": [{"role": "user", "content": "x"}],
            "functions": [{"name": "f", "parameters": {"type": "object"}}], "function_call": choice});
        let body = serde_json::to_vec(&body).unwrap();
        let read = conversation(&body).unwrap();
        (read.tools[0].name.to_string(), format!("{:?}", read.tool_choice))
    };
    assert_eq!(legacy(json!({"name": "f"})), ("f".to_owned(), format!("{:?}", Some(named("f")))));
    assert_eq!(legacy(json!("none")).1, format!("{:?}", Some(ToolChoice::None)));
}

#[test]
fn every_response_format_is_understood() {
    let with = |format: serde_json::Value| {
        read(&json!({"messages": [{"role": "user", "content": "x"}], "response_format": format}))
    };
    assert!(with(json!({"type": "text"})).contains("response_format: Text"));
    assert!(with(json!({"type": "json_object"})).contains("JsonObject"));
    let schema = with(
        json!({"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}, "strict": true}}),
    );
    assert!(schema.contains("JsonSchema { name: \"n\"") && schema.contains("strict: Some(true)"), "{schema}");
}

#[test]
fn a_fault_is_named_by_its_path() {
    let part = |part: serde_json::Value| json!({"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}, part]}]});
    let call = |call: serde_json::Value| json!({"messages": [{"role": "assistant", "tool_calls": [call]}]});
    let user = |name: &str, value: serde_json::Value| {
        let mut body = json!({"messages": [{"role": "user", "content": "x"}]});
        body[name] = value;
        body
    };
    let cases = [
        (json!({}), "messages"),
        (json!({"messages": []}), "messages"),
        (json!({"messages": "x"}), "messages"),
        (json!({"messages": [5]}), "messages[0]"),
        (json!({"messages": [{"role": "user", "content": "x"}, {"content": "x"}]}), "messages[1].role"),
        (json!({"messages": [{"role": "boss", "content": "x"}]}), "messages[0].role"),
        (json!({"messages": [{"role": 7, "content": "x"}]}), "messages[0].role"),
        (json!({"messages": [{"role": "user"}]}), "messages[0].content"),
        (json!({"messages": [{"role": "user", "content": 5}]}), "messages[0].content"),
        (json!({"messages": [{"role": "tool", "content": "x"}]}), "messages[0].tool_call_id"),
        (json!({"messages": [{"role": "function", "name": "f", "content": "x"}]}), "messages[0].role"),
        (json!({"messages": [{"role": "assistant", "audio": {"id": "a"}}]}), "messages[0].audio"),
        (part(json!("text")), "messages[0].content[1]"),
        (part(json!({"text": "x"})), "messages[0].content[1].type"),
        (part(json!({"type": "video"})), "messages[0].content[1].type"),
        (part(json!({"type": "text", "text": 5})), "messages[0].content[1].text"),
        (part(json!({"type": "text"})), "messages[0].content[1].text"),
        (part(json!({"type": "image_url", "image_url": {"url": 5}})), "messages[0].content[1].image_url.url"),
        (part(json!({"type": "image_url", "image_url": {}})), "messages[0].content[1].image_url.url"),
        (part(json!({"type": "input_audio", "input_audio": {"data": 1}})), "messages[0].content[1].input_audio.data"),
        (part(json!({"type": "file", "file": {}})), "messages[0].content[1].file.file_data"),
        (call(json!({"type": "function", "function": {"name": "f"}})), "messages[0].tool_calls[0].id"),
        (call(json!({"id": "a", "function": {"arguments": "{}"}})), "messages[0].tool_calls[0].function.name"),
        (
            call(json!({"id": "a", "function": {"name": "f", "arguments": {}}})),
            "messages[0].tool_calls[0].function.arguments",
        ),
        (call(json!({"id": "a", "type": "magic"})), "messages[0].tool_calls[0].type"),
        (call(json!({"id": 5})), "messages[0].tool_calls[0].id"),
        (user("temperature", json!(3)), "temperature"),
        (user("top_p", json!(-0.1)), "top_p"),
        (user("temperature", json!("hot")), "temperature"),
        (user("n", json!(0)), "n"),
        (user("max_tokens", json!(-1)), "max_tokens"),
        (user("stop", json!([1])), "stop"),
        (user("tools", json!({})), "tools"),
        (user("tools", json!([{"type": "function"}])), "tools[0].function"),
        (user("tools", json!([{"type": "function", "function": {"name": 5}}])), "tools[0].function.name"),
        (user("tools", json!([{"type": "function", "function": {"name": ""}}])), "tools[0].function.name"),
        (
            user("tools", json!([{"type": "function", "function": {"name": "f", "parameters": 5}}])),
            "tools[0].function.parameters",
        ),
        (user("tools", json!([{"type": "web_search"}])), "tools[0].type"),
        (user("tool_choice", json!("maybe")), "tool_choice"),
        (
            user("tool_choice", json!({"type": "allowed_tools", "allowed_tools": {"mode": "x", "tools": []}})),
            "tool_choice.allowed_tools.mode",
        ),
        (user("function_call", json!(5)), "function_call"),
        (user("response_format", json!({"type": "xml"})), "response_format.type"),
        (user("response_format", json!({"type": "json_schema"})), "response_format.json_schema"),
        (
            user("response_format", json!({"type": "json_schema", "json_schema": {"name": 5}})),
            "response_format.json_schema.name",
        ),
    ];
    for (body, param) in cases {
        let text = serde_json::to_vec(&body).unwrap();
        let error = conversation(&text).expect_err(&body.to_string());
        assert_eq!(error.param.as_deref(), Some(param), "{body}: {error}");
        assert!(!error.message.contains(" at line "), "{error}");
    }
    for body in [&b"[]"[..], b"", b"{", b"{\"a\":\xff}"] {
        assert_eq!(conversation(body).unwrap_err().code, Code::InvalidBody);
    }
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let words = prop::sample::select(vec![
        "messages",
        "role",
        "content",
        "type",
        "text",
        "user",
        "assistant",
        "tool",
        "tool_calls",
        "function",
        "name",
        "arguments",
        "id",
        "tool_call_id",
        "image_url",
        "url",
        "tools",
        "tool_choice",
        "stop",
        "n",
        "function_call",
        "response_format",
        "json_schema",
        "schema",
        "thinking_blocks",
        "",
        "é\u{1F600}\n\"",
    ]);
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i32>().prop_map(serde_json::Value::from),
        words.clone().prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(5, 48, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(serde_json::Value::from),
            prop::collection::vec((words.clone(), inner), 0..6)
                .prop_map(|members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ]
    })
}

proptest! {
    #[test]
    fn arbitrary_json_is_read_or_refused(body in any_json(), messages in any_json()) {
        drop(conversation(&serde_json::to_vec(&body).unwrap()));
        drop(conversation(&serde_json::to_vec(&json!({"messages": [messages]})).unwrap()));
    }

    #[test]
    fn arguments_are_never_altered(arguments in ".*") {
        let body = json!({"messages": [{"role": "assistant", "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "f", "arguments": arguments}}]}]});
        let body = serde_json::to_vec(&body).unwrap();
        prop_assert_eq!(&conversation(&body).unwrap().messages[0].tool_calls[0].arguments, &arguments);
    }
}
