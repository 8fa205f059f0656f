//! Vertex AI: which project and region, and who calls. Without a word on it, Google's default credentials do: the file
//! that `GOOGLE_APPLICATION_CREDENTIALS` names, else what `gcloud` has left, else the machine's own account.

use crate::base::{Secret, rs256};
use crate::config::leaf;
use crate::config::raw::{Auth, RawProvider};
use crate::config::report::{Complaint, Field, Report};
use crate::config::secret::{self, Reference};
use crate::config::settings::{Credential, GoogleAccount, GoogleUser, Grant};
use crate::config::sources::Environment;
use crate::config::tree::{Place, Value};
use http::{HeaderName, HeaderValue};
use serde::Deserialize;
use std::path::PathBuf;
use std::sync::Arc;
use url::Url;

/// Google's own endpoint for tokens.
const TOKEN_URL: &str = "https://oauth2.googleapis.com/token";
/// Where a machine of Google's is asked for a token of its account.
const MACHINE: &str =
    "/computeMetadata/v1/instance/service-accounts/default/token?scopes=https://www.googleapis.com/auth/cloud-platform";
/// The version of Anthropic's API at Vertex.
pub(super) const ANTHROPIC_VERSION: &str = "vertex-2023-10-16";

/// Who calls where.
pub(super) struct Vertex {
    pub(super) base_url: Url,
    pub(super) credential: Credential,
    /// Who pays, where that is not the project of the credential.
    pub(super) header: Option<(HeaderName, HeaderValue)>,
}

/// A file of credentials, as Google writes it.
#[derive(Deserialize)]
struct Credentials {
    r#type: String,
    project_id: Option<String>,
    private_key_id: Option<String>,
    private_key: Option<String>,
    client_email: Option<String>,
    token_uri: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
    refresh_token: Option<String>,
    quota_project_id: Option<String>,
}

/// Everything about a provider of the kind `vertex`; `None` after a problem. `host` is an address of the operator's own.
pub(super) fn resolve(
    raw: &RawProvider,
    host: Option<&Url>,
    key: Option<Secret>,
    environment: &Environment,
    report: &mut Report,
) -> Option<Vertex> {
    if raw.has_key {
        let base_url =
            format!("{}/v1beta1", host.cloned().unwrap_or_else(|| address("global")).as_str().trim_end_matches('/'));
        let credential = Credential::of_key(crate::wire::Dialect::Gemini, &key?);
        return Some(Vertex { base_url: base_url.parse().ok()?, credential, header: None });
    }
    let Ok((found, file)) = credentials(raw, environment, report) else { return None };
    let region = raw.region.as_ref().map(|region| region.value.as_str());
    let region =
        region.or_else(|| environment.get("GOOGLE_CLOUD_LOCATION")).or_else(|| environment.get("CLOUD_ML_REGION"));
    let region = part(raw, "region", region.unwrap_or("global"), report);
    let project = raw.auth.project.as_ref().map(|project| project.value.as_str());
    let project = project.or_else(|| environment.get("GOOGLE_CLOUD_PROJECT"));
    let project = project.or_else(|| environment.get("ANTHROPIC_VERTEX_PROJECT_ID"));
    let project = project.or_else(|| found.as_ref().and_then(|found| found.project_id.as_deref()));
    let Some(project) = project else {
        let reason = "`project` is missing, and the environment variable GOOGLE_CLOUD_PROJECT is not set";
        report.missing(&raw.name.place, &raw.name.key, reason);
        return None;
    };
    let (project, region) = (part(raw, "project", project, report)?, region?);
    let host = host.cloned().unwrap_or_else(|| address(&region));
    let base_url = format!("{}/v1beta1/projects/{project}/locations/{region}", host.as_str().trim_end_matches('/'));
    let header = found.as_ref().and_then(|found| found.quota_project_id.as_deref());
    let header = header.or_else(|| environment.get("GOOGLE_CLOUD_QUOTA_PROJECT"));
    let header = header.and_then(|project| HeaderValue::from_str(project).ok());
    let grant = match found {
        Some(found) => grant(raw, found, &file, report)?,
        None => machine(raw, environment, report)?,
    };
    Some(Vertex {
        base_url: base_url.parse().expect("an address and names are an address"),
        credential: Credential::Token(Arc::new(grant)),
        header: header.map(|value| (HeaderName::from_static("x-goog-user-project"), value)),
    })
}

/// Google's address of a region: `global`, one of several regions (`us`, `eu`), or one.
fn address(region: &str) -> Url {
    let host = match region {
        "global" => String::from("https://aiplatform.googleapis.com"),
        "us" | "eu" => format!("https://aiplatform.{region}.rep.googleapis.com"),
        region => format!("https://{region}-aiplatform.googleapis.com"),
    };
    host.parse().expect("a name in a host is checked before")
}

/// A name that becomes part of an address.
fn part(raw: &RawProvider, key: &str, text: &str, report: &mut Report) -> Option<String> {
    let good = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c) && key == "project" || c == '-';
    if !text.is_empty() && text.len() <= 128 && text.chars().all(good) {
        return Some(text.to_owned());
    }
    let reason = format!(
        "cannot be part of an address; expected something like {}",
        if key == "project" { "\"my-project-1\"" } else { "\"europe-west4\"" }
    );
    report.problem(&raw.name.place, &format!("{}.{key}", raw.name.key), Complaint::new(reason).hidden());
    None
}

