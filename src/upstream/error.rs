//! How a call can fail before the provider has said anything, or while it speaks.

use super::connect::ConnectError;
use crate::base::{ApiError, Code, Retry, Side};

/// One call's failure. No address, name or dependency's message is ever shown to a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The call could not be built: a base URL or header of the configuration is unusable.
    #[error("the provider's address or headers in the configuration cannot be used")]
    Unusable,
    /// The host's name has no address.
    #[error("the provider's host name has no address")]
    UnknownHost,
    /// The host's address is not public.
    #[error("the provider's address is not public: set allow_private_network for it if that is meant")]
    PrivateAddress,
    /// No connection in time.
    #[error("the provider could not be reached in time")]
    ConnectTimeout,
    /// The connection or its TLS handshake was refused.
    #[error("the provider could not be reached")]
    Refused,
    /// The provider closed the connection before its answer's head.
    #[error("the provider closed the connection without an answer")]
    Closed,
    /// No head in time.
    #[error("the provider did not begin its answer in time")]
    FirstByteTimeout,
    /// A pause inside the answer that was too long.
    #[error("the provider paused too long inside its answer")]
    IdleTimeout,
    /// The request's total time is over.
    #[error("the request's time is over")]
    Deadline,
    /// The answer broke off.
    #[error("the provider's answer broke off")]
    Broken,
}

impl CallError {
    /// Whose fault it was.
    #[must_use]
    pub fn side(self) -> Side {
        match self {
            Self::Unusable | Self::PrivateAddress => Side::Operator,
            _ => Side::Upstream,
        }
    }

    /// Where the call may be tried again.
    #[must_use]
    pub fn retry(self) -> Retry {
        match self {
            Self::Unusable | Self::UnknownHost | Self::PrivateAddress => Retry::OtherTarget,
            // The same target has just used up a whole timeout: another one is the better bet.
            Self::FirstByteTimeout | Self::IdleTimeout | Self::ConnectTimeout => Retry::OtherTarget,
            Self::Refused | Self::Closed | Self::Broken => Retry::SameTarget,
            Self::Deadline => Retry::Never,
        }
    }

    /// The public code.
    #[must_use]
    pub fn code(self) -> Code {
        match self {
            Self::ConnectTimeout | Self::FirstByteTimeout | Self::IdleTimeout | Self::Deadline => Code::ProviderTimeout,
            _ => Code::ProviderError,
        }
    }

    /// As callers see it.
    #[must_use]
    pub fn into_api_error(self) -> ApiError {
        let mut error = ApiError::new(self.code(), self.to_string());
        error.side = self.side();
        error.retry = self.retry();
        error
    }

    /// What an error of the connection pool means.
    pub(super) fn from_pool(error: &(dyn std::error::Error + 'static)) -> Self {
        let mut cause = Some(error);
        let mut connecting = false;
        while let Some(error) = cause {
            if let Some(error) = error.downcast_ref::<ConnectError>() {
                return match error {
                    ConnectError::Unknown => Self::UnknownHost,
                    ConnectError::Private => Self::PrivateAddress,
                    ConnectError::Timeout => Self::ConnectTimeout,
                    ConnectError::Refused => Self::Refused,
                };
            }
            connecting |=
                error.downcast_ref::<hyper_util::client::legacy::Error>().is_some_and(|error| error.is_connect());
            cause = error.source();
        }
        if connecting { Self::Refused } else { Self::Closed }
    }
}
