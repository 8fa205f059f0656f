//! Conversations of every dialect, and embeddings, through the stages: admit → choose → dispatch → record.

use super::body::Body;
use super::caller::{Caller, PartOf};
use super::clock::{Clock, Stage};
use super::dispatch::{deadline, dispatch};
use super::draft::{Beginning, Draft};
use super::heuristics::Question;
use super::labels::{Labels, header};
use super::line::Answered;
use super::operation::{Form, Operation, Whole};
use super::record::{End, completion_id};
use super::relay::Relay;
use super::resolve::{Wanted, resolve};
use super::select::Purpose;
use super::session::{Place, Speaker};
use super::{Gateway, answer, select};
use crate::base::{ApiError, Code, MicroUsd, ModelRef, RequestId, SessionId};
use crate::config::Config;
use crate::resource::assessment::Scores;
use crate::resource::decision::{EVALUATION, Strategy};
use crate::telemetry::TraceContext;
use crate::wire::Surface;
use bytes::Bytes;
use http::Response;
use http::request::Parts;
use std::sync::Arc;
use std::time::Instant;

impl Gateway {
    /// Serves a request of this form.
    pub async fn serve(
        self: &Arc<Self>,
        form: Form,
        caller: Caller,
        head: &Parts,
        body: Bytes,
        id: RequestId,
    ) -> Response<Body> {
        let began = Instant::now();
        let surface = Surface::of_path(head.uri.path());
        let mut labels = match Labels::read(&head.headers) {
            Ok(labels) => labels,
            Err(error) => return self.refuse(&error, id, surface),
        };
        if labels.trace.is_none() && self.tracer.is_on() {
            labels.trace = Some(TraceContext::begin());
        }
        if labels.passthrough || self.config().passthrough {
            return self.pass_through(caller, labels, head, body, id).await;
        }
        let operation = match self.read(form, &caller.org, &head.headers, body) {
            Ok(operation) => operation,
            Err(error) => return self.refuse(&error, id, surface),
        };
        match self.admit(caller, labels, &operation, id, (surface, began)) {
            Ok((draft, wanted)) => self.answer(draft, &wanted, &operation).await,
            Err(error) => self.refuse(&error, id, surface),
        }
    }

    /// A request that ends before anything was decided leaves no decision, but is counted.
    fn refuse(&self, error: &ApiError, id: RequestId, surface: Surface) -> Response<Body> {
        self.metrics.error(error.code.as_str());
        answer::error(error, id, surface)
    }

    /// Stage one: what the client wants, and which session it belongs to.
    fn admit(
        self: &Arc<Self>,
        caller: Caller,
        labels: Labels,
        operation: &Operation,
        id: RequestId,
        (surface, began): (Surface, Instant),
    ) -> Result<(Draft, Wanted), ApiError> {
        self.store.admit()?;
        let purpose = purpose(&caller);
        let (mut draft, wanted) = self.arrive(caller, labels, operation, id, purpose)?;
        draft.surface = surface;
        draft.clock = Clock::since(began);
        draft.clock.passed(Stage::Admit);
        Ok((draft, wanted))
    }

    /// What arrives, as the stages after it see it. Changes nothing by itself.
    pub(super) fn arrive(
        self: &Arc<Self>,
        caller: Caller,
        labels: Labels,
        operation: &Operation,
        id: RequestId,
        purpose: Purpose,
    ) -> Result<(Draft, Wanted), ApiError> {
        let config = self.config();
        let mut wanted = resolve(&config, &caller, &labels, operation.model())?;
        self.may_refer(&wanted, operation, &config)?;
        let is_evaluation = matches!(caller.part_of, PartOf::Evaluation(_));
        let created_at = self.now();
        let user = labels.user_id.clone().or_else(|| operation.user().map(str::to_owned));
        let place = match (&labels.session_id, operation) {
            (Some(given), _) => Place::of(SessionId::from(given.as_str()), false),
            // The lines of a batch are no conversation, and there are many of them.
            (None, _) if caller.part_of != PartOf::Nothing => Place::of(fresh_session(id), true),
            (None, Operation::Embeddings(_)) => Place::of(fresh_session(id), true),
            (None, Operation::Chat(request)) => {
                let speaker = Speaker {
                    org: caller.org.as_str(),
                    key: caller.key.as_ref().map(|key| key.id.as_str()),
                    user: user.as_deref(),
                };
                let prints = request.prints();
                let fresh = || fresh_session(id);
                match purpose {
                    Purpose::Serve => self.sessions.infer(&config.sessions, speaker, prints, created_at, fresh),
                    Purpose::Foresee => self.sessions.foresee(&config.sessions, speaker, prints, created_at, fresh),
                }
            }
        };
        let keeps_bodies = config.retention.bodies.is_some() && !labels.zero_retention;
        let messages = match operation {
            Operation::Chat(_) if keeps_bodies => Some(operation.prompt()),
            _ => None,
        };
        let enrolment = match operation {
            Operation::Chat(request) if !labels.smart_select && !is_evaluation => {
                self.enrol(&config, &caller.org, &place.session, &mut wanted, &labels, request)
            }
            _ => None,
        };
        let (route, strategy) = match &wanted {
            Wanted::Route(route) if labels.smart_select => (Some(Arc::clone(route)), Strategy::SmartSelect),
            Wanted::Route(route) => (Some(Arc::clone(route)), route.strategy),
            _ if labels.smart_select => return Err(needs_a_route()),
            Wanted::List(_) => (None, Strategy::Fallback),
            Wanted::Model(_) => (None, Strategy::LegacyModel),
        };
        let mut draft = Draft::begin(Beginning {
            gateway: Arc::clone(self),
            config,
            id,
            created_at,
            caller,
            labels,
            place,
            endpoint: if is_evaluation { EVALUATION } else { operation.endpoint() },
            requested_model: operation.model().to_owned(),
            strategy,
        });
        draft.stream = operation.stream();
        draft.route = route;
        draft.enrolment = enrolment;
        draft.around = if messages.is_some() { operation.around() } else { None };
        draft.messages = messages;
        draft.question = Question::of(operation);
        draft.remembered = operation.counts_on_memory();
        draft.user = user;
        Ok((draft, wanted))
    }

