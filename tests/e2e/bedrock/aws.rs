//! A small AWS: Bedrock's runtime, and the services that give out keys.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

pub(super) const MODEL: &str = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0";

/// One request as it came.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) method: String,
    pub(super) path: String,
    /// The body as it came.
    pub(super) text: String,
    headers: Vec<(String, String)>,
    pub(super) body: Value,
}

impl Seen {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.as_str())
    }
}

/// What it does is said by the model's name in the path.
pub(super) struct Aws {
    pub(super) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    clock: Arc<AtomicI64>,
    issued: Arc<AtomicU32>,
}

/// What connections share.
#[derive(Clone)]
struct Shared {
    seen: Arc<Mutex<Vec<Seen>>>,
    clock: Arc<AtomicI64>,
    issued: Arc<AtomicU32>,
}

impl Aws {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let shared = Shared { seen: Arc::default(), clock: Arc::default(), issued: Arc::default() };
        let address = listener.local_addr().unwrap();
        let Shared { seen, clock, issued } = shared.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = shared.clone();
                std::thread::spawn(move || while serve(&stream, &shared).is_some() {});
            }
        });
        Self { address, seen, clock, issued }
    }

    /// Sets its clock ahead by so many seconds: signatures of another time than its own are refused.
    pub(super) fn set_ahead(&self, seconds: i64) {
        self.clock.store(seconds, Ordering::SeqCst);
    }

    /// How many times keys were given out.
    pub(super) fn issued(&self) -> u32 {
        self.issued.load(Ordering::SeqCst)
    }

    /// The calls to whoever gives out keys, in order.
    pub(super) fn asked(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().iter().filter(|seen| !seen.path.starts_with("/model/")).cloned().collect()
    }

    /// The calls of models, in order.
    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().iter().filter(|seen| seen.path.starts_with("/model/")).cloned().collect()
    }

    /// A provider with these keys, and a model with a price.
    pub(super) fn config(&self, keys: &str) -> String {
        format!(
            "[provider.bedrock]\nbase_url = \"http://{}\"\nregion = \"eu-west-3\"\nallow_private_network = true\n{keys}\
             [[model]]\nid = \"bedrock/{MODEL}\"\ninput_usd_per_mtok = 1.0\noutput_usd_per_mtok = 2.0\n\
             cache_read_usd_per_mtok = 0.5\ncache_write_usd_per_mtok = 1.5\n",
            self.address
        )
    }
}

fn serve(stream: &TcpStream, shared: &Shared) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
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
    let mut words = lines[0].split(' ').map(str::to_owned);
    let (method, path) = (words.next().unwrap(), words.next().unwrap());
    let headers: Vec<_> =
        lines[1..].iter().filter_map(|line| line.split_once(": ")).map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
    let mut seen = Seen { method, path, headers, text: String::new(), body: Value::Null };
    let length = seen.header("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    seen.body = serde_json::from_slice(&body).unwrap_or_default();
    seen.text = String::from_utf8(body).unwrap();
    shared.seen.lock().unwrap().push(seen.clone());
    let mut writer = stream.try_clone().unwrap();
    let (status, kind, headers, body) =
        issued(&seen, shared).or_else(|| untimely(&seen, shared)).unwrap_or_else(|| answer(&seen));
    let head = format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\n{headers}content-length: {}\r\n\r\n", body.len());
    writer.write_all(&[head.as_bytes(), &body].concat()).ok()
}

type Answer = (&'static str, &'static str, String, Vec<u8>);

fn refusal(status: &'static str, name: &str, message: &str) -> Answer {
    let headers = format!("x-amzn-errortype: {name}:http://internal.amazon.com/coral/\r\n");
    (status, "application/json", headers, json!({"message": message}).to_string().into_bytes())
}

