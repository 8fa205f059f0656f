//! Against a provider that speaks Anthropic's dialect: several answers, images, and reasoning that comes back.

use crate::fake::Fake;
use crate::harness::{Gateway, wait_for};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// A small Messages API. What it does is said by the model's name and by how often it was called.
pub(crate) struct Claude {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Value>>>,
    /// Calls that have come; whoever has to wait for a number of them waits here.
    bell: Arc<(Mutex<usize>, Condvar)>,
}

impl Claude {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let claude = Self { address, seen: Arc::default(), bell: Arc::default() };
        let (seen, bell) = (Arc::clone(&claude.seen), Arc::clone(&claude.bell));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, bell) = (Arc::clone(&seen), Arc::clone(&bell));
                std::thread::spawn(move || while serve(&stream, &seen, &bell).is_some() {});
            }
        });
        claude
    }

    pub(crate) fn seen(&self) -> Vec<Value> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn config(&self) -> String {
        format!(
            "[provider.claude]\nkind = \"anthropic-messages\"\nbase_url = \"http://{}\"\napi_key = \"env:FAKE_KEY\"\nallow_private_network = true\n\
             [[model]]\nid = \"claude/sonnet\"\ninput_usd_per_mtok = 1.0\noutput_usd_per_mtok = 2.0\ncapabilities = [\"tools\", \"vision\"]\n",
            self.address
        )
    }
}

fn serve(stream: &TcpStream, seen: &Mutex<Vec<Value>>, bell: &(Mutex<usize>, Condvar)) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut writer = stream.try_clone().unwrap();
    let (mut length, mut line) = (0, String::new());
    loop {
        line.clear();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body: Value = serde_json::from_slice(&body).unwrap();
    seen.lock().unwrap().push(body.clone());
    let number = {
        let mut count = bell.0.lock().unwrap();
        *count += 1;
        bell.1.notify_all();
        *count
    };
    let model = body["model"].as_str().unwrap();
    if model == "fails-from-the-second" && number > 1 {
        return write(
            &mut writer,
            "500 Internal Server Error",
            &json!({"type": "error", "error": {"type": "api_error", "message": "no"}}),
        );
    }
    if model == "together" {
        // Nobody is answered before all three have come.
        let (_count, waited) =
            bell.1.wait_timeout_while(bell.0.lock().unwrap(), Duration::from_secs(20), |count| *count < 3).unwrap();
        assert!(!waited.timed_out(), "the calls run side by side");
    }
    if body["stream"] == true {
        return events(&mut writer, number);
    }
    let mut content = vec![json!({"type": "text", "text": format!("answer {number}")})];
    let mut stop = "end_turn";
    if body["tools"].is_array() && !body["messages"].to_string().contains("tool_result") {
        content = vec![
            json!({"type": "thinking", "thinking": "I need the weather.", "signature": "EqQBsigned"}),
            json!({"type": "tool_use", "id": "toolu_01", "name": "weather", "input": {"city": "Oslo"}}),
        ];
        stop = "tool_use";
    }
    let answer = json!({"id": "msg_1", "type": "message", "role": "assistant", "model": model, "content": content,
        "stop_reason": stop, "stop_sequence": null, "usage": {"input_tokens": 1000, "output_tokens": 100}});
    write(&mut writer, "200 OK", &answer)
}

fn write(writer: &mut TcpStream, status: &str, body: &Value) -> Option<()> {
    let body = body.to_string();
    let head = format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
    writer.write_all((head + &body).as_bytes()).ok()
}

fn events(writer: &mut TcpStream, number: usize) -> Option<()> {
    let mut text = String::new();
    for event in [
        json!({"type": "message_start", "message": {"id": "msg_1", "type": "message", "role": "assistant", "model": "sonnet",
            "content": [], "stop_reason": null, "usage": {"input_tokens": 1000, "output_tokens": 1}}}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "answer "}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": number.to_string()}}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 100}}),
        json!({"type": "message_stop"}),
    ] {
        text += &format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap());
    }
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {}\r\n\r\n", text.len());
    writer.write_all((head + &text).as_bytes()).ok()
}

