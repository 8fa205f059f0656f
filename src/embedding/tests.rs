//! Against vectors that the maker of the table gives, and against tokens of the `tokenizers` library.

use super::*;
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    cases: Vec<Case>,
    cosine: Vec<Vec<f32>>,
}

#[derive(Deserialize)]
struct Case {
    text: String,
    ids: Vec<u16>,
    first8: [f32; 8],
    features16: [f32; 16],
    exact8: [f32; 8],
    exact16: [f32; 16],
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../../tests/fixtures/embedding/vectors.json")).unwrap()
}

fn ids(text: &str) -> Vec<u16> {
    let mut ids = Vec::new();
    words::each(text, |word| pieces::each(word, |token| ids.push(token.id())));
    ids
}

fn assert_near(found: &[f32], expected: &[f32], by: f32, text: &str) {
    assert_eq!(found.len(), expected.len(), "{text}");
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= by, "{text}: {found} is not {expected}");
    }
}

#[test]
fn texts_have_the_tokens_embeddings_and_features_of_the_reference() {
    for Case { text, ids: expected, first8, features16, exact8, exact16 } in vectors().cases {
        assert_eq!(ids(&text), expected, "{text}");
        let (embedding, numbers) = (embed(&text), features::<16>(&text));
        // What a reading of the asset by other means gives.
        assert_near(&embedding[..8], &exact8, 2e-5, &text);
        assert_near(&numbers, &exact16, 2e-5, &text);
        // What the table gave before its rows were halved.
        assert_near(&embedding[..8], &first8, 0.025, &text);
        assert_near(&numbers, &features16, 0.13, &text);
    }
}

#[test]
fn cosines_are_near_those_of_the_table_before_its_rows_were_halved() {
    let Vectors { cases, cosine: expected } = vectors();
    let embeddings: Vec<Embedding> = cases.iter().map(|case| embed(&case.text)).collect();
    for (row, one) in expected.iter().zip(&embeddings) {
        for (expected, other) in row.iter().zip(&embeddings) {
            let found = cosine(one, other);
            assert!((found - expected).abs() < 0.04, "{found} is not {expected}");
        }
    }
}

#[test]
fn every_script_is_cut_as_the_reference_cuts_it() {
    let cases: Vec<(String, Vec<u16>)> =
        serde_json::from_str(include_str!("../../tests/fixtures/embedding/tokens.json")).unwrap();
    assert!(cases.len() > 30);
    for (text, expected) in cases {
        assert_eq!(ids(&text), expected, "{text:?}");
    }
}

#[test]
fn small_letters_and_missing_accents_make_no_difference() {
    for (one, other) in [("Résumé", "resume"), ("NAÏVE", "naive"), ("a\u{0}b", "ab"), ("e\u{301}", "é")] {
        assert_eq!(embed(one), embed(other), "{one} and {other}");
    }
}

#[test]
fn of_a_long_text_its_end_counts() {
    let question = "What is the capital of France?";
    let long = format!("{}{question}", " ".repeat(LONGEST_TEXT));
    assert_eq!(embed(&format!("ignored {long}")), embed(question));
    let cut = format!("é{}", "a".repeat(LONGEST_TEXT - 1));
    assert_eq!(tail(&cut, LONGEST_TEXT).len(), LONGEST_TEXT - 1);
    assert_eq!(tail("short", 100), "short");
    assert_eq!(tail("short", 0), "");
}

#[test]
fn a_hostile_text_costs_no_more_than_its_end() {
    let one_word = "a".repeat(10 << 20);
    let unknown_ends = format!("{}\u{3b1}\u{2603}", "q".repeat(97)).repeat(10_000);
    let accents = "a\u{301}\u{327}".repeat(1 << 20);
    let marks = "\u{301}".repeat(1 << 20);
    for text in [one_word, unknown_ends, accents, marks] {
        assert_eq!(embed(&text), embed(tail(&text, LONGEST_TEXT)));
    }
}

proptest! {
    #[test]
    fn an_embedding_has_length_one_or_none(text in any::<String>()) {
        let embedding = embed(&text);
        let length = cosine(&embedding, &embedding).sqrt();
        let expected = if ids(&text).is_empty() { 0.0 } else { 1.0 };
        prop_assert!((length - expected).abs() < 1e-4, "{length}");
        let numbers: [f32; 16] = features(&text);
        let length = numbers.iter().map(|number| number * number).sum::<f32>().sqrt();
        prop_assert!((length - FEATURE_LENGTH).abs() < 1e-4, "{length}");
    }

    #[test]
    fn order_and_repetition_of_the_whole_do_not_matter(text in "[a-z]{1,9}( [a-z]{1,9}){0,9}") {
        let words: Vec<&str> = text.split(' ').rev().collect();
        let (once, backwards, twice) = (embed(&text), embed(&words.join(" ")), embed(&format!("{text} {text}")));
        prop_assert!(cosine(&once, &backwards) > 0.9999);
        prop_assert!(cosine(&once, &twice) > 0.9999);
    }

    #[test]
    fn a_tail_is_an_end_of_the_text(text in any::<String>(), bytes in 0_usize..200) {
        let end = tail(&text, bytes);
        prop_assert!(text.ends_with(end) && end.len() <= bytes);
        prop_assert!(end.len() == text.len() || end.len() + 4 > bytes);
    }
}
