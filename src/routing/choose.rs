//! The choice among candidates, for every strategy but `feedback_driven`.
//!
//! `smart_cost` asks [`smart_cost`] which of them is cheap and good enough, `smart_select` asks the
//! bandit of [`smart_select`].

use super::gates::{Facts, Needs, refusal};
use super::relied::held_back;
use super::smart_cost::{self, Asked, Offer};
use super::smart_select::{self, Pick};
use super::totals::Totals;
use crate::base::{ModelRef, Timestamp};
use crate::resource::assessment::{Complexity, Tier};
use crate::resource::constraints::Optimization;
use crate::resource::decision::{Candidate, FilterReason, Filtered, Reason, Strategy};
use crate::resource::{Assessment, Trace};

/// What is to be chosen from, and by which rule.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'a> {
    /// The rule.
    pub strategy: Strategy,
    /// The candidates; the first is the default model (the baseline), or the head of the list.
    pub candidates: &'a [Facts<'a>],
    /// Who serves when the chosen one fails, in order, before the default model.
    pub fallback: &'a [ModelRef],
    /// The model that this session has, where the route is sticky.
    pub held: Option<&'a ModelRef>,
    /// Whether an operator has put the route back to its default model.
    pub pinned: bool,
    /// How many choices this route has made: the position of `round_robin`.
    pub turn: u64,
    /// A number drawn evenly from [0, 1): the chance of `weighted`. `None` = nothing is drawn, and the most
    /// probable candidate is told.
    pub chance: Option<f64>,
    /// What the request's complexity is made of, where the strategy asks.
    pub asked: Option<&'a Asked>,
    /// The route's quality floor, 0..1.
    pub floor: f64,
    /// The bandit that `smart_select` runs.
    pub bandit: smart_select::Settings,
    /// What the route's calls came to, where the strategy asks.
    pub shown: Option<&'a Totals>,
    /// What the org's optimiser must keep to, where the strategy optimises.
    pub limits: Option<&'a Optimization>,
    /// When the request came.
    pub now: Timestamp,
}

/// Who serves, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// Who serves.
    pub winner: ModelRef,
    /// The word after `model::` in the reason string.
    pub why: &'static str,
    /// The reason of the record.
    pub reason: Reason,
    /// Probability with which the winner was drawn, where chance played.
    pub propensity: Option<f64>,
    /// Who serves if the winner fails, in order.
    pub backups: Vec<ModelRef>,
    /// Who was eligible.
    pub candidates: Vec<Candidate>,
    /// Who was not, and why.
    pub filtered: Vec<Filtered>,
    /// What the router knew, and how sure it is.
    pub assessment: Assessment,
    /// What a learned choice was made from.
    pub trace: Option<Box<Trace>>,
}

impl Choice {
    /// This model and nobody else, without a contest.
    #[must_use]
    pub fn of(winner: ModelRef, why: &'static str, reason: Reason) -> Self {
        Self {
            winner,
            why,
            reason,
            propensity: None,
            backups: Vec::new(),
            candidates: Vec::new(),
            filtered: Vec::new(),
            assessment: Assessment::default(),
            trace: None,
        }
    }
}

/// Chooses by the plan's rule; `None` only where the plan has no candidate at all.
#[must_use]
pub fn choose(plan: &Plan<'_>, needs: &Needs) -> Option<Choice> {
    let default = plan.candidates.first()?;
    let complexity = plan.asked.filter(|_| plan.strategy == Strategy::SmartCost).map(smart_cost::rate);
    let mut filtered = Vec::new();
    let mut eligible: Vec<&Facts<'_>> = Vec::with_capacity(plan.candidates.len());
    for facts in plan.candidates {
        // A model that the client named itself is called as it is: the provider has the last word.
        let refused = match plan.strategy {
            Strategy::LegacyModel | Strategy::Passthrough => None,
            _ if plan.pinned && facts.model != default.model => Some(FilterReason::Pinned),
            _ => refusal(facts, needs)
                .or_else(|| below_the_floor(plan, complexity, facts, default))
                .or_else(|| held_back(plan, facts, default)),
        };
        match refused {
            Some(reason) => filtered.push(Filtered { candidate: shown(plan.strategy, facts, None), reason }),
            None => eligible.push(facts),
        }
    }
    let bandit = by_bandit(plan, &eligible);
    let (winner, why, propensities) = pick(plan, complexity, bandit.as_ref(), default, &eligible);
    let reason = match plan.strategy {
        Strategy::LegacyModel => Reason::NoRouter,
        Strategy::Passthrough => Reason::Passthrough,
        _ if eligible.is_empty() => Reason::AllCandidatesFiltered,
        _ if eligible.len() == 1 => Reason::SingleCandidate,
        _ => Reason::Dispatched,
    };
    let propensity_of = |index: usize| propensities.as_ref().and_then(|all| all.get(index).copied());
    let candidates: Vec<Candidate> = eligible
        .iter()
        .enumerate()
        .map(|(index, facts)| Candidate {
            samples: bandit.as_ref().and_then(|pick| pick.samples.get(index).copied()),
            score: bandit.as_ref().map_or(score(plan.strategy, facts), |pick| pick.scores.get(index).copied()),
            ..shown(plan.strategy, facts, propensity_of(index))
        })
        .collect();
    let propensity = eligible.iter().position(|facts| facts.model == winner).and_then(propensity_of);
    Some(Choice {
        winner: winner.clone(),
        why,
        reason,
        propensity,
        backups: backups(plan, default, winner, &eligible),
        candidates,
        filtered,
        assessment: Assessment { complexity, ..Assessment::default() },
        trace: None,
    })
}

