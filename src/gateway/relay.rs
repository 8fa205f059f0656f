//! A streamed answer on its way to the client, event by event.
//!
//! The relay is polled by the client's connection: it takes what the upstream sent, translates it and
//! hands it on at once. Dropping it (the client left) drops the upstream call and records what had been
//! seen. Nothing is buffered beyond one event.

use super::body::Broken;
use super::draft::Draft;
use super::record::{Durable, End, completion_id};
use super::source::{FirstEvents, Source};
use crate::base::ApiError;
use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// A sign of life is sent to the client after this long without an event, so that proxies keep the line open.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long the upstream may take to close after its last event: only then can its connection be reused.
const CLOSING: Duration = Duration::from_millis(100);

/// A streamed answer.
pub(crate) struct Relay {
    source: Source,
    out: BytesMut,
    draft: Draft,
    durable: Option<Durable>,
    timer: Option<Pin<Box<Sleep>>>,
    last_event: Instant,
    completion_id: Option<String>,
}

impl Relay {
    /// The relay of a stream whose first events have been read.
    pub(crate) fn new(first: FirstEvents, draft: Draft) -> Self {
        let FirstEvents { source, out } = first;
        let event = out.as_ref().split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(b"data: "));
        let completion_id = event.and_then(completion_id);
        let mut relay =
            Self { source, out, draft, durable: None, timer: None, last_event: Instant::now(), completion_id };
        if relay.source.is_closed() || relay.source.finished() {
            relay.end(None, false);
        }
        relay
    }

    /// Ends the draft with what the decoder has seen.
    fn end(&mut self, error: Option<ApiError>, cancelled: bool) {
        let summary = self.source.summary();
        let completion_id = self.completion_id.take();
        let (answer, finish) = (Some(summary.answer), summary.finish);
        let told = if self.draft.remembered { self.source.told().map(Bytes::from) } else { None };
        let end = End { usage: summary.usage, answer, finish, error, cancelled, completion_id, told };
        self.durable = self.draft.end(end);
    }

    /// The upstream broke off after its first event: the client is told inside the stream.
    fn fail(&mut self, error: ApiError) {
        let (surface, id) = (self.draft.surface, self.draft.id);
        self.source.fail(&error, id, || surface.error_event(&error, id), &mut self.out);
        self.source.close();
        self.end(Some(error), false);
    }

    /// Takes one piece from the upstream; `Ready` when there may be something to hand on.
    fn poll_upstream(&mut self, context: &mut Context<'_>) -> Poll<()> {
        match ready!(self.source.poll(context, &mut self.out)) {
            // After the last event the client has everything: how the connection ends does not matter.
            Err(_) if self.draft.ended => self.source.close(),
            Err(error) => self.fail(error),
            Ok(()) if self.source.finished() && !self.draft.ended => self.end(None, false),
            Ok(()) => {}
        }
        Poll::Ready(())
    }

    /// Waits with the client: for the heartbeat while the stream runs, for the upstream to close after it.
    fn poll_timer(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let due = if self.draft.ended { Instant::now() + CLOSING } else { self.last_event + HEARTBEAT };
        let fresh = self.timer.is_none();
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due)));
        if self.draft.ended && !fresh && timer.deadline() > due {
            timer.as_mut().reset(due);
        }
        ready!(timer.as_mut().poll(context));
        if self.draft.ended {
            self.source.close();
            return Poll::Ready(());
        }
        // Events move the heartbeat; the timer is only set anew when it fires, not with each of them.
        if Instant::now() >= due {
            self.out.extend_from_slice(self.draft.surface.heartbeat());
            self.last_event = Instant::now();
        }
        timer.as_mut().reset(self.last_event + HEARTBEAT);
        context.waker().wake_by_ref();
        Poll::Ready(())
    }
}

impl Stream for Relay {
    type Item = Result<Bytes, Broken>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(durable) = this.durable.as_mut() {
                // `audit.durability = strict`: the last byte waits for the commit.
                let stored = ready!(durable.as_mut().poll(context));
                this.durable = None;
                if stored.is_err() {
                    return Poll::Ready(Some(Err(Broken)));
                }
            }
            if !this.out.is_empty() {
                this.last_event = Instant::now();
                return Poll::Ready(Some(Ok(this.out.split().freeze())));
            }
            if this.source.is_closed() {
                return Poll::Ready(None);
            }
            if this.poll_upstream(context).is_pending() && this.poll_timer(context).is_pending() {
                return Poll::Pending;
            }
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        if !self.draft.ended {
            // First, so that calls which are still unanswered are on record as called off.
            self.source.close();
            self.end(None, true);
        }
    }
}
