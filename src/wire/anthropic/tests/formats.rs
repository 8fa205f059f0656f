use super::*;

fn function(name: &str, parameters: Value) -> Value {
    json!({"type": "function", "function": {"name": name, "description": "d", "parameters": parameters}})
}

fn person() -> Value {
    json!({"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"], "additionalProperties": false})
}

fn with_schema(schema: Value, more: Value) -> Value {
    let mut body = asking(more);
    body["response_format"] =
        json!({"type": "json_schema", "json_schema": {"name": "person", "schema": schema, "strict": true}});
    body
}

#[test]
fn every_tool_choice_has_its_counterpart() {
    let named = json!({"type": "function", "function": {"name": "f"}});
    let allowed = |mode: &str| json!({"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": [named]}});
    let single = |kind: &str| json!({"type": kind, "disable_parallel_tool_use": true});
    let cases = [
        (json!({}), Value::Null, 2),
        (json!({"tool_choice": "auto"}), json!({"type": "auto"}), 2),
        (json!({"tool_choice": "required"}), json!({"type": "any"}), 2),
        (json!({"tool_choice": "none"}), json!({"type": "none"}), 2),
        (json!({"tool_choice": named}), json!({"type": "tool", "name": "f"}), 2),
        (json!({"tool_choice": allowed("auto")}), json!({"type": "auto"}), 1),
        (json!({"tool_choice": allowed("required")}), json!({"type": "any"}), 1),
        (json!({"parallel_tool_calls": false}), single("auto"), 2),
        (json!({"parallel_tool_calls": true}), Value::Null, 2),
        (json!({"parallel_tool_calls": false, "tool_choice": "required"}), single("any"), 2),
        (json!({"parallel_tool_calls": false, "tool_choice": "none"}), json!({"type": "none"}), 2),
    ];
    for (members, choice, count) in cases {
        let mut body = asking(members.clone());
        body["tools"] = json!([function("f", person()), function("g", person())]);
        let (sent, _) = encoded(&body, &budget_model());
        assert_eq!((&sent["tool_choice"], sent["tools"].as_array().unwrap().len()), (&choice, count), "{members}");
    }
    for (members, code) in
        [(json!({"tool_choice": "required"}), "invalid_request"), (json!({"tool_choice": named}), "invalid_request")]
    {
        assert_eq!(refused(&asking(members), &budget_model(), false), (code, "tool_choice".to_owned()));
    }
    assert_eq!(
        encoded(&asking(json!({"tool_choice": "auto", "parallel_tool_calls": false})), &budget_model())
            .0
            .get("tool_choice"),
        None
    );
    let custom = asking(json!({"tools": [{"type": "custom", "custom": {"name": "run"}}]}));
    assert_eq!(refused(&custom, &budget_model(), false), ("unsupported_parameter", "tools[0].type".to_owned()));
    let mut only_one = asking(json!({"tool_choice": named}));
    only_one["tools"] = json!([function("f", person()), function("g", person())]);
    let (sent, dropped) = encoded(&only_one, &always_model());
    assert_eq!((&sent["tool_choice"], sent["tools"].as_array().unwrap().len()), (&json!({"type": "auto"}), 1));
    assert_eq!(dropped, ["tool_choice"]);
    assert_eq!(refused(&only_one, &always_model(), true).1, "tool_choice");
}

