//! A provider's answer while it arrives: bytes as they come, within the idle timeout and the deadline.

use super::error::CallError;
use super::pool::Origin;
use super::{http1, http2};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// The body of a [`Reply`](super::Reply). Dropping it ends the call: the connection is closed, or with h2
/// the stream reset, unless the answer had come whole. It ends by itself after an error.
pub struct ReplyBody {
    source: Source,
    idle: Duration,
    deadline: Instant,
    last: Instant,
    timer: Option<Pin<Box<Sleep>>>,
}

enum Source {
    Http1 { incoming: Incoming, connection: http1::Connection, origin: Arc<Origin> },
    Http2 { incoming: Incoming, _ticket: http2::Ticket },
    Recorded(VecDeque<Bytes>),
    Ended,
}

impl ReplyBody {
    fn new(source: Source) -> Self {
        let now = Instant::now();
        Self { source, idle: Duration::MAX, deadline: now, last: now, timer: None }
    }

    pub(super) fn http1(incoming: Incoming, connection: http1::Connection, origin: Arc<Origin>) -> Self {
        let mut body = Self::new(Source::Http1 { incoming, connection, origin });
        body.settle();
        body
    }

    pub(super) fn http2(incoming: Incoming, ticket: http2::Ticket) -> Self {
        let mut body = Self::new(Source::Http2 { incoming, _ticket: ticket });
        body.settle();
        body
    }

    pub(super) fn recorded(parts: impl IntoIterator<Item = Bytes>) -> Self {
        Self::new(Source::Recorded(parts.into_iter().collect()))
    }

    pub(super) fn limited(mut self, idle: Duration, deadline: Instant) -> Self {
        self.idle = idle;
        self.deadline = deadline;
        self
    }

    /// Ends where nothing more can come.
    fn settle(&mut self) {
        let (Source::Http1 { incoming, .. } | Source::Http2 { incoming, .. }) = &self.source else { return };
        if incoming.is_end_stream() {
            self.end();
        }
    }

    /// The answer has come whole: its connection may carry another call.
    fn end(&mut self) {
        if let Source::Http1 { mut connection, origin, .. } = std::mem::replace(&mut self.source, Source::Ended)
            && connection.is_free()
        {
            origin.give_back(connection);
        }
    }

    /// Why no frame is due any more: one timer serves the whole answer, set anew only when it fires, not
    /// with every frame.
    fn poll_overdue(&mut self, cx: &mut Context<'_>) -> Poll<CallError> {
        loop {
            let due = self.last.checked_add(self.idle).map_or(self.deadline, |due| due.min(self.deadline));
            let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due)));
            if timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            let now = Instant::now();
            if now >= self.deadline {
                return Poll::Ready(CallError::Deadline);
            }
            if now >= due {
                return Poll::Ready(CallError::IdleTimeout);
            }
            timer.as_mut().reset(due);
        }
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = CallError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, CallError>>> {
        let this = self.get_mut();
        let frame = match &mut this.source {
            Source::Http1 { incoming, connection, .. } => connection.poll_frame(incoming, cx),
            Source::Http2 { incoming, .. } => {
                Pin::new(incoming).poll_frame(cx).map(|frame| frame.map(|frame| frame.map_err(|_| CallError::Broken)))
            }
            Source::Recorded(parts) => return Poll::Ready(parts.pop_front().map(|part| Ok(Frame::data(part)))),
            Source::Ended => return Poll::Ready(None),
        };
        match frame {
            Poll::Ready(Some(Ok(frame))) => {
                this.last = Instant::now();
                this.settle();
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                this.source = Source::Ended;
                Poll::Ready(Some(Err(error)))
            }
            Poll::Ready(None) => {
                this.end();
                Poll::Ready(None)
            }
            Poll::Pending => this.poll_overdue(cx).map(|error| {
                this.source = Source::Ended;
                Some(Err(error))
            }),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Http1 { .. } | Source::Http2 { .. } => false,
            Source::Recorded(parts) => parts.is_empty(),
            Source::Ended => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Http1 { incoming, .. } | Source::Http2 { incoming, .. } => incoming.size_hint(),
            Source::Recorded(parts) => SizeHint::with_exact(parts.iter().map(|part| part.len() as u64).sum()),
            Source::Ended => SizeHint::with_exact(0),
        }
    }
}

impl Drop for ReplyBody {
    /// A chunked answer whose last event was read may lack only the look at its end: then its connection lives on.
    fn drop(&mut self) {
        if let Source::Http1 { incoming, connection, .. } = &mut self.source {
            let quiet = &mut Context::from_waker(Waker::noop());
            if matches!(connection.poll_frame(incoming, quiet), Poll::Ready(None)) {
                self.end();
            }
        }
    }
}

impl fmt::Debug for ReplyBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplyBody").finish_non_exhaustive()
    }
}
