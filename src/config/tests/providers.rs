//! Providers, their keys and addresses, and what is done without any.

use super::*;
use crate::base::{Capability, Mode, ModelRef, PicoUsdPerToken, Secret, TaskKind};
use crate::config::settings::{Credential, Dialect, EntraProof, Grant, UnsupportedParameters};
use crate::wire::quirks;

#[test]
fn a_provider_is_its_kind_by_name() {
    let config = config(
        "[provider.openai]\n[provider.anthropic]\nunsupported_parameters = \"refuse\"\n[provider.eu]\nkind = \"openai\"\nbase_url = \"https://eu.api.openai.com/v1/\"\napi_key = \"env:OPENAI_API_KEY\"\nheaders = { OpenAI-Project = \"p\", x-token = \"env:OPENAI_API_KEY\" }\n",
    );
    let openai = &config.providers["openai"];
    assert_eq!((openai.kind.as_str(), openai.dialect), ("openai", Dialect::OpenAiChat));
    assert_eq!(openai.base_url.as_str(), "https://api.openai.com/v1");
    assert_eq!(key(openai), "sk-openai");
    let anthropic = &config.providers["anthropic"];
    assert_eq!(anthropic.dialect, Dialect::AnthropicMessages);
    assert_eq!(anthropic.anthropic_version, "2023-06-01");
    assert_eq!(anthropic.unsupported_parameters, UnsupportedParameters::Refuse);
    let eu = &config.providers["eu"];
    assert_eq!(eu.base_url.as_str(), "https://eu.api.openai.com/v1");
    assert_eq!(eu.headers.len(), 2);
    assert!(config.catalogue.get(&ModelRef::new("eu", "gpt-4o")).is_some());
    let debug = format!("{config:?}");
    assert!(!debug.contains("sk-openai") && !debug.contains("sk-anthropic"), "a secret shows");
}

#[test]
fn mistakes_of_providers_are_named() {
    for (text, reason) in [
        ("[provider.x]\nkind = \"opnai\"", "2:8: provider.x.kind: `\"opnai\"` is no kind of provider"),
        ("[provider.local]\nkind = \"openai-chat\"", "`base_url` is missing"),
        ("[provider.\"a/b\"]\nkind = \"openai\"", "holds '/'"),
        ("[provider.groq]", "`api_key` is missing, and the environment variable GROQ_API_KEY is not set"),
        ("[provider.openai]\napi_key = \"env:NOBODY\"", "the environment variable NOBODY is not set"),
        ("[provider.openai]\napi_key = \"env:\"", "names no environment variable"),
        ("[provider.openai]\napi_key = \"file:/nowhere/key\"", "the file /nowhere/key does not exist"),
        ("[provider.openai]\napi_key = \"file:/\"", "is not a regular file"),
        ("[provider.openai]\napi_key = 123456789", "is a whole number; expected text"),
        ("[provider.openai]\nbase_url = \"api.openai.com\"", "is no URL"),
        ("[provider.openai]\nbase_url = \"ftp://x\"", "is no address of a server"),
        ("[provider.openai]\nbase_url = \"https://me:hunter2@x/v1\"", "holds a user or password"),
        ("[provider.openai]\nbase_url = \"https://x/v1?key=hunter2\"", "holds `?` or `#`"),
        ("[provider.openai]\nbase_url = \"http://127.0.0.1:1/v1\"", "set allow_private_network = true"),
        ("[provider.openai]\nbase_url = \"https://10.1.2.3/v1\"", "set allow_private_network = true"),
        ("[provider.openai]\nbase_url = \"http://[::ffff:127.0.0.1]/v1\"", "set allow_private_network = true"),
        ("[provider.openai]\nbase_url = \"http://localhost./v1\"", "set allow_private_network = true"),
        ("[provider.openai]\nheaders = { authorization = \"Bearer hunter2\" }", "is not a reference"),
        ("[provider.openai]\nheaders = { Content-Length = \"1\" }", "is a header that floopy sets itself"),
        ("[provider.openai]\nheaders = { \"a b\" = \"1\" }", "is no name of a header"),
        ("[provider.openai]\nheaders = { a = \"x\\ny\" }", "holds characters that no header may hold"),
        ("[provider.openai]\nheaders = { a = \"1\", A = \"2\" }", "is set twice"),
        ("[provider.openai]\nanthropic_version = \"a\\nb\"", "holds characters that no header may hold"),
    ] {
        let found = problems(text);
        assert_eq!(found.len(), 1, "{text}: {found:#?}");
        assert!(found[0].contains(reason), "{text}:\n found    {}\n expected {reason}", found[0]);
        assert!(!found[0].contains("hunter2") && !found[0].contains("123456789"), "{}", found[0]);
    }
}

