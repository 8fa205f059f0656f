//! Reading an org's log in order, and keeping what a reader has made of it.
//!
//! The learner reads entry after entry from where its checkpoint ends; it waits for [`Store::commits`]
//! between looks. A checkpoint can always be made anew from the log: one of another format, or of a log
//! that ends before it, counts as none.

use super::apply::{Batch, Change, Done, POOL};
use super::chain::{self, Kind};
use super::error::Error;
use super::open::Store;
use super::read::{json, judged_at, number};
use super::tables;
use super::unread::Unread;
use super::writer::Op;
use crate::base::{OrgId, RequestId, RouteId};
use crate::resource::constraints::{Changed, Constraints};
use crate::resource::evaluation::Evaluated;
use crate::resource::{Decision, Experiment, Feedback, Judged, PriorsSetting, Rating};
use redb::ReadableTable;
use serde::Deserialize;
use tokio::sync::oneshot;

/// Decisions of one session that an outcome is shared among: the latest ones of a longer session.
pub const MAX_SESSION_DECISIONS: usize = 10_000;

/// One entry of an org's log.
#[derive(Debug, Clone, PartialEq)]
pub struct LogEntry {
    /// Its place in the chain, from 1.
    pub sequence: u64,
    /// What it says.
    pub what: Logged,
}

/// What an entry says.
#[derive(Debug, Clone, PartialEq)]
pub enum Logged {
    /// A request was served, or failed.
    Decision(Box<Decision>),
    /// A session or a request was rated by the application.
    Feedback(Feedback),
    /// A decision was rated by hand; the last rating stands.
    Rating(Rating),
    /// A judge has scored a decision; its last word stands.
    Judged(Judged),
    /// The org's constraints have changed.
    Constraints(Box<Changed<Constraints>>),
    /// The org's word on pooled priors has changed.
    Priors(Changed<PriorsSetting>),
    /// An experiment began, moved on or ended: as it stands since.
    Experiment(Box<Experiment>),
    /// An evaluation was completed.
    Evaluation(Box<Evaluated>),
    /// A route was pinned or freed.
    Pin {
        /// The route.
        route: RouteId,
        /// Whether it is pinned now.
        pinned: bool,
    },
    /// Keys, the configuration, retention, and decisions that the reader did not ask for.
    Other(Kind),
}

/// What a reader has made of a log up to some entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The format of `bytes`, which is the reader's own.
    pub format: u32,
    /// The last entry that is in it.
    pub sequence: u64,
    /// What the reader has made of the log.
    pub bytes: Vec<u8>,
}

fn logged(kind: Kind, payload: &[u8]) -> Result<Logged, Error> {
    #[derive(Deserialize)]
    struct Pin {
        route: RouteId,
        pinned: bool,
    }
    Ok(match kind {
        Kind::Decision => Logged::Decision(json(payload)?),
        Kind::Feedback => Logged::Feedback(json(payload)?),
        Kind::Rating => Logged::Rating(json(payload)?),
        Kind::Judged => Logged::Judged(json(payload)?),
        Kind::Constraints => Logged::Constraints(json(payload)?),
        Kind::Priors => Logged::Priors(json(payload)?),
        Kind::Experiment => Logged::Experiment(json(payload)?),
        Kind::Evaluation => Logged::Evaluation(json(payload)?),
        Kind::Pin => {
            let Pin { route, pinned } = json(payload)?;
            Logged::Pin { route, pinned }
        }
        Kind::KeyCreated | Kind::KeyRevoked | Kind::Config | Kind::Pruned => Logged::Other(kind),
    })
}

impl Batch<'_> {
    pub(super) fn checkpoint(&mut self, org: &OrgId, checkpoint: &Checkpoint) -> Result<Done, Error> {
        let number = self.org(org)?;
        let (end, _) = self.head(number)?;
        if checkpoint.sequence > end {
            return Err(Error::NotFound);
        }
        let Checkpoint { format, sequence, bytes } = checkpoint;
        self.txn.open_table(tables::CHECKPOINTS)?.insert(number, (*format, *sequence, bytes.as_slice()))?;
        Ok(Done::Nothing)
    }
}

