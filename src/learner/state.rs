//! What the learner has made of one org's log: a fold over its entries, kept in a checkpoint.

use super::pool::Pooling;
use super::snapshot::{Compared, Tally as Choices, View};
use super::spec::{learns, spec};
use super::trials::Running;
use crate::base::{ExperimentId, ModelRef, OrgId, RouteId, Timestamp};
use crate::config::Config;
use crate::config::settings::Route;
use crate::resource::evaluation::Evaluated;
use crate::resource::experiment::Shadowed;
use crate::routing::learn::{Change, Scope, ScopeSpec};
use crate::routing::pool::{Cell, Tally};
use crate::routing::totals::Totals;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// How long an alarm counts as recent.
const RECENT: Duration = Duration::from_secs(7 * 24 * 3600);
/// Observations of each model that a new route takes over from another one (N_pool of the rules).
const INHERITED: f64 = 100.0;
/// Alarms that are kept for one route.
const MOST_ALARMS: usize = 64;

/// The learned state of one org.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct OrgState {
    /// The last entry of the log that is in it.
    pub(super) sequence: u64,
    /// Scopes of its routes.
    pub(super) scopes: BTreeMap<RouteId, Learned>,
    /// The floor that the org has set for all its routes.
    pub(super) floor: Option<f64>,
    /// What its routes' calls came to, of those with several models.
    pub(super) totals: BTreeMap<RouteId, Totals>,
    /// The org's own word on pooled priors.
    pub(super) pooling: Option<bool>,
    /// What it contributes to the pool.
    pub(super) pooled: BTreeMap<Cell, Tally>,
    /// Its active experiments.
    pub(super) trials: BTreeMap<ExperimentId, Running>,
    /// What finished shadow runs have shown of models, by route.
    pub(super) shadowed: BTreeMap<RouteId, BTreeMap<String, Shadowed>>,
    /// What evaluations have shown of models, by the model that they were compared with.
    #[serde(default)]
    pub(super) evaluated: Compared,
    /// Whether what is published of these three is out of date.
    #[serde(skip)]
    pub(super) trials_changed: bool,
    /// Whether it has left the pool, which does not know it yet.
    #[serde(skip)]
    pub(super) has_left: bool,
    /// Routes of which what is published is out of date.
    #[serde(skip)]
    pub(super) changed: BTreeSet<RouteId>,
}

/// The learned state of one route.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Learned {
    pub(super) scope: Scope,
    /// When the drift detector raised the alarm, oldest first.
    pub(super) alarms: Vec<Timestamp>,
    /// Choices of this process, and how many of them the scope has seen; made anew at each start.
    #[serde(skip)]
    pub(super) counts: Option<Counts>,
}

#[derive(Debug, Clone)]
pub(super) struct Counts {
    tally: Arc<Choices>,
    folded: Vec<u64>,
}

impl Learned {
    pub(super) fn new(scope: Scope) -> Self {
        Self { scope, alarms: Vec::new(), counts: None }
    }

    /// The tally of choices for the arms of this configuration.
    fn counts(&mut self, generation: u64) -> &mut Counts {
        let arms = self.scope.arms().count();
        self.counts
            .get_or_insert_with(|| Counts { tally: Arc::new(Choices::new(generation, arms)), folded: vec![0; arms] })
    }

    /// A choice that the tally has counted is in the scope now.
    pub(super) fn has_seen(&mut self, arm: usize, generation: u64) {
        let counts = self.counts(generation);
        if generation >= counts.tally.generation
            && let Some(folded) = counts.folded.get_mut(arm)
        {
            *folded += 1;
        }
    }

    /// Notes what an event did, for the record of regressions and for the log.
    pub(super) fn note(&mut self, org: &OrgId, route: &RouteId, changes: &[Change], at: Timestamp) {
        for change in changes {
            match change {
                Change::Repeat | Change::Refused | Change::Corrected { .. } => continue,
                Change::Alarm { .. } | Change::Broken { .. } => {
                    self.alarms.retain(|alarm| alarm.plus(RECENT) > at);
                    if self.alarms.len() < MOST_ALARMS {
                        self.alarms.push(at);
                    }
                }
                Change::Staged { .. } | Change::BaselineFell { .. } | Change::Held => {}
            }
            let change = serde_json::to_string(change).unwrap_or_default();
            tracing::warn!(%org, %route, change, "the router has learned something that an operator may want to know");
        }
    }

