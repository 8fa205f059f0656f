//! Calls that work: plain, streamed, embedded, passed through; drain and cancellation.

use crate::fake::{Fake, KEY, WORDS};
use crate::harness::{Gateway, chat_body, wait_for};
use crate::http::Connection;
use serde_json::{Value, json};

#[test]
fn a_plain_call_is_answered_and_recorded() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let answer = gateway.chat("up/cheap", &[("floopy-session-id", "s1"), ("floopy-property-team", "search")]);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["choices"][0]["message"]["content"], "Hello from upstream");
    for (header, value) in [
        ("floopy-session-id", "s1"),
        ("floopy-reason", "cheap::direct"),
        ("floopy-strategy", "legacy_model"),
        ("floopy-provider", "up"),
        ("floopy-model", "cheap"),
        ("floopy-cache", "off"),
        ("floopy-cost-micro-usd", "1200"),
    ] {
        assert_eq!(answer.header(header), Some(value), "{header}");
    }
    assert_eq!(answer.header("x-upstream-secret"), None, "only allowed headers come back");
    let decision = gateway.decision(&answer);
    assert_eq!(decision["session_id"], "s1");
    assert_eq!(decision["status"], "ok");
    assert_eq!(decision["cost_micro_usd"], 1200);
    assert_eq!(decision["outcome"]["input_tokens"], 1000);
    assert_eq!(decision["floopy_reason"], "cheap::direct");
    assert_eq!(decision["decision_trace"]["floopy_reason"], "cheap::direct");
}

#[test]
fn unknown_fields_reach_the_upstream_byte_for_byte() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let body = br#"{"zeta": {"b":1,  "a":[1.50, 1e3]}, "model":"up/cheap","messages":[{"role":"user","content":"h\u00e9","x_mine":{"k": 0.10}}], "a_field" :null}"#;
    let headers = [("content-type", "application/json")];
    let answer = crate::http::call(gateway.address, "POST", "/v1/chat/completions", &headers, body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let raw = String::from_utf8(fake.last().raw).unwrap();
    for kept in [r#""zeta": {"b":1,  "a":[1.50, 1e3]}"#, r#"{"role":"user","content":"h\u00e9","x_mine":{"k": 0.10}}"#]
    {
        assert!(raw.contains(kept), "{kept} in {raw}");
    }
    assert_eq!(fake.last().body["model"], "cheap");
}

#[test]
fn a_stream_arrives_event_by_event() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    for model in ["up/cheap", "up/stream-bytes", "up/stream-no-done"] {
        let answer = gateway.chat_stream(model, &[]);
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.header("content-type"), Some("text/event-stream; charset=utf-8"));
        assert_eq!(answer.header("floopy-cost-micro-usd"), None, "not on streams");
        let events = answer.events();
        assert_eq!(events.last().map(String::as_str), Some("[DONE]"), "{model}");
        let chunks: Vec<Value> =
            events[..events.len() - 1].iter().map(|event| serde_json::from_str(event).unwrap()).collect();
        let text: String = chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect();
        assert_eq!(text, WORDS.concat(), "{model}");
        assert!(chunks.iter().all(|chunk| chunk.get("usage").is_none()), "usage was not asked for");
        let decision = gateway.decision(&answer);
        assert_eq!(decision["outcome"]["output_tokens"], 4, "{model}: usage is asked of the upstream all the same");
        assert_eq!(fake.last().body["stream_options"]["include_usage"], true);
    }
}

#[test]
fn usage_in_a_stream_comes_when_asked_for() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let mut body = chat_body("up/cheap", true);
    body["stream_options"] = json!({"include_usage": true});
    let events = gateway.post("/v1/chat/completions", &[], &body).events();
    let usage: Value = serde_json::from_str(&events[events.len() - 2]).unwrap();
    assert_eq!(usage["choices"], json!([]));
    assert_eq!(usage["usage"]["completion_tokens"], 4);
}