#[test]
fn a_tools_schema_has_an_object_at_its_root() {
    let string = json!({"type": "string"});
    let cases = [
        (Value::Null, json!({"type": "object", "properties": {}})),
        (json!({}), json!({"type": "object", "properties": {}})),
        (person(), person()),
        (
            json!({"properties": {"a": string}, "description": "x"}),
            json!({"type": "object", "properties": {"a": string}, "description": "x"}),
        ),
        (json!({"type": ["object", "null"], "properties": {}}), json!({"type": "object", "properties": {}})),
        (
            json!({"$ref": "#/$defs/P", "$defs": {"P": person()}}),
            json!({"type": "object", "properties": {"name": string}, "required": ["name"], "$defs": {"P": person()}}),
        ),
        (
            json!({"anyOf": [{"type": "object", "properties": {"a": string, "k": string}, "required": ["a", "k"]},
                             {"type": "object", "properties": {"b": string}, "required": ["b", "k"]}, {"type": "null"}]}),
            json!({"type": "object", "properties": {"a": string, "k": string, "b": string}, "required": ["k"]}),
        ),
        (
            json!({"type": "object", "allOf": [{"properties": {"a": string}, "required": ["a"]}, {"required": ["b"]}]}),
            json!({"type": "object", "properties": {"a": string}, "required": ["a", "b"]}),
        ),
    ];
    for (parameters, schema) in cases {
        let (sent, _) = encoded(&asking(json!({"tools": [function("f", parameters.clone())]})), &budget_model());
        assert_eq!(sent["tools"][0], json!({"name": "f", "description": "d", "input_schema": schema}), "{parameters}");
    }
    for parameters in [
        json!({"type": "string"}),
        json!({"anyOf": [{"type": "string"}]}),
        json!({"$ref": "#/$defs/X"}),
        json!({"$ref": "#/$defs/X", "$defs": {"X": {"$ref": "#/$defs/X"}}}),
    ] {
        let body = asking(json!({"tools": [function("f", parameters)]}));
        assert_eq!(
            refused(&body, &budget_model(), false),
            ("invalid_request", "tools[0].function.parameters".to_owned())
        );
    }
}

#[test]
fn a_strict_tool_stays_strict_where_it_can() {
    let strict = |parameters: Value| {
        let mut tool = function("f", parameters);
        tool["function"]["strict"] = json!(true);
        encoded(&asking(json!({"tools": [tool]})), &budget_model())
    };
    let (sent, dropped) = strict(person());
    assert_eq!((&sent["tools"][0]["strict"], dropped.len()), (&json!(true), 0));
    let (sent, dropped) = strict(json!({"type": "object", "additionalProperties": {"type": "string"}}));
    assert_eq!((sent["tools"][0].get("strict"), dropped), (None, vec!["tools.strict".to_owned()]));
}

#[test]
fn a_schema_is_put_in_the_vocabulary_of_structured_answers() {
    let cases = [
        (
            json!({"type": "integer", "minimum": 1, "maximum": 10, "description": "A number"}),
            json!({"type": "integer", "description": "A number\n\n{maximum: 10, minimum: 1}"}),
        ),
        (json!({"type": "string", "format": "date"}), json!({"type": "string", "format": "date"})),
        (
            json!({"type": "string", "format": "hex", "pattern": "^a"}),
            json!({"type": "string", "description": "{format: \"hex\", pattern: \"^a\"}"}),
        ),
        (
            json!({"type": ["string", "null"], "description": "d"}),
            json!({"description": "d", "anyOf": [{"type": "string"}, {"type": "null"}]}),
        ),
        (json!({"type": ["string", "null"], "enum": ["a", null]}), json!({"enum": ["a", null]})),
        (json!({"oneOf": [{"type": "string"}, {"const": 1}]}), json!({"anyOf": [{"type": "string"}, {"const": 1}]})),
        (
            json!({"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 3}),
            json!({"type": "array", "items": {"type": "string"}, "minItems": 1, "description": "{maxItems: 3}"}),
        ),
        (
            json!({"type": "array", "items": {"type": "string"}, "minItems": 2}),
            json!({"type": "array", "items": {"type": "string"}, "description": "{minItems: 2}"}),
        ),
        (json!({"$ref": "#/definitions/P", "description": "gone"}), json!({"$ref": "#/$defs/P"})),
        (
            json!({"type": "object", "properties": {"x": {"type": "number"}}}),
            json!({"type": "object", "properties": {"x": {"type": "number"}}, "additionalProperties": false}),
        ),
    ];
    for (given, expected) in cases {
        let schema = json!({"type": "object", "properties": {"v": given}, "$defs": {"P": person()}});
        let (sent, _) = encoded(&with_schema(schema, json!({})), &budget_model());
        let format = &sent["output_config"]["format"];
        assert_eq!(format["type"], "json_schema");
        assert_eq!(format["schema"]["properties"]["v"], expected, "{given}");
        assert_eq!(format["schema"]["$defs"]["P"], person());
        assert_eq!(format["schema"]["additionalProperties"], json!(false));
    }
}

#[test]
fn properties_keep_their_order() {
    let body = br#"{"messages":[{"role":"user","content":"q"}],"response_format":{"type":"json_schema","json_schema":{"name":"n",
        "schema":{"type":"object","properties":{"zeta":{"type":"string"},"alpha":{"type":"string"}},"required":["zeta","alpha"]}}}}"#;
    let info = budget_model();
    let out = encode(&conversation(body).unwrap(), &target(Some(&info), false)).unwrap();
    let text = String::from_utf8(out.body.to_vec()).unwrap();
    assert!(text.find("zeta").unwrap() < text.find("alpha").unwrap(), "{text}");
}

