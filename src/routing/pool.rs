//! What orgs of one installation learn from each other: how good a model is at a kind of task, and nothing else.
//!
//! An org contributes, for each [`Cell`] (model and kind of task), two whole numbers: how many outcomes it saw and
//! their sum. What the others see of a cell is one [`Pooled`]: a quality, and how many observations it is worth.
//!
//! What keeps an org's business its own:
//!
//! - A [`Tally`] and a [`Pooled`] hold numbers only. Names of models come from the built-in list; a fine-tuned model,
//!   whose name tells whose it is, makes no cell.
//! - A cell with fewer than [`Policy::min_orgs`] contributors is not published, and vanishes when it falls below.
//! - No org counts for more than [`Policy::most_per_org`] outcomes of a cell.
//! - Noise is added to count and sum, drawn for a worst-case org: with or without it, no published value becomes
//!   more than e^ε times as likely (differential privacy, Laplace mechanism).
//! - The noise of a cell is drawn once for a version. Reading again, or publishing again without much news, gives the
//!   same numbers, and there are at most [`MOST_VERSIONS`] versions of a cell, so averaging does not remove the noise.
//! - An org that [leaves](Pool::leave) takes its numbers with it to the last digit; what was published with them is
//!   withdrawn at once.
//!
//! A published cell is worth few observations where the noise is large: p(1 − p) / (noise variance + 0.1²), at most
//! [`Policy::most_pseudo`]. With ε = 1 and orgs that all count in full, five orgs make a cell worth about 1.5
//! observations, twenty about 10. An org's own data soon outweighs it.

mod draw;
#[cfg(test)]
mod tests;

use super::learn::chance::Chance;
use crate::base::{ModelRef, OrgId, TaskKind};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Versions of a cell. After the last, it stays as it is until a contributor leaves, and is then gone.
pub const MOST_VERSIONS: u32 = 8;

const MILLION: u64 = 1_000_000;

/// What is pooled: one model at one kind of task.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Cell {
    kind: TaskKind,
    provider: String,
    model: String,
}

/// The model's name is nobody else's business, or the text names no cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no cell of the pool: fine-tuned models and account-bound names are not pooled")]
pub struct NotACell;

impl Cell {
    /// The cell of a model of the built-in list, with its provider's kind in place of the configured name. Whoever
    /// calls this makes sure that the model is in that list: a name that an org made up must not be published.
    pub fn new(model: &ModelRef, kind: TaskKind) -> Result<Self, NotACell> {
        let small = model.model.to_ascii_lowercase();
        if small.starts_with("ft:") || small.contains("arn:") || small.is_empty() {
            return Err(NotACell);
        }
        Ok(Self { kind, provider: model.provider.as_str().to_owned(), model: model.model.to_string() })
    }

    /// The kind of task.
    #[must_use]
    pub fn kind(&self) -> TaskKind {
        self.kind
    }

    /// The kind of provider.
    #[must_use]
    pub fn provider(&self) -> &str {
        &self.provider
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }
}

impl From<Cell> for String {
    fn from(cell: Cell) -> Self {
        format!("{} {}/{}", cell.kind, cell.provider, cell.model)
    }
}

impl TryFrom<String> for Cell {
    type Error = NotACell;

    fn try_from(text: String) -> Result<Self, NotACell> {
        let (kind, model) = text.split_once(' ').ok_or(NotACell)?;
        Self::new(&ModelRef::parse(model).ok_or(NotACell)?, TaskKind::parse(kind).ok_or(NotACell)?)
    }
}

/// Outcomes and their sum in millionths. Whole numbers: adding and taking away leaves no trace.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    count: u32,
    sum: u64,
}

impl Tally {
    /// One outcome of this quality, 0..1; what is no number is no outcome.
    #[must_use]
    pub fn of(quality: f64) -> Self {
        if quality.is_nan() {
            return Self::default();
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and a million")]
        let sum = (quality.clamp(0.0, 1.0) * 1e6).round() as u64;
        Self { count: 1, sum }
    }

    /// Outcomes.
    #[must_use]
    pub fn count(self) -> u32 {
        self.count
    }

    /// Both together; what would pass the largest count is left out.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        match self.count.checked_add(other.count) {
            Some(count) => Self { count, sum: self.sum.saturating_add(other.sum) },
            None => self,
        }
    }

    /// What is left without these; nothing where they are more than all.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        match self.count.checked_sub(other.count) {
            Some(count) => Self { count, sum: self.sum.saturating_sub(other.sum) },
            None => Self::default(),
        }
    }

    /// The same mean with at most `most` outcomes, and a sum that fits the count whatever was stored.
    fn bounded(self, most: u32) -> (f64, f64) {
        let count = f64::from(self.count);
        let weight = f64::from(self.count.min(most));
        #[expect(clippy::cast_precision_loss, reason = "sums of u32::MAX millionths are exact in 53 bits")]
        let sum = self.sum.min(u64::from(self.count) * MILLION) as f64 / 1e6;
        (weight, if self.count == 0 { 0.0 } else { sum / count * weight })
    }
}

