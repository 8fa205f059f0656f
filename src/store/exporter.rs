//! An export as bytes, for as long as somebody takes them.

use super::chain::hex;
use super::error::Error;
use super::export::{Place, Span};
use super::open::Store;
use crate::base::{OrgId, RequestId, limits};
use crate::resource::export::{CSV_HEAD, Trailer, write_csv, write_line};
use sha2::{Digest, Sha256};
use std::ops::ControlFlow;

/// The form of an export's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON document a line.
    Jsonl,
    /// Comma-separated values with a head line.
    Csv,
}

/// An export on its way: made piece by piece, with nothing held between two but a place and a running checksum.
#[derive(Debug)]
pub struct Exporter {
    store: Store,
    org: OrgId,
    span: Span,
    format: Format,
    after: Option<Place>,
    last: Option<RequestId>,
    hasher: Sha256,
    rows: u64,
    bytes: u64,
    influenced: bool,
    done: bool,
}

impl Exporter {
    /// An export of a span, from its beginning or behind a decision.
    #[must_use]
    pub fn new(store: Store, org: OrgId, span: Span, format: Format, after: Option<(Place, RequestId)>) -> Self {
        Self {
            store,
            org,
            span,
            format,
            after: after.map(|(place, _)| place),
            last: after.map(|(_, id)| id),
            hasher: Sha256::new(),
            rows: 0,
            bytes: 0,
            influenced: false,
            done: false,
        }
    }

    /// Whether a pooled prior had a part in any decision so far.
    #[must_use]
    pub const fn is_influenced(&self) -> bool {
        self.influenced
    }

    /// Whether the trailer has been given.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        self.done
    }

    /// The next slice, and whether the span is through with it.
    fn slice(&mut self) -> Result<(Vec<u8>, bool), Error> {
        let mut out = Vec::with_capacity(limits::EXPORT_SLICE + limits::EXPORT_SLICE / 8);
        if self.format == Format::Csv && self.bytes == 0 {
            out.extend_from_slice(CSV_HEAD.as_bytes());
        }
        let (mut rows, mut influenced, mut last) = (0, false, self.last);
        let after = self.store.rest_of(&self.org, self.span, self.after, |resting| {
            match self.format {
                Format::Jsonl => {
                    write_line(&mut out, &resting.facts, &resting.beside, &resting.link, resting.record);
                }
                Format::Csv => write_csv(&mut out, &resting.facts, &resting.beside, &resting.link),
            }
            rows += 1;
            influenced |= resting.facts.assessment.used_shared_pool_prior;
            last = Some(resting.facts.request_id);
            if out.len() < limits::EXPORT_SLICE { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        self.hasher.update(&out);
        self.rows += rows;
        self.bytes += out.len() as u64;
        self.influenced |= influenced;
        self.last = last;
        self.after = after;
        Ok((out, after.is_none()))
    }

    /// The last line; with a reason, the export could not be finished.
    fn trailer(&mut self, reason: Option<&str>) -> Vec<u8> {
        self.done = true;
        let head = self.store.chain_head(&self.org).ok().flatten();
        let trailer = Trailer {
            trailer: true,
            is_floopy: true,
            outcome: if reason.is_none() { "completed" } else { "truncated" }.to_owned(),
            rows_emitted: self.rows,
            row_count: self.rows,
            byte_count: self.bytes,
            truncated: reason.is_some(),
            reason: reason.map(str::to_owned),
            checksum_sha256: hex(&self.hasher.clone().finalize()),
            chain_sequence: head.as_ref().map_or(0, |head| head.0),
            chain_head: head.map(|head| head.1),
            aggregation_signal_present: self.influenced,
            next_cursor: self.last.map(|id| id.to_string()),
            trailer_sha256: String::new(),
        };
        trailer.line(self.format == Format::Csv)
    }

    /// The next piece, with the trailer behind the last one. Blocks while it reads.
    pub fn piece(&mut self) -> Vec<u8> {
        match self.slice() {
            Ok((out, false)) => out,
            Ok((mut out, true)) => {
                out.extend(self.trailer(None));
                out
            }
            Err(error) => {
                tracing::error!(%error, "an export could not be finished");
                self.trailer(Some("the store cannot be read"))
            }
        }
    }
}
