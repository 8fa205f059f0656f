//! One row: what a provider wants otherwise.

use super::reasoning::{PLAIN, Reasoning};
use crate::wire::target::Dialect;
use crate::wire::vertex::Publisher;

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

/// Which of the members that only OpenAI knows are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// All.
    All,
    /// These; the others are left out.
    Only(&'static [&'static str]),
}

/// Which response formats there are besides text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Formats {
    /// Any JSON object.
    Object,
    /// JSON that fits a schema.
    Schema,
    /// Both.
    Both,
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

/// What becomes of `strict` in tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strict {
    /// It is known.
    Keep,
    /// It is refused.
    Strip,
    /// It must be the same on all tools.
    Alike,
}

/// In which order messages must come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Any.
    Any,
    /// An assistant's message between a tool's and a user's; the assistant's last word is a beginning to go on from.
    AssistantAfterTool,
    /// After the system messages, user and assistant take turns, and the user has the last word.
    Alternate,
    /// One system message, at the top.
    OneSystem,
}

/// Whether an assistant's `reasoning_content` goes back to who made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replays {
    /// It is refused.
    Never,
    /// It may.
    AsGiven,
    /// It must while the model thinks, and must not otherwise.
    WhileThinking,
}

/// What stands as the content of an assistant's message that only calls tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallsContent {
    /// Nothing: the member is absent.
    Absent,
    /// The empty text.
    Empty,
}

/// Whose content must be one string where it is a list of texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinsText {
    /// Nobody's.
    Nobody,
    /// That of tool messages.
    Tools,
    /// Everybody's.
    All,
}

/// The form of a provider's own batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchApi {
    /// Files and batches, as at OpenAI.
    OpenAi,
    /// Message batches, as at Anthropic.
    Anthropic,
}

/// A provider's own batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchTerms {
    /// Their form.
    pub api: BatchApi,
    /// What a token costs in them, percent of its usual price.
    pub percent: u8,
}

/// OpenAI's batches.
pub(super) const HALF_PRICE: Option<BatchTerms> = Some(BatchTerms { api: BatchApi::OpenAi, percent: 50 });
/// Batches as at OpenAI, whose price nobody has told us.
pub(super) const BATCHES: Option<BatchTerms> = Some(BatchTerms { api: BatchApi::OpenAi, percent: 100 });

/// One provider.
#[derive(Debug, PartialEq)]
pub struct Quirks {
    /// Its id in configuration.
    pub kind: &'static str,
    /// What it speaks.
    pub dialect: Dialect,
    /// Where it is.
    pub base_url: &'static str,
    /// The environment variable that holds its address, where each customer has an own one.
    pub address_env: Option<&'static str>,
    /// Environment variables that hold its key, in order.
    pub key_env: &'static [&'static str],
    /// What stands before a model's name that has no `/`.
    pub model_prefix: Option<&'static str>,

    /// Path of embeddings; `None` = there are none.
    pub embeddings: Option<&'static str>,
    /// Whether OpenAI's Responses API is served, at `/responses`.
    pub responses: bool,
    /// Whether it counts the tokens of a Responses request, at `/responses/input_tokens`.
    pub counts_responses: bool,
    /// Its own batches; `None` = it has none that we can use.
    pub batches: Option<BatchTerms>,
    /// What `dimensions` of embeddings is called.
    pub dimensions: &'static str,
    /// Texts in one call for embeddings, at most.
    pub max_embedding_inputs: usize,

    /// Which of OpenAI's own members it knows.
    pub takes: Takes,
    /// Further top-level members that it refuses or does not know: left out, or refused by policy.
    pub drops: &'static [&'static str],
    /// Top-level members that it does not know and without which the answer would be wrong.
    pub refuses: &'static [&'static str],
    /// Top-level members under another name.
    pub renames: &'static [(&'static str, &'static str)],
    /// Values under another name: the member, OpenAI's JSON, its own. A member that is named here takes no other value.
    pub values: &'static [(&'static str, &'static str, &'static str)],
    /// Members that are always sent, with their JSON, where the caller does not set them.
    pub adds: &'static [(&'static str, &'static str)],

    /// Name of the token limit.
    pub max_tokens: MaxTokens,
    /// Whether a token limit is sent where the caller sets none: its own default is too low, or there is none.
    pub needs_max_tokens: bool,
    /// Highest token limit.
    pub most_tokens: Option<u64>,
    /// Whether `stream_options` exists.
    pub stream_options: bool,
    /// Texts that may end an answer, at most.
    pub max_stops: usize,
    /// Whether `stop` must be a list.
    pub stop_list: bool,
    /// Whether only one of the two penalties may be set.
    pub one_penalty: bool,
    /// Whether `logprobs` is a number.
    pub int_logprobs: bool,
    /// Highest `n`.
    pub max_n: u32,
    /// Whether a stream has one answer only.
    pub one_when_streamed: bool,
    /// What `temperature: 0` becomes.
    pub zero_temperature: Option<f64>,
    /// Highest `temperature`, where it is below OpenAI's 2.
    pub max_temperature: Option<f64>,

    /// Whether the role `developer` exists.
    pub developer: bool,
    /// Members of messages that it refuses.
    pub message_drops: &'static [&'static str],
    /// The only members of messages that it takes, where it refuses all others.
    pub message_members: Option<&'static [&'static str]>,
    /// `reasoning_content` of the assistant's messages.
    pub replays: Replays,
    /// The content of messages that only call tools.
    pub calls_content: CallsContent,
    /// Content that must be one string.
    pub joins_text: JoinsText,
    /// Whether there is nothing but text.
    pub text_only: bool,
    /// Whether images must be `data:` URLs.
    pub inline_images_only: bool,
    /// Whether tool-call ids must be nine letters or digits.
    pub nine_char_ids: bool,
    /// The order of messages.
    pub order: Order,

    /// `tool_choice`.
    pub tool_choices: ToolChoices,
    /// `strict` in tools.
    pub strict: Strict,
    /// Whether a tool without arguments has to say so by a schema.
    pub needs_parameters: bool,
    /// Keywords of JSON schema that tools must not hold.
    pub schema_drops: &'static [&'static str],
    /// `response_format`.
    pub formats: Formats,
    /// Beginnings of the names of models that take a schema; none = all.
    pub schema_models: &'static [&'static str],
    /// Whether a schema goes neither with tools nor with a stream.
    pub schema_alone: bool,
    /// How it is told to think.
    pub reasoning: Reasoning,

    /// Whether answers are known to be as OpenAI's, so that good ones pass untouched.
    pub clean: bool,
    /// Whether `completion_tokens` leaves reasoning out.
    pub reasoning_apart: bool,
    /// Whether reasoning may stand between `<think>` and `</think>` at the beginning of the text.
    pub think_tags: bool,
    /// Whether OpenAI's reasoning models are served, which refuse sampling parameters.
    pub refuses_when_reasoning: bool,
    /// Status codes that mean that the gateway's own key is refused, besides 401 and 403.
    pub key_refused: &'static [u16],
    /// Whose models these are, at Vertex.
    pub publisher: Option<Publisher>,
}

