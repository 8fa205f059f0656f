//! Evaluations: a model asked about every row of a dataset, and what its answers are worth.
//!
//! ```text
//! pending ──► running ──► completed
//!    │           ├──────► failed      every row failed, or it could not go on
//!    └───────────┴──────► cancelled   rows under way end; what was answered is kept
//! ```

use super::assessment::Scores;
use crate::base::{DatasetId, EvaluationId, KeyId, MicroUsd, OrgId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How far an evaluation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EvaluationStatus {
    /// It waits for a place.
    Pending,
    /// Its rows are being answered.
    Running,
    /// Every row has a result.
    Completed,
    /// Every row failed, or it could not go on.
    Failed,
    /// It was called off; what had been answered is kept.
    Cancelled,
}

impl EvaluationStatus {
    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Why something failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// A stable word.
    pub code: String,
    /// What was wrong, and what to do.
    pub message: String,
}

/// What has come of an evaluation's rows so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Totals {
    /// Rows of the dataset.
    pub rows: u32,
    /// Rows with a result, the failed ones among them.
    pub done: u32,
    /// Rows that failed.
    pub failed: u32,
    /// Rows with a score.
    pub scored: u32,
    /// Mean of the scores, 0..1; `null` = there is none.
    pub mean_score: Option<f64>,
    /// What the answers and the judge's calls cost, as far as prices are known.
    pub cost_micro_usd: MicroUsd,
}

impl Totals {
    /// Takes a result in.
    pub fn add(&mut self, row: &ResultRow) {
        self.done += 1;
        self.failed += u32::from(row.metadata.error.is_some());
        let judge = row.metadata.judge.as_ref().and_then(|judge| judge.cost_micro_usd);
        self.cost_micro_usd += row.metadata.cost_micro_usd.unwrap_or_default();
        self.cost_micro_usd += judge.unwrap_or_default();
        if let Some(score) = row.score {
            self.scored += 1;
            let mean = self.mean_score.unwrap_or(0.0);
            self.mean_score = Some(mean + (score - mean) / f64::from(self.scored));
        }
    }
}

/// An evaluation as clients see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Its id.
    pub id: EvaluationId,
    /// What it asks.
    pub dataset_id: DatasetId,
    /// Whom it asks, as the client wrote it: a model or a route.
    pub model: String,
    /// The stored prompt that it goes by; always `null`: no prompts are stored.
    pub prompt_id: Option<String>,
    /// How far it is.
    pub status: EvaluationStatus,
    /// How it asks and scores, as the client wrote it.
    pub config: Option<Map<String, Value>>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its first row was begun.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// What has come of its rows: kept when it ends, known to its runner before.
    pub totals: Totals,
    /// Why it could not go on, where it could not.
    pub error: Option<Failure>,
}

/// An evaluation as it rests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredEvaluation {
    /// Whose it is.
    pub org: OrgId,
    /// The key that made it, and that its rows are sent with; `None` where no key was needed.
    pub key_id: Option<KeyId>,
    /// The one model that it asks, as `provider/model`; `None` where a route or a list answers.
    pub target: Option<String>,
    /// Whether its runner has still to close its results.
    pub is_open: bool,
    /// What clients see.
    pub shown: Evaluation,
}

/// What two evaluations of the same rows show of two models.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Compared {
    /// One model, as `provider/model`.
    pub candidate: String,
    /// The other one.
    pub baseline: String,
    /// Rows that both have a score for.
    pub pairs: u32,
    /// Mean of the candidate's score less the baseline's.
    pub difference: f64,
    /// What that is above with 95 % confidence.
    pub lower: f64,
}

/// What the record keeps of an evaluation that was completed. It holds no text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluated {
    /// The evaluation.
    pub evaluation_id: EvaluationId,
    /// What it asked.
    pub dataset_id: DatasetId,
    /// Whom it asked.
    pub model: String,
    /// What came of its rows.
    pub totals: Totals,
    /// What it shows beside earlier ones.
    pub compared: Vec<Compared>,
    /// When.
    pub created_at: Timestamp,
}

/// What happens to an evaluation.
#[derive(Debug, Clone, PartialEq)]
pub enum EvaluationStep {
    /// Its first row is begun.
    Begin,
    /// Somebody calls it off.
    Cancel,
    /// Its results are closed: how it ended follows from what they are.
    End {
        /// What came of its rows.
        totals: Totals,
        /// Why it could not go on.
        error: Option<Failure>,
        /// What it shows beside earlier ones.
        compared: Vec<Compared>,
    },
}

