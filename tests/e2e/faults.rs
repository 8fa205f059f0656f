//! Upstream faults: each ends in success elsewhere, or in the documented error within the deadline.

use crate::fake::{Fake, WORDS};
use crate::harness::{Gateway, wait_for};
use serde_json::Value;
use std::time::{Duration, Instant};

/// Model, HTTP status, code for a call with no alternative.
const PLAIN: &[(&str, u16, &str)] = &[
    ("status-400", 400, "invalid_value"),
    ("status-401", 502, "provider_error"),
    ("status-404", 404, "model_not_found"),
    ("status-429", 429, "provider_rate_limited"),
    ("status-500", 502, "provider_error"),
    ("status-503", 502, "provider_error"),
    ("context", 400, "context_length_exceeded"),
    ("error-in-200", 502, "provider_error"),
    ("not-json", 502, "provider_error"),
    ("invalid-utf8", 502, "provider_error"),
    ("hang", 504, "provider_timeout"),
    ("hang-half-head", 504, "provider_timeout"),
    ("hang-half-body", 504, "provider_timeout"),
    ("reset", 502, "provider_error"),
    ("short-body", 502, "provider_error"),
    ("redirect", 502, "provider_error"),
    ("slow-head", 504, "provider_timeout"),
    ("huge-head", 502, "provider_error"),
    ("long-body", 502, "provider_error"),
    ("two-lengths", 502, "provider_error"),
    ("bad-chunks", 502, "provider_error"),
    ("not-http", 502, "provider_error"),
];

/// The caller's own mistakes: no other target would do better.
const CALLERS_FAULT: &[&str] = &["status-400"];

#[test]
fn without_an_alternative_the_documented_error_comes() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "[upstream.breaker]\nenabled = false\n");
    for (model, status, code) in PLAIN {
        let began = Instant::now();
        let answer = gateway.chat(&format!("up/{model}"), &[]);
        assert_eq!((answer.status, answer.error_code().as_str()), (*status, *code), "{model}: {}", answer.text());
        assert!(began.elapsed() < Duration::from_secs(15), "{model} took {:?}", began.elapsed());
        assert!(!answer.text().contains("/srv/secret"), "{model}: an upstream's internals: {}", answer.text());
        let decision = gateway.decision(&answer);
        assert_eq!(decision["status"], "error", "{model}");
        assert!(!decision["outcome"]["attempts"].as_array().unwrap().is_empty());
        if *status == 429 {
            assert_eq!(answer.header("retry-after"), Some("7"), "the provider's hint is handed on");
        }
        if *status >= 500 {
            assert_eq!(answer.header("x-should-retry"), Some("false"), "{model}: we have retried already");
        }
    }
}

#[test]
fn with_an_alternative_the_call_succeeds_elsewhere() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "[upstream.breaker]\nenabled = false\n");
    for (model, status, _) in PLAIN {
        let answer = gateway.chat(&format!("up/{model},up/cheap"), &[]);
        let expected = if CALLERS_FAULT.contains(model) { *status } else { 200 };
        assert_eq!(answer.status, expected, "{model}: {}", answer.text());
    }
}

#[test]
fn a_stream_that_fails_before_its_first_event_goes_elsewhere() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    for model in ["status-500", "reset", "hang", "stream-error-first"] {
        let answer = gateway.chat_stream(&format!("up/{model},up/cheap"), &[]);
        assert_eq!(answer.status, 200, "{model}: {}", answer.text());
        assert_eq!(answer.header("floopy-model"), Some("cheap"), "{model}");
        assert!(answer.text().ends_with("data: [DONE]\n\n"), "{model}");
    }
}

