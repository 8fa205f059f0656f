//! `POST /v1/messages/count_tokens`: asked of the provider where it speaks the Messages API, counted here otherwise.
//! Nothing is decided and nothing is recorded.

use super::body::Body;
use super::caller::Caller;
use super::dispatch::deadline;
use super::labels::Labels;
use super::resolve::{Wanted, resolve};
use super::{Gateway, answer};
use crate::base::{ApiError, ModelRef, RequestId, limits};
use crate::upstream::Call;
use crate::wire::{ChatRequest, Dialect, Fault, Surface, count_input, quirks};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, Method, Response};

impl Gateway {
    /// Serves it.
    pub async fn count_tokens(&self, caller: &Caller, head: &Parts, body: Bytes, id: RequestId) -> Response<Body> {
        match self.counted(caller, head, body).await {
            Ok(body) => {
                let response = answer::identified(Response::builder(), id, Surface::Messages);
                let response = response.header(CONTENT_TYPE, "application/json");
                response.body(Body::full(body)).unwrap_or_else(|_| answer::broken())
            }
            Err(error) => {
                self.metrics.error(error.code.as_str());
                answer::error(&error, id, Surface::Messages)
            }
        }
    }

    async fn counted(&self, caller: &Caller, head: &Parts, body: Bytes) -> Result<Bytes, ApiError> {
        let config = self.config();
        let labels = Labels::read(&head.headers)?;
        let request = ChatRequest::parse_messages(body, &head.headers)?;
        let wanted = resolve(&config, caller, &labels, request.model())?;
        let model: &ModelRef = match &wanted {
            Wanted::Model(model) => model,
            Wanted::List(_) | Wanted::Route(_) => return Ok(here(&request)),
        };
        let provider = config.providers.get(&model.provider);
        let Some(provider) = provider.filter(|provider| provider.dialect == Dialect::AnthropicMessages) else {
            return Ok(here(&request));
        };
        let Some(mut outgoing) = request.as_messages(&model.model) else { return Ok(here(&request)) };
        let call = Call {
            method: Method::POST,
            path: format!("{}/count_tokens", outgoing.path),
            headers: outgoing.headers.drain(..).collect::<HeaderMap>(),
            body: outgoing.body,
            deadline: deadline(config.server.request_timeout),
        };
        let reply = self.upstream.send(provider, &config.upstream, call).await;
        let reply = reply.map_err(|error| error.into_api_error())?;
        let status = reply.status;
        let headers = reply.headers;
        let text = crate::base::body::read(reply.body, limits::MAX_UPSTREAM_ERROR_BODY).await.unwrap_or_default();
        if !status.is_success() {
            let kind = quirks(&provider.kind);
            return Err(Fault::from_response(kind, status.as_u16(), &headers, &text, self.now()).into_api_error());
        }
        Ok(text)
    }
}

fn here(request: &ChatRequest) -> Bytes {
    Bytes::from(format!("{{\"input_tokens\":{}}}", count_input(request)))
}