fn several(model: &str, n: u32, more: &Value) -> Value {
    let mut body = json!({"model": model, "n": n, "messages": [{"role": "user", "content": "hello"}]});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

const CHAT: &str = "/v1/chat/completions";

#[test]
fn several_answers_of_a_provider_that_gives_one_a_call() {
    let (fake, claude) = (Fake::start(), Claude::start());
    let gateway = Gateway::start(&fake, &claude.config());
    let answer = gateway.post(CHAT, &[], &several("claude/together", 3, &json!({})));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let choices = answer.json()["choices"].as_array().unwrap().clone();
    let mut said: Vec<_> =
        choices.iter().map(|choice| choice["message"]["content"].as_str().unwrap().to_owned()).collect();
    said.sort();
    assert_eq!(said, ["answer 1", "answer 2", "answer 3"]);
    assert_eq!(choices.iter().map(|choice| choice["index"].as_u64().unwrap()).collect::<Vec<_>>(), [0, 1, 2]);
    assert!(claude.seen().iter().all(|body| body.get("n").is_none()));

    let answer = gateway.post(CHAT, &[], &several("claude/sonnet", 2, &json!({})));
    let usage = &answer.json()["usage"];
    assert_eq!((usage["prompt_tokens"].as_u64(), usage["completion_tokens"].as_u64()), (Some(2000), Some(200)));
    assert_eq!(answer.header("floopy-cost-micro-usd"), Some("2400"), "both calls are paid for");
    let decision = gateway.decision(&answer);
    assert_eq!(decision["outcome"]["attempts"].as_array().unwrap().len(), 2);
    assert_eq!((&decision["cost_micro_usd"], &decision["outcome"]["output_tokens"]), (&json!(2400), &json!(200)));
}

#[test]
fn several_answers_in_one_stream() {
    let (fake, claude) = (Fake::start(), Claude::start());
    let gateway = Gateway::start(&fake, &claude.config());
    let more = json!({"stream": true, "stream_options": {"include_usage": true}});
    let answer = gateway.post(CHAT, &[], &several("claude/sonnet", 3, &more));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let events = answer.events();
    assert_eq!(events.iter().filter(|event| *event == "[DONE]").count(), 1);
    assert_eq!(events.last().unwrap(), "[DONE]");
    let chunks: Vec<Value> =
        events[..events.len() - 1].iter().map(|event| serde_json::from_str(event).unwrap()).collect();
    assert!(chunks.iter().all(|chunk| chunk["id"] == chunks[0]["id"]), "one id");
    let mut texts = vec![String::new(); 3];
    let mut finished = 0;
    for choice in chunks.iter().filter_map(|chunk| chunk["choices"].as_array()).flatten() {
        let index = usize::try_from(choice["index"].as_u64().unwrap()).unwrap();
        texts[index] += choice["delta"]["content"].as_str().unwrap_or_default();
        finished += u32::from(choice["finish_reason"] == "stop");
    }
    texts.sort();
    assert_eq!((texts, finished), (vec!["answer 1".to_owned(), "answer 2".to_owned(), "answer 3".to_owned()], 3));
    let last = chunks.last().unwrap();
    assert_eq!((last["choices"].as_array().unwrap().len(), &last["usage"]["total_tokens"]), (0, &json!(3300)));
    let decision = gateway.decision(&answer);
    assert_eq!((&decision["cost_micro_usd"], &decision["status"]), (&json!(3600), &json!("ok")));
}

#[test]
fn all_answers_come_or_the_next_target_is_asked() {
    for stream in [false, true] {
        let (fake, claude) = (Fake::start(), Claude::start());
        let gateway = Gateway::start(&fake, &claude.config());
        let more = json!({"stream": stream});
        let elsewhere = gateway.post(CHAT, &[], &several("claude/nine,up/cheap", 9, &more));
        assert_eq!((elsewhere.status, elsewhere.header("floopy-model")), (200, Some("cheap")), "{}", elsewhere.text());
        let alone = gateway.post(CHAT, &[], &several("claude/nine", 9, &more));
        assert_eq!((alone.status, alone.error_code().as_str()), (400, "unsupported_parameter"), "{}", alone.text());
        assert_eq!(alone.json()["error"]["param"], "n");
        assert!(claude.seen().is_empty(), "nine calls are never made");
    }
    let (fake, claude) = (Fake::start(), Claude::start());
    let gateway = Gateway::start(&fake, &claude.config());
    let answer = gateway.post(CHAT, &[], &several("claude/fails-from-the-second,up/cheap", 2, &json!({})));
    assert_eq!((answer.status, answer.header("floopy-model")), (200, Some("cheap")), "{}", answer.text());
    let attempts = gateway.decision(&answer)["outcome"]["attempts"].as_array().unwrap().clone();
    assert!(attempts.len() >= 3, "every call is on record: {attempts:?}");
    assert!(attempts.last().unwrap()["error"].is_null());
}

#[test]
fn images_of_private_addresses_are_never_fetched() {
    let (fake, claude) = (Fake::start(), Claude::start());
    let gateway = Gateway::start(&fake, &claude.config());
    let ask = |url: &str| {
        let parts = json!([{"type": "text", "text": "what is it?"}, {"type": "image_url", "image_url": {"url": url}}]);
        gateway.post(CHAT, &[], &json!({"model": "claude/sonnet", "messages": [{"role": "user", "content": parts}]}))
    };
    let before = fake.connections();
    for host in [
        fake.address.to_string(),
        format!("localhost:{}", fake.address.port()),
        "169.254.169.254".into(),
        "[::1]:1".into(),
    ] {
        let answer = ask(&format!("http://{host}/a.png"));
        assert_eq!(answer.status, 400, "{host}: {}", answer.text());
        assert_eq!(answer.json()["error"]["param"], "messages[0].content[1].image_url.url");
        assert!(
            answer.text().contains("cannot be reached"),
            "which address is private stays inside: {}",
            answer.text()
        );
    }
    assert_eq!(fake.connections(), before, "nobody was asked");
    assert!(claude.seen().is_empty());
    assert_eq!(ask("https://images.example/a.png").status, 200);
    let source = &claude.seen()[0]["messages"][0]["content"][1]["source"];
    assert_eq!(*source, json!({"type": "url", "url": "https://images.example/a.png"}), "it fetches over https itself");
}

#[test]
fn reasoning_comes_back_for_clients_that_drop_it() {
    let (fake, claude) = (Fake::start(), Claude::start());
    let gateway = Gateway::start(&fake, &claude.config());
    let tools = json!([{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}]);
    let ask = |model: &str, messages: &Value| {
        let body = json!({"model": model, "messages": messages, "tools": tools, "reasoning_effort": "low", "max_tokens": 4096});
        gateway.post(CHAT, &[], &body)
    };
    let question = json!({"role": "user", "content": "How is the weather in Oslo?"});
    let first = ask("claude/sonnet", &json!([question]));
    assert_eq!(first.status, 200, "{}", first.text());
    let message = first.json()["choices"][0]["message"].clone();
    assert!(message["thinking_blocks"].is_array(), "clients that can carry them get them: {message}");
    // What the official clients send back.
    let kept = json!({"role": "assistant", "content": null, "tool_calls": message["tool_calls"]});
    let result = json!({"role": "tool", "tool_call_id": "toolu_01", "content": "rain"});
    let turn = json!([question, kept, result]);
    assert_eq!(ask("claude/sonnet", &turn).status, 200);
    let sent = claude.seen().pop().unwrap();
    assert_eq!(
        sent["messages"][1]["content"][0],
        json!({"type": "thinking", "thinking": "I need the weather.", "signature": "EqQBsigned"})
    );
    assert!(sent["thinking"].is_object(), "it may go on thinking: {sent}");
    assert_eq!(ask("claude/another", &turn).status, 200);
    let sent = claude.seen().pop().unwrap();
    assert_eq!(sent["messages"][1]["content"][0]["type"], "tool_use", "another model never sees it: {sent}");
    assert!(sent.get("thinking").is_none());
    wait_for("the decisions", || {
        let items = gateway.get("/v1/decisions").json()["items"].as_array().unwrap().len();
        (items == 3).then_some(())
    });
    assert!(!gateway.get("/v1/decisions").text().contains("EqQBsigned"), "records hold no reasoning");
}
