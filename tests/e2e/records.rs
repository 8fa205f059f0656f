//! Feedback, ratings, listings, keys, the live stream.

use crate::fake::Fake;
use crate::harness::{Gateway, wait_for};
use crate::http::{Connection, call};
use serde_json::{Value, json};
use std::collections::HashSet;

#[test]
fn the_first_feedback_of_a_session_wins() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let answer = gateway.chat("up/cheap", &[("floopy-session-id", "s")]);
    let feedback = json!({"session_id": "s", "score": 9, "useful": true});
    let first = gateway.post("/v1/feedback", &[], &feedback);
    assert_eq!((first.status, first.json()), (200, json!({"duplicate": false, "session_id": "s"})), "{}", first.text());
    let again = gateway.post("/v1/feedback", &[], &json!({"session_id": "s", "score": 1, "useful": false}));
    assert_eq!(again.json(), json!({"duplicate": true, "session_id": "s"}));
    let completion = answer.json()["id"].as_str().unwrap().to_owned();
    let by_completion =
        gateway.post("/v1/feedback", &[], &json!({"session_id": completion, "score": 5, "useful": true}));
    assert_eq!(by_completion.status, 200, "clients send completion ids: {}", by_completion.text());
    let latest = gateway.post("/v1/feedback", &[], &json!({"score": 5, "useful": true}));
    assert_eq!(latest.json()["session_id"], "s", "without an id: the key's latest session");
}

#[test]
fn the_last_rating_wins() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let answer = gateway.chat("up/cheap", &[]);
    let id = answer.header("x-request-id").unwrap().to_owned();
    for score in [10, 80] {
        let body = json!({"score": score, "note": "looked at"}).to_string();
        let rated = call(gateway.address, "PUT", &format!("/v1/decisions/{id}/rating"), &[], body.as_bytes());
        assert_eq!(rated.status, 200, "{}", rated.text());
        assert_eq!(rated.json()["request_id"], id.as_str());
    }
}

#[test]
fn pages_hold_every_decision_once() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let ids: HashSet<String> = (0..23)
        .map(|_| gateway.chat("up/cheap", &[("floopy-session-id", "pages")]).header("x-request-id").unwrap().to_owned())
        .collect();
    wait_for("all decisions", || {
        (gateway.get("/v1/decisions?limit=500").json()["items"].as_array().unwrap().len() == 23).then_some(())
    });
    let mut found = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = gateway.get(&format!("/v1/decisions?session_id=pages&limit=5{cursor}")).json();
        for item in page["items"].as_array().unwrap() {
            found.push((
                item["request_created_at"].as_str().unwrap().to_owned(),
                item["request_id"].as_str().unwrap().to_owned(),
            ));
        }
        if page["has_more"] == false {
            assert_eq!(page["next_cursor"], Value::Null);
            break;
        }
        cursor = format!("&cursor={}", page["next_cursor"].as_str().unwrap());
    }
    assert!(found.windows(2).all(|pair| pair[0].0 >= pair[1].0), "newest first");
    assert_eq!(found.into_iter().map(|(_, id)| id).collect::<HashSet<_>>(), ids);
}

#[test]
fn cursors_that_nobody_was_given_are_refused_in_every_list() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    for n in 0..2 {
        gateway.decision(&gateway.chat("up/cheap", &[("floopy-session-id", &format!("s{n}"))]));
    }
    let cursor_of = |path: &str| gateway.get(path).json()["next_cursor"].as_str().unwrap().to_owned();
    let given = cursor_of("/v1/decisions?limit=1");
    assert_eq!(gateway.get(&format!("/v1/decisions?limit=1&cursor={given}")).status, 200);
    let foreign = cursor_of("/v1/sessions?limit=1");
    let longer = format!("{given}AAAA");
    let flipped: String = given.chars().rev().collect();
    for path in ["/v1/decisions", "/v1/sessions", "/v1/experiments"] {
        let others = if path == "/v1/sessions" { &given } else { &foreign };
        for cursor in ["x", "", "%00", others, &longer, &flipped] {
            let answer = gateway.get(&format!("{path}?cursor={cursor}"));
            assert_eq!((answer.status, answer.error_code()), (400, "invalid_request".into()), "{path} {cursor:?}");
        }
    }
    let narrowed = gateway.get(&format!("/v1/decisions?limit=1&status=ok&cursor={given}"));
    assert_eq!(narrowed.status, 400, "a cursor belongs to its filter");
}

