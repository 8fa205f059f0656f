//! A provider's own batches: OpenAI's files and batches, and Anthropic's message batches.

use crate::base::{BatchId, body, limits};
use crate::config::settings::Provider;
use crate::gateway::Gateway;
use crate::resource::batch::Counts;
use crate::upstream::{Call, Reply};
use crate::wire::BatchApi;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use http_body_util::BodyExt;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;

/// How long one call may take, whatever its body.
const CALL: Duration = Duration::from_secs(600);
/// Batches of the provider that are looked through for one of ours.
const LISTED: usize = 100;
/// The name under which a batch there bears our id.
const OURS: &str = "floopy_batch";

/// Why a call came to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It may be made again.
    Later,
    /// It will not work here: what was said, for the log.
    Refused(String),
}

/// How far a batch there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    /// At work.
    Running(Counts),
    /// Over: where its answers lie.
    Ended(Vec<String>),
    /// It was not taken: what was said, for the log.
    Refused(String),
}

/// One provider's batches.
pub(super) struct Remote {
    pub(super) gateway: Arc<Gateway>,
    pub(super) provider: Arc<Provider>,
    pub(super) api: BatchApi,
}

#[derive(Deserialize)]
struct OpenAiBatch {
    id: String,
    status: String,
    #[serde(default)]
    request_counts: Option<Counts>,
    output_file_id: Option<String>,
    error_file_id: Option<String>,
    input_file_id: Option<String>,
    #[serde(default)]
    metadata: Option<Value>,
    #[serde(default)]
    errors: Value,
}

#[derive(Deserialize)]
struct AnthropicCounts {
    processing: u32,
    succeeded: u32,
    errored: u32,
    canceled: u32,
    expired: u32,
}

#[derive(Deserialize)]
struct AnthropicBatch {
    id: String,
    processing_status: String,
    request_counts: AnthropicCounts,
}

/// A line of the answers.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// The line's number.
    pub(super) number: u32,
    pub(super) status: u16,
    pub(super) body: Bytes,
}

/// The lines of a batch there, as they are gathered.
#[derive(Debug)]
pub(super) struct Load {
    api: BatchApi,
    bytes: Vec<u8>,
    headers: HeaderMap,
    pub(super) lines: u32,
}

impl Load {
    pub(super) fn new(api: BatchApi) -> Self {
        let bytes = if api == BatchApi::Anthropic { b"{\"requests\":[".to_vec() } else { Vec::new() };
        Self { api, bytes, headers: HeaderMap::new(), lines: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Adds a line, as the provider takes it.
    pub(super) fn push(&mut self, number: u32, path: &str, headers: HeaderMap, body: &[u8]) {
        let end = match self.api {
            BatchApi::OpenAi => {
                let head = format!("{{\"custom_id\":\"{number}\",\"method\":\"POST\",\"url\":\"/v1{path}\",\"body\":");
                self.bytes.extend_from_slice(head.as_bytes());
                "}\n"
            }
            BatchApi::Anthropic => {
                let comma = if self.lines > 0 { "," } else { "" };
                let head = format!("{comma}{{\"custom_id\":\"{number}\",\"params\":");
                self.bytes.extend_from_slice(head.as_bytes());
                "}"
            }
        };
        // Line breaks stand only between the tokens of JSON.
        self.bytes.extend(body.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }));
        self.bytes.extend_from_slice(end.as_bytes());
        self.headers.extend(headers);
        self.lines += 1;
    }
}

impl Remote {
    async fn send(&self, method: Method, path: String, headers: HeaderMap, body: Bytes) -> Result<Reply, Trouble> {
        let config = self.gateway.config();
        let call = Call { method, path, headers, body, deadline: Instant::now() + CALL };
        let reply = self.gateway.upstream.send(&self.provider, &config.upstream, call).await;
        let reply = reply.map_err(|_| Trouble::Later)?;
        let status = reply.status;
        if status.is_success() {
            return Ok(reply);
        }
        if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT
        {
            return Err(Trouble::Later);
        }
        Err(Trouble::Refused(format!("the provider answered with status {status}")))
    }

    async fn json<T: serde::de::DeserializeOwned>(&self, reply: Reply) -> Result<T, Trouble> {
        let text = body::read(reply.body, limits::MAX_UPSTREAM_BODY).await.map_err(|_| Trouble::Later)?;
        serde_json::from_slice(&text).map_err(|_| Trouble::Refused("the provider's answer cannot be read".to_owned()))
    }

    async fn ask<T: serde::de::DeserializeOwned>(&self, method: Method, path: String) -> Result<T, Trouble> {
        let reply = self.send(method, path, HeaderMap::new(), Bytes::new()).await?;
        self.json(reply).await
    }

