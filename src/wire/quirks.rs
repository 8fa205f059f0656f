//! The providers' deviations from OpenAI's dialect, as data: one row a provider.
//!
//! A row says what to change on the way out and what to repair on the way back; the code in
//! `wire/openai` reads rows and knows no provider by name.

use super::target::Dialect;

/// Which name the limit on output tokens has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaxTokens {
    /// As the client wrote it.
    AsIs,
    /// `max_tokens`.
    MaxTokens,
    /// `max_completion_tokens`.
    MaxCompletionTokens,
}

/// Which response formats there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Formats {
    /// Text only.
    Text,
    /// And any JSON object.
    JsonObject,
    /// And JSON that fits a schema.
    JsonSchema,
}

/// Which values `tool_choice` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToolChoices {
    /// All of OpenAI's.
    All,
    /// `auto` and `none`.
    AutoNone,
    /// None: the parameter does not exist.
    Absent,
    /// There are no tools at all.
    NoTools,
}

/// In which order messages must come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Any.
    Any,
    /// An assistant's message between a tool's and a user's.
    AssistantAfterTool,
    /// After the system messages, user and assistant take turns, and the user has the last word.
    Alternate,
    /// One system message, at the top.
    OneSystem,
}

/// One provider.
#[derive(Debug, PartialEq)]
pub struct Quirks {
    /// Its id in configuration.
    pub kind: &'static str,
    /// What it speaks; `None` = not available in this release.
    pub dialect: Option<Dialect>,
    /// Where it is.
    pub base_url: &'static str,
    /// The environment variable that holds its address, where each customer has an own one.
    pub address_env: Option<&'static str>,
    /// Environment variables that hold its key, in order.
    pub key_env: &'static [&'static str],
    /// Path of embeddings; `None` = there are none.
    pub embeddings: Option<&'static str>,
    /// Whether OpenAI's Responses API is served, at `/responses`.
    pub responses: bool,
    /// Top-level members that it refuses or does not know: left out, or refused by policy.
    pub drops: &'static [&'static str],
    /// Top-level members under another name.
    pub renames: &'static [(&'static str, &'static str)],
    /// Name of the token limit.
    pub max_tokens: MaxTokens,
    /// Whether `stream_options` exists.
    pub stream_options: bool,
    /// Whether the role `developer` exists.
    pub developer: bool,
    /// Members of messages that it refuses.
    pub message_drops: &'static [&'static str],
    /// Whether content that is a list of texts must be one string.
    pub joins_text: bool,
    /// Whether tool-call ids must be nine letters or digits.
    pub nine_char_ids: bool,
    /// The order of messages.
    pub order: Order,
    /// `tool_choice`.
    pub tool_choices: ToolChoices,
    /// Whether `strict` in tools is refused.
    pub strips_strict: bool,
    /// `response_format`.
    pub formats: Formats,
    /// Whether `logprobs` is a number.
    pub int_logprobs: bool,
    /// Highest `n`.
    pub max_n: u32,
    /// Highest `temperature`, where it is below OpenAI's 2.
    pub max_temperature: Option<f64>,
    /// Whether images must be `data:` URLs.
    pub inline_images_only: bool,
    /// Whether answers are known to be as OpenAI's, so that good ones pass untouched.
    pub clean: bool,
    /// Whether `completion_tokens` leaves reasoning out.
    pub reasoning_apart: bool,
    /// Whether OpenAI's reasoning models are served, which refuse sampling parameters.
    pub refuses_when_reasoning: bool,
}

impl Quirks {
    /// As many answers as one call gives at most.
    #[must_use]
    pub fn answers_per_call(&self) -> u32 {
        if self.drops.contains(&"n") { 1 } else { self.max_n }
    }
}

/// Members that only OpenAI knows: never sent to a provider whose row does not say that it takes them.
const OPENAI_ONLY: &[&str] = &[
    "store",
    "metadata",
    "service_tier",
    "safety_identifier",
    "prompt_cache_key",
    "prompt_cache_retention",
    "prompt_cache_options",
    "verbosity",
    "moderation",
    "modalities",
    "audio",
    "prediction",
    "web_search_options",
    "user",
];