/// Keys, where they are asked for. Those that were given out first have expired for Bedrock soon after.
fn issued(seen: &Seen, shared: &Shared) -> Option<Answer> {
    let given = |body: String| Some(("200 OK", "application/json", String::new(), body.into_bytes()));
    let keys = || {
        let number = shared.issued.fetch_add(1, Ordering::SeqCst) + 1;
        let end = jiff::Timestamp::now() + std::time::Duration::from_secs(3600);
        json!({"AccessKeyId": format!("ASIA{number}"), "SecretAccessKey": "secret", "Token": format!("token-{number}"),
            "Expiration": end.to_string()})
    };
    let has_session = seen.header("x-aws-ec2-metadata-token") == Some("imds-session");
    match (seen.method.as_str(), seen.path.as_str()) {
        ("GET", "/agent") if seen.header("authorization") == Some("from-inside") => given(keys().to_string()),
        ("PUT", "/latest/api/token") => given("imds-session".to_owned()),
        ("GET", "/latest/meta-data/iam/security-credentials/") if has_session => given("the-role".to_owned()),
        ("GET", "/latest/meta-data/iam/security-credentials/the-role") if has_session => given(keys().to_string()),
        ("POST", "/") => {
            let by_token = seen.text.contains("WebIdentityToken=platform-token");
            let action = if by_token { "AssumeRoleWithWebIdentity" } else { "AssumeRole" };
            let signed = seen.header("authorization").is_some_and(|by| by.contains("/eu-west-3/sts/aws4_request, "));
            if !seen.text.starts_with(&format!("Action={action}&")) || signed == by_token {
                return Some(refusal("403 Forbidden", "AccessDenied", "no"));
            }
            let mut keys = keys();
            keys["SessionToken"] = keys.as_object_mut().unwrap().remove("Token").unwrap();
            let result = json!({(format!("{action}Result")): {"Credentials": keys}});
            given(json!({(format!("{action}Response")): result}).to_string())
        }
        ("GET", "/federation/credentials?role_name=admin&account_id=123")
            if seen.header("x-amz-sso_bearer_token") == Some("sso-token") =>
        {
            let number = shared.issued.fetch_add(1, Ordering::SeqCst) + 1;
            let end = jiff::Timestamp::now().as_millisecond() + 3_600_000;
            given(
                json!({"roleCredentials": {"accessKeyId": format!("ASIA{number}"), "secretAccessKey": "secret",
                "sessionToken": format!("token-{number}"), "expiration": end}})
                .to_string(),
            )
        }
        (_, path) if path.starts_with("/model/") => None,
        _ => Some(refusal("403 Forbidden", "AccessDenied", "no")),
    }
}

/// The refusal of a signature that is not of now, by this server's clock.
fn untimely(seen: &Seen, shared: &Shared) -> Option<Answer> {
    let signed = seen.header("x-amz-date")?.parse::<jiff::Timestamp>().unwrap().as_second();
    let now = jiff::Timestamp::now().as_second() + shared.clock.load(Ordering::SeqCst);
    if (now - signed).abs() <= 300 {
        return None;
    }
    let date = jiff::Timestamp::from_second(now).unwrap().strftime("%a, %d %b %Y %H:%M:%S GMT");
    // AWS has a name for each direction.
    let name = if now > signed { "InvalidSignatureException" } else { "RequestTimeTooSkewed" };
    let (status, kind, headers, body) = refusal("403 Forbidden", name, "Signature expired");
    Some((status, kind, format!("{headers}date: {date}\r\n"), body))
}

fn answer(seen: &Seen) -> Answer {
    let model = seen.path.split('/').nth(2).unwrap_or_default();
    match model {
        "expired-at-first" if seen.header("x-amz-security-token") == Some("token-1") => {
            return refusal("403 Forbidden", "ExpiredTokenException", "The security token included is expired");
        }
        "always-expired" => return refusal("403 Forbidden", "ExpiredTokenException", "expired"),
        "busy" => return refusal("429 Too Many Requests", "ThrottlingException", "Too many tokens, please wait."),
        "too-long" => {
            return refusal("400 Bad Request", "ValidationException", "Input is too long for requested model.");
        }
        "profile-only" => {
            let message = "Invocation of model ID x with on-demand throughput isn’t supported.";
            return refusal("400 Bad Request", "ValidationException", message);
        }
        "denied" => return refusal("403 Forbidden", "AccessDeniedException", "You don't have access."),
        _ => {}
    }
    if let Some(text) = seen.body["inputText"].as_str() {
        let tokens = text.len();
        let answer = json!({"embedding": [tokens, 1], "inputTextTokenCount": tokens});
        return ("200 OK", "application/json", String::new(), answer.to_string().into_bytes());
    }
    let calls = seen.body["toolConfig"].is_object() && !seen.body["messages"].to_string().contains("toolResult");
    if !seen.path.ends_with("/converse-stream") {
        return ("200 OK", "application/json", String::new(), whole(calls).to_string().into_bytes());
    }
    let mut events = streamed(calls);
    match model {
        "exception" => {
            events.truncate(2);
            events.push(frame("exception", "serviceUnavailableException", &json!({"message": "busy"})));
        }
        "damaged" => {
            if let Some(byte) = events[2].last_mut() {
                *byte ^= 1;
            }
        }
        "cut" => events.truncate(3),
        _ => {}
    }
    ("200 OK", "application/vnd.amazon.eventstream", String::new(), events.concat())
}

