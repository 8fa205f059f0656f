//! Without a configured provider: the keys that the environment holds, else the built-in `replay` provider.

use super::raw::ANTHROPIC_VERSION;
use super::report::{Field, Report};
use super::resolve;
use super::secret::{self, Reference};
use super::settings::{Credential, Dialect, Provider, UnsupportedParameters};
use super::sources::Environment;
use super::tree::Place;
use crate::base::ProviderId;
use crate::wire::quirks;

/// What was found in the environment, for `serve` to print.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Discovery {
    /// Providers that are configured by it.
    pub found: Vec<Found>,
    /// Providers whose key is there but whose address, which every customer has an own one of, is not.
    pub without_address: Vec<Found>,
    /// Whether nothing was found, so that `replay` serves.
    pub replay: bool,
}

/// One provider's key in the environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The provider's kind, which is its name.
    pub provider: &'static str,
    /// The variable that holds its key.
    pub variable: &'static str,
}

/// Looks for the keys of the providers, in their order. An empty variable counts as absent.
pub(super) fn discover(environment: &Environment) -> Discovery {
    let mut discovery = Discovery::default();
    for row in quirks::providers() {
        let Some(variable) = row.key_env.iter().copied().find(|name| environment.has(name)) else { continue };
        let found = Found { provider: row.kind, variable };
        let is_whole = || resolve::of_environment(row.kind, environment, &mut Report::default()).is_some();
        if resolve::discovered_address(row, environment).is_none() || (row.publisher.is_some() && !is_whole()) {
            discovery.without_address.push(found);
        } else {
            discovery.found.push(found);
        }
    }
    discovery.replay = discovery.found.is_empty();
    discovery
}

/// The providers that were found, or `replay`. A key that no header can hold is a problem.
pub(super) fn providers(discovery: &Discovery, environment: &Environment, report: &mut Report) -> Vec<Provider> {
    let found = discovery.found.iter().map(|found| (found.provider, Some(found.variable)));
    let mut providers = Vec::new();
    for (kind, variable) in found.chain(discovery.replay.then_some(("replay", None))) {
        let row = quirks::quirks(kind);
        if row.publisher.is_some() {
            providers.extend(resolve::of_environment(kind, environment, report));
            continue;
        }
        let api_key = variable.and_then(|name| {
            let place = Place::Environment(name.to_owned());
            let key = format!("provider.{kind}.api_key");
            report.setting(&key, format!("\"env:{name}\""), &place);
            let value = Reference::Environment(name.to_owned());
            secret::fetch(&Field { value, place, key }, environment, report)
        });
        let Some(base_url) = resolve::discovered_address(row, environment) else { continue };
        report.setting(&format!("provider.{kind}.base_url"), format!("{:?}", base_url.as_str()), &Place::Default);
        let (dialect, base_url) = match row.dialect {
            Dialect::AzureV1 => resolve::azure(base_url, None),
            dialect => (dialect, base_url),
        };
        providers.push(Provider {
            id: ProviderId::from(kind),
            kind: kind.to_owned(),
            dialect,
            base_url,
            credential: api_key.map(|key| Credential::of_key(dialect, &key)).unwrap_or_default(),
            headers: Vec::new(),
            allow_private_network: false,
            anthropic_version: ANTHROPIC_VERSION.to_owned(),
            unsupported_parameters: UnsupportedParameters::default(),
        });
    }
    providers
}
