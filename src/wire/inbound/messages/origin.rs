//! The original text of a Messages request, for a target that speaks the same dialect.

use super::UNSIGNED;
use crate::base::{ApiError, Code, Retry, Side};
use crate::wire::given::Given;
use crate::wire::splice::{Member, Writer};
use crate::wire::target::Outgoing;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use memchr::memmem;
use serde_json::{Value, json};
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

    /// The call: the client's text with another model's name, and with the images that were fetched for it.
    pub(in crate::wire::inbound) fn outgoing(&self, model: &str, effort: Option<&str>, given: &Given) -> Outgoing {
        let text = std::str::from_utf8(&self.body).unwrap_or_default();
        let part = |range: &std::ops::Range<usize>| text.get(range.clone()).unwrap_or_default();
        let mut writer = Writer::new(self.body.len() + 64);
        let (mut stream, mut config) = (false, None);
        for member in &self.members {
            let value = part(&member.value);
            match &*member.name {
                "model" => writer.put("model", &serde_json::to_vec(model).unwrap_or_default()),
                "messages"
                    if !given.images.is_empty() || memmem::find(value.as_bytes(), UNSIGNED.as_bytes()).is_some() =>
                {
                    writer.put("messages", mended(value, given).as_bytes());
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

/// The messages without thoughts that nobody signed, for they are another provider's, and with images in place of
/// their addresses where they were fetched.
fn mended(messages: &str, given: &Given) -> String {
    let Ok(Value::Array(mut messages)) = serde_json::from_str(messages) else { return messages.to_owned() };
    let is_unsigned = |block: &Value| block.get("signature").and_then(Value::as_str) == Some(UNSIGNED);
    messages.retain_mut(|message| match message.get_mut("content") {
        Some(Value::Array(blocks)) => {
            blocks.retain(|block| !is_unsigned(block));
            blocks.iter_mut().for_each(|block| put_images(block, given));
            !blocks.is_empty()
        }
        _ => true,
    });
    Value::Array(messages).to_string()
}

/// Puts fetched images into a block, or into what a tool has given back.
fn put_images(block: &mut Value, given: &Given) {
    match block.get("type").and_then(Value::as_str) {
        Some("tool_result") => {
            let inner = block.get_mut("content").and_then(Value::as_array_mut);
            inner.into_iter().flatten().for_each(|block| put_images(block, given));
        }
        Some("image") => {
            let Some(source) = block.get_mut("source") else { return };
            let url = source.get("url").and_then(Value::as_str).and_then(|url| given.images.get(url));
            let parts = url.and_then(|data| data.strip_prefix("data:")).and_then(|data| data.split_once(";base64,"));
            if let Some((media_type, data)) = parts {
                *source = json!({"type": "base64", "media_type": media_type, "data": data});
            }
        }
        _ => {}
    }
}
