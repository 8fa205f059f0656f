//! Against AWS Bedrock.

mod aws;
mod signing;

use crate::fake::{Fake, KEY};
use crate::harness::Gateway;
use aws::{Aws, MODEL};
use serde_json::{Value, json};

const CHAT: &str = "/v1/chat/completions";

/// Bedrock with a bearer key.
fn bearer(aws: &Aws) -> String {
    aws.config("api_key = \"env:FAKE_KEY\"\n")
}

fn hello(model: &str, stream: bool) -> Value {
    json!({"model": format!("bedrock/{model}"), "stream": stream, "messages": [{"role": "user", "content": "hello"}]})
}

#[test]
fn text_plain_and_streamed() {
    let (fake, aws) = (Fake::start(), Aws::start());
    let gateway = Gateway::start(&fake, &bearer(&aws));
    let answer = gateway.post(CHAT, &[], &hello(MODEL, false));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["choices"][0]["message"]["content"], "Héllo");
    assert_eq!(answer.json()["usage"]["prompt_tokens"], 1000);
    assert_eq!(answer.header("floopy-cost-micro-usd"), Some("1150"));
    let streamed = gateway.post(CHAT, &[], &hello(MODEL, true));
    let events = streamed.events();
    assert_eq!(events.last().unwrap(), "[DONE]", "{}", streamed.text());
    let chunks: Vec<Value> =
        events[..events.len() - 1].iter().map(|event| serde_json::from_str(event).unwrap()).collect();
    let text: String = chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect();
    assert_eq!((text.as_str(), &chunks.last().unwrap()["choices"][0]["finish_reason"]), ("Héllo", &json!("stop")));
    assert_eq!(gateway.decision(&streamed)["cost_micro_usd"], 1150);
    let seen = aws.seen();
    let base = "/model/eu.anthropic.claude-sonnet-4-5-20250929-v1%3A0";
    assert_eq!(seen[0].path, format!("{base}/converse"));
    assert_eq!(seen[1].path, format!("{base}/converse-stream"));
    for call in &seen {
        assert_eq!(call.header("authorization"), Some(&*format!("Bearer {KEY}")));
        assert!(call.body.get("model").is_none());
    }
}

#[test]
fn titan_takes_one_text_a_call_and_clients_may_send_more() {
    let (fake, aws) = (Fake::start(), Aws::start());
    let gateway = Gateway::start(&fake, &bearer(&aws));
    let texts: Vec<String> = (1..=20).map(|length| "x".repeat(length)).collect();
    let body = json!({"model": "bedrock/amazon.titan-embed-text-v2:0", "input": texts});
    let answer = gateway.post("/v1/embeddings", &[], &body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let answer = answer.json();
    let vectors = answer["data"].as_array().unwrap();
    let expected: Vec<Value> =
        (1..=20).map(|length| json!({"object": "embedding", "index": length - 1, "embedding": [length, 1]})).collect();
    assert_eq!(vectors, &expected, "each in its place");
    assert_eq!(answer["usage"]["prompt_tokens"], 210);
    assert_eq!(aws.seen().len(), 20);
}

#[test]
fn an_anthropic_client_is_served_too() {
    let (fake, aws) = (Fake::start(), Aws::start());
    let gateway = Gateway::start(&fake, &bearer(&aws));
    for stream in [false, true] {
        let answer = gateway.post(
            "/v1/messages",
            &[],
            &json!({"model": format!("bedrock/{MODEL}"), "max_tokens": 50,
            "stream": stream, "messages": [{"role": "user", "content": "hello"}]}),
        );
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(answer.text().contains("end_turn"), "{}", answer.text());
    }
}

#[test]
fn parallel_calls_come_back_with_the_thought_that_led_to_them() {
    for stream in [false, true] {
        let (fake, aws) = (Fake::start(), Aws::start());
        let gateway = Gateway::start(&fake, &bearer(&aws));
        let mut body = hello(MODEL, stream);
        body["reasoning_effort"] = json!("low");
        body["tools"] = json!([{"type": "function", "function": {"name": "weather", "parameters":
            {"type": "object", "properties": {"city": {"type": "string"}}}}}]);
        let first = gateway.post(CHAT, &[], &body);
        assert_eq!(first.status, 200, "{}", first.text());
        assert!(first.text().contains("tooluse_1") && first.text().contains("I need the weather."), "{}", first.text());
        gateway.decision(&first);
        // As a client sends it that drops the fields which it does not know.
        let call = |id: &str, city: &str| {
            let arguments = json!({"city": city}).to_string();
            json!({"id": id, "type": "function", "function": {"name": "weather", "arguments": arguments}})
        };
        let result = |id: &str| json!({"role": "tool", "tool_call_id": id, "content": "3"});
        let calls = json!([call("tooluse_1", "Oslo"), call("tooluse_2", "Rome")]);
        let calls = json!({"role": "assistant", "content": null, "tool_calls": calls});
        body["messages"] =
            json!([{"role": "user", "content": "hello"}, calls, result("tooluse_1"), result("tooluse_2")]);
        let second = gateway.post(CHAT, &[], &body);
        assert_eq!(second.status, 200, "{}", second.text());
        let sent = aws.seen()[1].body.clone();
        let thought = json!({"reasoningText": {"text": "I need the weather.", "signature": "EqQB"}});
        assert_eq!(sent["messages"][1]["content"][0], json!({"reasoningContent": thought}), "{sent}");
        assert_eq!(sent["messages"][2]["content"].as_array().unwrap().len(), 2, "both results stand in one turn");
        assert!(sent["additionalModelRequestFields"]["thinking"].is_object(), "{sent}");
    }
}

#[test]
fn failures_say_whose_fault_they_were() {
    let (fake, aws) = (Fake::start(), Aws::start());
    let gateway = Gateway::start(&fake, &bearer(&aws));
    let busy = gateway.post(CHAT, &[], &hello("busy", false));
    assert_eq!((busy.status, busy.error_code().as_str()), (429, "provider_rate_limited"), "{}", busy.text());
    let long = gateway.post(CHAT, &[], &hello("too-long", false));
    assert_eq!((long.status, long.error_code().as_str()), (400, "context_length_exceeded"), "{}", long.text());
    let profile = gateway.post(CHAT, &[], &hello("profile-only", false));
    assert_eq!((profile.status, profile.error_code().as_str()), (400, "model_not_found"), "{}", profile.text());
    let denied = gateway.post(CHAT, &[], &hello("denied", false));
    assert!(denied.status >= 500 && denied.text().contains("operator"), "{}: {}", denied.status, denied.text());
    for model in ["exception", "damaged", "cut"] {
        let broken = gateway.post(CHAT, &[], &hello(model, true));
        assert!(broken.text().contains("\"error\"") && !broken.text().contains("[DONE]"), "{model}: {}", broken.text());
        assert_eq!(gateway.decision(&broken)["status"], "error", "{model}");
    }
}
