//! Datasets and evaluations through the real executable: scores, pages, kills in the middle, what the router may learn.

use crate::commands::{command, data, json as parsed};
use crate::fake::Fake;
use crate::harness::{Gateway, floopy, run, wait_for};
use crate::http::{Answer, call};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// What the fake says to everything.
const SAID: &str = "Hello from upstream";

fn upload(gateway: &Gateway, key: &str, rows: &str) -> Answer {
    let headers = [("content-type", "application/jsonl"), ("authorization", key)];
    call(gateway.address, "POST", "/v1/datasets?name=greetings", &headers, rows.as_bytes())
}

/// Rows of which every third expects something else.
fn rows(count: usize) -> String {
    let expected = |row: usize| if row % 3 == 2 { "Goodbye" } else { SAID };
    let line = |row: usize| json!({"id": format!("row-{row}"), "input": "hello", "expected": expected(row)});
    (0..count).map(|row| line(row).to_string() + "\n").collect()
}

fn dataset(gateway: &Gateway, rows: &str) -> String {
    let answer = upload(gateway, "Bearer x", rows);
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()["id"].as_str().unwrap().to_owned()
}

fn create(gateway: &Gateway, body: &Value) -> Answer {
    gateway.post("/v1/evaluations", &[], body)
}

fn begun(gateway: &Gateway, body: &Value) -> String {
    let answer = create(gateway, body);
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(answer.json()["status"], "pending");
    answer.json()["id"].as_str().unwrap().to_owned()
}

fn shown(gateway: &Gateway, id: &str) -> Value {
    gateway.get(&format!("/v1/evaluations/{id}")).json()
}

/// The evaluation, once it has ended.
fn ended(gateway: &Gateway, id: &str) -> Value {
    wait_for("the end of the evaluation", || {
        Some(shown(gateway, id)).filter(|run| run["status"] != "pending" && run["status"] != "running")
    })
}

/// All results, page by page.
fn results(gateway: &Gateway, id: &str, limit: usize) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = gateway.get(&format!("/v1/evaluations/{id}/results?limit={limit}{cursor}")).json();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= limit);
        all.extend(items.iter().cloned());
        assert_eq!(page["has_more"].as_bool().unwrap(), page["next_cursor"].is_string());
        let Some(next) = page["next_cursor"].as_str() else { return all };
        assert_eq!(items.len(), limit);
        cursor = format!("&cursor={next}");
    }
}

