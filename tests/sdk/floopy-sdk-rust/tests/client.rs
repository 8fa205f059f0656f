//! The published Rust client, unmodified: its types refuse an answer that lacks a field or has `null` where it takes none.

use floopy::types::{
    DecisionListParams, ExperimentCreateParams, ExperimentListParams, ExportDecisionsParams, FeedbackSubmitParams,
    OrgConstraints, RoutingExplainParams,
};
use floopy::{Error, RequestOptions};
use floopy_sdk_suite::{TEXT, chat, client, client_in, client_with_key, eventually, fresh, messages, span, traced};
use futures::{StreamExt, TryStreamExt};
use std::time::Duration;

const MODEL: &str = "openai/gpt-4o-mini";
/// How often the client inside asks again after a server's error.
const RETRIES: usize = 3;

fn of_session(session: &str) -> DecisionListParams {
    DecisionListParams { session_id: Some(session.to_owned()), ..DecisionListParams::default() }
}

/// Plays so many turns in a session and gives the ids of their decisions, oldest first.
async fn turns(session: &str, count: usize) -> Vec<String> {
    let client = client_in(session);
    for turn in 0..count {
        assert_eq!(chat(&client, MODEL, &format!("turn {turn}")).await, TEXT);
    }
    let query = of_session(session);
    let page = eventually(async || client.decisions().list(&query, None).await, |page| page.items.len() == count).await;
    page.items.into_iter().rev().map(|decision| decision.request_id).collect()
}

#[tokio::test]
async fn decisions_one_by_one_and_in_pages() {
    let session = fresh("decisions");
    let made = turns(&session, 5).await;
    let client = client();
    let one = client.decisions().get(&made[0], None).await.expect("a decision");
    assert_eq!((one.session_id.as_deref(), one.status.as_str()), (Some(session.as_str()), "ok"));
    assert_eq!((one.provider.as_deref(), one.model.as_deref()), (Some("openai"), Some("gpt-4o-mini")));
    assert!(one.cost_micro_usd.expect("a cost") > 0 && one.explanation.is_some());
    assert_eq!(traced(&one.decision_trace, "routing_strategy"), "legacy_model");
    assert_eq!(traced(&one.decision_trace, "chain")["sha256"].as_str().map(str::len), Some(64));

    let query = DecisionListParams { limit: Some(2), ..of_session(&session) };
    let pages: Vec<_> = client.decisions().pages(query.clone(), None).try_collect().await.expect("pages");
    assert_eq!(pages.iter().map(|page| page.items.len()).collect::<Vec<_>>(), [2, 2, 1]);
    assert_eq!(pages.iter().map(|page| page.has_more).collect::<Vec<_>>(), [true, true, false]);
    let all: Vec<_> = client.decisions().iter(query, None).try_collect().await.expect("decisions");
    let ids: Vec<String> = all.into_iter().rev().map(|decision| decision.request_id).collect();
    assert_eq!(ids, made);
    let times = (pages[2].items[0].request_created_at.clone(), pages[0].items[0].request_created_at.clone());
    let between = DecisionListParams { from: Some(times.0), to: Some(times.1), ..of_session(&session) };
    let between = client.decisions().list(&between, None).await.expect("a page");
    assert_eq!(between.items.len(), 4, "the end is not in it");
}

#[tokio::test]
async fn a_request_that_fails_leaves_a_decision_and_a_turn_that_can_be_read() {
    let session = fresh("failed");
    turns(&session, 1).await;
    let client = client_in(&session);
    let asked = serde_json::from_value(
        serde_json::json!({ "model": "openai/gpt-5-mini", "messages": messages("[fake status=500]") }),
    );
    client.openai().chat().create(asked.expect("a request")).await.expect_err("the provider fails");
    let query = of_session(&session);
    let all = 1 + 1 + RETRIES;
    let page = eventually(async || client.decisions().list(&query, None).await, |page| page.items.len() == all).await;
    let statuses: Vec<&str> = page.items.iter().rev().map(|decision| decision.status.as_str()).collect();
    assert_eq!(statuses, ["ok", "error", "error", "error", "error"], "the turn before, and each try");
    let restored = client.sessions().get(&session, None).await.expect("a session");
    assert_eq!(restored.turns[1].model, "gpt-5-mini");
}

