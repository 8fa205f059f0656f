//! What feedback and ratings take, whom they reach, and what a burst of them does.

use crate::fake::Fake;
use crate::harness::Gateway;
use crate::http::{Answer, Connection, call};
use serde_json::{Value, json};
use sha2::Digest;

fn raw(gateway: &Gateway, body: &str) -> Answer {
    call(gateway.address, "POST", "/v1/feedback", &[], body.as_bytes())
}

#[test]
fn only_scores_that_are_numbers_in_range_are_taken() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    gateway.chat("up/cheap", &[("floopy-session-id", "s")]);
    let long = format!(r#"{{"session_id":"s","score":5,"useful":true,"comment":"{}"}}"#, "x".repeat(9000));
    let many: Vec<String> = (0..17).map(|n| format!(r#""d{n}":1"#)).collect();
    let many = format!(r#"{{"session_id":"s","score":5,"useful":true,"dimensions":{{{}}}}}"#, many.join(","));
    for (body, code, param) in [
        (r#"{"session_id":"s","score":NaN,"useful":true}"#, "invalid_body", None),
        (r#"{"session_id":"s","score":Infinity,"useful":true}"#, "invalid_body", None),
        (r#"{"session_id":"s","score":1e999,"useful":true}"#, "invalid_body", None),
        (r#"{"session_id":"s","score":-1e999,"useful":true}"#, "invalid_body", None),
        (r#"{"session_id":"s","score":"9","useful":true}"#, "invalid_request", None),
        (r#"{"session_id":"s","score":null,"useful":true}"#, "invalid_request", None),
        (r#"{"session_id":"s","score":[9],"useful":true}"#, "invalid_request", None),
        (r#"{"session_id":"s","score":10.001,"useful":true}"#, "invalid_request", Some("score")),
        (r#"{"session_id":"s","score":-0.001,"useful":true}"#, "invalid_request", Some("score")),
        (r#"{"session_id":"s","useful":true}"#, "invalid_request", Some("score")),
        (r#"{"session_id":"s","score":9}"#, "invalid_request", Some("useful")),
        (r#"{"session_id":"s","score":9,"useful":"yes"}"#, "invalid_request", None),
        (r#"{"sesion_id":"s","score":9,"useful":true}"#, "invalid_request", Some("sesion_id")),
        (
            r#"{"session_id":"s","score":9,"useful":true,"dimensions":{"tone":11}}"#,
            "invalid_request",
            Some("dimensions"),
        ),
        (r#"{"session_id":"s","score":9,"useful":true,"dimensions":{"":1}}"#, "invalid_request", Some("dimensions")),
        (r#"{"request_id":"nonsense","score":9,"useful":true}"#, "invalid_request_id", Some("request_id")),
        (r#"{"session_id":"nobody","score":9,"useful":true}"#, "not_found", None),
        (r#"{"session_id":"","score":9,"useful":true}"#, "not_found", None),
        (long.as_str(), "invalid_request", Some("comment")),
        (many.as_str(), "invalid_request", Some("dimensions")),
        ("[]", "invalid_body", None),
        ("", "invalid_body", None),
    ] {
        let refused = raw(&gateway, body);
        assert_eq!(refused.error_code(), code, "{body}: {}", refused.text());
        if let Some(param) = param {
            assert_eq!(refused.json()["error"]["param"], param, "{body}");
        }
    }
    let fine = raw(&gateway, r#"{"session_id":"s","score":0,"useful":false,"dimensions":{"tone":10,"clarity":0.5}}"#);
    assert_eq!(fine.json(), json!({"duplicate": false, "session_id": "s"}), "none of the others counted");
}

#[test]
fn a_session_is_named_in_three_ways_and_a_request_has_its_own_vote() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let vote = |more: Value| {
        let mut body = json!({"score": 9, "useful": true});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        gateway.post("/v1/feedback", &[], &body).json()
    };
    for (session, name) in [("a", "session"), ("b", "request"), ("c", "completion")] {
        let answer = gateway.chat("up/cheap", &[("floopy-session-id", session)]);
        let request = answer.header("x-request-id").unwrap().to_owned();
        let completion = answer.json()["id"].as_str().unwrap().to_owned();
        let named = match name {
            "session" => session.to_owned(),
            "request" => request.clone(),
            _ => completion,
        };
        assert_eq!(vote(json!({"session_id": named})), json!({"duplicate": false, "session_id": session}), "{name}");
        assert_eq!(vote(json!({"session_id": session})), json!({"duplicate": true, "session_id": session}));
        let own = json!({"request_id": request, "dimensions": {"tone": 3}});
        assert_eq!(vote(own.clone()), json!({"duplicate": false, "session_id": session}));
        assert_eq!(vote(own), json!({"duplicate": true, "session_id": session}));
        let decision = gateway.decision_by_id(&request);
        assert_eq!(decision["feedback"]["dimensions"], json!({"tone": 3.0}));
        let credits: Vec<(&str, f64)> = decision["credits"]
            .as_array()
            .unwrap()
            .iter()
            .map(|credit| (credit["source"].as_str().unwrap(), credit["share"].as_f64().unwrap()))
            .collect();
        assert!(credits.contains(&("session", 1.0)) && credits.contains(&("request", 1.0)), "{credits:?}");
    }
}

#[test]
fn foreign_ids_and_missing_ones_are_answered_with_the_same_bytes() {
    let fake = Fake::start();
    let keys: String = ["a", "b"]
        .map(|org| {
            let digest = sha2::Sha256::digest(format!("fl_{org}"));
            let sha: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            format!(
                "[[key]]\nname = \"{org}\"\nsha256 = \"{sha}\"\norg = \"{org}\"\npermissions = [\"read\", \"write\"]\n"
            )
        })
        .concat();
    let gateway = Gateway::start(&fake, &keys);
    let send = |key: &str, method: &str, path: &str, body: Value| {
        let bearer = format!("Bearer {key}");
        let answer = call(gateway.address, method, path, &[("authorization", &bearer)], body.to_string().as_bytes());
        let mut json = answer.json();
        json["error"]["request_id"] = Value::Null;
        (answer.status, json.to_string())
    };
    let chat = crate::harness::chat_body("up/cheap", false).to_string();
    let headers = [("authorization", "Bearer fl_a"), ("floopy-session-id", "mine")];
    let answer = call(gateway.address, "POST", "/v1/chat/completions", &headers, chat.as_bytes());
    let request = answer.header("x-request-id").unwrap().to_owned();
    let completion = answer.json()["id"].as_str().unwrap().to_owned();
    let missing = "00000000-0000-4000-8000-000000000000";
    let vote = |target: Value| {
        let mut body = json!({"score": 1, "useful": false});
        body.as_object_mut().unwrap().extend(target.as_object().unwrap().clone());
        send("fl_b", "POST", "/v1/feedback", body)
    };
    let nobody = vote(json!({"session_id": "nobody"}));
    assert_eq!(nobody.0, 404);
    for target in [
        json!({"session_id": "mine"}),
        json!({"session_id": request}),
        json!({"session_id": completion}),
        json!({"request_id": request}),
        json!({"request_id": missing}),
        json!({}),
    ] {
        assert_eq!(vote(target.clone()), nobody, "{target}");
    }
    let rate = |id: &str| send("fl_b", "PUT", &format!("/v1/decisions/{id}/rating"), json!({"score": 1}));
    assert_eq!(rate(&request), rate(missing));
    assert_eq!(rate(&request), nobody);
    let own = send("fl_a", "POST", "/v1/feedback", json!({"session_id": "mine", "score": 9, "useful": true}));
    assert_eq!(own.0, 200, "the other org's votes left no trace: {}", own.1);
}

/// The ordinary run sends two thousand; `FLOOPY_BURST=100000` that many.
#[test]
fn a_burst_of_ratings_is_answered_to_the_last_one() {
    const CALLERS: usize = 8;
    let all: usize = std::env::var("FLOOPY_BURST").map_or(2_000, |count| count.parse().expect("a number"));
    let each = all / CALLERS;
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let ids: Vec<String> = (0..CALLERS)
        .map(|n| gateway.chat("up/cheap", &[("floopy-session-id", &format!("s{n}"))]))
        .map(|answer| answer.header("x-request-id").unwrap().to_owned())
        .collect();
    let address = gateway.address;
    std::thread::scope(|scope| {
        for id in &ids {
            scope.spawn(move || {
                let mut connection = Connection::open(address);
                for score in 0..each {
                    let body = json!({"score": score % 101, "dimensions": {"tone": score % 101}}).to_string();
                    let path = format!("/v1/decisions/{id}/rating");
                    connection.request("PUT", &path, &[], body.as_bytes()).unwrap();
                    let answer = connection.answer().unwrap();
                    assert_eq!(
                        (answer.status, answer.json()["rating"]["score"].as_f64()),
                        (200, Some((score % 101) as f64))
                    );
                }
            });
        }
    });
    for id in &ids {
        assert_eq!(gateway.decision_by_id(id)["rating"]["score"], ((each - 1) % 101) as f64, "the last one stands");
    }
    let verified = gateway.get("/v1/admin/verify").json();
    assert_eq!((&verified["whole"], &verified["entries"]), (&json!(true), &json!(CALLERS + CALLERS * each)));
}

#[test]
fn the_hosts_own_key_rates_the_latest_session_of_calls_that_needed_none() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let body = r#"{"score":9,"useful":true}"#;
    let key = std::fs::read_to_string(gateway.folder.join("data/admin.key")).unwrap();
    let bearer = format!("Bearer {}", key.trim());
    let rate = || call(gateway.address, "POST", "/v1/feedback", &[("authorization", bearer.as_str())], body.as_bytes());
    assert_eq!(rate().status, 404, "nobody has called yet");
    gateway.chat("up/cheap", &[("floopy-session-id", "theirs")]);
    let receipt = rate();
    assert_eq!((receipt.status, &receipt.json()["session_id"]), (200, &json!("theirs")), "{}", receipt.text());
}
