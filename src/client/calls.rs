//! The calls, one method each.

use super::error::Error;
use super::query::{DecisionQuery, Part};
use super::transport::{Answer, Client};
use crate::base::{KeyId, RequestId, RouteId, SessionId, Timestamp};
use crate::resource::priors::PriorsView;
use crate::resource::savings::{GroupBy, Savings, Verified};
use crate::resource::{
    ConstraintsView, ListedKey, NewKey, Page, PriorsSetting, Receipt, RestoredSession, SessionSummary, Verification,
};
use bytes::Bytes;
use http::Method;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// One chat request in the simplest form: what `demo` plays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatCall {
    /// A route or a model.
    pub model: String,
    /// The session it belongs to.
    pub session: String,
    /// What the user says.
    pub text: String,
}

/// What came back, with what the response headers say about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatAnswer {
    /// The decision's id.
    pub request_id: String,
    /// `provider/model` that served.
    pub served: String,
    /// `model::why`.
    pub reason: String,
    /// What it cost, where a price is known.
    pub cost_micro_usd: Option<i64>,
}

/// How a server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Whether that is well.
    pub is_well: bool,
    /// In its own word: `ok`, `draining`, `store_not_writable`.
    pub status: String,
}

/// What somebody says of a session or a request. Without an id it is about the key's latest session.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FeedbackCall {
    /// The session; a request id or a completion id will do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// One request of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// 0..10.
    pub score: f64,
    /// Whether it was of use.
    pub useful: bool,
    /// A remark.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Scores by dimension.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub dimensions: BTreeMap<String, f64>,
}

