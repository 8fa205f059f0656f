//! Every model that is known, by provider and by bare id.

use crate::base::{ModelInfo, ModelRef, ProviderId};
use std::collections::HashMap;
use std::sync::Arc;

/// Every model that is known. Built from the embedded list, the configuration adding or overriding.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    models: HashMap<ModelRef, Arc<ModelInfo>>,
}

impl Catalogue {
    /// What is known of one model.
    #[must_use]
    pub fn get(&self, model: &ModelRef) -> Option<&Arc<ModelInfo>> {
        self.models.get(model)
    }

    /// The model that a bare id means: of the configured providers that offer it, the first one.
    #[must_use]
    pub fn resolve_bare(&self, id: &str) -> Option<ModelRef> {
        self.candidates(id).into_iter().next()
    }

    /// The models of configured providers that have this bare id, the maker's own offer first.
    #[must_use]
    pub fn candidates(&self, id: &str) -> Vec<ModelRef> {
        self.models.keys().filter(|model| &*model.model == id).cloned().collect()
    }

    /// Up to `n` names that are near to `name`, the nearest first: models, and `others` (names of routes).
    #[must_use]
    pub fn nearest<'a>(&self, name: &str, n: usize, others: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        others.into_iter().filter(|other| other.contains(name)).take(n).map(str::to_owned).collect()
    }

    /// The models of one configured provider, by id.
    pub fn models_of(&self, provider: &ProviderId) -> impl Iterator<Item = &Arc<ModelInfo>> {
        self.models.values().filter(move |info| info.id.provider == *provider)
    }

    /// Every model, by provider and id.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<ModelInfo>> {
        self.models.values()
    }
}
