//! Sessions that several models made together: which rule of credit learns most from them?
//!
//! How a mixed session ends is in no recording, so it is modelled, openly. Model k needs `calls` calls for a task alone;
//! each of its calls moves the task 1/calls forward at 1/calls of its cost, and the session ends when the progress reaches
//! one, so that a session of one model is the recording's own. The outcome is a success
//!
//! - `share`: with probability sum_k share_k quality_k, or
//! - `weakest`: only if every model with at least 15 % of the progress would have succeeded alone.

use super::feedback::{Channel, Feedback};
use super::measure::interval;
use super::problem::{Problem, at, best_of, real};
use super::run::{mean, mix};
use crate::routing::learn::chance::Chance;
use crate::routing::learn::linear::inverse;
use serde::Serialize;

/// What a unit of the baseline's cost is worth in quality.
const PRICE: f64 = 0.10;
const NOISE: f64 = 0.45;
const UNKNOWN: f64 = 0.6;
const PSEUDO: f64 = 4.0;
/// The product starts from benchmarks where there are any, worth so many sessions, and draws more narrowly.
const OWN_PSEUDO: f64 = 10.0;
const OWN_NOISE: f64 = 0.25;

/// How a mixed session ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// By the shares.
    Share,
    /// By the weakest who did a notable part.
    Weakest,
}

/// How a policy acts in a session, and whom it credits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Its name.
    pub name: &'static str,
    acts: Acts,
    credits: Credits,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Acts {
    Baseline,
    Random,
    /// A new choice for every call.
    Call,
    /// One choice for the session.
    Session,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Credits {
    /// Everybody who took part, in full.
    Full,
    /// Whoever made the first call, in full.
    First,
    /// Whoever made it alone; mixed sessions are dropped.
    Pure,
    /// Everybody by share.
    Share,
    /// Everybody by a joint regression on the shares.
    Joint,
    /// The same, from the product's own start.
    Own,
}

const fn rule(name: &'static str, acts: Acts, credits: Credits) -> Rule {
    Rule { name, acts, credits }
}

/// The rules that are compared. The product's is sticky with joint credit.
pub const RULES: &[Rule] = &[
    rule("always-baseline", Acts::Baseline, Credits::Share),
    rule("random per call", Acts::Random, Credits::Share),
    rule("full credit to all, per call", Acts::Call, Credits::Full),
    rule("first-model-only credit, per call", Acts::Call, Credits::First),
    rule("mixed sessions dropped, per call", Acts::Call, Credits::Pure),
    rule("credit by share, per call", Acts::Call, Credits::Share),
    rule("joint credit, per call", Acts::Call, Credits::Joint),
    rule("first-model-only credit, sticky", Acts::Session, Credits::First),
    rule("mixed sessions dropped, sticky", Acts::Session, Credits::Pure),
    rule("joint credit, sticky", Acts::Session, Credits::Joint),
    rule("floopy: joint credit from priors, sticky", Acts::Session, Credits::Own),
];

/// How a comparison is made.
#[derive(Debug, Clone, Copy)]
pub struct MixedPlan {
    /// How sessions end.
    pub ending: Ending,
    /// What is heard.
    pub feedback: Feedback,
    /// Scales the share of sessions that are rated.
    pub response: f64,
    /// Sessions of a run.
    pub sessions: usize,
    /// Share of sessions that must change their model on the way (a failure, a full context), at a random point.
    pub switches: f64,
    /// The seed's number.
    pub seed: u64,
}

/// One rule over many runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MixedReport {
    /// The recording.
    pub data: String,
    /// The rule.
    pub policy: String,
    /// Runs.
    pub seeds: usize,
    /// Sessions of a run.
    pub horizon: usize,
    /// Quality as a share of the baseline's.
    pub quality_ratio: f64,
    /// Cost saved in per cent.
    pub saved_pct: f64,
    /// Utility (quality less 0.10 of cost) lost against the best fixed model.
    pub regret_vs_best_fixed: f64,
    /// Half of its 95 % interval.
    pub regret_vs_best_fixed_ci: f64,
    /// Root mean square error of the estimated gaps to the best arm.
    pub gap_error: f64,
    /// Share of mixed sessions in the last third, in per cent.
    pub mixed_pct: f64,
}

/// One run in numbers.
#[derive(Debug, Clone, Copy, Default)]
pub struct MixedScore {
    quality: f64,
    saved: f64,
    regret: f64,
    error: f64,
    mixed: f64,
}

/// What a rule knows: sums by arm, and the joint regression of outcomes on shares.
struct Book {
    count: Vec<f64>,
    sum: Vec<f64>,
    cost: Vec<(f64, f64)>,
    outer: Vec<f64>,
    moment: Vec<f64>,
    joint: bool,
    noise: f64,
}

