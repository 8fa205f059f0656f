//! Following an org's log as it grows: what the live stream tells. The log itself is what waits for a slow reader, so a
//! reader costs no memory, however far it is behind; and who comes again goes on where it was.

use super::chain::{self, Kind};
use super::credited::Credits;
use super::error::Error;
use super::open::Store;
use super::read::number;
use super::tables;
use crate::base::OrgId;
use std::ops::ControlFlow;

/// One entry as followers see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Its place in the org's chain.
    pub sequence: u64,
    /// `decision`, `feedback`, `rating`, `judged`, `experiment`, `evaluation`, `pin`, `constraints`, `priors`.
    pub kind: &'static str,
    /// The record as JSON, on one line; that of an outcome with the credits that it gives now.
    pub json: &'a str,
}

/// How far a reader has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Followed {
    /// The last entry that was read, or passed over.
    pub through: u64,
    /// Entries that were passed over: retention has removed them, or the reader was too far behind.
    pub missed: u64,
}

/// What followers are told of; keys, reloads and retention are nobody's news.
const fn told(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Decision => Some("decision"),
        Kind::Feedback => Some("feedback"),
        Kind::Rating => Some("rating"),
        Kind::Judged => Some("judged"),
        Kind::Experiment => Some("experiment"),
        Kind::Evaluation => Some("evaluation"),
        Kind::Pin => Some("pin"),
        Kind::Constraints => Some("constraints"),
        Kind::Priors => Some("priors"),
        Kind::KeyCreated | Kind::KeyRevoked | Kind::Config | Kind::Pruned => None,
    }
}

impl Store {
    /// Reads the org's log from behind entry `after` on, until it ends or `tell` has enough. Whoever is more than `most`
    /// entries behind goes on with the last `most`. Who is ahead of the log goes on with its end.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn follow(
        &self,
        org: &OrgId,
        after: u64,
        most: u64,
        mut tell: impl FnMut(Entry<'_>) -> ControlFlow<()>,
    ) -> Result<Followed, Error> {
        let txn = self.snapshot()?;
        let Some(org) = number(&txn, org)? else { return Ok(Followed { through: 0, missed: 0 }) };
        let head = txn.open_table(tables::HEADS)?.get(org)?.map_or(0, |head| head.value().0);
        let begin = after.min(head).max(head.saturating_sub(most));
        let mut followed = Followed { through: begin, missed: begin.saturating_sub(after) };
        let log = txn.open_table(tables::LOG)?;
        let mut credits = Credits::open(&txn, org)?;
        let rows = log.range((org, begin.saturating_add(1))..=(org, u64::MAX))?;
        for row in rows {
            let (key, bytes) = row?;
            let (_, sequence) = key.value();
            // The log has gaps at its beginning only, where retention has been.
            followed.missed += sequence - followed.through - 1;
            followed.through = sequence;
            let entry = chain::decode(bytes.value())?;
            let Some(kind) = told(entry.kind) else { continue };
            let outcome = credits.with(&entry)?;
            let json = match &outcome {
                Some(outcome) => outcome,
                None => std::str::from_utf8(entry.payload)
                    .map_err(|_| Error::Corrupt("an entry of the log is no text".to_owned()))?,
            };
            if tell(Entry { sequence, kind, json }).is_break() {
                break;
            }
        }
        Ok(followed)
    }
}
