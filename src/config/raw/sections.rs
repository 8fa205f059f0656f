//! The sections of single values, with their defaults and ranges.

use crate::base::limits;
use crate::config::leaf::{
    boolean, choice, count, duration, duration_or, integer, log_filter, number, optional_url, path, size, socket, text,
};
use crate::config::report::{Complaint, Field};
use crate::config::section::Section;
use crate::config::settings::{
    Audit, Batches, BreakerPolicy, Cache, Durability, Files, FirewallMode, OnError, Priors, Retention, Sessions,
    UpstreamPolicy,
};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use url::Url;

const MILLI: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);
/// Longer than anything that is kept.
const CENTURY: Duration = Duration::from_secs(86_400 * 36_500);

/// `[server]`: the TLS files belong together.
#[derive(Debug)]
pub(in crate::config) struct RawServer {
    pub(in crate::config) listen: Field<SocketAddr>,
    pub(in crate::config) tls_cert: Option<Field<PathBuf>>,
    pub(in crate::config) tls_key: Option<Field<PathBuf>>,
    pub(in crate::config) max_body: usize,
    pub(in crate::config) request_timeout: Duration,
    pub(in crate::config) drain_timeout: Duration,
    pub(in crate::config) max_connections: usize,
    pub(in crate::config) requests_per_minute_per_ip: Option<u32>,
}

impl RawServer {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let most = u32::try_from(limits::MAX_CONNECTIONS).unwrap_or(u32::MAX);
        let raw = Self {
            listen: section.field("listen", "127.0.0.1:7676", socket),
            tls_cert: section.optional("tls_cert", path),
            tls_key: section.optional("tls_key", path),
            max_body: section.value("max_body", "20MiB", size(1 << 10..=1 << 30)),
            request_timeout: section.value("request_timeout", "600s", duration(SECOND..=DAY)),
            drain_timeout: section.value("drain_timeout", "30s", duration(Duration::ZERO..=HOUR)),
            max_connections: section.value("max_connections", most, count(1..=1_000_000)) as usize,
            requests_per_minute_per_ip: section
                .optional("requests_per_minute_per_ip", count(1..=u32::MAX))
                .map(|field| field.value),
        };
        section.finish();
        raw
    }
}

pub(super) fn ops(mut section: Section<'_>) -> Option<Field<SocketAddr>> {
    let listen = section.optional("listen", socket);
    section.finish();
    listen
}

pub(super) fn store(mut section: Section<'_>) -> PathBuf {
    let folder = section.value("path", "./floopy-data", path);
    section.finish();
    folder
}

pub(super) fn sessions(mut section: Section<'_>) -> Sessions {
    let sessions = Sessions {
        infer: section.value("infer", true, boolean),
        infer_window: section.value("infer_window", "30m", duration(SECOND..=DAY * 30)),
    };
    section.finish();
    sessions
}

pub(super) fn audit(mut section: Section<'_>) -> Audit {
    let durabilities = &[("group", Durability::Group), ("strict", Durability::Strict)];
    let audit = Audit {
        durability: section.value("durability", "group", choice(durabilities)),
        group_window: section.value("group_window", "20ms", duration(MILLI..=SECOND * 10)),
    };
    section.finish();
    audit
}

pub(super) fn retention(mut section: Section<'_>) -> Retention {
    let bodies = section.value("bodies", "30d", duration(Duration::ZERO..=CENTURY));
    let retention = Retention {
        bodies: Some(bodies).filter(|bodies| !bodies.is_zero()),
        decisions: section.value("decisions", "forever", duration_or("forever", SECOND..=CENTURY)),
    };
    section.finish();
    retention
}

pub(super) fn priors(mut section: Section<'_>) -> Priors {
    let priors = Priors {
        pooling: section.value("pooling", true, boolean),
        min_orgs: section.value("min_orgs", 5, count(1..=1_000_000)),
    };
    section.finish();
    priors
}

