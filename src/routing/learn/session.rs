//! A session that goes on, and the dimensions that a scope has floors for.

use super::cost::Spent;
use super::features::Features;
use super::scope::Scope;
use std::sync::Arc;

impl Scope {
    /// A session went on with the arm it has: nothing was chosen, but the call has a cost.
    pub fn continued(&mut self, arm: usize, spent: &Spent) {
        let (phi, keep) = (self.fit(&Features::constant()), self.params.keep_cost);
        Arc::make_mut(&mut self.costs).observe(arm, &phi, spent, keep);
    }

    /// The names of the dimensions that have a floor of their own, in their order.
    pub fn dimensions(&self) -> impl Iterator<Item = &str> {
        self.dimension_floors.iter().map(|(name, _)| name.as_str())
    }
}