/// What strict message schemas refuse of a replayed assistant message.
const ASSISTANT_EXTRAS: &[&str] = &[
    "reasoning_content",
    "refusal",
    "annotations",
    "audio",
    "provider_specific_fields",
    "function_call",
    "thinking_blocks",
];

const OPENAI: Quirks = Quirks {
    kind: "openai",
    dialect: Some(Dialect::OpenAiChat),
    base_url: "https://api.openai.com/v1",
    address_env: None,
    key_env: &["OPENAI_API_KEY"],
    embeddings: Some("/embeddings"),
    responses: false,
    drops: &[],
    renames: &[],
    max_tokens: MaxTokens::AsIs,
    stream_options: true,
    developer: true,
    message_drops: &[],
    joins_text: false,
    nine_char_ids: false,
    order: Order::Any,
    tool_choices: ToolChoices::All,
    strips_strict: false,
    formats: Formats::JsonSchema,
    int_logprobs: false,
    max_n: 128,
    max_temperature: None,
    inline_images_only: false,
    clean: true,
    reasoning_apart: false,
    refuses_when_reasoning: true,
};

/// Any endpoint that speaks OpenAI's dialect: what the client wrote is sent as it is.
const GENERIC: Quirks =
    Quirks { kind: "openai-chat", base_url: "", key_env: &[], refuses_when_reasoning: false, ..OPENAI };

/// What the thirteen have in common.
const COMPATIBLE: Quirks = Quirks {
    key_env: &[],
    drops: OPENAI_ONLY,
    max_tokens: MaxTokens::MaxTokens,
    developer: false,
    message_drops: ASSISTANT_EXTRAS,
    clean: false,
    refuses_when_reasoning: false,
    ..OPENAI
};

/// A provider whose dialect comes with a later release.
const LATER: Quirks = Quirks { dialect: None, ..OPENAI };

