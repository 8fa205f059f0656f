//! Experiments: who takes part, what is shown of them, and how they end.

use crate::fake::Fake;
use crate::harness::{Gateway, chat_body, run, wait_for};
use crate::http::{Answer, call};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A route with a dear model, and one with a cheap one.
const ROUTES: &str = "[[route]]\nname = \"auto\"\nstrategy = \"fallback\"\nsticky = \"session\"\ndefault_model = \"up/dear\"\n\
                      [[route]]\nname = \"thrifty\"\nstrategy = \"fallback\"\ndefault_model = \"up/cheap\"\n";

pub(crate) fn send(gateway: &Gateway, method: &str, path: &str, body: &Value) -> Answer {
    let headers = [("x-floopy-confirm", "experiments"), ("content-type", "application/json")];
    call(gateway.address, method, path, &headers, body.to_string().as_bytes())
}

fn canary(percent: f64) -> Value {
    json!({"type": "canary", "route": "auto", "candidate": {"provider": "up", "model": "cheap"}, "traffic_pct": percent})
}

pub(crate) fn begin(gateway: &Gateway, body: &Value) -> Value {
    let begun = send(gateway, "POST", "/v1/experiments", body);
    assert_eq!(begun.status, 201, "{}", begun.text());
    begun.json()
}

pub(crate) fn id(experiment: &Value) -> &str {
    experiment["id"].as_str().unwrap()
}

/// Who serves a session of the route.
fn served(gateway: &Gateway, session: &str) -> String {
    let answer = gateway.chat("auto", &[("floopy-session-id", session)]);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.header("floopy-model").unwrap().to_owned()
}

fn rate(gateway: &Gateway, session: &str, score: f64) {
    let vote = json!({"session_id": session, "score": score, "useful": score > 5.0});
    assert_eq!(gateway.post("/v1/feedback", &[], &vote).status, 200);
}

pub(crate) fn results(gateway: &Gateway, experiment: &Value) -> Value {
    gateway.get(&format!("/v1/experiments/{}/results", id(experiment))).json()
}

#[test]
fn a_canary_serves_its_share_of_the_sessions_and_each_session_stays() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, ROUTES);
    let begun = begin(&gateway, &canary(30.0));
    assert_eq!((&begun["status"], &begun["split_percentage"]), (&json!("active"), &json!(30)));
    let sessions: Vec<String> = (0..120).map(|number| format!("s{number}")).collect();
    let first: Vec<String> = sessions.iter().map(|session| served(&gateway, session)).collect();
    let cheap = first.iter().filter(|model| *model == "cheap").count();
    assert!((20..55).contains(&cheap), "30 % of 120: {cheap}");
    assert_eq!(sessions.iter().map(|session| served(&gateway, session)).collect::<Vec<_>>(), first);
    let on = |model: &str| sessions[first.iter().position(|served| served == model).unwrap()].clone();
    let answer = gateway.chat("auto", &[("floopy-session-id", &on("cheap"))]);
    assert_eq!(answer.header("floopy-reason"), Some("cheap::canary"));
    let decision = gateway.decision(&answer);
    assert_eq!(decision["experiment"], json!({"id": begun["id"], "variant": "B"}));
    assert_eq!((decision["propensity"].as_f64(), &decision["reason"]), (Some(0.3), &json!("dispatched")));
    assert_eq!(decision["explanation_detail"]["template_id"], "canary_assigned");
    let other = gateway.decision(&gateway.chat("auto", &[("floopy-session-id", &on("dear"))]));
    assert_eq!(other["experiment"]["variant"], "A");
    let seen = wait_for("all calls to be counted", || {
        Some(results(&gateway, &begun)).filter(|seen| {
            seen["variant_a"]["sample_size"].as_u64().unwrap() + seen["variant_b"]["sample_size"].as_u64().unwrap()
                == 242
        })
    });
    assert!(seen["delta"]["cost_pct"].as_f64().unwrap() < -80.0, "a tenth of the price: {seen}");
    assert!(seen["interval"]["cost_pct"]["high"].as_f64().unwrap() < 0.0, "{seen}");
    assert_eq!((&seen["winner"], &seen["variant_b"]["success_rate"]), (&Value::Null, &json!(1.0)));
}

