//! Experiments at work: what their decisions and ratings show, and the steps that follow from it by themselves.

use super::state::OrgState;
use crate::base::{ExperimentId, OrgId, Timestamp};
use crate::resource::Decision;
use crate::resource::experiment::{DecidedBy, Experiment, ExperimentKind, ExperimentStatus, STAGES, Step, Variant};
use crate::routing::learn::anchor::Anchor;
use crate::routing::learn::eprocess::Yard;
use crate::routing::trial::{Shown, Trial};
use crate::store::{Error, Store};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// An active experiment and its evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Running {
    /// The experiment.
    pub experiment: Arc<Experiment>,
    /// What was seen of it.
    pub trial: Trial,
    /// Whether a step was taken that the log has not told of yet.
    #[serde(skip)]
    is_stepping: bool,
}

impl Running {
    fn new(experiment: Experiment) -> Self {
        Self { experiment: Arc::new(experiment), trial: Trial::default(), is_stepping: false }
    }

    fn is_shadow(&self) -> bool {
        self.experiment.kind == ExperimentKind::Shadow
    }

    /// The step that follows from the evidence by itself.
    fn due(&self, now: Timestamp) -> Option<Step> {
        let experiment = &self.experiment;
        let now_at = experiment.traffic_pct;
        let (decided_by, status, traffic) = match self.trial.shown() {
            _ if self.is_stepping => return None,
            Shown::Fine if experiment.auto_promote && self.is_shadow() => {
                (DecidedBy::EValue, ExperimentStatus::Completed, now_at)
            }
            Shown::Harm(by) if experiment.auto_rollback => (by, ExperimentStatus::RolledBack, 0.0),
            Shown::Fine if experiment.auto_promote => match STAGES.into_iter().find(|stage| *stage > now_at) {
                Some(next) => (DecidedBy::EValue, ExperimentStatus::Active, next),
                None => (DecidedBy::EValue, ExperimentStatus::Completed, now_at),
            },
            _ => return None,
        };
        Some(self.step(now, decided_by, status, traffic))
    }

    /// A step with the numbers of this moment.
    #[must_use]
    pub fn step(&self, at: Timestamp, decided_by: DecidedBy, status: ExperimentStatus, traffic: f64) -> Step {
        let results = self.trial.results(&self.experiment, at);
        let results = serde_json::to_value(results).expect("results hold nothing that JSON cannot");
        let traffic_pct = (self.experiment.traffic_pct, traffic);
        Step { at, decided_by, key_id: None, traffic_pct, status, results }
    }
}

impl OrgState {
    /// An experiment began, moved on or ended.
    pub(super) fn experiment(&mut self, experiment: &Experiment) {
        self.trials_changed = true;
        if !experiment.is_active() {
            self.trials.remove(&experiment.id);
            self.shadow_run(experiment);
            return;
        }
        let known = self.trials.entry(experiment.id.clone()).or_insert_with(|| Running::new(experiment.clone()));
        known.is_stepping = false;
        if known.experiment.steps.len() < experiment.steps.len() {
            known.trial.next_stage();
            known.experiment = Arc::new(experiment.clone());
        }
    }

    /// What a shadow run has shown by its end; a later one takes an earlier one's place.
    fn shadow_run(&mut self, experiment: &Experiment) {
        if let Some(shown) = experiment.shadowed() {
            let candidate = &experiment.candidate;
            let name = format!("{}/{}", candidate.provider, candidate.model);
            self.shadowed.entry(experiment.route.clone()).or_default().insert(name, shown);
        }
    }

    /// A call of an experiment was made.
    pub(super) fn tried(&mut self, decision: &Decision) {
        let Some(enrolled) = &decision.experiment else { return };
        if let Some(running) = self.trials.get_mut(&enrolled.id) {
            running.trial.called(enrolled.variant, decision);
            self.trials_changed = true;
        }
    }

    /// These decisions were rated together.
    pub(super) fn tried_and_rated(&mut self, decisions: &[Decision], rating: f64) {
        let anchor = Anchor::default();
        let marks = decisions.iter().filter_map(|decision| decision.experiment.as_ref());
        let sides: BTreeMap<&ExperimentId, Variant> = marks.map(|mark| (&mark.id, mark.variant)).collect();
        for (id, variant) in sides {
            if let Some(running) = self.trials.get_mut(id).filter(|running| !running.is_shadow()) {
                let floor = running.experiment.quality_floor;
                let yard = Yard { floor, reach: Anchor::REACH, doubt: anchor.doubt() };
                running.trial.rated(variant, anchor.quality(rating), &yard);
                self.trials_changed = true;
            }
        }
    }

    /// A call or its copy was judged, 0..1: what a shadow run goes by, since nobody sees the copies.
    pub(super) fn tried_and_judged(&mut self, decision: &Decision, quality: f64) {
        let Some(enrolled) = &decision.experiment else { return };
        if let Some(running) = self.trials.get_mut(&enrolled.id).filter(|running| running.is_shadow()) {
            let yard = Yard::outcomes(running.experiment.quality_floor);
            running.trial.rated(enrolled.variant, quality, &yard);
            self.trials_changed = true;
        }
    }

    /// Takes the steps that are due; each is durable before anybody sees it. Whether any was taken.
    pub(super) fn step_trials(&mut self, store: &Store, org: &OrgId, now: Timestamp) -> Result<bool, Error> {
        let mut stepped = false;
        for (id, running) in &mut self.trials {
            let Some(step) = running.due(now) else { continue };
            let (status, decided_by) = (step.status, step.decided_by);
            store.step_experiment_here(org.clone(), id.clone(), step)?;
            running.is_stepping = true;
            stepped = true;
            tracing::warn!(%org, experiment = %id, ?status, ?decided_by, "an experiment took a step by itself");
        }
        Ok(stepped)
    }

    /// Experiments that the log does not tell of any more, because retention has taken its beginning.
    pub(super) fn adopt_trials(&mut self, experiments: Vec<Experiment>) {
        // The latest comes first, and has the last word.
        for experiment in experiments.into_iter().rev() {
            if experiment.is_active() {
                self.trials.entry(experiment.id.clone()).or_insert_with(|| Running::new(experiment));
            } else {
                self.shadow_run(&experiment);
            }
        }
    }
}
