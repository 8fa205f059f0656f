//! Policies that know one mean for each arm and maximise quality less 0.05 times cost.

use super::feedback::Word;
use super::policy::{Policy, Unit};
use super::problem::{Problem, at, best_of, real};
use crate::routing::learn::chance::Chance;

/// What a unit of the baseline's cost is worth in quality, to policies without a floor.
pub(super) const PRICE: f64 = 0.05;
const UNKNOWN: f64 = 0.6;

/// Sums for each arm.
pub(super) struct Book {
    pub(super) chance: Chance,
    pub(super) count: Vec<f64>,
    sum: Vec<f64>,
    square: Vec<f64>,
    pulls: Vec<f64>,
    cost: Vec<(f64, f64)>,
}

impl Book {
    pub(super) fn new(problem: &Problem, seed: u64) -> Self {
        let none = vec![0.0; problem.arms.len()];
        Self {
            chance: Chance::new(seed),
            count: none.clone(),
            sum: none.clone(),
            square: none.clone(),
            pulls: none,
            cost: problem.list_prices().iter().map(|cost| (cost * 5.0, 5.0)).collect(),
        }
    }

    pub(super) fn arms(&self) -> std::ops::Range<usize> {
        0..self.count.len()
    }

    pub(super) fn paid(&mut self, arm: usize, cost: f64) {
        if let Some(own) = self.cost.get_mut(arm) {
            *own = (0.995 * own.0 + cost, 0.995 * own.1 + 1.0);
        }
        if let Some(pulls) = self.pulls.get_mut(arm) {
            *pulls += 1.0;
        }
    }

    pub(super) fn heard(&mut self, arm: usize, quality: f64) {
        for (list, value) in [(&mut self.count, 1.0), (&mut self.sum, quality), (&mut self.square, quality * quality)] {
            if let Some(own) = list.get_mut(arm) {
                *own += value;
            }
        }
    }

    pub(super) fn cost(&self, arm: usize) -> f64 {
        self.cost.get(arm).map_or(1.0, |own| own.0 / own.1)
    }

    /// The mean, held at an unknown arm's by this many observations.
    fn mean(&self, arm: usize, held: f64) -> f64 {
        (at(&self.sum, arm) + held * UNKNOWN) / (at(&self.count, arm) + held)
    }

    pub(super) fn value(&self, arm: usize, quality: f64) -> f64 {
        quality - PRICE * self.cost(arm)
    }

    fn argmax(&mut self, mut value: impl FnMut(&mut Self, usize) -> f64) -> usize {
        let values: Vec<f64> = self.arms().map(|arm| value(self, arm) + 1e-9 * self.chance.uniform()).collect();
        best_of(&values, |value| value)
    }
}

/// One arm, always.
pub(super) struct Fixed(pub(super) usize);

impl Policy for Fixed {
    fn choose(&mut self, _: usize, _: usize) -> usize {
        self.0
    }
    fn paid(&mut self, _: usize, _: usize, _: usize, _: f64) {}
    fn heard(&mut self, _: usize, _: Unit, _: Word) {}
}

/// An even draw.
pub(super) struct Random(pub(super) Book);
/// The best mean, with a falling share of even draws.
pub(super) struct EpsilonGreedy(pub(super) Book);
/// The highest upper bound (Auer et al. 2002).
pub(super) struct Ucb1(pub(super) Book);
/// A draw from a beta posterior.
pub(super) struct Thompson(pub(super) Book);

/// The same bookkeeping for all of them; only the choice differs.
macro_rules! by_means {
    ($name:ident, |$book:ident, $step:ident| $choice:expr) => {
        impl Policy for $name {
            fn choose(&mut self, $step: usize, _: usize) -> usize {
                let $book = &mut self.0;
                $choice
            }
            fn paid(&mut self, _: usize, _: usize, arm: usize, cost: f64) {
                self.0.paid(arm, cost);
            }
            fn heard(&mut self, _: usize, unit: Unit, word: Word) {
                self.0.heard(unit.arm, word.quality());
            }
        }
    };
}

