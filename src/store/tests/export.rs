//! Exports: whole, cut, changed; and what they add up to.

use super::*;
use crate::resource::decision::Strategy;
use crate::resource::export::Trailer;
use crate::resource::savings::GroupBy;
use crate::resource::trace::{Trace, Why};
use crate::routing::Account;
use sha2::{Digest, Sha256};
use std::io::Write as _;
use std::ops::ControlFlow;

const ALL: Span = Span { from: Timestamp(0), to: Timestamp(1 << 50) };

fn exported(store: &Store, format: ExportFormat, after: Option<(Place, RequestId)>) -> Vec<u8> {
    let mut export = Exporter::new(store.clone(), OrgId::from("a"), ALL, format, after);
    let mut out = Vec::new();
    while !export.is_done() {
        out.extend(export.piece());
    }
    out
}

/// Numbers that look like chance and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % end as u64).unwrap()
    }

    fn unit(&mut self) -> f64 {
        self.below(1 << 30) as f64 / f64::from(1 << 30)
    }
}

async fn store_with(folder: &std::path::Path, decisions: impl IntoIterator<Item = Decision>) -> Store {
    let store = Store::open(options(folder)).unwrap();
    for decision in decisions {
        store.record(recorded(decision)).unwrap();
    }
    store.flush().await.unwrap();
    store
}

/// A text with a name that has everything in it which CSV and JSON have to escape.
fn odd(at: i64) -> Decision {
    let session_name = Some("\"chain\":{\"sequence\":1}, \n=1+1".to_owned());
    Decision { session_name: session_name.clone(), user_id: session_name, ..decision("a", "s", at) }
}

#[tokio::test]
async fn an_export_holds_every_decision_once_oldest_first_and_proves_whole() {
    let folder = tempfile::tempdir().unwrap();
    let store = store_with(folder.path(), [odd(5), decision("b", "s", 2), odd(3), odd(4), decision("a", "t", 1)]).await;
    store.feedback(OrgId::from("a"), session("s"), vote(9.0)).await.unwrap();
    let out = exported(&store, ExportFormat::Jsonl, None);
    let proof = prove(&out[..]).unwrap();
    assert_eq!((proof.broken.clone(), proof.rows), (None, 4));
    let rows: Vec<serde_json::Value> =
        String::from_utf8(out.clone()).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let times: Vec<_> = rows[..4].iter().map(|row| row["created_at"].as_str().unwrap()).collect();
    assert!(times.is_sorted(), "{times:?}");
    let sdk = "request_id session_id organization_id provider model status latency_ms cost_micro_usd cache_enabled \
               threat created_at";
    let audit = "floopy_reason routing_strategy route routing_rule_id phase weights candidates filtered winner reason \
                 propensity exploration_rate_effective used_shared_pool_prior floor switch evidence outcome scores \
                 credits chain";
    for key in sdk.split_whitespace().chain(audit.split_whitespace()) {
        assert!(rows[0].get(key).is_some(), "{key} is missing");
    }
    assert_eq!(rows[1]["credits"][0]["source"], "session", "what is known beside the record is in the row");
    let trailer: Trailer = serde_json::from_value(rows[4].clone()).unwrap();
    assert_eq!((trailer.row_count, &*trailer.outcome, trailer.chain_sequence), (4, "completed", 5));
    assert_eq!(trailer.next_cursor.as_deref(), rows[3]["request_id"].as_str());
    let csv = exported(&store, ExportFormat::Csv, None);
    let proof = prove(&csv[..]).unwrap();
    assert_eq!((proof.broken, proof.rows), (None, 4), "{}", String::from_utf8_lossy(&csv));
    // Going on behind a decision gives the rest.
    let id: RequestId = rows[1]["request_id"].as_str().unwrap().parse().unwrap();
    let place = store.place_of(&OrgId::from("a"), id).unwrap().unwrap();
    assert_eq!(store.place_of(&OrgId::from("b"), id).unwrap(), None);
    let rest = exported(&store, ExportFormat::Jsonl, Some((place, id)));
    let lines = |out: &[u8]| out.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>();
    assert_eq!(lines(&rest)[..2], lines(&out)[2..4]);
    assert_eq!(prove(&rest[..]).unwrap().broken, None);
}

