//! Token counts as OpenAI's dialect writes them, and the variants of others.

use crate::base::model::TokenUsage;
use crate::wire::tokens;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Debug, Default, Deserialize)]
struct Written {
    #[serde(default)]
    prompt_tokens: Option<f64>,
    #[serde(default)]
    completion_tokens: Option<f64>,
    #[serde(default)]
    total_tokens: Option<f64>,
    #[serde(default)]
    prompt_tokens_details: Option<PromptDetails>,
    #[serde(default)]
    completion_tokens_details: Option<CompletionDetails>,
    #[serde(default)]
    prompt_cache_hit_tokens: Option<f64>,
    #[serde(default)]
    reasoning_tokens: Option<f64>,
}

#[derive(Debug, Default, Deserialize)]
struct PromptDetails {
    #[serde(default)]
    cached_tokens: Option<f64>,
    #[serde(default)]
    cache_write_tokens: Option<f64>,
}

#[derive(Debug, Default, Deserialize)]
struct CompletionDetails {
    #[serde(default)]
    reasoning_tokens: Option<f64>,
}

/// A count of tokens, which some providers write with a fraction.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what a count can be")]
pub(in crate::wire) fn whole(count: Option<f64>) -> u64 {
    count.filter(|count| count.is_finite()).unwrap_or(0.0).clamp(0.0, 1e12) as u64
}

/// Reads a `usage` object; `None` where it holds no counts.
pub(super) fn read(raw: &str, reasoning_apart: bool) -> Option<TokenUsage> {
    let written: Written = serde_json::from_str(raw).ok()?;
    if written.prompt_tokens.is_none() && written.completion_tokens.is_none() {
        return None;
    }
    let details = written.completion_tokens_details.unwrap_or_default();
    let reasoning = whole(details.reasoning_tokens.or(written.reasoning_tokens));
    let (input, mut output) = (whole(written.prompt_tokens), whole(written.completion_tokens));
    if reasoning_apart && reasoning > 0 && whole(written.total_tokens) == input + output + reasoning {
        output += reasoning;
    }
    let prompt = written.prompt_tokens_details.unwrap_or_default();
    Some(TokenUsage {
        input,
        output,
        cached_input: whole(prompt.cached_tokens.or(written.prompt_cache_hit_tokens)),
        cache_write: whole(prompt.cache_write_tokens),
        reasoning,
        estimated: false,
    })
}

/// Our own count, where the upstream gave none.
pub(super) fn counted(prompt: &str, answer: &str) -> TokenUsage {
    TokenUsage { input: tokens::count(prompt), output: tokens::count(answer), estimated: true, ..TokenUsage::default() }
}

/// As OpenAI writes it.
pub(in crate::wire) fn write(usage: &TokenUsage) -> Value {
    json!({
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.input + usage.output,
        "prompt_tokens_details": {"cached_tokens": usage.cached_input, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning, "audio_tokens": 0,
            "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0},
    })
}
