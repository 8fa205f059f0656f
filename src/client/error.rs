//! Why a call to a floopy server failed, and what to do about it.

use std::time::Duration;

/// A failed call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The address is not one that can be called.
    #[error("{url:?} is not an address of a floopy server: {why}")]
    BadUrl {
        /// The address as it was given.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// The trusted certificates could not be read.
    #[error("the certificates named by SSL_CERT_FILE cannot be read: {0}")]
    BadCertificates(String),
    /// The text is not a key.
    #[error("the key holds characters that no key has")]
    BadKey,
    /// Nobody answers there.
    #[error("no floopy server answers at {url}: {why}")]
    Unreachable {
        /// The server's address.
        url: String,
        /// What the connection said.
        why: String,
    },
    /// The answer did not come in time.
    #[error("{url} did not answer within {} s", after.as_secs())]
    TimedOut {
        /// The server's address.
        url: String,
        /// How long was waited.
        after: Duration,
    },
    /// It began to answer, and the connection broke.
    #[error("{url} broke off its answer: {why}")]
    BrokenOff {
        /// The server's address.
        url: String,
        /// What the connection said.
        why: String,
    },
    /// The server said no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The answer is not what a floopy server of this version says.
    #[error("{url} gave an answer that is not floopy's: {why}")]
    NotUnderstood {
        /// The server's address.
        url: String,
        /// What was wrong with it.
        why: String,
    },
}

/// The server's error envelope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// The stable code.
    pub code: String,
    /// What was wrong and what to do, in the server's words.
    pub message: String,
    /// The offending parameter.
    pub param: Option<String>,
    /// The id under which the server knows the call.
    pub request_id: Option<String>,
}

impl Error {
    /// The stable code: the server's own where it gave one.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::BadUrl { .. } => "bad_url",
            Self::BadCertificates(_) => "bad_certificates",
            Self::BadKey => "bad_key",
            Self::Unreachable { .. } => "unreachable",
            Self::TimedOut { .. } => "timed_out",
            Self::BrokenOff { .. } => "broken_off",
            Self::Refused(refusal) => &refusal.code,
            Self::NotUnderstood { .. } => "not_understood",
        }
    }

    /// What to do next, for people.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::BadUrl { .. } => Some("give it as http://HOST:PORT or https://HOST:PORT with --url or FLOOPY_URL"),
            Self::BadCertificates(_) => Some("point SSL_CERT_FILE at a PEM file with the certificates to trust"),
            Self::BadKey => Some("a key is fl_ and 43 letters, digits, - or _"),
            Self::Unreachable { .. } => {
                Some("start one with `floopy serve`, or say where it is with --url or FLOOPY_URL")
            }
            Self::TimedOut { .. } => Some("see whether it is overloaded with `floopy doctor` on its machine"),
            Self::BrokenOff { .. } => Some("see in its log whether the server has stopped, and ask again"),
            Self::Refused(refusal) => match refusal.status {
                401 => Some("give a key with --key or FLOOPY_API_KEY; `floopy keys create` makes one"),
                403 => Some("use a key with that permission; `floopy keys list` shows what each key may do"),
                404 if refusal.code == "not_found" => Some("the list command of the same name shows what exists"),
                _ => None,
            },
            Self::NotUnderstood { .. } => {
                Some("check that --url points at a floopy server and that its version is this one's")
            }
        }
    }
}
