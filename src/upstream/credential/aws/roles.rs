//! Roles: keys of AWS's token service, for a token of the platform or for other keys.

use super::keys::{Given, good, read};
use super::{now, sign};
use crate::config::profile::Role;
use crate::config::settings::{Around, AwsKeys};
use crate::upstream::CallError;
use crate::upstream::address::Reach;
use crate::upstream::credential::issuer::{Ask, ask};
use crate::upstream::credential::renewing::Fetched;
use crate::upstream::credential::sensitive;
use crate::upstream::credential::token::NoToken;
use http::header::{ACCEPT, AUTHORIZATION, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use serde::Deserialize;
use std::path::Path;
use tokio_rustls::TlsConnector;
use url::{Position, Url};

/// The version of the token service's API.
const VERSION: &str = "2011-06-15";

/// What either way of taking a role is answered with.
#[derive(Deserialize)]
struct Answer {
    #[serde(alias = "AssumeRoleResponse", alias = "AssumeRoleWithWebIdentityResponse")]
    response: Response,
}

#[derive(Deserialize)]
struct Response {
    #[serde(alias = "AssumeRoleResult", alias = "AssumeRoleWithWebIdentityResult")]
    result: Granted,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Granted {
    credentials: Given,
}

/// With a token of the platform (EKS), which is read for every exchange: the platform replaces it.
pub(super) async fn by_token(
    tls: &TlsConnector,
    url: &Url,
    role: &str,
    session: &str,
    token_file: &Path,
) -> Result<Fetched<AwsKeys>, NoToken> {
    let token = read(token_file).await?;
    let fields = [
        ("Action", "AssumeRoleWithWebIdentity"),
        ("Version", VERSION),
        ("RoleArn", role),
        ("RoleSessionName", session),
        ("WebIdentityToken", token.expose().trim()),
    ];
    granted(tls, form(url, &fields)).await
}

/// With other keys, which sign the question.
pub(super) async fn by_keys(
    tls: &TlsConnector,
    around: &Around,
    keys: &AwsKeys,
    role: &Role,
) -> Result<Fetched<AwsKeys>, NoToken> {
    let mut fields = vec![
        ("Action", "AssumeRole"),
        ("Version", VERSION),
        ("RoleArn", role.arn.as_str()),
        ("RoleSessionName", role.session.as_str()),
    ];
    fields.extend(role.external_id.as_deref().map(|id| ("ExternalId", id)));
    fields.extend(role.seconds.as_deref().map(|seconds| ("DurationSeconds", seconds)));
    let mut question = form(&around.token_service, &fields);
    sign(&mut question, keys, &around.region)?;
    granted(tls, question).await
}

/// A question. The address is AWS's, or one that the operator's environment names.
fn form<'u>(url: &'u Url, fields: &[(&str, &str)]) -> Ask<'u> {
    let mut question = Ask::form(url, fields, Reach::Private);
    question.headers.push((ACCEPT, HeaderValue::from_static("application/json")));
    question
}

fn sign(question: &mut Ask<'_>, keys: &AwsKeys, region: &str) -> Result<(), CallError> {
    let at = now();
    let mut added = vec![(HeaderName::from_static(sign::DATE), sensitive(&sign::written(at))?)];
    if let Some(token) = &keys.session_token {
        added.push((HeaderName::from_static(sign::TOKEN), sensitive(token.expose())?));
    }
    let host = HeaderValue::from_str(&question.url[Position::BeforeHost..Position::AfterPort]);
    let host = (HOST, host.map_err(|_| CallError::Unusable)?);
    let path = &question.url[Position::BeforePath..Position::AfterQuery];
    let uri: Uri = path.parse().map_err(|_| CallError::Unusable)?;
    let signed: HeaderMap = question.headers.iter().chain(&added).cloned().chain([host]).collect();
    let region = if region.is_empty() { "us-east-1" } else { region };
    let scope = sign::Scope { region, service: "sts", at };
    let value = sign::authorization(&Method::POST, &uri, &signed, &question.body, keys, scope);
    question.headers.extend(added);
    question.headers.push((AUTHORIZATION, sensitive(&value)?));
    Ok(())
}

async fn granted(tls: &TlsConnector, question: Ask<'_>) -> Result<Fetched<AwsKeys>, NoToken> {
    let body = good(ask(tls, question).await?)?;
    let answer: Answer =
        serde_json::from_slice(&body).map_err(|_| NoToken::unreachable("the answer holds no keys with an end"))?;
    answer.response.result.credentials.read()
}
