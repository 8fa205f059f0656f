//! Which target serves: resolution of `model`, the static strategies, failover.

use crate::fake::Fake;
use crate::harness::{Gateway, chat_body, wait_for};
use serde_json::json;

fn route(strategy: &str, default: &str, candidates: &[&str], more: &str) -> String {
    format!(
        "[[route]]\nname = \"auto\"\nstrategy = {strategy:?}\nsticky = \"request\"\ndefault_model = {default:?}\ncandidates = {candidates:?}\n{more}\n"
    )
}

#[test]
fn a_list_falls_back_from_left_to_right() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let answer = gateway.chat("up/status-500, up/reset ,up/cheap", &[]);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("floopy-model"), Some("cheap"));
    assert_eq!(answer.header("floopy-reason"), Some("cheap::failover"));
    let decision = gateway.decision(&answer);
    assert_eq!(decision["reason"], "provider_fallback");
    assert_eq!(decision["winner"], json!({"provider": "up", "model": "status-500"}));
    assert_eq!(decision["outcome"]["fallback_used"], true);
    let attempts = decision["outcome"]["attempts"].as_array().unwrap();
    let models: Vec<&str> = attempts.iter().map(|attempt| attempt["model"].as_str().unwrap()).collect();
    assert_eq!(models, ["status-500", "status-500", "reset", "reset", "cheap"], "each is retried once");
}

#[test]
fn a_target_that_recovers_is_retried_in_place() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let answer = gateway.chat("up/flaky", &[]);
    assert_eq!((answer.status, answer.header("floopy-reason")), (200, Some("flaky::direct")));
    assert_eq!(fake.calls_of("flaky"), 2);
}

#[test]
fn the_fallback_header_serves_when_the_model_fails() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    for headers in [
        &[("floopy-fallback", "up/cheap")][..],
        &[("x-floopy-fallback-provider", "up"), ("x-floopy-fallback-model", "cheap")],
    ] {
        let answer = gateway.chat("up/status-503", headers);
        assert_eq!((answer.status, answer.header("floopy-model")), (200, Some("cheap")), "{}", answer.text());
    }
}

#[test]
fn a_routes_own_fallback_serves_and_then_its_default() {
    let fake = Fake::start();
    let gateway = Gateway::start(
        &fake,
        &route(
            "weighted",
            "up/cheap",
            &["up/status-500"],
            "weights = { \"up/status-500\" = 1 }\nfallback = [\"up/dear\"]",
        ),
    );
    let answer = gateway.chat("auto", &[]);
    assert_eq!(answer.header("floopy-model"), Some("dear"), "{}", answer.text());
    let decision = gateway.decision(&answer);
    assert_eq!(decision["outcome"]["baseline_cost_micro_usd"], 1200, "the baseline is the default model");
    assert_eq!(decision["outcome"]["saved_micro_usd"], 1200 - 12_000);
}

#[test]
fn round_robin_takes_turns() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, &route("round_robin", "up/cheap", &["up/dear"], ""));
    let served: Vec<String> =
        (0..4).map(|_| gateway.chat("auto", &[]).header("floopy-model").unwrap().to_owned()).collect();
    assert_eq!(served, ["cheap", "dear", "cheap", "dear"]);
}

#[test]
fn weighted_serves_by_weight_and_logs_the_propensity() {
    let fake = Fake::start();
    let weights = "weights = { \"up/cheap\" = 3, \"up/dear\" = 1 }";
    let gateway = Gateway::start(&fake, &route("weighted", "up/cheap", &["up/dear"], weights));
    let mut cheap = 0;
    for _ in 0..200 {
        let answer = gateway.chat("auto", &[]);
        cheap += usize::from(answer.header("floopy-model") == Some("cheap"));
    }
    // 200 draws at 3/4: 150 ± 6.1; five standard deviations fail once in two million runs.
    assert!((120..=180).contains(&cheap), "{cheap}");
    let answer = gateway.chat("auto", &[]);
    let decision = gateway.decision(&answer);
    let candidates = decision["candidates"].as_array().unwrap();
    let sum: f64 = candidates.iter().map(|candidate| candidate["propensity"].as_f64().unwrap()).sum();
    assert!((sum - 1.0).abs() < 1e-9);
    let expected = if answer.header("floopy-model") == Some("cheap") { 0.75 } else { 0.25 };
    assert_eq!(decision["propensity"], expected);
}

