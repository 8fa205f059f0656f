//! A chat completion and its chunks, as far as they are put into the words of other dialects.

use serde::Deserialize;
use serde_json::Value;

/// A whole answer.
#[derive(Debug, Deserialize)]
pub(super) struct Completion {
    pub(super) id: Option<String>,
    pub(super) model: Option<String>,
    #[serde(default)]
    pub(super) choices: Vec<Choice>,
    pub(super) usage: Option<Counts>,
}

/// One of its choices; dialects without several answers look at the first.
#[derive(Debug, Deserialize)]
pub(super) struct Choice {
    pub(super) message: Option<Said>,
    pub(super) finish_reason: Option<String>,
    pub(super) logprobs: Option<Logprobs>,
}

/// The assistant's message.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Said {
    pub(super) content: Option<String>,
    pub(super) refusal: Option<String>,
    pub(super) reasoning_content: Option<String>,
    pub(super) thinking_blocks: Option<Vec<Value>>,
    pub(super) tool_calls: Option<Vec<Call>>,
}

/// A call, or a piece of one.
#[derive(Debug, Deserialize)]
pub(super) struct Call {
    #[serde(default)]
    pub(super) index: u64,
    pub(super) id: Option<String>,
    pub(super) function: Option<Function>,
}

/// What is called, and with what.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Function {
    pub(super) name: Option<String>,
    pub(super) arguments: Option<String>,
}

/// How likely the tokens of the text were.
#[derive(Debug, Deserialize)]
pub(super) struct Logprobs {
    pub(super) content: Option<Vec<Value>>,
}

/// A piece of a streamed answer.
#[derive(Debug, Deserialize)]
pub(super) struct Chunk {
    pub(super) id: Option<String>,
    pub(super) model: Option<String>,
    #[serde(default)]
    pub(super) choices: Vec<ChunkChoice>,
    pub(super) usage: Option<Counts>,
}

/// What it adds.
#[derive(Debug, Deserialize)]
pub(super) struct ChunkChoice {
    pub(super) delta: Option<Said>,
    pub(super) finish_reason: Option<String>,
    pub(super) logprobs: Option<Logprobs>,
}

/// Token counts as chat completions have them.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Counts {
    #[serde(default)]
    pub(super) prompt_tokens: u64,
    #[serde(default)]
    pub(super) completion_tokens: u64,
    prompt_tokens_details: Option<InputDetails>,
    completion_tokens_details: Option<OutputDetails>,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct InputDetails {
    cached_tokens: Option<u64>,
    cache_write_tokens: Option<u64>,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct OutputDetails {
    reasoning_tokens: Option<u64>,
}

impl Counts {
    /// The part of the prompt that came from a cache.
    pub(super) fn cached(&self) -> u64 {
        self.prompt_tokens_details.as_ref().and_then(|details| details.cached_tokens).unwrap_or(0)
    }

    /// The part of the prompt that was put into a cache.
    pub(super) fn cache_written(&self) -> u64 {
        self.prompt_tokens_details.as_ref().and_then(|details| details.cache_write_tokens).unwrap_or(0)
    }

    /// The part of the answer that was thought, not said.
    pub(super) fn reasoning(&self) -> u64 {
        self.completion_tokens_details.as_ref().and_then(|details| details.reasoning_tokens).unwrap_or(0)
    }
}
