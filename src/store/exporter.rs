//! An export as bytes, for as long as somebody takes them.

use super::chain::hex;
use super::error::Error;
use super::export::{Made, Place, Resting, Span};
use super::open::Store;
use crate::base::{OrgId, RequestId, limits};
use crate::resource::export::{CSV_HEAD, Trailer, write_csv, write_line};
use sha2::{Digest, Sha256};
use std::collections::VecDeque;

/// The form of an export's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON document a line.
    Jsonl,
    /// Comma-separated values with a head line.
    Csv,
}

/// So many threads at most make one export; each core does one lane.
const MOST_LANES: usize = 4;

fn lanes() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(MOST_LANES)
}

/// The rows that one thread makes.
#[derive(Debug)]
struct Lane {
    format: Format,
    out: Vec<u8>,
    rows: u64,
    last: Option<RequestId>,
    influenced: bool,
}

impl Made for Lane {
    fn add(&mut self, resting: &Resting<'_>) {
        let Resting { facts, beside, link, record } = resting;
        match self.format {
            Format::Jsonl => write_line(&mut self.out, facts, beside, link, record),
            Format::Csv => write_csv(&mut self.out, facts, beside, link),
        }
        self.rows += 1;
        self.influenced |= facts.assessment.used_shared_pool_prior;
        self.last = Some(facts.request_id);
    }
}

/// An export on its way: made piece by piece, with nothing held between two but a place, a running checksum, and the
/// lanes that were made beside the last piece.
#[derive(Debug)]
pub struct Exporter {
    store: Store,
    org: OrgId,
    span: Span,
    format: Format,
    after: Option<Place>,
    /// What was made and not yet given.
    ready: VecDeque<Lane>,
    /// Whether nothing is left to be made.
    is_read: bool,
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
            ready: VecDeque::new(),
            is_read: false,
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

    /// Makes the next lanes.
    fn read(&mut self) -> Result<(), Error> {
        let size = (lanes(), limits::EXPORT_LANE);
        let format = self.format;
        let begin = || Lane { format, out: Vec::new(), rows: 0, last: None, influenced: false };
        let (lanes, after) = self.store.lanes_of(&self.org, self.span, self.after, size, begin)?;
        self.ready = lanes.into();
        self.after = after;
        self.is_read = after.is_none();
        Ok(())
    }

    /// The next slice, and whether the span is through with it.
    fn slice(&mut self) -> Result<(Vec<u8>, bool), Error> {
        if self.ready.is_empty() {
            self.read()?;
        }
        let mut out =
            if self.format == Format::Csv && self.bytes == 0 { CSV_HEAD.as_bytes().to_vec() } else { Vec::new() };
        if let Some(lane) = self.ready.pop_front() {
            if out.is_empty() {
                out = lane.out
            } else {
                out.extend_from_slice(&lane.out)
            }
            self.rows += lane.rows;
            self.influenced |= lane.influenced;
            self.last = lane.last.or(self.last);
        }
        self.hasher.update(&out);
        self.bytes += out.len() as u64;
        Ok((out, self.is_read && self.ready.is_empty()))
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
