//! Rule 2 of the contract: everything off. The body goes to the provider byte for byte and comes back
//! byte for byte; only auth is swapped. The decision says so and nothing else is learned.

use super::body::{Body, Broken};
use super::caller::Caller;
use super::chat::{fresh_session, refused};
use super::clock::{Clock, Stage};
use super::dispatch::deadline;
use super::draft::{Beginning, Draft};
use super::labels::{Labels, header};
use super::record::End;
use super::session::Place;
use super::{Gateway, answer};
use crate::base::{ApiError, Code, ModelRef, RequestId, SessionId};
use crate::config::Config;
use crate::config::settings::Dialect;
use crate::resource::decision::{Reason, Strategy};
use crate::routing::Choice;
use crate::routing::budget::Charge;
use crate::telemetry::SpanId;
use crate::upstream::{Call, ReplyBody};
use crate::wire::{Surface, quirks};
use bytes::Bytes;
use futures_util::Stream;
use http::header::{ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use http::request::Parts;
use http::{HeaderMap, HeaderName, Response};
use http_body::Body as _;
use serde::Deserialize;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

/// What of the client's head goes to the provider: never auth, never hop-by-hop.
const FORWARDED: [HeaderName; 5] = [
    CONTENT_TYPE,
    ACCEPT,
    ACCEPT_ENCODING,
    HeaderName::from_static("anthropic-version"),
    HeaderName::from_static("anthropic-beta"),
];
/// What of the provider's head comes back.
const RETURNED: [HeaderName; 4] = [CONTENT_TYPE, CONTENT_ENCODING, CACHE_CONTROL, RETRY_AFTER];

impl Gateway {
    /// Hands the request to its provider as it is.
    pub async fn pass_through(
        self: &Arc<Self>,
        caller: Caller,
        labels: Labels,
        head: &Parts,
        body: Bytes,
        id: RequestId,
    ) -> Response<Body> {
        let began = Instant::now();
        let config = self.config();
        let target = match target(&config, &labels, &body) {
            Ok(target) => target,
            Err(error) => return answer::error(&error, id, Surface::of_path(head.uri.path())),
        };
        let provider = config.providers.get(&target.provider).map(Arc::clone);
        let Some(provider) = provider else {
            let error = ApiError::new(Code::ModelNotFound, "the provider is not configured");
            return answer::error(&error, id, Surface::of_path(head.uri.path()));
        };
        let model = Arc::clone(&target.model);
        let mut draft = self.passed(caller, labels, &config, target, id);
        draft.surface = Surface::of_path(head.uri.path());
        draft.clock = Clock::since(began);
        if let Err(error) = self.check_spend(&draft.caller, Charge::default(), draft.created_at) {
            draft.choice = None;
            return refused(draft, error).await;
        }
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        // The base URLs of OpenAI's dialect hold the version that our paths begin with; Anthropic's do not.
        let path = match provider.dialect {
            Dialect::AnthropicMessages => path.to_owned(),
            dialect => {
                let path = path.strip_prefix("/v1").filter(|rest| rest.starts_with('/')).unwrap_or(path);
                match quirks(&provider.kind).publisher {
                    // The one surface there that takes bodies of OpenAI's dialect as they are.
                    Some(_) => format!("/endpoints/openapi{path}"),
                    None => dialect.place(path, &model),
                }
            }
        };
        let mut headers = picked(&head.headers, &FORWARDED);
        if let Some(trace) = &draft.labels.trace {
            trace.hand_on(SpanId::draw(), &mut headers);
        }
        let call = Call {
            method: head.method.clone(),
            path,
            headers,
            body,
            deadline: deadline(config.server.request_timeout),
        };
        draft.clock.passed(Stage::Admit);
        let sent = self.upstream.send(&provider, &config.upstream, call).await;
        draft.clock.passed(Stage::Dispatch);
        match sent {
            Ok(reply) => {
                draft.attempts.heard(&reply);
                draft.first_byte = Some(Instant::now());
                draft.served = draft.choice.as_ref().map(|choice| choice.winner.clone());
                let mut response = Response::builder().status(reply.status);
                if let Some(headers) = response.headers_mut() {
                    headers.extend(picked(&reply.headers, &RETURNED));
                    answer::describe(headers, &draft);
                }
                let failed = (!reply.status.is_success()).then(|| {
                    let mut error = ApiError::new(Code::ProviderError, "the provider refused the call");
                    error.status = Some(reply.status.as_u16());
                    error
                });
                response
                    .body(Body::stream(Raw { upstream: reply.body, draft, failed }))
                    .unwrap_or_else(|_| answer::broken())
            }
            Err(error) => {
                let error = error.into_api_error();
                let response = answer::failed(&error, &draft);
                drop(draft.end(End { error: Some(error), ..End::default() }));
                response
            }
        }
    }

    pub(super) fn passed(
        self: &Arc<Self>,
        caller: Caller,
        labels: Labels,
        config: &Arc<Config>,
        target: ModelRef,
        id: RequestId,
    ) -> Draft {
        let place = match labels.session_id.as_deref() {
            Some(given) => Place::of(SessionId::from(given), false),
            None => Place::of(fresh_session(id), true),
        };
        let (user, created_at) = (labels.user_id.clone(), self.now());
        let mut draft = Draft::begin(Beginning {
            gateway: Arc::clone(self),
            config: Arc::clone(config),
            id,
            created_at,
            caller,
            labels,
            place,
            endpoint: "passthrough",
            requested_model: target.model.to_string(),
            strategy: Strategy::Passthrough,
        });
        draft.user = user;
        draft.choice = Some(Choice::of(target, "passthrough", Reason::Passthrough));
        draft
    }
}

fn picked(from: &HeaderMap, names: &[HeaderName]) -> HeaderMap {
    names.iter().filter_map(|name| Some((name.clone(), from.get(name)?.clone()))).collect()
}

/// The provider: named by header, or the only one, or the one whose catalogue knows the body's model.
pub(super) fn target(config: &Config, labels: &Labels, body: &Bytes) -> Result<ModelRef, ApiError> {
    #[derive(Deserialize)]
    struct Named<'a> {
        #[serde(borrow)]
        model: Option<std::borrow::Cow<'a, str>>,
    }
    let model = serde_json::from_slice::<Named<'_>>(body).ok().and_then(|named| named.model).unwrap_or_default();
    if let Some(provider) = &labels.provider {
        return Ok(ModelRef::new(provider.as_str(), &model));
    }
    if let (1, Some(only)) = (config.providers.len(), config.providers.keys().next()) {
        return Ok(ModelRef { provider: only.clone(), model: Arc::from(&*model) });
    }
    config.catalogue.resolve_bare(&model).ok_or_else(|| {
        let message =
            format!("passthrough cannot tell which provider is meant: name it in the header {}", header::PROVIDER);
        ApiError::new(Code::ModelNotFound, message).param(header::PROVIDER)
    })
}

/// The provider's bytes on their way to the client.
struct Raw {
    upstream: ReplyBody,
    draft: Draft,
    failed: Option<ApiError>,
}

impl Stream for Raw {
    type Item = Result<Bytes, Broken>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            match ready!(Pin::new(&mut this.upstream).poll_frame(context)) {
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Poll::Ready(Some(Ok(data)));
                    }
                }
                Some(Err(error)) => {
                    let end = End { error: Some(error.into_api_error()), ..End::default() };
                    drop(this.draft.end(end));
                    return Poll::Ready(Some(Err(Broken)));
                }
                None => {
                    let end = End { error: this.failed.take(), ..End::default() };
                    drop(this.draft.end(end));
                    return Poll::Ready(None);
                }
            }
        }
    }
}