#[test]
fn without_schemas_a_tool_gives_the_answer() {
    let mut info = budget_model();
    info.capabilities.set(Capability::ResponseSchema, false);
    let (sent, _) = encoded(&with_schema(person(), json!({})), &info);
    assert_eq!(sent["tools"][0]["name"], "fl__json_response");
    assert_eq!(sent["tools"][0]["input_schema"], person());
    assert_eq!(
        sent["tool_choice"],
        json!({"type": "tool", "name": "fl__json_response", "disable_parallel_tool_use": true})
    );
    let tools = json!({"tools": [function("f", person())]});
    let (sent, _) = encoded(&with_schema(person(), tools.clone()), &info);
    assert_eq!(
        (&sent["tools"][1]["name"], &sent["tool_choice"]),
        (&json!("fl__json_response"), &json!({"type": "any"}))
    );
    let mut demanded = tools;
    demanded["tool_choice"] = json!("required");
    let (sent, _) = encoded(&with_schema(person(), demanded), &info);
    assert_eq!((sent["tools"].as_array().unwrap().len(), &sent["tool_choice"]), (1, &json!({"type": "any"})));
    let (sent, dropped) = encoded(&with_schema(person(), json!({"reasoning_effort": "low"})), &info);
    assert_eq!((sent.get("thinking"), dropped), (None, vec!["reasoning_effort".to_owned()]));
    assert_eq!(
        refused(&with_schema(json!({"type": "array"}), json!({})), &info, false),
        ("invalid_request", "response_format.json_schema.schema".to_owned())
    );
}

#[test]
fn a_schema_that_cannot_be_closed_is_not_closed() {
    let map =
        json!({"type": "object", "properties": {"m": {"type": "object", "additionalProperties": {"type": "string"}}}});
    let (sent, _) = encoded(&with_schema(map.clone(), json!({})), &budget_model());
    assert_eq!((sent.get("output_config"), &sent["tools"][0]["input_schema"]), (None, &map));
    let (sent, _) = encoded(&with_schema(map, json!({})), &always_model());
    assert!(sent["system"][0]["text"].as_str().unwrap().contains("\"additionalProperties\":{\"type\":\"string\"}"));
}

#[test]
fn any_object_is_asked_for_by_a_tool_or_by_words() {
    let body = asking(json!({"response_format": {"type": "json_object"}}));
    assert_eq!(encoded(&body, &budget_model()).0["tool_choice"]["name"], "fl__json_response");
    let mut thinking = body.clone();
    thinking["reasoning_effort"] = json!("low");
    let (sent, _) = encoded(&thinking, &budget_model());
    assert_eq!((&sent["thinking"]["type"], sent.get("tools")), (&json!("enabled"), None));
    assert!(sent["system"][0]["text"].as_str().unwrap().starts_with("Answer with one JSON object"));
    assert!(encoded(&body, &always_model()).0["system"][0]["text"].is_string());
}

#[test]
fn a_schema_that_unfolds_for_ever_is_given_up_quickly() {
    let mut nested = json!({"type": "string"});
    for _ in 0..60 {
        nested = json!({"type": ["object", "object", "object"], "properties": {"a": nested}});
    }
    let (sent, _) =
        encoded(&with_schema(json!({"type": "object", "properties": {"n": nested}}), json!({})), &budget_model());
    assert_eq!(sent["tools"][0]["name"], "fl__json_response");
    let fork = json!({"anyOf": [{"$ref": "#/$defs/A"}, {"$ref": "#/$defs/A"}, {"$ref": "#/$defs/A"}]});
    let endless = json!({"$ref": "#/$defs/A", "$defs": {"A": fork}});
    let body = asking(json!({"tools": [function("f", endless)]}));
    assert_eq!(refused(&body, &budget_model(), false).0, "invalid_request");
}