/// The credentials and the field that they come from; none where the machine is to be asked.
fn credentials(
    raw: &RawProvider,
    environment: &Environment,
    report: &mut Report,
) -> Result<(Option<Credentials>, Field<Reference>), ()> {
    let at = |value: Reference| {
        let key = format!("{}.credentials", raw.name.key);
        Field { value, place: raw.name.place.clone(), key }
    };
    let nothing = at(Reference::Environment(String::new()));
    let way = raw.auth.auth.as_ref().map(|auth| auth.value);
    if way == Some(Auth::ManagedIdentity) {
        return Ok((None, nothing));
    }
    if let Some(other) = raw.auth.auth.as_ref() {
        report.refuse(other, Complaint::new("is not for vertex; expected \"managed_identity\", or nothing"));
        return Err(());
    }
    let field = if let Some(given) = &raw.auth.credentials {
        given.clone()
    } else if let Some(path) = environment.get("GOOGLE_APPLICATION_CREDENTIALS") {
        at(Reference::File(PathBuf::from(path)))
    } else {
        let folder = environment.get("CLOUDSDK_CONFIG").map(PathBuf::from);
        let folder = folder.or_else(|| environment.get("HOME").map(|home| PathBuf::from(home).join(".config/gcloud")));
        let file = folder.map(|folder| folder.join("application_default_credentials.json"));
        match file.filter(|file| file.is_file()) {
            Some(file) => at(Reference::File(file)),
            None => return Ok((None, nothing)),
        }
    };
    if raw.auth.credentials.is_none()
        && let Reference::File(path) = &field.value
    {
        report.setting(&field.key, format!("\"file:{}\"", path.display()), &Place::Default);
    }
    let Some(text) = secret::document(&field, environment, report) else { return Err(()) };
    match serde_json::from_str(text.expose()) {
        Ok(found) => Ok((Some(found), field)),
        Err(_) => {
            report.refuse(
                &field,
                Complaint::new("holds no credentials of Google's: a JSON object with a `type` is expected").hidden(),
            );
            Err(())
        }
    }
}

fn grant(raw: &RawProvider, found: Credentials, field: &Field<Reference>, report: &mut Report) -> Option<Grant> {
    let refuse = |report: &mut Report, reason: String| {
        report.refuse(field, Complaint::new(reason).hidden());
        None
    };
    let token_url = found.token_uri.unwrap_or_else(|| TOKEN_URL.to_owned());
    let token_url = match leaf::base_url(&Value::Text(token_url)) {
        Ok(url) if url.scheme() == "https" || raw.allow_private_network => url,
        _ => return refuse(report, String::from("has a `token_uri` that is no https address")),
    };
    let missing = |name: &str| format!("lacks `{name}`: have the file made anew");
    let allow_private_network = raw.allow_private_network;
    match found.r#type.as_str() {
        "service_account" => {
            let Some(private_key) = found.private_key else { return refuse(report, missing("private_key")) };
            let private_key = Secret::new(private_key);
            let Some(email) = found.client_email else { return refuse(report, missing("client_email")) };
            if rs256::sign(private_key.expose(), b"").is_none() {
                return refuse(
                    report,
                    String::from("holds a private key that cannot be used; expected RSA in PKCS#8 PEM"),
                );
            }
            let key_id = found.private_key_id.unwrap_or_default();
            Some(Grant::GoogleAccount(GoogleAccount { token_url, email, key_id, private_key, allow_private_network }))
        }
        "authorized_user" => {
            let Some(client_id) = found.client_id else { return refuse(report, missing("client_id")) };
            let Some(client_secret) = found.client_secret else { return refuse(report, missing("client_secret")) };
            let Some(refresh_token) = found.refresh_token else { return refuse(report, missing("refresh_token")) };
            let (client_secret, refresh_token) = (Secret::new(client_secret), Secret::new(refresh_token));
            Some(Grant::GoogleUser(GoogleUser {
                token_url,
                client_id,
                client_secret,
                refresh_token,
                allow_private_network,
            }))
        }
        _ => refuse(
            report,
            String::from(
                "is of a type that is not supported; expected a service account's key, or what `gcloud auth application-default login` leaves",
            ),
        ),
    }
}

fn machine(raw: &RawProvider, environment: &Environment, report: &mut Report) -> Option<Grant> {
    let host = environment.get("GCE_METADATA_HOST").unwrap_or("metadata.google.internal");
    let Ok(url) = format!("http://{host}{MACHINE}").parse() else {
        let reason = "cannot be asked for a token: the environment variable GCE_METADATA_HOST is no host";
        report.problem(&raw.name.place, &raw.name.key, Complaint::new(reason).hidden());
        return None;
    };
    let header = (HeaderName::from_static("metadata-flavor"), Secret::new(String::from("Google")));
    Some(Grant::Machine { url, header })
}
