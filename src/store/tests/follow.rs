//! Following a log whose beginning retention has removed.

use super::*;
use std::ops::ControlFlow;

#[tokio::test]
async fn what_retention_has_removed_was_missed() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(options(folder.path())).unwrap();
    for at in 1..=6 {
        store.record(recorded(decision("a", "s", at))).unwrap();
    }
    store.flush().await.unwrap();
    retention::remove(&store, false, 4);
    let follow = |after: u64| {
        let mut told = Vec::new();
        let followed = store.follow(&OrgId::from("a"), after, 100, |entry| {
            told.push((entry.sequence, entry.kind));
            ControlFlow::Continue(())
        });
        (told, followed.unwrap())
    };
    let (told, followed) = follow(1);
    assert_eq!(followed, Followed { through: 7, missed: 2 }, "entries 2 and 3; 7 says that they went");
    assert_eq!(told, [(4, "decision"), (5, "decision"), (6, "decision")]);
    assert_eq!(follow(5), (vec![(6, "decision")], Followed { through: 7, missed: 0 }));
}

#[tokio::test]
async fn an_outcome_of_a_long_session_is_told_with_the_newest_credits_and_a_count() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(options(folder.path())).unwrap();
    let all: Vec<Decision> = (1..=60).map(|at| decision("a", "s", at)).collect();
    for decision in &all {
        store.record(recorded(decision.clone())).unwrap();
    }
    let later = Feedback { created_at: Timestamp(100), ..vote(9.0) };
    store.feedback(OrgId::from("a"), session("s"), later).await.unwrap();
    let told = || {
        let mut told = String::new();
        let tell = |entry: crate::store::Entry<'_>| {
            told.push_str(entry.json);
            ControlFlow::Break(())
        };
        store.follow(&OrgId::from("a"), 60, 100, tell).unwrap();
        assert!(told.len() < 16 << 10, "{}", told.len());
        serde_json::from_str::<serde_json::Value>(&told).unwrap()
    };
    let event = told();
    assert_eq!((&event["score"], &event["credit_count"]), (&9.0.into(), &60.into()));
    let credits = event["credits"].as_array().unwrap();
    let newest = all.iter().rev().take(50).map(|decision| decision.request_id.to_string());
    assert!(newest.eq(credits.iter().map(|credit| credit["request_id"].as_str().unwrap().to_owned())), "{event}");
    retention::remove(&store, false, 61);
    let event = told();
    assert_eq!((&event["score"], &event["credit_count"]), (&9.0.into(), &0.into()), "its session is gone");
    assert_eq!(event["credits"], serde_json::json!([]));
}
