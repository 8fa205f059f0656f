//! The pool of priors at work: what orgs contribute, and what they begin with. The rules are in [`crate::routing::pool`].
//!
//! An org's contribution is part of what its log folds to, so leaving and restarting are exact. What was published, noise
//! included, is kept in the store before anybody sees it: a fresh draw after every start would be one more to average.

use super::state::OrgState;
use crate::base::{ModelRef, OrgId, ProviderId, TaskKind};
use crate::config::{self, Config, PriorSource};
use crate::resource::priors::{Pool as Published, PriorCell};
use crate::routing::learn::Prior;
use crate::routing::learn::chance::Chance;
use crate::routing::pool::{Cell, Policy, Pool, Tally};
use crate::store::{Error, Store};
use rand::RngExt;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How often new versions are drawn, beside each start.
const EVERY: Duration = Duration::from_secs(24 * 3600);

/// The pool, and when it is due.
#[derive(Debug)]
pub(super) struct Pooling {
    pool: Pool,
    next: Instant,
}

impl Pooling {
    /// The pool as it was kept.
    pub(super) fn open(store: &Store) -> Result<Self, Error> {
        let kept = store.load_pool()?.map(|bytes| serde_json::from_slice(&bytes)).transpose();
        let pool = kept.unwrap_or_else(|error| {
            tracing::error!(%error, "the pool of priors cannot be read: it begins anew");
            None
        });
        Ok(Self { pool: pool.unwrap_or_default(), next: Instant::now() })
    }

    /// What is published of a model; `None` where nothing is, or the model's name is nobody else's business.
    pub(super) fn prior(&self, config: &Config, model: &ModelRef) -> Option<Prior> {
        let pooled = self.pool.cell(&cell(config, model)?)?;
        Some(Prior { mean: pooled.quality, pseudo: pooled.pseudo_samples })
    }

    /// Looks at the contributions again before the day is over: the configuration has changed.
    pub(super) fn look_again(&mut self) {
        self.next = Instant::now();
    }

    /// An org leaves: what it contributed is gone, and what was published with it is withdrawn.
    pub(super) fn leave(&mut self, store: &Store, org: &OrgId) -> Result<(), Error> {
        self.pool.leave(org);
        self.save(store)
    }

    /// Takes the orgs' contributions as they stand, and draws what is due; whether anything may have changed.
    pub(super) fn publish(
        &mut self,
        config: &Config,
        store: &Store,
        orgs: &BTreeMap<OrgId, OrgState>,
    ) -> Result<bool, Error> {
        if Instant::now() < self.next {
            return Ok(false);
        }
        self.next = Instant::now() + EVERY;
        let mut drawn = self.pool.clone();
        for (org, state) in orgs {
            drawn.replace(org, &state.pooled);
        }
        if config.priors.pooling {
            // The seed is kept nowhere: who knows it can take the noise away.
            drawn.publish(&Policy::with_min_orgs(config.priors.min_orgs), &mut Chance::new(rand::rng().random()));
        }
        if drawn == self.pool {
            return Ok(false);
        }
        std::mem::swap(&mut self.pool, &mut drawn);
        if let Err(error) = self.save(store) {
            self.pool = drawn;
            return Err(error);
        }
        Ok(true)
    }

    fn save(&self, store: &Store) -> Result<(), Error> {
        store.save_pool(serde_json::to_vec(&self.pool).expect("a pool holds nothing that JSON cannot"))
    }

    /// What readers see of it; nothing where the installation does not pool.
    pub(super) fn published(&self, config: &Config, orgs: &BTreeMap<OrgId, OrgState>) -> Published {
        if !config.priors.pooling {
            return Published::default();
        }
        let cells = self.pool.cells().map(|(cell, pooled)| PriorCell {
            provider: cell.provider().to_owned(),
            model: cell.model().to_owned(),
            task_class: cell.kind().as_str().to_owned(),
            quality: pooled.quality,
            pseudo_samples: pooled.pseudo_samples,
        });
        let contributed = orgs.iter().map(|(org, state)| (org.clone(), state.pooled.len() as u64));
        Published { cells: cells.collect(), contributed: contributed.filter(|(_, cells)| *cells > 0).collect() }
    }
}

/// The cell of a model of the embedded list, under its provider's kind.
fn cell(config: &Config, model: &ModelRef) -> Option<Cell> {
    let kind = &config.providers.get(&model.provider)?.kind;
    let listed = config.catalogue.is_listed(model);
    let named = ModelRef::new(ProviderId::from(kind.as_str()), &model.model);
    listed.then(|| Cell::new(&named, TaskKind::General).ok()).flatten()
}

/// One outcome of a model, where its org takes part; in the place of an earlier one (`before`) where it corrects that.
pub(super) fn contribute(state: &mut OrgState, config: &Config, model: &str, before: Option<f64>, quality: f64) {
    if !state.pools(config) {
        return;
    }
    let Some(cell) = ModelRef::parse(model).and_then(|model| cell(config, &model)) else { return };
    let tally = state.pooled.entry(cell).or_default();
    *tally = before.map_or(*tally, |before| tally.minus(Tally::of(before))).plus(Tally::of(quality));
}

/// A belief of benchmarks with what the pool adds to it. What an operator has said stands.
pub(super) fn pooled(known: Option<config::Prior>, pool: Option<Prior>) -> (Option<Prior>, bool) {
    let own = known.map(|prior| Prior { mean: prior.mean, pseudo: prior.pseudo_observations() });
    match (own, pool) {
        (own, None) => (own, false),
        (own, Some(_)) if known.is_some_and(|prior| prior.source == PriorSource::Configured) => (own, false),
        (None, Some(pool)) => (Some(pool), true),
        (Some(own), Some(pool)) => {
            let pseudo = own.pseudo + pool.pseudo;
            let mean = (own.mean * own.pseudo + pool.mean * pool.pseudo) / pseudo.max(f64::MIN_POSITIVE);
            (Some(Prior { mean, pseudo }), true)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pool_adds_to_benchmarks_and_not_to_the_operators_word() {
        let pool = Prior { mean: 0.9, pseudo: 10.0 };
        assert_eq!(pooled(None, None), (None, false));
        assert_eq!(pooled(None, Some(pool)), (Some(pool), true));
        let said = config::Prior::configured(0.5);
        let (prior, from_pool) = pooled(Some(said), Some(pool));
        assert_eq!((prior.map(|prior| prior.mean), from_pool), (Some(0.5), false));
        let benchmark = config::Prior { source: PriorSource::PriceBand, ..said };
        let (prior, from_pool) = pooled(Some(benchmark), Some(pool));
        let (own, prior) = (benchmark.pseudo_observations(), prior.unwrap());
        assert!(from_pool);
        assert!((prior.pseudo - own - 10.0).abs() < 1e-12);
        assert!((prior.mean - (0.5 * own + 9.0) / (own + 10.0)).abs() < 1e-12);
    }
}
