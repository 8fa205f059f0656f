//! What the router knows of a request before it is served: a short row of numbers.
//!
//! Twenty-four of them: a constant, seven plain measures of the text, and sixteen that stand for its words. For a
//! session four more follow (place in the session, tools, tokens so far, whether the last call failed). The words
//! enter in one of two ways: as hashed words and word pairs times a fixed table of normal deviates, or as the first
//! sixteen numbers of a text embedding that the caller computed. Which one it was is part of the version that every
//! record carries, because the numbers of different versions must not be mixed in one regression.
//!
//! Only the last 2,000 characters count: what stands in front of the question is the same for all requests.

use super::chance::Chance;
use std::sync::LazyLock;

/// The numbers that stand for the words.
pub const WORDS: usize = 16;
/// The plain measures, the constant among them.
pub const PLAIN: usize = 8;
/// Numbers that only a session has.
pub const SESSION: usize = 4;
/// Version of the hashed form; changes with anything that changes a number.
pub const HASHED: u16 = 1;
/// Version of the embedded form.
pub const EMBEDDED: u16 = 2;

/// Characters at the end of a text that are looked at.
pub const TAIL: usize = 2_000;
const TOKENS: usize = 400;
const BUCKETS: usize = 4_096;
const LENGTH: f64 = 1.5;
const TABLE_SEED: u64 = 99;

/// What there is to see.
#[derive(Debug, Clone, Copy, Default)]
pub struct Seen<'a> {
    /// The text of the last user turn.
    pub text: &'a str,
    /// Characters of the text where `text` is only its end; 0 = all of it is here.
    pub characters: usize,
    /// The caller's tag: project, function or agent; empty = none.
    pub tag: &'a str,
    /// An embedding of the text less its mean, at least [`WORDS`] numbers long; `None` = hash the words.
    pub embedding: Option<&'a [f32]>,
    /// What only a session has.
    pub session: Option<Progress>,
}

/// Where a session stands.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Progress {
    /// Calls before this one.
    pub calls: u32,
    /// Tools that the call offers.
    pub tools: u32,
    /// Tokens of the session so far.
    pub tokens: u64,
    /// Whether the last call failed.
    pub failed: bool,
}

/// The row of numbers, and how it was made.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Features {
    /// [`HASHED`] or [`EMBEDDED`].
    pub version: u16,
    /// The numbers; the first is 1. Single precision, so that a record holds them exactly and briefly.
    pub values: Vec<f32>,
}

impl Features {
    /// Looks at a request.
    #[must_use]
    pub fn of(seen: &Seen<'_>) -> Self {
        let tail = tail(seen.text);
        let characters = if seen.characters == 0 { seen.text.chars().count() } else { seen.characters };
        let mut values = plain(tail, characters);
        let embedding = seen.embedding.filter(|numbers| numbers.len() >= WORDS);
        let words = embedding.map_or_else(|| hashed(tail, seen.tag), |numbers| with_tag(numbers, seen.tag));
        values.extend(words);
        if let Some(progress) = seen.session {
            values.extend(session(progress));
        }
        Self {
            version: if embedding.is_some() { EMBEDDED } else { HASHED },
            values: values.into_iter().map(single).collect(),
        }
    }