#[tokio::test]
async fn feedback_counts_once() {
    let session = fresh("feedback");
    turns(&session, 1).await;
    let vote = |score| FeedbackSubmitParams { score, useful: score > 5, session_id: Some(session.clone()) };
    let first = client().feedback().submit(vote(9), None).await.expect("a receipt");
    let again = client().feedback().submit(vote(1), None).await.expect("a receipt");
    assert_eq!((first.duplicate, first.session_id.as_deref()), (false, Some(session.as_str())));
    assert!(again.duplicate);
    let wrong = client().feedback().submit(vote(11), None).await.expect_err("out of range");
    assert!(matches!(wrong, Error::Validation(_)), "{wrong}");
}

#[tokio::test]
async fn a_session_is_restored() {
    let session = fresh("session");
    turns(&session, 2).await;
    let restored = client().sessions().get(&session, None).await.expect("a session");
    assert_eq!((restored.session_id.as_str(), restored.turn_count), (session.as_str(), 2));
    assert_eq!(restored.messages.len(), 4, "two questions and two answers");
    assert_eq!((restored.turns[0].provider.as_str(), restored.turns[0].model.as_str()), ("openai", "gpt-4o-mini"));
}

#[tokio::test]
async fn a_dry_run_tells_what_would_be() {
    let asked = RoutingExplainParams::new("support-bot", messages("Where?"));
    let told = client().routing().explain(asked, None).await.expect("an explanation");
    let would = told.would_select.expect("a choice");
    assert_eq!((would["provider"].as_str(), would["model"].as_str()), ("openai", "gpt-4o-mini"));
    assert_eq!((told.firewall_decision.as_str(), told.reasoning.as_deref()), ("allow", Some("gpt-4o-mini::fallback")));
    assert_eq!(told.routing_rule_id.as_deref(), Some("support-bot"));
}

#[tokio::test]
async fn constraints_are_put_and_read() {
    let client = client();
    let before = client.constraints().get(None).await.expect("constraints");
    let wanted = OrgConstraints { cost_limit_monthly_usd: Some(250.5), ..before.clone() };
    let put = client.constraints().put(&wanted, None).await.expect("constraints");
    let read = client.constraints().get(None).await.expect("constraints");
    assert_eq!((put.cost_limit_monthly_usd, read.cost_limit_monthly_usd), (Some(250.5), Some(250.5)));
    let impossible = OrgConstraints { max_requests_per_minute: Some(0), ..before.clone() };
    let refused = client.constraints().put(&impossible, None).await.expect_err("out of range");
    assert!(matches!(refused, Error::Validation(_)), "{refused}");
    client.constraints().put(&before, None).await.expect("constraints");
}