#[test]
fn a_rollback_holds_for_the_next_decision_and_after_a_kill() {
    let fake = Fake::start();
    let mut gateway = Gateway::start(&fake, ROUTES);
    let begun = begin(&gateway, &canary(100.0));
    assert_eq!(served(&gateway, "mine"), "cheap");
    gateway.kill();
    gateway.restart();
    assert_eq!(served(&gateway, "mine"), "cheap", "an experiment survives");
    let path = format!("/v1/experiments/{}/rollback", id(&begun));
    let both: BTreeSet<String> = std::thread::scope(|scope| {
        let calls = [(); 2].map(|()| scope.spawn(|| send(&gateway, "POST", &path, &Value::Null)));
        calls
            .map(|call| call.join().unwrap())
            .iter()
            .map(|answer| format!("{} {}", answer.status, answer.text()))
            .collect()
    });
    assert_eq!(both.len(), 1, "two at once are one: {both:?}");
    assert_eq!(served(&gateway, "mine"), "dear", "the next decision, of a session that had it");
    gateway.kill();
    gateway.restart();
    assert_eq!(served(&gateway, "mine"), "dear");
    let ended = gateway.get(&format!("/v1/experiments/{}", id(&begun))).json();
    assert_eq!((&ended["status"], &ended["traffic_pct"]), (&json!("rolled_back"), &json!(0.0)));
    assert_eq!((&ended["steps"][0]["decided_by"], ended["steps"].as_array().unwrap().len()), (&json!("operator"), 1));
    assert_eq!(ended["steps"][0]["traffic_pct"], json!([100.0, 0.0]), "what was changed is stored with it");
    assert!(ended["rolled_back_at"].is_string() && results(&gateway, &begun)["experiment_id"] == begun["id"]);
    let late = send(&gateway, "POST", &format!("/v1/experiments/{}/complete", id(&begun)), &Value::Null);
    assert_eq!((late.status, late.error_code()), (409, "conflict".to_owned()), "{}", late.text());
}

#[test]
fn ratings_against_a_canary_end_it_by_themselves() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, ROUTES);
    let begun = begin(&gateway, &canary(50.0));
    let mut needed = 0;
    for number in 0..400 {
        let session = format!("s{number}");
        let model = served(&gateway, &session);
        rate(&gateway, &session, if model == "cheap" { 1.0 } else { 9.0 });
        needed = number;
        if gateway.get(&format!("/v1/experiments/{}", id(&begun))).json()["status"] != "active" {
            break;
        }
    }
    assert!(needed < 120, "{needed}");
    let ended = wait_for("its end", || {
        let now = gateway.get(&format!("/v1/experiments/{}", id(&begun))).json();
        (now["status"] == "rolled_back").then_some(now)
    });
    let step = &ended["steps"][0];
    assert_eq!((&step["decided_by"], &step["results"]["winner"]), (&json!("e_value"), &json!("A")), "{step}");
    assert!(step["results"]["e_values"]["harm"].as_f64().unwrap() >= 20.0, "the numbers it rests on are kept: {step}");
    assert_eq!(results(&gateway, &begun), step["results"], "an ended one is shown as it ended");
    assert!((0..20).all(|number| served(&gateway, &format!("later{number}")) == "dear"));
    assert_eq!(gateway.get("/v1/admin/verify").json()["whole"], true);
}

#[test]
fn a_candidate_that_fails_is_taken_out_without_any_rating() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, &format!("[upstream.breaker]\nenabled = false\n{ROUTES}"));
    let body = json!({"type": "canary", "route": "auto", "candidate": "up/status-500", "traffic_pct": 50});
    let begun = begin(&gateway, &body);
    for number in 0..200 {
        assert_eq!(served(&gateway, &format!("s{number}")), "dear", "a backup answers");
        if gateway.get(&format!("/v1/experiments/{}", id(&begun))).json()["status"] == "rolled_back" {
            break;
        }
    }
    let ended = wait_for("its end", || {
        let now = gateway.get(&format!("/v1/experiments/{}", id(&begun))).json();
        (now["status"] == "rolled_back").then_some(now)
    });
    assert_eq!(ended["steps"][0]["decided_by"], "failures");
    assert!(ended["steps"][0]["results"]["variant_b"]["sample_size"].as_u64().unwrap() < 60, "{ended}");
}

