//! From text to words, as BERT's uncased tokenizer does it.

use icu_normalizer::DecomposingNormalizerBorrowed;
use icu_properties::CodePointMapData;
use icu_properties::props::{GeneralCategory, GeneralCategoryGroup};

/// Calls `take` with each word: small letters without accents, or one sign of punctuation, or one Chinese character.
pub(super) fn each(text: &str, mut take: impl FnMut(&[u8])) {
    let mut word = Vec::with_capacity(64);
    for run in text.split(is_space) {
        if run.bytes().all(|byte| byte.is_ascii_graphic()) {
            ascii(run.as_bytes(), &mut word, &mut take);
        } else {
            unicode(run, &mut word, &mut take);
        }
    }
}

/// The short way for most texts.
fn ascii(run: &[u8], word: &mut Vec<u8>, take: &mut impl FnMut(&[u8])) {
    for part in run.split_inclusive(u8::is_ascii_punctuation) {
        let (letters, sign) = match part.split_last() {
            Some((sign, letters)) if sign.is_ascii_punctuation() => (letters, Some(sign)),
            _ => (part, None),
        };
        word.extend_from_slice(letters);
        word.make_ascii_lowercase();
        end(word, take);
        if let Some(sign) = sign {
            take(std::slice::from_ref(sign));
        }
    }
}

fn unicode(run: &str, word: &mut Vec<u8>, take: &mut impl FnMut(&[u8])) {
    let mut bytes = [0; 4];
    let category = CodePointMapData::<GeneralCategory>::new();
    let kept = run.chars().filter(|sign| !is_removed(*sign, category.get(*sign)));
    for sign in DecomposingNormalizerBorrowed::new_nfd().normalize_iter(kept) {
        let kind = category.get(sign);
        if kind == GeneralCategory::NonspacingMark {
            continue;
        }
        let alone = sign.is_ascii_punctuation() || GeneralCategoryGroup::Punctuation.contains(kind) || is_chinese(sign);
        if alone {
            end(word, take);
            take(sign.encode_utf8(&mut bytes).as_bytes());
        } else {
            for small in sign.to_lowercase() {
                word.extend_from_slice(small.encode_utf8(&mut bytes).as_bytes());
            }
        }
    }
    end(word, take);
}

fn end(word: &mut Vec<u8>, take: &mut impl FnMut(&[u8])) {
    if !word.is_empty() {
        take(word);
        word.clear();
    }
}

/// White space that separates words. The other control characters, though some count as white space, join them.
fn is_space(sign: char) -> bool {
    matches!(sign, ' ' | '\t' | '\n' | '\r') || (!sign.is_ascii() && sign != '\u{85}' && sign.is_whitespace())
}

/// Control, format and private signs go. Those that Unicode does not know yet stay, so that new emoji are words.
fn is_removed(sign: char, kind: GeneralCategory) -> bool {
    use GeneralCategory::{Control, Format, PrivateUse};
    sign == char::REPLACEMENT_CHARACTER || matches!(kind, Control | Format | PrivateUse)
}

/// The blocks of ideographs that the tokenizer lists. Hangul and Kana are written in words.
fn is_chinese(sign: char) -> bool {
    matches!(sign,
        '\u{4e00}'..='\u{9fff}'
        | '\u{3400}'..='\u{4dbf}'
        | '\u{20000}'..='\u{2a6df}'
        | '\u{2a700}'..='\u{2b73f}'
        | '\u{2b740}'..='\u{2b81f}'
        | '\u{2b920}'..='\u{2ceaf}'
        | '\u{f900}'..='\u{faff}'
        | '\u{2f800}'..='\u{2fa1f}')
}
