//! Reading many entries of a log at once. Decisions are wanted in the order of their requests, and rest in the order of
//! their ends, which is nearly the same: a run is read in one walk over the log instead of one descent for each entry.

use super::beside::Joins;
use super::chain;
use super::error::Error;
use redb::AccessGuard;

/// Entries that are read in one walk.
pub(super) const RUN: usize = 64;
/// A walk may meet so many entries for each that is wanted; a run that is thinner is read one by one.
const THIN: u64 = 4;

/// Some entries of an org's log.
pub(super) struct Run(Vec<(u64, AccessGuard<'static, &'static [u8]>)>);

impl Run {
    /// Reads these entries, and perhaps some between them.
    pub(super) fn read(joins: &Joins, wanted: impl Iterator<Item = u64>) -> Result<Self, Error> {
        let Joins { org, log, .. } = joins;
        let org = *org;
        let mut wanted: Vec<u64> = wanted.collect();
        wanted.sort_unstable();
        wanted.dedup();
        let (Some(first), Some(last)) = (wanted.first().copied(), wanted.last().copied()) else {
            return Ok(Self(Vec::new()));
        };
        let mut entries = Vec::with_capacity(wanted.len());
        if last - first < THIN * wanted.len() as u64 {
            for row in log.range((org, first)..=(org, last))? {
                let (key, entry) = row?;
                entries.push((key.value().1, entry));
            }
        } else {
            for sequence in wanted {
                entries.extend(log.get((org, sequence))?.map(|entry| (sequence, entry)));
            }
        }
        Ok(Self(entries))
    }

    /// The entry at this place, if it is one of the run.
    pub(super) fn get(&self, sequence: u64) -> Option<&[u8]> {
        let place = self.0.binary_search_by_key(&sequence, |entry| entry.0).ok()?;
        self.0.get(place).map(|entry| entry.1.value())
    }

    /// The hash of the entry before this place.
    pub(super) fn previous(&self, joins: &Joins, sequence: u64) -> Result<[u8; 32], Error> {
        match self.get(sequence.saturating_sub(1)) {
            Some(before) => Ok(chain::decode(before)?.sha256),
            None => joins.previous(sequence),
        }
    }
}
