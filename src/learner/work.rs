//! The learner at work: catch up with the log, publish, and note in a checkpoint how far it has come.

use super::fold::{Reading, fold};
use super::pool::Pooling;
use super::snapshot::{Snapshot, View};
use super::spec::{learns, spec};
use super::state::{Ground, Learned, OrgState};
use crate::base::{OrgId, RouteId, Timestamp};
use crate::config::Config;
use crate::resource::decision::Strategy;
use crate::routing::learn::Scope;
use crate::store::{Checkpoint, Error, Store, Unread};
use arc_swap::ArcSwap;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// Format of a checkpoint's bytes: raised with every change of what is learned, so that an old one counts as none.
const FORMAT: u32 = 4;
/// Entries that are taken in before the result is published.
const STEP: usize = 512;
/// How often a checkpoint is written while something changes.
const KEEP: Duration = Duration::from_secs(10);
/// The time between two looks at a log that grows.
const PAUSE: Duration = Duration::from_millis(4);
/// How often the log is looked at where nobody says that it has grown.
const LOOK: Duration = Duration::from_secs(5);

/// The learner. Cheap to clone; clones share what is learned.
#[derive(Clone)]
pub struct Learner(Arc<Shared>);

struct Shared {
    store: Store,
    published: ArcSwap<Snapshot>,
    desk: Mutex<Desk>,
    started: Timestamp,
}

/// What the writer works on.
struct Desk {
    config: Arc<Config>,
    /// Routes with several models: their calls are summed.
    several: BTreeSet<RouteId>,
    pooling: Pooling,
    orgs: BTreeMap<OrgId, OrgState>,
    /// Entries in the last checkpoint of each org.
    kept: BTreeMap<OrgId, u64>,
    next_checkpoint: Instant,
}

impl std::fmt::Debug for Learner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Learner").finish_non_exhaustive()
    }
}

impl Learner {
    /// Takes up where the last checkpoints end; what came after them is read by [`Learner::run`].
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn open(config: Arc<Config>, store: Store) -> Result<Self, Error> {
        let mut desk = Desk {
            several: several(&config),
            config,
            pooling: Pooling::open(&store)?,
            orgs: BTreeMap::new(),
            kept: BTreeMap::new(),
            next_checkpoint: Instant::now() + KEEP,
        };
        for org in store.orgs()? {
            let mut state = match store.load_checkpoint(&org, FORMAT)? {
                Some(checkpoint) => read_checkpoint(&org, &checkpoint),
                None => OrgState::default(),
            };
            state.adopt_trials(store.experiments(&org)?);
            state.configure(Ground { config: &desk.config, pooling: &desk.pooling });
            desk.kept.insert(org.clone(), state.sequence);
            desk.orgs.insert(org, state);
        }
        let learner = Self(Arc::new(Shared {
            store,
            published: ArcSwap::default(),
            desk: Mutex::new(desk),
            started: Timestamp::from(SystemTime::now()),
        }));
        let mut desk = learner.desk();
        learner.publish_all(&mut desk);
        drop(desk);
        Ok(learner)
    }

