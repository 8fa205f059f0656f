//! The judge: what it says is recorded beside the answer, costs apart, and can neither be dictated nor block anybody.

use crate::fake::Fake;
use crate::harness::{Gateway, wait_for};
use crate::http::Answer;
use serde_json::{Value, json};

fn route(judge: &str, rate: f64) -> String {
    let model = |name: &str, price: f64| {
        format!(
            "[[model]]\nid = \"up/{name}\"\ninput_usd_per_mtok = {price}\noutput_usd_per_mtok = {price}\nprior_quality = 0.8\n"
        )
    };
    format!(
        "{}{}{}{}[[route]]\nname = \"auto\"\nstrategy = \"feedback_driven\"\ndefault_model = \"up/premium\"\n\
         candidates = [\"up/thrifty\", \"up/poor\"]\n[route.judge]\nmodel = \"up/{judge}\"\nsample_rate = {rate}\ndaily_budget_usd = 1000\n",
        model("premium", 100.0),
        model("thrifty", 1.0),
        model("poor", 0.5),
        model(judge, 1.0),
    )
}

/// The count of judgements with this result.
pub(crate) fn judged(gateway: &Gateway, result: &str) -> u64 {
    let metrics = gateway.get("/metrics").text();
    let line = format!("floopy_judged_total{{result=\"{result}\"}} ");
    metrics.lines().find_map(|text| text.strip_prefix(&line)).map_or(0, |count| count.parse().unwrap())
}

/// The record of the one call that the judge was asked.
fn judge_call(gateway: &Gateway) -> Value {
    wait_for("the record of the judge's call", || {
        let page = gateway.get("/v1/decisions?limit=500").json();
        let calls: Vec<Value> =
            page["items"].as_array().unwrap().iter().filter(|item| item["endpoint"] == "judge").cloned().collect();
        assert!(calls.len() <= 1, "one call: {calls:?}");
        calls.into_iter().next()
    })
}

fn ask(gateway: &Gateway, number: usize) -> Answer {
    gateway.chat("auto", &[("floopy-session-id", &format!("s{number}"))])
}

#[test]
fn a_judged_answer_has_its_scores_and_the_judges_call_its_own_record() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, &route("judge", 1.0));
    let answer = ask(&gateway, 0);
    wait_for("the judgement", || (judged(&gateway, "ok") == 1).then_some(()));
    let decision = gateway.decision(&answer);
    let helpfulness = decision["scores"]["helpfulness"].as_f64().unwrap();
    let relevance = decision["scores"]["relevance"].as_f64().unwrap();
    assert!((36.0..=100.0).contains(&helpfulness) && (36.0..=100.0).contains(&relevance), "{decision}");
    let call = judge_call(&gateway);
    assert_eq!((&call["model"], &call["route"]), (&json!("judge"), &Value::Null));
    assert!(call["cost_micro_usd"].as_i64().unwrap() > 0);
    let sessions = gateway.get("/v1/sessions").json();
    assert_eq!(sessions["items"].as_array().unwrap().len(), 1, "the judge's call is nobody's session: {sessions}");
    let body = json!({"score": 9, "useful": true});
    let receipt = gateway.post("/v1/feedback", &[], &body).json();
    assert_eq!(receipt["session_id"], "s0", "the latest session is the application's, not the judge's");
}

#[test]
fn where_nobody_rates_the_judge_lets_the_route_save_and_the_record_says_so() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, &route("judge", 1.0));
    let mut served = Vec::new();
    for number in 0..300 {
        let answer = ask(&gateway, number);
        assert_eq!(answer.status, 200, "{}", answer.text());
        served.push(answer.header("floopy-model").unwrap().to_owned());
        wait_for("the judgement", || (judged(&gateway, "ok") > number as u64).then_some(()));
    }
    let late = &served[200..];
    let share = |model: &str| late.iter().filter(|served| *served == model).count();
    assert!(share("thrifty") > 20, "thrifty served {} of the last 100", share("thrifty"));
    assert!(share("poor") < 10, "poor served {} of the last 100", share("poor"));
    let decision = gateway.decision(&ask(&gateway, 300));
    assert_eq!((&decision["phase"], &decision["floor"]["source"]), (&json!("auto"), &json!("judge")), "{decision}");
}

#[test]
fn a_judge_that_obeys_the_text_or_talks_is_not_believed() {
    let fake = Fake::start();
    for (judge, result) in [("judge-obeys", "unchecked"), ("judge-garbage", "garbled"), ("hang", "failed")] {
        let gateway = Gateway::start(&fake, &route(judge, 1.0));
        let answer = ask(&gateway, 0);
        assert_eq!(answer.status, 200);
        wait_for("the judge to fail", || (judged(&gateway, result) == 1).then_some(()));
        judge_call(&gateway);
        assert_eq!(judged(&gateway, "ok"), 0);
    }
}

#[test]
fn an_answer_that_speaks_to_the_judge_is_never_shown_to_it() {
    let fake = Fake::start();
    let more = route("judge", 1.0).replace("up/premium", "up/injector").replace("feedback_driven", "round_robin");
    let gateway = Gateway::start(&fake, &more);
    for number in 0..5 {
        ask(&gateway, number);
    }
    wait_for("all five to be looked at", || {
        (judged(&gateway, "ok") + judged(&gateway, "refused_text") == 5).then_some(())
    });
    let shown = fake
        .seen()
        .iter()
        .filter(|seen| seen.body["model"] == "judge" && seen.body.to_string().contains("full marks"))
        .count();
    assert_eq!(shown, 0);
    assert!(judged(&gateway, "refused_text") > 0);
}

#[test]
fn zero_retention_and_a_spent_budget_keep_answers_from_the_judge() {
    let fake = Fake::start();
    let gateway =
        Gateway::start(&fake, &route("judge", 1.0).replace("daily_budget_usd = 1000", "daily_budget_usd = 0"));
    let private = gateway.chat("auto", &[("floopy-retention", "none")]);
    assert_eq!(private.status, 200);
    ask(&gateway, 1);
    wait_for("the budget to refuse", || (judged(&gateway, "over_budget") == 1).then_some(()));
    assert_eq!(fake.calls_of("judge"), 0);
}
