//! Tools, the choice between them, and the form of the answer, in every shape that OpenAI's dialect has.

use super::read::{Text, culprit, invalid, wrong};
use super::{ResponseFormat, Tool, ToolChoice};
use crate::base::{ApiError, Code};
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct WireTool<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    function: Option<Function<'a>>,
    #[serde(borrow)]
    custom: Option<Function<'a>>,
    #[serde(borrow)]
    cache_control: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Function<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    description: Option<Text<'a>>,
    #[serde(borrow)]
    parameters: Option<&'a RawValue>,
    strict: Option<bool>,
    #[serde(borrow)]
    cache_control: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    function: Option<Named<'a>>,
    #[serde(borrow)]
    custom: Option<Named<'a>>,
    #[serde(borrow)]
    allowed_tools: Option<Allowed<'a>>,
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Allowed<'a> {
    #[serde(borrow)]
    mode: Option<Text<'a>>,
    #[serde(borrow)]
    tools: Option<Vec<Choice<'a>>>,
}

#[derive(Deserialize)]
struct Format<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    json_schema: Option<Schema<'a>>,
}

#[derive(Deserialize)]
struct Schema<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    description: Option<Text<'a>>,
    #[serde(borrow)]
    schema: Option<&'a RawValue>,
    strict: Option<bool>,
}

/// A JSON schema: an object, or absent where null.
fn schema<'a>(raw: Option<&'a RawValue>, at: &str) -> Result<Option<&'a RawValue>, ApiError> {
    match raw {
        Some(schema) if !schema.get().starts_with('{') => {
            Err(invalid(at, format!("{at} must be a JSON schema object.")))
        }
        schema => Ok(schema),
    }
}

fn tool<'a>(function: Function<'a>, at: &str, custom: bool) -> Result<Tool<'a>, ApiError> {
    let name_at = format!("{at}.name");
    let Some(Text(name)) = function.name.filter(|Text(name)| !name.is_empty()) else {
        return Err(invalid(&name_at, format!("{name_at} is missing.")));
    };
    Ok(Tool {
        name,
        description: function.description.map(|text| text.0),
        parameters: schema(function.parameters, &format!("{at}.parameters"))?,
        strict: function.strict,
        custom,
        cache_control: function.cache_control,
    })
}

/// Reads `tools`.
pub(super) fn tools(raw: &RawValue) -> Result<Vec<Tool<'_>>, ApiError> {
    let list: Vec<&RawValue> =
        serde_json::from_str(raw.get()).map_err(|_| invalid("tools", "tools must be a list of tools."))?;
    list.into_iter().enumerate().map(|(index, raw)| one(raw, &format!("tools[{index}]"))).collect()
}

fn one<'a>(raw: &'a RawValue, at: &str) -> Result<Tool<'a>, ApiError> {
    let check = |text: &str| serde_json::from_str::<WireTool<'_>>(text).map(drop);
    let wire: WireTool<'a> = serde_json::from_str(raw.get()).map_err(|error| locate(raw, at, &error, check))?;
    let kind = wire.kind.map(|kind| kind.0);
    let mut tool = match (kind.as_deref(), wire.function, wire.custom) {
        (Some("custom"), _, Some(custom)) => tool(custom, &format!("{at}.custom"), true)?,
        (None | Some("function"), Some(function), _) => tool(function, &format!("{at}.function"), false)?,
        (None | Some("function"), None, _) => {
            return Err(invalid(&format!("{at}.function"), format!("{at}.function is missing.")));
        }
        (Some("custom"), _, None) => {
            return Err(invalid(&format!("{at}.custom"), format!("{at}.custom is missing.")));
        }
        (Some(_), _, _) => {
            return Err(ApiError::new(
                Code::UnsupportedParameter,
                format!("{at}.type is not served by every provider: use function or custom."),
            )
            .param(format!("{at}.type")));
        }
    };
    tool.cache_control = wire.cache_control.or(tool.cache_control);
    Ok(tool)
}

/// Reads the deprecated `functions`.
pub(super) fn functions(raw: &RawValue) -> Result<Vec<Tool<'_>>, ApiError> {
    let list: Vec<&RawValue> =
        serde_json::from_str(raw.get()).map_err(|_| invalid("functions", "functions must be a list of functions."))?;
    let functions = list.into_iter().enumerate().map(|(index, raw)| {
        let at = format!("functions[{index}]");
        let check = |text: &str| serde_json::from_str::<Function<'_>>(text).map(drop);
        let function = serde_json::from_str(raw.get()).map_err(|error| locate(raw, &at, &error, check))?;
        tool(function, &at, false)
    });
    functions.collect()
}

