//! Keys that expire: the services of AWS's platforms that give them out, and files that other programs renew.

use super::{chain, roles};
use crate::base::{ProviderId, Secret, Timestamp, limits};
use crate::config::settings::{AwsKeys, AwsSource};
use crate::upstream::CallError;
use crate::upstream::credential::issuer::{Ask, Said, ask};
use crate::upstream::credential::renewing::Fetched;
use crate::upstream::credential::sensitive;
use crate::upstream::credential::token::NoToken;
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue, Method};
use serde::Deserialize;
use std::path::Path;
use std::time::{Duration, SystemTime};
use tokio_rustls::TlsConnector;
use url::Url;

/// How long keys without an end are used before their file is read again.
pub(super) const REREAD: Duration = Duration::from_secs(600);
/// How long a session of the metadata service may last, in seconds.
const SESSION: &str = "21600";
const SESSION_TTL: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token-ttl-seconds");
const SESSION_TOKEN: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token");

/// Keys from a source. Why there are none is logged here, once for all who wait.
pub(super) async fn fetch(
    provider: &ProviderId,
    source: &AwsSource,
    tls: &TlsConnector,
) -> Result<Fetched<AwsKeys>, CallError> {
    of_source(source, tls).await.map_err(|refused| refused.log(provider))
}

pub(super) async fn of_source(source: &AwsSource, tls: &TlsConnector) -> Result<Fetched<AwsKeys>, NoToken> {
    match source {
        AwsSource::Fixed(keys) => Ok(Fetched { value: keys.clone(), lives: REREAD }),
        AwsSource::Profile { name, files, around } => chain::of_profile(tls, name, files, around).await,
        AwsSource::WebIdentity { url, role, session, token_file } => {
            roles::by_token(tls, url, role, session, token_file).await
        }
        AwsSource::Container { url, token, token_file } => {
            of_container(tls, url, token.as_ref(), token_file.as_deref()).await
        }
        AwsSource::Machine { url } => of_machine(tls, url).await,
    }
}

pub(super) async fn read(path: &Path) -> Result<Secret, NoToken> {
    let path = path.to_owned();
    let reading = tokio::task::spawn_blocking(move || {
        use std::io::Read;
        let mut text = String::new();
        std::fs::File::open(path)?.take(limits::MAX_SECRET_FILE).read_to_string(&mut text)?;
        Ok::<_, std::io::Error>(text)
    });
    match reading.await {
        Ok(Ok(text)) => Ok(Secret::new(text)),
        _ => Err(NoToken::unusable("a file cannot be read")),
    }
}

/// As containers and machines answer.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Given {
    access_key_id: String,
    secret_access_key: String,
    #[serde(alias = "SessionToken")]
    token: Option<String>,
    expiration: Expiration,
}

/// A time as a text, or as seconds since 1970: both are seen.
#[derive(Deserialize)]
#[serde(untagged)]
enum Expiration {
    Text(String),
    Seconds(f64),
}

/// What is left of a life that ends then, in seconds since 1970.
pub(super) fn lives(end: Option<i64>) -> Result<Duration, NoToken> {
    let left = end.map(|end| end.saturating_sub(Timestamp::from(SystemTime::now()).seconds()));
    let left = left.and_then(|left| u64::try_from(left).ok()).filter(|left| *left > 0);
    left.map(Duration::from_secs).ok_or_else(|| NoToken::unreachable("the keys have expired already"))
}

impl Given {
    pub(super) fn read(self) -> Result<Fetched<AwsKeys>, NoToken> {
        let end = match self.expiration {
            Expiration::Text(text) => text.parse::<Timestamp>().ok().map(Timestamp::seconds),
            #[expect(clippy::cast_possible_truncation, reason = "casts of floats saturate")]
            Expiration::Seconds(seconds) => Some(seconds as i64),
        };
        let lives = lives(end)?;
        let value = AwsKeys {
            id: self.access_key_id,
            secret: Secret::new(self.secret_access_key),
            session_token: self.token.map(Secret::new),
        };
        Ok(Fetched { value, lives })
    }
}

/// The body of a good answer.
pub(super) fn good(said: Said) -> Result<Bytes, NoToken> {
    match said.status.as_u16() {
        200 => Ok(said.body),
        status @ (400..=428 | 430..=499) => Err(NoToken::unusable(format!("status {status}"))),
        status => Err(NoToken::unreachable(format!("status {status}"))),
    }
}

fn keys(said: Said) -> Result<Fetched<AwsKeys>, NoToken> {
    let body = good(said)?;
    let given: Given =
        serde_json::from_slice(&body).map_err(|_| NoToken::unreachable("the answer holds no keys with an end"))?;
    given.read()
}

/// The agent of ECS and EKS.
async fn of_container(
    tls: &TlsConnector,
    url: &Url,
    token: Option<&Secret>,
    token_file: Option<&Path>,
) -> Result<Fetched<AwsKeys>, NoToken> {
    let mut headers = Vec::new();
    let read = match token_file {
        Some(file) => Some(read(file).await?),
        None => None,
    };
    if let Some(token) = read.as_ref().or(token) {
        headers.push((AUTHORIZATION, sensitive(token.expose().trim())?));
    }
    keys(ask(tls, Ask::of_platform(url, headers)).await?)
}

/// The metadata service of a machine, in its second version: first a session, then the role, then its keys.
async fn of_machine(tls: &TlsConnector, url: &Url) -> Result<Fetched<AwsKeys>, NoToken> {
    let at = |path: &str| -> Result<Url, NoToken> {
        let whole = format!("{}{path}", url.as_str().trim_end_matches('/'));
        whole.parse().map_err(|_| NoToken::unusable("the metadata service's address cannot be used"))
    };
    let session = at("/latest/api/token")?;
    let ttl = vec![(SESSION_TTL, HeaderValue::from_static(SESSION))];
    let session = Ask { method: Method::PUT, ..Ask::of_platform(&session, ttl) };
    let session = good(ask(tls, session).await?)?;
    let session = std::str::from_utf8(&session).map_err(|_| NoToken::unreachable("no session"))?;
    let session = sensitive(session.trim())?;
    let roles = at("/latest/meta-data/iam/security-credentials/")?;
    let question = Ask::of_platform(&roles, vec![(SESSION_TOKEN, session.clone())]);
    let roles = good(ask(tls, question).await?)?;
    let role = std::str::from_utf8(&roles).ok().and_then(|roles| roles.lines().next()).map(str::trim);
    let role = role
        .filter(|role| !role.is_empty() && role.bytes().all(|b| b.is_ascii_alphanumeric() || b"+=,.@_-".contains(&b)));
    let role = role.ok_or_else(|| NoToken::unusable("this machine has no role"))?;
    let role = at(&format!("/latest/meta-data/iam/security-credentials/{role}"))?;
    keys(ask(tls, Ask::of_platform(&role, vec![(SESSION_TOKEN, session)])).await?)
}
