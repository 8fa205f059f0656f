//! Azure: OpenAI's dialect at addresses of its own, and what it adds to answers.

use crate::fake::Fake;
use crate::harness::Gateway;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// One request as Azure got it.
#[derive(Clone)]
struct Seen {
    path: String,
    headers: Vec<(String, String)>,
    body: Value,
}

/// A small Azure. What it does is said by the deployment's name.
struct Azure {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Azure {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let azure = Self { address: listener.local_addr().unwrap(), seen: Arc::default() };
        let seen = Arc::clone(&azure.seen);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let seen = Arc::clone(&seen);
                std::thread::spawn(move || while serve(&stream, &seen).is_some() {});
            }
        });
        azure
    }

    fn last(&self) -> Seen {
        self.seen.lock().unwrap().last().unwrap().clone()
    }

    /// Both forms of address, with a deployment of a model that reasons.
    fn config(&self) -> String {
        let at = |name: &str, path: &str| {
            format!(
                "[provider.{name}]\nkind = \"azure\"\nbase_url = \"http://{}{path}\"\napi_key = \"env:FAKE_KEY\"\nallow_private_network = true\n",
                self.address
            )
        };
        let base = "[[model]]\nid = \"classic/thinker\"\nbase_model = \"classic/gpt-5\"\n";
        [at("classic", ""), at("v1", "/openai/v1"), base.to_owned()].concat()
    }
}

fn serve(stream: &TcpStream, all: &Mutex<Vec<Seen>>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut writer = stream.try_clone().unwrap();
    let mut line = String::new();
    if reader.read_line(&mut line).ok()? == 0 {
        return None;
    }
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length =
        headers.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, value)| value.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body: Value = serde_json::from_slice(&body).unwrap();
    all.lock().unwrap().push(Seen { path, headers, body: body.clone() });
    let safe = json!({"hate": {"filtered": false, "severity": "safe"}});
    let fault = |code: Value, message: &str| {
        json!({"error": {"code": code, "message": message, "param": "prompt",
        "innererror": {"code": "ResponsibleAIPolicyViolation", "content_filter_result": safe}}})
    };
    let json = |writer: &mut TcpStream, status: &str, body: &Value| {
        let text = body.to_string();
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nretry-after: 7\r\nretry-after-ms: 1500\r\ncontent-length: {}\r\n\r\n",
            text.len()
        );
        writer.write_all((head + &text).as_bytes()).ok()
    };
    match body["model"].as_str().unwrap() {
        "blocked" => json(&mut writer, "400 Bad Request", &fault(json!("content_filter"), "The prompt was filtered.")),
        "gone" => json(&mut writer, "404 Not Found", &fault(json!("DeploymentNotFound"), "no such deployment")),
        "locked" => json(&mut writer, "401 Unauthorized", &fault(json!("401"), "Access denied")),
        "busy" => json(&mut writer, "429 Too Many Requests", &fault(json!("429"), "slow down")),
        "full" => json(&mut writer, "400 Bad Request", &fault(json!("context_length_exceeded"), "too long")),
        _ if body["stream"] == true => {
            let chunk = |delta: Value, finish: Value| {
                json!({"id": "chatcmpl-az", "object": "chat.completion.chunk", "created": 5,
                "model": "gpt-4o", "choices": [{"index": 0, "delta": delta, "finish_reason": finish, "content_filter_results": {}}]})
            };
            let mut text = String::new();
            for event in [
                json!({"id": "", "object": "", "created": 0, "model": "", "choices": [],
                    "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": safe}]}),
                chunk(json!({"role": "assistant", "content": "Hi "}), Value::Null),
                json!({"id": "", "object": "", "created": 0, "model": "", "choices": [{"index": 0, "finish_reason": null,
                    "content_filter_results": safe, "content_filter_offsets": {"start_offset": 0, "end_offset": 3}}]}),
                chunk(json!({"content": "there"}), Value::Null),
                chunk(json!({}), json!("stop")),
                json!({"id": "chatcmpl-az", "object": "chat.completion.chunk", "created": 5, "model": "gpt-4o", "choices": [],
                    "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}}),
            ] {
                text += &format!("data: {event}\n\n");
            }
            text += "data: [DONE]\n\n";
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {}\r\n\r\n", text.len());
            writer.write_all((head + &text).as_bytes()).ok()
        }
        _ if body["input"].is_string() => json(
            &mut writer,
            "200 OK",
            &json!({"object": "list", "model": "e",
            "data": [{"object": "embedding", "index": 0, "embedding": [0.5, -0.5]}], "usage": {"prompt_tokens": 1, "total_tokens": 1}}),
        ),
        _ => {
            let (finish, content) = if body["model"] == "withheld" { ("content_filter", "") } else { ("stop", "Hi") };
            json(
                &mut writer,
                "200 OK",
                &json!({"id": "chatcmpl-az", "object": "chat.completion", "created": 5, "model": "gpt-4o-2024-08-06",
                "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": safe}],
                "choices": [{"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": content}, "content_filter_results": safe}],
                "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}}),
            )
        }
    }
}

