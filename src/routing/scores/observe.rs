//! Looking at an exchange. What cannot be told from what is seen is not found.

use super::finding::{Finding, Findings};
use super::language::{script, tongue};
use super::patterns;
use memchr::memmem;
use std::borrow::Cow;
use xxhash_rust::xxh3::xxh3_64;

/// Bytes of the question and of the answer that are looked at: a longer text by its beginning and its end.
pub const LOOKED_AT: usize = 4096;
/// A refusal stands at the beginning.
const REFUSAL_WITHIN: usize = 400;
/// An answer with more than this beside a refusal says something.
const REFUSAL_AT_MOST: usize = 600;
/// An explanation has more bytes than this.
const BRIEF: usize = 40;
/// An answer of this many bytes should take up something of the question.
const LONG: usize = 240;
/// Content words of the question that are compared.
const CONTENT_WORDS: usize = 32;
/// A question with fewer content words says too little for the comparison.
const FEW_WORDS: usize = 2;
/// Bytes of a word that are compared, so that endings do not matter.
const STEM: usize = 5;

/// How an answer ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Ending {
    /// By itself.
    #[default]
    Complete,
    /// At the token limit.
    Length,
    /// The provider withheld it.
    Filtered,
}

/// A question and its answer.
#[derive(Debug, Clone, Copy, Default)]
pub struct Exchange<'a> {
    /// The last turn of the user.
    pub asked: &'a str,
    /// Whether the request's form of the answer is JSON.
    pub wants_json: bool,
    /// The answer's text.
    pub answer: &'a str,
    /// Tools that it calls.
    pub calls: usize,
    /// Those among them whose arguments are not JSON.
    pub broken_calls: usize,
    /// How it ended.
    pub ending: Ending,
    /// Whether the provider marked it as a refusal.
    pub refused: bool,
}

/// What is wrong with an answer, and the share of the question's content words that it takes up
/// (`None` = too little text to say).
#[must_use]
pub fn observe(exchange: &Exchange<'_>) -> (Findings, Option<f64>) {
    let mut findings = Findings::default();
    let whole_answer = exchange.answer.trim();
    let answer = excerpt(whole_answer);
    let asked = excerpt(exchange.asked.trim());
    let seen_whole = whole_answer.len() <= LOOKED_AT;
    findings.note(Finding::BrokenCall, exchange.broken_calls > 0);
    findings.note(Finding::Truncated, exchange.ending == Ending::Length);
    findings.note(Finding::Filtered, exchange.ending == Ending::Filtered);
    if answer.is_empty() {
        let said_nothing = exchange.calls == 0 && !exchange.refused && exchange.ending != Ending::Filtered;
        findings.note(Finding::Empty, said_nothing);
        findings.note(Finding::Refusal, exchange.refused);
        return (findings, None);
    }
    let refuses = exchange.refused || refuses(&asked, head(&answer, REFUSAL_WITHIN));
    let says_little = exchange.refused || whole_answer.len() <= REFUSAL_AT_MOST;
    findings.note(Finding::Refusal, refuses && says_little);
    findings.note(Finding::PartialRefusal, refuses && !says_little);
    findings.note(Finding::Boilerplate, patterns::BOILERPLATE.is_match(head(&answer, REFUSAL_WITHIN)));
    findings.note(Finding::Loop, repeats(&answer) && !patterns::REPETITION_ASKED.is_match(&asked));
    findings.note(Finding::Garbled, is_garbled(&answer));
    findings.note(Finding::Secret, gives_away(&asked, &answer));
    findings.note(Finding::Parrot, is_echo(&asked, whole_answer));
    let fences = memmem::find_iter(answer.as_bytes(), "```").count();
    findings.note(Finding::OpenFence, seen_whole && fences % 2 == 1);
    let by_words = !exchange.wants_json && patterns::JSON_ASKED.is_match(&asked) && !patterns::ABOUT.is_match(&asked);
    if exchange.calls == 0 && !refuses {
        let json_due = exchange.wants_json || by_words;
        findings.note(Finding::NotJson, json_due && !is_json(whole_answer, by_words, seen_whole));
        let code_due = !json_due && patterns::CODE_ASKED.is_match(&asked);
        findings.note(Finding::NoCode, code_due && fences == 0 && !looks_like_code(&answer));
        let explanation_due = !json_due && whole_answer.len() < BRIEF && patterns::EXPLANATION_ASKED.is_match(&asked);
        findings.note(Finding::Brief, explanation_due);
        let prose = !json_due && fences == 0 && !looks_like_code(&answer);
        if prose && speaks_otherwise(&asked, &answer) {
            findings.note(Finding::WrongLanguage, !patterns::LANGUAGE_NAMED.is_match(&asked));
            // Another language has other words: that they are missing says nothing.
            return (findings, None);
        }
        let overlap = overlap(&asked, &answer);
        findings.note(Finding::OffTopic, prose && whole_answer.len() >= LONG && overlap == Some(0.0));
        // A short answer need not repeat a word of the question.
        return (findings, overlap.filter(|share| *share > 0.0 || whole_answer.len() >= LONG));
    }
    (findings, None)
}

