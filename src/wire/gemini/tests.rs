//! Requests and answers in tables; streams cut at every byte.

use crate::base::{Code, Side};
use crate::wire::{
    AnswerContext, ChatRequest, Dialect, Fault, Finish, Given, Inbound, Outgoing, StreamDecoder, StreamSummary, Target,
    decode_chat, encode_chat, quirks, wants,
};
use bytes::{Bytes, BytesMut};
use serde_json::{Value, json};

const CONTEXT: AnswerContext<'_> = AnswerContext { id: "chatcmpl-1", created: 7, model: "m", include_usage: true };

fn target(model: &str, refuse_unsupported: bool) -> Target<'_> {
    let quirks = quirks("gemini");
    let dialect = Dialect::Gemini;
    Target { quirks, dialect, model, info: None, refuse_unsupported, anthropic_version: "" }
}

fn request(more: &Value) -> ChatRequest {
    let mut body = json!({"model": "gemini/x", "messages": [{"role": "user", "content": "hi"}]});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    ChatRequest::parse(Bytes::from(body.to_string())).unwrap()
}

fn sent(model: &str, more: &Value) -> (Outgoing, Value) {
    let out = encode_chat(&request(more), &target(model, false), None, &Given::default()).unwrap();
    let body = serde_json::from_slice(&out.body).unwrap();
    (out, body)
}

fn refused(more: &Value) -> String {
    let error = encode_chat(&request(more), &target("gemini-3-pro", true), None, &Given::default()).unwrap_err();
    format!("{:?} {}", error.code, error.param.unwrap_or_default())
}

fn tool(parameters: &Value) -> Value {
    json!({"type": "function", "function": {"name": "weather", "description": "d", "parameters": parameters}})
}

#[test]
fn model_and_action_stand_in_the_path() {
    let path = |model: &str, stream: bool| sent(model, &json!({"stream": stream})).0.path.into_owned();
    assert_eq!(path("gemini-3-pro", false), "/models/gemini-3-pro:generateContent");
    assert_eq!(path("models/gemini-3-pro", true), "/models/gemini-3-pro:streamGenerateContent?alt=sse");
    assert_eq!(path("tunedModels/mine", false), "/tunedModels/mine:generateContent");
    assert_eq!(path("a?b#c", false), "/models/a%3Fb%23c:generateContent");
}

#[test]
fn messages_become_contents() {
    let call = |id: &str, arguments: &str| json!({"id": id, "type": "function", "function": {"name": "weather", "arguments": arguments}});
    let (_, body) = sent(
        "gemini-3-pro",
        &json!({"messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "look"}, {"type": "text", "text": ""},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]},
            {"role": "user", "content": "and?"},
            {"role": "assistant", "content": null, "tool_calls": [call("a", "{\"city\": \"Oslo\"}"), call("b", "{cut")],
                "thinking_blocks": [{"type": "gemini_thought_signature", "signature": "U0lH"}]},
            {"role": "tool", "tool_call_id": "b", "content": "3"},
            {"role": "tool", "tool_call_id": "a", "content": "{\"temp\": 1.50}"},
            {"role": "user", "content": "so?"},
            {"role": "assistant", "content": "cold"},
            {"role": "system", "content": "Now warm."}
        ]}),
    );
    assert_eq!(body["systemInstruction"], json!({"parts": [{"text": "Be brief."}]}));
    assert_eq!(
        body["contents"],
        json!([
            {"role": "user", "parts": [{"text": "look"}, {"inlineData": {"mimeType": "image/png", "data": "AAAA"}},
                {"text": "and?"}]},
            {"role": "model", "parts": [
                {"functionCall": {"id": "a", "name": "weather", "args": {"city": "Oslo"}}, "thoughtSignature": "U0lH"},
                {"functionCall": {"id": "b", "name": "weather", "args": {"invalid_json": "{cut"}}}]},
            {"role": "user", "parts": [
                {"functionResponse": {"id": "b", "name": "weather", "response": {"output": 3}}},
                {"functionResponse": {"id": "a", "name": "weather", "response": {"temp": 1.5}}}]},
            {"role": "user", "parts": [{"text": "so?"}]},
            {"role": "model", "parts": [{"text": "cold"}]},
            {"role": "user", "parts": [{"text": "Now warm."}]}
        ])
    );
}

