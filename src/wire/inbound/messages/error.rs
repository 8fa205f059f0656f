//! Errors in the envelope of the Messages API.

use crate::base::{ApiError, RequestId};
use serde_json::json;

/// The word for a status.
const fn kind(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        409 => "conflict_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        503 | 529 => "overloaded_error",
        504 => "timeout_error",
        500.. => "api_error",
        _ => "invalid_request_error",
    }
}

/// The body of an error answer. `code` and `param` say what the contract's codes say elsewhere.
pub(in crate::wire::inbound) fn envelope(error: &ApiError, id: RequestId) -> String {
    json!({
        "type": "error",
        "error": {
            "type": kind(error.http_status()),
            "message": error.message,
            "code": error.code_text.as_deref().unwrap_or(error.code.as_str()),
            "param": error.param,
        },
        "request_id": id,
    })
    .to_string()
}
