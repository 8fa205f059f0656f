//! What the configuration asks for: providers with their keys, TLS files.

use super::finding::Finding;
use crate::config::Loaded;
use crate::config::settings::{Config, Dialect, Tls};
use crate::server::acceptor;
use crate::wire::quirks;
use std::os::unix::fs::PermissionsExt;

/// Each provider, or that there is none.
pub(super) fn providers(loaded: &Loaded) -> Vec<Finding> {
    let mut providers: Vec<_> = loaded.config.providers.values().collect();
    providers.sort_by(|a, b| a.id.cmp(&b.id));
    let found = providers.iter().map(|provider| {
        let (id, kind) = (&provider.id, &provider.kind);
        if provider.dialect == Dialect::Replay {
            let advice = "set a provider's key, such as OPENAI_API_KEY, to get real answers";
            Finding::warn("provider", format!("{id} answers with recorded outcomes only"), advice)
        } else if provider.credential.is_none() && !provider.allow_private_network {
            Finding::warn("provider", format!("{id} ({kind}) has no key"), format!("set provider.{id}.api_key"))
        } else {
            Finding::ok("provider", format!("{id} ({kind}) at {}", provider.base_url))
        }
    });
    let mut all: Vec<_> = found.collect();
    if all.is_empty() {
        let advice = "set a provider's key, such as OPENAI_API_KEY, or add a [provider.NAME]";
        all.push(Finding::warn("provider", "none is configured", advice));
    }
    for found in loaded.discovery.iter().flat_map(|discovery| &discovery.without_address) {
        let text = format!("{} is set, but no address of {}", found.variable, found.provider);
        let advice = match quirks(found.provider).dialect {
            Dialect::Bedrock => "set AWS_REGION, or provider.bedrock.region".to_owned(),
            _ if quirks(found.provider).publisher.is_some() => {
                format!("{} has to name a readable key file; set GOOGLE_CLOUD_PROJECT too", found.variable)
            }
            _ => format!("set provider.{}.base_url to that of your resource", found.provider),
        };
        all.push(Finding::warn("provider", text, advice));
    }
    all
}

/// What is allowed but probably not meant.
pub(super) fn warnings(loaded: &Loaded) -> Vec<Finding> {
    let source =
        loaded.source.as_ref().map_or_else(|| "no file: defaults".to_owned(), |path| path.display().to_string());
    let warnings = loaded
        .warnings
        .iter()
        .map(|problem| Finding::warn("configuration", problem.to_string(), "see `floopy config check`"));
    std::iter::once(Finding::ok("configuration", source)).chain(warnings).collect()
}

/// A public address needs keys; without TLS they travel in the open.
pub(super) fn exposure(config: &Config) -> Option<Finding> {
    let listen = config.server.listen;
    (config.server.is_public() && config.server.tls.is_none()).then(|| {
        let advice = "set server.tls_cert and server.tls_key, or put a proxy with TLS in front";
        Finding::warn("tls", format!("{listen} can be reached from outside without TLS"), advice)
    })
}

/// The certificate chain and its key.
pub(super) fn tls(tls: &Tls) -> Vec<Finding> {
    let mode = std::fs::metadata(&tls.key).map(|metadata| metadata.permissions().mode() & 0o777);
    let open = mode.ok().filter(|mode| mode & 0o007 != 0).map(|mode| {
        let name = tls.key.display();
        Finding::warn("tls", format!("{name} can be read by everybody (mode {mode:03o})"), format!("chmod 600 {name}"))
    });
    let pair = match acceptor(tls) {
        Ok(_) => Finding::ok("tls", format!("{} and its key belong together", tls.cert.display())),
        Err(why) => {
            Finding::fail("tls", why, "point server.tls_cert and server.tls_key at PEM files of one certificate")
        }
    };
    std::iter::once(pair).chain(open).collect()
}
