//! Tokens of Microsoft Entra for Azure's models: for an application that has a secret, or a token of its
//! platform.

use super::issuer::Ask;
use super::renewing::Fetched;
use super::token::{NoToken, exchange};
use crate::base::{Secret, limits};
use crate::config::settings::EntraProof;
use crate::upstream::address::Reach;
use http::HeaderValue;
use std::path::Path;
use tokio::io::AsyncReadExt as _;
use tokio_rustls::TlsConnector;
use url::Url;

/// What a form says that shows a token in place of a secret.
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A token for an application.
pub(super) async fn of_application(
    tls: &TlsConnector,
    token_url: &Url,
    client_id: &str,
    proof: &EntraProof,
    scope: &str,
    reach: Reach,
) -> Result<Fetched<HeaderValue>, NoToken> {
    let shown = match proof {
        EntraProof::Secret(secret) => secret.clone(),
        EntraProof::File(file) => read(file).await?,
    };
    let shown = match proof {
        EntraProof::Secret(_) => vec![("client_secret", shown.expose())],
        EntraProof::File(_) => vec![("client_assertion_type", ASSERTION), ("client_assertion", shown.expose())],
    };
    let mut fields = vec![("grant_type", "client_credentials"), ("client_id", client_id), ("scope", scope)];
    fields.extend(shown);
    exchange(tls, Ask::form(token_url, &fields, reach)).await
}

/// The token in a file that its platform replaces.
async fn read(file: &Path) -> Result<Secret, NoToken> {
    let unreadable = |_| NoToken::unusable("the file of the federated token cannot be read");
    let mut text = String::new();
    let opened = tokio::fs::File::open(file).await.map_err(unreadable)?;
    opened.take(limits::MAX_SECRET_FILE).read_to_string(&mut text).await.map_err(unreadable)?;
    let token = text.trim();
    if token.is_empty() {
        Err(NoToken::unusable("the file of the federated token is empty"))
    } else {
        Ok(Secret::new(token.to_owned()))
    }
}