#[test]
fn latency_based_times_everyone_and_then_serves_the_fastest() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, &route("latency_based", "up/cheap", &["up/dear"], ""));
    let first = gateway.chat("auto", &[]);
    let second = gateway.chat("auto", &[]);
    assert_ne!(first.header("floopy-model"), second.header("floopy-model"), "the untimed one goes first");
    let third = gateway.chat("auto", &[]);
    assert!(third.header("floopy-reason").unwrap().ends_with("::fastest"));
    let decision = gateway.decision(&third);
    assert!(decision["candidates"].as_array().unwrap().iter().all(|candidate| candidate["score"].is_number()));
}

#[test]
fn a_session_keeps_its_model_on_a_sticky_route() {
    let fake = Fake::start();
    let sticky = route("round_robin", "up/cheap", &["up/dear"], "").replace("\"request\"", "\"session\"");
    let gateway = Gateway::start(&fake, &sticky);
    let model = |session: &str| {
        gateway.chat("auto", &[("floopy-session-id", session)]).header("floopy-model").unwrap().to_owned()
    };
    let (a, b) = (model("a"), model("b"));
    assert_ne!(a, b);
    for _ in 0..5 {
        assert_eq!((model("a"), model("b")), (a.clone(), b.clone()));
    }
}

#[test]
fn an_operator_pins_a_route_to_its_default_and_back() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, &route("round_robin", "up/cheap", &["up/dear"], ""));
    assert_eq!(gateway.post("/v1/routes/auto/pin", &[], &json!({})).status, 200);
    for _ in 0..4 {
        assert_eq!(gateway.chat("auto", &[]).header("floopy-reason"), Some("cheap::pinned"));
    }
    let unpinned = crate::http::call(gateway.address, "DELETE", "/v1/routes/auto/pin", &[], b"");
    assert!(unpinned.status < 300, "{}", unpinned.text());
    let served: Vec<_> = (0..2).map(|_| gateway.chat("auto", &[]).header("floopy-model").unwrap().to_owned()).collect();
    assert_ne!(served[0], served[1]);
}

#[test]
fn an_open_circuit_is_skipped_shown_and_closed_again() {
    let fake = Fake::start();
    let more = format!(
        "[upstream.breaker]\nfailures = 2\ncooldown = \"50ms\"\n{}",
        route("fallback", "up/flaky", &["up/cheap"], "")
    );
    // `flaky` answers every second call: with one retry it serves; a storm of failures opens the circuit.
    let gateway = Gateway::start(&fake, &more.replace("up/flaky", "up/status-500"));
    for _ in 0..2 {
        assert_eq!(gateway.chat("auto", &[]).header("floopy-model"), Some("cheap"));
    }
    let before = fake.calls_of("status-500");
    let answer = gateway.chat("auto", &[]);
    let decision = gateway.decision(&answer);
    if fake.calls_of("status-500") == before {
        assert_eq!(decision["filtered"][0]["reason"], "circuit_open");
    }
    let shown = gateway.get("/v1/routes/auto").json().to_string();
    assert!(shown.contains("open"), "{shown}");
}

/// Models whose quality is believed in: the house's best, one that is nearly as good, one that is not, one without a price.
const BELIEVED: &str = "\
[[model]]\nid = \"up/house\"\ninput_usd_per_mtok = 10.0\noutput_usd_per_mtok = 20.0\nprior_quality = 0.80\n\
[[model]]\nid = \"up/thrift\"\ninput_usd_per_mtok = 1.0\noutput_usd_per_mtok = 2.0\nprior_quality = 0.79\n\
[[model]]\nid = \"up/weak\"\ninput_usd_per_mtok = 0.1\noutput_usd_per_mtok = 0.2\nprior_quality = 0.5\n\
[[model]]\nid = \"up/unpriced\"\nprior_quality = 0.99\n";

