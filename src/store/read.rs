//! Reading: single records, listings, sessions, keys, pins. Each read sees one committed snapshot.

use super::beside::{Joined, Joins};
use super::chain::{self, Kind, hex};
use super::credit::Known;
use super::error::Error;
use super::open::Store;
use super::retained::unpack;
use super::session::merge;
use super::{cursor, tables};
use crate::base::{OrgId, RequestId, RouteId, SessionId};
use crate::config::settings::{Key, Permissions};
use crate::resource::{Decision, Judged, KeyRecord, Page, RestoredSession, SessionSummary, StoredDecision, Turn};
use redb::{ReadTransaction, ReadableTable};
use serde::de::DeserializeOwned;
use std::fmt::Debug;

pub(super) fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    Ok(serde_json::from_slice(bytes)?)
}

pub(super) fn number(txn: &ReadTransaction, org: &OrgId) -> Result<Option<u32>, Error> {
    Ok(txn.open_table(tables::ORGS)?.get(org.as_str())?.map(|number| number.value()))
}

/// The decision at a place of the log, with its hash.
fn entry_at(txn: &ReadTransaction, org: u32, sequence: u64) -> Result<Option<(Decision, [u8; 32])>, Error> {
    let log = txn.open_table(tables::LOG)?;
    let Some(bytes) = log.get((org, sequence))? else { return Ok(None) };
    let entry = chain::decode(bytes.value())?;
    Ok(if entry.kind == Kind::Decision { Some((json(entry.payload)?, entry.sha256)) } else { None })
}

/// A decision with what the store knows of it beside the record.
pub(super) fn joined(
    joins: &mut Joins,
    sequence: u64,
    (decision, sha256): (Decision, [u8; 32]),
    previous: [u8; 32],
) -> Result<StoredDecision, Error> {
    let Joined { rating, feedback, judged, credits } = joins.beside(&Known::from(&decision))?;
    Ok(StoredDecision {
        decision,
        sequence,
        previous_sha256: hex(&previous),
        sha256: hex(&sha256),
        rating,
        feedback,
        judged,
        credits,
    })
}

/// The judge's last word on a request, where it stands before an entry of the log.
pub(super) fn judged_at(
    txn: &ReadTransaction,
    org: u32,
    request: RequestId,
    before: u64,
) -> Result<Option<Judged>, Error> {
    Joins::open(txn, org)?.judged(request, before)
}

/// The scope that a cursor of this listing is signed for.
pub(super) fn scope(org: &OrgId, what: &str, filter: &impl Debug) -> String {
    format!("{org}/{what}/{filter:?}")
}

