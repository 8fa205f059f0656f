//! What the tests of this suite share: the client, calls of models, and waiting for a record.

use floopy::async_openai::types::chat::{ChatCompletionRequestMessage, CreateChatCompletionRequest};
use floopy::{Floopy, Result};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// What the fake model answers when nothing else is asked of it.
pub const TEXT: &str = "Oslo is the capital of Norway. Größe: 5 µm, 価格 ¥100, 🙂 done.";

/// A client of the gateway that the harness started, with the suite's key.
pub fn client() -> Floopy {
    client_with_key(&variable("FLOOPY_KEY"))
}

/// The same with another key.
pub fn client_with_key(key: &str) -> Floopy {
    builder(key).build().expect("a client")
}

/// A client whose calls of models belong to a session.
pub fn client_in(session: &str) -> Floopy {
    builder(&variable("FLOOPY_KEY")).default_header("floopy-session-id", session).build().expect("a client")
}

fn builder(key: &str) -> floopy::FloopyBuilder {
    Floopy::builder(key).base_url(variable("FLOOPY_URL")).max_retries(0)
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run `scripts/test floopy-sdk-rust`"))
}

/// A name that no other test and no other run has.
pub fn fresh(name: &str) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    format!("{name}-{}", now.as_nanos())
}

/// One user message.
pub fn messages(text: &str) -> Vec<ChatCompletionRequestMessage> {
    serde_json::from_value(json!([{ "role": "user", "content": text }])).expect("messages")
}

/// One turn; what the model said.
pub async fn chat(client: &Floopy, model: &str, text: &str) -> String {
    let asked: CreateChatCompletionRequest =
        serde_json::from_value(json!({ "model": model, "messages": [{ "role": "user", "content": text }] }))
            .expect("a request in the client's types");
    let answer = client.openai().chat().create(asked).await.expect("an answer");
    answer.choices[0].message.content.clone().expect("text")
}

/// Uploads a dataset, for which the client has no call; its id.
pub fn upload_dataset(rows: &str) -> String {
    let (url, key) = (variable("FLOOPY_URL"), variable("FLOOPY_KEY"));
    let (host, path) = url.trim_start_matches("http://").split_once('/').expect("an address with a path");
    let head = format!(
        "POST /{path}/datasets HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {key}\r\nconnection: close\r\n\
         content-type: application/jsonl\r\ncontent-length: {}\r\n\r\n",
        rows.len()
    );
    let mut stream = TcpStream::connect(host).expect("a connection");
    stream.write_all((head + rows).as_bytes()).expect("the request is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
    let made: Value = serde_json::from_str(body).expect("JSON");
    made["id"].as_str().expect("an id").to_owned()
}

/// Decisions are committed in groups, a moment after the answer: reads until what was read is complete.
pub async fn eventually<T>(read: impl AsyncFn() -> Result<T>, complete: impl Fn(&T) -> bool) -> T {
    let began = Instant::now();
    loop {
        if let Ok(found) = read().await
            && complete(&found)
        {
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(10), "what was expected did not come");
        tokio::task::yield_now().await;
    }
}

/// An hour before now and an hour after, as RFC 3339.
pub fn span() -> (String, String) {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
    (time(now - 3_600), time(now + 3_600))
}

/// Seconds since 1970 as RFC 3339 (days to dates as in Howard Hinnant's `civil_from_days`).
fn time(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3_600, rest % 3_600 / 60, rest % 60)
}

/// A member of a decision's trace.
pub fn traced<'a>(trace: &'a Option<Value>, name: &str) -> &'a Value {
    &trace.as_ref().expect("a trace")[name]
}
