//! Why a call brought no answer, or half of one; whose fault that was; where it may be tried again.

use crate::base::{ApiError, Code, Retry, Side};

/// One call's failure. No address, name, header or dependency's message is in it: its text is public.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum CallError {
    /// The call could not be built: a base URL, key or header of the configuration is unusable.
    #[error(
        "the provider's address, key or headers in the configuration cannot be used: the operator has to correct them"
    )]
    Unusable,
    /// The host's name has no address.
    #[error("the provider's host name has no address: try again, or check its base_url")]
    UnknownHost,
    /// The host's address is not one that may be called.
    #[error("the provider's address is not public: check its base_url, or set allow_private_network if it is meant")]
    PrivateAddress,
    /// TCP and TLS set-up took longer than `connect_timeout`.
    #[error("the provider could not be reached in time: try again")]
    ConnectTimeout,
    /// No TCP connection.
    #[error("the provider could not be reached: try again")]
    Refused,
    /// No trusted TLS connection.
    #[error("no trusted TLS connection to the provider: check its base_url and certificates")]
    Tls,
    /// The connection ended before the first byte of an answer.
    #[error("the provider closed the connection without an answer: try again")]
    Closed,
    /// No answer head within `first_byte_timeout`.
    #[error("the provider did not begin its answer in time: try again, or ask for less output")]
    FirstByteTimeout,
    /// A pause inside the answer longer than `idle_timeout`.
    #[error("the provider paused too long inside its answer: try again")]
    IdleTimeout,
    /// The call's deadline passed.
    #[error("the request's time is over: try again, or ask for less output")]
    Deadline,
    /// The answer ended before its end.
    #[error("the provider's answer broke off: try again")]
    Broken,
    /// Not HTTP, or a head past the limits.
    #[error("the provider's answer is not valid HTTP: try again, or check its base_url")]
    Malformed,
    /// Whoever issues the provider's credentials refuses us, or what we would show it cannot be used.
    #[error(
        "no credential can be had for the provider: the operator has to check what the configuration says of its auth"
    )]
    NoCredential,
    /// Whoever issues the provider's credentials does not answer, or answers nonsense.
    #[error("the provider's credentials cannot be fetched now: try again, or check the address of their issuer")]
    IssuerUnreachable,
    /// A redirect. It is never followed: credentials go where they were configured to go and nowhere else.
    #[error("the provider's answer points elsewhere, which is never followed: check its base_url")]
    Redirected,
}

impl CallError {
    /// Whose fault it was.
    #[must_use]
    pub const fn side(self) -> Side {
        match self {
            Self::Unusable | Self::PrivateAddress | Self::NoCredential | Self::IssuerUnreachable => Side::Operator,
            _ => Side::Upstream,
        }
    }

    /// Where the call may be tried again, as long as no byte of this answer was given on.
    #[must_use]
    pub const fn retry(self) -> Retry {
        match self {
            Self::Refused | Self::Closed | Self::Broken | Self::IssuerUnreachable => Retry::SameTarget,
            // A time-out has just used up its time here, the others would come again: another target is the better bet.
            Self::ConnectTimeout | Self::FirstByteTimeout | Self::IdleTimeout => Retry::OtherTarget,
            Self::Unusable
            | Self::UnknownHost
            | Self::PrivateAddress
            | Self::Tls
            | Self::Malformed
            | Self::NoCredential
            | Self::Redirected => Retry::OtherTarget,
            Self::Deadline => Retry::Never,
        }
    }

    /// The public code.
    #[must_use]
    pub const fn code(self) -> Code {
        match self {
            Self::ConnectTimeout | Self::FirstByteTimeout | Self::IdleTimeout | Self::Deadline => Code::ProviderTimeout,
            _ => Code::ProviderError,
        }
    }

    /// Whether any byte may have reached the provider, so that it may have worked on the call and bill it.
    #[must_use]
    pub const fn sent_anything(self) -> bool {
        !matches!(
            self,
            Self::Unusable
                | Self::UnknownHost
                | Self::PrivateAddress
                | Self::ConnectTimeout
                | Self::Refused
                | Self::Tls
                | Self::NoCredential
                | Self::IssuerUnreachable
        )
    }

    /// As callers see it.
    #[must_use]
    pub fn into_api_error(self) -> ApiError {
        ApiError { side: self.side(), retry: self.retry(), ..ApiError::new(self.code(), self.to_string()) }
    }
}
