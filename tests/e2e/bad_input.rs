//! Bad input gets a clear error and loses nothing.

use crate::fake::Fake;
use crate::harness::{self, Gateway, floopy, run};
use crate::http::{Connection, call};
use serde_json::json;

#[test]
fn bad_bodies_name_what_is_wrong() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let deep = format!(r#"{{"model":"up/cheap","messages":{}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("no JSON", b"hello".to_vec()),
        ("empty", b"".to_vec()),
        ("cut off", br#"{"model":"up/cheap","messages":[{"role":"user""#.to_vec()),
        ("trailing", br#"{"model":"up/cheap","messages":[{"role":"user","content":"x"}]} x"#.to_vec()),
        ("an array", b"[]".to_vec()),
        ("no model", br#"{"messages":[{"role":"user","content":"x"}]}"#.to_vec()),
        ("model of a wrong type", br#"{"model":7,"messages":[{"role":"user","content":"x"}]}"#.to_vec()),
        ("no messages", br#"{"model":"up/cheap"}"#.to_vec()),
        ("empty messages", br#"{"model":"up/cheap","messages":[]}"#.to_vec()),
        ("a bad role", br#"{"model":"up/cheap","messages":[{"role":"robot","content":"x"}]}"#.to_vec()),
        (
            "stream of a wrong type",
            br#"{"model":"up/cheap","stream":"yes","messages":[{"role":"user","content":"x"}]}"#.to_vec(),
        ),
        ("invalid UTF-8", b"{\"model\":\"up/cheap\",\"messages\":[{\"role\":\"user\",\"content\":\"\xff\"}]}".to_vec()),
        ("deep nesting", deep.into_bytes()),
    ];
    for (what, body) in cases {
        let answer =
            call(gateway.address, "POST", "/v1/chat/completions", &[("content-type", "application/json")], &body);
        assert_eq!(answer.status, 400, "{what}: {}", answer.text());
        assert!(
            ["invalid_body", "invalid_request"].contains(&answer.error_code().as_str()),
            "{what}: {}",
            answer.text()
        );
        assert!(answer.header("x-request-id").is_some(), "{what}");
    }
    assert!(fake.seen().is_empty(), "nothing of it reached an upstream");
    assert_eq!(gateway.chat("up/cheap", &[]).status, 200);
}

#[test]
fn unknown_models_name_the_nearest() {
    let fake = Fake::start();
    let gateway = Gateway::start(
        &fake,
        "[[route]]\nname = \"support-bot\"\nstrategy = \"fallback\"\ndefault_model = \"up/cheap\"\n",
    );
    let answer = gateway.chat("suport-bot", &[]);
    assert_eq!((answer.status, answer.error_code().as_str()), (404, "model_not_found"));
    assert!(answer.text().contains("support-bot"), "{}", answer.text());
}

#[test]
fn too_much_is_refused() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let huge = vec![b' '; 21 << 20];
    let answer = call(gateway.address, "POST", "/v1/chat/completions", &[], &huge);
    assert_eq!((answer.status, answer.error_code().as_str()), (413, "request_too_large"));
    let long = "x".repeat(100 << 10);
    let mut connection = Connection::open(gateway.address);
    drop(connection.request("GET", "/healthz", &[("x-long", &long)], b""));
    if let Some(answer) = connection.answer() {
        assert_eq!(answer.status, 431);
    }
    let answer =
        gateway.post("/v1/feedback", &[], &json!({"score": 1, "useful": true, "comment": "x".repeat(70 << 10)}));
    assert_eq!((answer.status, answer.error_code().as_str()), (400, "body_too_large"));
    assert_eq!(gateway.chat("up/cheap", &[]).status, 200);
}

#[test]
fn unknown_paths_methods_and_keys_are_refused_in_the_envelope() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    assert_eq!(gateway.get("/v1/nothing").error_code(), "not_found");
    let wrong = call(gateway.address, "DELETE", "/v1/chat/completions", &[], b"");
    assert_eq!((wrong.status, wrong.error_code().as_str()), (405, "method_not_allowed"));
    assert_eq!(wrong.header("allow"), Some("POST"));
    for (path, code) in [
        ("/v1/decisions?limt=5", "invalid_request"),
        ("/v1/decisions?limit=0", "invalid_request"),
        ("/v1/decisions?limit=501", "invalid_request"),
        ("/v1/decisions?from=yesterday", "invalid_request"),
        ("/v1/decisions?cursor=AAAA", "invalid_request"),
        ("/v1/decisions?status=great", "invalid_request"),
        ("/v1/decisions/nonsense", "invalid_request_id"),
        ("/v1/session/none", "not_found"),
        ("/v1/routes/none", "not_found"),
    ] {
        assert_eq!(gateway.get(path).error_code(), code, "{path}");
    }
    gateway.chat("up/cheap", &[("floopy-session-id", "s")]);
    for body in [
        json!({"session_id": "s", "score": 11, "useful": true}),
        json!({"session_id": "s", "score": -1, "useful": true}),
        json!({"session_id": "s", "score": "9", "useful": true}),
        json!({"session_id": "s", "score": 9, "useful": true, "scroe": 1}),
        json!({"session_id": "s", "useful": true}),
    ] {
        let answer = gateway.post("/v1/feedback", &[], &body);
        assert_eq!(answer.status, 400, "{body}: {}", answer.text());
    }
    let unknown = gateway.post("/v1/feedback", &[], &json!({"session_id": "none", "score": 9, "useful": true}));
    assert_eq!((unknown.status, unknown.error_code().as_str()), (404, "not_found"));
    let good = gateway.post("/v1/feedback", &[], &json!({"session_id": "s", "score": 9, "useful": true}));
    assert_eq!(good.json()["duplicate"], false, "bad feedback has not used up the session's vote");
}

#[test]
fn unknown_members_of_a_resource_are_refused_everywhere() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let id = gateway.chat("up/cheap", &[]).header("x-request-id").unwrap().to_owned();
    gateway.decision_by_id(&id);
    let json_type = [("content-type", "application/json")];
    let rating = format!("/v1/decisions/{id}/rating");
    for (method, path, body) in [
        ("PUT", rating.as_str(), json!({"score": 50, "scroe": 1})),
        ("PUT", rating.as_str(), json!({"score": 101})),
        ("PUT", rating.as_str(), json!({"score": "50"})),
        ("PUT", rating.as_str(), json!([50])),
        ("POST", "/v1/admin/keys", json!({"name": "k", "permisions": ["read"]})),
        ("POST", "/v1/admin/keys", json!({"name": 7})),
        ("POST", "/v1/feedback?dry=1", json!({"score": 5, "useful": true})),
    ] {
        let answer = call(gateway.address, method, path, &json_type, body.to_string().as_bytes());
        assert_eq!(answer.status, 400, "{method} {path} {body}: {}", answer.text());
        assert!(answer.json()["error"]["message"].as_str().unwrap().len() > 10, "{}", answer.text());
    }
    for path in ["/v1/sessions?lmit=1", "/v1/decisions?limit=x", "/v1/sessions?cursor=%00", "/v1/session/s?x=1"] {
        assert_eq!(gateway.get(path).status, 400, "{path}: {}", gateway.get(path).text());
    }
    let own = gateway.get("/v1/decisions?limit=1");
    let cursor = own.json()["next_cursor"].as_str().map(str::to_owned);
    assert!(cursor.is_none(), "one decision is one page");
    let rated = call(gateway.address, "PUT", &rating, &json_type, json!({"score": 50}).to_string().as_bytes());
    assert_eq!(rated.status, 200, "{}", rated.text());
}

#[test]
fn a_data_folder_that_cannot_be_used_is_a_clear_error() {
    let fake = Fake::start();
    let folder = tempfile::TempDir::new().unwrap();
    // A file stands where the folder should be: unlike permissions, this holds for root too.
    std::fs::write(folder.path().join("data"), "").unwrap();
    let file = folder.path().join("floopy.toml");
    std::fs::write(&file, harness::config(harness::free_port(), folder.path(), &fake, "")).unwrap();
    let mut command = floopy(folder.path());
    command.args(["serve", "--config"]).arg(&file);
    let (code, _, err) = run(command);
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("data") && !err.contains("panicked"), "{err}");
}

#[test]
fn bad_headers_are_named() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let long = "x".repeat(300);
    for (name, value) in
        [("floopy-session-id", long.as_str()), ("floopy-retention", "forever"), ("floopy-fallback", "nonsense")]
    {
        let answer = gateway.chat("up/cheap", &[(name, value)]);
        assert_eq!((answer.status, answer.json()["error"]["param"].as_str().unwrap()), (400, name));
    }
}

#[test]
fn a_request_that_is_never_finished_holds_nobody_up() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let _slow: Vec<Connection> = (0..64)
        .map(|_| {
            let mut connection = Connection::open(gateway.address);
            connection.send(b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n").unwrap();
            connection
        })
        .collect();
    assert_eq!(gateway.chat("up/cheap", &[]).status, 200);
}

#[test]
fn a_configuration_with_ten_mistakes_shows_all_ten() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("floopy.toml");
    std::fs::write(
        &file,
        "[server]\nlistn = \"127.0.0.1:1\"\nmax_body = \"20 cows\"\nrequest_timeout = 5\n\
         [audit]\ndurability = \"maybe\"\n\
         [provider.openai]\napi_key = \"sk-literal-secret\"\n\
         [provider.odd]\nkind = \"opnai\"\n\
         [[route]]\nname = \"a\"\nstrategy = \"fastest\"\ndefault_model = \"openai/gpt-4o\"\n\
         [[route]]\nname = \"b\"\nstrategy = \"fallback\"\ndefault_model = \"nowhere/x\"\nquality_floor = 3.0\n\
         [savings]\nrate = 7\n",
    )
    .unwrap();
    let mut command = floopy(folder.path());
    command.args(["config", "check", "--config"]).arg(&file);
    let (code, out, err) = run(command);
    let text = format!("{out}{err}");
    assert_eq!(code, 64, "{text}");
    for line in ["2:", "3:", "4:", "6:", "8:", "10:", "13:", "18:", "19:", "21:"] {
        assert!(text.contains(&format!("floopy.toml:{line}")), "line {line} is not named in\n{text}");
    }
    assert!(text.contains("listen"), "the nearest name: {text}");
    assert!(!text.contains("sk-literal-secret"), "a secret is never echoed: {text}");
}

