//! The rows of a dataset: one JSON object on each line.

use super::settings::Settings;
use crate::base::{ApiError, Code, limits};
use crate::batch::crew::Tried;
use crate::batch::input::Lines;
use crate::wire::ChatRequest;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::HashSet;
use xxhash_rust::xxh3::xxh3_128;

/// A row as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written<'a> {
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    input: Option<Cow<'a, str>>,
    #[serde(borrow)]
    messages: Option<Vec<&'a RawValue>>,
    expected: Option<Value>,
}

/// A row that can be answered.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// Its place in the file, from 1 on.
    pub(super) number: u32,
    pub(super) id: String,
    /// The request.
    pub(super) body: Bytes,
    /// Its messages, as JSON.
    pub(super) messages: String,
    /// The answer that is expected.
    pub(super) expected: Option<Value>,
    /// How often it has failed by nobody's fault here.
    pub(super) tries: u32,
}

impl Tried for Row {
    fn tries(&mut self) -> &mut u32 {
        &mut self.tries
    }
}

/// A row's request.
#[derive(Serialize)]
struct Asked<'a> {
    model: &'a str,
    messages: Vec<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u64>,
}

fn message(role: &str, content: &str) -> Box<RawValue> {
    let message = serde_json::json!({"role": role, "content": content});
    serde_json::value::to_raw_value(&message).expect("texts always serialize")
}

/// Reads a row as a request to `model`; what is wrong with it, where something is.
pub(super) fn read(number: u32, line: &[u8], model: &str, settings: &Settings) -> Result<Row, String> {
    if line.len() > limits::MAX_DATASET_ROW + 1 {
        return Err(format!("the row is longer than {} bytes", limits::MAX_DATASET_ROW));
    }
    let written: Written<'_> = serde_json::from_slice(line)
        .map_err(|error| format!("a row is one JSON object with id, input or messages, and expected: {error}"))?;
    let id = written.id.filter(|id| !id.is_empty() && id.len() <= limits::MAX_CUSTOM_ID);
    let id = id.ok_or_else(|| format!("id takes a text of 1 to {} bytes", limits::MAX_CUSTOM_ID))?;
    let input = written.input.as_deref().map(|input| message("user", input));
    let messages = match (&input, written.messages) {
        (Some(input), None) => vec![&**input],
        (None, Some(messages)) => messages,
        _ => return Err("a row takes either input, a text, or messages, a list of them".to_owned()),
    };
    let system = settings.system.as_deref().map(|system| message("system", system));
    let messages: Vec<&RawValue> = system.as_deref().into_iter().chain(messages).collect();
    let shown = serde_json::to_string(&messages).map_err(|error| error.to_string())?;
    let asked = Asked { model, messages, temperature: settings.temperature, max_tokens: settings.max_tokens };
    let body = Bytes::from(serde_json::to_vec(&asked).map_err(|error| error.to_string())?);
    ChatRequest::parse(body.clone()).map_err(|error| error.message)?;
    let expected = written.expected.filter(|expected| !expected.is_null());
    Ok(Row { number, id: id.into_owned(), body, messages: shown, expected, tries: 0 })
}

/// Reads a whole dataset; how many rows it has.
///
/// # Errors
/// A row is wrong, its line is named; or there are none, or too many.
pub fn check(text: &[u8]) -> Result<u32, ApiError> {
    let wrong = |line: u32, what: String| ApiError::new(Code::InvalidBody, format!("line {line}: {what}"));
    let (mut rows, mut known) = (0_u32, HashSet::new());
    for line in Lines::of(text) {
        let (number, line) = line.map_err(|error| wrong(0, error.kind().to_string()))?;
        let row = read(number, &line, "a", &Settings::default()).map_err(|what| wrong(number, what))?;
        if !known.insert(xxh3_128(row.id.as_bytes())) {
            return Err(wrong(number, format!("another row has the id {:?}: it has to be the only one", row.id)));
        }
        rows += 1;
        if rows > limits::MAX_DATASET_ROWS {
            let most = limits::MAX_DATASET_ROWS;
            return Err(wrong(number, format!("a dataset takes at most {most} rows: make several")));
        }
    }
    if rows == 0 {
        let message = "a dataset takes one JSON object a line, and this one has none";
        return Err(ApiError::new(Code::InvalidBody, message));
    }
    Ok(rows)
}
