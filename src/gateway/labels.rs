//! What a request's headers say: labels, wishes, and the headers that the contract names.

use crate::base::{ApiError, Code, ModelRef, limits};
use crate::telemetry::TraceContext;
use http::HeaderMap;

/// Header names of the contract, section 2.
pub mod header {
    #![allow(missing_docs, reason = "the names are the contract's own")]
    pub const SESSION_ID: &str = "floopy-session-id";
    pub const SESSION_NAME: &str = "floopy-session-name";
    pub const SESSION_PATH: &str = "floopy-session-path";
    pub const USER_ID: &str = "floopy-user-id";
    pub const PROJECT_ID: &str = "floopy-project-id";
    pub const PROPERTY: &str = "floopy-property-";
    pub const PROVIDER: &str = "floopy-provider";
    pub const FALLBACK: &str = "floopy-fallback";
    pub const FALLBACK_PROVIDER: &str = "x-floopy-fallback-provider";
    pub const FALLBACK_MODEL: &str = "x-floopy-fallback-model";
    pub const ROUTE: &str = "floopy-route";
    pub const SMART_SELECT: &str = "floopy-smart-select";
    pub const REASONING_EFFORT: &str = "x-floopy-reasoning-effort";
    pub const RETENTION: &str = "floopy-retention";
    pub const PASSTHROUGH: &str = "floopy-passthrough";
    pub const REASON: &str = "floopy-reason";
    pub const STRATEGY: &str = "floopy-strategy";
    pub const MODEL: &str = "floopy-model";
    pub const CACHE: &str = "floopy-cache";
    pub const CONFIDENCE: &str = "floopy-confidence";
    pub const COST: &str = "floopy-cost-micro-usd";
    pub const REASONING_TOKENS: &str = "floopy-reasoning-tokens";
}

/// Labels and wishes of one request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Labels {
    /// `floopy-session-id`.
    pub session_id: Option<String>,
    /// `floopy-session-name`.
    pub session_name: Option<String>,
    /// `floopy-session-path`.
    pub session_path: Option<String>,
    /// `floopy-user-id`.
    pub user_id: Option<String>,
    /// `floopy-project-id`.
    pub project_id: Option<String>,
    /// `floopy-property-<name>`, in order of their names.
    pub properties: Vec<(String, String)>,
    /// `floopy-provider`.
    pub provider: Option<String>,
    /// `floopy-route`.
    pub route: Option<String>,
    /// `floopy-fallback`, or its two-header form.
    pub fallback: Option<ModelRef>,
    /// `x-floopy-reasoning-effort`: `low`, `medium`, `high`.
    pub reasoning_effort: Option<String>,
    /// `floopy-retention: none`.
    pub zero_retention: bool,
    /// `floopy-smart-select: true`.
    pub smart_select: bool,
    /// `floopy-passthrough: true`.
    pub passthrough: bool,
    /// `traceparent` and `tracestate`.
    pub trace: Option<TraceContext>,
}

impl Labels {
    /// Reads the headers.
    ///
    /// # Errors
    /// A value that is empty, longer than [`limits::MAX_LABEL_BYTES`], not visible ASCII, or not one of
    /// those that the header takes; more than [`limits::MAX_PROPERTIES`] properties.
    pub fn read(headers: &HeaderMap) -> Result<Self, ApiError> {
        let mut labels = Self { trace: TraceContext::read(headers), ..Self::default() };
        let (mut fallback_provider, mut fallback_model) = (None, None);
        for (name, value) in headers {
            let name = name.as_str();
            // Only a few of a request's headers are ours: one look at the name skips the others.
            let Some(rest) = name.strip_prefix("floopy-").or_else(|| name.strip_prefix("x-floopy-")) else {
                continue;
            };
            let text = || label(name, value);
            match name {
                header::SESSION_ID => labels.session_id = Some(text()?),
                header::SESSION_NAME => labels.session_name = Some(text()?),
                header::SESSION_PATH => labels.session_path = Some(text()?),
                header::USER_ID => labels.user_id = Some(text()?),
                header::PROJECT_ID => labels.project_id = Some(text()?),
                header::PROVIDER => labels.provider = Some(text()?),
                header::ROUTE => labels.route = Some(text()?),
                header::FALLBACK => labels.fallback = Some(model_ref(name, &text()?)?),
                header::FALLBACK_PROVIDER => fallback_provider = Some(text()?),
                header::FALLBACK_MODEL => fallback_model = Some(text()?),
                header::REASONING_EFFORT => {
                    labels.reasoning_effort = Some(one_of(name, text()?, &["low", "medium", "high"])?);
                }
                header::RETENTION => {
                    one_of(name, text()?, &["none"])?;
                    labels.zero_retention = true;
                }
                header::SMART_SELECT => labels.smart_select = one_of(name, text()?, &["true", "false"])? == "true",
                header::PASSTHROUGH => labels.passthrough = one_of(name, text()?, &["true", "false"])? == "true",
                _ => {
                    if let Some(property) = rest.strip_prefix("property-") {
                        labels.properties.push((property.to_owned(), text()?));
                    }
                }
            }
        }
        match (fallback_provider, fallback_model) {
            (Some(provider), Some(model)) => labels.fallback = Some(ModelRef::new(provider, &model)),
            (None, None) => {}
            _ => {
                return Err(invalid(
                    header::FALLBACK_PROVIDER,
                    "needs both x-floopy-fallback-provider and x-floopy-fallback-model, or floopy-fallback: provider/model",
                ));
            }
        }
        if labels.properties.len() > limits::MAX_PROPERTIES {
            return Err(invalid("floopy-property-*", &format!("at most {} properties", limits::MAX_PROPERTIES)));
        }
        labels.properties.sort();
        Ok(labels)
    }

