//! A route that learns: from ratings to the share of traffic, and what its records say.

use crate::fake::Fake;
use crate::harness::{Gateway, wait_for};
use crate::http::call;
use serde_json::{Value, json};

/// A dear default and two cheap candidates; `more` goes into the route.
pub(crate) fn route(more: &str) -> String {
    let model = |name: &str, price: f64| {
        format!(
            "[[model]]\nid = \"up/{name}\"\ninput_usd_per_mtok = {price}\noutput_usd_per_mtok = {price}\nprior_quality = 0.8\n"
        )
    };
    format!(
        "{}{}{}[[route]]\nname = \"auto\"\nstrategy = \"feedback_driven\"\ndefault_model = \"up/premium\"\n\
         candidates = [\"up/thrifty\", \"up/poor\"]\n{more}\n",
        model("premium", 100.0),
        model("thrifty", 1.0),
        model("poor", 0.5)
    )
}

/// One session of one call, rated by whoever served: who served, and the decision's id.
pub(crate) fn session(gateway: &Gateway, number: usize, rating: impl Fn(&str) -> Option<f64>) -> (String, String) {
    let session = format!("s{number}");
    let answer = gateway.chat("auto", &[("floopy-session-id", &session)]);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let model = answer.header("floopy-model").unwrap().to_owned();
    if let Some(score) = rating(&model) {
        let body = json!({"session_id": session, "score": score, "useful": score > 5.0});
        let receipt = gateway.post("/v1/feedback", &[], &body);
        assert_eq!(receipt.status, 200, "{}", receipt.text());
    }
    (model, answer.header("x-request-id").unwrap().to_owned())
}

pub(crate) fn good_but_poor(model: &str) -> Option<f64> {
    Some(if model == "poor" { 1.0 } else { 9.0 })
}

#[test]
fn good_cheap_models_take_the_traffic_and_poor_ones_lose_it() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, &route(""));
    let served: Vec<String> = (0..400).map(|number| session(&gateway, number, good_but_poor).0).collect();
    let share = |model: &str| served.iter().skip(200).filter(|served| *served == model).count();
    assert!(share("thrifty") > 140, "cheap served {} of the last 200", share("thrifty"));
    assert!(share("poor") < 20, "poor served {} of the last 200", share("poor"));
    let early = served.iter().take(200).filter(|served| *served == "poor").count();
    assert!(early < 40, "the floor pays for few bad calls, not for {early}");
}

#[test]
fn without_ratings_the_default_model_keeps_most_of_the_traffic() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, &route(""));
    let served: Vec<String> = (0..120).map(|number| session(&gateway, number, |_| None).0).collect();
    let kept = served.iter().filter(|served| *served == "premium").count();
    assert!(kept > 60, "{kept}");
}

#[test]
fn a_record_says_what_was_known_and_recomputes() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, &route(""));
    for number in 0..60 {
        session(&gateway, number, good_but_poor);
    }
    let (model, id) = session(&gateway, 60, good_but_poor);
    let decision = gateway.decision_by_id(&id);
    assert_eq!((&decision["routing_strategy"], &decision["route"]), (&json!("feedback_driven"), &json!("auto")));
    assert_eq!(decision["winner"]["model"], json!(model));
    for key in ["phase", "weights", "propensity", "exploration_rate_effective", "floor", "evidence"] {
        assert!(!decision[key].is_null(), "{key} in {decision}");
    }
    let weights = decision["weights"].as_object().unwrap();
    let sum: f64 = weights.values().map(|weight| weight.as_f64().unwrap()).sum();
    assert!((sum - 1.0).abs() < 1e-9, "{weights:?}");
    let candidates = decision["candidates"].as_array().unwrap();
    assert_eq!(candidates.len(), 3);
    let propensities: f64 = candidates.iter().map(|candidate| candidate["propensity"].as_f64().unwrap()).sum();
    assert!((propensities - 1.0).abs() < 1e-9, "{candidates:?}");
    assert_eq!(decision["floor"]["floor"], json!(0.95));
    let trace = serde_json::from_value(decision["decision_trace"]["learned"].clone()).unwrap();
    let (winner, again) = floopy::routing::learn::recompute(&trace).unwrap();
    assert_eq!(trace.arms[winner], format!("up/{model}"));
    let served = candidates.iter().find(|candidate| candidate["model"] == json!(model)).unwrap();
    assert_eq!(served["propensity"].as_f64(), Some(again[winner]));
}

