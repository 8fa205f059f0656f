mod evaluations;
mod export;
mod follow;
mod list;
mod log;
mod retained;
mod retention;
mod spent;

use super::open::{Opener, open_backend, open_file};
use super::polite::Manners;
use super::*;
use crate::base::{KeyId, MicroUsd, OrgId, RequestId, RouteId, SessionId, Timestamp};
use crate::resource::constraints::Spend;
use crate::resource::decision::{Asked, Outcome, Status, Target};
use crate::resource::{Decision, Feedback, KeyRecord, Rating};
use redb::{ReadableDatabase, ReadableTable, StorageBackend};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

fn options(folder: &std::path::Path) -> Options {
    Options {
        folder: folder.to_owned(),
        group_window: Duration::from_millis(1),
        bodies: Some(Duration::from_secs(3600)),
        decisions: None,
    }
}

fn decision(org: &str, session: &str, at: i64) -> Decision {
    let asked = Asked {
        request_id: RequestId::draw(Timestamp(0)),
        org: OrgId::from(org),
        session_id: SessionId::from(session),
        created_at: Timestamp(at),
        endpoint: "chat".into(),
        requested_model: "p/m".into(),
    };
    let outcome = Outcome {
        input_tokens: Some(1),
        output_tokens: Some(1),
        cached_input_tokens: Some(0),
        cost_micro_usd: Some(MicroUsd(500_000)),
        baseline_cost_micro_usd: Some(MicroUsd(700_000)),
        saved_micro_usd: Some(MicroUsd(200_000)),
        ..Outcome::of(Status::Ok, 1)
    };
    let target = Target { provider: "p".into(), model: "m".into() };
    Decision { winner: Some(target.clone()), served: Some(target), ..Decision::of(asked, outcome) }
}

fn recorded(decision: Decision) -> Recorded {
    Recorded { decision, messages: None, answer: None, around: None }
}

fn vote(score: f64) -> Feedback {
    Feedback {
        session_id: SessionId::from(""),
        request_id: None,
        score,
        useful: true,
        comment: None,
        dimensions: None,
        key_id: None,
        created_at: Timestamp(0),
    }
}

fn session(id: &str) -> FeedbackTarget {
    FeedbackTarget::Session(id.into())
}

fn key(id: &str) -> KeyRecord {
    KeyRecord {
        id: KeyId::from(id),
        name: id.into(),
        org: OrgId::default(),
        sha256: "ab".repeat(32),
        permissions: vec!["read".into()],
        route: None,
        project: None,
        requests_per_minute: None,
        monthly_budget_micro_usd: None,
        created_at: None,
    }
}

