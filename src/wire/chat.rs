//! One chat request, as `POST /v1/chat/completions` or another dialect gave it: checked and indexed in one shallow pass, kept as it came.

use super::conversation::{Conversation, Role};
use super::inbound::Inbound;
use super::message::{MessagePrint, Shape, bad, count, read_message, shorten};
use super::splice::{Member, members};
use crate::base::{ApiError, Code, limits};
use bytes::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::ops::Range;

/// A chat request. Owns its bytes; everything else is positions in them and small facts.
#[derive(Debug, Clone)]
pub struct ChatRequest {
    body: Bytes,
    pub(crate) members: Vec<Member>,
    model: String,
    user: Option<String>,
    stream: bool,
    include_usage: bool,
    n: u32,
    max_output_tokens: Option<u64>,
    messages: Vec<MessagePrint>,
    last_user: Bytes,
    shape: Shape,
    inbound: Inbound,
}

impl ChatRequest {
    /// Reads a body.
    ///
    /// # Errors
    /// `invalid_body` where it is not one JSON object; `invalid_request` with `param` where a member that
    /// the gateway reads is missing, doubled or of a wrong type.
    pub fn parse(body: Bytes) -> Result<Self, ApiError> {
        let text = text_of(&body)?;
        let members = members(text).map_err(|error| not_json(&error))?;
        for (index, member) in members.iter().enumerate() {
            if members.iter().take(index).any(|earlier| earlier.name == member.name) {
                return Err(bad(
                    &member.name,
                    format!("the member {:?} stands twice: leave one out", shorten(&member.name)),
                ));
            }
        }
        Self::of_members(body, members)
    }

    /// Reads a body that was made here: its members are known, and each stands once.
    pub(super) fn of_members(body: Bytes, members: Vec<Member>) -> Result<Self, ApiError> {
        let mut request = Self {
            body,
            members,
            model: String::new(),
            user: None,
            stream: false,
            include_usage: false,
            n: 1,
            max_output_tokens: None,
            messages: Vec::new(),
            last_user: Bytes::new(),
            shape: Shape::default(),
            inbound: Inbound::Chat,
        };
        request.read_settings()?;
        request.read_messages()?;
        Ok(request)
    }

    fn read_settings(&mut self) -> Result<(), ApiError> {
        self.model = self.member("model")?.unwrap_or_default();
        if self.model.is_empty() {
            return Err(bad("model", "model is missing: name a route, provider/model, or a list of models"));
        }
        if self.model.len() > limits::MAX_LABEL_BYTES * limits::MAX_FALLBACK_NAMES {
            return Err(bad("model", "model is too long"));
        }
        self.user = self.member("user")?;
        self.stream = self.member("stream")?.unwrap_or(false);
        self.n = self.member("n")?.unwrap_or(1);
        if !(1..=128).contains(&self.n) {
            return Err(bad("n", "n takes 1 to 128"));
        }
        let completion: Option<u64> = self.member("max_completion_tokens")?;
        let tokens: Option<u64> = self.member("max_tokens")?;
        self.max_output_tokens = completion.or(tokens);
        #[derive(Deserialize)]
        struct Options {
            include_usage: Option<bool>,
        }
        let options: Option<Options> = self.member("stream_options")?;
        self.include_usage = self.stream && options.and_then(|options| options.include_usage).unwrap_or(false);
        #[derive(Deserialize)]
        struct Format {
            r#type: String,
        }
        let format: Option<Format> = self.member("response_format")?;
        let format = format.map(|format| format.r#type);
        self.shape.json_object = format.as_deref() == Some("json_object");
        self.shape.json_schema = format.as_deref() == Some("json_schema");
        let tools: Option<Vec<serde::de::IgnoredAny>> = self.member("tools")?;
        self.shape.tools = count(tools.map_or(0, |tools| tools.len()));
        self.shape.forced_tool = self.raw("tool_choice").is_some_and(forces);
        self.shape.reasoning = self.raw("reasoning_effort").is_some();
        self.shape.logprobs = self.member("logprobs")?.unwrap_or(false);
        Ok(())
    }

    fn read_messages(&mut self) -> Result<(), ApiError> {
        let mut shape = self.shape;
        let list = self.raw("messages").ok_or_else(|| {
            bad("messages", "messages is missing: give at least one, such as {\"role\": \"user\", \"content\": \"…\"}")
        })?;
        let heads: Vec<&RawValue> =
            serde_json::from_str(list).map_err(|_| bad("messages", "messages must be a list"))?;
        if heads.is_empty() {
            return Err(bad("messages", "messages is empty: give at least one"));
        }
        if heads.len() > limits::MAX_MESSAGES {
            return Err(bad("messages", format!("messages takes at most {}", limits::MAX_MESSAGES)));
        }
        let mut prints = Vec::with_capacity(heads.len());
        let mut last_user = "";
        for (index, raw) in heads.iter().enumerate() {
            let (print, content) = read_message(index, raw, &mut shape)?;
            if print.role == Role::User {
                last_user = content;
            }
            prints.push(print);
        }
        let last_user = if last_user.is_empty() { Bytes::new() } else { self.body.slice_ref(last_user.as_bytes()) };
        shape.messages = count(heads.len());
        self.shape = shape;
        self.last_user = last_user;
        self.messages = prints;
        Ok(())
    }

    fn span(&self, name: &str) -> Option<Range<usize>> {
        self.members.iter().find(|member| &*member.name == name).map(|member| member.value.clone())
    }

    /// The JSON text of a top-level member; `None` where it is absent or `null`.
    pub(crate) fn raw(&self, name: &str) -> Option<&str> {
        self.text().get(self.span(name)?).filter(|text| *text != "null")
    }

    fn member<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, ApiError> {
        let Some(raw) = self.raw(name) else { return Ok(None) };
        serde_json::from_str(raw).map(Some).map_err(|error| {
            let text = error.to_string();
            let reason = text.rsplit_once(" at line ").map_or(text.as_str(), |(reason, _)| reason);
            bad(name, format!("{name}: {reason}"))
        })
    }

    /// What it came as.
    #[must_use]
    pub fn inbound(&self) -> &Inbound {
        &self.inbound
    }

    pub(super) fn set_inbound(&mut self, inbound: Inbound) {
        self.inbound = inbound;
    }

    /// The body: as it came, or as the chat request that says the same.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The body as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("checked by parse, and never changed since")
    }