#[test]
fn a_session_keeps_its_model() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, &route(""));
    let first = gateway.chat("auto", &[("floopy-session-id", "kept")]);
    for _ in 0..5 {
        let next = gateway.chat("auto", &[("floopy-session-id", "kept")]);
        assert_eq!(next.header("floopy-model"), first.header("floopy-model"));
        assert!(next.header("floopy-reason").unwrap().ends_with("::sticky"));
        let decision = gateway.decision(&next);
        assert_eq!((&decision["propensity"], &decision["decision_trace"]["learned"]), (&json!(1.0), &Value::Null));
    }
}

#[test]
fn what_is_learned_survives_a_restart_and_a_kill() {
    let fake = Fake::start();
    let mut gateway = Gateway::start(&fake, &route(""));
    for number in 0..80 {
        session(&gateway, number, good_but_poor);
    }
    let arms = |gateway: &Gateway| {
        let route = gateway.get("/v1/routes/auto").json();
        let samples = |arm: &Value| (arm["model"].clone(), arm["samples"].clone(), arm["quality"].clone());
        route["arms"].as_array().unwrap().iter().map(samples).collect::<Vec<_>>()
    };
    let rated = |arms: &[(Value, Value, Value)]| arms.iter().filter_map(|arm| arm.1.as_u64()).sum::<u64>();
    let before = wait_for("all ratings to be learned", || {
        let arms = arms(&gateway);
        (rated(&arms) == 80).then_some(arms)
    });
    gateway.signal("TERM");
    gateway.wait();
    gateway.restart();
    assert_eq!(wait_for("the state to be back", || (rated(&arms(&gateway)) == 80).then(|| arms(&gateway))), before);
    gateway.kill();
    gateway.restart();
    assert_eq!(wait_for("the state to be back", || (rated(&arms(&gateway)) == 80).then(|| arms(&gateway))), before);
}

#[test]
fn a_corrected_rating_by_hand_teaches_anew_and_for_good() {
    let fake = Fake::start();
    let mut gateway = Gateway::start(&fake, &route(""));
    let (model, id) = session(&gateway, 0, |_| None);
    let rate = |gateway: &Gateway, score: u32| {
        let body = json!({"score": score}).to_string();
        let path = format!("/v1/decisions/{id}/rating");
        assert_eq!(call(gateway.address, "PUT", &path, &[], body.as_bytes()).status, 200);
    };
    let quality = |gateway: &Gateway| {
        let route = gateway.get("/v1/routes/auto").json();
        let own = route["arms"].as_array().unwrap().iter().find(|arm| arm["model"] == json!(model)).unwrap().clone();
        own["quality"].as_f64().unwrap()
    };
    let unrated = quality(&gateway);
    rate(&gateway, 0);
    let wrong = wait_for("the rating to be learned", || Some(quality(&gateway)).filter(|now| *now < unrated - 0.01));
    rate(&gateway, 100);
    let right = wait_for("the correction to be learned", || Some(quality(&gateway)).filter(|now| *now > wrong + 0.01));
    assert!(right > unrated, "what was said first counts no longer: {unrated} {wrong} {right}");
    gateway.kill();
    gateway.restart();
    wait_for("the state to be back", || (quality(&gateway) == right).then_some(()));
}