fn inputs(results: &[Value]) -> BTreeSet<String> {
    results.iter().map(|row| row["input_id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_evaluation_asks_every_row_and_its_results_come_in_pages() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let id = dataset(&gateway, &rows(9));
    let known = gateway.get(&format!("/v1/datasets/{id}")).json();
    assert_eq!((&known["rows"], &known["name"]), (&json!(9), &json!("greetings")));
    let config = json!({"temperature": 0.5, "max_tokens": 7, "system": "Be kind.", "concurrency": 2, "note": ["kept"]});
    let run = begun(&gateway, &json!({"dataset_id": id, "model": "up/cheap", "prompt_id": null, "config": config}));
    let run = ended(&gateway, &run);
    assert_eq!((&run["status"], &run["config"], &run["prompt_id"]), (&json!("completed"), &config, &Value::Null));
    assert!(run["started_at"].is_string() && run["finished_at"].is_string(), "{run}");
    let (totals, name) = (&run["totals"], run["id"].as_str().unwrap());
    assert_eq!([&totals["rows"], &totals["done"], &totals["failed"], &totals["scored"]], [9, 9, 0, 9]);
    assert!((totals["mean_score"].as_f64().unwrap() - 6.0 / 9.0).abs() < 1e-9, "{totals}");

    let results = results(&gateway, name, 4);
    assert_eq!((results.len(), inputs(&results).len()), (9, 9));
    let mut cost = 0;
    for row in &results {
        assert_eq!((&row["run_id"], &row["output"]), (&json!(name), &json!(SAID)));
        let metadata = &row["metadata"];
        let number: usize = row["input_id"].as_str().unwrap().trim_start_matches("row-").parse().unwrap();
        let (matched, score) = if number % 3 == 2 { ("none", 0.0) } else { ("exact", 1.0) };
        assert_eq!((&metadata["comparison"]["match"], row["score"].as_f64()), (&json!(matched), Some(score)));
        assert_eq!((&metadata["scored_by"], &metadata["model"]), (&json!("comparison"), &json!("up/cheap")));
        assert!(metadata["heuristics"]["composite"].is_number() && metadata["judge"].is_null());
        cost += metadata["cost_micro_usd"].as_i64().unwrap();
        let decision = gateway.decision_by_id(metadata["request_id"].as_str().unwrap());
        assert_eq!((&decision["endpoint"], &decision["evaluation_id"]), (&json!("evaluation"), &json!(name)));
        assert_eq!(decision["cost_micro_usd"], metadata["cost_micro_usd"]);
    }
    assert!(cost > 0);
    assert_eq!(totals["cost_micro_usd"], cost);
    let asked = fake.last().body;
    assert_eq!((&asked["temperature"], &asked["messages"][0]["content"]), (&json!(0.5), &json!("Be kind.")));
    assert_eq!(asked["messages"][1], json!({"role": "user", "content": "hello"}));

    let listed = gateway.get(&format!("/v1/evaluations?dataset_id={id}&status=completed")).json();
    assert_eq!(listed["items"], json!([run]));
    assert_eq!(gateway.get("/v1/evaluations?status=failed").json()["items"], json!([]));
    assert_eq!(
        call(gateway.address, "DELETE", &format!("/v1/datasets/{id}"), &[], b"").json(),
        json!({"id": id, "deleted": true})
    );
    assert_eq!(gateway.get(&format!("/v1/datasets/{id}")).status, 404);
    assert_eq!(self::results(&gateway, name, 100).len(), 9, "results outlive their dataset");
}

#[test]
fn datasets_that_are_wrong_name_their_line_and_leave_nothing() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let large = "x".repeat((16 << 20) + 1);
    let good = r#"{"id":"a","input":"x"}"#;
    for (text, status, code, words) in [
        (format!("{good}\nnonsense"), 400, "invalid_body", "line 2: "),
        (format!("{good}\n\n{good}"), 400, "invalid_body", "line 3: another row has the id \"a\""),
        (format!("{good}\n{{\"id\":\"b\"}}"), 400, "invalid_body", "line 2: a row takes either"),
        (String::new(), 400, "invalid_body", "has none"),
        (large, 413, "request_too_large", "16777216 bytes"),
    ] {
        let answer = upload(&gateway, "Bearer x", &text);
        assert_eq!((answer.status, answer.error_code().as_str()), (status, code), "{}", answer.text());
        assert!(answer.text().replace("\\\"", "\"").contains(words), "{}", answer.text());
    }
    let form = [("content-type", "multipart/form-data; boundary=x")];
    assert_eq!(call(gateway.address, "POST", "/v1/datasets", &form, good.as_bytes()).status, 415);
    assert_eq!(call(gateway.address, "POST", "/v1/datasets?nme=x", &[], good.as_bytes()).status, 400);
    assert_eq!(gateway.get("/v1/datasets").json()["items"], json!([]));
    let files = std::fs::read_dir(gateway.folder.join("data/files")).map_or(0, Iterator::count);
    assert_eq!(files, 0);
}

#[test]
fn what_an_evaluation_cannot_be_is_refused_with_the_key_at_fault() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let id = dataset(&gateway, &rows(1));
    for (body, status, param) in [
        (json!({"model": "up/cheap"}), 400, "dataset_id"),
        (json!({"dataset_id": id}), 400, "model"),
        (json!({"dataset_id": "ds_0", "model": "up/cheap"}), 404, "dataset_id"),
        (json!({"dataset_id": id, "model": "nowhere"}), 404, "model"),
        (json!({"dataset_id": id, "model": "up/cheap", "prompt_id": "p1"}), 400, "prompt_id"),
        (json!({"dataset_id": id, "model": "up/cheap", "config": []}), 400, "config"),
        (json!({"dataset_id": id, "model": "up/cheap", "config": {"temperature": "hot"}}), 400, "config.temperature"),
        (json!({"dataset_id": id, "model": "up/cheap", "config": {"judge": "nobody/x"}}), 404, "config.judge"),
        (json!({"dataset_id": id, "model": "up/cheap", "modle": 1}), 400, "modle"),
    ] {
        let answer = create(&gateway, &body);
        assert_eq!((answer.status, &answer.json()["error"]["param"]), (status, &json!(param)), "{}", answer.text());
    }
    assert_eq!(gateway.get("/v1/evaluations").json()["items"], json!([]));
    assert_eq!(fake.seen().len(), 0);
}

