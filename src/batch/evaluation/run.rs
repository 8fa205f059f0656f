//! One evaluation from its first row to its end.

use super::ask::{Answered, Asking};
use super::pair::{self, Scores};
use super::row::{self, Row};
use super::settings::Settings;
use crate::base::{EvaluationId, limits};
use crate::batch::crew::{self, Halt, Ledger, Watch};
use crate::batch::desk::{Batches, Live, Shown};
use crate::batch::endpoint::Endpoint;
use crate::batch::input::Lines;
use crate::batch::journal::Journal;
use crate::batch::run::sender;
use crate::gateway::PartOf;
use crate::resource::evaluation::{Compared, EvaluationStatus, Failure, ResultRow, Totals};
use crate::resource::{EvaluationStep, StoredEvaluation};
use crate::store::{Error, Store};
use http::{Method, Request};
use std::collections::{BTreeMap, HashSet};
use tokio::sync::mpsc;

/// Rows that are read ahead.
const AHEAD: usize = 4;

/// The results of an evaluation that is at work.
struct Book<'a> {
    journal: Journal,
    /// Numbers of the rows that have a result.
    done: HashSet<u32>,
    totals: Totals,
    live: &'a Live,
}

impl Ledger for Book<'_> {
    type Job = Row;
    type Done = Answered;

    async fn keep(&mut self, row: &Row, answered: &Answered) -> Result<(), Error> {
        let mut line = serde_json::to_vec(&answered.row).expect("texts and numbers always serialize");
        line.push(b'\n');
        self.journal.put(&line).await?;
        self.done.insert(row.number);
        self.totals.add(&answered.row);
        self.live.show(Shown::Evaluation(self.totals));
        Ok(())
    }
}

/// The number of a row's result that was written; `None` for what is no whole line of this evaluation.
fn read_back(id: &EvaluationId, line: &[u8]) -> Option<(u32, ResultRow)> {
    let result: ResultRow = serde_json::from_slice(line).ok()?;
    let (_, number) = result.id.rsplit_once('_')?;
    let number = number.parse().ok().filter(|number| id.row(*number) == result.id)?;
    Some((number, result))
}

impl<'a> Book<'a> {
    /// Opens the results, or goes on with them.
    async fn open(store: &Store, id: &EvaluationId, rows: u32, live: &'a Live) -> Result<Self, Error> {
        let (blobs, id) = (store.blobs().clone(), id.clone());
        let opened = tokio::task::spawn_blocking(move || {
            blobs.prepare()?;
            let (mut done, mut totals) = (HashSet::new(), Totals { rows, ..Totals::default() });
            let journal = Journal::open(&blobs, id.results(), |line| {
                let Some((number, result)) = read_back(&id, line) else { return false };
                done.insert(number);
                totals.add(&result);
                true
            })?;
            blobs.sync()?;
            Ok::<_, Error>((journal, done, totals))
        });
        let (journal, done, totals) = opened.await.map_err(|_| Error::Closed)??;
        live.show(Shown::Evaluation(totals));
        Ok(Self { journal, done, totals, live })
    }
}

/// Brings an evaluation as far as it goes: to its end, or to where this process has to stop.
pub(in crate::batch) async fn run(desk: &Batches, mut evaluation: StoredEvaluation, live: &Live) -> Result<(), Error> {
    if !evaluation.is_open {
        return Ok(());
    }
    let settings = Settings::read(evaluation.shown.config.as_ref()).unwrap_or_default();
    let mut book = Book::open(&desk.gateway.store, &evaluation.shown.id, evaluation.shown.totals.rows, live).await?;
    if evaluation.shown.status == EvaluationStatus::Pending {
        evaluation = step(desk, &evaluation, EvaluationStep::Begin).await?;
    }
    let mut error = None;
    if evaluation.shown.status == EvaluationStatus::Running {
        let fault = |code: &str, message: &str| Some(Failure { code: code.to_owned(), message: message.to_owned() });
        match work(desk, &evaluation, &settings, &mut book).await? {
            Halt::Stopping => return book.journal.sync().await,
            Halt::Done if book.totals.done < book.totals.rows => {
                error = fault("unreadable_dataset", "the dataset cannot be read any more: upload it again");
            }
            Halt::Done | Halt::Cancelled => {}
            Halt::Forbidden => {
                let message = "the key that made this evaluation was revoked or may not write any more";
                error = fault("invalid_api_key", message);
            }
            Halt::Late => error = fault("expired", "the evaluation took longer than an evaluation may"),
        }
    }
    book.journal.sync().await?;
    let is_whole = error.is_none() && book.totals.done == book.totals.rows;
    let compared = if is_whole { compared(desk, &evaluation).await? } else { Vec::new() };
    let end = EvaluationStep::End { totals: book.totals, error, compared };
    step(desk, &evaluation, end).await.map(drop)
}

