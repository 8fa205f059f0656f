//! What is known about one model: limits, prices, capabilities. Unknown is `None`, never zero.

use super::id::ModelRef;
use super::money::{MicroUsd, PicoUsdPerToken, micro_usd_from_pico};

/// Prices of one model; `None` = unknown, 0 = free.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Prices {
    /// Uncached input.
    pub input: Option<PicoUsdPerToken>,
    /// Output, reasoning included.
    pub output: Option<PicoUsdPerToken>,
    /// Input read from the provider's prompt cache; unknown means the input price.
    pub cache_read: Option<PicoUsdPerToken>,
    /// Input written to the provider's prompt cache; unknown means the input price.
    pub cache_write: Option<PicoUsdPerToken>,
}

/// Token counts of one call. `input` includes cached reads and writes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TokenUsage {
    /// All input tokens.
    pub input: u64,
    /// All output tokens, reasoning included.
    pub output: u64,
    /// The part of `input` read from the provider's prompt cache.
    pub cached_input: u64,
    /// The part of `input` written to the provider's prompt cache.
    pub cache_write: u64,
    /// The part of `output` spent on reasoning.
    pub reasoning: u64,
    /// Whether any count is ours because the upstream gave none.
    pub estimated: bool,
}

impl Prices {
    /// What this usage costs, rounded half up to the micro-USD; `None` where a price that it needs is unknown.
    #[must_use]
    pub fn cost(&self, usage: &TokenUsage) -> Option<MicroUsd> {
        let input = self.input?;
        let output = if usage.output == 0 { PicoUsdPerToken(0) } else { self.output? };
        let cached = usage.cached_input.min(usage.input);
        let written = usage.cache_write.min(usage.input - cached);
        let plain = usage.input - cached - written;
        let pico = input.times(plain)
            + self.cache_read.unwrap_or(input).times(cached)
            + self.cache_write.unwrap_or(input).times(written)
            + output.times(usage.output);
        Some(micro_usd_from_pico(pico))
    }
}

/// What a model can do, as far as the catalogue states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Capability {
    /// Image input.
    Vision,
    /// Function tools.
    Tools,
    /// JSON schema as response format.
    ResponseSchema,
    /// Reasoning (thinking).
    Reasoning,
    /// `temperature`, `top_p`, `top_k` are accepted.
    SamplingParams,
    /// Anthropic's adaptive thinking.
    AdaptiveThinking,
    /// Thinking cannot be switched off.
    ThinkingAlwaysOn,
    /// A system message in mid-conversation is accepted.
    MidConversationSystem,
    /// `tool_choice` may force a tool.
    ForcedToolUse,
    /// The last message may be the assistant's.
    AssistantPrefill,
    /// The reasoning effort `xhigh` is accepted.
    EffortXhigh,
    /// The reasoning effort `max` is accepted.
    EffortMax,
    /// Any JSON object as response format.
    JsonObject,
    /// A JSON object as response format in a request that offers tools.
    JsonBesideTools,
    /// JSON schema as response format in a request that offers tools.
    SchemaBesideTools,
}

impl Capability {
    /// The words by which the configuration and `GET /v1/models` know them.
    pub const WORDS: &[(&str, Self)] = &[
        ("tools", Self::Tools),
        ("vision", Self::Vision),
        ("response_schema", Self::ResponseSchema),
        ("reasoning", Self::Reasoning),
        ("sampling_params", Self::SamplingParams),
        ("adaptive_thinking", Self::AdaptiveThinking),
        ("thinking_always_on", Self::ThinkingAlwaysOn),
        ("mid_conversation_system", Self::MidConversationSystem),
        ("forced_tool_use", Self::ForcedToolUse),
        ("assistant_prefill", Self::AssistantPrefill),
    ];
}

/// A set of stated capabilities: each is true, false or not stated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Capabilities {
    stated: u16,
    yes: u16,
}

impl Capabilities {
    /// Whether the model has it: `None` = not stated, which is not the same as no.
    #[must_use]
    pub fn get(self, capability: Capability) -> Option<bool> {
        let bit = 1 << capability as u16;
        (self.stated & bit != 0).then_some(self.yes & bit != 0)
    }