/// Whether the request is too demanding for what is known of this model.
fn below_the_floor(
    plan: &Plan<'_>,
    complexity: Option<Complexity>,
    facts: &Facts<'_>,
    default: &Facts<'_>,
) -> Option<FilterReason> {
    let moderate = complexity.is_some_and(|complexity| complexity.tier == Tier::Moderate);
    let other = facts.model != default.model;
    let good = || smart_cost::is_good_enough(&offer(facts), &offer(default), Tier::Moderate, plan.floor);
    (moderate && other && !good()).then_some(FilterReason::QualityFloor)
}

fn offer<'a>(facts: &Facts<'a>) -> Offer<'a> {
    Offer { model: facts.model, cost: facts.expected_cost, quality: facts.prior_quality }
}

/// A candidate with what the strategy knows of it.
fn shown(strategy: Strategy, facts: &Facts<'_>, propensity: Option<f64>) -> Candidate {
    let plain = Candidate::plain(facts.model, propensity);
    match strategy {
        Strategy::SmartCost => Candidate {
            score: score(strategy, facts),
            quality: facts.prior_quality,
            expected_cost_micro_usd: facts.expected_cost,
            ..plain
        },
        _ => Candidate { score: score(strategy, facts), ..plain },
    }
}

/// The winner, the word for it, and the eligible candidates' probabilities where chance played.
fn pick<'a>(
    plan: &Plan<'a>,
    complexity: Option<Complexity>,
    bandit: Option<&Pick>,
    default: &'a Facts<'a>,
    eligible: &[&'a Facts<'a>],
) -> (&'a ModelRef, &'static str, Option<Vec<f64>>) {
    let Some(first) = eligible.first() else {
        return (default.model, "default", None);
    };
    if plan.pinned {
        return (default.model, "pinned", None);
    }
    if let Some(held) = plan.held
        && let Some(facts) = eligible.iter().find(|facts| facts.model == held)
        && (held == default.model || complexity.is_none_or(|complexity| complexity.tier < Tier::Complex))
    {
        return (facts.model, "sticky", None);
    }
    match plan.strategy {
        Strategy::LegacyModel => (first.model, "direct", None),
        Strategy::Passthrough => (first.model, "passthrough", None),
        Strategy::Fallback => (first.model, "fallback", None),
        Strategy::RoundRobin => {
            let position = usize::try_from(plan.turn % eligible.len() as u64).unwrap_or(0);
            (eligible.get(position).map_or(first.model, |facts| facts.model), "round_robin", None)
        }
        Strategy::Weighted => weighted(plan.chance, eligible)
            .map_or((first.model, "default", None), |(model, all)| (model, "weighted", Some(all))),
        // Who was never timed goes first: without a figure there is nothing to compare.
        Strategy::LatencyBased => {
            let fastest = eligible.iter().min_by_key(|facts| facts.median_ms.unwrap_or(0));
            let model = fastest.map_or(first.model, |facts| facts.model);
            let why = if fastest.is_some_and(|facts| facts.median_ms.is_some()) { "fastest" } else { "untimed" };
            (model, why, None)
        }
        Strategy::SmartCost => {
            let (model, why) = by_cost(plan, complexity, default, eligible);
            (model.unwrap_or(first.model), why, None)
        }
        Strategy::SmartSelect => {
            let picked = bandit.and_then(|pick| Some((eligible.get(pick.place)?.model, pick)));
            picked.map_or((first.model, "default", None), |(model, pick)| {
                (model, if pick.explores { "explore" } else { "exploit" }, Some(pick.propensities.clone()))
            })
        }
        Strategy::FeedbackDriven => (first.model, "default", None),
    }
}

