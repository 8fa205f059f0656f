//! Between the dialects: what a call becomes, what an answer means, and who translates.

use super::anthropic;
use super::bedrock;
use super::chat::ChatRequest;
use super::cohere;
use super::fault::Fault;
use super::gemini;
use super::given::Given;
use super::inbound::{Inbound, Relay, Voice, decode_response};
use super::openai;
use super::quirks::Quirks;
use super::vertex::at_vertex;
use crate::base::model::TokenUsage;
use crate::base::{ApiError, ModelInfo, RequestId};
use bytes::{Bytes, BytesMut};
use http::{HeaderName, HeaderValue};
use std::borrow::Cow;

/// What a provider speaks on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// OpenAI chat completions, and whatever is compatible with it.
    OpenAiChat,
    /// The same at Azure's `/openai/v1`: the key has a header of its own, the model is a deployment.
    AzureV1,
    /// The same at Azure's older addresses: `/openai/deployments/{deployment}/…?api-version=…`.
    AzureDeployments,
    /// Anthropic's Messages API.
    AnthropicMessages,
    /// Google's Gemini API: model and action stand in the path.
    Gemini,
    /// AWS Bedrock's Converse: model and action stand in the path, streams are binary.
    Bedrock,
    /// Cohere's API, version 2.
    Cohere,
    /// Recorded outcomes, no network; OpenAI's dialect.
    Replay,
}

impl Dialect {
    /// Whether requests and answers are OpenAI's.
    #[must_use]
    pub const fn is_openai(self) -> bool {
        matches!(self, Self::OpenAiChat | Self::AzureV1 | Self::AzureDeployments | Self::Replay)
    }

    /// Where `path` of OpenAI's API is for this model, after the base URL.
    #[must_use]
    pub fn place(self, path: &str, model: &str) -> String {
        match self {
            Self::AzureDeployments => format!("/deployments/{}{path}", segment(model)),
            _ => path.to_owned(),
        }
    }
}

/// A name as one segment of a path: everything but letters, digits and `-_.~` is percent-encoded.
pub(super) fn segment(name: &str) -> String {
    let mut path = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => path.push(char::from(byte)),
            _ => path.push_str(&format!("%{byte:02X}")),
        }
    }
    path
}

/// Who is called, as far as translation needs to know.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// The provider's deviations.
    pub quirks: &'static Quirks,
    /// What it speaks.
    pub dialect: Dialect,
    /// The model as the provider spells it.
    pub model: &'a str,
    /// What the catalogue knows of the model.
    pub info: Option<&'a ModelInfo>,
    /// Whether a parameter that it cannot honour is a 400 instead of being left out.
    pub refuse_unsupported: bool,
    /// `anthropic-version`.
    pub anthropic_version: &'a str,
}

/// A call in the target's dialect.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Path after the base URL.
    pub path: Cow<'static, str>,
    /// Headers that the dialect needs.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body.
    pub body: Bytes,
    /// Parameters that were left out because the target cannot honour them.
    pub dropped: Vec<String>,
    /// Whether the answer comes as a stream.
    pub stream: bool,
}

/// Why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    /// It was complete.
    Stop,
    /// The token limit.
    Length,
    /// Tools are to be called.
    ToolCalls,
    /// It was withheld.
    ContentFilter,
}

impl Finish {
    /// OpenAI's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::ToolCalls => "tool_calls",
            Self::ContentFilter => "content_filter",
        }
    }
}

/// What the assistant said, for retention and session restore.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// The assistant's message as OpenAI JSON; empty where there is none.
    pub message: String,
    /// Its plain text.
    pub text: String,
}

/// A whole answer in the client's dialect.
#[derive(Debug)]
pub struct Decoded {
    /// The body for the client.
    pub body: Bytes,
    /// Tokens.
    pub usage: Option<TokenUsage>,
    /// Why it ended.
    pub finish: Option<Finish>,
    /// What was said.
    pub answer: Answer,
}

/// What an answer needs from its request.
#[derive(Debug, Clone, Copy)]
pub struct AnswerContext<'a> {
    /// The completion's id where the upstream gives none.
    pub id: &'a str,
    /// Seconds since the epoch.
    pub created: i64,
    /// The model's name where the upstream gives none.
    pub model: &'a str,
    /// Whether the client wants usage in the stream.
    pub include_usage: bool,
}

