//! Batches: many requests in one file, answered when there is room for them.
//!
//! ```text
//! validating ──► in_progress ──► finalizing ──► completed
//!     │  │            │  └──────────────────► expired
//!     │  └──► cancelling ◄┘ ──────────────► cancelled
//!     └──► failed
//! ```

use crate::base::{BatchId, FileId, KeyId, OrgId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How far a batch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchStatus {
    /// Its input is waiting to be read, or is being read.
    Validating,
    /// Its input cannot be used.
    Failed,
    /// Its lines are being answered.
    InProgress,
    /// Every line has an answer; its files are being closed.
    Finalizing,
    /// Done.
    Completed,
    /// Its time was over before every line was answered.
    Expired,
    /// No further line is begun.
    Cancelling,
    /// It was called off; what had been answered is kept.
    Cancelled,
}

/// A mistake in the input of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchError {
    /// A stable word.
    pub code: String,
    /// What is wrong, and what to do.
    pub message: String,
    /// The member at fault.
    pub param: Option<String>,
    /// The line, from 1 on.
    pub line: Option<u32>,
}

/// Lines of a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// All of them.
    pub total: u32,
    /// Answered.
    pub completed: u32,
    /// In the error file.
    pub failed: u32,
}

/// Tokens that the lines of a batch have used, as their answers tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchUsage {
    /// Input, with what was read from prompt caches.
    pub input: u64,
    /// The part of the input read from prompt caches.
    pub cached: u64,
    /// Output, with reasoning.
    pub output: u64,
    /// The part of the output spent on reasoning.
    pub reasoning: u64,
}

impl std::ops::AddAssign for BatchUsage {
    fn add_assign(&mut self, other: Self) {
        self.input = self.input.saturating_add(other.input);
        self.cached = self.cached.saturating_add(other.cached);
        self.output = self.output.saturating_add(other.output);
        self.reasoning = self.reasoning.saturating_add(other.reasoning);
    }
}

/// What has come of a batch's lines so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Lines.
    pub counts: Counts,
    /// Tokens.
    pub usage: BatchUsage,
}

/// A provider's batch that answers the lines of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Home {
    /// The model that all lines name, as `provider/model`.
    pub model: String,
    /// Its id there, once it was taken.
    pub id: Option<String>,
}

/// A batch, as it rests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    /// Its id.
    pub id: BatchId,
    /// Whose it is.
    pub org: OrgId,
    /// The key that made it, and that its lines are sent with; `None` where no key was needed.
    pub key_id: Option<KeyId>,
    /// The path that every line goes to.
    pub endpoint: String,
    /// Its lines.
    pub input_file_id: FileId,
    /// How long it may take, as the client wrote it.
    pub completion_window: String,
    /// How far it is.
    pub status: BatchStatus,
    /// What is wrong with its input, or why it was called off.
    pub errors: Vec<BatchError>,
    /// The answers, once it has ended; `None` where there are none.
    pub output_file_id: Option<FileId>,
    /// The failures, once it has ended; `None` where there are none.
    pub error_file_id: Option<FileId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its lines began to be answered.
    pub in_progress_at: Option<Timestamp>,
    /// When its time is over.
    pub expires_at: Timestamp,
    /// When its last line was answered.
    pub finalizing_at: Option<Timestamp>,
    /// When it was done.
    pub completed_at: Option<Timestamp>,
    /// When its input turned out to be unusable.
    pub failed_at: Option<Timestamp>,
    /// When it was stopped for being late.
    pub expired_at: Option<Timestamp>,
    /// When somebody called it off.
    pub cancelling_at: Option<Timestamp>,
    /// When the last line that was under way then had ended.
    pub cancelled_at: Option<Timestamp>,
    /// What has come of its lines: kept when it ends, known to its runner before.
    pub progress: Progress,
    /// The model of all its lines, where it is one.
    pub model: Option<String>,
    /// The client's own notes.
    pub metadata: Option<BTreeMap<String, String>>,
    /// Seconds after which its files go, where the client has said so.
    pub output_expires_after: Option<u64>,
    /// The provider whose own batch answers its lines; `None` = they are answered here.
    #[serde(default)]
    pub home: Option<Home>,
    /// Headers of its creation that hold for every line: labels and wishes.
    pub headers: Vec<(String, String)>,
}

