//! What calls to a provider are authorized with.

use crate::base::Secret;
use crate::wire::Dialect;
use http::HeaderName;
use http::header::AUTHORIZATION;
use std::path::PathBuf;
use std::sync::Arc;
use url::Url;

/// What calls to a provider are authorized with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Credential {
    /// Nothing.
    #[default]
    None,
    /// A header that stays the same: its name and its whole value.
    Header(HeaderName, Secret),
    /// A bearer token that is fetched, and anew before it expires.
    Token(Arc<Grant>),
}

impl Credential {
    /// The header that a dialect wants a key in.
    #[must_use]
    pub fn of_key(dialect: Dialect, key: &Secret) -> Self {
        let name = match dialect {
            Dialect::AnthropicMessages => "x-api-key",
            Dialect::Gemini => "x-goog-api-key",
            Dialect::AzureV1 | Dialect::AzureDeployments => "api-key",
            Dialect::OpenAiChat | Dialect::Bedrock | Dialect::Replay => {
                return Self::Header(AUTHORIZATION, Secret::new(["Bearer ", key.expose()].concat()));
            }
        };
        Self::Header(HeaderName::from_static(name), key.clone())
    }

    /// Whether calls bear none.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::None
    }
}

/// Who issues a token, and to whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    /// Microsoft Entra, to an application.
    Entra {
        /// The tenant's token endpoint.
        token_url: Url,
        /// The application.
        client_id: String,
        /// How it shows that it is this application.
        proof: EntraProof,
        /// What the token is for.
        scope: String,
        /// Whether the endpoint may have a private address.
        allow_private_network: bool,
    },
    /// The platform that we run on, to this machine: its metadata service, or what stands in for it.
    Machine {
        /// Where it is asked, with what for.
        url: Url,
        /// The header that shows that the question comes from inside, and its value.
        header: (HeaderName, Secret),
    },
}

/// How an application shows to Entra who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntraProof {
    /// By a secret.
    Secret(Secret),
    /// By a token of its platform (Kubernetes) in a file, which is read for every exchange: the platform replaces it.
    File(PathBuf),
}
