//! What production has shown of each route's models since this process began: read by `smart_select` and by the order
//! of backups, added to by every decision of a route.

use crate::base::{ModelRef, OrgId, RouteId};
use crate::resource::Decision;
use crate::resource::decision::Attempt;
use crate::routing::failure::{Verdict, verdict};
use crate::routing::fallback;
use crate::routing::totals::Totals;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The sums of every org's routes. As many as there are routes in use.
#[derive(Debug, Default)]
pub(crate) struct Shown(Mutex<HashMap<(OrgId, RouteId), Arc<Totals>>>);

impl Shown {
    /// What one route's calls came to.
    pub(crate) fn of(&self, org: &OrgId, route: &RouteId) -> Option<Arc<Totals>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&(org.clone(), route.clone())).map(Arc::clone)
    }

    /// Adds a decision to its route's sums.
    pub(crate) fn fold(&self, decision: &Decision) {
        let Some(route) = &decision.route else { return };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let totals = all.entry((decision.org.clone(), route.clone())).or_default();
        // Who reads the sums keeps them as they were.
        Arc::make_mut(totals).fold(decision, decision.heuristics.as_ref());
    }
}

/// The order in which the rest is asked after this attempt failed, where production has shown a better one than the rule.
pub(crate) fn reordered(rest: &[ModelRef], failed: &Attempt, shown: &Totals) -> Option<Vec<ModelRef>> {
    let Verdict::Failed(kind) = verdict(failed) else { return None };
    let order = fallback::order(rest, kind, shown);
    let is_rule = order.iter().copied().eq(0..rest.len());
    (!is_rule).then(|| order.into_iter().filter_map(|place| rest.get(place).cloned()).collect())
}
