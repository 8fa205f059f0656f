//! Providers that want a token: fetched once, kept, renewed, and never the caller's trouble.

use crate::fake::Fake;
use crate::harness::{Gateway, wait_for};
use crate::web::{Told, Web};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

const SECRET: &str = "hush-hush";

/// Issues `token-1`, `token-2`, …
fn issuer() -> Web {
    let issued = AtomicU32::new(0);
    Web::start(move |_| {
        let number = issued.fetch_add(1, Ordering::SeqCst) + 1;
        Told::json(200, &json!({"token_type": "Bearer", "expires_in": 3599, "access_token": format!("token-{number}")}))
    })
}

/// An Azure that lets in whoever has the token of this number or a later one.
fn azure(least: Arc<AtomicU32>) -> Web {
    Web::start(move |asked| {
        let number = asked.header("authorization").and_then(|value| value.strip_prefix("Bearer token-"));
        let number: u32 = number.and_then(|number| number.parse().ok()).unwrap_or(0);
        if asked.header("api-key").is_some() || number < least.load(Ordering::SeqCst) {
            return Told::json(401, &json!({"error": {"code": "401", "message": "The token has expired."}}));
        }
        Told::json(
            200,
            &json!({"id": "chatcmpl-1", "object": "chat.completion", "created": 5, "model": "gpt-4o",
                "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hi"}}],
                "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}}),
        )
    })
}

fn provider(azure: &Web, more: &str) -> String {
    format!(
        "[provider.azure]\nbase_url = \"http://{}/openai/v1\"\nallow_private_network = true\n{more}\n[[model]]\nid = \"azure/prod\"\n",
        azure.address
    )
}

fn with_secret(issuer: &Web) -> String {
    format!(
        "auth = \"client_secret\"\ntenant_id = \"contoso.example\"\nclient_id = \"app-1\"\nclient_secret = \"env:HUSH\"\nauthority = \"http://{}\"",
        issuer.address
    )
}

fn start(more: &str) -> Gateway {
    Gateway::start_in_environment(&Fake::start(), more, &[("HUSH", SECRET.to_owned())])
}

#[test]
fn an_application_with_a_secret_gets_one_token_for_all_calls() {
    let (issuer, azure) = (issuer(), azure(Arc::new(AtomicU32::new(1))));
    let gateway = start(&provider(&azure, &with_secret(&issuer)));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(gateway.chat("azure/prod", &[]).status, 200));
        }
    });
    let asked = issuer.asked();
    assert_eq!((asked.len(), azure.asked().len()), (1, 8));
    assert_eq!((asked[0].method.as_str(), asked[0].path.as_str()), ("POST", "/contoso.example/oauth2/v2.0/token"));
    let field = |name: &str| asked[0].field(name).unwrap();
    assert_eq!((field("grant_type"), field("client_id")), ("client_credentials".into(), "app-1".into()));
    assert_eq!(
        (field("client_secret"), field("scope")),
        (SECRET.into(), "https://cognitiveservices.azure.com/.default".into())
    );
    assert!(!gateway.log().contains(SECRET) && !gateway.log().contains("token-1"));
}

#[test]
fn a_token_that_dies_early_is_renewed_within_the_call() {
    let least = Arc::new(AtomicU32::new(1));
    let (issuer, azure) = (issuer(), azure(Arc::clone(&least)));
    let gateway = start(&provider(&azure, &with_secret(&issuer)));
    assert_eq!(gateway.chat("azure/prod", &[]).status, 200);
    least.store(2, Ordering::SeqCst);
    let answer = gateway.chat("azure/prod", &[]);
    assert_eq!((answer.status, issuer.asked().len(), azure.asked().len()), (200, 2, 3));
    let attempts = gateway.decision(&answer)["outcome"]["attempts"].clone();
    assert_eq!((attempts.as_array().unwrap().len(), &attempts[0]["status"]), (1, &json!(200)));
}