#[test]
fn the_first_event_is_not_held_back() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let mut connection = Connection::open(gateway.address);
    let body = chat_body("up/stream-endless", true).to_string();
    connection.request("POST", "/v1/chat/completions", &[], body.as_bytes()).unwrap();
    assert_eq!(connection.head().unwrap().0, 200);
    let first = connection.chunk().unwrap().unwrap();
    assert!(first.starts_with(b"data: "), "the stream never ends, and yet its first event is here");
    drop(connection);
    fake.wait_for_leaver();
}

#[test]
fn a_client_that_leaves_is_recorded_as_cancelled() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let mut connection = Connection::open(gateway.address);
    let body = chat_body("up/stream-endless", true).to_string();
    connection.request("POST", "/v1/chat/completions", &[], body.as_bytes()).unwrap();
    let (_, headers) = connection.head().unwrap();
    let id = headers.iter().find(|(name, _)| name == "x-request-id").unwrap().1.clone();
    connection.chunk().unwrap().unwrap();
    drop(connection);
    let decision = gateway.decision_by_id(&id);
    assert_eq!((&decision["status"], &decision["reason"]), (&json!("cancelled"), &json!("cancelled")));
    assert!(decision["outcome"]["output_tokens"].as_u64().is_some(), "partial usage is recorded");
}

#[test]
fn embeddings_come_as_floats_or_base64() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let ask = |format: &str| {
        let body = json!({"model": "up/embed", "input": "x", "encoding_format": format});
        gateway.post("/v1/embeddings", &[], &body)
    };
    let floats = ask("float");
    assert_eq!(floats.status, 200, "{}", floats.text());
    assert_eq!(floats.json()["data"][0]["embedding"], json!([0.5, -0.25]));
    assert_eq!(ask("base64").json()["data"][0]["embedding"], "AAAAPwAAgL4=");
}

#[test]
fn passthrough_is_byte_exact_both_ways() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let body = br#" {"messages":[ {"role":"user","content":"x"} ],"model":"gpt-x", "unknown":1.0} "#;
    let headers =
        [("floopy-passthrough", "true"), ("authorization", "Bearer client-key"), ("content-type", "application/json")];
    let answer = crate::http::call(gateway.address, "POST", "/v1/chat/completions", &headers, body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(fake.last().raw, body);
    assert_eq!(answer.json()["model"], "gpt-x");
    assert_eq!(answer.header("floopy-reason"), Some("gpt-x::passthrough"));
    let decision = gateway.decision(&answer);
    assert_eq!(decision["reason"], "passthrough");
}

#[test]
fn upstream_connections_are_reused() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    for _ in 0..20 {
        assert_eq!(gateway.chat("up/cheap", &[]).status, 200);
        assert_eq!(gateway.chat_stream("up/cheap", &[]).status, 200);
    }
    assert!(fake.connections() <= 3, "{} connections for 40 calls", fake.connections());
}

#[test]
fn sigterm_lets_streams_finish_and_refuses_new_requests() {
    let fake = Fake::start();
    let mut gateway = Gateway::start(&fake, "");
    let mut streaming = Connection::open(gateway.address);
    let body = chat_body("up/stream-endless", true).to_string();
    streaming.request("POST", "/v1/chat/completions", &[], body.as_bytes()).unwrap();
    streaming.head().unwrap();
    streaming.chunk().unwrap().unwrap();
    let mut idle = Connection::open(gateway.address);
    idle.request("GET", "/healthz", &[], b"").unwrap();
    assert_eq!(idle.answer().unwrap().status, 200);
    gateway.signal("TERM");
    wait_for("the listener to close", || std::net::TcpStream::connect(gateway.address).is_err().then_some(()));
    for _ in 0..50 {
        assert!(streaming.chunk().unwrap().is_some(), "the stream goes on");
    }
    drop(streaming);
    assert!(gateway.wait().success(), "{}", gateway.log());
}

