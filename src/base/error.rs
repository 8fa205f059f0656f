//! The vocabulary of failure: stable public codes, whose fault it was, whether a retry is safe,
//! and the one envelope in which errors leave the gateway.

use super::id::RequestId;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Who caused a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The caller: the same call will fail anywhere.
    Client,
    /// A provider.
    Upstream,
    /// This gateway.
    Floopy,
    /// Whoever configured this gateway: a wrong provider key, an empty account.
    Operator,
}

/// Where a failed call may be tried again without harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// Nowhere: it would fail again, or might be done twice.
    Never,
    /// At the same target after a pause, or at another one.
    SameTarget,
    /// Only at another target.
    OtherTarget,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $status:literal, $kind:literal;)*) => {
        /// The stable codes of the contract, each with its HTTP status and OpenAI error type.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code as callers see it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// Its HTTP status.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            /// The `type` of the envelope, in OpenAI's words.
            #[must_use]
            pub const fn kind(self) -> &'static str {
                match self { $(Self::$name => $kind,)* }
            }
        }
    };
}

codes! {
    /// A header, query or body value is wrong.
    InvalidRequest = "invalid_request", 400, "invalid_request_error";
    /// The body is not the JSON that this endpoint reads.
    InvalidBody = "invalid_body", 400, "invalid_request_error";
    /// The path's request id is not a UUID.
    InvalidRequestId = "invalid_request_id", 400, "invalid_request_error";
    /// The path's route id is malformed.
    InvalidRouteId = "invalid_route_id", 400, "invalid_request_error";
    /// The path's experiment id is malformed.
    InvalidExperimentId = "invalid_experiment_id", 400, "invalid_request_error";
    /// A Floopy resource's body is over its limit.
    BodyTooLarge = "body_too_large", 400, "invalid_request_error";
    /// An export would exceed `export.max_rows`.
    EstimatedPayloadTooLarge = "estimated_payload_too_large", 400, "invalid_request_error";
    /// The conversation does not fit the model.
    ContextLengthExceeded = "context_length_exceeded", 400, "invalid_request_error";
    /// The firewall refused the input.
    FirewallBlocked = "firewall_blocked", 400, "invalid_request_error";
    /// A stored prompt's variable has no value.
    MissingPromptVariable = "missing_prompt_variable", 400, "invalid_request_error";
    /// A parameter that the chosen upstream cannot honour.
    UnsupportedParameter = "unsupported_parameter", 400, "invalid_request_error";
    /// No or an unknown key.
    InvalidApiKey = "invalid_api_key", 401, "invalid_request_error";
    /// The key may not read.
    ReadPermission = "read_permission", 403, "permission_error";
    /// The key may not write.
    WritePermission = "write_permission", 403, "permission_error";
    /// The key may not administer.
    AdminPermission = "admin_permission", 403, "permission_error";
    /// Something that is switched off.
    FeatureDisabled = "feature_disabled", 403, "permission_error";
    /// The budget is spent.
    BudgetExceeded = "budget_exceeded", 402, "insufficient_quota";
    /// No such record, or another org's.
    NotFound = "not_found", 404, "invalid_request_error";
    /// The model is neither a route nor known.
    ModelNotFound = "model_not_found", 404, "invalid_request_error";
    /// The method is not served at this path.
    MethodNotAllowed = "method_not_allowed", 405, "invalid_request_error";
    /// The client took too long to send its request.
    RequestTimeout = "request_timeout", 408, "invalid_request_error";
    /// The state does not allow it.
    Conflict = "conflict", 409, "invalid_request_error";
    /// The request is over `server.max_body`.
    RequestTooLarge = "request_too_large", 413, "invalid_request_error";
    /// A format that is not offered.
    UnsupportedFormat = "unsupported_format", 415, "invalid_request_error";
    /// A confirmation header is missing.
    ConfirmationRequired = "confirmation_required", 422, "invalid_request_error";
    /// Our limit.
    RateLimited = "rate_limited", 429, "rate_limit_error";
    /// All targets' limits.
    ProviderRateLimited = "provider_rate_limited", 429, "rate_limit_error";
    /// The client left; recorded, never sent.
    ClientClosed = "client_closed", 499, "invalid_request_error";
    /// A fault of this gateway.
    Internal = "internal_error", 500, "server_error";
    /// Every target failed.
    ProvidersExhausted = "providers_exhausted", 502, "server_error";
    /// The provider failed or answered nonsense.
    ProviderError = "provider_error", 502, "server_error";
    /// This gateway is over its capacity, or its store cannot keep up.
    Overloaded = "overloaded", 503, "server_error";
    /// This gateway is stopping.
    Draining = "draining", 503, "server_error";
    /// The provider did not answer in time.
    ProviderTimeout = "provider_timeout", 504, "server_error";
}

