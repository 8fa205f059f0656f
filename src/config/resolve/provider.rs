//! One provider: its kind, its address, its key.

use super::{aws, entra, vertex};
use crate::base::{ProviderId, Secret};
use crate::config::leaf;
use crate::config::nearest::nearest;
use crate::config::raw::{Auth, RawHeader, RawProvider};
use crate::config::report::{Complaint, Field, Report};
use crate::config::secret;
use crate::config::settings::{Credential, Dialect, Provider};
use crate::config::sources::Environment;
use crate::config::tree::{Place, Value};
use crate::wire::quirks::{self, Quirks};
use http::{HeaderName, HeaderValue};
use std::net::IpAddr;
use std::sync::Arc;
use url::{Host, Url};

/// The version of Azure's API that is asked for where none is set: the newest that is no preview.
const AZURE_VERSION: &str = "2024-10-21";

/// The provider of a section; `None` where it is wrong, and the report says how.
pub(super) fn resolve(raw: &RawProvider, environment: &Environment, report: &mut Report) -> Option<Box<Provider>> {
    let before = report.problems.len();
    let row = kind(raw, report)?;
    let key = raw.api_key.as_ref().and_then(|reference| secret::fetch(reference, environment, report));
    let dialect = row.dialect;
    if row.publisher.is_some() {
        return vertex(raw, row, key, environment, report);
    }
    let base_url = base_url(raw, row, dialect, environment, report);
    let is_azure = dialect == Dialect::AzureV1;
    let version = raw.api_version.as_ref();
    if let Some(version) = version.filter(|_| !is_azure) {
        report.warn(&version.place, &version.key, format!("means nothing for {}", row.kind));
    }
    let (dialect, base_url) = match base_url {
        Some(url) if is_azure => {
            let (dialect, url) = azure(url, version.map(|version| version.value.as_str()));
            (dialect, Some(url))
        }
        url => (dialect, url),
    };
    let credential = match entra_auth(raw, is_azure, row, report) {
        _ if dialect == Dialect::Bedrock => aws::credential(raw, key, environment, report),
        Some(auth) => {
            let grant = entra::grant(raw, auth, environment, report);
            grant.map(|grant| Credential::Token(Arc::new(grant)))
        }
        None => {
            let key = if raw.has_key { key } else { usual_key(raw, row, environment, report) };
            key.map(|key| Credential::of_key(dialect, &key))
        }
    };
    if dialect != Dialect::Bedrock {
        let region = raw.region.as_ref().map(|region| (&region.place, region.key.as_str()));
        for (place, key) in region.into_iter().chain(raw.aws.given()) {
            report.warn(place, key, format!("means nothing for {}", row.kind));
        }
    }
    let headers = headers(raw, environment, report);
    let base_url = base_url.filter(|_| report.problems.len() == before)?;
    Some(Box::new(Provider {
        id: ProviderId::from(raw.name.value.as_str()),
        kind: row.kind.to_owned(),
        dialect,
        base_url,
        credential: credential.unwrap_or_default(),
        headers,
        allow_private_network: raw.allow_private_network,
        anthropic_version: raw.anthropic_version.value.to_str().unwrap_or_default().to_owned(),
        unsupported_parameters: raw.unsupported_parameters,
    }))
}

/// A provider whose models are of several makers.
fn vertex(
    raw: &RawProvider,
    row: &Quirks,
    key: Option<Secret>,
    environment: &Environment,
    report: &mut Report,
) -> Option<Box<Provider>> {
    let before = report.problems.len();
    for (place, name) in raw.auth.of_azure() {
        report.warn(place, name, format!("means nothing for {}", row.kind));
    }
    let host = raw.base_url.as_ref().and_then(|_| base_url(raw, row, row.dialect, environment, report));
    let found = vertex::resolve(raw, host.as_ref(), key, environment, report);
    let mut headers = headers(raw, environment, report);
    let found = found.filter(|_| report.problems.len() == before)?;
    headers.extend(found.header.filter(|(name, _)| raw.headers.iter().all(|(own, _)| own != name)));
    let version = &raw.anthropic_version;
    let version = match version.place {
        Place::Default => vertex::ANTHROPIC_VERSION,
        _ => version.value.to_str().unwrap_or_default(),
    };
    Some(Box::new(Provider {
        id: ProviderId::from(raw.name.value.as_str()),
        kind: row.kind.to_owned(),
        dialect: row.dialect,
        base_url: found.base_url,
        credential: found.credential,
        headers,
        allow_private_network: raw.allow_private_network,
        anthropic_version: version.to_owned(),
        unsupported_parameters: raw.unsupported_parameters,
    }))
}