    /// The headers that said so, for the request log.
    #[must_use]
    pub fn into_headers(self) -> Vec<(String, String)> {
        let named = |name: &str, value: Option<String>| value.map(|value| (name.to_owned(), value));
        let is_on = |name: &str, on: bool| on.then(|| (name.to_owned(), "true".to_owned()));
        let headers = [
            named(header::SESSION_ID, self.session_id),
            named(header::SESSION_NAME, self.session_name),
            named(header::SESSION_PATH, self.session_path),
            named(header::USER_ID, self.user_id),
            named(header::PROJECT_ID, self.project_id),
            named(header::PROVIDER, self.provider),
            named(header::ROUTE, self.route),
            named(header::FALLBACK, self.fallback.map(|fallback| fallback.to_string())),
            named(header::REASONING_EFFORT, self.reasoning_effort),
            is_on(header::SMART_SELECT, self.smart_select),
        ];
        let properties = self.properties.into_iter().map(|(name, value)| ([header::PROPERTY, &name].concat(), value));
        headers.into_iter().flatten().chain(properties).collect()
    }
}

fn invalid(name: &str, what: &str) -> ApiError {
    ApiError::new(Code::InvalidRequest, format!("header {name}: {what}")).param(name)
}

fn label(name: &str, value: &http::HeaderValue) -> Result<String, ApiError> {
    let text = value.to_str().map_err(|_| invalid(name, "only visible ASCII characters and spaces are taken"))?;
    if text.is_empty() || text.len() > limits::MAX_LABEL_BYTES {
        return Err(invalid(name, &format!("takes 1 to {} characters", limits::MAX_LABEL_BYTES)));
    }
    Ok(text.to_owned())
}

fn one_of(name: &str, text: String, allowed: &[&str]) -> Result<String, ApiError> {
    let lower = text.to_ascii_lowercase();
    if allowed.contains(&lower.as_str()) {
        Ok(lower)
    } else {
        Err(invalid(name, &format!("takes {}", allowed.join(", "))))
    }
}

fn model_ref(name: &str, text: &str) -> Result<ModelRef, ApiError> {
    ModelRef::parse(text).ok_or_else(|| invalid(name, "takes provider/model, for example openai/gpt-4o-mini"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Labels, ApiError> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(
                http::HeaderName::try_from(*name).unwrap(),
                http::HeaderValue::from_bytes(value.as_bytes()).unwrap(),
            );
        }
        Labels::read(&headers)
    }

    #[test]
    fn every_label_is_read() {
        let labels = read(&[
            ("Floopy-Session-Id", "s1"),
            ("floopy-user-id", "u"),
            ("floopy-property-team", "search"),
            ("floopy-property-app", "x"),
            ("x-floopy-fallback-provider", "openai"),
            ("x-floopy-fallback-model", "gpt-4o"),
            ("X-Floopy-Reasoning-Effort", "High"),
            ("floopy-retention", "none"),
            ("floopy-smart-select", "TRUE"),
            ("floopy-passthrough", "false"),
            ("x-stainless-lang", "python"),
        ])
        .unwrap();
        assert_eq!(labels.session_id.as_deref(), Some("s1"));
        assert_eq!(labels.properties, [("app".into(), "x".into()), ("team".into(), "search".into())]);
        assert_eq!(labels.fallback, Some(ModelRef::new("openai", "gpt-4o")));
        assert_eq!(labels.reasoning_effort.as_deref(), Some("high"));
        assert!(labels.zero_retention && labels.smart_select && !labels.passthrough);
        let headers = labels.into_headers();
        let header = |name: &str| headers.iter().find(|header| header.0 == name).map(|header| header.1.as_str());
        assert_eq!((header("floopy-property-app"), header("floopy-fallback")), (Some("x"), Some("openai/gpt-4o")));
        assert_eq!((header("floopy-smart-select"), headers.len()), (Some("true"), 7));
    }

    #[test]
    fn bad_values_name_the_header() {
        let long = "x".repeat(257);
        for (name, value) in [
            ("floopy-session-id", ""),
            ("floopy-session-id", "é"),
            ("floopy-user-id", long.as_str()),
            ("floopy-retention", "forever"),
            ("floopy-passthrough", "yes"),
            ("floopy-smart-select", "1"),
            ("floopy-fallback", "gpt-4o"),
            ("x-floopy-fallback-provider", "openai"),
            ("x-floopy-reasoning-effort", "extreme"),
        ] {
            let error = read(&[(name, value)]).unwrap_err();
            assert_eq!(error.code, Code::InvalidRequest, "{name}: {value}");
            assert_eq!(error.param.as_deref(), Some(name));
        }
    }
}
