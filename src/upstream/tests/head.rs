//! Calls that bring no answer's head.

use super::fake::{Fake, hang};
use super::*;

#[tokio::test(start_paused = true)]
async fn a_provider_that_does_not_begin_is_given_up() {
    let fake = Fake::start(|mut line| async move {
        line.request().await;
        line.write("HTTP/1.1 200 O").await;
        hang().await;
    })
    .await;
    let began = Instant::now();
    assert_eq!(send(&upstream(), &fake.base_url).await.unwrap_err(), CallError::FirstByteTimeout);
    assert_eq!(began.elapsed().as_secs(), 30);
    let hurried = Call { deadline: Instant::now() + 5 * SECOND, ..call() };
    let began = Instant::now();
    let error = upstream().send(&provider(&fake.base_url), &policy(), hurried).await.unwrap_err();
    assert_eq!((error, began.elapsed().as_secs()), (CallError::Deadline, 5));
}

#[tokio::test]
async fn a_connection_that_ends_without_an_answer_is_not_tried_again_when_it_was_new() {
    let closing = Fake::start(|mut line| async move { drop(line.request().await) }).await;
    assert_eq!(send(&upstream(), &closing.base_url).await.unwrap_err(), CallError::Closed);
    assert_eq!(closing.accepted(), 1);
    let resetting = Fake::start(|mut line| async move {
        line.request().await;
        line.reset();
    })
    .await;
    assert_eq!(send(&upstream(), &resetting.base_url).await.unwrap_err(), CallError::Closed);
    assert_eq!(resetting.accepted(), 1);
}

#[tokio::test]
async fn what_is_not_http_is_said_to_be_so() {
    for answer in ["SSH-2.0-OpenSSH_9.6\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 200 OK\r\nbad header\r\n\r\n"] {
        let fake = Fake::answering(answer).await;
        assert_eq!(send(&upstream(), &fake.base_url).await.unwrap_err(), CallError::Malformed, "{answer:?}");
    }
}

#[tokio::test]
async fn a_head_past_the_limits_is_refused() {
    let long = Fake::start(|mut line| async move {
        line.request().await;
        line.write("HTTP/1.1 200 OK\r\n").await;
        line.write(&format!("x: {}\r\n", "y".repeat(5000)).repeat(80)).await;
        line.write(&format!("x: {}\r\ncontent-length: 0\r\n\r\n", "y".repeat(5000))).await;
        hang().await;
    })
    .await;
    assert_eq!(send(&upstream(), &long.base_url).await.unwrap_err(), CallError::Malformed);
    let many = Fake::start(|mut line| async move {
        line.request().await;
        line.write(&format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(1000))).await;
        hang().await;
    })
    .await;
    assert_eq!(send(&upstream(), &many.base_url).await.unwrap_err(), CallError::Malformed);
}

#[tokio::test]
async fn a_closed_port_refuses() {
    let fake = Fake::answering("").await;
    let gone = fake.base_url.clone();
    drop(fake);
    assert_eq!(send(&upstream(), &gone).await.unwrap_err(), CallError::Refused);
}

#[tokio::test(start_paused = true)]
async fn a_tls_handshake_that_hangs_is_given_up_within_the_connect_timeout() {
    let fake = Fake::start(|mut line| async move { line.closed().await }).await;
    let began = Instant::now();
    let error = send(&upstream(), &fake.base_url.replace("http:", "https:")).await.unwrap_err();
    assert_eq!((error, began.elapsed().as_secs()), (CallError::ConnectTimeout, 2));
}

#[tokio::test]
async fn a_redirect_is_an_error_and_nobody_else_sees_the_credentials() {
    let elsewhere = Fake::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let target = elsewhere.base_url.clone();
    for status in [301, 302, 303, 307, 308] {
        let target = target.clone();
        let fake = Fake::start(move |mut line| {
            let answer = format!("HTTP/1.1 {status} x\r\nlocation: {target}\r\ncontent-length: 0\r\n\r\n");
            async move {
                while line.request().await.is_some() {
                    line.write(&answer).await;
                }
            }
        })
        .await;
        assert_eq!(send(&upstream(), &fake.base_url).await.unwrap_err(), CallError::Redirected);
    }
    assert_eq!(elsewhere.accepted(), 0);
}

#[tokio::test]
async fn an_error_status_is_an_answer() {
    let fake = Fake::answering("HTTP/1.1 429 Slow down\r\nretry-after: 7\r\ncontent-length: 2\r\n\r\n{}").await;
    let reply = send(&upstream(), &fake.base_url).await.unwrap();
    assert_eq!((reply.status.as_u16(), reply.headers["retry-after"].to_str().unwrap()), (429, "7"));
    assert_eq!(read(reply.body).await.unwrap(), "{}");
}

#[test]
fn errors_name_nothing_inside_and_keep_their_codes() {
    let (timeout, error) = (crate::base::Code::ProviderTimeout, crate::base::Code::ProviderError);
    for (failure, code) in [
        (CallError::ConnectTimeout, timeout),
        (CallError::FirstByteTimeout, timeout),
        (CallError::IdleTimeout, timeout),
        (CallError::Deadline, timeout),
        (CallError::Closed, error),
        (CallError::PrivateAddress, error),
        (CallError::Redirected, error),
    ] {
        let api = failure.into_api_error();
        assert_eq!((api.code, api.side, api.retry), (code, failure.side(), failure.retry()));
        assert!(!api.message.contains("127."), "{}", api.message);
    }
}
