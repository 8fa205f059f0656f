//! From the sources to the settings.

use super::catalogue::Catalogue;
use super::discovery::{self, Discovery};
use super::error::{ConfigErrors, Origin, Problem};
use super::settings::{
    Audit, BreakerPolicy, Cache, Config, Dialect, Durability, Firewall, FirewallMode, OnError, Priors, Provider,
    Retention, Server, Sessions, UnsupportedParameters, UpstreamPolicy,
};
use super::sources::{self, Sources};
use crate::base::{ProviderId, Secret, limits};
use crate::wire::quirks;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// A configuration and the story of how it came to be.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The settings.
    pub config: Config,
    /// Every setting with the place that it comes from, in the order of the documentation.
    pub origins: Vec<Setting>,
    /// What is allowed but probably not meant.
    pub warnings: Vec<Problem>,
    /// The file that was read.
    pub source: Option<PathBuf>,
    /// Files whose change means a reload: the configuration and the secrets that it names.
    pub files: Vec<PathBuf>,
    /// What the environment held, where no provider is configured.
    pub discovery: Option<Discovery>,
}

/// One setting in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The key, such as `server.listen`.
    pub key: String,
    /// The value as TOML; a secret's reference, never its value.
    pub value: String,
    /// Where it comes from.
    pub origin: Origin,
}

/// Reads, layers, checks and resolves.
///
/// # Errors
/// Every mistake at once.
pub fn load(from: &Sources) -> Result<Loaded, ConfigErrors> {
    let source = from.find();
    if let Some(path) = &source {
        sources::read(path)?;
    }
    let discovery = discovery::discover(&from.environment);
    let mut providers = HashMap::new();
    let kinds = discovery.found.iter().map(|found| (found.provider, from.environment.get(found.variable)));
    for (kind, key) in kinds.chain(discovery.replay.then_some(("replay", None))) {
        let row = quirks::quirks(kind);
        let provider = Provider {
            id: ProviderId::from(kind),
            kind: kind.to_owned(),
            dialect: row.dialect.unwrap_or(Dialect::OpenAiChat),
            base_url: row.base_url.parse().expect("the rows hold URLs"),
            api_key: key.map(|key| Secret::new(key.to_owned())),
            headers: Vec::new(),
            allow_private_network: false,
            anthropic_version: String::from("2023-06-01"),
            unsupported_parameters: UnsupportedParameters::Drop,
        };
        providers.insert(provider.id.clone(), Arc::new(provider));
    }
    let files = source.iter().cloned().collect();
    let named = providers.values().map(|provider: &Arc<Provider>| (&provider.id, provider.kind.as_str()));
    let catalogue = Arc::new(Catalogue::of(named));
    let config = Config { providers, catalogue, ..defaults() };
    Ok(Loaded { config, origins: Vec::new(), warnings: Vec::new(), source, files, discovery: Some(discovery) })
}

/// The warnings of a configuration that is right.
///
/// # Errors
/// Every mistake at once.
pub fn check(from: &Sources) -> Result<Vec<Problem>, ConfigErrors> {
    load(from).map(|loaded| loaded.warnings)
}

/// The settings in force as lines of `key = value`, with the origin of each where asked for.
#[must_use]
pub fn show(loaded: &Loaded, origin: bool) -> String {
    let mut text = String::new();
    for setting in &loaded.origins {
        let written = if origin {
            writeln!(text, "{} = {}  # {}", setting.key, setting.value, setting.origin)
        } else {
            writeln!(text, "{} = {}", setting.key, setting.value)
        };
        written.expect("a string takes any text");
    }
    text
}

fn defaults() -> Config {
    Config {
        generation: 1,
        passthrough: false,
        server: Server {
            listen: ([127, 0, 0, 1], 7676).into(),
            tls: None,
            max_body: limits::DEFAULT_MAX_BODY,
            request_timeout: Duration::from_secs(600),
            drain_timeout: Duration::from_secs(30),
            max_connections: limits::MAX_CONNECTIONS,
            requests_per_minute_per_ip: None,
        },
        ops: None,
        data: PathBuf::from("./floopy-data"),
        sessions: Sessions { infer: true, infer_window: Duration::from_secs(1800) },
        audit: Audit { durability: Durability::Group, group_window: Duration::from_millis(20) },
        retention: Retention { bodies: Some(Duration::from_secs(30 * 86_400)), decisions: None },
        priors: Priors { pooling: true, min_orgs: 5 },
        upstream: UpstreamPolicy {
            connect_timeout: Duration::from_secs(10),
            first_byte_timeout: Duration::from_secs(300),
            idle_timeout: Duration::from_secs(120),
            retries: 2,
            backoff: Duration::from_millis(250),
            max_backoff: Duration::from_secs(20),
            breaker: BreakerPolicy { enabled: true, failures: 5, cooldown: Duration::from_secs(30) },
        },
        providers: HashMap::new(),
        catalogue: Arc::new(Catalogue::default()),
        routes: Vec::new(),
        keys: Vec::new(),
        cache: Cache { enabled: false, ttl: Duration::from_secs(3600), bucket_max_size: 1, semantic_threshold: 0.95 },
        firewall: Firewall { mode: FirewallMode::Detect, model: None, on_error: OnError::Allow },
        export_max_rows: 5_000_000,
        savings_rate: 0.15,
        log: String::from("info"),
        otlp_endpoint: None,
    }
}
