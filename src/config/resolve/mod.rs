//! From what is written to what it means: references, defaults that depend on other values, and rules that
//! hold between keys.

mod aws;
mod entra;
mod key;
mod later;
mod model;
mod provider;
mod route;
mod vertex;

pub(super) use provider::{azure, discovered_address, of_environment};

use super::catalogue::Catalogue;
use super::discovery::{self, Discovery};
use super::nearest::nearest;
use super::raw::{RawConfig, RawServer};
use super::report::{Complaint, Field, Report};
use super::settings::{Config, Firewall, Provider, Server, Tls};
use super::sources::Environment;
use crate::base::{ModelRef, ProviderId};
use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

/// What references are looked up in.
struct Known {
    providers: HashMap<ProviderId, Arc<Provider>>,
    /// Configured, but this release does not speak their dialect.
    /// Configured, but wrong: that was said already, and is not said again at every reference.
    broken: BTreeSet<String>,
    catalogue: Catalogue,
}

/// The settings; problems are noted in the report.
pub(super) fn resolve(raw: RawConfig, environment: &Environment, report: &mut Report) -> (Config, Option<Discovery>) {
    later::warn(&raw, report);
    let (mut known, discovery) = providers(&raw, environment, report);
    model::resolve(&raw.models, &mut known, report);
    let routes = route::resolve(&raw.routes, &known, report);
    let keys = key::resolve(&raw.keys, &raw.routes, report);
    let firewall_model = Some(&raw.firewall.model).filter(|model| !model.value.is_empty());
    let firewall = Firewall {
        mode: raw.firewall.mode.value,
        model: firewall_model.and_then(|model| reference(model, &known, report)),
        on_error: raw.firewall.on_error,
    };
    if let Some(ops) = raw.ops.as_ref().filter(|ops| ops.value == raw.server.listen.value && ops.value.port() != 0) {
        report.refuse(ops, Complaint::new("is server.listen too; leave it out to serve both on one address"));
    }
    let config = Config {
        generation: 1,
        passthrough: raw.passthrough,
        server: server(&raw.server, report),
        ops: raw.ops.map(|ops| ops.value),
        data: raw.data,
        sessions: raw.sessions,
        audit: raw.audit,
        retention: raw.retention,
        priors: raw.priors,
        upstream: raw.upstream,
        providers: known.providers,
        catalogue: Arc::new(known.catalogue),
        routes,
        keys,
        cache: raw.cache,
        firewall,
        export_max_rows: raw.export_max_rows,
        files: raw.files,
        batches: raw.batches,
        savings_rate: raw.savings_rate,
        log: raw.log,
        otlp_endpoint: raw.otlp_endpoint.value,
    };
    (config, discovery)
}

/// The providers of the file; where there are none, those of the environment.
fn providers(raw: &RawConfig, environment: &Environment, report: &mut Report) -> (Known, Option<Discovery>) {
    let mut known = Known { providers: HashMap::new(), broken: BTreeSet::new(), catalogue: Catalogue::default() };
    for provider in &raw.providers {
        match provider::resolve(provider, environment, report) {
            Some(ready) => {
                known.providers.insert(ready.id.clone(), Arc::new(*ready));
            }
            None => {
                known.broken.insert(provider.name.value.clone());
            }
        }
    }
    let discovery = raw.providers.is_empty().then(|| discovery::discover(environment));
    if let Some(found) = &discovery {
        for provider in discovery::providers(found, environment, report) {
            known.providers.insert(provider.id.clone(), Arc::new(provider));
        }
    }
    known.catalogue = Catalogue::of(known.providers.values().map(|provider| (&provider.id, provider.kind.as_str())));
    (known, discovery)
}

fn server(raw: &RawServer, report: &mut Report) -> Server {
    let tls = match (&raw.tls_cert, &raw.tls_key) {
        (Some(cert), Some(key)) => {
            for file in [cert, key] {
                present(file, report);
            }
            Some(Tls { cert: cert.value.clone(), key: key.value.clone() })
        }
        (Some(lone), None) => {
            report.refuse(lone, Complaint::new("is set without server.tls_key; TLS needs both"));
            None
        }
        (None, Some(lone)) => {
            report.refuse(lone, Complaint::new("is set without server.tls_cert; TLS needs both"));
            None
        }
        (None, None) => None,
    };
    Server {
        listen: raw.listen.value,
        tls,
        max_body: raw.max_body,
        request_timeout: raw.request_timeout,
        drain_timeout: raw.drain_timeout,
        max_connections: raw.max_connections,
        requests_per_minute_per_ip: raw.requests_per_minute_per_ip,
    }
}

fn present(file: &Field<PathBuf>, report: &mut Report) {
    if !file.value.is_file() {
        report.refuse(file, Complaint::new("is no file that can be seen from here"));
    }
}

/// The model that a `provider/model` text means.
fn reference(field: &Field<String>, known: &Known, report: &mut Report) -> Option<ModelRef> {
    match find(&field.value, known) {
        Ok(model) => model,
        Err(complaint) => {
            report.refuse(field, complaint);
            None
        }
    }
}

/// `Ok(None)`: the provider is wrong, which was said already.
fn find(text: &str, known: &Known) -> Result<Option<ModelRef>, Complaint> {
    let Some(model) = ModelRef::parse(text) else {
        let near = known.catalogue.resolve_bare(text).map(|model| model.to_string());
        let near = near.or_else(|| known.catalogue.nearest(text, 1, []).pop());
        return Err(Complaint::new("is no model; expected provider/model").nearest(near));
    };
    let provider = model.provider.as_str();
    if known.broken.contains(provider) {
        return Ok(None);
    }
    if !known.providers.contains_key(provider) {
        let names = known.providers.keys().map(|name| name.as_str());
        let near = nearest(provider, names.chain(known.broken.iter().map(String::as_str)));
        let near = near.map(|name| format!("{name}/{}", model.model));
        let near = near.or_else(|| known.catalogue.resolve_bare(text).map(|model| model.to_string()));
        return Err(Complaint::new(format!("names a provider without a [provider.{provider}] section")).nearest(near));
    }
    let closed = known.catalogue.models_of(&model.provider).next().is_some();
    if closed && known.catalogue.get(&model).is_none() {
        let names: Vec<&str> = known.catalogue.models_of(&model.provider).map(|info| &*info.id.model).collect();
        let near = nearest(&model.model, names).map(|name| format!("{provider}/{name}"));
        let reason = format!("is no model that is known of {provider}; a new one is described by a [[model]] entry");
        return Err(Complaint::new(reason).nearest(near));
    }
    Ok(Some(model))
}
