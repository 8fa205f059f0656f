//! Files and batches through the real executable: what a line comes to, kills in the middle, limits and permissions.

use crate::fake::Fake;
use crate::harness::{Gateway, floopy, run, wait_for};
use crate::http::{self, Answer};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A breaker that does not keep a test waiting.
const BREAKER: &str = "[upstream.breaker]\ncooldown = \"50ms\"\n";

/// A form as the official clients send it: the fields first, the file last.
fn form(fields: &[(&str, &str)], file: Option<&[u8]>) -> (String, Vec<u8>) {
    let boundary = "------------------------d74496d66958873e";
    let mut body = Vec::new();
    for (name, value) in fields {
        let part = format!("--{boundary}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend(part.into_bytes());
    }
    if let Some(file) = file {
        let head = format!(
            "--{boundary}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"in.jsonl\"\r\n\
             content-type: application/octet-stream\r\n\r\n"
        );
        body.extend(head.into_bytes());
        body.extend(file);
        body.extend(b"\r\n");
    }
    body.extend(format!("--{boundary}--\r\n").into_bytes());
    (format!("multipart/form-data; boundary={boundary}"), body)
}

fn upload(gateway: &Gateway, key: &str, fields: &[(&str, &str)], file: Option<&[u8]>) -> Answer {
    let (kind, body) = form(fields, file);
    let headers = [("content-type", kind.as_str()), ("authorization", key)];
    http::call(gateway.address, "POST", "/v1/files", &headers, &body)
}

fn uploaded(gateway: &Gateway, file: &[u8]) -> String {
    let answer = upload(gateway, "Bearer x", &[("purpose", "batch")], Some(file));
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["id"].as_str().unwrap().to_owned()
}

pub(crate) fn line(id: &str, model: &str) -> String {
    let body = json!({"model": model, "messages": [{"role": "user", "content": format!("hello {id}")}]});
    json!({"custom_id": id, "method": "POST", "url": "/v1/chat/completions", "body": body}).to_string()
}

pub(crate) fn lines(count: usize, model: &str) -> Vec<u8> {
    (0..count).map(|at| line(&format!("line-{at}"), model) + "\n").collect::<String>().into_bytes()
}

fn create(gateway: &Gateway, input: &str) -> Answer {
    let body = json!({"input_file_id": input, "endpoint": "/v1/chat/completions", "completion_window": "24h"});
    gateway.post("/v1/batches", &[], &body)
}

/// A batch over these lines.
pub(crate) fn begun(gateway: &Gateway, file: &[u8]) -> String {
    let answer = create(gateway, &uploaded(gateway, file));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let batch = answer.json();
    assert_eq!((&batch["object"], &batch["status"]), (&json!("batch"), &json!("validating")));
    batch["id"].as_str().unwrap().to_owned()
}

pub(crate) fn shown(gateway: &Gateway, batch: &str) -> Value {
    gateway.get(&format!("/v1/batches/{batch}")).json()
}

/// The batch, once it has this status.
pub(crate) fn becomes(gateway: &Gateway, batch: &str, status: &str) -> Value {
    wait_for(status, || {
        let batch = shown(gateway, batch);
        assert!(batch["status"] == status || !is_over(&batch), "{batch}");
        (batch["status"] == status).then_some(batch)
    })
}

fn is_over(batch: &Value) -> bool {
    ["failed", "completed", "expired", "cancelled"].iter().any(|status| batch["status"] == *status)
}

/// The lines of one of a batch's files.
pub(crate) fn written(gateway: &Gateway, file: &Value) -> Vec<Value> {
    let Some(id) = file.as_str() else { return Vec::new() };
    let answer = gateway.get(&format!("/v1/files/{id}/content"));
    assert_eq!(answer.status, 200);
    assert!(answer.complete);
    answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub(crate) fn ids(lines: &[Value]) -> Vec<String> {
    let mut ids: Vec<String> = lines.iter().map(|line| line["custom_id"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}

#[test]
fn files_come_are_listed_given_back_and_go() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "[files]\nmax_size = \"1MiB\"\nquota = \"2500KiB\"\n");
    let content: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    let fields =
        [("purpose", "user_data"), ("expires_after[anchor]", "created_at"), ("expires_after[seconds]", "3600")];
    let first = upload(&gateway, "Bearer x", &fields, Some(&content)).json();
    assert_eq!(first["bytes"], 300_000);
    assert_eq!((&first["object"], &first["status"]), (&json!("file"), &json!("processed")));
    assert_eq!((&first["filename"], &first["purpose"]), (&json!("in.jsonl"), &json!("user_data")));
    assert_eq!(first["expires_at"].as_i64().unwrap() - first["created_at"].as_i64().unwrap(), 3600);
    let id = first["id"].as_str().unwrap().to_owned();
    let back = gateway.get(&format!("/v1/files/{id}/content"));
    assert!(back.complete && back.body == content);
    assert_eq!(back.header("content-length"), Some("300000"));
    assert_eq!(gateway.get(&format!("/v1/files/{id}")).json(), first);

    let more: Vec<String> = (0..3).map(|_| uploaded(&gateway, b"{}\n")).collect();
    let page = gateway.get("/v1/files?limit=2&purpose=batch&unknown=1").json();
    assert_eq!(page["has_more"], true);
    assert_eq!(page["data"].as_array().unwrap().len(), 2);
    assert_eq!((&page["first_id"], &page["last_id"]), (&json!(more[2]), &json!(more[1])), "newest first");
    let rest = gateway.get(&format!("/v1/files?after={}&order=desc", more[1])).json();
    assert_eq!(ids_of(&rest), [more[0].clone(), id.clone()]);
    assert_eq!(ids_of(&gateway.get("/v1/files?order=asc&limit=1").json()), [id.as_str()]);

    let gone = http::call(gateway.address, "DELETE", &format!("/v1/files/{id}"), &[], b"");
    assert_eq!(gone.json(), json!({"id": id, "object": "file", "deleted": true}));
    for path in [format!("/v1/files/{id}"), format!("/v1/files/{id}/content"), "/v1/files/..%2Fadmin.key".to_owned()] {
        assert_eq!(gateway.get(&path).status, 404, "{path}");
    }
    assert_eq!(std::fs::read_dir(gateway.folder.join("data/files")).unwrap().count(), 3, "its content is gone too");

    // Uploads that are refused leave nothing.
    let big = vec![b'x'; (1 << 20) + 1];
    for (fields, file, status, code) in [
        (vec![("purpose", "batch")], Some(&big[..]), 413, "request_too_large"),
        (vec![("purpose", "nonsense")], Some(b"x"), 400, "invalid_request"),
        (vec![], Some(b"x"), 400, "invalid_request"),
        (vec![("purpose", "batch")], None, 400, "invalid_request"),
        (vec![("purpose", "batch"), ("expires_after[seconds]", "3600")], Some(b"x"), 400, "invalid_request"),
        (
            vec![("purpose", "batch"), ("expires_after[anchor]", "created_at"), ("expires_after[seconds]", "5")],
            Some(b"x"),
            400,
            "invalid_request",
        ),
    ] {
        let answer = upload(&gateway, "Bearer x", &fields, file);
        assert_eq!((answer.status, answer.error_code().as_str()), (status, code), "{fields:?}: {}", answer.text());
    }
    let headers = [("content-type", "application/json")];
    assert_eq!(http::call(gateway.address, "POST", "/v1/files", &headers, b"{}").status, 400);
    let (kind, mut cut) = form(&[("purpose", "batch")], Some(b"hello"));
    cut.truncate(cut.len() - 20);
    assert_eq!(http::call(gateway.address, "POST", "/v1/files", &[("content-type", &kind)], &cut).status, 400);
    assert_eq!(std::fs::read_dir(gateway.folder.join("data/files")).unwrap().count(), 3);

    // The quota holds for all of them together.
    let large = vec![b'x'; 1 << 20];
    let statuses: Vec<u16> =
        (0..3).map(|_| upload(&gateway, "Bearer x", &[("purpose", "batch")], Some(&large)).status).collect();
    assert_eq!(statuses, [200, 200, 413]);
    assert_eq!(std::fs::read_dir(gateway.folder.join("data/files")).unwrap().count(), 5);
}

fn ids_of(page: &Value) -> Vec<String> {
    page["data"].as_array().unwrap().iter().map(|file| file["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_line_comes_to_something_and_leaves_a_decision() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, BREAKER);
    let input = [
        line("good", "up/cheap"),
        String::new(),
        line("dear", "up/dear"),
        line("bad", "up/status-400"),
        line("unknown", "nobody/knows"),
        line("broken", "up/status-500"),
    ];
    let file = uploaded(&gateway, input.join("\n").as_bytes());
    let body = json!({"input_file_id": file, "endpoint": "/v1/chat/completions", "completion_window": "24h",
        "metadata": {"job": "nightly"}, "output_expires_after": {"anchor": "created_at", "seconds": 7200}, "unknown": 1});
    let headers = [("floopy-project-id", "p1"), ("floopy-property-team", "search")];
    let created = gateway.post("/v1/batches", &headers, &body).json();
    let id = created["id"].as_str().unwrap();
    let batch = becomes(&gateway, id, "completed");
    assert_eq!(batch["request_counts"], json!({"total": 5, "completed": 2, "failed": 3}));
    assert_eq!(batch["metadata"], json!({"job": "nightly"}));
    assert_eq!(batch["usage"]["total_tokens"], 2200);
    for moment in ["created_at", "in_progress_at", "finalizing_at", "completed_at"] {
        assert!(batch[moment].is_i64(), "{moment}: {batch}");
    }
    assert!(batch["errors"].is_null() && batch["model"].is_null() && batch["cancelled_at"].is_null());
    assert_eq!(batch["expires_at"].as_i64().unwrap() - batch["created_at"].as_i64().unwrap(), 86_400);

    let output = written(&gateway, &batch["output_file_id"]);
    assert_eq!(ids(&output), ["dear", "good"]);
    for line in &output {
        assert!(line["error"].is_null());
        assert_eq!(line["response"]["status_code"], 200);
        assert_eq!(line["response"]["body"]["choices"][0]["message"]["content"], "Hello from upstream");
        let decision = gateway.decision_by_id(line["response"]["request_id"].as_str().unwrap());
        assert_eq!((&decision["batch_id"], &decision["status"]), (&json!(id), &json!("ok")));
        assert_eq!((&decision["project_id"], &decision["properties"]["team"]), (&json!("p1"), &json!("search")));
    }
    let errors = written(&gateway, &batch["error_file_id"]);
    assert_eq!(ids(&errors), ["bad", "broken", "unknown"]);
    for line in &errors {
        let status = line["response"]["status_code"].as_u64().unwrap();
        assert!(status == 400 || status == 404 || status >= 500, "{line}");
        assert!(line["response"]["body"]["error"]["message"].is_string());
    }
    let kept = gateway.get(&format!("/v1/files/{}", batch["output_file_id"].as_str().unwrap())).json();
    assert_eq!(kept["purpose"], "batch_output");
    assert_eq!(kept["expires_at"].as_i64().unwrap() - kept["created_at"].as_i64().unwrap(), 7200);

    // Its lines are nobody's last session, and the input may go now.
    assert_eq!(gateway.post("/v1/feedback", &[], &json!({"score": 5, "useful": true})).status, 404);
    let gone = http::call(gateway.address, "DELETE", &format!("/v1/files/{file}"), &[], b"");
    assert_eq!(gone.status, 200, "{}", gone.text());
    assert_eq!(ids_of(&gateway.get("/v1/batches?limit=1").json()), [id]);
}

#[test]
fn embeddings_go_in_batches_too() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "[[model]]\nid = \"up/vectors\"\nmode = \"embedding\"\n");
    let input = json!({"custom_id": "e", "method": "POST", "url": "/v1/embeddings",
        "body": {"model": "up/vectors", "input": "text"}});
    let file = uploaded(&gateway, input.to_string().as_bytes());
    let body = json!({"input_file_id": file, "endpoint": "/v1/embeddings", "completion_window": "24h"});
    let id = gateway.post("/v1/batches", &[], &body).json()["id"].as_str().unwrap().to_owned();
    let batch = becomes(&gateway, &id, "completed");
    assert_eq!(batch["model"], "up/vectors");
    let output = written(&gateway, &batch["output_file_id"]);
    assert_eq!(output[0]["response"]["body"]["data"][0]["embedding"], json!([0.5, -0.25]));
}

#[test]
fn responses_go_in_batches_too() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let input = json!({"custom_id": "r", "method": "POST", "url": "/v1/responses",
        "body": {"model": "up/cheap", "input": "hello"}});
    let file = uploaded(&gateway, input.to_string().as_bytes());
    let body = json!({"input_file_id": file, "endpoint": "/v1/responses", "completion_window": "24h"});
    let id = gateway.post("/v1/batches", &[], &body).json()["id"].as_str().unwrap().to_owned();
    let batch = becomes(&gateway, &id, "completed");
    assert_eq!((&batch["usage"]["input_tokens"], &batch["usage"]["output_tokens"]), (&json!(1000), &json!(100)));
    let output = written(&gateway, &batch["output_file_id"]);
    let response = &output[0]["response"]["body"];
    assert_eq!((&response["object"], &response["status"]), (&json!("response"), &json!("completed")));
    assert_eq!(response["output"][0]["content"][0]["text"], "Hello from upstream");
}

#[test]
fn what_cannot_be_a_batch_is_said_at_once_or_after_a_look() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let file = uploaded(&gateway, &lines(1, "up/cheap"));
    let other = upload(&gateway, "Bearer x", &[("purpose", "user_data")], Some(b"{}")).json();
    let good = json!({"input_file_id": file, "endpoint": "/v1/chat/completions", "completion_window": "24h"});
    for (key, value, status) in [
        ("input_file_id", json!("file-none"), 404),
        ("input_file_id", other["id"].clone(), 400),
        ("input_file_id", Value::Null, 400),
        ("endpoint", json!("/v1/moderations"), 400),
        ("completion_window", json!("30m"), 400),
        ("completion_window", json!("soon"), 400),
        ("metadata", json!({"a": 1}), 400),
        ("metadata", json!({"a": "x".repeat(513)}), 400),
        ("output_expires_after", json!({"anchor": "created_at", "seconds": 1}), 400),
    ] {
        let mut body = good.clone();
        body[key] = value;
        let answer = gateway.post("/v1/batches", &[], &body);
        assert_eq!(answer.status, status, "{body}: {}", answer.text());
        assert!(answer.json()["error"]["param"].as_str().unwrap().starts_with(key), "{}", answer.text());
    }
    assert_eq!(gateway.post("/v1/batches", &[("floopy-passthrough", "true")], &good).status, 400);

    let input = format!("{}\nnonsense\n{}\n", line("a", "up/cheap"), line("a", "up/cheap"));
    let batch = becomes(&gateway, &begun(&gateway, input.as_bytes()), "failed");
    let errors = batch["errors"]["data"].as_array().unwrap();
    let told: Vec<_> = errors.iter().map(|error| (error["code"].as_str().unwrap(), error["line"].clone())).collect();
    assert_eq!(told, [("invalid_json_line", json!(2)), ("duplicate_custom_id", json!(3))]);
    assert!(batch["failed_at"].is_i64() && batch["output_file_id"].is_null());
    assert_eq!(fake.seen().len(), 0, "nothing is answered of an input with mistakes");
}