#[test]
fn rows_that_fail_are_results_and_a_run_of_failures_has_failed() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "[upstream.breaker]\ncooldown = \"50ms\"\n");
    let id = dataset(&gateway, &rows(3));
    let run = begun(&gateway, &json!({"dataset_id": id, "model": "up/status-400"}));
    let run = ended(&gateway, &run);
    assert_eq!((&run["status"], &run["totals"]["failed"]), (&json!("failed"), &json!(3)));
    assert_eq!((&run["totals"]["mean_score"], &run["error"]), (&Value::Null, &Value::Null));
    for row in results(&gateway, run["id"].as_str().unwrap(), 50) {
        assert_eq!((&row["output"], &row["score"]), (&json!(""), &Value::Null));
        assert_eq!(row["metadata"]["error"]["code"], "invalid_value", "{row}");
        assert!(row["metadata"]["request_id"].is_string());
    }
}

#[test]
fn a_judge_scores_where_one_is_named_and_cannot_be_spoken_to() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let id = dataset(&gateway, &rows(2));
    let judged = |model: &str, judge: &str| {
        let run = begun(&gateway, &json!({"dataset_id": id, "model": model, "config": {"judge": judge}}));
        let run = ended(&gateway, &run);
        assert_eq!(run["status"], "completed");
        results(&gateway, run["id"].as_str().unwrap(), 50)
    };
    for row in judged("up/cheap", "up/judge") {
        let opinion = &row["metadata"]["judge"];
        assert_eq!((&opinion["outcome"], &opinion["model"]), (&json!("ok"), &json!("up/judge")), "{row}");
        let composite = opinion["scores"]["composite"].as_f64().unwrap();
        assert_eq!((&row["metadata"]["scored_by"], row["score"].as_f64()), (&json!("judge"), Some(composite / 100.0)));
        assert!(row["metadata"]["comparison"]["match"].is_string(), "the comparison is told all the same");
    }
    let material: Value = serde_json::from_str(fake.last().body["messages"][1]["content"].as_str().unwrap()).unwrap();
    assert!(material["reference"].is_string(), "the judge knows what was expected: {material}");
    for (model, judge, outcome) in
        [("up/injector", "up/judge", "refused_text"), ("up/cheap", "up/judge-garbage", "garbled")]
    {
        for row in judged(model, judge) {
            let metadata = &row["metadata"];
            assert_eq!((&metadata["judge"]["outcome"], &row["score"]), (&json!(outcome), &Value::Null), "{row}");
            assert_eq!((&metadata["scored_by"], &metadata["error"]), (&Value::Null, &Value::Null));
        }
    }
    let page = gateway.get("/v1/decisions?limit=500").json();
    let calls = page["items"].as_array().unwrap().iter().filter(|item| item["endpoint"] == "judge");
    let of_runs: BTreeSet<&str> = calls.map(|item| item["evaluation_id"].as_str().unwrap()).collect();
    assert_eq!(of_runs.len(), 2, "the judge's calls say which evaluation they were made for");
}

