//! What goes when its time has come, and what stays.

use super::*;
use crate::store::retention::{Ages, Step, step};
use proptest::prelude::*;
use redb::Database;

const US: Duration = Duration::from_micros(1);

fn database(store: &Store) -> Arc<Database> {
    store.database.read().unwrap().clone().unwrap()
}

/// Removes what is older than `before` until nothing more is due; how many steps that took.
pub(super) fn remove(store: &Store, bodies: bool, before: i64) -> u32 {
    let ages = Ages { bodies: bodies.then_some(US), decisions: (!bodies).then_some(US) };
    for steps in 1.. {
        let done = step(&database(store), ages, Timestamp(before + 1), &Manners::default()).unwrap();
        if !done.is_partial {
            return steps;
        }
    }
    unreachable!("the loop ends by returning")
}

fn with_body(at: i64) -> Recorded {
    let mut one = recorded(decision("a", "s", at));
    one.messages = Some(bytes::Bytes::from(format!(r#"[{{"role":"user","content":"{at}"}}]"#)));
    one
}

#[tokio::test]
async fn bodies_end_with_their_retention_and_decisions_stay() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(options(folder.path())).unwrap();
    for at in [10, 20, 30] {
        store.record(with_body(at)).unwrap();
    }
    store.flush().await.unwrap();
    remove(&store, true, 25);
    let ages = Ages { bodies: Some(US), decisions: None };
    let again = step(&database(&store), ages, Timestamp(26), &Manners::default()).unwrap();
    assert_eq!(again, Step::default(), "nothing is left to do");
    let session = store.session(&OrgId::from("a"), "s").unwrap().unwrap();
    assert_eq!((session.turn_count, session.messages.len()), (3, 1));
    assert_eq!(store.verify().unwrap().pruned, 0);
}

#[tokio::test]
async fn old_decisions_go_with_all_that_belongs_to_them() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(options(folder.path())).unwrap();
    let org = OrgId::from("a");
    let mut first = with_body(10);
    first.decision.completion_id = Some("chatcmpl-1".into());
    first.decision.session_id = SessionId::from("old");
    let old = first.decision.request_id;
    let second = with_body(20);
    let kept = second.decision.request_id;
    store.record(first).unwrap();
    store.record(second).unwrap();
    store.record(recorded(decision("b", "other", 5))).unwrap();
    store.feedback(org.clone(), FeedbackTarget::Request(old), vote(3.0)).await.unwrap();
    store.feedback(org.clone(), session("old"), vote(4.0)).await.unwrap();
    let rating =
        Rating { request_id: old, score: 50.0, dimensions: None, note: None, key_id: None, created_at: Timestamp(12) };
    store.rate(org.clone(), rating).await.unwrap();
    assert_eq!(store.head(&org).unwrap(), 5);

    remove(&store, false, 15);
    assert!(store.decision(&org, old).unwrap().is_none());
    assert!(store.session(&org, "old").unwrap().is_none());
    assert_eq!(store.sessions(&org, 10, None).unwrap().items.len(), 1, "its session is gone from the list");
    for target in [FeedbackTarget::Request(old), session("old"), session("chatcmpl-1"), session(&old.to_string())] {
        assert_eq!(store.feedback(org.clone(), target, vote(1.0)).await.unwrap_err(), Error::NotFound);
    }
    let left = store.decision(&org, kept).unwrap().unwrap();
    assert_ne!(left.previous_sha256, "0".repeat(64), "its predecessor is gone, and still named");
    assert_eq!(store.session(&org, "s").unwrap().unwrap().turn_count, 1);
    assert!(store.decisions(&OrgId::from("b"), &DecisionFilter::default(), 5, None).unwrap().items.is_empty());
    let txn = database(&store).begin_read().unwrap();
    assert_eq!(redb::ReadableTableMetadata::len(&txn.open_table(tables::FEEDBACK).unwrap()).unwrap(), 0);
    assert_eq!(redb::ReadableTableMetadata::len(&txn.open_table(tables::RATINGS).unwrap()).unwrap(), 0);
    assert_eq!(redb::ReadableTableMetadata::len(&txn.open_table(tables::COMPLETIONS).unwrap()).unwrap(), 0);
    assert_eq!(redb::ReadableTableMetadata::len(&txn.open_table(tables::BODIES).unwrap()).unwrap(), 1);
    let report = store.verify().unwrap();
    assert_eq!((report.broken, report.pruned, report.decisions), (None, 2, 1));
}

#[tokio::test]
async fn many_go_in_steps_and_what_is_not_learned_from_stays() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(options(folder.path())).unwrap();
    let org = OrgId::from("a");
    for at in 0..500 {
        store.record(recorded(decision("a", &format!("s{}", at / 3), at))).unwrap();
    }
    store.flush().await.unwrap();
    store.save_checkpoint(org.clone(), Checkpoint { format: 1, sequence: 450, bytes: Vec::new() }).await.unwrap();
    assert!(remove(&store, false, 10_000) > 2, "in steps");
    assert_eq!(store.decisions(&org, &DecisionFilter::default(), 100, None).unwrap().items.len(), 50);
    assert_eq!(remove(&store, false, 10_000), 1, "the traces of earlier steps are no reason for another one");
    let report = store.verify().unwrap();
    assert_eq!((report.broken, report.pruned, report.decisions), (None, 450, 50));
    store.record(recorded(decision("a", "new", 10_001))).unwrap();
    store.flush().await.unwrap();
    let copy = folder.path().join("copy");
    std::fs::create_dir(&copy).unwrap();
    store.backup(&copy.join("floopy.redb")).unwrap();
    assert_eq!(verify_folder(&copy).unwrap(), store.verify().unwrap(), "a backup keeps its anchor");
}

