//! The product in a replay: the same [`Scope`] that the gateway runs, fed with what the simulator says.

use super::feedback::Word;
use super::policy::{Policy, Setting, Unit};
use super::problem::Problem;
use super::run::{Plan, mix, run};
use crate::base::Timestamp;
use crate::resource::trace::{Trace, Why};
use crate::routing::learn::chance::Chance;
use crate::routing::learn::{
    ArmSpec, Ask, Mode, Observation, Prior, Scope, ScopeSpec, Scores, Served, Share, Source, Spent, Value, Verdict,
};

/// Seconds between two units of a replay: a route with a thousand of them a week.
const PACE: i64 = 600;
/// Observations that a benchmark score is worth.
const BENCHMARK: f64 = 25.0;

pub(super) struct Floopy<'a> {
    problem: &'a Problem,
    scope: Scope,
    chance: Chance,
    eligible: Vec<bool>,
    last: Option<Verdict>,
}

/// The scope of a problem, before anything was served.
pub(super) fn scope(problem: &Problem, setting: &Setting) -> Scope {
    let arms = problem.arms.iter().zip(&problem.priors).zip(problem.list_prices());
    let arms = arms.map(|((name, prior), cost)| ArmSpec {
        name: name.clone(),
        prior: prior.filter(|_| setting.priors).map(|mean| Prior { mean, pseudo: BENCHMARK }),
        cost_hint: Some(cost),
        from_pool: false,
    });
    Scope::new(&ScopeSpec {
        arms: arms.collect(),
        floor: problem.floor,
        dimension_floors: Vec::new(),
        dimension: problem.items.first().map_or(1, |row| row.features.values.len()),
        params: setting.params.clone(),
    })
}

impl<'a> Floopy<'a> {
    pub(super) fn new(problem: &'a Problem, setting: &Setting, seed: u64) -> Self {
        Self {
            scope: scope(problem, setting),
            chance: Chance::new(seed),
            eligible: vec![true; problem.arms.len()],
            last: None,
            problem,
        }
    }
}

fn time(step: usize) -> Timestamp {
    Timestamp(i64::try_from(step).unwrap_or(i64::MAX / 1_000_000_000).saturating_mul(PACE * 1_000_000))
}

impl Policy for Floopy<'_> {
    fn choose(&mut self, step: usize, item: usize) -> usize {
        let Some(row) = self.problem.items.get(item) else { return 0 };
        let costs = self.scope.paid_for(&row.features, row.input);
        let verdict = self.scope.decide(&Ask {
            features: &row.features,
            eligible: &self.eligible,
            confined: &[],
            costs: &costs,
            seed: self.chance.bits(),
            mode: Mode::Live,
            pending: &[],
            now: time(step),
        });
        let winner = verdict.winner;
        self.last = Some(verdict);
        winner
    }

    fn paid(&mut self, step: usize, item: usize, arm: usize, cost: f64) {
        let (Some(row), Some(verdict)) = (self.problem.items.get(item), &self.last) else { return };
        self.scope.served(&Served {
            arm,
            features: &row.features,
            costs: &[],
            spent: Spent { cost: Some(cost), input: row.input, cached: 0.0, output: 0.0 },
            proposed: Some(verdict.floor.after),
            holdout: verdict.why == Why::Holdout,
            failed: false,
            at: time(step),
        });
    }

    fn heard(&mut self, step: usize, unit: Unit, word: Word) {
        let Some(row) = self.problem.items.get(unit.item) else { return };
        let (source, value) = match word {
            Word::Quality(quality) => (Source::Session, Value::Quality(quality)),
            Word::Rating(rating) => (Source::Session, Value::Rating(rating)),
            Word::Judged(score) => (Source::Judge, Value::Scores(Scores::composite_only(score))),
        };
        self.scope.observe(&Observation {
            source,
            shares: &[Share::whole(unit.arm)],
            features: &row.features,
            value,
            weight: 1.0,
            served_at: time(unit.step),
            at: time(step),
            origin: u64::try_from(unit.step).unwrap_or(u64::MAX),
            key: None,
            judge: None,
        });
    }

    fn saving(&self) -> Option<(f64, f64, f64)> {
        self.scope.savings().saved().map(|saved| (saved.share, saved.lower, saved.upper))
    }

    fn held_out(&self) -> bool {
        self.last.as_ref().is_some_and(|verdict| verdict.why == Why::Holdout)
    }
}

/// The decisions of one run of the product with their outcomes: trace, quality, cost.
#[must_use]
pub fn logged(problem: &Problem, setting: &Setting, plan: &Plan) -> Vec<(Trace, f64, f64)> {
    let mut product = Logging { inner: Floopy::new(problem, setting, mix(plan.seed, 41)), traces: Vec::new() };
    let record = run(problem, &mut product, plan, &|| 0);
    product.traces.into_iter().zip(record.quality).zip(record.cost).map(|((trace, q), c)| (trace, q, c)).collect()
}

/// The product, with its traces kept.
struct Logging<'a> {
    inner: Floopy<'a>,
    traces: Vec<Trace>,
}

impl Policy for Logging<'_> {
    fn choose(&mut self, step: usize, item: usize) -> usize {
        let winner = self.inner.choose(step, item);
        self.traces.extend(self.inner.last.as_ref().map(|verdict| verdict.trace.clone()));
        winner
    }
    fn paid(&mut self, step: usize, item: usize, arm: usize, cost: f64) {
        self.inner.paid(step, item, arm, cost);
    }
    fn heard(&mut self, step: usize, unit: Unit, word: Word) {
        self.inner.heard(step, unit, word);
    }
}
