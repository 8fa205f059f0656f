//! The choice on a route that learns: what is known of the request meets what is known of the models.

use crate::base::{MicroUsd, ModelInfo, ModelRef, Timestamp};
use crate::config::settings::{Route, Sticky};
use crate::embedding;
use crate::learner::View;
use crate::resource::assessment::{Assessment, Evidence, FloorAccount, FloorSource, Phase, SwitchCost};
use crate::resource::constraints::Optimization;
use crate::resource::decision::{Candidate, FilterReason, Filtered, Reason, Target};
use crate::resource::experiment::Shadowed;
use crate::resource::trace::Part;
use crate::routing::confidence::{Basis as ConfidenceBasis, confidence};
use crate::routing::constraints::may_explore;
use crate::routing::learn::features::{Progress, Seen, TAIL, WORDS};
use crate::routing::learn::{ArmView, Ask, Basis, Estimate, Features, Mode, Price, Verdict};
use crate::routing::{Choice, Facts, Needs, gates, without};
use crate::wire::conversation::Role;
use crate::wire::tokens::rough;
use crate::wire::{ChatRequest, said};

/// Bytes of the last user turn that are looked at: 2,000 characters of any script.
const LOOKED_AT: usize = 8_000;

/// What a choice is made from, besides the state.
pub(crate) struct Asked<'a> {
    pub(crate) route: &'a Route,
    pub(crate) request: &'a ChatRequest,
    /// The caller's tag: its project, function or agent; empty = none.
    pub(crate) tag: &'a str,
    pub(crate) facts: &'a [Facts<'a>],
    pub(crate) needs: &'a Needs,
    /// The model that the session has: it keeps it while it can, and its provider has the prompt in its cache.
    pub(crate) held: Option<&'a ModelRef>,
    /// What the org's optimiser must keep to.
    pub(crate) limits: &'a Optimization,
    pub(crate) seed: u64,
    pub(crate) mode: Mode,
    pub(crate) now: Timestamp,
}

/// Chooses by what is learned.
pub(crate) fn choose(asked: &Asked<'_>, view: &View) -> Choice {
    let held = asked.held.and_then(|held| view.models.iter().position(|model| model == held));
    let gated: Vec<Option<FilterReason>> = asked.facts.iter().map(|facts| gates::refusal(facts, asked.needs)).collect();
    let goes_on_with = |refusals: &[Option<FilterReason>]| held.filter(|arm| refusals.get(*arm) == Some(&None));
    // Most calls of a session only go on: nothing needs to be priced for them.
    if let Some(arm) = goes_on_with(&gated).filter(|_| !asked.limits.bounds_candidates()) {
        return goes_on(asked, view, &gated, arm);
    }
    let prices: Vec<Option<Price>> = asked.facts.iter().map(|facts| facts.info.and_then(price)).collect();
    #[expect(clippy::cast_precision_loss, reason = "tokens of one request")]
    let estimate = Estimate {
        input: rough(asked.needs.text_bytes).max(1) as f64,
        most_output: asked.request.max_output_tokens().map(|tokens| tokens as f64),
        prices: &prices,
        warm: held,
    };
    let costs = view.scope.priced(&estimate);
    // What constraints forbid to rely on may still be tried, unless they forbid that too.
    let shadowed: Vec<Shadowed> = asked.facts.iter().map(|facts| facts.shadowed).collect();
    let bounds = view.scope.bounded(asked.limits, &costs, &shadowed, asked.now);
    let forbidden = bounds.iter().map(|bound| bound.filter(|reason| !may_explore(*reason)));
    let refusals: Vec<Option<FilterReason>> = gated.iter().zip(forbidden).map(|(gate, bound)| gate.or(bound)).collect();
    if let Some(arm) = goes_on_with(&refusals) {
        return goes_on(asked, view, &refusals, arm);
    }
    let eligible: Vec<bool> = refusals.iter().map(Option::is_none).collect();
    let features = features(asked);
    let confined: Vec<bool> = bounds.iter().map(|reason| reason.is_some_and(may_explore)).collect();
    let verdict = view.scope.decide(&Ask {
        features: &features,
        eligible: &eligible,
        confined: &confined,
        costs: &view.scope.relative_costs(&costs),
        seed: asked.seed,
        mode: asked.mode,
        pending: &view.pending(),
        now: asked.now,
    });
    // Who is held back and cannot even be tried now was refused by the constraint.
    let reasons: Vec<Option<FilterReason>> =
        refusals.iter().zip(&bounds).map(|(gate, bound)| gate.or(*bound)).collect();
    let mut choice = told(asked, view, &reasons, &costs, &verdict);
    choice.assessment.switch = moved(asked, view, &estimate, verdict.winner);
    choice.trace = Some(Box::new(verdict.trace));
    choice
}