    pub(super) fn view(&mut self, generation: u64) -> View {
        let models = self.scope.arms().filter_map(|arm| ModelRef::parse(&arm.name)).collect();
        let regressions = self.alarms.as_slice().into();
        let Counts { tally, folded } = self.counts(generation).clone();
        View { scope: self.scope.clone(), models, regressions, tally, folded }
    }
}

/// What a scope is made from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ground<'a> {
    pub(super) config: &'a Config,
    pub(super) pooling: &'a Pooling,
}

impl OrgState {
    /// Whether the log has said nothing so far that is kept.
    pub(super) fn is_empty(&self) -> bool {
        self.scopes.is_empty()
            && self.totals.is_empty()
            && self.pooling.is_none()
            && self.floor.is_none()
            && self.trials.is_empty()
            && self.shadowed.is_empty()
            && self.evaluated.is_empty()
    }

    /// Whether the org contributes to and uses pooled priors: the installation and the org both have to want it.
    pub(super) fn pools(&self, config: &Config) -> bool {
        config.priors.pooling && self.pooling != Some(false)
    }

    fn spec(&self, ground: Ground<'_>, route: &Route) -> ScopeSpec {
        let pooling = self.pools(ground.config).then_some(ground.pooling);
        spec(ground.config, route, self.floor, pooling)
    }

    /// The scope of a route; made where this org has none yet. `None` where the route does not learn.
    pub(super) fn scope(&mut self, ground: Ground<'_>, route: &RouteId) -> Option<&mut Learned> {
        let configured = ground.config.routes.iter().find(|known| known.id == *route && learns(known))?;
        self.changed.insert(route.clone());
        if !self.scopes.contains_key(route) {
            let mut scope = Scope::new(&self.spec(ground, configured));
            // What the org's best known route has seen of the same models is a start.
            let rated = |learned: &&Learned| learned.scope.arms().map(|arm| arm.rated.gap.count).sum::<f64>();
            let parent = self.scopes.values().max_by(|a, b| rated(a).total_cmp(&rated(b)));
            if let Some(parent) = parent {
                scope.adopt(&parent.scope, INHERITED);
            }
            self.scopes.insert(route.clone(), Learned::new(scope));
        }
        self.scopes.get_mut(route)
    }

    /// An evaluation was completed: what it shows of two models takes the place of what an earlier one has shown.
    pub(super) fn evaluation(&mut self, evaluated: &Evaluated) {
        for pair in &evaluated.compared {
            let of = self.evaluated.entry(pair.candidate.clone()).or_default();
            of.insert(pair.baseline.clone(), pair.lower);
            self.trials_changed = true;
        }
    }

    /// A person has let a route go its own way again: models that were switched off there may come back as canaries.
    pub(super) fn restore(&mut self, route: &RouteId) {
        let Some(learned) = self.scopes.get_mut(route) else { return };
        (0..learned.scope.arms().count()).for_each(|arm| learned.scope.restore(arm));
        self.changed.insert(route.clone());
    }

    /// Follows a changed configuration. What was learned on a route that is gone is kept, in case it comes back.
    pub(super) fn configure(&mut self, ground: Ground<'_>) {
        if !self.pools(ground.config) {
            self.pooled.clear();
        }
        for route in ground.config.routes.iter().filter(|route| learns(route)) {
            let spec = self.spec(ground, route);
            if let Some(learned) = self.scopes.get_mut(&route.id) {
                learned.scope.reconcile(&spec);
                learned.counts = None;
                self.changed.insert(route.id.clone());
            }
        }
    }

    /// The sums of a route, to be added to.
    pub(super) fn totals(&mut self, route: &RouteId) -> &mut Totals {
        self.changed.insert(route.clone());
        self.totals.entry(route.clone()).or_default()
    }
}
