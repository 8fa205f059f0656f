//! `GET /v1/session/{id}` and `GET /v1/sessions`.

use super::input::Query;
use super::{Answer, Request, blocking, not_found, ok};

/// A session with its merged conversation. A call that was recorded a moment ago is waited for.
pub(crate) async fn get(request: Request) -> Answer {
    let (store, org, id) = (request.gateway.store.clone(), request.caller.org.clone(), request.name);
    store.flush().await.map_err(crate::store::Error::into_api_error)?;
    let session = blocking(move || store.session(&org, &id)).await?;
    ok(&session.ok_or_else(not_found)?)
}

/// A page of sessions with their return, newest first.
pub(crate) async fn list(request: Request) -> Answer {
    let query = Query::read(request.query.as_deref(), &["limit", "cursor"])?;
    let limit = query.limit()?;
    let cursor = query.text("cursor").map(str::to_owned);
    let (store, org) = (request.gateway.store.clone(), request.caller.org.clone());
    ok(&blocking(move || store.sessions(&org, limit, cursor.as_deref())).await?)
}
