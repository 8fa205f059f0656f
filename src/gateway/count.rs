//! How many tokens a request has: asked of the provider where it counts requests of the client's dialect, counted here
//! otherwise. Nothing is decided and nothing is recorded.

use super::body::Body;
use super::caller::Caller;
use super::dispatch::deadline;
use super::labels::Labels;
use super::operation::{Form, Operation};
use super::resolve::{Wanted, resolve};
use super::{Gateway, answer, tokenizer};
use crate::base::{ApiError, Code, RequestId, limits};
use crate::upstream::Call;
use crate::wire::{ChatRequest, Fault, Surface, count_call, count_input};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, Method, Response};

impl Gateway {
    /// Counts a request of this form.
    pub async fn count_tokens(
        &self,
        form: Form,
        caller: &Caller,
        head: &Parts,
        body: Bytes,
        id: RequestId,
    ) -> Response<Body> {
        let surface = Surface::of_path(head.uri.path());
        match self.counted(form, caller, head, body).await {
            Ok(body) => {
                let response = answer::identified(Response::builder(), id, surface);
                let response = response.header(CONTENT_TYPE, "application/json");
                response.body(Body::full(body)).unwrap_or_else(|_| answer::broken())
            }
            Err(error) => {
                self.metrics.error(error.code.as_str());
                answer::error(&error, id, surface)
            }
        }
    }

    async fn counted(&self, form: Form, caller: &Caller, head: &Parts, body: Bytes) -> Result<Bytes, ApiError> {
        let config = self.config();
        let labels = Labels::read(&head.headers)?;
        let operation = self.read(form, &caller.org, &head.headers, body)?;
        let wanted = resolve(&config, caller, &labels, operation.model())?;
        self.may_refer(&wanted, &operation, &config)?;
        let Operation::Chat(request) = operation else {
            return Err(ApiError::new(Code::InvalidRequest, "only conversations are counted"));
        };
        let asked = match &wanted {
            Wanted::Model(model) => config.providers.get(&model.provider).map(|provider| (provider, model)),
            Wanted::List(_) | Wanted::Route(_) => None,
        };
        let asked = asked.map(|(provider, model)| (provider, provider.target(&model.model, None)));
        let outgoing = count_call(&request, asked.as_ref().map(|(_, target)| target))?;
        let (Some((provider, target)), Some(outgoing)) = (asked, outgoing) else { return here(form, request).await };
        let call = Call {
            method: Method::POST,
            path: outgoing.path.to_string(),
            headers: outgoing.headers.into_iter().collect::<HeaderMap>(),
            body: outgoing.body,
            deadline: deadline(config.server.request_timeout),
        };
        let reply = self.upstream.send(provider, &config.upstream, call).await;
        let reply = reply.map_err(|error| error.into_api_error())?;
        let status = reply.status;
        let headers = reply.headers;
        let text = crate::base::body::read(reply.body, limits::MAX_UPSTREAM_ERROR_BODY).await.unwrap_or_default();
        if !status.is_success() {
            return Err(
                Fault::from_response(target.quirks, status.as_u16(), &headers, &text, self.now()).into_api_error()
            );
        }
        Ok(text)
    }
}

/// Our own count, on a thread that may wait for the tokenizer.
async fn here(form: Form, request: ChatRequest) -> Result<Bytes, ApiError> {
    tokenizer::built().await;
    let counted = tokio::task::spawn_blocking(move || count_input(&request)).await;
    let tokens = counted.map_err(|_| ApiError::new(Code::Internal, "the tokens could not be counted"))?;
    Ok(Bytes::from(match form {
        Form::Responses => format!("{{\"object\":\"response.input_tokens\",\"input_tokens\":{tokens}}}"),
        _ => format!("{{\"input_tokens\":{tokens}}}"),
    }))
}
