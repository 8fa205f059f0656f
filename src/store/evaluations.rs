//! Evaluations at rest. What their rows come to lies beside, in the files that they write; the chain keeps what a
//! completed one has shown, without any text.

use super::apply::{Batch, Change, Done};
use super::chain::Kind;
use super::cursor;
use super::error::Error;
use super::open::{Store, unreadable};
use super::page::Listing;
use super::read::{json, number, scope};
use super::tables;
use crate::base::{DatasetId, EvaluationId, FileId, OrgId, Timestamp, limits};
use crate::resource::evaluation::{Evaluated, EvaluationStatus, ResultRow};
use crate::resource::{Dataset, EvaluationStep, Page, StoredEvaluation};
use redb::{ReadableTable, TableDefinition};
use serde::de::DeserializeOwned;
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom};

impl Batch<'_> {
    /// Begins an evaluation of a dataset of its org.
    pub(super) fn begin_evaluation(&mut self, evaluation: &StoredEvaluation) -> Result<Done, Error> {
        let org = self.org(&evaluation.org)?;
        if self.txn.open_table(tables::DATASETS)?.get((org, evaluation.shown.dataset_id.as_str()))?.is_none() {
            return Err(Error::NotFound);
        }
        let open = self.txn.open_table(tables::OPEN_EVALUATIONS)?.range((org, "")..(org + 1, ""))?.count();
        let kept = self.txn.open_table(tables::EVALUATIONS)?.range((org, "")..(org + 1, ""))?.count();
        if open >= limits::MAX_OPEN_EVALUATIONS || kept >= limits::MAX_EVALUATIONS {
            return Err(Error::NoRoom);
        }
        self.keep_evaluation(org, evaluation)
    }

    /// Takes a step of an evaluation; one that cannot be taken leaves it as it stands.
    pub(super) fn step_evaluation(
        &mut self,
        org: &OrgId,
        id: &EvaluationId,
        step: &EvaluationStep,
        now: Timestamp,
    ) -> Result<Done, Error> {
        let number = self.org(org)?;
        let known = self.txn.open_table(tables::EVALUATIONS)?.get((number, id.as_str()))?.map(|row| json(row.value()));
        let mut evaluation: StoredEvaluation = known.ok_or(Error::NotFound)??;
        if !evaluation.take(step, now) {
            return Ok(Done::Evaluation(Box::new(evaluation)));
        }
        if let (EvaluationStep::End { compared, .. }, EvaluationStatus::Completed) = (step, evaluation.shown.status) {
            let shown = &evaluation.shown;
            let evaluated = Evaluated {
                evaluation_id: shown.id.clone(),
                dataset_id: shown.dataset_id.clone(),
                model: shown.model.clone(),
                totals: shown.totals,
                compared: compared.clone(),
                created_at: now,
            };
            self.append(number, Kind::Evaluation, &serde_json::to_vec(&evaluated)?)?;
        }
        self.keep_evaluation(number, &evaluation)
    }

    fn keep_evaluation(&self, org: u32, evaluation: &StoredEvaluation) -> Result<Done, Error> {
        let bytes = serde_json::to_vec(evaluation)?;
        let place = (org, evaluation.shown.id.as_str());
        self.txn.open_table(tables::EVALUATIONS)?.insert(place, bytes.as_slice())?;
        let mut open = self.txn.open_table(tables::OPEN_EVALUATIONS)?;
        if evaluation.is_open {
            open.insert(place, ())?;
        } else {
            open.remove(place)?;
        }
        Ok(Done::Evaluation(Box::new(evaluation.clone())))
    }

    /// Forgets an evaluation whose results are closed.
    pub(super) fn forget_evaluation(&mut self, org: &OrgId, id: &EvaluationId) -> Result<Done, Error> {
        let number = self.org(org)?;
        self.txn.open_table(tables::EVALUATIONS)?.remove((number, id.as_str()))?;
        Ok(Done::Nothing)
    }
}