static ROWS: &[Quirks] = &[
    Quirks { responses: true, ..OPENAI },
    Quirks {
        kind: "anthropic",
        max_n: 1,
        dialect: Some(Dialect::AnthropicMessages),
        base_url: "https://api.anthropic.com",
        key_env: &["ANTHROPIC_API_KEY"],
        embeddings: None,
        ..OPENAI
    },
    Quirks {
        kind: "gemini",
        dialect: Some(Dialect::Gemini),
        base_url: "https://generativelanguage.googleapis.com/v1beta",
        key_env: &["GEMINI_API_KEY", "GOOGLE_API_KEY"],
        embeddings: None,
        max_n: 1,
        inline_images_only: true,
        ..OPENAI
    },
    Quirks {
        kind: "vertex",
        base_url: "https://aiplatform.googleapis.com/v1",
        key_env: &["GOOGLE_APPLICATION_CREDENTIALS"],
        ..LATER
    },
    Quirks {
        kind: "bedrock",
        dialect: Some(Dialect::Bedrock),
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
        dialect: Some(Dialect::AzureV1),
        base_url: "",
        address_env: Some("AZURE_OPENAI_ENDPOINT"),
        key_env: &["AZURE_OPENAI_API_KEY"],
        responses: true,
        ..OPENAI
    },
    Quirks {
        kind: "deepseek",
        base_url: "https://api.deepseek.com",
        key_env: &["DEEPSEEK_API_KEY"],
        embeddings: None,
        drops: &[
            "store",
            "metadata",
            "service_tier",
            "safety_identifier",
            "prompt_cache_key",
            "prompt_cache_retention",
            "prompt_cache_options",
            "verbosity",
            "moderation",
            "modalities",
            "audio",
            "prediction",
            "web_search_options",
            "user",
            "seed",
            "n",
            "parallel_tool_calls",
        ],
        message_drops: &[
            "refusal",
            "annotations",
            "audio",
            "provider_specific_fields",
            "function_call",
            "thinking_blocks",
        ],
        joins_text: true,
        formats: Formats::JsonObject,
        max_n: 1,
        ..COMPATIBLE
    },
    Quirks {
        kind: "mistral",
        base_url: "https://api.mistral.ai/v1",
        key_env: &["MISTRAL_API_KEY"],
        drops: &[
            "store",
            "safety_identifier",
            "prompt_cache_retention",
            "prompt_cache_options",
            "verbosity",
            "moderation",
            "modalities",
            "audio",
            "web_search_options",
            "user",
            "logit_bias",
            "stream_options",
            "functions",
            "function_call",
        ],
        renames: &[("seed", "random_seed")],
        stream_options: false,
        message_drops: &[
            "reasoning_content",
            "refusal",
            "annotations",
            "audio",
            "provider_specific_fields",
            "function_call",
            "thinking_blocks",
            "cache_control",
            "name",
        ],
        nine_char_ids: true,
        order: Order::AssistantAfterTool,
        strips_strict: true,
        max_temperature: Some(1.5),
        ..COMPATIBLE
    },
    Quirks {
        kind: "xai",
        base_url: "https://api.x.ai/v1",
        key_env: &["XAI_API_KEY"],
        embeddings: None,
        responses: true,
        max_tokens: MaxTokens::AsIs,
        message_drops: &[
            "reasoning_content",
            "refusal",
            "annotations",
            "audio",
            "provider_specific_fields",
            "function_call",
            "thinking_blocks",
            "name",
        ],
        strips_strict: true,
        reasoning_apart: true,
        ..COMPATIBLE
    },
    Quirks {
        kind: "groq",
        base_url: "https://api.groq.com/openai/v1",
        key_env: &["GROQ_API_KEY"],
        embeddings: None,
        drops: &[
            "store",
            "metadata",
            "safety_identifier",
            "prompt_cache_key",
            "prompt_cache_retention",
            "prompt_cache_options",
            "verbosity",
            "moderation",
            "modalities",
            "audio",
            "prediction",
            "web_search_options",
            "user",
            "logprobs",
            "top_logprobs",
            "logit_bias",
        ],
        max_tokens: MaxTokens::AsIs,
        message_drops: &[
            "reasoning_content",
            "refusal",
            "annotations",
            "audio",
            "provider_specific_fields",
            "function_call",
            "thinking_blocks",
            "name",
        ],
        max_n: 1,
        ..COMPATIBLE
    },
    Quirks {
        kind: "cerebras",
        base_url: "https://api.cerebras.ai/v1",
        key_env: &["CEREBRAS_API_KEY"],
        embeddings: None,
        drops: &[
            "store",
            "metadata",
            "service_tier",
            "safety_identifier",
            "prompt_cache_key",
            "prompt_cache_retention",
            "prompt_cache_options",
            "verbosity",
            "moderation",
            "modalities",
            "audio",
            "prediction",
            "web_search_options",
            "user",
            "frequency_penalty",
            "presence_penalty",
            "logit_bias",
            "n",
        ],
        max_tokens: MaxTokens::MaxCompletionTokens,
        max_n: 1,
        max_temperature: Some(1.5),
        ..COMPATIBLE
    },
    Quirks {
        kind: "sambanova",
        base_url: "https://api.sambanova.ai/v1",
        key_env: &["SAMBANOVA_API_KEY"],
        max_tokens: MaxTokens::AsIs,
        joins_text: true,
        max_temperature: Some(1.0),
        inline_images_only: true,
        ..COMPATIBLE
    },
    Quirks {
        kind: "together",
        base_url: "https://api.together.ai/v1",
        key_env: &["TOGETHER_API_KEY"],
        message_drops: &[
            "refusal",
            "annotations",
            "audio",
            "provider_specific_fields",
            "function_call",
            "thinking_blocks",
        ],
        int_logprobs: true,
        ..COMPATIBLE
    },
    Quirks {
        kind: "fireworks",
        base_url: "https://api.fireworks.ai/inference/v1",
        key_env: &["FIREWORKS_API_KEY"],
        renames: &[("prompt_cache_key", "prompt_cache_isolation_key")],
        drops: &[
            "store",
            "metadata",
            "safety_identifier",
            "prompt_cache_retention",
            "prompt_cache_options",
            "verbosity",
            "moderation",
            "modalities",
            "audio",
            "prediction",
            "web_search_options",
            "user",
        ],
        ..COMPATIBLE
    },
    Quirks {
        kind: "perplexity",
        base_url: "https://api.perplexity.ai",
        key_env: &["PERPLEXITY_API_KEY", "PPLX_API_KEY", "PERPLEXITYAI_API_KEY"],
        embeddings: Some("/v1/embeddings"),
        drops: &[
            "store",
            "metadata",
            "service_tier",
            "safety_identifier",
            "prompt_cache_key",
            "prompt_cache_retention",
            "prompt_cache_options",
            "verbosity",
            "moderation",
            "modalities",
            "audio",
            "prediction",
            "user",
            "stop",
            "seed",
            "logprobs",
            "top_logprobs",
            "logit_bias",
            "n",
            "parallel_tool_calls",
        ],
        order: Order::Alternate,
        tool_choices: ToolChoices::NoTools,
        max_n: 1,
        ..COMPATIBLE
    },
    Quirks { kind: "cohere", base_url: "https://api.cohere.com", key_env: &["COHERE_API_KEY", "CO_API_KEY"], ..LATER },
    Quirks {
        kind: "ai21",
        base_url: "https://api.ai21.com/studio/v1",
        key_env: &["AI21_API_KEY"],
        embeddings: None,
        drops: &[
            "store",
            "metadata",
            "service_tier",
            "safety_identifier",
            "prompt_cache_key",
            "prompt_cache_retention",
            "prompt_cache_options",
            "verbosity",
            "moderation",
            "modalities",
            "audio",
            "prediction",
            "web_search_options",
            "user",
            "seed",
            "logprobs",
            "top_logprobs",
            "logit_bias",
            "presence_penalty",
            "frequency_penalty",
            "parallel_tool_calls",
            "stream_options",
            "reasoning_effort",
        ],
        stream_options: false,
        joins_text: true,
        order: Order::OneSystem,
        tool_choices: ToolChoices::Absent,
        formats: Formats::JsonObject,
        max_n: 16,
        ..COMPATIBLE
    },
    Quirks {
        kind: "deepinfra",
        base_url: "https://api.deepinfra.com/v1/openai",
        key_env: &["DEEPINFRA_API_KEY", "DEEPINFRA_TOKEN"],
        tool_choices: ToolChoices::AutoNone,
        max_n: 4,
        ..COMPATIBLE
    },
    Quirks {
        kind: "nebius",
        base_url: "https://api.tokenfactory.nebius.com/v1",
        key_env: &["NEBIUS_API_KEY"],
        ..COMPATIBLE
    },
    Quirks { kind: "novita", base_url: "https://api.novita.ai/openai/v1", key_env: &["NOVITA_API_KEY"], ..COMPATIBLE },
];

