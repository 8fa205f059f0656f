//! Clients that speak Anthropic's dialect: the same stages, routes and records, whoever answers.

use crate::fake::Fake;
use crate::harness::Gateway;
use crate::messages::Claude;
use serde_json::{Value, json};

const PATH: &str = "/v1/messages";

fn body(model: &str, more: &Value) -> Value {
    let mut body = json!({"model": model, "max_tokens": 100, "messages": [{"role": "user", "content": "hello"}]});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

#[test]
fn an_openai_provider_answers_in_anthropics_dialect() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let more = json!({"system": "Be brief.", "stop_sequences": ["END"]});
    let answer = gateway.post(PATH, &[("anthropic-version", "2023-06-01")], &body("up/cheap", &more));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let message = answer.json();
    assert_eq!((&message["type"], &message["stop_reason"]), (&json!("message"), &json!("end_turn")));
    assert_eq!(message["content"], json!([{"type": "text", "text": "Hello from upstream"}]));
    assert_eq!(message["usage"]["input_tokens"], 1000);
    assert_eq!(answer.header("request-id"), answer.header("x-request-id"));
    let seen = fake.last();
    assert_eq!(seen.path, "/v1/chat/completions");
    assert_eq!(seen.body["messages"][0], json!({"role": "system", "content": "Be brief."}));
    assert_eq!(seen.body["stop"], json!(["END"]));
    gateway.remembers(&answer, "messages", message["id"].as_str().unwrap());
}

#[test]
fn a_stream_has_the_events_of_the_dialect() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let answer = gateway.post(PATH, &[], &body("up/cheap", &json!({"stream": true})));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let text = answer.text();
    let names: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
    let mut expected = vec!["message_start", "content_block_start"];
    expected.extend(["content_block_delta"; 4]);
    expected.extend(["content_block_stop", "message_delta", "message_stop"]);
    assert_eq!(names, expected);
    assert!(!text.contains("[DONE]"));
    assert_eq!(gateway.decision(&answer)["outcome"]["output_tokens"], 4);
}

#[test]
fn a_stream_that_breaks_says_so_in_the_dialect() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let answer = gateway.post(PATH, &[], &body("up/stream-error", &json!({"stream": true})));
    let text = answer.text();
    let last = text.trim_end().rsplit("\n\n").next().unwrap();
    assert!(last.starts_with("event: error\ndata: {"), "{last}");
    let error: Value = serde_json::from_str(last.split_once("data: ").unwrap().1).unwrap();
    assert_eq!(error["type"], "error");
    assert!(!text.contains("message_stop"));
}

#[test]
fn errors_come_in_the_envelope_of_the_dialect() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    for (body, status, kind, code) in [
        (json!({"model": "up/cheap"}), 400, "invalid_request_error", "invalid_request"),
        (body("nobody/knows", &json!({})), 404, "not_found_error", "model_not_found"),
        (body("up/status-429", &json!({})), 429, "rate_limit_error", "provider_rate_limited"),
        (body("up/status-500", &json!({})), 502, "api_error", "provider_error"),
        (body("up/cheap", &json!({"container": "c"})), 400, "invalid_request_error", "unsupported_parameter"),
    ] {
        let answer = gateway.post(PATH, &[], &body);
        let error = answer.json();
        assert_eq!((answer.status, error["error"]["type"].as_str()), (status, Some(kind)), "{error}");
        assert_eq!((error["type"].as_str(), error["error"]["code"].as_str()), (Some("error"), Some(code)), "{error}");
        assert_eq!(error["request_id"].as_str(), answer.header("request-id"));
    }
    let other = gateway.get(PATH);
    assert_eq!((other.status, &other.json()["type"]), (405, &json!("error")));
}

