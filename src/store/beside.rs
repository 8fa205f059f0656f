//! What the store knows of a decision beside its record: votes, ratings, the judge's word. The tables are opened once
//! for as many decisions as are read.

use super::chain;
use super::credit::{self, Known};
use super::error::Error;
use super::read::json;
use super::session::Row;
use super::tables;
use crate::base::RequestId;
use crate::resource::assessment::Credit;
use crate::resource::{Feedback, Judged, Rating};
use redb::{ReadOnlyTable, ReadTransaction};

/// The open tables.
pub(super) struct Joins {
    pub(super) log: ReadOnlyTable<(u32, u64), &'static [u8]>,
    anchors: ReadOnlyTable<u32, (u64, [u8; 32])>,
    feedback: ReadOnlyTable<(u32, &'static str), &'static [u8]>,
    ratings: ReadOnlyTable<(u32, [u8; 16]), &'static [u8]>,
    judged: ReadOnlyTable<(u32, [u8; 16]), u64>,
    sessions: ReadOnlyTable<(u32, &'static str), &'static [u8]>,
}

/// What is known of one decision.
#[derive(Debug)]
pub(super) struct Joined {
    pub(super) rating: Option<Rating>,
    pub(super) feedback: Option<Feedback>,
    pub(super) judged: Option<Judged>,
    pub(super) credits: Vec<Credit>,
}

impl Joins {
    pub(super) fn open(txn: &ReadTransaction) -> Result<Self, Error> {
        Ok(Self {
            log: txn.open_table(tables::LOG)?,
            anchors: txn.open_table(tables::ANCHORS)?,
            feedback: txn.open_table(tables::FEEDBACK)?,
            ratings: txn.open_table(tables::RATINGS)?,
            judged: txn.open_table(tables::JUDGED)?,
            sessions: txn.open_table(tables::SESSIONS)?,
        })
    }

    /// The hash of the entry before this one.
    pub(super) fn previous(&self, org: u32, sequence: u64) -> Result<[u8; 32], Error> {
        Ok(match self.log.get((org, sequence.saturating_sub(1)))? {
            Some(bytes) => chain::decode(bytes.value())?.sha256,
            None => self.anchors.get(org)?.map_or([0; 32], |anchor| anchor.value().1),
        })
    }

    fn vote(&self, org: u32, place: &str) -> Result<Option<Feedback>, Error> {
        self.feedback.get((org, place))?.map(|bytes| json(bytes.value())).transpose()
    }

    /// The judge's last word on a request, where it stands before an entry of the log.
    pub(super) fn judged(&self, org: u32, request: RequestId, before: u64) -> Result<Option<Judged>, Error> {
        let sequence = self.judged.get((org, *request.as_bytes()))?.map(|sequence| sequence.value());
        let Some(sequence) = sequence.filter(|sequence| *sequence < before) else { return Ok(None) };
        let Some(bytes) = self.log.get((org, sequence))? else { return Ok(None) };
        Ok(Some(json(chain::decode(bytes.value())?.payload)?))
    }

    /// What stands beside a decision.
    pub(super) fn beside(&self, org: u32, known: &Known<'_>) -> Result<Joined, Error> {
        let id = known.request_id;
        let rating: Option<Rating> =
            self.ratings.get((org, *id.as_bytes()))?.map(|bytes| json(bytes.value())).transpose()?;
        let feedback = self.vote(org, &format!("r:{id}"))?;
        let judged = self.judged(org, id, u64::MAX)?;
        let vote = self.vote(org, &format!("s:{}", known.session_id))?;
        let row: Option<Row> = match &vote {
            Some(_) => self.sessions.get((org, known.session_id))?.map(|bytes| json(bytes.value())).transpose()?,
            None => None,
        };
        let session = vote.as_ref().zip(row.and_then(|row| row.parts));
        let credits = credit::of(known, session, feedback.as_ref(), rating.as_ref(), judged.as_ref());
        Ok(Joined { rating, feedback, judged, credits })
    }
}