/// A provider of this kind as the environment describes it; `None` where it says too little.
pub(in crate::config) fn of_environment(
    kind: &str,
    environment: &Environment,
    report: &mut Report,
) -> Option<Provider> {
    resolve(&RawProvider::of_kind(kind, report), environment, report).map(|provider| *provider)
}

/// The way to tokens that a provider of Azure's goes; `None` where it has a key.
fn entra_auth(raw: &RawProvider, is_azure: bool, row: &Quirks, report: &mut Report) -> Option<Auth> {
    for (place, key) in raw.auth.of_vertex() {
        report.warn(place, key, format!("means nothing for {}", row.kind));
    }
    if !is_azure {
        let auth = raw.auth.auth.as_ref().map(|auth| (&auth.place, auth.key.as_str()));
        for (place, key) in auth.into_iter().chain(raw.auth.of_azure()) {
            report.warn(place, key, format!("means nothing for {}", row.kind));
        }
        return None;
    }
    let implied = raw.auth.client_secret.as_ref().map(|_| Auth::ClientSecret);
    let auth = raw.auth.auth.as_ref().map(|auth| auth.value).or(implied).unwrap_or(Auth::Key);
    if auth == Auth::Key {
        for (place, key) in raw.auth.of_azure() {
            report.warn(place, key, "means nothing with a key: set auth to have tokens instead");
        }
        return None;
    }
    if let Some(key) = &raw.api_key {
        report.refuse(key, Complaint::new("is set together with a way to tokens; calls bear one of the two").hidden());
    }
    Some(auth)
}

/// Which of Azure's two surfaces an address is, and the address in full: the one that ends with `/v1` has its models in
/// the body and needs no version; any other is a resource, whose deployments have addresses of their own.
pub(in crate::config) fn azure(mut url: Url, version: Option<&str>) -> (Dialect, Url) {
    let dialect = if url.path().ends_with("/v1") { Dialect::AzureV1 } else { Dialect::AzureDeployments };
    let version = match dialect {
        Dialect::AzureV1 => version,
        _ => Some(version.unwrap_or(AZURE_VERSION)),
    };
    if dialect == Dialect::AzureDeployments && !url.path().ends_with("/openai") {
        let path = format!("{}/openai", url.path().trim_end_matches('/'));
        url.set_path(&path);
    }
    if let Some(version) = version {
        url.query_pairs_mut().append_pair("api-version", version);
    }
    (dialect, url)
}

/// The row of its kind: what `kind` says, else its name.
fn kind(raw: &RawProvider, report: &mut Report) -> Option<&'static Quirks> {
    if let Some(kind) = &raw.kind {
        let row = quirks::find(&kind.value);
        if row.is_none() {
            let near = nearest(&kind.value, quirks::kinds());
            let all: Vec<_> = quirks::kinds().collect();
            let reason = format!("is no kind of provider; expected one of {}", all.join(", "));
            report.refuse(kind, Complaint::new(reason).nearest(near));
        }
        return row;
    }
    let row = quirks::find(&raw.name.value);
    if row.is_none() {
        let near = nearest(&raw.name.value, quirks::kinds());
        let reason = "is not the name of a provider that floopy knows; set kind, for example kind = \"openai-chat\"";
        report.refuse(&raw.name, Complaint::new(reason).nearest(near));
    }
    row
}

