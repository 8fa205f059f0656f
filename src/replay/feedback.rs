//! What a router gets to hear of a served unit, and when.
//!
//! - `full`: the quality itself, at once.
//! - `nps`: a noisy rating of 0 to 10 from about 30 % of the units, late; very happy and very unhappy users answer more.
//! - `judge`: a judge's score of a quarter of the units, with a bias of its own for each arm.
//! - `fused`: both of these.

use super::problem::{at, real};
use crate::routing::learn::chance::Chance;

/// The channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feedback {
    /// The quality itself.
    Full,
    /// Ratings.
    Nps,
    /// A judge.
    Judge,
    /// Ratings and a judge.
    Fused,
}

/// Something heard.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Heard {
    /// The unit, by the step at which it was served.
    pub unit: usize,
    /// What was said.
    pub word: Word,
}

/// What was said.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Word {
    /// The quality.
    Quality(f64),
    /// A rating of 0 to 10.
    Rating(f64),
    /// A judge's score on the scale of quality.
    Judged(f64),
}

impl Word {
    /// The quality that it stands for by the usual anchors.
    #[must_use]
    pub fn quality(self) -> f64 {
        match self {
            Self::Quality(quality) | Self::Judged(quality) => quality,
            Self::Rating(rating) => (rating / 10.0 - 0.35) / 0.5,
        }
    }

    /// Whether a judge said it.
    #[must_use]
    pub const fn is_judged(self) -> bool {
        matches!(self, Self::Judged(_))
    }
}

/// A rating of 0 to 10 for a unit of this quality.
pub(super) fn rating(quality: f64, chance: &mut Chance) -> f64 {
    (3.5 + 5.0 * quality + 2.2 * chance.normal()).round().clamp(0.0, 10.0)
}

/// One run's channel: what was said and has not arrived yet.
#[derive(Debug)]
pub struct Channel {
    feedback: Feedback,
    response: f64,
    chance: Chance,
    bias: Vec<f64>,
    late: Vec<Vec<Heard>>,
}

impl Channel {
    /// A channel over `steps` steps; `response` scales the share of units that are rated (1 = about 30 %).
    #[must_use]
    pub fn new(feedback: Feedback, response: f64, arms: usize, steps: usize, seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        let bias = (0..arms).map(|_| 0.06 * chance.normal()).collect();
        Self { feedback, response, chance, bias, late: vec![Vec::new(); steps + 1] }
    }

    /// A unit was served at this step.
    pub fn serve(&mut self, step: usize, arm: usize, quality: f64) {
        if self.feedback == Feedback::Full {
            // With a lower response rate full feedback is seen for a part of the units.
            if self.response >= 1.0 || self.chance.uniform() < self.response {
                self.say(step, 0, step, Word::Quality(quality));
            }
            return;
        }
        if matches!(self.feedback, Feedback::Nps | Feedback::Fused) {
            let rating = rating(quality, &mut self.chance);
            let mut answers = 0.18;
            if rating >= 9.0 {
                answers += 0.22;
            }
            if rating <= 3.0 {
                answers += 0.18;
            }
            if self.chance.uniform() < answers * self.response {
                // Geometric, 20 steps in the mean, 200 at most.
                let delay = ((1.0 - self.chance.uniform()).ln() / 0.95_f64.ln()).floor().clamp(0.0, 199.0) + 1.0;
                self.say(step, whole(delay), step, Word::Rating(rating));
            }
        }
        if matches!(self.feedback, Feedback::Judge | Feedback::Fused) && self.chance.uniform() < 0.25 {
            let score = 0.8 * quality + 0.1 + at(&self.bias, arm) + 0.18 * self.chance.normal();
            self.say(step, 2, step, Word::Judged((score.clamp(-0.3, 1.3) - 0.1) / 0.8));
        }
    }

    fn say(&mut self, step: usize, delay: usize, unit: usize, word: Word) {
        if let Some(list) = self.late.get_mut(step + delay) {
            list.push(Heard { unit, word });
        }
    }

    /// What arrives at this step.
    pub fn arriving(&mut self, step: usize) -> Vec<Heard> {
        self.late.get_mut(step).map(std::mem::take).unwrap_or_default()
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a delay of 1 to 200 steps")]
fn whole(delay: f64) -> usize {
    delay.clamp(0.0, real(1_000)) as usize
}
