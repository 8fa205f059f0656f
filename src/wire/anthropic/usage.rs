//! Token counts. Anthropic's `input_tokens` leaves out what was read from and written to the prompt cache;
//! OpenAI's `prompt_tokens` holds everything:
//!
//! ```text
//! prompt_tokens = input_tokens + cache_creation_input_tokens + cache_read_input_tokens
//! ```

use crate::base::model::TokenUsage;
use crate::wire::tokens;
use serde::Deserialize;

/// `usage` as it stands in an answer or an event. In a stream it is cumulative and comes in parts.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub(in crate::wire) struct Usage {
    input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    output_tokens_details: Option<Details>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
struct Details {
    thinking_tokens: Option<u64>,
}

impl Usage {
    /// The counts of an answer that names all of them.
    pub(in crate::wire) fn of(input: u64, cache_write: u64, cache_read: u64, output: u64) -> Self {
        Self {
            input_tokens: Some(input),
            cache_creation_input_tokens: Some(cache_write),
            cache_read_input_tokens: Some(cache_read),
            output_tokens: Some(output),
            output_tokens_details: None,
        }
    }

    /// Takes over what a later event says.
    pub(super) fn update(&mut self, later: &Self) {
        self.input_tokens = later.input_tokens.or(self.input_tokens);
        self.cache_creation_input_tokens = later.cache_creation_input_tokens.or(self.cache_creation_input_tokens);
        self.cache_read_input_tokens = later.cache_read_input_tokens.or(self.cache_read_input_tokens);
        self.output_tokens = later.output_tokens.or(self.output_tokens);
        self.output_tokens_details = later.output_tokens_details.or(self.output_tokens_details);
    }

    /// The counts; `None` where none was ever named.
    pub(in crate::wire) fn counts(&self) -> Option<TokenUsage> {
        let cached_input = self.cache_read_input_tokens.unwrap_or_default();
        let cache_write = self.cache_creation_input_tokens.unwrap_or_default();
        Some(TokenUsage {
            input: self.input_tokens?.saturating_add(cached_input).saturating_add(cache_write),
            output: self.output_tokens.unwrap_or_default(),
            cached_input,
            cache_write,
            reasoning: self.output_tokens_details.and_then(|details| details.thinking_tokens).unwrap_or_default(),
            estimated: false,
        })
    }
}

/// Our own count of what was said to `prompt`, which the provider's own counts, as far as they go, outrank.
pub(super) fn counted(given: Option<TokenUsage>, prompt: &str, said: &str) -> TokenUsage {
    let given = given.unwrap_or_else(|| TokenUsage { input: tokens::count(prompt), ..TokenUsage::default() });
    TokenUsage { output: given.output.max(tokens::count(said)), estimated: true, ..given }
}