#[test]
fn smart_cost_serves_by_complexity_and_price() {
    let fake = Fake::start();
    let candidates = ["up/thrift", "up/unpriced", "up/weak"];
    let gateway = Gateway::start(&fake, &format!("{BELIEVED}{}", route("smart_cost", "up/house", &candidates, "")));
    let turns = |count: usize| -> Vec<_> {
        let roles = ["user", "assistant"].iter().cycle().take(count);
        roles.map(|role| json!({"role": role, "content": "Tell me more of it."})).collect()
    };
    let system = json!({"role": "system", "content": "Keep to these rules. ".repeat(100)});
    let mut complex = vec![system];
    complex.extend(turns(9));
    let tool = json!([{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]);
    for (body, model, why, tier) in [
        (json!({"messages": turns(1)}), "weak", "smart_cost_simple", "simple"),
        (json!({"messages": turns(7)}), "thrift", "smart_cost_moderate", "moderate"),
        (json!({"messages": complex, "tools": tool}), "house", "smart_cost_complex", "complex"),
    ] {
        let mut body = body;
        body["model"] = json!("auto");
        let answer = gateway.post("/v1/chat/completions", &[], &body);
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.header("floopy-reason"), Some(format!("{model}::{why}").as_str()));
        let decision = gateway.decision(&answer);
        assert_eq!(decision["complexity"]["tier"], tier);
        assert_eq!(decision["complexity"]["intent"], "general");
        let refused: Vec<&str> =
            decision["filtered"].as_array().unwrap().iter().map(|model| model["model"].as_str().unwrap()).collect();
        assert_eq!(
            refused,
            if tier == "moderate" { vec!["weak"] } else { vec![] },
            "the floor is for moderate requests"
        );
        let unpriced = decision["candidates"].as_array().unwrap().iter().find(|model| model["model"] == "unpriced");
        assert!(unpriced.unwrap()["expected_cost_micro_usd"].is_null());
        let selected = if model == "house" { "smart_cost_default_kept" } else { "smart_cost_selected" };
        assert_eq!(decision["explanation_detail"]["template_id"], selected, "{}", decision["explanation"]);
        assert_eq!(decision["outcome"]["baseline_cost_micro_usd"], 12_000);
    }
}

#[test]
fn a_session_under_smart_cost_moves_up_and_stays() {
    let fake = Fake::start();
    let sticky = route("smart_cost", "up/house", &["up/weak"], "").replace("\"request\"", "\"session\"");
    let gateway = Gateway::start(&fake, &format!("{BELIEVED}{sticky}"));
    let served = |turns: usize| {
        let system = json!({"role": "system", "content": "Keep to these rules. ".repeat(100)});
        let said = (0..turns).map(|_| json!({"role": "user", "content": "Fix it:\n```\nx = 1\n```"}));
        let messages: Vec<_> = std::iter::once(system).chain(said).collect();
        let body = json!({"model": "auto", "messages": messages});
        let answer = gateway.post("/v1/chat/completions", &[("floopy-session-id", "s")], &body);
        answer.header("floopy-reason").unwrap().to_owned()
    };
    assert_eq!(gateway.chat("auto", &[("floopy-session-id", "s")]).header("floopy-model"), Some("weak"));
    assert_eq!(served(8), "house::smart_cost_complex");
    assert_eq!(gateway.chat("auto", &[("floopy-session-id", "s")]).header("floopy-reason"), Some("house::sticky"));
}

/// Calls of the route that its next choice knows of.
fn samples(gateway: &Gateway, headers: &[(&str, &str)]) -> u64 {
    let foreseen = gateway.post("/v1/routing/explain", headers, &chat_body("auto", false)).json();
    let candidates = foreseen["candidates"].as_array().unwrap();
    candidates.iter().filter_map(|candidate| candidate["samples"].as_u64()).sum()
}

#[test]
fn smart_select_tries_everybody_and_then_serves_the_better_one() {
    let fake = Fake::start();
    let settings = "[route.smart_select]\nalgorithm = \"epsilon_greedy\"\nmin_samples = 3";
    let gateway = Gateway::start(&fake, &route("smart_select", "up/dear", &["up/cheap"], settings));
    let served = |headers: &[(&str, &str)]| gateway.chat("auto", headers).header("floopy-model").unwrap().to_owned();
    let forced: Vec<String> = (1..=6)
        .map(|calls| {
            let model = served(&[]);
            wait_for("the call to be known", || (samples(&gateway, &[]) == calls).then_some(()));
            model
        })
        .collect();
    assert_eq!(forced, ["dear", "cheap", "dear", "cheap", "dear", "cheap"], "the least known one first");
    let mut cheap = 0;
    for _ in 0..40 {
        cheap += usize::from(served(&[]) == "cheap");
    }
    // Both answer alike, one at a tenth of the cost: served with 0.95; 40 draws are 38 ± 1.4.
    assert!(cheap >= 30, "{cheap}");
    let answer = gateway.chat("auto", &[]);
    let decision = gateway.decision(&answer);
    let best = answer.header("floopy-model") == Some("cheap");
    let propensity = decision["propensity"].as_f64().unwrap();
    assert!((propensity - if best { 0.95 } else { 0.05 }).abs() < 1e-9, "{propensity}");
    let template = if best { "smart_select_exploit" } else { "smart_select_explore" };
    assert_eq!(decision["explanation_detail"]["template_id"], template);
    assert!(decision["candidates"].as_array().unwrap().iter().all(|model| model["samples"].as_u64() >= Some(3)));
}

