//! Experiments at rest. Each step of one is an entry of its org's chain, which holds the experiment as it stands since.

use super::apply::{Batch, Change, Done};
use super::chain::Kind;
use super::error::Error;
use super::open::Store;
use super::page::Listing;
use super::read::{json, number};
use super::tables;
use super::writer::Op;
use crate::base::{ExperimentId, OrgId};
use crate::resource::Page;
use crate::resource::experiment::{Experiment, Step};
use redb::ReadableTable;
use tokio::sync::oneshot;

impl Batch<'_> {
    /// Begins an experiment. Two on the same route at once would each change what the other compares with.
    pub(super) fn begin_experiment(&mut self, org: &OrgId, experiment: &Experiment) -> Result<Done, Error> {
        let number = self.org(org)?;
        let taken = {
            let table = self.txn.open_table(tables::EXPERIMENTS)?;
            let mut taken = false;
            for row in table.range((number, "")..(number + 1, ""))? {
                let known: Experiment = json(row?.1.value())?;
                taken |= known.is_active() && (known.route == experiment.route || known.id == experiment.id);
            }
            taken
        };
        if taken {
            return Err(Error::Conflict);
        }
        self.keep_experiment(number, experiment)
    }

    /// Takes a step of an active experiment; one that has ended is given as it stands.
    pub(super) fn step_experiment(&mut self, org: &OrgId, id: &ExperimentId, step: &Step) -> Result<Done, Error> {
        let number = self.org(org)?;
        let known = match self.txn.open_table(tables::EXPERIMENTS)?.get((number, id.as_str()))? {
            Some(bytes) => json::<Experiment>(bytes.value())?,
            None => return Err(Error::NotFound),
        };
        if !known.is_active() {
            return Ok(Done::Experiment(Box::new(known)));
        }
        let mut stepped = known;
        stepped.take(step.clone());
        self.keep_experiment(number, &stepped)
    }

    fn keep_experiment(&mut self, org: u32, experiment: &Experiment) -> Result<Done, Error> {
        let bytes = serde_json::to_vec(experiment)?;
        self.append(org, Kind::Experiment, &bytes)?;
        self.txn.open_table(tables::EXPERIMENTS)?.insert((org, experiment.id.as_str()), bytes.as_slice())?;
        Ok(Done::Experiment(Box::new(experiment.clone())))
    }
}

fn as_it_stands(done: Done) -> Result<Experiment, Error> {
    match done {
        Done::Experiment(experiment) => Ok(*experiment),
        _ => Err(Error::Write("an experiment was answered with something else".into())),
    }
}

impl Store {
    /// Begins an experiment. Durable when it returns.
    ///
    /// # Errors
    /// [`Error::Conflict`] where one runs on that route, or the write failed.
    pub async fn begin_experiment(&self, org: OrgId, experiment: Experiment) -> Result<Experiment, Error> {
        as_it_stands(self.change(Change::Begin { org, experiment: Box::new(experiment) }).await?)
    }

    /// Takes a step of an experiment; one that has ended is given as it stands. Durable when it returns.
    ///
    /// # Errors
    /// [`Error::NotFound`], or the write failed.
    pub async fn step_experiment(&self, org: OrgId, id: ExperimentId, step: Step) -> Result<Experiment, Error> {
        as_it_stands(self.change(Change::Step { org, id, step: Box::new(step) }).await?)
    }

    /// The same for a thread that may wait.
    ///
    /// # Errors
    /// [`Error::NotFound`], or the write failed.
    pub fn step_experiment_here(&self, org: OrgId, id: ExperimentId, step: Step) -> Result<Experiment, Error> {
        let (done, answer) = oneshot::channel();
        self.writer.send(Op::Change { change: Box::new(Change::Step { org, id, step: Box::new(step) }), done })?;
        as_it_stands(answer.blocking_recv().map_err(|_| Error::Closed)??)
    }

    /// All experiments of an org, the latest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn experiments(&self, org: &OrgId) -> Result<Vec<Experiment>, Error> {
        let txn = self.snapshot()?;
        let Some(org) = number(&txn, org)? else { return Ok(Vec::new()) };
        let table = txn.open_table(tables::EXPERIMENTS)?;
        let rows = table.range((org, "")..(org + 1, ""))?;
        let mut all = rows.map(|row| json(row?.1.value())).collect::<Result<Vec<Experiment>, Error>>()?;
        all.sort_by(|a, b| (b.created_at, &b.id).cmp(&(a.created_at, &a.id)));
        Ok(all)
    }

    /// A page of at most `limit` experiments that `wanted` takes, the latest first.
    ///
    /// # Errors
    /// [`Error::BadCursor`], or the store cannot be read.
    pub fn experiment_page(
        &self,
        org: &OrgId,
        limit: usize,
        cursor: Option<&str>,
        wanted: impl Fn(&Experiment) -> bool,
    ) -> Result<Page<Experiment>, Error> {
        let listing = Listing { org, what: "experiments", id: |experiment: &Experiment| experiment.id.as_str() };
        self.paged(&listing, self.experiments(org)?, limit, cursor, wanted)
    }

    /// One experiment of an org.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn experiment(&self, org: &OrgId, id: &str) -> Result<Option<Experiment>, Error> {
        let txn = self.snapshot()?;
        let Some(org) = number(&txn, org)? else { return Ok(None) };
        txn.open_table(tables::EXPERIMENTS)?.get((org, id))?.map(|bytes| json(bytes.value())).transpose()
    }
}
