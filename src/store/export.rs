//! Reading the decisions of a span in the order of their requests, as they rest: what exports and savings are made of.
//!
//! A reader takes slices. Each slice sees a snapshot of its own, so that a slow reader keeps no old pages alive; where
//! the next one goes on is a place in the index by time.

use super::beside::Joins;
use super::chain::{self, Entry, Kind, hex};
use super::credit::Known;
use super::error::Error;
use super::open::Store;
use super::read::number;
use super::run::{RUN, Run};
use super::tables;
use crate::base::{OrgId, RequestId, Timestamp};
use crate::resource::assessment::Scores;
use crate::resource::export::{Beside, Link};
use crate::resource::facts::Facts;
use redb::ReadTransaction;
use std::ops::ControlFlow;

/// From one instant on and before another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first instant.
    pub from: Timestamp,
    /// The first instant that is too late.
    pub to: Timestamp,
}

/// A place in the order of an org's decisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// When the request came in.
    pub created_at: Timestamp,
    /// Its entry in the log.
    pub sequence: u64,
}

/// One decision as it rests.
#[derive(Debug)]
pub struct Resting<'a> {
    /// What is read of it.
    pub facts: Facts<'a>,
    /// What is known beside it.
    pub beside: Beside,
    /// Its place in the chain.
    pub link: Link,
    /// Its bytes.
    pub record: &'a [u8],
}

impl Store {
    /// Where a decision of this org stands; `None` where it has no such decision.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn place_of(&self, org: &OrgId, id: RequestId) -> Result<Option<Place>, Error> {
        let found = self.decision(org, id)?;
        Ok(found.map(|found| Place { created_at: found.decision.created_at, sequence: found.sequence }))
    }

    /// The last entry of the org's chain, with its hash in hex; `None` where it has none.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn chain_head(&self, org: &OrgId) -> Result<Option<(u64, String)>, Error> {
        let txn = self.snapshot()?;
        let Some(org) = number(&txn, org)? else { return Ok(None) };
        let head = txn.open_table(tables::HEADS)?.get(org)?.map(|head| head.value());
        Ok(head.map(|(sequence, sha256)| (sequence, hex(&sha256))))
    }

    /// About how many decisions a span holds, and never fewer: the entries of the log between its ends.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn most_in(&self, org: &OrgId, span: Span) -> Result<u64, Error> {
        let txn = self.snapshot()?;
        let Some(org) = number(&txn, org)? else { return Ok(0) };
        if span.from >= span.to {
            return Ok(0);
        }
        let by_time = txn.open_table(tables::BY_TIME)?;
        let mut rows = by_time.range((org, span.from.0, 0)..(org, span.to.0, 0))?;
        let first = rows.next().transpose()?.map(|row| row.0.value().2);
        let last = rows.next_back().transpose()?.map(|row| row.0.value().2).or(first);
        Ok(first.zip(last).map_or(0, |(first, last)| last.abs_diff(first) + 1))
    }

    /// Shows the decisions of a span that come after a place, oldest first, until `each` has enough. Where it ended:
    /// the last decision shown; `None` where the span is through.
    ///
    /// # Errors
    /// The store cannot be read, or a record is broken.
    pub fn rest_of(
        &self,
        org: &OrgId,
        span: Span,
        after: Option<Place>,
        mut each: impl FnMut(&Resting<'_>) -> ControlFlow<()>,
    ) -> Result<Option<Place>, Error> {
        let txn = self.snapshot()?;
        let Some(org) = number(&txn, org)? else { return Ok(None) };
        let mut joins = Joins::open(&txn, org)?;
        let mut places = places(&txn, org, span, after)?;
        loop {
            let run = places.by_ref().take(RUN).collect::<Result<Vec<_>, Error>>()?;
            if run.is_empty() {
                return Ok(None);
            }
            if let Some(last) = show(&mut joins, &run, &mut each)? {
                return Ok(Some(last));
            }
        }
    }

    /// The decisions of a span that come after a place, oldest first and at most `lanes` times `size`, each lane made
    /// by a thread of its own from one snapshot: what `made` has made of the lanes, in their order. And the last place;
    /// `None` where the span is through.
    ///
    /// # Errors
    /// The store cannot be read, or a record is broken.
    pub(super) fn lanes_of<T: Made>(
        &self,
        org: &OrgId,
        span: Span,
        after: Option<Place>,
        (lanes, size): (usize, usize),
        begin: impl Fn() -> T + Sync,
    ) -> Result<(Vec<T>, Option<Place>), Error> {
        let txn = self.snapshot()?;
        let Some(org) = number(&txn, org)? else { return Ok((Vec::new(), None)) };
        let places = places(&txn, org, span, after)?.take(lanes * size).collect::<Result<Vec<_>, Error>>()?;
        let last = places.last().copied().filter(|_| places.len() == lanes * size);
        let lane = |places: &[Place]| {
            let (mut joins, mut made) = (Joins::open(&txn, org)?, begin());
            for run in places.chunks(RUN) {
                let mut each = |resting: &Resting<'_>| {
                    made.add(resting);
                    ControlFlow::Continue(())
                };
                show(&mut joins, run, &mut each)?;
            }
            Ok(made)
        };
        let mut parts = places.chunks(size);
        let Some(first) = parts.next() else { return Ok((Vec::new(), None)) };
        let made: Result<Vec<T>, Error> = std::thread::scope(|scope| {
            let others: Vec<_> = parts.map(|part| scope.spawn(move || lane(part))).collect();
            let first = lane(first);
            let others =
                others.into_iter().map(|other| other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            std::iter::once(first).chain(others).collect()
        });
        Ok((made?, last))
    }
}

