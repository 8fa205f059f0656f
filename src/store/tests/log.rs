//! The log as its readers see it.

use super::*;
use crate::resource::assessment::Scores;
use crate::resource::constraints::{Bound, Changed, Optimization, Window};
use crate::resource::decision::Strategy;
use crate::resource::{Judged, PriorsSetting};

fn scores(composite: f64) -> Scores {
    Scores { relevance: composite, coherence: composite, helpfulness: composite, safety: composite, composite }
}

pub(super) fn judgement(request_id: RequestId, composite: f64) -> Judged {
    let (model, cost_micro_usd) = ("p/judge".to_owned(), Some(MicroUsd(7)));
    Judged { request_id, scores: scores(composite), model, cost_micro_usd, created_at: Timestamp(3) }
}

pub(super) fn new_constraints(spend: Option<Spend>, optimization: Option<Optimization>) -> NewConstraints {
    NewConstraints { spend, optimization, key_id: Some(KeyId::from("k")), created_at: Timestamp(4) }
}

pub(super) fn pooling(pooling: bool) -> Changed<PriorsSetting> {
    Changed { old: None, new: PriorsSetting { pooling }, key_id: None, created_at: Timestamp(5) }
}

#[tokio::test]
async fn every_kind_is_read_back_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let org = OrgId::from("a");
    let store = Store::open(options(folder.path())).unwrap();
    let mut commits = store.commits();
    assert_eq!((store.orgs().unwrap(), store.head(&org).unwrap()), (vec![], 0));
    let first = decision("a", "s", 1);
    let id = first.request_id;
    store.record(recorded(first.clone())).unwrap();
    store.record(recorded(decision("b", "s", 1))).unwrap();
    store.feedback(org.clone(), session("s"), vote(9.0)).await.unwrap();
    let rating =
        Rating { request_id: id, score: 80.0, dimensions: None, note: None, key_id: None, created_at: Timestamp(2) };
    store.rate(org.clone(), rating.clone()).await.unwrap();
    store.judged(org.clone(), judgement(id, 70.0)).await.unwrap();
    let floor = Optimization { quality_floor: Some(0.9), ..Optimization::default() };
    store.put_constraints(org.clone(), new_constraints(None, Some(floor))).await.unwrap();
    store.put_priors(org.clone(), pooling(false)).await.unwrap();
    store.pin(org.clone(), RouteId::from("auto"), true).await.unwrap();
    store.create_key(KeyRecord { org: org.clone(), ..key("k1") }).await.unwrap();
    assert!(commits.has_changed().unwrap());
    assert_eq!(store.orgs().unwrap(), [org.clone(), OrgId::from("b")]);
    assert_eq!(store.head(&org).unwrap(), 8);
    let entries = store.log_after(&org, 0, 100).unwrap();
    assert_eq!(entries.iter().map(|entry| entry.sequence).collect::<Vec<_>>(), (1..=8).collect::<Vec<_>>());
    let what: Vec<Logged> = entries.into_iter().map(|entry| entry.what).collect();
    let told = Feedback { session_id: SessionId::from("s"), ..vote(9.0) };
    let constraints = crate::resource::Constraints { spend: Spend::default(), optimization: floor };
    let changed = Changed { old: None, new: constraints, key_id: Some(KeyId::from("k")), created_at: Timestamp(4) };
    let expected = [
        Logged::Decision(Box::new(first.clone())),
        Logged::Feedback(told),
        Logged::Rating(rating),
        Logged::Judged(judgement(id, 70.0)),
        Logged::Constraints(Box::new(changed)),
        Logged::Priors(pooling(false)),
        Logged::Pin { route: RouteId::from("auto"), pinned: true },
        Logged::Other(Kind::KeyCreated),
    ];
    assert_eq!(what, expected);
    let part = store.log_after(&org, 2, 3).unwrap();
    assert_eq!(part.iter().map(|entry| entry.sequence).collect::<Vec<_>>(), [3, 4, 5]);
    assert_eq!(store.log_after(&org, 8, 3).unwrap(), []);
    let of = |strategy| store.log_where(&org, 0, 100, |decision| decision.is_by(strategy)).unwrap();
    let own = of(Strategy::LegacyModel);
    assert_eq!(own, store.log_after(&org, 0, 100).unwrap());
    let others = of(Strategy::FeedbackDriven);
    assert_eq!(others.len(), own.len());
    assert_eq!(others[0].what, Logged::Other(Kind::Decision), "a decision of another strategy is not read");
    assert_eq!(store.log_after(&org, u64::MAX, 3).unwrap(), []);
    assert_eq!(store.log_after(&OrgId::from("none"), 0, 3).unwrap(), []);
    assert_eq!(store.session_decisions(&org, "s", 2).unwrap(), [first]);
    assert_eq!(store.session_decisions(&org, "s", 1).unwrap(), []);
    assert_eq!(store.session_decisions(&org, "none", 2).unwrap(), []);
    assert_eq!(store.verify().unwrap().broken, None);
    store.close().await;
    commits.mark_unchanged();
    assert!(commits.changed().await.is_err(), "the wake-up ends with the store");
}