/// A rating of one decision by hand.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RatingCall {
    /// 0..100.
    pub score: f64,
    /// Scores by dimension.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub dimensions: BTreeMap<String, f64>,
    /// A remark.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Client {
    /// `GET /v1/decisions`: one page, newest first. A decision is a document: its keys are the contract's.
    ///
    /// # Errors
    /// The server is not reachable, or says no.
    pub async fn decisions(&self, query: &DecisionQuery, part: Part) -> Result<Page<Value>, Error> {
        let pairs: Vec<_> = query.pairs().into_iter().chain(part.pairs()).collect();
        self.get(&["v1", "decisions"], &pairs).await
    }

    /// `GET /v1/decisions/{id}`.
    ///
    /// # Errors
    /// The server is not reachable, or says no.
    pub async fn decision(&self, id: RequestId) -> Result<Value, Error> {
        self.get(&["v1", "decisions", &id.to_string()], &[]).await
    }

    /// `GET /v1/requests/{id}`: what is retained of a request. It is a document.
    ///
    /// # Errors
    /// The server is not reachable, or says no.
    pub async fn request(&self, id: RequestId) -> Result<Value, Error> {
        self.get(&["v1", "requests", &id.to_string()], &[]).await
    }

    /// `POST /v1/feedback`: durable when it returns.
    ///
    /// # Errors
    /// The server is not reachable, or says no.
    pub async fn feedback(&self, call: &FeedbackCall) -> Result<Receipt, Error> {
        self.send(Method::POST, &["v1", "feedback"], Some(body(call))).await
    }

    /// `PUT /v1/decisions/{id}/rating`: the last one stands.
    ///
    /// # Errors
    /// The server is not reachable, or says no.
    pub async fn rate(&self, id: RequestId, call: &RatingCall) -> Result<Value, Error> {
        self.send(Method::PUT, &["v1", "decisions", &id.to_string(), "rating"], Some(body(call))).await
    }

    /// `GET /v1/sessions`: one page, latest first.
    ///
    /// # Errors
    /// The server is not reachable, or says no.
    pub async fn sessions(&self, part: Part) -> Result<Page<SessionSummary>, Error> {
        self.get(&["v1", "sessions"], &part.pairs()).await
    }

    /// `GET /v1/session/{id}`: the conversation and its turns.
    ///
    /// # Errors
    /// The server is not reachable, or says no.
    pub async fn session(&self, id: &SessionId) -> Result<RestoredSession, Error> {
        self.get(&["v1", "session", id.as_str()], &[]).await
    }

    /// `GET /v1/savings` of a span; reading a long one takes its time.
    ///
    /// # Errors
    /// The server is not reachable, or says no.
    pub async fn savings(
        &self,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
        group_by: GroupBy,
    ) -> Result<Savings, Error> {
        let times = [("from", from), ("to", to)].into_iter();
        let times = times.filter_map(|(name, time)| Some((name, time?.to_string())));
        let pairs: Vec<_> = std::iter::once(("group_by", group_by.as_str().to_owned())).chain(times).collect();
        self.get(&["v1", "savings"], &pairs).await
    }

    /// `GET /v1/optimization/verification` of a route over a window such as `7d`.
    ///
    /// # Errors
    /// The server is not reachable, or says no.
    pub async fn verification(&self, route: &RouteId, window: &str) -> Result<Verified, Error> {
        let pairs = [("route_id", route.to_string()), ("window", window.to_owned())];
        self.get(&["v1", "optimization", "verification"], &pairs).await
    }

    /// `GET /v1/routes`.
    ///
    /// # Errors
    /// The server is not reachable, or says no.
    pub async fn routes(&self) -> Result<Page<Value>, Error> {
        self.get(&["v1", "routes"], &[]).await
    }

    /// `GET /v1/routes/{id}`.
    ///
    /// # Errors
    /// The server is not reachable, or says no.
    pub async fn route(&self, id: &RouteId) -> Result<Value, Error> {
        self.get(&["v1", "routes", id.as_str()], &[]).await
    }

    /// `POST /v1/routes/{id}/pin`: back to the default model.
    ///
    /// # Errors
    /// The server is not reachable, or says no.
    pub async fn pin(&self, id: &RouteId) -> Result<Value, Error> {
        self.send(Method::POST, &["v1", "routes", id.as_str(), "pin"], None).await
    }

    /// `DELETE /v1/routes/{id}/pin`.
    ///
    /// # Errors
    /// The server is not reachable, or says no.
    pub async fn unpin(&self, id: &RouteId) -> Result<Value, Error> {
        self.send(Method::DELETE, &["v1", "routes", id.as_str(), "pin"], None).await
    }

    /// `GET /v1/constraints`.
    ///
    /// # Errors
    /// The server is not reachable, or says no.
    pub async fn constraints(&self) -> Result<ConstraintsView, Error> {
        self.get(&["v1", "constraints"], &[]).await
    }

    /// `PUT /v1/constraints`: replaces each family of which a key is there.
    ///
    /// # Errors
    /// The server is not reachable, or says no.
    pub async fn put_constraints(&self, keys: &Map<String, Value>) -> Result<ConstraintsView, Error> {
        self.send(Method::PUT, &["v1", "constraints"], Some(body(keys))).await
    }

    /// `GET /v1/priors`.
    ///
    /// # Errors
    /// The server is not reachable, or says no.
    pub async fn priors(&self) -> Result<PriorsView, Error> {
        self.get(&["v1", "priors"], &[]).await
    }

    /// `PUT /v1/priors`.
    ///
    /// # Errors
    /// The server is not reachable, or says no.
    pub async fn put_priors(&self, setting: PriorsSetting) -> Result<PriorsView, Error> {
        self.send(Method::PUT, &["v1", "priors"], Some(body(&setting))).await
    }

    /// `POST /v1/routing/explain`: what a chat request would get. An explanation is a document.
    ///
    /// # Errors
    /// The server is not reachable, or says no.
    pub async fn explain(&self, call: &Value) -> Result<Value, Error> {
        self.send(Method::POST, &["v1", "routing", "explain"], Some(body(call))).await
    }

    /// Any resource by its path, as a document: for endpoints that a server of another version may not have.
    ///
    /// # Errors
    /// The server is not reachable, or says no.
    pub async fn document(&self, path: &[&str]) -> Result<Value, Error> {
        self.get(path, &[]).await
    }

    /// Whether the key may write. Sends feedback that has no score, which changes nothing: whoever may write hears
    /// that it is incomplete, whoever may not is refused before it is read.
    ///
    /// # Errors
    /// The server is not reachable, or refuses the key itself.
    pub async fn may_write(&self) -> Result<bool, Error> {
        let answer = self.send::<Value>(Method::POST, &["v1", "feedback"], Some(Bytes::from_static(b"{}"))).await;
        match answer {
            Ok(_) => Ok(true),
            Err(Error::Refused(refusal)) if refusal.status == 400 => Ok(true),
            Err(Error::Refused(refusal)) if refusal.status == 403 => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// `GET /v1/admin/keys`.
    ///
    /// # Errors
    /// The server is not reachable, or says no.
    pub async fn keys(&self) -> Result<Page<ListedKey>, Error> {
        self.get(&["v1", "admin", "keys"], &[]).await
    }

    /// `POST /v1/admin/keys`: the only answer that ever holds the secret.
    ///
    /// # Errors
    /// The server is not reachable, or says no.
    pub async fn create_key(&self, key: &NewKey) -> Result<Value, Error> {
        self.send(Method::POST, &["v1", "admin", "keys"], Some(body(key))).await
    }

    /// `DELETE /v1/admin/keys/{id}`: holds for the next request.
    ///
    /// # Errors
    /// The server is not reachable, or says no.
    pub async fn revoke_key(&self, id: &KeyId) -> Result<(), Error> {
        let path = ["v1", "admin", "keys", id.as_str()];
        self.exchange(Method::DELETE, &path, &[], HeaderMap::new(), None).await.map(drop)
    }

    /// `GET /v1/admin/verify`: the whole record, entry by entry.
    ///
    /// # Errors
    /// The server is not reachable, or says no.
    pub async fn verify(&self) -> Result<Verification, Error> {
        self.get(&["v1", "admin", "verify"], &[]).await
    }

    /// `GET /healthz`: whether the process is alive.
    ///
    /// # Errors
    /// It is not reachable, or no floopy.
    pub async fn healthz(&self) -> Result<Health, Error> {
        self.health("healthz").await
    }

    /// `GET /readyz`: whether it takes requests and its store takes writes.
    ///
    /// # Errors
    /// It is not reachable, or no floopy.
    pub async fn readyz(&self) -> Result<Health, Error> {
        self.health("readyz").await
    }

    async fn health(&self, path: &str) -> Result<Health, Error> {
        #[derive(Deserialize)]
        struct Status {
            status: String,
        }
        let (status, answer) = self.whole(Method::GET, &[path], &[], HeaderMap::new(), None).await?;
        let Status { status: said } = self.read(&answer.body)?;
        Ok(Health { is_well: status.is_success(), status: said })
    }

    /// `POST /v1/chat/completions`, not streamed.
    ///
    /// # Errors
    /// The server is not reachable, says no, or answers without the headers of the contract.
    pub async fn chat(&self, call: &ChatCall) -> Result<ChatAnswer, Error> {
        let mut headers = HeaderMap::new();
        let session = HeaderValue::from_str(&call.session).map_err(|_| self.odd("the session id is not a header"))?;
        headers.insert(HeaderName::from_static("floopy-session-id"), session);
        let message = serde_json::json!({"role": "user", "content": call.text});
        let body = body(&serde_json::json!({"model": call.model, "messages": [message]}));
        let answer = self.exchange(Method::POST, &["v1", "chat", "completions"], &[], headers, Some(body)).await?;
        let needed =
            |name: &str| header(&answer, name).ok_or_else(|| self.odd(&format!("the answer has no {name} header")));
        Ok(ChatAnswer {
            request_id: needed("x-request-id")?,
            served: format!("{}/{}", needed("floopy-provider")?, needed("floopy-model")?),
            reason: needed("floopy-reason")?,
            cost_micro_usd: header(&answer, "floopy-cost-micro-usd").and_then(|cost| cost.parse().ok()),
        })
    }
}

fn header(answer: &Answer, name: &str) -> Option<String> {
    answer.headers.get(name)?.to_str().ok().map(str::to_owned)
}

fn body(value: &impl Serialize) -> Bytes {
    serde_json::to_vec(value).expect("resource shapes hold nothing that JSON cannot").into()
}