#[test]
fn a_killed_gateway_loses_no_line_and_writes_none_twice() {
    const LINES: usize = 60;
    let fake = Fake::start();
    let folder = tempfile::TempDir::new().unwrap();
    let mut gateway = Gateway::start_in(folder.path(), &fake, "[batches]\nconcurrency = 5\n");
    let batch = begun(&gateway, &lines(LINES, "up/held"));
    for kill in 1..=3 {
        fake.release(10);
        wait_for("ten more lines", || {
            (shown(&gateway, &batch)["request_counts"]["completed"].as_u64() >= Some(10 * kill)).then_some(())
        });
        gateway.kill();
        let mut verify = floopy(folder.path());
        verify.args(["verify", "--store"]).arg(folder.path().join("data"));
        assert_eq!(run(verify).0, 0);
        fake.forget_held();
        gateway.restart();
        let counts = wait_for("the counts of what was written", || {
            let counts = shown(&gateway, &batch)["request_counts"].clone();
            (counts["completed"].as_u64() >= Some(10 * kill)).then_some(counts)
        });
        assert_eq!((&counts["total"], &counts["failed"]), (&json!(LINES), &json!(0)));
    }
    // What is torn off in the middle of a line is done again.
    gateway.kill();
    fake.forget_held();
    let spool = std::fs::read_dir(folder.path().join("data/files")).unwrap().map(|entry| entry.unwrap().path());
    let spool = spool.into_iter().find(|path| path.to_string_lossy().ends_with("-output")).unwrap();
    let bytes = std::fs::read(&spool).unwrap();
    std::fs::write(&spool, &bytes[..bytes.len() - 7]).unwrap();
    gateway.restart();
    fake.release(LINES);
    let batch = becomes(&gateway, &batch, "completed");
    assert_eq!(batch["request_counts"], json!({"total": LINES, "completed": LINES, "failed": 0}));
    let output = written(&gateway, &batch["output_file_id"]);
    let unique: BTreeSet<String> = ids(&output).into_iter().collect();
    assert_eq!((output.len(), unique.len()), (LINES, LINES), "none lost, none twice");
    assert!(batch["error_file_id"].is_null());
    let calls = fake.calls_of("held");
    assert!(calls <= LINES + 4 * 5 + 1, "{calls} calls: at most those under way at a kill are made again");
}

