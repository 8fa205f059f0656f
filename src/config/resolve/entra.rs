//! Azure without a key: who gets tokens of Microsoft Entra, and how it shows who it is.

use crate::base::Secret;
use crate::config::leaf;
use crate::config::raw::{Auth, RawProvider};
use crate::config::report::{Complaint, Field, Report};
use crate::config::secret::{self, Reference};
use crate::config::settings::{EntraProof, Grant};
use crate::config::sources::Environment;
use crate::config::tree::Value;
use http::HeaderName;
use std::path::PathBuf;
use url::Url;

/// Where tokens are issued, but for national clouds.
const AUTHORITY: &str = "https://login.microsoftonline.com";
/// What tokens are for, but for national clouds.
const SCOPE: &str = "https://cognitiveservices.azure.com/.default";
/// The metadata service of Azure's machines.
const MACHINE: &str = "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01";

/// The grant that `auth` names; `None` after a problem.
pub(super) fn grant(raw: &RawProvider, auth: Auth, environment: &Environment, report: &mut Report) -> Option<Grant> {
    let scope = raw.auth.scope.as_ref().map_or(SCOPE, |scope| scope.value.as_str());
    if auth == Auth::ManagedIdentity {
        return managed(raw, scope, environment, report);
    }
    let proof = match auth {
        Auth::WorkloadIdentity => {
            let file = raw.auth.token_file.as_ref().map(|file| file.value.clone());
            let file = file.or_else(|| environment.get("AZURE_FEDERATED_TOKEN_FILE").map(PathBuf::from));
            file.map(EntraProof::File).or_else(|| missing(raw, "token_file", "AZURE_FEDERATED_TOKEN_FILE", report))
        }
        _ => secret(raw, environment, report).map(EntraProof::Secret),
    };
    let client_id = named(raw, raw.auth.client_id.as_ref(), "client_id", "AZURE_CLIENT_ID", environment, report);
    let tenant = named(raw, raw.auth.tenant_id.as_ref(), "tenant_id", "AZURE_TENANT_ID", environment, report);
    let token_url = tenant.and_then(|tenant| token_url(raw, &tenant, environment, report));
    Some(Grant::Entra {
        token_url: token_url?,
        client_id: client_id?,
        proof: proof?,
        scope: scope.to_owned(),
        allow_private_network: raw.allow_private_network,
    })
}

fn secret(raw: &RawProvider, environment: &Environment, report: &mut Report) -> Option<Secret> {
    if let Some(reference) = &raw.auth.client_secret {
        return secret::fetch(reference, environment, report);
    }
    if !environment.has("AZURE_CLIENT_SECRET") {
        return missing(raw, "client_secret", "AZURE_CLIENT_SECRET", report);
    }
    let value = Reference::Environment(String::from("AZURE_CLIENT_SECRET"));
    let key = format!("{}.client_secret", raw.name.key);
    secret::fetch(&Field { value, place: raw.name.place.clone(), key }, environment, report)
}

/// A name from the file, else from the environment.
fn named(
    raw: &RawProvider,
    given: Option<&Field<String>>,
    key: &str,
    variable: &str,
    environment: &Environment,
    report: &mut Report,
) -> Option<String> {
    if let Some(given) = given {
        return Some(given.value.clone());
    }
    let Some(found) = environment.get(variable) else { return missing(raw, key, variable, report) };
    match leaf::name("")(&Value::Text(found.to_owned())) {
        Ok(name) => Some(name),
        Err(complaint) => {
            let key = format!("{}.{key}", raw.name.key);
            let complaint = complaint.also(&format!(" (in the environment variable {variable})"));
            report.problem(&raw.name.place, &key, complaint.hidden());
            None
        }
    }
}

fn missing<T>(raw: &RawProvider, key: &str, variable: &str, report: &mut Report) -> Option<T> {
    let reason = format!("`{key}` is missing, and the environment variable {variable} is not set");
    report.missing(&raw.name.place, &raw.name.key, &reason);
    None
}

fn token_url(raw: &RawProvider, tenant: &str, environment: &Environment, report: &mut Report) -> Option<Url> {
    let authority = match (&raw.auth.authority, environment.get("AZURE_AUTHORITY_HOST")) {
        (Some(given), _) => given.value.clone(),
        (None, Some(found)) => match leaf::base_url(&Value::Text(found.to_owned())) {
            Ok(url) => url,
            Err(complaint) => {
                let key = format!("{}.authority", raw.name.key);
                let complaint = complaint.also(" (in the environment variable AZURE_AUTHORITY_HOST)");
                report.problem(&raw.name.place, &key, complaint.hidden());
                return None;
            }
        },
        (None, None) => AUTHORITY.parse().expect("a URL: the tests read it"),
    };
    let url = format!("{}/{tenant}/oauth2/v2.0/token", authority.as_str().trim_end_matches('/'));
    let url: Url = url.parse().expect("an address and a name are an address");
    if url.scheme() != "https" && !raw.allow_private_network {
        let reason = "is asked for tokens unencrypted; https is meant, or allow_private_network = true";
        match &raw.auth.authority {
            Some(given) => report.refuse(given, Complaint::new(reason)),
            None => {
                report.problem(&raw.name.place, &format!("{}.authority", raw.name.key), Complaint::new(reason).hidden())
            }
        }
        return None;
    }
    Some(url)
}

/// App Service says where and with what it is asked; any other machine has its metadata service.
fn managed(raw: &RawProvider, scope: &str, environment: &Environment, report: &mut Report) -> Option<Grant> {
    let (mut url, header) = match (environment.get("IDENTITY_ENDPOINT"), environment.get("IDENTITY_HEADER")) {
        (Some(endpoint), Some(value)) => {
            let Ok(mut url) = leaf::base_url(&Value::Text(endpoint.to_owned())) else {
                let reason = "cannot be asked for a token: the environment variable IDENTITY_ENDPOINT is no URL";
                report.problem(&raw.name.place, &raw.name.key, Complaint::new(reason).hidden());
                return None;
            };
            url.query_pairs_mut().append_pair("api-version", "2019-08-01");
            (url, ("x-identity-header", value))
        }
        _ => (MACHINE.parse().expect("a URL: the tests read it"), ("metadata", "true")),
    };
    url.query_pairs_mut().append_pair("resource", scope.strip_suffix("/.default").unwrap_or(scope));
    if let Some(client) = &raw.auth.client_id {
        url.query_pairs_mut().append_pair("client_id", &client.value);
    }
    let (name, value) = header;
    Some(Grant::Machine { url, header: (HeaderName::from_static(name), Secret::new(value.to_owned())) })
}