#[tokio::test]
async fn a_checkpoint_lasts_and_counts_only_where_it_fits() {
    let folder = tempfile::tempdir().unwrap();
    let org = OrgId::from("a");
    let store = Store::open(options(folder.path())).unwrap();
    store.record(recorded(decision("a", "s", 1))).unwrap();
    store.flush().await.unwrap();
    assert_eq!(store.load_checkpoint(&org, 1).unwrap(), None);
    let mut commits = store.commits();
    commits.mark_unchanged();
    let made = |sequence| Checkpoint { format: 1, sequence, bytes: vec![1, 2, 3] };
    store.save_checkpoint(org.clone(), made(1)).await.unwrap();
    assert!(!commits.has_changed().unwrap(), "a checkpoint wakes nobody");
    assert_eq!(store.save_checkpoint(org.clone(), made(2)).await, Err(Error::NotFound), "the log ends before it");
    store.close().await;
    drop(store);
    let store = Store::open(options(folder.path())).unwrap();
    assert_eq!(store.load_checkpoint(&org, 1).unwrap(), Some(made(1)));
    assert_eq!(store.load_checkpoint(&org, 2).unwrap(), None, "another format");
    assert_eq!(store.head(&org).unwrap(), 1, "a checkpoint is no entry");
    assert_eq!(store.verify().unwrap().entries, 1);
}

#[tokio::test]
async fn a_family_of_constraints_is_replaced_as_a_whole_and_leaves_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let org = OrgId::from("a");
    let store = Store::open(options(folder.path())).unwrap();
    let spend = Spend { max_requests_per_minute: Some(5), token_window_seconds: Some(60), ..Spend::default() };
    let bound = Some(Bound { value: 0.1, window: Window::Week });
    let optimization = Optimization { max_regression: bound, quality_floor: Some(0.9), ..Optimization::default() };
    store.put_constraints(org.clone(), new_constraints(Some(spend), Some(optimization))).await.unwrap();
    let slower = Spend { max_requests_per_minute: Some(1), ..Spend::default() };
    let held = store.put_constraints(org.clone(), new_constraints(Some(slower), None)).await.unwrap();
    assert_eq!((held.spend, held.optimization), (slower, optimization));
    store.put_constraints(org.clone(), new_constraints(Some(slower), None)).await.unwrap();
    assert_eq!(store.head(&org).unwrap(), 2, "what changes nothing leaves no entry");
    assert_eq!(store.constraints().unwrap(), [(org.clone(), held)]);
    let entries = store.log_after(&org, 1, 1).unwrap();
    let Logged::Constraints(changed) = &entries[0].what else { panic!("{entries:?}") };
    assert_eq!((changed.old.unwrap().spend, changed.new), (spend, held));
    store.put_priors(org.clone(), pooling(true)).await.unwrap();
    store.put_priors(org.clone(), pooling(true)).await.unwrap();
    store.put_priors(org.clone(), pooling(false)).await.unwrap();
    assert_eq!(store.head(&org).unwrap(), 4);
    assert_eq!(store.priors_settings().unwrap(), [(org, PriorsSetting { pooling: false })]);
}

#[tokio::test]
async fn the_judges_last_word_stands() {
    let folder = tempfile::tempdir().unwrap();
    let (org, other) = (OrgId::from("a"), OrgId::from("b"));
    let store = Store::open(options(folder.path())).unwrap();
    let first = decision("a", "s", 1);
    let id = first.request_id;
    store.record(recorded(first)).unwrap();
    store.judged(org.clone(), judgement(id, 70.0)).await.unwrap();
    store.judged(org.clone(), judgement(id, 60.0)).await.unwrap();
    assert_eq!(store.judged(other, judgement(id, 10.0)).await, Err(Error::NotFound));
    let stored = store.decision(&org, id).unwrap().unwrap();
    assert_eq!(stored.judged, Some(judgement(id, 60.0)));
    assert_eq!(stored.scores(), Some(scores(60.0)));
    assert_eq!(store.judgement(&org, id, u64::MAX).unwrap(), Some(judgement(id, 60.0)));
    assert_eq!(store.judgement(&org, id, 3).unwrap(), None, "what comes later is not known yet");
}

