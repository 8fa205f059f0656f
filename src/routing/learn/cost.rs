//! What a call will cost on each arm, relative to the baseline's mean.
//!
//! ```text
//! c_k = [ T_in (hit_k pc_k + (1 - hit_k) pi_k) + O_k po_k ] / C_b
//! ```
//!
//! Tokens in are counted, the share read from the provider's cache (`hit`) and the tokens out (by length of the input)
//! are learned for each arm, `C_b` is the mean cost of the baseline. All are means in which a call loses half its weight
//! in 140 calls. Where there are no prices, the mean of what was really paid stands in, shaped by the request (see
//! [`super::shape`]). An arm of which neither is known has no cost, and nobody may be sent there to save money.

use super::shape::Shape;
use serde::{Deserialize, Serialize};

/// Prices in micro-USD for one token.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Price {
    /// A token in.
    pub input: f64,
    /// A token in that the provider has in its cache.
    pub cached: f64,
    /// A token out.
    pub output: f64,
}

/// What one call took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Spent {
    /// Micro-USD, or any other unit as long as it is the same for the whole scope; `None` = not known.
    pub cost: Option<f64>,
    /// Tokens in, cached ones included; 0 = not known.
    pub input: f64,
    /// Of these, cached ones.
    pub cached: f64,
    /// Tokens out.
    pub output: f64,
}

/// A request whose cost is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Estimate<'a> {
    /// Tokens in.
    pub input: f64,
    /// The most tokens that may come out, where the request limits them.
    pub most_output: Option<f64>,
    /// Each arm's price today; `None` = unknown.
    pub prices: &'a [Option<Price>],
    /// The arm whose provider has the conversation in its cache; every other arm pays for all of it.
    pub warm: Option<usize>,
}

/// A discounted mean.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
struct Mean {
    count: f64,
    sum: f64,
}

impl Mean {
    fn add(&mut self, value: f64, keep: f64) {
        self.count = self.count * keep + 1.0;
        self.sum = self.sum * keep + value;
    }

    fn get(&self) -> Option<f64> {
        (self.count > 0.0).then(|| self.sum / self.count)
    }
}

/// Inputs below these numbers of tokens share a bucket.
const BUCKETS: [f64; 3] = [200.0, 2_000.0, 20_000.0];
/// How many calls the hint given at the start is worth.
const HINT: f64 = 5.0;
/// Tokens out where nothing was seen yet.
const FIRST_OUTPUT: f64 = 300.0;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct ArmCost {
    hint: Option<f64>,
    /// What is left of the hint's weight.
    hinted: f64,
    paid: Mean,
    hit: Mean,
    output: [Mean; 4],
}

impl ArmCost {
    fn new(hint: Option<f64>) -> Self {
        Self { hint, hinted: HINT, paid: Mean::default(), hit: Mean::default(), output: Default::default() }
    }
}

/// The learned costs of a scope's arms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Costs {
    arms: Vec<ArmCost>,
    shape: Shape,
}

impl Costs {
    /// Nothing seen; a hint is a price relative to the baseline's.
    #[must_use]
    pub fn new(dimension: usize, hints: &[Option<f64>]) -> Self {
        let clean = |hint: &Option<f64>| hint.filter(|hint| hint.is_finite() && *hint >= 0.0);
        Self {
            arms: hints.iter().map(|hint| ArmCost::new(clean(hint))).collect(),
            shape: Shape::new(dimension, hints.iter().map(clean)),
        }
    }

    /// The arms in another order, by their old places; an arm without one starts with its hint.
    #[must_use]
    pub fn rearranged(&self, places: &[(Option<usize>, Option<f64>)]) -> Self {
        let arm = |(place, hint): &(Option<usize>, Option<f64>)| {
            let known = place.and_then(|place| self.arms.get(place)).cloned();
            known.unwrap_or_else(|| ArmCost::new(*hint))
        };
        Self { arms: places.iter().map(arm).collect(), shape: self.shape.rearranged(places.iter().copied()) }
    }

