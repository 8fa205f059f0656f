//! What reading the record costs: exports, pages, single decisions. `FLOOPY_BENCH_DECISIONS` says how many decisions the
//! store holds (100,000 if unset); filling ten million takes its time and about 20 GB.
#![allow(missing_docs, clippy::unwrap_used, reason = "a bench that cannot go on stops")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use floopy::base::{OrgId, RequestId, Timestamp};
use floopy::resource::Decision;
use floopy::store::{DecisionFilter, ExportFormat, Exporter, Options, Recorded, Span, Store};
use serde_json::json;
use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

const ORG: &str = "default";

fn decision(number: i64) -> Decision {
    let target = json!({"provider": "openai", "model": "gpt-4o-mini"});
    let candidate = |model: &str| {
        json!({"provider": "openai", "model": model, "score": 0.5, "quality": 0.8,
        "quality_lower": 0.7, "samples": 120, "expected_cost_micro_usd": 400, "propensity": 0.5})
    };
    let mut decision: Decision = serde_json::from_value(json!({
        "request_id": RequestId::draw(Timestamp(number * 1_000)), "org": ORG, "session_id": format!("s{}", number / 8), "session_inferred": false,
        "created_at": Timestamp(0), "endpoint": "chat", "requested_model": "auto", "stream": true,
        "floopy_reason": "gpt-4o-mini::exploit", "routing_strategy": "feedback_driven", "route": "auto",
        "winner": target, "served": target, "reason": "dispatched", "propensity": 0.5,
        "candidates": [candidate("gpt-4o"), candidate("gpt-4o-mini")], "filtered": [],
        "outcome": {"status": "ok", "latency_ms": 820, "ttft_ms": 240, "input_tokens": 900, "output_tokens": 210,
            "cached_input_tokens": 0, "cost_micro_usd": 261, "baseline_cost_micro_usd": 4350, "saved_micro_usd": 4089,
            "cache_hit": false, "threat_blocked": false, "fallback_used": false, "attempts": [{"provider": "openai",
            "model": "gpt-4o-mini", "status": 200, "error": null, "latency_ms": 815, "retry": 0}]},
        "usage": {"estimated": false, "reasoning_tokens": 0}, "http_status": 200, "error_code": null, "key_id": "k1",
        "user_id": format!("u{}", number % 97), "project_id": "support", "session_name": null, "session_path": null,
        "config_generation": 1
    }))
    .unwrap();
    decision.created_at = Timestamp(number * 1_000);
    decision
}

fn store(folder: &Path, count: i64) -> Store {
    let store = Store::open(Options {
        folder: folder.to_owned(),
        group_window: Duration::from_millis(20),
        bodies: None,
        decisions: None,
    })
    .unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for number in 0..count {
        store.record(Recorded { decision: decision(number), messages: None, answer: None, around: None }).unwrap();
        if number % 10_000 == 9_999 {
            runtime.block_on(store.flush()).unwrap();
        }
    }
    runtime.block_on(store.flush()).unwrap();
    store
}

fn record(criterion: &mut Criterion) {
    let count: i64 = std::env::var("FLOOPY_BENCH_DECISIONS").map_or(100_000, |count| count.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path(), count);
    let org = OrgId::from(ORG);
    let mut group = criterion.benchmark_group("record");
    group.sample_size(10);
    let rows = count.min(200_000);
    let span = Span { from: Timestamp(0), to: Timestamp(rows * 1_000) };
    for (name, format) in [("export jsonl", ExportFormat::Jsonl), ("export csv", ExportFormat::Csv)] {
        group.throughput(Throughput::Elements(rows.unsigned_abs()));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let mut export = Exporter::new(store.clone(), org.clone(), span, format, None);
                while !export.is_done() {
                    black_box(export.piece());
                }
            });
        });
    }
    group.throughput(Throughput::Elements(1));
    let filter = DecisionFilter::default();
    let page = store.decisions(&org, &filter, 50, None).unwrap();
    group.bench_function("list 50", |bencher| bencher.iter(|| store.decisions(&org, &filter, 50, None).unwrap()));
    let of_session = DecisionFilter { session_id: Some("s3".to_owned()), ..DecisionFilter::default() };
    group.bench_function("list a session", |bencher| {
        bencher.iter(|| store.decisions(&org, &of_session, 50, None).unwrap());
    });
    let id = page.items.first().unwrap().decision.request_id;
    group.bench_function("get", |bencher| bencher.iter(|| store.decision(&org, id).unwrap()));
    group.finish();
}

criterion_group!(benches, record);
criterion_main!(benches);
