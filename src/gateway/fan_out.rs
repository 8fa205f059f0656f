//! One request, several calls side by side: `n` answers of a provider that gives fewer a call, texts of a provider that
//! embeds fewer a call. What comes back is put together into one answer.
//!
//! All or nothing: each call has the usual retries at its target; when one fails for good, the others are called
//! off and the next target is asked for all of them. Tokens and cost are the sum.

use super::draft::Draft;
use super::line::{Answered, Line};
use super::operation::{Operation, Whole};
use super::source::{FirstEvents, Source, Wanted};
use crate::base::{ApiError, limits};
use crate::wire::{Fault, Given, Outgoing, Target, merge_answers, merge_embeddings, sum};
use bytes::Bytes;
use futures_util::future::try_join_all;
use std::sync::Arc;

/// A request for several answers that takes several calls.
pub(super) struct Several {
    /// The request for one of them.
    pub(super) alone: Operation,
    wanted: Wanted,
}

impl Several {
    /// `None` where one call does it, or where it would take more calls than are made for one request: then the
    /// target's own limit is the caller's answer.
    pub(super) fn of(operation: &Operation, target: &Target<'_>) -> Option<Self> {
        let Operation::Chat(request) = operation else { return None };
        let answers = request.n();
        if answers <= target.quirks.answers_per_call(request.stream()) || answers > limits::MAX_PARALLEL_CALLS {
            return None;
        }
        let wanted = Wanted { answers, include_usage: request.include_usage() };
        Some(Self { alone: Operation::Chat(request.alone()), wanted })
    }

    /// Makes the calls.
    pub(super) async fn answer(self, line: Line, outgoing: Outgoing) -> Result<Answered, ApiError> {
        let line = Arc::new(line);
        if outgoing.stream {
            let source = Source::several(&line, &Arc::new(self.alone), &outgoing, self.wanted);
            return FirstEvents::of(source).await.map(Answered::Stream);
        }
        let calls = (0..self.wanted.answers).map(|_| line.tries(&self.alone, &outgoing));
        let answered = try_join_all(calls).await?;
        let wholes: Vec<Whole> = answered.into_iter().filter_map(Answered::whole).collect();
        let usage = sum(wholes.iter().filter_map(|whole| whole.usage));
        let bodies: Vec<Bytes> = wholes.iter().map(|whole| whole.body.clone()).collect();
        let body = merge_answers(&bodies, &usage).map_err(Fault::into_api_error)?;
        let (answer, finish) = wholes.into_iter().next().map(|whole| (whole.answer, whole.finish)).unwrap_or_default();
        Ok(Answered::Whole(Whole { body, usage: Some(usage), answer, finish }))
    }
}

/// More texts than one call for embeddings takes, in as many calls as it needs.
pub(super) struct Pieces(Vec<Operation>);

impl Pieces {
    /// `None` where one call does it.
    pub(super) fn of(operation: &Operation, target: &Target<'_>) -> Option<Self> {
        let Operation::Embeddings(request) = operation else { return None };
        let pieces = request.pieces(target.quirks.max_embedding_inputs)?;
        Some(Self(pieces.into_iter().map(Operation::Embeddings).collect()))
    }

    /// The calls.
    ///
    /// # Errors
    /// The target cannot do what is asked.
    pub(super) fn encode(&self, target: &Target<'_>, draft: &Draft, given: &Given) -> Result<Vec<Outgoing>, ApiError> {
        self.0.iter().map(|piece| piece.encode(target, &draft.labels, given)).collect()
    }

    /// Makes the calls, a few at a time, and puts their vectors together.
    pub(super) async fn answer(self, line: &Line, calls: &[Outgoing]) -> Result<Answered, ApiError> {
        let side_by_side = limits::MAX_PARALLEL_CALLS as usize;
        let mut answered: Vec<Answered> = Vec::with_capacity(calls.len());
        for (pieces, calls) in self.0.chunks(side_by_side).zip(calls.chunks(side_by_side)) {
            let calls = pieces.iter().zip(calls).map(|(piece, outgoing)| line.tries(piece, outgoing));
            answered.extend(try_join_all(calls).await?);
        }
        let wholes: Vec<Whole> = answered.into_iter().filter_map(Answered::whole).collect();
        let usage = sum(wholes.iter().filter_map(|whole| whole.usage));
        let bodies: Vec<Bytes> = wholes.into_iter().map(|whole| whole.body).collect();
        let body = merge_embeddings(&bodies, &usage).map_err(Fault::into_api_error)?;
        Ok(Answered::Whole(Whole { body, usage: Some(usage), answer: None, finish: None }))
    }
}
