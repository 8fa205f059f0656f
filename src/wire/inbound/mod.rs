//! The dialects that clients speak. Chat completions are the gateway's own: the others are read into a chat request,
//! go through the same stages, and their answer is put into the client's words at the very end.
//!
//! A request keeps what it came as ([`Inbound`]): where the target speaks the client's dialect, the original text
//! travels, and so does the answer's.

mod completion;
mod count;
mod messages;
mod responses;

pub use count::{count_call, count_input};
pub(super) use responses::{Relay, decode as decode_response};

use super::chat::{ChatRequest, not_json};
use super::fault::Fault;
use super::given::{Given, Thoughts};
use super::splice::{Member, members};
use super::sse::Splitter;
use super::target::{AnswerContext, Dialect, Outgoing, Target};
use super::vertex;
use crate::base::{ApiError, Code, RequestId};
use bytes::{BufMut, Bytes, BytesMut};
use http::HeaderMap;
use serde_json::{Map, Value};
use std::sync::Arc;

/// What a client speaks: how it is told of errors, and what keeps its stream open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Surface {
    /// OpenAI's dialect, and everything that is the gateway's own.
    #[default]
    OpenAi,
    /// Anthropic's Messages API.
    Messages,
    /// OpenAI's Responses API: its errors are OpenAI's, but not those in a stream.
    Responses,
}

impl Surface {
    /// The dialect of a path.
    #[must_use]
    pub fn of_path(path: &str) -> Self {
        let is = |start: &str| path.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if is("/v1/messages") {
            Self::Messages
        } else if is("/v1/responses") {
            Self::Responses
        } else {
            Self::OpenAi
        }
    }

    /// The body of an error answer.
    #[must_use]
    pub fn envelope(self, error: &ApiError, id: RequestId) -> String {
        match self {
            Self::OpenAi | Self::Responses => error.envelope(Some(id)),
            Self::Messages => messages::envelope(error, id),
        }
    }

    /// An error as an event of a stream of which nothing has been told but what came from elsewhere.
    #[must_use]
    pub fn error_event(self, error: &ApiError, id: RequestId) -> String {
        match self {
            Self::OpenAi => format!("data: {}\n\n", self.envelope(error, id)),
            Self::Messages => format!("event: error\ndata: {}\n\n", self.envelope(error, id)),
            Self::Responses => responses::error_event(error, id, 0),
        }
    }

    /// What keeps a silent stream open.
    #[must_use]
    pub const fn heartbeat(self) -> &'static [u8] {
        match self {
            Self::OpenAi | Self::Responses => b": ping\n\n",
            Self::Messages => b"event: ping\ndata: {\"type\":\"ping\"}\n\n",
        }
    }
}

/// What a request came as.
#[derive(Debug, Clone, Default)]
pub enum Inbound {
    /// Chat completions.
    #[default]
    Chat,
    /// Anthropic's Messages, with the original text.
    Messages(Arc<messages::Origin>),
    /// OpenAI's Responses, with the original text.
    Responses(Arc<responses::Origin>),
}

