//! What one entry of the log teaches.
//!
//! Everything comes from the log: the entry itself, and for an outcome the decisions of its session that
//! stand before it. So the same log gives the same state, whenever and however often it is read.

use super::pool::contribute;
use super::state::{Ground, Learned, OrgState};
use crate::base::{OrgId, RequestId, RouteId, Timestamp};
use crate::resource::assessment::Scores as Given;
use crate::resource::decision::{Decision, Status, Target};
use crate::resource::trace::Why;
use crate::resource::{Feedback, Judged, Rating};
use crate::routing::learn::anchor::Anchor;
use crate::routing::learn::features::EMBEDDED;
use crate::routing::learn::{Change, Features, Observation, Scores, Served, Share, Source, Spent, Value};
use crate::store::{Error, LogEntry, Logged, Store};
use std::collections::{BTreeMap, BTreeSet};
use xxhash_rust::xxh3::xxh3_64;

/// An answer with a composite score below this is as bad as none: empty, cut off, or not what was asked for at all.
const WORTHLESS: f64 = 20.0;

/// Whose log is read, and under which configuration.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading<'a> {
    pub(super) ground: Ground<'a>,
    /// Routes with several models: their calls are summed.
    pub(super) several: &'a BTreeSet<RouteId>,
    pub(super) store: &'a Store,
    pub(super) org: &'a OrgId,
    /// When this process began: choices from before it are in nobody's tally.
    pub(super) started: Timestamp,
}

/// Takes one entry in.
pub(super) fn fold(state: &mut OrgState, reading: &Reading<'_>, entry: &LogEntry) -> Result<(), Error> {
    match &entry.what {
        Logged::Decision(decision) => {
            served(state, reading, decision);
            state.tried(decision);
            if let Some(route) = decision.route.as_ref().filter(|route| reading.several.contains(*route)) {
                state.totals(route).fold(decision, decision.heuristics.as_ref());
            }
        }
        Logged::Feedback(feedback) => session_rated(state, reading, feedback, entry.sequence)?,
        Logged::Rating(rating) => rated_by_hand(state, reading, rating, entry.sequence)?,
        Logged::Judged(judgement) => judged(state, reading, judgement, entry.sequence)?,
        Logged::Constraints(changed) => {
            state.floor = changed.new.optimization.quality_floor;
            state.configure(reading.ground);
        }
        Logged::Priors(changed) => {
            state.pooling = Some(changed.new.pooling);
            state.has_left |= !changed.new.pooling;
            state.configure(reading.ground);
        }
        Logged::Experiment(experiment) => state.experiment(experiment),
        Logged::Evaluation(evaluated) => state.evaluation(evaluated),
        Logged::Pin { route, pinned: false } => state.restore(route),
        Logged::Pin { pinned: true, .. } | Logged::Other(_) => {}
    }
    state.sequence = entry.sequence;
    Ok(())
}

fn name(target: &Target) -> String {
    format!("{}/{}", target.provider, target.model)
}

/// The features of a fresh choice, as its record holds them; those of another version say nothing here.
fn features(decision: &Decision) -> Option<Features> {
    let trace = decision.trace.as_deref()?;
    if trace.features != EMBEDDED {
        return Some(Features::constant());
    }
    Some(Features { version: trace.features, values: trace.phi.clone() })
}

#[expect(clippy::cast_precision_loss, reason = "tokens and micro-USD of one call")]
fn spent(decision: &Decision) -> Spent {
    let outcome = &decision.outcome;
    Spent {
        cost: outcome.cost_micro_usd.map(|cost| cost.0 as f64),
        input: outcome.input_tokens.unwrap_or(0) as f64,
        cached: outcome.cached_input_tokens.unwrap_or(0) as f64,
        output: outcome.output_tokens.unwrap_or(0) as f64,
    }
}

/// Whether the answer was no answer.
fn failed(decision: &Decision) -> bool {
    decision.outcome.status == Status::Error
        || decision.served != decision.winner
        || decision.heuristics.is_some_and(|scores| scores.composite < WORTHLESS)
}

