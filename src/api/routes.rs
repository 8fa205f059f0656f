//! `GET /v1/routes`, `GET /v1/routes/{id}`, and pins.

use super::learned::Learned;
use super::{Answer, Request, not_found, ok};
use crate::base::{Code, OrgId, RouteId};
use crate::config::settings::Route;
use crate::gateway::Gateway;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::time::Instant;

/// A route with the state of its arms. What is learned is `null` where the route does not learn.
fn view(gateway: &Gateway, org: &OrgId, route: &Route) -> Value {
    let config = gateway.config();
    let now = Instant::now();
    let learned = gateway.learner.view(org, &route.id);
    let learned = learned.as_deref().map(|view| Learned::look(view, gateway.now()));
    let arms: Vec<Value> = route
        .models()
        .map(|model| {
            let info = config.catalogue.get(model);
            let median = gateway.latency.p50(model);
            let mut arm = json!({
                "provider": model.provider, "model": &*model.model,
                "is_default": *model == route.default_model,
                "configured": config.providers.contains_key(&model.provider),
                "circuit": gateway.breakers.state(model, now).as_str(),
                "weight": route.weights.iter().find(|(weighted, _)| weighted == model).map(|(_, weight)| weight),
                "p50_first_byte_ms": median.and_then(|median| median.ttft_ms),
                "p50_total_ms": median.and_then(|median| median.total_ms),
                "input_usd_per_mtok": info.and_then(|info| info.prices.input).map(|price| price.usd_per_mtok()),
                "output_usd_per_mtok": info.and_then(|info| info.prices.output).map(|price| price.usd_per_mtok()),
                "samples": null, "quality": null, "quality_lower": null, "share": null,
            });
            merge(&mut arm, learned.as_ref().and_then(|learned| learned.arm(&model.to_string())));
            arm
        })
        .collect();
    let mut view = json!({
        "id": route.id, "name": route.id, "strategy": route.strategy,
        "default_model": route.default_model.to_string(),
        "candidates": route.candidates.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "fallback": route.fallback.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "dimension_floors": route.dimension_floors.iter().copied().collect::<std::collections::BTreeMap<_, _>>(),
        "quality_floor": gateway.constraints(org).optimization.floor_of(route.quality_floor),
        "sticky": match route.sticky { crate::config::settings::Sticky::Session => "session", crate::config::settings::Sticky::Request => "request" },
        "pinned": gateway.is_pinned(org, &route.id),
        "arms": arms, "weights": null, "phase": null, "floor": null, "drift": null,
    });
    merge(&mut view, learned.map(|learned| learned.route()));
    view
}

/// Puts the members of one object into another.
fn merge(into: &mut Value, from: Option<Value>) {
    if let (Value::Object(into), Some(Value::Object(from))) = (into, from) {
        into.extend(from);
    }
}

fn find(request: &Request) -> Result<Arc<Route>, crate::base::ApiError> {
    if request.name.is_empty() || request.name.len() > crate::base::limits::MAX_LABEL_BYTES {
        return Err(crate::base::ApiError::new(Code::InvalidRouteId, "the route's name is empty or too long"));
    }
    let config = request.gateway.config();
    config.routes.iter().find(|route| route.id.as_str() == request.name).cloned().ok_or_else(not_found)
}

/// All routes.
pub(crate) async fn list(request: Request) -> Answer {
    let config = request.gateway.config();
    let items: Vec<Value> =
        config.routes.iter().map(|route| view(&request.gateway, &request.caller.org, route)).collect();
    ok(&json!({"items": items, "next_cursor": null, "has_more": false}))
}

/// One route.
pub(crate) async fn get(request: Request) -> Answer {
    let route = find(&request)?;
    ok(&view(&request.gateway, &request.caller.org, &route))
}

async fn set(request: Request, pinned: bool) -> Answer {
    let route = find(&request)?;
    let id: RouteId = route.id.clone();
    let (gateway, org) = (request.gateway, request.caller.org);
    gateway.store.pin(org.clone(), id, pinned).await.map_err(crate::store::Error::into_api_error)?;
    gateway.refresh_pins().map_err(crate::store::Error::into_api_error)?;
    ok(&view(&gateway, &org, &route))
}

/// Puts a route back to its default model.
pub(crate) async fn pin(request: Request) -> Answer {
    set(request, true).await
}

/// Frees a route.
pub(crate) async fn unpin(request: Request) -> Answer {
    set(request, false).await
}
