//! The body, member by member.

use super::*;

#[test]
fn the_model_is_one_segment_of_the_path() {
    let path = |model: &str, stream: bool| {
        let outgoing = outgoing(model, &asking(json!({"stream": stream})), false).unwrap();
        assert_eq!(outgoing.stream, stream);
        (outgoing.path.into_owned(), outgoing.headers[0].1.to_str().unwrap().to_owned())
    };
    assert_eq!(
        path(CLAUDE, false),
        ("/model/eu.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse".to_owned(), "application/json".to_owned())
    );
    let arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123";
    let encoded = "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fabc123";
    let expected = (format!("{encoded}/converse-stream"), "application/vnd.amazon.eventstream".to_owned());
    assert_eq!(path(arn, true), expected);
}

#[test]
fn sampling_length_and_stops_have_their_own_names() {
    let (body, dropped) = sent(
        NOVA,
        &asking(json!({"max_tokens": 100_000, "temperature": 1.7, "top_p": 0.5, "stop": ["END", " "], "top_k": 40})),
    );
    assert_eq!(
        body["inferenceConfig"],
        json!({"maxTokens": 64_000, "temperature": 1.0, "topP": 0.5, "stopSequences": ["END"]})
    );
    assert_eq!(body["additionalModelRequestFields"], json!({"inferenceConfig": {"topK": 40}}));
    assert_eq!(dropped, ["temperature", "stop"]);
    assert_eq!(refused(NOVA, &asking(json!({"temperature": 1.7}))), ("unsupported_parameter", "temperature".into()));
    let (body, _) = sent(NOVA, &asking(json!({})));
    assert!(body.get("inferenceConfig").is_none(), "the model's own limit: {body}");
    let (body, dropped) = sent(CLAUDE, &asking(json!({"temperature": 0.2, "top_p": 0.5, "top_k": 40})));
    assert_eq!(body["inferenceConfig"], json!({"maxTokens": 64_000, "temperature": 0.2}));
    assert_eq!((&body["additionalModelRequestFields"], &*dropped), (&json!({"top_k": 40}), &["top_p".to_owned()][..]));
    assert_eq!(refused(LLAMA, &asking(json!({"top_k": 40}))), ("unsupported_parameter", "top_k".into()));
}

#[test]
fn tools_and_the_choice_between_them() {
    let spec = json!({"toolSpec": {"name": "get_weather", "description": "Tells the weather.",
        "inputSchema": {"json": {"type": "object", "properties": {"city": {"type": "string"}}}}}});
    let config = |model: &str, members: Value| {
        let mut body = asking(json!({"tools": [weather()]}));
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        sent(model, &body).0["toolConfig"].clone()
    };
    assert_eq!(config(NOVA, json!({})), json!({"tools": [spec]}));
    for (choice, expected) in [
        (json!("auto"), json!({"auto": {}})),
        (json!("required"), json!({"any": {}})),
        (json!({"type": "function", "function": {"name": "get_weather"}}), json!({"tool": {"name": "get_weather"}})),
    ] {
        assert_eq!(config(NOVA, json!({"tool_choice": choice}))["toolChoice"], expected);
    }
    assert_eq!(config(NOVA, json!({"tool_choice": "none"})), Value::Null, "what is not offered is not called");
    let forced = asking(json!({"tools": [weather()], "tool_choice": "required"}));
    assert_eq!(refused(LLAMA, &forced), ("unsupported_parameter", "tool_choice".into()));
    let mut dotted = weather();
    dotted["function"]["name"] = json!("get.weather");
    let (body, _) = sent(NOVA, &asking(json!({"tools": [dotted]})));
    assert_eq!(body["toolConfig"]["tools"][0]["toolSpec"]["name"], "fl__n_get_2eweather");
    dotted["function"]["name"] = json!("n".repeat(65));
    let long = asking(json!({"tools": [dotted]}));
    assert_eq!(refused(NOVA, &long), ("invalid_request", "tools[0].function.name".into()));
    let custom = asking(json!({"tools": [{"type": "custom", "custom": {"name": "run"}}]}));
    assert_eq!(refused(CLAUDE, &custom), ("unsupported_parameter", "tools[0].type".into()));
}

#[test]
fn one_call_a_turn_is_said_to_claude_in_its_own_words() {
    let single =
        |choice: Value| asking(json!({"tools": [weather()], "parallel_tool_calls": false, "tool_choice": choice}));
    for (choice, expected) in [
        (json!("auto"), json!({"type": "auto", "disable_parallel_tool_use": true})),
        (json!("required"), json!({"type": "any", "disable_parallel_tool_use": true})),
        (
            json!({"type": "function", "function": {"name": "get_weather"}}),
            json!({"type": "tool", "name": "get_weather", "disable_parallel_tool_use": true}),
        ),
    ] {
        let (body, _) = sent(CLAUDE, &single(choice));
        assert_eq!(body["additionalModelRequestFields"]["tool_choice"], expected);
        assert!(body["toolConfig"].get("toolChoice").is_none(), "said once only: {body}");
    }
    let old = "anthropic.claude-3-5-sonnet-20240620-v1:0";
    for model in [NOVA, old] {
        assert_eq!(refused(model, &single(json!("auto"))), ("unsupported_parameter", "parallel_tool_calls".into()));
    }
}

