//! The configuration as it is written: every key with its type and its place, nothing yet compared with
//! anything else. Sections whose values stand alone are read straight into their settings.

mod auth;
mod aws;
mod key;
mod model;
mod provider;
mod route;
mod sections;

pub(super) use auth::Auth;
pub(super) use key::RawKey;
pub(super) use model::{RawModel, RawPrices};
pub(super) use provider::{ANTHROPIC_VERSION, RawHeader, RawProvider};
pub(super) use route::{RawJudge, RawRoute};
pub(super) use sections::{RawFirewall, RawServer};

use super::leaf;
use super::report::{Field, Report};
use super::section::Section;
use super::settings::{Audit, Cache, Priors, Retention, Sessions, UpstreamPolicy};
use super::tree::{Place, Table};
use std::net::SocketAddr;
use std::path::PathBuf;
use url::Url;

/// The whole file.
#[derive(Debug)]
pub(super) struct RawConfig {
    pub(super) passthrough: bool,
    pub(super) server: RawServer,
    pub(super) ops: Option<Field<SocketAddr>>,
    pub(super) data: PathBuf,
    pub(super) sessions: Sessions,
    pub(super) audit: Audit,
    pub(super) retention: Retention,
    pub(super) priors: Priors,
    pub(super) export_max_rows: u64,
    pub(super) upstream: UpstreamPolicy,
    pub(super) providers: Vec<RawProvider>,
    pub(super) models: Vec<RawModel>,
    pub(super) routes: Vec<RawRoute>,
    pub(super) keys: Vec<RawKey>,
    pub(super) cache_enabled: Field<bool>,
    pub(super) cache: Cache,
    pub(super) firewall: RawFirewall,
    pub(super) savings_rate: f64,
    pub(super) log: String,
    pub(super) otlp_endpoint: Field<Option<Url>>,
}

impl RawConfig {
    /// Reads everything, noting each mistake and going on.
    pub(super) fn read(table: Table, report: &mut Report) -> Self {
        let mut root = Section::new("", Place::Default, table, report);
        let passthrough = root.value("passthrough", false, leaf::boolean);
        let server = RawServer::read(root.section("server"));
        let ops = sections::ops(root.section("ops"));
        let data = sections::store(root.section("store"));
        let sessions = sections::sessions(root.section("sessions"));
        let audit = sections::audit(root.section("audit"));
        let retention = sections::retention(root.section("retention"));
        let priors = sections::priors(root.section("priors"));
        let export_max_rows = sections::export(root.section("export"));
        let upstream = sections::upstream(root.section("upstream"));
        let providers = RawProvider::read_all(&mut root);
        let models = RawModel::read_all(&mut root);
        let routes = RawRoute::read_all(&mut root);
        let keys = RawKey::read_all(&mut root);
        let (cache_enabled, cache) = sections::cache(root.section("cache"));
        let firewall = RawFirewall::read(root.section("firewall"));
        let savings_rate = sections::savings(root.section("savings"));
        let (log, otlp_endpoint) = sections::telemetry(root.section("telemetry"));
        root.finish();
        Self {
            passthrough,
            server,
            ops,
            data,
            sessions,
            audit,
            retention,
            priors,
            export_max_rows,
            upstream,
            providers,
            models,
            routes,
            keys,
            cache_enabled,
            cache,
            firewall,
            savings_rate,
            log,
            otlp_endpoint,
        }
    }
}