#[test]
fn a_header_runs_the_bandit_over_any_routes_candidates() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, &route("fallback", "up/dear", &["up/cheap"], ""));
    let bandit = [("floopy-smart-select", "true")];
    let served: Vec<String> = (1..=4)
        .map(|calls| {
            let model = gateway.chat("auto", &bandit).header("floopy-model").unwrap().to_owned();
            wait_for("the call to be known", || (samples(&gateway, &bandit) == calls).then_some(()));
            model
        })
        .collect();
    assert!(served.contains(&"cheap".to_owned()) && served.contains(&"dear".to_owned()), "{served:?}");
    let answer = gateway.chat("auto", &bandit);
    assert_eq!(answer.header("floopy-strategy"), Some("smart_select"));
    assert_eq!(gateway.chat("auto", &[]).header("floopy-reason"), Some("dear::fallback"), "the others keep their rule");
    let refused = gateway.chat("up/cheap", &bandit);
    assert_eq!((refused.status, refused.error_code()), (400, "invalid_request".into()), "{}", refused.text());
}

#[test]
fn backups_that_fail_too_are_asked_later() {
    let fake = Fake::start();
    // The breaker is off, so that nothing but what was shown moves anybody.
    let more = format!(
        "[upstream.breaker]\nenabled = false\n[[model]]\nid = \"up/status-503\"\n{}",
        route(
            "weighted",
            "up/cheap",
            &["up/status-500"],
            "weights = { \"up/status-500\" = 1 }\nfallback = [\"up/status-503\", \"up/dear\"]"
        )
    );
    let gateway = Gateway::start(&fake, &more);
    let tried = |answer: &crate::http::Answer| -> Vec<String> {
        let decision = gateway.decision(answer);
        let mut models: Vec<String> = decision["outcome"]["attempts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|attempt| attempt["model"].as_str().unwrap().to_owned())
            .collect();
        models.dedup();
        models
    };
    let first = gateway.chat("auto", &[]);
    assert_eq!(tried(&first), ["status-500", "status-503", "dear"], "by rule");
    assert!(gateway.decision(&first)["backup_order"].is_null());
    for _ in 0..6 {
        assert_eq!(gateway.chat("auto", &[]).header("floopy-model"), Some("dear"));
    }
    let later = wait_for("the failures to be known", || {
        let answer = gateway.chat("auto", &[]);
        (!gateway.decision(&answer)["backup_order"].is_null()).then_some(answer)
    });
    assert_eq!(tried(&later), ["status-500", "dear"], "status-503 has failed after the same failure");
    let order = gateway.decision(&later)["backup_order"].clone();
    assert_eq!(order["rule"], json!(["up/status-503", "up/dear", "up/cheap"]));
    assert_eq!(order["learned"][0], "up/dear", "{order}");
}

#[test]
fn smart_cost_knows_models_by_their_benchmarks() {
    let fake = Fake::start();
    let models = "[[model]]\nid = \"up/gpt-4o\"\ninput_usd_per_mtok = 10.0\noutput_usd_per_mtok = 20.0\n\
        [[model]]\nid = \"up/gpt-4o-mini\"\ninput_usd_per_mtok = 1.0\noutput_usd_per_mtok = 2.0\n\
        [[model]]\nid = \"up/heard-of-by-nobody\"\ninput_usd_per_mtok = 0.1\noutput_usd_per_mtok = 0.2\n";
    let candidates = ["up/gpt-4o-mini", "up/heard-of-by-nobody"];
    let low = route("smart_cost", "up/gpt-4o", &candidates, "quality_floor = 0.5");
    let gateway = Gateway::start(&fake, &format!("{models}{low}"));
    let turns: Vec<_> = (0..7).map(|_| json!({"role": "user", "content": "Tell me more of it."})).collect();
    let answer = gateway.post("/v1/chat/completions", &[], &json!({"model": "auto", "messages": turns}));
    assert_eq!(answer.header("floopy-reason"), Some("gpt-4o-mini::smart_cost_moderate"), "{}", answer.text());
    let decision = gateway.decision(&answer);
    assert!(decision["candidates"].as_array().unwrap().iter().all(|model| model["quality"].is_number()));
    let refused = &decision["filtered"][0];
    assert_eq!((&refused["model"], &refused["reason"]), (&json!("heard-of-by-nobody"), &json!("quality_floor")));
    assert!(refused["quality"].is_null(), "its price alone is no reason: {refused}");
}