/// What a lane of decisions becomes.
pub(super) trait Made: Send {
    /// Takes the next one.
    fn add(&mut self, resting: &Resting<'_>);
}

/// The places of a span that come after a place, oldest first.
fn places(
    txn: &ReadTransaction,
    org: u32,
    span: Span,
    after: Option<Place>,
) -> Result<impl Iterator<Item = Result<Place, Error>>, Error> {
    let end = (org, span.to.0, 0);
    let start = after.map_or((org, span.from.0, 0), |place| (org, place.created_at.0, place.sequence + 1));
    let start = start.max((org, span.from.0, 0)).min(end);
    let rows = txn.open_table(tables::BY_TIME)?.range(start..end)?;
    Ok(rows.map(|row| {
        let (_, time, sequence) = row?.0.value();
        Ok(Place { created_at: Timestamp(time), sequence })
    }))
}

/// Shows the decisions at these places until `each` has enough: the last one shown then.
fn show(
    joins: &mut Joins,
    places: &[Place],
    each: &mut impl FnMut(&Resting<'_>) -> ControlFlow<()>,
) -> Result<Option<Place>, Error> {
    let run = Run::read(joins, places.iter().map(|place| place.sequence))?;
    for place in places {
        let Some(bytes) = run.get(place.sequence) else { continue };
        let entry = chain::decode(bytes)?;
        if entry.kind == Kind::Decision && each(&resting(joins, *place, &run, entry)?).is_break() {
            return Ok(Some(*place));
        }
    }
    Ok(None)
}

/// One decision of a run with what stands beside it.
fn resting<'a>(joins: &mut Joins, place: Place, run: &Run, entry: Entry<'a>) -> Result<Resting<'a>, Error> {
    let sequence = place.sequence;
    let previous = run.previous(joins, sequence)?;
    let facts = Facts::read(entry.payload)?;
    let joined = joins.beside(&known(&facts, place.created_at))?;
    let scores = Scores::known(facts.heuristics, joined.judged.map(|judged| judged.scores));
    Ok(Resting {
        facts,
        beside: Beside { scores, credits: joined.credits },
        link: Link { sequence, previous_sha256: hex(&previous), sha256: hex(&entry.sha256) },
        record: entry.payload,
    })
}

fn known<'a>(facts: &'a Facts<'_>, created_at: Timestamp) -> Known<'a> {
    Known {
        request_id: facts.request_id,
        session_id: &facts.session_id,
        created_at,
        answered: facts.served.is_some(),
        output_tokens: facts.outcome.output_tokens,
        heuristics: facts.heuristics,
    }
}
