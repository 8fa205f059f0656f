//! What an upstream's failure means: whose fault it was, where a retry is safe, and what the caller is told.

#![expect(
    clippy::indexing_slicing,
    reason = "reading a JSON value by name gives null where nothing is, and never panics"
)]

use super::quirks::Quirks;
use crate::base::{ApiError, Code, Retry, Side, Timestamp};
use http::HeaderMap;
use serde_json::Value;
use std::time::Duration;

/// Longest part of a provider's message that is handed on.
const MAX_MESSAGE: usize = 500;

/// One failure of an upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Its HTTP status, where it gave one.
    pub status: Option<u16>,
    /// Whose fault it was.
    pub side: Side,
    /// Where the call may be tried again.
    pub retry: Retry,
    /// The public code.
    pub code: Code,
    /// The provider's own code.
    pub upstream_code: Option<String>,
    /// What the caller is told.
    pub message: String,
    /// The offending parameter.
    pub param: Option<String>,
    /// When to come back.
    pub retry_after: Option<Duration>,
    /// Whether it was a rate limit.
    pub rate_limited: bool,
}

/// What an error body says, in whichever of its forms.
#[derive(Debug, Default)]
struct Said {
    message: String,
    code: Option<String>,
    kind: Option<String>,
    param: Option<String>,
}

impl Fault {
    /// The provider answered what is no answer.
    #[must_use]
    pub fn nonsense(message: &str) -> Self {
        Self {
            status: None,
            side: Side::Upstream,
            retry: Retry::SameTarget,
            code: Code::ProviderError,
            upstream_code: None,
            message: message.to_owned(),
            param: None,
            retry_after: None,
            rate_limited: false,
        }
    }

