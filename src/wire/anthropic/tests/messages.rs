use super::*;

fn text(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

fn messages(list: Value, info: &ModelInfo) -> Value {
    encoded(&chat(list), info).0["messages"].clone()
}

fn call(id: &str, name: &str, arguments: &str) -> Value {
    json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}})
}

#[test]
fn who_speaks_when() {
    let user = |content: &str| json!({"role": "user", "content": [text(content)]});
    let assistant = |content: &str| json!({"role": "assistant", "content": [text(content)]});
    let cases = [
        ("a string is one block", json!([{"role": "user", "content": "a"}]), json!([user("a")])),
        (
            "neighbours of one role are one message",
            json!([{"role": "user", "content": "a"}, {"role": "user", "content": [{"type": "text", "text": "b"}]}]),
            json!([{"role": "user", "content": [text("a"), text("b")]}]),
        ),
        (
            "the first message is the user's",
            json!([{"role": "assistant", "content": "a"}, {"role": "user", "content": "b"}]),
            json!([user("."), assistant("a"), user("b")]),
        ),
        (
            "empty text and empty messages go",
            json!([{"role": "user", "content": "a"}, {"role": "assistant", "content": " \n"},
                   {"role": "assistant", "content": null}, {"role": "user", "content": [{"type": "text", "text": ""}, {"type": "text", "text": "b"}]}]),
            json!([{"role": "user", "content": [text("a"), text("b")]}]),
        ),
        ("something must be said", json!([{"role": "system", "content": "s"}]), json!([user(".")])),
        (
            "a beginning ends without white space",
            json!([{"role": "user", "content": "a"}, {"role": "assistant", "content": "It is \n"}]),
            json!([user("a"), assistant("It is")]),
        ),
        (
            "white space elsewhere stays",
            json!([{"role": "user", "content": "a "}, {"role": "assistant", "content": "b "}, {"role": "user", "content": "c"}]),
            json!([user("a "), assistant("b "), user("c")]),
        ),
        (
            "a refusal is what the assistant said",
            json!([{"role": "user", "content": "a"}, {"role": "assistant", "content": null, "refusal": "no"}, {"role": "user", "content": "b"}]),
            json!([user("a"), assistant("no"), user("b")]),
        ),
    ];
    for (rule, given, expected) in cases {
        assert_eq!(messages(given, &budget_model()), expected, "{rule}");
    }
}

#[test]
fn a_model_that_continues_nothing_is_asked_to_go_on() {
    let body = chat(json!([{"role": "user", "content": "a"}, {"role": "assistant", "content": "b "}]));
    let (sent, dropped) = encoded(&body, &adaptive_model());
    assert_eq!(sent["messages"][1]["content"][0]["text"], "b ");
    assert_eq!(sent["messages"][2], json!({"role": "user", "content": [text("Continue.")]}));
    assert_eq!(dropped, ["messages[1]"]);
    assert_eq!(refused(&body, &adaptive_model(), true), ("unsupported_parameter", "messages[1]".to_owned()));
}

#[test]
fn leading_system_messages_are_the_system() {
    let (sent, _) = encoded(
        &chat(json!([
            {"role": "developer", "content": "a"},
            {"role": "system", "content": [{"type": "text", "text": "b"}, {"type": "text", "text": "c", "cache_control": {"type": "ephemeral"}}]},
            {"role": "user", "content": "q"}])),
        &budget_model(),
    );
    let cached = json!({"type": "text", "text": "c", "cache_control": {"type": "ephemeral"}});
    assert_eq!(sent["system"], json!([text("a"), text("b"), cached]));
    assert_eq!(sent["messages"].as_array().unwrap().len(), 1);
}

#[test]
fn later_system_messages_stay_in_their_place() {
    let list = json!([{"role": "user", "content": "a"}, {"role": "system", "content": "s"}, {"role": "system", "content": "t"},
                      {"role": "assistant", "content": "b"}, {"role": "system", "content": "u"}, {"role": "user", "content": "c"}]);
    let as_user = json!([
        {"role": "user", "content": [text("a"), text("s"), text("t")]},
        {"role": "assistant", "content": [text("b")]},
        {"role": "user", "content": [text("u"), text("c")]}]);
    assert_eq!(messages(list.clone(), &budget_model()), as_user);
    let in_place = json!([
        {"role": "user", "content": [text("a")]},
        {"role": "system", "content": [text("s"), text("t")]},
        {"role": "assistant", "content": [text("b")]},
        {"role": "user", "content": [text("u"), text("c")]}]);
    assert_eq!(messages(list, &adaptive_model()), in_place);
    let last = json!([{"role": "user", "content": "a"}, {"role": "system", "content": "s"}]);
    assert_eq!(messages(last, &adaptive_model())[1], json!({"role": "system", "content": [text("s")]}));
    let no_image = chat(
        json!([{"role": "system", "content": [{"type": "image_url", "image_url": "https://a/b"}]}, {"role": "user", "content": "q"}]),
    );
    assert_eq!(refused(&no_image, &budget_model(), false).1, "messages[0].content[0]");
}