    /// The row of a scope in which nothing is known of requests: the constant alone.
    #[must_use]
    pub fn constant() -> Self {
        Self { version: HASHED, values: vec![1.0] }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a feature is small, and single precision is its resolution")]
fn single(value: f64) -> f32 {
    value as f32
}

#[expect(clippy::cast_precision_loss, reason = "counts of characters")]
fn real(count: usize) -> f64 {
    count as f64
}

/// The last [`TAIL`] characters.
fn tail(text: &str) -> &str {
    match text.char_indices().rev().nth(TAIL - 1) {
        Some((start, _)) => text.get(start..).unwrap_or(text),
        None => text,
    }
}

fn plain(text: &str, characters: usize) -> Vec<f64> {
    let (mut count, mut digits, mut brackets, mut foreign, mut lines) = (0_usize, 0_usize, 0_usize, 0_usize, 0_usize);
    for sign in text.chars() {
        count += 1;
        digits += usize::from(sign.is_ascii_digit());
        brackets += usize::from("{}();=<>[]".contains(sign));
        foreign += usize::from(!sign.is_ascii());
        lines += usize::from(sign == '\n');
    }
    let share = |part: usize| real(part) / real(count.max(1));
    let code = text.contains("```") || text.contains("def ") || text.contains("function");
    vec![
        1.0,
        (real(characters).ln_1p() / 7.0).min(1.5),
        share(digits) * 4.0,
        share(brackets) * 8.0,
        f64::from(u8::from(code)),
        f64::from(u8::from(text.contains('?'))),
        (share(foreign) * 4.0).min(1.0),
        (real(lines) / 12.0).min(1.0),
    ]
}

/// Hashed words and pairs of words, projected and brought to one length.
fn hashed(text: &str, tag: &str) -> Vec<f64> {
    let mut counts = vec![0_u16; BUCKETS];
    let mut touched: Vec<usize> = Vec::with_capacity(2 * TOKENS);
    let mut add = |hash: u64, times: u16| {
        let bucket = bucket(hash);
        if let Some(count) = counts.get_mut(bucket) {
            if *count == 0 {
                touched.push(bucket);
            }
            *count = count.saturating_add(times);
        }
    };
    let mut tokens = 0_usize;
    let mut before = None;
    for token in Tokens(text).take(TOKENS) {
        tokens += 1;
        let hash = hash(token, 0);
        add(hash, 1);
        if let Some(before) = before {
            add(hash_pair(before, hash), 1);
        }
        before = Some(hash);
    }
    if !tag.is_empty() {
        // Three times the length of the text's own numbers: the caller's word weighs more than the wording.
        let weight = 3.0 * real(tokens).sqrt().max(1.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 3 x 20")]
        add(hash(tag, 1), weight as u16);
    }
    let mut sum = [0.0; WORDS];
    for bucket in touched {
        let weight = counts.get(bucket).map_or(0.0, |count| f64::from(*count).sqrt());
        add_row(&mut sum, bucket, weight);
    }
    to_length(sum)
}

/// The head of an embedding; a tag pulls it towards a direction of its own.
fn with_tag(embedding: &[f32], tag: &str) -> Vec<f64> {
    let mut head = [0.0; WORDS];
    for (number, value) in head.iter_mut().zip(embedding) {
        *number = f64::from(*value);
    }
    if tag.is_empty() {
        return to_length(head);
    }
    let mut own = [0.0; WORDS];
    add_row(&mut own, bucket(hash(tag, 1)), 1.0);
    let (text, own) = (to_length(head), to_length(own));
    let mut both = [0.0; WORDS];
    for ((number, text), own) in both.iter_mut().zip(text).zip(own) {
        *number = text + 3.0 * own;
    }
    to_length(both)
}

fn session(progress: Progress) -> [f64; SESSION] {
    [
        (f64::from(progress.calls).ln_1p() / 4.0).min(1.5),
        (f64::from(progress.tools).ln_1p() / 3.0).min(1.5),
        (real(usize::try_from(progress.tokens).unwrap_or(usize::MAX)).ln_1p() / 12.0).min(1.5),
        f64::from(u8::from(progress.failed)),
    ]
}

fn to_length(numbers: [f64; WORDS]) -> Vec<f64> {
    let length = numbers.iter().map(|value| value * value).sum::<f64>().sqrt();
    numbers.iter().map(|value| value / (length + 1e-6) * LENGTH).collect()
}

/// Adds a row of the fixed table.
fn add_row(sum: &mut [f64; WORDS], bucket: usize, weight: f64) {
    let row = TABLE.get(bucket * WORDS..(bucket + 1) * WORDS).unwrap_or(&[]);
    for (number, value) in sum.iter_mut().zip(row) {
        *number += weight * f64::from(*value);
    }
}

static TABLE: LazyLock<Vec<f32>> = LazyLock::new(|| {
    let mut chance = Chance::new(TABLE_SEED);
    (0..BUCKETS * WORDS).map(|_| single(chance.normal())).collect()
});

fn bucket(hash: u64) -> usize {
    usize::try_from(hash % BUCKETS as u64).unwrap_or(0)
}

/// A word without regard to the case of ASCII letters (FNV-1a, then mixed).
fn hash(word: &str, kind: u64) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325 ^ kind;
    let mut mixed = word
        .bytes()
        .fold(start, |hash, byte| (hash ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x0000_0100_0000_01b3));
    super::chance::splitmix(&mut mixed)
}

fn hash_pair(first: u64, second: u64) -> u64 {
    let mut mixed = first.rotate_left(1) ^ second;
    super::chance::splitmix(&mut mixed)
}

/// Words of ASCII letters and `_`, runs of digits, and single other signs; white space parts them.
struct Tokens<'a>(&'a str);

impl<'a> Iterator for Tokens<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let text = self.0.trim_start();
        let first = text.chars().next()?;
        let is_word = |sign: char| sign.is_ascii_alphabetic() || sign == '_';
        let run = |in_run: &dyn Fn(char) -> bool| text.find(|sign| !in_run(sign)).unwrap_or(text.len());
        let end = if is_word(first) {
            run(&is_word)
        } else if first.is_ascii_digit() {
            run(&|sign: char| sign.is_ascii_digit())
        } else {
            first.len_utf8()
        };
        let (token, rest) = text.split_at(end);
        self.0 = rest;
        Some(token)
    }
}