pub(super) fn export(mut section: Section<'_>) -> u64 {
    let rows = section.value("max_rows", 5_000_000, integer(1..=1_000_000_000_000));
    section.finish();
    rows
}

pub(super) fn files(mut section: Section<'_>) -> Files {
    let files = Files {
        max_size: section.value("max_size", "512MiB", size(1 << 10..=1 << 40)),
        quota: section.value("quota", "10GiB", size(1 << 10..=1 << 50)),
        retention: section.value("retention", "30d", duration(HOUR..=CENTURY)),
    };
    section.finish();
    files
}

pub(super) fn batches(mut section: Section<'_>) -> Batches {
    let batches = Batches {
        concurrency: section.value("concurrency", 8, count(1..=1_000)) as usize,
        forward: section.value("forward", true, boolean),
        poll: section.value("poll", "30s", duration(MILLI * 10..=HOUR)),
    };
    section.finish();
    batches
}

pub(super) fn upstream(mut section: Section<'_>) -> UpstreamPolicy {
    let wait = || duration(MILLI * 10..=DAY);
    let backoff = section.field("backoff", "250ms", duration(MILLI..=HOUR));
    let max_backoff = section.value("max_backoff", "10s", duration(MILLI..=HOUR));
    if backoff.value > max_backoff {
        section.report.refuse(&backoff, Complaint::new("is above upstream.max_backoff"));
    }
    let policy = UpstreamPolicy {
        connect_timeout: section.value("connect_timeout", "5s", wait()),
        first_byte_timeout: section.value("first_byte_timeout", "300s", wait()),
        idle_timeout: section.value("idle_timeout", "120s", wait()),
        retries: section.value("retries", 2, count(0..=10)),
        backoff: backoff.value,
        max_backoff,
        breaker: breaker(section.section("breaker")),
    };
    section.finish();
    policy
}

fn breaker(mut section: Section<'_>) -> BreakerPolicy {
    let breaker = BreakerPolicy {
        enabled: section.value("enabled", true, boolean),
        failures: section.value("failures", 5, count(1..=10_000)),
        cooldown: section.value("cooldown", "30s", duration(MILLI * 10..=DAY)),
    };
    section.finish();
    breaker
}

pub(super) fn cache(mut section: Section<'_>) -> (Field<bool>, Cache) {
    let enabled = section.field("enabled", false, boolean);
    let cache = Cache {
        enabled: enabled.value,
        ttl: section.value("ttl", "1h", duration(SECOND..=DAY * 365)),
        bucket_max_size: section.value("bucket_max_size", 1, count(1..=1000)),
        semantic_threshold: section.value("semantic_threshold", 0.95, number(0.5..=1.0)),
    };
    section.finish();
    (enabled, cache)
}

/// `[firewall]`: its model is a reference.
#[derive(Debug)]
pub(in crate::config) struct RawFirewall {
    pub(in crate::config) mode: Field<FirewallMode>,
    pub(in crate::config) model: Field<String>,
    pub(in crate::config) on_error: OnError,
}

impl RawFirewall {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let modes = &[("off", FirewallMode::Off), ("detect", FirewallMode::Detect), ("block", FirewallMode::Block)];
        let raw = Self {
            mode: section.field("mode", "detect", choice(modes)),
            model: section.field("model", "", text),
            on_error: section.value(
                "on_error",
                "allow",
                choice(&[("allow", OnError::Allow), ("block", OnError::Block)]),
            ),
        };
        section.finish();
        raw
    }
}

pub(super) fn savings(mut section: Section<'_>) -> f64 {
    let rate = section.value("rate", 0.15, number(0.0..=1.0));
    section.finish();
    rate
}

pub(super) fn telemetry(mut section: Section<'_>) -> (String, Field<Option<Url>>) {
    let read = (section.value("log", "info", log_filter), section.field("otlp_endpoint", "", optional_url));
    section.finish();
    read
}
