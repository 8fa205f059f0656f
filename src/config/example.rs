//! The commented file that `floopy config init` writes, made from the defaults in force and the words below.

use super::raw::RawConfig;
use super::report::{Report, Setting};
use super::tree::Table;
use std::fmt::Write as _;

/// What each key is for, in the order of the file. A key without a default has an example instead.
const WORDS: &[(&str, Option<&str>, &str)] = &[
    ("passthrough", None, "everything off but auth: bodies go to the provider and back byte for byte"),
    ("server.listen", None, "without keys only addresses of this host are served"),
    ("server.tls_cert", Some("\"/etc/floopy/cert.pem\""), "certificate chain; tls_cert and tls_key belong together"),
    ("server.tls_key", Some("\"/etc/floopy/key.pem\""), "private key"),
    ("server.max_body", None, "longest request body"),
    ("server.request_timeout", None, "from a request's first byte to its answer's last"),
    ("server.drain_timeout", None, "how long open requests may go on after SIGTERM"),
    ("server.max_connections", None, "connections open at once; further ones wait"),
    ("server.requests_per_minute_per_ip", Some("600"), "limit before auth; left out: none"),
    ("ops.listen", Some("\"127.0.0.1:7677\""), "left out: health, readiness and metrics answer on the main listener"),
    ("store.path", None, "folder of floopy.redb and admin.key"),
    ("sessions.infer", None, "calls without a session id join the session that their conversation continues"),
    ("sessions.infer_window", None, "how long after its last call a session can be continued"),
    ("audit.durability", None, "\"group\" or \"strict\": decisions are on disk before the last byte of the answer"),
    ("audit.group_window", None, "how often groups of decisions are committed"),
    ("retention.bodies", None, "how long scrubbed bodies are kept; \"0\" = they never touch the disk"),
    ("retention.decisions", None, "how long decisions are kept"),
    ("priors.pooling", None, "whether orgs of this installation learn from each other's aggregates"),
    ("priors.min_orgs", None, "contributors below which nothing is published"),
    ("export.max_rows", None, "exports above this are refused"),
    ("files.max_size", None, "longest file; the input of a batch may have 200 MiB at most"),
    ("files.quota", None, "what the files of one org may come to together"),
    ("files.retention", None, "how long files are kept, those that batches write too"),
    ("batches.concurrency", None, "lines of all batches under way at once, less the requests that clients wait for"),
    ("batches.forward", None, "batches of one model go to its provider's own batches, where it has them"),
    ("batches.poll", None, "how often a provider is asked how far its batch is"),
    ("upstream.connect_timeout", None, "TCP and TLS set-up"),
    ("upstream.first_byte_timeout", None, "from the request's last byte to the answer's head"),
    ("upstream.idle_timeout", None, "longest pause inside an answer"),
    ("upstream.retries", None, "attempts at the same target after the first, before the next target is tried"),
    ("upstream.backoff", None, "first pause between attempts; doubles, with jitter"),
    ("upstream.max_backoff", None, "longest pause, and longest Retry-After that is waited for"),
    ("upstream.breaker.enabled", None, "whether a target that fails is left alone for a while"),
    ("upstream.breaker.failures", None, "consecutive failures that open the breaker"),
    ("upstream.breaker.cooldown", None, "how long it stays open before one call tries again"),
    ("cache.enabled", None, "a request's headers decide otherwise"),
    ("cache.ttl", None, "how long an answer is kept"),
    ("cache.bucket_max_size", None, "answers in one bucket"),
    ("cache.semantic_threshold", None, "likeness from which two questions count as one"),
    ("firewall.mode", None, "\"off\", \"detect\" or \"block\""),
    ("firewall.model", None, "second opinion, such as \"together/meta-llama/Llama-Guard-4-12B\""),
    ("firewall.on_error", None, "\"allow\" or \"block\" when that model fails"),
    ("savings.rate", None, "share of the savings on the invoice"),
    ("telemetry.log", None, "filter, such as \"info,floopy=debug\"; JSON when not a terminal"),
    (
        "telemetry.otlp_endpoint",
        None,
        "collector of traces and metrics, such as http://127.0.0.1:4318; needs a build with the feature otlp",
    ),
];

const HEAD: &str = "\
# floopy's configuration. What stands here after `#` is the default, or an example where there is none.
#
# Later wins: defaults < this file < FLOOPY_<SECTION>__<KEY> in the environment (FLOOPY_SERVER__LISTEN) < flags.
# `floopy config check` names every mistake, `floopy config show --origin` says where each value comes from.
# Durations: ms, s, m, h, d, w (\"1h30m\"). Sizes: B, KiB, MiB, GiB, KB, MB, GB. Secrets: \"env:NAME\" or
# \"file:PATH\", never the secret itself. Paths are seen from the working folder.
";

const LISTS: &str = r#"
# Providers. Without any, those are used whose keys the environment holds (OPENAI_API_KEY, ANTHROPIC_API_KEY, …).
# The name is the kind when it is one of the twenty; else set kind, for example "openai-chat",
# "anthropic-messages" or "replay" (recorded outcomes, no network). A key that is left out comes from the usual variable,
# unless base_url is set.

# [provider.openai]
# api_key = "env:OPENAI_API_KEY"
# base_url = "https://api.openai.com/v1"
# allow_private_network = false       # whether loopback and private addresses may be called
# unsupported_parameters = "drop"     # or "refuse": 400 where the answer hangs on what cannot be honoured
# headers = { "openai-project" = "proj_1", "x-gateway-token" = "env:GATEWAY_TOKEN" }

# [provider.anthropic]
# api_key = "file:/run/secrets/anthropic"
# anthropic_version = "2023-06-01"