impl Quirks {
    /// As many answers as one call gives at most.
    #[must_use]
    pub fn answers_per_call(&self, stream: bool) -> u32 {
        if self.drops("n") || stream && self.one_when_streamed { 1 } else { self.max_n }
    }

    /// Whether this top-level member is left out.
    #[must_use]
    pub fn drops(&self, member: &str) -> bool {
        let openais = match self.takes {
            Takes::All => false,
            Takes::Only(taken) => OPENAI_ONLY.contains(&member) && !taken.contains(&member),
        };
        openais || self.drops.contains(&member)
    }

    /// Whether this member of a message is left out.
    pub(in crate::wire) fn drops_of_message(&self, member: &str) -> bool {
        !self.clean && EXTRAS.contains(&member)
            || self.message_drops.contains(&member)
            || self.message_members.is_some_and(|members| !members.contains(&member))
    }

    /// Whether this model keeps an answer to a schema.
    pub(in crate::wire) fn keeps_schemas(&self, model: &str) -> bool {
        self.formats != Formats::Object
            && (self.schema_models.is_empty() || super::reasoning::begins(self.schema_models, model))
    }
}

/// Members that only OpenAI knows.
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

/// Members of messages that other providers and gateways made: never sent to who speaks nearly OpenAI's dialect.
const EXTRAS: &[&str] = &[
    "refusal",
    "annotations",
    "audio",
    "provider_specific_fields",
    "function_call",
    "thinking_blocks",
    "cache_control",
];

/// OpenAI itself: what all rows are made from.
pub(in crate::wire) const OPENAI: Quirks = Quirks {
    kind: "openai",
    dialect: Dialect::OpenAiChat,
    base_url: "https://api.openai.com/v1",
    address_env: None,
    key_env: &["OPENAI_API_KEY"],
    model_prefix: None,
    embeddings: Some("/embeddings"),
    responses: false,
    counts_responses: false,
    batches: None,
    dimensions: "dimensions",
    max_embedding_inputs: usize::MAX,
    takes: Takes::All,
    drops: &[],
    refuses: &[],
    renames: &[],
    values: &[],
    adds: &[],
    max_tokens: MaxTokens::AsIs,
    needs_max_tokens: false,
    most_tokens: None,
    stream_options: true,
    max_stops: usize::MAX,
    stop_list: false,
    one_penalty: false,
    int_logprobs: false,
    max_n: 128,
    one_when_streamed: false,
    zero_temperature: None,
    max_temperature: None,
    developer: true,
    message_drops: &[],
    message_members: None,
    replays: Replays::AsGiven,
    calls_content: CallsContent::Absent,
    joins_text: JoinsText::Nobody,
    text_only: false,
    inline_images_only: false,
    nine_char_ids: false,
    order: Order::Any,
    tool_choices: ToolChoices::All,
    strict: Strict::Keep,
    needs_parameters: false,
    schema_drops: &[],
    formats: Formats::Both,
    schema_models: &[],
    schema_alone: false,
    reasoning: PLAIN,
    clean: true,
    reasoning_apart: false,
    think_tags: false,
    refuses_when_reasoning: true,
    key_refused: &[],
    publisher: None,
};
