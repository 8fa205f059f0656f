//! `GET` and `PUT /v1/constraints`.

use super::input::{one_of, unknown, whole, within};
use super::{Answer, Request, ok};
use crate::base::{ApiError, Code, MicroUsd, limits};
use crate::resource::ConstraintsView;
use crate::resource::constraints::{Bound, DEFAULTS, Optimization, Spend, Window};
use crate::store::NewConstraints;
use serde_json::{Map, Value};

const SPEND: &[&str] =
    &["cost_limit_monthly_usd", "token_window_seconds", "max_tokens_per_window", "max_requests_per_minute"];
const OPTIMIZATION: &[&str] = &[
    "max_regression",
    "max_cost_increase",
    "confidence_threshold",
    "min_samples_before_promotion",
    "max_outcome_variance",
    "max_cost_drop_without_validation",
    "require_shadow_before_live",
    "quality_floor",
];
/// The longest token window: a month.
const LONGEST_WINDOW: u64 = 31 * 24 * 60 * 60;

fn bad(key: &str, message: impl Into<String>) -> ApiError {
    ApiError::new(Code::InvalidRequest, message).param(key)
}

/// The keys of one object; `null` counts as not set.
struct Keys<'a>(&'a Map<String, Value>);

impl<'a> Keys<'a> {
    fn has_any(&self, keys: &[&str]) -> bool {
        keys.iter().any(|key| self.0.contains_key(*key))
    }

    fn value(&self, key: &str) -> Option<&'a Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    fn number(&self, key: &str, least: f64, most: f64) -> Result<Option<f64>, ApiError> {
        let Some(value) = self.value(key) else { return Ok(None) };
        let takes = || bad(key, format!("{key} takes a number from {least} to {most}, or null"));
        within(key, value.as_f64().ok_or_else(takes)?, least..=most).map(Some)
    }

    fn count(&self, key: &str, most: u64) -> Result<Option<u64>, ApiError> {
        self.value(key).map(|value| whole(key, value, 1..=most)).transpose()
    }

    fn small(&self, key: &str, most: u32) -> Result<Option<u32>, ApiError> {
        Ok(self.count(key, u64::from(most))?.and_then(|count| u32::try_from(count).ok()))
    }

    fn flag(&self, key: &str) -> Result<Option<bool>, ApiError> {
        let Some(value) = self.value(key) else { return Ok(None) };
        value.as_bool().map(Some).ok_or_else(|| bad(key, format!("{key} takes true, false or null")))
    }

    fn bound(&self, key: &str, most: f64) -> Result<Option<Bound>, ApiError> {
        let Some(value) = self.value(key) else { return Ok(None) };
        let takes = || {
            let message = format!(
                "{key} takes {{\"value\": 0 to {most}, \"window\": \"rolling_24h\" or \"rolling_7d\"}}, or null"
            );
            bad(key, message)
        };
        let object = value.as_object().ok_or_else(takes)?;
        if let Some(odd) = object.keys().find(|odd| !["value", "window"].contains(&odd.as_str())) {
            return Err(unknown("key", odd, &["value", "window"]).param(format!("{key}.{odd}")));
        }
        let number = object.get("value").and_then(Value::as_f64).ok_or_else(takes)?;
        let value = within(&format!("{key}.value"), number, 0.0..=most)?;
        let name = object.get("window").and_then(Value::as_str).ok_or_else(takes)?;
        let window = one_of(&format!("{key}.window"), name, Window::ALL, Window::as_str)?;
        Ok(Some(Bound { value, window }))
    }
}

fn spend(keys: &Keys<'_>) -> Result<Spend, ApiError> {
    Ok(Spend {
        cost_limit_monthly_usd: keys.number("cost_limit_monthly_usd", 0.0, 1e9)?.and_then(MicroUsd::from_usd),
        token_window_seconds: keys.count("token_window_seconds", LONGEST_WINDOW)?,
        max_tokens_per_window: keys.count("max_tokens_per_window", 1_000_000_000_000)?,
        max_requests_per_minute: keys.small("max_requests_per_minute", 10_000_000)?,
    })
}

fn optimization(keys: &Keys<'_>) -> Result<Optimization, ApiError> {
    let max_outcome_variance = keys.number("max_outcome_variance", 0.0, 1.0)?;
    if max_outcome_variance == Some(0.0) {
        return Err(bad("max_outcome_variance", "max_outcome_variance takes a number above 0, up to 1, or null"));
    }
    Ok(Optimization {
        max_regression: keys.bound("max_regression", 0.5)?,
        max_cost_increase: keys.bound("max_cost_increase", 5.0)?,
        confidence_threshold: keys.number("confidence_threshold", 0.0, 1.0)?,
        min_samples_before_promotion: keys.small("min_samples_before_promotion", 100_000)?,
        max_outcome_variance,
        max_cost_drop_without_validation: keys.number("max_cost_drop_without_validation", 0.0, 1.0)?,
        require_shadow_before_live: keys.flag("require_shadow_before_live")?,
        quality_floor: keys.number("quality_floor", 0.5, 1.0)?,
    })
}

/// The families that a body replaces.
type Families = (Option<Spend>, Option<Optimization>);

fn families(bytes: &[u8]) -> Result<Families, ApiError> {
    let body = super::input::object(bytes, limits::MAX_RESOURCE_BODY)?;
    let known: Vec<&str> = SPEND.iter().chain(OPTIMIZATION).copied().chain(["defaults"]).collect();
    if let Some(key) = body.keys().find(|key| !known.contains(&key.as_str())) {
        return Err(unknown("key", key, &known));
    }
    // Who sends back what GET gave sends the defaults with it.
    if body.get("defaults").is_some_and(|given| serde_json::to_value(DEFAULTS).is_ok_and(|known| known != *given)) {
        return Err(bad("defaults", "defaults cannot be set: leave the key out"));
    }
    let keys = Keys(&body);
    let spend = keys.has_any(SPEND).then(|| spend(&keys)).transpose()?;
    let optimization = keys.has_any(OPTIMIZATION).then(|| optimization(&keys)).transpose()?;
    Ok((spend, optimization))
}