#[tokio::test]
async fn the_credits_of_a_session_add_up_to_its_outcome() {
    let folder = tempfile::tempdir().unwrap();
    let org = OrgId::from("a");
    let store = Store::open(options(folder.path())).unwrap();
    let mut ids = Vec::new();
    for (at, tokens) in [(1, 300), (2, 100), (3, 0)] {
        let mut call = decision("a", "s", at);
        call.outcome.output_tokens = Some(tokens);
        ids.push(call.request_id);
        store.record(recorded(call)).unwrap();
    }
    let mut unanswered = decision("a", "s", 4);
    unanswered.served = None;
    unanswered.outcome.output_tokens = None;
    ids.push(unanswered.request_id);
    store.record(recorded(unanswered)).unwrap();
    store.feedback(org.clone(), session("s"), vote(6.0)).await.unwrap();
    store.feedback(org.clone(), FeedbackTarget::Request(ids[1]), vote(8.5)).await.unwrap();
    store.judged(org.clone(), judgement(ids[1], 70.0)).await.unwrap();
    let page = store.decisions(&org, &DecisionFilter::default(), 10, None).unwrap();
    let of_session = |stored: &crate::resource::StoredDecision| {
        stored.credits.iter().filter(|credit| credit.source == "session").map(|credit| credit.credit).sum::<f64>()
    };
    let each: Vec<f64> = page.items.iter().rev().map(of_session).collect();
    assert_eq!(each, [0.375, 0.125, 0.0, 0.0]);
    assert_eq!(each.iter().sum::<f64>(), 0.5, "6 lies halfway from 3.5 to 8.5");
    let second = store.decision(&org, ids[1]).unwrap().unwrap();
    let told: Vec<(&str, f64)> = second.credits.iter().map(|credit| (credit.source.as_str(), credit.credit)).collect();
    assert_eq!(told, [("session", 0.125), ("request", 1.0), ("auto", 0.7)]);
    let mut late = decision("a", "s", 5);
    late.outcome.output_tokens = None;
    store.record(recorded(late)).unwrap();
    store.flush().await.unwrap();
    let page = store.decisions(&org, &DecisionFilter::default(), 10, None).unwrap();
    let sum: f64 = page.items.iter().map(of_session).sum();
    assert!((sum - 0.5).abs() < 1e-9, "the session goes on, and the sum stays: {sum}");
}

#[tokio::test]
async fn the_latest_session_of_a_key_is_its_own_and_never_a_judges() {
    let folder = tempfile::tempdir().unwrap();
    let org = OrgId::from("a");
    let store = Store::open(options(folder.path())).unwrap();
    let latest = |key: Option<&str>| {
        let vote = Feedback { key_id: key.map(KeyId::from), ..vote(9.0) };
        store.feedback(org.clone(), FeedbackTarget::Latest, vote)
    };
    assert_eq!(latest(None).await, Err(Error::NotFound));
    store.record(recorded(decision("a", "first", 1))).unwrap();
    store.record(recorded(decision("a", "second", 2))).unwrap();
    let by_key = Decision { key_id: Some(KeyId::from("k")), ..decision("a", "keyed", 3) };
    store.record(recorded(by_key)).unwrap();
    let judge = crate::resource::decision::JUDGE;
    store.record(recorded(Decision { endpoint: judge.into(), ..decision("a", "judge:auto", 4) })).unwrap();
    store.record(recorded(decision("b", "foreign", 5))).unwrap();
    assert_eq!(latest(None).await.unwrap().session_id.as_str(), "second");
    assert_eq!(latest(Some("k")).await.unwrap().session_id.as_str(), "keyed");
    assert_eq!(latest(Some("other")).await, Err(Error::NotFound));
    let sessions = store.sessions(&org, 10, None).unwrap().items;
    assert_eq!(
        sessions.iter().map(|session| session.session_id.as_str()).collect::<Vec<_>>(),
        ["keyed", "second", "first"]
    );
    assert_eq!(store.verify().unwrap().broken, None);
}

#[tokio::test]
async fn a_store_of_the_first_format_is_taken_on() {
    let folder = tempfile::tempdir().unwrap();
    drop(Store::open(options(folder.path())).unwrap());
    let format = |set: Option<u32>| {
        let database = open_file(&folder.path().join(FILE), &Manners::default()).unwrap();
        let txn = database.begin_write().unwrap();
        let found = {
            let mut meta = txn.open_table(tables::META).unwrap();
            if let Some(format) = set {
                meta.insert("format", format.to_be_bytes().as_slice()).unwrap();
            }
            let bytes = meta.get("format").unwrap().unwrap().value().to_vec();
            u32::from_be_bytes(bytes.try_into().unwrap())
        };
        txn.commit().unwrap();
        found
    };
    format(Some(1));
    drop(Store::open(options(folder.path())).unwrap());
    assert_eq!(format(None), tables::FORMAT);
    format(Some(tables::FORMAT + 1));
    assert!(matches!(Store::open(options(folder.path())).unwrap_err(), Error::Newer { .. }));
}