async fn step(desk: &Batches, evaluation: &StoredEvaluation, step: EvaluationStep) -> Result<StoredEvaluation, Error> {
    let (org, id) = (evaluation.org.clone(), evaluation.shown.id.clone());
    desk.gateway.store.step_evaluation(org, id, step, desk.gateway.now()).await
}

/// Asks about the rows that have no result yet.
async fn work(
    desk: &Batches,
    evaluation: &StoredEvaluation,
    settings: &Settings,
    book: &mut Book<'_>,
) -> Result<Halt, Error> {
    let gateway = &desk.gateway;
    let (mut head, ()) = Request::new(()).into_parts();
    (head.method, head.uri) = (Method::POST, http::Uri::from_static(Endpoint::Chat.path()));
    let late = evaluation.shown.created_at.plus(limits::MAX_EVALUATION_TIME);
    let mut watch = Watch::until(desk, book.live, late, false);
    let rows = feed(desk, evaluation, settings, book.done.clone());
    let most = || settings.concurrency.unwrap_or(usize::MAX).min(desk.concurrency());
    let caller = || {
        let part_of = PartOf::Evaluation(evaluation.shown.id.clone());
        sender(gateway, &evaluation.org, evaluation.key_id.as_ref(), part_of)
    };
    let asking = Asking { gateway, evaluation, settings, head: &head };
    crew::work(desk, &mut watch, rows, most, caller, |caller, row, place| asking.ask(caller, row, place), book).await
}

/// Rows that are still to do, read as they are taken.
fn feed(desk: &Batches, evaluation: &StoredEvaluation, settings: &Settings, done: HashSet<u32>) -> mpsc::Receiver<Row> {
    let shown = &evaluation.shown;
    let path = desk.gateway.store.blobs().path(&shown.dataset_id.content());
    let (model, settings, id) = (shown.model.clone(), settings.clone(), shown.id.clone());
    let (send, rows) = mpsc::channel(AHEAD);
    // It ends with its reader: when nobody takes rows any more, sending one fails.
    drop(tokio::task::spawn_blocking(move || {
        let read = || -> std::io::Result<()> {
            for line in Lines::open(&path)? {
                let (number, line) = line?;
                if done.contains(&number) {
                    continue;
                }
                let Ok(row) = row::read(number, &line, &model, &settings) else { continue };
                if send.blocking_send(row).is_err() {
                    break;
                }
            }
            Ok(())
        };
        if let Err(error) = read() {
            tracing::error!(%error, evaluation = %id, "the dataset of an evaluation cannot be read");
        }
    }));
    rows
}

/// What the results of an evaluation show beside the latest one of each other model that was asked the same, in the same
/// way.
async fn compared(desk: &Batches, evaluation: &StoredEvaluation) -> Result<Vec<Compared>, Error> {
    let (store, evaluation) = (desk.gateway.store.clone(), evaluation.clone());
    let read = tokio::task::spawn_blocking(move || {
        let Some(own) = evaluation.target.as_deref() else { return Ok(Vec::new()) };
        let mut others: BTreeMap<String, StoredEvaluation> = BTreeMap::new();
        for other in store.evaluations_of(&evaluation.org, &evaluation.shown.dataset_id)? {
            let Some(target) = other.target.clone().filter(|target| target != own) else { continue };
            let is_alike = other.shown.status == EvaluationStatus::Completed
                && other.shown.config == evaluation.shown.config
                && others.get(&target).is_none_or(|known| known.shown.created_at <= other.shown.created_at);
            if is_alike {
                others.insert(target, other);
            }
        }
        if others.is_empty() {
            return Ok(Vec::new());
        }
        let own_scores = scores(&store, &evaluation.shown.id, own)?;
        let mut compared = Vec::new();
        for (target, other) in others {
            let other_scores = scores(&store, &other.shown.id, &target)?;
            let (own, other) = ((own, &own_scores), (target.as_str(), &other_scores));
            compared.extend(pair::compared(own, other));
            compared.extend(pair::compared(other, own));
        }
        Ok(compared)
    });
    read.await.map_err(|_| Error::Closed)?
}

fn scores(store: &Store, id: &EvaluationId, target: &str) -> Result<Scores, Error> {
    let mut scores = Scores::new();
    store.results(id, 0, |row, _| {
        if let Some(score) = pair::score(&row, target) {
            scores.insert(row.input_id, score);
        }
        true
    })?;
    Ok(scores)
}