impl Store {
    /// One decision of this org.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn decision(&self, org: &OrgId, id: RequestId) -> Result<Option<StoredDecision>, Error> {
        let Some((org, sequence)) = self.found(org, id)? else { return Ok(None) };
        let txn = self.snapshot()?;
        let Some(entry) = entry_at(&txn, org, sequence)? else { return Ok(None) };
        let mut joins = Joins::open(&txn, org)?;
        let previous = joins.previous(sequence)?;
        joined(&mut joins, sequence, entry, previous).map(Some)
    }

    /// A session with its merged conversation; `None` where it does not exist or no text of it is kept.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn session(&self, org: &OrgId, id: &str) -> Result<Option<RestoredSession>, Error> {
        let txn = self.snapshot()?;
        let Some(org) = number(&txn, org)? else { return Ok(None) };
        let (by_session, bodies) = (txn.open_table(tables::BY_SESSION)?, txn.open_table(tables::BODIES)?);
        let mut restored =
            RestoredSession { session_id: SessionId::from(id), messages: Vec::new(), turn_count: 0, turns: Vec::new() };
        for row in by_session.range((org, id, 0)..=(org, id, u64::MAX))? {
            let (_, _, sequence) = row?.0.value();
            let Some((decision, _)) = entry_at(&txn, org, sequence)? else { continue };
            let (provider, model) = match decision.served.or(decision.winner) {
                Some(target) => (target.provider, target.model),
                None => (String::new(), decision.requested_model),
            };
            let (request_id, created_at) = (decision.request_id, decision.created_at);
            restored.turns.push(Turn { request_id, created_at, model, provider });
            let Some(body) = bodies.get((org, sequence))? else { continue };
            let kept = unpack(body.value())?;
            let answer = if kept.answer.is_empty() { None } else { Some(json(kept.answer.as_bytes())?) };
            merge(&mut restored.messages, json(kept.messages.as_bytes())?, answer);
        }
        restored.turn_count = restored.turns.len();
        Ok((!restored.messages.is_empty()).then_some(restored))
    }

    /// A page of at most `limit` sessions, newest first.
    ///
    /// # Errors
    /// [`Error::BadCursor`], or the store cannot be read.
    pub fn sessions(&self, org: &OrgId, limit: usize, cursor: Option<&str>) -> Result<Page<SessionSummary>, Error> {
        let scope = scope(org, "sessions", &());
        let after = match cursor {
            Some(text) => {
                let place = cursor::open(&self.cursor_secret, &scope, text)?;
                let (time, id) = place.split_first_chunk::<8>().ok_or(Error::BadCursor)?;
                let id = String::from_utf8(id.to_vec()).map_err(|_| Error::BadCursor)?;
                Some((i64::from_be_bytes(*time), id))
            }
            None => None,
        };
        let txn = self.snapshot()?;
        let mut page = Page { items: Vec::new(), next_cursor: None, has_more: false };
        let Some(org) = number(&txn, org)? else { return Ok(page) };
        let (by_time, sessions) = (txn.open_table(tables::SESSIONS_BY_TIME)?, txn.open_table(tables::SESSIONS)?);
        // One past the last possible row of the org, or the row that the last page ended with.
        let end = after.as_ref().map_or((org + 1, i64::MIN, ""), |(time, id)| (org, *time, id.as_str()));
        let mut last = None;
        for row in by_time.range((org, i64::MIN, "")..end)?.rev() {
            let key = row?.0;
            let (_, time, id) = key.value();
            if page.items.len() == limit {
                page.has_more = true;
                break;
            }
            if let Some(bytes) = sessions.get((org, id))? {
                page.items.push(json(bytes.value())?);
            }
            last = Some([&time.to_be_bytes()[..], id.as_bytes()].concat());
        }
        if page.has_more {
            page.next_cursor = last.map(|place| cursor::sign(&self.cursor_secret, &scope, &place));
        }
        Ok(page)
    }

    /// All keys, as they are listed.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn key_records(&self) -> Result<Vec<KeyRecord>, Error> {
        let txn = self.snapshot()?;
        let keys = txn.open_table(tables::KEYS)?;
        keys.iter()?.map(|row| json(row?.1.value())).collect()
    }

    /// All keys, as the gateway checks them.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn keys(&self) -> Result<Vec<Key>, Error> {
        Ok(self.key_records()?.into_iter().filter_map(|record| checked(&record)).collect())
    }

    /// Whether a key was ever made: from then on requests need one, also after the last one was revoked.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn had_keys(&self) -> Result<bool, Error> {
        Ok(self.snapshot()?.open_table(tables::META)?.get("keys_created")?.is_some())
    }

    /// Routes that are put back to their default model.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn pins(&self) -> Result<Vec<(OrgId, RouteId)>, Error> {
        let txn = self.snapshot()?;
        let pins = txn.open_table(tables::PINS)?;
        pins.iter()?
            .map(|row| {
                let key = row?.0;
                let (org, route) = key.value();
                Ok((OrgId::from(org), RouteId::from(route)))
            })
            .collect()
    }
}

/// A stored key as the gateway checks it; `None` where its hash cannot be read.
fn checked(record: &KeyRecord) -> Option<Key> {
    let mut sha256 = [0; 32];
    if record.sha256.len() != 64 {
        return None;
    }
    for (index, byte) in sha256.iter_mut().enumerate() {
        *byte = u8::from_str_radix(record.sha256.get(index * 2..index * 2 + 2)?, 16).ok()?;
    }
    let may = |what: &str| record.permissions.iter().any(|permission| permission == what);
    Some(Key {
        id: record.id.clone(),
        name: record.name.clone(),
        sha256,
        org: record.org.clone(),
        permissions: Permissions { read: may("read"), write: may("write"), admin: may("admin") },
        route: record.route.clone(),
        project: record.project.clone(),
        requests_per_minute: record.requests_per_minute,
        monthly_budget: record.monthly_budget_micro_usd,
    })
}