/// A request was served: it moves the mix, the costs and the technical tests.
fn served(state: &mut OrgState, reading: &Reading<'_>, decision: &Decision) {
    let Some((route, winner)) = decision.route.as_ref().zip(decision.winner.as_ref()) else { return };
    let Some(learned) = state.scope(reading.ground, route) else { return };
    let Some(arm) = learned.scope.place(&name(winner)) else { return };
    let own = decision.served == decision.winner;
    let spent = if own { spent(decision) } else { Spent::default() };
    let changes = match (features(decision), &decision.trace) {
        (Some(features), Some(trace)) => {
            if decision.created_at >= reading.started {
                learned.has_seen(arm, decision.config_generation);
            }
            let costs: Vec<Option<f64>> = trace.cost.iter().map(|cost| cost.map(f64::from)).collect();
            learned.scope.served(&Served {
                arm,
                costs: &costs,
                features: &features,
                spent,
                proposed: decision.assessment.floor.map(|floor| floor.after),
                holdout: trace.why == Why::Holdout,
                failed: failed(decision),
                at: decision.created_at,
            })
        }
        // A session goes on with the arm it has: a cost, and no choice.
        _ => {
            learned.scope.continued(arm, &spent);
            Vec::new()
        }
    };
    learned.note(reading.org, route, &changes, decision.created_at);
}

/// A session's part on one route.
struct Part {
    features: Features,
    shares: Vec<Share>,
    served_at: Timestamp,
}

/// The parts of a session by route: each arm's share of the output tokens, or of the calls where tokens are not
/// known of all of them.
fn parts(learned: &BTreeMap<RouteId, Learned>, decisions: &[Decision]) -> BTreeMap<RouteId, Part> {
    let mut parts: BTreeMap<RouteId, Part> = BTreeMap::new();
    let counted = decisions.iter().all(|decision| decision.outcome.output_tokens.is_some_and(|tokens| tokens > 0));
    for decision in decisions {
        let Some((route, served)) = decision.route.as_ref().zip(decision.served.as_ref()) else { continue };
        let Some(arm) = learned.get(route).and_then(|learned| learned.scope.place(&name(served))) else { continue };
        let part = parts.entry(route.clone()).or_insert_with(|| Part {
            features: features(decision).unwrap_or_else(Features::constant),
            shares: Vec::new(),
            served_at: decision.created_at,
        });
        #[expect(clippy::cast_precision_loss, reason = "tokens of one call")]
        let size = if counted { decision.outcome.output_tokens.unwrap_or(0) as f64 } else { 1.0 };
        // Who takes over from a failed model starts from a bad state: that says little about its level.
        let rescue = decision.served != decision.winner;
        match part.shares.iter_mut().find(|share| share.arm == arm && share.rescue == rescue) {
            Some(share) => share.part += size,
            None => part.shares.push(Share { arm, part: size, rescue }),
        }
    }
    for part in parts.values_mut() {
        let total: f64 = part.shares.iter().map(|share| share.part).sum();
        part.shares.iter_mut().for_each(|share| share.part /= total);
    }
    parts
}

