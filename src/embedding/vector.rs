//! From tokens to numbers.

use super::table::{self, Token};
use super::{pieces, words};

/// Numbers in an [`Embedding`].
pub const DIMENSIONS: usize = table::DIMENSIONS;

/// The length of what [`features`] gives: what the regression's ridge expects.
pub const FEATURE_LENGTH: f32 = 1.5;

/// Bytes of a text that are looked at, at most: its last ones, since that is where a question stands.
pub const LONGEST_TEXT: usize = 16 * 1024;

/// The meaning of a text, of length 1; all zeros for a text without words.
pub type Embedding = [f32; DIMENSIONS];

/// The embedding of the last [`LONGEST_TEXT`] bytes of a text.
#[must_use]
pub fn embed(text: &str) -> Embedding {
    let mut tally = Tally::default();
    words::each(tail(text, LONGEST_TEXT), |word| pieces::each(word, |token| tally.count(token)));
    scaled(tally.sum(), 1.0)
}

/// The first `N` numbers of a text's embedding less the mean one, scaled to [`FEATURE_LENGTH`].
#[must_use]
pub fn features<const N: usize>(text: &str) -> [f32; N] {
    features_of(&embed(text))
}

/// [`features`] of an embedding that is there already.
#[must_use]
pub fn features_of<const N: usize>(embedding: &Embedding) -> [f32; N] {
    const { assert!(N <= DIMENSIONS, "an embedding has no more numbers") };
    let mut numbers = [0.0; N];
    for (at, (number, value)) in numbers.iter_mut().zip(embedding).enumerate() {
        *number = value - table::mean(at);
    }
    scaled(numbers, FEATURE_LENGTH)
}

/// How near two texts are: 1 = the same words, 0 = unrelated, or one of them has no words.
#[must_use]
pub fn cosine(one: &Embedding, other: &Embedding) -> f32 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

/// The last `bytes` bytes of a text, or a few less where that would cut a character.
///
/// ```
/// assert_eq!(floopy::embedding::tail("naïve", 3), "ve");
/// ```
#[must_use]
pub fn tail(text: &str, bytes: usize) -> &str {
    let start = text.ceil_char_boundary(text.len().saturating_sub(bytes));
    text.get(start..).unwrap_or("")
}

/// How often tokens came, so that the row of one that comes often is added once: half of the tokens of code are signs.
/// Each token has one place; who takes a place has the row of the one before added.
struct Tally {
    sum: Embedding,
    places: [(Token, u16); PLACES],
}

/// Places of a [`Tally`], 1 KiB of them.
const PLACES: usize = 256;

impl Default for Tally {
    fn default() -> Self {
        Self { sum: [0.0; DIMENSIONS], places: [(Token::UNKNOWN, 0); PLACES] }
    }
}

impl Tally {
    fn count(&mut self, token: Token) {
        let Some(place) = self.places.get_mut(token.spread() % PLACES) else { return };
        // At most LONGEST_TEXT tokens come.
        if place.0 == token {
            place.1 += 1;
        } else {
            let (before, times) = std::mem::replace(place, (token, 1));
            add(&mut self.sum, before, times);
        }
    }

    fn sum(mut self) -> Embedding {
        self.places.iter().for_each(|(token, times)| add(&mut self.sum, *token, *times));
        self.sum
    }
}

/// A byte holds a number of the first half of the dimensions below, and one of the second half above.
fn add(sum: &mut Embedding, token: Token, times: u16) {
    if times == 0 {
        return;
    }
    let (row, scale) = token.row();
    let scale = f32::from(times) * scale;
    let (first, second) = sum.split_at_mut(DIMENSIONS / 2);
    for ((first, second), byte) in first.iter_mut().zip(second).zip(row) {
        *first += scale * f32::from((byte << 4).cast_signed() >> 4);
        *second += scale * f32::from(byte.cast_signed() >> 4);
    }
}

fn scaled<const N: usize>(mut numbers: [f32; N], length: f32) -> [f32; N] {
    let own = numbers.iter().map(|number| number * number).sum::<f32>().sqrt();
    if own > 0.0 {
        numbers.iter_mut().for_each(|number| *number *= length / own);
    }
    numbers
}