#[test]
fn a_key_in_a_file_loses_its_line_break_and_nothing_else() {
    let world = World::new("");
    let path = world.path("key");
    let text = format!("[provider.openai]\napi_key = \"file:{}\"\n", path.display());
    std::fs::write(&path, "sk-1\r\n").unwrap();
    let world = World::new(&text);
    let loaded = world.load().unwrap();
    assert_eq!(key(&loaded.config.providers["openai"]), "sk-1");
    assert_eq!(loaded.files, [world.path("floopy.toml"), path.clone()]);
    for (content, reason) in [
        (&b"sk 1\n"[..], "a space, a line break"),
        (b"\n", "is empty"),
        (b"", "is empty"),
        (b"sk-\xff", "is not UTF-8"),
        (&[b'x'; 70_000], "is longer than 65536 bytes"),
    ] {
        std::fs::write(&path, content).unwrap();
        let found = world.problems();
        assert!(found.len() == 1 && found[0].contains(reason), "{reason}: {found:#?}");
    }
}

#[test]
fn an_address_of_ones_own_needs_no_key_and_does_not_get_the_usual_one() {
    let config = config(
        "[provider.openai]\nbase_url = \"http://127.0.0.1:9/v1\"\nallow_private_network = true\n[provider.local]\nkind = \"anthropic-messages\"\nbase_url = \"https://proxy.example\"\n",
    );
    assert!(config.providers["openai"].credential.is_none());
    assert_eq!(config.providers["local"].base_url.as_str(), "https://proxy.example/");
}

#[test]
fn plain_http_to_the_internet_is_warned_of() {
    let text = "[provider.openai]\nbase_url = \"http://llm.example/v1\"\n";
    let found = World::new(text).with(KEYS).warnings();
    assert_eq!(found.len(), 2);
    assert!(
        found[1].contains("1:11: provider.openai: `openai` is called without a key: OPENAI_API_KEY"),
        "{}",
        found[1]
    );
    assert!(
        found[0].contains("2:12: provider.openai.base_url: `\"http://llm.example/v1\"` sends keys"),
        "{}",
        found[0]
    );
}

#[test]
fn azure_has_two_forms_of_address() {
    let key = "api_key = \"env:OPENAI_API_KEY\"\n";
    for (written, dialect, url) in [
        (
            "base_url = \"https://r.openai.azure.com/openai/v1/\"",
            Dialect::AzureV1,
            "https://r.openai.azure.com/openai/v1",
        ),
        (
            "base_url = \"https://r.openai.azure.com/openai/v1\"\napi_version = \"preview\"",
            Dialect::AzureV1,
            "https://r.openai.azure.com/openai/v1?api-version=preview",
        ),
        (
            "base_url = \"https://r.openai.azure.com\"",
            Dialect::AzureDeployments,
            "https://r.openai.azure.com/openai?api-version=2024-10-21",
        ),
        (
            "base_url = \"https://r.openai.azure.us/openai\"\napi_version = \"2025-04-01-preview\"",
            Dialect::AzureDeployments,
            "https://r.openai.azure.us/openai?api-version=2025-04-01-preview",
        ),
    ] {
        let config = config(&format!("[provider.azure]\n{key}{written}\n"));
        let azure = &config.providers["azure"];
        assert_eq!((azure.dialect, azure.base_url.as_str()), (dialect, url), "{written}");
    }
    assert!(problems("[provider.azure]\napi_key = \"env:OPENAI_API_KEY\"")[0].contains("`base_url` is missing"));
    let world = World::new("[provider.openai]\napi_version = \"preview\"\n").with(KEYS);
    assert!(world.warnings()[0].contains("provider.openai.api_version: `\"preview\"` means nothing for openai"));
}

