//! What an org sets at run time: constraints, pooled priors.

use crate::commands::{command, data, json as parsed};
use crate::fake::Fake;
use crate::harness::Gateway;
use crate::http::{Answer, call};
use crate::learning;
use serde_json::{Value, json};

fn put(gateway: &Gateway, path: &str, body: &Value) -> Answer {
    call(gateway.address, "PUT", path, &[], body.to_string().as_bytes())
}

const CONSTRAINTS: &str = "/v1/constraints";

#[test]
fn a_family_is_replaced_and_stays_through_kill_9() {
    let fake = Fake::start();
    let mut gateway = Gateway::start(&fake, "");
    let none = gateway.get(CONSTRAINTS).json();
    assert_eq!(none.as_object().unwrap().len(), 13, "every key is there: {none}");
    assert!(none.as_object().unwrap().iter().all(|(key, value)| key == "defaults" || value.is_null()), "{none}");
    assert_eq!(
        none["defaults"],
        json!({"max_regression": 0.05, "max_cost_increase": 0.1, "confidence_threshold": 0.0, "quality_floor": 0.95})
    );
    let both = json!({"max_requests_per_minute": 100, "token_window_seconds": 60, "quality_floor": 0.9,
        "max_regression": {"value": 0.1, "window": "rolling_24h"}});
    assert_eq!(put(&gateway, CONSTRAINTS, &both).status, 200);
    let answer = put(&gateway, CONSTRAINTS, &json!({"cost_limit_monthly_usd": 12.5}));
    let held = answer.json();
    assert_eq!((&held["cost_limit_monthly_usd"], &held["max_requests_per_minute"]), (&json!(12.5), &Value::Null));
    assert_eq!((&held["quality_floor"], &held["max_regression"]["value"]), (&json!(0.9), &json!(0.1)));
    gateway.kill();
    gateway.restart();
    assert_eq!(gateway.get(CONSTRAINTS).json(), held);
    assert_eq!(put(&gateway, CONSTRAINTS, &held).json(), held, "what GET gives can be sent back");
    let refused = put(&gateway, CONSTRAINTS, &json!({"quality_flor": 0.9}));
    assert_eq!((refused.status, refused.json()["error"]["param"].as_str().unwrap()), (400, "quality_flor"));
    assert!(refused.text().contains("quality_floor"), "the nearest name: {}", refused.text());
    assert_eq!(gateway.get(CONSTRAINTS).json(), held, "a refused change changes nothing");
}

#[test]
fn requests_above_the_orgs_rate_wait_and_settings_can_still_be_changed() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    assert_eq!(put(&gateway, CONSTRAINTS, &json!({"max_requests_per_minute": 2})).status, 200);
    assert_eq!([0, 1].map(|_| gateway.chat("up/cheap", &[]).status), [200, 200]);
    let refused = gateway.chat("up/cheap", &[]);
    assert_eq!((refused.status, refused.error_code().as_str()), (429, "rate_limited"));
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=30).contains(&wait), "two a minute come back every thirty seconds: {wait}");
    assert_eq!(put(&gateway, CONSTRAINTS, &json!({"max_requests_per_minute": null})).status, 200);
    assert_eq!(gateway.chat("up/cheap", &[]).status, 200);
}

#[test]
fn constraints_from_the_command_line() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let get = || parsed(&data(&gateway, &["constraints", "--format", "json"]));
    data(&gateway, &["constraints", "set", "quality_floor=0.97", "max_requests_per_minute=60"]);
    data(&gateway, &["constraints", "set", "max_regression=0.03@rolling_24h"]);
    let held = get();
    assert_eq!((&held["quality_floor"], &held["max_requests_per_minute"]), (&json!(0.97), &json!(60)));
    assert_eq!(held["max_regression"], json!({"value": 0.03, "window": "rolling_24h"}));
    let human = data(&gateway, &["constraints", "get"]);
    assert!(human.contains("quality floor") && human.contains("0.97"), "{human}");
    let csv = data(&gateway, &["constraints", "get", "--format", "csv"]);
    assert!(csv.starts_with("cost_limit_monthly_usd,") && csv.lines().count() == 2, "{csv}");
    data(&gateway, &["constraints", "clear", "quality_floor"]);
    assert_eq!((&get()["quality_floor"], &get()["max_regression"]["value"]), (&Value::Null, &json!(0.03)));
    data(&gateway, &["constraints", "clear", "--family", "optimization"]);
    assert_eq!((&get()["max_regression"], &get()["max_requests_per_minute"]), (&Value::Null, &json!(60)));
    std::fs::write(gateway.folder.join("c.json"), r#"{"max_tokens_per_window": 5000}"#).unwrap();
    data(&gateway, &["constraints", "put", "c.json"]);
    assert_eq!((&get()["max_tokens_per_window"], &get()["max_requests_per_minute"]), (&json!(5000), &Value::Null));
    data(&gateway, &["constraints", "clear"]);
    assert_eq!(get()["max_tokens_per_window"], Value::Null);
    let (code, _, err) = command(&gateway, &["constraints", "set", "quality_flor=0.9"]);
    assert!(code == 1 && err.contains("quality_floor"), "{code} {err}");
    assert_eq!(command(&gateway, &["constraints", "set", "quality_floor"]).0, 2);
    assert_eq!(command(&gateway, &["constraints", "put", "none.json"]).0, 2);
}