    /// The batch there that bears our id: an earlier process may have made it and ended before it could say so.
    pub(super) async fn find(&self, batch: &BatchId) -> Result<Option<String>, Trouble> {
        #[derive(Deserialize)]
        struct Page {
            data: Vec<OpenAiBatch>,
        }
        if self.api == BatchApi::Anthropic {
            // Batches there bear no names of ours.
            return Ok(None);
        }
        let page: Page = self.ask(Method::GET, format!("/batches?limit={LISTED}")).await?;
        let ours = |found: &OpenAiBatch| {
            found.metadata.as_ref().and_then(|notes| notes.get(OURS)?.as_str()) == Some(batch.as_str())
        };
        Ok(page.data.into_iter().find(ours).map(|found| found.id))
    }

    /// Hands the lines over; the id of the batch there.
    pub(super) async fn submit(&self, batch: &BatchId, endpoint: &str, load: Load) -> Result<String, Trouble> {
        let Load { mut bytes, headers, .. } = load;
        match self.api {
            BatchApi::Anthropic => {
                bytes.extend_from_slice(b"]}");
                let path = "/v1/messages/batches".to_owned();
                let reply = self.send(Method::POST, path, headers, Bytes::from(bytes)).await?;
                Ok(self.json::<AnthropicBatch>(reply).await?.id)
            }
            BatchApi::OpenAi => {
                let file = self.upload(batch, &bytes).await?;
                drop(bytes);
                let body = json!({"input_file_id": file, "endpoint": endpoint, "completion_window": "24h",
                    "metadata": {OURS: batch}});
                let body = Bytes::from(body.to_string());
                let reply = self.send(Method::POST, "/batches".to_owned(), HeaderMap::new(), body).await?;
                Ok(self.json::<OpenAiBatch>(reply).await?.id)
            }
        }
    }

    async fn upload(&self, batch: &BatchId, lines: &[u8]) -> Result<String, Trouble> {
        #[derive(Deserialize)]
        struct File {
            id: String,
        }
        // Made of our id's random digits: no line holds it.
        let boundary = format!("floopy-{batch}");
        let head = format!(
            "--{boundary}\r\ncontent-disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--{boundary}\r\n\
             content-disposition: form-data; name=\"file\"; filename=\"{batch}.jsonl\"\r\n\
             content-type: application/jsonl\r\n\r\n"
        );
        let form = [head.as_bytes(), lines, format!("\r\n--{boundary}--\r\n").as_bytes()].concat();
        let kind = HeaderValue::try_from(format!("multipart/form-data; boundary={boundary}"));
        let kind = kind.map_err(|_| Trouble::Refused("a form's head cannot be written".to_owned()))?;
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, kind)]);
        let reply = self.send(Method::POST, "/files".to_owned(), headers, Bytes::from(form)).await?;
        Ok(self.json::<File>(reply).await?.id)
    }

    /// How far the batch there is.
    pub(super) async fn look(&self, id: &str) -> Result<State, Trouble> {
        match self.api {
            BatchApi::OpenAi => {
                let found: OpenAiBatch = self.ask(Method::GET, format!("/batches/{id}")).await?;
                Ok(match found.status.as_str() {
                    "failed" => State::Refused(found.errors.to_string()),
                    "completed" | "expired" | "cancelled" => {
                        let files = [found.output_file_id, found.error_file_id].into_iter().flatten();
                        State::Ended(files.map(|file| format!("/files/{file}/content")).collect())
                    }
                    _ => State::Running(found.request_counts.unwrap_or_default()),
                })
            }
            BatchApi::Anthropic => {
                let found: AnthropicBatch = self.ask(Method::GET, format!("/v1/messages/batches/{id}")).await?;
                let counts = found.request_counts;
                let failed = counts.errored + counts.canceled + counts.expired;
                let total = counts.processing + counts.succeeded + failed;
                Ok(match found.processing_status.as_str() {
                    "ended" => State::Ended(vec![format!("/v1/messages/batches/{id}/results")]),
                    _ => State::Running(Counts { total, completed: counts.succeeded, failed }),
                })
            }
        }
    }

    /// Asks for no further line to be answered there.
    pub(super) async fn cancel(&self, id: &str) -> Result<(), Trouble> {
        let path = match self.api {
            BatchApi::OpenAi => format!("/batches/{id}/cancel"),
            BatchApi::Anthropic => format!("/v1/messages/batches/{id}/cancel"),
        };
        self.send(Method::POST, path, HeaderMap::new(), Bytes::new()).await.map(drop)
    }

    /// Writes the answers that lie at `path` to a file.
    pub(super) async fn fetch(&self, path: &str, into: &mut tokio::fs::File) -> Result<(), Trouble> {
        let mut reply = self.send(Method::GET, path.to_owned(), HeaderMap::new(), Bytes::new()).await?;
        let mut left = limits::MAX_BATCH_ANSWERS;
        while let Some(frame) = reply.body.frame().await {
            let Ok(data) = frame.map_err(|_| Trouble::Later)?.into_data() else { continue };
            left = left.checked_sub(data.len() as u64).ok_or_else(|| {
                Trouble::Refused(format!("the provider's answers are longer than {} bytes", limits::MAX_BATCH_ANSWERS))
            })?;
            into.write_all(&data).await.map_err(|_| Trouble::Later)?;
        }
        into.write_all(b"\n").await.map_err(|_| Trouble::Later)
    }

    /// Removes what was uploaded for the batch there. It is kept there otherwise, which is untidy and no more.
    pub(super) async fn tidy(&self, id: &str) {
        if self.api == BatchApi::OpenAi
            && let Ok(found) = self.ask::<OpenAiBatch>(Method::GET, format!("/batches/{id}")).await
        {
            for file in [found.input_file_id, found.output_file_id, found.error_file_id].into_iter().flatten() {
                let removed = self.send(Method::DELETE, format!("/files/{file}"), HeaderMap::new(), Bytes::new()).await;
                if removed.is_err() {
                    tracing::warn!(file, "a file of a batch could not be removed at its provider");
                }
            }
        }
    }
}

