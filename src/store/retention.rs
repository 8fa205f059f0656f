//! What is past its age goes: bodies, and decisions with everything that belongs to them.
//!
//! A chain loses its beginning only, never an entry from its middle: all entries up to the last old one go, in
//! small steps. Where the beginning was, an anchor stays: the last entry that went, with its hash. The chain
//! is verified from there on. The anchor itself is an entry of the chain that is left, so nobody can cut a
//! beginning off and forge an anchor without breaking the chain.
//!
//! ```text
//! 1 2 3 4 5 6 7        log of seven entries, 1 to 4 are old
//!         5 6 7 P      anchor (4, sha256 of 4); P says the same
//! ```
//!
//! Nothing goes that the learner has not read: where an org has a checkpoint, the log is kept from there on.

use super::apply::Batch;
use super::chain::{self, Kind, hex};
use super::error::Error;
use super::polite::Manners;
use super::tables;
use crate::base::{RequestId, SessionId, Timestamp};
use redb::{Database, ReadableTable, WriteTransaction};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Entries and bodies that go in one transaction.
const STEP: usize = 200;
/// How often the store is looked through at most, and at least.
const PACES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// How long things are kept.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ages {
    /// Bodies; `None`: none is ever written.
    pub(super) bodies: Option<Duration>,
    /// Decisions; `None` = for ever.
    pub(super) decisions: Option<Duration>,
}

impl Ages {
    /// How often to look: short ages ask for more looks.
    pub(super) fn pace(self) -> Duration {
        let shortest = self.bodies.into_iter().chain(self.decisions).min().unwrap_or(PACES.1);
        (shortest / 8).clamp(PACES.0, PACES.1)
    }
}

/// What one step has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Step {
    /// Whether more is due at once.
    pub(super) is_partial: bool,
    /// Whether a chain has become longer.
    pub(super) has_grown: bool,
}

/// What the last [`Kind::Pruned`] entry of a chain says; the anchor says the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pruned {
    /// The last entry that went.
    pub(super) through: u64,
    /// Its hash.
    pub(super) sha256: String,
    /// Entries that went with it.
    removed: u64,
    created_at: Timestamp,
}

#[derive(Deserialize)]
struct Dated {
    created_at: Option<Timestamp>,
}

/// What of a decision leads to its other rows.
#[derive(Deserialize)]
struct Indexed {
    request_id: RequestId,
    session_id: SessionId,
    created_at: Timestamp,
    #[serde(default)]
    completion_id: Option<String>,
}

/// What of a session's summary leads to its place in the list.
#[derive(Deserialize)]
struct Begun {
    first_seen: Timestamp,
}

/// An entry that is to go.
struct Old {
    sequence: u64,
    kind: Kind,
    sha256: [u8; 32],
    payload: Vec<u8>,
    is_dated: bool,
}

/// Removes what is past its age, a step at most.
pub(super) fn step(database: &Database, ages: Ages, now: Timestamp, manners: &Manners) -> Result<Step, Error> {
    let txn = database.begin_write()?;
    let mut batch = Batch::new(&txn);
    let orgs: Vec<u32> = {
        let orgs = txn.open_table(tables::ORGS)?;
        orgs.iter()?.map(|row| Ok::<_, Error>(row?.1.value())).collect::<Result<_, _>>()?
    };
    let mut left = STEP;
    for org in orgs {
        if let Some(age) = ages.bodies {
            left -= bodies(&txn, org, now.minus(age), left, manners)?;
        }
        if let Some(age) = ages.decisions {
            left -= batch.prune(org, now, now.minus(age), left, manners)?;
        }
    }
    if left == STEP {
        drop(batch);
        txn.abort()?;
        return Ok(Step::default());
    }
    let has_grown = batch.finish()?;
    txn.commit()?;
    Ok(Step { is_partial: left == 0, has_grown })
}

fn dated(payload: &[u8]) -> Result<Option<Timestamp>, Error> {
    Ok(serde_json::from_slice::<Dated>(payload)?.created_at)
}

/// Removes at most `most` bodies of decisions from before `before`, oldest first; how many went.
fn bodies(txn: &WriteTransaction, org: u32, before: Timestamp, most: usize, manners: &Manners) -> Result<usize, Error> {
    let (log, mut bodies) = (txn.open_table(tables::LOG)?, txn.open_table(tables::BODIES)?);
    for gone in 0..most {
        let oldest = bodies.range((org, 0)..=(org, u64::MAX))?.next().transpose()?.map(|row| row.0.value());
        let Some(oldest) = oldest else { return Ok(gone) };
        if let Some(entry) = log.get(oldest)?
            && dated(chain::decode(entry.value())?.payload)?.is_some_and(|at| at >= before)
        {
            return Ok(gone);
        }
        bodies.remove(oldest)?;
        manners.give_way();
    }
    Ok(most)
}

