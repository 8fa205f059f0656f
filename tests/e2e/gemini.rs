//! Against a provider that speaks Gemini's dialect.

use crate::fake::{Fake, KEY};
use crate::harness::Gateway;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

const CHAT: &str = "/v1/chat/completions";

/// A small Gemini API. What it does is said by the model's name in the path.
struct Gemini {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Gemini {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let gemini = Self { address: listener.local_addr().unwrap(), seen: Arc::default() };
        let seen = Arc::clone(&gemini.seen);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let seen = Arc::clone(&seen);
                std::thread::spawn(move || while serve(&stream, &seen).is_some() {});
            }
        });
        gemini
    }

    fn seen(&self) -> Vec<(String, Value)> {
        self.seen.lock().unwrap().clone()
    }

    fn config(&self) -> String {
        format!(
            "[provider.gemini]\nbase_url = \"http://{}/v1beta\"\napi_key = \"env:FAKE_KEY\"\nallow_private_network = true\n\
             [[model]]\nid = \"gemini/gemini-3-pro\"\ninput_usd_per_mtok = 1.0\noutput_usd_per_mtok = 2.0\ncapabilities = [\"tools\", \"vision\", \"reasoning\"]\n",
            self.address
        )
    }
}

fn serve(stream: &TcpStream, seen: &Mutex<Vec<(String, Value)>>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut writer = stream.try_clone().unwrap();
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        lines.push(line.trim_end().to_owned());
    }
    let header = |name: &str| {
        let found =
            lines.iter().find_map(|line| line.split_once(": ").filter(|(own, _)| own.eq_ignore_ascii_case(name)));
        found.map(|(_, value)| value.to_owned())
    };
    let mut body = vec![0; header("content-length")?.parse().unwrap()];
    reader.read_exact(&mut body).ok()?;
    let body: Value = serde_json::from_slice(&body).unwrap();
    let path = lines[0].split(' ').nth(1).unwrap().to_owned();
    seen.lock().unwrap().push((path.clone(), body.clone()));
    let error = |code: u16, status: &str, message: &str, details: Value| {
        json!({"error": {"code": code, "status": status, "message": message, "details": details}}).to_string()
    };
    if header("x-goog-api-key").as_deref() != Some(KEY) || header("authorization").is_some() || path.contains("bad-key")
    {
        let details = json!([{"reason": "API_KEY_INVALID"}]);
        let body = error(400, "INVALID_ARGUMENT", "API key not valid.", details);
        return write(&mut writer, "400 Bad Request", "application/json", &body);
    }
    if path.contains("busy") {
        let body = error(429, "RESOURCE_EXHAUSTED", "quota", json!([{"retryDelay": "7.2s"}]));
        return write(&mut writer, "429 Too Many Requests", "application/json", &body);
    }
    if path.contains("too-long") {
        let message = "The input token count (9) exceeds the maximum number of tokens allowed (8).";
        return write(
            &mut writer,
            "400 Bad Request",
            "application/json",
            &error(400, "INVALID_ARGUMENT", message, json!([])),
        );
    }
    let mut parts = json!([{"text": "Hé"}, {"text": "llo"}]);
    if body["tools"].is_array() && !body["contents"].to_string().contains("functionResponse") {
        parts = json!([{"text": "I need the weather.", "thought": true},
            {"functionCall": {"id": "fc1", "name": "weather", "args": {"city": "Oslo"}}, "thoughtSignature": "U0lH"},
            {"functionCall": {"id": "fc2", "name": "weather", "args": {"city": "Rome"}}}]);
    }
    let usage = json!({"promptTokenCount": 1000, "candidatesTokenCount": 60, "thoughtsTokenCount": 40});
    if !path.contains(":streamGenerateContent?alt=sse") {
        let answer = json!({"candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": "STOP"}],
            "usageMetadata": usage, "modelVersion": "gemini-3-pro-001"});
        return write(&mut writer, "200 OK", "application/json", &answer.to_string());
    }
    let mut text = String::new();
    for part in parts.as_array().unwrap() {
        let event = json!({"candidates": [{"content": {"role": "model", "parts": [part]}}]});
        text += &format!("data: {event}\r\n\r\n");
    }
    if path.contains("breaks") {
        text += &error(503, "UNAVAILABLE", "busy", json!([]));
    } else if !path.contains("cut") {
        let last = json!({"candidates": [{"finishReason": "STOP"}], "usageMetadata": usage});
        text += &format!("data: {last}\r\n\r\n");
    }
    write(&mut writer, "200 OK", "text/event-stream", &text)
}

