//! async-openai against the gateway: its types refuse an answer that lacks a required field or has a wrong one.

use async_openai::error::OpenAIError;
use async_openai::types::chat::{ChatCompletionMessageToolCalls, FinishReason};
use floopy_async_openai_suite::{MODELS, TEXT, client, client_with_key, request, user, weather};
use futures::StreamExt;
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn text() {
    for model in MODELS {
        let answer = client().chat().create(request(model, user("Where?"), json!({}))).await.expect("an answer");
        let choice = &answer.choices[0];
        assert_eq!(choice.message.content.as_deref(), Some(TEXT), "{model}");
        assert_eq!(choice.finish_reason, Some(FinishReason::Stop));
        assert_eq!(answer.usage.expect("usage").total_tokens, 30);
    }
}

#[tokio::test]
async fn streams_cut_anywhere() {
    for model in MODELS {
        for chop in [0, 1, 7] {
            let more = json!({ "stream_options": { "include_usage": true } });
            let asked = request(model, user(&format!("[fake chop={chop}]")), more);
            let mut stream = client().chat().create_stream(asked).await.expect("a stream");
            let (mut text, mut usage, mut ending) = (String::new(), None, None);
            while let Some(chunk) = stream.next().await {
                let chunk = chunk.expect("a chunk in the client's types");
                for choice in chunk.choices {
                    text.push_str(choice.delta.content.as_deref().unwrap_or_default());
                    ending = choice.finish_reason.or(ending);
                }
                usage = chunk.usage.or(usage);
            }
            assert_eq!((text.as_str(), ending), (TEXT, Some(FinishReason::Stop)), "{model}, {chop}");
            assert_eq!(usage.expect("usage").total_tokens, 30);
        }
    }
}

#[tokio::test]
async fn parallel_tools_and_their_results() {
    for model in MODELS {
        let mut messages = user("The weather? [fake scenario=tools]");
        let asked = request(model, messages.clone(), json!({ "tools": weather() }));
        let answer = client().chat().create(asked).await.expect("an answer");
        let message = &answer.choices[0].message;
        assert_eq!(answer.choices[0].finish_reason, Some(FinishReason::ToolCalls));
        let turns = messages.as_array_mut().expect("an array");
        turns.push(serde_json::to_value(message).expect("JSON"));
        for call in message.tool_calls.as_ref().expect("tool calls") {
            let ChatCompletionMessageToolCalls::Function(call) = call else { panic!("{call:?}") };
            let arguments: Value = serde_json::from_str(&call.function.arguments).expect("arguments are JSON");
            let degrees = if arguments["city"] == "Oslo" { "-3" } else { "7" };
            turns.push(json!({ "role": "tool", "tool_call_id": call.id, "content": degrees }));
        }
        let asked = request(model, messages, json!({ "tools": weather() }));
        let answer = client().chat().create(asked).await.expect("an answer");
        assert_eq!(answer.choices[0].message.content.as_deref(), Some("Oslo: -3; Zürich: 7"), "{model}");
    }
}

#[tokio::test]
async fn tool_calls_in_a_stream() {
    for model in MODELS {
        let asked = request(model, user("[fake scenario=tools chop=3]"), json!({ "tools": weather() }));
        let mut stream = client().chat().create_stream(asked).await.expect("a stream");
        let mut arguments = [String::new(), String::new()];
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.expect("a chunk in the client's types");
            for piece in chunk.choices.into_iter().flat_map(|choice| choice.delta.tool_calls.unwrap_or_default()) {
                let text = piece.function.and_then(|function| function.arguments).unwrap_or_default();
                arguments[usize::try_from(piece.index).expect("small")].push_str(&text);
            }
        }
        let cities = arguments.map(|text| serde_json::from_str::<Value>(&text).expect("JSON")["city"].clone());
        assert_eq!(cities, ["Oslo", "Zürich"], "{model}");
    }
}