# [provider.azure]                    # the resource's address with /openai/v1; without it the older deployments form
# base_url = "https://RESOURCE.openai.azure.com/openai/v1"
# api_version = "2024-10-21"          # of the older form; left out: this
# auth = "managed_identity"           # tokens of Entra in place of a key; or client_secret, workload_identity
# client_id = "APPLICATION"           # left out: AZURE_CLIENT_ID; of a managed identity: the only one
# tenant_id = "TENANT"                # left out: AZURE_TENANT_ID
# client_secret = "env:AZURE_CLIENT_SECRET"
# token_file = "/var/run/secrets/azure/tokens/azure-identity-token"   # left out: AZURE_FEDERATED_TOKEN_FILE
# authority = "https://login.microsoftonline.com"                     # left out: AZURE_AUTHORITY_HOST, else this
# scope = "https://cognitiveservices.azure.com/.default"              # national clouds have others

# [provider.vertex]                   # Gemini, Claude and the model garden, by Google's default credentials
# project = "my-project"              # left out: GOOGLE_CLOUD_PROJECT, else that of the key file
# region = "global"                   # or "europe-west4", "us", "eu", …; left out: GOOGLE_CLOUD_LOCATION, else this
# credentials = "file:/etc/floopy/google.json"   # a service account's key; left out: GOOGLE_APPLICATION_CREDENTIALS,
#                                       else what gcloud has left, else the machine's own account
# auth = "managed_identity"           # the machine's own account, whatever files there are

# [provider.bedrock]                  # models by their ids or ARNs, such as bedrock/eu.anthropic.claude-sonnet-4-5-20250929-v1:0
# region = "eu-central-1"             # left out: AWS_REGION, AWS_DEFAULT_REGION, the profile's
# api_key = "env:AWS_BEARER_TOKEN_BEDROCK"

# [provider.signed]                   # the same without a bearer key: calls are signed
# kind = "bedrock"
# region = "us-east-1"
# access_key_id = "env:AWS_ACCESS_KEY_ID"    # keys left out: AWS's variables, profile, web identity, container, machine
# secret_access_key = "env:AWS_SECRET_ACCESS_KEY"
# session_token = "env:AWS_SESSION_TOKEN"
# profile = "default"                 # of ~/.aws/credentials, in place of keys

# [provider.local]
# kind = "openai-chat"
# base_url = "http://127.0.0.1:11434/v1"
# allow_private_network = true

# Models: adds to, or overrides, the built-in catalogue. A price that is left out stays as it was, or unknown.

# [[model]]
# id = "local/llama"
# base_model = "openai/gpt-4o"        # what it is a deployment of, such as at azure: its facts and prices hold here
# mode = "chat"                       # or embedding, responses, completion
# input_usd_per_mtok = 0.0
# output_usd_per_mtok = 0.0
# cache_read_usd_per_mtok = 0.0
# cache_write_usd_per_mtok = 0.0
# long_context = [{ above_input_tokens = 65536, input_usd_per_mtok = 0.1 }]
# max_input_tokens = 131072
# max_output_tokens = 8192
# capabilities = ["tools", "vision", "!reasoning"]   # `!`: it has it not; unnamed: not stated
# prior_quality = 0.74                # what you believe on Day 0 (0..1), for models no benchmark knows

# Routes: clients name one as their model.

# [[route]]
# name = "auto"
# strategy = "feedback_driven"        # smart_cost | smart_select | fallback | round_robin | weighted | latency_based
# default_model = "openai/gpt-4o"     # the baseline
# candidates = ["openai/gpt-4o-mini", "anthropic/claude-haiku-4-5"]
# quality_floor = 0.95                # served quality stays above this share of the baseline's
# sticky = "session"                  # or "request"
# fallback = ["anthropic/claude-sonnet-4-5"]
# [route.smart_select]
# algorithm = "thompson"              # epsilon_greedy | ucb1
# min_samples = 10
# [route.judge]                       # left out: heuristics only
# model = "openai/gpt-4o-mini"
# sample_rate = 0.25
# daily_budget_usd = 5                # what this judge may cost an org in one day (UTC)
# [route.dimension_floors]            # floors of single dimensions, by the judge's scores
# safety = 0.98                       # relevance | coherence | helpfulness | safety

# [[route]]
# name = "split"
# strategy = "weighted"
# default_model = "openai/gpt-4o"
# candidates = ["openai/gpt-4o-mini"]
# weights = { "openai/gpt-4o" = 70, "openai/gpt-4o-mini" = 30 }

# Keys: better made at run time with `floopy keys create`.

# [[key]]
# name = "ci"
# sha256 = "0000000000000000000000000000000000000000000000000000000000000000"   # of the whole secret
# org = "default"
# permissions = ["read", "write"]     # and "admin"
# route = "auto"                      # the only route of this key
# project = "ci"
# requests_per_minute = 600
# monthly_budget_usd = 100
"#;

/// A commented configuration file that changes nothing until a line of it is freed.
#[must_use]
pub fn init_text() -> String {
    let mut report = Report::default();
    drop(RawConfig::read(Table::default(), &mut report));
    let default =
        |key: &str| report.settings.iter().find(|setting| setting.key == key).map(|Setting { value, .. }| value);
    let mut text = String::from(HEAD);
    let mut last = "";
    for (key, sample, words) in WORDS {
        let (section, name) = key.rsplit_once('.').unwrap_or(("", key));
        if section != last || section.is_empty() {
            text.push('\n');
        }
        if section != last {
            writeln!(text, "[{section}]").expect("a string takes any text");
            last = section;
        }
        let value = sample.or(default(key).map(String::as_str)).unwrap_or("");
        let setting = format!("# {name} = {value}");
        writeln!(text, "{setting:<37} # {words}").expect("a string takes any text");
    }
    text + LISTS
}
