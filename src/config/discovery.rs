//! Without a configured provider: the keys that the environment holds, else the built-in `replay` provider.

use super::sources::Environment;
use crate::wire::quirks;

/// What was found in the environment, for `serve` to print.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Discovery {
    /// Providers that are configured by it.
    pub found: Vec<Found>,
    /// Providers whose key is there but whose dialect this release does not speak.
    pub unavailable: Vec<Found>,
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

/// Looks for the keys of the twenty providers, in their order. An empty variable counts as absent.
pub(super) fn discover(environment: &Environment) -> Discovery {
    let mut discovery = Discovery::default();
    for row in quirks::providers() {
        let Some(variable) = row.key_env.iter().copied().find(|name| environment.has(name)) else { continue };
        let found = Found { provider: row.kind, variable };
        if row.dialect.is_some() { discovery.found.push(found) } else { discovery.unavailable.push(found) }
    }
    discovery.replay = discovery.found.is_empty();
    discovery
}