    fn desk(&self) -> std::sync::MutexGuard<'_, Desk> {
        self.0.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is learned, as it was last published.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.0.published.load_full()
    }

    /// What is known for an org on a route; `None` where the route does not learn.
    #[must_use]
    pub fn view(&self, org: &OrgId, route: &RouteId) -> Option<Arc<View>> {
        self.0.published.load().view(org, route).cloned()
    }

    /// The same for a live call: the org's own view, made where it has none yet, so that its choices are counted.
    #[must_use]
    pub fn enter(&self, org: &OrgId, route: &RouteId) -> Option<Arc<View>> {
        let key = (org.clone(), route.clone());
        let published = self.0.published.load();
        if let Some(view) = published.learned.get(&key) {
            return Some(Arc::clone(view));
        }
        if !published.fresh.contains_key(route) {
            return None;
        }
        drop(published);
        let mut desk = self.desk();
        let Desk { config, pooling, orgs, .. } = &mut *desk;
        orgs.entry(org.clone()).or_default().scope(Ground { config, pooling }, route)?;
        self.publish(&mut desk, org);
        self.view(org, route)
    }

    /// Puts a new configuration in force: arms that stay keep what was learned of them.
    pub fn configure(&self, config: Arc<Config>) {
        let mut desk = self.desk();
        desk.several = several(&config);
        desk.pooling.look_again();
        desk.config = config;
        self.reconfigure(&mut desk);
    }

    /// Puts what scopes are made from in force.
    fn reconfigure(&self, desk: &mut Desk) {
        let Desk { config, pooling, orgs, .. } = &mut *desk;
        orgs.values_mut().for_each(|state| state.configure(Ground { config, pooling }));
        self.publish_all(desk);
        // The log does not hold the configuration: from here on a restart has to start from what it made of the scopes.
        desk.kept.clear();
        self.checkpoint(desk);
    }

    /// Follows the log until it is cancelled.
    pub async fn run(self) {
        let mut commits = self.0.store.commits();
        loop {
            let learner = self.clone();
            match tokio::task::spawn_blocking(move || learner.catch_up()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::error!(%error, "the learner cannot read the log; it tries again"),
                Err(error) => tracing::error!(%error, "the learner stumbled; it goes on after its last checkpoint"),
            }
            // A busy store commits more often than anybody needs to see what is learned.
            tokio::time::sleep(PAUSE).await;
            // Woken by the next commit; a commit in the meantime counts.
            if let Ok(Err(_)) = tokio::time::timeout(LOOK, commits.changed()).await {
                return;
            }
        }
    }

    /// Takes in everything that the logs hold by now, and publishes it.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn catch_up(&self) -> Result<(), Error> {
        let mut desk = self.desk();
        for org in self.0.store.orgs()? {
            while self.step(&mut desk, &org)? {}
        }
        let Desk { config, pooling, orgs, .. } = &mut *desk;
        if pooling.publish(config, &self.0.store, orgs)? {
            self.reconfigure(&mut desk);
        }
        if Instant::now() >= desk.next_checkpoint {
            self.checkpoint(&mut desk);
        }
        Ok(())
    }

    /// Takes in the next entries of one org; whether there may be more.
    fn step(&self, desk: &mut Desk, org: &OrgId) -> Result<bool, Error> {
        let Desk { config, several, pooling, orgs, .. } = desk;
        let state = orgs.entry(org.clone()).or_default();
        let teaches = |decision: Unread<'_>| {
            decision.is_by(Strategy::FeedbackDriven) || decision.is_on(several) || decision.is_enrolled()
        };
        let entries = self.0.store.log_where(org, state.sequence, STEP, teaches)?;
        if entries.is_empty() && !state.has_left {
            return Ok(false);
        }
        let ground = Ground { config, pooling };
        let reading = Reading { ground, several, store: &self.0.store, org, started: self.0.started };
        for entry in &entries {
            fold(state, &reading, entry)?;
        }
        let stepped = state.step_trials(&self.0.store, org, Timestamp::from(SystemTime::now()))?;
        if state.has_left {
            pooling.leave(&self.0.store, org)?;
            state.has_left = false;
            self.reconfigure(desk);
        }
        self.publish(desk, org);
        Ok(stepped || entries.len() == STEP)
    }

    /// Publishes what has changed for one org.
    fn publish(&self, desk: &mut Desk, org: &OrgId) {
        let Desk { config, pooling, orgs, .. } = desk;
        let Some(state) = orgs.get_mut(org).filter(|state| !state.changed.is_empty() || state.trials_changed) else {
            return;
        };
        let old = self.0.published.load();
        let mut snapshot = Snapshot::clone(&old);
        for route in std::mem::take(&mut state.changed) {
            let place = (org.clone(), route);
            if let Some(totals) = state.totals.get(&place.1) {
                snapshot.totals.insert(place.clone(), Arc::new(totals.clone()));
            }
            if let Some(scope) = state.scopes.get_mut(&place.1) {
                snapshot.learned.insert(place, Arc::new(scope.view(config.generation)));
            }
        }
        if std::mem::take(&mut state.trials_changed) {
            snapshot.trials.insert(org.clone(), state.trials.values().cloned().collect());
            snapshot.shadowed.insert(org.clone(), state.shadowed.clone());
            snapshot.evaluated.insert(org.clone(), state.evaluated.clone());
        }
        let contributes = state.pooled.len() as u64;
        if snapshot.pool.contributed.get(org).copied().unwrap_or(0) != contributes {
            snapshot.pool = Arc::new(pooling.published(config, orgs));
        }
        self.0.published.store(Arc::new(snapshot));
    }

    /// Publishes everything: after the start, and after a change of the configuration.
    fn publish_all(&self, desk: &mut Desk) {
        let Desk { config, several, pooling, orgs, .. } = desk;
        let mut snapshot = Snapshot { pool: Arc::new(pooling.published(config, orgs)), ..Snapshot::default() };
        for route in config.routes.iter().filter(|route| learns(route)) {
            let mut fresh = Learned::new(Scope::new(&spec(config, route, None, Some(pooling))));
            snapshot.fresh.insert(route.id.clone(), Arc::new(fresh.view(config.generation)));
            for (org, state) in orgs.iter_mut() {
                if let Some(learned) = state.scopes.get_mut(&route.id) {
                    let view = Arc::new(learned.view(config.generation));
                    snapshot.learned.insert((org.clone(), route.id.clone()), view);
                }
            }
        }
        for (org, state) in orgs {
            for (route, totals) in state.totals.iter().filter(|(route, _)| several.contains(*route)) {
                snapshot.totals.insert((org.clone(), route.clone()), Arc::new(totals.clone()));
            }
            snapshot.trials.insert(org.clone(), state.trials.values().cloned().collect());
            snapshot.shadowed.insert(org.clone(), state.shadowed.clone());
            snapshot.evaluated.insert(org.clone(), state.evaluated.clone());
            state.trials_changed = false;
            state.changed.clear();
        }
        self.0.published.store(Arc::new(snapshot));
    }

    /// Writes how far the learner has come, for every org that has moved.
    fn checkpoint(&self, desk: &mut Desk) {
        desk.next_checkpoint = Instant::now() + KEEP;
        for (org, state) in &desk.orgs {
            if desk.kept.get(org) == Some(&state.sequence) || state.is_empty() {
                continue;
            }
            let bytes = serde_json::to_vec(state).expect("what is learned holds nothing that JSON cannot");
            let checkpoint = Checkpoint { format: FORMAT, sequence: state.sequence, bytes };
            match self.0.store.leave_checkpoint(org.clone(), checkpoint) {
                Ok(()) => {
                    desk.kept.insert(org.clone(), state.sequence);
                }
                Err(error) => tracing::warn!(%error, "the learner's checkpoint was not written; the log has it all"),
            }
        }
    }

    /// Takes in what is left and writes the last checkpoint.
    pub fn close(&self) {
        if let Err(error) = self.catch_up() {
            tracing::warn!(%error, "the learner could not read the end of the log; the next start does");
        }
        self.checkpoint(&mut self.desk());
    }
}

/// Routes with several models.
fn several(config: &Config) -> BTreeSet<RouteId> {
    config.routes.iter().filter(|route| route.models().nth(1).is_some()).map(|route| route.id.clone()).collect()
}

/// A checkpoint that cannot be read counts as none: the log is read from its beginning.
fn read_checkpoint(org: &OrgId, checkpoint: &Checkpoint) -> OrgState {
    serde_json::from_slice(&checkpoint.bytes).unwrap_or_else(|error| {
        tracing::warn!(%org, %error, "the learner's checkpoint cannot be read: it starts from the log");
        OrgState::default()
    })
}
