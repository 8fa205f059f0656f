//! Keys of `[provider.NAME]` that say how tokens are had, where a provider takes more than a key.

use crate::config::leaf::{base_url, choice, filled, name, path};
use crate::config::report::Field;
use crate::config::secret::{Reference, reference};
use crate::config::section::Section;
use crate::config::tree::Place;
use std::path::PathBuf;
use url::Url;

/// How calls are authorized.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) enum Auth {
    /// By `api_key`.
    Key,
    /// By a token for an application that has a secret.
    ClientSecret,
    /// By a token for an application that its platform vouches for.
    WorkloadIdentity,
    /// By a token for the machine.
    ManagedIdentity,
}

/// What they say.
#[derive(Debug)]
pub(in crate::config) struct RawAuth {
    pub(in crate::config) auth: Option<Field<Auth>>,
    pub(in crate::config) tenant_id: Option<Field<String>>,
    pub(in crate::config) client_id: Option<Field<String>>,
    pub(in crate::config) client_secret: Option<Field<Reference>>,
    pub(in crate::config) token_file: Option<Field<PathBuf>>,
    pub(in crate::config) authority: Option<Field<Url>>,
    pub(in crate::config) scope: Option<Field<String>>,
    pub(in crate::config) project: Option<Field<String>>,
    pub(in crate::config) credentials: Option<Field<Reference>>,
}

impl RawAuth {
    pub(super) fn read(section: &mut Section<'_>) -> Self {
        const WAYS: &[(&str, Auth)] = &[
            ("key", Auth::Key),
            ("client_secret", Auth::ClientSecret),
            ("workload_identity", Auth::WorkloadIdentity),
            ("managed_identity", Auth::ManagedIdentity),
        ];
        Self {
            auth: section.optional("auth", choice(WAYS)),
            tenant_id: section.optional("tenant_id", name("")),
            client_id: section.optional("client_id", name("")),
            client_secret: section.optional("client_secret", reference),
            token_file: section.optional("token_file", path),
            authority: section.optional("authority", base_url),
            scope: section.optional("scope", filled),
            project: section.optional("project", filled),
            credentials: section.optional("credentials", reference),
        }
    }

    /// The keys of Azure's that stand here, and where.
    pub(in crate::config) fn of_azure(&self) -> impl Iterator<Item = (&Place, &str)> {
        let names = [at(&self.tenant_id), at(&self.client_id), at(&self.scope)];
        names.into_iter().chain([at(&self.client_secret), at(&self.token_file), at(&self.authority)]).flatten()
    }

    /// The keys of Vertex's that stand here, and where.
    pub(in crate::config) fn of_vertex(&self) -> impl Iterator<Item = (&Place, &str)> {
        [at(&self.project), at(&self.credentials)].into_iter().flatten()
    }
}

fn at<T>(field: &Option<Field<T>>) -> Option<(&Place, &str)> {
    field.as_ref().map(|field| (&field.place, field.key.as_str()))
}
