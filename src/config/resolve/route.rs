//! Routes: names, references, and what each strategy needs.

use super::{Known, reference};
use crate::base::{ModelRef, RouteId, Timestamp};
use crate::config::nearest::nearest;
use crate::config::raw::{RawJudge, RawRoute};
use crate::config::report::{Complaint, Field, Report};
use crate::config::settings::{Judge, Route};
use crate::resource::decision::Strategy;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::SystemTime;

/// Longest name of a route.
const LONGEST_NAME: usize = 128;

pub(super) fn resolve(raw: &[RawRoute], known: &Known, report: &mut Report) -> Vec<Arc<Route>> {
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let mut routes = Vec::with_capacity(raw.len());
    for route in raw {
        if let Some(field) = &route.name {
            check_name(field, &mut names, known, report);
        }
        routes.extend(one(route, known, report).map(Arc::new));
    }
    routes
}

fn check_name(field: &Field<String>, names: &mut BTreeMap<String, String>, known: &Known, report: &mut Report) {
    let name = &field.value;
    if let Some(bad) = name.chars().find(|c| matches!(c, '/' | ',') || c.is_whitespace() || c.is_control()) {
        let reason = format!(
            "holds {bad:?}; a route's name holds no slash, comma or space, so that it cannot be taken for a model"
        );
        report.refuse(field, Complaint::new(reason));
    } else if name.len() > LONGEST_NAME {
        report.refuse(field, Complaint::new(format!("is longer than {LONGEST_NAME} bytes")));
    }
    match names.insert(name.to_lowercase(), name.clone()) {
        Some(other) if other == *name => report.refuse(field, Complaint::new("is the name of a route above")),
        Some(other) => {
            let reason = format!("differs from the route {other:?} above by case only");
            report.refuse(field, Complaint::new(reason));
        }
        None if known.catalogue.resolve_bare(name).is_some() => {
            report.warn(&field.place, &field.key, "is a model's name too: requests for that model take this route");
        }
        None => {}
    }
}

fn one(raw: &RawRoute, known: &Known, report: &mut Report) -> Option<Route> {
    let default = raw.default_model.as_ref().and_then(|field| reference(field, known, report));
    let candidates = models(&raw.candidates, known, report);
    let fallback = models(&raw.fallback, known, report);
    if let Some(field) = &raw.default_model
        && let Some(twice) = raw.candidates.iter().find(|candidate| candidate.value == field.value)
    {
        report.refuse(twice, Complaint::new("is the default_model already; leave it out here"));
    }
    let judge = raw.judge.as_ref().and_then(|judge| self::judge(judge, known, report));
    if let (Some(strategy), None) = (&raw.strategy, raw.candidates.first())
        && strategy.value != Strategy::Fallback
        && raw.weights.is_empty()
    {
        report.warn(&strategy.place, &strategy.key, "has nothing to choose from: the route has no candidates");
    }
    if let (Some(strategy), None, false) = (&raw.strategy, &raw.judge, raw.dimension_floors.is_empty()) {
        report.warn(
            &strategy.place,
            &strategy.key,
            "has floors of single dimensions, but no [route.judge] to score them",
        );
    }
    for field in raw.default_model.iter().chain(&raw.candidates).chain(&raw.fallback) {
        warn_of_retirement(field, known, report);
    }
    let weights = weights(raw, report);
    Some(Route {
        id: RouteId::from(raw.name.as_ref()?.value.as_str()),
        strategy: raw.strategy.as_ref()?.value,
        default_model: default?,
        candidates,
        quality_floor: raw.quality_floor,
        dimension_floors: raw.dimension_floors.clone(),
        sticky: raw.sticky,
        fallback,
        weights,
        smart_select: raw.smart_select,
        judge,
    })
}

/// The models of a list; one that stands twice is refused.
fn models(fields: &[Field<String>], known: &Known, report: &mut Report) -> Vec<ModelRef> {
    let mut models: Vec<ModelRef> = Vec::with_capacity(fields.len());
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for field in fields {
        if !seen.insert(&field.value) {
            report.refuse(field, Complaint::new("stands here twice"));
            continue;
        }
        models.extend(reference(field, known, report));
    }
    models
}

fn judge(raw: &RawJudge, known: &Known, report: &mut Report) -> Option<Judge> {
    let model = reference(raw.model.as_ref()?, known, report)?;
    Some(Judge { model, sample_rate: raw.sample_rate, daily_budget: raw.daily_budget })
}

/// Weights belong to `weighted`, to models of the route, and at least one is above 0.
fn weights(raw: &RawRoute, report: &mut Report) -> Vec<(ModelRef, u32)> {
    let Some(strategy) = &raw.strategy else { return Vec::new() };
    if strategy.value != Strategy::Weighted {
        if let Some((field, _)) = raw.weights.first() {
            let reason = format!("is for strategy = \"weighted\" only; this route is {}", strategy.value.as_str());
            report.problem(&field.place, &field.key, Complaint::new(reason));
        }
        return Vec::new();
    }
    let own = || raw.default_model.iter().chain(&raw.candidates).map(|field| field.value.as_str());
    let mut weights = Vec::with_capacity(raw.weights.len());
    for (field, weight) in &raw.weights {
        if own().any(|model| model == field.value) {
            weights.extend(ModelRef::parse(&field.value).map(|model| (model, *weight)));
        } else {
            let reason = "is neither the default_model nor a candidate of this route";
            report.refuse(field, Complaint::new(reason).nearest(nearest(&field.value, own())));
        }
    }
    let refused = raw.weights_refused || raw.weights.len() != weights.len();
    if !refused && weights.iter().all(|(_, weight)| *weight == 0) {
        report.missing(&raw.place, &strategy.key, "is \"weighted\", but no model of `weights` has a weight above 0");
    }
    weights
}

fn warn_of_retirement(field: &Field<String>, known: &Known, report: &mut Report) {
    let Some(day) = ModelRef::parse(&field.value).and_then(|model| known.catalogue.retires(&model)) else { return };
    let now = Timestamp::from(SystemTime::now()).to_string();
    if now.get(..day.len()).is_some_and(|today| today >= day) {
        report.warn(&field.place, &field.key, format!("was retired by its provider on {day}, as far as is known"));
    }
}