impl Store {
    /// Every org that has a log.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn orgs(&self) -> Result<Vec<OrgId>, Error> {
        let orgs = self.snapshot()?.open_table(tables::ORGS)?;
        orgs.iter()?.map(|row| Ok(OrgId::from(row?.0.value()))).collect()
    }

    /// The sequence of the org's last entry; 0 where it has none.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn head(&self, org: &OrgId) -> Result<u64, Error> {
        let txn = self.snapshot()?;
        let Some(org) = number(&txn, org)? else { return Ok(0) };
        Ok(txn.open_table(tables::HEADS)?.get(org)?.map_or(0, |head| head.value().0))
    }

    /// At most `limit` entries of the org's log that come after `sequence`, in order. Fewer than `limit`:
    /// the log ends there.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn log_after(&self, org: &OrgId, sequence: u64, limit: usize) -> Result<Vec<LogEntry>, Error> {
        self.entries_after(org, sequence, limit, |_| true)
    }

    /// The same, but of the decisions only those that are wanted are read; the others come as [`Logged::Other`]. Most
    /// decisions of a busy gateway may be of no interest to who learns, and reading one costs more than looking at it.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn log_where(
        &self,
        org: &OrgId,
        sequence: u64,
        limit: usize,
        is_wanted: impl Fn(Unread<'_>) -> bool,
    ) -> Result<Vec<LogEntry>, Error> {
        self.entries_after(org, sequence, limit, |payload| is_wanted(Unread::new(payload)))
    }

    fn entries_after(
        &self,
        org: &OrgId,
        sequence: u64,
        limit: usize,
        is_wanted: impl Fn(&[u8]) -> bool,
    ) -> Result<Vec<LogEntry>, Error> {
        let txn = self.snapshot()?;
        let Some(org) = number(&txn, org)? else { return Ok(Vec::new()) };
        let log = txn.open_table(tables::LOG)?;
        log.range((org, sequence.saturating_add(1))..=(org, u64::MAX))?
            .take(limit)
            .map(|row| {
                let (key, bytes) = row?;
                let entry = chain::decode(bytes.value())?;
                let what = match entry.kind {
                    Kind::Decision if !is_wanted(entry.payload) => Logged::Other(Kind::Decision),
                    kind => logged(kind, entry.payload)?,
                };
                Ok(LogEntry { sequence: key.value().1, what })
            })
            .collect()
    }

    /// Keeps what a reader has made of the org's log. Durable when it returns.
    ///
    /// # Errors
    /// [`Error::NotFound`] where the log does not reach that far, or the write failed.
    pub async fn save_checkpoint(&self, org: OrgId, checkpoint: Checkpoint) -> Result<(), Error> {
        self.change(Change::Checkpoint { org, checkpoint }).await.map(drop)
    }

    /// The same with the writer's next group, without waiting: a checkpoint that is lost is made anew from the log.
    ///
    /// # Errors
    /// The writer has no room for it, or has ended.
    pub fn leave_checkpoint(&self, org: OrgId, checkpoint: Checkpoint) -> Result<(), Error> {
        let (done, _) = oneshot::channel();
        self.writer.send(Op::Change { change: Box::new(Change::Checkpoint { org, checkpoint }), done })
    }

    /// Keeps the pool of priors. Durable when it returns; for a thread that may wait.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn save_pool(&self, bytes: Vec<u8>) -> Result<(), Error> {
        let (done, answer) = oneshot::channel();
        self.writer.send(Op::Change { change: Box::new(Change::Pool { bytes }), done })?;
        answer.blocking_recv().map_err(|_| Error::Closed)?.map(drop)
    }

    /// What the learner has kept of the pool of priors; `None` where it has kept nothing.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn load_pool(&self) -> Result<Option<Vec<u8>>, Error> {
        let meta = self.snapshot()?.open_table(tables::META)?;
        Ok(meta.get(POOL)?.map(|bytes| bytes.value().to_vec()))
    }

    /// The decisions of a session that stand before the entry `before`, oldest first: the last
    /// [`MAX_SESSION_DECISIONS`] of a longer one.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn session_decisions(&self, org: &OrgId, session: &str, before: u64) -> Result<Vec<Decision>, Error> {
        let txn = self.snapshot()?;
        let Some(org) = number(&txn, org)? else { return Ok(Vec::new()) };
        let (by_session, log) = (txn.open_table(tables::BY_SESSION)?, txn.open_table(tables::LOG)?);
        let rows = by_session.range((org, session, 0)..(org, session, before))?;
        let mut decisions = Vec::new();
        for row in rows.rev().take(MAX_SESSION_DECISIONS) {
            let (_, _, sequence) = row?.0.value();
            if let Some(bytes) = log.get((org, sequence))? {
                decisions.push(json(chain::decode(bytes.value())?.payload)?);
            }
        }
        decisions.reverse();
        Ok(decisions)
    }

    /// What the judge made of a decision, where it stands before an entry of the log: its last word.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn judgement(&self, org: &OrgId, request: RequestId, before: u64) -> Result<Option<Judged>, Error> {
        let txn = self.snapshot()?;
        let Some(org) = number(&txn, org)? else { return Ok(None) };
        judged_at(&txn, org, request, before)
    }

    /// What a reader of this format has made of the org's log; `None` where it has to begin anew.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn load_checkpoint(&self, org: &OrgId, format: u32) -> Result<Option<Checkpoint>, Error> {
        let txn = self.snapshot()?;
        let Some(org) = number(&txn, org)? else { return Ok(None) };
        let end = txn.open_table(tables::HEADS)?.get(org)?.map_or(0, |head| head.value().0);
        let checkpoints = txn.open_table(tables::CHECKPOINTS)?;
        let found = checkpoints.get(org)?.map(|row| {
            let (format, sequence, bytes) = row.value();
            Checkpoint { format, sequence, bytes: bytes.to_vec() }
        });
        Ok(found.filter(|checkpoint| checkpoint.format == format && checkpoint.sequence <= end))
    }
}