    /// `model` as the client wrote it.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Whether the answer is streamed.
    #[must_use]
    pub fn stream(&self) -> bool {
        self.stream
    }

    /// Whether usage is wanted in the stream.
    #[must_use]
    pub fn include_usage(&self) -> bool {
        self.include_usage
    }

    /// The same request for one answer. Usage in the stream is left to whoever puts the answers together.
    #[must_use]
    pub fn alone(&self) -> Self {
        let mut alone = self.clone();
        alone.members.retain(|member| &*member.name != "n");
        alone.n = 1;
        alone.include_usage = false;
        alone
    }

    /// Number of answers.
    #[must_use]
    pub fn n(&self) -> u32 {
        self.n
    }

    /// The end user.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// `max_completion_tokens`, else `max_tokens`.
    #[must_use]
    pub fn max_output_tokens(&self) -> Option<u64> {
        self.max_output_tokens
    }

    /// Cheap facts.
    #[must_use]
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The messages as session inference sees them.
    #[must_use]
    pub fn prints(&self) -> &[MessagePrint] {
        &self.messages
    }

    /// The content of the user's last turn, as JSON; empty where there is none. It shares the body's bytes.
    #[must_use]
    pub fn last_user(&self) -> &Bytes {
        &self.last_user
    }

    /// The text of the `messages` array.
    #[must_use]
    pub fn messages_json(&self) -> &str {
        self.raw("messages").unwrap_or("[]")
    }

    /// Where the messages stand in the body.
    #[must_use]
    pub fn messages_at(&self) -> Range<usize> {
        self.span("messages").unwrap_or_default()
    }

    /// The whole request in no provider's words.
    ///
    /// # Errors
    /// 400 with the `param` of what cannot be understood.
    pub fn conversation(&self) -> Result<Conversation<'_>, ApiError> {
        super::conversation::conversation(&self.body)
    }
}

/// A body as text.
pub(crate) fn text_of(body: &[u8]) -> Result<&str, ApiError> {
    std::str::from_utf8(body).map_err(|error| {
        let message = format!("the body is not UTF-8: the byte at {} begins no character", error.valid_up_to());
        ApiError::new(Code::InvalidBody, message)
    })
}

/// The error for a body that is not one JSON object.
pub(crate) fn not_json(error: &serde_json::Error) -> ApiError {
    ApiError::new(Code::InvalidBody, format!("the body must be one JSON object: {error}"))
}

/// Whether a `tool_choice` asks for a call.
fn forces(choice: &str) -> bool {
    #[derive(Deserialize)]
    struct Allowed<'a> {
        mode: Option<&'a str>,
    }
    #[derive(Deserialize)]
    struct Choice<'a> {
        r#type: Option<&'a str>,
        #[serde(borrow)]
        allowed_tools: Option<Allowed<'a>>,
    }
    match serde_json::from_str::<Choice<'_>>(choice) {
        Ok(Choice { allowed_tools: Some(allowed), .. }) => allowed.mode == Some("required"),
        Ok(choice) => choice.r#type.is_some(),
        Err(_) => choice == "\"required\"",
    }
}

#[cfg(test)]
mod tests {
    use super::forces;

    #[test]
    fn a_call_is_asked_for_by_a_word_a_name_or_a_list() {
        for (choice, expected) in [
            (r#""auto""#, false),
            (r#""none""#, false),
            (r#""required""#, true),
            (r#"{"type": "function", "function": {"name": "f"}}"#, true),
            (r#"{"type": "custom", "custom": {"name": "f"}}"#, true),
            (r#"{"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": []}}"#, false),
            (r#"{"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": []}}"#, true),
            ("{}", false),
            ("7", false),
        ] {
            assert_eq!(forces(choice), expected, "{choice}");
        }
    }
}
