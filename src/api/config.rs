//! `GET /v1/admin/config`: which configuration is in force. Reloading is the server's business.

use super::{Answer, Request, ok};
use serde_json::json;

/// Generation and what can be told without secrets.
pub(crate) async fn get(request: Request) -> Answer {
    let config = request.gateway.config();
    let mut providers: Vec<_> = config
        .providers
        .values()
        .map(|provider| json!({"name": provider.id, "kind": provider.kind, "has_key": !provider.credential.is_none()}))
        .collect();
    providers.sort_by_key(ToString::to_string);
    ok(&json!({
        "generation": config.generation,
        "passthrough": config.passthrough,
        "listen": config.server.listen.to_string(),
        "providers": providers,
        "routes": config.routes.iter().map(|route| route.id.as_str()).collect::<Vec<_>>(),
        "durability": match config.audit.durability {
            crate::config::settings::Durability::Group => "group",
            crate::config::settings::Durability::Strict => "strict",
        },
        "retention_bodies_seconds": config.retention.bodies.map(|kept| kept.as_secs()),
    }))
}