#[test]
fn azure_is_found_by_its_key_and_its_address() {
    let key = ("AZURE_OPENAI_API_KEY", "k");
    let found = World::new("").with(&[key, ("AZURE_OPENAI_ENDPOINT", "https://r.openai.azure.com/")]).load().unwrap();
    let azure = &found.config.providers["azure"];
    assert_eq!(azure.dialect, Dialect::AzureDeployments);
    assert_eq!(azure.base_url.as_str(), "https://r.openai.azure.com/openai?api-version=2024-10-21");
    for endpoint in ["", "no address"] {
        let loaded = World::new("").with(&[key, ("AZURE_OPENAI_ENDPOINT", endpoint)]).load().unwrap();
        let discovery = loaded.discovery.unwrap();
        assert!(discovery.replay, "a key alone serves nobody");
        assert_eq!(discovery.without_address[0].variable, "AZURE_OPENAI_API_KEY");
    }
}

#[test]
fn a_deployment_is_what_it_is_a_deployment_of() {
    let provider = "[provider.azure]\nbase_url = \"https://r.openai.azure.com\"\napi_key = \"env:OPENAI_API_KEY\"\n";
    let entry = "[[model]]\nid = \"azure/prod\"\nbase_model = \"azure/gpt-4o\"\noutput_usd_per_mtok = 1.0\n";
    let catalogue = config(&format!("{provider}{entry}")).catalogue;
    let prod = catalogue.get(&ModelRef::new("azure", "prod")).unwrap();
    let base = catalogue.get(&ModelRef::new("azure", "gpt-4o")).unwrap();
    assert_eq!((&prod.id, prod.base.as_ref()), (&ModelRef::new("azure", "prod"), Some(&base.id)));
    assert_eq!((prod.prices.input, prod.capabilities), (base.prices.input, base.capabilities));
    assert_eq!(prod.prices.output, PicoUsdPerToken::from_usd_per_mtok(1.0));
    for kind in [TaskKind::General, TaskKind::Code] {
        let prior = |model: &ModelRef| catalogue.prior(model, kind);
        assert_eq!(prior(&prod.id), prior(&base.id), "benchmarks of the model are benchmarks of its deployment");
    }
    let wrong = entry.replace("azure/gpt-4o", "azure/gpt-4p");
    assert!(problems(&format!("{provider}{wrong}"))[0].contains("base_model"), "a base that is not known is named");
}

#[test]
fn without_providers_the_environment_is_searched() {
    let world = World::new("[server]\nlisten = \"127.0.0.1:1\"\n").with(&[
        ("ANTHROPIC_API_KEY", "sk-a"),
        ("OPENAI_API_KEY", ""),
        ("GOOGLE_API_KEY", "g"),
        ("GROQ_API_KEY", "gsk_1"),
        ("AZURE_OPENAI_API_KEY", "z"),
        ("GOOGLE_APPLICATION_CREDENTIALS", "z"),
    ]);
    let loaded = world.load().unwrap();
    let discovery = loaded.discovery.unwrap();
    let names: Vec<_> = discovery.found.iter().map(|found| (found.provider, found.variable)).collect();
    let gemini = ("gemini", "GOOGLE_API_KEY");
    assert_eq!(names, [("anthropic", "ANTHROPIC_API_KEY"), gemini, ("groq", "GROQ_API_KEY")]);
    let nowhere: Vec<_> = discovery.without_address.iter().map(|found| (found.provider, found.variable)).collect();
    assert_eq!(nowhere, [("vertex", "GOOGLE_APPLICATION_CREDENTIALS"), ("azure", "AZURE_OPENAI_API_KEY")]);
    assert!(!discovery.replay);
    assert_eq!(loaded.config.providers.len(), 3);
    assert_eq!(key(&loaded.config.providers["groq"]), "gsk_1");
    assert!(loaded.config.catalogue.resolve_bare("claude-opus-5").is_some());
    let shown = loaded.origins.iter().find(|setting| setting.key == "provider.groq.api_key").unwrap();
    assert_eq!(shown.value, "\"env:GROQ_API_KEY\"");
}

#[test]
fn all_twenty_keys_are_known() {
    for row in quirks::providers() {
        for name in row.key_env {
            let discovery = World::new("").with(&[(name, "x")]).load().unwrap().discovery.unwrap();
            let all: Vec<_> = discovery.found.iter().chain(&discovery.without_address).collect();
            assert_eq!((all.len(), all[0].provider), (1, row.kind), "{name}");
        }
    }
}

#[test]
fn with_nothing_at_all_replay_serves() {
    let loaded = World::new("").load().unwrap();
    assert!(loaded.discovery.unwrap().replay);
    let replay = &loaded.config.providers["replay"];
    assert_eq!((replay.dialect, replay.credential.is_none()), (Dialect::Replay, true));
    assert!(loaded.config.catalogue.models_of(&"replay".into()).count() > 10);
    let named = config("[provider.replay]\n[provider.again]\nkind = \"replay\"\n");
    assert_eq!(named.providers.len(), 2);
}