#[tokio::test]
async fn none_of_ten_thousand_changes_goes_unseen() {
    let folder = tempfile::tempdir().unwrap();
    let store = store_with(folder.path(), (1..=5).map(odd)).await;
    let (jsonl, csv) = (exported(&store, ExportFormat::Jsonl, None), exported(&store, ExportFormat::Csv, None));
    let mut dice = Dice(7);
    for round in 0..10_000 {
        let whole = if round % 2 == 0 { &jsonl } else { &csv };
        let mut forged = whole.clone();
        let at = dice.below(whole.len());
        let what = match dice.below(5) {
            0 => {
                forged[at] ^= 1 << dice.below(8);
                "an edit"
            }
            1 => {
                forged.truncate(at);
                "a truncation"
            }
            2 => {
                let end = (at + 1 + dice.below(300)).min(whole.len());
                forged.drain(at..end);
                "a deletion"
            }
            3 => {
                let mut lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
                let (one, other) = (dice.below(lines.len()), dice.below(lines.len()));
                lines.swap(one, other);
                forged = lines.concat();
                "a swap"
            }
            _ => {
                forged.insert(at, b"0a,\"{ \n"[dice.below(7)]);
                "an insertion"
            }
        };
        if forged != *whole {
            assert!(!prove(&forged[..]).unwrap().is_whole(), "{what} at {at} in round {round} went unseen");
        }
    }
}

#[tokio::test]
async fn who_writes_the_trailer_anew_still_changes_no_record() {
    let folder = tempfile::tempdir().unwrap();
    let store = store_with(folder.path(), (1..=3).map(|at| decision("a", "s", at))).await;
    let whole = String::from_utf8(exported(&store, ExportFormat::Jsonl, None)).unwrap();
    let sealed = |rows: &str| {
        let old: Trailer = serde_json::from_str(whole.lines().last().unwrap()).unwrap();
        let count = rows.lines().count() as u64;
        let checksum_sha256 = crate::base::hex(&Sha256::digest(rows.as_bytes()));
        let new =
            Trailer { rows_emitted: count, row_count: count, byte_count: rows.len() as u64, checksum_sha256, ..old };
        [rows.as_bytes(), &new.line(false)].concat()
    };
    let rows: Vec<&str> = whole.split_inclusive('\n').take(3).collect();
    let broken = |rows: &str| prove(&sealed(rows)[..]).unwrap().broken.map(|(_, what)| what);
    assert_eq!(broken(&rows.concat()), None, "the seal itself is right");
    let cheaper = rows.concat().replacen("\"cost_micro_usd\":500000", "\"cost_micro_usd\":1", 1);
    assert_eq!(broken(&cheaper).as_deref(), Some("the row says something else than its record"));
    let inside = rows.concat().replacen("\"baseline_cost_micro_usd\":700000", "\"baseline_cost_micro_usd\":9", 1);
    assert_eq!(broken(&inside).as_deref(), Some("the record does not have its hash"));
    assert_eq!(broken(&[rows[0], rows[0]].concat()).as_deref(), Some("the record does not follow the one before"));
}

/// Decisions of a route that learns, some of them in sessions of three calls that keep their model.
fn learned(dice: &mut Dice, count: i64) -> Vec<Decision> {
    let mut decisions = Vec::new();
    for number in 0..count {
        let is_held = dice.unit() < 0.05;
        let session = format!("s{number}");
        for turn in 0..3 {
            let mut decision = decision("a", &session, 1_000 * number + turn);
            let model = Target { provider: "p".into(), model: if is_held { "dear" } else { "cheap" }.into() };
            let tokens: u32 = 10 << dice.below(11);
            let price = if is_held { 10 } else { 3 };
            let percent = i64::try_from(50 + dice.below(100)).unwrap();
            decision.outcome.cost_micro_usd = Some(MicroUsd(i64::from(tokens) * price * percent / 100));
            decision.outcome.input_tokens = Some(u64::from(tokens));
            decision.route = Some(RouteId::from(if number % 4 == 0 { "other" } else { "auto" }));
            decision.routing_strategy = Strategy::FeedbackDriven;
            (decision.winner, decision.served) = (Some(model.clone()), Some(model));
            decision.user_id = Some(format!("u{}", number % 3));
            decision.trace = (turn == 0).then(|| Box::new(traced(if is_held { Why::Holdout } else { Why::Exploit })));
            decisions.push(decision);
        }
    }
    decisions
}

fn traced(why: Why) -> Trace {
    Trace {
        version: 1,
        policy: String::new(),
        seed: String::new(),
        arms: Vec::new(),
        features: 1,
        phi: Vec::new(),
        draws: 32,
        holdout: 0.05,
        z: 1.3,
        correlation: 0.0,
        nu: 1.0,
        part: Vec::new(),
        stage: Vec::new(),
        mean: Vec::new(),
        spread: Vec::new(),
        cost: Vec::new(),
        served: Vec::new(),
        floors: Vec::new(),
        winner: 0,
        why,
        propensity: Vec::new(),
    }
}

