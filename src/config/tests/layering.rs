//! Defaults < file < environment < flags, and which file it is.

use super::*;
use crate::config::{Origin, check, fingerprint, settings::Durability, show};
use std::time::Duration;

#[test]
fn later_layers_win_and_say_so() {
    let mut world = World::new("[server]\nlisten = \"127.0.0.1:1\"\nmax_body = \"1MiB\"\ndrain_timeout = \"1s\"\n")
        .with(&[
            ("FLOOPY_SERVER__LISTEN", "127.0.0.1:2"),
            ("FLOOPY_SERVER__MAX_BODY", "2MiB"),
            ("FLOOPY_AUDIT__DURABILITY", "strict"),
            ("FLOOPY_UPSTREAM__BREAKER__FAILURES", "9"),
            ("FLOOPY_SESSIONS__INFER", "0"),
            ("FLOOPY_CACHE__SEMANTIC_THRESHOLD", "0.9"),
            ("FLOOPY_TELEMETRY__LOG", ""),
        ]);
    world.sources =
        world.sources.flag("--listen", "server.listen", "127.0.0.1:3").flag("--passthrough", "passthrough", "true");
    let loaded = world.load().unwrap();
    let config = &loaded.config;
    assert_eq!(config.server.listen.port(), 3);
    assert_eq!(config.server.max_body, 2 << 20);
    assert_eq!(config.server.drain_timeout, Duration::from_secs(1));
    assert_eq!(config.audit.durability, Durability::Strict);
    assert_eq!(config.upstream.breaker.failures, 9);
    assert!(!config.sessions.infer && config.passthrough);
    assert!((config.cache.semantic_threshold - 0.9).abs() < 1e-9);
    assert_eq!(config.log, "info", "an empty variable counts as absent");
    let shown = show(&loaded, true);
    let file = format!("{}:4:17", world.path("floopy.toml").display());
    for line in [
        "passthrough = true  # flag --passthrough",
        "server.listen = \"127.0.0.1:3\"  # flag --listen",
        "server.max_body = \"2MiB\"  # environment FLOOPY_SERVER__MAX_BODY",
        &format!("server.drain_timeout = \"1s\"  # {file}"),
        "sessions.infer_window = \"30m\"  # default",
        "upstream.breaker.failures = 9  # environment FLOOPY_UPSTREAM__BREAKER__FAILURES",
    ] {
        assert!(shown.lines().any(|found| found == line), "{line}\n{shown}");
    }
    assert!(show(&loaded, false).lines().any(|line| line == "server.listen = \"127.0.0.1:3\""));
}

#[test]
fn a_wrong_variable_is_named_with_the_right_one() {
    let found = World::new("").with(&[
        ("FLOOPY_SERVER__LISTN", "127.0.0.1:1"),
        ("FLOOPY_SERVR__LISTEN", "127.0.0.1:1"),
        ("FLOOPY_SERVER__LISTEN__PORT", "1"),
        ("FLOOPY_SESSIONS__INFER", "perhaps"),
        ("FLOOPY_ROUTE__NAME", "x"),
        ("FLOOPY_UPSTREAM__BREAKER__FALIURES", "3"),
    ]);
    let found = found.problems();
    for expected in [
        "environment FLOOPY_SERVER__LISTN: server.listn: means nothing: [server] has no key `listn`; did you mean `FLOOPY_SERVER__LISTEN`?",
        "environment FLOOPY_SERVR__LISTEN: servr: means nothing: the file has no key `servr`; did you mean `FLOOPY_SERVER__LISTEN`?",
        "environment FLOOPY_SERVER__LISTEN__PORT: server.listen: is a table; expected text in quotes",
        "environment FLOOPY_SESSIONS__INFER: sessions.infer: is text; expected true or false",
        "environment FLOOPY_ROUTE__NAME: route: [[route]] tables are set in the file, not in the environment",
        "environment FLOOPY_UPSTREAM__BREAKER__FALIURES: upstream.breaker.faliures: means nothing: [upstream.breaker] has no key `faliures`; did you mean `FLOOPY_UPSTREAM__BREAKER__FAILURES`?",
    ] {
        assert!(found.iter().any(|problem| problem == expected), "{expected}\n{found:#?}");
    }
    assert_eq!(found.len(), 6, "{found:#?}");
}

