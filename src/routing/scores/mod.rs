//! Scores of an answer by heuristics: relevance, coherence, helpfulness, safety, 0..100 each.
//!
//! Every chat answer gets them, in a few microseconds and without asking anybody. They cannot tell a right answer from a
//! wrong one; they see what is visibly wrong: nothing said, cut off, refused, caught in a loop, the wrong language, not the
//! JSON that was asked for, a tool call that cannot be made, a secret given away. [`observe()`] looks at no more than
//! [`LOOKED_AT`] bytes of each side and names its [`Finding`]s; each finding takes a published number of points
//! ([`Finding::deductions`]) from what an answer without fault has:
//!
//! ```text
//! relevance    80 + 20 · (share of the question's content words, by their first five bytes, that the answer takes up)
//!              90 where question or answer are too short for that
//! coherence    100
//! helpfulness  90
//! safety       100
//! composite    0.30 · relevance + 0.20 · coherence + 0.35 · helpfulness + 0.15 · safety
//! ```
//!
//! No dimension falls below 0. An example: the capital of France, and a refusal to name it.
//!
//! ```
//! use floopy::routing::scores::{Ending, Exchange, score};
//! let asked = |answer| Exchange { asked: "What is the capital of France?", answer, ..Exchange::default() };
//! let good = score(&asked("The capital of France is Paris."));
//! assert_eq!((good.relevance, good.coherence, good.helpfulness, good.safety), (100.0, 100.0, 90.0, 100.0));
//! assert_eq!(good.composite, 96.5);
//! let refused = score(&asked("I'm sorry, but I can't help with that."));
//! assert_eq!((refused.relevance, refused.helpfulness), (50.0, 20.0));
//! ```

mod finding;
mod language;
mod observe;
mod patterns;

pub use finding::{Finding, Findings};
pub use observe::{Ending, Exchange, LOOKED_AT, observe};
pub use patterns::prepare;

use crate::resource::assessment::Scores;

/// Weights of relevance, coherence, helpfulness and safety in the composite.
pub const WEIGHTS: [f64; 4] = [0.30, 0.20, 0.35, 0.15];
/// What an answer without fault has, relevance apart.
const FAULTLESS: [f64; 3] = [100.0, 90.0, 100.0];

/// The scores of one exchange.
#[must_use]
pub fn score(exchange: &Exchange<'_>) -> Scores {
    let (findings, overlap) = observe(exchange);
    let relevance = overlap.map_or(90.0, |share| 80.0 + 20.0 * share);
    let [coherence, helpfulness, safety] = FAULTLESS;
    let mut dimensions = [relevance, coherence, helpfulness, safety];
    for finding in findings.iter() {
        for (dimension, points) in dimensions.iter_mut().zip(finding.deductions()) {
            *dimension = (*dimension - points).max(0.0);
        }
    }
    let composite: f64 = dimensions.iter().zip(WEIGHTS).map(|(score, weight)| score * weight).sum();
    let tenth = |score: f64| (score * 10.0).round() / 10.0;
    let [relevance, coherence, helpfulness, safety] = dimensions.map(tenth);
    Scores { relevance, coherence, helpfulness, safety, composite: tenth(composite) }
}

#[cfg(test)]
mod tests;
