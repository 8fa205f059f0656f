//! Responses, files and batches through the published Rust client, unmodified.

use floopy::async_openai::types::responses::{CreateResponse, ResponseStreamEvent};
use floopy::types::{BatchCreateParams, BatchListParams, FileListParams, FileUploadParams};
use floopy::{Error, Floopy};
use floopy_sdk_suite::{TEXT, client, client_with_key, eventually};
use futures::StreamExt;
use serde_json::{Value, json};

fn input() -> Vec<u8> {
    let line = |name: &str, model: &str| {
        let body = json!({"model": model, "messages": [{"role": "user", "content": "Where?"}]});
        json!({"custom_id": name, "method": "POST", "url": "/v1/chat/completions", "body": body}).to_string()
    };
    [line("a", "gpt-4o-mini"), line("b", "openai/gpt-4o-mini")].join("\n").into_bytes()
}

async fn uploaded(client: &Floopy) -> floopy::types::FileObject {
    let file = FileUploadParams { file: input(), filename: Some("in.jsonl".into()), purpose: "batch".into() };
    client.files().upload(file, None).await.expect("a file")
}

#[tokio::test]
async fn responses_whole_and_streamed() {
    for model in ["openai/gpt-4o-mini", "anthropic/claude-haiku-4-5"] {
        let asked = |more: Value| -> CreateResponse {
            let mut asked = json!({"model": model, "input": "[fake chop=5]"});
            asked.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
            serde_json::from_value(asked).expect("a request in the client's types")
        };
        let whole = client().responses().create(asked(json!({}))).await.expect("a response");
        assert_eq!(whole.output_text().as_deref(), Some(TEXT), "{model}");
        let mut events = client().responses().create_stream(asked(json!({"stream": true}))).await.expect("a stream");
        let (mut text, mut ended) = (String::new(), false);
        while let Some(event) = events.next().await {
            match event.expect("an event in the client's types") {
                ResponseStreamEvent::ResponseOutputTextDelta(more) => text.push_str(&more.delta),
                ResponseStreamEvent::ResponseCompleted(_) => ended = true,
                _ => {}
            }
        }
        assert_eq!((text.as_str(), ended), (TEXT, true), "{model}");
    }
}

#[tokio::test]
async fn files() {
    let client = client();
    let file = uploaded(&client).await;
    assert_eq!((file.bytes, file.filename.as_deref()), (i64::try_from(input().len()).ok(), Some("in.jsonl")));
    let batch = FileListParams { purpose: Some("batch".into()), ..FileListParams::default() };
    let listed = client.files().list(batch, None).await.expect("a list");
    assert!(listed.data.iter().any(|one| one.id == file.id));
    assert_eq!(client.files().content(&file.id, None).await.expect("its content"), input());
    let nobody = client_with_key(&format!("fl_{}", "N".repeat(43)));
    let refused = nobody.files().content(&file.id, None).await.expect_err("no key");
    assert!(matches!(refused, Error::Auth(_)), "{refused}");
    assert_eq!(client.files().delete(&file.id, None).await.expect("gone").deleted, Some(true));
    let gone = client.files().retrieve(&file.id, None).await.expect_err("it is gone");
    assert!(matches!(gone, Error::NotFound(_)), "{gone}");
}

#[tokio::test]
async fn a_batch() {
    let client = client();
    let asked = BatchCreateParams {
        input_file_id: uploaded(&client).await.id,
        endpoint: "/v1/chat/completions".into(),
        completion_window: "24h".into(),
        metadata: None,
    };
    let made = client.batches().create(asked, None).await.expect("a batch");
    let is_done = |batch: &floopy::types::Batch| batch.status.as_deref() == Some("completed");
    let done = eventually(async || client.batches().retrieve(&made.id, None).await, is_done).await;
    let counts = done.request_counts.expect("counts");
    assert_eq!((counts.total, counts.completed, counts.failed), (Some(2), Some(2), Some(0)));
    let output = client.files().content(&done.output_file_id.expect("an output"), None).await.expect("its content");
    for line in output.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let answer: Value = serde_json::from_slice(line).expect("JSON");
        assert_eq!(answer["response"]["body"]["choices"][0]["message"]["content"], TEXT);
        let id = answer["response"]["request_id"].as_str().expect("a request id");
        let decision = client.decisions().get(id, None).await.expect("its decision");
        assert_eq!((decision.provider.as_deref(), decision.status.as_str()), (Some("openai"), "ok"));
    }
    let page = client.batches().list(BatchListParams { limit: Some(10), after: None }, None).await.expect("a page");
    assert!(page.data.iter().any(|batch| batch.id == made.id));
    let late = client.batches().cancel(&made.id, None).await.expect_err("it has ended");
    assert_eq!(late.status(), Some(409), "{late}");
}
