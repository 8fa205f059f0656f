//! The original text of a Responses request, for a target that serves the same API.

use super::frame::sealed_by;
use super::items::Thought;
use crate::base::{ApiError, Code, Retry, Side};
use crate::wire::given::Thoughts;
use crate::wire::openai;
use crate::wire::splice::{Member, Writer};
use crate::wire::target::{Dialect, Outgoing, Target};
use bytes::Bytes;
use serde_json::{Map, Value, json};
use std::borrow::Cow;

/// What came, and what of it no other dialect can say.
#[derive(Debug)]
pub struct Origin {
    body: Bytes,
    members: Vec<Member>,
    /// Where something stands that only this API knows, and why.
    only_here: Option<(String, String)>,
    /// Where something stands that only the provider knows which keeps it.
    keeper: Option<String>,
    changed: Changed,
    stream: bool,
    /// The effort that is asked for.
    effort: Option<String>,
    /// Whether the client wants to carry reasoning that it cannot read.
    pub(super) seals: bool,
    /// Whether the client counts on items being kept.
    keeps: bool,
}

/// What was made of the input while it was read.
#[derive(Debug)]
pub(super) struct Changed {
    /// The input with what was remembered put in, and what is of no use to other providers left out.
    pub(super) input: Option<Value>,
    /// What was thought before calls.
    pub(super) thoughts: Vec<Thought>,
}

impl Origin {
    pub(super) fn new(
        body: Bytes,
        members: Vec<Member>,
        given: &Map<String, Value>,
        only_here: Option<(String, String)>,
        keeper: Option<String>,
        changed: Changed,
    ) -> Self {
        let effort = given.get("reasoning").and_then(|reasoning| reasoning.get("effort")).and_then(Value::as_str);
        let include = given.get("include").and_then(Value::as_array);
        Self {
            body,
            members,
            only_here,
            keeper,
            changed,
            stream: given.get("stream") == Some(&Value::Bool(true)),
            effort: effort.map(str::to_owned),
            seals: include.is_some_and(|list| list.iter().any(|wanted| wanted == "reasoning.encrypted_content")),
            keeps: given.get("store") != Some(&Value::Bool(false)),
        }
    }

    /// Whether this target serves the API itself.
    pub(in crate::wire::inbound) fn is_native(target: &Target<'_>) -> bool {
        target.quirks.responses && matches!(target.dialect, Dialect::OpenAiChat | Dialect::AzureV1)
    }

    /// The parameter that refers to what one provider keeps.
    pub(in crate::wire::inbound) fn keeper(&self) -> Option<&str> {
        self.keeper.as_deref()
    }

    /// Whether the client counts on items being kept.
    pub(in crate::wire::inbound) fn keeps(&self) -> bool {
        self.keeps
    }

    /// What the client carried of the thoughts before this call, where the target had them.
    pub(in crate::wire::inbound) fn thoughts(&self, call: &str, target: &Target<'_>) -> Option<Thoughts> {
        let by = sealed_by(target);
        let mut all = self.changed.thoughts.iter();
        all.find(|(id, own, _)| id == call && *own == by).map(|(_, _, thoughts)| Thoughts::clone(thoughts))
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("checked when it was read, and never changed since")
    }

    /// The JSON text of a member; `None` where it is absent or `null`.
    pub(super) fn raw(&self, name: &str) -> Option<&str> {
        let member = self.members.iter().find(|member| &*member.name == name)?;
        self.text().get(member.value.clone()).filter(|text| *text != "null")
    }

    /// Whether all that is to be counted stands in the request.
    ///
    /// # Errors
    /// `unsupported_parameter`.
    pub(in crate::wire::inbound) fn is_counted_by_anybody(&self) -> Result<(), ApiError> {
        let Some(param) = self.keeper() else { return Ok(()) };
        let message =
            format!("{param} refers to what a provider keeps, and only OpenAI counts that: name one of its models");
        Err(unsupported(param, message))
    }

    /// Whether another dialect can say all of it.
    ///
    /// # Errors
    /// `unsupported_parameter`; a target that serves this API itself may take it.
    pub(in crate::wire::inbound) fn fits_others(&self) -> Result<(), ApiError> {
        let Some((param, why)) = &self.only_here else { return Ok(()) };
        let message = format!("{param} can only go to a provider that serves the Responses API itself: {why}");
        Err(unsupported(param, message))
    }

    /// The call: the client's text with another model's name, and without what the model refuses.
    ///
    /// # Errors
    /// `unsupported_parameter` where the operator wants that refused which the model does not take.
    pub(in crate::wire::inbound) fn outgoing(
        &self,
        target: &Target<'_>,
        effort: Option<&str>,
    ) -> Result<Outgoing, ApiError> {
        let text = self.text();
        let part = |range: &std::ops::Range<usize>| text.get(range.clone()).unwrap_or_default();
        let asked = effort.or(self.effort.as_deref());
        let mut writer = Writer::new(self.body.len() + 64);
        let mut dropped = Vec::new();
        for member in &self.members {
            let value = part(&member.value);
            match (&*member.name, &self.changed.input) {
                ("model", _) => writer.put("model", json!(target.model).to_string().as_bytes()),
                ("input", Some(input)) => writer.put("input", input.to_string().as_bytes()),
                ("reasoning", _) if effort.is_some() => {}
                (name, _) if openai::refused_when_reasoning(target, asked, name, value) => {
                    if target.refuse_unsupported {
                        let message = format!("{name} is refused by {}, which reasons: leave it out", target.model);
                        return Err(unsupported(name, message));
                    }
                    dropped.push(name.to_owned());
                }
                _ => writer.keep(part(&member.whole)),
            }
        }
        if let Some(effort) = effort {
            let mut reasoning: Map<String, Value> =
                self.raw("reasoning").and_then(|given| serde_json::from_str(given).ok()).unwrap_or_default();
            reasoning.insert("effort".into(), effort.into());
            writer.put("reasoning", Value::Object(reasoning).to_string().as_bytes());
        }
        Ok(Outgoing {
            path: Cow::Borrowed("/responses"),
            headers: Vec::new(),
            body: Bytes::from(writer.finish()),
            dropped,
            stream: self.stream,
        })
    }
}

fn unsupported(param: &str, message: String) -> ApiError {
    let mut error = ApiError::new(Code::UnsupportedParameter, message).param(param);
    error.side = Side::Client;
    error.retry = Retry::OtherTarget;
    error
}
