//! Every mistake at once, each with its place, the text, the reason and the nearest name.

use super::*;

#[test]
fn ten_mistakes_are_ten_reports_with_positions() {
    let text = r#"pasthrough = true
[server]
listn = "127.0.0.1:1"
max_body = "20 megs"
request_timeout = 600
tls_cert = "/nowhere/cert.pem"
[audit]
durability = "strickt"
[provider.openia]
api_key = "sk-live-1234"
[provider.openai]
[[route]]
name = "a/b"
strategy = "feedback_drivn"
default_model = "opnai/gpt-4o"
candidates = ["openai/gpt-4o-minni"]
quality_floor = 1.5
[[key]]
name = "ci"
sha256 = "abc"
permissions = ["read", "wirte"]
route = "auto"
"#;
    let found = problems(text);
    let expected = [
        "floopy.toml:1:1: pasthrough: `pasthrough` is an unknown key of the file; did you mean `passthrough`?",
        "floopy.toml:3:1: server.listn: `listn` is an unknown key of [server]; did you mean `listen`?",
        "floopy.toml:4:12: server.max_body: `\"20 megs\"` is no size; expected a whole number with a unit",
        "floopy.toml:5:19: server.request_timeout: `600` is a whole number; expected a duration with its unit",
        "floopy.toml:6:12: server.tls_cert: `\"/nowhere/cert.pem\"` is set without server.tls_key",
        "floopy.toml:8:14: audit.durability: `\"strickt\"` is not known here; expected \"group\", \"strict\"; did you mean `strict`?",
        "floopy.toml:9:11: provider.openia: `openia` is not the name of a provider that floopy knows",
        "floopy.toml:10:11: provider.openia.api_key: is not a reference",
        "floopy.toml:13:8: route.a/b.name: `\"a/b\"` holds '/'",
        "floopy.toml:14:12: route.a/b.strategy: `\"feedback_drivn\"` is not known here",
        "floopy.toml:15:17: route.a/b.default_model: `\"opnai/gpt-4o\"` names a provider without a [provider.opnai] section; did you mean `openai/gpt-4o`?",
        "floopy.toml:16:15: route.a/b.candidates: `\"openai/gpt-4o-minni\"` is no model that is known of openai; a new one is described by a [[model]] entry; did you mean `openai/gpt-4o-mini`?",
        "floopy.toml:17:17: route.a/b.quality_floor: `1.5` is out of range; expected 0.5 to 1",
        "floopy.toml:20:10: key.ci.sha256: is no SHA-256; expected 64 hexadecimal digits",
        "floopy.toml:21:24: key.ci.permissions: `\"wirte\"` is no permission; expected \"read\", \"write\" or \"admin\"; did you mean `write`?",
        "floopy.toml:22:9: key.ci.route: `\"auto\"` is no route of this configuration",
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "\n found    {found}\n expected {expected}");
    }
    assert!(!found.concat().contains("sk-live"), "a secret is repeated");
}

#[test]
fn faults_of_the_text_are_found_together_and_with_wrong_values() {
    let text = "[server]\nlisten = 127.0.0.1:7676\nmax_body = \"20MiB\nlistn\ndrain_timeout = 30\n[sever\nx = 1\n[audit]\ndurability = \"none\"\n";
    let found = World::new(text).problems();
    for start in [
        "floopy.toml:2:",
        "floopy.toml:3:",
        "floopy.toml:4:",
        "floopy.toml:5:17: server.drain_timeout",
        "floopy.toml:6:",
        "floopy.toml:9:14: audit.durability",
    ] {
        assert_eq!(found.iter().filter(|problem| problem.starts_with(start)).count(), 1, "{start} {found:#?}");
    }
    assert_eq!(found.len(), 6, "{found:#?}");
}