by_means!(Random, |book, _step| {
    let arms = book.count.len();
    book.chance.below(arms)
});
by_means!(EpsilonGreedy, |book, step| {
    let share = (5.0 * real(book.count.len()) / (real(step) + 1.0)).clamp(0.02, 1.0);
    if book.chance.uniform() < share {
        let arms = book.count.len();
        book.chance.below(arms)
    } else {
        book.argmax(|book, arm| book.value(arm, book.mean(arm, 1.0)))
    }
});
by_means!(Ucb1, |book, step| book.argmax(|book, arm| {
    let bound = 0.5 * (2.0 * (real(step) + 2.0).ln() / at(&book.count, arm).max(0.5)).sqrt();
    book.value(arm, book.mean(arm, 1e-3)) + bound
}));
by_means!(Thompson, |book, _step| book.argmax(|book, arm| {
    let (sum, count) = (at(&book.sum, arm), at(&book.count, arm));
    let good = (sum.max(0.0) + 2.0 * UNKNOWN).max(0.05);
    let bad = ((count - sum).max(0.0) + 2.0 * (1.0 - UNKNOWN)).max(0.05);
    let draw = beta(good, bad, &mut book.chance);
    book.value(arm, draw)
}));

/// Best-arm identification (Garivier and Kaufmann 2016): track the weights that tell the arms apart soonest, stop when
/// the likelihood ratio is decisive, stay.
pub(super) struct TrackAndStop {
    book: Book,
    done: Option<usize>,
}

impl TrackAndStop {
    pub(super) fn new(book: Book) -> Self {
        Self { book, done: None }
    }

    /// The best arm, each arm's variance and gap to it.
    fn state(&self) -> (usize, Vec<f64>, Vec<f64>) {
        let book = &self.book;
        let values: Vec<f64> = book.arms().map(|arm| book.value(arm, book.mean(arm, 1e-3))).collect();
        let best = best_of(&values, |value| value);
        let variance = |arm: usize| {
            let count = at(&book.count, arm).max(0.5);
            let mean = at(&book.sum, arm) / count;
            (at(&book.square, arm) / count - mean * mean).max(0.02) + 0.5 / count
        };
        let gaps = values.iter().map(|value| (at(&values, best) - value).max(0.01)).collect();
        (best, book.arms().map(variance).collect(), gaps)
    }
}

impl Policy for TrackAndStop {
    fn choose(&mut self, step: usize, _: usize) -> usize {
        if let Some(done) = self.done {
            return done;
        }
        let (best, variance, gap) = self.state();
        let book = &self.book;
        let count = |arm: usize| at(&book.count, arm).max(0.5);
        let others = || book.arms().filter(|arm| *arm != best);
        let ratio = |arm: usize| {
            at(&gap, arm).powi(2) / (2.0 * at(&variance, best) / count(best) + 2.0 * at(&variance, arm) / count(arm))
        };
        let decisive = ((1.0 + (real(step) + 2.0).ln()) / 0.05).ln();
        if book.count.iter().all(|count| *count >= 10.0) && others().all(|arm| ratio(arm) > decisive) {
            self.done = Some(best);
            return best;
        }
        let pulls: f64 = book.pulls.iter().sum();
        let least = (pulls + 1.0).sqrt() / 2.0 - real(book.pulls.len()) / 2.0;
        if let Some(arm) = book
            .arms()
            .filter(|arm| at(&book.pulls, *arm) < least)
            .min_by(|a, b| at(&book.pulls, *a).total_cmp(&at(&book.pulls, *b)))
        {
            return arm;
        }
        let mut weights: Vec<f64> = book.arms().map(|arm| at(&variance, arm) / at(&gap, arm).powi(2)).collect();
        let of_best = others().map(|arm| at(&weights, arm).powi(2)).sum::<f64>().max(1e-12).sqrt();
        if let Some(own) = weights.get_mut(best) {
            *own = of_best;
        }
        let total: f64 = weights.iter().sum();
        let owed: Vec<f64> =
            weights.iter().zip(&book.pulls).map(|(weight, own)| pulls * weight / total - own).collect();
        best_of(&owed, |owed| owed)
    }

    fn paid(&mut self, _: usize, _: usize, arm: usize, cost: f64) {
        self.book.paid(arm, cost);
    }

    fn heard(&mut self, _: usize, unit: Unit, word: Word) {
        self.book.heard(unit.arm, word.quality());
    }
}

fn beta(a: f64, b: f64, chance: &mut Chance) -> f64 {
    let (x, y) = (gamma(a, chance), gamma(b, chance));
    if x + y > 0.0 { x / (x + y) } else { 0.5 }
}

/// Marsaglia and Tsang (2000).
fn gamma(shape: f64, chance: &mut Chance) -> f64 {
    if shape < 1.0 {
        let boost = (1.0 - chance.uniform()).powf(1.0 / shape);
        return boost * gamma(shape + 1.0, chance);
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = chance.normal();
        let v = (1.0 + c * x).powi(3);
        if v > 0.0 && (1.0 - chance.uniform()).ln() < 0.5 * x * x + d - d * v + d * v.ln() {
            return d * v;
        }
    }
}