/// What happens to a batch.
#[derive(Debug, Clone, PartialEq)]
pub enum BatchStep {
    /// Its input is in order.
    Checked {
        /// Lines.
        total: u32,
        /// Their model, where it is one.
        model: Option<String>,
        /// The model whose provider answers them in a batch of its own.
        home: Option<String>,
    },
    /// A provider has taken it under this id.
    HandedOver(String),
    /// What is left of it is answered here.
    Ours,
    /// Its input cannot be used.
    Refused(Vec<BatchError>),
    /// Somebody calls it off, or something does.
    Cancel(Option<BatchError>),
    /// Every line has been answered.
    Finalize,
    /// Its files are whole: how it ended follows from how far it was.
    End {
        /// What came of its lines.
        progress: Progress,
        /// The answers.
        output: Option<FileId>,
        /// The failures.
        errors: Option<FileId>,
    },
}

impl Batch {
    /// A batch that nobody has looked at yet; `times`: when it was made, and when it is too late for it.
    #[must_use]
    pub fn new(
        org: OrgId,
        endpoint: String,
        input_file_id: FileId,
        completion_window: String,
        times: (Timestamp, Timestamp),
    ) -> Self {
        let (created_at, expires_at) = times;
        Self {
            id: BatchId::draw(created_at),
            org,
            key_id: None,
            endpoint,
            input_file_id,
            completion_window,
            status: BatchStatus::Validating,
            errors: Vec::new(),
            output_file_id: None,
            error_file_id: None,
            created_at,
            in_progress_at: None,
            expires_at,
            finalizing_at: None,
            completed_at: None,
            failed_at: None,
            expired_at: None,
            cancelling_at: None,
            cancelled_at: None,
            progress: Progress::default(),
            model: None,
            metadata: None,
            output_expires_after: None,
            home: None,
            headers: Vec::new(),
        }
    }

