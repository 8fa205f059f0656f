//! Sessions: given, inferred, restored.

use crate::fake::Fake;
use crate::harness::{Gateway, wait_for};
use serde_json::{Value, json};

fn say(gateway: &Gateway, messages: &Value) -> String {
    let body = json!({"model": "up/cheap", "messages": messages});
    let answer = gateway.post("/v1/chat/completions", &[], &body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.header("floopy-session-id").unwrap().to_owned()
}

#[test]
fn a_conversation_without_a_header_is_one_session() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let mut messages = json!([{"role": "system", "content": "be kind"}, {"role": "user", "content": "one"}]);
    let first = say(&gateway, &messages);
    for turn in ["two", "three"] {
        let list = messages.as_array_mut().unwrap();
        list.push(json!({"role": "assistant", "content": "Hello from upstream"}));
        list.push(json!({"role": "user", "content": turn}));
        assert_eq!(say(&gateway, &messages), first);
    }
    let other = say(&gateway, &json!([{"role": "user", "content": "something else"}]));
    assert_ne!(other, first);
    let session = wait_for("three turns", || {
        let session = gateway.get(&format!("/v1/session/{first}"));
        (session.status == 200 && session.json()["turn_count"] == 3).then(|| session.json())
    });
    let contents: Vec<&str> =
        session["messages"].as_array().unwrap().iter().map(|message| message["content"].as_str().unwrap()).collect();
    let hello = "Hello from upstream";
    assert_eq!(contents, ["be kind", "one", hello, "two", hello, "three", hello], "repeated history is merged");
    assert_eq!(session["turns"].as_array().unwrap().len(), 3);
}

#[test]
fn zero_retention_leaves_no_text_on_the_disk() {
    let fake = Fake::start();
    let mut gateway = Gateway::start(&fake, "");
    let needle = "a-very-particular-sentence";
    let body = json!({"model": "up/cheap", "messages": [{"role": "user", "content": needle}]});
    let answer =
        gateway.post("/v1/chat/completions", &[("floopy-retention", "none"), ("floopy-session-id", "z")], &body);
    gateway.decision(&answer);
    assert_eq!(gateway.get("/v1/session/z").error_code(), "not_found");
    gateway.signal("TERM");
    gateway.wait();
    for entry in std::fs::read_dir(gateway.folder.join("data")).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(needle.len()).any(|window| window == needle.as_bytes()));
    }
}

#[test]
fn kept_bodies_are_scrubbed_before_they_touch_the_disk() {
    let fake = Fake::start();
    let mut gateway = Gateway::start(&fake, "");
    let secrets = ["ada.lovelace@example.org", "4111 1111 1111 1111", "sk-proj-abcdefghijklmnopqrstuvwxyz012345"];
    let text = format!("write to {} with card {} and key {}", secrets[0], secrets[1], secrets[2]);
    let body = json!({"model": "up/cheap", "messages": [{"role": "user", "content": text}]});
    let answer = gateway.post("/v1/chat/completions", &[("floopy-session-id", "scrub")], &body);
    assert_eq!(fake.last().body["messages"][0]["content"], text, "the provider gets what the client wrote");
    gateway.decision(&answer);
    let session = gateway.get("/v1/session/scrub").json().to_string();
    assert!(session.contains("write to"), "{session}");
    gateway.signal("TERM");
    gateway.wait();
    for entry in std::fs::read_dir(gateway.folder.join("data")).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        for secret in secrets {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret}");
        }
    }
}

#[test]
fn sessions_list_their_return() {
    let fake = Fake::start();
    let more = "[[route]]\nname = \"auto\"\nstrategy = \"fallback\"\ndefault_model = \"up/dear\"\ncandidates = [\"up/cheap\"]\n";
    let gateway = Gateway::start(&fake, more);
    let answer = gateway.chat("auto", &[("floopy-session-id", "roi")]);
    gateway.decision(&answer);
    gateway.post("/v1/feedback", &[], &json!({"session_id": "roi", "score": 8, "useful": true}));
    let session = wait_for("the session's score", || {
        let list = gateway.get("/v1/sessions").json();
        let session =
            list["items"].as_array().unwrap().iter().find(|session| session["session_id"] == "roi").cloned()?;
        session["score"].is_number().then_some(session)
    });
    assert_eq!(session["cost_micro_usd"], 12_000, "{session}");
    assert_eq!(session["baseline_cost_micro_usd"], 12_000);
}

#[test]
fn decisions_past_their_age_go_and_the_record_stays_whole() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "[retention]\ndecisions = \"1s\"\n");
    let answer = gateway.chat("up/cheap", &[("floopy-session-id", "short")]);
    let id = answer.header("x-request-id").unwrap().to_owned();
    gateway.decision_by_id(&id);
    crate::harness::wait_for("the decision's end", || {
        (gateway.get(&format!("/v1/decisions/{id}")).status == 404).then_some(())
    });
    assert_eq!(gateway.get("/v1/session/short").status, 404);
    assert!(gateway.get("/v1/sessions").json()["items"].as_array().unwrap().is_empty());
    let vote = gateway.post("/v1/feedback", &[], &json!({"session_id": "short", "score": 5, "useful": true}));
    assert_eq!(vote.status, 404);
    let found = gateway.get("/v1/admin/verify").json();
    assert_eq!((&found["whole"], found["pruned"].as_u64().unwrap() > 0), (&json!(true), true), "{found}");
    assert_eq!(gateway.chat("up/cheap", &[]).status, 200);
}
