//! What happens to a parameter that a dialect cannot honour: left out and recorded, or refused, as configured.

use crate::base::{ApiError, Code, Retry};

/// The operator's choice, and what was left out so far.
#[derive(Debug)]
pub(super) struct Policy {
    refuse: bool,
    dropped: Vec<String>,
}

impl Policy {
    /// `refuse`: answer 400 instead of leaving out.
    pub(super) fn new(refuse: bool) -> Self {
        Self { refuse, dropped: Vec::new() }
    }

    /// A parameter that changes the answer and cannot be honoured.
    ///
    /// # Errors
    /// [`Code::UnsupportedParameter`] where the operator wants it refused.
    pub(super) fn cannot(&mut self, param: &str, why: &str) -> Result<(), ApiError> {
        if self.refuse {
            return Err(unsupported(param, why));
        }
        self.leave_out(param);
        Ok(())
    }

    /// A parameter that is left out whatever the operator chose: it does not change the answer, or nobody knows it.
    pub(super) fn leave_out(&mut self, param: &str) {
        if !self.dropped.iter().any(|dropped| dropped == param) {
            self.dropped.push(param.to_owned());
        }
    }

    /// The names of what was left out.
    pub(super) fn into_dropped(self) -> Vec<String> {
        self.dropped
    }
}

/// What the target can never do. Another provider may.
pub(super) fn unsupported(param: &str, message: &str) -> ApiError {
    let mut error = ApiError::new(Code::UnsupportedParameter, message).param(param);
    error.retry = Retry::OtherTarget;
    error
}

/// Whether a parameter says no more than its absence.
pub(super) fn is_neutral(name: &str, json: &str) -> bool {
    match name {
        "logprobs" => json == "false",
        "logit_bias" => json.trim_start_matches('{').trim_start() == "}",
        "presence_penalty" | "frequency_penalty" | "top_logprobs" => {
            serde_json::from_str::<f64>(json).is_ok_and(|number| number.abs() < f64::EPSILON)
        }
        "verbosity" => json == "\"medium\"",
        "service_tier" => matches!(json, "\"auto\"" | "\"default\""),
        "store" => json == "false",
        "parallel_tool_calls" => json == "true",
        _ => false,
    }
}
