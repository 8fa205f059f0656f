//! What reading the record costs, in a store of a size that matters: lists, single decisions, exports.
//!
//! ```sh
//! FLOOPY_BENCH_DECISIONS=10000000 FLOOPY_BENCH_FOLDER=/tmp/record cargo bench --bench record
//! ```
//!
//! fills the folder (about 3 GB for a million decisions) unless it holds that many already, and prints the median and
//! the 99th percentile of each read, the rows a second of an export, and by how much memory grew meanwhile. Without the
//! two it makes a store of 100,000 decisions that is gone afterwards.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, reason = "a bench that cannot go on stops")]

use floopy::base::{KeyId, MicroUsd, OrgId, RequestId, RouteId, SessionId, Timestamp};
use floopy::resource::decision::{Asked, Attempt, Candidate, Outcome, Reason, Status, Strategy, Target};
use floopy::resource::explain::Language;
use floopy::resource::{Decision, Feedback};
use floopy::store::{DecisionFilter, ExportFormat, Exporter, FeedbackTarget, Options, Recorded, Span, Store};
use futures_util::future::join_all;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const ORG: &str = "default";
/// Microseconds between two requests.
const STEP: i64 = 1_000;
/// Calls of a session.
const CALLS: i64 = 8;
/// One session of so many is voted on.
const VOTED: i64 = 100;
/// One call of so many fails.
const FAILS: i64 = 50_000;

/// A decision as a route that learns leaves it, without its number.
fn template() -> Decision {
    let target = |model: &str| Target { provider: "openai".into(), model: model.into() };
    let candidate = |model: &str| Candidate {
        target: target(model),
        score: Some(0.5),
        quality: Some(0.8),
        quality_lower: Some(0.7),
        samples: Some(120),
        expected_cost_micro_usd: Some(MicroUsd(400)),
        propensity: Some(0.5),
    };
    let asked = Asked {
        request_id: RequestId::draw(Timestamp(0)),
        org: OrgId::from(ORG),
        session_id: SessionId::from("s"),
        created_at: Timestamp(0),
        endpoint: "chat".into(),
        requested_model: "auto".into(),
    };
    let served = target("gpt-4o-mini");
    let attempt = Attempt { target: served.clone(), status: Some(200), error: None, latency_ms: 815, retry: 0 };
    let outcome = Outcome {
        ttft_ms: Some(240),
        input_tokens: Some(900),
        output_tokens: Some(210),
        cached_input_tokens: Some(0),
        cost_micro_usd: Some(MicroUsd(261)),
        baseline_cost_micro_usd: Some(MicroUsd(4350)),
        saved_micro_usd: Some(MicroUsd(4089)),
        attempts: vec![attempt],
        ..Outcome::of(Status::Ok, 820)
    };
    Decision {
        stream: true,
        floopy_reason: "gpt-4o-mini::exploit".into(),
        routing_strategy: Strategy::FeedbackDriven,
        route: Some(RouteId::from("auto")),
        winner: Some(served.clone()),
        served: Some(served),
        reason: Reason::Dispatched,
        propensity: Some(0.5),
        candidates: vec![candidate("gpt-4o"), candidate("gpt-4o-mini")],
        key_id: Some(KeyId::from("k1")),
        project_id: Some("support".into()),
        ..Decision::of(asked, outcome)
    }
}

fn at(number: i64) -> Timestamp {
    Timestamp(number * STEP)
}

fn numbered(template: &Decision, number: i64) -> Decision {
    let mut decision = template.clone();
    decision.request_id = RequestId::draw(at(number));
    decision.created_at = at(number);
    decision.session_id = SessionId::from(format!("s{}", number / CALLS).as_str());
    decision.user_id = Some(format!("u{}", number % 97));
    if number % FAILS == 0 {
        decision.outcome.status = Status::Error;
    }
    decision
}

fn vote(number: i64) -> Feedback {
    Feedback {
        session_id: SessionId::from(""),
        request_id: None,
        score: 8.0,
        useful: true,
        comment: None,
        dimensions: None,
        key_id: None,
        created_at: at(number),
    }
}

/// The store in this folder with at least `count` decisions.
fn filled(folder: &Path, count: i64) -> Store {
    let store = Store::open(Options {
        folder: folder.to_owned(),
        group_window: Duration::from_millis(20),
        bodies: None,
        decisions: None,
    })
    .unwrap();
    let org = OrgId::from(ORG);
    let newest = store.decisions(&org, &DecisionFilter::default(), 1, None).unwrap();
    let known = newest.items.first().map_or(0, |newest| newest.decision.created_at.0 / STEP + 1);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (template, began) = (template(), Instant::now());
    for number in known..count {
        let recorded = Recorded { decision: numbered(&template, number), messages: None, answer: None, around: None };
        store.record(recorded).unwrap();
        if number % 10_000 == 9_999 {
            let sessions = ((number - 9_999) / CALLS..number / CALLS).filter(|session| session % VOTED == 0);
            let votes = sessions.map(|session| {
                store.feedback(org.clone(), FeedbackTarget::Session(format!("s{session}")), vote(number))
            });
            runtime.block_on(join_all(votes)).into_iter().for_each(|receipt| drop(receipt.unwrap()));
            runtime.block_on(store.flush()).unwrap();
        }
    }
    runtime.block_on(store.flush()).unwrap();
    if known < count {
        let size = std::fs::metadata(folder.join(floopy::store::FILE)).unwrap().len();
        let seconds = began.elapsed().as_secs_f64();
        println!("filled: {} decisions in {seconds:.0} s; the file has {:.1} GB", count - known, size as f64 / 1e9);
    }
    store
}