#[test]
fn each_value_is_refused_with_its_reason() {
    for (text, reason) in [
        ("passthrough = 1", "1:15: passthrough: `1` is a whole number; expected true or false"),
        ("passthrough = 2020-01-01", "is a date or time; expected true or false"),
        ("server = 3", "1:10: server: is a whole number; expected a table such as [server]"),
        ("[server]\nlisten = \"localhost:7676\"", "did you mean `127.0.0.1:7676`?"),
        ("[server]\nlisten = \"127.0.0.1\"", "is no address with a port"),
        ("[server]\nmax_body = \"1B\"", "is out of range; expected 1024B to 1073741824B"),
        ("[server]\nmax_connections = 0", "is out of range; expected 1 to 1000000"),
        ("[server]\nmax_connections = 99999999999999999999999999999999999999999999", "is out of range"),
        ("[server]\nrequests_per_minute_per_ip = -1", "is out of range"),
        ("[server]\nrequest_timeout = \"10y\"", "is no duration"),
        ("[server]\nrequest_timeout = \"0\"", "is out of range; expected 1s to 1d"),
        ("[ops]\nlisten = \"127.0.0.1:7676\"", "is server.listen too"),
        ("[store]\npath = \"\"", "is empty"),
        ("[sessions]\ninfer = \"yes\"", "is text; expected true or false"),
        ("[retention]\ndecisions = \"always\"", "(or \"forever\")"),
        ("[priors]\nmin_orgs = 2.5", "is a number; expected a whole number"),
        ("[cache]\nsemantic_threshold = nan", "is out of range; expected 0.5 to 1"),
        ("[cache]\nttl = \"0\"", "is out of range"),
        ("[firewall]\nmode = \"on\"", "expected \"off\", \"detect\", \"block\""),
        ("[firewall]\nmodel = \"gpt-4o\"", "is no model; expected provider/model"),
        ("[savings]\nrate = 15", "is out of range; expected 0 to 1"),
        ("[telemetry]\nlog = \"floopy=loud\"", "is no log filter"),
        ("[telemetry]\notlp_endpoint = \"collector:4317\"", "is no address of a server"),
        ("[upstream]\nretries = 100", "is out of range; expected 0 to 10"),
        ("[upstream]\nbackof = \"1s\"", "did you mean `backoff`?"),
        ("[upstream.breaker]\nfailures = 0", "is out of range; expected 1 to 10000"),
        ("[upstream]\nbackoff = \"20s\"", "is above upstream.max_backoff"),
        ("[export]\nmax_rows = 0", "is out of range"),
        ("[[server]]\nlisten = \"x\"", "is a list; expected a table such as [server]"),
        ("[route]\nname = \"x\"", "is a table; expected [[route]] tables"),
        ("route = [1]", "is a whole number; expected [[route]] tables"),
        ("provider = \"openai\"", "is text; expected a table such as [provider]"),
        ("[provider]\nopenai = \"sk-123\"", "is text; expected a table such as [provider.openai]"),
    ] {
        let found = World::new(text).with(&[]).problems();
        assert_eq!(found.len(), 1, "{text}: {found:#?}");
        assert!(found[0].contains(reason), "{text}:\n found    {}\n expected {reason}", found[0]);
    }
}

#[test]
fn keys_are_checked() {
    let hash = "ab".repeat(32);
    let key = |more: &str| format!("[[key]]\nname = \"ci\"\n{more}\n");
    for (text, reason) in [
        ("[[key]]\nname = \"ci\"".to_owned(), "1:1: key.ci: `sha256` is missing"),
        (format!("[[key]]\nsha256 = \"{hash}\""), "1:1: key[1]: `name` is missing"),
        (key("sha256 = \"fl_secret\""), "is a key, not its SHA-256"),
        (key(&format!("sha256 = \"{}\"", "+1".repeat(32))), "is no SHA-256"),
        (key("sha256 = \"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\""), "of an empty text"),
        (key(&format!("sha256 = \"{hash}\"\npermissions = []")), "is empty"),
        (key(&format!("sha256 = \"{hash}\"\npermissions = \"read\"")), "expected a list"),
        (key(&format!("sha256 = \"{hash}\"\norg = \"a/b\"")), "holds '/'"),
        (key(&format!("sha256 = \"{hash}\"\nmonthly_budget_usd = -1")), "is out of range"),
        (
            key(&format!("sha256 = \"{hash}\"\n[[key]]\nname = \"other\"\nsha256 = \"{hash}\"")),
            "is the hash of a key above",
        ),
        (
            key(&format!("sha256 = \"{hash}\"\n[[key]]\nname = \"ci\"\nsha256 = \"{}\"", "cd".repeat(32))),
            "is the name of a key above",
        ),
    ] {
        let found = problems(&text);
        assert_eq!(found.len(), 1, "{text}: {found:#?}");
        assert!(found[0].contains(reason), "{text}:\n found    {}\n expected {reason}", found[0]);
        assert!(!found[0].contains("fl_secret"));
    }
    let keys = config(&key(&format!("sha256 = \"{}\"\nmonthly_budget_usd = 12.5", hash.to_uppercase()))).keys;
    assert_eq!(keys[0].sha256, [0xab; 32]);
    assert_eq!(keys[0].monthly_budget, Some(crate::base::MicroUsd(12_500_000)));
    assert_eq!((keys[0].org.as_str(), keys[0].id.as_str()), ("default", "file-abababababababab"));
    assert!(keys[0].permissions.read && keys[0].permissions.write && !keys[0].permissions.admin);
}