#[test]
fn the_same_dialect_travels_as_it_is() {
    let (fake, claude) = (Fake::start(), Claude::start());
    let gateway = Gateway::start(&fake, &claude.config());
    let more = json!({"metadata": {"user_id": "u1", "x": 1}, "tools": [{"name": "weather", "input_schema": {"type": "object"},
        "cache_control": {"type": "ephemeral"}}], "thinking": {"type": "enabled", "budget_tokens": 2048}, "container": "c1"});
    let sent = body("claude/sonnet", &more);
    let answer = gateway.post(PATH, &[], &sent);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let mut expected = sent;
    expected["model"] = json!("sonnet");
    assert_eq!(claude.seen(), [expected]);
    let message = answer.json();
    assert_eq!(message["content"][0]["signature"], "EqQBsigned");
    assert_eq!((&message["id"], &message["content"][1]["input"]), (&json!("msg_1"), &json!({"city": "Oslo"})));
    let decision = gateway.decision(&answer);
    assert_eq!((&decision["outcome"]["input_tokens"], &decision["provider"]), (&json!(1000), &json!("claude")));
    let streamed = gateway.post(PATH, &[], &body("claude/sonnet", &json!({"stream": true})));
    let text = streamed.text();
    assert!(text.starts_with("event: message_start\ndata: {") && text.ends_with("\"message_stop\"}\n\n"), "{text}");
    assert_eq!(gateway.decision(&streamed)["outcome"]["output_tokens"], 100);
}

#[test]
fn a_request_that_only_anthropic_can_serve_finds_it_behind_another_provider() {
    let (fake, claude) = (Fake::start(), Claude::start());
    let gateway = Gateway::start(&fake, &claude.config());
    let answer = gateway.post(PATH, &[], &body("up/cheap,claude/sonnet", &json!({"container": "c1"})));
    assert_eq!((answer.status, answer.header("floopy-provider")), (200, Some("claude")), "{}", answer.text());
    assert_eq!(fake.calls_of("cheap"), 0);
}

#[test]
fn a_route_picks_the_candidate_that_can_be_told_what_is_asked() {
    let (fake, claude) = (Fake::start(), Claude::start());
    let cohere = format!(
        "[provider.coh]\nkind = \"cohere\"\nbase_url = \"http://{}\"\napi_key = \"env:FAKE_KEY\"\nallow_private_network = true\n\
         [[model]]\nid = \"coh/command\"\n",
        fake.address
    );
    let route = "[[route]]\nname = \"auto\"\nstrategy = \"fallback\"\nsticky = \"request\"\ndefault_model = \"coh/command\"\n\
        candidates = [\"up/cheap\", \"claude/sonnet\"]\n";
    let gateway = Gateway::start(&fake, &(claude.config() + &cohere + route));
    let document =
        json!({"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}});
    for (more, served, refused) in [
        (json!({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}), "claude", vec!["command", "cheap"]),
        (json!({"messages": [{"role": "user", "content": [document]}]}), "up", vec!["command"]),
        (json!({}), "coh", vec![]),
    ] {
        let answer = gateway.post(PATH, &[], &body("auto", &more));
        let decision = gateway.decision(&answer);
        assert_eq!(decision["winner"]["provider"], served, "{}", answer.text());
        let filtered = decision["filtered"].as_array().unwrap();
        assert!(filtered.iter().all(|one| one["reason"] == "native_provider_needed"), "{decision}");
        let models: Vec<_> = filtered.iter().map(|one| one["model"].as_str().unwrap()).collect();
        assert_eq!(models, refused);
    }
}

#[test]
fn tokens_are_counted() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let count = |text: &str| {
        let body = json!({"model": "up/cheap", "messages": [{"role": "user", "content": text}]});
        let answer = gateway.post("/v1/messages/count_tokens", &[], &body);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["input_tokens"].as_u64().unwrap()
    };
    let (short, long) = (count("Hello,"), count(&"Hello, ".repeat(100)));
    assert!((3..12).contains(&short) && (200..220).contains(&long), "{short} {long}");
    assert_eq!(fake.seen().len(), 0, "nobody was asked");
}
