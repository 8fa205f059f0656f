//! LinUCB (Li et al. 2010): the highest upper bound of a linear regression on the same features as the product's.

use super::feedback::Word;
use super::means::Book;
use super::policy::{Policy, Unit};
use super::problem::{Problem, best_of};
use crate::routing::learn::linear::Linear;

pub(super) struct LinUcb<'a> {
    problem: &'a Problem,
    book: Book,
    arms: Vec<Linear>,
}

impl<'a> LinUcb<'a> {
    pub(super) fn new(problem: &'a Problem, book: Book) -> Self {
        let wide = problem.items.first().map_or(1, |row| row.features.values.len());
        Self { arms: problem.arms.iter().map(|_| Linear::new(wide, 5.0, 0.6, 0.0)).collect(), problem, book }
    }

    fn phi(&self, item: usize) -> Vec<f64> {
        let row = self.problem.items.get(item);
        row.map(|row| row.features.values.iter().map(|value| f64::from(*value)).collect()).unwrap_or_default()
    }
}

impl Policy for LinUcb<'_> {
    fn choose(&mut self, _: usize, item: usize) -> usize {
        let phi = self.phi(item);
        let values: Vec<f64> = self
            .arms
            .iter()
            .enumerate()
            .map(|(arm, linear)| {
                let expected = linear.predict(&phi);
                self.book.value(arm, expected.mean) + 0.5 * expected.variance.sqrt()
            })
            .collect();
        best_of(&values, |value| value)
    }

    fn paid(&mut self, _: usize, _: usize, arm: usize, cost: f64) {
        self.book.paid(arm, cost);
    }

    fn heard(&mut self, _: usize, unit: Unit, word: Word) {
        let phi = self.phi(unit.item);
        if let Some(arm) = self.arms.get_mut(unit.arm) {
            arm.observe(&phi, word.quality(), 1.0, 1.0);
        }
    }
}