/// A generator of places in the store: the same in each run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: i64) -> i64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        i64::try_from(self.0 % most.unsigned_abs()).unwrap()
    }
}

/// Times a read so many times and prints its median, 99th percentile and maximum.
fn measure(name: &str, times: usize, mut read: impl FnMut()) {
    for _ in 0..times / 20 {
        read();
    }
    let mut took: Vec<Duration> = (0..times)
        .map(|_| {
            let began = Instant::now();
            read();
            began.elapsed()
        })
        .collect();
    took.sort_unstable();
    let millis = |part: usize| took[(took.len() - 1) * part / 1_000].as_secs_f64() * 1e3;
    println!("{name:<44} {:>9.3} {:>9.3} {:>9.3}", millis(500), millis(990), millis(1_000));
}

/// Resident memory of this process that belongs to no file, in MiB.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1_024.0
}

fn export(store: &Store, rows: i64, name: &str, format: ExportFormat) {
    let span = Span { from: Timestamp(0), to: at(rows) };
    let (before, began) = (resident(), Instant::now());
    let mut most = before;
    let mut export = Exporter::new(store.clone(), OrgId::from(ORG), span, format, None);
    let (mut bytes, mut pieces) = (0, 0);
    while !export.is_done() {
        bytes += black_box(export.piece()).len();
        pieces += 1;
        if pieces % 64 == 0 {
            most = most.max(resident());
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    let (rate, speed) = (rows as f64 / seconds, bytes as f64 / 1e6 / seconds);
    println!("{name:<44} {rate:>9.0} rows/s, {speed:.0} MB/s, memory grew by {:.1} MiB", most - before);
}

fn main() {
    let count = std::env::var("FLOOPY_BENCH_DECISIONS").map_or(100_000, |count| count.parse::<i64>().unwrap());
    let times = std::env::var("FLOOPY_BENCH_TIMES").map_or(2_000, |times| times.parse::<usize>().unwrap());
    let temporary = tempfile::tempdir().unwrap();
    let folder = std::env::var_os("FLOOPY_BENCH_FOLDER").map_or(temporary.path().to_owned(), PathBuf::from);
    let store = filled(&folder, count);
    let org = OrgId::from(ORG);
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);

    let list = |filter: &DecisionFilter, limit| {
        let page = store.decisions(&org, filter, limit, None).unwrap();
        let items: Vec<_> = page.items.iter().map(|stored| stored.view(Language::default())).collect();
        black_box(serde_json::to_vec(&items).unwrap());
        page
    };
    let all = DecisionFilter::default();
    let before = |to| DecisionFilter { to: Some(to), ..DecisionFilter::default() };
    let ids: Vec<RequestId> =
        (0..times).map(|_| list(&before(at(1 + chance.below(count))), 1).items[0].decision.request_id).collect();
    println!("{count} decisions\n{:<44} {:>9} {:>9} {:>9}", "milliseconds", "p50", "p99", "most");
    let mut next = ids.iter().cycle();
    measure("get, anywhere", times, || {
        let stored = store.decision(&org, *next.next().unwrap()).unwrap().unwrap();
        black_box(serde_json::to_vec(&stored.view(Language::default())).unwrap());
    });
    measure("get, none", times, || assert!(store.decision(&org, RequestId::draw(Timestamp(0))).unwrap().is_none()));
    measure("list, the newest 50", times, || assert_eq!(list(&all, 50).items.len(), 50));
    measure("list, 50 before any time", times, || drop(list(&before(at(1_000 + chance.below(count - 1_000))), 50)));
    measure("list, the newest 500", times / 10, || assert_eq!(list(&all, 500).items.len(), 500));
    measure("list, one session", times, || {
        let session = Some(format!("s{}", chance.below(count / CALLS)));
        let filter = DecisionFilter { session_id: session, ..DecisionFilter::default() };
        assert_eq!(list(&filter, 50).items.len(), 8);
    });
    measure("list, 50 ids", times, || {
        let request_ids = (0..50).map(|_| *next.next().unwrap()).collect();
        let filter = DecisionFilter { request_ids, ..DecisionFilter::default() };
        assert!(list(&filter, 500).items.len() > 40);
    });
    let narrow: [(&str, DecisionFilter); 4] = [
        ("list, a model that serves all", DecisionFilter { model: Some("gpt-4o-mini".into()), ..all.clone() }),
        ("list, a model that serves nothing", DecisionFilter { model: Some("gpt-4o".into()), ..all.clone() }),
        ("list, a status of one in 50,000", DecisionFilter { status: Some(Status::Error), ..all.clone() }),
        ("list, a confidence that none has", DecisionFilter { min_confidence: Some(0.5), ..all.clone() }),
    ];
    for (name, filter) in narrow {
        measure(name, times / 4, || drop(list(&filter, 50)));
    }
    let rows = count.min(1_000_000);
    export(&store, rows, "export, JSONL", ExportFormat::Jsonl);
    export(&store, rows, "export, CSV", ExportFormat::Csv);
}
