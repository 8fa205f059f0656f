//! Shadow experiments: when a client has been served, a copy of its call goes to the candidate. The answer is judged and
//! thrown away; the copy leaves a decision of its own, in no session and on no route, so that its cost stands apart.
//!
//! Copies are made beside the requests by a bounded number of workers; where they cannot keep up, copies are left out and
//! counted. What came under zero retention is never copied.

use super::Gateway;
use super::caller::Caller;
use super::chat::fresh_session;
use super::dispatch::{deadline, dispatch};
use super::draft::{Beginning, Draft};
use super::enrolment::Enrolment;
use super::heuristics::Question;
use super::labels::Labels;
use super::line::Answered;
use super::operation::Operation;
use super::record::End;
use super::relay::Relay;
use super::resolve::Wanted;
use super::session::Place;
use crate::base::task::Queue;
use crate::base::{ModelRef, RequestId};
use crate::config::Config;
use crate::config::settings::Route;
use crate::resource::decision::{Candidate, Decision, Reason, SHADOW, Status, Strategy};
use crate::resource::experiment::{Enrolled, Variant};
use crate::routing::Choice;
use crate::wire::ChatRequest;
use bytes::Bytes;
use futures_util::StreamExt;
use std::sync::Arc;

/// Copies that wait.
const WAITING: usize = 256;
/// Copies under way at once.
const AT_ONCE: usize = 8;

/// A call that is to be copied, once its client has been served.
#[derive(Debug, Clone)]
pub(crate) struct Mirror {
    /// Who gets the copy.
    pub(crate) candidate: ModelRef,
    /// Whose calls are copied.
    pub(crate) baseline: ModelRef,
    /// What was asked.
    pub(crate) request: ChatRequest,
}

/// Whose copy a draft is.
#[derive(Debug, Clone)]
pub(crate) struct CopyOf {
    /// The decision of the call that was copied.
    pub(crate) id: RequestId,
    /// The route that served it.
    pub(crate) route: Arc<Route>,
}

/// A copy to be made.
pub(crate) struct Job {
    gateway: Arc<Gateway>,
    config: Arc<Config>,
    caller: Caller,
    labels: Labels,
    of: CopyOf,
    mark: Enrolled,
    candidate: ModelRef,
    request: ChatRequest,
    messages: Option<Bytes>,
}

/// Where copies wait for their workers.
#[derive(Debug)]
pub(crate) struct Room(Queue<Job>);

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Job").field("of", &self.of).field("candidate", &self.candidate).finish_non_exhaustive()
    }
}

impl Default for Room {
    fn default() -> Self {
        Self(Queue::new(WAITING))
    }
}

impl Room {
    /// The work: makes copies until it is cancelled.
    pub(crate) fn work(&self) -> impl Future<Output = ()> + Send + use<> {
        self.0.work(AT_ONCE, copy)
    }
}

impl Draft {
    /// Hands a copy of this call in, where its session is in the shadow run's share and the baseline has answered it.
    pub(super) fn mirror(&mut self, decision: &Decision) {
        let Some(mirror) = self.enrolment.as_mut().and_then(|enrolment| enrolment.mirror.take()) else { return };
        let (Some(route), Some(mark)) = (&self.route, &decision.experiment) else { return };
        if decision.outcome.status != Status::Ok || self.served.as_ref() != Some(&mirror.baseline) {
            return;
        }
        let gateway = Arc::clone(&self.gateway);
        let labels = Labels {
            project_id: self.labels.project_id.clone(),
            reasoning_effort: self.labels.reasoning_effort.clone(),
            ..Labels::default()
        };
        let job = Job {
            gateway: Arc::clone(&gateway),
            config: Arc::clone(&self.config),
            caller: self.caller.clone(),
            labels,
            of: CopyOf { id: self.id, route: Arc::clone(route) },
            mark: Enrolled { id: mark.id.clone(), variant: Variant::B },
            candidate: mirror.candidate,
            request: mirror.request,
            messages: self.messages.clone(),
        };
        if !gateway.shadows.0.hand_in(job) {
            gateway.metrics.shadowed("queue_full");
        }
    }
}

/// Makes a copy.
async fn copy(job: Job) {
    let gateway = Arc::clone(&job.gateway);
    let candidate = job.candidate.clone();
    // One answer is enough to judge by.
    let operation = Operation::Chat(if job.request.n() > 1 { job.request.alone() } else { job.request.clone() });
    let mut draft = job.draft(&operation);
    if draft.put_aside(&Wanted::Model(candidate.clone()), &operation).is_err() {
        // A copy that there is no money for is none: nobody waits for it.
        draft.ended = true;
        gateway.metrics.shadowed("over_budget");
        return;
    }
    let deadline = deadline(draft.config.server.request_timeout);
    let result = match dispatch(&mut draft, &operation, &[candidate], deadline).await {
        Ok(Answered::Whole(whole)) => {
            draft.end(End { usage: whole.usage, answer: whole.answer, finish: whole.finish, ..End::default() });
            "ok"
        }
        Ok(Answered::Stream(first)) => {
            let mut relay = Relay::new(first, draft);
            while let Some(Ok(_)) = relay.next().await {}
            "ok"
        }
        Err(error) => {
            draft.end(End { error: Some(error), ..End::default() });
            "failed"
        }
    };
    gateway.metrics.shadowed(result);
}

impl Job {
    /// The copy as a request that nobody waits for.
    fn draft(self, operation: &Operation) -> Draft {
        let created_at = self.gateway.now();
        let id = RequestId::draw(created_at);
        let candidates = vec![Candidate::plain(&self.candidate, None)];
        let mut draft = Draft::begin(Beginning {
            gateway: self.gateway,
            config: self.config,
            id,
            created_at,
            caller: self.caller,
            labels: self.labels,
            place: Place::of(fresh_session(id), true),
            endpoint: SHADOW,
            requested_model: self.candidate.to_string(),
            strategy: Strategy::LegacyModel,
        });
        draft.stream = operation.stream();
        draft.copy_of = Some(self.of);
        draft.enrolment = Some(Enrolment { mark: self.mark, canary: None, mirror: None });
        draft.choice = Some(Choice { candidates, ..Choice::of(self.candidate, SHADOW, Reason::NoRouter) });
        draft.messages = self.messages;
        draft.question = Question::of(operation);
        draft
    }
}
