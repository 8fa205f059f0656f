//! Reading queries and bodies of Floopy resources: what is unknown is refused, with the nearest name.

use crate::base::{ApiError, Code, limits};
use crate::config::nearest_name;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::str::FromStr;

/// The query's keys and values, percent-decoded.
#[derive(Debug, Default)]
pub struct Query(Vec<(String, String)>);

fn bad(param: &str, message: impl Into<String>) -> ApiError {
    ApiError::new(Code::InvalidRequest, message).param(param)
}

fn unknown(what: &str, key: &str, known: &[&str]) -> ApiError {
    let shown: String = key.chars().take(limits::MAX_LABEL_BYTES).collect();
    let hint = nearest_name(&shown, known.iter().copied())
        .map_or_else(String::new, |name| format!("; did you mean {name:?}?"));
    bad(&shown, format!("{what} {shown:?} is not known: it takes {}{hint}", known.join(", ")))
}

impl Query {
    /// Reads a query whose keys are among `known`, each at most once.
    ///
    /// # Errors
    /// An unknown or repeated key.
    pub fn read(text: Option<&str>, known: &[&str]) -> Result<Self, ApiError> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for (key, value) in url::form_urlencoded::parse(text.unwrap_or_default().as_bytes()) {
            if !known.contains(&&*key) {
                return Err(unknown("query key", &key, known));
            }
            if pairs.iter().any(|(earlier, _)| *earlier == *key) {
                return Err(bad(&key, format!("query key {key:?} stands twice")));
            }
            pairs.push((key.into_owned(), value.into_owned()));
        }
        Ok(Self(pairs))
    }

    /// The text of a key.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// The value of a key.
    ///
    /// # Errors
    /// It is not what the key takes.
    pub fn value<T: FromStr>(&self, key: &str, takes: &str) -> Result<Option<T>, ApiError> {
        let Some(text) = self.text(key) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| bad(key, format!("{key} takes {takes}")))
    }

    /// `limit`, 1..=500, 50 where it is left out.
    ///
    /// # Errors
    /// It is out of range.
    pub fn limit(&self) -> Result<usize, ApiError> {
        let limit = self.value("limit", "a number from 1 to 500")?.unwrap_or(50);
        if (1..=500).contains(&limit) { Ok(limit) } else { Err(bad("limit", "limit takes a number from 1 to 500")) }
    }
}

/// Reads a resource's body: one JSON object with known keys.
///
/// # Errors
/// `body_too_large`, `invalid_body`, or `invalid_request` with the key at fault.
pub fn body<T: DeserializeOwned>(bytes: &[u8], known: &[&str]) -> Result<T, ApiError> {
    if bytes.len() > limits::MAX_RESOURCE_BODY {
        let message = format!("the body is longer than {} bytes", limits::MAX_RESOURCE_BODY);
        return Err(ApiError::new(Code::BodyTooLarge, message));
    }
    let value: Value = serde_json::from_slice(bytes)
        .map_err(|error| ApiError::new(Code::InvalidBody, format!("the body must be one JSON object: {error}")))?;
    let Value::Object(object) = &value else {
        return Err(ApiError::new(Code::InvalidBody, "the body must be one JSON object"));
    };
    if let Some(key) = object.keys().find(|key| !known.contains(&key.as_str())) {
        return Err(unknown("key", key, known));
    }
    serde_json::from_value(value).map_err(|error| {
        let text = error.to_string();
        let key = known.iter().find(|key| text.contains(&format!("`{key}`"))).copied();
        let mut bad = ApiError::new(Code::InvalidRequest, text);
        bad.param = key.map(str::to_owned);
        bad
    })
}

/// A number within a range.
///
/// # Errors
/// It is not.
pub fn within(key: &str, value: f64, range: std::ops::RangeInclusive<f64>) -> Result<f64, ApiError> {
    if range.contains(&value) {
        return Ok(value);
    }
    Err(bad(key, format!("{key} takes a number from {} to {}", range.start(), range.end())))
}

/// A text that is not too long.
///
/// # Errors
/// It is.
pub fn short(key: &str, text: Option<String>) -> Result<Option<String>, ApiError> {
    match text {
        Some(text) if text.len() > limits::MAX_COMMENT_BYTES => {
            Err(bad(key, format!("{key} takes at most {} bytes", limits::MAX_COMMENT_BYTES)))
        }
        text => Ok(text),
    }
}
