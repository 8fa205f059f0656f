//! The stage that chooses: gathers the facts of this moment and asks `routing`.

use super::operation::Operation;
use super::record::Draft;
use super::resolve::Wanted;
use crate::base::ModelRef;
use crate::config::settings::{Route, Sticky};
use crate::resource::decision::Strategy;
use crate::routing::{Facts, Plan, choose as choose_by_plan};
use rand::RngExt;
use tokio::time::Instant;

/// Notes the choice in the draft; the targets to call, in order.
pub(crate) fn choose(draft: &mut Draft, wanted: &Wanted, operation: &Operation) -> Vec<ModelRef> {
    let gateway = std::sync::Arc::clone(&draft.gateway);
    let config = std::sync::Arc::clone(&draft.config);
    let now = Instant::now();
    let (models, route): (Vec<&ModelRef>, Option<&Route>) = match wanted {
        Wanted::Route(route) => (route.models().collect(), Some(route)),
        Wanted::List(models) => (models.iter().collect(), None),
        Wanted::Model(model) => (vec![model], None),
    };
    let infos: Vec<_> = models.iter().map(|model| config.catalogue.get(model)).collect();
    let facts: Vec<Facts<'_>> = models
        .iter()
        .zip(&infos)
        .map(|(model, info)| Facts {
            model,
            info: info.map(|info| &**info),
            configured: config.providers.contains_key(&model.provider),
            circuit_open: gateway.breakers.is_open(model, now),
            median_ms: if draft.strategy == Strategy::LatencyBased {
                gateway.latency.p50(model).and_then(
                    |median| {
                        if operation.stream() { median.ttft_ms } else { median.total_ms }
                    },
                )
            } else {
                None
            },
            weight: route.map_or(0, |route| weight(route, model)),
        })
        .collect();
    let org = draft.caller.org.as_str();
    let sticky = route.filter(|route| route.sticky == Sticky::Session && route.strategy != Strategy::Fallback);
    let held = sticky.and_then(|route| gateway.sessions.model(org, &draft.place.session, &route.id));
    let plan = Plan {
        strategy: draft.strategy,
        candidates: &facts,
        fallback: route.map_or(&[], |route| &route.fallback),
        held: held.as_ref(),
        pinned: route.is_some_and(|route| gateway.is_pinned(&draft.caller.org, &route.id)),
        turn: route.map_or(0, |route| gateway.next_turn(&route.id)),
        chance: rand::rng().random(),
    };
    let Some(choice) = choose_by_plan(&plan, &operation.needs()) else { return Vec::new() };
    if let Some(route) = sticky
        && held.as_ref() != Some(&choice.winner)
    {
        gateway.sessions.hold(org, &draft.place.session, &route.id, choice.winner.clone());
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

fn weight(route: &Route, model: &ModelRef) -> u32 {
    route.weights.iter().find(|(weighted, _)| weighted == model).map_or(0, |(_, weight)| *weight)
}