fn as_it_stands(done: Done) -> Result<StoredEvaluation, Error> {
    match done {
        Done::Evaluation(evaluation) => Ok(*evaluation),
        _ => Err(Error::Write("an evaluation was answered with something else".into())),
    }
}

impl Store {
    /// Begins an evaluation. Durable when it returns.
    ///
    /// # Errors
    /// [`Error::NotFound`] where its dataset is none of its org, [`Error::NoRoom`] where
    /// [`limits::MAX_OPEN_EVALUATIONS`] wait or [`limits::MAX_EVALUATIONS`] are kept already, or the write failed.
    pub async fn begin_evaluation(&self, evaluation: StoredEvaluation) -> Result<StoredEvaluation, Error> {
        as_it_stands(self.change(Change::BeginEvaluation { evaluation: Box::new(evaluation) }).await?)
    }

    /// Takes a step of an evaluation and gives it as it stands then: a step that cannot be taken changes nothing. Durable
    /// when it returns.
    ///
    /// # Errors
    /// [`Error::NotFound`], or the write failed.
    pub async fn step_evaluation(
        &self,
        org: OrgId,
        id: EvaluationId,
        step: EvaluationStep,
        now: Timestamp,
    ) -> Result<StoredEvaluation, Error> {
        as_it_stands(self.change(Change::StepEvaluation { org, id, step: Box::new(step), now }).await?)
    }

    /// Forgets an evaluation whose results are closed, with its results. Durable when it returns.
    ///
    /// # Errors
    /// The write failed.
    pub async fn forget_evaluation(&self, org: OrgId, id: EvaluationId) -> Result<(), Error> {
        self.change(Change::ForgetEvaluation { org, id: id.clone() }).await?;
        let blobs = self.blobs.clone();
        tokio::task::spawn_blocking(move || blobs.remove(&id.results())).await.map_err(|_| Error::Closed)?
    }