/// Names the member of the object at `at` that is not what it should be.
fn locate(
    raw: &RawValue,
    at: &str,
    error: &serde_json::Error,
    check: impl Fn(&str) -> Result<(), serde_json::Error>,
) -> ApiError {
    let Some((name, value, error)) = culprit(raw, check) else { return wrong(at, error) };
    let at = format!("{at}.{name}");
    let inner = match &*name {
        "function" | "custom" => {
            super::message::locate_in(value, &at, |text| serde_json::from_str::<Function<'_>>(text).map(drop))
        }
        "json_schema" => {
            super::message::locate_in(value, &at, |text| serde_json::from_str::<Schema<'_>>(text).map(drop))
        }
        _ => None,
    };
    inner.unwrap_or_else(|| wrong(&at, &error))
}

const TOOL_CHOICE: &str =
    "tool_choice must be none, auto, required, or an object of type function, custom or allowed_tools.";

/// Reads `tool_choice`.
pub(super) fn tool_choice(raw: &RawValue) -> Result<ToolChoice<'_>, ApiError> {
    let bad = || invalid("tool_choice", TOOL_CHOICE);
    if let Ok(Text(word)) = serde_json::from_str(raw.get()) {
        return match &*word {
            "none" => Ok(ToolChoice::None),
            "auto" => Ok(ToolChoice::Auto),
            "required" => Ok(ToolChoice::Required),
            _ => Err(bad()),
        };
    }
    let choice: Choice<'_> = serde_json::from_str(raw.get()).map_err(|_| bad())?;
    if choice.kind.as_ref().is_some_and(|kind| kind.0 == "allowed_tools") {
        let missing = || invalid("tool_choice.allowed_tools", "tool_choice.allowed_tools needs a mode and tools.");
        let allowed = choice.allowed_tools.ok_or_else(missing)?;
        let required = match allowed.mode.as_ref().map(|mode| &*mode.0) {
            Some("auto") => false,
            Some("required") => true,
            _ => return Err(invalid("tool_choice.allowed_tools.mode", "The mode must be auto or required.")),
        };
        let tools = allowed.tools.ok_or_else(missing)?;
        let names = tools.into_iter().enumerate().map(|(index, tool)| {
            let at = format!("tool_choice.allowed_tools.tools[{index}]");
            named(tool).ok_or_else(|| invalid(&at, format!("{at} must name a function or a custom tool.")))
        });
        return Ok(ToolChoice::Allowed { required, names: names.collect::<Result<_, _>>()? });
    }
    named(choice).map(ToolChoice::Named).ok_or_else(bad)
}

/// The name in `{"type":"function","function":{"name":N}}` or its custom twin.
fn named(choice: Choice<'_>) -> Option<std::borrow::Cow<'_, str>> {
    let named = match choice.kind.as_ref().map(|kind| &*kind.0) {
        Some("custom") => choice.custom,
        None | Some("function") => choice.function,
        Some(_) => None,
    };
    named?.name.map(|name| name.0)
}

/// Reads the deprecated `function_call`: `none`, `auto` or `{"name": N}`.
pub(super) fn function_call(raw: &RawValue) -> Result<ToolChoice<'_>, ApiError> {
    let bad = || invalid("function_call", "function_call must be none, auto or an object with a name.");
    if let Ok(Text(word)) = serde_json::from_str(raw.get()) {
        return match &*word {
            "none" => Ok(ToolChoice::None),
            "auto" => Ok(ToolChoice::Auto),
            _ => Err(bad()),
        };
    }
    let named: Named<'_> = serde_json::from_str(raw.get()).map_err(|_| bad())?;
    named.name.map(|name| ToolChoice::Named(name.0)).ok_or_else(bad)
}

/// Reads `response_format`.
pub(super) fn response_format(raw: &RawValue) -> Result<ResponseFormat<'_>, ApiError> {
    let at = "response_format";
    let check = |text: &str| serde_json::from_str::<Format<'_>>(text).map(drop);
    let format: Format<'_> = serde_json::from_str(raw.get()).map_err(|error| locate(raw, at, &error, check))?;
    match format.kind.as_ref().map(|kind| &*kind.0) {
        Some("text") => Ok(ResponseFormat::Text),
        Some("json_object") => Ok(ResponseFormat::JsonObject),
        Some("json_schema") => {
            let Some(wire) = format.json_schema else {
                return Err(invalid("response_format.json_schema", "response_format.json_schema is missing."));
            };
            let Some(Text(name)) = wire.name else {
                return Err(invalid(
                    "response_format.json_schema.name",
                    "response_format.json_schema.name is missing.",
                ));
            };
            Ok(ResponseFormat::JsonSchema {
                name,
                description: wire.description.map(|text| text.0),
                schema: schema(wire.schema, "response_format.json_schema.schema")?,
                strict: wire.strict,
            })
        }
        _ => Err(invalid("response_format.type", "response_format.type must be text, json_object or json_schema.")),
    }
}