#[test]
fn a_gateway_that_stops_ends_what_is_under_way_and_goes_on_later() {
    let fake = Fake::start();
    let folder = tempfile::TempDir::new().unwrap();
    let mut gateway = Gateway::start_in(folder.path(), &fake, "[batches]\nconcurrency = 3\n");
    let batch = begun(&gateway, &lines(9, "up/held"));
    wait_for("three lines under way", || (fake.calls_of("held") == 3).then_some(()));
    gateway.signal("TERM");
    wait_for("draining", || gateway.log().contains("draining").then_some(()));
    fake.release(3);
    assert!(gateway.wait().success());
    assert_eq!(fake.calls_of("held"), 3, "no further line was begun");
    fake.release(6);
    gateway.restart();
    let batch = becomes(&gateway, &batch, "completed");
    assert_eq!(fake.calls_of("held"), 9, "none was called off and made again");
    assert_eq!(ids(&written(&gateway, &batch["output_file_id"])).len(), 9);
}

#[test]
fn a_cancelled_batch_keeps_what_was_answered_and_says_what_was_not() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "[batches]\nconcurrency = 2\n");
    let input = uploaded(&gateway, &lines(20, "up/held"));
    let id = create(&gateway, &input).json()["id"].as_str().unwrap().to_owned();
    fake.release(4);
    wait_for("four lines", || (shown(&gateway, &id)["request_counts"]["completed"] == 4).then_some(()));
    wait_for("two under way", || (fake.calls_of("held") == 6).then_some(()));
    let used = http::call(gateway.address, "DELETE", &format!("/v1/files/{input}"), &[], b"");
    assert_eq!((used.status, used.error_code().as_str()), (409, "conflict"), "a batch reads it");
    let cancelled = gateway.post(&format!("/v1/batches/{id}/cancel"), &[], &Value::Null).json();
    assert_eq!(cancelled["status"], "cancelling");
    assert_eq!(gateway.post(&format!("/v1/batches/{id}/cancel"), &[], &Value::Null).status, 200, "twice is once");
    fake.release(20);
    let batch = becomes(&gateway, &id, "cancelled");
    assert_eq!(batch["request_counts"], json!({"total": 20, "completed": 6, "failed": 14}));
    assert!(batch["cancelling_at"].is_i64() && batch["cancelled_at"].is_i64() && batch["completed_at"].is_null());
    assert_eq!(written(&gateway, &batch["output_file_id"]).len(), 6, "those under way ended well");
    for line in written(&gateway, &batch["error_file_id"]) {
        assert!(line["response"].is_null());
        assert_eq!(line["error"]["code"], "batch_cancelled");
    }
    assert_eq!(fake.calls_of("held"), 6);
    let again = gateway.post(&format!("/v1/batches/{id}/cancel"), &[], &Value::Null);
    assert_eq!((again.status, again.error_code().as_str()), (409, "conflict"));
}