    /// Checks what refers to something that a provider keeps: it keeps that for all orgs that it is called for, and
    /// one provider alone knows it.
    ///
    /// # Errors
    /// `unsupported_parameter`.
    pub(super) fn may_refer(&self, wanted: &Wanted, operation: &Operation, config: &Config) -> Result<(), ApiError> {
        let Some(param) = operation.keeper() else { return Ok(()) };
        if !self.keys.are_of_one_org() {
            return Err(shared_account(param));
        }
        wanted.only_one_provider(param, |model| operation.fits(config, model))
    }

    /// Stages two to four: choose, dispatch, record.
    async fn answer(self: &Arc<Self>, mut draft: Draft, wanted: &Wanted, operation: &Operation) -> Response<Body> {
        if let Err(error) = draft.put_aside(wanted, operation) {
            return refused(draft, error).await;
        }
        let purpose = purpose(&draft.caller);
        let targets = select::choose(&mut draft, wanted, operation, purpose);
        draft.aside_for(&targets, operation);
        draft.clock.passed(Stage::Choose);
        let deadline = deadline(draft.config.server.request_timeout);
        let dispatched = dispatch(&mut draft, operation, &targets, deadline).await;
        draft.clock.passed(Stage::Dispatch);
        match dispatched {
            Ok(Answered::Whole(whole)) => whole_answer(draft, whole).await,
            Ok(Answered::Stream(first)) => {
                let response = answer::stream_head(&draft);
                response.body(Body::stream(Relay::new(first, draft))).unwrap_or_else(|_| answer::broken())
            }
            Err(error) => refused(draft, error).await,
        }
    }
}

/// A row of an evaluation gets what the router would do; it takes no turn and no chance from the traffic.
fn purpose(caller: &Caller) -> Purpose {
    match caller.part_of {
        PartOf::Evaluation(_) => Purpose::Foresee,
        PartOf::Nothing | PartOf::Batch(_) => Purpose::Serve,
    }
}

/// The end of a request that nobody has answered.
pub(super) async fn refused(mut draft: Draft, error: ApiError) -> Response<Body> {
    let response = answer::failed(&error, &draft);
    match draft.end(End { error: Some(error), ..End::default() }) {
        Some(durable) => {
            durable.await.map_or_else(|error| answer::error(&error, draft.id, draft.surface), |()| response)
        }
        None => response,
    }
}

/// The bandit has candidates to choose from on a route only.
fn needs_a_route() -> ApiError {
    let message =
        "floopy-smart-select chooses among a route's candidates: name a route as the model, or in floopy-route";
    ApiError::new(Code::InvalidRequest, message).param(header::SMART_SELECT)
}

/// What a provider keeps, it keeps for all orgs that it is called for.
fn shared_account(param: &str) -> ApiError {
    let message = format!(
        "{param} refers to what a provider keeps, in an account that several organizations share here: send the whole conversation as input"
    );
    ApiError::new(Code::UnsupportedParameter, message).param(param)
}

/// What was answered, for callers within this process that score it.
#[derive(Debug, Clone)]
pub struct Heard {
    /// The text.
    pub said: String,
    /// Scores by what is visibly wrong with it.
    pub scores: Option<Scores>,
    /// Who said it.
    pub served: Option<ModelRef>,
    /// What it cost; `None` = a price is unknown.
    pub cost: Option<MicroUsd>,
}

/// The session of a call that continues nothing: named after the call.
pub(crate) fn fresh_session(id: RequestId) -> SessionId {
    SessionId::from(format!("ses_{}", id))
}

async fn whole_answer(mut draft: Draft, whole: Whole) -> Response<Body> {
    let mut response = answer::whole(&draft, &whole);
    let completion_id = completion_id(&whole.body);
    let told = draft.remembered.then(|| whole.body.clone());
    let (usage, answer, finish) = (whole.usage, whole.answer, whole.finish);
    let end = End { usage, answer, finish, completion_id, told, ..End::default() };
    if draft.evaluation().is_some() {
        let said = end.answer.as_ref().map(|answer| answer.text.clone()).unwrap_or_default();
        let (scores, cost) = (draft.heuristics(&end), usage.and_then(|usage| draft.cost(&usage)));
        response.extensions_mut().insert(Heard { said, scores, served: draft.served.clone(), cost });
    }
    match draft.end(end) {
        Some(durable) => {
            durable.await.map_or_else(|error| answer::error(&error, draft.id, draft.surface), |()| response)
        }
        None => response,
    }
}
