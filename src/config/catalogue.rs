//! Every model that is known, by provider and by bare id.

use crate::base::{ModelInfo, ModelRef};
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
}
