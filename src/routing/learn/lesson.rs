//! What a scope is told of the world, and what that does to it.

use super::Spent;
use super::credit::Share;
use super::eprocess::Stage;
use super::features::Features;
use super::judge::Scores;
use crate::base::Timestamp;
use serde::{Deserialize, Serialize};

/// One unit (a request, or a whole session where the route is sticky) was served.
#[derive(Debug, Clone, Copy)]
pub struct Served<'a> {
    /// By whom.
    pub arm: usize,
    /// What was known of it.
    pub features: &'a Features,
    /// What it was expected to cost on each arm when it was decided; empty = by what was paid so far.
    pub costs: &'a [Option<f64>],
    /// What it took.
    pub spent: Spent,
    /// The floor account if the proposal had served (`FloorView::after`); `None` where nothing was proposed.
    pub proposed: Option<f64>,
    /// Whether it was held out for the baseline.
    pub holdout: bool,
    /// Whether it failed technically: an error, an empty or broken answer.
    pub failed: bool,
    /// When.
    pub at: Timestamp,
}

/// An outcome was heard.
#[derive(Debug, Clone, Copy)]
pub struct Observation<'a> {
    /// From whom.
    pub source: Source,
    /// Who served the unit.
    pub shares: &'a [Share],
    /// What was known of it.
    pub features: &'a Features,
    /// What was said.
    pub value: Value,
    /// How much it counts; 1 is usual.
    pub weight: f64,
    /// When the unit was served.
    pub served_at: Timestamp,
    /// When this was heard.
    pub at: Timestamp,
    /// Where it comes from: a second observation of the same origin and source is a repeat, and a second manual
    /// rating a correction of the first.
    pub origin: u64,
    /// The key that gave it, where one did.
    pub key: Option<u64>,
    /// What the judge said of the same unit, where it did.
    pub judge: Option<Scores>,
}

/// Who says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A user, of a session.
    Session,
    /// A person, by hand.
    Manual,
    /// The judge, or heuristics.
    Judge,
    /// A score of the dimension with this place among the floors.
    Dimension(usize),
}

/// What is said.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// A rating of 0 to 10.
    Rating(f64),
    /// A quality of 0 to 1.
    Quality(f64),
    /// A judge's scores.
    Scores(Scores),
}

/// What an event did besides being counted; for the log and for alerts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Change {
    /// The arm broke: it starts again.
    Alarm {
        /// The arm.
        arm: usize,
        /// Ratings of it at that time.
        ratings: f64,
        /// Its mean gap to the floor before.
        gap: f64,
        /// Whether it is switched off until a person acts.
        off: bool,
    },
    /// The arm fails technically far more often than the baseline: rolled back.
    Broken {
        /// The arm.
        arm: usize,
    },
    /// A canary moved on, or was rolled back.
    Staged {
        /// The arm.
        arm: usize,
        /// Where it stands now.
        stage: Stage,
        /// Wealth of the bet that it is below the floor.
        harm: f64,
        /// Wealth of the bet that it is above.
        fine: f64,
        /// Rated calls at the stage.
        ratings: f64,
    },
    /// The baseline has fallen below what it was.
    BaselineFell {
        /// By how much.
        lift: f64,
    },
    /// The vote was held back.
    Held,
    /// The vote was a repeat.
    Repeat,
    /// The rating took the place of an earlier one of the same call.
    Corrected {
        /// The quality (0..1) that no longer counts.
        from: f64,
    },
    /// The vote holds no usable number, names no arm, or speaks of the time before the arm broke.
    Refused,
}
