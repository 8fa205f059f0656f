//! What orgs set at run time, as the stages read it: constraints and the word on pooled priors.
//! Replaced as a whole after each change, like keys and pins.

use super::Gateway;
use crate::base::OrgId;
use crate::resource::{Constraints, PriorsSetting};
use crate::store::Error;
use arc_swap::ArcSwap;
use std::collections::HashMap;

/// The settings of all orgs that have any.
#[derive(Debug, Default)]
pub(super) struct Settings {
    constraints: ArcSwap<HashMap<OrgId, Constraints>>,
    priors: ArcSwap<HashMap<OrgId, PriorsSetting>>,
}

impl Gateway {
    /// Reads the orgs' settings again after one was changed.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn refresh_settings(&self) -> Result<(), Error> {
        let _one_at_a_time = self.refreshing();
        self.settings.constraints.store(std::sync::Arc::new(self.store.constraints()?.into_iter().collect()));
        let now = self.now();
        for (org, constraints) in self.settings.constraints.load().iter() {
            let length = constraints.spend.token_window_seconds.map(std::time::Duration::from_secs);
            self.spend.set_window(&self.store, org, length, now)?;
        }
        self.settings.priors.store(std::sync::Arc::new(self.store.priors_settings()?.into_iter().collect()));
        Ok(())
    }

    /// What the org has set.
    #[must_use]
    pub fn constraints(&self, org: &OrgId) -> Constraints {
        self.settings.constraints.load().get(org).copied().unwrap_or_default()
    }

    /// The org's own word on pooled priors.
    #[must_use]
    pub fn priors_setting(&self, org: &OrgId) -> Option<PriorsSetting> {
        self.settings.priors.load().get(org).copied()
    }

    /// Whether the org contributes to and uses pooled priors: the installation and the org both have to want it.
    #[must_use]
    pub fn pools(&self, org: &OrgId) -> bool {
        self.config.load().priors.pooling && self.priors_setting(org).is_none_or(|setting| setting.pooling)
    }
}