#[test]
fn a_call_of_another_model_gets_the_documented_stand_in_for_a_signature() {
    let call = json!({"id": "a", "type": "function", "function": {"name": "weather", "arguments": ""}});
    let messages = json!([{"role": "assistant", "content": null, "tool_calls": [call],
        "thinking_blocks": [{"type": "thinking", "thinking": "hm", "signature": "EqQB"}]},
        {"role": "tool", "tool_call_id": "a", "content": "fine"}]);
    let (_, body) = sent("gemini-3-pro", &json!({"messages": messages}));
    assert_eq!(body["contents"][0], json!({"role": "user", "parts": [{"text": "."}]}), "the user speaks first");
    let part = &body["contents"][1]["parts"][0];
    assert_eq!(part["thoughtSignature"], "skip_thought_signature_validator");
    assert_eq!(part["functionCall"]["args"], json!({}));
    let bare = json!([{"role": "user", "content": "x"}, {"role": "assistant", "content": null, "tool_calls": [
        {"id": "a", "type": "function", "function": {"name": "weather", "arguments": ""}}]},
        {"role": "tool", "tool_call_id": "a", "content": "fine"}]);
    let wanted = wants(&request(&json!({"messages": bare})), &target("gemini-3-pro", false)).unwrap();
    assert_eq!(wanted.calls, ["a"], "a signature that the client dropped is asked of the memory");
}

#[test]
fn settings_have_their_own_names() {
    let (out, body) = sent(
        "gemini-3-pro",
        &json!({"max_tokens": 9, "temperature": 0.5, "top_p": 0.9, "seed": 4, "stop": ["a", "b"], "logprobs": true,
            "top_logprobs": 2, "presence_penalty": 0.1, "frequency_penalty": 0.2, "top_k": 5, "service_tier": "flex",
            "safety_settings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "OFF"}],
            "logit_bias": {"1": 2}, "user": "u", "metadata": {}}),
    );
    assert_eq!(
        body["generationConfig"],
        json!({"maxOutputTokens": 9, "temperature": 0.5, "topP": 0.9, "seed": 4, "stopSequences": ["a", "b"],
            "responseLogprobs": true, "logprobs": 2, "presencePenalty": 0.1, "frequencyPenalty": 0.2, "topK": 5})
    );
    assert_eq!((&body["serviceTier"], &body["safetySettings"][0]["threshold"]), (&json!("flex"), &json!("OFF")));
    assert_eq!(out.dropped, ["user", "logit_bias", "metadata"]);
    for (more, error) in [
        (json!({"logit_bias": {"1": 2}}), "UnsupportedParameter logit_bias"),
        (json!({"n": 2}), "UnsupportedParameter n"),
        (json!({"stop": ["1", "2", "3", "4", "5", "6"]}), "UnsupportedParameter stop"),
        (json!({"modalities": ["audio"]}), "UnsupportedParameter modalities"),
        (json!({"reasoning_effort": "much"}), "InvalidRequest reasoning_effort"),
        (
            json!({"tools": [tool(&json!({}))], "parallel_tool_calls": false}),
            "UnsupportedParameter parallel_tool_calls",
        ),
        (
            json!({"tools": [{"type": "function", "function": {"name": "1 a"}}]}),
            "UnsupportedParameter tools[0].function.name",
        ),
        (
            json!({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/gif;base64,A"}}]}]}),
            "UnsupportedParameter messages[0].content[0].image_url.url",
        ),
        (
            json!({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "ftp://x"}}]}]}),
            "InvalidRequest messages[0].content[0].image_url.url",
        ),
        (
            json!({"messages": [{"role": "tool", "tool_call_id": "x", "content": "y"}]}),
            "InvalidRequest messages[0].tool_call_id",
        ),
    ] {
        assert_eq!(refused(&more), error, "{more}");
    }
}

#[test]
fn efforts_become_budgets_or_levels() {
    for (model, effort, expected) in [
        ("gemini-2.5-flash", "none", json!({"includeThoughts": false, "thinkingBudget": 0})),
        ("gemini-2.5-pro", "none", json!({"includeThoughts": false, "thinkingBudget": 128})),
        ("gemini-2.5-flash", "low", json!({"includeThoughts": true, "thinkingBudget": 1024})),
        ("gemini-2.5-pro", "high", json!({"includeThoughts": true, "thinkingBudget": 24576})),
        ("gemini-3-pro", "none", json!({"includeThoughts": false, "thinkingLevel": "LOW"})),
        ("gemini-3-flash", "minimal", json!({"includeThoughts": true, "thinkingLevel": "MINIMAL"})),
        ("gemini-3-flash", "medium", json!({"includeThoughts": true, "thinkingLevel": "MEDIUM"})),
        ("gemini-3.1-pro", "max", json!({"includeThoughts": true, "thinkingLevel": "HIGH"})),
        ("gemini-2.0-flash", "high", Value::Null),
    ] {
        let (out, body) = sent(model, &json!({"reasoning_effort": effort}));
        assert_eq!(body["generationConfig"]["thinkingConfig"], expected, "{model} {effort}");
        assert_eq!(out.dropped.is_empty(), !expected.is_null(), "{model} {effort}");
    }
}

