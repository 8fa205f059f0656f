//! A person's login at AWS's access portal: `aws sso login` leaves a token in a file, which the portal gives keys for.
//!
//! The token is read and never renewed here: whoever logged in renews it, and floopy must not make that one's refresh
//! token worthless.

use super::keys::{good, lives, read};
use crate::base::{Secret, Timestamp};
use crate::config::profile::Login;
use crate::config::settings::{Around, AwsKeys};
use crate::upstream::address::Reach;
use crate::upstream::credential::issuer::{Ask, ask};
use crate::upstream::credential::renewing::Fetched;
use crate::upstream::credential::sensitive;
use crate::upstream::credential::token::NoToken;
use bytes::Bytes;
use http::{HeaderName, Method};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use serde::Deserialize;
use tokio_rustls::TlsConnector;
use url::Url;

const TOKEN: HeaderName = HeaderName::from_static("x-amz-sso_bearer_token");
const EXPIRED: &str = "the login has expired or was never made: run `aws sso login`";

/// What a login leaves.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Left {
    access_token: String,
    expires_at: String,
}

/// What the portal answers.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    role_credentials: Given,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Given {
    access_key_id: String,
    secret_access_key: String,
    session_token: String,
    /// In milliseconds since 1970.
    expiration: i64,
}

/// Keys for a login.
pub(super) async fn fetch(tls: &TlsConnector, around: &Around, login: &Login) -> Result<Fetched<AwsKeys>, NoToken> {
    let name = crate::base::hex(digest(&SHA1_FOR_LEGACY_USE_ONLY, login.named_after.as_bytes()).as_ref());
    let folder = around.logins.as_ref().ok_or_else(|| NoToken::unusable(EXPIRED))?;
    let text = read(&folder.join(format!("{name}.json"))).await.map_err(|_| NoToken::unusable(EXPIRED))?;
    let left: Left = serde_json::from_str(text.expose()).map_err(|_| NoToken::unusable(EXPIRED))?;
    let token = Secret::new(left.access_token);
    let end = left.expires_at.parse::<Timestamp>().ok().map(Timestamp::seconds);
    lives(end).map_err(|_| NoToken::unusable(EXPIRED))?;
    let portal = match &around.portal {
        Some(portal) => portal.as_str().trim_end_matches('/').to_owned(),
        None => format!("https://portal.sso.{}.amazonaws.com", login.region),
    };
    let mut url: Url = format!("{portal}/federation/credentials")
        .parse()
        .map_err(|_| NoToken::unusable("the access portal's address cannot be used"))?;
    url.query_pairs_mut().append_pair("role_name", &login.role).append_pair("account_id", &login.account);
    let headers = vec![(TOKEN, sensitive(token.expose())?)];
    // The address is AWS's, or one that the operator's environment names.
    let question = Ask { method: Method::GET, url: &url, headers, body: Bytes::new(), reach: Reach::Private };
    let body = good(ask(tls, question).await?)?;
    let answer: Answer =
        serde_json::from_slice(&body).map_err(|_| NoToken::unreachable("the answer holds no keys with an end"))?;
    let given = answer.role_credentials;
    let value = AwsKeys {
        id: given.access_key_id,
        secret: Secret::new(given.secret_access_key),
        session_token: Some(Secret::new(given.session_token)),
    };
    Ok(Fetched { value, lives: lives(Some(given.expiration / 1_000))? })
}