    /// What a provider's error answer means. One parser serves all bodies that providers send.
    #[must_use]
    pub fn from_response(quirks: &Quirks, status: u16, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Self {
        let name = headers.get("x-amzn-errortype").and_then(|name| name.to_str().ok());
        let meant = if quirks.key_refused.contains(&status) { 401 } else { status };
        let mut fault = match name {
            Some(name) => Self::named(meant, name, body),
            None => Self::read(meant, body),
        };
        fault.status = Some(status);
        fault.retry_after = fault.retry_after.or_else(|| hint(headers, now));
        fault
    }

    /// What an error inside a 200 answer or a stream means.
    #[must_use]
    pub fn inside(error: &Value) -> Self {
        let status = error["status_code"].as_u64().or_else(|| error["status"].as_u64());
        let status = status.and_then(|status| u16::try_from(status).ok()).filter(|status| *status >= 400);
        let said = said(error);
        let status = status.unwrap_or_else(|| match said.code.as_deref().or(said.kind.as_deref()) {
            Some("rate_limit_exceeded" | "rate_limit_error") => 429,
            Some("context_length_exceeded" | "invalid_request_error" | "invalid_value") => 400,
            Some("overloaded" | "overloaded_error") => 503,
            _ => 500,
        });
        Self::meant(status, said)
    }

    /// What an error means whose name stands beside its body, as AWS sends it: `Name`, `Name:address`, `space#Name`.
    pub(super) fn named(status: u16, name: &str, body: &[u8]) -> Self {
        let body = serde_json::from_slice::<Value>(body).unwrap_or_default();
        let name = name.split(':').next().unwrap_or_default();
        let name = name.rsplit('#').next().unwrap_or_default();
        let said = Said { code: (!name.is_empty()).then(|| name.to_owned()), ..said(&body) };
        Self::meant(status, said)
    }

    /// What an error body means that comes with this status.
    pub(super) fn read(status: u16, body: &[u8]) -> Self {
        let said = match serde_json::from_slice::<Value>(body) {
            Ok(Value::Array(list)) => list.first().map(said).unwrap_or_default(),
            Ok(value) => said(&value),
            Err(_) => Said::default(),
        };
        let mut fault = Self::meant(status, said);
        fault.retry_after = serde_json::from_slice::<Value>(body).ok().as_ref().and_then(retry_delay);
        fault
    }

    fn meant(status: u16, said: Said) -> Self {
        let names =
            |word: &str| [&said.code, &said.kind].into_iter().flatten().any(|text| text.eq_ignore_ascii_case(word));
        let lower = said.message.to_lowercase();
        let too_long = names("context_length_exceeded")
            || [
                "prompt is too long",
                "input is too long",
                "context limit",
                "context length",
                "context window",
                "maximum context",
                "maximum prompt length",
                "`inputs` tokens",
                "maximum number of tokens allowed",
                "total number of tokens in the request cannot exceed",
            ]
            .iter()
            .any(|text| lower.contains(text));
        let against_policy =
            ["usage guidelines", "content policy", "content-policy"].iter().any(|text| lower.contains(text));
        let no_money =
            ["insufficient_quota", "credit_balance_exhausted", "billing_hard_limit_reached", "NOT_ENOUGH_BALANCE"]
                .iter()
                .any(|word| names(word));
        let foreign = [
            "UnrecognizedClientException",
            "InvalidSignatureException",
            "ExpiredTokenException",
            "AccessDeniedException",
        ];
        let foreign = foreign.iter().any(|word| names(word));
        // Many of Bedrock's models are reached by the name of a profile only.
        let misnamed = lower.contains("on-demand throughput") || lower.contains("model identifier is invalid");
        let (side, retry, code) = match status {
            400 | 413 | 422 if too_long => (Side::Client, Retry::OtherTarget, Code::ContextLengthExceeded),
            402 => (Side::Operator, Retry::OtherTarget, Code::ProviderError),
            403 | 429 if no_money => (Side::Operator, Retry::OtherTarget, Code::ProviderError),
            403 if against_policy => (Side::Client, Retry::OtherTarget, Code::InvalidRequest),
            401 | 403 => (Side::Operator, Retry::OtherTarget, Code::ProviderError),
            // More tokens at once than the account's limit a minute.
            413 if names("rate_limit_exceeded") => (Side::Upstream, Retry::OtherTarget, Code::ProviderRateLimited),
            404 | 410 => (Side::Client, Retry::OtherTarget, Code::ModelNotFound),
            400 if misnamed => (Side::Client, Retry::OtherTarget, Code::ModelNotFound),
            400 if foreign || names("ServiceQuotaExceededException") => {
                (Side::Operator, Retry::OtherTarget, Code::ProviderError)
            }
            400 if names("API_KEY_INVALID") => (Side::Operator, Retry::OtherTarget, Code::ProviderError),
            400 if names("tool_use_failed") => (Side::Upstream, Retry::SameTarget, Code::ProviderError),
            408 | 409 | 424 => (Side::Upstream, Retry::SameTarget, Code::ProviderError),
            429 => (Side::Upstream, Retry::SameTarget, Code::ProviderRateLimited),
            498 | 529 => (Side::Upstream, Retry::SameTarget, Code::ProviderError),
            400..500 => (Side::Client, Retry::Never, Code::InvalidRequest),
            504 => (Side::Upstream, Retry::SameTarget, Code::ProviderTimeout),
            500..600 => (Side::Upstream, Retry::SameTarget, Code::ProviderError),
            // A redirect is not followed: credentials do not travel to where a provider points.
            _ => (Side::Upstream, Retry::OtherTarget, Code::ProviderError),
        };
        let shown = clean(&said.message);
        let message = match (side, code) {
            // Clients tell this failure from others by OpenAI's words for it.
            (_, Code::ContextLengthExceeded) if !lower.contains("maximum context length") => {
                format!("This model's maximum context length is exceeded: {shown}")
            }
            (Side::Client, _) if !shown.is_empty() => shown,
            (Side::Client, _) => format!("the provider refused the request with status {status}"),
            (Side::Operator, _) => format!(
                "the provider refused the gateway's own credentials or account (status {status}): the operator has to mend this"
            ),
            (_, Code::ProviderRateLimited) => "the provider's rate limit is reached: try again later".to_owned(),
            _ => format!("the provider failed with status {status}"),
        };
        Self {
            status: Some(status),
            side,
            retry,
            code,
            upstream_code: said.code.or(said.kind),
            message,
            param: said.param,
            retry_after: None,
            rate_limited: status == 429,
        }
    }

    /// As callers see it: a caller's own fault keeps the provider's status and code.
    #[must_use]
    pub fn into_api_error(self) -> ApiError {
        let mut error = ApiError::new(self.code, self.message);
        error.side = self.side;
        error.retry = self.retry;
        error.retry_after = self.retry_after;
        error.param = self.param;
        if self.side == Side::Client {
            error.status = self.status;
            if self.code == Code::InvalidRequest {
                error.code_text = self.upstream_code;
            }
        }
        error
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Finds message, code, type and param in any of the bodies seen.
fn said(body: &Value) -> Said {
    let error = &body["error"];
    let detail = &body["detail"];
    let inner = if error.is_object() { error } else { body };
    let listed = &detail[0];
    let message = text(&inner["message"])
        .or_else(|| text(&inner["Message"]))
        .or_else(|| text(&inner["message"]["detail"]))
        .or_else(|| text(error))
        .or_else(|| text(detail))
        .or_else(|| text(&detail["error"]))
        .or_else(|| text(&listed["msg"]))
        .or_else(|| text(&body["fault"]["faultstring"]))
        .or_else(|| text(&body["data"]))
        .unwrap_or_default();
    let code = text(&inner["code"])
        .filter(|code| code.parse::<u32>().is_err())
        .or_else(|| inner["details"].as_array()?.iter().find_map(|detail| text(&detail["reason"])))
        .or_else(|| text(&body["reason"]))
        .or_else(|| text(&body["fault"]["detail"]["errorcode"]));
    let param = text(&inner["param"]).or_else(|| {
        let path = listed["loc"].as_array()?;
        Some(path.iter().filter_map(text).filter(|part| part != "body").collect::<Vec<_>>().join("."))
    });
    Said { message, code, kind: text(&inner["type"]), param }
}

/// A provider's message without what could be a secret or an address, and not too long.
fn clean(message: &str) -> String {
    let hidden = |word: &str| {
        let lower = word.to_ascii_lowercase();
        // A long run of letters and digits is a key or an id; a model's name is cut by dashes and dots.
        let run = |run: &str| {
            run.len() >= 20 && run.bytes().any(|b| b.is_ascii_digit()) && run.bytes().any(|b| b.is_ascii_alphabetic())
        };
        let opaque = word.split(|c: char| !c.is_ascii_alphanumeric()).any(run);
        lower.contains("://") || lower.contains("sk-") || lower.contains("bearer") || opaque
    };
    let words: Vec<&str> = message.split_whitespace().map(|word| if hidden(word) { "…" } else { word }).collect();
    words.join(" ").chars().take(MAX_MESSAGE).collect()
}

/// Google's `RetryInfo.retryDelay` in an error body, such as `"7.5s"`.
fn retry_delay(body: &Value) -> Option<Duration> {
    let body = if body.is_array() { &body[0] } else { body };
    let details = body["error"]["details"].as_array()?;
    details.iter().find_map(|detail| duration(detail["retryDelay"].as_str()?))
}

/// When the provider wants to be called again: milliseconds, seconds, an HTTP date, or a reset duration.
fn hint(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let get = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(ms) = get("retry-after-ms").and_then(|text| text.parse::<f64>().ok()) {
        return seconds(ms / 1000.0);
    }
    let after = get("retry-after")?;
    after.parse::<f64>().ok().and_then(seconds).or_else(|| duration(after)).or_else(|| http_date(after, now))
}

fn seconds(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok().filter(|duration| *duration <= Duration::from_secs(86_400))
}

/// `120ms`, `1.5s`, `2m59.56s`, `1h`.
fn duration(text: &str) -> Option<Duration> {
    let mut total = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(digits);
        let unit_end = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, after) = tail.split_at(unit_end);
        let factor = match unit {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        total += number.parse::<f64>().ok()? * factor;
        rest = after;
    }
    seconds(total)
}

fn http_date(text: &str, now: Timestamp) -> Option<Duration> {
    let time = jiff::fmt::rfc2822::parse(text).ok()?;
    u64::try_from(time.timestamp().as_microsecond() - now.0).ok().map(Duration::from_micros)
}

#[cfg(test)]
mod tests;
