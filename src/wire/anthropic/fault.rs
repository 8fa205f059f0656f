//! What Anthropic's errors mean. The same words come with a status of their own, inside an answer, and inside a stream.

use crate::base::{Code, Retry, Side};
use crate::wire::Fault;
use crate::wire::conversation::read::Text;
use serde::Deserialize;

/// `error` as it stands in a body or an event.
#[derive(Debug, Deserialize)]
pub(super) struct Wire<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    message: Option<Text<'a>>,
}

impl Wire<'_> {
    /// What it means.
    pub(super) fn fault(&self) -> Fault {
        let kind = self.kind.as_ref().map(|kind| &*kind.0).unwrap_or_default();
        of(kind, self.message.as_ref().map(|message| &*message.0).unwrap_or_default())
    }
}

/// What an error of this type means.
pub(super) fn of(kind: &str, message: &str) -> Fault {
    use Code::{
        ContextLengthExceeded, InvalidRequest, ModelNotFound, Overloaded, ProviderError, ProviderRateLimited,
        ProviderTimeout, RequestTooLarge,
    };
    use Retry::{Never, OtherTarget, SameTarget};
    let too_long = message.contains("prompt is too long") || message.contains("exceed context limit");
    let (status, code, side, retry) = match kind {
        "invalid_request_error" if too_long => (400, ContextLengthExceeded, Side::Client, OtherTarget),
        "invalid_request_error" => (400, InvalidRequest, Side::Client, Never),
        "authentication_error" => (401, ProviderError, Side::Operator, OtherTarget),
        "billing_error" => (402, ProviderError, Side::Operator, OtherTarget),
        "permission_error" => (403, ProviderError, Side::Operator, OtherTarget),
        "not_found_error" => (404, ModelNotFound, Side::Operator, OtherTarget),
        "conflict_error" => (409, ProviderError, Side::Upstream, SameTarget),
        "request_too_large" => (413, RequestTooLarge, Side::Client, OtherTarget),
        "rate_limit_error" => (429, ProviderRateLimited, Side::Upstream, SameTarget),
        "timeout_error" => (504, ProviderTimeout, Side::Upstream, SameTarget),
        "overloaded_error" => (529, Overloaded, Side::Upstream, SameTarget),
        _ => (500, ProviderError, Side::Upstream, SameTarget),
    };
    Fault {
        status: Some(status),
        side,
        retry,
        code,
        upstream_code: Some(kind.to_owned()).filter(|kind| !kind.is_empty()),
        message: if message.is_empty() { "The provider failed.".to_owned() } else { message.to_owned() },
        param: None,
        retry_after: None,
        rate_limited: kind == "rate_limit_error",
    }
}

/// The provider sent something that cannot be read.
pub(super) fn nonsense(what: &str) -> Fault {
    Fault {
        status: None,
        side: Side::Upstream,
        retry: Retry::SameTarget,
        code: Code::ProviderError,
        upstream_code: None,
        message: format!("The provider sent {what}. Try again."),
        param: None,
        retry_after: None,
        rate_limited: false,
    }
}