/// What it costs that the session moves to another model: the first call there finds nothing in the provider's cache.
/// The price of the decision held it. `None` where the session had no model, or keeps it.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "tokens and micro-USD of one request")]
fn moved(asked: &Asked<'_>, view: &View, estimate: &Estimate<'_>, winner: usize) -> Option<SwitchCost> {
    let from = asked.held.filter(|held| view.models.get(winner) != Some(*held))?;
    let lost = estimate.input * view.scope.hit(winner);
    let price = estimate.prices.get(winner).copied().flatten();
    Some(SwitchCost {
        from: Target::from(from),
        lost_cached_tokens: lost.round() as u64,
        cost_micro_usd: price.map(|price| MicroUsd((lost * (price.input - price.cached)).round() as i64)),
    })
}

/// A session goes on with the model it has: a forced choice, so its propensity is one.
fn goes_on(asked: &Asked<'_>, view: &View, refusals: &[Option<FilterReason>], held: usize) -> Choice {
    let winner = view.models.get(held).unwrap_or(&asked.route.default_model).clone();
    let (mut candidates, mut filtered) = (Vec::new(), Vec::new());
    for (arm, (model, refused)) in view.models.iter().zip(refusals).enumerate() {
        let candidate = Candidate::plain(model, Some(if arm == held { 1.0 } else { 0.0 }));
        match refused {
            None => candidates.push(candidate),
            Some(reason) => filtered.push(Filtered { candidate, reason: *reason }),
        }
    }
    Choice {
        why: "sticky",
        reason: if candidates.len() == 1 { Reason::SingleCandidate } else { Reason::Dispatched },
        propensity: Some(1.0),
        backups: without(&winner, backups(asked.route)),
        assessment: Assessment {
            phase: Some(view.scope.phase()),
            weights: Some(view.scope.arm_weights(held).shares),
            ..Assessment::default()
        },
        candidates,
        filtered,
        winner,
        trace: None,
    }
}

/// The request as the router sees it.
fn features(asked: &Asked<'_>) -> Features {
    let said = said(asked.request.messages_json(), LOOKED_AT);
    let words = embedding::features::<WORDS>(embedding::tail(&said.last_user, TAIL));
    let shape = asked.request.shape();
    let answers = asked.request.prints().iter().filter(|print| print.role == Role::Assistant).count();
    let session = (asked.route.sticky == Sticky::Session).then(|| Progress {
        calls: u32::try_from(answers).unwrap_or(u32::MAX),
        tools: shape.tools,
        tokens: rough(shape.text_bytes),
        failed: said.tool_failed,
    });
    Features::of(&Seen {
        text: &said.last_user,
        characters: said.last_user_bytes,
        tag: asked.tag,
        embedding: Some(&words),
        session,
    })
}

/// Prices in micro-USD for one token.
#[expect(clippy::cast_precision_loss, reason = "a price is below 1e12 pico-USD")]
fn price(info: &ModelInfo) -> Option<Price> {
    let (input, output) = (info.prices.input?, info.prices.output?);
    let micro = |pico: u64| pico as f64 / 1e6;
    Some(Price {
        input: micro(input.0),
        cached: micro(info.prices.cache_read.unwrap_or(input).0),
        output: micro(output.0),
    })
}

