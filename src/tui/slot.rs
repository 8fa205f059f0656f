//! What is asked of the server, and the place where its latest answer is kept.

use crate::base::Timestamp;
use serde_json::Value;
use std::time::Duration;

/// One question or order to the server.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Ask {
    /// The latest decisions.
    Recent,
    /// All routes with their arms.
    Routes,
    /// The latest sessions.
    Sessions,
    /// What was spent from this instant on.
    Spent(Timestamp),
    /// What the org allows, its budget among it.
    Constraints,
    /// All experiments.
    Experiments,
    /// The results of one experiment.
    Results(String),
    /// One decision with all that it weighed.
    Decision(String),
    /// The decisions of one session.
    Session(String),
    /// Whether the key may write; changes nothing.
    MayWrite,
    /// What a prompt would get on a route; changes nothing.
    Explain {
        /// The route's name.
        route: String,
        /// The prompt.
        text: String,
    },
    /// A rating of one decision.
    Rate {
        /// The decision.
        id: String,
        /// 0..=100.
        score: u8,
    },
    /// Feedback for a session.
    Feedback {
        /// The session.
        session: String,
        /// 0..=10.
        score: u8,
    },
    /// A route goes back to its default model.
    Pin(String),
    /// A route may choose again.
    Unpin(String),
    /// An experiment is rolled back.
    Rollback(String),
}

/// Why a question was not answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The HTTP status; `None` = no answer came at all.
    pub status: Option<u16>,
    /// In words, with what to do.
    pub message: String,
}

impl Problem {
    /// In words for the place where the answer would stand.
    pub(super) fn words(&self) -> String {
        match self.status {
            Some(404) => "not available on this server".into(),
            Some(401 | 403) => format!("not allowed: {}", self.message),
            _ => self.message.clone(),
        }
    }
}

/// How long after an answer the same is asked again, and after a failure.
const AGAIN: Duration = Duration::from_secs(2);
const AFTER_FAILURE: Duration = Duration::from_secs(10);

/// The latest answer to one question that is asked again and again.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Slot {
    value: Option<Value>,
    problem: Option<Problem>,
    under_way: bool,
    due: Timestamp,
}

impl Slot {
    /// The latest answer, however old.
    pub(super) fn value(&self) -> Option<&Value> {
        self.value.as_ref()
    }

    /// Its `items`; empty where there are none or no answer has come.
    pub(super) fn items(&self) -> &[Value] {
        self.value.as_ref().and_then(|value| value.get("items")?.as_array()).map_or(&[], Vec::as_slice)
    }

    /// What to say where nothing can be shown.
    pub(super) fn absent(&self) -> String {
        match (&self.problem, &self.value) {
            (Some(problem), _) => problem.words(),
            (None, None) => "asking the server …".into(),
            (None, Some(_)) => String::new(),
        }
    }

    /// Whether it is time to ask; notes that it is being asked.
    pub(super) fn ask(&mut self, now: Timestamp) -> bool {
        let due = !self.under_way && now >= self.due;
        self.under_way |= due;
        due
    }

    /// Asks at the next chance, whatever was said before.
    pub(super) fn hurry(&mut self) {
        self.due = Timestamp::default();
    }

    /// Asks no sooner than after this time: the question is dear to answer.
    pub(super) fn pause(&mut self, now: Timestamp, pause: Duration) {
        self.due = now.plus(pause);
    }

    /// Takes an answer. A failure keeps what was known, but for an endpoint that is gone.
    pub(super) fn take(&mut self, answer: Result<Value, Problem>, now: Timestamp) {
        self.under_way = false;
        match answer {
            Ok(value) => {
                (self.value, self.problem) = (Some(value), None);
                self.due = now.plus(AGAIN);
            }
            Err(problem) => {
                if problem.status == Some(404) {
                    self.value = None;
                }
                self.problem = Some(problem);
                self.due = now.plus(AFTER_FAILURE);
            }
        }
    }
}
