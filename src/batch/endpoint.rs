//! Where the lines of a batch may go: one row each.

use crate::gateway::Form;

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

    /// What its lines are to the gateway.
    pub(super) const fn form(self) -> Form {
        match self {
            Self::Chat => Form::Chat,
            Self::Responses => Form::Responses,
            Self::Embeddings => Form::Embeddings,
        }
    }
}
