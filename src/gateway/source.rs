//! Where a streamed answer comes from: one call, or several whose events become one stream.

use super::line::{Answered, Line};
use super::operation::Operation;
use crate::base::{ApiError, Code, RequestId};
use crate::upstream::ReplyBody;
use crate::wire::{Chorus, Fault, Outgoing, StreamDecoder, StreamSummary, sum};
use bytes::BytesMut;
use http_body::Body as _;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// A stream of which enough has been read to know that the call is good: until then, another target
/// can still be tried.
pub(crate) struct FirstEvents {
    pub(super) source: Source,
    pub(super) out: BytesMut,
}

impl FirstEvents {
    /// Reads until the first event for the client stands ready.
    ///
    /// # Errors
    /// What went wrong before that; nothing was given to the client.
    pub(crate) async fn of(mut source: Source) -> Result<Self, ApiError> {
        let mut out = BytesMut::with_capacity(2048);
        while out.is_empty() && !source.is_closed() {
            poll_fn(|context| source.poll(context, &mut out)).await?;
        }
        Ok(Self { source, out })
    }
}

/// A streamed answer in the making.
pub(crate) enum Source {
    /// Of one call.
    One(One),
    /// Of several.
    Several(Box<Several>),
}

/// One call's stream.
pub(crate) struct One {
    /// `None` once it has ended, or nobody wants to hear more.
    upstream: Option<ReplyBody>,
    decoder: StreamDecoder,
}

impl One {
    /// Takes one piece; `Ready` when there may be something to hand on. What comes after the last event is of
    /// no interest, nor how the connection ends then.
    fn poll(&mut self, context: &mut Context<'_>, out: &mut BytesMut) -> Poll<Result<(), ApiError>> {
        let Some(upstream) = self.upstream.as_mut() else { return Poll::Ready(Ok(())) };
        let piece = ready!(Pin::new(upstream).poll_frame(context));
        if self.decoder.finished() {
            if !matches!(piece, Some(Ok(_))) {
                self.upstream = None;
            }
            return Poll::Ready(Ok(()));
        }
        Poll::Ready(match piece {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => self.decoder.feed(&data, out).map_err(Fault::into_api_error),
                Err(_) => Ok(()),
            },
            Some(Err(error)) => {
                self.upstream = None;
                Err(error.into_api_error())
            }
            None => {
                self.upstream = None;
                self.decoder.end(out).map_err(Fault::into_api_error)
            }
        })
    }
}

/// A call that has not been answered yet.
type Opening = Pin<Box<dyn Future<Output = Result<Answered, ApiError>> + Send>>;

enum Copy {
    Opening(Opening),
    Open(FirstEvents),
}

/// The streams of several calls. The first event of any of them begins the stream; from then on the failure of
/// one is the failure of all, as half of the choices would be none of them whole.
pub(crate) struct Several {
    copies: Vec<Copy>,
    chorus: Chorus,
    closed: bool,
    finished: bool,
}

