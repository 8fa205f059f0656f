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
    /// A signature over the whole call, made with keys that do not travel: AWS's way.
    Signature(Arc<Signing>),
}

impl Credential {
    /// The header that a dialect wants a key in.
    #[must_use]
    pub fn of_key(dialect: Dialect, key: &Secret) -> Self {
        let name = match dialect {
            Dialect::AnthropicMessages => "x-api-key",
            Dialect::Gemini => "x-goog-api-key",
            Dialect::AzureV1 | Dialect::AzureDeployments => "api-key",
            Dialect::OpenAiChat | Dialect::Bedrock | Dialect::Cohere | Dialect::Replay => {
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
    /// Google, to a service account.
    GoogleAccount(GoogleAccount),
    /// Google, to a person who has logged in.
    GoogleUser(GoogleUser),
    /// The platform that we run on, to this machine: its metadata service, or what stands in for it.
    Machine {
        /// Where it is asked, with what for.
        url: Url,
        /// The header that shows that the question comes from inside, and its value.
        header: (HeaderName, Secret),
    },
}

/// A service account of Google's, as its key file describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoogleAccount {
    /// Where it asks for tokens.
    pub token_url: Url,
    /// Its address.
    pub email: String,
    /// The key's id.
    pub key_id: String,
    /// The key: RSA in PKCS#8 PEM.
    pub private_key: Secret,
    /// Whether tokens may be asked for at a private address.
    pub allow_private_network: bool,
}

/// A person's login at Google, as `gcloud auth application-default login` leaves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoogleUser {
    /// Where tokens are asked for.
    pub token_url: Url,
    /// The application that was logged in with.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Secret,
    /// What the login left.
    pub refresh_token: Secret,
    /// Whether tokens may be asked for at a private address.
    pub allow_private_network: bool,
}

/// How an application shows to Entra who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntraProof {
    /// By a secret.
    Secret(Secret),
    /// By a token of its platform (Kubernetes) in a file, which is read for every exchange: the platform replaces it.
    File(PathBuf),
}

/// How calls to a service of AWS are signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signing {
    /// Where the service is, such as `eu-central-1`.
    pub region: String,
    /// The service, as signatures name it.
    pub service: &'static str,
    /// Where the keys come from.
    pub source: Arc<AwsSource>,
}

/// Keys of AWS. The second one signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsKeys {
    /// The access key's id, which is no secret.
    pub id: String,
    /// The secret access key.
    pub secret: Secret,
    /// What goes along with keys that expire.
    pub session_token: Option<Secret>,
}

/// What a profile may refer to besides other profiles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Around {
    /// The region of AWS's token service.
    pub region: String,
    /// AWS's token service.
    pub token_service: Url,
    /// AWS's access portal, where it is not the one of the login's region.
    pub portal: Option<Url>,
    /// The folder in which `aws sso login` leaves what it gets, where there is a home to have one.
    pub logins: Option<PathBuf>,
    /// The keys in the environment.
    pub environment: Option<AwsKeys>,
    /// The agent of our container.
    pub container: Option<AwsSource>,
    /// The metadata service of our machine.
    pub machine: Option<AwsSource>,
}

/// Where keys of AWS come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AwsSource {
    /// The configuration or the environment: they stay the same.
    Fixed(AwsKeys),
    /// A profile in AWS's own files, which other programs may renew.
    Profile {
        /// Its name.
        name: String,
        /// The files, the credentials first. One that is not there holds nothing.
        files: Vec<PathBuf>,
        /// What it may refer to.
        around: Box<Around>,
    },
    /// A role that is taken with a token of the platform in a file (EKS).
    WebIdentity {
        /// AWS's token service.
        url: Url,
        /// The role's ARN.
        role: String,
        /// How the session is called in AWS's records.
        session: String,
        /// Where the platform's token is; the platform replaces it.
        token_file: PathBuf,
    },
    /// The agent of a container (ECS, EKS).
    Container {
        /// Where it is asked.
        url: Url,
        /// What shows that the question comes from inside.
        token: Option<Secret>,
        /// A file that holds that instead, and that the platform replaces.
        token_file: Option<PathBuf>,
    },
    /// The metadata service of a machine (EC2).
    Machine {
        /// Where it is.
        url: Url,
    },
}
