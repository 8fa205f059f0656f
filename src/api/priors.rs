//! `GET` and `PUT /v1/priors`: whether an org takes part in pooled priors, and what is published.

use super::input::body;
use super::{Answer, Request, blocking, ok};
use crate::base::OrgId;
use crate::gateway::Gateway;
use crate::resource::PriorsSetting;
use crate::resource::constraints::Changed;
use crate::resource::priors::PriorsView;
use std::sync::Arc;

fn view(gateway: &Gateway, org: &OrgId) -> PriorsView {
    let config = gateway.config();
    let known = gateway.learner.snapshot();
    let pool = known.pool();
    PriorsView {
        pooling: gateway.pools(org),
        installation: config.priors.pooling,
        organization: gateway.priors_setting(org).map(|setting| setting.pooling),
        min_orgs: config.priors.min_orgs,
        contributed_cells: pool.contributed.get(org).copied().unwrap_or(0),
        cells: pool.cells.clone(),
    }
}

/// How it stands for the caller's org.
pub(crate) async fn get(request: Request) -> Answer {
    ok(&view(&request.gateway, &request.caller.org))
}

/// Takes the org's word. Durable, and in force, before the answer.
pub(crate) async fn put(request: Request) -> Answer {
    let new: PriorsSetting = body(&request.body, &["pooling"])?;
    let key_id = request.caller.key.as_ref().map(|key| key.id.clone());
    let wanted = Changed { old: None, new, key_id, created_at: request.gateway.now() };
    let (gateway, org) = (request.gateway, request.caller.org);
    gateway.store.put_priors(org.clone(), wanted).await.map_err(crate::store::Error::into_api_error)?;
    let refreshing = Arc::clone(&gateway);
    blocking(move || refreshing.refresh_settings()).await?;
    ok(&view(&gateway, &org))
}