#[test]
fn every_documented_key_is_there() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let decision = gateway.decision(&gateway.chat("up/cheap", &[]));
    let flat = "request_id session_id request_created_at provider model status latency_ms cost_micro_usd cache_enabled threat \
                decision_trace confidence confidence_reason explanation explanation_detail";
    let audit = "floopy_reason routing_strategy route routing_rule_id phase weights candidates filtered winner reason propensity \
                 exploration_rate_effective used_shared_pool_prior floor switch evidence outcome scores credits chain";
    for key in flat.split_whitespace().chain(audit.split_whitespace()) {
        assert!(decision.get(key).is_some(), "{key} is missing at the top level");
    }
    for key in audit.split_whitespace() {
        assert_eq!(decision["decision_trace"].get(key), decision.get(key), "{key} in decision_trace");
    }
    assert!(decision["explanation"].is_string());
    assert!(decision["chain"]["sha256"].is_string());
}

#[test]
fn keys_shut_the_door_and_open_it() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let admin = std::fs::read_to_string(gateway.folder.join("data/admin.key")).unwrap().trim().to_owned();
    let as_admin = [("authorization", format!("Bearer {admin}"))];
    let as_admin: Vec<(&str, &str)> = as_admin.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let send = |method: &str, path: &str, headers: &[(&str, &str)], body: &Value| {
        call(gateway.address, method, path, headers, body.to_string().as_bytes())
    };
    assert_eq!(gateway.chat("up/cheap", &[]).status, 200, "loopback without keys needs none");
    let made = send("POST", "/v1/admin/keys", &as_admin, &json!({"name": "ci", "permissions": ["read"]}));
    assert!(made.status == 200 || made.status == 201, "{}", made.text());
    let (secret, id) =
        (made.json()["secret"].as_str().unwrap().to_owned(), made.json()["id"].as_str().unwrap().to_owned());
    assert!(secret.starts_with("fl_") && secret.len() == 46, "{secret}");
    assert_eq!(gateway.get("/v1/decisions").error_code(), "invalid_api_key", "from now on a key is needed");
    let bearer = format!("Bearer {secret}");
    for header in [("authorization", bearer.as_str()), ("x-api-key", &secret), ("api-key", &secret)] {
        assert_eq!(send("GET", "/v1/decisions", &[header], &json!({})).status, 200, "{}", header.0);
    }
    let chat = crate::harness::chat_body("up/cheap", false);
    let refused = send("POST", "/v1/chat/completions", &[("authorization", &bearer)], &chat);
    assert_eq!((refused.status, refused.error_code()), (403, "write_permission".into()));
    let refused = send("GET", "/v1/admin/keys", &[("authorization", &bearer)], &json!({}));
    assert_eq!((refused.status, refused.error_code()), (403, "admin_permission".into()));
    assert!(!send("GET", "/v1/admin/keys", &as_admin, &json!({})).text().contains(&secret), "shown once");
    let revoked = send("DELETE", &format!("/v1/admin/keys/{id}"), &as_admin, &json!({}));
    assert!(revoked.status < 300, "{}", revoked.text());
    let refused = send("GET", "/v1/decisions", &[("authorization", &bearer)], &json!({}));
    assert_ne!(refused.status, 200, "revocation holds at once");
}

