//! Anthropic's errors inside answers and streams, where no status comes with them: each type has its own.

use crate::wire::conversation::read::Text;
use crate::wire::fault::Fault;
use serde::Deserialize;

/// `error` as it stands in a body or an event.
#[derive(Debug, Deserialize)]
pub(super) struct Wire<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
}

impl Wire<'_> {
    /// What it means. `body`: the whole of which it is the `error`.
    pub(super) fn fault(&self, body: &[u8]) -> Fault {
        Fault::read(status(self.kind.as_ref().map(|kind| &*kind.0).unwrap_or_default()), body)
    }
}

/// The status that an error of this type has when it comes alone.
fn status(kind: &str) -> u16 {
    match kind {
        "invalid_request_error" => 400,
        "authentication_error" => 401,
        "billing_error" => 402,
        "permission_error" => 403,
        "not_found_error" => 404,
        "conflict_error" => 409,
        "request_too_large" => 413,
        "rate_limit_error" => 429,
        "timeout_error" => 504,
        "overloaded_error" => 529,
        _ => 500,
    }
}
