//! Google's tokens: for a service account that signs who it is, for a person who has logged in.

use super::issuer::{Ask, Said, ask};
use super::renewing::Fetched;
use super::token::{NoToken, exchange, read};
use crate::base::{Timestamp, rs256};
use crate::config::settings::{GoogleAccount, GoogleUser};
use crate::upstream::address::Reach;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::DATE;
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};
use std::time::SystemTime;
use tokio_rustls::TlsConnector;

/// What tokens are for: everything that the account may do.
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// Seconds that an assertion holds. Google takes no more.
const ASSERTED: i64 = 3600;
/// Seconds by which clocks may differ before that is taken for the reason of a refusal.
const SKEW: i64 = 60;

/// A token for a service account (RFC 7523). Where it is refused and the issuer's clock shows another time than ours,
/// it is asked for once more at the issuer's time.
pub(super) async fn of_account(
    tls: &TlsConnector,
    account: &GoogleAccount,
    reach: Reach,
) -> Result<Fetched<HeaderValue>, NoToken> {
    let now = Timestamp::from(SystemTime::now()).seconds();
    let mut said = asserted(tls, account, reach, now).await?;
    if said.status == StatusCode::BAD_REQUEST
        && let Some(theirs) = clock(&said)
        && theirs.abs_diff(now) > SKEW.unsigned_abs()
    {
        tracing::warn!(seconds = theirs - now, "this host's clock is wrong, says the issuer of tokens");
        said = asserted(tls, account, reach, theirs).await?;
    }
    read(&said)
}

async fn asserted(tls: &TlsConnector, account: &GoogleAccount, reach: Reach, now: i64) -> Result<Said, NoToken> {
    let assertion = assertion(account, now).ok_or_else(|| NoToken::unusable("the private key cannot sign"))?;
    let fields = [("grant_type", JWT_BEARER), ("assertion", assertion.as_str())];
    Ok(ask(tls, Ask::form(&account.token_url, &fields, reach)).await?)
}

/// Who the account is, signed by it.
fn assertion(account: &GoogleAccount, now: i64) -> Option<String> {
    let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let header = encode(&json!({"alg": "RS256", "typ": "JWT", "kid": account.key_id}));
    let claims = encode(&json!({"iss": account.email, "scope": SCOPE, "aud": account.token_url.as_str(),
        "iat": now, "exp": now + ASSERTED}));
    let message = format!("{header}.{claims}");
    let signature = rs256::sign(account.private_key.expose(), message.as_bytes())?;
    Some(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// The time of an answer, in seconds since the epoch.
fn clock(said: &Said) -> Option<i64> {
    let date = said.headers.get(DATE)?.to_str().ok()?;
    Some(jiff::fmt::rfc2822::parse(date).ok()?.timestamp().as_second())
}

/// A token for a person who has logged in with `gcloud`.
pub(super) async fn of_user(
    tls: &TlsConnector,
    user: &GoogleUser,
    reach: Reach,
) -> Result<Fetched<HeaderValue>, NoToken> {
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", user.client_id.as_str()),
        ("client_secret", user.client_secret.expose()),
        ("refresh_token", user.refresh_token.expose()),
    ];
    exchange(tls, Ask::form(&user.token_url, &fields, reach)).await
}
