//! OpenAI, the providers that speak a dialect of their own, and kinds that are no provider.

use super::row::{BatchApi, BatchTerms, HALF_PRICE, OPENAI, Quirks};
use crate::wire::target::Dialect;
use crate::wire::vertex::Publisher;

/// The providers.
pub(super) static OWN: &[Quirks] = &[
    Quirks { responses: true, counts_responses: true, batches: HALF_PRICE, ..OPENAI },
    Quirks {
        kind: "anthropic",
        max_n: 1,
        dialect: Dialect::AnthropicMessages,
        base_url: "https://api.anthropic.com",
        key_env: &["ANTHROPIC_API_KEY"],
        embeddings: None,
        batches: Some(BatchTerms { api: BatchApi::Anthropic, percent: 50 }),
        ..OPENAI
    },
    Quirks {
        kind: "gemini",
        dialect: Dialect::Gemini,
        base_url: "https://generativelanguage.googleapis.com/v1beta",
        key_env: &["GEMINI_API_KEY", "GOOGLE_API_KEY"],
        max_embedding_inputs: 100,
        max_n: 1,
        inline_images_only: true,
        ..OPENAI
    },
    Quirks {
        kind: "vertex",
        dialect: Dialect::Gemini,
        base_url: "https://aiplatform.googleapis.com",
        key_env: &["GOOGLE_APPLICATION_CREDENTIALS"],
        max_embedding_inputs: 100,
        max_n: 1,
        inline_images_only: true,
        publisher: Some(Publisher::Google),
        ..OPENAI
    },
    Quirks {
        kind: "bedrock",
        dialect: Dialect::Bedrock,
        base_url: "",
        address_env: Some("AWS_ENDPOINT_URL_BEDROCK_RUNTIME"),
        key_env: &["AWS_BEARER_TOKEN_BEDROCK"],
        embeddings: None,
        max_n: 1,
        inline_images_only: true,
        ..OPENAI
    },
    Quirks {
        kind: "azure",
        dialect: Dialect::AzureV1,
        base_url: "",
        address_env: Some("AZURE_OPENAI_ENDPOINT"),
        key_env: &["AZURE_OPENAI_API_KEY"],
        responses: true,
        batches: HALF_PRICE,
        ..OPENAI
    },
    Quirks {
        kind: "cohere",
        dialect: Dialect::Cohere,
        base_url: "https://api.cohere.com",
        key_env: &["COHERE_API_KEY", "CO_API_KEY"],
        embeddings: Some("/v2/embed"),
        max_embedding_inputs: 96,
        max_n: 1,
        key_refused: &[498],
        ..OPENAI
    },
];

/// Any endpoint that speaks OpenAI's dialect: what the client wrote is sent as it is.
const GENERIC: Quirks =
    Quirks { kind: "openai-chat", base_url: "", key_env: &[], refuses_when_reasoning: false, ..OPENAI };

/// Kinds that are no provider of their own.
pub(super) static OTHERS: &[Quirks] = &[
    GENERIC,
    Quirks { kind: "anthropic-messages", dialect: Dialect::AnthropicMessages, embeddings: None, max_n: 1, ..GENERIC },
    Quirks { kind: "replay", dialect: Dialect::Replay, embeddings: None, base_url: "http://replay.invalid", ..GENERIC },
];