/// What the bandit makes of the eligible models, where the strategy runs one.
fn by_bandit(plan: &Plan<'_>, eligible: &[&Facts<'_>]) -> Option<Pick> {
    if plan.strategy != Strategy::SmartSelect {
        return None;
    }
    let arm = |facts: &&Facts<'_>| plan.shown.and_then(|shown| shown.arm(&facts.model.to_string()));
    let contenders: Vec<_> = eligible.iter().map(arm).collect();
    // The chance has 53 bits of its own, and the bandit makes its draws of them.
    smart_select::pick(&contenders, &plan.bandit, plan.chance.map(f64::to_bits), plan.turn)
}

/// The cheaper model that is good enough for the request; `None` = the first that is eligible.
fn by_cost<'a>(
    plan: &Plan<'a>,
    complexity: Option<Complexity>,
    default: &Facts<'a>,
    eligible: &[&Facts<'a>],
) -> (Option<&'a ModelRef>, &'static str) {
    let Some(complexity) = complexity else { return (None, "default") };
    let others: Vec<Offer<'a>> =
        eligible.iter().filter(|facts| facts.model != default.model).map(|facts| offer(facts)).collect();
    let cheapest = smart_cost::cheapest(&offer(default), &others, complexity.tier, plan.floor);
    let why = match complexity.tier {
        _ if cheapest.is_none() && others.len() == eligible.len() => "stand_in",
        Tier::Complex => "smart_cost_complex",
        _ if cheapest.is_none() => "smart_cost_default",
        Tier::Simple => "smart_cost_simple",
        Tier::Moderate => "smart_cost_moderate",
    };
    (cheapest, why)
}

/// Draws by weight; `None` where no eligible candidate has any.
fn weighted<'a>(chance: Option<f64>, eligible: &[&'a Facts<'a>]) -> Option<(&'a ModelRef, Vec<f64>)> {
    let total: u64 = eligible.iter().map(|facts| u64::from(facts.weight)).sum();
    if total == 0 {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "a sum of at most a few thousand u32 weights")]
    let total = total as f64;
    let shares: Vec<f64> = eligible.iter().map(|facts| f64::from(facts.weight) / total).collect();
    let Some(chance) = chance else {
        // The first of the heaviest: `max_by_key` would give the last.
        let heaviest = eligible.iter().rev().max_by_key(|facts| facts.weight)?;
        return Some((heaviest.model, shares));
    };
    let mut left = chance.clamp(0.0, 1.0);
    for (facts, share) in eligible.iter().zip(&shares) {
        left -= share;
        if left < 0.0 && *share > 0.0 {
            return Some((facts.model, shares));
        }
    }
    // Rounding can leave a sliver past the last share: it belongs to the last candidate with a weight.
    let last = eligible.iter().rev().find(|facts| facts.weight > 0)?;
    Some((last.model, shares))
}

/// The number that the strategy compared: the weight, the median in milliseconds, or the expected cost in micro-USD.
fn score(strategy: Strategy, facts: &Facts<'_>) -> Option<f64> {
    match strategy {
        Strategy::Weighted => Some(f64::from(facts.weight)),
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of one call")]
        Strategy::LatencyBased => facts.median_ms.map(|ms| ms as f64),
        #[expect(clippy::cast_precision_loss, reason = "micro-USD of one call")]
        Strategy::SmartCost => facts.expected_cost.map(|cost| cost.0 as f64),
        _ => None,
    }
}

/// Who serves if the winner fails: the fallback list; under `fallback` and `latency_based` the other
/// eligible candidates in their order; the default model last.
fn backups(plan: &Plan<'_>, default: &Facts<'_>, winner: &ModelRef, eligible: &[&Facts<'_>]) -> Vec<ModelRef> {
    let mut order: Vec<&ModelRef> = Vec::new();
    match plan.strategy {
        Strategy::Fallback => order.extend(eligible.iter().map(|facts| facts.model)),
        Strategy::LatencyBased => {
            let mut by_speed: Vec<_> = eligible.to_vec();
            by_speed.sort_by_key(|facts| facts.median_ms.unwrap_or(u64::MAX));
            order.extend(by_speed.iter().map(|facts| facts.model));
        }
        _ => {}
    }
    order.extend(plan.fallback);
    if !matches!(plan.strategy, Strategy::LegacyModel | Strategy::Passthrough) {
        order.push(default.model);
    }
    without(winner, order)
}

/// The models in this order, each once, but for the one that serves.
#[must_use]
pub fn without<'a>(winner: &ModelRef, order: impl IntoIterator<Item = &'a ModelRef>) -> Vec<ModelRef> {
    let mut backups: Vec<ModelRef> = Vec::new();
    for model in order {
        if model != winner && !backups.contains(model) {
            backups.push(model.clone());
        }
    }
    backups
}