fn base_url(
    raw: &RawProvider,
    row: &Quirks,
    dialect: Dialect,
    environment: &Environment,
    report: &mut Report,
) -> Option<Url> {
    let Some(given) = &raw.base_url else {
        if let Some(url) = address_of_environment(row, environment) {
            report.setting(&format!("{}.base_url", raw.name.key), format!("{:?}", url.as_str()), &Place::Default);
            return Some(url);
        }
        if dialect == Dialect::Bedrock {
            let url = aws::base_url(raw, environment, report)?;
            report.setting(&format!("{}.base_url", raw.name.key), format!("{:?}", url.as_str()), &Place::Default);
            return Some(url);
        }
        if row.base_url.is_empty() {
            report.missing(
                &raw.name.place,
                &raw.name.key,
                "`base_url` is missing: this kind has no address of its own",
            );
            return None;
        }
        let place = Place::Default;
        report.setting(&format!("{}.base_url", raw.name.key), format!("{:?}", row.base_url), &place);
        return Some(default_url(row));
    };
    if dialect == Dialect::Replay {
        report.warn(&given.place, &given.key, "means nothing for replay, which calls nobody");
    } else if !raw.allow_private_network && is_private(&given.value) {
        let reason = "is a private address; set allow_private_network = true to call it";
        report.refuse(given, Complaint::new(reason));
    } else if given.value.scheme() == "http" && !is_private(&given.value) {
        report.warn(&given.place, &given.key, "sends keys and prompts unencrypted; https is meant for this");
    }
    Some(given.value.clone())
}

/// The address that the environment holds for a row, where its customers have addresses of their own.
fn address_of_environment(row: &Quirks, environment: &Environment) -> Option<Url> {
    let given = environment.get(row.address_env?)?;
    leaf::base_url(&Value::Text(given.to_owned())).ok()
}

/// The address of a provider of which nothing but the environment is known.
pub(in crate::config) fn discovered_address(row: &Quirks, environment: &Environment) -> Option<Url> {
    let of_region = || aws::address(aws::region_of_environment(environment)?);
    match row.dialect {
        Dialect::Bedrock => address_of_environment(row, environment).or_else(of_region),
        _ if row.base_url.is_empty() => address_of_environment(row, environment),
        _ => Some(address_of_environment(row, environment).unwrap_or_else(|| default_url(row))),
    }
}

/// The address of a row.
fn default_url(row: &Quirks) -> Url {
    row.base_url.parse().expect("the rows hold URLs: a test reads them all")
}

/// Whether an address, as far as it is written out, is not on the public internet. Names are judged when
/// they are resolved, at every call.
fn is_private(url: &Url) -> bool {
    let address: IpAddr = match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            return name == "localhost" || name.ends_with(".localhost");
        }
        Some(Host::Ipv4(v4)) => v4.into(),
        Some(Host::Ipv6(v6)) => IpAddr::from(v6).to_canonical(),
        None => return false,
    };
    match address {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_link_local() || v4.is_unspecified(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local() || v6.is_unspecified(),
    }
}

/// Where no key is set: that of the kind's usual variable, which must be there unless the address is the
/// operator's own.
fn usual_key(raw: &RawProvider, row: &Quirks, environment: &Environment, report: &mut Report) -> Option<Secret> {
    let own_address = raw.base_url.is_some();
    let present = row.key_env.iter().find(|name| environment.has(name));
    match (present, row.key_env.first()) {
        (Some(name), _) if !own_address => {
            let key = format!("{}.api_key", raw.name.key);
            report.setting(&key, format!("\"env:{name}\""), &Place::Default);
            let value = secret::Reference::Environment((*name).to_owned());
            secret::fetch(&Field { value, place: raw.name.place.clone(), key }, environment, report)
        }
        (None, Some(name)) if !own_address => {
            let reason = format!("`api_key` is missing, and the environment variable {name} is not set");
            report.missing(&raw.name.place, &raw.name.key, &reason);
            None
        }
        (Some(name), _) if raw.base_url.as_ref().is_some_and(|url| !is_private(&url.value)) => {
            let reason = format!(
                "is called without a key: {name} is sent to the usual address only; set api_key = \"env:{name}\" to send it here"
            );
            report.warn(&raw.name.place, &raw.name.key, reason);
            None
        }
        _ => None,
    }
}

fn headers(raw: &RawProvider, environment: &Environment, report: &mut Report) -> Vec<(HeaderName, HeaderValue)> {
    let mut headers = Vec::with_capacity(raw.headers.len());
    for (name, value) in &raw.headers {
        let value = match value {
            RawHeader::Plain(value) => Some(value.clone()),
            RawHeader::Secret(reference) => {
                let secret = secret::fetch(reference, environment, report);
                secret.map(|secret| {
                    let mut value = HeaderValue::from_str(secret.expose())
                        .expect("a secret holds visible ASCII: checked where it is fetched");
                    value.set_sensitive(true);
                    value
                })
            }
        };
        headers.extend(value.map(|value| (name.clone(), value)));
    }
    headers
}
