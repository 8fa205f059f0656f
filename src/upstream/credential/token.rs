//! Bearer tokens: how each grant asks for one, and what OAuth servers answer.

use super::issuer::{Ask, Said, ask};
use super::renewing::Fetched;
use super::{entra, google, sensitive};
use crate::base::{ProviderId, Secret};
use crate::config::settings::Grant;
use crate::upstream::CallError;
use crate::upstream::address::Reach;
use http::{HeaderName, HeaderValue};
use serde::Deserialize;
use std::time::Duration;
use tokio_rustls::TlsConnector;
use url::Url;

/// Letters of an issuer's error code that are logged.
const LONGEST_CODE: usize = 64;

/// The value of `authorization` that a grant gives. Why there is none is logged here, once for all who wait.
pub(super) async fn fetch(
    provider: &ProviderId,
    grant: &Grant,
    tls: &TlsConnector,
) -> Result<Fetched<HeaderValue>, CallError> {
    let fetched = match grant {
        Grant::Entra { token_url, client_id, proof, scope, allow_private_network } => {
            let reach = Reach::of(*allow_private_network);
            entra::of_application(tls, token_url, client_id, proof, scope, reach).await
        }
        Grant::GoogleAccount(account) => {
            google::of_account(tls, account, Reach::of(account.allow_private_network)).await
        }
        Grant::GoogleUser(user) => google::of_user(tls, user, Reach::of(user.allow_private_network)).await,
        Grant::Machine { url, header: (name, value) } => of_machine(tls, url, name, value).await,
    };
    fetched.map_err(|refused| refused.log(provider))
}

/// Why no token came.
#[derive(Debug)]
pub(super) struct NoToken {
    error: CallError,
    /// The issuer's code, or what is wrong here. No secret, nothing that the issuer wrote freely.
    reason: String,
}

impl NoToken {
    /// What is configured cannot be used.
    pub(super) fn unusable(reason: impl Into<String>) -> Self {
        Self { error: CallError::NoCredential, reason: reason.into() }
    }

    /// Whoever was asked answers nonsense, or not now.
    pub(super) fn unreachable(reason: impl Into<String>) -> Self {
        Self { error: CallError::IssuerUnreachable, reason: reason.into() }
    }

    /// Tells the operator.
    pub(super) fn log(self, provider: &ProviderId) -> CallError {
        let Self { error, reason } = self;
        tracing::warn!(%provider, %reason, "no credential for calls to this provider: {error}");
        error
    }
}

impl From<CallError> for NoToken {
    fn from(error: CallError) -> Self {
        Self { error, reason: String::from("no answer") }
    }
}

/// Asks an issuer and reads the token in its answer.
pub(super) async fn exchange(tls: &TlsConnector, question: Ask<'_>) -> Result<Fetched<HeaderValue>, NoToken> {
    read(&ask(tls, question).await?)
}

/// A token for the machine that we run on.
async fn of_machine(
    tls: &TlsConnector,
    url: &Url,
    name: &HeaderName,
    value: &Secret,
) -> Result<Fetched<HeaderValue>, NoToken> {
    let said = ask(tls, Ask::of_platform(url, vec![(name.clone(), sensitive(value.expose())?)])).await?;
    // Google's service says who it is, so that nothing else that answers at its name is taken for it.
    if name == "metadata-flavor" && said.headers.get(name).is_none_or(|flavor| flavor != "Google") {
        return Err(CallError::IssuerUnreachable.into());
    }
    read(&said)
}

/// Reads what RFC 6749 says that a token endpoint answers (sections 5.1 and 5.2).
pub(super) fn read(said: &Said) -> Result<Fetched<HeaderValue>, NoToken> {
    #[derive(Deserialize)]
    struct Granted {
        access_token: String,
        expires_in: Seconds,
    }
    // A number, or its text: Entra's services on machines answer so.
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Seconds {
        Number(u64),
        Text(String),
    }
    let status = said.status.as_u16();
    match status {
        200 => {}
        400..=428 | 430..=499 => return Err(NoToken { error: CallError::NoCredential, reason: code(said) }),
        _ => return Err(NoToken::unreachable(format!("status {status}"))),
    }
    let granted: Granted =
        serde_json::from_slice(&said.body).map_err(|_| NoToken::unreachable("the answer holds no token"))?;
    let seconds = match granted.expires_in {
        Seconds::Number(seconds) => Some(seconds),
        Seconds::Text(text) => text.parse().ok(),
    };
    let seconds = seconds.ok_or_else(|| NoToken::unreachable("the answer does not say how long the token lives"))?;
    let token = Secret::new(granted.access_token);
    let bearer = Secret::new(["Bearer ", token.expose()].concat());
    Ok(Fetched { value: sensitive(bearer.expose())?, lives: Duration::from_secs(seconds) })
}

/// The code of a refusal: a short word such as `invalid_grant`.
fn code(said: &Said) -> String {
    #[derive(Deserialize)]
    struct Refused {
        error: String,
    }
    let code = serde_json::from_slice::<Refused>(&said.body).map(|refused| refused.error).unwrap_or_default();
    let code: String = code.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(LONGEST_CODE).collect();
    format!("status {} {code}", said.status.as_u16()).trim_end().to_owned()
}