#[test]
fn good_ratings_raise_the_share_step_by_step() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, ROUTES);
    let mut body = canary(20.0);
    body["auto_promote"] = json!(true);
    let begun = begin(&gateway, &body);
    let promoted = (0..3_000).find_map(|number| {
        let session = format!("s{number}");
        let model = served(&gateway, &session);
        rate(&gateway, &session, if model == "cheap" { 10.0 } else { 6.0 });
        let now = gateway.get(&format!("/v1/experiments/{}", id(&begun))).json();
        (now["steps"].as_array().unwrap().len() == 1).then_some(now)
    });
    let promoted = promoted.expect("a better candidate is promoted");
    assert_eq!((&promoted["status"], &promoted["traffic_pct"]), (&json!("active"), &json!(50.0)));
    assert_eq!(promoted["steps"][0]["results"]["winner"], "B");
    let now = results(&gateway, &begun)["e_values"]["fine"].as_f64().unwrap();
    assert!(now < 20.0, "the next stage begins anew: {now}");
}

#[test]
fn a_split_sends_a_share_of_the_sessions_by_another_routes_rules() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, ROUTES);
    let body = json!({"name": "rules", "variant_a_routing_rule_id": "auto", "variant_b_routing_rule_id": "thrifty"});
    let begun = begin(&gateway, &body);
    assert_eq!((&begun["split_percentage"], &begun["type"]), (&json!(50), &json!("split")));
    let models: Vec<String> = (0..60).map(|number| served(&gateway, &format!("s{number}"))).collect();
    let cheap = models.iter().filter(|model| *model == "cheap").count();
    assert!((12..48).contains(&cheap), "{cheap}");
    let place = models.iter().position(|model| model == "cheap").unwrap();
    let decision = gateway.decision(&gateway.chat("auto", &[("floopy-session-id", &format!("s{place}"))]));
    assert_eq!((&decision["route"], &decision["experiment"]["variant"]), (&json!("thrifty"), &json!("B")));
    let foreseen =
        gateway.post("/v1/routing/explain", &[("floopy-session-id", "s0")], &chat_body("auto", false)).json();
    assert_eq!(foreseen["would_select"]["model"], models[0].as_str(), "a dry run knows it too");
}

