//! The calls, one method each.

use super::error::Error;
use super::transport::{Answer, Client};
use bytes::Bytes;
use http::Method;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use serde_json::Value;

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

impl Client {
    /// `GET /healthz`: the process is alive.
    ///
    /// # Errors
    /// It is not reachable, or not well.
    pub async fn healthz(&self) -> Result<Value, Error> {
        self.get(&["healthz"], &[]).await
    }

    /// `GET /readyz`: it takes requests and its store takes writes.
    ///
    /// # Errors
    /// It is not reachable, or not ready.
    pub async fn readyz(&self) -> Result<Value, Error> {
        self.get(&["readyz"], &[]).await
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
