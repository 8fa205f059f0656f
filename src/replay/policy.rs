//! The policies that are compared, by name.

use super::feedback::Word;
use super::floopy::Floopy;
use super::lines::LinUcb;
use super::means::{Book, EpsilonGreedy, Fixed, Random, Thompson, TrackAndStop, Ucb1};
use super::problem::Problem;
use crate::routing::learn::Params;

/// A router in a replay: it sees features and costs, serves, and hears of some units later.
pub trait Policy {
    /// Who serves the unit of this step.
    fn choose(&mut self, step: usize, item: usize) -> usize;
    /// What the unit cost, in units of the baseline's mean.
    fn paid(&mut self, step: usize, item: usize, arm: usize, cost: f64);
    /// What was said of an earlier unit.
    fn heard(&mut self, step: usize, unit: Unit, word: Word);
    /// Saving and interval as the policy itself reports them, where it does.
    fn saving(&self) -> Option<(f64, f64, f64)> {
        None
    }
    /// Whether its last choice was held out for the baseline, to measure what is saved.
    fn held_out(&self) -> bool {
        false
    }
}

/// A served unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unit {
    /// When it was served.
    pub step: usize,
    /// The item.
    pub item: usize,
    /// Who served.
    pub arm: usize,
}

/// What a policy may be told beside the problem.
#[derive(Debug, Clone, Default)]
pub struct Setting {
    /// Whether the product starts from the priors.
    pub priors: bool,
    /// The product's parameters.
    pub params: Params,
}

/// The policies, with what they do.
pub const POLICIES: &[(&str, &str)] = &[
    ("always-baseline", "the baseline serves everything"),
    ("best-fixed", "the one model of the best quality, known in hindsight"),
    ("cheapest-fixed", "the cheapest model above the floor, known in hindsight"),
    ("random", "an even draw"),
    ("epsilon-greedy", "the best mean so far, with a falling share of even draws"),
    ("ucb1", "the highest upper bound of the mean"),
    ("thompson", "a draw from a beta posterior for each model"),
    ("linucb", "the highest upper bound of a linear regression on the features"),
    ("track-and-stop", "identify the best model, then stay with it"),
    ("floopy", "this product's own routing code"),
];

/// Makes a policy for one run; `None` where there is none of this name.
#[must_use]
pub fn policy<'a>(name: &str, problem: &'a Problem, setting: &Setting, seed: u64) -> Option<Box<dyn Policy + 'a>> {
    let book = || Book::new(problem, seed);
    Some(match name {
        "always-baseline" => Box::new(Fixed(0)),
        "best-fixed" => Box::new(Fixed(problem.best())),
        "cheapest-fixed" => Box::new(Fixed(problem.cheapest_above_floor())),
        "random" => Box::new(Random(book())),
        "epsilon-greedy" => Box::new(EpsilonGreedy(book())),
        "ucb1" => Box::new(Ucb1(book())),
        "thompson" => Box::new(Thompson(book())),
        "track-and-stop" => Box::new(TrackAndStop::new(book())),
        "linucb" => Box::new(LinUcb::new(problem, book())),
        "floopy" => Box::new(Floopy::new(problem, setting, seed)),
        _ => return None,
    })
}