impl Book {
    fn new(problem: &Problem, credits: Credits) -> Self {
        let arms = problem.arms.len();
        let is_own = credits == Credits::Own && problem.priors.iter().any(Option::is_some);
        let (pseudo, noise) = if is_own { (OWN_PSEUDO, OWN_NOISE) } else { (PSEUDO, NOISE) };
        let known: Vec<f64> = problem.priors.iter().flatten().copied().collect();
        let usual = if is_own { mean(&known) } else { UNKNOWN };
        let level = |prior: &Option<f64>| pseudo * prior.filter(|_| is_own).unwrap_or(usual);
        let start: Vec<f64> = problem.priors.iter().map(level).collect();
        let mut outer = vec![0.0; arms * arms];
        outer.iter_mut().step_by(arms + 1).for_each(|own| *own = pseudo);
        Self {
            count: vec![pseudo; arms],
            sum: start.clone(),
            cost: problem.list_prices().iter().map(|cost| (cost * 3.0, 3.0)).collect(),
            outer,
            moment: start,
            joint: matches!(credits, Credits::Joint | Credits::Own),
            noise,
        }
    }

    /// Mean and standard deviation of every arm.
    fn beliefs(&self) -> Vec<(f64, f64)> {
        let arms = self.count.len();
        if !self.joint {
            return self.count.iter().zip(&self.sum).map(|(n, sum)| (sum / n, self.noise / n.sqrt())).collect();
        }
        let inverse = inverse(self.outer.clone(), arms);
        let belief = |(arm, row): (usize, &[f64])| {
            let mean = row.iter().zip(&self.moment).map(|(a, b)| a * b).sum();
            (mean, self.noise * at(row, arm).max(0.0).sqrt())
        };
        inverse.chunks_exact(arms).enumerate().map(belief).collect()
    }

    fn draw(&self, beliefs: &[(f64, f64)], chance: &mut Chance) -> usize {
        let cost = |arm: usize| self.cost.get(arm).map_or(1.0, |own| own.0 / own.1);
        let values: Vec<f64> = beliefs
            .iter()
            .enumerate()
            .map(|(arm, (mean, error))| mean + error * chance.normal() - PRICE * cost(arm))
            .collect();
        best_of(&values, |value| value)
    }

    fn learn(&mut self, credits: Credits, session: &Session, quality: f64) {
        let only = |arm: usize| (0..self.count.len()).map(|own| f64::from(u8::from(own == arm))).collect::<Vec<f64>>();
        let weights: Vec<f64> = match credits {
            Credits::Full => session.share.iter().map(|share| f64::from(u8::from(*share > 0.02))).collect(),
            Credits::First => only(session.first),
            Credits::Pure if session.is_mixed() => return,
            Credits::Pure | Credits::Share | Credits::Joint | Credits::Own => session.share.clone(),
        };
        for ((count, sum), weight) in self.count.iter_mut().zip(&mut self.sum).zip(&weights) {
            *count += weight;
            *sum += weight * quality;
        }
        let arms = weights.len();
        for (row, left) in self.outer.chunks_exact_mut(arms).zip(&weights) {
            row.iter_mut().zip(&weights).for_each(|(own, right)| *own += left * right);
        }
        self.moment.iter_mut().zip(&weights).for_each(|(own, weight)| *own += weight * quality);
    }

    fn paid(&mut self, problem: &Problem, item: usize, session: &Session) {
        let Some(row) = problem.items.get(item) else { return };
        for ((own, share), cost) in self.cost.iter_mut().zip(&session.share).zip(&row.cost) {
            if *share > 0.05 {
                *own = (own.0 + cost * share, own.1 + share);
            }
        }
    }
}

/// A session that was made.
#[derive(Debug, Clone)]
struct Session {
    share: Vec<f64>,
    first: usize,
    cost: f64,
}

impl Session {
    fn is_mixed(&self) -> bool {
        self.share.iter().filter(|share| **share > 0.05).count() > 1
    }

    fn chance_of_success(&self, quality: &[f64], ending: Ending) -> f64 {
        let parts = self.share.iter().zip(quality);
        match ending {
            Ending::Share => parts.map(|(share, quality)| share * quality).sum(),
            Ending::Weakest => {
                parts.filter(|(share, _)| **share >= 0.15).map(|(_, quality)| *quality).fold(1.0, f64::min)
            }
        }
    }
}

