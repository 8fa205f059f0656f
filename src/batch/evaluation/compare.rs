//! An answer beside the expected one.
//!
//! An expected text matches letter by letter, or but for case, punctuation and white space. An answer that says more
//! or less gets the F1 of its words: the harmonic mean of the share of its words that are expected and the share of the
//! expected ones that it has. Any other JSON value is compared as JSON: it matches or it does not.

use crate::resource::evaluation::{Comparison, Match};
use serde_json::Value;
use std::collections::HashMap;

fn words(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    lower.split(|sign: char| !sign.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// The F1 of two texts' words.
#[expect(clippy::cast_precision_loss, reason = "words of one answer")]
fn overlap(said: &[String], expected: &[String]) -> f64 {
    let mut left: HashMap<&str, usize> = HashMap::new();
    for word in expected {
        *left.entry(word).or_default() += 1;
    }
    let mut both = 0_usize;
    for word in said {
        if let Some(count) = left.get_mut(word.as_str()).filter(|count| **count > 0) {
            *count -= 1;
            both += 1;
        }
    }
    2.0 * both as f64 / (said.len() + expected.len()).max(1) as f64
}

/// Compares.
pub(super) fn compare(said: &str, expected: &Value) -> Comparison {
    let (matched, score) = match expected {
        Value::String(expected) if said == expected => (Match::Exact, 1.0),
        Value::String(expected) => {
            let (said, expected) = (words(said), words(expected));
            match overlap(&said, &expected) {
                _ if said == expected && !said.is_empty() => (Match::Normalised, 1.0),
                // The same words in another order are not the same.
                share if share > 0.0 => (Match::Partial, share.min(0.99)),
                _ => (Match::None, 0.0),
            }
        }
        expected => match serde_json::from_str::<Value>(said.trim()) {
            Ok(said) if said == *expected => (Match::Normalised, 1.0),
            _ => (Match::None, 0.0),
        },
    };
    Comparison { matched, score }
}