#[test]
fn tools_and_choices() {
    let parameters = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    let other =
        json!({"type": "function", "function": {"name": "now", "parameters": {"type": "object", "properties": {}}}});
    let tools = json!([tool(&parameters), other]);
    let (_, body) = sent("gemini-3-pro", &json!({"tools": tools}));
    assert_eq!(
        body["tools"],
        json!([{"functionDeclarations": [
            {"name": "weather", "description": "d", "parametersJsonSchema": parameters}, {"name": "now"}]}])
    );
    assert!(body.get("toolConfig").is_none());
    let named = json!({"type": "function", "function": {"name": "now"}});
    let allowed = |mode: &str| json!({"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": [named]}});
    for (choice, expected, declared) in [
        (json!("auto"), json!({"mode": "AUTO"}), 2),
        (json!("none"), json!({"mode": "NONE"}), 2),
        (json!("required"), json!({"mode": "ANY"}), 2),
        (named.clone(), json!({"mode": "ANY", "allowedFunctionNames": ["now"]}), 2),
        (allowed("required"), json!({"mode": "ANY", "allowedFunctionNames": ["now"]}), 2),
        (allowed("auto"), json!({"mode": "AUTO"}), 1),
    ] {
        let (_, body) = sent("gemini-3-pro", &json!({"tools": tools, "tool_choice": choice}));
        assert_eq!(body["toolConfig"]["functionCallingConfig"], expected, "{choice}");
        assert_eq!(body["tools"][0]["functionDeclarations"].as_array().unwrap().len(), declared, "{choice}");
    }
}

#[test]
fn schemas_keep_their_order_and_lose_what_gemini_does_not_know() {
    let schema = r##"{"$schema":"x","type":"object","properties":{"z":{"$ref":"#/definitions/Z","description":"d"},
        "a":{"const":"k"},"m":{"allOf":[{"type":"string","pattern":"x"}]}},"additionalProperties":false,
        "definitions":{"Z":{"type":["integer","null"],"exclusiveMinimum":0}}}"##;
    let body = format!(
        r#"{{"model":"gemini/x","messages":[{{"role":"user","content":"hi"}}],"response_format":{{"type":"json_schema","json_schema":{{"name":"n","schema":{schema}}}}}}}"#
    );
    let request = ChatRequest::parse(Bytes::from(body)).unwrap();
    let out = encode_chat(&request, &target("gemini-3-pro", false), None, &Given::default()).unwrap();
    let text = std::str::from_utf8(&out.body).unwrap();
    let expected = r##""responseMimeType":"application/json","responseJsonSchema":{"type":"object","properties":{"z":{"$ref":"#/$defs/Z"},"a":{"enum":["k"]},"m":{"type":"string"}},"additionalProperties":false,"$defs":{"Z":{"type":["integer","null"]}}}"##;
    assert!(text.contains(expected), "{text}");
    assert_eq!(out.dropped, ["response_format.json_schema.schema"]);
    let deep = (0..70).fold(json!({"type": "string"}), |inner, _| json!({"type": "array", "items": inner}));
    let format = json!({"type": "json_schema", "json_schema": {"name": "n", "schema": deep}});
    assert_eq!(refused(&json!({"response_format": format})), "InvalidRequest response_format.json_schema.schema");
    let (_, body) = sent("gemini-3-pro", &json!({"response_format": {"type": "json_object"}}));
    assert_eq!(body["generationConfig"], json!({"responseMimeType": "application/json"}));
}

fn decoded(answer: &Value) -> Result<Value, Fault> {
    let request = request(&json!({}));
    let decoded = decode_chat(&request, &target("gemini-3-pro", false), &CONTEXT, Bytes::from(answer.to_string()))?;
    Ok(serde_json::from_slice(&decoded.body).unwrap())
}

fn usage() -> Value {
    json!({"promptTokenCount": 120, "cachedContentTokenCount": 64, "candidatesTokenCount": 18, "thoughtsTokenCount": 40})
}

