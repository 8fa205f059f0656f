//! `/v1/responses/{response_id}`: floopy keeps no responses, and says where they are.

use super::Request;
use crate::base::{ApiError, Code};

/// The answer to whoever asks for a response that was made before, whoever made it. A provider's own store is not
/// looked into: all orgs share the operator's account there.
#[must_use]
pub fn not_kept(request: &Request) -> ApiError {
    let id = request.name.as_str();
    let known: String = id.chars().take(crate::base::limits::MAX_LABEL_BYTES).collect();
    ApiError::new(
        Code::NotFound,
        format!(
            "the response {known:?} is not kept here: keep the answer of POST /v1/responses yourself; /v1/decisions and /v1/session/{{id}} show what was recorded of it"
        ),
    )
}
