//! A provider's answer while it arrives: bytes as they come, within the idle timeout and the deadline.

use super::error::CallError;
use bytes::Bytes;
use http_body::{Body, Frame};
use hyper::body::Incoming;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// The body of a [`Reply`](super::Reply). Dropping it cancels the call: the connection is closed unless
/// the body had ended.
#[derive(Debug)]
pub struct ReplyBody {
    source: Source,
    idle: Duration,
    deadline: Instant,
    last: Instant,
    timer: Option<Pin<Box<Sleep>>>,
}

#[derive(Debug)]
enum Source {
    Network(Incoming),
    Recorded(std::collections::VecDeque<Bytes>),
}

impl ReplyBody {
    pub(super) fn network(body: Incoming, idle: Duration, deadline: Instant) -> Self {
        Self { source: Source::Network(body), idle, deadline, last: Instant::now(), timer: None }
    }

    pub(super) fn recorded(parts: impl IntoIterator<Item = Bytes>) -> Self {
        let now = Instant::now();
        let source = Source::Recorded(parts.into_iter().collect());
        Self { source, idle: Duration::MAX, deadline: now, last: now, timer: None }
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = CallError;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, CallError>>> {
        let this = self.get_mut();
        let body = match &mut this.source {
            Source::Recorded(parts) => return Poll::Ready(parts.pop_front().map(|part| Ok(Frame::data(part)))),
            Source::Network(body) => body,
        };
        if let Poll::Ready(frame) = Pin::new(body).poll_frame(context) {
            this.last = Instant::now();
            return Poll::Ready(frame.map(|frame| frame.map_err(|_| CallError::Broken)));
        }
        // One timer serves the whole answer: it is set anew only when it fires, not with every frame.
        loop {
            let due = (this.last + this.idle).min(this.deadline);
            let timer = this.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due)));
            if timer.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            let now = Instant::now();
            if now >= this.deadline {
                return Poll::Ready(Some(Err(CallError::Deadline)));
            }
            if now >= due {
                return Poll::Ready(Some(Err(CallError::IdleTimeout)));
            }
            timer.as_mut().reset(due);
        }
    }
}