#[test]
fn a_stream_that_breaks_later_says_so_and_is_never_repeated() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    for model in ["stream-cut", "stream-ends-early", "stream-error", "stream-hang", "stream-utf8", "stream-huge-event"]
    {
        let answer = gateway.chat_stream(&format!("up/{model},up/cheap"), &[]);
        assert_eq!(answer.status, 200, "{model}");
        let events = answer.events();
        assert!(!events.contains(&"[DONE]".to_owned()), "{model}: a broken stream has no [DONE]");
        let error: Value = serde_json::from_str(events.last().unwrap()).unwrap();
        assert!(error["error"]["code"].is_string(), "{model}: {error}");
        let text: String = events[..events.len() - 1]
            .iter()
            .filter_map(|event| {
                serde_json::from_str::<Value>(event).unwrap()["choices"][0]["delta"]["content"]
                    .as_str()
                    .map(str::to_owned)
            })
            .collect();
        assert_eq!(text, WORDS[..2].concat(), "{model}: what came is handed on once");
        assert_eq!(fake.calls_of(model), 1, "{model}");
        assert_eq!(gateway.decision(&answer)["status"], "error", "{model}");
    }
    assert_eq!(fake.calls_of("cheap"), 0);
}

#[test]
fn an_upstream_that_nobody_listens_on_is_an_error_in_time() {
    let fake = Fake::start();
    let port = crate::harness::free_port();
    let more = format!(
        "[provider.dead]\nkind = \"openai-chat\"\nbase_url = \"http://127.0.0.1:{port}/v1\"\nallow_private_network = true\n"
    );
    let gateway = Gateway::start(&fake, &more);
    let answer = gateway.chat("dead/x", &[]);
    assert_eq!((answer.status, answer.error_code().as_str()), (502, "provider_error"));
    assert!(!answer.text().contains(&port.to_string()), "addresses stay inside: {}", answer.text());
    assert_eq!(gateway.chat("dead/x,up/cheap", &[]).status, 200);
}

#[test]
fn private_addresses_are_configured_only_where_allowed() {
    let fake = Fake::start();
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("floopy.toml");
    let more = format!(
        "[provider.guarded]\nkind = \"openai-chat\"\nbase_url = \"http://localhost:{}/v1\"\n",
        fake.address.port()
    );
    std::fs::write(&file, crate::harness::config(crate::harness::free_port(), folder.path(), &fake, &more)).unwrap();
    let mut command = crate::harness::floopy(folder.path());
    command.args(["serve", "--config"]).arg(&file);
    let (code, _, err) = crate::harness::run(command);
    assert!(code == 64 && err.contains("allow_private_network"), "{code}: {err}");
    assert!(fake.seen().is_empty(), "no connection is made");
}

#[test]
fn a_storm_of_failures_ends_for_everybody() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..16)
            .map(|worker| {
                let gateway = &gateway;
                scope.spawn(move || {
                    let model = ["status-429", "status-500", "reset", "stream-cut"][worker % 4];
                    for _ in 0..10 {
                        let answer = gateway.chat(&format!("up/{model}"), &[]);
                        assert!(answer.status >= 200, "every call is answered");
                    }
                })
            })
            .collect();
        for worker in workers {
            worker.join().unwrap();
        }
    });
    assert_eq!(gateway.chat("up/cheap", &[]).status, 200, "others are not touched");
    // Sixteen workers with ten calls each, and the last one.
    wait_for("every call's record", || {
        let items = gateway.get("/v1/decisions?limit=500").json()["items"].as_array().unwrap().len();
        (items == 16 * 10 + 1).then_some(())
    });
}

#[test]
fn an_answer_that_never_ends_is_ended_by_the_deadline() {
    let fake = Fake::start();
    let folder = tempfile::TempDir::new().unwrap();
    let gateway = Gateway::start_with(folder.path(), &fake, |config| {
        config.replacen("drain_timeout", "request_timeout = \"2s\"\ndrain_timeout", 1)
    });
    let began = Instant::now();
    let answer = gateway.chat("up/slow-body,up/cheap", &[]);
    assert_eq!((answer.status, answer.error_code().as_str()), (504, "provider_timeout"), "{}", answer.text());
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert_eq!(gateway.chat("up/cheap", &[]).status, 200);
}

#[test]
fn a_storm_of_refusals_goes_elsewhere_and_leaves_the_refuser_alone() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    for _ in 0..30 {
        for model in ["status-429", "status-503"] {
            let answer = gateway.chat(&format!("up/{model},up/cheap"), &[]);
            assert_eq!((answer.status, answer.header("floopy-model")), (200, Some("cheap")), "{model}");
        }
    }
    let asked = fake.calls_of("status-503");
    assert!(asked < 30, "the breaker has spared it: {asked} calls");
}
