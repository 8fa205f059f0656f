//! The request log, stage timings, and the trace that a request belongs to.

use crate::commands::{command, data, json as parsed};
use crate::fake::Fake;
use crate::harness::{Gateway, wait_for};
use crate::http::{Answer, call};
use serde_json::{Value, json};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

fn id(answer: &Answer) -> String {
    answer.header("x-request-id").expect("every answer has an id").to_owned()
}

fn logged(gateway: &Gateway, answer: &Answer) -> Value {
    let found = gateway.get(&format!("/v1/requests/{}", id(answer)));
    assert_eq!(found.status, 200, "{}", found.text());
    found.json()
}

fn asked(stream: bool) -> Value {
    json!({
        "model": "up/cheap", "temperature": 0.25, "stream": stream, "metadata": {"mail": "ada@example.org"},
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
        "messages": [{"role": "user", "content": "write to ada@example.org"}],
    })
}

#[test]
fn a_request_is_shown_as_it_was_stored() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let labels = [("floopy-session-id", "log"), ("floopy-user-id", "bob@example.org"), ("floopy-property-team", "a")];
    for stream in [false, true] {
        let answer = gateway.post("/v1/chat/completions", &labels, &asked(stream));
        let log = logged(&gateway, &answer);
        let body = &log["request"]["body"];
        let mut scrubbed = asked(stream);
        scrubbed["messages"][0]["content"] = json!("write to [email]");
        scrubbed["metadata"]["mail"] = json!("[email]");
        assert_eq!(*body, scrubbed);
        let headers = json!({"floopy-session-id": "log", "floopy-user-id": "[email]", "floopy-property-team": "a"});
        assert_eq!(log["request"]["headers"], headers);
        let response = &log["response"];
        assert_eq!(response["message"]["role"], "assistant", "{log}");
        assert_eq!((&response["finish_reason"], &response["http_status"]), (&json!("stop"), &json!(200)));
        assert_eq!(response["usage"]["input_tokens"], 1000);
        let told = response["headers"].as_object().unwrap();
        let ours = |name: &str| name.starts_with("floopy-") || name == "x-request-id";
        let sent: Vec<_> = answer.headers.iter().filter(|(name, _)| ours(name)).collect();
        assert_eq!(told.len(), sent.len(), "{told:?} of {sent:?}");
        for (name, value) in sent {
            assert_eq!(told[name], value.as_str(), "{name}");
        }
    }
}

#[test]
fn every_stage_has_its_time() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    for (stream, connects) in [(false, true), (true, false)] {
        let answer = gateway.post("/v1/chat/completions", &[], &asked(stream));
        let log = logged(&gateway, &answer);
        let timings = &log["timings"];
        let of = |stage: &str| timings[stage].as_u64().unwrap_or_else(|| panic!("{stage} of {timings}"));
        let sum: u64 = ["admit_us", "choose_us", "dispatch_us", "relay_us"].into_iter().map(of).sum();
        let latency = log["latency_ms"].as_u64().unwrap() * 1000;
        assert!(sum <= latency, "{sum} of {latency}: {timings}");
        // Rounded up to a millisecond, and each stage cut to a microsecond.
        assert!(latency - sum <= 1004, "{sum} of {latency}: {timings}");
        assert!(of("connect_us") <= of("first_byte_us") && of("first_byte_us") <= of("dispatch_us"), "{timings}");
        assert_eq!(of("connect_us") > 0, connects, "the second call finds a connection open: {timings}");
        assert_eq!(gateway.decision(&answer)["timings"], *timings);
    }
    let failed = gateway.chat("up/status-500", &[]);
    let log = logged(&gateway, &failed);
    assert_eq!((&log["response"]["error_code"], &log["response"]["message"]), (&json!("provider_error"), &Value::Null));
    assert!(log["timings"]["dispatch_us"].as_u64().unwrap() > 0);
}

#[test]
fn what_is_not_retained_is_not_found() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let answer = gateway.chat("up/cheap", &[("floopy-retention", "none")]);
    gateway.decision(&answer);
    let bare = |path: &str| {
        let answer = gateway.get(path);
        let mut body = answer.json();
        body["error"]["request_id"] = Value::Null;
        (answer.status, body.to_string())
    };
    let gone = bare(&format!("/v1/requests/{}", id(&answer)));
    assert_eq!(gone.0, 404);
    assert_eq!(gone, bare("/v1/requests/00000000-0000-4000-8000-000000000000"));
    let bad = gateway.get("/v1/requests/nonsense");
    assert_eq!((bad.status, bad.error_code()), (400, "invalid_request_id".into()));
}

#[test]
fn another_orgs_request_does_not_exist() {
    let fake = Fake::start();
    let keys: String = ["a", "b"]
        .map(|org| {
            use sha2::Digest;
            let digest = sha2::Sha256::digest(format!("fl_{org}"));
            let sha: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            format!(
                "[[key]]\nname = \"{org}\"\nsha256 = \"{sha}\"\norg = \"{org}\"\npermissions = [\"read\", \"write\"]\n"
            )
        })
        .concat();
    let gateway = Gateway::start(&fake, &keys);
    let get = |key: &str, path: &str| {
        let answer = call(gateway.address, "GET", path, &[("authorization", &format!("Bearer fl_{key}"))], b"");
        let mut body = answer.json();
        if answer.status != 200 {
            body["error"]["request_id"] = Value::Null;
        }
        (answer.status, body.to_string())
    };
    let authorization = [("authorization", "Bearer fl_a")];
    let body = asked(false).to_string();
    let answer = call(gateway.address, "POST", "/v1/chat/completions", &authorization, body.as_bytes());
    let path = format!("/v1/requests/{}", id(&answer));
    assert_eq!(get("a", &path).0, 200);
    let foreign = get("b", &path);
    assert_eq!(foreign.0, 404);
    assert_eq!(foreign, get("b", "/v1/requests/00000000-0000-4000-8000-000000000000"), "the same bytes");
}

