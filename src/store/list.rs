//! Pages of decisions. The narrowest index that a filter allows leads to the records: their ids, their session, or the
//! time. What an index does not know is looked for in the unread record, and one page looks at so many records only: a
//! filter that matches next to nothing costs no more than another one, and ends its pages early.

use super::beside::Joins;
use super::chain::{self, Kind};
use super::error::Error;
use super::open::Store;
use super::read::{joined, json, number, scope};
use super::run::{RUN, Run};
use super::unread::Unread;
use super::{cursor, tables};
use crate::base::limits::MAX_LOOKED_AT;
use crate::base::{OrgId, RequestId, Timestamp};
use crate::resource::decision::{Status, Strategy};
use crate::resource::{Decision, Page, StoredDecision};
use redb::ReadTransaction;
use std::collections::BTreeSet;

/// Which decisions a listing wants.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DecisionFilter {
    /// Of this session.
    pub session_id: Option<String>,
    /// From this instant on.
    pub from: Option<Timestamp>,
    /// Before this instant.
    pub to: Option<Timestamp>,
    /// With one of these ids.
    pub request_ids: Vec<RequestId>,
    /// By this strategy.
    pub routing_strategy: Option<Strategy>,
    /// Served by this provider.
    pub provider: Option<String>,
    /// Served by this model.
    pub model: Option<String>,
    /// With this outcome.
    pub status: Option<Status>,
    /// With a confidence of at least this. A decision without confidence does not match.
    pub min_confidence: Option<f64>,
    /// With a confidence of at most this. A decision without confidence does not match.
    pub max_confidence: Option<f64>,
}

impl DecisionFilter {
    /// Whether a record is in the span, the session and the ids; the rest is for the [`Sieve`].
    fn holds(&self, decision: &Decision) -> bool {
        self.session_id.as_deref().is_none_or(|wanted| wanted == decision.session_id.as_str())
            && (self.request_ids.is_empty() || self.request_ids.contains(&decision.request_id))
            && self.from.is_none_or(|from| decision.created_at >= from)
            && self.to.is_none_or(|to| decision.created_at < to)
    }
}

/// What of a filter is looked for in unread records.
struct Sieve {
    strategy: Option<Strategy>,
    status: Option<Status>,
    /// As JSON writes them.
    provider: Option<Vec<u8>>,
    model: Option<Vec<u8>>,
    confidence: Option<(f64, f64)>,
}

impl Sieve {
    fn of(filter: &DecisionFilter) -> Self {
        let text = |name: &Option<String>| name.as_ref().map(|name| serde_json::Value::from(name.as_str()).to_string());
        let bounds = (filter.min_confidence, filter.max_confidence);
        Self {
            strategy: filter.routing_strategy,
            status: filter.status,
            provider: text(&filter.provider).map(String::into_bytes),
            model: text(&filter.model).map(String::into_bytes),
            confidence: (bounds != (None, None))
                .then_some((bounds.0.unwrap_or(f64::NEG_INFINITY), bounds.1.unwrap_or(f64::INFINITY))),
        }
    }

    fn lets_through(&self, record: Unread<'_>) -> bool {
        self.status.is_none_or(|status| record.ended(status))
            && self.strategy.is_none_or(|strategy| record.is_by(strategy))
            && record.is_of(self.provider.as_deref(), self.model.as_deref())
            && self
                .confidence
                .is_none_or(|(least, most)| record.confidence().is_some_and(|found| (least..=most).contains(&found)))
    }
}

/// A place in the order of a listing: the time of the request where that is the order, and the entry of the log.
type At = (i64, u64);

fn place_of(cursor: &[u8]) -> Result<At, Error> {
    let (time, sequence) = cursor.split_first_chunk::<8>().ok_or(Error::BadCursor)?;
    let sequence = <[u8; 8]>::try_from(sequence).map_err(|_| Error::BadCursor)?;
    Ok((i64::from_be_bytes(*time), u64::from_be_bytes(sequence)))
}

/// One page on its way.
struct Listing<'a> {
    txn: &'a ReadTransaction,
    joins: Joins,
    filter: &'a DecisionFilter,
    sieve: Sieve,
    limit: usize,
    after: Option<At>,
}

/// The decisions of a page, and the last place that was looked at where there is more behind it.
type Found = (Vec<StoredDecision>, Option<At>);

