//! What a client asks a model to do: the dispatch stage treats all operations alike.

use super::Gateway;
use super::labels::Labels;
use crate::base::model::TokenUsage;
use crate::base::{ApiError, ModelRef, OrgId, TaskKind};
use crate::config::Config;
use crate::resource::assessment::Intent;
use crate::routing::Needs;
use crate::routing::intent::intent;
use crate::routing::smart_cost::Asked;
use crate::store::Around;
use crate::wire::tokens::rough;
use crate::wire::{
    self, Answer, AnswerContext, ChatRequest, EmbeddingsRequest, Fault, Finish, Given, Inbound, Outgoing,
    StreamDecoder, Target,
};
use bytes::Bytes;
use http::HeaderMap;

/// What a request comes as: a form for each endpoint that has a model answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `POST /v1/chat/completions`.
    Chat,
    /// `POST /v1/messages`.
    Messages,
    /// `POST /v1/responses`.
    Responses,
    /// `POST /v1/embeddings`.
    Embeddings,
}

impl Gateway {
    /// Reads a request of this form; items that it names are looked for among those of the caller's org.
    ///
    /// # Errors
    /// What the request itself is refused with.
    pub(super) fn read(
        &self,
        form: Form,
        org: &OrgId,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<Operation, ApiError> {
        match form {
            Form::Chat => ChatRequest::parse(body).map(Operation::Chat),
            Form::Messages => ChatRequest::parse_messages(body, headers).map(Operation::Chat),
            Form::Responses => {
                let recall = |item: &str| self.items.recall(org, item, self.now());
                ChatRequest::parse_responses(&body, &recall).map(Operation::Chat)
            }
            Form::Embeddings => EmbeddingsRequest::parse(body).map(Operation::Embeddings),
        }
    }
}

/// One parsed request.
pub(crate) enum Operation {
    /// A conversation, in whichever dialect it came.
    Chat(ChatRequest),
    /// `POST /v1/embeddings`.
    Embeddings(EmbeddingsRequest),
}

/// A whole answer in the client's dialect.
pub(crate) struct Whole {
    pub(crate) body: Bytes,
    pub(crate) usage: Option<TokenUsage>,
    pub(crate) answer: Option<Answer>,
    pub(crate) finish: Option<Finish>,
}

/// Bytes of the system prompt and of the user's last turn that complexity looks at.
const READ_FOR_COMPLEXITY: usize = 4096;

impl Operation {
    /// `model` as the client wrote it.
    pub(crate) fn model(&self) -> &str {
        match self {
            Self::Chat(request) => request.model(),
            Self::Embeddings(request) => request.model(),
        }
    }

    /// The end user that the body names.
    pub(crate) fn user(&self) -> Option<&str> {
        match self {
            Self::Chat(request) => request.user(),
            Self::Embeddings(request) => request.user(),
        }
    }

    /// Whether the answer is streamed.
    pub(crate) fn stream(&self) -> bool {
        matches!(self, Self::Chat(request) if request.stream())
    }

    /// Whether the client wants usage in the stream.
    pub(crate) fn include_usage(&self) -> bool {
        matches!(self, Self::Chat(request) if request.include_usage())
    }

    /// The text of its messages.
    pub(crate) fn prompt(&self) -> Bytes {
        match self {
            Self::Chat(request) => request.body().slice_ref(request.messages_json().as_bytes()),
            Self::Embeddings(_) => Bytes::new(),
        }
    }

    /// What is kept of it for the request log, beside its messages; `None` for what is no conversation.
    pub(crate) fn around(&self) -> Option<Around> {
        let Self::Chat(request) = self else { return None };
        Some(Around { body: request.body().clone(), messages: request.messages_at(), ..Around::default() })
    }

    /// Its name in the record.
    pub(crate) fn endpoint(&self) -> &'static str {
        match self {
            Self::Chat(request) => request.inbound().endpoint(),
            Self::Embeddings(_) => "embeddings",
        }
    }

    /// The parameter that refers to what one provider keeps.
    pub(crate) fn keeper(&self) -> Option<&str> {
        match self {
            Self::Chat(request) => request.inbound().keeper(),
            Self::Embeddings(_) => None,
        }
    }

