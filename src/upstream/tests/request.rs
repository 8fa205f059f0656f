//! What a provider receives.

use super::fake::Fake;
use super::*;
use http::{HeaderName, HeaderValue};
use tokio::sync::mpsc;

/// What the provider saw of one call: lower-cased head lines, and the body.
async fn seen(change: impl FnOnce(&mut Provider, &mut Call)) -> (Vec<String>, String) {
    let (tell, mut told) = mpsc::unbounded_channel();
    let fake = Fake::start(move |mut line| {
        let tell = tell.clone();
        async move {
            tell.send(line.request().await.unwrap()).unwrap();
            line.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
        }
    })
    .await;
    let (mut provider, mut call) = (provider(&fake.base_url), call());
    change(&mut provider, &mut call);
    upstream().send(&provider, &policy(), call).await.unwrap();
    let request = told.recv().await.unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let host = fake.base_url.trim_start_matches("http://").trim_end_matches("/v1");
    let mut lines: Vec<_> = head.lines().map(|line| line.replace(host, "HOST")).collect();
    lines[1..].sort();
    (lines, body.to_owned())
}

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
}

const AGENT: &str = concat!("user-agent: floopy/", env!("CARGO_PKG_VERSION"));

#[tokio::test]
async fn a_call_bears_the_providers_credentials_and_nothing_of_the_callers_connection() {
    let (head, body) = seen(|_, call| {
        call.headers = headers(&[
            ("authorization", "Bearer fl_of_the_caller"),
            ("x-api-key", "fl_of_the_caller"),
            ("api-key", "fl_of_the_caller"),
            ("x-goog-api-key", "fl_of_the_caller"),
            ("cookie", "fl_of_the_caller"),
            ("proxy-authorization", "fl_of_the_caller"),
            ("connection", "keep-alive, X-Mine"),
            ("x-mine", "of this connection"),
            ("keep-alive", "timeout=5"),
            ("te", "trailers"),
            ("trailer", "x"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "websocket"),
            ("host", "evil.example"),
            ("content-length", "99999"),
            ("expect", "100-continue"),
            ("openai-beta", "assistants=v2"),
            ("accept", "text/event-stream"),
        ]);
    })
    .await;
    assert_eq!(
        head,
        [
            "POST /v1/chat/completions HTTP/1.1",
            "accept: text/event-stream",
            "authorization: Bearer sk-of-the-provider",
            "content-length: 13",
            "content-type: application/json",
            "host: HOST",
            "openai-beta: assistants=v2",
            AGENT,
        ]
    );
    assert_eq!(body, "{\"model\":\"m\"}");
}

#[tokio::test]
async fn anthropic_has_its_own_headers() {
    let (head, _) = seen(|provider, _| {
        provider.dialect = Dialect::AnthropicMessages;
        provider.credential = Credential::of_key(provider.dialect, &key());
    })
    .await;
    assert!(head.contains(&"x-api-key: sk-of-the-provider".to_owned()), "{head:?}");
    assert!(head.contains(&"anthropic-version: 2023-06-01".to_owned()), "{head:?}");
    assert!(!head.iter().any(|line| line.starts_with("authorization")), "{head:?}");
    let (head, _) = seen(|provider, call| {
        provider.dialect = Dialect::AnthropicMessages;
        call.headers = headers(&[("anthropic-version", "2026-01-01")]);
    })
    .await;
    assert!(head.contains(&"anthropic-version: 2026-01-01".to_owned()), "{head:?}");
}

#[tokio::test]
async fn the_operators_headers_win_and_a_call_without_a_key_bears_none() {
    let (head, _) = seen(|provider, call| {
        provider.credential = Credential::None;
        provider.headers = headers(&[("x-team", "ours"), ("user-agent", "mine/1")])
            .into_iter()
            .map(|(n, v)| (n.unwrap(), v))
            .collect();
        call.headers = headers(&[("x-team", "theirs"), ("content-type", "text/plain")]);
    })
    .await;
    assert_eq!(
        head[1..],
        ["content-length: 13", "content-type: text/plain", "host: HOST", "user-agent: mine/1", "x-team: ours"]
    );
}

#[tokio::test]
async fn paths_and_queries_are_joined() {
    for (base, path, expected) in [
        ("/v1", "/models", "/v1/models"),
        ("/v1/", "/models?limit=2", "/v1/models?limit=2"),
        ("", "/v1/messages", "/v1/messages"),
        ("/openai?api-version=1", "/chat", "/openai/chat?api-version=1"),
        ("/openai?api-version=1", "/chat?x=y", "/openai/chat?x=y&api-version=1"),
    ] {
        let (head, _) = seen(|provider, call| {
            provider.base_url = provider.base_url.join("/").unwrap().join(base).unwrap();
            call.path = path.into();
        })
        .await;
        assert_eq!(head[0], format!("POST {expected} HTTP/1.1"));
    }
}

#[tokio::test]
async fn what_cannot_be_a_header_or_a_path_is_the_operators_mistake() {
    let broken: [fn(&mut Provider, &mut Call); 3] = [
        |provider, _| {
            let key = Secret::new("two\r\nlines: x".into());
            provider.credential = Credential::of_key(Dialect::OpenAiChat, &key);
        },
        |_, call| call.path = "/a b".into(),
        |provider, _| {
            provider.dialect = Dialect::AnthropicMessages;
            provider.anthropic_version = "\n".into();
        },
    ];
    let fake = Fake::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    for change in broken {
        let (mut provider, mut call) = (provider(&fake.base_url), call());
        change(&mut provider, &mut call);
        assert_eq!(upstream().send(&provider, &policy(), call).await.unwrap_err(), CallError::Unusable);
    }
}
