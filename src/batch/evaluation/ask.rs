//! One row: asked, compared, scored.

use super::compare::compare;
use super::row::Row;
use super::settings::Settings;
use crate::base::{RequestId, Timestamp};
use crate::batch::crew::Told;
use crate::batch::endpoint::Endpoint;
use crate::batch::gate::Place;
use crate::batch::output::Reply;
use crate::batch::run::call;
use crate::config::settings::Judge;
use crate::gateway::{Caller, Gateway, Heard};
use crate::learner::judge::{Case, question};
use crate::resource::StoredEvaluation;
use crate::resource::evaluation::{Failure, Opinion, ResultRow, RowMetadata, ScoredBy};
use http::request::Parts;
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// What all rows of an evaluation share.
pub(super) struct Asking<'a> {
    pub(super) gateway: &'a Arc<Gateway>,
    pub(super) evaluation: &'a StoredEvaluation,
    pub(super) settings: &'a Settings,
    pub(super) head: &'a Parts,
}

/// What came of a row.
#[derive(Debug)]
pub(super) struct Answered {
    status: u16,
    retry_after: Option<Duration>,
    pub(super) row: ResultRow,
}

impl Told for Answered {
    fn told(&self) -> (u16, Option<Duration>) {
        (self.status, self.retry_after)
    }
}

/// The error that an answer holds.
fn failure(reply: &Reply) -> Failure {
    #[derive(Deserialize)]
    struct Told {
        code: Option<String>,
        message: Option<String>,
    }
    #[derive(Deserialize)]
    struct Envelope {
        error: Told,
    }
    let told = serde_json::from_slice::<Envelope>(&reply.body).ok().map(|envelope| envelope.error);
    let (code, message) = told.map_or((None, None), |told| (told.code, told.message));
    Failure {
        code: code.unwrap_or_else(|| "provider_error".to_owned()),
        message: message.unwrap_or_else(|| format!("the request was answered with status {}", reply.status)),
    }
}

/// The result of a row that nothing has come of yet.
pub(super) fn blank(evaluation: &StoredEvaluation, row: &Row, created_at: Timestamp) -> ResultRow {
    let id = &evaluation.shown.id;
    let metadata = RowMetadata {
        request_id: None,
        model: None,
        scored_by: None,
        comparison: None,
        heuristics: None,
        judge: None,
        cost_micro_usd: None,
        latency_ms: 0,
        error: None,
    };
    let (input_id, output) = (row.id.clone(), String::new());
    ResultRow { id: id.row(row.number), run_id: id.clone(), input_id, output, score: None, metadata, created_at }
}

impl Asking<'_> {
    /// Asks about a row and scores the answer.
    pub(super) async fn ask(&self, caller: Caller, row: Row, place: Place) -> (Row, Answered) {
        let began = Instant::now();
        let (reply, heard) = call(self.gateway, Endpoint::Chat, caller, self.head, row.body.clone()).await;
        let took = began.elapsed();
        let mut result = blank(self.evaluation, &row, self.gateway.now());
        result.metadata.request_id = Some(reply.request_id.clone());
        result.metadata.latency_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        match heard.filter(|_| reply.is_good()) {
            Some(heard) => self.score(&row, heard, &mut result).await,
            None => result.metadata.error = Some(failure(&reply)),
        }
        drop(place);
        (row, Answered { status: reply.status, retry_after: reply.retry_after, row: result })
    }

    /// Scores an answer: by the judge where there is one, else by the expected answer, else by what is visibly wrong.
    async fn score(&self, row: &Row, heard: Heard, result: &mut ResultRow) {
        let metadata = &mut result.metadata;
        metadata.model = heard.served.as_ref().map(ToString::to_string);
        metadata.cost_micro_usd = heard.cost;
        metadata.heuristics = heard.scores;
        metadata.comparison = row.expected.as_ref().map(|expected| compare(&heard.said, expected));
        let request_id = metadata.request_id.as_deref().and_then(|id| id.parse().ok());
        let (scored_by, score) = match (&self.settings.judge, request_id, &metadata.comparison) {
            (Some(model), Some(request_id), _) => {
                let judge = Judge { model: model.clone(), sample_rate: 1.0, daily_budget: self.settings.judge_budget };
                let opinion = self.opinion(judge, request_id, row, &heard.said).await;
                let score = opinion.scores.map(|scores| scores.composite / 100.0);
                metadata.judge = Some(opinion);
                (ScoredBy::Judge, score)
            }
            (_, _, Some(comparison)) => (ScoredBy::Comparison, Some(comparison.score)),
            _ => (ScoredBy::Heuristics, heard.scores.map(|scores| scores.composite / 100.0)),
        };
        metadata.scored_by = score.map(|_| scored_by);
        (result.score, result.output) = (score, heard.said);
    }

    async fn opinion(&self, judge: Judge, request_id: RequestId, row: &Row, said: &str) -> Opinion {
        let model = judge.model.to_string();
        let reference = row.expected.as_ref().map(|expected| match expected {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        });
        let case = Case {
            config: self.gateway.config(),
            judge,
            org: self.evaluation.org.clone(),
            account: self.evaluation.shown.id.to_string(),
            request_id,
            evaluation_id: Some(self.evaluation.shown.id.clone()),
            question: question(row.messages.as_bytes()),
            answer: said.to_owned(),
            reference,
        };
        let verdict = self.gateway.judge.hear(&case).await;
        Opinion { model, scores: verdict.scores, outcome: verdict.outcome.to_owned(), cost_micro_usd: verdict.cost }
    }
}
