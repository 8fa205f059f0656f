//! Which targets have a name in labels. Callers may name any model at a provider whose models nobody lists, so a name by
//! itself proves nothing: those have one that the configuration names, and those that have served, up to a limit. All
//! others are counted together.

use crate::base::limits::MAX_METRIC_TARGETS;
use crate::base::{ModelRef, ProviderId};
use arc_swap::ArcSwap;
use std::collections::HashSet;
use std::sync::Arc;

/// The label of what has no name of its own.
pub const OTHER: &str = "other";

/// The names that are known.
#[derive(Debug, Default)]
pub(super) struct Known {
    configured: ArcSwap<Configured>,
    served: ArcSwap<HashSet<ModelRef>>,
}

#[derive(Debug, Default)]
struct Configured {
    providers: HashSet<ProviderId>,
    models: HashSet<ModelRef>,
}

impl Known {
    /// Takes the names of a configuration in place of those of the last one.
    pub(super) fn configure<'a>(
        &self,
        providers: impl Iterator<Item = &'a ProviderId>,
        models: impl Iterator<Item = &'a ModelRef>,
    ) {
        let configured = Configured { providers: providers.cloned().collect(), models: models.cloned().collect() };
        self.configured.store(Arc::new(configured));
    }

    /// Takes the name of a target that has served.
    pub(super) fn served(&self, target: &ModelRef) {
        if self.has(target) || self.served.load().len() >= MAX_METRIC_TARGETS {
            return;
        }
        self.served.rcu(|served| {
            let mut served = HashSet::clone(served);
            if served.len() < MAX_METRIC_TARGETS {
                served.insert(target.clone());
            }
            served
        });
    }

    /// Whether the target has a name of its own.
    pub(super) fn has(&self, target: &ModelRef) -> bool {
        self.configured.load().models.contains(target) || self.served.load().contains(target)
    }

    /// Provider and model as labels.
    pub(super) fn labels(&self, target: &ModelRef) -> (String, String) {
        if self.has(target) {
            return (target.provider.to_string(), target.model.to_string());
        }
        let is_configured = self.configured.load().providers.contains(&target.provider);
        let provider = if is_configured { target.provider.to_string() } else { OTHER.to_owned() };
        (provider, OTHER.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(known: &Known, provider: &str, model: &str) -> String {
        let (provider, model) = known.labels(&ModelRef::new(provider, model));
        format!("{provider}/{model}")
    }

    #[test]
    fn names_come_from_the_configuration_and_from_serving() {
        let known = Known::default();
        let named = ModelRef::new("up", "named");
        known.configure([ProviderId::from("up")].iter(), [named].iter());
        known.served(&ModelRef::new("up", "served"));
        for (provider, model, label) in [
            ("up", "named", "up/named"),
            ("up", "served", "up/served"),
            ("up", "made-up", "up/other"),
            ("made-up", "named", "other/other"),
        ] {
            assert_eq!(labels(&known, provider, model), label);
        }
    }

    #[test]
    fn the_number_of_names_is_bounded() {
        let known = Known::default();
        for number in 0..MAX_METRIC_TARGETS + 10 {
            known.served(&ModelRef::new("up", &format!("m{number}")));
        }
        assert_eq!(known.served.load().len(), MAX_METRIC_TARGETS);
        assert_eq!(labels(&known, "up", "m0"), "up/m0");
    }
}
