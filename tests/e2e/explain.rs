//! The dry run: it tells what would be, and changes nothing.

use crate::commands::{command, data, json as parsed};
use crate::fake::Fake;
use crate::harness::{Gateway, chat_body};
use crate::http::{Answer, call};
use serde_json::{Value, json};

const ROUTES: &str = r#"
[retention]
bodies = "0"
[[route]]
name = "turns"
strategy = "round_robin"
sticky = "request"
default_model = "up/cheap"
candidates = ["up/dear", "up/flaky"]
[[route]]
name = "drawn"
strategy = "weighted"
sticky = "session"
default_model = "up/cheap"
candidates = ["up/dear"]
weights = { "up/cheap" = 30, "up/dear" = 70 }
"#;

fn explain(gateway: &Gateway, body: &Value, headers: &[(&str, &str)]) -> Answer {
    gateway.post("/v1/routing/explain", headers, body)
}

#[test]
fn every_key_is_there_in_both_forms() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, ROUTES);
    let keys = "dry_run would_select firewall_decision reasoning routing_rule_id strategy_id phase weights candidates filtered \
                confidence confidence_reason explanation explanation_detail";
    let flat = explain(&gateway, &chat_body("drawn", false), &[]);
    let wrapped = explain(&gateway, &json!({"request": chat_body("drawn", false), "headers": {}}), &[]);
    assert_eq!((flat.status, flat.json()), (200, wrapped.json()), "{}", flat.text());
    let told = flat.json();
    let mut found: Vec<&str> = told.as_object().unwrap().keys().map(String::as_str).collect();
    let mut wanted: Vec<&str> = keys.split_whitespace().collect();
    found.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(found, wanted);
    assert_eq!(told["would_select"], json!({"provider": "up", "model": "dear"}), "the most probable one");
    assert_eq!(told["candidates"][1]["propensity"], 0.7);
    assert_eq!((&told["routing_rule_id"], &told["strategy_id"]), (&json!("drawn"), &json!("weighted")));
    assert_eq!((&told["dry_run"], &told["firewall_decision"]), (&json!(true), &json!("allow")));
    assert_eq!(told["reasoning"], "dear::weighted");
    let named = explain(&gateway, &chat_body("up/cheap", false), &[]).json();
    assert_eq!((&named["strategy_id"], &named["routing_rule_id"]), (&json!("legacy_model"), &Value::Null));
    let passed = explain(&gateway, &chat_body("up/cheap", false), &[("floopy-passthrough", "true")]).json();
    assert_eq!(passed["strategy_id"], "passthrough");
}

#[test]
fn nothing_is_changed_by_it() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, ROUTES);
    let first = gateway.chat("turns", &[("floopy-session-id", "s")]);
    gateway.decision(&first);
    let file = gateway.folder.join("data/floopy.redb");
    let state = || {
        let metrics = gateway.get("/metrics").text();
        let visible = ["/v1/decisions", "/v1/sessions", "/v1/routes", "/v1/constraints", "/v1/priors"]
            .map(|path| gateway.get(path).text());
        (std::fs::read(&file).unwrap(), metrics, visible)
    };
    let (calls, before) = (fake.seen().len(), state());
    let turn = explain(&gateway, &chat_body("turns", false), &[]).json();
    for _ in 0..25 {
        assert_eq!(explain(&gateway, &chat_body("turns", false), &[]).json(), turn, "no turn is taken");
        let drawn = json!({"request": chat_body("drawn", false), "headers": {"floopy-session-id": "t"}});
        assert_eq!(explain(&gateway, &drawn, &[]).json()["reasoning"], "dear::weighted", "no session gets its model");
    }
    assert_eq!(fake.seen().len(), calls, "no provider is called");
    let after = state();
    assert!(before.0 == after.0, "the store's bytes are the same");
    assert_eq!(before.1, after.1, "nothing is counted");
    assert_eq!(before.2, after.2, "nothing that can be seen has changed");
    let next = gateway.chat("turns", &[]);
    assert_eq!(next.header("floopy-model"), turn["would_select"]["model"].as_str(), "it tells what comes next");
    assert_ne!(first.header("floopy-model"), next.header("floopy-model"));
}

#[test]
fn a_session_that_has_a_model_keeps_it() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, ROUTES);
    let session = [("floopy-session-id", "s")];
    let served = gateway.chat("drawn", &session).header("floopy-model").unwrap().to_owned();
    let told = explain(&gateway, &chat_body("drawn", false), &session).json();
    assert_eq!(
        (&told["would_select"]["model"], &told["reasoning"]),
        (&json!(served), &json!(format!("{served}::sticky")))
    );
}

#[test]
fn it_refuses_what_the_request_itself_would_be_refused_with() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, ROUTES);
    let code = |body: &Value| explain(&gateway, body, &[]).error_code();
    assert_eq!(code(&chat_body("no-such-model", false)), "model_not_found");
    assert_eq!(code(&json!({"model": "drawn"})), code(&json!({"request": {"model": "drawn"}})));
    assert_eq!(code(&json!({"request": chat_body("drawn", false), "extra": 1})), "invalid_request");
    assert_eq!(code(&json!([])), "invalid_body");
    let long = json!({"model": "drawn", "messages": [{"role": "user", "content": "x".repeat(64 << 10)}]});
    let refused = explain(&gateway, &long, &[]);
    assert_eq!((refused.status, refused.error_code().as_str()), (400, "body_too_large"));
    let bad = call(gateway.address, "POST", "/v1/routing/explain", &[], b"{");
    assert_eq!(bad.error_code(), "invalid_body");
}

#[test]
fn explained_on_the_command_line() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, ROUTES);
    let human = data(&gateway, &["explain", "what is a monad?", "--route", "drawn"]);
    assert!(human.contains("dear::weighted") && human.contains("candidates") && human.contains("70.0%"), "{human}");
    let told = parsed(&data(&gateway, &["explain", "hi", "--route", "turns", "--format", "json"]));
    assert_eq!(told["strategy_id"], "round_robin");
    std::fs::write(gateway.folder.join("call.json"), chat_body("drawn", false).to_string()).unwrap();
    let csv = data(&gateway, &["explain", "--file", "call.json", "--session", "s", "--format", "csv"]);
    assert!(csv.contains("up,dear,dear::weighted"), "{csv}");
    let (code, _, err) = command(&gateway, &["explain", "hi", "--route", "drwn"]);
    assert!(code == 1 && err.contains("drawn"), "{err}");
    assert_eq!(command(&gateway, &["explain"]).0, 2);
}
