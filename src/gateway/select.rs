//! The stage that chooses: gathers the facts of this moment, makes a plan of them, and asks `routing`.
//!
//! Serving a request and foreseeing one share all of it. Only serving takes the route's turn, draws a chance
//! and gives the session its model.

use super::Gateway;
use super::draft::Draft;
use super::enrolment;
use super::learned::{self, Asked};
use super::operation::Operation;
use super::resolve::Wanted;
use crate::base::{Capabilities, ModelRef, TaskKind, Timestamp};
use crate::config::catalogue::Catalogue;
use crate::config::settings::{Bandit, Route, SmartSelect, Sticky};
use crate::config::{Config, PriorSource};
use crate::resource::constraints::Optimization;
use crate::resource::decision::Strategy;
use crate::resource::experiment::Shadowed;
use crate::routing::learn::Mode;
use crate::routing::smart_cost::{self, expected_cost};
use crate::routing::smart_select::{Algorithm, Settings};
use crate::routing::totals::Totals;
use crate::routing::{Choice, Facts, Needs, Plan, choose as choose_by_plan};
use crate::wire::quirks;
use rand::RngExt;
use std::sync::Arc;
use tokio::time::Instant;

/// What a choice is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A request that will be served by it.
    Serve,
    /// A dry run, which changes nothing: nothing is taken, drawn, kept or refreshed.
    Foresee,
}

/// What is known at this moment about one request's candidates.
struct Situation<'a> {
    /// The route that it goes by.
    route: Option<&'a Route>,
    /// The candidates, the default model first.
    facts: Vec<Facts<'a>>,
    /// What the request's complexity is made of, where the strategy asks.
    asked: Option<smart_cost::Asked>,
    /// What the route's calls came to, where the strategy asks.
    shown: Option<Arc<Totals>>,
    /// The model that the session has, where the route is sticky.
    held: Option<ModelRef>,
    /// Whether an operator has put the route back to its default model.
    pinned: bool,
    /// The floor: the route's own, or the org's where that is higher.
    floor: f64,
    /// What the org's optimiser must keep to.
    limits: Optimization,
    /// When the request came.
    now: Timestamp,
}

/// Notes the choice in the draft; the targets to call, in order.
pub(crate) fn choose(draft: &mut Draft, wanted: &Wanted, operation: &Operation, purpose: Purpose) -> Vec<ModelRef> {
    let gateway = Arc::clone(&draft.gateway);
    let config = Arc::clone(&draft.config);
    let situation = situation(&gateway, &config, draft, wanted, operation, purpose);
    let plan = plan(&gateway, &situation, draft.strategy, purpose);
    let needs = operation.needs();
    let tried = by_experiment(&gateway, &config, draft, operation);
    let holds = tried.is_none();
    let learned = tried.or_else(|| by_what_is_learned(&gateway, &situation, draft, operation, &needs, purpose));
    let Some(choice) = learned.or_else(|| choose_by_plan(&plan, &needs)) else { return Vec::new() };
    // A shadow run compares with its baseline: calls that go elsewhere are none of its own.
    let mirror = draft.enrolment.as_ref().and_then(|enrolment| enrolment.mirror.as_ref());
    if mirror.is_some_and(|mirror| mirror.baseline != choice.winner) {
        draft.enrolment = None;
    }
    // A canary's sessions stay with it by their assignment: when it ends, they are free at once.
    if purpose == Purpose::Serve && holds {
        hold(&gateway, &situation, draft, &choice);
    }
    let mut targets = vec![choice.winner.clone()];
    for backup in draft.labels.fallback.iter().chain(&choice.backups) {
        if !targets.contains(backup) {
            targets.push(backup.clone());
        }
    }
    draft.choice = Some(choice);
    targets
}