#[test]
fn an_answer_becomes_a_completion() {
    let answer = decoded(&json!({"candidates": [{"finishReason": "STOP", "content": {"role": "model", "parts": [
        {"text": "Need it.", "thought": true}, {"text": "So: "},
        {"functionCall": {"id": "fc1", "name": "weather", "args": {"city": "Oslo"}}, "thoughtSignature": "U0lH"},
        {"functionCall": {"name": "now"}}]}}], "usageMetadata": usage(), "modelVersion": "gemini-3-pro-001"}))
    .unwrap();
    let choice = &answer["choices"][0];
    assert_eq!((&answer["model"], &choice["finish_reason"]), (&json!("gemini-3-pro-001"), &json!("tool_calls")));
    let message = &choice["message"];
    assert_eq!((&message["content"], &message["reasoning_content"]), (&json!("So: "), &json!("Need it.")));
    assert_eq!(message["thinking_blocks"], json!([{"type": "gemini_thought_signature", "signature": "U0lH"}]));
    assert_eq!(message["tool_calls"][0]["id"], "fc1");
    assert_eq!(message["tool_calls"][0]["function"]["arguments"], "{\"city\":\"Oslo\"}");
    assert_eq!(message["tool_calls"][1]["function"]["arguments"], "{}");
    assert!(message["tool_calls"][1]["id"].as_str().unwrap().starts_with("call_"), "an id is made where there is none");
    let counts = &answer["usage"];
    assert_eq!((&counts["prompt_tokens"], &counts["completion_tokens"]), (&json!(120), &json!(58)));
    assert_eq!(counts["prompt_tokens_details"]["cached_tokens"], 64);
    assert_eq!(counts["completion_tokens_details"]["reasoning_tokens"], 40);
}

#[test]
fn ends_blocks_and_failures() {
    let ends = |reason: &str, text: &str| {
        decoded(&json!({"candidates": [{"finishReason": reason, "content": {"parts": [{"text": text}]}}]}))
            .map(|answer| answer["choices"][0]["finish_reason"].as_str().unwrap().to_owned())
    };
    for (reason, expected) in
        [("STOP", "stop"), ("MAX_TOKENS", "length"), ("SAFETY", "content_filter"), ("NEW_ONE", "stop")]
    {
        assert_eq!(ends(reason, "x").unwrap(), expected);
    }
    assert_eq!(ends("MALFORMED_FUNCTION_CALL", "x").unwrap(), "stop");
    assert_eq!(ends("MALFORMED_FUNCTION_CALL", "").unwrap_err().side, Side::Upstream);
    let blocked = decoded(&json!({"promptFeedback": {"blockReason": "SAFETY"}})).unwrap();
    assert_eq!(blocked["choices"][0]["finish_reason"], "content_filter");
    assert_eq!(blocked["choices"][0]["message"]["content"], "");
    assert!(
        decoded(&json!({})).is_err() && decoded(&json!([])).is_err() && decoded(&json!({"candidates": []})).is_err()
    );
    let error = decoded(&json!({"error": {"code": 429, "message": "m", "status": "RESOURCE_EXHAUSTED",
        "details": [{"retryDelay": "37s"}]}}))
    .unwrap_err();
    assert!(error.rate_limited && error.retry_after.is_some_and(|after| after.as_secs() == 37));
    let read = |status, body: &Value| {
        let headers = http::HeaderMap::new();
        let now = crate::base::Timestamp(0);
        Fault::from_response(quirks("gemini"), status, &headers, body.to_string().as_bytes(), now)
    };
    let key = read(
        400,
        &json!({"error": {"code": 400, "status": "INVALID_ARGUMENT", "message": "API key not valid.",
        "details": [{"reason": "API_KEY_INVALID"}]}}),
    );
    assert_eq!((key.side, key.code), (Side::Operator, Code::ProviderError));
    let long = "The input token count (9) exceeds the maximum number of tokens allowed (8).";
    assert_eq!(read(400, &json!([{"error": {"code": 400, "message": long}}])).code, Code::ContextLengthExceeded);
}

#[test]
fn log_probabilities_are_handed_on() {
    let token = json!({"token": "é", "tokenId": 5, "logProbability": -0.5});
    let answer = decoded(&json!({"candidates": [{"finishReason": "STOP", "content": {"parts": [{"text": "é"}]},
        "logprobsResult": {"chosenCandidates": [token], "topCandidates": [{"candidates": [token]}]}}]}))
    .unwrap();
    let entry = &answer["choices"][0]["logprobs"]["content"][0];
    assert_eq!((&entry["token"], &entry["logprob"], &entry["bytes"]), (&json!("é"), &json!(-0.5), &json!([195, 169])));
    assert_eq!(entry["top_logprobs"][0]["token"], "é");
}