#[test]
fn ports_stores_and_addresses_that_are_taken_are_clear_errors() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let serve = |config: &str, folder: &std::path::Path| {
        let file = folder.join("other.toml");
        std::fs::write(&file, config).unwrap();
        let mut command = floopy(folder);
        command.args(["serve", "--config"]).arg(&file);
        run(command)
    };
    let folder = tempfile::TempDir::new().unwrap();
    let taken = harness::config(gateway.address.port(), folder.path(), &fake, "");
    let (code, _, err) = serve(&taken, folder.path());
    assert!(code != 0 && err.contains("in use"), "{code}: {err}");
    let same_store = harness::config(harness::free_port(), &gateway.folder, &fake, "");
    let (code, _, err) = serve(&same_store, folder.path());
    assert!(code != 0 && err.contains("another"), "two servers on one store: {code}: {err}");
    let public = harness::config(harness::free_port(), folder.path(), &fake, "").replacen("127.0.0.1", "0.0.0.0", 1);
    let (code, _, err) = serve(&public, folder.path());
    assert!(code == 64 && err.contains("key"), "a public address without keys: {code}: {err}");
    std::fs::create_dir_all(folder.path().join("data")).unwrap();
    std::fs::write(folder.path().join("data/floopy.redb"), b"this is no store").unwrap();
    let foreign = harness::config(harness::free_port(), folder.path(), &fake, "");
    let (code, _, err) = serve(&foreign, folder.path());
    assert!(code == 1 && !err.contains("panicked"), "a foreign file: {code}: {err}");
    assert_eq!(std::fs::read(folder.path().join("data/floopy.redb")).unwrap(), b"this is no store", "it is left alone");
    assert_eq!(gateway.chat("up/cheap", &[]).status, 200, "the first one is not disturbed");
}