#[test]
fn a_model_entry_adds_or_overrides() {
    let config = config(
        r#"[provider.openai]
[provider.local]
kind = "openai-chat"
base_url = "http://127.0.0.1:11434/v1"
allow_private_network = true
[[model]]
id = "local/llama"
input_usd_per_mtok = 0.0
max_input_tokens = 131072
capabilities = ["tools", "!vision"]
prior_quality = 0.74
mode = "embedding"
[[model]]
id = "openai/gpt-4o"
input_usd_per_mtok = 1
[[model]]
id = "openai/gpt-9"
long_context = [{ above_input_tokens = 10, input_usd_per_mtok = 3.0 }]
input_usd_per_mtok = 2.0
output_usd_per_mtok = 4.0
"#,
    );
    let get = |id: &str| config.catalogue.get(&ModelRef::parse(id).unwrap()).unwrap();
    let llama = get("local/llama");
    assert_eq!((llama.prices.input, llama.prices.output), (Some(PicoUsdPerToken(0)), None));
    assert_eq!((llama.max_input_tokens, llama.mode), (Some(131_072), Mode::Embedding));
    assert_eq!(llama.capabilities.get(Capability::Tools), Some(true));
    assert_eq!(llama.capabilities.get(Capability::Vision), Some(false));
    assert_eq!(llama.capabilities.get(Capability::Reasoning), None);
    assert_eq!(llama.prior_quality, Some(0.74));
    let known = get("openai/gpt-4o");
    assert_eq!(known.prices.input, Some(PicoUsdPerToken(1_000_000)));
    assert_eq!(known.prices.output, Some(PicoUsdPerToken(10_000_000)));
    assert_eq!(known.capabilities.get(Capability::Vision), Some(true));
    let tiers = &get("openai/gpt-9").long_context;
    assert_eq!((tiers[0].0, tiers[0].1.input, tiers[0].1.output), (10, price(3.0), price(4.0)));
    assert_eq!(config.catalogue.resolve_bare("llama"), Some(ModelRef::new("local", "llama")));
}

fn price(usd: f64) -> Option<PicoUsdPerToken> {
    PicoUsdPerToken::from_usd_per_mtok(usd)
}

#[test]
fn mistakes_of_models_are_named() {
    for (text, reason) in [
        ("[[model]]\nid = \"gpt-9\"", "is no model; expected provider/model"),
        ("[[model]]\nid = \"locl/x\"", "names a provider without a [provider.locl] section"),
        ("[[model]]\ninput_usd_per_mtok = 1", "`id` is missing"),
        ("[[model]]\nid = \"openai/a\"\ninput_usd_per_mtok = -1", "is out of range"),
        ("[[model]]\nid = \"openai/a\"\ninput_usd_per_mtok = inf", "is out of range"),
        ("[[model]]\nid = \"openai/a\"\ninput_usd_per_mtok = \"1\"", "is text; expected a number"),
        ("[[model]]\nid = \"openai/a\"\ninput_usd_per_mtoken = 1", "did you mean `input_usd_per_mtok`?"),
        ("[[model]]\nid = \"openai/a\"\ncapabilities = [\"tool\"]", "did you mean `tools`?"),
        ("[[model]]\nid = \"openai/a\"\nmax_input_tokens = 0", "is out of range"),
        ("[[model]]\nid = \"openai/a\"\nprior_quality = 74", "is out of range; expected 0 to 1"),
        ("[[model]]\nid = \"openai/a\"\n[[model]]\nid = \"openai/a\"", "is described twice"),
        (
            "[[model]]\nid = \"openai/a\"\nlong_context = [{ input_usd_per_mtok = 1 }]",
            "`above_input_tokens` is missing",
        ),
        (
            "[[model]]\nid = \"openai/a\"\nlong_context = [{ above_input_tokens = 9 }, { above_input_tokens = 9 }]",
            "is not above the tier before it",
        ),
    ] {
        let found = problems(&format!("[provider.openai]\n{text}\n"));
        assert_eq!(found.len(), 1, "{text}: {found:#?}");
        assert!(found[0].contains(reason), "{text}:\n found    {}\n expected {reason}", found[0]);
    }
}