/// What a stream amounted to.
#[derive(Debug)]
pub struct StreamSummary {
    /// Tokens.
    pub usage: Option<TokenUsage>,
    /// Why it ended.
    pub finish: Option<Finish>,
    /// What was said.
    pub answer: Answer,
}

/// The call that this target understands. `effort` overrides the body's `reasoning_effort`.
///
/// # Errors
/// 400 where the target cannot do what is asked and leaving it out would make the answer wrong.
pub fn encode_chat(
    request: &ChatRequest,
    target: &Target<'_>,
    effort: Option<&str>,
    given: &Given,
) -> Result<Outgoing, ApiError> {
    let outgoing = in_dialect(request, target, effort, given)?;
    Ok(match target.quirks.publisher {
        Some(publisher) => at_vertex(outgoing, publisher, target.model, target.anthropic_version),
        None => outgoing,
    })
}

fn in_dialect(
    request: &ChatRequest,
    target: &Target<'_>,
    effort: Option<&str>,
    given: &Given,
) -> Result<Outgoing, ApiError> {
    if let Some(outgoing) = request.inbound().encode(target, effort, given)? {
        return Ok(outgoing);
    }
    match target.dialect {
        Dialect::OpenAiChat | Dialect::AzureV1 | Dialect::AzureDeployments | Dialect::Replay => {
            openai::encode(request, target, effort, given)
        }
        Dialect::AnthropicMessages | Dialect::Gemini | Dialect::Bedrock | Dialect::Cohere => {
            let mut conversation = request.conversation()?;
            conversation.n = request.n();
            given.put_into(&mut conversation);
            if let Some(effort) = effort {
                conversation.reasoning_effort = Some(Cow::Borrowed(effort));
            }
            match target.dialect {
                Dialect::Gemini => gemini::encode(&conversation, target),
                Dialect::Bedrock => bedrock::encode(&conversation, target),
                Dialect::Cohere => cohere::encode(&conversation, target),
                _ => anthropic::encode(&conversation, target),
            }
        }
    }
}

/// A whole answer of this target in the client's dialect.
///
/// # Errors
/// The answer is an error in disguise or no chat completion.
pub fn decode_chat(
    request: &ChatRequest,
    target: &Target<'_>,
    context: &AnswerContext<'_>,
    body: Bytes,
) -> Result<Decoded, Fault> {
    if request.inbound().is_native_response(target) {
        return decode_response(target, request.messages_json(), body);
    }
    let mut decoded = match target.dialect {
        Dialect::OpenAiChat | Dialect::AzureV1 | Dialect::AzureDeployments | Dialect::Replay => {
            openai::decode(request, target, context, body.clone())
        }
        Dialect::AnthropicMessages => anthropic::decode(request, context, &body),
        Dialect::Gemini => gemini::decode(request, context, &body),
        Dialect::Bedrock => bedrock::decode(request, context, &body),
        Dialect::Cohere => cohere::decode(request, context, &body),
    }?;
    decoded.body = request.inbound().whole(target, &body, decoded.body, context)?;
    Ok(decoded)
}

/// Translates a stream event by event; any cut of the bytes gives the same output.
#[derive(Debug)]
pub struct StreamDecoder {
    inner: Inner,
    voice: Voice,
}

#[derive(Debug)]
enum Inner {
    OpenAi(Box<openai::Stream>),
    Anthropic(Box<anthropic::Stream>),
    Gemini(Box<gemini::Stream>),
    Bedrock(Box<bedrock::Stream>),
    Response(Box<Relay>),
    Cohere(Box<cohere::Stream>),
}

