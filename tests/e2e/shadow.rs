//! Shadow experiments: copies that nobody sees, judged beside what was served, and what they open the way for.

use crate::experiments::{begin, id, results, send};
use crate::fake::Fake;
use crate::harness::{Gateway, wait_for};
use crate::http::call;
use crate::judging::judged;
use serde_json::{Value, json};

const ROUTE: &str = "[[model]]\nid = \"up/judge\"\ninput_usd_per_mtok = 1.0\noutput_usd_per_mtok = 1.0\n\
                     [[model]]\nid = \"up/poor\"\ninput_usd_per_mtok = 1.0\noutput_usd_per_mtok = 1.0\n\
                     [[route]]\nname = \"auto\"\nstrategy = \"fallback\"\ndefault_model = \"up/dear\"\n\
                     [route.judge]\nmodel = \"up/judge\"\nsample_rate = 0.0\ndaily_budget_usd = 1000\n";

fn shadow(candidate: &str, percent: f64) -> Value {
    json!({"type": "shadow", "route": "auto", "candidate": candidate, "traffic_pct": percent})
}

/// The records of copies.
fn copies(gateway: &Gateway) -> Vec<Value> {
    let page = gateway.get("/v1/decisions?limit=500").json();
    page["items"].as_array().unwrap().iter().filter(|item| item["endpoint"] == "shadow").cloned().collect()
}

fn status(gateway: &Gateway, experiment: &Value) -> Value {
    gateway.get(&format!("/v1/experiments/{}", id(experiment))).json()
}

#[test]
fn a_bad_candidate_is_found_out_in_the_shadow_and_no_client_ever_sees_it() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, ROUTE);
    let begun = begin(&gateway, &shadow("up/poor", 100.0));
    assert_eq!((&begun["type"], &begun["auto_rollback"]), (&json!("shadow"), &json!(true)));
    let mut sessions = 0;
    let ended = loop {
        let session = format!("s{sessions}");
        let header = [("floopy-session-id", session.as_str())];
        let answer = gateway.chat("auto", &header);
        assert_eq!((answer.status, answer.header("floopy-model")), (200, Some("dear")), "{}", answer.text());
        sessions += 1;
        wait_for("both to be judged", || (judged(&gateway, "ok") >= 2 * sessions as u64).then_some(()));
        let now = status(&gateway, &begun);
        if now["status"] != "active" {
            break now;
        }
        assert!(sessions < 200, "the judge's word on copies ends it: {}", results(&gateway, &begun));
    };
    assert_eq!((&ended["status"], &ended["steps"][0]["decided_by"]), (&json!("rolled_back"), &json!("e_value")));
    let seen = results(&gateway, &begun);
    assert_eq!(seen["winner"], "A");
    let quality = |side: &str| seen[side]["average_quality"].as_f64().unwrap();
    assert!(quality("variant_a") > quality("variant_b") + 0.2, "{seen}");
    assert!(seen["variant_b"]["average_cost_micro_usd"].is_number(), "what copies cost is shown apart: {seen}");
    let copies = copies(&gateway);
    for copy in &copies {
        assert_eq!((&copy["model"], &copy["route"]), (&json!("poor"), &Value::Null), "{copy}");
        assert_eq!(copy["experiment"], json!({"id": begun["id"], "variant": "B"}));
        assert!(copy["baseline_cost_micro_usd"].is_null() && copy["saved_micro_usd"].is_null(), "{copy}");
    }
    let listed = gateway.get("/v1/sessions?limit=500").json();
    assert_eq!(listed["items"].as_array().unwrap().len(), sessions, "copies are nobody's sessions");
}

#[test]
fn what_asks_for_no_retention_is_not_copied_and_only_the_share_is() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, ROUTE);
    let begun = begin(&gateway, &shadow("up/cheap", 30.0));
    let ask = |number: usize, more: &[(&str, &str)]| {
        let session = format!("s{number}");
        let headers = [&[("floopy-session-id", session.as_str())], more].concat();
        if number.is_multiple_of(2) { gateway.chat("auto", &headers) } else { gateway.chat_stream("auto", &headers) }
    };
    let mirrored: Vec<usize> =
        (0..60).filter(|number| !gateway.decision(&ask(*number, &[]))["experiment"].is_null()).collect();
    let a = |seen: &Value| seen["variant_a"]["sample_size"].as_u64().unwrap();
    let all = wait_for("each mirrored call to have its copy", || {
        let seen = results(&gateway, &begun);
        (a(&seen) > 0 && seen["variant_b"]["sample_size"] == seen["variant_a"]["sample_size"]).then_some(seen)
    });
    assert!((8..32).contains(&mirrored.len()) && a(&all) == mirrored.len() as u64, "30 % of 60: {all}");
    (0..60).for_each(|number| drop(ask(number, &[("floopy-retention", "none")])));
    ask(mirrored[0], &[]);
    wait_for("the last copy", || {
        let seen = results(&gateway, &begun);
        (a(&seen) == a(&all) + 1 && seen["variant_b"]["sample_size"] == seen["variant_a"]["sample_size"]).then_some(())
    });
    assert_eq!(copies(&gateway).len(), mirrored.len() + 1, "what asks for no retention was not copied");
}

#[test]
fn who_has_run_in_the_shadow_may_be_tried_live() {
    let fake = Fake::start();
    let mut gateway = Gateway::start(&fake, ROUTE);
    let limits = json!({"require_shadow_before_live": true});
    assert_eq!(call(gateway.address, "PUT", "/v1/constraints", &[], limits.to_string().as_bytes()).status, 200);
    let live = json!({"type": "canary", "route": "auto", "candidate": "up/cheap", "traffic_pct": 50});
    let complete = |gateway: &Gateway, begun: &Value| {
        send(gateway, "POST", &format!("/v1/experiments/{}/complete", id(begun)), &Value::Null)
    };
    let early = begin(&gateway, &shadow("up/cheap", 100.0));
    assert_eq!(complete(&gateway, &early).status, 200);
    let refused = send(&gateway, "POST", "/v1/experiments", &live);
    assert_eq!((refused.status, refused.error_code()), (409, "conflict".to_owned()), "it saw nothing");
    let begun = begin(&gateway, &shadow("up/cheap", 100.0));
    for number in 0..20 {
        gateway.chat("auto", &[("floopy-session-id", &format!("s{number}"))]);
    }
    wait_for("the copies", || (results(&gateway, &begun)["variant_b"]["sample_size"] == json!(20)).then_some(()));
    assert_eq!(complete(&gateway, &begun).status, 200);
    gateway.kill();
    gateway.restart();
    let canary = begin(&gateway, &live);
    assert_eq!(canary["status"], "active");
    let served: Vec<String> = (0..20)
        .map(|number| gateway.chat("auto", &[("floopy-session-id", &format!("t{number}"))]))
        .map(|answer| answer.header("floopy-model").unwrap().to_owned())
        .collect();
    assert!(served.iter().any(|model| model == "cheap"), "{served:?}");
}