impl Batch<'_> {
    /// Removes at most `most` entries from the beginning of an org's chain; how many went.
    fn prune(
        &mut self,
        org: u32,
        now: Timestamp,
        before: Timestamp,
        most: usize,
        manners: &Manners,
    ) -> Result<usize, Error> {
        let mut old = self.old(org, before, most)?;
        // What bears no date is as old as what follows it.
        old.truncate(old.iter().rposition(|entry| entry.is_dated).map_or(0, |last| last + 1));
        // The trace of an earlier step alone is no reason for another one.
        let Some(last) = old.last().filter(|_| old.iter().any(|entry| entry.kind != Kind::Pruned)) else {
            return Ok(0);
        };
        let (through, sha256) = (last.sequence, last.sha256);
        for entry in &old {
            if entry.kind == Kind::Decision {
                self.remove(org, entry)?;
            }
            self.txn.open_table(tables::LOG)?.remove((org, entry.sequence))?;
            manners.give_way();
        }
        self.txn.open_table(tables::ANCHORS)?.insert(org, (through, sha256))?;
        let pruned = Pruned { through, sha256: hex(&sha256), removed: old.len() as u64, created_at: now };
        self.append(org, Kind::Pruned, &serde_json::to_vec(&pruned)?)?;
        Ok(old.len())
    }

    /// The first entries of the chain as far as they are old and have been learned from.
    fn old(&self, org: u32, before: Timestamp, most: usize) -> Result<Vec<Old>, Error> {
        let learned = self.txn.open_table(tables::CHECKPOINTS)?.get(org)?.map_or(u64::MAX, |row| row.value().1);
        let log = self.txn.open_table(tables::LOG)?;
        let mut old = Vec::new();
        for row in log.range((org, 0)..=(org, learned))?.take(most) {
            let (key, bytes) = row?;
            let entry = chain::decode(bytes.value())?;
            let at = dated(entry.payload)?;
            if at.is_some_and(|at| at >= before) {
                break;
            }
            old.push(Old {
                sequence: key.value().1,
                kind: entry.kind,
                sha256: entry.sha256,
                payload: entry.payload.to_vec(),
                is_dated: at.is_some(),
            });
        }
        Ok(old)
    }

    /// Removes what leads to a decision and what was said of it; with a session's last one, the session.
    fn remove(&mut self, org: u32, entry: &Old) -> Result<(), Error> {
        let txn = self.txn;
        let decision: Indexed = serde_json::from_slice(&entry.payload)?;
        let (id, session) = (decision.request_id, decision.session_id.as_str());
        txn.open_table(tables::BY_REQUEST)?.remove(id.as_bytes())?;
        txn.open_table(tables::BY_TIME)?.remove((org, decision.created_at.0, entry.sequence))?;
        txn.open_table(tables::BODIES)?.remove((org, entry.sequence))?;
        txn.open_table(tables::RATINGS)?.remove((org, *id.as_bytes()))?;
        txn.open_table(tables::JUDGED)?.remove((org, *id.as_bytes()))?;
        let mut feedback = txn.open_table(tables::FEEDBACK)?;
        feedback.remove((org, format!("r:{id}").as_str()))?;
        if let Some(completion) = &decision.completion_id {
            let mut completions = txn.open_table(tables::COMPLETIONS)?;
            let place = (org, completion.as_str());
            // A provider may give an id twice: the later request keeps it.
            if completions.get(place)?.is_some_and(|known| known.value() == *id.as_bytes()) {
                completions.remove(place)?;
            }
        }
        let mut by_session = txn.open_table(tables::BY_SESSION)?;
        by_session.remove((org, session, entry.sequence))?;
        if by_session.range((org, session, 0)..=(org, session, u64::MAX))?.next().is_some() {
            return Ok(());
        }
        feedback.remove((org, format!("s:{session}").as_str()))?;
        let summary = txn.open_table(tables::SESSIONS)?.remove((org, session))?.map(|bytes| bytes.value().to_vec());
        if let Some(bytes) = summary {
            let summary: Begun = serde_json::from_slice(&bytes)?;
            txn.open_table(tables::SESSIONS_BY_TIME)?.remove((org, summary.first_seen.0, session))?;
        }
        Ok(())
    }
}
