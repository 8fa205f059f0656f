//! Whatever a conversation holds, what goes out keeps Anthropic's rules.

use super::*;
use proptest::prelude::*;

/// A turn: what one side says, with the results of what it calls.
fn turn() -> impl Strategy<Value = Vec<Value>> {
    let text = prop::sample::select(vec!["", " ", "hi", "a\n\"b\" ", "\u{1F600}", "end "]);
    let id = prop::sample::select(vec!["", "a", "toolu_1", "functions.f:0", "x y"]);
    let part = text.clone().prop_map(|text| json!({"type": "text", "text": text}));
    let image =
        prop::sample::select(vec!["https://a/b", "data:image/png;base64,QQ==", "data:application/pdf;base64,QQ=="])
            .prop_map(|url| json!({"type": "image_url", "image_url": {"url": url}}));
    let arguments = prop::sample::select(vec!["{}", "", "{\"a\": [1,\"\\n\"]}", "{\"cut", "[]", "null"]);
    let thought = prop::sample::select(vec![
        json!([]),
        json!([{"type": "thinking", "thinking": "t", "signature": "s", "index": 0}]),
        json!([{"type": "redacted_thinking", "data": "d"}, {"type": "thinking", "thinking": "unsigned"}]),
    ]);
    prop_oneof![
        text.clone().prop_map(|text| vec![json!({"role": "user", "content": text})]),
        prop::collection::vec(prop_oneof![part, image], 0..3).prop_map(|parts| vec![json!({"role": "user", "content": parts})]),
        text.clone().prop_map(|text| vec![json!({"role": "system", "content": text})]),
        text.clone().prop_map(|text| vec![json!({"role": "assistant", "content": text})]),
        (text, prop::collection::vec((id, arguments), 1..4), thought).prop_map(|(text, calls, thought)| {
            let asked: Vec<Value> = calls
                .iter()
                .map(|(id, arguments)| json!({"id": id, "type": "function", "function": {"name": "f.x", "arguments": arguments}}))
                .collect();
            let mut turn = vec![json!({"role": "assistant", "content": text, "tool_calls": asked, "thinking_blocks": thought})];
            turn.extend(calls.iter().map(|(id, _)| json!({"role": "tool", "tool_call_id": id, "content": text})));
            turn
        }),
    ]
}

fn ids<'v>(message: &'v Value, kind: &str, member: &str) -> Vec<&'v str> {
    let blocks = message["content"].as_array().into_iter().flatten();
    blocks.filter(|block| block["type"] == kind).map(|block| block[member].as_str().unwrap()).collect()
}

/// Panics where a rule of the Messages API is broken.
fn check(sent: &Value) {
    let messages = sent["messages"].as_array().unwrap();
    assert_eq!(messages[0]["role"], "user");
    let mut seen = std::collections::HashSet::new();
    for (index, message) in messages.iter().enumerate() {
        let next = messages.get(index + 1);
        let role = |message: &Value| message["role"].as_str().unwrap().to_owned();
        assert_ne!(Some(role(message)), next.map(role), "neighbours are merged");
        if message["role"] == "system" {
            assert_eq!(messages[index - 1]["role"], "user");
            assert!(next.is_none_or(|next| next["role"] == "assistant"));
        }
        let blocks = message["content"].as_array().unwrap();
        assert!(!blocks.is_empty());
        for block in blocks.iter().filter(|block| block["type"] == "text") {
            assert!(!block["text"].as_str().unwrap().trim().is_empty());
        }
        let kinds: Vec<&str> = blocks.iter().map(|block| block["type"].as_str().unwrap()).collect();
        let mut asked = ids(message, "tool_use", "id");
        for id in &asked {
            assert!(!id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte)));
            assert!(seen.insert((*id).to_owned()), "ids are unique");
        }
        let mut answered = next.map(|next| ids(next, "tool_result", "tool_use_id")).unwrap_or_default();
        asked.sort_unstable();
        answered.sort_unstable();
        assert_eq!(asked, answered, "calls are answered in the next message");
        assert!(
            kinds.iter().rev().skip_while(|kind| **kind != "tool_result").all(|kind| *kind == "tool_result"),
            "results come first"
        );
        if let Some(block) = blocks.iter().find(|block| block["type"] == "tool_use") {
            assert!(block["input"].is_object());
        }
    }
    let last = messages.last().unwrap();
    if last["role"] == "assistant" {
        let text = last["content"].as_array().unwrap().last().unwrap()["text"].as_str().unwrap();
        assert_eq!(text, text.trim_end());
    }
    let budget = sent["thinking"]["budget_tokens"].as_u64().unwrap_or(0);
    assert!(budget == 0 || (1024..sent["max_tokens"].as_u64().unwrap()).contains(&budget));
    if sent["tool_choice"]["type"] == "any" || sent["tool_choice"]["type"] == "tool" {
        assert!(sent["thinking"]["type"].is_null() || sent["thinking"]["type"] == "disabled");
    }
    if !seen.is_empty() {
        assert!(!sent["tools"].as_array().unwrap().is_empty());
    }
}

proptest! {
    #[test]
    fn what_goes_out_keeps_the_rules(
        turns in prop::collection::vec(turn(), 1..7),
        effort in prop::option::of(prop::sample::select(vec!["none", "low", "max"])),
        format in prop::option::of(prop::sample::select(vec!["json_object", "text"])),
        choice in prop::option::of(prop::sample::select(vec!["auto", "required", "none"])),
        max in prop::option::of(1..9000u64),
    ) {
        let mut body = chat(Value::from(turns.concat()));
        if let Some(effort) = effort { body["reasoning_effort"] = json!(effort); }
        if let Some(format) = format { body["response_format"] = json!({"type": format}); }
        if let Some(max) = max { body["max_tokens"] = json!(max); }
        if let Some(choice) = choice {
            body["tool_choice"] = json!(choice);
            body["tools"] = json!([{"type": "function", "function": {"name": "g"}}]);
        }
        for info in [budget_model(), adaptive_model(), always_model()] {
            check(&encoded(&body, &info).0);
        }
    }

    #[test]
    fn arbitrary_schemas_are_rewritten_or_refused(schema in schema()) {
        let body = asking(json!({
            "tools": [{"type": "function", "function": {"name": "f", "parameters": schema, "strict": true}}],
            "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}}));
        for info in [budget_model(), always_model()] {
            if let Ok((text, _)) = encode_text(&body, Some(&info), false) {
                let sent: Value = serde_json::from_str(&text).unwrap();
                prop_assert_eq!(&sent["tools"][0]["input_schema"]["type"], "object");
            }
        }
    }
}

fn schema() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(vec![
        "type",
        "properties",
        "required",
        "items",
        "anyOf",
        "oneOf",
        "allOf",
        "$ref",
        "$defs",
        "definitions",
        "enum",
        "const",
        "additionalProperties",
        "description",
        "format",
        "minItems",
        "minimum",
    ]);
    let leaf = prop::sample::select(vec![
        json!("object"),
        json!("string"),
        json!(["object", "null"]),
        json!("#/$defs/items"),
        json!(1),
        json!(false),
        json!(null),
        json!(["type"]),
        json!("date"),
    ]);
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec((names.clone(), inner), 0..5)
                .prop_map(|members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ]
    })
    .prop_map(|schema| if schema.is_object() { schema } else { json!({"type": schema}) })
}
