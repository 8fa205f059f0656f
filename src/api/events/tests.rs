//! What one look at the log brings a reader.

use super::*;
use crate::base::{KeyId, RequestId, SessionId, Timestamp};
use crate::resource::decision::{Outcome, Reason, Status, Strategy, UsageNote};
use crate::resource::{Assessment, Decision, KeyRecord};
use crate::store::{Options, Recorded};
use serde_json::Value;

fn decision(org: &str, label: &str) -> Recorded {
    let now = Timestamp(1_700_000_000_000_000);
    let outcome = Outcome {
        status: Status::Ok,
        latency_ms: 1,
        ttft_ms: None,
        input_tokens: None,
        output_tokens: None,
        cached_input_tokens: None,
        cost_micro_usd: None,
        baseline_cost_micro_usd: None,
        saved_micro_usd: None,
        cache_hit: false,
        threat_blocked: false,
        fallback_used: false,
        attempts: Vec::new(),
    };
    let decision = Decision {
        request_id: RequestId::draw(now),
        org: OrgId::from(org),
        session_id: SessionId::from("s"),
        session_inferred: false,
        created_at: now,
        endpoint: "chat".to_owned(),
        requested_model: "m".to_owned(),
        stream: false,
        floopy_reason: "m::direct".to_owned(),
        routing_strategy: Strategy::LegacyModel,
        route: None,
        winner: None,
        served: None,
        reason: Reason::NoRouter,
        propensity: None,
        candidates: Vec::new(),
        filtered: Vec::new(),
        assessment: Assessment::default(),
        trace: None,
        outcome,
        heuristics: None,
        usage: UsageNote::default(),
        http_status: 200,
        error_code: None,
        key_id: None,
        user_id: None,
        project_id: None,
        session_name: Some(label.to_owned()),
        session_path: None,
        experiment: None,
        properties: Vec::new(),
        dropped_parameters: Vec::new(),
        completion_id: None,
        batch_id: None,
        evaluation_id: None,
        trace_id: None,
        timings: None,
        config_generation: 1,
    };
    Recorded { decision, messages: None, answer: None, around: None }
}

fn store(folder: &std::path::Path) -> Store {
    let window = Duration::from_millis(1);
    Store::open(Options { folder: folder.to_owned(), group_window: window, bodies: None, decisions: None }).unwrap()
}

/// The events of a text: id, kind, data.
fn events(text: &[u8]) -> Vec<(u64, String, Value)> {
    let text = std::str::from_utf8(text).unwrap();
    let blocks = text.split_terminator("\n\n").map(|block| {
        let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
        (field("id: ").parse().unwrap(), field("event: "), serde_json::from_str(&field("data: ")).unwrap())
    });
    blocks.collect()
}

/// Reads to the end of the log in slices, as a reader does; the largest slice.
fn read(store: &Store, org: &OrgId, mut after: u64, most: u64, room: usize) -> (Vec<(u64, String, Value)>, usize) {
    let (mut all, mut largest) = (Vec::new(), 0);
    loop {
        let Slice { text, followed } = slice(store, org, after, most, room).unwrap();
        if followed.through == after {
            return (all, largest);
        }
        after = followed.through;
        largest = largest.max(text.len());
        all.extend(events(&text));
    }
}

#[tokio::test]
async fn whoever_comes_again_hears_what_it_has_not_heard() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let org = OrgId::from("a");
    for number in 0..20 {
        store.record(decision("a", &format!("n{number}"))).unwrap();
        store.record(decision("b", "foreign")).unwrap();
    }
    store.flush().await.unwrap();
    for after in 0..=20 {
        let (heard, _) = read(&store, &org, after, 100, 700);
        assert_eq!(heard.iter().map(|event| event.0).collect::<Vec<_>>(), (after + 1..=20).collect::<Vec<_>>());
        for (id, kind, data) in heard {
            assert_eq!((kind.as_str(), &data["session_name"]), ("decision", &Value::from(format!("n{}", id - 1))));
        }
    }
    assert_eq!(read(&store, &org, 1_000, 100, 700).0, [], "who is ahead of the log hears what comes now");
    assert_eq!(read(&store, &OrgId::from("nobody"), 0, 100, 700).0, []);
}

#[tokio::test]
async fn whoever_is_too_far_behind_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let org = OrgId::from("a");
    for _ in 0..30 {
        store.record(decision("a", "x")).unwrap();
    }
    store.flush().await.unwrap();
    let (heard, _) = read(&store, &org, 5, 10, 1 << 20);
    assert_eq!(heard[0], (20, "missed".to_owned(), serde_json::json!({"missed": 15})));
    assert_eq!(heard[1..].iter().map(|event| event.0).collect::<Vec<_>>(), (21..=30).collect::<Vec<_>>());
    assert_eq!(read(&store, &org, 20, 10, 1 << 20).0.len(), 10, "its id goes on behind what was missed");
}

#[tokio::test]
async fn a_slice_is_bounded_however_long_the_log_is() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let label = "x".repeat(16 << 10);
    for _ in 0..1000 {
        store.record(decision("a", &label)).unwrap();
    }
    store.flush().await.unwrap();
    let (heard, largest) = read(&store, &OrgId::from("a"), 0, u64::MAX, EVENT_SLICE);
    assert_eq!(heard.len(), 1000);
    assert!(largest <= EVENT_SLICE + label.len() + 2048, "{largest}");
}

#[tokio::test]
async fn keys_are_nobodys_news() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let org = OrgId::from("a");
    let key = KeyRecord {
        id: KeyId::from("k"),
        name: "k".to_owned(),
        org: org.clone(),
        sha256: "ab".repeat(32),
        permissions: vec!["read".to_owned()],
        route: None,
        project: None,
        requests_per_minute: None,
        monthly_budget_micro_usd: None,
        created_at: None,
    };
    store.create_key(key).await.unwrap();
    let Slice { text, followed } = slice(&store, &org, 0, 100, 1 << 20).unwrap();
    assert_eq!((text.len(), followed), (0, Followed { through: 1, missed: 0 }));
}

#[test]
fn an_odd_last_event_is_refused() {
    let of = |text: &'static str| {
        let mut headers = HeaderMap::new();
        headers.insert("last-event-id", http::HeaderValue::from_static(text));
        last_heard(&headers).map_err(|error| error.code)
    };
    assert_eq!((of("17"), of("")), (Ok(Some(17)), Ok(None)));
    for odd in ["x", "-1", "1.5", "99999999999999999999"] {
        assert_eq!(of(odd), Err(Code::InvalidRequest), "{odd}");
    }
}