#[test]
fn batches_leave_interactive_requests_their_room() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "[batches]\nconcurrency = 2\n");
    let one = begun(&gateway, &lines(6, "up/held"));
    let two = begun(&gateway, &lines(6, "up/held"));
    wait_for("two lines under way", || (fake.calls_of("held") == 2).then_some(()));
    for _ in 0..20 {
        assert_eq!(gateway.chat("up/cheap", &[]).status, 200, "nobody waits for a batch");
    }
    assert_eq!(fake.calls_of("held"), 2, "two lines of all batches at once");
    fake.release(12);
    becomes(&gateway, &one, "completed");
    becomes(&gateway, &two, "completed");
    assert_eq!(fake.most_held(), 2);
}

#[test]
fn a_provider_that_has_too_much_is_waited_for() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, BREAKER);
    let batch = becomes(&gateway, &begun(&gateway, &lines(3, "up/crowded")), "completed");
    assert_eq!(batch["request_counts"], json!({"total": 3, "completed": 3, "failed": 0}));
    assert!(fake.calls_of("crowded") > 3, "it was refused first");
}

#[test]
fn lines_are_sent_as_the_key_that_made_the_batch_while_it_may() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "[batches]\nconcurrency = 1\n");
    let admin = std::fs::read_to_string(gateway.folder.join("data/admin.key")).unwrap();
    let admin = format!("Bearer {}", admin.trim());
    let make = |org: &str| {
        let body = json!({"name": "k", "org": org, "permissions": ["read", "write"]});
        let headers = [("authorization", admin.as_str()), ("content-type", "application/json")];
        let key = http::call(gateway.address, "POST", "/v1/admin/keys", &headers, body.to_string().as_bytes()).json();
        (format!("Bearer {}", key["secret"].as_str().unwrap()), key["id"].as_str().unwrap().to_owned())
    };
    let ((ours, key), (theirs, _)) = (make("a"), make("b"));
    let call = |key: &str, method: &str, path: &str, body: &Value| {
        let headers = [("authorization", key), ("content-type", "application/json")];
        http::call(gateway.address, method, path, &headers, body.to_string().as_bytes())
    };
    let file = upload(&gateway, &ours, &[("purpose", "batch")], Some(&lines(4, "up/held"))).json();
    let file = file["id"].as_str().unwrap();
    let body = json!({"input_file_id": file, "endpoint": "/v1/chat/completions", "completion_window": "24h"});
    assert_eq!(call(&theirs, "POST", "/v1/batches", &body).status, 404, "another org's file is none");
    let batch = call(&ours, "POST", "/v1/batches", &body).json();
    let batch = batch["id"].as_str().unwrap();
    for path in [format!("/v1/files/{file}"), format!("/v1/files/{file}/content"), format!("/v1/batches/{batch}")] {
        let (foreign, none) =
            (call(&theirs, "GET", &path, &Value::Null), call(&theirs, "GET", "/v1/files/none", &Value::Null));
        assert_eq!(foreign.status, 404, "{path}");
        assert_eq!(foreign.json()["error"]["message"], none.json()["error"]["message"]);
    }
    assert_eq!(call(&theirs, "POST", &format!("/v1/batches/{batch}/cancel"), &Value::Null).status, 404);
    assert_eq!(ids_of(&call(&theirs, "GET", "/v1/files", &Value::Null).json()), [""; 0]);
    assert_eq!(ids_of(&call(&theirs, "GET", "/v1/batches", &Value::Null).json()), [""; 0]);

    wait_for("the first line", || (fake.calls_of("held") == 1).then_some(()));
    assert_eq!(call(&admin, "DELETE", &format!("/v1/admin/keys/{key}"), &Value::Null).status, 200);
    fake.release(4);
    let body = json!({"name": "k2", "org": "a", "permissions": ["read"]});
    let reader = call(&admin, "POST", "/v1/admin/keys", &body).json();
    let reader = format!("Bearer {}", reader["secret"].as_str().unwrap());
    let ended = wait_for("the end", || {
        let batch = call(&reader, "GET", &format!("/v1/batches/{batch}"), &Value::Null).json();
        (batch["status"] == "cancelled").then_some(batch)
    });
    assert_eq!(ended["errors"]["data"][0]["code"], "invalid_api_key");
    assert_eq!(ended["request_counts"], json!({"total": 4, "completed": 1, "failed": 3}));
    assert_eq!(fake.calls_of("held"), 1, "a revoked key sends nothing more");
    let refused = upload(&gateway, &reader, &[("purpose", "batch")], Some(b"{}"));
    assert_eq!((refused.status, refused.error_code().as_str()), (403, "write_permission"));
}

#[test]
fn zero_retention_keeps_no_files() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "[retention]\nbodies = \"0\"\n");
    let refused = upload(&gateway, "Bearer x", &[("purpose", "batch")], Some(b"{}"));
    assert_eq!((refused.status, refused.error_code().as_str()), (403, "feature_disabled"));
    assert_eq!(refused.json()["error"]["feature"], "files");
    assert!(!gateway.folder.join("data/files").exists());
    let kept = Gateway::start(&fake, "");
    let (kind, body) = form(&[("purpose", "batch")], Some(b"{}"));
    let headers = [("content-type", kind.as_str()), ("floopy-retention", "none")];
    assert_eq!(http::call(kept.address, "POST", "/v1/files", &headers, &body).status, 403);
}