impl StreamDecoder {
    /// For the answer of this target. `prompt` is the text of the messages: it is counted where the
    /// upstream gives no usage. `inbound` is what the client speaks.
    #[must_use]
    pub fn new(target: &Target<'_>, context: AnswerContext<'_>, prompt: Bytes, inbound: &Inbound) -> Self {
        let voice = inbound.voice(target, &context);
        let inner = match target.dialect {
            _ if inbound.is_native_response(target) => {
                Inner::Response(Box::new(Relay::new(target, prompt, inbound.counts_on_memory())))
            }
            Dialect::OpenAiChat | Dialect::AzureV1 | Dialect::AzureDeployments | Dialect::Replay => {
                Inner::OpenAi(Box::new(openai::Stream::new(target, context, prompt)))
            }
            Dialect::AnthropicMessages => Inner::Anthropic(Box::new(anthropic::Stream::new(&context, prompt))),
            Dialect::Gemini => Inner::Gemini(Box::new(gemini::Stream::new(&context, prompt))),
            Dialect::Bedrock => Inner::Bedrock(Box::new(bedrock::Stream::new(&context, prompt))),
            Dialect::Cohere => Inner::Cohere(Box::new(cohere::Stream::new(&context, prompt))),
        };
        Self { inner, voice }
    }

    /// Takes what the upstream sent; writes complete events for the client at once.
    ///
    /// # Errors
    /// The upstream reported an error, or sent what is no event. Nothing more is to be fed then.
    pub fn feed(&mut self, chunk: &[u8], out: &mut BytesMut) -> Result<(), Fault> {
        let inner = &mut self.inner;
        self.voice.say(chunk, out, |sent, chunks| match inner {
            Inner::OpenAi(stream) => stream.feed(sent, chunks),
            Inner::Anthropic(stream) => stream.feed(sent, chunks),
            Inner::Gemini(stream) => stream.feed(sent, chunks),
            Inner::Bedrock(stream) => stream.feed(sent, chunks),
            Inner::Response(stream) => stream.feed(sent, chunks),
            Inner::Cohere(stream) => stream.feed(sent, chunks),
        })
    }

    /// The upstream has closed.
    ///
    /// # Errors
    /// It broke off before its end.
    pub fn end(&mut self, out: &mut BytesMut) -> Result<(), Fault> {
        let inner = &mut self.inner;
        self.voice.end(out, |chunks| match inner {
            Inner::OpenAi(stream) => stream.end(chunks),
            Inner::Anthropic(stream) => stream.end(chunks),
            Inner::Gemini(stream) => stream.end(chunks),
            Inner::Bedrock(stream) => stream.end(chunks),
            Inner::Response(stream) => stream.end(chunks),
            Inner::Cohere(stream) => stream.end(chunks),
        })
    }

    /// The response with the items that the client was told, where it may name them in a later request.
    #[must_use]
    pub fn told(&self) -> Option<String> {
        match (&self.voice, &self.inner) {
            (Voice::Responses(events), _) => Some(events.told()),
            (_, Inner::Response(stream)) => Some(stream.told().to_owned()),
            _ => None,
        }
    }

    /// The answer has failed after it had begun: tells the client in its own words, with `event` where it has no others.
    pub fn fail(&mut self, error: &ApiError, id: RequestId, event: impl FnOnce() -> String, out: &mut BytesMut) {
        match (&mut self.voice, &mut self.inner) {
            (Voice::Responses(events), _) => events.fail(error, id, out),
            (_, Inner::Response(stream)) => stream.fail(error, id, out),
            _ => out.extend_from_slice(event().as_bytes()),
        }
    }

    /// Whether the last event has been written.
    #[must_use]
    pub fn finished(&self) -> bool {
        match &self.inner {
            Inner::OpenAi(stream) => stream.finished(),
            Inner::Anthropic(stream) => stream.finished(),
            Inner::Gemini(stream) => stream.finished(),
            Inner::Bedrock(stream) => stream.finished(),
            Inner::Response(stream) => stream.finished(),
            Inner::Cohere(stream) => stream.finished(),
        }
    }

    /// What has been seen so far; counts that the upstream did not give are ours.
    #[must_use]
    pub fn summary(&self) -> StreamSummary {
        match &self.inner {
            Inner::OpenAi(stream) => stream.summary(),
            Inner::Anthropic(stream) => stream.summary(),
            Inner::Gemini(stream) => stream.summary(),
            Inner::Bedrock(stream) => stream.summary(),
            Inner::Response(stream) => stream.summary(),
            Inner::Cohere(stream) => stream.summary(),
        }
    }
}