#[test]
fn another_orgs_records_do_not_exist() {
    let fake = Fake::start();
    let digest = |secret: &str| {
        use sha2::Digest;
        sha2::Sha256::digest(secret.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    let keys: String = ["a", "b"]
        .map(|org| {
            let sha = digest(&format!("fl_{org}"));
            format!(
                "[[key]]\nname = \"{org}\"\nsha256 = \"{sha}\"\norg = \"{org}\"\npermissions = [\"read\", \"write\"]\n"
            )
        })
        .concat();
    let gateway = Gateway::start(&fake, &keys);
    let answer = call(
        gateway.address,
        "POST",
        "/v1/chat/completions",
        &[("authorization", "Bearer fl_a"), ("floopy-session-id", "mine")],
        crate::harness::chat_body("up/cheap", false).to_string().as_bytes(),
    );
    let id = answer.header("x-request-id").unwrap().to_owned();
    let get = |key: &str, path: &str| call(gateway.address, "GET", path, &[("authorization", key)], b"");
    wait_for("the decision", || (get("Bearer fl_a", &format!("/v1/decisions/{id}")).status == 200).then_some(()));
    let bare = |answer: crate::http::Answer| {
        let mut json = answer.json();
        json["error"]["request_id"] = Value::Null;
        (answer.status, json.to_string())
    };
    let foreign = bare(get("Bearer fl_b", &format!("/v1/decisions/{id}")));
    let missing = bare(get("Bearer fl_b", "/v1/decisions/00000000-0000-4000-8000-000000000000"));
    assert_eq!(foreign, missing);
    assert_eq!(foreign.0, 404);
    assert_eq!(bare(get("Bearer fl_b", "/v1/session/mine")), bare(get("Bearer fl_b", "/v1/session/none")));
    let cursorless = get("Bearer fl_b", "/v1/decisions").json();
    assert_eq!(cursorless["items"], json!([]));
}

#[test]
fn the_live_stream_tells_of_decisions_and_feedback() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let mut events = Connection::open(gateway.address);
    events.request("GET", "/v1/events", &[], b"").unwrap();
    let (status, headers) = events.head().unwrap();
    assert_eq!(status, 200);
    assert!(headers.iter().any(|(name, value)| name == "content-type" && value.starts_with("text/event-stream")));
    let id = gateway.chat("up/cheap", &[("floopy-session-id", "live")]).header("x-request-id").unwrap().to_owned();
    gateway.post("/v1/feedback", &[], &json!({"session_id": "live", "score": 7, "useful": true}));
    let mut text = String::new();
    while !(text.contains(&id) && text.contains("event: feedback")) {
        let chunk = events.chunk().unwrap().expect("the stream stays open");
        text.push_str(&String::from_utf8(chunk).unwrap());
    }
    assert!(text.contains("event: decision"), "{text}");
}

#[test]
fn explanations_speak_the_callers_language() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let answer = gateway.chat("up/cheap", &[]);
    let id = gateway.decision(&answer)["request_id"].as_str().unwrap().to_owned();
    for (accept, language, text) in [
        ("pt-PT, en;q=0.5", "pt-BR", "O próprio cliente indicou cheap; nenhum roteador foi consultado."),
        ("en;q=0.1, es-MX;q=0.2", "es", "El propio cliente indicó cheap; no se consultó a ningún enrutador."),
        ("fr", "en", "The client named cheap itself, so no router was asked."),
    ] {
        let get = |path: &str| call(gateway.address, "GET", path, &[("accept-language", accept)], b"");
        let one = get(&format!("/v1/decisions/{id}"));
        assert_eq!(one.header("content-language"), Some(language));
        assert_eq!(one.json()["explanation"], text);
        let detail = json!({"text": text, "template_id": "no_router_invoked"});
        assert_eq!(one.json()["explanation_detail"], detail);
        let listed = get("/v1/decisions");
        assert_eq!(listed.header("content-language"), Some(language));
        assert_eq!(listed.json()["items"][0]["explanation"], text);
    }
    assert_eq!(gateway.get(&format!("/v1/decisions/{id}")).header("content-language"), Some("en"));
}

#[test]
fn a_confidence_filter_takes_a_share() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    gateway.decision(&gateway.chat("up/cheap", &[]));
    for key in ["min_confidence", "max_confidence"] {
        let listed = gateway.get(&format!("/v1/decisions?{key}=0.5"));
        assert_eq!(listed.json()["items"], json!([]), "what has no confidence matches no filter on it");
        for bad in ["1.5", "-0.1", "NaN", "much"] {
            let refused = gateway.get(&format!("/v1/decisions?{key}={bad}"));
            assert_eq!((refused.status, refused.error_code()), (400, "invalid_request".into()), "{key}={bad}");
        }
    }
}

#[test]
fn every_chat_answer_is_scored() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let score = |answer: &crate::http::Answer| gateway.decision(answer)["scores"].clone();
    for answer in [
        gateway.chat("up/cheap", &[]),
        gateway.chat_stream("up/cheap", &[]),
        gateway.chat("up/cheap", &[("floopy-retention", "none")]),
    ] {
        let scores = score(&answer);
        for dimension in ["relevance", "coherence", "helpfulness", "safety", "composite"] {
            let value = scores[dimension].as_f64().unwrap();
            assert!((50.0..=100.0).contains(&value), "{dimension}: {scores}");
        }
    }
    let mut wants_json = crate::harness::chat_body("up/cheap", false);
    wants_json["response_format"] = json!({"type": "json_object"});
    let not_json = score(&gateway.post("/v1/chat/completions", &[], &wants_json));
    assert!(not_json["helpfulness"].as_f64().unwrap() < 50.0, "text where JSON was asked for: {not_json}");
    assert!(score(&gateway.chat("up/status-400", &[]))["composite"].is_null(), "no answer, no scores");
    let embedded = gateway.post("/v1/embeddings", &[], &json!({"model": "up/embed", "input": "a"}));
    assert!(score(&embedded)["composite"].is_null(), "vectors are not scored");
}
