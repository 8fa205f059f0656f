//! Exports and savings through the real binary: files that verify, that are resumed, and what is refused.

use crate::commands::{command, data, json};
use crate::fake::Fake;
use crate::harness::{Gateway, floopy, run};
use crate::http::call;
use crate::learning::{good_but_poor, route, session};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

fn rows(text: &str) -> Vec<Value> {
    text.lines().map(json).collect()
}

fn verified(gateway: &Gateway, file: &Path) -> i32 {
    command(gateway, &["verify", file.to_str().unwrap()]).0
}

#[test]
fn an_export_is_a_file_that_verifies_until_somebody_touches_it() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    for _ in 0..5 {
        gateway.chat("up/cheap", &[("floopy-session-id", "s"), ("floopy-user-id", "=cmd(),\"x\"")]);
    }
    for name in ["e.jsonl", "e.csv", "e.jsonl.gz", "e.csv.zst"] {
        let file = gateway.folder.join(name);
        data(&gateway, &["export", "--from", "yesterday", "--output", file.to_str().unwrap()]);
        assert!(!file.with_extension("partial").exists());
        let shown = json(&data(&gateway, &["verify", file.to_str().unwrap(), "--format", "json"]));
        assert_eq!((&shown["whole"], &shown["rows"]), (&Value::Bool(true), &Value::from(5)), "{name}");
        let mut bytes = std::fs::read(&file).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&file, &bytes).unwrap();
        assert_eq!(verified(&gateway, &file), 1, "{name} was edited");
        bytes[middle] ^= 1;
        bytes.truncate(bytes.len() - 1);
        std::fs::write(&file, &bytes).unwrap();
        assert_eq!(verified(&gateway, &file), 1, "{name} was cut");
    }
    let out = rows(&data(&gateway, &["export"]));
    assert_eq!(out.len(), 6, "standard output takes it too");
    let trailer = out.last().unwrap();
    assert_eq!((&trailer["outcome"], &trailer["row_count"]), (&Value::from("completed"), &Value::from(5)));
    let decision = gateway.decision_by_id(out[4]["request_id"].as_str().unwrap());
    assert_eq!(out[4]["chain"], decision["chain"]);
    assert_eq!(trailer["chain_head"], decision["chain"]["sha256"]);
    let csv = data(&gateway, &["export", "--format", "csv"]);
    assert!(csv.contains("\"'=cmd(),\"\"x\"\"\""), "a spreadsheet must not run it: {csv}");
}

#[test]
fn an_export_that_was_cut_is_gone_on_with_and_is_never_taken_for_whole() {
    let fake = Fake::start();
    let mut gateway = Gateway::start(&fake, "");
    for _ in 0..6 {
        gateway.chat("up/cheap", &[]);
    }
    for name in ["e.jsonl", "e.csv"] {
        let file = gateway.folder.join(name);
        let path = file.to_str().unwrap();
        let partial = gateway.folder.join(format!("{name}.partial"));
        data(&gateway, &["export", "--output", path]);
        let whole = std::fs::read(&file).unwrap();
        // The connection broke in the middle of a row.
        std::fs::remove_file(&file).unwrap();
        std::fs::File::create(&partial).unwrap().write_all(&whole[..whole.len() * 2 / 5]).unwrap();
        assert_eq!(verified(&gateway, &partial), 1, "a part is not whole");
        gateway.kill();
        gateway.restart();
        data(&gateway, &["export", "--output", path, "--resume"]);
        assert!(!partial.exists());
        assert_eq!(verified(&gateway, &file), 0);
        let resumed = std::fs::read(&file).unwrap();
        let lines =
            |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap().lines().map(str::to_owned).collect::<Vec<_>>();
        let (before, after) = (lines(&whole), lines(&resumed));
        assert_eq!(before[..before.len() - 1], after[..after.len() - 1], "every row once, as if it had not been cut");
    }
    for name in ["e.jsonl.gz", "e.jsonl.zst"] {
        let file = gateway.folder.join(name);
        assert_eq!(command(&gateway, &["export", "--resume", "--output", file.to_str().unwrap()]).0, 2, "{name}");
    }
}

/// Stands between a command and the gateway, lets so many bytes of the answer pass and then nothing more.
struct Narrow {
    address: SocketAddr,
    /// Says when they have passed.
    passed: Receiver<()>,
    /// Lets it end the connection.
    end: Sender<()>,
    /// All bytes that the gateway has sent until its own end.
    sent: JoinHandle<usize>,
}