/// What is published of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Pooled {
    /// Quality, 0..1, with noise, in thousandths.
    pub quality: f64,
    /// How many observations it is worth.
    pub pseudo_samples: f64,
}

/// How much protection, and how much use.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Policy {
    /// Contributors below which a cell is not published; less than two is taken as two.
    pub min_orgs: u32,
    /// Outcomes of one org that count, at most, in one cell.
    pub most_per_org: u32,
    /// Privacy loss ε of one version of one cell: less is more noise.
    pub epsilon: f64,
    /// No cell is worth more observations.
    pub most_pseudo: f64,
}

impl Policy {
    /// The usual one, with this number of contributors.
    #[must_use]
    pub fn with_min_orgs(min_orgs: u32) -> Self {
        Self { min_orgs, most_per_org: 50, epsilon: 1.0, most_pseudo: 20.0 }
    }
}

/// One version of a cell. `shown` is `None` where the noise left nothing worth showing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Version {
    number: u32,
    /// The weight that it was drawn from.
    weight: f64,
    shown: Option<Pooled>,
}

/// All contributions by org, and what is published. Kept as a whole in the store and never served: only
/// [`Pool::cells`] is for others.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Pool {
    contributions: BTreeMap<OrgId, BTreeMap<Cell, Tally>>,
    versions: BTreeMap<Cell, Version>,
}

impl Pool {
    /// Adds to what an org contributes.
    pub fn record(&mut self, org: &OrgId, cell: Cell, tally: Tally) {
        if tally.count == 0 {
            return;
        }
        let own = self.contributions.entry(org.clone()).or_default().entry(cell).or_default();
        *own = own.plus(tally);
    }

    /// An org's contribution as it stands now. One that has become less than what was published with it, or is gone,
    /// withdraws those cells like [`leave`](Self::leave).
    pub fn replace(&mut self, org: &OrgId, own: &BTreeMap<Cell, Tally>) {
        let known = self.contributions.get(org);
        let is_less = |(cell, tally): (&Cell, &Tally)| own.get(cell).is_none_or(|own| own.count < tally.count);
        if known.is_some_and(|known| known.iter().any(is_less)) {
            self.leave(org);
        }
        if !own.is_empty() {
            self.contributions.insert(org.clone(), own.clone());
        }
    }

    /// Takes away all that an org contributed, and withdraws every cell that it was part of until the next
    /// [`publish`](Self::publish).
    pub fn leave(&mut self, org: &OrgId) {
        for cell in self.contributions.remove(org).unwrap_or_default().keys() {
            if let Some(version) = self.versions.get_mut(cell) {
                version.shown = None;
                version.weight = 0.0;
            }
        }
    }

    /// Draws new versions of cells that have much news: that were never drawn, were withdrawn, or have twice the
    /// weight by now. Others stay as they are. `chance` is seeded from the system's random source and its seed is kept
    /// nowhere: whoever knows it can take the noise away. To be called rarely, such as once a day.
    pub fn publish(&mut self, policy: &Policy, chance: &mut Chance) {
        let all: BTreeSet<Cell> = self.contributions.values().flat_map(BTreeMap::keys).cloned().collect();
        for cell in all {
            let sums = draw::Sums::of(self.contributions.values().filter_map(|own| own.get(&cell)).copied(), policy);
            let old = self.versions.get(&cell).copied();
            let number = old.map_or(1, |old| old.number + 1);
            if sums.orgs < policy.min_orgs.max(2) {
                if let Some(version) = self.versions.get_mut(&cell) {
                    version.shown = None;
                    version.weight = 0.0;
                }
            } else if number <= MOST_VERSIONS && old.is_none_or(|old| sums.weight >= 2.0 * old.weight) {
                let shown = sums.draw(policy, chance);
                self.versions.insert(cell, Version { number, weight: sums.weight, shown });
            }
        }
    }

    /// What is published, for everybody who takes part.
    pub fn cells(&self) -> impl Iterator<Item = (&Cell, Pooled)> {
        self.versions.iter().filter_map(|(cell, version)| Some((cell, version.shown?)))
    }

    /// What is published of one cell.
    #[must_use]
    pub fn cell(&self, cell: &Cell) -> Option<Pooled> {
        self.versions.get(cell)?.shown
    }

    /// To how many cells an org contributes: for that org's own eyes.
    #[must_use]
    pub fn contributed(&self, org: &OrgId) -> usize {
        self.contributions.get(org).map_or(0, BTreeMap::len)
    }
}