#[test]
fn a_killed_gateway_goes_on_and_has_no_row_twice() {
    const ROWS: usize = 30;
    let fake = Fake::start();
    let folder = tempfile::TempDir::new().unwrap();
    // A busy machine is not a slow provider: what is held for a while is not given up.
    let mut gateway = Gateway::start_with(folder.path(), &fake, |config| {
        config.replace("\"1s\"", "\"30s\"") + "[batches]\nconcurrency = 5\n"
    });
    let id = dataset(&gateway, &rows(ROWS));
    let run = begun(&gateway, &json!({"dataset_id": id, "model": "up/held"}));
    for kill in 1..=2 {
        fake.release(10);
        wait_for("ten more rows", || (shown(&gateway, &run)["totals"]["done"] == 10 * kill).then_some(()));
        gateway.kill();
        fake.forget_held();
        if kill == 2 {
            // What is torn off in the middle of a line is asked again.
            let files = std::fs::read_dir(folder.path().join("data/files")).unwrap().map(|entry| entry.unwrap().path());
            let written = files.into_iter().find(|path| path.to_string_lossy().ends_with("-results")).unwrap();
            let whole = std::fs::read(&written).unwrap();
            std::fs::write(&written, &whole[..whole.len() - 9]).unwrap();
        }
        gateway.restart();
        let left = 10 * kill - usize::from(kill == 2);
        wait_for("what was written", || (shown(&gateway, &run)["totals"]["done"] == left).then_some(()));
    }
    assert_eq!(call(gateway.address, "DELETE", &format!("/v1/datasets/{id}"), &[], b"").status, 409, "it is read");
    fake.release(ROWS);
    let run = ended(&gateway, &run);
    assert_eq!((&run["status"], &run["totals"]["done"]), (&json!("completed"), &json!(ROWS)));
    let results = results(&gateway, run["id"].as_str().unwrap(), 7);
    assert_eq!((results.len(), inputs(&results).len()), (ROWS, ROWS), "every row once");
    gateway.kill();
    let mut verify = floopy(folder.path());
    verify.args(["verify", "--store"]).arg(folder.path().join("data"));
    assert_eq!(self::run(verify).0, 0);
}

#[test]
fn a_cancelled_evaluation_keeps_what_was_answered() {
    let fake = Fake::start();
    let folder = tempfile::TempDir::new().unwrap();
    let gateway = Gateway::start_with(folder.path(), &fake, |config| {
        config.replace("\"1s\"", "\"30s\"") + "[batches]\nconcurrency = 2\n"
    });
    let id = dataset(&gateway, &rows(20));
    let run = begun(&gateway, &json!({"dataset_id": id, "model": "up/held"}));
    fake.release(3);
    wait_for("three rows", || (shown(&gateway, &run)["totals"]["done"] == 3).then_some(()));
    let path = format!("/v1/evaluations/{run}/cancel");
    let cancelled = gateway.post(&path, &[], &json!({}));
    assert_eq!((cancelled.status, &cancelled.json()["status"]), (200, &json!("cancelled")));
    assert!(cancelled.json()["finished_at"].is_string());
    assert_eq!(gateway.post(&path, &[], &json!({})).json()["status"], "cancelled", "the same wish twice");
    fake.release(20);
    wait_for("the rows under way", || {
        (call(gateway.address, "DELETE", &format!("/v1/datasets/{id}"), &[], b"").status == 200).then_some(())
    });
    let run = shown(&gateway, &run);
    let done = run["totals"]["done"].as_u64().unwrap();
    assert!((3..=5).contains(&done), "{run}");
    assert_eq!(results(&gateway, run["id"].as_str().unwrap(), 50).len() as u64, done);
    let over = begun(&gateway, &json!({"dataset_id": dataset(&gateway, &rows(1)), "model": "up/cheap"}));
    ended(&gateway, &over);
    let refused = gateway.post(&format!("/v1/evaluations/{over}/cancel"), &[], &json!({}));
    assert_eq!((refused.status, refused.error_code().as_str()), (409, "conflict"));
}

