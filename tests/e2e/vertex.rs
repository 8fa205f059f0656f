//! Vertex AI: who calls, where each maker's models are, and what their bodies are like there.

use crate::fake::Fake;
use crate::harness::Gateway;
use crate::web::{Asked, Told, Web};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::SystemTime;

const CHAT: &str = "/v1/chat/completions";
const ROOT: &str = "/v1beta1/projects/p-1/locations/europe-west4";
const KEY: &str = include_str!("../fixtures/google/key.pem");
const EMAIL: &str = "floopy@p-1.iam.gserviceaccount.com";

fn now() -> i64 {
    i64::try_from(SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs()).unwrap()
}

/// The claims of an assertion, if our key signed it.
fn claims(assertion: &str) -> Option<Value> {
    let (message, signature) = assertion.rsplit_once('.')?;
    let der = PrivatePkcs8KeyDer::from_pem_slice(KEY.as_bytes()).unwrap();
    let pair = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).unwrap();
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref().to_vec());
    public.verify(message.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
    let (header, claims) = message.split_once('.')?;
    let decode = |part: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
    (decode(header)? == json!({"alg": "RS256", "typ": "JWT", "kid": "key-1"})).then(|| decode(claims))?
}

/// A Google whose clock is ahead of ours by `ahead` seconds. It takes tokens from the number `least` on.
fn google(ahead: i64, least: Arc<AtomicU32>) -> Web {
    let issued = AtomicU32::new(0);
    Web::start(move |asked| {
        if asked.path == "/token" {
            let claims = asked.field("assertion").and_then(|assertion| claims(&assertion));
            let fits = claims.is_some_and(|claims| {
                let at = |name: &str| claims[name].as_i64().unwrap();
                let aud = claims["aud"].as_str().unwrap();
                claims["iss"] == EMAIL
                    && claims["scope"] == "https://www.googleapis.com/auth/cloud-platform"
                    && aud.starts_with("http://127.0.0.1:")
                    && aud.ends_with("/token")
                    && at("exp") - at("iat") == 3600
                    && (at("iat") - now() - ahead).abs() < 60
            });
            if !fits || asked.field("grant_type").unwrap() != "urn:ietf:params:oauth:grant-type:jwt-bearer" {
                let time = jiff::Timestamp::from_second(now() + ahead).unwrap();
                let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&time).unwrap();
                return Told::json(400, &json!({"error": "invalid_grant", "error_description": "Invalid JWT"}))
                    .with("date", date);
            }
            let number = issued.fetch_add(1, Ordering::SeqCst) + 1;
            return Told::json(200, &json!({"access_token": format!("ya29.{number}"), "expires_in": 3599}));
        }
        answer(asked, &least)
    })
}