fn write(writer: &mut TcpStream, status: &str, kind: &str, body: &str) -> Option<()> {
    let head = format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n", body.len());
    writer.write_all((head + body).as_bytes()).ok()
}

fn hello(model: &str, stream: bool) -> Value {
    json!({"model": format!("gemini/{model}"), "stream": stream, "messages": [{"role": "user", "content": "hello"}]})
}

#[test]
fn text_plain_and_streamed() {
    let (fake, gemini) = (Fake::start(), Gemini::start());
    let gateway = Gateway::start(&fake, &gemini.config());
    let answer = gateway.post(CHAT, &[], &hello("gemini-3-pro", false));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["choices"][0]["message"]["content"], "Héllo");
    assert_eq!(answer.json()["usage"]["completion_tokens"], 100);
    assert_eq!(answer.header("floopy-cost-micro-usd"), Some("1200"));
    let streamed = gateway.post(CHAT, &[], &hello("gemini-3-pro", true));
    let events = streamed.events();
    assert_eq!(events.last().unwrap(), "[DONE]");
    let chunks: Vec<Value> =
        events[..events.len() - 1].iter().map(|event| serde_json::from_str(event).unwrap()).collect();
    let text: String = chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect();
    assert_eq!((text.as_str(), &chunks.last().unwrap()["choices"][0]["finish_reason"]), ("Héllo", &json!("stop")));
    assert_eq!(gateway.decision(&streamed)["cost_micro_usd"], 1200);
    let paths: Vec<_> = gemini.seen().into_iter().map(|(path, _)| path).collect();
    let base = "/v1beta/models/gemini-3-pro";
    assert_eq!(paths, [format!("{base}:generateContent"), format!("{base}:streamGenerateContent?alt=sse")]);
}

#[test]
fn parallel_calls_come_back_with_their_signature() {
    for stream in [false, true] {
        let (fake, gemini) = (Fake::start(), Gemini::start());
        let gateway = Gateway::start(&fake, &gemini.config());
        let mut body = hello("gemini-3-pro", stream);
        body["tools"] = json!([{"type": "function", "function": {"name": "weather", "parameters":
            {"type": "object", "properties": {"city": {"type": "string"}}}}}]);
        let first = gateway.post(CHAT, &[], &body);
        assert_eq!(first.status, 200, "{}", first.text());
        assert!(first.text().contains("fc1") && first.text().contains("fc2"), "{}", first.text());
        assert!(first.text().contains("I need the weather."), "{}", first.text());
        gateway.decision(&first);
        // As a client sends it that drops the fields which it does not know.
        let call = |id: &str, city: &str| {
            let arguments = json!({"city": city}).to_string();
            json!({"id": id, "type": "function", "function": {"name": "weather", "arguments": arguments}})
        };
        let result = |id: &str| json!({"role": "tool", "tool_call_id": id, "content": "3"});
        let calls =
            json!({"role": "assistant", "content": null, "tool_calls": [call("fc1", "Oslo"), call("fc2", "Rome")]});
        body["messages"] = json!([{"role": "user", "content": "hello"}, calls, result("fc1"), result("fc2")]);
        let second = gateway.post(CHAT, &[], &body);
        assert_eq!(second.status, 200, "{}", second.text());
        let contents = gemini.seen()[1].1["contents"].clone();
        assert_eq!(contents[1]["parts"][0]["thoughtSignature"], "U0lH", "{contents}");
        assert_eq!(contents[2]["parts"].as_array().unwrap().len(), 2, "both results stand in one turn");
    }
}