#[test]
fn what_belongs_to_others_is_not_there() {
    let fake = Fake::start();
    let key = |org: &str| {
        let sha: String = Sha256::digest(format!("fl_{org}")).iter().map(|byte| format!("{byte:02x}")).collect();
        format!("[[key]]\nname = \"{org}\"\nsha256 = \"{sha}\"\norg = \"{org}\"\npermissions = [\"read\", \"write\"]\n")
    };
    let gateway = Gateway::start(&fake, &(key("one") + &key("two")));
    let (one, two) = ([("authorization", "Bearer fl_one")], [("authorization", "Bearer fl_two")]);
    let ask = |method: &str, path: &str, headers: &[(&str, &str)], body: &Value| {
        call(gateway.address, method, path, headers, body.to_string().as_bytes())
    };
    let id = upload(&gateway, "Bearer fl_one", &rows(3)).json()["id"].as_str().unwrap().to_owned();
    let run = ask("POST", "/v1/evaluations", &one, &json!({"dataset_id": id, "model": "up/cheap"})).json();
    let run = run["id"].as_str().unwrap().to_owned();
    wait_for("its end", || {
        let status = ask("GET", &format!("/v1/evaluations/{run}"), &one, &json!({})).json()["status"].clone();
        (status == "completed").then_some(())
    });
    let foreign = ask("POST", "/v1/evaluations", &two, &json!({"dataset_id": id, "model": "up/cheap"}));
    assert_eq!((foreign.status, &foreign.json()["error"]["param"]), (404, &json!("dataset_id")));
    // The bytes of both, but for the id of the request.
    let bytes = |answer: &Answer| {
        let mut body = answer.json();
        body["error"]["request_id"] = Value::Null;
        (answer.status, body.to_string())
    };
    for (method, theirs, none) in [
        ("GET", format!("/v1/datasets/{id}"), "/v1/datasets/ds_0".to_owned()),
        ("DELETE", format!("/v1/datasets/{id}"), "/v1/datasets/ds_0".to_owned()),
        ("GET", format!("/v1/evaluations/{run}"), "/v1/evaluations/eval_0".to_owned()),
        ("GET", format!("/v1/evaluations/{run}/results"), "/v1/evaluations/eval_0/results".to_owned()),
        ("POST", format!("/v1/evaluations/{run}/cancel"), "/v1/evaluations/eval_0/cancel".to_owned()),
    ] {
        let (theirs, none) = (ask(method, &theirs, &two, &json!({})), ask(method, &none, &two, &json!({})));
        assert_eq!((theirs.status, bytes(&theirs)), (404, bytes(&none)), "{method}");
    }
    for path in ["/v1/datasets", "/v1/evaluations"] {
        assert_eq!(ask("GET", path, &two, &json!({})).json()["items"], json!([]));
    }
    // A cursor is good for one listing of one org.
    let page = ask("GET", &format!("/v1/evaluations/{run}/results?limit=1"), &one, &json!({})).json();
    let cursor = page["next_cursor"].as_str().unwrap().to_owned();
    let own = upload(&gateway, "Bearer fl_two", &rows(2)).json()["id"].as_str().unwrap().to_owned();
    let other = ask("POST", "/v1/evaluations", &two, &json!({"dataset_id": own, "model": "up/cheap"})).json();
    let other = other["id"].as_str().unwrap();
    let first = cursor.chars().next().unwrap();
    for (path, headers, cursor) in [
        (
            format!("/v1/evaluations/{run}/results"),
            &one,
            cursor.replacen(first, if first == 'A' { "B" } else { "A" }, 1),
        ),
        (format!("/v1/evaluations/{run}/results"), &one, "AAAA".to_owned()),
        (format!("/v1/evaluations/{other}/results"), &two, cursor.clone()),
        ("/v1/evaluations".to_owned(), &one, cursor.clone()),
        ("/v1/datasets".to_owned(), &one, cursor.clone()),
    ] {
        let refused = ask("GET", &format!("{path}?cursor={cursor}"), headers, &json!({}));
        assert_eq!((refused.status, &refused.json()["error"]["param"]), (400, &json!("cursor")), "{path}");
    }
    assert_eq!(ask("GET", &format!("/v1/evaluations/{run}/results?cursor={cursor}"), &one, &json!({})).status, 200);
}