#[tokio::test]
async fn an_experiment_from_its_beginning_to_its_end() {
    let client = client();
    let asked = ExperimentCreateParams {
        name: fresh("split"),
        variant_a_routing_rule_id: "trial-a".into(),
        variant_b_routing_rule_id: "trial-b".into(),
        description: None,
        split_percentage: Some(50),
    };
    let made = client.experiments().create(asked.clone(), None).await.expect("an experiment");
    assert_eq!((made.status.as_str(), made.split_percentage, made.rolled_back_at), ("active", 50, None));
    let fresh_results = client.experiments().results(&made.id, None).await.expect("results before the first call");
    assert_eq!((fresh_results.variant_a.sample_size, fresh_results.winner), (0, None));
    let second = client.experiments().create(asked, None).await.expect_err("the route is taken");
    assert!(matches!(second, Error::Conflict(_)), "{second}");
    for n in 0..12 {
        chat(&client_in(&fresh(&format!("trial-{n}"))), "trial-a", "Where?").await;
    }
    let results = eventually(
        async || client.experiments().results(&made.id, None).await,
        |results| results.variant_a.sample_size + results.variant_b.sample_size == 12,
    )
    .await;
    assert_eq!(results.experiment_id, made.id);
    let active = ExperimentListParams { status: Some("active".into()), limit: Some(1), ..Default::default() };
    let pages: Vec<_> = client.experiments().pages(active, None).try_collect().await.expect("pages");
    assert!(pages.iter().flat_map(|page| &page.items).any(|one| one.id == made.id));
    let ended = client.experiments().rollback(&made.id, None).await.expect("an ended experiment");
    assert_eq!(ended.status, "rolled_back");
    assert!(ended.rolled_back_at.is_some());
    let missing = client.experiments().rollback("exp_none", None).await.expect_err("no such experiment");
    assert!(matches!(missing, Error::NotFound(_)), "{missing}");
}

#[tokio::test]
async fn an_export_with_its_trailer() {
    let session = fresh("export");
    let made = turns(&session, 3).await;
    let (from, to) = span();
    let mut stream = client().export().decisions_with_trailer(ExportDecisionsParams::new(&from, &to), None);
    let mut rows = Vec::new();
    while let Some(row) = stream.next().await {
        rows.push(row.expect("a row in the client's types"));
    }
    let mine = rows.iter().filter(|row| row.session_id.as_deref() == Some(&session));
    assert_eq!(mine.map(|row| row.request_id.clone()).collect::<Vec<_>>(), made, "oldest first");
    let trailer = stream.trailer().expect("a trailer");
    assert_eq!(usize::try_from(trailer.rows_emitted), Ok(rows.len()));
    assert_eq!((trailer.truncated, trailer.reason), (false, None));
    let wrong = ExportDecisionsParams { format: Some("parquet".into()), ..ExportDecisionsParams::new(from, to) };
    let refused: Result<Vec<_>, _> = client().export().decisions(wrong, None).try_collect().await;
    assert_eq!(refused.expect_err("no such format").status(), Some(415));
}

#[tokio::test]
async fn errors_by_status() {
    let client = client();
    let bad = client.decisions().get("not-a-uuid", None).await.expect_err("no id");
    assert!(matches!(bad, Error::Validation(_)) && bad.request_id().is_some(), "{bad}");
    assert_eq!(bad.details().and_then(|details| details.code.as_deref()), Some("invalid_request_id"));
    let id = "00000000-0000-4000-8000-000000000000";
    let missing = client.decisions().get(id, None).await.expect_err("no decision");
    assert!(matches!(missing, Error::NotFound(_)), "{missing}");
    let query = DecisionListParams { cursor: Some("forged".into()), ..DecisionListParams::default() };
    let forged = client.decisions().list(&query, None).await.expect_err("no cursor of ours");
    assert!(matches!(forged, Error::Validation(_)), "{forged}");
    let nobody = client_with_key(&format!("fl_{}", "N".repeat(43)));
    let unknown = nobody.decisions().list(&DecisionListParams::default(), None).await.expect_err("no key");
    assert!(matches!(unknown, Error::Auth(_)) && unknown.status() == Some(401), "{unknown}");
    let hasty = RequestOptions::new().timeout(Duration::from_nanos(1));
    let late = client.decisions().list(&DecisionListParams::default(), hasty).await.expect_err("no time");
    assert!(matches!(late, Error::Timeout(_) | Error::Connection(_)), "{late}");
}

#[tokio::test]
async fn models_answer_through_the_client_inside() {
    assert_eq!(chat(&client(), "anthropic/claude-haiku-4-5", "Where?").await, TEXT);
    let listed = client().openai().models().list().await.expect("models");
    assert!(listed.data.iter().any(|model| model.id == MODEL));
}
