//! The dry run: what the next request like this one would get. Runs the stages up to the choice and stops.
//!
//! Nothing is changed by it: no provider is called, nothing is recorded or counted, no turn is taken, no chance
//! drawn, no session given a model or kept from being forgotten.

use super::Gateway;
use super::caller::Caller;
use super::labels::Labels;
use super::operation::Operation;
use super::passthrough::target;
use super::select::{self, Purpose};
use crate::base::{ApiError, RequestId};
use crate::resource::Decision;
use crate::routing::budget::Charge;
use crate::wire::ChatRequest;
use bytes::Bytes;
use http::HeaderMap;
use std::sync::Arc;

impl Gateway {
    /// The decision that a chat request with these headers would leave, if its winner answered.
    ///
    /// # Errors
    /// What the request itself would be refused with before anything is decided.
    pub fn foresee(
        self: &Arc<Self>,
        caller: Caller,
        headers: &HeaderMap,
        body: Bytes,
        id: RequestId,
    ) -> Result<Decision, ApiError> {
        let labels = Labels::read(headers)?;
        let config = self.config();
        if labels.passthrough || config.passthrough {
            let target = target(&config, &labels, &body)?;
            let refusal = self.check_spend(&caller, Charge::default(), self.now()).err();
            let mut draft = self.passed(caller, labels, &config, target, id);
            draft.choice = draft.choice.take().filter(|_| refusal.is_none());
            return Ok(draft.foreseen(refusal));
        }
        let operation = Operation::Chat(ChatRequest::parse(body)?);
        let (mut draft, wanted) = self.arrive(caller, labels, &operation, id, Purpose::Foresee)?;
        // From here on the draft must not be recorded, whatever happens.
        draft.ended = true;
        let estimate = draft.estimate(&wanted, &operation);
        if let Err(refusal) = self.check_spend(&draft.caller, estimate, draft.created_at) {
            return Ok(draft.foreseen(Some(refusal)));
        }
        select::choose(&mut draft, &wanted, &operation, Purpose::Foresee);
        Ok(draft.foreseen(None))
    }
}