#[derive(Deserialize)]
struct Response<'a> {
    status_code: u16,
    #[serde(borrow)]
    body: &'a RawValue,
}

#[derive(Deserialize)]
struct Outcome<'a> {
    r#type: &'a str,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    custom_id: Cow<'a, str>,
    #[serde(borrow)]
    response: Option<Response<'a>>,
    #[serde(borrow)]
    result: Option<Outcome<'a>>,
}

/// What one line of the answers says; `None` for a line that was not answered, or that says nothing.
pub(super) fn told(line: &[u8]) -> Option<Told> {
    let line: Line<'_> = serde_json::from_slice(line).ok()?;
    let number = line.custom_id.parse().ok()?;
    let copied = |json: &RawValue| Bytes::copy_from_slice(json.get().as_bytes());
    if let Some(response) = line.response {
        return Some(Told { number, status: response.status_code, body: copied(response.body) });
    }
    let result = line.result?;
    match (result.r#type, result.message, result.error) {
        ("succeeded", Some(message), _) => Some(Told { number, status: 200, body: copied(message) }),
        ("errored", _, Some(error)) => {
            #[derive(Deserialize)]
            struct Kind<'a> {
                r#type: Cow<'a, str>,
            }
            #[derive(Deserialize)]
            struct Error<'a> {
                #[serde(borrow)]
                error: Kind<'a>,
            }
            let kind = serde_json::from_str::<Error<'_>>(error.get()).ok();
            let is_ours = kind.is_some_and(|kind| kind.error.r#type == "invalid_request_error");
            Some(Told { number, status: if is_ours { 400 } else { 500 }, body: copied(error) })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_put_into_each_providers_form() {
        let mut load = Load::new(BatchApi::OpenAi);
        load.push(1, "/chat/completions", HeaderMap::new(), b"{\n\"model\": \"m\"}");
        load.push(2, "/chat/completions", HeaderMap::new(), b"{}");
        let lines: Vec<Value> =
            load.bytes.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
        let line = |id: &str, body: Value| json!({"custom_id": id, "method": "POST", "url": "/v1/chat/completions", "body": body});
        assert_eq!(lines, [line("1", json!({"model": "m"})), line("2", json!({}))]);

        let mut load = Load::new(BatchApi::Anthropic);
        let beta =
            HeaderMap::from_iter([(http::HeaderName::from_static("anthropic-beta"), HeaderValue::from_static("x"))]);
        load.push(1, "/v1/messages", beta, b"{\"max_tokens\":1}");
        load.push(2, "/v1/messages", HeaderMap::new(), b"{}");
        assert_eq!((load.lines, load.headers.len()), (2, 1));
        let whole: Value = serde_json::from_slice(&[&load.bytes[..], b"]}"].concat()).unwrap();
        let requests = json!([{"custom_id": "1", "params": {"max_tokens": 1}}, {"custom_id": "2", "params": {}}]);
        assert_eq!(whole, json!({"requests": requests}));
    }

    #[test]
    fn what_a_line_was_told_is_read_in_each_providers_form() {
        let told = |line: Value| told(line.to_string().as_bytes()).map(|told| (told.number, told.status));
        let openai = |status: u16| json!({"id": "x", "custom_id": "7", "response": {"status_code": status, "body": {}}, "error": null});
        assert_eq!((told(openai(200)), told(openai(429))), (Some((7, 200)), Some((7, 429))));
        assert_eq!(told(json!({"custom_id": "7", "response": null, "error": {"code": "batch_expired"}})), None);
        let anthropic = |result: Value| json!({"custom_id": "7", "result": result});
        let failed = |kind: &str| {
            anthropic(json!({"type": "errored", "error": {"type": "error", "error": {"type": kind, "message": "m"}}}))
        };
        assert_eq!(told(anthropic(json!({"type": "succeeded", "message": {}}))), Some((7, 200)));
        assert_eq!(told(failed("invalid_request_error")), Some((7, 400)));
        assert_eq!(told(failed("overloaded_error")), Some((7, 500)));
        assert_eq!(told(anthropic(json!({"type": "expired"}))), None);
        assert_eq!(told(json!({"custom_id": "not ours", "result": {"type": "expired"}})), None);
        assert_eq!(super::told(b"nonsense"), None);
    }
}
