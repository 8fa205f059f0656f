//! Proving a store whole: every chain from its first entry, and the indexes against the log.

use super::chain::{self, Kind, hex};
use super::error::Error;
use super::open::{FILE, Store, open_file};
use super::polite::Manners;
use super::retention::Pruned;
use super::tables;
use crate::resource::Decision;
use redb::{Database, ReadTransaction, ReadableDatabase, ReadableTable};
use std::path::Path;

/// What a verification found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Orgs looked at.
    pub orgs: u64,
    /// Entries looked at.
    pub entries: u64,
    /// Decisions among them.
    pub decisions: u64,
    /// Entries that retention has removed.
    pub pruned: u64,
    /// The first thing that is wrong.
    pub broken: Option<Break>,
}

/// Where a chain or an index breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Break {
    /// The org.
    pub org: String,
    /// The entry.
    pub sequence: u64,
    /// What is wrong.
    pub what: String,
}

/// Verifies the store in a folder that no server has open.
///
/// # Errors
/// The file cannot be opened or read.
pub fn verify_folder(folder: &Path) -> Result<Report, Error> {
    let path = folder.join(FILE);
    if !path.is_file() {
        return Err(Error::Unreadable("there is no floopy.redb in it".into()));
    }
    verify(&open_file(&path, &Manners::default())?)
}

pub(super) fn verify(database: &Database) -> Result<Report, Error> {
    walk(&database.begin_read()?)
}

fn walk(txn: &ReadTransaction) -> Result<Report, Error> {
    let mut report = Report::default();
    for row in txn.open_table(tables::ORGS)?.iter()? {
        let (name, number) = row?;
        report.orgs += 1;
        if let Some((sequence, what)) = walk_org(txn, number.value(), &mut report)? {
            report.broken = Some(Break { org: name.value().to_owned(), sequence, what });
            break;
        }
    }
    Ok(report)
}

/// Walks one chain; where and how it breaks.
fn walk_org(txn: &ReadTransaction, org: u32, report: &mut Report) -> Result<Option<(u64, String)>, Error> {
    let (log, by_request) = (txn.open_table(tables::LOG)?, txn.open_table(tables::BY_REQUEST)?);
    let anchor = txn.open_table(tables::ANCHORS)?.get(org)?.map(|anchor| anchor.value());
    let (mut expected, mut previous) = anchor.map_or((1, [0; 32]), |(through, sha256)| (through + 1, sha256));
    let mut pruned: Option<Pruned> = None;
    report.pruned += expected - 1;
    for row in log.range((org, 0)..=(org, u64::MAX))? {
        let (key, bytes) = row?;
        let (_, sequence) = key.value();
        if sequence != expected {
            return Ok(Some((expected, "an entry is missing".into())));
        }
        let Ok(entry) = chain::decode(bytes.value()) else {
            return Ok(Some((sequence, "an entry cannot be read".into())));
        };
        if chain::hash(&previous, sequence, entry.kind, entry.payload) != entry.sha256 {
            return Ok(Some((sequence, "an entry does not have its hash".into())));
        }
        if entry.kind == Kind::Decision {
            report.decisions += 1;
            let Ok(decision) = serde_json::from_slice::<Decision>(entry.payload) else {
                return Ok(Some((sequence, "a decision cannot be read".into())));
            };
            let place = by_request.get(decision.request_id.as_bytes())?.map(|place| place.value());
            if place != Some((org, sequence)) {
                return Ok(Some((sequence, "the index does not lead to this decision".into())));
            }
        }
        if entry.kind == Kind::Pruned {
            pruned = serde_json::from_slice(entry.payload).ok();
        }
        report.entries += 1;
        previous = entry.sha256;
        expected += 1;
    }
    let head = txn.open_table(tables::HEADS)?.get(org)?.map(|head| head.value());
    if head.unwrap_or((0, [0; 32])) != (expected - 1, previous) {
        return Ok(Some((expected, "the chain's end is cut off".into())));
    }
    if anchor.map(|(through, sha256)| (through, hex(&sha256))) != pruned.map(|pruned| (pruned.through, pruned.sha256)) {
        return Ok(Some((1, "the chain's beginning is missing, and no entry says that retention removed it".into())));
    }
    Ok(None)
}

impl From<Report> for crate::resource::Verification {
    fn from(report: Report) -> Self {
        let Report { orgs, entries, decisions, pruned, broken } = report;
        let found = |Break { org, sequence, what }| crate::resource::verification::Break { org, sequence, what };
        Self { whole: broken.is_none(), orgs, entries, decisions, pruned, broken: broken.map(found) }
    }
}

impl Store {
    /// Verifies this store while it is in use.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn verify(&self) -> Result<Report, Error> {
        walk(&self.snapshot()?)
    }

    /// Copies everything that is committed into a new file, while the store is in use.
    ///
    /// # Errors
    /// The file exists, or cannot be written.
    pub fn backup(&self, to: &Path) -> Result<(), Error> {
        if to.exists() {
            return Err(Error::Unreadable("the file for the backup exists already".into()));
        }
        let from = self.snapshot()?;
        let copy = open_file(to, &Manners::default())?;
        let txn = copy.begin_write()?;
        macro_rules! copy_table {
            ($($table:expr),*) => {
                $({
                    let mut out = txn.open_table($table)?;
                    for row in from.open_table($table)?.iter()? {
                        let (key, value) = row?;
                        out.insert(key.value(), value.value())?;
                    }
                })*
            };
        }
        copy_table!(
            tables::META,
            tables::ORGS,
            tables::LOG,
            tables::HEADS,
            tables::BY_REQUEST,
            tables::BY_TIME,
            tables::BY_SESSION,
            tables::SESSIONS,
            tables::SESSIONS_BY_TIME,
            tables::COMPLETIONS,
            tables::BODIES,
            tables::FEEDBACK,
            tables::RATINGS,
            tables::KEYS,
            tables::PINS,
            tables::JUDGED,
            tables::CONSTRAINTS,
            tables::PRIORS,
            tables::EXPERIMENTS,
            tables::CHECKPOINTS,
            tables::LATEST,
            tables::SPENT,
            tables::ANCHORS
        );
        txn.commit()?;
        Ok(())
    }
}
