//! One chat request, as `POST /v1/chat/completions` or another dialect gave it: checked and indexed in one shallow pass, kept as it came.

use super::conversation::{Conversation, Role, read::Text};
use super::inbound::Inbound;
use super::splice::{Member, members};
use crate::base::{ApiError, Code, limits};
use bytes::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::ops::Range;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

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

/// Cheap facts about a request, for routing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shape {
    /// Messages.
    pub messages: u32,
    /// Bytes of their contents' JSON, images left out.
    pub text_bytes: u64,
    /// Tools on offer.
    pub tools: u32,
    /// Image parts.
    pub images: u32,
    /// Audio parts.
    pub audio: u32,
    /// File parts.
    pub files: u32,
    /// Whether any JSON object is asked for.
    pub json_object: bool,
    /// Whether JSON that fits a schema is asked for.
    pub json_schema: bool,
    /// Whether a reasoning effort is asked for.
    pub reasoning: bool,
    /// Whether log probabilities are asked for.
    pub logprobs: bool,
}

/// A message as session inference sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessagePrint {
    /// Who speaks.
    pub role: Role,
    /// xxh3 of what is said; the same for a string and for one text part.
    pub hash: u64,
}

/// The print of a message that says just `text`.
#[must_use]
pub fn print_of_text(role: Role, text: &str) -> MessagePrint {
    MessagePrint { role, hash: xxh3_64(text.as_bytes()) }
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    role: Option<Text<'a>>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow)]
    tool_calls: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct PartHead<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    text: Option<Text<'a>>,
}

fn bad(param: &str, message: impl Into<String>) -> ApiError {
    ApiError::new(Code::InvalidRequest, message).param(param)
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
        let mut request = Self {
            body: body.clone(),
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

fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

fn shorten(name: &str) -> String {
    name.chars().take(limits::MAX_LABEL_BYTES).collect()
}

/// A message's print, and its content as JSON.
fn read_message<'a>(index: usize, raw: &'a RawValue, shape: &mut Shape) -> Result<(MessagePrint, &'a str), ApiError> {
    let at = |member: &str| format!("messages[{index}]{member}");
    let head: Head<'_> = serde_json::from_str(raw.get())
        .map_err(|_| bad(&at(""), format!("messages[{index}] must be an object with a role and content")))?;
    let role = match head.role.as_ref().map(|role| &*role.0) {
        Some("system" | "developer") => Role::System,
        Some("user") => Role::User,
        Some("assistant") => Role::Assistant,
        Some("tool" | "function") => Role::Tool,
        Some(other) => {
            let known = "system, developer, user, assistant or tool";
            return Err(bad(&at(".role"), format!("messages[{index}].role is {:?}: it takes {known}", shorten(other))));
        }
        None => return Err(bad(&at(".role"), format!("messages[{index}].role is missing"))),
    };
    let mut hasher = Xxh3::new();
    match head.content.map(RawValue::get) {
        None | Some("null") => {}
        Some(text) if text.starts_with('"') => {
            shape.text_bytes += text.len() as u64;
            let Text(said) = serde_json::from_str(text)
                .map_err(|_| bad(&at(".content"), format!("messages[{index}].content is not a string")))?;
            hasher.update(said.as_bytes());
        }
        Some(parts) if parts.starts_with('[') => read_parts(index, parts, shape, &mut hasher)?,
        Some(_) => {
            return Err(bad(&at(".content"), format!("messages[{index}].content must be a string or a list of parts")));
        }
    }
    if let Some(calls) = head.tool_calls.filter(|calls| calls.get() != "null") {
        shape.text_bytes += calls.get().len() as u64;
        hasher.update(calls.get().as_bytes());
    }
    Ok((MessagePrint { role, hash: hasher.digest() }, head.content.map_or("", RawValue::get)))
}

fn read_parts(index: usize, parts: &str, shape: &mut Shape, hasher: &mut Xxh3) -> Result<(), ApiError> {
    let parts: Vec<&RawValue> = serde_json::from_str(parts)
        .map_err(|_| bad(&format!("messages[{index}].content"), format!("messages[{index}].content is not a list")))?;
    for (place, raw) in parts.iter().enumerate() {
        let at = format!("messages[{index}].content[{place}]");
        let part: PartHead<'_> =
            serde_json::from_str(raw.get()).map_err(|_| bad(&at, format!("{at} must be an object with a type")))?;
        let counter = match part.kind.as_ref().map_or("", |kind| &*kind.0) {
            "text" => {
                let said = part.text.map_or(Cow::Borrowed(""), |text| text.0);
                shape.text_bytes += said.len() as u64;
                hasher.update(said.as_bytes());
                continue;
            }
            "image_url" | "image" => &mut shape.images,
            "input_audio" => &mut shape.audio,
            "file" => &mut shape.files,
            _ => {
                hasher.update(raw.get().as_bytes());
                continue;
            }
        };
        *counter = counter.saturating_add(1);
        hasher.update(raw.get().as_bytes());
    }
    Ok(())
}
