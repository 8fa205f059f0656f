//! The meaning of a text as 256 numbers: features for routing, nearness for the semantic cache. Pure.
//!
//! Each of 30,522 pieces of words has a row of numbers in `assets/embedding.bin`; the [`Embedding`] of a text is the
//! sum of the rows of its pieces, scaled to length 1. Texts of like meaning have a [`cosine`] near 1. It is a bag of
//! words: "from A to B" equals "from B to A", and numbers, names and negations count little, so whoever takes near
//! for same must check those by other means. It is trained on English; other languages fall into pieces of words and
//! tell less.
//!
//! A text is cut as BERT's uncased tokenizer does: control characters go, accents are stripped, letters become small,
//! punctuation and Chinese characters stand alone ([`words`]), and each word is covered by the longest known pieces
//! from left to right ([`pieces`]).
//!
//! The dimensions are ordered by how much they vary, so a few of the first ones serve as [`features`]:
//!
//! ```
//! use floopy::embedding::{cosine, embed, features};
//!
//! let (france, germany) = (embed("What is the capital of France?"), embed("What is the capital of Germany?"));
//! let code = embed("Write a Python function that reverses a linked list.");
//! assert!((cosine(&france, &germany) - 0.597).abs() < 0.001);
//! assert!(cosine(&france, &code) < 0.0);
//!
//! let numbers: [f32; 16] = features("What is the capital of France?");
//! assert!((numbers[0] - 0.248).abs() < 0.001);
//! ```

mod pieces;
mod table;
#[cfg(test)]
mod tests;
mod vector;
mod words;

pub use vector::{DIMENSIONS, Embedding, FEATURE_LENGTH, LONGEST_TEXT, cosine, embed, features, features_of, tail};