/// What the org has set, and what holds where it has set nothing.
pub(crate) async fn get(request: Request) -> Answer {
    ok(&ConstraintsView::from(request.gateway.constraints(&request.caller.org)))
}

/// Replaces each family of which the body has a key. Durable, and in force, before the answer.
pub(crate) async fn put(request: Request) -> Answer {
    let (spend, optimization) = families(&request.body)?;
    let wanted = NewConstraints {
        spend,
        optimization,
        key_id: request.caller.key.as_ref().map(|key| key.id.clone()),
        created_at: request.gateway.now(),
    };
    let (gateway, org) = (request.gateway, request.caller.org);
    let stored = gateway.store.put_constraints(org, wanted).await.map_err(crate::store::Error::into_api_error)?;
    let refreshing = std::sync::Arc::clone(&gateway);
    super::blocking(move || refreshing.refresh_settings()).await?;
    ok(&ConstraintsView::from(stored))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(body: &Value) -> Result<Families, (String, Option<String>)> {
        families(body.to_string().as_bytes()).map_err(|error| (error.message, error.param))
    }

    #[test]
    fn a_family_is_there_when_one_of_its_keys_is() {
        assert_eq!(read(&json!({})), Ok((None, None)));
        assert_eq!(read(&json!({"max_requests_per_minute": null})), Ok((Some(Spend::default()), None)));
        let (spend, optimization) = read(&json!({
            "cost_limit_monthly_usd": 12.5, "max_tokens_per_window": 1e6, "quality_floor": 1,
            "max_regression": {"value": 0.5, "window": "rolling_24h"}, "require_shadow_before_live": false
        }))
        .unwrap();
        let spend = spend.unwrap();
        assert_eq!(
            (spend.cost_limit_monthly_usd, spend.max_tokens_per_window),
            (Some(MicroUsd(12_500_000)), Some(1_000_000))
        );
        let optimization = optimization.unwrap();
        assert_eq!(optimization.max_regression, Some(Bound { value: 0.5, window: Window::Day }));
        assert_eq!((optimization.quality_floor, optimization.require_shadow_before_live), (Some(1.0), Some(false)));
    }

    #[test]
    fn what_get_gives_can_be_sent_back() {
        let view = ConstraintsView::from(crate::resource::Constraints::default());
        assert_eq!(
            read(&serde_json::to_value(view).unwrap()),
            Ok((Some(Spend::default()), Some(Optimization::default())))
        );
    }

    #[test]
    fn what_is_out_of_range_or_unknown_is_refused_by_name() {
        for (body, param, says) in [
            (json!({"max_regresion": null}), "max_regresion", "did you mean \"max_regression\"?"),
            (json!({"defaults": {"quality_floor": 0.9}}), "defaults", "cannot be set"),
            (json!({"max_regression": 0.1}), "max_regression", "takes {\"value\""),
            (json!({"max_regression": {"value": 0.1}}), "max_regression", "takes {\"value\""),
            (
                json!({"max_regression": {"value": 0.51, "window": "rolling_7d"}}),
                "max_regression.value",
                "from 0 to 0.5",
            ),
            (
                json!({"max_regression": {"value": 0.1, "window": "rolling_7days"}}),
                "max_regression.window",
                "did you mean \"rolling_7d\"?",
            ),
            (
                json!({"max_regression": {"value": 0.1, "windw": "rolling_7d"}}),
                "max_regression.windw",
                "did you mean \"window\"?",
            ),
            (
                json!({"max_cost_increase": {"value": 5.1, "window": "rolling_7d"}}),
                "max_cost_increase.value",
                "from 0 to 5",
            ),
            (json!({"confidence_threshold": 1.01}), "confidence_threshold", "from 0 to 1"),
            (json!({"confidence_threshold": "high"}), "confidence_threshold", "takes a number"),
            (json!({"min_samples_before_promotion": 0}), "min_samples_before_promotion", "from 1 to 100000"),
            (json!({"min_samples_before_promotion": 1.5}), "min_samples_before_promotion", "whole number"),
            (json!({"min_samples_before_promotion": 100_001}), "min_samples_before_promotion", "from 1 to 100000"),
            (json!({"max_outcome_variance": 0}), "max_outcome_variance", "above 0"),
            (json!({"max_cost_drop_without_validation": -0.1}), "max_cost_drop_without_validation", "from 0 to 1"),
            (json!({"require_shadow_before_live": 1}), "require_shadow_before_live", "takes true, false or null"),
            (json!({"quality_floor": 0.49}), "quality_floor", "from 0.5 to 1"),
            (json!({"cost_limit_monthly_usd": -1}), "cost_limit_monthly_usd", "from 0 to"),
            (json!({"token_window_seconds": 0}), "token_window_seconds", "from 1 to"),
            (json!({"max_requests_per_minute": "60"}), "max_requests_per_minute", "whole number"),
        ] {
            let (message, named) = read(&body).unwrap_err();
            assert_eq!(named.as_deref(), Some(param), "{body}: {message}");
            assert!(message.contains(says), "{body}: {message}");
        }
        assert!(families(b"[1]").is_err());
        assert!(families(br#"{"quality_floor": 1e999}"#).is_err());
    }
}