#[test]
fn variables_of_others_are_left_alone_and_slips_are_warned_of() {
    let world = World::new("").with(&[
        ("FLOOPY_URL", "http://x"),
        ("FLOOPY_API_KEY", "fl_x"),
        ("FLOOPY_PASSTHROUGH", "1"),
        ("FLOOPY_SERVICE_HOST", "10.0.0.1"),
        ("FLOOPY_PORT_7676_TCP_ADDR", "10.0.0.1"),
        ("FLOOPY_SERVER_LISTEN", "127.0.0.1:1"),
    ]);
    assert!(world.load().unwrap().config.passthrough);
    assert_eq!(
        world.warnings(),
        ["environment FLOOPY_SERVER_LISTEN: means nothing; did you mean FLOOPY_SERVER__LISTEN?"]
    );
}

#[test]
fn a_provider_is_set_from_the_environment() {
    let world = World::new("[provider.my-llm]\nkind = \"openai-chat\"\nbase_url = \"https://a.example/v1\"\n").with(&[
        ("FLOOPY_PROVIDER__MY_LLM__BASE_URL", "https://b.example/v1/"),
        ("FLOOPY_PROVIDER__OPENAI__API_KEY", "env:OTHER"),
        ("OTHER", "sk-other"),
    ]);
    let config = world.load().unwrap().config;
    assert_eq!(config.providers["my-llm"].base_url.as_str(), "https://b.example/v1");
    assert_eq!(key(&config.providers["openai"]), "sk-other");
}

#[test]
fn the_file_is_the_named_one_else_the_first_usual_one() {
    let world = World::new("[server]\nlisten = \"127.0.0.1:1\"\n");
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(home.path().join("floopy")).unwrap();
    std::fs::write(home.path().join("floopy/config.toml"), "[server]\nlisten = \"127.0.0.1:2\"\n").unwrap();
    std::fs::write(world.path("other.toml"), "[server]\nlisten = \"127.0.0.1:3\"\n").unwrap();
    std::fs::write(world.path("fourth.toml"), "[server]\nlisten = \"127.0.0.1:4\"\n").unwrap();
    let port = |sources: &Sources| load(sources).unwrap().config.server.listen.port();
    let home_variable = ("XDG_CONFIG_HOME", home.path().to_str().unwrap().to_owned());
    let other = ("FLOOPY_CONFIG", world.path("other.toml").to_str().unwrap().to_owned());
    let mut sources = world.sources.clone();
    sources.environment = [home_variable.clone(), other].into_iter().collect();
    sources.file = Some(world.path("fourth.toml"));
    assert_eq!(port(&sources), 4);
    sources.file = None;
    assert_eq!(port(&sources), 3);
    sources.environment = [home_variable].into_iter().collect();
    assert_eq!(port(&sources), 1);
    std::fs::remove_file(world.path("floopy.toml")).unwrap();
    assert_eq!(port(&sources), 2);
    sources.environment = nothing();
    assert_eq!(load(&sources).unwrap().source, None);
    assert_eq!(port(&sources), 7676);
    sources.file = Some(world.path("missing.toml"));
    let error = load(&sources).unwrap_err().to_string();
    assert!(error.ends_with("missing.toml: does not exist"), "{error}");
}

#[test]
fn defaults_have_no_other_origin() {
    let loaded = load(&Sources { folder: tempfile::tempdir().unwrap().keep(), ..Sources::default() }).unwrap();
    assert!(loaded.origins.iter().all(|setting| setting.origin == Origin::Default));
    assert!(loaded.origins.len() > 30);
    assert_eq!(loaded.warnings, []);
}

#[test]
fn a_fingerprint_follows_the_content_of_all_files() {
    let world = World::new("[provider.openai]\napi_key = \"file:SECRET\"\n".replace("SECRET", "/dev/null").as_str());
    let files = vec![world.path("floopy.toml"), world.path("secret")];
    let first = fingerprint(&files);
    assert_eq!(first, fingerprint(&files));
    std::fs::write(world.path("secret"), "sk-1").unwrap();
    let second = fingerprint(&files);
    assert_ne!(first, second);
    std::fs::write(world.path("secret"), "sk-1").unwrap();
    assert_eq!(second, fingerprint(&files));
    std::fs::write(world.path("floopy.toml"), "").unwrap();
    assert_ne!(second, fingerprint(&files));
}

#[test]
fn check_gives_the_warnings() {
    let world = World::new("[firewall]\nmode = \"block\"\n[cache]\nenabled = true\n");
    assert_eq!(check(&world.sources).unwrap().len(), 2);
    assert!(world.warnings()[0].contains("floopy.toml:2:8: firewall.mode: `\"block\"` has no effect in this release"));
}
