//! Numbers as each language writes them.

use super::language::Language;
use crate::base::MicroUsd;

/// A number with this many decimals: `0.86`, `0,86`.
pub(super) fn decimal(language: Language, value: f64, places: usize) -> String {
    // Minus zero would read as a debt of nothing.
    let value = if value == 0.0 { 0.0 } else { value };
    let text = format!("{value:.places$}");
    let text = if text.trim_start_matches('-').bytes().all(|byte| matches!(byte, b'0' | b'.')) {
        text.trim_start_matches('-').to_owned()
    } else {
        text
    };
    localised(language, &text)
}

/// A signed number: `+1.20`.
pub(super) fn signed(language: Language, value: f64) -> String {
    let text = decimal(language, value, 2);
    if text.starts_with('-') { text } else { format!("+{text}") }
}

/// A share of one as a percentage: `95%`, in Spanish `95 %`.
pub(super) fn percent(language: Language, share: f64) -> String {
    let hundredfold = share * 100.0;
    // Below one per cent and just below a hundred, a whole number would say what is not so.
    let places = if hundredfold.abs() < 1.0 && hundredfold != 0.0 || (hundredfold > 99.0 && hundredfold < 100.0) {
        1
    } else {
        0
    };
    let number = decimal(language, hundredfold, places);
    match language {
        Language::Spanish => format!("{number}\u{a0}%"),
        Language::English | Language::Portuguese => format!("{number}%"),
    }
}

/// A count with its thousands apart.
pub(super) fn count(language: Language, count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(if language == Language::English { ',' } else { '.' });
        }
        text.push(digit);
    }
    text
}

/// Money, with as many decimals as it takes to see it: `$0.0012`, `US$ 0,0012`, `0,0012 USD`.
pub(super) fn money(language: Language, money: MicroUsd) -> String {
    let micros = money.0.unsigned_abs();
    let mut text = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    while text.ends_with('0') && !text.ends_with(".00") && text.len() - text.find('.').unwrap_or(0) > 3 {
        text.pop();
    }
    let number = localised(language, &text);
    let sign = if money.0 < 0 { "-" } else { "" };
    match language {
        Language::English => format!("{sign}${number}"),
        Language::Portuguese => format!("{sign}US$\u{a0}{number}"),
        Language::Spanish => format!("{sign}{number}\u{a0}USD"),
    }
}

fn localised(language: Language, text: &str) -> String {
    if language == Language::English { text.to_owned() } else { text.replace('.', ",") }
}
