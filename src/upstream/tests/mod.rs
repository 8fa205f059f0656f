//! Calls against fakes that speak raw bytes. Where a timeout is tested the clock is paused and jumps.

mod answer;
mod fake;
mod fetch;
mod guard;
mod head;
mod http2;
mod pooling;
mod request;

use super::{Call, CallError, Reply, ReplyBody, Upstream};
use crate::base::Secret;
use crate::config::settings::{BreakerPolicy, Credential, Dialect, Provider, UnsupportedParameters, UpstreamPolicy};
use bytes::Bytes;
use http::{HeaderMap, Method};
use http_body::Body as _;
use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);

/// Distinct limits: 2 s to connect, 30 s to the first byte, 10 s between bytes.
fn policy() -> UpstreamPolicy {
    UpstreamPolicy {
        connect_timeout: 2 * SECOND,
        first_byte_timeout: 30 * SECOND,
        idle_timeout: 10 * SECOND,
        retries: 2,
        backoff: SECOND / 10,
        max_backoff: SECOND,
        breaker: BreakerPolicy { enabled: true, failures: 3, cooldown: 10 * SECOND },
    }
}

fn provider(base_url: &str) -> Provider {
    Provider {
        id: "fake".into(),
        kind: "openai-chat".into(),
        dialect: Dialect::OpenAiChat,
        base_url: base_url.parse().unwrap(),
        credential: Credential::of_key(Dialect::OpenAiChat, &key()),
        headers: Vec::new(),
        allow_private_network: true,
        anthropic_version: "2023-06-01".into(),
        unsupported_parameters: UnsupportedParameters::Drop,
    }
}

fn key() -> Secret {
    Secret::new("sk-of-the-provider".into())
}

/// A call with five minutes of time.
fn call() -> Call {
    Call {
        method: Method::POST,
        path: "/chat/completions".into(),
        headers: HeaderMap::new(),
        body: Bytes::from_static(b"{\"model\":\"m\"}"),
        deadline: Instant::now() + 300 * SECOND,
    }
}

fn upstream() -> Upstream {
    Upstream::trusting(None).unwrap()
}

async fn send(upstream: &Upstream, base_url: &str) -> Result<Reply, CallError> {
    upstream.send(&provider(base_url), &policy(), call()).await
}

async fn next(body: &mut ReplyBody) -> Option<Result<Bytes, CallError>> {
    poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await.map(|frame| frame.map(|frame| frame.into_data().unwrap()))
}

/// The whole text, or how it broke off.
async fn read(mut body: ReplyBody) -> Result<String, CallError> {
    let mut text = Vec::new();
    while !body.is_end_stream()
        && let Some(data) = next(&mut body).await
    {
        text.extend_from_slice(&data?);
    }
    Ok(String::from_utf8(text).unwrap())
}