fn usage() -> Value {
    json!({"inputTokens": 700, "cacheReadInputTokens": 200, "cacheWriteInputTokens": 100, "outputTokens": 100,
        "totalTokens": 1100})
}

fn whole(calls: bool) -> Value {
    let call = |id: &str, city: &str| json!({"toolUse": {"toolUseId": id, "name": "weather", "input": {"city": city}}});
    let (content, reason) = if calls {
        let thought = json!({"reasoningText": {"text": "I need the weather.", "signature": "EqQB"}});
        (json!([{"reasoningContent": thought}, call("tooluse_1", "Oslo"), call("tooluse_2", "Rome")]), "tool_use")
    } else {
        (json!([{"text": "Hé"}, {"text": "llo"}]), "end_turn")
    };
    json!({"output": {"message": {"role": "assistant", "content": content}}, "stopReason": reason, "usage": usage(),
        "metrics": {"latencyMs": 7}})
}

fn streamed(calls: bool) -> Vec<Vec<u8>> {
    let event = |name: &str, payload: Value| frame("event", name, &payload);
    let delta = |index: u8, delta: Value| {
        event("contentBlockDelta", json!({"contentBlockIndex": index, "delta": delta, "p": "abcdefg"}))
    };
    let stop = |index: u8| event("contentBlockStop", json!({"contentBlockIndex": index}));
    let mut events = vec![event("messageStart", json!({"role": "assistant"}))];
    if calls {
        events.push(delta(0, json!({"reasoningContent": {"text": "I need the weather."}})));
        events.push(delta(0, json!({"reasoningContent": {"signature": "EqQB"}})));
        events.push(stop(0));
        for (index, id, input) in [(1, "tooluse_1", "{\"city\":\"Oslo\"}"), (2, "tooluse_2", "{\"city\":\"Rome\"}")] {
            let start = json!({"toolUse": {"toolUseId": id, "name": "weather"}});
            events.push(event("contentBlockStart", json!({"contentBlockIndex": index, "start": start})));
            events.push(delta(index, json!({"toolUse": {"input": input}})));
            events.push(stop(index));
        }
    } else {
        events.push(delta(0, json!({"text": "Hé"})));
        events.push(delta(0, json!({"text": "llo"})));
        events.push(stop(0));
    }
    events.push(event("messageStop", json!({"stopReason": if calls { "tool_use" } else { "end_turn" }})));
    events.push(event("metadata", json!({"usage": usage(), "metrics": {"latencyMs": 7}})));
    events
}

/// One message of an event stream.
fn frame(kind: &str, name: &str, payload: &Value) -> Vec<u8> {
    let mut headers = Vec::new();
    let of_kind = format!(":{kind}-type");
    for (header, value) in [(&*of_kind, name), (":content-type", "application/json"), (":message-type", kind)] {
        headers.push(u8::try_from(header.len()).unwrap());
        headers.extend_from_slice(header.as_bytes());
        headers.push(7);
        headers.extend_from_slice(&u16::try_from(value.len()).unwrap().to_be_bytes());
        headers.extend_from_slice(value.as_bytes());
    }
    let payload = payload.to_string();
    let mut bytes = Vec::new();
    for number in [16 + headers.len() + payload.len(), headers.len()] {
        bytes.extend_from_slice(&u32::try_from(number).unwrap().to_be_bytes());
    }
    bytes.extend_from_slice(&crc32fast::hash(&bytes).to_be_bytes());
    bytes.extend_from_slice(&headers);
    bytes.extend_from_slice(payload.as_bytes());
    bytes.extend_from_slice(&crc32fast::hash(&bytes).to_be_bytes());
    bytes
}