/// The verdict in the words of the record.
fn told(
    asked: &Asked<'_>,
    view: &View,
    refusals: &[Option<FilterReason>],
    costs: &[Option<f64>],
    verdict: &Verdict,
) -> Choice {
    let (mut candidates, mut filtered) = (Vec::new(), Vec::new());
    for (arm, (model, seen)) in view.models.iter().zip(&verdict.arms).enumerate() {
        let candidate = candidate(model, seen, costs.get(arm).copied().flatten());
        let refusal = refusals.get(arm).copied().flatten();
        let refused = match seen.part {
            Part::Open => None,
            Part::Canary => refusal.filter(|_| seen.propensity <= 0.0),
            Part::Gated => Some(refusal.unwrap_or(FilterReason::ProviderNotConfigured)),
            // Nobody can say that it saves anything.
            Part::Unpriced => Some(FilterReason::ConstraintMaxCostIncrease),
            Part::Off => Some(FilterReason::QualityFloor),
        };
        match refused {
            None => candidates.push(candidate),
            Some(reason) => filtered.push(Filtered { candidate, reason }),
        }
    }
    let winner = view.models.get(verdict.winner).unwrap_or(&asked.route.default_model).clone();
    Choice {
        why: verdict.why.as_str(),
        reason: match candidates.len() {
            0 => Reason::AllCandidatesFiltered,
            1 => Reason::SingleCandidate,
            _ => Reason::Dispatched,
        },
        propensity: verdict.arms.get(verdict.winner).map(|arm| arm.propensity),
        backups: without(&winner, backups(asked.route)),
        assessment: assessment(view, verdict, candidates.len()),
        candidates,
        filtered,
        winner,
        trace: None,
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts and micro-USD of one call")]
fn candidate(model: &ModelRef, seen: &ArmView, cost: Option<f64>) -> Candidate {
    Candidate {
        target: Target::from(model),
        score: seen.score,
        quality: Some(seen.mean.clamp(0.0, 1.0)),
        quality_lower: Some(seen.lower.clamp(0.0, 1.0)),
        samples: Some(seen.samples.round() as u64),
        expected_cost_micro_usd: cost.map(|cost| MicroUsd(cost.round() as i64)),
        propensity: Some(seen.propensity),
    }
}

/// The route's fallback list, then the default model.
fn backups(route: &Route) -> impl Iterator<Item = &ModelRef> {
    route.fallback.iter().chain(std::iter::once(&route.default_model))
}

fn assessment(view: &View, verdict: &Verdict, candidates: usize) -> Assessment {
    let phase = view.scope.phase();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of ratings")]
    let samples = verdict.samples.round() as u64;
    // The scores are in units of the baseline's cost; what the formula wants is a difference of qualities.
    let gap = verdict.top2_gap.filter(|_| verdict.nu > 0.0).map(|gap| gap / verdict.nu);
    let sure = confidence(&ConfidenceBasis {
        candidates,
        gap_top2: gap,
        samples,
        variance: Some(verdict.variance),
        day0: phase == Phase::Day0,
        pooled: verdict.pooled,
    });
    let floor = &verdict.floor;
    Assessment {
        phase: Some(phase),
        weights: Some(view.scope.arm_weights(verdict.winner).shares),
        confidence: sure.value,
        confidence_reason: sure.reason,
        exploration_rate: Some(verdict.exploration_rate),
        used_shared_pool_prior: verdict.pooled,
        floor: Some(FloorAccount {
            floor: floor.floor,
            reference: floor.reference,
            source: match floor.basis {
                Basis::Rated => FloorSource::Ratings,
                Basis::Judged => FloorSource::Judge,
                Basis::Prior => FloorSource::Priors,
            },
            before: floor.before,
            after: floor.after,
            probability: floor.holds,
            forced: verdict.why == crate::resource::trace::Why::Guard,
        }),
        switch: None,
        evidence: Evidence {
            samples: Some(samples),
            top2_score_gap: gap,
            outcome_variance: Some(verdict.variance),
            recent_regressions: Some(u32::try_from(view.regressions.len()).unwrap_or(u32::MAX).into()),
            last_regression_at: view.regressions.last().map(|at| at.rounded_down(std::time::Duration::from_secs(300))),
        },
        ..Assessment::default()
    }
}
