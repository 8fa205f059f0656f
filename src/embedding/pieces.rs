//! From words to tokens: the longest known piece from the left, then the longest that continues it, and so on.

use super::table::{Hash, Token, find};

/// Longer words are unknown, however they begin.
const LONGEST_WORD: usize = 100;
/// No piece has more bytes.
const LONGEST_PIECE: usize = 18;

/// Calls `take` with the tokens of a word; with the unknown one alone if some part of it has no piece.
pub(super) fn each(word: &[u8], mut take: impl FnMut(Token)) {
    let mut found = [Token::UNKNOWN; LONGEST_WORD];
    match cover(word, &mut found) {
        Some(count) => found.iter().take(count).for_each(|token| take(*token)),
        None => take(Token::UNKNOWN),
    }
}

/// How many tokens cover the word, which are in `found` then.
fn cover(word: &[u8], found: &mut [Token; LONGEST_WORD]) -> Option<usize> {
    if word.len() > LONGEST_WORD && characters(word) > LONGEST_WORD {
        return None;
    }
    let (mut rest, mut count) = (word, 0);
    while !rest.is_empty() {
        let (token, length) = longest(rest, count > 0)?;
        *found.get_mut(count)? = token;
        count += 1;
        rest = rest.get(length..)?;
    }
    Some(count)
}

/// Every byte of UTF-8 but those that continue a character.
fn characters(word: &[u8]) -> usize {
    word.iter().filter(|byte| *byte & 0xc0 != 0x80).count()
}

fn longest(rest: &[u8], continues: bool) -> Option<(Token, usize)> {
    let mut hashes = [Hash::default(); LONGEST_PIECE];
    let mut hash = Hash::new(continues);
    for (slot, byte) in hashes.iter_mut().zip(rest) {
        hash = hash.with(*byte);
        *slot = hash;
    }
    let length = rest.len().min(LONGEST_PIECE);
    (1..=length).rev().find_map(|length| {
        let token = find(rest.get(..length)?, continues, *hashes.get(length - 1)?)?;
        Some((token, length))
    })
}
