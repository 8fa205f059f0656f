//! A provider with batches of its own, OpenAI's and Anthropic's, that ends them when the test says so.
//!
//! What comes of a line is said by its words: `bad` is refused, `busy` had no room, `lost` is never answered.

use crate::fake::{KEY, Seen, read_request};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};

#[derive(Default)]
pub(crate) struct Shelf {
    files: BTreeMap<String, Vec<u8>>,
    batches: BTreeMap<String, Batch>,
    /// No batch is taken.
    pub(crate) refuses: bool,
    /// Batches that are made from now on, and before, are over.
    pub(crate) is_over: bool,
    /// Requests that were answered one by one.
    pub(crate) single: usize,
    pub(crate) cancelled: usize,
    complaints: Vec<String>,
}

struct Batch {
    lines: Vec<Value>,
    metadata: Value,
    input: String,
}

pub(crate) struct Provider {
    pub(crate) address: SocketAddr,
    shelf: Arc<Mutex<Shelf>>,
}

impl Provider {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shelf = Arc::new(Mutex::new(Shelf::default()));
        let shared = Arc::clone(&shelf);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shelf = Arc::clone(&shared);
                std::thread::spawn(move || serve(stream, &shelf));
            }
        });
        Self { address, shelf }
    }

    /// The configuration of it as both kinds of provider.
    pub(crate) fn config(&self) -> String {
        let address = self.address;
        format!(
            "[batches]\npoll = \"10ms\"\n\
             [provider.openai]\nbase_url = \"http://{address}/v1\"\napi_key = \"env:FAKE_KEY\"\nallow_private_network = true\n\
             [provider.anthropic]\nbase_url = \"http://{address}\"\napi_key = \"env:FAKE_KEY\"\nallow_private_network = true\n"
        )
    }

    /// Batches that were taken, and requests that were answered one by one.
    pub(crate) fn taken(&self) -> (usize, usize) {
        let shelf = self.shelf();
        (shelf.batches.len(), shelf.single)
    }

    pub(crate) fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.shelf().complaints, Vec::<String>::new(), "the provider complained of its requests");
        }
    }
}

impl Shelf {
    pub(crate) fn batches(&self) -> usize {
        self.batches.len()
    }

    pub(crate) fn files(&self) -> usize {
        self.files.len()
    }
}

fn serve(stream: TcpStream, shelf: &Mutex<Shelf>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut writer = stream;
    while let Some(seen) = read_request(&mut reader) {
        let (status, body) = shelf.lock().unwrap().answer(&seen);
        let head =
            format!("HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
        if writer.write_all(&[head.as_bytes(), &body].concat()).is_err() {
            return;
        }
    }
}

fn text(line: &Value) -> String {
    let body = if line["body"].is_object() { &line["body"] } else { &line["params"] };
    body["messages"][0]["content"].to_string()
}

fn completion(text: &str) -> Value {
    json!({"id": "chatcmpl-b", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{"index": 0, "finish_reason": "stop", "logprobs": null,
            "message": {"role": "assistant", "content": text, "refusal": null}}],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}})
}

fn message(text: &str) -> Value {
    json!({"id": "msg_b", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn",
        "stop_sequence": null, "content": [{"type": "text", "text": text}],
        "usage": {"input_tokens": 1000, "output_tokens": 100}})
}

impl Shelf {
    fn complain(&mut self, what: String) {
        self.complaints.push(what);
    }

    fn answer(&mut self, seen: &Seen) -> (u16, Vec<u8>) {
        let header = |name: &str| seen.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        let key = header("authorization").or_else(|| header("x-api-key").map(|key| format!("Bearer {key}")));
        if key.as_deref() != Some(&format!("Bearer {KEY}")) {
            self.complain(format!("{} came with the key {key:?}", seen.path));
        }
        let path = seen.path.split('?').next().unwrap();
        let parts: Vec<&str> = path.trim_start_matches("/v1/").split('/').collect();
        let (status, json) = match (seen.method.as_str(), parts.as_slice()) {
            ("POST", ["chat", "completions"]) => {
                self.single += 1;
                (200, completion("one by one"))
            }
            ("POST", ["messages"]) => {
                self.single += 1;
                (200, message("one by one"))
            }
            ("POST", ["files"]) => self.upload(seen, &header("content-type").unwrap_or_default()),
            ("GET", ["files", id, "content"]) => match self.files.get(*id) {
                Some(content) => return (200, content.clone()),
                None => (404, json!({"error": {"message": "no such file"}})),
            },
            ("DELETE", ["files", id]) => {
                self.files.remove(*id);
                (200, json!({"id": id, "deleted": true}))
            }
            ("POST", ["batches"] | ["messages", "batches"]) if self.refuses => {
                (400, json!({"error": {"message": "no batches today"}}))
            }
            ("POST", ["batches"]) => self.begin(&seen.body),
            ("POST", ["messages", "batches"]) => {
                let lines = seen.body["requests"].as_array().cloned().unwrap_or_default();
                if lines.is_empty() || lines.iter().any(|line| !line["params"]["max_tokens"].is_u64()) {
                    self.complain(format!("{}", seen.body));
                }
                self.make(lines, Value::Null, String::new())
            }
            ("GET", ["batches"]) => {
                let data: Vec<Value> =
                    self.batches.keys().cloned().collect::<Vec<_>>().iter().map(|id| self.show(id)).collect();
                (200, json!({"object": "list", "data": data, "has_more": false}))
            }
            ("GET", ["batches", id] | ["messages", "batches", id]) => (200, self.show(id)),
            ("POST", ["batches" | "messages", .., "cancel"]) => {
                self.cancelled += 1;
                self.is_over = true;
                let id = parts[parts.len() - 2];
                (200, self.show(id))
            }
            ("GET", ["messages", "batches", id, "results"]) => return (200, self.results(id)),
            _ => {
                self.complain(format!("{} {}", seen.method, seen.path));
                (404, Value::Null)
            }
        };
        (status, json.to_string().into_bytes())
    }