#[test]
fn a_refusal_that_stays_is_no_401_of_the_caller() {
    let (issuer, azure) = (issuer(), azure(Arc::new(AtomicU32::new(100))));
    let gateway = start(&provider(&azure, &with_secret(&issuer)));
    for _ in 0..3 {
        let answer = gateway.chat("azure/prod", &[]);
        assert_eq!(
            (answer.status, &answer.json()["error"]["code"]),
            (502, &json!("provider_error")),
            "{}",
            answer.text()
        );
    }
    assert_eq!(issuer.asked().len(), 2, "a new token did not help, and is not asked for again and again");
}

#[test]
fn who_gets_no_token_is_told_whose_trouble_it_is() {
    let refusing = Web::start(|_| {
        let text = format!("AADSTS7000215: the secret {SECRET} is wrong");
        Told::json(401, &json!({"error": "invalid_client", "error_description": text}))
    });
    let broken = Web::start(|_| Told::text(200, "text/html", "<html>a proxy's page</html>"));
    for (issuer, word) in [(refusing, "status 401 invalid_client"), (broken, "the answer holds no token")] {
        let azure = azure(Arc::new(AtomicU32::new(1)));
        let gateway = start(&provider(&azure, &with_secret(&issuer)));
        let answer = gateway.chat("azure/prod", &[]);
        assert_eq!((answer.status, azure.asked().len()), (502, 0), "{}", answer.text());
        assert!(answer.text().contains("credential"), "{}", answer.text());
        wait_for("a line in the log", || gateway.log().contains(word).then_some(()));
        assert!(!gateway.log().contains(SECRET) && !answer.text().contains(SECRET));
    }
}

#[test]
fn an_application_on_kubernetes_shows_the_token_in_its_file() {
    let least = Arc::new(AtomicU32::new(1));
    let (issuer, azure) = (issuer(), azure(Arc::clone(&least)));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "of-the-pod-1\n").unwrap();
    let environment = [
        ("AZURE_TENANT_ID", "t".to_owned()),
        ("AZURE_CLIENT_ID", "c".to_owned()),
        ("AZURE_FEDERATED_TOKEN_FILE", file.display().to_string()),
        ("AZURE_AUTHORITY_HOST", format!("http://{}/", issuer.address)),
    ];
    let more = provider(&azure, "auth = \"workload_identity\"");
    let gateway = Gateway::start_in_environment(&Fake::start(), &more, &environment);
    assert_eq!(gateway.chat("azure/prod", &[]).status, 200);
    std::fs::write(&file, "of-the-pod-2\n").unwrap();
    least.store(2, Ordering::SeqCst);
    assert_eq!(gateway.chat("azure/prod", &[]).status, 200);
    let shown: Vec<_> = issuer.asked().iter().map(|asked| asked.field("client_assertion").unwrap()).collect();
    assert_eq!(shown, ["of-the-pod-1", "of-the-pod-2"]);
    assert_eq!(issuer.last().path, "/t/oauth2/v2.0/token");
}

#[test]
fn a_machine_is_given_a_token_by_its_platform() {
    let platform = Web::start(|asked| match asked.header("x-identity-header") {
        Some("inside") => {
            Told::json(200, &json!({"access_token": "token-1", "expires_in": "3599", "token_type": "Bearer"}))
        }
        _ => Told::json(400, &json!({"error": "invalid_request"})),
    });
    let azure = azure(Arc::new(AtomicU32::new(1)));
    let environment = [
        ("IDENTITY_ENDPOINT", format!("http://{}/msi/token", platform.address)),
        ("IDENTITY_HEADER", "inside".to_owned()),
    ];
    let more = provider(&azure, "auth = \"managed_identity\"\nclient_id = \"one-of-several\"");
    let gateway = Gateway::start_in_environment(&Fake::start(), &more, &environment);
    assert_eq!(gateway.chat("azure/prod", &[]).status, 200);
    let asked = platform.last();
    let query = "api-version=2019-08-01&resource=https%3A%2F%2Fcognitiveservices.azure.com&client_id=one-of-several";
    assert_eq!((asked.method.as_str(), asked.path), ("GET", format!("/msi/token?{query}")));
}
