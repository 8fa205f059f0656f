//! What the store knows of a decision beside its record: votes, ratings, the judge's word. The tables are opened once
//! for as many decisions as are read.

use super::absent::Absent;
use super::chain;
use super::credit::{self, Known};
use super::error::Error;
use super::read::json;
use super::session::Row;
use super::tables;
use crate::base::RequestId;
use crate::resource::assessment::Credit;
use crate::resource::{Feedback, Judged, Rating};
use redb::{ReadOnlyTable, ReadTransaction, Value};
use std::fmt::Write as _;

type ByPlace = ReadOnlyTable<(u32, &'static str), &'static [u8]>;
type ById<V> = ReadOnlyTable<(u32, [u8; 16]), V>;
/// The keys before and behind one that is not there.
type Neighbours<K> = (Option<K>, Option<K>);

/// The open tables, for the decisions of one org.
pub(super) struct Joins {
    pub(super) org: u32,
    pub(super) log: ReadOnlyTable<(u32, u64), &'static [u8]>,
    anchors: ReadOnlyTable<u32, (u64, [u8; 32])>,
    feedback: ByPlace,
    ratings: ById<&'static [u8]>,
    judged: ById<u64>,
    sessions: ByPlace,
    absent: Missing,
}

/// What is known not to be there.
#[derive(Default)]
struct Missing {
    ratings: Absent<[u8; 16]>,
    judged: Absent<[u8; 16]>,
    requests: Absent<String>,
    sessions: Absent<String>,
}

/// What is known of one decision.
#[derive(Debug)]
pub(super) struct Joined {
    pub(super) rating: Option<Rating>,
    pub(super) feedback: Option<Feedback>,
    pub(super) judged: Option<Judged>,
    pub(super) credits: Vec<Credit>,
}

/// The places of votes beside one that has none.
fn places_beside(table: &ByPlace, org: u32, place: &str) -> Result<Neighbours<String>, Error> {
    let before = table.range(..(org, place))?.next_back().transpose()?;
    let behind = table.range((org, place)..)?.next().transpose()?;
    let own = |key: (u32, &str)| (key.0 == org).then(|| key.1.to_owned());
    Ok((before.and_then(|row| own(row.0.value())), behind.and_then(|row| own(row.0.value()))))
}

/// The ids beside one that is not there.
fn ids_beside<V: Value>(table: &ById<V>, org: u32, id: &[u8; 16]) -> Result<Neighbours<[u8; 16]>, Error> {
    let before = table.range(..(org, *id))?.next_back().transpose()?;
    let behind = table.range((org, *id)..)?.next().transpose()?;
    let own = |key: (u32, [u8; 16])| (key.0 == org).then_some(key.1);
    Ok((before.and_then(|row| own(row.0.value())), behind.and_then(|row| own(row.0.value()))))
}

/// The vote at a place.
fn vote(table: &ByPlace, absent: &mut Absent<String>, org: u32, place: &str) -> Result<Option<Feedback>, Error> {
    let get = || table.get((org, place))?.map(|bytes| json(bytes.value())).transpose();
    absent.or_get(place, get, || places_beside(table, org, place))
}

impl Joins {
    pub(super) fn open(txn: &ReadTransaction, org: u32) -> Result<Self, Error> {
        Ok(Self {
            org,
            log: txn.open_table(tables::LOG)?,
            anchors: txn.open_table(tables::ANCHORS)?,
            feedback: txn.open_table(tables::FEEDBACK)?,
            ratings: txn.open_table(tables::RATINGS)?,
            judged: txn.open_table(tables::JUDGED)?,
            sessions: txn.open_table(tables::SESSIONS)?,
            absent: Missing::default(),
        })
    }

    /// The hash of the entry before this one.
    pub(super) fn previous(&self, sequence: u64) -> Result<[u8; 32], Error> {
        Ok(match self.log.get((self.org, sequence.saturating_sub(1)))? {
            Some(bytes) => chain::decode(bytes.value())?.sha256,
            None => self.anchors.get(self.org)?.map_or([0; 32], |anchor| anchor.value().1),
        })
    }

    /// The judge's last word on a request, where it stands before an entry of the log.
    pub(super) fn judged(&mut self, request: RequestId, before: u64) -> Result<Option<Judged>, Error> {
        let Self { org, log, judged, absent, .. } = self;
        let (org, id) = (*org, request.as_bytes());
        let get = || Ok(judged.get((org, *id))?.map(|sequence| sequence.value()));
        let sequence = absent.judged.or_get(id, get, || ids_beside(judged, org, id))?;
        let Some(sequence) = sequence.filter(|sequence| *sequence < before) else { return Ok(None) };
        let Some(bytes) = log.get((org, sequence))? else { return Ok(None) };
        Ok(Some(json(chain::decode(bytes.value())?.payload)?))
    }

    /// What stands beside a decision.
    pub(super) fn beside(&mut self, known: &Known<'_>) -> Result<Joined, Error> {
        let judged = self.judged(known.request_id, u64::MAX)?;
        let Self { org, feedback: votes, ratings, sessions, absent, .. } = self;
        let (org, id) = (*org, known.request_id.as_bytes());
        let get = || ratings.get((org, *id))?.map(|bytes| json(bytes.value())).transpose();
        let rating: Option<Rating> = absent.ratings.or_get(id, get, || ids_beside(ratings, org, id))?;
        let mut place = String::with_capacity(64);
        write!(place, "r:{}", known.request_id).expect("memory takes every byte");
        let feedback = vote(votes, &mut absent.requests, org, &place)?;
        place.clear();
        place.push_str("s:");
        place.push_str(known.session_id);
        let of_session = vote(votes, &mut absent.sessions, org, &place)?;
        let row: Option<Row> = match &of_session {
            Some(_) => sessions.get((org, known.session_id))?.map(|bytes| json(bytes.value())).transpose()?,
            None => None,
        };
        let session = of_session.as_ref().zip(row.and_then(|row| row.parts));
        let credits = credit::of(known, session, feedback.as_ref(), rating.as_ref(), judged.as_ref());
        Ok(Joined { rating, feedback, judged, credits })
    }
}