#[test]
fn results_follow_their_calls_in_one_message() {
    let sent = messages(
        json!([{"role": "user", "content": "q"},
            {"role": "assistant", "content": "I look.", "tool_calls": [call("a", "f", "{\"x\": 1}"), call("b", "f", "")]},
            {"role": "tool", "tool_call_id": "b", "content": "2"},
            {"role": "tool", "tool_call_id": "a", "content": [{"type": "text", "text": "1"}, {"type": "image_url", "image_url": "https://a/b"}]},
            {"role": "user", "content": "and?"}]),
        &budget_model(),
    );
    assert_eq!(
        sent,
        json!([
            {"role": "user", "content": [text("q")]},
            {"role": "assistant", "content": [text("I look."),
                {"type": "tool_use", "id": "a", "name": "f", "input": {"x": 1}},
                {"type": "tool_use", "id": "b", "name": "f", "input": {}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "b", "content": "2"},
                {"type": "tool_result", "tool_use_id": "a", "content": [text("1"), {"type": "image", "source": {"type": "url", "url": "https://a/b"}}]},
                text("and?")]}])
    );
}

#[test]
fn ids_are_rewritten_on_both_sides() {
    let list = json!([{"role": "user", "content": "q"},
        {"role": "assistant", "tool_calls": [call("functions.f:0", "f", "{}"), call("functions.f:0", "f", "{}")]},
        {"role": "tool", "tool_call_id": "functions.f:0", "content": "1"},
        {"role": "tool", "tool_call_id": "functions.f:0", "content": ""}]);
    let sent = messages(list.clone(), &budget_model());
    let (first, second) = (&sent[1]["content"][0]["id"], &sent[1]["content"][1]["id"]);
    assert_ne!(first, second);
    for id in [first, second] {
        assert!(id.as_str().unwrap().bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'), "{id}");
    }
    assert_eq!((&sent[2]["content"][0]["tool_use_id"], &sent[2]["content"][1]["tool_use_id"]), (first, second));
    assert!(sent[2]["content"][1].get("content").is_none(), "an empty result has no content");
    assert_eq!(messages(list, &budget_model()), sent, "the same ids each time");
}

#[test]
fn broken_tool_turns_are_named() {
    let asked = json!({"role": "assistant", "tool_calls": [call("a", "f", "{}"), call("b", "f", "{}")]});
    let answer = |id: &str| json!({"role": "tool", "tool_call_id": id, "content": "x"});
    let cases = [
        (json!([asked]), "messages[0].tool_calls"),
        (json!([asked, answer("a")]), "messages[0].tool_calls"),
        (json!([asked, answer("a"), {"role": "user", "content": "?"}, answer("b")]), "messages[0].tool_calls"),
        (json!([asked, answer("a"), answer("c")]), "messages[2].tool_call_id"),
        (json!([asked, answer("a"), answer("b"), answer("b")]), "messages[3].tool_call_id"),
        (json!([{"role": "user", "content": "q"}, answer("a")]), "messages[1].tool_call_id"),
    ];
    for (list, param) in cases {
        assert_eq!(
            refused(&chat(list.clone()), &budget_model(), false),
            ("invalid_request", param.to_owned()),
            "{list}"
        );
    }
}

#[test]
fn arguments_are_handed_on_as_they_are() {
    let given = [
        ("{\"n\": 12345678901234567890.10, \"a\":\"\\u00e9\"}", "{\"n\": 12345678901234567890.10, \"a\":\"\\u00e9\"}"),
        ("{\"cut\": \"of", "{\"invalid_json\":\"{\\\"cut\\\": \\\"of\"}"),
        ("[1]", "{\"invalid_json\":\"[1]\"}"),
        ("", "{}"),
    ];
    for (arguments, input) in given {
        let body = chat(
            json!([{"role": "assistant", "tool_calls": [call("a", "f", arguments)]}, {"role": "tool", "tool_call_id": "a", "content": "x"}]),
        );
        let (text, _) = encode_text(&body, Some(&budget_model()), false).unwrap();
        assert!(text.contains(&format!("\"input\":{input}}}")), "{text}");
    }
}

#[test]
fn images_and_files_become_blocks() {
    let base64 = |media_type: &str| json!({"type": "base64", "media_type": media_type, "data": "QQ=="});
    let image = |url: &str| json!({"type": "image_url", "image_url": {"url": url}});
    let file = |members: Value| json!({"type": "file", "file": members});
    let cases = [
        (image("https://a/b.png"), json!({"type": "image", "source": {"type": "url", "url": "https://a/b.png"}})),
        (image("data:image/jpg;base64,QQ=="), json!({"type": "image", "source": base64("image/jpeg")})),
        (image("DATA:image/PNG;charset=x;base64,QQ=="), json!({"type": "image", "source": base64("image/png")})),
        (image("data:application/pdf;base64,QQ=="), json!({"type": "document", "source": base64("application/pdf")})),
        (
            file(json!({"file_data": "data:application/pdf;base64,QQ==", "filename": "a.pdf"})),
            json!({"type": "document", "source": base64("application/pdf"), "title": "a.pdf"}),
        ),
        (
            file(json!({"file_data": "data:text/markdown;base64,SGkh", "filename": "a.md"})),
            json!({"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "Hi!"}, "title": "a.md"}),
        ),
        (
            file(json!({"file_data": "data:image/webp;base64,QQ=="})),
            json!({"type": "image", "source": base64("image/webp")}),
        ),
        (
            file(json!({"file_id": "file_011"})),
            json!({"type": "document", "source": {"type": "file", "file_id": "file_011"}}),
        ),
    ];
    for (part, block) in cases {
        let sent = messages(json!([{"role": "user", "content": [part]}]), &budget_model());
        assert_eq!(sent[0]["content"][0], block, "{part}");
    }
    let at = "messages[0].content[0]";
    let refusals = [
        (image("http://a/b.png"), "unsupported_parameter", ".image_url.url"),
        (image("ftp://a/b.png"), "invalid_request", ".image_url.url"),
        (image(""), "invalid_request", ".image_url.url"),
        (image("data:image/png,raw"), "invalid_request", ".image_url.url"),
        (image("data:image/png;base64"), "invalid_request", ".image_url.url"),
        (image("data:image/tiff;base64,QQ=="), "unsupported_parameter", ".image_url.url"),
        (file(json!({"file_data": "data:text/plain;base64,!!"})), "invalid_request", ".file.file_data"),
        (file(json!({"file_id": "file-abc"})), "unsupported_parameter", ".file.file_id"),
        (json!({"type": "input_audio", "input_audio": {"data": "QQ==", "format": "wav"}}), "unsupported_parameter", ""),
    ];
    for (part, code, member) in refusals {
        let body = chat(json!([{"role": "user", "content": [part]}]));
        assert_eq!(refused(&body, &budget_model(), false), (code, format!("{at}{member}")), "{part}");
    }
    let said = chat(json!([{"role": "assistant", "content": [{"type": "image_url", "image_url": "https://a/b"}]}]));
    assert_eq!(refused(&said, &budget_model(), false), ("unsupported_parameter", at.to_owned()));
}

#[test]
fn breakpoints_travel_and_are_four_at_most() {
    let marked =
        |text: &str| json!({"type": "text", "text": text, "cache_control": {"type": "ephemeral", "ttl": "1h"}});
    let body = json!({"model": "m",
        "tools": [{"type": "function", "function": {"name": "f"}, "cache_control": {"type": "ephemeral"}}],
        "messages": [
            {"role": "system", "content": [marked("s")]},
            {"role": "user", "content": [marked("1"), marked("2")]},
            {"role": "assistant", "content": "x", "cache_control": {"type": "ephemeral"}},
            {"role": "user", "content": [marked("3"), {"type": "text", "text": "", "cache_control": {"type": "ephemeral"}}]}]});
    let (sent, dropped) = encoded(&body, &budget_model());
    let has = |value: &Value| value.get("cache_control").is_some();
    assert!(has(&sent["tools"][0]), "the first one stays");
    assert!(!has(&sent["system"][0]) && !has(&sent["messages"][0]["content"][0]), "those in the middle go");
    assert!(has(&sent["messages"][0]["content"][1]) && has(&sent["messages"][1]["content"][0]));
    assert_eq!(sent["messages"][2]["content"][0]["cache_control"], json!({"type": "ephemeral", "ttl": "1h"}));
    assert_eq!(dropped, ["cache_control"]);
}

#[test]
fn typed_text_is_escaped() {
    let nasty = "\u{0}\u{1f}\"\\\n\u{2028}</script>\u{1F600}";
    let sent = messages(json!([{"role": "user", "content": nasty}]), &budget_model());
    assert_eq!(sent[0]["content"][0]["text"], nasty);
}

#[test]
fn custom_calls_and_names_of_the_past_are_told() {
    let body = chat(json!([{"role": "user", "name": "ann", "content": "q"},
        {"role": "assistant", "tool_calls": [{"id": "a", "type": "custom", "custom": {"name": "run.it", "input": "1 + {"}}]},
        {"role": "tool", "tool_call_id": "a", "content": "x"}]));
    let (sent, dropped) = encoded(&body, &budget_model());
    assert_eq!(
        sent["messages"][1]["content"][0],
        json!({"type": "tool_use", "id": "a", "name": "fl__n_run_2eit", "input": {"input": "1 + {"}})
    );
    assert_eq!(
        sent["tools"],
        json!([{"name": "fl__n_run_2eit", "input_schema": {"type": "object", "properties": {}}}])
    );
    assert_eq!(sent["tool_choice"], json!({"type": "none"}), "tools of the past are not on offer");
    assert_eq!(dropped, ["messages.name"]);
    assert_eq!(refused(&body, &budget_model(), true).1, "messages.name");
}
