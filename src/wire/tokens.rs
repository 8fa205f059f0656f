//! Token counts where the upstream gives none.
//!
//! `o200k_base` is the tokenizer of OpenAI's current models; for others it is within some per cent, and
//! a record that rests on it says `estimated`.

use std::sync::OnceLock;
use tiktoken_rs::CoreBPE;

/// Longer texts are counted by their beginning and scaled: no text may hold a thread for long.
const COUNTED: usize = 64 << 10;

static TOKENIZER: OnceLock<Option<CoreBPE>> = OnceLock::new();

/// Builds the tokenizer, unless it is there: for a thread that may wait, and for a process that has need of it. It takes
/// 50 ms and as many megabytes, and ten times as long in a build without optimization.
pub fn prepare() {
    TOKENIZER.get_or_init(|| tiktoken_rs::o200k_base().ok());
}

/// How many tokens a text has; by its length until the tokenizer is there.
#[must_use]
pub fn count(text: &str) -> u64 {
    match TOKENIZER.get() {
        Some(Some(tokenizer)) => counted(tokenizer, text),
        _ => rough(text.len() as u64),
    }
}

fn counted(tokenizer: &CoreBPE, text: &str) -> u64 {
    let end = text.floor_char_boundary(COUNTED.min(text.len()));
    let (counted, rest) = text.split_at(end);
    let tokens = tokenizer.encode_ordinary(counted).len() as u64;
    if rest.is_empty() { tokens } else { tokens * text.len() as u64 / counted.len() as u64 }
}

/// A count from the length alone: about four bytes of English make a token.
#[must_use]
pub fn rough(bytes: u64) -> u64 {
    bytes.div_ceil(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_those_of_the_tokenizer() {
        let tokenizer = tiktoken_rs::o200k_base().unwrap();
        let count = |text: &str| counted(&tokenizer, text);
        assert_eq!(count(""), 0);
        assert_eq!(count("Hello,"), 2);
        let long = "Hello, ".repeat(20_000);
        let exact = 40_000;
        assert!(count(&long).abs_diff(exact) < exact / 20, "{}", count(&long));
    }
}