impl Inbound {
    /// The endpoint's name in the record.
    #[must_use]
    pub const fn endpoint(&self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Messages(_) => "messages",
            Self::Responses(_) => "responses",
        }
    }

    /// The parameter that refers to what one provider keeps: no other provider can serve the request.
    #[must_use]
    pub fn keeper(&self) -> Option<&str> {
        match self {
            Self::Chat | Self::Messages(_) => None,
            Self::Responses(origin) => origin.keeper(),
        }
    }

    /// Whether the client may name what is answered now in a later request, instead of sending it back.
    #[must_use]
    pub fn counts_on_memory(&self) -> bool {
        matches!(self, Self::Responses(origin) if origin.keeps())
    }

    /// What the client itself carried of the thoughts before a call, where this target had them.
    #[must_use]
    pub fn carried(&self, call: &str, target: &Target<'_>) -> Option<Thoughts> {
        match self {
            Self::Chat | Self::Messages(_) => None,
            Self::Responses(origin) => origin.thoughts(call, target),
        }
    }

    /// Whether the target serves the client's own API in the Responses dialect, so that its answer is handed on.
    pub(super) fn is_native_response(&self, target: &Target<'_>) -> bool {
        matches!(self, Self::Responses(_)) && responses::Origin::is_native(target)
    }

    /// Whether the target speaks the client's own dialect, so that the client's text travels.
    fn is_native(&self, target: &Target<'_>) -> bool {
        match self {
            Self::Chat => false,
            Self::Messages(_) => target.dialect == Dialect::AnthropicMessages,
            Self::Responses(_) => responses::Origin::is_native(target),
        }
    }

    /// Whether every target can be told what the client asks for.
    ///
    /// # Errors
    /// It can be said in the client's dialect only: a target that speaks it may serve.
    fn fits_others(&self) -> Result<(), ApiError> {
        match self {
            Self::Chat => Ok(()),
            Self::Messages(origin) => origin.fits_others(),
            Self::Responses(origin) => origin.fits_others(),
        }
    }

    /// The call in the client's own words, where the target takes them.
    ///
    /// # Errors
    /// What the client asks for can be said in its own dialect only, and the target speaks another.
    pub(super) fn encode(
        &self,
        target: &Target<'_>,
        effort: Option<&str>,
        given: &Given,
    ) -> Result<Option<Outgoing>, ApiError> {
        match self {
            _ if !self.is_native(target) => self.fits_others().map(|()| None),
            Self::Chat => Ok(None),
            Self::Messages(origin) => Ok(Some(origin.outgoing(target.model, effort, given))),
            Self::Responses(origin) => origin.outgoing(target, effort).map(Some),
        }
    }

    /// A whole answer in the client's words: from the target's own text, or from a chat completion.
    ///
    /// # Errors
    /// The completion cannot be read.
    pub(super) fn whole(
        &self,
        target: &Target<'_>,
        own: &Bytes,
        chat: Bytes,
        context: &AnswerContext<'_>,
    ) -> Result<Bytes, Fault> {
        match self {
            Self::Chat => Ok(chat),
            Self::Messages(_) if target.dialect == Dialect::AnthropicMessages => Ok(own.clone()),
            Self::Messages(_) => messages::answer(&chat, context.id),
            Self::Responses(origin) => responses::answer(&chat, origin, target, context),
        }
    }

    /// Who speaks a streamed answer.
    pub(super) fn voice(&self, target: &Target<'_>, context: &AnswerContext<'_>) -> Voice {
        match self {
            Self::Chat => Voice::Chat,
            Self::Messages(_) if target.dialect == Dialect::AnthropicMessages => Voice::Own(Box::default()),
            Self::Messages(_) => Voice::Messages(Box::new(messages::Events::new(context))),
            // Whoever reads such a stream hands it on.
            Self::Responses(_) if responses::Origin::is_native(target) => Voice::Chat,
            Self::Responses(origin) => Voice::Responses(Box::new(responses::Events::new(origin, target, context))),
        }
    }
}

/// Puts the chunks of a streamed answer into the client's words.
#[derive(Debug)]
pub(super) enum Voice {
    /// As it is written.
    Chat,
    /// The target's events as they are.
    Own(Box<Splitter>),
    /// As Messages events.
    Messages(Box<messages::Events>),
    /// As events of a response.
    Responses(Box<responses::Events>),
}

impl Voice {
    /// Takes what the target sent. `understand` reads it and writes chunks: the first event that it refuses is the
    /// last one, and is not handed on.
    ///
    /// # Errors
    /// What `understand` says.
    pub(super) fn say(
        &mut self,
        sent: &[u8],
        out: &mut BytesMut,
        mut understand: impl FnMut(&[u8], &mut BytesMut) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        match self {
            Self::Chat => understand(sent, out),
            Self::Own(splitter) => {
                let mut chunks = BytesMut::new();
                splitter.feed(sent, |name, data| {
                    let mut event = BytesMut::with_capacity(data.len() + name.len() + 24);
                    if !name.is_empty() {
                        event.put_slice(b"event: ");
                        event.put_slice(name.as_bytes());
                        event.put_slice(b"\n");
                    }
                    for line in data.split(|byte| *byte == b'\n') {
                        event.put_slice(b"data: ");
                        event.put_slice(line);
                        event.put_slice(b"\n");
                    }
                    event.put_slice(b"\n");
                    understand(&event, &mut chunks)?;
                    chunks.clear();
                    out.put_slice(&event);
                    Ok(())
                })
            }
            Self::Messages(_) | Self::Responses(_) => {
                let mut chunks = BytesMut::new();
                let understood = understand(sent, &mut chunks);
                self.retell(&chunks, out)?;
                understood
            }
        }
    }