/// An error as it leaves the gateway. `message` says what was wrong and what to do; it never holds
/// a secret, a path, an upstream's internals or another org's data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// The stable code.
    pub code: Code,
    /// HTTP status where it differs from the code's own (a provider's 4xx that is the caller's fault).
    pub status: Option<u16>,
    /// `code` text where a provider's own is handed on.
    pub code_text: Option<String>,
    /// What was wrong and what to do.
    pub message: String,
    /// The offending parameter, such as `messages[0].role`.
    pub param: Option<String>,
    /// The feature that is switched off (403 only).
    pub feature: Option<&'static str>,
    /// When to come back (429 and 503).
    pub retry_after: Option<Duration>,
    /// Whose fault it was.
    pub side: Side,
    /// Whether the failed call may be tried elsewhere.
    pub retry: Retry,
}

impl ApiError {
    /// An error that the caller can mend.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        let side = match code.status() {
            500 | 503 => Side::Floopy,
            502 | 504 => Side::Upstream,
            _ => Side::Client,
        };
        Self {
            code,
            status: None,
            code_text: None,
            message: message.into(),
            param: None,
            feature: None,
            retry_after: None,
            side,
            retry: Retry::Never,
        }
    }

    /// Names the offending parameter.
    #[must_use]
    pub fn param(mut self, param: impl Into<String>) -> Self {
        self.param = Some(param.into());
        self
    }

    /// Says when to come back.
    #[must_use]
    pub fn retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self
    }

    /// The HTTP status to send.
    #[must_use]
    pub fn http_status(&self) -> u16 {
        self.status.unwrap_or(self.code.status())
    }

    /// The envelope `{"error": {message, type, param, code, request_id[, feature]}}` as JSON text.
    #[must_use]
    pub fn envelope(&self, request_id: Option<RequestId>) -> String {
        #[derive(Serialize)]
        struct Inner<'a> {
            message: &'a str,
            r#type: &'a str,
            param: Option<&'a str>,
            code: &'a str,
            request_id: Option<RequestId>,
            #[serde(skip_serializing_if = "Option::is_none")]
            feature: Option<&'a str>,
        }
        #[derive(Serialize)]
        struct Envelope<'a> {
            error: Inner<'a>,
        }
        let envelope = Envelope {
            error: Inner {
                message: &self.message,
                r#type: self.code.kind(),
                param: self.param.as_deref(),
                code: self.code_text.as_deref().unwrap_or(self.code.as_str()),
                request_id,
                feature: self.feature,
            },
        };
        serde_json::to_string(&envelope).expect("strings and nulls always serialize")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_statuses_are_errors() {
        let mut texts: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(texts.len(), Code::ALL.len());
        assert!(Code::ALL.iter().all(|code| (400..600).contains(&code.status())));
    }

    #[test]
    fn the_envelope_has_all_keys_of_the_contract() {
        let text = ApiError::new(Code::InvalidBody, "say \"x\"").param("messages").envelope(None);
        assert_eq!(
            text,
            r#"{"error":{"message":"say \"x\"","type":"invalid_request_error","param":"messages","code":"invalid_body","request_id":null}}"#
        );
    }
}