    /// Whether the client may name what is answered in a later request, instead of sending it back.
    pub(crate) fn counts_on_memory(&self) -> bool {
        matches!(self, Self::Chat(request) if request.inbound().counts_on_memory())
    }

    /// What whoever serves it must be able to do.
    pub(crate) fn needs(&self) -> Needs {
        match self {
            Self::Chat(request) => {
                let shape = request.shape();
                Needs {
                    vision: shape.images > 0,
                    tools: shape.tools > 0,
                    forced_tool: shape.forced_tool,
                    json_object: shape.json_object,
                    response_schema: shape.json_schema,
                    text_bytes: shape.text_bytes,
                }
            }
            Self::Embeddings(_) => Needs::default(),
        }
    }

    /// Whether the provider of this model can be told what is asked for; one that is not configured is no matter here.
    pub(crate) fn fits(&self, config: &Config, model: &ModelRef) -> bool {
        let Self::Chat(request) = self else { return true };
        if !request.is_particular() {
            return true;
        }
        config.providers.get(&model.provider).is_none_or(|provider| request.fits(&provider.target(&model.model, None)))
    }

    /// What its complexity is made of; `None` for what is no conversation.
    pub(crate) fn asked(&self) -> Option<Asked> {
        let Self::Chat(request) = self else { return None };
        let shape = request.shape();
        let messages = request.messages_json();
        let said = wire::said(messages, READ_FOR_COMPLEXITY);
        Some(Asked {
            messages: shape.messages,
            system_tokens: rough(said.system.len() as u64),
            tokens: rough(shape.text_bytes),
            tools: shape.tools > 0,
            code: memchr::memmem::find(messages.as_bytes(), b"```").is_some(),
            format: shape.json_object || shape.json_schema,
            intent: intent(&said.last_user),
        })
    }

    /// The kind of task that benchmarks would call it.
    pub(crate) fn task_kind(&self, intent: Intent) -> TaskKind {
        let needs = self.needs();
        match intent {
            _ if needs.vision => TaskKind::Vision,
            _ if needs.tools => TaskKind::Tools,
            Intent::Code => TaskKind::Code,
            Intent::Math => TaskKind::Math,
            Intent::Reasoning => TaskKind::Reasoning,
            Intent::General => TaskKind::General,
        }
    }

    /// Tokens of its input, roughly.
    pub(crate) fn input_tokens(&self) -> u64 {
        rough(match self {
            Self::Chat(request) => request.shape().text_bytes,
            Self::Embeddings(_) => 0,
        })
    }

    /// Tokens that its answer may have.
    pub(crate) fn max_output_tokens(&self) -> Option<u64> {
        match self {
            Self::Chat(request) => request.max_output_tokens(),
            Self::Embeddings(_) => Some(0),
        }
    }

    /// How many answers it asks for.
    pub(crate) fn answers(&self) -> u64 {
        match self {
            Self::Chat(request) => u64::from(request.n()),
            Self::Embeddings(_) => 1,
        }
    }

    /// The call that this target understands.
    pub(crate) fn encode(&self, target: &Target<'_>, labels: &Labels, given: &Given) -> Result<Outgoing, ApiError> {
        match self {
            Self::Chat(request) => wire::encode_chat(request, target, labels.reasoning_effort.as_deref(), given),
            Self::Embeddings(request) => wire::encode_embeddings(request, target),
        }
    }

    /// Who reads the target's stream.
    pub(crate) fn decoder(&self, target: &Target<'_>, context: AnswerContext<'_>) -> StreamDecoder {
        let inbound = match self {
            Self::Chat(request) => request.inbound(),
            Self::Embeddings(_) => &Inbound::Chat,
        };
        StreamDecoder::new(target, context, self.prompt(), inbound)
    }

    /// The target's answer in the client's dialect.
    pub(crate) fn decode(&self, target: &Target<'_>, context: &AnswerContext<'_>, body: Bytes) -> Result<Whole, Fault> {
        match self {
            Self::Chat(request) => wire::decode_chat(request, target, context, body).map(|decoded| Whole {
                body: decoded.body,
                usage: decoded.usage,
                answer: Some(decoded.answer),
                finish: decoded.finish,
            }),
            Self::Embeddings(request) => wire::decode_embeddings(request, target, body).map(|decoded| Whole {
                body: decoded.body,
                usage: decoded.usage,
                answer: None,
                finish: None,
            }),
        }
    }
}