/// A session, or one request, was rated by the application.
fn session_rated(state: &mut OrgState, reading: &Reading<'_>, feedback: &Feedback, sequence: u64) -> Result<(), Error> {
    let session = feedback.session_id.as_str();
    let mut decisions = reading.store.session_decisions(reading.org, session, sequence)?;
    let mut origin = xxh3_64(session.as_bytes());
    if let Some(id) = feedback.request_id {
        decisions.retain(|decision| decision.request_id == id);
        origin = xxh3_64(id.as_bytes());
    }
    let whole = decisions.len();
    let scores = scores_of(reading, &decisions, sequence)?;
    state.tried_and_rated(&decisions, feedback.score);
    rate_totals(state, reading, &decisions, feedback.score / 10.0, feedback.created_at);
    for (route, part) in parts(&state.scopes, &decisions) {
        let Some(learned) = state.scope(reading.ground, &route) else { continue };
        let calls = decisions.iter().filter(|decision| decision.route.as_ref() == Some(&route)).count();
        #[expect(clippy::cast_precision_loss, reason = "calls of one session")]
        let weight = calls as f64 / whole.max(1) as f64;
        let heard = Observation {
            source: Source::Session,
            shares: &part.shares,
            features: &part.features,
            value: Value::Rating(feedback.score),
            weight,
            served_at: part.served_at,
            at: feedback.created_at,
            origin,
            key: feedback.key_id.as_ref().map(|key| xxh3_64(key.as_str().as_bytes())),
            judge: scores,
        };
        let changes = learned.scope.observe(&heard);
        learned.note(reading.org, &route, &changes, feedback.created_at);
        // A session of several models tells the pool of the one that did most of it.
        let most = part.shares.iter().find(|share| share.part > 0.5).map(|share| share.arm);
        let most = most.and_then(|arm| Some(learned.scope.arms().nth(arm)?.name.clone()));
        if let Some(model) = most.filter(|_| teaches(&changes)) {
            contribute(state, reading.ground.config, &model, None, Anchor::default().quality(feedback.score));
        }
    }
    Ok(())
}

/// Whether an observation has been taken in.
fn teaches(changes: &[Change]) -> bool {
    !changes.iter().any(|change| matches!(change, Change::Repeat | Change::Refused | Change::Held))
}

/// A rating (0..1) of these decisions, for the sums of their routes: once for each model.
fn rate_totals(state: &mut OrgState, reading: &Reading<'_>, decisions: &[Decision], rating: f64, at: Timestamp) {
    let mut rated = BTreeSet::new();
    for decision in decisions {
        let Some((route, served)) = decision.route.as_ref().zip(decision.served.as_ref()) else { continue };
        if reading.several.contains(route) && rated.insert((route, name(served))) {
            state.totals(route).rate(served, rating, at);
        }
    }
}

/// What the judge said of a session's calls, their mean by output tokens; `None` where it was asked of none of them.
fn scores_of(reading: &Reading<'_>, decisions: &[Decision], before: u64) -> Result<Option<Scores>, Error> {
    let mut sum = [0.0; 4];
    let mut total = 0.0;
    for decision in decisions {
        let Some(judgement) = reading.store.judgement(reading.org, decision.request_id, before)? else { continue };
        #[expect(clippy::cast_precision_loss, reason = "tokens of one call")]
        let size = decision.outcome.output_tokens.unwrap_or(1).max(1) as f64;
        let scores = blended(decision, &judgement.scores);
        for (sum, (_, score)) in sum.iter_mut().zip(scores.dimensions()) {
            *sum += size * score / 100.0;
        }
        total += size;
    }
    Ok((total > 0.0).then(|| Scores(sum.map(|sum| Some(sum / total)))))
}

fn blended(decision: &Decision, judged: &Given) -> Given {
    decision.heuristics.map_or(*judged, |heuristics| heuristics.blended(judged))
}

/// The org's decision.
fn decided(reading: &Reading<'_>, id: RequestId) -> Result<Option<Decision>, Error> {
    Ok(reading.store.decision(reading.org, id)?.map(|stored| stored.decision))
}

/// The arm of a decision on a route that learns.
fn arm_of(state: &mut OrgState, reading: &Reading<'_>, decision: &Decision) -> Option<usize> {
    let (route, served) = decision.route.as_ref().zip(decision.served.as_ref())?;
    state.scope(reading.ground, route)?.scope.place(&name(served))
}

