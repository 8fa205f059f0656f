//! The dialects that clients speak. Chat completions are the gateway's own: the others are read into a chat request,
//! go through the same stages, and their answer is put into the client's words at the very end.
//!
//! A request keeps what it came as ([`Inbound`]): where the target speaks the client's dialect, the original text
//! travels, and so does the answer's.

mod messages;

pub(super) use messages::Origin;

use super::chat::ChatRequest;
use super::fault::Fault;
use super::sse::Splitter;
use super::target::{AnswerContext, Dialect, Outgoing, Target};
use crate::base::{ApiError, RequestId};
use bytes::{BufMut, Bytes, BytesMut};
use http::HeaderMap;
use std::sync::Arc;

/// What a client speaks: how it is told of errors, and what keeps its stream open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Surface {
    /// OpenAI's dialect, and everything that is the gateway's own.
    #[default]
    OpenAi,
    /// Anthropic's Messages API.
    Messages,
}

impl Surface {
    /// The dialect of a path.
    #[must_use]
    pub fn of_path(path: &str) -> Self {
        match path.strip_prefix("/v1/messages") {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => Self::Messages,
            _ => Self::OpenAi,
        }
    }

    /// The body of an error answer.
    #[must_use]
    pub fn envelope(self, error: &ApiError, id: RequestId) -> String {
        match self {
            Self::OpenAi => error.envelope(Some(id)),
            Self::Messages => messages::envelope(error, id),
        }
    }

    /// An error as an event of a stream that has begun.
    #[must_use]
    pub fn error_event(self, error: &ApiError, id: RequestId) -> String {
        let name = match self {
            Self::OpenAi => "",
            Self::Messages => "event: error\n",
        };
        format!("{name}data: {}\n\n", self.envelope(error, id))
    }

    /// What keeps a silent stream open.
    #[must_use]
    pub const fn heartbeat(self) -> &'static [u8] {
        match self {
            Self::OpenAi => b": ping\n\n",
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
    Messages(Arc<Origin>),
}

impl Inbound {
    /// The endpoint's name in the record.
    #[must_use]
    pub const fn endpoint(&self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Messages(_) => "messages",
        }
    }

    /// The call in the client's own words, where the target takes them.
    ///
    /// # Errors
    /// What the client asks for can be said in its own dialect only, and the target speaks another.
    pub(super) fn encode(&self, target: &Target<'_>, effort: Option<&str>) -> Result<Option<Outgoing>, ApiError> {
        match self {
            Self::Chat => Ok(None),
            Self::Messages(origin) if target.dialect == Dialect::AnthropicMessages => {
                Ok(Some(origin.outgoing(target.model, effort)))
            }
            Self::Messages(origin) => origin.fits_others().map(|()| None),
        }
    }

    /// A whole answer in the client's words: from the target's own text, or from a chat completion.
    ///
    /// # Errors
    /// The completion cannot be read.
    pub(super) fn whole(&self, target: &Target<'_>, own: &Bytes, chat: Bytes, id: &str) -> Result<Bytes, Fault> {
        match self {
            Self::Chat => Ok(chat),
            Self::Messages(_) if target.dialect == Dialect::AnthropicMessages => Ok(own.clone()),
            Self::Messages(_) => messages::answer(&chat, id),
        }
    }

    /// Who speaks a streamed answer.
    pub(super) fn voice(&self, target: &Target<'_>, context: &AnswerContext<'_>) -> Voice {
        match self {
            Self::Chat => Voice::Chat,
            Self::Messages(_) if target.dialect == Dialect::AnthropicMessages => Voice::Own(Box::default()),
            Self::Messages(_) => Voice::Messages(Box::new(messages::Events::new(context))),
        }
    }
}

/// Puts the chunks of a streamed answer into the client's words.
#[derive(Debug)]
pub(super) enum Voice {
    /// As chunks.
    Chat,
    /// The target's events as they are.
    Own(Box<Splitter>),
    /// As Messages events.
    Messages(Box<messages::Events>),
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
            Self::Messages(events) => {
                let mut chunks = BytesMut::new();
                let understood = understand(sent, &mut chunks);
                events.feed(&chunks, out)?;
                understood
            }
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
            Self::Messages(events) => {
                let mut chunks = BytesMut::new();
                let understood = understand(&mut chunks);
                events.feed(&chunks, out)?;
                understood
            }
        }
    }
}

impl ChatRequest {
    /// Reads the body of `POST /v1/messages`; `headers` are the client's.
    ///
    /// # Errors
    /// As [`ChatRequest::parse`], with `param` in the words of the Messages API.
    pub fn parse_messages(body: Bytes, headers: &HeaderMap) -> Result<Self, ApiError> {
        let (chat, origin) = messages::read(body, headers)?;
        let mut request = Self::parse(chat)?;
        request.set_inbound(Inbound::Messages(Arc::new(origin)));
        Ok(request)
    }

    /// The call in the client's own words with this model's name; `None` where they are OpenAI's.
    #[must_use]
    pub fn in_own_words(&self, model: &str) -> Option<Outgoing> {
        match self.inbound() {
            Inbound::Chat => None,
            Inbound::Messages(origin) => Some(origin.outgoing(model, None)),
        }
    }
}

/// How many tokens the input of a Messages request has, roughly: counted with the tokenizer of OpenAI's models.
#[must_use]
pub fn count_input(request: &ChatRequest) -> u64 {
    messages::count(request)
}