/// Kinds that are no provider of their own.
static OTHERS: &[Quirks] = &[
    GENERIC,
    Quirks {
        kind: "anthropic-messages",
        dialect: Some(Dialect::AnthropicMessages),
        embeddings: None,
        max_n: 1,
        ..GENERIC
    },
    Quirks {
        kind: "replay",
        dialect: Some(Dialect::Replay),
        embeddings: None,
        base_url: "http://replay.invalid",
        ..GENERIC
    },
];

/// The row of a kind; the generic one for a kind that has none.
#[must_use]
pub fn quirks(kind: &str) -> &'static Quirks {
    find(kind).unwrap_or_else(|| OTHERS.first().expect("the generic row stands first"))
}

/// The row of a kind that exists.
#[must_use]
pub fn find(kind: &str) -> Option<&'static Quirks> {
    ROWS.iter().chain(OTHERS).find(|row| row.kind == kind)
}

/// The twenty providers, in the order of their rows.
#[must_use]
pub fn providers() -> &'static [Quirks] {
    ROWS
}

/// Every kind that a configuration may name.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    ROWS.iter().chain(OTHERS).map(|row| row.kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_twenty_providers_each_with_its_own_name() {
        let mut kinds: Vec<_> = kinds().collect();
        assert_eq!(providers().len(), 20);
        kinds.sort_unstable();
        kinds.dedup();
        assert_eq!(kinds.len(), 23);
        assert_eq!(quirks("something-else").kind, "openai-chat");
    }
}
