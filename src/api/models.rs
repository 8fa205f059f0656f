//! `GET /v1/models` and `GET /v1/models/{id}`: routes, and the models of configured providers.

use super::{Answer, Request, ok};
use crate::base::{ApiError, Capability, Code, Mode, ModelInfo};
use crate::config::Config;
use serde_json::{Value, json};

/// A fixed instant: the catalogue does not know when its models were made.
const CREATED: i64 = 1_735_689_600;

fn of_model(info: &ModelInfo) -> Value {
    let has = |capability| info.capabilities.get(capability) == Some(true);
    let capabilities = Capability::WORDS.iter().filter(|(_, capability)| has(*capability)).map(|(word, _)| *word);
    json!({"id": info.id.to_string(), "object": "model", "created": CREATED, "owned_by": info.id.provider,
        "max_input_tokens": info.max_input_tokens, "max_output_tokens": info.max_output_tokens,
        "mode": if info.mode == Mode::Embedding { "embedding" } else { "chat" },
        "capabilities": capabilities.collect::<Vec<_>>()})
}

fn of_route(name: &str) -> Value {
    json!({"id": name, "object": "model", "created": CREATED, "owned_by": "floopy"})
}

fn is_offered(info: &ModelInfo) -> bool {
    matches!(info.mode, Mode::Chat | Mode::Embedding)
}

fn all(config: &Config) -> Vec<Value> {
    let mut models: Vec<_> = config.catalogue.iter().filter(|info| is_offered(info)).collect();
    models.sort_by(|a, b| a.id.cmp(&b.id));
    let routes = config.routes.iter().map(|route| of_route(route.id.as_str()));
    routes.chain(models.into_iter().map(|info| of_model(info))).collect()
}

/// All of them.
pub(crate) async fn list(request: Request) -> Answer {
    ok(&json!({"object": "list", "data": all(&request.gateway.config())}))
}

/// One, by route, `provider/model` or bare id.
pub(crate) async fn get(request: Request) -> Answer {
    let config = request.gateway.config();
    let name = request.name.as_str();
    if config.routes.iter().any(|route| route.id.as_str() == name) {
        return ok(&of_route(name));
    }
    let model = crate::base::ModelRef::parse(name).filter(|model| config.catalogue.get(model).is_some());
    let model = model.or_else(|| config.catalogue.resolve_bare(name));
    match model.and_then(|model| config.catalogue.get(&model).cloned()) {
        Some(info) => ok(&of_model(&info)),
        None => {
            let routes = config.routes.iter().map(|route| route.id.as_str());
            let near = config.catalogue.nearest(name, 3, routes).join(", ");
            let shown: String = name.chars().take(crate::base::limits::MAX_LABEL_BYTES).collect();
            let message = format!("model {shown:?} was not found; nearest names: {near}");
            Err(ApiError::new(Code::ModelNotFound, message).param("model"))
        }
    }
}
