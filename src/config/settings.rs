//! The resolved settings: complete and validated. What these types cannot express cannot be configured.

use crate::base::{KeyId, MicroUsd, ModelInfo, ModelRef, OrgId, ProviderId, RouteId};
use crate::resource::decision::Strategy;
use crate::wire::{Target, quirks};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Everything that a running gateway reads. Immutable; a reload builds a new one.
#[derive(Debug, Clone)]
pub struct Config {
    /// Rises by one with every reload.
    pub generation: u64,
    /// Rule 2 of the contract: everything off but auth.
    pub passthrough: bool,
    /// The main listener.
    pub server: Server,
    /// The operations listener, where set apart.
    pub ops: Option<SocketAddr>,
    /// The data folder (`floopy.redb`, `admin.key`).
    pub data: PathBuf,
    /// Session inference.
    pub sessions: Sessions,
    /// Durability of decisions.
    pub audit: Audit,
    /// How long things are kept.
    pub retention: Retention,
    /// Pooled priors.
    pub priors: Priors,
    /// Time limits and patience towards providers.
    pub upstream: UpstreamPolicy,
    /// Configured providers by name.
    pub providers: HashMap<ProviderId, Arc<Provider>>,
    /// Every known model of configured providers, and those that the file adds.
    pub catalogue: Arc<super::catalogue::Catalogue>,
    /// Routes in file order.
    pub routes: Vec<Arc<Route>>,
    /// Keys from the file; those made at run time are in the store.
    pub keys: Vec<Arc<Key>>,
    /// The answer cache.
    pub cache: Cache,
    /// The firewall.
    pub firewall: Firewall,
    /// Rows above which an export is refused.
    pub export_max_rows: u64,
    /// Uploaded files, and those that batches write.
    pub files: Files,
    /// Batches.
    pub batches: Batches,
    /// Share of the savings on the invoice, 0..1.
    pub savings_rate: f64,
    /// `tracing` filter, such as `info`.
    pub log: String,
    /// Where spans are sent over OTLP.
    pub otlp_endpoint: Option<url::Url>,
}

/// The main listener.
#[derive(Debug, Clone)]
pub struct Server {
    /// Address and port.
    pub listen: SocketAddr,
    /// Certificate chain and key in PEM files, both or none.
    pub tls: Option<Tls>,
    /// Longest request body in bytes.
    pub max_body: usize,
    /// From the first byte of a request to the last of its answer.
    pub request_timeout: Duration,
    /// How long open requests may go on after SIGTERM.
    pub drain_timeout: Duration,
    /// Connections open at once.
    pub max_connections: usize,
    /// Requests per minute from one address, before auth; `None` = no limit.
    pub requests_per_minute_per_ip: Option<u32>,
}

impl Server {
    /// Whether others than this host can reach it, so that it must not serve without keys.
    #[must_use]
    pub fn is_public(&self) -> bool {
        !self.listen.ip().to_canonical().is_loopback()
    }
}

/// PEM files for TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// Certificate chain.
    pub cert: PathBuf,
    /// Private key.
    pub key: PathBuf,
}

/// Session inference.
#[derive(Debug, Clone, Copy)]
pub struct Sessions {
    /// Whether a call without a session id joins the session that its conversation continues.
    pub infer: bool,
    /// How long after its last call a session can be continued.
    pub infer_window: Duration,
}

/// When a decision is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// With the next group commit; at most the last group is lost in a crash.
    Group,
    /// Before the last byte of the answer.
    Strict,
}

/// Durability of decisions.
#[derive(Debug, Clone, Copy)]
pub struct Audit {
    /// When.
    pub durability: Durability,
    /// How often groups are committed.
    pub group_window: Duration,
}

/// How long things are kept.
#[derive(Debug, Clone, Copy)]
pub struct Retention {
    /// Scrubbed bodies; `None` = zero retention.
    pub bodies: Option<Duration>,
    /// Decisions; `None` = for ever.
    pub decisions: Option<Duration>,
}

/// Pooled priors.
#[derive(Debug, Clone, Copy)]
pub struct Priors {
    /// Whether this installation contributes and uses.
    pub pooling: bool,
    /// Contributors below which nothing is published.
    pub min_orgs: u32,
}

/// Uploaded files, and those that batches write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Files {
    /// The longest file, in bytes.
    pub max_size: usize,
    /// Bytes that the files of one org may come to.
    pub quota: usize,
    /// How long a file is kept, where nobody has asked for less.
    pub retention: Duration,
}

/// How batches run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batches {
    /// Lines of all batches that are under way at once. Requests that clients wait for take their places away, but for one.
    pub concurrency: usize,
    /// Whether a batch whose lines all name one model goes to its provider's own batches, where there are any.
    pub forward: bool,
    /// How often a provider is asked how far its batch is.
    pub poll: Duration,
}

/// The answer cache, where a request's headers do not say otherwise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cache {
    /// Whether requests are answered from it.
    pub enabled: bool,
    /// How long an answer is kept.
    pub ttl: Duration,
    /// Answers in one bucket.
    pub bucket_max_size: u32,
    /// Likeness from which two questions count as one, 0..1.
    pub semantic_threshold: f64,
}

/// What the firewall does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirewallMode {
    /// Nothing.
    Off,
    /// Scores and records.
    Detect,
    /// Scores and refuses.
    Block,
}

/// What happens when the firewall's model fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnError {
    /// The request goes on, and is counted.
    Allow,
    /// The request is refused.
    Block,
}

/// The firewall.
#[derive(Debug, Clone, PartialEq)]
pub struct Firewall {
    /// What it does.
    pub mode: FirewallMode,
    /// Who gives the second opinion.
    pub model: Option<ModelRef>,
    /// What happens when that model fails.
    pub on_error: OnError,
}

