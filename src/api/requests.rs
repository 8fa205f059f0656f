//! `GET /v1/requests/{id}`: a request and its answer as they are retained.

use super::feedback::request_id;
use super::{Answer, Request, ok, recorded};

/// One request. 404 where nothing of it is retained; that it is foreign or unknown looks the same.
pub(crate) async fn get(request: Request) -> Answer {
    let id = request_id(&request.name)?;
    let org = request.caller.org.clone();
    let retained = recorded(&request.gateway.store, move |store| store.retained(&org, id)).await?;
    ok(&retained.to_json())
}