#[tokio::test]
async fn savings_recompute_from_an_export_with_the_script_of_the_documentation() {
    let folder = tempfile::tempdir().unwrap();
    let store = store_with(folder.path(), learned(&mut Dice(3), 1_500)).await;
    let file = folder.path().join("e.jsonl");
    std::fs::File::create(&file).unwrap().write_all(&exported(&store, ExportFormat::Jsonl, None)).unwrap();
    for group_by in [GroupBy::Route, GroupBy::User] {
        let mut account = Account::new(group_by);
        let through = store.rest_of(&OrgId::from("a"), ALL, None, |resting| {
            account.add(&resting.facts, &resting.beside);
            ControlFlow::Continue(())
        });
        assert_eq!(through.unwrap(), None);
        let (total, groups) = account.savings(0.15);
        let (saved, share) = (total.saved_micro_usd.unwrap(), total.saved_share.unwrap());
        assert!((0.6..0.8).contains(&share), "three tenths of the price are paid: {share}");
        let invoice = saved.0 as f64 * 0.15;
        assert!((total.invoice_micro_usd.0 as f64 - invoice).abs() <= 1.0, "{total:?}");
        assert!(total.saved_lower_micro_usd.unwrap() < saved && saved < total.saved_upper_micro_usd.unwrap());
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/savings.py");
        let mut command = std::process::Command::new("python3");
        let ran = command.arg(script).arg(&file).args(["0.15", group_by.as_str()]).output().expect("python3 runs it");
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        let told: std::collections::BTreeMap<String, serde_json::Value> = String::from_utf8(ran.stdout)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
            .map(|line| (line["group"].as_str().unwrap().to_owned(), line))
            .collect();
        let near = |told: &serde_json::Value, ours: Option<MicroUsd>| {
            let (told, ours) = (told.as_i64().unwrap(), ours.unwrap().0);
            assert!((told - ours).abs() <= 1, "the script says {told}, floopy {ours}");
        };
        for ours in groups.iter().chain(std::iter::once(&total)) {
            let line = &told[ours.group.as_deref().unwrap_or("total")];
            near(&line["saved"]["saved"], ours.saved_micro_usd);
            near(&line["saved"]["lower"], ours.saved_lower_micro_usd);
            near(&line["saved"]["upper"], ours.saved_upper_micro_usd);
            near(&line["invoice"], Some(ours.invoice_micro_usd));
        }
    }
}

#[tokio::test]
async fn a_saving_that_nobody_measured_is_on_no_invoice() {
    let folder = tempfile::tempdir().unwrap();
    let store = store_with(folder.path(), (1..=50).map(|at| decision("a", "s", at))).await;
    let mut account = Account::new(GroupBy::Session);
    store
        .rest_of(&OrgId::from("a"), ALL, None, |resting| {
            account.add(&resting.facts, &resting.beside);
            ControlFlow::Continue(())
        })
        .unwrap();
    let (total, groups) = account.savings(0.15);
    assert_eq!((total.saved_micro_usd, total.invoice_micro_usd), (None, MicroUsd(0)));
    assert_eq!(total.priced_saved_micro_usd, MicroUsd(50 * 200_000), "the estimate by prices stands apart");
    assert_eq!((groups.len(), groups[0].group.as_deref(), groups[0].calls), (1, Some("s"), 50));
}

#[tokio::test]
async fn an_export_that_nobody_takes_holds_no_snapshot_and_no_more_than_one_round() {
    // More than one round of lanes on any machine.
    const ALL_OF_THEM: usize = 3000;
    let folder = tempfile::tempdir().unwrap();
    let all: Vec<Decision> = (1..=3000).map(|at| decision("a", "s", at)).collect();
    let store = store_with(folder.path(), all).await;
    let mut export = Exporter::new(store.clone(), OrgId::from("a"), ALL, ExportFormat::Jsonl, None);
    let mut out = export.piece();
    let before = out.iter().filter(|byte| **byte == b'\n').count();
    // While nobody reads, everything goes but the last hundred, and something comes.
    retention::remove(&store, false, 2901);
    let late = decision("a", "s", 4000);
    store.record(recorded(late.clone())).unwrap();
    store.flush().await.unwrap();
    while !export.is_done() {
        out.extend(export.piece());
    }
    let proof = prove(&out[..]).unwrap();
    assert_eq!(proof.broken, None, "it goes on, and is whole");
    let rows = usize::try_from(proof.rows).unwrap();
    assert!(rows < ALL_OF_THEM, "a snapshot of its beginning would have all of them: {rows}");
    // The first piece is one lane of a round of at most four.
    let held = rows - before - 101;
    assert!(held <= 3 * crate::base::limits::EXPORT_LANE, "{held} rows were held");
    let text = String::from_utf8(out).unwrap();
    let last = text.lines().rev().nth(1).unwrap();
    assert!(last.contains(&late.request_id.to_string()), "what came meanwhile is in it");
}
