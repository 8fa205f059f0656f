//! What kind of failure a call to a target was: models that share a cause of failure fail together.

use crate::base::Code;
use crate::resource::decision::Attempt;
use serde::{Deserialize, Serialize};

/// How a target failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// It could not be reached, or broke off.
    Connection,
    /// It took too long.
    Timeout,
    /// It has no capacity for us.
    RateLimited,
    /// It said that it is broken or overloaded.
    Server,
    /// It does not let us in, or does not know the model.
    Refused,
}

/// What one attempt says of its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It answered.
    Served,
    /// It failed.
    Failed(FailureKind),
    /// The caller was at fault, or it was called off: that says nothing of the target.
    Nothing,
}

/// What an attempt notes that was dropped before its end.
pub const CALLED_OFF: &str = "cancelled";

impl FailureKind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Connection, Self::Timeout, Self::RateLimited, Self::Server, Self::Refused];
}

/// What an attempt says of its target.
#[must_use]
pub fn verdict(attempt: &Attempt) -> Verdict {
    let Some(error) = attempt.error.as_deref() else { return Verdict::Served };
    let is = |code: Code| error == code.as_str();
    if error == CALLED_OFF {
        return Verdict::Nothing;
    }
    let kind = match attempt.status {
        _ if is(Code::ProviderTimeout) => FailureKind::Timeout,
        _ if is(Code::ProviderRateLimited) => FailureKind::RateLimited,
        Some(408 | 504) => FailureKind::Timeout,
        Some(429) => FailureKind::RateLimited,
        Some(401..=404) => FailureKind::Refused,
        Some(400..=499) => return Verdict::Nothing,
        Some(500..) => FailureKind::Server,
        // An error inside an answer that began well.
        Some(_) => FailureKind::Server,
        None => FailureKind::Connection,
    };
    Verdict::Failed(kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::decision::Target;

    #[test]
    fn an_attempt_tells_whose_fault_it_was() {
        let attempt = |status, error: Option<&str>| Attempt {
            target: Target { provider: "p".into(), model: "m".into() },
            status,
            error: error.map(str::to_owned),
            latency_ms: 1,
            retry: 0,
        };
        for (status, error, expected) in [
            (Some(200), None, Verdict::Served),
            (None, Some("provider_error"), Verdict::Failed(FailureKind::Connection)),
            (None, Some("cancelled"), Verdict::Nothing),
            (None, Some("provider_timeout"), Verdict::Failed(FailureKind::Timeout)),
            (Some(200), Some("provider_timeout"), Verdict::Failed(FailureKind::Timeout)),
            (Some(504), Some("provider_error"), Verdict::Failed(FailureKind::Timeout)),
            (Some(429), Some("provider_rate_limited"), Verdict::Failed(FailureKind::RateLimited)),
            (Some(503), Some("provider_error"), Verdict::Failed(FailureKind::Server)),
            (Some(200), Some("provider_error"), Verdict::Failed(FailureKind::Server)),
            (Some(401), Some("provider_error"), Verdict::Failed(FailureKind::Refused)),
            (Some(404), Some("model_not_found"), Verdict::Failed(FailureKind::Refused)),
            (Some(400), Some("context_length_exceeded"), Verdict::Nothing),
            (Some(422), Some("invalid_request"), Verdict::Nothing),
        ] {
            assert_eq!(verdict(&attempt(status, error)), expected, "{status:?} {error:?}");
        }
    }
}
