//! Reading queries and bodies of Floopy resources: what is unknown is refused, with the nearest name.

use crate::base::{ApiError, Code, limits};
use crate::config::nearest_name;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::str::FromStr;

/// The query's keys and values, percent-decoded.
#[derive(Debug, Default)]
pub struct Query(Vec<(String, String)>);

fn bad(param: &str, message: impl Into<String>) -> ApiError {
    ApiError::new(Code::InvalidRequest, message).param(param)
}

/// The refusal of a name that is not known, with the nearest one that is.
pub(super) fn unknown(what: &str, key: &str, known: &[&str]) -> ApiError {
    let shown: String = key.chars().take(limits::MAX_LABEL_BYTES).collect();
    let hint = nearest_name(&shown, known.iter().copied())
        .map_or_else(String::new, |name| format!("; did you mean {name:?}?"));
    let takes = if known.is_empty() { "none is taken".to_owned() } else { format!("it takes {}", known.join(", ")) };
    bad(&shown, format!("{what} {shown:?} is not known: {takes}{hint}"))
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

    /// Reads those keys of a query that are among `known`: OpenAI's clients may send others, which mean nothing here.
    #[must_use]
    pub fn picked(text: Option<&str>, known: &[&str]) -> Self {
        let pairs = url::form_urlencoded::parse(text.unwrap_or_default().as_bytes());
        Self(pairs.filter(|(key, _)| known.contains(&&**key)).map(|(key, value)| (key.into(), value.into())).collect())
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

/// Reads a body of at most `most` bytes: one JSON object.
///
/// # Errors
/// `body_too_large`, `invalid_body`.
pub fn object(bytes: &[u8], most: usize) -> Result<Map<String, Value>, ApiError> {
    if bytes.len() > most {
        return Err(ApiError::new(Code::BodyTooLarge, format!("the body is longer than {most} bytes")));
    }
    let value: Value = serde_json::from_slice(bytes)
        .map_err(|error| ApiError::new(Code::InvalidBody, format!("the body must be one JSON object: {error}")))?;
    match value {
        Value::Object(object) => Ok(object),
        _ => Err(ApiError::new(Code::InvalidBody, "the body must be one JSON object")),
    }
}

/// Reads a resource's body: one JSON object with known keys.
///
/// # Errors
/// `body_too_large`, `invalid_body`, or `invalid_request` with the key at fault.
pub fn body<T: DeserializeOwned>(bytes: &[u8], known: &[&str]) -> Result<T, ApiError> {
    let object = object(bytes, limits::MAX_RESOURCE_BODY)?;
    if let Some(key) = object.keys().find(|key| !known.contains(&key.as_str())) {
        return Err(unknown("key", key, known));
    }
    serde_json::from_value(Value::Object(object)).map_err(|error| {
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

/// A whole number within a range.
///
/// # Errors
/// It is not.
pub fn whole(key: &str, value: &Value, range: std::ops::RangeInclusive<u64>) -> Result<u64, ApiError> {
    let takes = || bad(key, format!("{key} takes a whole number from {} to {}", range.start(), range.end()));
    // JSON knows one kind of number: 60.0 is 60.
    let float = value.as_f64().filter(|number| number.fract() == 0.0 && (0.0..=9e15).contains(number));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole and within 0..=9e15: checked above"
    )]
    let number = value.as_u64().or(float.map(|number| number as u64)).ok_or_else(takes)?;
    if range.contains(&number) { Ok(number) } else { Err(takes()) }
}

/// One of a closed set of names.
///
/// # Errors
/// It is none of them.
pub fn one_of<T: Copy, const N: usize>(
    key: &str,
    text: &str,
    all: [T; N],
    name: impl Fn(T) -> &'static str,
) -> Result<T, ApiError> {
    let names = all.map(&name);
    let found = all.into_iter().find(|one| name(*one) == text);
    found.ok_or_else(|| unknown("value", text, &names).param(key))
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