impl Narrow {
    fn before(gateway: SocketAddr, most: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let ((says, passed), (end, ended)) = (channel(), channel());
        let sent = std::thread::spawn(move || {
            let (mut command, _) = listener.accept().unwrap();
            let mut server = TcpStream::connect(gateway).unwrap();
            let (mut asks, mut asked) = (command.try_clone().unwrap(), server.try_clone().unwrap());
            let asking = std::thread::spawn(move || std::io::copy(&mut asks, &mut asked));
            let mut buffer = vec![0; 16 << 10];
            let mut sent = 0;
            while sent < most {
                let room = buffer.len().min(most - sent);
                let came = server.read(&mut buffer[..room]).unwrap();
                assert!(came > 0, "the export is longer than {most} bytes");
                command.write_all(&buffer[..came]).unwrap();
                sent += came;
            }
            says.send(()).unwrap();
            ended.recv().unwrap();
            while let Ok(came @ 1..) = server.read(&mut buffer) {
                sent += came;
            }
            command.shutdown(Shutdown::Both).unwrap();
            drop(asking.join());
            sent
        });
        Self { address, passed, end, sent }
    }
}

#[test]
fn a_server_that_dies_during_an_export_leaves_a_part_and_no_file() {
    let fake = Fake::start();
    let mut gateway = Gateway::start(&fake, "");
    let label = "x".repeat(240);
    let names: Vec<String> = (0..16).map(|number| format!("floopy-property-p{number}")).collect();
    let mut headers: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), label.as_str())).collect();
    headers.extend([("floopy-retention", "none"), ("floopy-user-id", label.as_str())]);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..300).for_each(|_| assert_eq!(gateway.chat("up/cheap", &headers).status, 200)));
        }
    });
    for name in ["e.jsonl", "e.csv"] {
        let (uncut, output) = (gateway.folder.join(format!("uncut-{name}")), gateway.folder.join(name));
        let path = output.to_str().unwrap();
        data(&gateway, &["export", "--output", uncut.to_str().unwrap()]);
        let uncut = std::fs::read_to_string(uncut).unwrap();
        let narrow = Narrow::before(gateway.address, uncut.len() / 3);
        let mut export = floopy(&gateway.folder);
        export.args(["export", "--output", path]).env("FLOOPY_URL", format!("http://{}", narrow.address));
        let exporting = std::thread::spawn(move || run(export));
        narrow.passed.recv_timeout(Duration::from_secs(30)).unwrap();
        gateway.kill();
        narrow.end.send(()).unwrap();
        let sent = narrow.sent.join().unwrap();
        // What fits into the buffers of a connection was sent although nobody took it.
        assert!(name == "e.csv" || sent < uncut.len(), "it died in the middle: {sent} of {}", uncut.len());
        let (code, out, err) = exporting.join().unwrap();
        assert_eq!((code, out.as_str()), (69, ""), "{err}");
        assert!(err.contains("--resume"), "{err}");
        assert!(!output.exists(), "what is not whole has no name");
        let partial = std::fs::read_to_string(gateway.folder.join(format!("{name}.partial"))).unwrap();
        assert!(partial.len() > uncut.len() / 4 && partial.ends_with('\n'), "{} bytes", partial.len());
        assert!(uncut.starts_with(&partial), "whole rows, as an uncut export has them");
        assert_eq!(verified(&gateway, &gateway.folder.join(format!("{name}.partial"))), 1, "a part is not whole");
        gateway.restart();
        data(&gateway, &["export", "--output", path, "--resume"]);
        assert_eq!(verified(&gateway, &output), 0);
        let resumed = std::fs::read_to_string(&output).unwrap();
        let rows = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let (before, after) = (rows(&uncut), rows(&resumed));
        assert!(before.len() > 1200);
        assert!(before[..before.len() - 1] == after[..after.len() - 1], "every row once, as if it had not been cut");
    }
}

