//! `/v1/experiments`: try another model or other rules on a share of a route's sessions.

use super::input::{Query, object, one_of, unknown, within};
use super::{Answer, Request, blocking, json, not_found, ok};
use crate::base::{ApiError, Code, ExperimentId, ModelRef, RequestId, RouteId, Timestamp};
use crate::config::Config;
use crate::config::settings::Route;
use crate::gateway::Gateway;
use crate::resource::constraints::Optimization;
use crate::resource::decision::Target;
use crate::resource::experiment::{DecidedBy, ENOUGH_COPIES, Experiment, ExperimentKind, ExperimentStatus, Shadowed};
use http::StatusCode;
use serde_json::{Map, Value};
use std::sync::Arc;

/// What a header has to say before sessions are moved.
pub(crate) const CONFIRM: (&str, &str) = ("x-floopy-confirm", "experiments");
const MOST_BYTES: usize = 8 << 10;
const MOST_TEXT: usize = 1_000;
/// Share of the sessions that get B where nothing is said, percent.
const SPLIT: f64 = 50.0;
const CANARY: f64 = 5.0;
const SHADOW: f64 = 10.0;
const SPLIT_KEYS: &[&str] =
    &["name", "description", "variant_a_routing_rule_id", "variant_b_routing_rule_id", "split_percentage"];
const CANARY_KEYS: &[&str] =
    &["name", "description", "type", "route", "baseline", "candidate", "traffic_pct", "auto_rollback", "auto_promote"];

fn bad(key: &str, message: impl Into<String>) -> ApiError {
    ApiError::new(Code::InvalidRequest, message).param(key)
}

/// Moving sessions asks for a header that is not sent by mistake.
fn confirmed(request: &Request) -> Result<(), ApiError> {
    let said = request.headers.get(CONFIRM.0).and_then(|value| value.to_str().ok());
    if said == Some(CONFIRM.1) {
        return Ok(());
    }
    let message = "this changes who serves live sessions: send the header X-Floopy-Confirm: experiments with it";
    Err(ApiError::new(Code::ConfirmationRequired, message))
}

/// A body's members.
struct Body<'a>(&'a Map<String, Value>);

impl<'a> Body<'a> {
    fn get(&self, key: &str) -> Option<&'a Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    fn text(&self, key: &str) -> Result<Option<&'a str>, ApiError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let text = value.as_str().filter(|text| !text.is_empty() && text.len() <= MOST_TEXT);
        text.map(Some).ok_or_else(|| bad(key, format!("{key} takes a text of 1 to {MOST_TEXT} bytes")))
    }

    fn needed(&self, key: &str) -> Result<&'a str, ApiError> {
        self.text(key)?.ok_or_else(|| bad(key, format!("{key} is missing")))
    }

    fn flag(&self, key: &str, usual: bool) -> Result<bool, ApiError> {
        let Some(value) = self.get(key) else { return Ok(usual) };
        value.as_bool().ok_or_else(|| bad(key, format!("{key} takes true or false")))
    }

    fn percent(&self, key: &str, usual: f64, range: std::ops::RangeInclusive<f64>) -> Result<f64, ApiError> {
        let Some(value) = self.get(key) else { return Ok(usual) };
        let takes = || bad(key, format!("{key} takes a number from {} to {}", range.start(), range.end()));
        within(key, value.as_f64().ok_or_else(takes)?, range.clone())
    }

    /// `{provider, model}`, or `provider/model`.
    fn model(&self, key: &str) -> Result<Option<ModelRef>, ApiError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let takes = || bad(key, format!("{key} takes {{\"provider\": …, \"model\": …}} or \"provider/model\""));
        let part = |name: &str| value.get(name).and_then(Value::as_str).filter(|part| !part.is_empty());
        let model = match value {
            Value::String(text) => ModelRef::parse(text),
            _ => part("provider").zip(part("model")).map(|(provider, model)| ModelRef::new(provider, model)),
        };
        model.map(Some).ok_or_else(takes)
    }
}

fn route<'a>(config: &'a Config, key: &str, name: &str) -> Result<&'a Arc<Route>, ApiError> {
    config.routes.iter().find(|route| route.id.as_str() == name).ok_or_else(|| {
        ApiError::new(Code::InvalidRouteId, format!("{key}: no route is called {name:?}; see GET /v1/routes"))
            .param(key)
    })
}