/// Makes one session.
fn session(
    problem: &Problem,
    item: usize,
    rule: Rule,
    book: &Book,
    switch: Option<f64>,
    chance: &mut Chance,
) -> Session {
    let arms = problem.arms.len();
    let mut session = Session { share: vec![0.0; arms], first: 0, cost: 0.0 };
    let Some(row) = problem.items.get(item) else { return session };
    let beliefs = book.beliefs();
    let pick = |chance: &mut Chance| match rule.acts {
        Acts::Baseline => 0,
        Acts::Random => chance.below(arms),
        Acts::Call | Acts::Session => book.draw(&beliefs, chance),
    };
    let mut arm = pick(chance);
    session.first = arm;
    let (mut progress, mut switch) = (0.0, switch);
    while progress < 1.0 - 1e-9 {
        if matches!(rule.acts, Acts::Call | Acts::Random) && progress > 0.0 {
            arm = pick(chance);
        }
        if switch.is_some_and(|at| progress >= at) && rule.acts != Acts::Baseline {
            switch = None;
            arm = (arm + 1 + chance.below(arms - 1)) % arms;
        }
        let step = (1.0 / at(&row.calls, arm).max(1.0)).min(1.0 - progress);
        if let Some(share) = session.share.get_mut(arm) {
            *share += step;
        }
        session.cost += step * at(&row.cost, arm);
        progress += step;
    }
    session
}

/// Runs one rule once.
#[must_use]
pub fn mixed(problem: &Problem, rule: Rule, plan: &MixedPlan) -> MixedScore {
    let steps = plan.sessions;
    let mut chance = Chance::new(mix(plan.seed, 9));
    let mut world = Chance::new(mix(plan.seed, 1_234));
    let mut channel = Channel::new(plan.feedback, plan.response, problem.arms.len(), steps, mix(plan.seed, 77));
    let mut book = Book::new(problem, rule.credits);
    let (mut quality, mut cost, mut mixed) = (Vec::new(), Vec::new(), Vec::new());
    let mut made: Vec<Session> = Vec::new();
    for step in 0..steps {
        let item = world.below(problem.items.len());
        // The world's chance is the same for every rule, whatever each does with it.
        let (switch, luck, place) = (world.uniform() < plan.switches, world.uniform(), world.uniform());
        let session = session(problem, item, rule, &book, switch.then_some(place), &mut chance);
        let row = problem.items.get(item).map(|row| row.quality.as_slice()).unwrap_or_default();
        let success = f64::from(u8::from(luck < session.chance_of_success(row, plan.ending)));
        book.paid(problem, item, &session);
        channel.serve(step, best_of(&session.share, |share| share), success);
        quality.push(success);
        cost.push(session.cost);
        mixed.push(f64::from(u8::from(session.is_mixed())));
        made.push(session);
        for heard in channel.arriving(step) {
            if let Some(session) = made.get(heard.unit) {
                book.learn(rule.credits, session, heard.word.quality());
            }
        }
    }
    let worth = |arm: usize| at(&problem.quality, arm) - PRICE * at(&problem.cost, arm);
    let best = (0..problem.arms.len()).map(worth).fold(f64::NEG_INFINITY, f64::max);
    let got: f64 = quality.iter().zip(&cost).map(|(quality, cost)| quality - PRICE * cost).sum();
    MixedScore {
        quality: mean(&quality) / at(&problem.quality, 0).max(1e-9),
        saved: 1.0 - mean(&cost),
        regret: best * real(steps) - got,
        error: gap_error(problem, &book, &made),
        mixed: mean(mixed.get(steps - steps / 3..).unwrap_or(&[])),
    }
}

/// How far the estimated gaps to the best arm are from the true ones, over arms with five sessions' worth.
fn gap_error(problem: &Problem, book: &Book, made: &[Session]) -> f64 {
    let beliefs = book.beliefs();
    let best = problem.best();
    let level = |arm: usize| beliefs.get(arm).map_or(0.0, |belief| belief.0);
    let errors: Vec<f64> = (0..problem.arms.len())
        .filter(|arm| made.iter().map(|session| at(&session.share, *arm)).sum::<f64>() >= 5.0)
        .map(|arm| (level(arm) - level(best)) - (at(&problem.quality, arm) - at(&problem.quality, best)))
        .map(|error| error * error)
        .collect();
    mean(&errors).sqrt()
}

/// Puts the runs of one rule together.
#[must_use]
pub fn mixed_report(problem: &Problem, rule: Rule, plan: &MixedPlan, runs: &[MixedScore]) -> MixedReport {
    let average = |value: &dyn Fn(&MixedScore) -> f64| mean(&runs.iter().map(value).collect::<Vec<f64>>());
    let (regret, regret_ci) = interval(&runs.iter().map(|run| run.regret).collect::<Vec<f64>>());
    MixedReport {
        data: problem.name.clone(),
        policy: rule.name.to_owned(),
        seeds: runs.len(),
        horizon: plan.sessions,
        quality_ratio: average(&|run| run.quality),
        saved_pct: 100.0 * average(&|run| run.saved),
        regret_vs_best_fixed: regret,
        regret_vs_best_fixed_ci: regret_ci,
        gap_error: average(&|run| run.error),
        mixed_pct: 100.0 * average(&|run| run.mixed),
    }
}