fn streamed(pieces: &[&[u8]]) -> (Result<(), Fault>, String, StreamSummary) {
    let mut decoder =
        StreamDecoder::new(&target("gemini-3-pro", false), CONTEXT, Bytes::from_static(b"hi"), &Inbound::Chat);
    let mut out = BytesMut::new();
    let fed = pieces.iter().try_for_each(|piece| decoder.feed(piece, &mut out));
    let ended = fed.and_then(|()| decoder.end(&mut out));
    assert_eq!(decoder.finished(), ended.is_ok());
    (ended, String::from_utf8(out.to_vec()).unwrap(), decoder.summary())
}

fn stream(events: &[Value]) -> Vec<u8> {
    events.iter().map(|event| format!("data: {event}\r\n\r\n")).collect::<String>().into_bytes()
}

fn piece(parts: &Value) -> Value {
    json!({"candidates": [{"content": {"role": "model", "parts": parts}}], "modelVersion": "v"})
}

#[test]
fn every_cut_of_a_stream_gives_the_same_chunks() {
    let bytes = stream(&[
        piece(&json!([{"text": "Hm.", "thought": true}])),
        piece(&json!([{"text": "Grüße [1] {x}"}])),
        piece(&json!([{"functionCall": {"id": "a", "name": "weather", "args": {}}, "thoughtSignature": "U0lH"},
            {"functionCall": {"id": "b", "name": "weather", "args": {"city": "Oslo"}}}])),
        json!({"candidates": [{"finishReason": "STOP"}]}),
        json!({"usageMetadata": usage()}),
    ]);
    let (ended, whole, summary) = streamed(&[&bytes]);
    ended.unwrap();
    assert_eq!(summary.finish, Some(Finish::ToolCalls));
    assert_eq!(
        summary.usage.map(|usage| (usage.input, usage.output, usage.reasoning, usage.estimated)),
        Some((120, 58, 40, false))
    );
    let chunks: Vec<&str> = whole.split("\n\n").filter_map(|event| event.strip_prefix("data: ")).collect();
    assert_eq!(chunks.last(), Some(&"[DONE]"));
    let chunks: Vec<Value> = chunks.iter().filter_map(|chunk| serde_json::from_str(chunk).ok()).collect();
    let deltas: Vec<&Value> = chunks.iter().map(|chunk| &chunk["choices"][0]["delta"]).collect();
    assert_eq!(deltas[0], &json!({"role": "assistant", "content": ""}));
    assert_eq!(deltas[1], &json!({"reasoning_content": "Hm."}));
    assert_eq!(deltas[2], &json!({"content": "Grüße [1] {x}"}));
    assert_eq!(deltas[3]["thinking_blocks"][0]["signature"], "U0lH");
    assert_eq!((&deltas[4]["tool_calls"][0]["index"], &deltas[5]["tool_calls"][0]["index"]), (&json!(0), &json!(1)));
    assert_eq!(chunks[6]["choices"][0]["finish_reason"], "tool_calls");
    assert_eq!(chunks[7]["usage"]["total_tokens"], 178);
    for cut in 0..=bytes.len() {
        let (head, tail) = bytes.split_at(cut);
        let (ended, out, _) = streamed(&[head, tail]);
        assert!(ended.is_ok() && out == whole, "cut at {cut}");
    }
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(streamed(&single).1, whole);
}

#[test]
fn streams_that_fail_say_so() {
    let said = stream(&[piece(&json!([{"text": "Hi"}]))]);
    let (ended, out, summary) = streamed(&[&said]);
    assert!(ended.is_err() && !out.contains("[DONE]"), "cut off: {out}");
    assert!(summary.usage.is_some_and(|usage| usage.estimated && usage.output > 0));
    let error = json!({"error": {"code": 503, "message": "busy", "status": "UNAVAILABLE"}});
    let bare = [&said[..], error.to_string().as_bytes()].concat();
    let pretty = [&said[..], serde_json::to_string_pretty(&json!([error])).unwrap().as_bytes()].concat();
    let event = [&said[..], &stream(&[error])].concat();
    for bytes in [&bare, &pretty, &event] {
        for cut in 0..=bytes.len() {
            let (head, tail) = bytes.split_at(cut);
            let (ended, _, _) = streamed(&[head, tail]);
            assert_eq!(ended.unwrap_err().status, Some(503), "cut at {cut}");
        }
    }
    let blocked = stream(&[json!({"promptFeedback": {"blockReason": "SAFETY"}})]);
    assert_eq!(streamed(&[&blocked]).2.finish, Some(Finish::ContentFilter));
}
