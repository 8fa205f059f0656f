use super::*;

#[test]
fn max_tokens_is_always_there() {
    let info = budget_model();
    for (members, expected) in [
        (json!({}), 64_000),
        (json!({"max_tokens": 10}), 10),
        (json!({"max_tokens": 10, "max_completion_tokens": 20}), 20),
        (json!({"max_tokens": 0}), 0),
        (json!({"max_tokens": 100_000}), 64_000),
    ] {
        assert_eq!(encoded(&asking(members.clone()), &info).0["max_tokens"], expected, "{members}");
    }
    let (text, _) = encode_text(&asking(json!({})), None, false).unwrap();
    assert!(text.starts_with("{\"model\":\"claude-x\",\"max_tokens\":4096,\"messages\":["), "{text}");
}

#[test]
fn only_known_members_go_out() {
    let body = asking(json!({
        "stream": true, "stream_options": {"include_usage": true}, "stop": ["END", " ", "\n"], "user": "u1", "store": true,
        "metadata": {"a": "b"}, "prompt_cache_key": "k", "service_tier": "default", "inputs": {"x": 1}, "top_k": 5,
        "cache_control": {"type": "ephemeral"}, "modalities": ["text"], "logprobs": false, "presence_penalty": 0.0,
        "logit_bias": {}, "seed": 7, "frequency_penalty": 0.5}));
    let (sent, dropped) = encoded(&body, &budget_model());
    assert_eq!(
        sent,
        json!({"model": "claude-x", "max_tokens": 64_000, "messages": [{"role": "user", "content": [{"type": "text", "text": "q"}]}],
            "stop_sequences": ["END"], "top_k": 5, "metadata": {"user_id": "u1"}, "cache_control": {"type": "ephemeral"},
            "service_tier": "standard_only", "stream": true})
    );
    let mut dropped = dropped;
    dropped.sort();
    assert_eq!(dropped, ["frequency_penalty", "inputs", "metadata", "prompt_cache_key", "seed", "stop", "store"]);
}

#[test]
fn what_changes_the_answer_is_refused_where_the_operator_says_so() {
    for (members, param) in [
        (json!({"seed": 1}), "seed"),
        (json!({"logprobs": true}), "logprobs"),
        (json!({"logit_bias": {"1": 1}}), "logit_bias"),
        (json!({"presence_penalty": 1}), "presence_penalty"),
        (json!({"temperature": 1.5}), "temperature"),
        (json!({"temperature": 0.5, "top_p": 0.5}), "top_p"),
    ] {
        assert_eq!(refused(&asking(members), &budget_model(), true), ("unsupported_parameter", param.to_owned()));
    }
    assert!(encode_text(&asking(json!({"store": true, "x_new": 1})), Some(&budget_model()), true).is_ok());
    let functions = json!({"functions": [{"name": "f", "parameters": {"type": "object"}}]});
    for members in [json!({"n": 2}), json!({"modalities": ["text", "audio"]}), functions] {
        assert_eq!(refused(&asking(members), &budget_model(), false).0, "unsupported_parameter");
    }
}

