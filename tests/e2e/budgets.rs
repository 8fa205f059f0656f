//! Money and tokens: what is spent is refused, however many call at once, and a restart knows it.

use crate::fake::Fake;
use crate::harness::{Gateway, chat_body};
use crate::http::{Answer, call};
use serde_json::{Value, json};
use sha2::Digest;

/// The longest window, so that no test stands on its edge.
const MONTH: u64 = 31 * 24 * 60 * 60;

fn limit(gateway: &Gateway, body: &Value) {
    assert_eq!(call(gateway.address, "PUT", "/v1/constraints", &[], body.to_string().as_bytes()).status, 200);
}

/// A call that costs 1,200 micro-USD, and is expected to cost little more than 800.
fn chat(gateway: &Gateway) -> Answer {
    gateway.chat("up/cheap", &[])
}

#[test]
fn a_spent_budget_refuses_is_told_and_outlives_kill_9() {
    let fake = Fake::start();
    let mut gateway = Gateway::start(&fake, "");
    limit(&gateway, &json!({"cost_limit_monthly_usd": 0.003}));
    let served = [0, 1].map(|_| chat(&gateway));
    assert_eq!(served.each_ref().map(|answer| answer.status), [200, 200]);
    let refused = chat(&gateway);
    assert_eq!((refused.status, refused.error_code().as_str()), (402, "budget_exceeded"), "{}", refused.text());
    assert!(refused.text().contains("$0.002400 is spent"), "{}", refused.text());
    let decision = gateway.decision(&refused);
    assert_eq!((&decision["reason"], &decision["status"]), (&json!("budget_exceeded"), &json!("blocked")));
    assert_eq!((&decision["winner"], &decision["outcome"]["attempts"]), (&Value::Null, &json!([])));
    let foreseen = gateway.post("/v1/routing/explain", &[], &chat_body("up/cheap", false)).json();
    assert_eq!(foreseen["would_select"], Value::Null, "{foreseen}");
    assert!(foreseen["explanation"].as_str().unwrap().contains("budget is spent"), "{foreseen}");
    let passed = gateway.chat("cheap", &[("floopy-passthrough", "true"), ("floopy-provider", "up")]);
    assert_eq!(
        passed.status,
        200,
        "there is something left, and nobody can tell what this will cost: {}",
        passed.text()
    );
    served.iter().for_each(|answer| drop(gateway.decision(answer)));
    gateway.kill();
    gateway.restart();
    assert_eq!(chat(&gateway).status, 402);
    limit(&gateway, &json!({"cost_limit_monthly_usd": 0.0024}));
    let passed = gateway.chat("cheap", &[("floopy-passthrough", "true"), ("floopy-provider", "up")]);
    assert_eq!((passed.status, passed.error_code().as_str()), (402, "budget_exceeded"));
    limit(&gateway, &json!({"cost_limit_monthly_usd": null}));
    assert_eq!(chat(&gateway).status, 200);
}

#[test]
fn many_at_once_cannot_overspend_together() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    limit(&gateway, &json!({"cost_limit_monthly_usd": 0.005}));
    let served = std::thread::scope(|scope| {
        let calls: Vec<_> = (0..24).map(|_| scope.spawn(|| chat(&gateway).status)).collect();
        let answers: Vec<u16> = calls.into_iter().map(|call| call.join().unwrap()).collect();
        assert!(answers.iter().all(|status| [200, 402].contains(status)), "{answers:?}");
        answers.iter().filter(|status| **status == 200).count()
    });
    // Six estimates fit into the budget, and one after the other four calls do.
    assert!((4..=6).contains(&served), "{served}");
}

#[test]
fn the_output_that_a_request_allows_is_put_aside() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    limit(&gateway, &json!({"cost_limit_monthly_usd": 0.01}));
    let mut body = chat_body("up/cheap", false);
    body["max_tokens"] = json!(6_000);
    assert_eq!(gateway.post("/v1/chat/completions", &[], &body).status, 402, "12,000 micro-USD may come of it");
    body["max_tokens"] = json!(3_000);
    assert_eq!(gateway.post("/v1/chat/completions", &[], &body).status, 200);
    body["model"] = json!("up/cheap,up/dear");
    assert_eq!(gateway.post("/v1/chat/completions", &[], &body).status, 402, "the second one may serve it");
}

#[test]
fn a_key_has_a_budget_of_its_own() {
    let fake = Fake::start();
    let key = |name: &str, more: &str| {
        let sha: String = sha2::Sha256::digest(format!("fl_{name}")).iter().map(|byte| format!("{byte:02x}")).collect();
        format!(
            "[[key]]\nname = \"{name}\"\nsha256 = \"{sha}\"\npermissions = [\"read\", \"write\", \"admin\"]\n{more}\n"
        )
    };
    let keys = key("small", "monthly_budget_usd = 0.0015") + &key("large", "");
    let mut gateway = Gateway::start(&fake, &keys);
    let ask = |gateway: &Gateway, key: &str| {
        let bearer = format!("Bearer fl_{key}");
        let body = chat_body("up/cheap", false).to_string();
        call(gateway.address, "POST", "/v1/chat/completions", &[("authorization", &bearer)], body.as_bytes())
    };
    let first = ask(&gateway, "small");
    assert_eq!(first.status, 200);
    let refused = ask(&gateway, "small");
    assert_eq!((refused.status, refused.error_code().as_str()), (402, "budget_exceeded"));
    assert!(refused.text().contains("this key may spend $0.001500"), "{}", refused.text());
    assert_eq!(ask(&gateway, "large").status, 200);
    let spent = |gateway: &Gateway| {
        let listed =
            call(gateway.address, "GET", "/v1/admin/keys", &[("authorization", "Bearer fl_large")], b"").json();
        let small = listed["items"].as_array().unwrap().iter().find(|key| key["name"] == "small").unwrap().clone();
        small["spent_micro_usd"].clone()
    };
    assert_eq!(spent(&gateway), 1200);
    let id = first.header("x-request-id").unwrap().to_owned();
    crate::harness::wait_for("the decision", || {
        let path = format!("/v1/decisions/{id}");
        (call(gateway.address, "GET", &path, &[("authorization", "Bearer fl_small")], b"").status == 200).then_some(())
    });
    gateway.kill();
    gateway.restart();
    assert_eq!(spent(&gateway), 1200);
    assert_eq!((ask(&gateway, "small").status, ask(&gateway, "large").status), (402, 200));
}

#[test]
fn a_window_of_tokens_says_when_the_next_begins_and_outlives_kill_9() {
    let fake = Fake::start();
    let mut gateway = Gateway::start(&fake, "");
    let before = chat(&gateway);
    drop(gateway.decision(&before));
    limit(&gateway, &json!({"token_window_seconds": MONTH, "max_tokens_per_window": 2_500}));
    let served = chat(&gateway);
    assert_eq!(served.status, 200, "1,100 tokens were used before the window was set: {}", served.text());
    let refused = chat(&gateway);
    assert_eq!((refused.status, refused.error_code().as_str()), (429, "rate_limited"));
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=MONTH).contains(&wait), "{wait}");
    assert_eq!(gateway.decision(&refused)["reason"], "rate_limited");
    drop(gateway.decision(&served));
    gateway.kill();
    gateway.restart();
    assert_eq!(chat(&gateway).status, 429);
    limit(&gateway, &json!({"token_window_seconds": MONTH, "max_tokens_per_window": 25_000}));
    assert_eq!(chat(&gateway).status, 200);
}