#[test]
fn what_smart_select_was_shown_survives_a_restart_and_a_kill() {
    let fake = Fake::start();
    let more = "[[route]]\nname = \"auto\"\nstrategy = \"smart_select\"\ndefault_model = \"up/dear\"\ncandidates = [\"up/cheap\"]\n";
    let mut gateway = Gateway::start(&fake, more);
    let sessions: Vec<String> = (0..20).map(|number| session(&gateway, number, |_| None).0).collect();
    let known = |gateway: &Gateway| {
        let foreseen = gateway.post("/v1/routing/explain", &[], &crate::harness::chat_body("auto", false)).json();
        let seen = |arm: &Value| (arm["model"].clone(), arm["samples"].as_u64().unwrap_or(0), arm["score"].as_f64());
        let mut arms: Vec<_> = foreseen["candidates"].as_array().unwrap().iter().map(seen).collect();
        arms.sort_by_key(|arm| arm.0.to_string());
        arms
    };
    type Arms = Vec<(Value, u64, Option<f64>)>;
    let calls = |arms: &Arms| arms.iter().map(|arm| arm.1).sum::<u64>();
    let score = |arms: &Arms| arms.iter().find(|arm| arm.0 == "cheap").and_then(|arm| arm.2).unwrap();
    let unrated = wait_for("all calls to be known", || Some(known(&gateway)).filter(|arms| calls(arms) == 20));
    let rated = sessions.iter().position(|model| model == "cheap").expect("both are tried");
    let vote = json!({"session_id": format!("s{rated}"), "score": 0, "useful": false});
    assert_eq!(gateway.post("/v1/feedback", &[], &vote).status, 200);
    let before = wait_for("the rating to be known", || {
        Some(known(&gateway)).filter(|arms| score(arms) < score(&unrated) - 0.02)
    });
    gateway.signal("TERM");
    gateway.wait();
    gateway.restart();
    assert_eq!(wait_for("the sums to be back", || Some(known(&gateway)).filter(|arms| calls(arms) == 20)), before);
    gateway.kill();
    gateway.restart();
    assert_eq!(wait_for("the sums to be back", || Some(known(&gateway)).filter(|arms| calls(arms) == 20)), before);
}

#[test]
fn a_session_that_has_to_move_says_what_its_lost_cache_costs() {
    let fake = Fake::start();
    let sees = |word: &str| format!("prior_quality = 0.8\ncapabilities = [\"{word}\"]\n");
    let more = route("").replacen("prior_quality = 0.8\n", &sees("vision"), 1);
    let gateway = Gateway::start(&fake, &more.replace("prior_quality = 0.8\n[", &format!("{}[", sees("!vision"))));
    let header = [("floopy-session-id", "moves")];
    let moved = (0..200).find_map(|number| {
        let session = format!("m{number}");
        let header = [("floopy-session-id", session.as_str())];
        let first = gateway.chat("auto", &header);
        (first.header("floopy-model") != Some("premium")).then_some(session)
    });
    let session = moved.expect("cheap models are tried");
    let image = json!({"model": "auto", "messages": [{"role": "user", "content": [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    ]}]});
    let answer = gateway.post("/v1/chat/completions", &[("floopy-session-id", &session)], &image);
    assert_eq!(answer.header("floopy-model"), Some("premium"), "nobody else can see: {}", answer.text());
    let switch = gateway.decision(&answer)["switch"].clone();
    assert!(switch["from"]["model"] == "thrifty" || switch["from"]["model"] == "poor", "{switch}");
    assert!(switch["lost_cached_tokens"].is_u64() && switch["cost_micro_usd"].is_i64(), "{switch}");
    let stays = gateway.decision(&gateway.chat("auto", &header))["switch"].clone();
    assert!(stays.is_null(), "a session that begins moves from nowhere: {stays}");
}

#[test]
fn what_no_price_is_known_of_never_serves_to_save() {
    let fake = Fake::start();
    let more = route("sticky = \"request\"").replace("\"up/thrifty\", ", "\"up/unpriced\", ");
    let gateway = Gateway::start(&fake, &format!("[[model]]\nid = \"up/unpriced\"\nprior_quality = 0.99\n{more}"));
    for _ in 0..40 {
        let decision = gateway.decision(&gateway.chat("auto", &[]));
        let filtered = decision["filtered"].as_array().unwrap();
        let unpriced = filtered.iter().find(|out| out["model"] == "unpriced").unwrap();
        assert_eq!(
            (&unpriced["reason"], &unpriced["expected_cost_micro_usd"]),
            (&json!("constraint_max_cost_increase"), &Value::Null)
        );
    }
    assert_eq!(fake.calls_of("unpriced"), 0);
}