#[tokio::test]
async fn structured_output() {
    let schema = json!({ "type": "object", "properties": { "city": { "type": "string" } }, "required": ["city"],
        "additionalProperties": false });
    let format = json!({ "type": "json_schema", "json_schema": { "name": "place", "strict": true, "schema": schema } });
    for model in MODELS {
        let asked = request(model, user("Where?"), json!({ "response_format": format }));
        let answer = client().chat().create(asked).await.expect("an answer");
        let text = answer.choices[0].message.content.as_deref().expect("text");
        assert_eq!(serde_json::from_str::<Value>(text).expect("JSON"), json!({ "city": "Zürich" }), "{model}");
    }
}

#[tokio::test]
async fn logprobs_and_several_choices() {
    let asked = request(MODELS[0], user("hi"), json!({ "n": 2, "logprobs": true, "top_logprobs": 1 }));
    let answer = client().chat().create(asked).await.expect("an answer");
    assert_eq!(answer.choices.iter().map(|choice| choice.index).collect::<Vec<_>>(), [0, 1]);
    let logprobs = answer.choices[0].logprobs.as_ref().expect("logprobs");
    assert_eq!(logprobs.content.as_ref().expect("tokens")[0].top_logprobs.len(), 1);
}

#[tokio::test]
async fn embeddings_and_models() {
    let model = "openai/text-embedding-3-small";
    let asked = serde_json::from_value(json!({ "model": model, "input": ["a", "b"] })).expect("a request");
    let plain = client().embeddings().create(asked).await.expect("embeddings");
    let asked = serde_json::from_value(json!({ "model": model, "input": ["a", "b"], "encoding_format": "base64" }));
    let packed = client().embeddings().create_base64(asked.expect("a request")).await.expect("embeddings");
    assert_eq!(plain.data.len(), 2);
    for (plain, packed) in plain.data.into_iter().zip(packed.data) {
        assert_eq!(plain.embedding, Vec::<f32>::from(packed.embedding));
    }
    let listed = client().models().list().await.expect("models");
    assert!(listed.data.iter().any(|model| model.id == MODELS[0]));
    assert_eq!(client().models().retrieve(MODELS[0]).await.expect("a model").id, MODELS[0]);
}

#[tokio::test]
async fn errors() {
    let cases = [
        (MODELS[0], "[fake status=400]", 400, None),
        (MODELS[1], "[fake fault=overflow]", 400, Some("context_length_exceeded")),
        ("no-such-model", "hi", 404, Some("model_not_found")),
    ];
    for (model, text, status, code) in cases {
        let failed = client().chat().create(request(model, user(text), json!({}))).await.expect_err("an error");
        let OpenAIError::ApiError(error) = failed else { panic!("{failed:?}") };
        assert_eq!(error.status_code.as_u16(), status);
        assert!(code.is_none() || error.api_error.code.as_deref() == code, "{error}");
    }
    let stranger = client_with_key("fl_NNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNN");
    let failed = stranger.models().list().await.expect_err("an error");
    let OpenAIError::ApiError(error) = failed else { panic!("{failed:?}") };
    assert_eq!(error.api_error.code.as_deref(), Some("invalid_api_key"));
}

#[tokio::test]
async fn a_stream_that_breaks_in_the_middle_is_an_error() {
    for (model, fault) in [("openai/gpt-4o", "midstream"), ("anthropic/claude-opus-4-6", "cut")] {
        let asked = request(model, user(&format!("[fake fault={fault}]")), json!({}));
        let mut stream = client().chat().create_stream(asked).await.expect("a stream");
        let (mut chunks, mut failed) = (0, false);
        let read = async {
            while let Some(chunk) = stream.next().await {
                match chunk {
                    Ok(_) => chunks += 1,
                    Err(_) => {
                        failed = true;
                        break;
                    }
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(10), read).await.expect("the stream ends");
        assert!(chunks > 0 && failed, "{model}: {chunks} chunks, failed: {failed}");
    }
}