    /// One evaluation of an org.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn evaluation(&self, org: &OrgId, id: &str) -> Result<Option<StoredEvaluation>, Error> {
        let txn = self.snapshot()?;
        let Some(org) = number(&txn, org)? else { return Ok(None) };
        txn.open_table(tables::EVALUATIONS)?.get((org, id))?.map(|bytes| json(bytes.value())).transpose()
    }

    /// All evaluations of a dataset.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn evaluations_of(&self, org: &OrgId, dataset: &DatasetId) -> Result<Vec<StoredEvaluation>, Error> {
        let mut all: Vec<StoredEvaluation> = self.all_of(tables::EVALUATIONS, Some(org))?;
        all.retain(|evaluation| evaluation.shown.dataset_id == *dataset);
        Ok(all)
    }

    /// A page of those evaluations of an org that `wanted` takes, newest first.
    ///
    /// # Errors
    /// [`Error::BadCursor`], or the store cannot be read.
    pub fn evaluation_page(
        &self,
        org: &OrgId,
        limit: usize,
        cursor: Option<&str>,
        wanted: impl Fn(&StoredEvaluation) -> bool,
    ) -> Result<Page<StoredEvaluation>, Error> {
        let mut all: Vec<StoredEvaluation> = self.all_of(tables::EVALUATIONS, Some(org))?;
        all.sort_by(|a, b| (b.shown.created_at, &b.shown.id).cmp(&(a.shown.created_at, &a.shown.id)));
        let listing =
            Listing { org, what: "evaluations", id: |evaluation: &StoredEvaluation| evaluation.shown.id.as_str() };
        self.paged(&listing, all, limit, cursor, wanted)
    }

    /// The evaluations of all orgs whose results are not closed, oldest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn open_evaluations(&self) -> Result<Vec<StoredEvaluation>, Error> {
        let txn = self.snapshot()?;
        let table = txn.open_table(tables::EVALUATIONS)?;
        let mut open = Vec::new();
        for row in txn.open_table(tables::OPEN_EVALUATIONS)?.iter()? {
            if let Some(bytes) = table.get(row?.0.value())? {
                open.push(json::<StoredEvaluation>(bytes.value())?);
            }
        }
        open.sort_by(|a, b| (a.shown.created_at, &a.shown.id).cmp(&(b.shown.created_at, &b.shown.id)));
        Ok(open)
    }

    /// The evaluations that ended before an instant and are closed.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn old_evaluations(&self, before: Timestamp) -> Result<Vec<(OrgId, EvaluationId)>, Error> {
        let all: Vec<StoredEvaluation> = self.all_of(tables::EVALUATIONS, None)?;
        let old =
            all.into_iter().filter(|known| !known.is_open && known.shown.finished_at.is_some_and(|at| at < before));
        Ok(old.map(|evaluation| (evaluation.org, evaluation.shown.id)).collect())
    }

    /// The contents that datasets and evaluations name.
    pub(super) fn evaluated_contents(&self) -> Result<Vec<FileId>, Error> {
        let datasets: Vec<Dataset> = self.all_of(tables::DATASETS, None)?;
        let evaluations: Vec<StoredEvaluation> = self.all_of(tables::EVALUATIONS, None)?;
        let results = evaluations.iter().map(|evaluation| evaluation.shown.id.results());
        Ok(datasets.iter().map(|dataset| dataset.id.content()).chain(results).collect())
    }

    /// The records of a table: those of one org, or all.
    pub(super) fn all_of<T: DeserializeOwned>(
        &self,
        table: TableDefinition<'static, (u32, &'static str), &'static [u8]>,
        org: Option<&OrgId>,
    ) -> Result<Vec<T>, Error> {
        let txn = self.snapshot()?;
        let table = txn.open_table(table)?;
        let rows = match org {
            Some(org) => {
                let Some(org) = number(&txn, org)? else { return Ok(Vec::new()) };
                table.range((org, "")..(org + 1, ""))?
            }
            None => table.iter()?,
        };
        rows.map(|row| json(row?.1.value())).collect()
    }

    /// A page of at most `limit` results of an evaluation, in the order in which they were written. A line that is being
    /// written is left for the next look.
    ///
    /// # Errors
    /// [`Error::BadCursor`], or the results cannot be read.
    pub fn result_page(
        &self,
        org: &OrgId,
        id: &EvaluationId,
        limit: usize,
        cursor: Option<&str>,
    ) -> Result<Page<ResultRow>, Error> {
        let scope = scope(org, "results", id);
        let from = match cursor {
            Some(text) => {
                let place = cursor::open(&self.cursor_secret, &scope, text)?;
                u64::from_be_bytes(place.as_slice().try_into().map_err(|_| Error::BadCursor)?)
            }
            None => 0,
        };
        let mut page = Page { items: Vec::new(), next_cursor: None, has_more: false };
        let mut at = from;
        self.results(id, from, |row, bytes| {
            page.has_more = page.items.len() == limit;
            if !page.has_more {
                page.items.push(row);
                at += bytes;
            }
            !page.has_more
        })?;
        page.next_cursor = page.has_more.then(|| cursor::sign(&self.cursor_secret, &scope, &at.to_be_bytes()));
        Ok(page)
    }

    /// Gives the results of an evaluation from a place of its file on, each with its bytes there, for as long as they are
    /// wanted.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn results(
        &self,
        id: &EvaluationId,
        from: u64,
        mut wanted: impl FnMut(ResultRow, u64) -> bool,
    ) -> Result<(), Error> {
        let mut file = match File::open(self.blobs.path(&id.results())) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(unreadable(&error)),
        };
        file.seek(SeekFrom::Start(from)).map_err(|error| unreadable(&error))?;
        let mut reader = BufReader::with_capacity(64 << 10, file);
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = (&mut reader).take(limits::MAX_RESULT_ROW).read_until(b'\n', &mut line);
            let read = read.map_err(|error| unreadable(&error))?;
            if !line.ends_with(b"\n") || !wanted(json(&line)?, read as u64) {
                return Ok(());
            }
        }
    }
}
