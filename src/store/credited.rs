//! Which decisions an outcome gave how much, as followers of the log are told of it: computed when it is told, as a
//! decision's own credits are when it is read.

use super::beside::Joins;
use super::chain::{self, Entry, Kind};
use super::credit::Known;
use super::error::Error;
use super::read::json;
use super::session::Row;
use super::tables;
use crate::base::RequestId;
use crate::base::limits::{MAX_EVENT_CREDITS, MAX_EVENT_LOOKED_AT};
use crate::resource::assessment::Credit;
use crate::resource::{Decision, Feedback, Judged, Rating};
use redb::{ReadOnlyTable, ReadTransaction};
use serde::Serialize;

/// One decision's credit.
#[derive(Debug, Serialize)]
struct Credited {
    request_id: RequestId,
    #[serde(flatten)]
    credit: Credit,
}

/// What an event says of credits beside its record.
#[derive(Debug, Default)]
struct Told {
    /// The newest decisions first, and not more than an event may hold.
    credits: Vec<Credited>,
    /// Of so many decisions.
    credit_count: u64,
}

/// The open tables, for the outcomes of one org.
pub(super) struct Credits {
    joins: Joins,
    by_request: ReadOnlyTable<[u8; 16], (u32, u64)>,
    by_session: ReadOnlyTable<(u32, &'static str, u64), ()>,
    sessions: ReadOnlyTable<(u32, &'static str), &'static [u8]>,
}

impl Credits {
    pub(super) fn open(txn: &ReadTransaction, org: u32) -> Result<Self, Error> {
        Ok(Self {
            joins: Joins::open(txn, org)?,
            by_request: txn.open_table(tables::BY_REQUEST)?,
            by_session: txn.open_table(tables::BY_SESSION)?,
            sessions: txn.open_table(tables::SESSIONS)?,
        })
    }

    /// The record of an outcome with its credits; `None` where the entry is no outcome.
    pub(super) fn with(&mut self, entry: &Entry<'_>) -> Result<Option<String>, Error> {
        let told = match entry.kind {
            Kind::Feedback => {
                let vote: Feedback = json(entry.payload)?;
                match vote.request_id {
                    Some(id) => self.of_request(id, "request")?,
                    None => self.of_session(vote.session_id.as_str())?,
                }
            }
            Kind::Rating => self.of_request(json::<Rating>(entry.payload)?.request_id, "manual")?,
            Kind::Judged => self.of_request(json::<Judged>(entry.payload)?.request_id, "auto")?,
            _ => return Ok(None),
        };
        // The record stays as it was written; these are two members behind its own.
        let record = std::str::from_utf8(entry.payload).ok().and_then(|record| record.strip_suffix('}'));
        let record = record.ok_or_else(|| Error::Corrupt("an outcome in the log is no object".to_owned()))?;
        let credits = serde_json::to_string(&told.credits)?;
        Ok(Some(format!("{record},\"credits\":{credits},\"credit_count\":{}}}", told.credit_count)))
    }

    /// What an outcome of this kind gave to the decision at a place of the log.
    fn credit(&mut self, sequence: u64, source: &str) -> Result<Option<Credited>, Error> {
        let Some(bytes) = self.joins.log.get((self.joins.org, sequence))? else { return Ok(None) };
        let decision: Decision = json(chain::decode(bytes.value())?.payload)?;
        let credits = self.joins.beside(&Known::from(&decision))?.credits;
        let credit = credits.into_iter().find(|credit| credit.source == source);
        Ok(credit.map(|credit| Credited { request_id: decision.request_id, credit }))
    }

    fn of_request(&mut self, id: RequestId, source: &str) -> Result<Told, Error> {
        let place = self.by_request.get(id.as_bytes())?.map(|place| place.value());
        let Some((_, sequence)) = place.filter(|(org, _)| *org == self.joins.org) else { return Ok(Told::default()) };
        let credits = Vec::from_iter(self.credit(sequence, source)?);
        Ok(Told { credit_count: credits.len() as u64, credits })
    }

    /// Of its newest calls; the count is of all that were answered.
    fn of_session(&mut self, id: &str) -> Result<Told, Error> {
        let org = self.joins.org;
        let Some(parts) =
            self.sessions.get((org, id))?.map(|row| json::<Row>(row.value())).transpose()?.and_then(|row| row.parts)
        else {
            return Ok(Told::default());
        };
        let mut told = Told { credits: Vec::new(), credit_count: parts.answered() };
        let calls = self.by_session.range((org, id, 0)..=(org, id, u64::MAX))?;
        for call in calls.rev().take(MAX_EVENT_LOOKED_AT) {
            if told.credits.len() == MAX_EVENT_CREDITS {
                break;
            }
            let (_, _, sequence) = call?.0.value();
            told.credits.extend(self.credit(sequence, "session")?);
        }
        Ok(told)
    }
}