#[test]
fn json_is_a_schema_a_tool_or_an_instruction() {
    let schema = json!({"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}});
    let format = json!({"response_format": {"type": "json_schema",
        "json_schema": {"name": "number", "description": "A number.", "schema": schema}}});
    let (body, _) = sent(CLAUDE, &asking(format.clone()));
    let structure = &body["outputConfig"]["textFormat"]["structure"]["jsonSchema"];
    assert_eq!((&structure["name"], &structure["description"]), (&json!("number"), &json!("A number.")));
    let closed: Value = serde_json::from_str(structure["schema"].as_str().unwrap()).unwrap();
    assert_eq!(closed["additionalProperties"], false);
    for model in [NOVA, "anthropic.claude-3-5-sonnet-20240620-v1:0"] {
        let (body, _) = sent(model, &asking(format.clone()));
        assert_eq!(body["toolConfig"]["toolChoice"], json!({"tool": {"name": "fl__json_response"}}), "{model}");
        assert!(body.get("outputConfig").is_none());
    }
    let (body, _) = sent(LLAMA, &asking(format));
    assert!(body["system"][0]["text"].as_str().unwrap().contains("must fit this JSON schema"), "{body}");
}

#[test]
fn reasoning_is_asked_for_in_each_familys_words() {
    let fields = |model: &str, effort: &str| {
        sent(model, &asking(json!({"reasoning_effort": effort}))).0["additionalModelRequestFields"].clone()
    };
    assert_eq!(fields(CLAUDE, "low"), json!({"thinking": {"type": "enabled", "budget_tokens": 1024}}));
    let nova = "us.amazon.nova-2-lite-v1:0";
    let reasoning = |level: &str| json!({"reasoningConfig": {"type": "enabled", "maxReasoningEffort": level}});
    assert_eq!(fields(nova, "high"), reasoning("high"));
    assert_eq!(fields(nova, "none"), Value::Null);
    let (body, _) = sent(nova, &asking(json!({"reasoning_effort": "high", "max_tokens": 9})));
    assert_eq!(body["additionalModelRequestFields"], reasoning("medium"), "the highest refuses a limit");
    assert_eq!(fields("openai.gpt-oss-120b-1:0", "minimal"), json!({"reasoning_effort": "low"}));
    assert_eq!(fields("openai.gpt-5.5", "minimal"), json!({"reasoning": {"effort": "minimal"}}));
    let effort = |effort: &str| asking(json!({"reasoning_effort": effort}));
    assert_eq!(refused(LLAMA, &effort("low")), ("unsupported_parameter", "reasoning_effort".into()));
    assert_eq!(refused(LLAMA, &effort("much")), ("invalid_request", "reasoning_effort".into()));
    let (body, dropped) = sent(CLAUDE, &asking(json!({"thinking": {"type": "enabled", "budget_tokens": 2000}})));
    assert_eq!(body["additionalModelRequestFields"]["thinking"]["budget_tokens"], 2000);
    assert!(dropped.is_empty());
}

#[test]
fn bedrocks_own_members_travel_and_the_rest_is_judged() {
    let (body, dropped) = sent(
        NOVA,
        &asking(json!({"guardrailConfig": {"guardrailIdentifier": "g", "guardrailVersion": "1"},
            "performanceConfig": {"latency": "optimized"}, "requestMetadata": {"team": "a"},
            "additionalModelRequestFields": {"inferenceConfig": {"topK": 1}}, "top_k": 9, "service_tier": "flex",
            "user": "u", "seed": 1, "metadata": {"a": "b"}, "verbosity": "medium", "logprobs": false})),
    );
    assert_eq!(body["guardrailConfig"]["guardrailVersion"], "1");
    assert_eq!(body["performanceConfig"]["latency"], "optimized");
    assert_eq!(body["requestMetadata"], json!({"team": "a"}));
    assert_eq!(body["serviceTier"], json!({"type": "flex"}));
    assert_eq!(
        body["additionalModelRequestFields"],
        json!({"inferenceConfig": {"topK": 1}}),
        "the caller's outrank ours"
    );
    assert_eq!(dropped, ["user", "metadata", "seed"]);
    for (members, param) in [
        (json!({"seed": 1}), "seed"),
        (json!({"n": 2}), "n"),
        (json!({"modalities": ["text", "audio"]}), "modalities"),
        (json!({"functions": [{"name": "f"}]}), "functions"),
        (json!({"thinking": {"type": "enabled"}}), "thinking"),
    ] {
        assert_eq!(refused(NOVA, &asking(members)), ("unsupported_parameter", param.to_owned()));
    }
    let broken = asking(json!({"additionalModelRequestFields": 1}));
    assert_eq!(refused(NOVA, &broken), ("invalid_request", "additionalModelRequestFields".into()));
}