    /// All of these stated as lacking, and nothing else.
    #[must_use]
    pub fn lacking(all: impl IntoIterator<Item = Capability>) -> Self {
        let mut capabilities = Self::default();
        all.into_iter().for_each(|capability| capabilities.set(capability, false));
        capabilities
    }

    /// States it.
    pub fn set(&mut self, capability: Capability, yes: bool) {
        let bit = 1 << capability as u16;
        self.stated |= bit;
        self.yes = if yes { self.yes | bit } else { self.yes & !bit };
    }
}

/// The use a model is made for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Chat completions.
    #[default]
    Chat,
    /// Only on `/responses`.
    Responses,
    /// Text completion.
    Completion,
    /// Embeddings.
    Embedding,
}

/// One model of the catalogue (built in, or added by the configuration).
#[derive(Debug, Clone, PartialEq)]
pub struct ModelInfo {
    /// Provider and model.
    pub id: ModelRef,
    /// What it is a deployment of.
    pub base: Option<ModelRef>,
    /// Its use.
    pub mode: Mode,
    /// Longest input in tokens.
    pub max_input_tokens: Option<u64>,
    /// Longest output in tokens.
    pub max_output_tokens: Option<u64>,
    /// Prices at short prompts.
    pub prices: Prices,
    /// Prices for the whole request when the prompt is longer than the given token count, ascending.
    pub long_context: Vec<(u64, Prices)>,
    /// What it can do.
    pub capabilities: Capabilities,
    /// What the operator believes of its quality on Day 0 (0..1).
    pub prior_quality: Option<f64>,
}

impl ModelInfo {
    /// A model of which nothing is known.
    #[must_use]
    pub fn unknown(id: ModelRef) -> Self {
        Self {
            id,
            base: None,
            mode: Mode::Chat,
            max_input_tokens: None,
            max_output_tokens: None,
            prices: Prices::default(),
            long_context: Vec::new(),
            capabilities: Capabilities::default(),
            prior_quality: None,
        }
    }

    /// What this usage costs at this model, long-context prices included; `None` = a price is unknown.
    #[must_use]
    pub fn cost(&self, usage: &TokenUsage) -> Option<MicroUsd> {
        let tier = self.long_context.iter().rev().find(|(above, _)| usage.input > *above);
        tier.map_or(&self.prices, |(_, prices)| prices).cost(usage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(usd: f64) -> Option<PicoUsdPerToken> {
        PicoUsdPerToken::from_usd_per_mtok(usd)
    }

    #[test]
    fn cached_tokens_have_their_own_price() {
        let prices = Prices { input: price(2.0), output: price(8.0), cache_read: price(0.5), cache_write: price(2.5) };
        let usage =
            TokenUsage { input: 1000, output: 100, cached_input: 600, cache_write: 100, ..TokenUsage::default() };
        assert_eq!(prices.cost(&usage), Some(MicroUsd(600 + 300 + 250 + 800)));
    }

    #[test]
    fn an_unknown_price_is_not_zero() {
        let prices = Prices { input: price(2.0), ..Prices::default() };
        assert_eq!(prices.cost(&TokenUsage { input: 10, output: 1, ..TokenUsage::default() }), None);
        assert_eq!(prices.cost(&TokenUsage { input: 10, ..TokenUsage::default() }), Some(MicroUsd(20)));
        assert_eq!(Prices::default().cost(&TokenUsage::default()), None);
    }

    #[test]
    fn long_prompts_take_the_long_price_for_the_whole_request() {
        let mut info = ModelInfo::unknown(ModelRef::new("gemini", "pro"));
        info.prices = Prices { input: price(1.0), output: price(1.0), ..Prices::default() };
        info.long_context = vec![(200, Prices { input: price(2.0), output: price(3.0), ..Prices::default() })];
        let usage = |input| TokenUsage { input, output: 10, ..TokenUsage::default() };
        assert_eq!(info.cost(&usage(200)), Some(MicroUsd(210)));
        assert_eq!(info.cost(&usage(201)), Some(MicroUsd(402 + 30)));
    }

    #[test]
    fn not_stated_is_not_no() {
        let mut set = Capabilities::default();
        assert_eq!(set.get(Capability::Vision), None);
        set.set(Capability::Vision, false);
        assert_eq!(set.get(Capability::Vision), Some(false));
        set.set(Capability::AssistantPrefill, true);
        assert_eq!(set.get(Capability::AssistantPrefill), Some(true));
    }
}
