//! The stages of one request, in order, and the state that they share.
//!
//! A request goes one way: admit → choose → dispatch → record. A stage either enriches the request's
//! [draft](draft::Draft) or ends it with an answer; none calls back into an earlier one. What the
//! stages read is replaced as a whole by its one writer; no lock is held over an await.

mod answer;
mod body;
mod caller;
mod chat;
mod clock;
mod count;
mod dispatch;
mod draft;
mod enrolment;
#[cfg(feature = "otlp")]
mod exporter;
mod fan_out;
mod foresee;
mod forward;
mod given;
mod heuristics;
mod items;
mod keyring;
pub mod labels;
mod learned;
mod limit;
mod line;
mod operation;
mod passthrough;
mod recent;
mod record;
mod relay;
mod resolve;
mod select;
mod session;
mod settings;
mod shadow;
mod shelves;
mod source;
mod spend;
mod streams;
mod telling;
mod thoughts;
mod tokenizer;

pub use answer::{ComeBack, REQUEST_ID, error};
pub use body::{Body, Broken};
pub use caller::{Caller, PartOf};
pub use chat::Heard;
pub use forward::{Forwarded, Settled};
pub use keyring::{EVERYTHING, Keyring};
pub use limit::Limiter;
pub use operation::Form;
pub use spend::Spend;

use crate::base::task::Tasks;
use crate::base::{OrgId, RouteId, Timestamp};
use crate::config::Config;
use crate::config::settings::{Dialect, Key};
use crate::learner::Learner;
use crate::learner::judge::Desk;
use crate::store::Store;
use crate::telemetry::{Metrics, Tracer};
use crate::upstream::Upstream;
use crate::upstream::breaker::Breakers;
use crate::upstream::latency::Latency;
use crate::upstream::replay::replay;
use arc_swap::ArcSwap;
use limit::Limits;
use session::Sessions;
use settings::Settings;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

/// Everything that requests share.
pub struct Gateway {
    config: ArcSwap<Config>,
    /// What is remembered.
    pub store: Store,
    /// Who is called.
    pub upstream: Upstream,
    /// Who is left alone.
    pub breakers: Breakers,
    /// Who is how fast.
    pub latency: Latency,
    /// Who may call.
    pub keys: Keyring,
    /// Who may call how often.
    pub limits: Limits,
    /// What is spent.
    pub spend: Spend,
    /// What is learned.
    pub learner: Learner,
    /// Where answers wait for the judge.
    pub judge: Desk,
    shadows: shadow::Room,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Where traces go.
    pub tracer: Tracer,
    sessions: Sessions,
    thoughts: thoughts::Memory,
    items: items::Items,
    tokenizer: tokenizer::Tokenizer,
    turns: ArcSwap<HashMap<RouteId, AtomicU64>>,
    pins: ArcSwap<HashSet<(OrgId, RouteId)>>,
    settings: Settings,
    refreshing: Mutex<()>,
    streams: streams::Streams,
    local_admin: Option<Arc<Key>>,
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateway").field("generation", &self.config.load().generation).finish_non_exhaustive()
    }
}

