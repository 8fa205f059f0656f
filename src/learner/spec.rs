//! A route of the configuration as the router sees it: arms with what is believed of them before the first call.

use super::pool::{Pooling, pooled};
use crate::base::model::TokenUsage;
use crate::base::{ModelRef, TaskKind};
use crate::config::Config;
use crate::config::settings::{Route, Sticky};
use crate::resource::decision::Strategy;
use crate::routing::learn::features::{PLAIN, SESSION, WORDS};
use crate::routing::learn::{ArmSpec, Params, ScopeSpec};

/// A call of middle length: arms are compared at it until they have costs of their own.
const TYPICAL: TokenUsage =
    TokenUsage { input: 1_000, output: 300, cached_input: 0, cache_write: 0, reasoning: 0, estimated: true };

/// Whether a route learns from outcomes.
#[must_use]
pub fn learns(route: &Route) -> bool {
    route.strategy == Strategy::FeedbackDriven
}

/// The scope of a route. `floor` is the org's own floor, where it has set one above the route's; `pooling` is the pool,
/// where the org takes part.
#[must_use]
pub(super) fn spec(config: &Config, route: &Route, floor: Option<f64>, pooling: Option<&Pooling>) -> ScopeSpec {
    let typical = |model: &ModelRef| {
        let info = config.catalogue.get(model)?;
        #[expect(clippy::cast_precision_loss, reason = "micro-USD of one call")]
        info.cost(&TYPICAL).map(|cost| cost.0 as f64)
    };
    let unit = typical(&route.default_model).filter(|cost| *cost > 0.0);
    let arms = route.models().map(|model| {
        let known = config.catalogue.prior(model, TaskKind::General);
        let (prior, from_pool) = pooled(known, pooling.and_then(|pooling| pooling.prior(config, model)));
        let cost_hint = typical(model).zip(unit).map(|(cost, unit)| cost / unit);
        ArmSpec { name: model.to_string(), prior, cost_hint, from_pool }
    });
    ScopeSpec {
        arms: arms.collect(),
        floor: floor.map_or(route.quality_floor, |floor| floor.max(route.quality_floor)),
        dimension_floors: route.dimension_floors.iter().map(|(name, floor)| ((*name).to_owned(), *floor)).collect(),
        dimension: PLAIN + WORDS + if route.sticky == Sticky::Session { SESSION } else { 0 },
        params: Params::default(),
    }
}