#[test]
fn zero_retention_keeps_no_rows_and_asks_none() {
    let fake = Fake::start();
    let none = Gateway::start(&fake, "[retention]\nbodies = \"0\"\n");
    let refused = upload(&none, "Bearer x", &rows(1));
    assert_eq!((refused.status, refused.error_code().as_str()), (403, "feature_disabled"));
    assert_eq!(refused.json()["error"]["feature"], "datasets");
    let refused = create(&none, &json!({"dataset_id": "ds_0", "model": "up/cheap"}));
    assert_eq!((refused.status, &refused.json()["error"]["feature"]), (403, &json!("evaluations")));
    assert!(!none.folder.join("data/files").exists());
    let gateway = Gateway::start(&fake, "");
    let id = dataset(&gateway, &rows(1));
    let wish = [("floopy-retention", "none")];
    let body = json!({"dataset_id": id, "model": "up/cheap"});
    assert_eq!(gateway.post("/v1/evaluations", &wish, &body).status, 403);
    assert_eq!(call(gateway.address, "POST", "/v1/datasets", &wish, rows(1).as_bytes()).status, 403);
    assert_eq!(fake.seen().len(), 0);
}

/// A route whose candidate is a tenth of its default model's price.
fn route(strategy: &str) -> String {
    let model = |name: &str, price: f64| {
        format!(
            "[[model]]\nid = \"up/{name}\"\ninput_usd_per_mtok = {price}\noutput_usd_per_mtok = {price}\nprior_quality = 0.8\n"
        )
    };
    format!(
        "{}{}{}[[route]]\nname = \"auto\"\nstrategy = \"{strategy}\"\ndefault_model = \"up/premium\"\ncandidates = [\"up/thrifty\"]\n\
         [route.judge]\nmodel = \"up/judge\"\nsample_rate = 1\n",
        model("premium", 100.0),
        model("thrifty", 10.0),
        model("judge", 1.0)
    )
}

#[test]
fn the_router_answers_an_evaluation_and_learns_nothing_from_it() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, &route("feedback_driven"));
    // How fast a model answers is a fact, whoever asks; all else of the route stays as it was.
    let learned = || {
        let mut route = gateway.get("/v1/routes/auto").json();
        route["arms"].as_array_mut().unwrap().iter_mut().for_each(|arm| arm["p50_total_ms"] = Value::Null);
        route
    };
    let before = learned();
    let asked = json!({"model": "auto", "messages": [{"role": "user", "content": "hello"}]});
    let foreseen = gateway.post("/v1/routing/explain", &[], &asked).json();
    let exploited = format!("up/{}", foreseen["would_select"]["model"].as_str().unwrap());
    let id = dataset(&gateway, &rows(12));
    let run = begun(&gateway, &json!({"dataset_id": id, "model": "auto"}));
    let run = ended(&gateway, &run);
    assert_eq!(run["status"], "completed");
    let rows = results(&gateway, run["id"].as_str().unwrap(), 50);
    for row in &rows {
        assert_eq!(row["metadata"]["model"], exploited, "what a dry run says");
        let decision = gateway.decision_by_id(row["metadata"]["request_id"].as_str().unwrap());
        assert_eq!((&decision["route"], &decision["routing_strategy"]), (&Value::Null, &json!("feedback_driven")));
        assert_eq!(
            (&decision["outcome"]["baseline_cost_micro_usd"], &decision["experiment"]),
            (&Value::Null, &Value::Null)
        );
    }
    // A rating of one of its decisions teaches nothing either.
    let rated = rows[0]["metadata"]["request_id"].as_str().unwrap();
    let answer = call(gateway.address, "PUT", &format!("/v1/decisions/{rated}/rating"), &[], b"{\"score\":1}");
    assert_eq!(answer.status, 200, "{}", answer.text());
    let chat = gateway.chat("up/premium", &[("floopy-session-id", "mine")]);
    gateway.decision(&chat);
    assert_eq!(learned(), before);
    assert_eq!(crate::judging::judged(&gateway, "ok"), 0, "the route's judge was not asked");
    let sessions = gateway.get("/v1/sessions").json();
    assert_eq!(sessions["items"].as_array().unwrap().len(), 1, "{sessions}");
    let savings = gateway.get("/v1/savings").json();
    let groups = savings["groups"].as_array().unwrap();
    assert!(groups.iter().any(|group| group["group"].is_null()), "the call of this test's own: {savings}");
    assert!(groups.iter().all(|group| group["group"] != "auto"), "{savings}");
    assert_eq!((&savings["total"]["measured_calls"], &savings["total"]["invoice_micro_usd"]), (&json!(0), &json!(0)));
}