/// A text of at most [`LOOKED_AT`] bytes: its beginning and its end.
fn excerpt(text: &str) -> Cow<'_, str> {
    if text.len() <= LOOKED_AT {
        return Cow::Borrowed(text);
    }
    let half = LOOKED_AT / 2 - 1;
    let tail = text.get(text.ceil_char_boundary(text.len() - half)..).unwrap_or_default();
    Cow::Owned([head(text, half), "\n", tail].concat())
}

fn head(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most.min(text.len()))).unwrap_or_default()
}

/// A refusal that the question does not hold: who is asked to say one says it.
fn refuses(asked: &str, beginning: &str) -> bool {
    let refusal = patterns::REFUSAL.find(beginning);
    refusal.is_some_and(|found| memmem::find(asked.as_bytes(), found.as_str().as_bytes()).is_none())
}

/// Whether the end repeats one piece three times or more, or the same lines come again and again.
fn repeats(text: &str) -> bool {
    let bytes = text.as_bytes();
    let longest = (bytes.len() / 3).min(256);
    for period in 1..=longest {
        let run = bytes.iter().rev().zip(bytes.iter().rev().skip(period)).take_while(|(a, b)| a == b).count();
        // Rulers and blank space are long runs of one sign: they need to be very long to be a fault.
        let ruler = bytes.iter().rev().take(period).all(|byte| !byte.is_ascii_alphanumeric() && *byte < 0x80);
        let enough = if ruler { 800 } else { 120.max(2 * period) };
        if run + period >= enough && run >= 2 * period {
            return true;
        }
    }
    let mut lines = [0_u64; 64];
    let mut count = 0;
    let mut known = 0;
    for line in text.lines().map(str::trim).filter(|line| line.len() >= 20).take(lines.len()) {
        let print = xxh3_64(line.as_bytes());
        count += 1;
        if lines.iter().take(known).all(|other| *other != print)
            && let Some(place) = lines.get_mut(known)
        {
            *place = print;
            known += 1;
        }
    }
    count >= 6 && known * 5 < count * 2
}

fn is_garbled(text: &str) -> bool {
    let replaced = memmem::find_iter(text.as_bytes(), "\u{fffd}").count();
    let control = text.bytes().filter(|byte| *byte < 0x20 && !matches!(byte, b'\n' | b'\r' | b'\t')).count();
    let broken = replaced + control;
    broken >= 3 && broken * 50 > text.len() / 2
}

/// A secret that the question did not hold, and that is no example.
fn gives_away(asked: &str, answer: &str) -> bool {
    patterns::SECRET.find_iter(answer).any(|found| {
        let text = found.as_str();
        let example =
            text.contains("EXAMPLE") || text.contains("xxxx") || text.contains("XXXX") || text.contains("1234567890");
        !example && memmem::find(asked.as_bytes(), text.as_bytes()).is_none()
    })
}