/// An experiment as a body asks for it.
fn asked(
    object: &Map<String, Value>,
    config: &Config,
    limits: &Optimization,
    shown: impl Fn(&Route, &ModelRef) -> Shadowed,
    now: Timestamp,
) -> Result<Experiment, ApiError> {
    let is_split = object.contains_key("variant_a_routing_rule_id") || object.contains_key("variant_b_routing_rule_id");
    let known = if is_split { SPLIT_KEYS } else { CANARY_KEYS };
    if let Some(key) = object.keys().find(|key| !known.contains(&key.as_str())) {
        return Err(unknown("key", key, known));
    }
    let body = Body(object);
    let floor = |route: &Route| limits.floor_of(route.quality_floor);
    let mut experiment = if is_split {
        let a = route(config, "variant_a_routing_rule_id", body.needed("variant_a_routing_rule_id")?)?;
        let b = route(config, "variant_b_routing_rule_id", body.needed("variant_b_routing_rule_id")?)?;
        if a.id == b.id {
            return Err(bad(
                "variant_b_routing_rule_id",
                "both variants are the same route: nothing would be compared",
            ));
        }
        Experiment {
            name: body.needed("name")?.to_owned(),
            kind: ExperimentKind::Split,
            variant_b_routing_rule_id: b.id.to_string(),
            candidate: Target::from(&b.default_model),
            auto_rollback: true,
            auto_promote: false,
            ..blank(a, floor(a), now)
        }
    } else {
        let kind = body.needed("type")?;
        let kind = match kind {
            "canary" => ExperimentKind::Canary,
            "shadow" => ExperimentKind::Shadow,
            _ => {
                let message = "type takes canary or shadow; for a split between two routes send \
                               variant_a_routing_rule_id and variant_b_routing_rule_id instead";
                return Err(bad("type", message));
            }
        };
        let on = route(config, "route", body.needed("route")?)?;
        let candidate = body.model("candidate")?.ok_or_else(|| bad("candidate", "candidate is missing"))?;
        if !config.providers.contains_key(&candidate.provider) {
            let message = format!("no provider {:?} is configured", candidate.provider.as_str());
            return Err(ApiError::new(Code::ModelNotFound, message).param("candidate"));
        }
        let baseline = body.model("baseline")?.unwrap_or_else(|| on.default_model.clone());
        if baseline == candidate {
            return Err(bad("candidate", "candidate and baseline are the same model: nothing would be compared"));
        }
        let shown = shown(on, &candidate);
        let is_live = kind == ExperimentKind::Canary;
        if is_live && limits.require_shadow_before_live == Some(true) && !shown.ran {
            let message = format!(
                "require_shadow_before_live: {candidate} has no completed shadow run of at least {ENOUGH_COPIES} copies on \
                 {}; begin one with \"type\": \"shadow\"",
                on.id
            );
            return Err(ApiError::new(Code::Conflict, message).param("require_shadow_before_live"));
        }
        let experiment = Experiment {
            name: body.text("name")?.map_or_else(|| format!("{candidate} on {}", on.id), str::to_owned),
            kind,
            variant_b_routing_rule_id: candidate.to_string(),
            baseline: Target::from(&baseline),
            candidate: Target::from(&candidate),
            auto_rollback: body.flag("auto_rollback", true)?,
            auto_promote: body.flag("auto_promote", false)?,
            ..blank(on, floor(on), now)
        };
        if is_live && !shown.fine {
            is_within_cost_drop(
                config,
                limits,
                &candidate,
                &baseline,
                body.percent("traffic_pct", CANARY, 0.0..=100.0)?,
            )?;
        }
        experiment
    };
    experiment.description = body.text("description")?.map(str::to_owned);
    experiment.set_traffic(match experiment.kind {
        ExperimentKind::Split => body.percent("split_percentage", SPLIT, 1.0..=99.0)?,
        ExperimentKind::Canary => body.percent("traffic_pct", CANARY, 0.0..=100.0)?,
        ExperimentKind::Shadow => body.percent("traffic_pct", SHADOW, 0.0..=100.0)?,
    });
    Ok(experiment)
}

/// A much cheaper model that nothing has validated may be tried on a small share only.
fn is_within_cost_drop(
    config: &Config,
    limits: &Optimization,
    candidate: &ModelRef,
    baseline: &ModelRef,
    percent: f64,
) -> Result<(), ApiError> {
    let Some(most) = limits.max_cost_drop_without_validation.filter(|_| percent > CANARY) else { return Ok(()) };
    let price = |model: &ModelRef| {
        let prices = &config.catalogue.get(model)?.prices;
        #[expect(clippy::cast_precision_loss, reason = "a price is below 1e12 pico-USD")]
        Some((prices.input?.0 + prices.output?.0) as f64)
    };
    let drop = price(candidate).zip(price(baseline)).map(|(own, base)| 1.0 - own / base);
    if drop.is_some_and(|drop| drop <= most) {
        return Ok(());
    }
    let message = format!(
        "max_cost_drop_without_validation is {most}, and {candidate} is cheaper than that (or of unknown price) and was not \
         validated: begin with a traffic_pct of at most {CANARY}"
    );
    Err(ApiError::new(Code::Conflict, message).param("traffic_pct"))
}

fn blank(route: &Route, quality_floor: f64, now: Timestamp) -> Experiment {
    Experiment {
        id: ExperimentId::from(format!("exp_{}", RequestId::draw(now))),
        name: String::new(),
        description: None,
        kind: ExperimentKind::Split,
        status: ExperimentStatus::Active,
        route: route.id.clone(),
        variant_a_routing_rule_id: route.id.to_string(),
        variant_b_routing_rule_id: String::new(),
        traffic_pct: 0.0,
        split_percentage: 0,
        baseline: Target::from(&route.default_model),
        candidate: Target::from(&route.default_model),
        auto_rollback: true,
        auto_promote: false,
        quality_floor,
        created_at: now,
        rolled_back_at: None,
        completed_at: None,
        steps: Vec::new(),
    }
}

