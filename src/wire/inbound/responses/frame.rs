//! The members that all forms of one response share: written out once, and put around each of them.

use super::ids::Ids;
use super::origin::Origin;
use crate::base::{ApiError, Code, RequestId};
use crate::wire::inbound::completion::Counts;
use crate::wire::target::{AnswerContext, Target};
use serde_json::{Value, json};

/// Members of the request that come back in its answer, and what they are where they were left out.
const ECHOED: &[(&str, &str)] = &[
    ("instructions", "null"),
    ("max_output_tokens", "null"),
    ("max_tool_calls", "null"),
    ("metadata", "{}"),
    ("parallel_tool_calls", "true"),
    ("prompt_cache_key", "null"),
    ("reasoning", r#"{"effort":null,"summary":null}"#),
    ("safety_identifier", "null"),
    ("temperature", "1.0"),
    ("text", r#"{"format":{"type":"text"}}"#),
    ("tool_choice", r#""auto""#),
    ("tools", "[]"),
    ("top_logprobs", "0"),
    ("top_p", "1.0"),
    ("truncation", r#""disabled""#),
    ("user", "null"),
];

/// How a response stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    InProgress,
    Completed,
    /// With the reason.
    Incomplete(&'static str),
    Failed,
}

impl Status {
    /// What the reason of a completion's end means.
    pub(super) fn of(finish: Option<&str>) -> Self {
        match finish {
            Some("length") => Self::Incomplete("max_output_tokens"),
            Some("content_filter") => Self::Incomplete("content_filter"),
            _ => Self::Completed,
        }
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
            Self::Incomplete(_) => "incomplete",
            Self::Failed => "failed",
        }
    }
}

/// The frame of one response.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) ids: Ids,
    created: i64,
    pub(super) model: String,
    echo: String,
    /// The model as the seals of its reasoning name it; `None` where the client does not want to carry any.
    pub(super) seals_as: Option<String>,
}

/// A model as seals name it.
pub(super) fn sealed_by(target: &Target<'_>) -> String {
    format!("{}/{}", target.quirks.kind, target.model)
}

impl Frame {
    pub(super) fn new(origin: &Origin, target: &Target<'_>, context: &AnswerContext<'_>) -> Self {
        let mut echo = String::new();
        for (name, otherwise) in ECHOED {
            echo.push_str(&format!(",\"{name}\":{}", origin.raw(name).unwrap_or(otherwise)));
        }
        Self {
            ids: Ids::of(context.id),
            created: context.created,
            model: context.model.to_owned(),
            echo,
            seals_as: origin.seals.then(|| sealed_by(target)),
        }
    }

    /// The response; `output` is the list of its items as JSON. Nothing is kept of it, which it says.
    pub(super) fn response(
        &self,
        status: Status,
        output: &str,
        usage: Option<&Counts>,
        error: Option<&ApiError>,
    ) -> String {
        let error = error.map(|error| json!({"code": failure(error.code), "message": error.message}));
        let details = match status {
            Status::Incomplete(reason) => json!({ "reason": reason }),
            _ => Value::Null,
        };
        format!(
            "{{\"id\":\"{}\",\"object\":\"response\",\"created_at\":{},\"status\":\"{}\",\"background\":false,\
             \"error\":{},\"incomplete_details\":{details},\"model\":{},\"previous_response_id\":null,\"store\":false,\
             \"output\":{output},\"usage\":{}{}}}",
            self.ids.response(),
            self.created,
            status.as_str(),
            error.unwrap_or_default(),
            json!(self.model),
            usage.map_or(Value::Null, written),
            self.echo,
        )
    }
}

fn written(usage: &Counts) -> Value {
    json!({
        "input_tokens": usage.prompt_tokens,
        "input_tokens_details": {"cached_tokens": usage.cached(), "cache_write_tokens": usage.cache_written()},
        "output_tokens": usage.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning()},
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
    })
}

/// The word that this API has for why a response failed.
const fn failure(code: Code) -> &'static str {
    match code {
        Code::ProviderRateLimited | Code::RateLimited => "rate_limit_exceeded",
        _ => "server_error",
    }
}

/// An error as an event of a stream that has begun. Some clients look at its members, others at `error`.
pub(in crate::wire::inbound) fn error_event(error: &ApiError, id: RequestId, sequence: u64) -> String {
    let mut event: Value = serde_json::from_str(&error.envelope(Some(id))).unwrap_or_default();
    if let Some(members) = event.as_object_mut() {
        for name in ["code", "message", "param"] {
            let value = members.get("error").and_then(|error| error.get(name)).cloned().unwrap_or_default();
            members.insert(name.into(), value);
        }
        members.insert("type".into(), json!("error"));
        members.insert("sequence_number".into(), json!(sequence));
    }
    format!("event: error\ndata: {event}\n\n")
}
