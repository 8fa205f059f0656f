//! Every model that is known of the configured providers: the embedded list, the configuration adding and
//! overriding. What is unknown stays `None`; it is never zero.
//!
//! Only the sections of kinds that are configured are decoded, under the name that the configuration gives
//! the provider.

mod asset;
#[cfg(test)]
mod tests;

use super::benchmarks::{self, Prior};
use super::nearest::Pattern;
use crate::base::{ModelInfo, ModelRef, ProviderId, TaskKind};
use crate::wire::quirks;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Every model that is known.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    models: BTreeMap<ProviderId, BTreeMap<Arc<str>, Entry>>,
    by_id: HashMap<Arc<str>, Vec<ModelRef>>,
}

#[derive(Debug, Clone)]
struct Entry {
    info: Arc<ModelInfo>,
    retires: Option<&'static str>,
    /// Whether it is a model of the embedded list: its name is nobody's secret.
    listed: bool,
}

impl Catalogue {
    /// The embedded models of these providers (name and kind).
    #[must_use]
    pub fn of<'a>(providers: impl IntoIterator<Item = (&'a ProviderId, &'a str)>) -> Self {
        let mut providers: Vec<_> = providers.into_iter().collect();
        let rank = |kind: &str| quirks::providers().position(|row| row.kind == kind).unwrap_or(usize::MAX);
        providers.sort_by_cached_key(|(name, kind)| (rank(kind), name.as_str() != *kind, name.as_str().to_owned()));
        let mut catalogue = Self::default();
        for (name, kind) in providers {
            for asset::Row { info, retires } in asset::rows(kind, name) {
                catalogue.put(info, retires, true);
            }
        }
        catalogue
    }

    /// Adds a model, or replaces what is known of it.
    pub fn insert(&mut self, info: ModelInfo) {
        let known = self.models.get(&info.id.provider).and_then(|models| models.get(&info.id.model));
        let listed = known.is_some_and(|entry| entry.listed);
        let retires = self.entry(&info.id).and_then(|entry| entry.retires);
        self.put(info, retires, listed);
    }

    fn put(&mut self, info: ModelInfo, retires: Option<&'static str>, listed: bool) {
        let id = info.id.clone();
        let models = self.models.entry(id.provider.clone()).or_default();
        if models.insert(Arc::clone(&id.model), Entry { info: Arc::new(info), retires, listed }).is_none() {
            self.by_id.entry(Arc::clone(&id.model)).or_default().push(id);
        }
    }

    fn entry(&self, model: &ModelRef) -> Option<&Entry> {
        let models = self.models.get(&model.provider)?;
        models.get(&model.model).or_else(|| models.get(tuned_from(&model.model)?))
    }

    /// What is known of one model; of a fine-tuned one (`ft:base:…`), what is known of its base.
    #[must_use]
    pub fn get(&self, model: &ModelRef) -> Option<&Arc<ModelInfo>> {
        self.entry(model).map(|entry| &entry.info)
    }

    /// What is believed of a model's quality on Day 0: by the operator, by public benchmarks of it, of its family or
    /// of its price. A model that is not listed is looked for by its name.
    #[must_use]
    pub fn prior(&self, model: &ModelRef, kind: TaskKind) -> Option<Prior> {
        match self.get(model) {
            Some(info) => benchmarks::prior(info, kind),
            None => benchmarks::prior(&ModelInfo::unknown(model.clone()), kind),
        }
    }

    /// Whether this very model is in the embedded list.
    #[must_use]
    pub fn is_listed(&self, model: &ModelRef) -> bool {
        let known = self.models.get(&model.provider).and_then(|models| models.get(&model.model));
        known.is_some_and(|entry| entry.listed)
    }

    /// The day on which the provider retires a model, such as `2027-01-31`.
    #[must_use]
    pub fn retires(&self, model: &ModelRef) -> Option<&'static str> {
        self.entry(model)?.retires
    }

    /// The model that a bare id means: the first of its [`candidates`](Self::candidates).
    #[must_use]
    pub fn resolve_bare(&self, id: &str) -> Option<ModelRef> {
        self.candidates(id).first().cloned()
    }

    /// The models of configured providers that have this bare id, in the order of the provider table
    /// (OpenAI and Anthropic first), a provider that is named after its kind before others of that kind.
    #[must_use]
    pub fn candidates(&self, id: &str) -> &[ModelRef] {
        self.by_id.get(id).map_or(&[], Vec::as_slice)
    }

    /// Up to `n` names that are near to `name`, the nearest first: models as `provider/model`, and `others`
    /// (names of routes).
    #[must_use]
    pub fn nearest<'a>(&self, name: &str, n: usize, others: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        let pattern = Pattern::new(name);
        let mut best = Best { n, names: Vec::with_capacity(n + 1) };
        for other in others {
            best.offer(pattern.distance(other), || other.to_owned());
        }
        let mut full = String::new();
        for info in self.iter() {
            full.clear();
            full.extend([info.id.provider.as_str(), "/", &info.id.model]);
            best.offer(pattern.distance(&info.id.model).min(pattern.distance(&full)), || full.clone());
        }
        best.names.into_iter().map(|(_, name)| name).collect()
    }

    /// The models of one configured provider, by id.
    pub fn models_of(&self, provider: &ProviderId) -> impl Iterator<Item = &Arc<ModelInfo>> {
        self.models.get(provider).into_iter().flat_map(BTreeMap::values).map(|entry| &entry.info)
    }

    /// Every model, by provider and id.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<ModelInfo>> {
        self.models.values().flat_map(BTreeMap::values).map(|entry| &entry.info)
    }
}

/// `ft:gpt-4o-mini-2024-07-18:org:name:id` was tuned from `ft:gpt-4o-mini-2024-07-18`, which is priced.
fn tuned_from(model: &str) -> Option<&str> {
    let (end, _) = model.strip_prefix("ft:")?.split_once(':')?;
    model.get(..end.len() + "ft:".len())
}

/// The `n` nearest names so far.
struct Best {
    n: usize,
    names: Vec<(usize, String)>,
}

impl Best {
    fn offer(&mut self, edits: usize, name: impl FnOnce() -> String) {
        let at = self.names.partition_point(|(other, _)| *other <= edits);
        if at < self.n {
            self.names.insert(at, (edits, name()));
            self.names.truncate(self.n);
        }
    }
}