    /// Whether nothing more will happen to it.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        use BatchStatus::{Cancelled, Completed, Expired, Failed};
        matches!(self.status, Failed | Completed | Expired | Cancelled)
    }

    /// Takes a step; whether it could be taken from where the batch is. One that could not changes nothing.
    pub fn take(&mut self, step: BatchStep, now: Timestamp) -> bool {
        use BatchStatus::{Cancelled, Cancelling, Completed, Expired, Failed, Finalizing, InProgress, Validating};
        match (step, self.status) {
            (BatchStep::Checked { total, model, home }, Validating) => {
                (self.status, self.in_progress_at) = (InProgress, Some(now));
                self.home = home.map(|model| Home { model, id: None });
                (self.progress.counts.total, self.model) = (total, model);
            }
            (BatchStep::Refused(errors), Validating) => {
                (self.status, self.failed_at, self.errors) = (Failed, Some(now), errors);
            }
            (BatchStep::Cancel(error), Validating | InProgress) => {
                (self.status, self.cancelling_at) = (Cancelling, Some(now));
                self.errors.extend(error);
            }
            (BatchStep::Cancel(_), Cancelling) => {}
            (BatchStep::HandedOver(id), InProgress | Cancelling) => match &mut self.home {
                Some(home) => home.id = Some(id),
                None => return false,
            },
            (BatchStep::Ours, InProgress | Cancelling) => self.home = None,
            (BatchStep::Finalize, InProgress) => (self.status, self.finalizing_at) = (Finalizing, Some(now)),
            (BatchStep::End { progress, output, errors }, Validating | InProgress | Finalizing | Cancelling) => {
                (self.progress, self.output_file_id, self.error_file_id) = (progress, output, errors);
                match self.status {
                    Finalizing => (self.status, self.completed_at) = (Completed, Some(now)),
                    Cancelling => (self.status, self.cancelled_at) = (Cancelled, Some(now)),
                    _ => (self.status, self.expired_at) = (Expired, Some(now)),
                }
            }
            _ => return false,
        }
        true
    }

    /// The batch as OpenAI's clients read it; `progress` is its runner's, where one is at work.
    #[must_use]
    pub fn to_json(&self, progress: Option<Progress>) -> Value {
        let Progress { counts, usage } = progress.unwrap_or(self.progress);
        let errors = (!self.errors.is_empty()).then(|| json!({"object": "list", "data": self.errors}));
        let at = |time: Option<Timestamp>| time.map(Timestamp::seconds);
        json!({
            "id": self.id,
            "object": "batch",
            "endpoint": self.endpoint,
            "model": self.model,
            "errors": errors,
            "input_file_id": self.input_file_id,
            "completion_window": self.completion_window,
            "status": self.status,
            "output_file_id": self.output_file_id,
            "error_file_id": self.error_file_id,
            "created_at": self.created_at.seconds(),
            "in_progress_at": at(self.in_progress_at),
            "expires_at": self.expires_at.seconds(),
            "finalizing_at": at(self.finalizing_at),
            "completed_at": at(self.completed_at),
            "failed_at": at(self.failed_at),
            "expired_at": at(self.expired_at),
            "cancelling_at": at(self.cancelling_at),
            "cancelled_at": at(self.cancelled_at),
            "request_counts": counts,
            "usage": {
                "input_tokens": usage.input,
                "input_tokens_details": {"cached_tokens": usage.cached},
                "output_tokens": usage.output,
                "output_tokens_details": {"reasoning_tokens": usage.reasoning},
                "total_tokens": usage.input.saturating_add(usage.output),
            },
            "metadata": self.metadata,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch() -> Batch {
        let (endpoint, input) = ("/v1/chat/completions".into(), FileId::draw(Timestamp(0)));
        Batch::new(OrgId::default(), endpoint, input, "24h".into(), (Timestamp(0), Timestamp(0)))
    }

    fn checked() -> BatchStep {
        BatchStep::Checked { total: 3, model: None, home: None }
    }

    fn end() -> BatchStep {
        BatchStep::End { progress: Progress::default(), output: None, errors: None }
    }

    #[test]
    fn how_it_ends_follows_from_how_far_it_was() {
        for (steps, status) in [
            (vec![checked(), BatchStep::Finalize, end()], BatchStatus::Completed),
            (vec![checked(), end()], BatchStatus::Expired),
            (vec![end()], BatchStatus::Expired),
            (vec![BatchStep::Cancel(None), end()], BatchStatus::Cancelled),
            (vec![checked(), BatchStep::Cancel(None), BatchStep::Cancel(None), end()], BatchStatus::Cancelled),
            (vec![BatchStep::Refused(Vec::new())], BatchStatus::Failed),
        ] {
            let mut batch = batch();
            for step in steps {
                assert!(!batch.has_ended());
                assert!(batch.take(step, Timestamp(1)));
            }
            assert_eq!(batch.status, status);
            assert!(batch.has_ended());
            let ended = batch.clone();
            for step in [checked(), BatchStep::Cancel(None), BatchStep::Finalize, end()] {
                assert!(!batch.take(step, Timestamp(2)), "nothing happens after the end");
            }
            assert_eq!(batch, ended);
        }
    }

    #[test]
    fn a_batch_that_is_called_off_begins_no_more() {
        let mut batch = batch();
        assert!(batch.take(BatchStep::Cancel(None), Timestamp(1)));
        assert!(!batch.take(checked(), Timestamp(2)));
        assert!(!batch.take(BatchStep::Finalize, Timestamp(2)));
        assert!(!batch.take(BatchStep::Refused(Vec::new()), Timestamp(2)));
        assert_eq!(batch.status, BatchStatus::Cancelling);
    }
}