/// Time limits and patience towards providers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UpstreamPolicy {
    /// TCP and TLS set-up.
    pub connect_timeout: Duration,
    /// From the request's last byte to the answer's head.
    pub first_byte_timeout: Duration,
    /// Longest pause inside an answer.
    pub idle_timeout: Duration,
    /// Attempts at the same target after the first, before the next target is tried.
    pub retries: u32,
    /// First back-off; doubles each time, with full jitter.
    pub backoff: Duration,
    /// Longest back-off, and longest `Retry-After` that is waited for.
    pub max_backoff: Duration,
    /// The breaker.
    pub breaker: BreakerPolicy,
}

/// When a target is left alone, and for how long.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BreakerPolicy {
    /// Whether the breaker acts at all.
    pub enabled: bool,
    /// Consecutive failures that open it.
    pub failures: u32,
    /// How long it stays open before one probe is let through.
    pub cooldown: Duration,
}

pub use super::credential::{
    Around, AwsKeys, AwsSource, Credential, EntraProof, GoogleAccount, GoogleUser, Grant, Signing,
};
pub use crate::wire::Dialect;

/// What to do with a parameter that an upstream cannot honour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UnsupportedParameters {
    /// Leave it out and record its name.
    #[default]
    Drop,
    /// Answer 400 `unsupported_parameter` where the answer hangs on it.
    Refuse,
}

/// One configured provider.
#[derive(Debug, Clone)]
pub struct Provider {
    /// Its name in the configuration.
    pub id: ProviderId,
    /// Its kind: one of the twenty ids, `openai-chat`, `anthropic-messages` or `replay`.
    /// Selects the row of deviations in `wire`.
    pub kind: String,
    /// What it speaks.
    pub dialect: Dialect,
    /// Where it is, without a slash at the end.
    pub base_url: url::Url,
    /// What calls to it are authorized with.
    pub credential: Credential,
    /// Headers added to every call.
    pub headers: Vec<(http::HeaderName, http::HeaderValue)>,
    /// Whether private and loopback addresses may be called.
    pub allow_private_network: bool,
    /// `anthropic-version`.
    pub anthropic_version: String,
    /// What to do with what it cannot honour.
    pub unsupported_parameters: UnsupportedParameters,
}

impl Provider {
    /// One of its models, as far as translation needs to know.
    #[must_use]
    pub fn target<'a>(&'a self, model: &'a str, info: Option<&'a ModelInfo>) -> Target<'a> {
        let quirks = quirks::of_model(&self.kind, model);
        Target {
            quirks,
            // Where models are of several makers, each speaks its maker's dialect.
            dialect: if quirks.publisher.is_some() { quirks.dialect } else { self.dialect },
            model,
            info,
            refuse_unsupported: self.unsupported_parameters == UnsupportedParameters::Refuse,
            anthropic_version: &self.anthropic_version,
        }
    }
}

/// A named policy.
#[derive(Debug, Clone)]
pub struct Route {
    /// Its name.
    pub id: RouteId,
    /// Its strategy.
    pub strategy: Strategy,
    /// The baseline.
    pub default_model: ModelRef,
    /// Other models that may serve; never contains the default model, never repeats.
    pub candidates: Vec<ModelRef>,
    /// Served quality stays at or above this share of the baseline's.
    pub quality_floor: f64,
    /// The same for single dimensions of the judge's scores, by name.
    pub dimension_floors: Vec<(&'static str, f64)>,
    /// Whether one session keeps its model.
    pub sticky: Sticky,
    /// Who serves when the chosen one fails, in order.
    pub fallback: Vec<ModelRef>,
    /// Weights for `weighted`: candidates and default, at least one positive.
    pub weights: Vec<(ModelRef, u32)>,
    /// `smart_select` settings.
    pub smart_select: SmartSelect,
    /// Judge settings.
    pub judge: Option<Judge>,
}

impl Route {
    /// The default model, then the candidates.
    pub fn models(&self) -> impl Iterator<Item = &ModelRef> {
        std::iter::once(&self.default_model).chain(&self.candidates)
    }
}

/// How long a choice holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sticky {
    /// For the session.
    #[default]
    Session,
    /// For one request.
    Request,
}

/// Which bandit `smart_select` runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Bandit {
    /// Thompson sampling.
    #[default]
    Thompson,
    /// Explore with a fixed probability.
    EpsilonGreedy,
    /// Upper confidence bound.
    Ucb1,
}

/// `smart_select` settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SmartSelect {
    /// The bandit.
    pub algorithm: Bandit,
    /// Forced round robin below this.
    pub min_samples: u32,
}

/// The judge of a route.
#[derive(Debug, Clone, PartialEq)]
pub struct Judge {
    /// Who judges.
    pub model: ModelRef,
    /// Share of answers that are judged, 0..1.
    pub sample_rate: f64,
    /// What this route's judge may cost an org in one day (UTC).
    pub daily_budget: MicroUsd,
}

/// What a key may do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Permissions {
    /// Read records.
    pub read: bool,
    /// Call models, give feedback.
    pub write: bool,
    /// Administer.
    pub admin: bool,
}

/// A key as the gateway checks it.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// Its public id.
    pub id: KeyId,
    /// Its name.
    pub name: String,
    /// SHA-256 of the whole secret.
    pub sha256: [u8; 32],
    /// The org it belongs to.
    pub org: OrgId,
    /// What it may do.
    pub permissions: Permissions,
    /// The route it is tied to.
    pub route: Option<RouteId>,
    /// The project it is tied to.
    pub project: Option<String>,
    /// Its limit.
    pub requests_per_minute: Option<u32>,
    /// Its budget per calendar month (UTC).
    pub monthly_budget: Option<MicroUsd>,
}
