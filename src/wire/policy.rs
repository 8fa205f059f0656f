//! What happens to a parameter that a dialect cannot honour: left out and recorded, or refused, as configured.

use super::conversation::Conversation;
use crate::base::limits::MAX_PARALLEL_CALLS;
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

/// What no dialect but OpenAI's own can do in one call: several answers, and calls in the form of `functions`. `who` is the
/// dialect's owner, `gives` what becomes of a call there.
///
/// # Errors
/// [`Code::UnsupportedParameter`] where the conversation asks for one of them.
pub(super) fn one_answer_of_tools(conversation: &Conversation<'_>, who: &str, gives: &str) -> Result<(), ApiError> {
    if conversation.n > 1 {
        let why =
            format!("{who} {gives} one answer a call: ask for at most {MAX_PARALLEL_CALLS}, which is as many calls.");
        return Err(unsupported("n", &why));
    }
    if conversation.speaks_of_functions {
        let why = format!("{who}'s calls come back as tool_calls: send tools instead of functions.");
        return Err(unsupported("functions", &why));
    }
    Ok(())
}

/// The texts that end an answer, of which `who` takes at most this many.
///
/// # Errors
/// As [`Policy::cannot`] where there are more.
pub(super) fn stops<'a>(
    conversation: &'a Conversation<'_>,
    who: &str,
    most: usize,
    policy: &mut Policy,
) -> Result<Vec<&'a str>, ApiError> {
    let mut stops: Vec<&str> = conversation.stop.iter().map(|stop| &**stop).filter(|stop| !stop.is_empty()).collect();
    if stops.len() > most {
        policy.cannot("stop", &format!("{who} takes at most {most} stop texts: send fewer."))?;
        stops.truncate(most);
    }
    Ok(stops)
}

/// Who knows no `user` answers the same.
pub(super) fn leave_user_out(conversation: &Conversation<'_>, policy: &mut Policy) {
    if conversation.user.is_some() {
        policy.leave_out("user");
    }
}

/// Whether the answer is the same without this parameter: it says who asks, and how the call is kept, paid or cached.
pub(super) fn is_beside_the_answer(name: &str) -> bool {
    matches!(
        name,
        "user"
            | "safety_identifier"
            | "metadata"
            | "store"
            | "service_tier"
            | "prompt_cache_key"
            | "prompt_cache_retention"
            | "prompt_cache_options"
    )
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