#[test]
fn sampling_follows_model_and_version() {
    let cases = [
        (json!({"temperature": 0.3}), json!({"temperature": 0.3}), vec![]),
        (json!({"temperature": 1.7}), json!({"temperature": 1}), vec!["temperature"]),
        (json!({"top_p": 0.5}), json!({"top_p": 0.5}), vec![]),
        (json!({"temperature": 0.2, "top_p": 0.5}), json!({"temperature": 0.2}), vec!["top_p"]),
        (json!({"temperature": 0.2, "top_p": 1}), json!({"temperature": 0.2}), vec![]),
    ];
    for (members, expected, left_out) in cases {
        let (sent, dropped) = encoded(&asking(members.clone()), &budget_model());
        let sent: serde_json::Map<_, _> = sent
            .as_object()
            .unwrap()
            .clone()
            .into_iter()
            .filter(|(name, _)| name == "temperature" || name == "top_p")
            .collect();
        assert_eq!(
            (Value::from(sent), dropped),
            (expected, left_out.into_iter().map(str::to_owned).collect()),
            "{members}"
        );
    }
    let all = asking(json!({"temperature": 0.3, "top_p": 0.4, "top_k": 5}));
    let without = |sent: &Value| ["temperature", "top_p", "top_k"].iter().all(|name| sent.get(name).is_none());
    let (sent, dropped) = encoded(&all, &adaptive_model());
    assert!(without(&sent));
    assert_eq!(dropped, ["temperature", "top_p", "top_k"]);
    assert!(encoded(&asking(json!({"temperature": 1})), &adaptive_model()).1.is_empty(), "the default is not missed");
    let body = serde_json::to_vec(&all).unwrap();
    let info = budget_model();
    let newest = Target { anthropic_version: "2026-10-21", ..target(Some(&info), false) };
    let out = encode(&conversation(&body).unwrap(), &newest).unwrap();
    assert!(without(&serde_json::from_slice(&out.body).unwrap()));
}

#[test]
fn reasoning_effort_becomes_thinking() {
    let effort = |effort: &str| asking(json!({"reasoning_effort": effort, "max_tokens": 1000, "temperature": 0.5}));
    let (sent, dropped) = encoded(&effort("medium"), &budget_model());
    assert_eq!(sent["thinking"], json!({"type": "enabled", "budget_tokens": 2048}));
    assert_eq!((&sent["max_tokens"], sent.get("temperature")), (&json!(3048), None));
    assert_eq!(dropped, ["temperature"]);
    for (word, budget) in [("minimal", 1024), ("low", 1024), ("high", 4096), ("xhigh", 8192), ("max", 16_384)] {
        assert_eq!(encoded(&effort(word), &budget_model()).0["thinking"]["budget_tokens"], budget);
    }
    assert_eq!(encoded(&effort("none"), &budget_model()).0.get("thinking"), None);
    let mut short = budget_model();
    short.max_output_tokens = Some(4096);
    let (sent, _) = encoded(&effort("max"), &short);
    assert_eq!((&sent["max_tokens"], &sent["thinking"]["budget_tokens"]), (&json!(4096), &json!(4095)));
    short.max_output_tokens = Some(1024);
    assert_eq!(encoded(&effort("low"), &short).1, ["reasoning_effort"]);

    let shown = json!({"type": "adaptive", "display": "summarized"});
    for (word, sent_effort) in [("minimal", "low"), ("medium", "medium"), ("xhigh", "xhigh"), ("max", "max")] {
        let (sent, _) = encoded(&effort(word), &adaptive_model());
        assert_eq!((&sent["thinking"], &sent["output_config"]), (&shown, &json!({"effort": sent_effort})));
        assert_eq!(sent["max_tokens"], 1000);
    }
    let mut plain = adaptive_model();
    plain.capabilities.set(Capability::EffortXhigh, false);
    assert_eq!(encoded(&effort("xhigh"), &plain).0["output_config"]["effort"], "high");
    assert_eq!(encoded(&effort("none"), &adaptive_model()).0["thinking"], json!({"type": "disabled"}));
    let (sent, dropped) = encoded(&asking(json!({"reasoning_effort": "none"})), &always_model());
    assert_eq!((sent.get("thinking"), &sent["output_config"]), (None, &json!({"effort": "low"})));
    assert_eq!(dropped, ["reasoning_effort"]);
    let dull = model(&[], &[Capability::Reasoning]);
    assert_eq!(encoded(&effort("low"), &dull).1, ["reasoning_effort"]);
    assert_eq!(refused(&effort("extreme"), &budget_model(), false), ("invalid_request", "reasoning_effort".to_owned()));
}