impl Listing<'_> {
    /// A record, if it is wanted.
    fn wanted(&self, entry: &[u8]) -> Result<Option<(Decision, [u8; 32])>, Error> {
        let entry = chain::decode(entry)?;
        if entry.kind != Kind::Decision || !self.sieve.lets_through(Unread::new(entry.payload)) {
            return Ok(None);
        }
        let decision: Decision = json(entry.payload)?;
        Ok(self.filter.holds(&decision).then_some((decision, entry.sha256)))
    }

    fn joined(&mut self, run: &Run, sequence: u64, entry: (Decision, [u8; 32])) -> Result<StoredDecision, Error> {
        let previous = run.previous(&self.joins, sequence)?;
        joined(&mut self.joins, sequence, entry, previous)
    }

    /// Looks at the places in their order.
    fn look(&mut self, mut places: impl Iterator<Item = Result<At, Error>>) -> Result<Found, Error> {
        let (mut items, mut looked_at, mut last) = (Vec::new(), 0, None);
        loop {
            // A page that is full after its first run needs no more than one place behind it.
            let size = if looked_at == 0 { RUN.min(self.limit + 1) } else { RUN };
            let next = places.by_ref().take(size).collect::<Result<Vec<At>, Error>>()?;
            if next.is_empty() {
                return Ok((items, None));
            }
            let run = Run::read(&self.joins, next.iter().map(|place| place.1))?;
            for place in next {
                if items.len() == self.limit || looked_at == MAX_LOOKED_AT {
                    return Ok((items, last));
                }
                looked_at += 1;
                last = Some(place);
                if let Some(bytes) = run.get(place.1)
                    && let Some(entry) = self.wanted(bytes)?
                {
                    items.push(self.joined(&run, place.1, entry)?);
                }
            }
        }
    }

    /// By ids, which are few.
    fn named(&mut self) -> Result<Found, Error> {
        let by_request = self.txn.open_table(tables::BY_REQUEST)?;
        let mut sequences = BTreeSet::new();
        for id in &self.filter.request_ids {
            let place = by_request.get(id.as_bytes())?.map(|place| place.value());
            sequences.extend(place.filter(|(owner, _)| *owner == self.joins.org).map(|(_, sequence)| sequence));
        }
        let run = Run::read(&self.joins, sequences.iter().copied())?;
        let mut found = Vec::new();
        for sequence in sequences {
            if let Some(bytes) = run.get(sequence)
                && let Some(entry) = self.wanted(bytes)?
            {
                found.push(((entry.0.created_at.0, sequence), entry));
            }
        }
        found.retain(|(place, _)| self.after.is_none_or(|after| *place < after));
        found.sort_unstable_by_key(|(place, _)| std::cmp::Reverse(*place));
        let has_more = found.len() > self.limit;
        found.truncate(self.limit);
        let last = found.last().filter(|_| has_more).map(|(place, _)| *place);
        let items = found.into_iter().map(|(place, entry)| self.joined(&run, place.1, entry));
        Ok((items.collect::<Result<_, _>>()?, last))
    }

    /// By session: in the order in which its calls ended.
    fn of_session(&mut self, session: &str) -> Result<Found, Error> {
        let by_session = self.txn.open_table(tables::BY_SESSION)?;
        let end = self.after.map_or(u64::MAX, |(_, sequence)| sequence);
        let rows = by_session.range((self.joins.org, session, 0)..(self.joins.org, session, end))?;
        self.look(rows.rev().map(|row| Ok((0, row?.0.value().2))))
    }

    /// By time.
    fn in_time(&mut self) -> Result<Found, Error> {
        let from = (self.joins.org, self.filter.from.map_or(i64::MIN, |from| from.0), 0);
        let end = match (self.after, self.filter.to) {
            (Some((time, sequence)), _) => (self.joins.org, time, sequence),
            (None, Some(to)) => (self.joins.org, to.0, 0),
            (None, None) => (self.joins.org, i64::MAX, u64::MAX),
        };
        if from >= end {
            return Ok((Vec::new(), None));
        }
        let by_time = self.txn.open_table(tables::BY_TIME)?;
        let rows = by_time.range(from..end)?;
        self.look(rows.rev().map(|row| {
            let (_, time, sequence) = row?.0.value();
            Ok((time, sequence))
        }))
    }
}

impl Store {
    /// A page of at most `limit` decisions, newest first. It may hold fewer, even none, and have a cursor: one page
    /// looks at [`MAX_LOOKED_AT`] records at most.
    ///
    /// # Errors
    /// [`Error::BadCursor`], or the store cannot be read.
    pub fn decisions(
        &self,
        org: &OrgId,
        filter: &DecisionFilter,
        limit: usize,
        cursor: Option<&str>,
    ) -> Result<Page<StoredDecision>, Error> {
        let scope = scope(org, "decisions", filter);
        let after = match cursor {
            Some(text) => Some(place_of(&cursor::open(&self.cursor_secret, &scope, text)?)?),
            None => None,
        };
        let txn = self.snapshot()?;
        let Some(org) = number(&txn, org)? else {
            return Ok(Page { items: Vec::new(), next_cursor: None, has_more: false });
        };
        let sieve = Sieve::of(filter);
        let mut listing = Listing { txn: &txn, joins: Joins::open(&txn, org)?, filter, sieve, limit, after };
        let (items, last) = match &filter.session_id {
            _ if !filter.request_ids.is_empty() => listing.named()?,
            Some(session) => listing.of_session(session)?,
            None => listing.in_time()?,
        };
        let next_cursor = last.map(|(time, sequence)| {
            let place = [time.to_be_bytes(), sequence.to_be_bytes()].concat();
            cursor::sign(&self.cursor_secret, &scope, &place)
        });
        Ok(Page { items, has_more: next_cursor.is_some(), next_cursor })
    }
}
