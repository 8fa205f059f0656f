//! Which experiment a session takes part in, and what that does to the choice.

use super::Gateway;
use super::labels::Labels;
use super::resolve::Wanted;
use super::shadow::Mirror;
use crate::base::{ModelRef, OrgId, SessionId};
use crate::config::Config;
use crate::config::settings::Route;
use crate::resource::decision::{Candidate, Reason, Target};
use crate::resource::experiment::{Enrolled, ExperimentKind, Variant};
use crate::routing::{Choice, Facts, Needs, gates, trial, without};
use crate::wire::ChatRequest;
use std::sync::Arc;

/// A session's part in an experiment.
#[derive(Debug, Clone)]
pub(crate) struct Enrolment {
    /// What the record says of it.
    pub(crate) mark: Enrolled,
    /// The model that serves it, where it is on that side of a canary, and the probability of being there.
    pub(crate) canary: Option<(ModelRef, f64)>,
    /// What is copied, where a shadow run copies this session's calls.
    pub(crate) mirror: Option<Mirror>,
}

impl Gateway {
    /// Assigns a session of a route. On side B of a split, the other route's rules hold from here on; the sessions of a
    /// shadow run's share are its side A, since what they are served stays what it was.
    pub(super) fn enrol(
        &self,
        config: &Config,
        org: &OrgId,
        session: &SessionId,
        wanted: &mut Wanted,
        labels: &Labels,
        request: &ChatRequest,
    ) -> Option<Enrolment> {
        let Wanted::Route(route) = wanted else { return None };
        let known = self.learner.snapshot();
        let running = known.trials(org).iter().find(|running| running.experiment.route == route.id)?;
        if self.is_pinned(org, &route.id) {
            return None;
        }
        let experiment = &running.experiment;
        let mut variant = trial::side(&experiment.id, session, experiment.traffic_pct);
        let (mut canary, mut mirror) = (None, None);
        match (experiment.kind, variant) {
            (ExperimentKind::Shadow, Variant::A) => return None,
            (ExperimentKind::Shadow, Variant::B) if labels.zero_retention => return None,
            (ExperimentKind::Shadow, Variant::B) => {
                let (candidate, baseline) = (model(&experiment.candidate), model(&experiment.baseline));
                mirror = Some(Mirror { candidate, baseline, request: request.clone() });
                variant = Variant::A;
            }
            (_, Variant::A) => {}
            (ExperimentKind::Canary, Variant::B) => {
                canary = Some((model(&experiment.candidate), experiment.traffic_pct / 100.0));
            }
            (ExperimentKind::Split, Variant::B) => {
                let rule = experiment.variant_b_routing_rule_id.as_str();
                *route = Arc::clone(config.routes.iter().find(|other| other.id.as_str() == rule)?);
            }
        }
        Some(Enrolment { mark: Enrolled { id: experiment.id.clone(), variant }, canary, mirror })
    }
}

/// The model that a target names.
pub(crate) fn model(target: &Target) -> ModelRef {
    ModelRef::new(target.provider.as_str(), &target.model)
}

/// The choice for a session on the tried side of a canary; `None` where the request's needs or the moment keep the
/// candidate from serving: the call is then none of the experiment's.
pub(super) fn choose(route: &Route, facts: &Facts<'_>, share: f64, needs: &Needs) -> Option<Choice> {
    if gates::refusal(facts, needs).is_some() {
        return None;
    }
    let winner = facts.model.clone();
    let mut candidates = vec![Candidate::plain(&winner, Some(share))];
    if route.default_model != winner {
        candidates.insert(0, Candidate::plain(&route.default_model, Some(1.0 - share)));
    }
    Some(Choice {
        propensity: Some(share),
        backups: without(&winner, route.fallback.iter().chain(std::iter::once(&route.default_model))),
        candidates,
        ..Choice::of(winner, "canary", Reason::Dispatched)
    })
}