#[test]
fn spans_formats_and_cursors_that_make_no_sense_are_refused() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "[export]\nmax_rows = 3\n");
    let refused = |query: &str| {
        let answer = gateway.get(&format!("/v1/export/decisions?{query}"));
        (answer.status, answer.error_code())
    };
    for bad in [
        "from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z",
        "from=2026-01-01T00:00:00Z&to=2026-01-01T00:00:00Z",
        "from=2025-01-01T00:00:00Z&to=2026-01-01T00:00:00Z",
        "from=yesterday",
        "nonsense=1",
        "cursor=00000000-0000-4000-8000-000000000000",
    ] {
        assert_eq!(refused(bad), (400, "invalid_request".into()), "{bad}");
    }
    assert_eq!(refused("cursor=x"), (400, "invalid_request_id".into()));
    assert_eq!(refused("format=parquet"), (415, "unsupported_format".into()));
    for _ in 0..4 {
        gateway.decision(&gateway.chat("up/cheap", &[]));
    }
    assert_eq!(refused(""), (400, "estimated_payload_too_large".into()), "export.max_rows");
    for (path, code) in [
        ("/v1/savings?group_by=colour", "invalid_request"),
        ("/v1/savings?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "invalid_request"),
        ("/v1/optimization/verification?window=7y&route_id=x", "invalid_request"),
        ("/v1/optimization/verification", "invalid_route_id"),
    ] {
        let answer = gateway.get(path);
        assert_eq!((answer.status, answer.error_code()), (400, code.to_owned()), "{path}");
    }
    assert_eq!(gateway.get("/v1/optimization/verification?route_id=none").status, 404);
}

#[test]
fn nobody_exports_what_is_not_theirs() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let made = |org: &str| {
        let out = data(&gateway, &["keys", "create", org, "--org", org, "--format", "json"]);
        json(&out)["secret"].as_str().unwrap().to_owned()
    };
    let (a, b) = (made("a"), made("b"));
    let chat = crate::harness::chat_body("up/cheap", false).to_string();
    let bearer = |key: &str| format!("Bearer {key}");
    let (a, b) = (bearer(&a), bearer(&b));
    let path = "/v1/chat/completions";
    let answer = call(gateway.address, "POST", path, &[("authorization", &a)], chat.as_bytes());
    let id = answer.header("x-request-id").unwrap().to_owned();
    let export = |key: &str, query: &str| {
        call(gateway.address, "GET", &format!("/v1/export/decisions{query}"), &[("authorization", key)], b"")
    };
    assert_eq!(rows(&export(&a, "").text()).len(), 2);
    assert_eq!(rows(&export(&b, "").text()).len(), 1, "the trailer alone");
    let bare = |answer: crate::http::Answer| {
        let mut json = answer.json();
        json["error"]["request_id"] = Value::Null;
        (answer.status, json.to_string())
    };
    let foreign = bare(export(&b, &format!("?cursor={id}")));
    assert_eq!(foreign, bare(export(&b, "?cursor=00000000-0000-4000-8000-000000000000")));
    assert_eq!(foreign.0, 400);
}

#[test]
fn savings_say_what_was_measured_and_verification_waits_for_evidence() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, &route(""));
    for number in 0..60 {
        session(&gateway, number, good_but_poor);
    }
    let savings = gateway.get("/v1/savings").json();
    assert_eq!((&savings["group_by"], &savings["rate"]), (&Value::from("route"), &Value::from(0.15)));
    assert_eq!(
        (&savings["groups"][0]["group"], &savings["groups"][0]["calls"]),
        (&Value::from("auto"), &Value::from(60))
    );
    let actual: i64 = gateway.get("/v1/decisions?limit=500").json()["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|decision| decision["cost_micro_usd"].as_i64().unwrap())
        .sum();
    assert_eq!(savings["total"]["actual_micro_usd"], actual);
    for (by, groups) in [("model", 1..4), ("session", 60..61), ("user", 1..2), ("key", 1..2), ("project", 1..2)] {
        let shown = json(&data(&gateway, &["savings", "--by", by, "--format", "json"]));
        let found = shown["groups"].as_array().unwrap();
        assert!(groups.contains(&found.len()), "by {by}: {}", found.len());
        let sum: i64 = found.iter().map(|group| group["actual_micro_usd"].as_i64().unwrap()).sum();
        assert_eq!(sum, actual, "by {by}");
    }
    let verified = gateway.get("/v1/optimization/verification?route_id=auto&window=24h").json();
    assert_eq!((&verified["route_id"], &verified["window"]), (&Value::from("auto"), &Value::from("24h")));
    assert_eq!(verified["status"], "insufficient_data", "few calls are held out of sixty");
    assert!(verified["floopy"]["avg_cost_micro_usd"].as_f64().unwrap() > 0.0);
    assert!(data(&gateway, &["savings", "--verify", "auto"]).contains("insufficient_data"));
    assert!(data(&gateway, &["savings"]).contains("by route"));
}
