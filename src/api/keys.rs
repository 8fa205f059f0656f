//! `/v1/admin/keys`: make, list and revoke keys. A secret is shown once and kept as its SHA-256 only.

use super::input::body;
use super::{Answer, Request, blocking, json, ok};
use crate::base::{ApiError, Code, KeyId, MicroUsd};
use crate::resource::{KeyRecord, ListedKey, NewKey, Page};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use sha2::{Digest, Sha256};

const KEYS: &[&str] = &["name", "org", "permissions", "route", "project", "requests_per_minute", "monthly_budget_usd"];

fn bad(param: &str, message: impl Into<String>) -> ApiError {
    ApiError::new(Code::InvalidRequest, message).param(param)
}

fn random<const N: usize>() -> Result<[u8; N], ApiError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| ApiError::new(Code::Internal, "the system gives no random numbers"))?;
    Ok(bytes)
}

/// A fresh secret: `fl_` and 43 url-safe characters, 256 random bits.
pub(crate) fn fresh_secret() -> Result<String, ApiError> {
    Ok(format!("fl_{}", URL_SAFE_NO_PAD.encode(random::<32>()?)))
}

/// Makes a key.
pub(crate) async fn create(request: Request) -> Answer {
    let wanted: NewKey = body(&request.body, KEYS)?;
    if wanted.name.is_empty() || wanted.name.len() > crate::base::limits::MAX_LABEL_BYTES {
        return Err(bad("name", "name takes 1 to 256 characters"));
    }
    let permissions = wanted.permissions.unwrap_or_else(|| vec!["read".into(), "write".into()]);
    if permissions.is_empty() || permissions.iter().any(|word| !["read", "write", "admin"].contains(&word.as_str())) {
        return Err(bad("permissions", "permissions takes some of read, write, admin"));
    }
    if let Some(route) = &wanted.route
        && !request.gateway.config().routes.iter().any(|known| known.id == *route)
    {
        return Err(bad("route", "no route has this name"));
    }
    let budget =
        wanted.monthly_budget_usd.map(|usd| super::input::within("monthly_budget_usd", usd, 0.0..=1e9)).transpose()?;
    let secret = fresh_secret()?;
    let digest = Sha256::digest(secret.as_bytes());
    #[expect(clippy::cast_possible_truncation, reason = "at most 1e15: checked above")]
    let budget = budget.map(|usd| MicroUsd((usd * 1e6).round() as i64));
    let record = KeyRecord {
        id: KeyId::from(format!("key_{}", URL_SAFE_NO_PAD.encode(random::<9>()?))),
        name: wanted.name,
        org: wanted.org.unwrap_or_else(|| request.caller.org.clone()),
        sha256: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        permissions,
        route: wanted.route,
        project: wanted.project,
        requests_per_minute: wanted.requests_per_minute.filter(|limit| *limit > 0),
        monthly_budget_micro_usd: budget,
        created_at: Some(request.gateway.now()),
    };
    let gateway = &request.gateway;
    gateway.store.create_key(record.clone()).await.map_err(crate::store::Error::into_api_error)?;
    gateway.refresh_keys().map_err(crate::store::Error::into_api_error)?;
    let mut answer = serde_json::to_value(&record).unwrap_or_default();
    if let Some(answer) = answer.as_object_mut() {
        answer.insert("secret".into(), secret.into());
    }
    json(StatusCode::CREATED, &answer)
}

/// All keys: those of the store, then those of the configuration.
pub(crate) async fn list(request: Request) -> Answer {
    let store = request.gateway.store.clone();
    let mut items = blocking(move || store.key_records()).await?;
    for key in &request.gateway.config().keys {
        let permissions =
            [("read", key.permissions.read), ("write", key.permissions.write), ("admin", key.permissions.admin)];
        items.push(KeyRecord {
            id: key.id.clone(),
            name: key.name.clone(),
            org: key.org.clone(),
            sha256: key.sha256.iter().map(|byte| format!("{byte:02x}")).collect(),
            permissions: permissions.iter().filter(|(_, has)| *has).map(|(name, _)| (*name).to_owned()).collect(),
            route: key.route.clone(),
            project: key.project.clone(),
            requests_per_minute: key.requests_per_minute,
            monthly_budget_micro_usd: key.monthly_budget,
            created_at: None,
        });
    }
    let (spend, now) = (&request.gateway.spend, request.gateway.now());
    let listed = |key: KeyRecord| {
        let spent_micro_usd = spend.of_key(&key.org, &key.id, now).spent;
        ListedKey { key, spent_micro_usd }
    };
    ok(&Page { items: items.into_iter().map(listed).collect(), next_cursor: None, has_more: false })
}

/// Revokes a key: it holds for the next request.
pub(crate) async fn revoke(request: Request) -> Answer {
    let id = KeyId::from(request.name.as_str());
    if request.gateway.config().keys.iter().any(|key| key.id == id) {
        let message = "this key stands in the configuration: take it out there and reload";
        return Err(ApiError::new(Code::Conflict, message));
    }
    let gateway = &request.gateway;
    gateway.store.revoke_key(None, id.clone()).await.map_err(crate::store::Error::into_api_error)?;
    gateway.refresh_keys().map_err(crate::store::Error::into_api_error)?;
    ok(&serde_json::json!({"id": id, "revoked": true}))
}