/// The features under which a decision's arm was chosen: its own, or those of its session's beginning.
fn context(reading: &Reading<'_>, decision: &Decision, sequence: u64) -> Result<(Features, usize), Error> {
    if let Some(features) = features(decision) {
        return Ok((features, 0));
    }
    let session = decision.session_id.as_str();
    let decisions = reading.store.session_decisions(reading.org, session, sequence)?;
    let before = decisions.iter().take_while(|earlier| earlier.request_id != decision.request_id).count();
    let first = decisions.iter().find(|earlier| earlier.route == decision.route && earlier.trace.is_some());
    Ok((first.and_then(features).unwrap_or_else(Features::constant), before))
}

/// A person has rated a decision. The last word counts: a correction takes the place of what was said before.
fn rated_by_hand(state: &mut OrgState, reading: &Reading<'_>, rating: &Rating, sequence: u64) -> Result<(), Error> {
    let Some(decision) = decided(reading, rating.request_id)? else { return Ok(()) };
    let Some(arm) = arm_of(state, reading, &decision) else { return Ok(()) };
    let (features, _) = context(reading, &decision, sequence)?;
    let heard = Observation {
        source: Source::Manual,
        shares: &[Share::whole(arm)],
        features: &features,
        value: Value::Quality(rating.score / 100.0),
        weight: 1.0,
        served_at: decision.created_at,
        at: rating.created_at,
        origin: xxh3_64(rating.request_id.as_bytes()),
        key: None,
        judge: None,
    };
    teach(state, reading, &decision, &heard);
    Ok(())
}

/// The judge has scored a decision. The calls of a session count less the later they come, so that a long session does
/// not count once for each of its calls.
fn judged(state: &mut OrgState, reading: &Reading<'_>, judgement: &Judged, sequence: u64) -> Result<(), Error> {
    let Some(decision) = decided(reading, judgement.request_id)? else { return Ok(()) };
    let scores = blended(&decision, &judgement.scores);
    state.tried_and_judged(&decision, scores.composite / 100.0);
    let Some(arm) = arm_of(state, reading, &decision) else { return Ok(()) };
    let (features, before) = context(reading, &decision, sequence)?;
    #[expect(clippy::cast_precision_loss, reason = "calls of one session")]
    let weight = 1.0 / (before + 1) as f64;
    let heard = Observation {
        source: Source::Judge,
        shares: &[Share::whole(arm)],
        features: &features,
        value: Value::Scores(Scores(scores.dimensions().map(|(_, score)| Some(score / 100.0)))),
        weight,
        served_at: decision.created_at,
        at: judgement.created_at,
        origin: xxh3_64(judgement.request_id.as_bytes()),
        key: None,
        judge: None,
    };
    teach(state, reading, &decision, &heard);
    let floors = decision.route.as_ref().and_then(|route| state.scopes.get(route));
    let floors: Vec<String> =
        floors.map(|learned| learned.scope.dimensions().map(str::to_owned).collect()).unwrap_or_default();
    for (place, floor) in floors.iter().enumerate() {
        if let Some((_, score)) = scores.dimensions().into_iter().find(|(dimension, _)| dimension == floor) {
            let value = Value::Quality(score / 100.0);
            teach(state, reading, &decision, &Observation { source: Source::Dimension(place), value, ..heard });
        }
    }
    Ok(())
}

fn teach(state: &mut OrgState, reading: &Reading<'_>, decision: &Decision, heard: &Observation<'_>) {
    let Some(route) = &decision.route else { return };
    let Some(learned) = state.scope(reading.ground, route) else { return };
    let changes = learned.scope.observe(heard);
    learned.note(reading.org, route, &changes, heard.at);
    let quality = match heard.value {
        Value::Quality(quality) if heard.source == Source::Manual => Some(quality),
        Value::Scores(scores) => scores.composite(),
        Value::Quality(_) | Value::Rating(_) => None,
    };
    let Some((quality, served)) = quality.zip(decision.served.as_ref()).filter(|_| teaches(&changes)) else { return };
    let before = changes.iter().find_map(|change| match change {
        Change::Corrected { from } => Some(*from),
        _ => None,
    });
    contribute(state, reading.ground.config, &name(served), before, quality);
}
