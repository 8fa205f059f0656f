//! Which connections live on, and what becomes of a call when one does not.

use super::fake::{Fake, Line, hang};
use super::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::mpsc;

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

#[tokio::test]
async fn one_connection_serves_call_after_call() {
    for answer in [
        OK,
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
    ] {
        let fake = Fake::answering(answer).await;
        let upstream = upstream();
        for _ in 0..5 {
            read(send(&upstream, &fake.base_url).await.unwrap().body).await.unwrap();
        }
        assert_eq!(fake.accepted(), 1, "{answer:?}");
    }
}

#[tokio::test]
async fn a_stream_that_is_dropped_after_its_last_event_keeps_its_connection() {
    let fake = Fake::answering("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n6\r\n[DONE]\r\n0\r\n\r\n").await;
    let upstream = upstream();
    for _ in 0..3 {
        let mut body = send(&upstream, &fake.base_url).await.unwrap().body;
        assert_eq!(next(&mut body).await.unwrap().unwrap(), "[DONE]");
        drop(body);
    }
    assert_eq!(fake.accepted(), 1);
}

#[tokio::test]
async fn calls_at_the_same_time_have_their_own_connections_and_a_wish_to_close_is_respected() {
    let fake = Fake::answering(OK).await;
    let upstream = upstream();
    let (one, two) = tokio::join!(send(&upstream, &fake.base_url), send(&upstream, &fake.base_url));
    drop((read(one.unwrap().body).await, read(two.unwrap().body).await));
    assert_eq!(fake.accepted(), 2);
    let closing = Fake::answering("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok").await;
    for _ in 0..3 {
        read(send(&upstream, &closing.base_url).await.unwrap().body).await.unwrap();
    }
    assert_eq!(closing.accepted(), 3);
}

#[tokio::test]
async fn a_connection_that_was_closed_while_idle_is_not_used() {
    let (closed, mut was_closed) = mpsc::unbounded_channel();
    let seen = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&seen);
    let fake = Fake::start(move |mut line| {
        let (closed, count) = (closed.clone(), Arc::clone(&count));
        async move {
            line.request().await;
            count.fetch_add(1, Ordering::SeqCst);
            line.write(OK).await;
            drop(line);
            closed.send(()).unwrap();
        }
    })
    .await;
    let upstream = upstream();
    for calls in 1..=4 {
        read(send(&upstream, &fake.base_url).await.unwrap().body).await.unwrap();
        was_closed.recv().await.unwrap();
        assert_eq!((fake.accepted(), seen.load(Ordering::SeqCst)), (calls, calls));
    }
}

/// Answers the first request of each connection, and ends it with `end` when the second one comes.
async fn tired<S: Future<Output = ()> + Send + 'static>(
    end: impl Fn(Line) -> S + Send + Sync + Clone + 'static,
) -> Fake {
    Fake::start(move |mut line| {
        let end = end.clone();
        async move {
            line.request().await;
            line.write(OK).await;
            if line.request().await.is_some() {
                end(line).await;
            }
        }
    })
    .await
}

#[tokio::test]
async fn a_call_on_an_idle_connection_that_ends_without_a_byte_is_made_once_more() {
    let closing = tired(|line| async move { drop(line) }).await;
    let resetting = tired(|line| async move { line.reset() }).await;
    for fake in [closing, resetting] {
        let upstream = upstream();
        for _ in 0..2 {
            assert_eq!(read(send(&upstream, &fake.base_url).await.unwrap().body).await.unwrap(), "ok");
        }
        assert_eq!(fake.accepted(), 2);
    }
}

#[tokio::test]
async fn it_is_made_no_third_time() {
    let fake = Fake::start(|mut line| async move {
        line.request().await;
        if line.number == 0 {
            line.write(OK).await;
            line.request().await;
        }
    })
    .await;
    let upstream = upstream();
    read(send(&upstream, &fake.base_url).await.unwrap().body).await.unwrap();
    assert_eq!(send(&upstream, &fake.base_url).await.unwrap_err(), CallError::Closed);
    assert_eq!(fake.accepted(), 2);
}

#[tokio::test]
async fn a_call_whose_answer_had_begun_is_not_repeated() {
    let fake = tired(|mut line| async move { line.write("HTTP/1.1 2").await }).await;
    let upstream = upstream();
    read(send(&upstream, &fake.base_url).await.unwrap().body).await.unwrap();
    assert_eq!(send(&upstream, &fake.base_url).await.unwrap_err(), CallError::Closed);
    assert_eq!(fake.accepted(), 1);
}

/// A provider that reports when its caller has gone, having written `answer` first.
async fn watching(answer: &'static str) -> (Fake, mpsc::UnboundedReceiver<&'static str>) {
    let (tell, told) = mpsc::unbounded_channel();
    let fake = Fake::start(move |mut line| {
        let tell = tell.clone();
        async move {
            line.request().await;
            line.write(answer).await;
            tell.send("asked").unwrap();
            line.closed().await;
            tell.send("left").unwrap();
        }
    })
    .await;
    (fake, told)
}

#[tokio::test]
async fn dropping_the_future_closes_the_connection_at_once() {
    let (fake, mut told) = watching("").await;
    let upstream = upstream();
    tokio::select! {
        _ = send(&upstream, &fake.base_url) => unreachable!("nothing was answered"),
        said = told.recv() => assert_eq!(said, Some("asked")),
    }
    assert_eq!(told.recv().await, Some("left"));
}

#[tokio::test]
async fn dropping_the_body_closes_the_connection_at_once() {
    for answer in [
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nhalf",
    ] {
        let (fake, mut told) = watching(answer).await;
        let mut body = send(&upstream(), &fake.base_url).await.unwrap().body;
        assert_eq!(next(&mut body).await.unwrap().unwrap(), "half");
        assert_eq!(told.recv().await, Some("asked"));
        drop(body);
        assert_eq!(told.recv().await, Some("left"), "{answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_idle_for_long_is_closed() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let fake = Fake::start(move |mut line| {
        let tell = tell.clone();
        async move {
            line.request().await;
            line.write(OK).await;
            line.closed().await;
            tell.send(Instant::now()).unwrap();
            hang().await;
        }
    })
    .await;
    let upstream = upstream();
    read(send(&upstream, &fake.base_url).await.unwrap().body).await.unwrap();
    let idle_since = Instant::now();
    let idle = told.recv().await.unwrap() - idle_since;
    assert!((50..=66).contains(&idle.as_secs()), "{idle:?}");
}

#[tokio::test]
async fn connections_are_not_shared_between_those_who_may_and_may_not_call_private_addresses() {
    let fake = Fake::answering(OK).await;
    let upstream = upstream();
    read(send(&upstream, &fake.base_url).await.unwrap().body).await.unwrap();
    let strict = Provider { allow_private_network: false, ..provider(&fake.base_url) };
    assert_eq!(upstream.send(&strict, &policy(), call()).await.unwrap_err(), CallError::PrivateAddress);
}