/// What Vertex answers.
fn answer(asked: &Asked, least: &AtomicU32) -> Told {
    let number = asked.header("authorization").and_then(|value| value.strip_prefix("Bearer ya29."));
    if number.and_then(|number| number.parse::<u32>().ok()).unwrap_or(0) < least.load(Ordering::SeqCst) {
        let error = json!({"error": {"code": 401, "message": "expired", "status": "UNAUTHENTICATED"}});
        return Told::json(401, &error);
    }
    let body = asked.json();
    let usage = json!({"promptTokenCount": 10, "candidatesTokenCount": 5});
    let vector = |length: usize| vec![3.0; length];
    if asked.path.ends_with(":predict") {
        let one = |_: &Value| json!({"embeddings": {"values": [3.0, 4.0], "statistics": {"token_count": 2, "truncated": false}}});
        let predictions: Vec<_> = body["instances"].as_array().unwrap().iter().map(one).collect();
        return Told::json(200, &json!({"predictions": predictions}));
    }
    if asked.path.ends_with(":batchEmbedContents") {
        let vectors: Vec<_> =
            body["requests"].as_array().unwrap().iter().map(|_| json!({"values": vector(4)})).collect();
        return Told::json(200, &json!({"embeddings": vectors, "usageMetadata": {"promptTokenCount": 7}}));
    }
    if asked.path.contains("/publishers/anthropic/models/count-tokens:") {
        return Told::json(200, &json!({"input_tokens": 77}));
    }
    if asked.path.contains("/publishers/anthropic/") {
        return Told::json(
            200,
            &json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-haiku-4-5",
                "content": [{"type": "text", "text": "Hi"}], "stop_reason": "end_turn", "stop_sequence": null,
                "usage": {"input_tokens": 3, "output_tokens": 2}}),
        );
    }
    if asked.path.contains("streamGenerateContent") {
        let piece = |text: &str| json!({"candidates": [{"content": {"role": "model", "parts": [{"text": text}]}}]});
        let last = json!({"candidates": [{"finishReason": "STOP"}], "usageMetadata": usage});
        return Told::events(&[piece("H"), piece("i"), last]);
    }
    if asked.path.contains("enerateContent") {
        return Told::json(
            200,
            &json!({"candidates": [{"content": {"role": "model", "parts": [{"text": "Hi"}]}, "finishReason": "STOP"}],
                "usageMetadata": usage, "modelVersion": "v"}),
        );
    }
    let completion = json!({"id": "c", "object": "chat.completion", "created": 5, "model": "m",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hi"}}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}});
    Told::json(200, &completion)
}

/// A gateway with the key file of a service account.
fn start(google: &Web) -> (Gateway, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("account.json");
    let account = json!({"type": "service_account", "project_id": "p-1", "private_key_id": "key-1", "private_key": KEY,
        "client_email": EMAIL, "token_uri": format!("http://{}/token", google.address)});
    std::fs::write(&file, account.to_string()).unwrap();
    let environment = [("GOOGLE_APPLICATION_CREDENTIALS", file.display().to_string())];
    (Gateway::start_in_environment(&Fake::start(), &provider(google), &environment), folder)
}

fn provider(google: &Web) -> String {
    let models = ["endpoints/42", "mistral-small-2503", "qwen/qwen3-maas"];
    let models = models.map(|model| format!("[[model]]\nid = \"vertex/{model}\"\n")).concat();
    format!(
        "[provider.vertex]\nbase_url = \"http://{}\"\nregion = \"europe-west4\"\nallow_private_network = true\n{models}",
        google.address
    )
}

fn ask(model: &str, more: &Value) -> Value {
    let mut body = json!({"model": format!("vertex/{model}"), "messages": [{"role": "user", "content": "hello"}]});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

#[test]
fn each_makers_models_are_at_their_place() {
    let google = google(0, Arc::default());
    let (gateway, _folder) = start(&google);
    for (model, stream, path) in [
        ("gemini-2.5-flash", false, "/publishers/google/models/gemini-2.5-flash:generateContent"),
        ("gemini-2.5-flash", true, "/publishers/google/models/gemini-2.5-flash:streamGenerateContent?alt=sse"),
        ("endpoints/42", false, "/endpoints/42:generateContent"),
        ("claude-haiku-4-5@20251001", false, "/publishers/anthropic/models/claude-haiku-4-5@20251001:rawPredict"),
        ("mistral-small-2503", false, "/publishers/mistralai/models/mistral-small-2503:rawPredict"),
        ("qwen/qwen3-maas", false, "/endpoints/openapi/chat/completions"),
    ] {
        let answer = gateway.post(CHAT, &[], &ask(model, &json!({"stream": stream})));
        assert_eq!(answer.status, 200, "{model}: {}", answer.text());
        let asked = google.last();
        assert_eq!(asked.path, format!("{ROOT}{path}"));
        assert_eq!(asked.header("authorization"), Some("Bearer ya29.1"));
        assert!(asked.header("x-goog-api-key").is_none() && asked.header("anthropic-version").is_none());
        if !stream {
            assert_eq!(answer.json()["choices"][0]["message"]["content"], "Hi", "{model}");
        }
    }
    let garden = google.last().json();
    assert_eq!(garden["model"], "qwen/qwen3-maas");
    assert_eq!(google.asked().iter().filter(|asked| asked.path == "/token").count(), 1);
    assert!(!gateway.log().contains("ya29"));
}

#[test]
fn claude_has_its_model_in_the_path_and_its_version_in_the_body() {
    let google = google(0, Arc::default());
    let (gateway, _folder) = start(&google);
    let answer = gateway.post(CHAT, &[], &ask("claude-haiku-4-5", &json!({"service_tier": "auto", "max_tokens": 9})));
    let sent = google.last().json();
    assert_eq!((&sent["anthropic_version"], &sent["max_tokens"]), (&json!("vertex-2023-10-16"), &json!(9)));
    assert!(sent.get("model").is_none() && sent.get("service_tier").is_none(), "{sent}");
    assert_eq!(gateway.decision(&answer)["dropped_parameters"], json!(["service_tier"]));
    let own = json!({"model": "vertex/claude-haiku-4-5", "max_tokens": 9, "top_k": 5,
        "messages": [{"role": "user", "content": "hello"}]});
    let message = gateway.post("/v1/messages", &[("anthropic-version", "2023-06-01")], &own);
    assert_eq!((message.status, &message.json()["id"]), (200, &json!("msg_1")), "{}", message.text());
    let sent = google.last();
    assert_eq!((&sent.json()["top_k"], sent.header("anthropic-version")), (&json!(5), None));
    assert!(sent.json().get("model").is_none());
    let count = gateway.post("/v1/messages/count_tokens", &[], &own);
    assert_eq!(count.json(), json!({"input_tokens": 77}), "{}", count.text());
    let asked = google.last();
    assert_eq!(asked.path, format!("{ROOT}/publishers/anthropic/models/count-tokens:rawPredict"));
    assert_eq!(asked.json()["model"], "claude-haiku-4-5");
}

#[test]
fn images_by_address_are_fetched_for_claude_here() {
    let google = google(0, Arc::default());
    let (gateway, _folder) = start(&google);
    let image = json!({"type": "image", "source": {"type": "url", "url": "https://127.0.0.1/a.png"}});
    let body = json!({"model": "vertex/claude-haiku-4-5", "max_tokens": 9,
        "messages": [{"role": "user", "content": [image]}]});
    let answer = gateway.post("/v1/messages", &[], &body);
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert!(answer.text().contains("the image cannot be fetched"), "{}", answer.text());
    assert!(google.asked().iter().all(|asked| !asked.path.contains("claude")), "an address is of no use there");
    let count = gateway.post("/v1/messages/count_tokens", &[], &body);
    assert!(count.json()["input_tokens"].as_u64().unwrap() > 1000, "{}", count.text());
}

#[test]
fn a_tier_is_a_header_here() {
    let google = google(0, Arc::default());
    let (gateway, _folder) = start(&google);
    assert_eq!(gateway.post(CHAT, &[], &ask("gemini-2.5-flash", &json!({"service_tier": "flex"}))).status, 200);
    let asked = google.last();
    assert_eq!(asked.header("x-vertex-ai-llm-shared-request-type"), Some("flex"));
    assert!(asked.json().get("serviceTier").is_none());
}

#[test]
fn a_clock_that_is_wrong_by_minutes_costs_one_more_question() {
    for ahead in [-600, 600] {
        let google = google(ahead, Arc::default());
        let (gateway, _folder) = start(&google);
        let answer = gateway.post(CHAT, &[], &ask("gemini-2.5-flash", &json!({})));
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(google.asked().iter().filter(|asked| asked.path == "/token").count(), 2);
    }
}

#[test]
fn a_token_that_dies_in_the_middle_is_renewed() {
    let least = Arc::new(AtomicU32::new(0));
    let google = google(0, Arc::clone(&least));
    let (gateway, _folder) = start(&google);
    assert_eq!(gateway.post(CHAT, &[], &ask("gemini-2.5-flash", &json!({}))).status, 200);
    least.store(2, Ordering::SeqCst);
    let answer = gateway.post(CHAT, &[], &ask("gemini-2.5-flash", &json!({"stream": true})));
    assert_eq!((answer.status, answer.events().last().unwrap().as_str()), (200, "[DONE]"));
    assert_eq!(google.last().header("authorization"), Some("Bearer ya29.2"));
}

#[test]
fn a_person_or_a_machine_can_call_too() {
    let google = Web::start(|asked| match asked.path.as_str() {
        "/token" => {
            let field = |name: &str| asked.field(name).unwrap();
            assert_eq!((field("grant_type"), field("client_id")), ("refresh_token".into(), "gcloud".into()));
            assert_eq!((field("client_secret"), field("refresh_token")), ("cs".into(), "1//rt".into()));
            Told::json(200, &json!({"access_token": "ya29.1", "expires_in": 3599}))
        }
        path if path.starts_with("/computeMetadata/v1/instance/service-accounts/default/token") => {
            assert_eq!(asked.header("metadata-flavor"), Some("Google"));
            let told = Told::json(200, &json!({"access_token": "ya29.1", "expires_in": 3599, "token_type": "Bearer"}));
            told.with("metadata-flavor", "Google".to_owned())
        }
        _ => answer(asked, &AtomicU32::new(1)),
    });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("application_default_credentials.json");
    let user = json!({"type": "authorized_user", "client_id": "gcloud", "client_secret": "cs", "refresh_token": "1//rt",
        "quota_project_id": "payer", "token_uri": format!("http://{}/token", google.address)});
    std::fs::write(&file, user.to_string()).unwrap();
    let project = ("GOOGLE_CLOUD_PROJECT", "p-1".to_owned());
    let machine = ("GCE_METADATA_HOST", google.address.to_string());
    for (more, paid_by) in [(("CLOUDSDK_CONFIG", folder.path().display().to_string()), Some("payer")), (machine, None)]
    {
        let gateway = Gateway::start_in_environment(&Fake::start(), &provider(&google), &[project.clone(), more]);
        let answer = gateway.post(CHAT, &[], &ask("gemini-2.5-flash", &json!({})));
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(google.last().header("x-goog-user-project"), paid_by);
    }
}

#[test]
fn texts_become_vectors() {
    let google = google(0, Arc::default());
    let (gateway, _folder) = start(&google);
    let embed = |model: &str, more: Value| {
        let mut body = json!({"model": format!("vertex/{model}"), "input": ["a", "b", "c"]});
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        let before = google.asked().len();
        let answer = gateway.post("/v1/embeddings", &[], &body);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let calls: Vec<_> = google.asked().into_iter().skip(before).filter(|asked| asked.path != "/token").collect();
        (answer.json(), calls)
    };
    let (one, calls) = embed("gemini-embedding-001", json!({"dimensions": 2}));
    assert_eq!(calls.len(), 3, "it takes one text a call");
    assert_eq!(calls[0].path, format!("{ROOT}/publishers/google/models/gemini-embedding-001:predict"));
    assert_eq!(calls[0].json()["parameters"]["outputDimensionality"], 2);
    let numbers = one["data"][2]["embedding"].as_array().unwrap();
    let is = |place: usize, number: f64| (numbers[place].as_f64().unwrap() - number).abs() < 1e-12;
    assert!(numbers.len() == 2 && is(0, 0.6) && is(1, 0.8), "cut vectors are brought to length one: {numbers:?}");
    assert_eq!(one["usage"], json!({"prompt_tokens": 6, "total_tokens": 6}));
    let (many, calls) = embed("gemini-embedding-2", json!({"dimensions": 4, "encoding_format": "base64"}));
    assert_eq!((calls.len(), many["data"].as_array().unwrap().len()), (1, 3));
    assert_eq!(calls[0].path, format!("{ROOT}/publishers/google/models/gemini-embedding-2:batchEmbedContents"));
    assert_eq!(
        calls[0].json()["requests"][1],
        json!({"content": {"parts": [{"text": "b"}]}, "embedContentConfig": {"outputDimensionality": 4}})
    );
    assert_eq!(
        (&many["data"][0]["embedding"], &many["usage"]["total_tokens"]),
        (&json!("AAAAPwAAAD8AAAA/AAAAPw=="), &json!(7))
    );
    let tokens = json!({"model": "vertex/gemini-embedding-001", "input": [1, 2]});
    let refused = gateway.post("/v1/embeddings", &[], &tokens);
    assert_eq!((refused.status, refused.error_code().as_str()), (400, "unsupported_parameter"), "{}", refused.text());
}
