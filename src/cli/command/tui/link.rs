//! Questions of the screen as calls of the client.

use crate::base::{ExperimentId, RouteId};
use crate::client::{Client, DecisionQuery, Error, FeedbackCall, Part, RatingCall};
use crate::resource::savings::GroupBy;
use crate::tui::{Ask, Problem};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Decisions to begin with, and of one session.
const MOST: u32 = 500;
/// Sessions in the list.
const SESSIONS: u32 = 100;

/// Asks the server.
pub(super) async fn ask(client: &Client, ask: &Ask) -> Result<Value, Problem> {
    answer(client, ask).await.map_err(|error| problem(&error))
}

fn document(value: impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

fn part(limit: u32) -> Part {
    Part { limit, cursor: None }
}

async fn answer(client: &Client, ask: &Ask) -> Result<Value, Error> {
    match ask {
        Ask::Recent => Ok(document(client.decisions(&DecisionQuery::default(), part(MOST)).await?)),
        Ask::Routes => Ok(document(client.routes().await?)),
        Ask::Sessions => Ok(document(client.sessions(part(SESSIONS)).await?)),
        Ask::Constraints => Ok(document(client.constraints().await?)),
        Ask::Spent(from) => Ok(document(client.savings(Some(*from), None, GroupBy::Route).await?)),
        Ask::Experiments => client.document(&["v1", "experiments"]).await,
        Ask::Results(id) => client.document(&["v1", "experiments", id, "results"]).await,
        Ask::Decision(id) => client.decision(id.parse().map_err(|_| not_an_id(id))?).await,
        Ask::Session(id) => {
            let query = DecisionQuery { session_id: Some(id.clone()), ..DecisionQuery::default() };
            let mut page = client.decisions(&query, part(MOST)).await?;
            page.items.reverse();
            Ok(document(page))
        }
        Ask::MayWrite => client.may_write().await.map(Value::Bool),
        Ask::Explain { route, text } => {
            let message = json!({"role": "user", "content": text});
            client.explain(&json!({"request": {"model": route, "messages": [message]}})).await
        }
        Ask::Rate { id, score } => {
            let call = RatingCall { score: f64::from(*score), dimensions: BTreeMap::new(), note: None };
            client.rate(id.parse().map_err(|_| not_an_id(id))?, &call).await
        }
        Ask::Feedback { session, score } => {
            let call = FeedbackCall {
                session_id: Some(session.clone()),
                request_id: None,
                score: f64::from(*score),
                useful: *score >= 5,
                comment: None,
                dimensions: BTreeMap::new(),
            };
            Ok(document(client.feedback(&call).await?))
        }
        Ask::Pin(route) => client.pin(&RouteId::from(route.as_str())).await,
        Ask::Unpin(route) => client.unpin(&RouteId::from(route.as_str())).await,
        Ask::Rollback(id) => Ok(document(client.roll_back(&ExperimentId::from(id.as_str())).await?)),
    }
}

fn not_an_id(id: &str) -> Error {
    Error::NotUnderstood { url: String::new(), why: format!("{id:?} is no request id") }
}

/// A failure as the screen tells it.
pub(super) fn problem(error: &Error) -> Problem {
    let status = match error {
        Error::Refused(refusal) => Some(refusal.status),
        _ => None,
    };
    Problem { status, message: error.to_string() }
}