/// What was written is in force before its writer is told.
async fn in_force(gateway: &Gateway) -> Result<(), ApiError> {
    let learner = gateway.learner.clone();
    blocking(move || learner.catch_up()).await
}

/// Begins an experiment.
pub(crate) async fn create(request: Request) -> Answer {
    confirmed(&request)?;
    let object = object(&request.body, MOST_BYTES)?;
    let Request { gateway, caller, .. } = request;
    let limits = gateway.constraints(&caller.org).optimization;
    let known = gateway.learner.snapshot();
    let shown = |route: &Route, model: &ModelRef| {
        known.shown(&caller.org, &route.id, model, &route.default_model, limits.regression())
    };
    let experiment = asked(&object, &gateway.config(), &limits, shown, gateway.now())?;
    let route: RouteId = experiment.route.clone();
    let begun = gateway.store.begin_experiment(caller.org, experiment).await;
    let begun = begun.map_err(|error| match error {
        crate::store::Error::Conflict => {
            let message =
                format!("an experiment runs on the route {route:?} already: complete it or roll it back first");
            ApiError::new(Code::Conflict, message)
        }
        error => error.into_api_error(),
    })?;
    in_force(&gateway).await?;
    json(StatusCode::CREATED, &begun)
}

/// A page of experiments, the latest first.
pub(crate) async fn list(request: Request) -> Answer {
    let query = Query::read(request.query.as_deref(), &["status", "from", "to", "limit", "cursor"])?;
    let time = "an RFC 3339 time such as 2026-01-31T08:00:00Z";
    let (from, to): (Option<Timestamp>, Option<Timestamp>) = (query.value("from", time)?, query.value("to", time)?);
    // Nothing rests as a draft: who asks for drafts sees none.
    let words = ["draft", "active", "completed", "rolled_back"];
    let status = query.text("status").map(|text| one_of("status", text, words, |word| word)).transpose()?;
    let limit = query.limit()?;
    let cursor = query.text("cursor").map(str::to_owned);
    let (store, org) = (request.gateway.store.clone(), request.caller.org);
    let wanted = move |experiment: &Experiment| {
        status.is_none_or(|status| experiment.status.as_str() == status)
            && from.is_none_or(|from| experiment.created_at >= from)
            && to.is_none_or(|to| experiment.created_at < to)
    };
    ok(&blocking(move || store.experiment_page(&org, limit, cursor.as_deref(), wanted)).await?)
}

async fn find(request: &Request) -> Result<Experiment, ApiError> {
    if request.name.len() > crate::base::limits::MAX_LABEL_BYTES {
        return Err(ApiError::new(Code::InvalidExperimentId, "an experiment's id is shorter than that"));
    }
    let (store, org, id) = (request.gateway.store.clone(), request.caller.org.clone(), request.name.clone());
    blocking(move || store.experiment(&org, &id)).await?.ok_or_else(not_found)
}

/// One experiment.
pub(crate) async fn get(request: Request) -> Answer {
    ok(&find(&request).await?)
}

/// How it stands; an ended one as it stood at its end.
pub(crate) async fn results(request: Request) -> Answer {
    let experiment = find(&request).await?;
    if let Some(ended) = experiment.final_results() {
        return ok(ended);
    }
    let known = request.gateway.learner.snapshot();
    let running = known.trials(&request.caller.org).iter().find(|running| running.experiment.id == experiment.id);
    let trial = running.map(|running| running.trial).unwrap_or_default();
    ok(&trial.results(&experiment, request.gateway.now()))
}

async fn end(request: Request, status: ExperimentStatus) -> Answer {
    confirmed(&request)?;
    let experiment = find(&request).await?;
    let Request { gateway, caller, .. } = request;
    let traffic = if status == ExperimentStatus::RolledBack { 0.0 } else { experiment.traffic_pct };
    let known = gateway.learner.snapshot();
    let running = known.trials(&caller.org).iter().find(|running| running.experiment.id == experiment.id);
    let mut ended = experiment;
    if let Some(running) = running {
        let mut step = running.step(gateway.now(), DecidedBy::Operator, status, traffic);
        step.key_id = caller.key.as_ref().map(|key| key.id.clone());
        let id = ended.id.clone();
        ended =
            gateway.store.step_experiment(caller.org, id, step).await.map_err(crate::store::Error::into_api_error)?;
        in_force(&gateway).await?;
    }
    // Of two at once the first one counts; the same wish twice is no mistake.
    if ended.status == status {
        return ok(&ended);
    }
    Err(ApiError::new(
        Code::Conflict,
        format!("this experiment has ended otherwise: it is {:?}", ended.status.as_str()),
    ))
}

/// Takes B out: the next decision is A's.
pub(crate) async fn rollback(request: Request) -> Answer {
    end(request, ExperimentStatus::RolledBack).await
}

/// Ends it as it stands.
pub(crate) async fn complete(request: Request) -> Answer {
    end(request, ExperimentStatus::Completed).await
}
