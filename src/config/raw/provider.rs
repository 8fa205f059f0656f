//! `[provider.NAME]`.

use super::auth::RawAuth;
use super::aws::RawAws;
use crate::config::leaf::{base_url, boolean, choice, filled, name, text};
use crate::config::report::{Complaint, Field, Report};
use crate::config::secret::{Reference, reference};
use crate::config::section::Section;
use crate::config::settings::UnsupportedParameters;
use crate::config::tree::{Node, Place, Table, Value};
use http::{HeaderName, HeaderValue};
use url::Url;

/// The version of Anthropic's API that our dialect speaks.
pub(in crate::config) const ANTHROPIC_VERSION: &str = "2023-06-01";

/// Headers that the gateway sets itself, or that belong to one connection.
const OURS: &[&str] = &[
    "accept-encoding",
    "connection",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Parts of header names whose values are secrets.
const SECRET_PARTS: &[&str] = &["auth", "key", "token", "secret", "cookie", "password", "credential"];

/// A header's value.
#[derive(Debug, Clone)]
pub(in crate::config) enum RawHeader {
    /// As it is written.
    Plain(HeaderValue),
    /// A secret.
    Secret(Field<Reference>),
}

/// One provider.
#[derive(Debug)]
pub(in crate::config) struct RawProvider {
    pub(in crate::config) name: Field<String>,
    pub(in crate::config) kind: Option<Field<String>>,
    pub(in crate::config) base_url: Option<Field<Url>>,
    pub(in crate::config) api_key: Option<Field<Reference>>,
    pub(in crate::config) region: Option<Field<String>>,
    pub(in crate::config) api_version: Option<Field<String>>,
    pub(in crate::config) auth: RawAuth,
    pub(in crate::config) aws: RawAws,
    pub(in crate::config) allow_private_network: bool,
    pub(in crate::config) headers: Vec<(HeaderName, RawHeader)>,
    pub(in crate::config) anthropic_version: Field<HeaderValue>,
    pub(in crate::config) unsupported_parameters: UnsupportedParameters,
    /// Whether `api_key` was written, even if it was refused.
    pub(in crate::config) has_key: bool,
}

impl RawProvider {
    pub(super) fn read_all(root: &mut Section<'_>) -> Vec<Self> {
        let mut providers: Vec<Self> = Vec::new();
        for (key, Node { value, place }) in root.entries("provider") {
            let path = format!("provider.{}", key.name);
            let field = Field { value: key.name.clone(), place: key.place.clone(), key: path.clone() };
            if let Err(complaint) = name("")(&Value::Text(key.name)) {
                root.report.refuse(&field, complaint);
            }
            match value {
                Value::Table(table) => {
                    providers.push(Self::read(field, Section::new(path, key.place, table, root.report)));
                }
                other => {
                    let reason = format!("is {}; expected a table such as [{path}]", other.kind());
                    root.report.problem(&place, &path, Complaint::new(reason).hidden());
                }
            }
        }
        providers
    }

    /// A provider of which nothing but its kind is said.
    pub(in crate::config) fn of_kind(kind: &str, report: &mut Report) -> Self {
        let key = format!("provider.{kind}");
        let name = Field { value: kind.to_owned(), place: Place::Default, key: key.clone() };
        Self::read(name, Section::new(key, Place::Default, Table::default(), report))
    }

    fn read(name: Field<String>, mut section: Section<'_>) -> Self {
        let has_key = section.has("api_key");
        let raw = Self {
            name,
            kind: section.optional("kind", filled),
            base_url: section.optional("base_url", base_url),
            api_key: section.optional("api_key", reference),
            region: section.optional("region", filled),
            api_version: section.optional("api_version", filled),
            auth: RawAuth::read(&mut section),
            aws: RawAws::read(&mut section),
            allow_private_network: section.value("allow_private_network", false, boolean),
            headers: headers(&mut section),
            anthropic_version: section.field("anthropic_version", ANTHROPIC_VERSION, header_value),
            unsupported_parameters: section.value(
                "unsupported_parameters",
                "drop",
                choice(&[("drop", UnsupportedParameters::Drop), ("refuse", UnsupportedParameters::Refuse)]),
            ),
            has_key,
        };
        section.finish();
        raw
    }
}

fn headers(section: &mut Section<'_>) -> Vec<(HeaderName, RawHeader)> {
    let mut headers: Vec<(HeaderName, RawHeader)> = Vec::new();
    let path = section.key("headers");
    for (key, node) in section.entries("headers") {
        let key_path = format!("{path}.{}", key.name);
        let header = match HeaderName::try_from(&key.name) {
            Err(_) => Err(Complaint::new("is no name of a header")),
            Ok(name) if OURS.contains(&name.as_str()) => {
                Err(Complaint::new("is a header that floopy sets itself; leave it out"))
            }
            Ok(name) if headers.iter().any(|(known, _)| *known == name) => {
                Err(Complaint::new("is set twice (case does not matter)"))
            }
            Ok(name) => Ok(name),
        };
        let header = match header {
            Ok(header) => header,
            Err(complaint) => {
                section.report.problem(&key.place, &key_path, complaint);
                continue;
            }
        };
        let is_secret = SECRET_PARTS.iter().any(|part| header.as_str().contains(part));
        let value = match &node.value {
            Value::Text(text) | Value::Loose(text)
                if is_secret || text.starts_with("env:") || text.starts_with("file:") =>
            {
                let value = reference(&node.value);
                value.map(|value| RawHeader::Secret(Field { value, place: node.place.clone(), key: key_path.clone() }))
            }
            value => header_value(value).map(RawHeader::Plain).map_err(Complaint::hidden),
        };
        match value {
            Ok(value) => {
                section.report.setting(&key_path, node.value.to_string(), &node.place);
                headers.push((header, value));
            }
            Err(complaint) => section.report.problem(&node.place, &key_path, complaint),
        }
    }
    headers
}

fn header_value(value: &Value) -> Result<HeaderValue, Complaint> {
    let text = text(value)?;
    HeaderValue::try_from(text.trim()).map_err(|_| Complaint::new("holds characters that no header may hold"))
}
