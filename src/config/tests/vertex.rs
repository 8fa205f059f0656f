//! Vertex AI: who calls, and where.

use super::*;
use crate::config::settings::Grant;
use crate::wire::Dialect;

const KEY: &str = include_str!("../../../tests/fixtures/google/key.pem");

/// A key file with these members changed.
fn account(change: impl FnOnce(&mut serde_json::Map<String, serde_json::Value>)) -> String {
    let mut account = serde_json::json!({"type": "service_account", "project_id": "p-of-file", "private_key_id": "k",
        "private_key": KEY, "client_email": "a@b.example", "token_uri": "https://oauth2.googleapis.com/token"});
    change(account.as_object_mut().unwrap());
    account.to_string()
}

/// A configuration beside a file of credentials that the environment names.
fn world(text: &str, file: &str, more: &[(&str, &str)]) -> World {
    let world = World::new(text);
    let path = world.path("google.json");
    std::fs::write(&path, file).unwrap();
    let mut variables = more.to_vec();
    variables.push(("GOOGLE_APPLICATION_CREDENTIALS", path.to_str().unwrap()));
    world.with(&variables)
}

#[test]
fn regions_have_their_addresses() {
    for (region, url) in [
        ("", "https://aiplatform.googleapis.com/v1beta1/projects/p-of-file/locations/global"),
        ("us", "https://aiplatform.us.rep.googleapis.com/v1beta1/projects/p-of-file/locations/us"),
        (
            "europe-west4",
            "https://europe-west4-aiplatform.googleapis.com/v1beta1/projects/p-of-file/locations/europe-west4",
        ),
    ] {
        let line = if region.is_empty() { String::new() } else { format!("region = \"{region}\"\n") };
        let loaded = world(&format!("[provider.vertex]\n{line}"), &account(|_| {}), &[]).load().unwrap();
        let vertex = &loaded.config.providers["vertex"];
        assert_eq!((vertex.base_url.as_str(), vertex.dialect), (url, Dialect::Gemini));
        assert_eq!(vertex.anthropic_version, "vertex-2023-10-16");
        let Credential::Token(grant) = &vertex.credential else { panic!("{:?}", vertex.credential) };
        assert!(matches!(&**grant, Grant::GoogleAccount(account) if account.email == "a@b.example"));
        assert!(!format!("{:?}", loaded.config).contains("PRIVATE KEY"), "a secret shows");
        assert!(loaded.files.iter().any(|file| file.ends_with("google.json")), "a new file is noticed");
    }
}

#[test]
fn a_key_file_is_found_without_a_configuration() {
    let found = world("", &account(|_| {}), &[("GOOGLE_CLOUD_LOCATION", "eu")]).load().unwrap();
    assert_eq!(found.discovery.unwrap().found[0].provider, "vertex");
    let url = "https://aiplatform.eu.rep.googleapis.com/v1beta1/projects/p-of-file/locations/eu";
    assert_eq!(found.config.providers["vertex"].base_url.as_str(), url);
    let broken = world("", "{}", &[]).load().unwrap().discovery.unwrap();
    assert!(broken.replay && broken.without_address[0].provider == "vertex");
}

#[test]
fn without_a_file_the_machine_calls_and_a_key_calls_without_a_project() {
    let text = "[provider.vertex]\nproject = \"p\"\n";
    let config = World::new(text).with(&[]).load().unwrap().config;
    let Credential::Token(grant) = &config.providers["vertex"].credential else { panic!("no token") };
    let Grant::Machine { url, .. } = &**grant else { panic!("{grant:?}") };
    assert!(url.as_str().starts_with("http://metadata.google.internal/computeMetadata/v1/instance/"), "{url}");
    let express = World::new("[provider.vertex]\napi_key = \"env:K\"\n").with(&[("K", "AQ.key")]).load().unwrap();
    let vertex = &express.config.providers["vertex"];
    assert_eq!(vertex.base_url.as_str(), "https://aiplatform.googleapis.com/v1beta1");
    assert_eq!(key(vertex), "AQ.key");
}

#[test]
fn mistakes_are_named_and_nothing_of_the_file_shows() {
    let plain = "[provider.vertex]\n";
    let weak = |account: &mut serde_json::Map<String, serde_json::Value>| {
        account.insert(
            "private_key".into(),
            "-----BEGIN PRIVATE KEY-----\naHVudGVyMg==\n-----END PRIVATE KEY-----".into(),
        );
    };
    for (text, file, reason) in [
        (plain, "hunter2".to_owned(), "holds no credentials of Google's"),
        (plain, account(|account| drop(account.remove("private_key"))), "lacks `private_key`"),
        (plain, account(weak), "holds a private key that cannot be used"),
        (
            plain,
            account(|account| drop(account.insert("type".into(), "external_account".into()))),
            "is of a type that is not supported",
        ),
        (
            plain,
            account(|account| drop(account.insert("token_uri".into(), "http://10.0.0.1/hunter2".into()))),
            "has a `token_uri` that is no https address",
        ),
        (plain, account(|account| drop(account.remove("project_id"))), "`project` is missing"),
        ("[provider.vertex]\nproject = \"a/../b\"\n", account(|_| {}), "cannot be part of an address"),
        ("[provider.vertex]\nregion = \"eu.evil.example/\"\n", account(|_| {}), "cannot be part of an address"),
        ("[provider.vertex]\nauth = \"client_secret\"\n", account(|_| {}), "is not for vertex"),
        ("[provider.vertex]\ncredentials = \"file:/nowhere\"\n", account(|_| {}), "the file /nowhere does not exist"),
    ] {
        let found = world(text, &file, &[]).problems();
        assert!(found.len() == 1 && found[0].contains(reason), "{reason}: {found:#?}");
        assert!(!found[0].contains("hunter2"), "{}", found[0]);
    }
}
