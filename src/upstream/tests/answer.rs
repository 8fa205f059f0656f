//! Answers on their way: as they come, and how they break off.

use super::fake::{Fake, hang};
use super::*;
use tokio::sync::mpsc;

const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

#[tokio::test]
async fn every_piece_is_given_on_before_the_next_one_comes() {
    let (go, went) = mpsc::channel::<()>(1);
    let went = std::sync::Arc::new(tokio::sync::Mutex::new(went));
    let fake = Fake::start(move |mut line| {
        let went = std::sync::Arc::clone(&went);
        async move {
            line.request().await;
            line.write(CHUNKED).await;
            for word in ["one", "two", "six"] {
                line.write(&format!("3\r\n{word}\r\n")).await;
                went.lock().await.recv().await;
            }
            line.write("0\r\n\r\n").await;
            hang().await;
        }
    })
    .await;
    let mut body = send(&upstream(), &fake.base_url).await.unwrap().body;
    for word in ["one", "two", "six"] {
        assert_eq!(next(&mut body).await.unwrap().unwrap(), word);
        go.send(()).await.unwrap();
    }
    assert_eq!(next(&mut body).await, None);
}

#[tokio::test]
async fn an_answer_that_is_cut_is_an_error() {
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\na\r\nhalf",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\nxyz\r\n",
    ] {
        let fake = Fake::start(move |mut line| async move {
            line.request().await;
            line.write(answer).await;
        })
        .await;
        let mut body = send(&upstream(), &fake.base_url).await.unwrap().body;
        let mut seen = Vec::new();
        let error = loop {
            match next(&mut body).await.expect(answer) {
                Ok(data) => seen.extend_from_slice(&data),
                Err(error) => break error,
            }
        };
        assert_eq!((seen.as_slice(), error), (b"half".as_slice(), CallError::Broken), "{answer:?}");
        assert_eq!(next(&mut body).await, None);
    }
}

#[tokio::test]
async fn an_answer_without_a_length_ends_with_its_connection() {
    let fake = Fake::start(|mut line| async move {
        line.request().await;
        line.write("HTTP/1.1 200 OK\r\n\r\nall of it").await;
    })
    .await;
    assert_eq!(read(send(&upstream(), &fake.base_url).await.unwrap().body).await.unwrap(), "all of it");
}

#[tokio::test]
async fn more_than_the_announced_length_is_not_read_as_the_next_answer() {
    let fake = Fake::start(|mut line| async move {
        while line.request().await.is_some() {
            line.write(
                "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ngoodHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil",
            )
            .await;
        }
    })
    .await;
    let upstream = upstream();
    for _ in 0..3 {
        assert_eq!(read(send(&upstream, &fake.base_url).await.unwrap().body).await.unwrap(), "good");
    }
    assert_eq!(fake.accepted(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_is_too_long_ends_the_answer() {
    let fake = Fake::start(|mut line| async move {
        line.request().await;
        line.write(CHUNKED).await;
        for _ in 0..3 {
            tokio::time::sleep(9 * SECOND).await;
            line.write("4\r\nhalf\r\n").await;
        }
        line.closed().await;
    })
    .await;
    let began = Instant::now();
    let mut body = send(&upstream(), &fake.base_url).await.unwrap().body;
    for _ in 0..3 {
        assert_eq!(next(&mut body).await.unwrap().unwrap(), "half");
    }
    assert_eq!(next(&mut body).await, Some(Err(CallError::IdleTimeout)));
    assert_eq!(began.elapsed().as_secs(), 27 + 10);
    assert_eq!(next(&mut body).await, None);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_holds_inside_the_answer_too() {
    let fake = Fake::start(|mut line| async move {
        line.request().await;
        line.write(CHUNKED).await;
        loop {
            tokio::time::sleep(SECOND).await;
            line.write("4\r\ntick\r\n").await;
        }
    })
    .await;
    let hurried = Call { deadline: Instant::now() + 5 * SECOND + SECOND / 2, ..call() };
    let mut body = upstream().send(&provider(&fake.base_url), &policy(), hurried).await.unwrap().body;
    let mut ticks = 0;
    let error = loop {
        match next(&mut body).await.unwrap() {
            Ok(_) => ticks += 1,
            Err(error) => break error,
        }
    };
    assert_eq!((ticks, error), (5, CallError::Deadline));
}