#[tokio::test]
async fn what_was_recorded_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let org = OrgId::from("a");
    let store = Store::open(options(folder.path())).unwrap();
    let mut first = recorded(decision("a", "s", 5));
    first.decision.completion_id = Some("chatcmpl-1".into());
    first.messages = Some(bytes::Bytes::from(r#"[{"role":"user","content":"mail ada@example.org"}]"#));
    first.answer = Some(r#"{"role":"assistant","content":"ok"}"#.into());
    let id = first.decision.request_id;
    store.record(first).unwrap();
    let receipt = store.feedback(org.clone(), session("chatcmpl-1"), vote(9.0)).await.unwrap();
    assert_eq!((receipt.duplicate, receipt.session_id.as_str()), (false, "s"), "no race with the group's window");
    assert!(store.feedback(org.clone(), session("s"), vote(1.0)).await.unwrap().duplicate);
    assert!(!store.feedback(org.clone(), FeedbackTarget::Request(id), vote(3.0)).await.unwrap().duplicate);
    assert_eq!(store.feedback(org.clone(), FeedbackTarget::Latest, vote(3.0)).await.unwrap().session_id.as_str(), "s");
    assert_eq!(store.feedback(org.clone(), session("none"), vote(3.0)).await, Err(Error::NotFound));
    assert_eq!(store.feedback(OrgId::from("b"), session("s"), vote(3.0)).await, Err(Error::NotFound));
    let stored = store.decision(&org, id).unwrap().unwrap();
    assert_eq!(stored.feedback.unwrap().score, 3.0);
    assert_eq!(store.decision(&OrgId::from("b"), id).unwrap(), None);
    let session = store.session(&org, "s").unwrap().unwrap();
    assert_eq!(session.messages[0]["content"], "mail [email]");
    assert_eq!(session.messages[1]["content"], "ok");
    let summary = store.sessions(&org, 10, None).unwrap().items.remove(0);
    assert_eq!((summary.score, summary.value_per_usd), (Some(9.0), Some(18.0)));
    assert_eq!(summary.saved_micro_usd, Some(MicroUsd(200_000)));
    assert_eq!(store.verify().unwrap().broken, None);
}

#[tokio::test]
async fn a_confidence_filter_is_applied() {
    let folder = tempfile::tempdir().unwrap();
    let org = OrgId::from("a");
    let store = Store::open(options(folder.path())).unwrap();
    for (at, confidence) in [(1, Some(0.2)), (2, Some(0.5)), (3, Some(0.9)), (4, None)] {
        let mut sure = decision("a", "s", at);
        sure.assessment.confidence = confidence;
        store.record(recorded(sure)).unwrap();
    }
    store.flush().await.unwrap();
    for (min, max, times) in [
        (None, None, vec![4, 3, 2, 1]),
        (Some(0.5), None, vec![3, 2]),
        (None, Some(0.5), vec![2, 1]),
        (Some(0.3), Some(0.8), vec![2]),
        (Some(0.0), Some(1.0), vec![3, 2, 1]),
    ] {
        let filter = DecisionFilter { min_confidence: min, max_confidence: max, ..DecisionFilter::default() };
        let page = store.decisions(&org, &filter, 10, None).unwrap();
        let found: Vec<i64> = page.items.iter().map(|stored| stored.decision.created_at.0).collect();
        assert_eq!(found, times, "{min:?} to {max:?}");
    }
}

#[tokio::test]
async fn pages_are_stable_while_records_come_in() {
    let folder = tempfile::tempdir().unwrap();
    let org = OrgId::from("a");
    let store = Store::open(options(folder.path())).unwrap();
    for at in 0..25 {
        store.record(recorded(decision("a", &format!("s{at}"), at))).unwrap();
    }
    store.flush().await.unwrap();
    let filter = DecisionFilter { from: Some(Timestamp(3)), to: Some(Timestamp(20)), ..DecisionFilter::default() };
    let (mut times, mut cursor) = (Vec::new(), None);
    loop {
        let page = store.decisions(&org, &filter, 5, cursor.as_deref()).unwrap();
        times.extend(page.items.iter().map(|stored| stored.decision.created_at.0));
        store.record(recorded(decision("a", "new", 19))).unwrap();
        store.flush().await.unwrap();
        assert_eq!(page.has_more, page.next_cursor.is_some());
        match page.next_cursor {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    assert_eq!(times, (3..20).rev().collect::<Vec<_>>());
    let other = DecisionFilter::default();
    assert_eq!(store.decisions(&org, &other, 5, cursor.as_deref()), Err(Error::BadCursor), "another listing's cursor");
    let (mut ids, mut cursor) = (std::collections::BTreeSet::new(), None);
    loop {
        let page = store.sessions(&org, 7, cursor.as_deref()).unwrap();
        assert!(page.items.iter().all(|session| ids.insert(session.session_id.to_string())), "none comes twice");
        match page.next_cursor {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    assert_eq!(ids.len(), 26);
}

#[tokio::test]
async fn keys_and_pins_outlive_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let (org, route) = (OrgId::default(), RouteId::from("auto"));
    let store = Store::open(options(folder.path())).unwrap();
    store.create_key(key("k1")).await.unwrap();
    store.create_key(key("k2")).await.unwrap();
    assert_eq!(store.revoke_key(Some(OrgId::from("other")), KeyId::from("k1")).await, Err(Error::NotFound));
    store.revoke_key(None, KeyId::from("k1")).await.unwrap();
    store.pin(org.clone(), route.clone(), true).await.unwrap();
    assert_eq!(Store::open(options(folder.path())).unwrap_err(), Error::Locked);
    store.close().await;
    drop(store);
    let store = Store::open(options(folder.path())).unwrap();
    assert_eq!(store.keys().unwrap().iter().map(|key| key.id.to_string()).collect::<Vec<_>>(), ["k2"]);
    assert_eq!(store.pins().unwrap(), [(org.clone(), route.clone())]);
    store.pin(org, route, false).await.unwrap();
    assert_eq!(store.pins().unwrap(), []);
}

#[test]
fn what_is_no_store_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("floopy.redb");
    std::fs::write(&file, "a letter to my aunt").unwrap();
    assert_eq!(Store::open(options(folder.path())).unwrap_err(), Error::Foreign);
    assert_eq!(std::fs::read(&file).unwrap(), b"a letter to my aunt");
    std::fs::write(&file, [b"redb\x1A\x0A\xA9\x0D\x0A".as_slice(), &[7; 9000]].concat()).unwrap();
    assert!(matches!(Store::open(options(folder.path())).unwrap_err(), Error::Corrupt(_)));
    std::fs::write(folder.path().join("a"), "").unwrap();
    assert!(matches!(Store::open(options(&folder.path().join("a/b"))).unwrap_err(), Error::Unreadable(_)));
}

#[tokio::test]
async fn any_edit_deletion_swap_or_cut_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(options(folder.path())).unwrap();
    for at in 0..12 {
        store.record(recorded(decision("a", "s", at))).unwrap();
    }
    store.feedback(OrgId::from("a"), session("s"), vote(5.0)).await.unwrap();
    store.close().await;
    drop(store);
    let path = folder.path().join("floopy.redb");
    assert_eq!(verify_folder(folder.path()).unwrap().entries, 13);
    let good = std::fs::read(&path).unwrap();
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    for round in 0..300 {
        std::fs::write(&path, &good).unwrap();
        let mut draw = |below: usize| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            usize::try_from(seed % below as u64).unwrap()
        };
        let (at, other) = (1 + draw(13) as u64, 1 + draw(13) as u64);
        let database = open_file(&path, &Manners::default()).unwrap();
        let txn = database.begin_write().unwrap();
        {
            let mut log = txn.open_table(tables::LOG).unwrap();
            let entry = log.get((0, at)).unwrap().unwrap().value().to_vec();
            match round % 4 {
                0 => {
                    let mut edited = entry;
                    let place = draw(edited.len());
                    edited[place] ^= 1 << draw(8);
                    log.insert((0, at), edited.as_slice()).unwrap();
                }
                1 => drop(log.remove((0, at)).unwrap()),
                2 => {
                    let swapped = log.get((0, other)).unwrap().unwrap().value().to_vec();
                    log.insert((0, at), swapped.as_slice()).unwrap();
                    log.insert((0, other), entry.as_slice()).unwrap();
                }
                _ => log.retain_in((0, at)..=(0, u64::MAX), |_, _| false).unwrap(),
            }
        }
        txn.commit().unwrap();
        drop(database);
        let broken = verify_folder(folder.path()).unwrap().broken;
        assert_eq!(broken.is_some(), round % 4 != 2 || at != other, "round {round}, entry {at}, {other}");
    }
}

#[tokio::test]
async fn a_backup_of_a_running_store_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(options(folder.path())).unwrap();
    for at in 0..50 {
        store.record(recorded(decision("a", "s", at))).unwrap();
    }
    store.flush().await.unwrap();
    std::fs::create_dir(folder.path().join("copy")).unwrap();
    let to = folder.path().join("copy/floopy.redb");
    store.backup(&to).unwrap();
    assert!(store.backup(&to).is_err(), "nothing is overwritten");
    let report = verify_folder(&folder.path().join("copy")).unwrap();
    assert_eq!((report.decisions, report.broken), (50, None));
}

/// Pages in memory that fail from the n-th operation on.
#[derive(Debug, Clone, Default)]
struct Failing {
    bytes: Arc<Mutex<Vec<u8>>>,
    left: Arc<AtomicU64>,
    failing: Arc<AtomicBool>,
}

impl Failing {
    fn step(&self) -> Result<(), std::io::Error> {
        if self.failing.load(Ordering::Relaxed)
            && self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_err()
        {
            return Err(std::io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }
}

impl StorageBackend for Failing {
    fn len(&self) -> Result<u64, std::io::Error> {
        Ok(self.bytes.lock().unwrap().len() as u64)
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), std::io::Error> {
        self.step()?;
        let at = usize::try_from(offset).unwrap();
        out.copy_from_slice(&self.bytes.lock().unwrap()[at..at + out.len()]);
        Ok(())
    }
    fn set_len(&self, len: u64) -> Result<(), std::io::Error> {
        self.step()?;
        self.bytes.lock().unwrap().resize(usize::try_from(len).unwrap(), 0);
        Ok(())
    }
    fn sync_data(&self) -> Result<(), std::io::Error> {
        self.step()
    }
    fn write(&self, offset: u64, data: &[u8]) -> Result<(), std::io::Error> {
        self.step()?;
        let at = usize::try_from(offset).unwrap();
        self.bytes.lock().unwrap()[at..at + data.len()].copy_from_slice(data);
        Ok(())
    }
}

/// What was acknowledged in a scenario.
#[derive(Debug, Default)]
struct Acknowledged {
    feedback: bool,
    rating: Option<RequestId>,
    key: bool,
    judged: Option<RequestId>,
    constraints: bool,
    priors: bool,
    checkpoint: bool,
    durable: Option<RequestId>,
}

const SLOW: Spend = Spend {
    cost_limit_monthly_usd: None,
    token_window_seconds: None,
    max_tokens_per_window: None,
    max_requests_per_minute: Some(1),
};

async fn scenario(store: &Store) -> Acknowledged {
    let org = OrgId::from("a");
    let mut done = Acknowledged::default();
    let first = recorded(decision("a", "s", 1));
    let id = first.decision.request_id;
    drop(store.record(first));
    done.feedback = store.feedback(org.clone(), session("s"), vote(7.0)).await.is_ok();
    let rating =
        Rating { request_id: id, score: 50.0, dimensions: None, note: None, key_id: None, created_at: Timestamp(2) };
    done.rating = store.rate(org.clone(), rating).await.is_ok().then_some(id);
    done.key = store.create_key(key("k")).await.is_ok();
    done.judged = store.judged(org.clone(), log::judgement(id, 70.0)).await.is_ok().then_some(id);
    done.constraints = store.put_constraints(org.clone(), log::new_constraints(Some(SLOW), None)).await.is_ok();
    done.priors = store.put_priors(org.clone(), log::pooling(false)).await.is_ok();
    let checkpoint = Checkpoint { format: 1, sequence: 1, bytes: vec![7] };
    done.checkpoint = store.save_checkpoint(org, checkpoint).await.is_ok();
    let strict = recorded(decision("a", "t", 3));
    let id = strict.decision.request_id;
    done.durable = store.record_durable(strict).await.is_ok().then_some(id);
    done
}

/// A disk that fails at the n-th operation, for every n of a scenario: no panic, and what was
/// acknowledged is there when the disk works again.
#[tokio::test]
async fn whichever_operation_fails_nothing_acknowledged_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let org = OrgId::from("a");
    let mut failed = 0;
    for n in 0.. {
        let disk = Failing::default();
        let opener = |disk: Failing| -> Opener { Box::new(move |_| open_backend(disk.clone())) };
        // A file is put in its place whole: the disk begins to fail after that.
        drop(open_backend(disk.clone()).unwrap());
        disk.left.store(n, Ordering::Relaxed);
        disk.failing.store(true, Ordering::Relaxed);
        let done = match Store::start(&options(folder.path()), opener(disk.clone())) {
            Ok(store) => {
                let done = scenario(&store).await;
                store.close().await;
                done
            }
            Err(_) => Acknowledged::default(),
        };
        let whole = disk.left.load(Ordering::Relaxed) > 0;
        disk.failing.store(false, Ordering::Relaxed);
        failed += u64::from(!whole);
        let store = Store::start(&options(folder.path()), opener(disk.clone()))
            .unwrap_or_else(|error| panic!("operation {n}: {error}"));
        assert_eq!(store.verify().unwrap().broken, None, "operation {n}");
        if done.feedback {
            assert!(store.feedback(org.clone(), session("s"), vote(1.0)).await.unwrap().duplicate, "operation {n}");
        }
        if let Some(id) = done.rating {
            assert!(store.decision(&org, id).unwrap().unwrap().rating.is_some(), "operation {n}");
        }
        if done.key {
            assert_eq!(store.keys().unwrap().len(), 1, "operation {n}");
        }
        if let Some(id) = done.judged {
            assert!(store.decision(&org, id).unwrap().unwrap().judged.is_some(), "operation {n}");
        }
        if done.constraints {
            assert_eq!(store.constraints().unwrap()[0].1.spend, SLOW, "operation {n}");
        }
        if done.priors {
            assert!(!store.priors_settings().unwrap()[0].1.pooling, "operation {n}");
        }
        if done.checkpoint {
            assert!(store.load_checkpoint(&org, 1).unwrap().is_some(), "operation {n}");
        }
        if let Some(id) = done.durable {
            assert!(store.decision(&org, id).unwrap().is_some(), "operation {n}");
        }
        if whole {
            assert!(done.feedback && done.key && done.durable.is_some());
            assert!(done.judged.is_some() && done.constraints && done.priors && done.checkpoint);
            break;
        }
    }
    assert!(failed > 20, "the scenario has {failed} operations");
}

#[tokio::test]
async fn a_disk_that_works_again_takes_what_was_kept() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Failing::default();
    let again = disk.clone();
    let store = Store::start(&options(folder.path()), Box::new(move |_| open_backend(again.clone()))).unwrap();
    disk.failing.store(true, Ordering::Relaxed);
    let kept = recorded(decision("a", "s", 1));
    let id = kept.decision.request_id;
    store.record(kept).unwrap();
    assert!(store.flush().await.is_err());
    assert!(!store.health().writable);
    disk.failing.store(false, Ordering::Relaxed);
    while store.flush().await.is_err() {
        tokio::task::yield_now().await;
    }
    assert!(store.health().writable);
    assert!(store.decision(&OrgId::from("a"), id).unwrap().is_some());
    let database = store.database.read().unwrap().clone().unwrap();
    assert_eq!(database.begin_read().unwrap().open_table(tables::LOG).unwrap().iter().unwrap().count(), 1);
}