#[test]
fn an_orgs_floor_raises_that_of_its_routes() {
    let fake = Fake::start();
    let route = "[[route]]\nname = \"auto\"\nstrategy = \"smart_cost\"\ndefault_model = \"up/dear\"\n\
                 candidates = [\"up/cheap\"]\nquality_floor = 0.9\n";
    let gateway = Gateway::start(&fake, route);
    let floor = || gateway.get("/v1/routes/auto").json()["quality_floor"].as_f64();
    assert_eq!(floor(), Some(0.9));
    put(&gateway, CONSTRAINTS, &json!({"quality_floor": 0.97}));
    assert_eq!(floor(), Some(0.97), "in force at once");
    put(&gateway, CONSTRAINTS, &json!({"quality_floor": 0.5}));
    assert_eq!(floor(), Some(0.9), "never lowered");
}

#[test]
fn an_org_has_its_own_word_on_pooled_priors() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "[priors]\nmin_orgs = 7\n");
    let first = gateway.get("/v1/priors").json();
    let expected = json!({"pooling": true, "installation": true, "organization": null, "min_orgs": 7,
        "contributed_cells": 0, "cells": []});
    assert_eq!(first, expected);
    let off = put(&gateway, "/v1/priors", &json!({"pooling": false}));
    assert_eq!((off.status, &off.json()["pooling"], &off.json()["organization"]), (200, &json!(false), &json!(false)));
    for bad in [json!({}), json!({"pooling": "no"}), json!({"poling": false}), json!([])] {
        assert_eq!(put(&gateway, "/v1/priors", &bad).status, 400, "{bad}");
    }
    assert_eq!(parsed(&data(&gateway, &["priors", "--format", "json"]))["organization"], false);
    assert_eq!(parsed(&data(&gateway, &["priors", "on", "--format", "json"]))["pooling"], true);
    let closed = Gateway::start(&fake, "[priors]\npooling = false\n");
    let (code, out, err) = command(&closed, &["priors", "on"]);
    assert!(code == 0 && out.contains("installation") && err.contains("priors.pooling"), "{out}{err}");
    assert_eq!(closed.get("/v1/priors").json()["pooling"], false, "both have to want it");
}

#[test]
fn a_route_that_learns_keeps_to_what_its_org_has_set() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, &learning::route(""));
    put(&gateway, CONSTRAINTS, &json!({"require_shadow_before_live": true}));
    let mut last = String::new();
    for number in 0..40 {
        let (model, id) = learning::session(&gateway, number, learning::good_but_poor);
        assert_eq!(model, "premium", "nobody else ran in the shadow");
        last = id;
    }
    let decision = gateway.decision_by_id(&last);
    let reasons: Vec<&str> =
        decision["filtered"].as_array().unwrap().iter().map(|filtered| filtered["reason"].as_str().unwrap()).collect();
    assert_eq!(reasons, ["constraint_shadow_required"; 2], "{decision}");
    put(&gateway, CONSTRAINTS, &json!({"min_samples_before_promotion": 100_000}));
    let served = |from: usize| {
        let models = (from..from + 200).map(|number| learning::session(&gateway, number, learning::good_but_poor).0);
        models.filter(|model| model != "premium").count()
    };
    let tried = served(1_000);
    assert!(tried <= 50, "tries are a canary's share, 5 % for each of two models: {tried} of 200");
    let told = gateway.post("/v1/routing/explain", &[], &crate::harness::chat_body("auto", false)).json();
    assert_eq!(told["would_select"]["model"], "premium", "nothing else is relied on: {told}");
    put(&gateway, CONSTRAINTS, &json!({"min_samples_before_promotion": null}));
    let relied_on = served(2_000);
    assert!(relied_on > 100, "without the constraint the cheap model is: {relied_on} of 200");
}
