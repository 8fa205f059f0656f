//! How an evaluation asks and scores: what is honoured of its `config`. Other members are kept for the client.

use crate::base::{ApiError, Code, MicroUsd, ModelRef};
use serde_json::{Map, Value};

/// What the judge of one evaluation may cost in a day (UTC), where nothing is said.
const BUDGET: f64 = 5.0;
/// The most that may be said.
const MOST_BUDGET: f64 = 1_000.0;
const MOST_TOKENS: u64 = 1_000_000;
const MOST_AT_ONCE: u64 = 64;

/// The members that are honoured.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings {
    /// Sent with every row.
    pub temperature: Option<f64>,
    /// Sent with every row.
    pub max_tokens: Option<u64>,
    /// A system message before those of the row.
    pub system: Option<String>,
    /// Who scores the answers.
    pub judge: Option<ModelRef>,
    /// What that may cost in a day (UTC).
    pub judge_budget: MicroUsd,
    /// Rows under way at once; batches' own limit holds as well.
    pub concurrency: Option<usize>,
}

fn bad(key: &str, takes: &str) -> ApiError {
    ApiError::new(Code::InvalidRequest, format!("config.{key} takes {takes}")).param(format!("config.{key}"))
}

fn read<T>(
    config: &Map<String, Value>,
    key: &str,
    takes: &str,
    read: impl FnOnce(&Value) -> Option<T>,
) -> Result<Option<T>, ApiError> {
    match config.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => read(value).map(Some).ok_or_else(|| bad(key, takes)),
    }
}

impl Settings {
    /// Reads a config.
    ///
    /// # Errors
    /// A member that is honoured has another type than it takes, or is out of range: it is named.
    pub fn read(config: Option<&Map<String, Value>>) -> Result<Self, ApiError> {
        let empty = Map::new();
        let config = config.unwrap_or(&empty);
        let whole = |most: u64| move |value: &Value| value.as_u64().filter(|number| (1..=most).contains(number));
        let number = |most: f64| move |value: &Value| value.as_f64().filter(|number| (0.0..=most).contains(number));
        let takes = format!("a whole number from 1 to {MOST_AT_ONCE}");
        let concurrency = read(config, "concurrency", &takes, whole(MOST_AT_ONCE))?;
        let takes = format!("a number of dollars from 0 to {MOST_BUDGET}");
        let budget = read(config, "judge_budget_usd", &takes, number(MOST_BUDGET))?.unwrap_or(BUDGET);
        Ok(Self {
            temperature: read(config, "temperature", "a number from 0 to 2", number(2.0))?,
            max_tokens: read(config, "max_tokens", "a whole number from 1 on", whole(MOST_TOKENS))?,
            system: read(config, "system", "a text", |value| value.as_str().map(str::to_owned))?,
            judge: read(config, "judge", "a model as provider/model", |value| ModelRef::parse(value.as_str()?))?,
            judge_budget: MicroUsd::from_usd(budget).unwrap_or_default(),
            concurrency: concurrency.and_then(|number| usize::try_from(number).ok()),
        })
    }
}
