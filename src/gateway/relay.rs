//! A streamed answer on its way to the client, event by event.
//!
//! The relay is polled by the client's connection: it takes what the upstream sent, translates it and
//! hands it on at once. Dropping it (the client left) drops the upstream call and records what had been
//! seen. Nothing is buffered beyond one event.

use super::body::Broken;
use super::record::{Draft, Durable, End, completion_id};
use crate::base::ApiError;
use crate::upstream::ReplyBody;
use crate::wire::{Fault, StreamDecoder};
use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use http_body::Body as _;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// A comment is sent to the client after this long without an event, so that proxies keep the line open.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long the upstream may take to close after its last event: only then can its connection be reused.
const CLOSING: Duration = Duration::from_millis(100);

/// A stream of which enough has been read to know that the call is good: until then, another target
/// can still be tried.
pub(crate) struct FirstEvents {
    upstream: Option<ReplyBody>,
    decoder: StreamDecoder,
    out: BytesMut,
}

impl FirstEvents {
    /// Reads until the first event for the client stands ready.
    ///
    /// # Errors
    /// What went wrong before that; nothing was given to the client.
    pub(crate) async fn read(mut upstream: ReplyBody, mut decoder: StreamDecoder) -> Result<Self, ApiError> {
        let mut out = BytesMut::with_capacity(2048);
        loop {
            match poll_fn(|context| Pin::new(&mut upstream).poll_frame(context)).await {
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        decoder.feed(&data, &mut out).map_err(Fault::into_api_error)?;
                    }
                }
                Some(Err(error)) => return Err(error.into_api_error()),
                None => {
                    decoder.end(&mut out).map_err(Fault::into_api_error)?;
                    return Ok(Self { upstream: None, decoder, out });
                }
            }
            if !out.is_empty() {
                return Ok(Self { upstream: Some(upstream), decoder, out });
            }
        }
    }
}

/// A streamed answer.
pub(crate) struct Relay {
    upstream: Option<ReplyBody>,
    decoder: StreamDecoder,
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
        let FirstEvents { upstream, decoder, out } = first;
        let event = out.as_ref().split(|byte| *byte == b'\n').next().and_then(|line| line.strip_prefix(b"data: "));
        let completion_id = event.and_then(completion_id);
        let mut relay = Self {
            upstream,
            decoder,
            out,
            draft,
            durable: None,
            timer: None,
            last_event: Instant::now(),
            completion_id,
        };
        if relay.upstream.is_none() || relay.decoder.finished() {
            relay.end(None, false);
        }
        relay
    }

    /// Ends the draft with what the decoder has seen.
    fn end(&mut self, error: Option<ApiError>, cancelled: bool) {
        let summary = self.decoder.summary();
        let completion_id = self.completion_id.take();
        let (answer, finish) = (Some(summary.answer), summary.finish);
        let end = End { usage: summary.usage, answer, finish, error, cancelled, completion_id };
        self.durable = self.draft.end(end);
    }

    /// The upstream broke off after its first event: the client is told inside the stream.
    fn fail(&mut self, error: ApiError) {
        self.upstream = None;
        self.out.extend_from_slice(b"data: ");
        self.out.extend_from_slice(error.envelope(Some(self.draft.id)).as_bytes());
        self.out.extend_from_slice(b"\n\n");
        self.end(Some(error), false);
    }

    fn fed(&mut self, fed: Result<(), Fault>) {
        match fed {
            Err(fault) => self.fail(fault.into_api_error()),
            Ok(()) if self.decoder.finished() && !self.draft.ended => self.end(None, false),
            Ok(()) => {}
        }
    }

    /// Takes one piece from the upstream; `Ready` when there may be something to hand on.
    fn poll_upstream(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(upstream) = self.upstream.as_mut() else { return Poll::Ready(()) };
        match ready!(Pin::new(upstream).poll_frame(context)) {
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data()
                    && !self.draft.ended
                {
                    let fed = self.decoder.feed(&data, &mut self.out);
                    self.fed(fed);
                }
            }
            // After the last event the client has everything: how the connection ends does not matter.
            Some(Err(_)) if self.draft.ended => self.upstream = None,
            Some(Err(error)) => self.fail(error.into_api_error()),
            None => {
                self.upstream = None;
                if !self.draft.ended {
                    let ended = self.decoder.end(&mut self.out);
                    self.fed(ended);
                }
            }
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
            self.upstream = None;
            return Poll::Ready(());
        }
        // Events move the heartbeat; the timer is only set anew when it fires, not with each of them.
        if Instant::now() >= due {
            self.out.extend_from_slice(b": ping\n\n");
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
            if this.upstream.is_none() {
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
            self.end(None, true);
        }
    }
}