#[test]
fn an_evaluation_validates_a_cheaper_model() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, &route("smart_cost"));
    let constraints = json!({"max_cost_drop_without_validation": 0.5});
    assert_eq!(call(gateway.address, "PUT", "/v1/constraints", &[], constraints.to_string().as_bytes()).status, 200);
    let foresee = || {
        gateway
            .post(
                "/v1/routing/explain",
                &[],
                &json!({"model": "auto", "messages": [{"role": "user", "content": "hi"}]}),
            )
            .json()
    };
    let refused = |foreseen: &Value| {
        let filtered = foreseen["filtered"].as_array().unwrap();
        filtered.iter().any(|one| one["reason"] == "constraint_unvalidated_cost_drop")
    };
    assert!(refused(&foresee()), "{}", foresee());
    let same = |count: usize| -> String {
        (0..count)
            .map(|row| json!({"id": row.to_string(), "input": "hello", "expected": SAID}).to_string() + "\n")
            .collect()
    };
    let evaluate = |id: &str, model: &str, config: Value| {
        let run = begun(&gateway, &json!({"dataset_id": id, "model": model, "config": config}));
        assert_eq!(ended(&gateway, &run)["status"], "completed");
    };
    // Too few rows; the default model asked in another way; heuristics alone: nothing is shown by any of them.
    let few = dataset(&gateway, &same(20));
    evaluate(&few, "up/premium", Value::Null);
    evaluate(&few, "up/thrifty", Value::Null);
    let many = dataset(&gateway, &same(60));
    evaluate(&many, "up/premium", json!({"temperature": 1}));
    evaluate(&many, "up/thrifty", json!({"temperature": 0}));
    let open: String = (0..60).map(|row| json!({"id": row.to_string(), "input": "hello"}).to_string() + "\n").collect();
    let open = dataset(&gateway, &open);
    evaluate(&open, "up/premium", Value::Null);
    evaluate(&open, "up/thrifty", Value::Null);
    let seen = gateway.chat("up/premium", &[]);
    gateway.decision(&seen);
    assert!(refused(&foresee()), "{}", foresee());
    evaluate(&many, "up/thrifty", json!({"temperature": 1}));
    let chosen = wait_for("the validation", || Some(foresee()).filter(|foreseen| !refused(foreseen)));
    assert_eq!(chosen["would_select"]["model"], "thrifty", "{chosen}");
}

#[test]
fn evaluations_from_the_command_line() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let file = gateway.folder.join("rows.jsonl");
    std::fs::write(&file, rows(3)).unwrap();
    let file = file.to_str().unwrap();
    let made = parsed(&data(&gateway, &["eval", "datasets", "add", file, "--name", "mine", "--format", "json"]));
    let id = made["id"].as_str().unwrap();
    assert_eq!((&made["name"], &made["rows"]), (&json!("mine"), &json!(3)));
    assert!(data(&gateway, &["eval", "datasets"]).contains("mine"));
    let run = parsed(&data(
        &gateway,
        &[
            "eval",
            "create",
            "--dataset",
            id,
            "--model",
            "up/cheap",
            "--set",
            "temperature=0",
            "--set",
            "note=x y",
            "--wait",
            "--format",
            "json",
        ],
    ));
    assert_eq!((&run["status"], &run["totals"]["done"]), (&json!("completed"), &json!(3)), "{run}");
    assert_eq!(run["config"], json!({"temperature": 0, "note": "x y"}));
    let name = run["id"].as_str().unwrap();
    let listed = data(&gateway, &["eval", "--format", "jsonl"]);
    assert!(
        listed.contains(name)
            && data(&gateway, &["eval", "list", "--status", "failed", "--format", "jsonl"]).is_empty()
    );
    assert!(data(&gateway, &["eval", "show", name]).contains("completed"));
    let csv = data(&gateway, &["eval", "results", name, "--all", "--limit", "2", "--format", "csv"]);
    assert_eq!(csv.lines().count(), 4, "a head and three rows: {csv}");
    let (code, _, error) = command(&gateway, &["eval", "cancel", name]);
    assert_eq!(code, 1, "{error}");
    assert!(error.contains("completed"), "{error}");
    let failed = ["eval", "create", "--dataset", id, "--model", "up/status-400", "--wait"];
    let (code, _, error) = command(&gateway, &failed);
    assert_eq!(code, 1, "a run that failed is a command that failed: {error}");
    assert_eq!(command(&gateway, &["eval", "create", "--dataset", id]).0, 2);
    data(&gateway, &["eval", "datasets", "delete", id]);
    assert!(!data(&gateway, &["eval", "datasets", "list", "--format", "jsonl"]).contains(id));
}