#[test]
fn azure_takes_tokens_in_place_of_a_key() {
    let at = "[provider.azure]\nbase_url = \"https://r.openai.azure.com/openai/v1\"\n";
    let grant = |more: &str, variables: &[(&str, &str)]| {
        let world = World::new(&format!("{at}{more}")).with(variables);
        let config = world.load().unwrap_or_else(|errors| panic!("{errors}")).config;
        match &config.providers["azure"].credential {
            Credential::Token(grant) => Grant::clone(grant),
            other => panic!("{other:?}"),
        }
    };
    let url = "https://login.microsoftonline.com/t.example/oauth2/v2.0/token";
    let secret = grant(
        "client_secret = \"env:S\"\ntenant_id = \"t.example\"\nclient_id = \"app\"\n",
        &[("S", "hush"), ("AZURE_OPENAI_API_KEY", "unused")],
    );
    assert_eq!(
        secret,
        Grant::Entra {
            token_url: url.parse().unwrap(),
            client_id: "app".into(),
            proof: EntraProof::Secret(Secret::new("hush".into())),
            scope: "https://cognitiveservices.azure.com/.default".into(),
            allow_private_network: false,
        }
    );
    assert!(!format!("{secret:?}").contains("hush"));
    let federated = grant(
        "auth = \"workload_identity\"\nscope = \"https://ai.azure.com/.default\"\n",
        &[
            ("AZURE_TENANT_ID", "t.example"),
            ("AZURE_CLIENT_ID", "pod"),
            ("AZURE_FEDERATED_TOKEN_FILE", "/var/run/token"),
            ("AZURE_AUTHORITY_HOST", "https://login.microsoftonline.us/"),
        ],
    );
    let Grant::Entra { token_url, proof, scope, .. } = federated else { panic!("{federated:?}") };
    assert_eq!(token_url.as_str(), "https://login.microsoftonline.us/t.example/oauth2/v2.0/token");
    assert_eq!((proof, scope.as_str()), (EntraProof::File("/var/run/token".into()), "https://ai.azure.com/.default"));
    let machine = grant("auth = \"managed_identity\"\n", &[]);
    let Grant::Machine { url, header } = machine else { panic!("{machine:?}") };
    let asked = "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fcognitiveservices.azure.com";
    assert_eq!((url.as_str(), header.0.as_str(), header.1.expose()), (asked, "metadata", "true"));
}

#[test]
fn mistakes_of_tokens_are_named() {
    let azure = "[provider.azure]\nbase_url = \"https://r.openai.azure.com\"\n";
    let both = "client_secret = \"env:OPENAI_API_KEY\"\n";
    for (more, reason) in [
        ("auth = \"entra\"".to_owned(), "is not known here; expected \"key\", \"client_secret\""),
        (
            "auth = \"client_secret\"\ntenant_id = \"t\"\nclient_id = \"c\"".to_owned(),
            "`client_secret` is missing, and the environment variable AZURE_CLIENT_SECRET is not set",
        ),
        (format!("{both}tenant_id = \"t\""), "`client_id` is missing"),
        (format!("{both}client_id = \"t\""), "`tenant_id` is missing"),
        (format!("{both}client_id = \"c\"\ntenant_id = \"a/b\""), "holds '/'"),
        (
            "auth = \"workload_identity\"\ntenant_id = \"t\"\nclient_id = \"c\"".to_owned(),
            "`token_file` is missing, and the environment variable AZURE_FEDERATED_TOKEN_FILE is not set",
        ),
        (
            format!("{both}tenant_id = \"t\"\nclient_id = \"c\"\napi_key = \"env:OPENAI_API_KEY\""),
            "is set together with a way to tokens",
        ),
        (
            format!("{both}tenant_id = \"t\"\nclient_id = \"c\"\nauthority = \"http://login.example\""),
            "is asked for tokens unencrypted",
        ),
    ] {
        let found = problems(&format!("{azure}{more}\n"));
        assert!(found.iter().any(|problem| problem.contains(reason)), "{more}:\n found {found:#?}\n expected {reason}");
    }
    let stray = World::new("[provider.openai]\ntenant_id = \"t\"\n").with(KEYS).warnings();
    assert!(stray[0].contains("provider.openai.tenant_id: `\"t\"` means nothing for openai"), "{stray:?}");
    let keyed = format!("{azure}api_key = \"env:OPENAI_API_KEY\"\ntenant_id = \"t\"\n");
    assert!(World::new(&keyed).with(KEYS).warnings()[0].contains("means nothing with a key"));
}