#[test]
fn the_callers_own_thinking_travels_as_it_is() {
    let own = json!({"type": "enabled", "budget_tokens": 5000});
    let (sent, dropped) = encoded(&asking(json!({"thinking": own, "max_tokens": 100})), &budget_model());
    assert_eq!((&sent["thinking"], &sent["max_tokens"]), (&own, &json!(5100)));
    assert!(dropped.is_empty());
    let off = json!({"type": "disabled"});
    assert_eq!(encoded(&asking(json!({"thinking": off})), &adaptive_model()).0["thinking"], off);
    assert_eq!(encoded(&asking(json!({"thinking": off})), &always_model()).1, ["thinking"]);
}

#[test]
fn thinking_gives_way_where_it_is_not_allowed() {
    let tools = json!([{"type": "function", "function": {"name": "f"}}]);
    let forced = asking(json!({"reasoning_effort": "low", "tools": tools, "tool_choice": "required"}));
    let (sent, dropped) = encoded(&forced, &budget_model());
    assert_eq!((sent.get("thinking"), &sent["tool_choice"]), (None, &json!({"type": "any"})));
    assert_eq!(dropped, ["reasoning_effort"]);
    assert_eq!(encoded(&forced, &adaptive_model()).0["thinking"], json!({"type": "disabled"}));
    let (sent, dropped) = encoded(&forced, &always_model());
    assert_eq!((&sent["thinking"]["type"], &sent["tool_choice"]), (&json!("adaptive"), &json!({"type": "auto"})));
    assert_eq!(dropped, ["tool_choice"]);
    let mut begun = chat(json!([{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]));
    begun["reasoning_effort"] = json!("low");
    assert_eq!(encoded(&begun, &budget_model()).1, ["reasoning_effort"]);
}

#[test]
fn signed_thoughts_come_back_first_and_unchanged() {
    let call = json!({"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}});
    let turn = |blocks: Value| {
        let mut body = chat(json!([{"role": "user", "content": "q"},
            {"role": "assistant", "content": "t", "tool_calls": [call], "thinking_blocks": blocks},
            {"role": "tool", "tool_call_id": "a", "content": "r"}]));
        body["reasoning_effort"] = json!("low");
        encoded(&body, &budget_model())
    };
    let (sent, dropped) = turn(json!([
        {"index": 0, "type": "thinking", "thinking": "hm\n", "signature": "EqQB/+=="},
        {"type": "redacted_thinking", "data": "xyz"}, {"type": "thinking", "thinking": "unsigned"}]));
    assert_eq!(
        sent["messages"][1]["content"].as_array().unwrap()[..3],
        [
            json!({"type": "thinking", "thinking": "hm\n", "signature": "EqQB/+=="}),
            json!({"type": "redacted_thinking", "data": "xyz"}),
            json!({"type": "text", "text": "t"})
        ]
    );
    assert_eq!((&sent["thinking"]["type"], dropped.len()), (&json!("enabled"), 0));
    let (sent, dropped) = turn(json!([]));
    assert_eq!((sent.get("thinking"), dropped), (None, vec!["reasoning_effort".to_owned()]));
    let mut over = chat(json!([{"role": "user", "content": "q"}, {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "a", "content": "r"}, {"role": "assistant", "content": "t"}, {"role": "user", "content": "next"}]));
    over["reasoning_effort"] = json!("low");
    assert_eq!(encoded(&over, &budget_model()).0["thinking"]["type"], "enabled", "a turn that is over does not count");
}

#[test]
fn the_same_conversation_gives_the_same_bytes() {
    let body = asking(
        json!({"tools": [{"type": "function", "function": {"name": "z", "parameters": {"type": "object", "properties": {"b": {}, "a": {}}}}},
        {"type": "function", "function": {"name": "a"}}], "user": "u"}),
    );
    let text = encode_text(&body, Some(&budget_model()), false).unwrap().0;
    assert_eq!(encode_text(&body, Some(&budget_model()), false).unwrap().0, text);
    let places = ["\"tools\"", "\"name\":\"z\"", "\"name\":\"a\"", "\"messages\""].map(|word| text.find(word).unwrap());
    assert!(places.is_sorted(), "{text}");
}
