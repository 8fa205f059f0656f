//! The original text of a Messages request, for a target that speaks the same dialect.

use super::UNSIGNED;
use crate::base::{ApiError, Code, Retry, Side};
use crate::wire::splice::{Member, Writer};
use crate::wire::target::Outgoing;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use memchr::memmem;
use serde_json::Value;
use std::borrow::Cow;

/// Headers of the client that belong to the dialect.
const HEADERS: [HeaderName; 2] =
    [HeaderName::from_static("anthropic-version"), HeaderName::from_static("anthropic-beta")];

/// What came, and what of it no other dialect can say.
#[derive(Debug)]
pub struct Origin {
    body: Bytes,
    members: Vec<Member>,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// Where something stands that only Anthropic's API knows, and why.
    only_here: Option<(String, String)>,
}

impl Origin {
    pub(super) fn new(
        body: Bytes,
        members: Vec<Member>,
        headers: &HeaderMap,
        only_here: Option<(String, String)>,
    ) -> Self {
        let named = |name: &HeaderName| {
            headers.get_all(name).iter().map(|value| (name.clone(), value.clone())).collect::<Vec<_>>()
        };
        let headers = HEADERS.iter().flat_map(named).collect();
        Self { body, members, headers, only_here }
    }

    /// Whether another dialect can say all of it.
    ///
    /// # Errors
    /// `unsupported_parameter`; a target that speaks the Messages API may serve.
    pub(in crate::wire::inbound) fn fits_others(&self) -> Result<(), ApiError> {
        let Some((param, why)) = &self.only_here else { return Ok(()) };
        let message = format!("{param} can only go to a provider that speaks the Messages API: {why}");
        let mut error = ApiError::new(Code::UnsupportedParameter, message).param(param.as_str());
        error.side = Side::Client;
        error.retry = Retry::OtherTarget;
        Err(error)
    }

    /// The call: the client's text with another model's name.
    pub(in crate::wire::inbound) fn outgoing(&self, model: &str, effort: Option<&str>) -> Outgoing {
        let text = std::str::from_utf8(&self.body).unwrap_or_default();
        let part = |range: &std::ops::Range<usize>| text.get(range.clone()).unwrap_or_default();
        let mut writer = Writer::new(self.body.len() + 64);
        let (mut stream, mut config) = (false, None);
        for member in &self.members {
            let value = part(&member.value);
            match &*member.name {
                "model" => writer.put("model", &serde_json::to_vec(model).unwrap_or_default()),
                "messages" if memmem::find(value.as_bytes(), UNSIGNED.as_bytes()).is_some() => {
                    writer.put("messages", without_unsigned(value).as_bytes());
                }
                "output_config" if effort.is_some() => config = Some(value),
                name => {
                    stream |= name == "stream" && value == "true";
                    writer.keep(part(&member.whole));
                }
            }
        }
        if let Some(effort) = effort {
            let mut config: serde_json::Map<String, Value> =
                config.and_then(|config| serde_json::from_str(config).ok()).unwrap_or_default();
            config.insert("effort".into(), effort.into());
            writer.put("output_config", Value::Object(config).to_string().as_bytes());
        }
        Outgoing {
            path: Cow::Borrowed("/v1/messages"),
            headers: self.headers.clone(),
            body: Bytes::from(writer.finish()),
            dropped: Vec::new(),
            stream,
        }
    }
}

/// The messages without thoughts that nobody signed: they are another provider's.
fn without_unsigned(messages: &str) -> String {
    let Ok(Value::Array(mut messages)) = serde_json::from_str(messages) else { return messages.to_owned() };
    let is_unsigned = |block: &Value| block.get("signature").and_then(Value::as_str) == Some(UNSIGNED);
    messages.retain_mut(|message| match message.get_mut("content") {
        Some(Value::Array(blocks)) => {
            blocks.retain(|block| !is_unsigned(block));
            !blocks.is_empty()
        }
        _ => true,
    });
    Value::Array(messages).to_string()
}