    /// Takes one call in.
    pub fn observe(&mut self, arm: usize, phi: &[f64], spent: &Spent, keep: f64) {
        self.shape.meet(phi, spent.input);
        let Some(own) = self.arms.get_mut(arm) else { return };
        if let Some(cost) = spent.cost.filter(|cost| cost.is_finite() && *cost >= 0.0) {
            own.paid.add(cost, keep);
            own.hinted *= keep;
            if let Some(unit) = self.baseline() {
                self.shape.observe(arm, phi, spent.input, cost / unit);
            }
        }
        let Some(own) = self.arms.get_mut(arm) else { return };
        if spent.input > 0.0 && spent.input.is_finite() && spent.output.is_finite() {
            own.hit.add((spent.cached / spent.input).clamp(0.0, 1.0), keep);
            if let Some(output) = own.output.get_mut(bucket(spent.input)) {
                output.add(spent.output.max(0.0), keep);
            }
        }
    }

    /// The mean cost of the baseline: of its own calls, else of what the others paid by their hints.
    #[must_use]
    pub fn baseline(&self) -> Option<f64> {
        let own = self.arms.first().and_then(|arm| arm.paid.get());
        let by_hint = |arm: &ArmCost| Some(arm.paid.get()? / arm.hint.filter(|hint| *hint > 0.0)?);
        own.or_else(|| self.arms.iter().find_map(by_hint)).filter(|cost| *cost > 0.0)
    }

    /// What each arm costs relative to the baseline by what was paid, the hint mixed in.
    #[must_use]
    pub fn paid(&self) -> Vec<Option<f64>> {
        let unit = self.baseline();
        let relative = |arm: &ArmCost| {
            let paid = unit.and_then(|unit| arm.paid.get().map(|paid| paid / unit));
            match (arm.hint, paid) {
                (Some(hint), Some(paid)) => {
                    Some((hint * arm.hinted + paid * arm.paid.count) / (arm.hinted + arm.paid.count))
                }
                (hint, paid) => paid.or(hint),
            }
        };
        self.arms.iter().map(relative).collect()
    }

    /// The same for one request.
    #[must_use]
    pub fn paid_for(&self, phi: &[f64], input: f64) -> Vec<Option<f64>> {
        let shaped = |(arm, paid): (usize, Option<f64>)| paid.map(|paid| paid * self.shape.factor(arm, phi, input));
        self.paid().into_iter().enumerate().map(shaped).collect()
    }

    /// The tokens that this arm is expected to answer an input of this length with.
    #[must_use]
    pub fn output(&self, arm: usize, input: f64) -> f64 {
        let seen = |arm: &ArmCost| {
            let own = arm.output.get(bucket(input)).and_then(Mean::get);
            let any = || arm.output.iter().filter(|mean| mean.count > 0.0).max_by(|a, b| a.count.total_cmp(&b.count));
            own.or_else(|| any().and_then(Mean::get))
        };
        let own = self.arms.get(arm).and_then(seen);
        own.or_else(|| self.arms.first().and_then(seen)).unwrap_or(FIRST_OUTPUT)
    }

    /// The expected cost of a request in micro-USD on each arm, by prices.
    #[must_use]
    pub fn priced(&self, ask: &Estimate<'_>) -> Vec<Option<f64>> {
        let cost = |(arm, own): (usize, &ArmCost)| {
            let price = ask.prices.get(arm).copied().flatten()?;
            let output = self.output(arm, ask.input).min(ask.most_output.unwrap_or(f64::INFINITY));
            let cold = ask.warm.is_some_and(|warm| warm != arm);
            let hit = if cold { 0.0 } else { own.hit.get().unwrap_or(0.0) };
            Some(ask.input * (hit * price.cached + (1.0 - hit) * price.input) + output * price.output)
        };
        self.arms.iter().enumerate().map(cost).collect()
    }

    /// The share of an arm's input that its provider had in its cache, 0..1.
    #[must_use]
    pub fn hit(&self, arm: usize) -> f64 {
        self.arms.get(arm).and_then(|arm| arm.hit.get()).unwrap_or(0.0)
    }

    /// The costs of [`priced`](Self::priced) relative to the baseline's mean. Where the baseline has not been paid yet,
    /// this request's own cost on it is the unit.
    #[must_use]
    pub fn relative(&self, priced: &[Option<f64>]) -> Vec<Option<f64>> {
        let unit = self.baseline().or_else(|| priced.first().copied().flatten()).filter(|unit| *unit > 0.0);
        priced.iter().map(|cost| Some((*cost)? / unit?)).collect()
    }
}

fn bucket(input: f64) -> usize {
    BUCKETS.iter().filter(|bound| input >= **bound).count()
}
