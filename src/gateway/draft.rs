//! A request while it runs: what the stages have made of it so far. Whoever ends it makes its record of it ([`super::record`]).

use super::Gateway;
use super::caller::{Caller, PartOf};
use super::clock::Clock;
use super::enrolment::Enrolment;
use super::heuristics::Question;
use super::labels::Labels;
use super::line::Notes;
use super::session::Place;
use super::shadow::CopyOf;
use crate::base::model::TokenUsage;
use crate::base::{EvaluationId, MicroUsd, ModelRef, RequestId, Timestamp};
use crate::config::Config;
use crate::config::settings::Route;
use crate::resource::decision::Strategy;
use crate::routing::Choice;
use crate::routing::budget::Charge;
use crate::store::Around;
use crate::wire::Surface;
use bytes::Bytes;
use std::sync::Arc;
use std::time::Instant;

/// What is known of a request while it runs.
pub(crate) struct Draft {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) config: Arc<Config>,
    pub(crate) id: RequestId,
    pub(crate) created_at: Timestamp,
    /// Where its time goes.
    pub(crate) clock: Clock,
    pub(crate) caller: Caller,
    pub(crate) labels: Labels,
    pub(crate) endpoint: &'static str,
    /// How the client is spoken to.
    pub(crate) surface: Surface,
    pub(crate) requested_model: String,
    pub(crate) stream: bool,
    pub(crate) place: Place,
    pub(crate) route: Option<Arc<Route>>,
    /// Whose copy it is, where it is one in the shadow.
    pub(crate) copy_of: Option<CopyOf>,
    pub(crate) strategy: Strategy,
    /// The experiment that the session takes part in.
    pub(crate) enrolment: Option<Enrolment>,
    pub(crate) choice: Option<Choice>,
    pub(crate) attempts: Arc<Notes>,
    pub(crate) served: Option<ModelRef>,
    pub(crate) dropped: Vec<String>,
    pub(crate) first_byte: Option<Instant>,
    /// The conversation as the client sent it; `None` under zero retention.
    pub(crate) messages: Option<Bytes>,
    /// What is kept beside it.
    pub(crate) around: Option<Around>,
    /// What was asked, for the scores of the answer; `None` for what is no chat.
    pub(crate) question: Option<Question>,
    /// Whether the client may name what is answered in a later request, instead of sending it back.
    pub(crate) remembered: bool,
    /// The end user, from the header or the body.
    pub(crate) user: Option<String>,
    /// What a token costs, percent of its price in the catalogue.
    pub(crate) price_percent: u8,
    /// What it has put aside of its budgets.
    pub(super) held: Charge,
    pub(crate) ended: bool,
}

/// What a draft begins with.
pub(super) struct Beginning {
    pub(super) gateway: Arc<Gateway>,
    pub(super) config: Arc<Config>,
    pub(super) id: RequestId,
    pub(super) created_at: Timestamp,
    pub(super) caller: Caller,
    pub(super) labels: Labels,
    pub(super) place: Place,
    pub(super) endpoint: &'static str,
    pub(super) requested_model: String,
    pub(super) strategy: Strategy,
}

impl Draft {
    /// A request of which nothing has come yet: what it holds besides its beginning is for whoever begins it to say.
    pub(super) fn begin(beginning: Beginning) -> Self {
        let Beginning { gateway, config, id, created_at, caller, labels, place, endpoint, requested_model, strategy } =
            beginning;
        Self {
            gateway,
            config,
            id,
            created_at,
            clock: Clock::since(Instant::now()),
            caller,
            labels,
            endpoint,
            surface: Surface::default(),
            requested_model,
            stream: false,
            place,
            route: None,
            copy_of: None,
            strategy,
            enrolment: None,
            choice: None,
            attempts: Arc::default(),
            served: None,
            dropped: Vec::new(),
            first_byte: None,
            messages: None,
            around: None,
            question: None,
            remembered: false,
            user: None,
            price_percent: 100,
            held: Charge::default(),
            ended: false,
        }
    }

    /// The evaluation that it is a row of.
    pub(crate) fn evaluation(&self) -> Option<&EvaluationId> {
        match &self.caller.part_of {
            PartOf::Evaluation(id) => Some(id),
            PartOf::Nothing | PartOf::Batch(_) => None,
        }
    }

    /// The model named in the answer's headers and in the reason string.
    pub(crate) fn target(&self) -> Option<&ModelRef> {
        self.served.as_ref().or(self.choice.as_ref().map(|choice| &choice.winner))
    }

    /// `model::why`.
    pub(crate) fn reason_string(&self) -> String {
        let model = self.target().map_or("none", |target| &*target.model);
        let why = match &self.choice {
            Some(choice) if self.served.as_ref().is_some_and(|served| *served != choice.winner) => "failover",
            Some(choice) => choice.why,
            None => "refused",
        };
        format!("{model}::{why}")
    }

    /// The caller's own word for what it is doing: project, path of the session, or nothing.
    pub(crate) fn tag(&self) -> &str {
        let project = self.labels.project_id.as_deref();
        let project = project.or_else(|| self.caller.key.as_ref().and_then(|key| key.project.as_deref()));
        project.or(self.labels.session_path.as_deref()).unwrap_or_default()
    }

    /// Whether another model than the chosen one answered.
    pub(super) fn fell_back(&self) -> bool {
        matches!((&self.served, &self.choice), (Some(served), Some(choice)) if *served != choice.winner)
    }

    /// What the call cost at the model that served.
    pub(crate) fn cost(&self, usage: &TokenUsage) -> Option<MicroUsd> {
        let cost = self.config.catalogue.get(self.served.as_ref()?)?.cost(usage)?;
        Some(MicroUsd(cost.0.saturating_mul(i64::from(self.price_percent)) / 100))
    }
}