/// Gathers the facts.
fn situation<'a>(
    gateway: &Gateway,
    config: &'a Config,
    draft: &Draft,
    wanted: &'a Wanted,
    operation: &Operation,
    purpose: Purpose,
) -> Situation<'a> {
    let now = Instant::now();
    let models = wanted.models();
    let route: Option<&Route> = match wanted {
        Wanted::Route(route) => Some(route),
        Wanted::List(_) | Wanted::Model(_) => None,
    };
    let median = |model: &ModelRef| {
        let median = gateway.latency.p50(model)?;
        if operation.stream() { median.ttft_ms } else { median.total_ms }
    };
    let by_cost = draft.strategy == Strategy::SmartCost;
    let asked = if by_cost { operation.asked() } else { None };
    let kind = asked.map(|asked| operation.task_kind(asked.intent));
    let (input_tokens, max_output_tokens) = (operation.input_tokens(), operation.max_output_tokens());
    let limits = gateway.constraints(&draft.caller.org).optimization;
    let asks_for_shadows = route.filter(|_| limits.bounds_candidates());
    let known = gateway.learner.snapshot();
    let margin = limits.regression();
    let shadowed = |model: &ModelRef| {
        asks_for_shadows.map_or_else(Shadowed::default, |route| {
            known.shown(&draft.caller.org, &route.id, model, &route.default_model, margin)
        })
    };
    let facts = models
        .into_iter()
        .map(|model| (model, config.catalogue.get(model).map(|info| &**info)))
        .map(|(model, info)| Facts {
            model,
            info,
            provider: lacks(config, model),
            configured: config.providers.contains_key(&model.provider),
            can_be_told: operation.fits(config, model),
            circuit_open: gateway.breakers.is_open(model, now),
            median_ms: if draft.strategy == Strategy::LatencyBased { median(model) } else { None },
            weight: route.map_or(0, |route| weight(route, model)),
            expected_cost: info
                .filter(|_| by_cost)
                .and_then(|info| expected_cost(info, input_tokens, max_output_tokens)),
            prior_quality: kind.and_then(|kind| known_quality(&config.catalogue, model, kind)),
            shadowed: shadowed(model),
        })
        .collect();
    let (org, session) = (draft.caller.org.as_str(), &draft.place.session);
    let held = sticky(route).and_then(|route| match purpose {
        Purpose::Serve => gateway.sessions.model(org, session, &route.id),
        Purpose::Foresee => gateway.sessions.foreseen_model(org, session, &route.id),
    });
    let pinned = route.is_some_and(|route| gateway.is_pinned(&draft.caller.org, &route.id));
    let shown = route.filter(|_| matches!(draft.strategy, Strategy::SmartSelect | Strategy::SmartCost));
    let shown = shown.and_then(|route| known.totals(&draft.caller.org, &route.id).cloned());
    let floor = route.map_or(1.0, |route| limits.floor_of(route.quality_floor));
    Situation { route, facts, asked, shown, held, pinned, floor, limits, now: draft.created_at }
}

/// What the provider of this model cannot do.
fn lacks(config: &Config, model: &ModelRef) -> Capabilities {
    let provider = config.providers.get(&model.provider);
    provider.map(|provider| quirks::of_model(&provider.kind, &model.model).lacks(&model.model)).unwrap_or_default()
}

/// The choice for a session on the tried side of a canary. Where the candidate cannot serve this call, the call is none of
/// the experiment's.
fn by_experiment(gateway: &Gateway, config: &Config, draft: &mut Draft, operation: &Operation) -> Option<Choice> {
    let (model, share) = draft.enrolment.as_ref()?.canary.as_ref()?;
    let facts = Facts {
        model,
        info: config.catalogue.get(model).map(|info| &**info),
        provider: lacks(config, model),
        configured: config.providers.contains_key(&model.provider),
        can_be_told: operation.fits(config, model),
        circuit_open: gateway.breakers.is_open(model, Instant::now()),
        median_ms: None,
        weight: 0,
        expected_cost: None,
        prior_quality: None,
        shadowed: Shadowed::default(),
    };
    let choice = enrolment::choose(draft.route.as_deref()?, &facts, *share, &operation.needs());
    if choice.is_none() {
        draft.enrolment = None;
    }
    choice
}

