//! What `serve` says when it is up: what it found, and one call to try.

use super::output::Terminal;
use crate::base::{Mode, ModelInfo};
use crate::config::settings::{Config, Dialect, Provider};
use crate::config::{Discovery, Loaded};
use crate::upstream::replay::replay;
use std::io::Write;
use std::net::SocketAddr;

/// Tells people on stderr. Services that log to a file get their log lines only.
pub(crate) fn greet(loaded: &Loaded, listen: SocketAddr) {
    let terminal = Terminal::of_stderr();
    let lines = facts(loaded, listen);
    let widest = lines.iter().map(|(label, _)| label.len()).max().unwrap_or(0);
    let mut text = format!("{}\n", terminal.bold(concat!("floopy ", env!("CARGO_PKG_VERSION"))));
    for (label, fact) in lines {
        text.push_str(&format!("  {}{}  {fact}\n", terminal.dim(label), " ".repeat(widest - label.len())));
    }
    if let Some(call) = call(&loaded.config, listen) {
        text.push_str(&format!("\ntry\n{call}\n"));
    }
    std::io::stderr().write_all(text.as_bytes()).unwrap_or_default();
}

fn facts(loaded: &Loaded, listen: SocketAddr) -> Vec<(&'static str, String)> {
    let config = &loaded.config;
    let scheme = if config.server.tls.is_some() { "https" } else { "http" };
    let file = loaded.source.as_ref().map_or_else(|| "none: defaults".to_owned(), |path| path.display().to_string());
    let mut lines = vec![
        ("listening", format!("{scheme}://{listen}")),
        ("configuration", file),
        ("data", config.data.display().to_string()),
        ("providers", providers(config, loaded.discovery.as_ref())),
    ];
    if !config.routes.is_empty() {
        let names: Vec<_> = config.routes.iter().map(|route| route.id.as_str()).collect();
        lines.push(("routes", names.join(", ")));
    }
    if config.passthrough {
        lines.push(("passthrough", "everything but authentication is off".to_owned()));
    }
    lines
}

fn providers(config: &Config, discovery: Option<&Discovery>) -> String {
    match discovery {
        Some(Discovery { replay: true, .. }) => {
            "no key in the environment; the built-in replay provider answers with recorded outcomes, offline".to_owned()
        }
        Some(discovery) => {
            let names = discovery.found.iter().map(|found| format!("{} ({})", found.provider, found.variable));
            names.collect::<Vec<_>>().join(", ")
        }
        None => {
            let mut names: Vec<_> = config.providers.keys().map(|id| id.as_str()).collect();
            names.sort_unstable();
            names.join(", ")
        }
    }
}

/// One call that works with this configuration, as a shell command.
fn call(config: &Config, listen: SocketAddr) -> Option<String> {
    let (model, text) = subject(config)?;
    let quoted = |text: String| serde_json::Value::from(text).to_string();
    let (model, text) = (quoted(model), quoted(text));
    let body = format!(r#"{{"model": {model}, "messages": [{{"role": "user", "content": {text}}}]}}"#);
    let (scheme, insecure) = if config.server.tls.is_some() { ("https", " -k") } else { ("http", "") };
    Some(format!(
        "  curl{insecure} {scheme}://{listen}/v1/chat/completions -H 'content-type: application/json' -d '{}'",
        body.replace('\'', r"'\''")
    ))
}

/// What to ask whom: the first route, or the cheapest model of a provider; a recorded question where only `replay` is.
fn subject(config: &Config) -> Option<(String, String)> {
    let mut providers: Vec<_> = config.providers.values().collect();
    providers.sort_by(|a, b| (a.dialect == Dialect::Replay, &a.id).cmp(&(b.dialect == Dialect::Replay, &b.id)));
    let first: &Provider = providers.first()?;
    let text = match first.dialect {
        Dialect::Replay => replay().items.iter().map(|item| item.prompt.as_str()).min_by_key(|prompt| prompt.len())?,
        _ => "Say hello.",
    };
    let cheapest = || {
        let price = |info: &ModelInfo| info.prices.output.map_or(u64::MAX, |price| price.0);
        let chat = config.catalogue.models_of(&first.id).filter(|info| info.mode == Mode::Chat && price(info) > 0);
        chat.min_by_key(|info| price(info)).map(|info| info.id.to_string())
    };
    let replayed = || (first.dialect == Dialect::Replay).then(|| format!("{}/{}", first.id, replay().baseline));
    let route = config.routes.first().map(|route| route.id.to_string());
    Some((route.or_else(replayed).or_else(cheapest)?, text.to_owned()))
}