impl Several {
    fn poll(&mut self, context: &mut Context<'_>, out: &mut BytesMut) -> Poll<Result<(), ApiError>> {
        let mut moved = false;
        for (index, copy) in self.copies.iter_mut().enumerate() {
            if let Copy::Opening(opening) = copy {
                let Poll::Ready(opened) = opening.as_mut().poll(context) else { continue };
                match opened {
                    Ok(Answered::Stream(first)) => *copy = Copy::Open(first),
                    Ok(Answered::Whole(_)) => {
                        let message = "the provider answered whole where a stream was asked for";
                        return Poll::Ready(Err(ApiError::new(Code::ProviderError, message)));
                    }
                    Err(error) => return Poll::Ready(Err(error)),
                }
                moved = true;
            }
            let Copy::Open(first) = copy else { continue };
            if first.out.is_empty() {
                if first.source.is_closed() {
                    continue;
                }
                match first.source.poll(context, &mut first.out) {
                    Poll::Ready(Ok(())) => moved = true,
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                    Poll::Pending => continue,
                }
            }
            let events = first.out.split();
            if let Err(fault) = self.chorus.take(index, &events, out) {
                return Poll::Ready(Err(fault.into_api_error()));
            }
        }
        let is_over =
            |copy: &Copy| matches!(copy, Copy::Open(first) if first.source.finished() && first.out.is_empty());
        if !self.finished && self.copies.iter().all(is_over) {
            self.finished = true;
            self.chorus.close(&self.usage(), out);
            moved = true;
        }
        if moved || self.is_closed() { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    fn is_closed(&self) -> bool {
        self.closed || self.copies.iter().all(|copy| matches!(copy, Copy::Open(first) if first.source.is_closed()))
    }

    fn usage(&self) -> crate::base::model::TokenUsage {
        sum(self.summaries().filter_map(|summary| summary.usage))
    }

    fn summaries(&self) -> impl Iterator<Item = StreamSummary> {
        self.copies.iter().filter_map(|copy| match copy {
            Copy::Open(first) => Some(first.source.summary()),
            Copy::Opening(_) => None,
        })
    }
}

impl Source {
    /// The stream of one call.
    pub(crate) fn one(upstream: ReplyBody, decoder: StreamDecoder) -> Self {
        Self::One(One { upstream: Some(upstream), decoder })
    }

    /// The stream of as many calls as there are answers wanted.
    pub(crate) fn several(line: &Arc<Line>, alone: &Arc<Operation>, outgoing: &Outgoing, wanted: Wanted) -> Self {
        let copies = (0..wanted.answers).map(|_| {
            let (line, alone, outgoing) = (Arc::clone(line), Arc::clone(alone), outgoing.clone());
            Copy::Opening(Box::pin(async move { line.tries(&alone, &outgoing).await }))
        });
        let copies = copies.collect();
        let chorus = Chorus::new(wanted.include_usage);
        Self::Several(Box::new(Several { copies, chorus, closed: false, finished: false }))
    }

    /// Takes one piece from upstream; `Ready` when there may be something to hand on.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>, out: &mut BytesMut) -> Poll<Result<(), ApiError>> {
        match self {
            Self::One(one) => one.poll(context, out),
            Self::Several(several) => several.poll(context, out),
        }
    }

    /// Whether the last event has been written.
    pub(crate) fn finished(&self) -> bool {
        match self {
            Self::One(one) => one.decoder.finished(),
            Self::Several(several) => several.finished,
        }
    }

    /// Whether nothing more can come.
    pub(crate) fn is_closed(&self) -> bool {
        match self {
            Self::One(one) => one.upstream.is_none(),
            Self::Several(several) => several.is_closed(),
        }
    }

    /// Calls off what is still running.
    pub(crate) fn close(&mut self) {
        match self {
            Self::One(one) => one.upstream = None,
            Self::Several(several) => {
                several.closed = true;
                for copy in &mut several.copies {
                    if let Copy::Open(first) = copy {
                        first.source.close();
                    }
                }
                several.copies.retain(|copy| matches!(copy, Copy::Open(_)));
            }
        }
    }

    /// The response with the items that the client was told, where it may name them in a later request.
    pub(crate) fn told(&self) -> Option<String> {
        match self {
            Self::One(one) => one.decoder.told(),
            Self::Several(_) => None,
        }
    }

    /// Tells the client that its answer has failed: in its dialect's own words, or by `event`.
    pub(crate) fn fail(&mut self, error: &ApiError, id: RequestId, event: impl FnOnce() -> String, out: &mut BytesMut) {
        match self {
            Self::One(one) => one.decoder.fail(error, id, event, out),
            Self::Several(_) => out.extend_from_slice(event().as_bytes()),
        }
    }

    /// What has been seen so far: the tokens of all calls, the words of the first answer.
    pub(crate) fn summary(&self) -> StreamSummary {
        match self {
            Self::One(one) => one.decoder.summary(),
            Self::Several(several) => {
                let usage = several.usage();
                let first = several.summaries().next();
                let (finish, answer) = first.map(|first| (first.finish, first.answer)).unwrap_or_default();
                StreamSummary { usage: Some(usage), finish, answer }
            }
        }
    }
}

/// What the client wants of a stream of several answers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) answers: u32,
    pub(crate) include_usage: bool,
}