/// The choice on a route that learns; `None` where the plan decides: the route does not learn, an operator has pinned
/// it, or this is no conversation.
fn by_what_is_learned(
    gateway: &Gateway,
    situation: &Situation<'_>,
    draft: &Draft,
    operation: &Operation,
    needs: &Needs,
    purpose: Purpose,
) -> Option<Choice> {
    let (Operation::Chat(request), Some(route)) = (operation, situation.route) else { return None };
    if draft.strategy != Strategy::FeedbackDriven || situation.pinned {
        return None;
    }
    let org = &draft.caller.org;
    let (view, mode, seed) = match purpose {
        Purpose::Serve => (gateway.learner.enter(org, &route.id)?, Mode::Live, rand::rng().random()),
        Purpose::Foresee => (gateway.learner.view(org, &route.id)?, Mode::Exploit, 0),
    };
    let asked = Asked {
        route,
        request,
        tag: draft.tag(),
        facts: &situation.facts,
        needs,
        held: situation.held.as_ref(),
        limits: &situation.limits,
        seed,
        mode,
        now: draft.created_at,
    };
    let choice = learned::choose(&asked, &view);
    if let (Purpose::Serve, Some(trace)) = (purpose, &choice.trace) {
        view.chose(trace.winner);
    }
    Some(choice)
}

/// What is believed of a model on such tasks, by the operator or by benchmarks of it or its family. What is believed of
/// its price alone is no reason to choose it for its price.
fn known_quality(catalogue: &Catalogue, model: &ModelRef, kind: TaskKind) -> Option<f64> {
    let prior = catalogue.prior(model, kind).filter(|prior| prior.source != PriorSource::PriceBand);
    prior.map(|prior| prior.mean)
}

/// Makes a plan of the facts.
fn plan<'a>(gateway: &Gateway, situation: &'a Situation<'a>, strategy: Strategy, purpose: Purpose) -> Plan<'a> {
    let route = situation.route;
    Plan {
        strategy,
        candidates: &situation.facts,
        fallback: route.map_or(&[], |route| &route.fallback),
        held: situation.held.as_ref(),
        pinned: situation.pinned,
        turn: route.map_or(0, |route| match purpose {
            Purpose::Serve => gateway.next_turn(&route.id),
            Purpose::Foresee => gateway.coming_turn(&route.id),
        }),
        chance: match purpose {
            Purpose::Serve => Some(rand::rng().random()),
            Purpose::Foresee => None,
        },
        asked: situation.asked.as_ref(),
        floor: situation.floor,
        bandit: bandit(route),
        shown: situation.shown.as_deref(),
        limits: Some(&situation.limits),
        now: situation.now,
    }
}

/// The bandit that the route's settings name.
fn bandit(route: Option<&Route>) -> Settings {
    let settings =
        route.map_or(SmartSelect { algorithm: Bandit::default(), min_samples: 0 }, |route| route.smart_select);
    Settings {
        algorithm: match settings.algorithm {
            Bandit::Thompson => Algorithm::Thompson,
            Bandit::EpsilonGreedy => Algorithm::EpsilonGreedy,
            Bandit::Ucb1 => Algorithm::Ucb1,
        },
        min_samples: u64::from(settings.min_samples),
    }
}

/// The route, where its sessions keep their model.
fn sticky(route: Option<&Route>) -> Option<&Route> {
    route.filter(|route| route.sticky == Sticky::Session && route.strategy != Strategy::Fallback)
}

/// Gives the session the model that was chosen for it.
fn hold(gateway: &Gateway, situation: &Situation<'_>, draft: &Draft, choice: &Choice) {
    if let Some(route) = sticky(situation.route)
        && situation.held.as_ref() != Some(&choice.winner)
    {
        gateway.sessions.hold(draft.caller.org.as_str(), &draft.place.session, &route.id, choice.winner.clone());
    }
}

fn weight(route: &Route, model: &ModelRef) -> u32 {
    route.weights.iter().find(|(weighted, _)| weighted == model).map_or(0, |(_, weight)| *weight)
}