impl Gateway {
    /// Puts the parts together; keys, pins and settings are read from the store.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn new(
        mut config: Config,
        store: Store,
        upstream: Upstream,
        local_admin: Option<Arc<Key>>,
    ) -> Result<Self, crate::store::Error> {
        add_replay(&mut config);
        crate::routing::prepare();
        let config = Arc::new(config);
        let metrics = Arc::new(Metrics::new());
        name(&metrics, &config);
        let is_traced = cfg!(feature = "otlp") && config.otlp_endpoint.is_some();
        let gateway = Self {
            turns: ArcSwap::from_pointee(turns(&config)),
            spend: Spend::restore(&store, Timestamp::from(SystemTime::now()))?,
            learner: Learner::open(Arc::clone(&config), store.clone())?,
            judge: Desk::open(store.clone(), upstream.clone(), Arc::clone(&metrics)),
            config: ArcSwap::new(config),
            store,
            upstream,
            breakers: Breakers::default(),
            latency: Latency::default(),
            keys: Keyring::default(),
            limits: Limits::default(),
            tracer: if is_traced { Tracer::open(Arc::clone(&metrics)) } else { Tracer::default() },
            metrics,
            sessions: Sessions::default(),
            shadows: shadow::Room::default(),
            thoughts: thoughts::Memory::default(),
            items: items::Items::default(),
            tokenizer: tokenizer::Tokenizer::default(),
            pins: ArcSwap::default(),
            settings: Settings::default(),
            refreshing: Mutex::default(),
            streams: streams::Streams::default(),
            local_admin,
        };
        gateway.refresh_keys()?;
        gateway.refresh_pins()?;
        gateway.refresh_settings()?;
        Ok(gateway)
    }

    /// Starts what works beside the requests; it ends with its owner.
    pub fn work(self: &Arc<Self>, tasks: &mut Tasks) {
        tasks.start(self.learner.clone().run());
        tasks.start(self.judge.work());
        tasks.start(self.shadows.work());
        tasks.start(self.tokenizer.work());
        #[cfg(feature = "otlp")]
        if let (Some(orders), Some(address)) = (self.tracer.orders(), self.config().otlp_endpoint.clone()) {
            tasks.start(exporter::run(Arc::clone(self), orders, address));
        }
    }

    /// The configuration in force.
    #[must_use]
    pub fn config(&self) -> Arc<Config> {
        self.config.load_full()
    }

    /// Puts a new configuration in force for the requests that come from now on.
    ///
    /// # Errors
    /// The store's keys cannot be read: nothing has changed then.
    pub fn reload(&self, mut config: Config) -> Result<u64, crate::store::Error> {
        let _one_at_a_time = self.refreshing();
        let (stored, ever) = (self.store.keys()?, self.store.had_keys()?);
        config.generation = self.config.load().generation + 1;
        add_replay(&mut config);
        let generation = config.generation;
        self.metrics.config_generation.set(i64::try_from(generation).unwrap_or(i64::MAX));
        self.turns.store(Arc::new(turns(&config)));
        name(&self.metrics, &config);
        let config = Arc::new(config);
        self.learner.configure(Arc::clone(&config));
        self.config.store(config);
        self.put_keys(stored, ever);
        Ok(generation)
    }

    /// All metrics as OpenMetrics text, those of the moment included.
    #[must_use]
    pub fn render_metrics(&self) -> String {
        let health = self.store.health();
        self.metrics.store_writable.set(i64::from(health.writable));
        self.metrics.store_backlog.set(i64::try_from(health.backlog).unwrap_or(i64::MAX));
        self.metrics.config_generation.set(i64::try_from(self.config.load().generation).unwrap_or(i64::MAX));
        for (model, state) in self.breakers.states(tokio::time::Instant::now()) {
            self.metrics.breaker(&model, state as i64);
        }
        self.metrics.render()
    }

    /// Reads the keys again after one was made or revoked.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn refresh_keys(&self) -> Result<(), crate::store::Error> {
        let _one_at_a_time = self.refreshing();
        self.put_keys(self.store.keys()?, self.store.had_keys()?);
        Ok(())
    }

    /// Held from reading the store to putting in force: of two changes at once, the later one stays.
    fn refreshing(&self) -> MutexGuard<'_, ()> {
        self.refreshing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put_keys(&self, stored: Vec<Key>, ever: bool) {
        let config = self.config.load();
        let keys = config.keys.iter().cloned().chain(stored.into_iter().map(Arc::new));
        self.keys.replace(keys, self.local_admin.clone(), ever);
    }

    /// Whether this caller holds the key that lies in the data folder, for commands on the same host.
    #[must_use]
    pub fn is_local_admin(&self, caller: &Caller) -> bool {
        let local = self.local_admin.as_ref().map(|key| &key.id);
        local.is_some() && caller.key.as_ref().map(|key| &key.id) == local
    }

    /// Reads the pins again after one was set or taken away.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn refresh_pins(&self) -> Result<(), crate::store::Error> {
        let _one_at_a_time = self.refreshing();
        self.pins.store(Arc::new(self.store.pins()?.into_iter().collect()));
        Ok(())
    }

    /// Whether an operator has put the route back to its default model.
    #[must_use]
    pub fn is_pinned(&self, org: &OrgId, route: &RouteId) -> bool {
        let pins = self.pins.load();
        !pins.is_empty() && pins.contains(&(org.clone(), route.clone()))
    }

    /// The route's next position for `round_robin`.
    fn next_turn(&self, route: &RouteId) -> u64 {
        self.turns.load().get(route).map_or(0, |turn| turn.fetch_add(1, Ordering::Relaxed))
    }

    /// The route's next position for `round_robin`, left as it is.
    fn coming_turn(&self, route: &RouteId) -> u64 {
        self.turns.load().get(route).map_or(0, |turn| turn.load(Ordering::Relaxed))
    }

    /// The wall clock: the only place on the request path that reads it.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp::from(SystemTime::now())
    }
}

/// The models of recorded outcomes are known to whoever serves them, not to the catalogue.
fn add_replay(config: &mut Config) {
    for provider in config.providers.values().filter(|provider| provider.dialect == Dialect::Replay) {
        let catalogue = Arc::make_mut(&mut config.catalogue);
        for model in replay().catalogue(&provider.id) {
            catalogue.insert(model);
        }
    }
}

/// Gives metrics the names of the configuration.
fn name(metrics: &Metrics, config: &Config) {
    let routes = config.routes.iter();
    metrics.configure(config.providers.keys(), routes.flat_map(|route| route.models().chain(&route.fallback)));
}

fn turns(config: &Config) -> HashMap<RouteId, AtomicU64> {
    config.routes.iter().map(|route| (route.id.clone(), AtomicU64::new(0))).collect()
}