const CHAT: &str = "/v1/chat/completions";

fn ask(model: &str, more: &Value) -> Value {
    let mut body = json!({"model": model, "messages": [{"role": "user", "content": "hello"}]});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

#[test]
fn a_deployment_is_in_the_path_or_in_the_body() {
    let (fake, azure) = (Fake::start(), Azure::start());
    let gateway = Gateway::start(&fake, &azure.config());
    for (model, path) in [
        ("classic/prod", "/openai/deployments/prod/chat/completions?api-version=2024-10-21"),
        ("classic/a b/c", "/openai/deployments/a%20b%2Fc/chat/completions?api-version=2024-10-21"),
        ("v1/prod", "/openai/v1/chat/completions"),
    ] {
        let answer = gateway.post(CHAT, &[], &ask(model, &json!({})));
        assert_eq!(answer.status, 200, "{}", answer.text());
        let seen = azure.last();
        assert_eq!(seen.path, path);
        assert_eq!(seen.body["model"], model.split_once('/').unwrap().1);
        let header =
            |name: &str| seen.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str());
        assert_eq!((header("api-key"), header("authorization")), (Some(crate::fake::KEY), None));
        assert_eq!(answer.json()["choices"][0]["message"]["content"], "Hi");
    }
    let embedding = json!({"model": "classic/e", "input": "text"});
    assert_eq!(gateway.post("/v1/embeddings", &[], &embedding).status, 200);
    assert_eq!(azure.last().path, "/openai/deployments/e/embeddings?api-version=2024-10-21");
}

#[test]
fn what_a_deployment_is_of_decides_what_it_is_sent() {
    let (fake, azure) = (Fake::start(), Azure::start());
    let gateway = Gateway::start(&fake, &azure.config());
    let more = json!({"temperature": 0.2, "max_tokens": 9});
    for (model, temperature, tokens) in
        [("classic/thinker", Value::Null, "max_completion_tokens"), ("classic/prod", json!(0.2), "max_tokens")]
    {
        assert_eq!(gateway.post(CHAT, &[], &ask(model, &more)).status, 200);
        let sent = azure.last().body;
        assert_eq!((&sent["temperature"], &sent[tokens]), (&temperature, &json!(9)), "{sent}");
    }
}

#[test]
fn the_filters_chunks_are_no_chunks_of_the_answer() {
    let (fake, azure) = (Fake::start(), Azure::start());
    let gateway = Gateway::start(&fake, &azure.config());
    let more = json!({"stream": true, "stream_options": {"include_usage": true}});
    let answer = gateway.post(CHAT, &[], &ask("classic/prod", &more));
    let events = answer.events();
    assert_eq!(events.last().unwrap(), "[DONE]");
    let chunks: Vec<Value> =
        events[..events.len() - 1].iter().map(|event| serde_json::from_str(event).unwrap()).collect();
    let (usage, said) = chunks.split_last().unwrap();
    assert_eq!((usage["choices"].as_array().unwrap().len(), &usage["usage"]["total_tokens"]), (0, &json!(5)));
    assert!(said.iter().all(|chunk| chunk["choices"][0]["delta"].is_object()), "{said:?}");
    assert!(chunks.iter().all(|chunk| chunk["id"] == "chatcmpl-az" && chunk["model"] == "gpt-4o"), "{chunks:?}");
    let text: String =
        said.iter().map(|chunk| chunk["choices"][0]["delta"]["content"].as_str().unwrap_or_default()).collect();
    assert_eq!(text, "Hi there");
}

#[test]
fn failures_say_whose_they_are() {
    let (fake, azure) = (Fake::start(), Azure::start());
    let gateway = Gateway::start(&fake, &azure.config());
    for (model, status, code) in [
        ("v1/blocked", 400, "content_filter"),
        ("v1/full", 400, "context_length_exceeded"),
        ("v1/gone", 404, "model_not_found"),
        ("v1/locked", 502, "provider_error"),
        ("v1/busy", 429, "provider_rate_limited"),
    ] {
        let answer = gateway.post(CHAT, &[], &ask(model, &json!({})));
        assert_eq!((answer.status, answer.error_code().as_str()), (status, code), "{model}: {}", answer.text());
        assert_eq!(
            answer.header("retry-after"),
            (status == 429).then_some("2"),
            "{model}: milliseconds are rounded up"
        );
    }
    let withheld = gateway.post(CHAT, &[], &ask("v1/withheld", &json!({})));
    assert_eq!(withheld.json()["choices"][0]["finish_reason"], "content_filter");
    let elsewhere = gateway.post(CHAT, &[], &ask("v1/gone,up/cheap", &json!({})));
    assert_eq!((elsewhere.status, elsewhere.header("floopy-model")), (200, Some("cheap")));
}
