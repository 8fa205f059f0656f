//! Where the lines of a batch may go: one row each.

use crate::base::{ApiError, ModelRef, RequestId};
use crate::gateway::{Body, Caller, Forwarded, Gateway};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Response};
use std::sync::Arc;

/// An endpoint that answers lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// Conversations.
    Chat,
    /// Conversations as Responses.
    Responses,
    /// Texts as vectors.
    Embeddings,
}

impl Endpoint {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Chat, Self::Responses, Self::Embeddings];

    /// Its path, as lines name it.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Chat => "/v1/chat/completions",
            Self::Responses => "/v1/responses",
            Self::Embeddings => "/v1/embeddings",
        }
    }

    /// The endpoint with this path.
    #[must_use]
    pub fn at(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|endpoint| endpoint.path() == path)
    }

    /// One line on its way to a batch of this model's provider.
    pub(super) fn forward(
        self,
        gateway: &Arc<Gateway>,
        caller: Caller,
        headers: &HeaderMap,
        body: Bytes,
        model: &ModelRef,
    ) -> Result<Forwarded, ApiError> {
        match self {
            Self::Chat => gateway.forward_chat(caller, headers, body, model),
            Self::Responses => gateway.forward_responses(caller, headers, body, model),
            Self::Embeddings => gateway.forward_embeddings(caller, headers, body, model),
        }
    }

    /// Answers one line.
    pub(super) async fn answer(
        self,
        gateway: &Arc<Gateway>,
        caller: Caller,
        head: &Parts,
        body: Bytes,
        id: RequestId,
    ) -> Response<Body> {
        match self {
            Self::Chat => gateway.chat(caller, head, body, id).await,
            Self::Responses => gateway.responses(caller, head, body, id).await,
            Self::Embeddings => gateway.embeddings(caller, head, body, id).await,
        }
    }
}