#[test]
fn a_second_signal_stops_at_once() {
    let fake = Fake::start();
    let mut gateway = Gateway::start(&fake, "");
    let mut streaming = Connection::open(gateway.address);
    let body = chat_body("up/stream-endless", true).to_string();
    streaming.request("POST", "/v1/chat/completions", &[], body.as_bytes()).unwrap();
    streaming.head().unwrap();
    gateway.signal("TERM");
    wait_for("the listener to close", || std::net::TcpStream::connect(gateway.address).is_err().then_some(()));
    gateway.signal("TERM");
    gateway.wait();
}

#[test]
fn a_reload_loses_no_request_and_a_bad_file_changes_nothing() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let file = gateway.folder.join("floopy.toml");
    let good = std::fs::read_to_string(&file).unwrap();
    assert_eq!(gateway.chat("later", &[]).status, 404);
    let mut streaming = Connection::open(gateway.address);
    let body = chat_body("up/stream-endless", true).to_string();
    streaming.request("POST", "/v1/chat/completions", &[], body.as_bytes()).unwrap();
    streaming.head().unwrap();

    std::fs::write(
        &file,
        format!("{good}\n[[route]]\nname = \"later\"\nstrategy = \"fallback\"\ndefault_model = \"up/cheap\"\n"),
    )
    .unwrap();
    gateway.signal("HUP");
    wait_for("the new route", || (gateway.chat("later", &[]).status == 200).then_some(()));
    assert!(streaming.chunk().unwrap().is_some(), "the stream outlives the reload");

    std::fs::write(&file, "[server]\nlisten = 7\n").unwrap();
    let refused = gateway.post("/v1/admin/config/reload", &[], &json!({}));
    assert_eq!(refused.status, 400, "{}", refused.text());
    assert_eq!(gateway.chat("later", &[]).status, 200, "the configuration in force stays");
}

#[test]
fn the_upstream_key_never_reaches_a_client_or_the_log() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let answer = gateway.chat("up/status-401", &[]);
    assert_eq!(answer.status, 502, "an operator's fault is not the caller's: {}", answer.text());
    assert!(!answer.text().contains(KEY), "{}", answer.text());
    let decision = gateway.decision(&answer).to_string();
    assert!(!decision.contains(KEY) && !gateway.log().contains(KEY));
}

#[test]
fn models_lists_routes_and_known_models() {
    let fake = Fake::start();
    let gateway = Gateway::start(
        &fake,
        "[[route]]\nname = \"auto\"\nstrategy = \"fallback\"\ndefault_model = \"up/cheap\"\n\
            [[model]]\nid = \"up/sees\"\ncapabilities = [\"vision\", \"tools\"]\n",
    );
    let list = gateway.get("/v1/models").json();
    let ids: Vec<&str> = list["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap()).collect();
    assert!(ids.contains(&"auto") && ids.contains(&"up/cheap"), "{ids:?}");
    assert!(ids.iter().all(|id| *id == "auto" || id.starts_with("up/")), "only what can be called: {ids:?}");
    assert_eq!(gateway.get("/v1/models/up/sees").json()["capabilities"], json!(["tools", "vision"]));
    for path in ["/v1/models/up/cheap", "/v1/models/up%2Fcheap"] {
        assert_eq!(gateway.get(path).json()["object"], "model", "{path}");
    }
    assert_eq!(gateway.get("/v1/models/none").error_code(), "model_not_found");
}

#[test]
fn operations_endpoints_answer() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    gateway.chat("up/cheap", &[]);
    assert_eq!(gateway.get("/healthz").status, 200);
    assert_eq!(gateway.get("/readyz").status, 200);
    let metrics = gateway.get("/metrics").text();
    assert!(
        metrics.contains(
            "floopy_requests_total{strategy=\"legacy_model\",provider=\"up\",model=\"cheap\",status=\"ok\"} 1"
        ),
        "{metrics}"
    );
    assert!(gateway.get("/openapi.json").json()["openapi"].as_str().unwrap().starts_with("3."));
}
