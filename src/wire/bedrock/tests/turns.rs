//! Who speaks when.

use super::*;

fn talk(model: &str, messages: Value) -> Value {
    sent(model, &asking(json!({"messages": messages, "tools": [weather()]}))).0
}

fn call(id: &str, arguments: &str) -> Value {
    json!({"id": id, "type": "function", "function": {"name": "get_weather", "arguments": arguments}})
}

#[test]
fn parallel_calls_and_their_results() {
    let long = "x".repeat(65);
    let messages = json!([
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Weather in Oslo and Lima?"},
        {"role": "assistant", "content": "Looking.", "tool_calls": [call("a.1", "{\"city\":\"Oslo\"}"), call(&long, "oops")]},
        {"role": "tool", "tool_call_id": long, "content": ""},
        {"role": "tool", "tool_call_id": "a.1", "content": "3"},
        {"role": "user", "content": "Well?"}
    ]);
    let body = talk(CLAUDE, messages.clone());
    assert_eq!(body["system"], json!([{"text": "Be brief."}]));
    let turns = body["messages"].as_array().unwrap();
    let roles: Vec<_> = turns.iter().map(|turn| turn["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["user", "assistant", "user"]);
    let (first, second) = (&turns[1]["content"][1]["toolUse"], &turns[1]["content"][2]["toolUse"]);
    assert_eq!((&first["name"], &first["input"]), (&json!("get_weather"), &json!({"city": "Oslo"})));
    assert_eq!(second["input"], json!({"invalid_json": "oops"}), "what a model wrote is not repaired");
    assert!(second["toolUseId"].as_str().unwrap().len() <= 64);
    let results = turns[2]["content"].as_array().unwrap();
    assert_eq!(results[0]["toolResult"], json!({"toolUseId": second["toolUseId"], "content": []}));
    assert_eq!(results[1]["toolResult"], json!({"toolUseId": first["toolUseId"], "content": [{"text": "3"}]}));
    assert_eq!(results[2], json!({"text": "Well?"}));
    // Other families want calls and results in turns of their own.
    let body = talk(LLAMA, messages);
    let kinds: Vec<String> = body["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|turn| {
            let blocks = turn["content"].as_array().unwrap().iter();
            let kinds: Vec<_> =
                blocks.map(|block| block.as_object().unwrap().keys().next().unwrap().as_str()).collect();
            format!("{}: {}", turn["role"].as_str().unwrap(), kinds.join(" "))
        })
        .collect();
    assert_eq!(
        kinds,
        [
            "user: text",
            "assistant: text",
            "user: text",
            "assistant: toolUse toolUse",
            "user: toolResult toolResult",
            "assistant: text",
            "user: text"
        ]
    );
}

#[test]
fn calls_and_results_that_do_not_belong_together_are_refused() {
    let open = json!([{"role": "user", "content": "?"}, {"role": "assistant", "tool_calls": [call("a", "{}")]}]);
    assert_eq!(
        refused(CLAUDE, &asking(json!({"messages": open}))),
        ("invalid_request", "messages[1].tool_calls".into())
    );
    let stray = json!([{"role": "user", "content": "?"}, {"role": "tool", "tool_call_id": "b", "content": "1"}]);
    assert_eq!(
        refused(CLAUDE, &asking(json!({"messages": stray}))),
        ("invalid_request", "messages[1].tool_call_id".into())
    );
}

#[test]
fn a_history_with_calls_has_its_tools_even_where_none_are_offered() {
    let messages = json!([{"role": "user", "content": "?"}, {"role": "assistant", "tool_calls": [call("a", "")]},
        {"role": "tool", "tool_call_id": "a", "content": "1"}]);
    let (body, dropped) = sent(NOVA, &asking(json!({"messages": messages})));
    assert_eq!(body["toolConfig"]["tools"][0]["toolSpec"]["name"], "get_weather");
    assert!(body["toolConfig"].get("toolChoice").is_none() && dropped.is_empty());
    let none = asking(json!({"messages": messages, "tools": [weather()], "tool_choice": "none"}));
    assert_eq!(refused(NOVA, &none), ("unsupported_parameter", "tool_choice".into()));
}

#[test]
fn somebody_always_speaks_and_the_user_first() {
    let first = |model, messages| talk(model, messages)["messages"].clone();
    let user = |text: &str| json!({"role": "user", "content": [{"text": text}]});
    let assistant = |text: &str| json!({"role": "assistant", "content": [{"text": text}]});
    assert_eq!(first(NOVA, json!([{"role": "system", "content": "x"}])), json!([user(".")]));
    assert_eq!(first(NOVA, json!([{"role": "user", "content": " \n"}])), json!([user(".")]));
    let begun = json!([{"role": "assistant", "content": "It is "}]);
    assert_eq!(first(CLAUDE, begun.clone()), json!([user("."), assistant("It is")]));
    let merged =
        json!([{"role": "user", "content": "a"}, {"role": "system", "content": "b"}, {"role": "user", "content": "c"}]);
    let said = json!([{"role": "user", "content": [{"text": "a"}, {"text": "b"}, {"text": "c"}]}]);
    assert_eq!(first(NOVA, merged), said);
    let mut request = asking(json!({"messages": begun}));
    request["response_format"] = json!({"type": "json_schema", "json_schema": {"name": "n",
        "schema": {"type": "object", "properties": {"n": {"type": "integer"}}}}});
    let (body, dropped) = sent(CLAUDE, &request);
    assert_eq!(body["messages"][2], user("Continue."));
    assert_eq!(dropped, ["messages[0]"]);
}

#[test]
fn images_documents_and_sounds_are_bytes() {
    let parts = json!([
        {"type": "image_url", "image_url": {"url": "data:image/jpg;base64,/9j/4A=="}},
        {"type": "image_url", "image_url": {"url": "s3://bucket/a.PNG"}},
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBERg==", "filename": "A/b  c_d.pdf"}},
        {"type": "file", "file": {"file_data": "data:text/plain;base64,aGk=", "filename": "A b c d.txt"}},
        {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}
    ]);
    let body = talk(NOVA, json!([{"role": "user", "content": parts}]));
    assert_eq!(
        body["messages"][0]["content"],
        json!([
            {"image": {"format": "jpeg", "source": {"bytes": "/9j/4A=="}}},
            {"image": {"format": "png", "source": {"s3Location": {"uri": "s3://bucket/a.PNG"}}}},
            {"document": {"format": "pdf", "name": "A b c d", "source": {"bytes": "JVBERg=="}}},
            {"document": {"format": "txt", "name": "A b c d 2", "source": {"bytes": "aGk="}}},
            {"audio": {"format": "wav", "source": {"bytes": "UklGRg=="}}},
            {"text": "."}
        ])
    );
    let refusal = |part: Value| refused(NOVA, &asking(json!({"messages": [{"role": "user", "content": [part]}]})));
    let image = |url: &str| json!({"type": "image_url", "image_url": {"url": url}});
    let at = "messages[0].content[0].image_url.url";
    assert_eq!(refusal(image("https://a.example/x.png")), ("unsupported_parameter", at.into()), "nobody fetched it");
    assert_eq!(refusal(image("data:image/tiff;base64,AAAA")), ("unsupported_parameter", at.into()));
    for broken in
        ["data:image/png;base64,A", "data:image/png;base64,", "data:image/png,x", "data:image/png", "s3://b/x"]
    {
        assert_eq!(refusal(image(broken)), ("invalid_request", at.into()), "{broken}");
    }
    let stored = json!({"type": "file", "file": {"file_id": "file-1"}});
    assert_eq!(refusal(stored), ("unsupported_parameter", "messages[0].content[0].file.file_id".into()));
}

#[test]
fn thoughts_come_back_in_conversess_words() {
    let messages = json!([{"role": "user", "content": "?"},
        {"role": "assistant", "tool_calls": [call("a", "{}")], "thinking_blocks": [
            {"type": "thinking", "thinking": "Hm.", "signature": "EqQB", "index": 0},
            {"type": "redacted_thinking", "data": "c2VjcmV0"},
            {"type": "gemini_thought_signature", "signature": "U0lH"}]},
        {"role": "tool", "tool_call_id": "a", "content": "1"}]);
    let body = sent(CLAUDE, &asking(json!({"messages": messages, "tools": [weather()], "reasoning_effort": "low"}))).0;
    let content = body["messages"][1]["content"].as_array().unwrap();
    assert_eq!(content[0], json!({"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "EqQB"}}}));
    assert_eq!(content[1], json!({"reasoningContent": {"redactedContent": "c2VjcmV0"}}));
    assert!(content[2].get("toolUse").is_some() && content.len() == 3);
    assert!(body["additionalModelRequestFields"]["thinking"].is_object(), "the model may go on thinking: {body}");
}

#[test]
fn cache_points_stand_after_what_they_keep() {
    let mut tool = weather();
    tool["cache_control"] = json!({"type": "ephemeral"});
    let hour = json!({"type": "ephemeral", "ttl": "1h"});
    let text = |text: &str| json!({"type": "text", "text": text, "cache_control": hour});
    let request = asking(json!({"tools": [tool], "messages": [
        {"role": "system", "content": [text("s")]},
        {"role": "user", "content": [text("a"), text("b"), text("c"), {"type": "text", "text": "d"}]}]}));
    let (body, dropped) = sent(CLAUDE, &request);
    assert_eq!(body["toolConfig"]["tools"][1], json!({"cachePoint": {"type": "default"}}));
    assert_eq!(body["system"], json!([{"text": "s"}]), "five are too many: the second goes");
    let point = json!({"cachePoint": {"type": "default", "ttl": "1h"}});
    assert_eq!(
        body["messages"][0]["content"],
        json!([{"text": "a"}, point, {"text": "b"}, point, {"text": "c"}, point, {"text": "d"}])
    );
    assert_eq!(dropped, ["cache_control"]);
    let (body, dropped) = sent(NOVA, &request);
    assert_eq!(body["system"][1], json!({"cachePoint": {"type": "default"}}), "Nova knows no time to live");
    assert_eq!(
        (body["toolConfig"]["tools"].as_array().unwrap().len(), &*dropped),
        (1, &["cache_control".to_owned()][..])
    );
    let (body, dropped) = sent(LLAMA, &request);
    assert!(!body.to_string().contains("cachePoint") && dropped == ["cache_control"]);
}
