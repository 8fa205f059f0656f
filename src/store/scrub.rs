//! Personal data and secrets are taken out of bodies before they touch the disk.
//!
//! Works on JSON text and keeps it valid JSON: what is found is replaced by plain words in brackets.

use regex::{Captures, Regex};
use std::borrow::Cow;
use std::sync::LazyLock;

/// What is looked for; the name of the group is what stands in its place.
static PATTERN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?P<private_key>-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----)",
        r"|(?P<token>\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,})",
        r"|(?P<api_key>\b(?:sk|pk|rk)[-_][A-Za-z0-9_-]{16,}|\bfl_[A-Za-z0-9_-]{40,}|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{30,}|\bgithub_pat_[A-Za-z0-9_]{30,}|\bAIza[A-Za-z0-9_-]{30,}|\bxox[abprs]-[A-Za-z0-9-]{10,}|\bglpat-[A-Za-z0-9_-]{16,})",
        r"|(?P<bearer>(?i:\bbearer)\s+[A-Za-z0-9._~+/-]{12,}=*)",
        r"|(?P<email>[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,})",
        r"|(?P<iban>\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b)",
        r"|(?P<card>\b[0-9](?:[ -]?[0-9]){12,18}\b)",
        r"|(?P<national_id>\b[0-9]{3}-[0-9]{2}-[0-9]{4}\b|\b[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}\b)",
        r"|(?P<phone>\+[0-9]{1,3}[ .-]?(?:\([0-9]{1,4}\)[ .-]?)?[0-9]{2,4}(?:[ .-]?[0-9]{2,4}){1,4}\b|\(?\b[0-9]{3}\)?[ .-][0-9]{3}[ .-][0-9]{4}\b)",
    ))
    .expect("the pattern is a constant that a test compiles")
});

const NAMES: [&str; 9] = ["private_key", "token", "api_key", "bearer", "email", "iban", "card", "national_id", "phone"];

/// The JSON text without what must not be kept.
pub(super) fn scrub(json: &str) -> Cow<'_, str> {
    PATTERN.replace_all(json, |found: &Captures<'_>| {
        let Some((name, text)) = NAMES.iter().find_map(|name| Some((*name, found.name(name)?))) else {
            return String::new();
        };
        if name == "card" && !luhn(text.as_str()) {
            return text.as_str().to_owned();
        }
        // A letter after a backslash belongs to an escape such as \n: it stays, or the JSON breaks.
        let escapes =
            json.get(..text.start()).unwrap_or_default().bytes().rev().take_while(|byte| *byte == b'\\').count();
        let kept = if escapes % 2 == 1 { text.as_str().get(..1).unwrap_or_default() } else { "" };
        format!("{kept}[{name}]")
    })
}

/// The check digit of card numbers.
fn luhn(text: &str) -> bool {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(10)).collect();
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| if place % 2 == 0 { *digit } else { digit * 2 / 10 + digit * 2 % 10 })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_kind_is_taken_out_and_the_rest_stays() {
        for (text, scrubbed) in [
            ("mail ada.lovelace@example.org now", "mail [email] now"),
            ("card 4111 1111 1111 1111.", "card [card]."),
            ("order 4111 1111 1111 1112.", "order 4111 1111 1111 1112."),
            ("ssn 078-05-1120, cpf 529.982.247-25", "ssn [national_id], cpf [national_id]"),
            ("iban DE89 3704 0044 0532 0130 00 ok", "iban [iban] ok"),
            ("call +49 30 901820 or (555) 123-4567", "call [phone] or [phone]"),
            ("key sk-proj-abcdefghijklmnop1234 end", "key [api_key] end"),
            ("AKIAIOSFODNN7EXAMPLE", "[api_key]"),
            ("Authorization: Bearer abcdefghijklmnop", "Authorization: [bearer]"),
            ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcdefghijk", "[token]"),
            ("2026-11-24 10:20:30 v1.2.3 costs 1234.56", "2026-11-24 10:20:30 v1.2.3 costs 1234.56"),
        ] {
            assert_eq!(scrub(text), scrubbed);
        }
    }

    #[test]
    fn escapes_stay_whole() {
        let json = serde_json::json!({"content": "line\nada@example.org\ttab\\bob@example.org"}).to_string();
        let scrubbed = scrub(&json).into_owned();
        let value: serde_json::Value = serde_json::from_str(&scrubbed).unwrap();
        assert!(!scrubbed.contains('@'), "{scrubbed}");
        assert!(value["content"].as_str().unwrap().starts_with("line\n"));
    }

    proptest! {
        #[test]
        fn the_result_is_valid_json(text in "(\\PC|[\n\t\"\\\\]|[a-z]{1,5}@[a-z]{2,5}\\.com|sk-[a-z0-9]{20}|[0-9 -]{10,20}){0,12}") {
            let json = serde_json::json!([{"content": text}]).to_string();
            let scrubbed = scrub(&json);
            prop_assert!(serde_json::from_str::<serde_json::Value>(&scrubbed).is_ok(), "{}", scrubbed);
        }
    }
}