impl StoredEvaluation {
    /// Takes a step; whether it could be taken from where the evaluation is. One that could not changes nothing.
    pub fn take(&mut self, step: &EvaluationStep, now: Timestamp) -> bool {
        use EvaluationStatus::{Cancelled, Completed, Failed, Pending, Running};
        let shown = &mut self.shown;
        match (step, shown.status) {
            (EvaluationStep::Begin, Pending) => (shown.status, shown.started_at) = (Running, Some(now)),
            (EvaluationStep::Cancel, Pending | Running) => {
                (shown.status, shown.finished_at) = (Cancelled, Some(now));
            }
            (EvaluationStep::Cancel, Cancelled) => {}
            (EvaluationStep::End { totals, error, .. }, Pending | Running) => {
                let is_failed = error.is_some() || totals.failed == totals.rows;
                (shown.totals, shown.error, self.is_open) = (*totals, error.clone(), false);
                (shown.status, shown.finished_at) = (if is_failed { Failed } else { Completed }, Some(now));
            }
            (EvaluationStep::End { totals, .. }, Cancelled) if self.is_open => {
                (shown.totals, self.is_open) = (*totals, false);
            }
            _ => return false,
        }
        true
    }
}

/// What a score rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScoredBy {
    /// The expected answer, by text.
    Comparison,
    /// What is visibly wrong with the answer.
    Heuristics,
    /// A model that was asked.
    Judge,
}

/// How an answer matches the expected one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Match {
    /// Letter by letter.
    Exact,
    /// But for case, punctuation and white space; or as the same JSON value.
    Normalised,
    /// Some words are the same.
    Partial,
    /// No word is.
    None,
}

/// An answer beside the expected one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// How it matches.
    #[serde(rename = "match")]
    pub matched: Match,
    /// 1 where it matches, else the share of words that both have (F1).
    pub score: f64,
}

/// What the judge made of an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Opinion {
    /// Who was asked, as `provider/model`.
    pub model: String,
    /// Its scores, 0..100; `null` where they do not count.
    pub scores: Option<Scores>,
    /// What came of asking: `ok`, or why there are no scores.
    pub outcome: String,
    /// What asking cost; `null` = nothing, or a price is unknown.
    pub cost_micro_usd: Option<MicroUsd>,
}

/// What a result is made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RowMetadata {
    /// The decision of the call; `null` where none was made.
    pub request_id: Option<String>,
    /// Who answered, as `provider/model`.
    pub model: Option<String>,
    /// What the score rests on.
    pub scored_by: Option<ScoredBy>,
    /// The answer beside the expected one, where one is given.
    pub comparison: Option<Comparison>,
    /// Scores by what is visibly wrong, 0..100.
    pub heuristics: Option<Scores>,
    /// What the judge said, where one is configured.
    pub judge: Option<Opinion>,
    /// What the answer cost; `null` = a price is unknown.
    pub cost_micro_usd: Option<MicroUsd>,
    /// How long it took.
    pub latency_ms: u64,
    /// Why there is no answer, where there is none.
    pub error: Option<Failure>,
}

/// What a row came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResultRow {
    /// Its id.
    pub id: String,
    /// The evaluation.
    pub run_id: EvaluationId,
    /// The row of the dataset.
    pub input_id: String,
    /// The answer; empty where there is none.
    pub output: String,
    /// What it is worth, 0..1; `null` where there is no answer, or the judge gave no scores.
    pub score: Option<f64>,
    /// What the score is made of.
    pub metadata: RowMetadata,
    /// When it was written.
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh() -> StoredEvaluation {
        let (id, dataset_id) = (EvaluationId::draw(Timestamp(0)), DatasetId::draw(Timestamp(0)));
        let shown = Evaluation {
            id,
            dataset_id,
            model: "m".into(),
            prompt_id: None,
            status: EvaluationStatus::Pending,
            config: None,
            created_at: Timestamp(0),
            started_at: None,
            finished_at: None,
            totals: Totals::default(),
            error: None,
        };
        StoredEvaluation { org: OrgId::default(), key_id: None, target: None, is_open: true, shown }
    }

    fn end(failed: u32, error: bool) -> EvaluationStep {
        let totals = Totals { rows: 3, done: 3, failed, ..Totals::default() };
        let error = error.then(|| Failure { code: "c".into(), message: "m".into() });
        EvaluationStep::End { totals, error, compared: Vec::new() }
    }

    #[test]
    fn how_it_ends_follows_from_its_rows() {
        use EvaluationStatus::{Cancelled, Completed, Failed};
        use EvaluationStep::{Begin, Cancel};
        for (steps, status) in [
            (vec![Begin, end(0, false)], Completed),
            (vec![Begin, end(2, false)], Completed),
            (vec![Begin, end(3, false)], Failed),
            (vec![Begin, end(0, true)], Failed),
            (vec![end(0, true)], Failed),
            (vec![Cancel, Cancel, end(0, false)], Cancelled),
            (vec![Begin, Cancel, end(1, false)], Cancelled),
        ] {
            let mut evaluation = fresh();
            for step in steps {
                assert!(evaluation.is_open);
                assert!(evaluation.take(&step, Timestamp(1)), "{step:?}");
            }
            assert_eq!((evaluation.shown.status, evaluation.is_open), (status, false));
            assert_eq!(evaluation.shown.finished_at, Some(Timestamp(1)));
            let ended = evaluation.clone();
            for step in [Begin, end(0, false)] {
                assert!(!evaluation.take(&step, Timestamp(2)), "nothing happens after the end");
            }
            assert_eq!(evaluation.take(&Cancel, Timestamp(2)), status == Cancelled);
            assert_eq!(evaluation, ended);
        }
    }
}