#[test]
fn the_command_shows_it_to_people_and_to_scripts() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let answer = gateway.post("/v1/chat/completions", &[("floopy-session-id", "log")], &asked(false));
    let id = id(&answer);
    let human = data(&gateway, &["requests", &id]);
    for part in
        [&id, "dispatch", "temperature: 0.25", "user:\nwrite to [email]", "assistant:", "floopy-session-id: log"]
    {
        assert!(human.contains(part), "{part} in\n{human}");
    }
    assert_eq!(parsed(&data(&gateway, &["requests", &id, "--format", "json"])), logged(&gateway, &answer));
    assert_eq!(command(&gateway, &["requests", "nonsense"]).0, 2);
    assert_eq!(command(&gateway, &["requests", "00000000-0000-4000-8000-000000000000"]).0, 1);
}

#[test]
fn a_clients_trace_goes_on_upstream() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let parent = format!("00-{TRACE}-{PARENT}-01");
    let given = [("traceparent", parent.as_str()), ("tracestate", "vendor=1"), ("tracestate", "other=2")];
    for headers in [&given[..], &[&given[..], &[("floopy-passthrough", "true"), ("floopy-provider", "up")]].concat()] {
        let answer = gateway.chat("up/cheap", headers);
        let seen = fake.last();
        let header = |name: &str| seen.headers.iter().find(|header| header.0 == name).map(|header| header.1.clone());
        let sent = header("traceparent").expect("the trace is continued");
        let parts: Vec<&str> = sent.split('-').collect();
        assert_eq!((parts[0], parts[1], parts[3]), ("00", TRACE, "01"));
        assert_ne!(parts[2], PARENT, "the parent is a step of ours");
        assert_eq!(header("tracestate").as_deref(), Some("vendor=1,other=2"));
        assert_eq!(gateway.decision(&answer)["trace_id"], TRACE);
    }
    let answer = gateway.chat("up/flaky", &[("traceparent", &parent)]);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let tried: Vec<_> = fake.seen().into_iter().filter(|seen| seen.body["model"] == "flaky").collect();
    let parents: std::collections::HashSet<_> =
        tried.iter().flat_map(|seen| &seen.headers).filter(|header| header.0 == "traceparent").collect();
    assert_eq!(parents.len(), tried.len(), "each attempt is a step of its own");
}

#[test]
fn without_a_good_trace_none_goes_upstream() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let bad = format!("00-{TRACE}-{PARENT}-zz");
    for headers in [&[][..], &[("traceparent", bad.as_str()), ("tracestate", "vendor=1")]] {
        let answer = gateway.chat("up/cheap", headers);
        assert_eq!(answer.status, 200, "nobody's request fails for its trace");
        assert!(fake.last().headers.iter().all(|(name, _)| !name.starts_with("trace")));
        let decision = wait_for("the decision", || Some(gateway.decision(&answer)));
        assert_eq!(decision["trace_id"], Value::Null);
    }
}

#[test]
fn a_failure_is_logged_with_its_ids_and_nothing_that_was_said() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let parent = format!("00-{TRACE}-{PARENT}-01");
    let answer = gateway.chat("up/status-500", &[("traceparent", &parent), ("floopy-user-id", "ada")]);
    let line = wait_for("the line", || {
        let log = gateway.log();
        log.lines().find(|line| line.contains(&id(&answer))).map(parsed)
    });
    assert_eq!((&line["level"], &line["trace_id"]), (&json!("WARN"), &json!(TRACE)));
    assert_eq!((&line["http_status"], &line["error_code"]), (&json!(502), &json!("provider_error")));
    assert_eq!(line["floopy_reason"], answer.header("floopy-reason").unwrap());
    assert!(line["latency_ms"].is_u64() && !line.to_string().contains("ada"), "{line}");
    let served = gateway.chat("up/cheap", &[]);
    gateway.decision(&served);
    assert!(!gateway.log().contains(&id(&served)), "what went well is told when somebody asks");
}

#[test]
fn labels_of_metrics_are_no_callers_choice() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    gateway.chat("up/status-404", &[]);
    gateway.chat("up/cheap", &[]);
    gateway.chat_stream("up/cheap", &[]);
    let metrics = gateway.get("/metrics").text();
    let has = |line: &str| metrics.lines().any(|found| found.starts_with(line));
    let call = r#"gen_ai_operation_name="chat",gen_ai_provider_name="openai-chat",gen_ai_request_model="cheap""#;
    assert!(has(&format!("gen_ai_client_operation_duration_seconds_count{{{call}}} 2")), "{metrics}");
    assert!(has(&format!("gen_ai_server_time_to_first_token_seconds_count{{{call}}} 1")), "{metrics}");
    assert!(has(&format!("gen_ai_client_token_usage_sum{{{call},gen_ai_token_type=\"input\"}} 2000")), "{metrics}");
    assert!(has("floopy_stage_duration_seconds_count{stage=\"dispatch\"} "), "{metrics}");
    assert!(!metrics.contains("status-404"), "a name that never served is none: {metrics}");
}
