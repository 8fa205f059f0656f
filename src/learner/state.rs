//! What the learner has made of one org's log: a fold over its entries, kept in a checkpoint.

use super::snapshot::{Tally, View};
use super::spec::{learns, spec};
use crate::base::{ModelRef, OrgId, RouteId, Timestamp};
use crate::config::Config;
use crate::config::settings::Route;
use crate::routing::learn::{Change, Scope};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// How long an alarm counts as recent.
const RECENT: Duration = Duration::from_secs(7 * 24 * 3600);
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
    /// Routes whose published view is out of date.
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
    tally: Arc<Tally>,
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
            .get_or_insert_with(|| Counts { tally: Arc::new(Tally::new(generation, arms)), folded: vec![0; arms] })
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
                Change::Repeat | Change::Refused => continue,
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

impl OrgState {
    /// The scope of a route; made where this org has none yet. `None` where the route does not learn.
    pub(super) fn scope(&mut self, config: &Config, route: &RouteId) -> Option<&mut Learned> {
        let configured = config.routes.iter().find(|known| known.id == *route && learns(known))?;
        self.changed.insert(route.clone());
        let floor = self.floor;
        Some(
            self.scopes
                .entry(route.clone())
                .or_insert_with(|| Learned::new(Scope::new(&spec(config, configured, floor)))),
        )
    }

    /// Follows a changed configuration. What was learned on a route that is gone is kept, in case it comes back.
    pub(super) fn configure(&mut self, config: &Config) {
        let routes: Vec<&Arc<Route>> = config.routes.iter().filter(|route| learns(route)).collect();
        for route in routes {
            if let Some(learned) = self.scopes.get_mut(&route.id) {
                learned.scope.reconcile(&spec(config, route, self.floor));
                learned.counts = None;
                self.changed.insert(route.id.clone());
            }
        }
    }
}