#[tokio::test]
async fn a_beginning_that_somebody_cut_off_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(options(folder.path())).unwrap();
    for at in 0..20 {
        store.record(recorded(decision("a", "s", at))).unwrap();
    }
    store.flush().await.unwrap();
    remove(&store, false, 5);
    assert_eq!(store.verify().unwrap().broken, None);
    let cut = |through: u64, anchored: bool| {
        let txn = database(&store).begin_write().unwrap();
        {
            let mut log = txn.open_table(tables::LOG).unwrap();
            let sha256 = chain::decode(log.get((0, through)).unwrap().unwrap().value()).unwrap().sha256;
            log.retain_in((0, 0)..=(0, through), |_, _| false).unwrap();
            if anchored {
                txn.open_table(tables::ANCHORS).unwrap().insert(0, (through, sha256)).unwrap();
            }
        }
        txn.commit().unwrap();
        store.verify().unwrap().broken
    };
    assert_eq!(cut(8, false).unwrap().what, "an entry is missing");
    assert!(cut(9, true).unwrap().what.contains("beginning is missing"), "a forged anchor");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn the_chain_stays_whole_whatever_is_removed(
        times in proptest::collection::vec(0_i64..100, 1..60),
        removals in proptest::collection::vec((0_i64..120, any::<bool>()), 1..4),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let store = Store::open(options(folder.path())).unwrap();
            for at in &times {
                let session = format!("s{}", at % 5);
                store.record(recorded(decision("a", &session, *at))).unwrap();
                if at % 3 == 0 {
                    store.feedback(OrgId::from("a"), self::session(&session), vote(5.0)).await.unwrap();
                }
            }
            store.flush().await.unwrap();
            for (before, bodies) in &removals {
                remove(&store, *bodies, *before);
                let report = store.verify().unwrap();
                prop_assert_eq!(&report.broken, &None);
                let listed = store.decisions(&OrgId::from("a"), &DecisionFilter::default(), 500, None).unwrap();
                prop_assert_eq!(listed.items.len() as u64, report.decisions, "indexes and log agree");
                let turns: u64 = {
                    let sessions = store.sessions(&OrgId::from("a"), 500, None).unwrap().items;
                    sessions.len() as u64
                };
                let live: std::collections::HashSet<_> =
                    listed.items.iter().map(|item| item.decision.session_id.clone()).collect();
                prop_assert_eq!(turns, live.len() as u64, "a session lives as long as its last decision");
            }
            Ok(())
        })?;
    }
}
