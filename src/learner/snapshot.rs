//! What a decision reads: the learned state as it was last published. Nothing in it ever changes.

use super::trials::Running;
use crate::base::{ModelRef, OrgId, RouteId, Timestamp};
use crate::resource::experiment::Shadowed;
use crate::resource::priors::Pool;
use crate::routing::learn::Scope;
use crate::routing::totals::Totals;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What evaluations have shown, by candidate and by the model that it was compared with: how much better its score is
/// at least, with 95 % confidence.
pub(super) type Compared = BTreeMap<String, BTreeMap<String, f64>>;

/// Everything that is learned, at one moment.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Routes of which an org has no record yet.
    pub(super) fresh: HashMap<RouteId, Arc<View>>,
    /// Everybody else.
    pub(super) learned: HashMap<(OrgId, RouteId), Arc<View>>,
    /// What the calls of routes with several models came to.
    pub(super) totals: HashMap<(OrgId, RouteId), Arc<Totals>>,
    /// What the pool of priors has published.
    pub(super) pool: Arc<Pool>,
    /// Active experiments of each org.
    pub(super) trials: HashMap<OrgId, Arc<[Running]>>,
    /// What finished shadow runs of each org have shown, by route and model.
    pub(super) shadowed: HashMap<OrgId, BTreeMap<RouteId, BTreeMap<String, Shadowed>>>,
    /// What evaluations of each org have shown.
    pub(super) evaluated: HashMap<OrgId, Compared>,
}

impl Snapshot {
    /// What is known for an org on a route; `None` where the route does not learn.
    #[must_use]
    pub fn view(&self, org: &OrgId, route: &RouteId) -> Option<&Arc<View>> {
        self.learned.get(&(org.clone(), route.clone())).or_else(|| self.fresh.get(route))
    }

    /// What the calls of an org's route came to; `None` where there were none, or the route has one model.
    #[must_use]
    pub fn totals(&self, org: &OrgId, route: &RouteId) -> Option<&Arc<Totals>> {
        self.totals.get(&(org.clone(), route.clone()))
    }

    /// The active experiments of an org.
    #[must_use]
    pub fn trials(&self, org: &OrgId) -> &[Running] {
        self.trials.get(org).map_or(&[], |trials| trials)
    }

    /// What shadow runs on an org's route have shown of a model, and evaluations beside `baseline`: these count where the
    /// score is with 95 % confidence at most `margin` lower.
    #[must_use]
    pub fn shown(&self, org: &OrgId, route: &RouteId, model: &ModelRef, baseline: &ModelRef, margin: f64) -> Shadowed {
        let name = model.to_string();
        let runs = self.shadowed.get(org).and_then(|routes| routes.get(route));
        let mut shown = runs.and_then(|runs| runs.get(&name)).copied().unwrap_or_default();
        let lower = self.evaluated.get(org).and_then(|models| models.get(&name)?.get(&baseline.to_string()));
        shown.fine |= lower.is_some_and(|lower| *lower >= -margin);
        shown
    }

    /// What the pool of priors has published.
    #[must_use]
    pub fn pool(&self) -> &Pool {
        &self.pool
    }
}

/// The learned state of one route of one org.
#[derive(Debug)]
pub struct View {
    /// What is learned.
    pub scope: Scope,
    /// The arms' models, in the scope's order; the first is the default model.
    pub models: Vec<ModelRef>,
    /// When the drift detector raised the alarm, of late, oldest first.
    pub regressions: Arc<[Timestamp]>,
    pub(super) tally: Arc<Tally>,
    /// Of the tally's decisions, those that this state has seen, by arm.
    pub(super) folded: Vec<u64>,
}

/// How often each arm was chosen by this process, counted at once: what the state has not seen yet is the
/// difference to what it has.
#[derive(Debug)]
pub(super) struct Tally {
    /// Generation of the configuration that named the arms.
    pub(super) generation: u64,
    chosen: Vec<AtomicU64>,
}

impl Tally {
    pub(super) fn new(generation: u64, arms: usize) -> Self {
        Self { generation, chosen: (0..arms).map(|_| AtomicU64::new(0)).collect() }
    }
}

impl View {
    /// Counts a choice, so that the next decision knows of it before its record is written.
    pub fn chose(&self, arm: usize) {
        if let Some(count) = self.tally.chosen.get(arm) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Calls of each arm that were decided and are not in the state yet.
    #[must_use]
    pub fn pending(&self) -> Vec<f64> {
        let chosen = self.tally.chosen.iter().map(|count| count.load(Ordering::Relaxed));
        #[expect(clippy::cast_precision_loss, reason = "calls within one group commit")]
        chosen.zip(&self.folded).map(|(chosen, folded)| chosen.saturating_sub(*folded) as f64).collect()
    }
}