    fn upload(&mut self, seen: &Seen, kind: &str) -> (u16, Value) {
        let boundary = kind.split("boundary=").nth(1).unwrap_or("none").to_owned();
        let form = String::from_utf8(seen.raw.clone()).unwrap();
        let parts: Vec<&str> = form.split(&format!("--{boundary}")).collect();
        let content = |name: &str| {
            let part = parts.iter().find(|part| part.contains(&format!("name=\"{name}\"")))?;
            Some(part.split_once("\r\n\r\n")?.1.trim_end_matches("\r\n").to_owned())
        };
        if content("purpose").as_deref() != Some("batch") {
            self.complain(format!("form {form}"));
        }
        let id = format!("file-there-{}", self.files.len());
        let file = content("file").unwrap_or_default();
        self.files.insert(id.clone(), file.into_bytes());
        (200, json!({"id": id, "object": "file"}))
    }

    fn begin(&mut self, body: &Value) -> (u16, Value) {
        let input = body["input_file_id"].as_str().unwrap_or_default().to_owned();
        let text = String::from_utf8(self.files.get(&input).cloned().unwrap_or_default()).unwrap();
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let is_fine = |line: &Value| {
            line["method"] == "POST" && line["url"] == body["endpoint"] && line["body"]["model"].is_string()
        };
        if lines.is_empty() || !lines.iter().all(is_fine) || body["completion_window"] != "24h" {
            self.complain(format!("batch {body} over {text}"));
        }
        self.make(lines, body["metadata"].clone(), input)
    }

    fn make(&mut self, lines: Vec<Value>, metadata: Value, input: String) -> (u16, Value) {
        let id = format!("batch-there-{}", self.batches.len());
        self.batches.insert(id.clone(), Batch { lines, metadata, input });
        (200, self.show(&id))
    }

    /// The batch in both shapes at once.
    fn show(&mut self, id: &str) -> Value {
        let is_over = self.is_over;
        let (output, errors) = (format!("{id}-output"), format!("{id}-errors"));
        if is_over {
            let lines = self.batches[id].lines.clone();
            let mut files = [Vec::new(), Vec::new()];
            for line in &lines {
                let text = text(line);
                let (at, status, body) = match () {
                    () if text.contains("lost") => continue,
                    () if text.contains("bad") => (
                        1,
                        400,
                        json!({"error": {"message": "temperature", "type": "invalid_request_error", "param": null, "code": null}}),
                    ),
                    () if text.contains("busy") => (1, 429, json!({"error": {"message": "slow down"}})),
                    () => (0, 200, completion("from a batch")),
                };
                let answer = json!({"id": "x", "custom_id": line["custom_id"], "error": null,
                    "response": {"status_code": status, "request_id": "r", "body": body}});
                files[at].extend(format!("{answer}\n").into_bytes());
            }
            let [good, bad] = files;
            if !self.batches[id].input.is_empty() {
                self.files.entry(output.clone()).or_insert(good);
                self.files.entry(errors.clone()).or_insert(bad);
            }
        }
        let batch = &self.batches[id];
        let over = |name: &str| if is_over { json!(name) } else { Value::Null };
        let total = batch.lines.len();
        json!({"id": id, "object": "batch", "status": if is_over { "completed" } else { "in_progress" },
            "processing_status": if is_over { "ended" } else { "in_progress" },
            "request_counts": {"total": total, "completed": 0, "failed": 0,
                "processing": total, "succeeded": 0, "errored": 0, "canceled": 0, "expired": 0},
            "input_file_id": batch.input, "output_file_id": over(&output), "error_file_id": over(&errors),
            "metadata": batch.metadata, "errors": null})
    }

    fn results(&self, id: &str) -> Vec<u8> {
        let mut all = String::new();
        for line in &self.batches[id].lines {
            let text = text(line);
            let kind = if text.contains("bad") { "invalid_request_error" } else { "overloaded_error" };
            let result = match () {
                () if text.contains("lost") => json!({"type": "expired"}),
                () if text.contains("bad") || text.contains("busy") => json!({"type": "errored",
                    "error": {"type": "error", "error": {"type": kind, "message": "no"}}}),
                () => json!({"type": "succeeded", "message": message("from a batch")}),
            };
            all.push_str(&json!({"custom_id": line["custom_id"], "result": result}).to_string());
            all.push('\n');
        }
        all.into_bytes()
    }
}
