//! `floopy constraints`: what the org allows its routes.
//!
//! The server replaces a family as a whole; to change one key, its family is read, changed and sent back.

use super::document;
use crate::cli::args::Common;
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::{Field, Kind, Printer};
use crate::cli::{connect, runtime};
use crate::client::Client;
use crate::resource::ConstraintsView;
use crate::resource::constraints::{Optimization, Spend, Window};
use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;
use serde_json::{Map, Value, json};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct ConstraintsArgs {
    #[command(subcommand)]
    command: Option<ConstraintsCommand>,
    #[command(flatten)]
    get: Common,
}

#[derive(Debug, Subcommand)]
enum ConstraintsCommand {
    /// Show what is set, and what holds where nothing is
    Get(Common),
    /// Change some keys; the others keep their value
    Set(SetArgs),
    /// Take away a family, some keys, or everything
    Clear(ClearArgs),
    /// Replace whole families by those of a JSON document
    Put(PutArgs),
}

#[derive(Debug, Args)]
struct SetArgs {
    /// What to set, such as quality_floor=0.97, max_regression=0.03@rolling_24h or max_outcome_variance=null
    #[arg(value_name = "KEY=VALUE", required = true, value_parser = assignment)]
    values: Vec<(String, Value)>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct ClearArgs {
    /// Keys to take away [default: all of the family]
    #[arg(value_name = "KEY")]
    keys: Vec<String>,
    /// Which family [default: both]
    #[arg(long, value_enum, conflicts_with = "keys")]
    family: Option<Family>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct PutArgs {
    /// A file with a JSON object; - is stdin
    #[arg(value_name = "FILE")]
    file: String,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Family {
    /// Money, tokens and requests
    Spend,
    /// What the optimiser must keep to
    Optimization,
}

const FIELDS: &[Field] = &[
    Field::shown("cost_limit_monthly_usd", "/cost_limit_monthly_usd", Kind::Text),
    Field::shown("token_window_seconds", "/token_window_seconds", Kind::Count),
    Field::shown("max_tokens_per_window", "/max_tokens_per_window", Kind::Count),
    Field::shown("max_requests_per_minute", "/max_requests_per_minute", Kind::Count),
    Field::shown("max_regression", "/max_regression/value", Kind::Share),
    Field::shown("max_regression_window", "/max_regression/window", Kind::Text),
    Field::shown("max_cost_increase", "/max_cost_increase/value", Kind::Share),
    Field::shown("max_cost_increase_window", "/max_cost_increase/window", Kind::Text),
    Field::shown("confidence_threshold", "/confidence_threshold", Kind::Text),
    Field::shown("min_samples_before_promotion", "/min_samples_before_promotion", Kind::Count),
    Field::shown("max_outcome_variance", "/max_outcome_variance", Kind::Text),
    Field::shown("max_cost_drop_without_validation", "/max_cost_drop_without_validation", Kind::Share),
    Field::shown("require_shadow_before_live", "/require_shadow_before_live", Kind::Text),
    Field::shown("quality_floor", "/quality_floor", Kind::Text),
    Field::shown("default_max_regression", "/defaults/max_regression", Kind::Share),
    Field::shown("default_max_cost_increase", "/defaults/max_cost_increase", Kind::Share),
    Field::shown("default_confidence_threshold", "/defaults/confidence_threshold", Kind::Text),
    Field::shown("default_quality_floor", "/defaults/quality_floor", Kind::Text),
];

pub(crate) fn run(args: ConstraintsArgs) -> Result<(), Failure> {
    match args.command {
        None => exchange(&args.get, async |client| Ok(client.constraints().await?)),
        Some(ConstraintsCommand::Get(common)) => exchange(&common, async |client| Ok(client.constraints().await?)),
        Some(ConstraintsCommand::Set(set)) => change(&set.common, &set.values),
        Some(ConstraintsCommand::Clear(ClearArgs { keys, family, common })) => {
            let values: Vec<(String, Value)> = keys.into_iter().map(|key| (key, Value::Null)).collect();
            if values.is_empty() {
                return put(&common, cleared(family));
            }
            change(&common, &values)
        }
        Some(ConstraintsCommand::Put(PutArgs { file, common })) => put(&common, document::read(&file)?),
    }
}

fn exchange(common: &Common, ask: impl AsyncFn(&Client) -> Result<ConstraintsView, Failure>) -> Result<(), Failure> {
    let client = connect::client(&common.server)?;
    let view = runtime::command(async { ask(&client).await })?;
    Ok(Printer::stdout(common.output.format).show(FIELDS, &view)?)
}

fn put(common: &Common, keys: Map<String, Value>) -> Result<(), Failure> {
    exchange(common, async |client| Ok(client.put_constraints(&keys).await?))
}

fn change(common: &Common, values: &[(String, Value)]) -> Result<(), Failure> {
    exchange(common, async |client| {
        let now = client.constraints().await?.constraints;
        Ok(client.put_constraints(&changed(now.spend, now.optimization, values)?).await?)
    })
}

/// The families that the values touch, as they are with the values in them. A key that neither has goes to the
/// server as it is, which knows the nearest name.
fn changed(
    spend: Spend,
    optimization: Optimization,
    values: &[(String, Value)],
) -> Result<Map<String, Value>, Failure> {
    let mut body = Map::new();
    for family in [object(&spend)?, object(&optimization)?] {
        if values.iter().any(|(key, _)| family.contains_key(key)) {
            body.extend(family);
        }
    }
    body.extend(values.iter().cloned());
    Ok(body)
}

fn object(family: &impl Serialize) -> Result<Map<String, Value>, Failure> {
    match serde_json::to_value(family) {
        Ok(Value::Object(object)) => Ok(object),
        _ => Err(Failure::new(Exit::Bug, "a family of constraints is no object")),
    }
}

/// What takes a family away: one of its keys, set to nothing.
fn cleared(family: Option<Family>) -> Map<String, Value> {
    let keys = [(Family::Spend, "max_requests_per_minute"), (Family::Optimization, "quality_floor")];
    let wanted = keys.into_iter().filter(|(one, _)| family.is_none_or(|family| family == *one));
    wanted.map(|(_, key)| (key.to_owned(), Value::Null)).collect()
}

/// `key=value`; a bound takes `value@window`, over seven days where no window is given.
fn assignment(text: &str) -> Result<(String, Value), String> {
    let (key, value) = text.split_once('=').ok_or("write it as key=value, such as quality_floor=0.97")?;
    let (key, value) = (key.trim(), value.trim());
    if key.is_empty() {
        return Err("the key in front of = is missing".into());
    }
    let number = |text: &str| {
        let number = serde_json::from_str::<Value>(text).ok().filter(Value::is_number);
        number.ok_or_else(|| format!("{text:?} is not a number"))
    };
    let is_bound = matches!(key, "max_regression" | "max_cost_increase");
    let value = match value {
        "null" | "none" => Value::Null,
        "true" | "yes" => Value::Bool(true),
        "false" | "no" => Value::Bool(false),
        _ if is_bound => {
            let (share, window) = value.split_once('@').unwrap_or((value, Window::Week.as_str()));
            json!({"value": number(share)?, "window": window})
        }
        _ => number(value)?,
    };
    Ok((key.to_owned(), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_numbers_words_and_bounds() {
        for (text, key, value) in [
            ("quality_floor=0.97", "quality_floor", json!(0.97)),
            (" max_requests_per_minute = 60 ", "max_requests_per_minute", json!(60)),
            ("require_shadow_before_live=yes", "require_shadow_before_live", json!(true)),
            ("max_outcome_variance=null", "max_outcome_variance", json!(null)),
            ("max_regression=0.03", "max_regression", json!({"value": 0.03, "window": "rolling_7d"})),
            ("max_cost_increase=1@rolling_24h", "max_cost_increase", json!({"value": 1, "window": "rolling_24h"})),
            ("max_regression=none", "max_regression", json!(null)),
        ] {
            assert_eq!(assignment(text), Ok((key.to_owned(), value)), "{text}");
        }
        for bad in ["quality_floor", "=1", "quality_floor=x", "quality_floor=NaN", "max_regression=x@rolling_7d"] {
            assert!(assignment(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_change_keeps_the_rest_of_its_family_and_leaves_the_other_alone() {
        let spend = Spend { max_requests_per_minute: Some(5), ..Spend::default() };
        let optimization = Optimization { quality_floor: Some(0.9), ..Optimization::default() };
        let values = [("confidence_threshold".to_owned(), json!(0.5))];
        let body = changed(spend, optimization, &values).unwrap_or_default();
        assert_eq!((&body["quality_floor"], &body["confidence_threshold"]), (&json!(0.9), &json!(0.5)));
        assert!(!body.contains_key("max_requests_per_minute"));
        let unknown = changed(spend, optimization, &[("qualty".to_owned(), json!(1))]).unwrap_or_default();
        assert_eq!(unknown, Map::from_iter([("qualty".to_owned(), json!(1))]));
        assert_eq!(cleared(None).len(), 2);
        assert!(cleared(Some(Family::Spend)).contains_key("max_requests_per_minute"));
    }
}