#[test]
fn what_cannot_be_tried_is_refused_with_what_to_do() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, ROUTES);
    let unconfirmed = call(gateway.address, "POST", "/v1/experiments", &[], canary(5.0).to_string().as_bytes());
    assert_eq!((unconfirmed.status, unconfirmed.error_code()), (422, "confirmation_required".to_owned()));
    let long = json!({"type": "canary", "description": "x".repeat(9_000)});
    for (body, status, code, says) in [
        (
            json!({"type": "canary", "route": "none", "candidate": "up/cheap"}),
            400,
            "invalid_route_id",
            "GET /v1/routes",
        ),
        (json!({"type": "canary", "route": "auto"}), 400, "invalid_request", "candidate is missing"),
        (json!({"type": "canary", "route": "auto", "candidate": "nobody/x"}), 404, "model_not_found", "nobody"),
        (json!({"type": "canary", "route": "auto", "candidate": "up/dear"}), 400, "invalid_request", "same model"),
        (json!({"type": "canary", "route": "auto", "candidate": "cheap"}), 400, "invalid_request", "provider/model"),
        (json!({"type": "live", "route": "auto", "candidate": "up/cheap"}), 400, "invalid_request", "canary or shadow"),
        (json!({"type": "canary", "rout": "auto"}), 400, "invalid_request", "did you mean \"route\"?"),
        (
            json!({"variant_a_routing_rule_id": "auto", "variant_b_routing_rule_id": "auto", "name": "n"}),
            400,
            "invalid_request",
            "same route",
        ),
        (
            json!({"variant_a_routing_rule_id": "auto", "variant_b_routing_rule_id": "thrifty", "name": "n", "split_percentage": 100}),
            400,
            "invalid_request",
            "from 1 to 99",
        ),
        (long, 400, "body_too_large", "8192"),
    ] {
        let answer = send(&gateway, "POST", "/v1/experiments", &body);
        assert_eq!((answer.status, answer.error_code()), (status, code.to_owned()), "{body}: {}", answer.text());
        assert!(
            answer.text().contains(says) || answer.json()["error"]["message"].as_str().unwrap().contains(says),
            "{body}: {}",
            answer.text()
        );
    }
    let begun = begin(&gateway, &canary(5.0));
    let second = send(&gateway, "POST", "/v1/experiments", &canary(5.0));
    assert_eq!((second.status, second.error_code()), (409, "conflict".to_owned()), "one at a time on a route");
    let missing = send(&gateway, "POST", "/v1/experiments/exp_none/rollback", &Value::Null);
    assert_eq!((missing.status, missing.error_code()), (404, "not_found".to_owned()));
    let forged = gateway.get("/v1/experiments?cursor=bm9uc2Vuc2U");
    assert_eq!(forged.status, 400, "{}", forged.text());
    assert_eq!(gateway.get("/v1/experiments?status=draft").json()["items"], json!([]));
    let listed = gateway.get("/v1/experiments?status=active&limit=1").json();
    assert_eq!((&listed["items"][0]["id"], &listed["has_more"]), (&begun["id"], &json!(false)));
    let limits = json!({"require_shadow_before_live": true});
    assert_eq!(call(gateway.address, "PUT", "/v1/constraints", &[], limits.to_string().as_bytes()).status, 200);
    send(&gateway, "POST", &format!("/v1/experiments/{}/complete", id(&begun)), &Value::Null);
    let refused = send(&gateway, "POST", "/v1/experiments", &canary(5.0));
    assert_eq!((refused.status, refused.error_code()), (409, "conflict".to_owned()), "{}", refused.text());
    let limits = json!({"max_cost_drop_without_validation": 0.5});
    assert_eq!(call(gateway.address, "PUT", "/v1/constraints", &[], limits.to_string().as_bytes()).status, 200);
    assert_eq!(send(&gateway, "POST", "/v1/experiments", &canary(50.0)).status, 409, "a tenth of the price, unseen");
    assert_eq!(send(&gateway, "POST", "/v1/experiments", &canary(5.0)).status, 201, "a small share is how it is seen");
}

#[test]
fn the_command_begins_shows_and_ends_experiments() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, ROUTES);
    let floopy = |args: &[&str]| {
        let mut command = crate::harness::floopy(&gateway.folder);
        command.args(args).args(["--url", &format!("http://{}", gateway.address)]);
        run(command)
    };
    let (code, out, err) = floopy(&[
        "experiments",
        "create",
        "--route",
        "auto",
        "--candidate",
        "up/cheap",
        "--traffic",
        "100",
        "--format",
        "json",
    ]);
    assert_eq!(code, 0, "{err}");
    let begun: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(served(&gateway, "s"), "cheap");
    let (code, out, _) = floopy(&["experiments", "results", id(&begun)]);
    assert!(code == 0 && out.contains("e harm") && out.contains("up/cheap"), "{out}");
    let (code, out, _) = floopy(&["experiments", "list", "--status", "active"]);
    assert!(code == 0 && out.contains("canary"), "{out}");
    let (code, out, _) = floopy(&["experiments", "rollback", id(&begun)]);
    assert!(code == 0 && out.contains("rolled_back") && out.contains("operator"), "{out}");
    let (code, out, _) = floopy(&["experiments", "watch", id(&begun)]);
    assert!(code == 0 && out.contains("operator"), "watching one that has ended ends: {out}");
    assert_eq!(floopy(&["experiments", "get", "exp_none"]).0, 1);
    assert_eq!(floopy(&["experiments", "create", "--route", "auto", "--candidate", "cheap"]).0, 2);
}
