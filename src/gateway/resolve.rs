//! What `model` means: a route, a list, or one model. Contract, section 2.

use super::caller::Caller;
use super::labels::{Labels, header};
use crate::base::{ApiError, Code, ModelRef, limits};
use crate::config::Config;
use crate::config::settings::Route;
use std::sync::Arc;

/// What the client asked for.
#[derive(Debug, Clone)]
pub(crate) enum Wanted {
    /// A route.
    Route(Arc<Route>),
    /// A list, tried from left to right.
    List(Vec<ModelRef>),
    /// One model, no router.
    Model(ModelRef),
}

impl Wanted {
    /// Who may serve, the default model first.
    pub(crate) fn models(&self) -> Vec<&ModelRef> {
        match self {
            Self::Route(route) => route.models().collect(),
            Self::List(models) => models.iter().collect(),
            Self::Model(model) => vec![model],
        }
    }

    /// Checks that one provider alone may serve a request whose member `param` refers to what a provider keeps: of the
    /// models that `fit`, all are one provider's.
    ///
    /// # Errors
    /// `unsupported_parameter`.
    pub(crate) fn only_one_provider(&self, param: &str, fit: impl Fn(&ModelRef) -> bool) -> Result<(), ApiError> {
        let mut models = self.models();
        models.retain(|model| fit(model));
        if models.iter().all(|model| models.first().is_some_and(|first| first.provider == model.provider)) {
            return Ok(());
        }
        let message = format!(
            "{param} refers to what one provider keeps, and several may serve this request: name a model of that provider, or send the whole conversation as input"
        );
        Err(ApiError::new(Code::UnsupportedParameter, message).param(param))
    }
}

/// Reads `model`, first match wins: the key's route, the header's route, a route's name, a comma list,
/// one model.
///
/// # Errors
/// 404 `model_not_found` with the nearest names; 403 where the key is tied to another route;
/// 400 for a list that is too long.
pub(crate) fn resolve(config: &Config, caller: &Caller, labels: &Labels, model: &str) -> Result<Wanted, ApiError> {
    if let Some(tied) = caller.key.as_ref().and_then(|key| key.route.as_ref()) {
        if labels.route.as_deref().is_some_and(|asked| asked != tied.as_str()) {
            let message = format!("this key is tied to the route {tied:?}: leave out {}", header::ROUTE);
            return Err(ApiError::new(Code::WritePermission, message).param(header::ROUTE));
        }
        return route(config, tied.as_str())
            .ok_or_else(|| unknown(config, tied.as_str(), "the route that this key is tied to is not configured"));
    }
    if let Some(name) = &labels.route {
        return route(config, name).ok_or_else(|| {
            let mut error = unknown(config, name, "no route has this name");
            error.param = Some(header::ROUTE.into());
            error
        });
    }
    if let Some(wanted) = route(config, model) {
        return Ok(wanted);
    }
    if model.contains(',') {
        return list(config, labels, model);
    }
    one(config, labels, model).map(Wanted::Model)
}

fn route(config: &Config, name: &str) -> Option<Wanted> {
    config.routes.iter().find(|route| route.id.as_str() == name).map(|route| Wanted::Route(Arc::clone(route)))
}

fn list(config: &Config, labels: &Labels, text: &str) -> Result<Wanted, ApiError> {
    let names: Vec<&str> = text.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    if names.is_empty() || names.len() > limits::MAX_FALLBACK_NAMES {
        let message = format!("a list of models takes 1 to {} names, separated by commas", limits::MAX_FALLBACK_NAMES);
        return Err(ApiError::new(Code::InvalidRequest, message).param("model"));
    }
    let mut models: Vec<ModelRef> = Vec::with_capacity(names.len());
    for name in names {
        let model = one(config, labels, name)?;
        if !models.contains(&model) {
            models.push(model);
        }
    }
    Ok(Wanted::List(models))
}

/// One model: `provider/model` of a configured provider (which may know models that the catalogue does
/// not), or a bare id that the catalogue knows for a configured provider.
pub(crate) fn one(config: &Config, labels: &Labels, text: &str) -> Result<ModelRef, ApiError> {
    if let Some(provider) = &labels.provider {
        if !config.providers.contains_key(provider.as_str()) {
            let message = format!("no provider {provider:?} is configured");
            return Err(ApiError::new(Code::ModelNotFound, message).param(header::PROVIDER));
        }
        let bare = text.strip_prefix(provider.as_str()).and_then(|rest| rest.strip_prefix('/')).unwrap_or(text);
        return Ok(ModelRef::new(provider.as_str(), bare));
    }
    if let Some(model) = ModelRef::parse(text)
        && config.providers.contains_key(&model.provider)
    {
        return Ok(model);
    }
    config
        .catalogue
        .resolve_bare(text)
        .ok_or_else(|| unknown(config, text, "it is neither a route, nor provider/model, nor a known model"))
}

fn unknown(config: &Config, name: &str, why: &str) -> ApiError {
    let shown: String = name.chars().take(limits::MAX_LABEL_BYTES).collect();
    let routes = config.routes.iter().map(|route| route.id.as_str());
    let nearest = config.catalogue.nearest(&shown, 3, routes);
    let hint = if nearest.is_empty() {
        String::from("configure a provider or a route first")
    } else {
        format!("nearest names: {}", nearest.join(", "))
    };
    ApiError::new(Code::ModelNotFound, format!("model {shown:?} was not found: {why}; {hint}")).param("model")
}