/// Whether the answer is the question again, with at most a fifth more.
fn is_echo(asked: &str, answer: &str) -> bool {
    let (asked, answer) = (asked.as_bytes(), answer.as_bytes());
    asked.len() >= 16
        && asked.len() < LOOKED_AT
        && answer.len() <= asked.len() + asked.len() / 5
        && answer.get(..asked.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(asked))
}

fn is_json(answer: &str, fence_allowed: bool, seen_whole: bool) -> bool {
    let inner = if fence_allowed { unfenced(answer) } else { answer };
    if seen_whole {
        return matches!(inner.as_bytes().first(), Some(b'{' | b'['))
            && serde_json::from_str::<serde::de::IgnoredAny>(inner).is_ok();
    }
    matches!((inner.as_bytes().first(), inner.as_bytes().last()), (Some(b'{'), Some(b'}')) | (Some(b'['), Some(b']')))
}

/// What stands in the first code block, else from the first bracket to the last.
fn unfenced(text: &str) -> &str {
    let Some((_, rest)) = text.split_once("```") else {
        let (first, last) = (text.find(['{', '[']), text.rfind(['}', ']']));
        let inner = first.zip(last).and_then(|(first, last)| text.get(first..=last));
        return inner.unwrap_or(text);
    };
    let rest = rest.split_once('\n').map_or(rest, |(_, rest)| rest);
    rest.split_once("```").map_or(rest, |(inner, _)| inner).trim()
}

/// Whether a share of the signs is of those that programs are made of.
fn looks_like_code(text: &str) -> bool {
    let signs = text
        .bytes()
        .filter(|byte| matches!(byte, b'{' | b'}' | b'(' | b')' | b';' | b'=' | b'<' | b'>' | b'[' | b']'))
        .count();
    (signs >= 4 || (signs >= 2 && text.len() < 80)) && signs * 25 > text.len()
}

fn speaks_otherwise(asked: &str, answer: &str) -> bool {
    let (question, reply) = (script(asked), script(answer));
    let other_script = matches!((question, reply), (Some(a), Some(b)) if a != b);
    let other_tongue = || matches!((tongue(asked), tongue(answer)), (Some(a), Some(b)) if a != b);
    other_script || (question == reply && other_tongue())
}

/// Words as bytes: letters, digits and everything beyond ASCII.
fn words(text: &str) -> impl Iterator<Item = &[u8]> {
    text.as_bytes().split(|byte| !byte.is_ascii_alphanumeric() && *byte < 0x80).filter(|word| !word.is_empty())
}

/// The place of a word's beginning in a table of bits.
fn place(word: &[u8]) -> (usize, u64) {
    let mut print: u32 = 0x811c_9dc5;
    for byte in word.iter().take(STEM) {
        print = (print ^ u32::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0193);
    }
    let bit = (print ^ (print >> 15)) & 8191;
    ((bit >> 6) as usize, 1 << (bit & 63))
}

/// The share of the question's content words that the answer takes up. Content words have four bytes or more.
fn overlap(asked: &str, answer: &str) -> Option<f64> {
    let mut said = [0_u64; 128];
    for word in words(answer).filter(|word| word.len() >= 4) {
        let (index, bit) = place(word);
        if let Some(bits) = said.get_mut(index) {
            *bits |= bit;
        }
    }
    let (mut all, mut taken) = (0_u32, 0_u32);
    for word in words(asked).filter(|word| word.len() >= 4 && !is_filler(word)).take(CONTENT_WORDS) {
        let (index, bit) = place(word);
        all += 1;
        taken += u32::from(said.get(index).is_some_and(|bits| bits & bit != 0));
    }
    (all as usize >= FEW_WORDS).then(|| f64::from(taken) / f64::from(all))
}

/// Words that every question has.
fn is_filler(word: &[u8]) -> bool {
    const FILLERS: [&str; 32] = [
        "what", "when", "where", "which", "whose", "that", "this", "with", "from", "have", "does", "will", "would",
        "could", "should", "please", "about", "your", "they", "there", "qual", "quais", "como", "para", "onde", "você",
        "quando", "cuál", "dónde", "cuándo", "cómo", "sobre",
    ];
    FILLERS.iter().any(|filler| filler.as_bytes().eq_ignore_ascii_case(word))
}
