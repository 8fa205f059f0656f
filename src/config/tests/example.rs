//! The file that `config init` writes.

use super::*;
use crate::config::init_text;
use std::collections::BTreeSet;

#[test]
fn the_example_in_the_repository_is_current() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("config.example.toml");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, init_text()).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == init_text(), "config.example.toml is not current: run this test with UPDATE_GOLDEN=1");
}

#[test]
fn the_example_as_it_is_changes_nothing() {
    let values = |world: &World| {
        let loaded = world.load().unwrap_or_else(|errors| panic!("{errors}"));
        loaded.origins.into_iter().map(|setting| (setting.key, setting.value)).collect::<Vec<_>>()
    };
    assert_eq!(values(&World::new(&init_text())), values(&World::new("")));
}

/// The example with every setting freed.
fn freed() -> String {
    let is_setting = |line: &str| {
        let name = line.split([' ', '=']).next().unwrap_or("");
        line.starts_with('[')
            || (line.contains(" = ") && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'))
    };
    let free = |line: &str| match line.strip_prefix("# ") {
        Some(rest) if is_setting(rest) => format!("{rest}\n"),
        _ => format!("{line}\n"),
    };
    init_text().lines().map(free).collect()
}

#[test]
fn the_example_freed_names_every_key_and_only_its_files_are_missing() {
    let world = World::new("");
    let secret = world.path("anthropic");
    for file in ["anthropic", "cert.pem", "key.pem"] {
        std::fs::write(world.path(file), "secret\n").unwrap();
    }
    let google = r#"{"type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "r"}"#;
    std::fs::write(world.path("google.json"), google).unwrap();
    let text = freed()
        .replace("/run/secrets/anthropic", secret.to_str().unwrap())
        .replace("/etc/floopy", world.folder.path().to_str().unwrap());
    let of_aws = ["AWS_BEARER_TOKEN_BEDROCK", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];
    let keys: Vec<_> = ["OPENAI_API_KEY", "GATEWAY_TOKEN"].into_iter().chain(of_aws).map(|name| (name, "x")).collect();
    let world = World::new(&text).with(&keys);
    let loaded = world.load().unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(loaded.config.providers.len(), 7);
    assert_eq!(loaded.config.routes.len(), 2);
    let is_told = |setting: &&crate::config::Setting| setting.origin != crate::config::Origin::Default;
    let told: BTreeSet<&str> = loaded.origins.iter().filter(is_told).map(|setting| setting.key.as_str()).collect();
    let free = |key: &&str| !["provider.", "route.split."].iter().any(|start| key.starts_with(start));
    let all = loaded.origins.iter().map(|setting| setting.key.as_str());
    let quiet: Vec<&str> = all.filter(|key| !told.contains(key)).filter(free).collect();
    assert_eq!(quiet, Vec::<&str>::new(), "keys that the example does not name");
}

#[test]
fn every_default_of_the_example_is_the_default() {
    let world = World::new("").load().unwrap();
    let lines: Vec<_> = freed().lines().map(str::to_owned).collect();
    let mut section = String::new();
    let mut seen = 0;
    for line in lines.iter().take_while(|line| !line.starts_with("# Providers.")) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = format!("{name}.");
        } else if let Some((name, rest)) = line.split_once(" = ").filter(|(name, _)| !name.contains(' ')) {
            let value = rest.split("  #").next().unwrap().split(" # ").next().unwrap().trim();
            let key = format!("{section}{name}");
            if let Some(setting) = world.origins.iter().find(|setting| setting.key == key) {
                assert_eq!(setting.value, value, "{key}");
                seen += 1;
            }
        }
    }
    assert_eq!(seen, world.origins.iter().filter(|setting| !setting.key.starts_with("provider.")).count());
}