    /// Chunks in the client's words.
    fn retell(&mut self, chunks: &[u8], out: &mut BytesMut) -> Result<(), Fault> {
        match self {
            Self::Chat | Self::Own(_) => Ok(()),
            Self::Messages(events) => events.feed(chunks, out),
            Self::Responses(events) => events.feed(chunks, out),
        }
    }

    /// The target has closed: `understand` may have last chunks.
    ///
    /// # Errors
    /// What `understand` says.
    pub(super) fn end(
        &mut self,
        out: &mut BytesMut,
        understand: impl FnOnce(&mut BytesMut) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        match self {
            Self::Chat => understand(out),
            Self::Own(_) => understand(&mut BytesMut::new()),
            Self::Messages(_) | Self::Responses(_) => {
                let mut chunks = BytesMut::new();
                let understood = understand(&mut chunks);
                self.retell(&chunks, out)?;
                understood
            }
        }
    }
}

impl ChatRequest {
    /// Whether there are targets that cannot be told what is asked for: those that [`ChatRequest::fits`] finds.
    #[must_use]
    pub fn is_particular(&self) -> bool {
        self.shape().files > 0 || self.shape().audio > 0 || self.inbound().fits_others().is_err()
    }

    /// Whether the target can be told what is asked for, as far as is seen without telling it: the tools of one API,
    /// what a provider keeps, documents and sound have no words in every dialect.
    #[must_use]
    pub fn fits(&self, target: &Target<'_>) -> bool {
        if self.inbound().is_native(target) {
            return true;
        }
        let shape = self.shape();
        let takes_no_files = target.dialect == Dialect::Cohere || target.quirks.text_only;
        let takes_no_sound = takes_no_files || target.dialect == Dialect::AnthropicMessages;
        self.inbound().fits_others().is_ok()
            && !(shape.files > 0 && takes_no_files)
            && !(shape.audio > 0 && takes_no_sound)
    }

    /// Reads the body of `POST /v1/messages`; `headers` are the client's.
    ///
    /// # Errors
    /// As [`ChatRequest::parse`], with `param` in the words of the Messages API.
    pub fn parse_messages(body: Bytes, headers: &HeaderMap) -> Result<Self, ApiError> {
        let (mut request, origin) = messages::read(body, headers)?;
        request.set_inbound(Inbound::Messages(Arc::new(origin)));
        Ok(request)
    }

    /// Reads the body of `POST /v1/responses`. `recall` finds an item of an earlier answer by its id.
    ///
    /// # Errors
    /// As [`ChatRequest::parse`], with `param` in the words of the Responses API.
    pub fn parse_responses(body: &Bytes, recall: &dyn Fn(&str) -> Option<Value>) -> Result<Self, ApiError> {
        let (mut request, origin) = responses::read(body, recall)?;
        request.set_inbound(Inbound::Responses(Arc::new(origin)));
        Ok(request)
    }
}

/// The chat request that has these members. `size` is about how long its text becomes.
///
/// # Errors
/// As [`ChatRequest::parse`].
fn made_of(chat: &Map<String, Value>, size: usize) -> Result<ChatRequest, ApiError> {
    let mut text = Vec::with_capacity(size + size / 8);
    let mut members = Vec::with_capacity(chat.len());
    let write =
        |text: &mut Vec<u8>, value: &Value| serde_json::to_writer(text, value).map_err(|error| not_json(&error));
    for (name, value) in chat {
        text.push(if members.is_empty() { b'{' } else { b',' });
        let start = text.len();
        write(&mut text, &Value::from(name.as_str()))?;
        text.push(b':');
        let after = text.len();
        write(&mut text, value)?;
        members.push(Member { name: name.as_str().into(), whole: start..text.len(), value: after..text.len() });
    }
    text.extend_from_slice(if members.is_empty() { b"{}" } else { b"}" });
    ChatRequest::of_members(Bytes::from(text), members)
}

/// The members of a body, each of which stands once.
fn members_once(text: &str) -> Result<Vec<Member>, ApiError> {
    let members = members(text).map_err(|error| not_json(&error))?;
    let mut names: Vec<&str> = members.iter().map(|member| &*member.name).collect();
    names.sort_unstable();
    if let Some([twice, _]) = names.array_windows::<2>().find(|[one, other]| one == other) {
        let message = "this member stands twice: leave one out";
        return Err(ApiError::new(Code::InvalidRequest, message).param(*twice));
    }
    Ok(members)
}

/// The items of a response as the client was told them, by their ids.
#[must_use]
pub fn response_items(response: &[u8]) -> Vec<(String, Value)> {
    responses::output(response)
}
