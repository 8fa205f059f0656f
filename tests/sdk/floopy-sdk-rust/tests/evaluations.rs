//! Evaluations through the published Rust client, whose types refuse a run or a row that lacks a field.

use floopy::Error;
use floopy::types::{EvaluationCreateParams, EvaluationRun};
use floopy_sdk_suite::{TEXT, client, eventually, upload_dataset};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const MODEL: &str = "openai/gpt-4o-mini";

fn asked(dataset_id: &str) -> EvaluationCreateParams {
    EvaluationCreateParams { dataset_id: dataset_id.to_owned(), model: MODEL.to_owned(), prompt_id: None, config: None }
}

fn rows(count: usize) -> String {
    let row = |n: usize| json!({ "id": format!("row-{n}"), "input": "Where?", "expected": TEXT });
    (0..count).map(|n| row(n).to_string() + "\n").collect()
}

async fn ended(run: &EvaluationRun) -> EvaluationRun {
    let client = client();
    eventually(async || client.evaluations().get(&run.id, None).await, |run| run.finished_at.is_some()).await
}

#[tokio::test]
async fn a_run_from_its_beginning_to_its_end() {
    let (client, dataset) = (client(), upload_dataset(&rows(5)));
    let config = json!({ "temperature": 0, "ours": [1, 2] });
    let params = EvaluationCreateParams { config: Some(config.clone()), ..asked(&dataset) };
    let run = client.evaluations().create(params, None).await.expect("a run");
    assert_eq!((run.status.as_str(), &run.config, &run.prompt_id), ("pending", &Some(config), &None));
    let run = ended(&run).await;
    assert_eq!(
        (run.status.as_str(), run.dataset_id.as_str(), run.model.as_str()),
        ("completed", dataset.as_str(), MODEL)
    );
    assert!(run.started_at.is_some());

    let (mut inputs, mut cursor) = (BTreeSet::new(), None);
    loop {
        let page = client.evaluations().results(&run.id, Some(2), cursor.as_deref(), None).await.expect("a page");
        assert_eq!(page.has_more, page.next_cursor.is_some());
        for row in page.items {
            assert_eq!((row.run_id.as_str(), row.output.as_str(), row.score), (run.id.as_str(), TEXT, Some(1.0)));
            assert!(row.metadata.as_ref().is_some_and(|metadata| metadata["request_id"].is_string()));
            assert!(inputs.insert(row.input_id), "no row twice");
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(inputs.len(), 5);
    let refused = client.evaluations().cancel(&run.id, None).await.expect_err("it has ended");
    assert!(matches!(refused, Error::Conflict(_)), "{refused:?}");
}

#[tokio::test]
async fn rows_that_fail_are_told() {
    let dataset = upload_dataset("{\"id\": \"a\", \"input\": \"[fake status=400]\"}\n");
    let run = client().evaluations().create(asked(&dataset), None).await.expect("a run");
    let run = ended(&run).await;
    assert_eq!(run.status, "failed");
    let page = client().evaluations().results(&run.id, None, None, None).await.expect("a page");
    let row = &page.items[0];
    assert_eq!((row.output.as_str(), row.score, page.items.len()), ("", None, 1));
    assert!(row.metadata.as_ref().map_or(&Value::Null, |metadata| &metadata["error"]["code"]).is_string());
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let error = client().evaluations().get("eval_none", None).await.expect_err("no such run");
    assert!(matches!(error, Error::NotFound(_)), "{error:?}");
    let error = client().evaluations().create(asked("ds_none"), None).await.expect_err("no such dataset");
    assert!(matches!(error, Error::NotFound(_)), "{error:?}");
}