#[test]
fn rows_are_sent_as_the_key_that_made_the_run_while_it_may() {
    let fake = Fake::start();
    let folder = tempfile::TempDir::new().unwrap();
    let gateway = Gateway::start_with(folder.path(), &fake, |config| {
        config.replace("\"1s\"", "\"30s\"")
            + "[batches]\nconcurrency = 1\n[[route]]\nname = \"auto\"\nstrategy = \"fallback\"\ndefault_model = \"up/cheap\"\n"
    });
    let admin = std::fs::read_to_string(gateway.folder.join("data/admin.key")).unwrap();
    let admin = format!("Bearer {}", admin.trim());
    let ask = |key: &str, method: &str, path: &str, body: &Value| {
        call(gateway.address, method, path, &[("authorization", key)], body.to_string().as_bytes())
    };
    let make = |body: Value| {
        let key = ask(&admin, "POST", "/v1/admin/keys", &body).json();
        (format!("Bearer {}", key["secret"].as_str().unwrap()), key["id"].as_str().unwrap().to_owned())
    };
    let (writer, id) = make(json!({"name": "w", "permissions": ["read", "write"]}));
    let (reader, _) = make(json!({"name": "r", "permissions": ["read"]}));
    let (tied, _) = make(json!({"name": "t", "permissions": ["read", "write"], "route": "auto"}));
    let refused = upload(&gateway, &reader, &rows(1));
    assert_eq!((refused.status, refused.error_code().as_str()), (403, "write_permission"));
    let dataset = upload(&gateway, &writer, &rows(4)).json()["id"].as_str().unwrap().to_owned();
    let elsewhere = ask(&tied, "POST", "/v1/evaluations", &json!({"dataset_id": dataset, "model": "up/cheap"}));
    assert_eq!(
        (elsewhere.status, &elsewhere.json()["error"]["param"]),
        (403, &json!("model")),
        "its route would answer"
    );
    let own = ask(&tied, "POST", "/v1/evaluations", &json!({"dataset_id": dataset, "model": "auto"}));
    assert_eq!(own.status, 201, "{}", own.text());
    let run = ask(&writer, "POST", "/v1/evaluations", &json!({"dataset_id": dataset, "model": "up/held"})).json();
    let run = run["id"].as_str().unwrap().to_owned();
    assert_eq!(ask(&reader, "POST", &format!("/v1/evaluations/{run}/cancel"), &json!({})).status, 403);
    wait_for("the first row", || (fake.calls_of("held") == 1).then_some(()));
    assert_eq!(ask(&admin, "DELETE", &format!("/v1/admin/keys/{id}"), &json!({})).status, 200);
    fake.release(4);
    let run = wait_for("the end", || {
        let run = ask(&reader, "GET", &format!("/v1/evaluations/{run}"), &json!({})).json();
        (run["status"] == "failed").then_some(run)
    });
    assert_eq!((&run["error"]["code"], &run["totals"]["done"]), (&json!("invalid_api_key"), &json!(1)), "{run}");
    assert_eq!(fake.calls_of("held"), 1, "a revoked key sends nothing more");
}