#[test]
fn failures_say_whose_fault_they_were() {
    let (fake, gemini) = (Fake::start(), Gemini::start());
    let gateway = Gateway::start(&fake, &gemini.config());
    let busy = gateway.post(CHAT, &[], &hello("busy", false));
    assert_eq!((busy.status, busy.header("retry-after")), (429, Some("8")), "{}", busy.text());
    let long = gateway.post(CHAT, &[], &hello("too-long", false));
    assert_eq!((long.status, long.error_code().as_str()), (400, "context_length_exceeded"), "{}", long.text());
    let key = gateway.post(CHAT, &[], &hello("bad-key", false));
    assert!(key.status >= 500 && key.text().contains("operator"), "{}: {}", key.status, key.text());
    for model in ["breaks", "cut"] {
        let broken = gateway.post(CHAT, &[], &hello(model, true));
        assert!(broken.text().contains("Hé") && broken.text().contains("\"error\""), "{}", broken.text());
        assert_eq!(gateway.decision(&broken)["status"], "error", "{model}");
    }
}

#[test]
fn signatures_survive_clients_of_the_messages_api() {
    for stream in [false, true] {
        let (fake, gemini) = (Fake::start(), Gemini::start());
        let gateway = Gateway::start(&fake, &gemini.config());
        let question = json!({"role": "user", "content": "hello"});
        let mut body = json!({"model": "gemini/gemini-3-pro", "max_tokens": 500, "stream": stream, "messages": [question],
            "tools": [{"name": "weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}]});
        let first = gateway.post("/v1/messages", &[], &body);
        assert_eq!(first.status, 200, "{}", first.text());
        assert!(first.text().contains("tool_use") && first.text().contains("fc2"), "{}", first.text());
        gateway.decision(&first);
        let call =
            |id: &str, city: &str| json!({"type": "tool_use", "id": id, "name": "weather", "input": {"city": city}});
        let result = |id: &str| json!({"type": "tool_result", "tool_use_id": id, "content": "3"});
        body["messages"] = json!([question, {"role": "assistant", "content": [call("fc1", "Oslo"), call("fc2", "Rome")]},
            {"role": "user", "content": [result("fc1"), result("fc2")]}]);
        let second = gateway.post("/v1/messages", &[], &body);
        assert_eq!(second.status, 200, "{}", second.text());
        let contents = gemini.seen()[1].1["contents"].clone();
        assert_eq!(contents[1]["parts"][0]["thoughtSignature"], "U0lH", "{contents}");
        assert!(contents[1]["parts"][1].get("thoughtSignature").is_none(), "{contents}");
    }
}

#[test]
fn tool_schemas_that_cannot_be_said_are_noted_or_refused() {
    let (fake, gemini) = (Fake::start(), Gemini::start());
    let gateway = Gateway::start(&fake, &gemini.config());
    let ask = |schema: &Value| {
        let tool = json!({"type": "function", "function": {"name": "f", "parameters": schema}});
        gateway.post(
            CHAT,
            &[],
            &json!({"model": "gemini/gemini-3-pro", "tools": [tool],
            "messages": [{"role": "user", "content": "hello"}]}),
        )
    };
    let schema = json!({"type": "object", "properties": {"a": {"not": {"type": "null"}}, "b": {"type": "string"}},
        "patternProperties": {"^x": {"type": "string"}}, "if": {"required": ["a"]}, "then": {"required": ["b"]}});
    let answer = ask(&schema);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(gateway.decision(&answer)["dropped_parameters"], json!(["tools[0].function.parameters"]));
    let sent = gemini.seen()[0].1.to_string();
    assert!(sent.contains("\"properties\":{\"a\":{},\"b\":{\"type\":\"string\"}}"), "{sent}");
    assert!(!sent.contains("patternProperties") && !sent.contains("\"not\""), "{sent}");
    let deep = (0..70).fold(json!({"type": "string"}), |inner, _| json!({"type": "array", "items": inner}));
    let refused = ask(&json!({"type": "object", "properties": {"deep": deep}}));
    assert_eq!((refused.status, refused.error_code().as_str()), (400, "invalid_request"), "{}", refused.text());
    assert_eq!(refused.json()["error"]["param"], "tools[0].function.parameters");
    assert_eq!(gemini.seen().len(), 1);
}
