//! Tools of a Messages request, and the choice between them.

use super::request::{OnlyHere, bad};
use crate::base::ApiError;
use serde_json::{Value, json};

/// The tools as functions. Tools that Anthropic runs by itself, or that have a form of their own, are noted.
pub(super) fn tools(value: &Value, only_here: &mut OnlyHere) -> Result<Vec<Value>, ApiError> {
    let list = value.as_array().ok_or_else(|| bad("tools", "tools must be a list"))?;
    let mut functions = Vec::with_capacity(list.len());
    for (index, tool) in list.iter().enumerate() {
        let at = format!("tools[{index}]");
        match tool.get("type").and_then(Value::as_str) {
            None | Some("custom") => functions.push(function(tool, &at)?),
            Some(kind) => only_here.note(format!("{at}.type"), &format!("{kind} is a tool of Anthropic's own")),
        }
    }
    Ok(functions)
}

fn function(tool: &Value, at: &str) -> Result<Value, ApiError> {
    let name = tool.get("name").and_then(Value::as_str).filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| bad(&format!("{at}.name"), format!("{at}.name is missing")))?;
    let schema = tool.get("input_schema").filter(|schema| schema.is_object());
    let schema = schema.ok_or_else(|| {
        bad(&format!("{at}.input_schema"), format!("{at}.input_schema is missing: give a JSON schema object"))
    })?;
    let mut function = json!({"name": name, "parameters": schema});
    for member in ["description", "strict"] {
        if let (Some(value), Some(function)) =
            (tool.get(member).filter(|value| !value.is_null()), function.as_object_mut())
        {
            function.insert(member.to_owned(), value.clone());
        }
    }
    Ok(json!({"type": "function", "function": function}))
}

/// The choice, and whether only one call may be made at a time.
pub(super) fn choice(value: &Value) -> Result<(Value, bool), ApiError> {
    let alone = value.get("disable_parallel_tool_use").and_then(Value::as_bool).unwrap_or(false);
    let choice = match value.get("type").and_then(Value::as_str) {
        Some("auto") => json!("auto"),
        Some("any") => json!("required"),
        Some("none") => json!("none"),
        Some("tool") => {
            let name = value.get("name").and_then(Value::as_str);
            let name = name.ok_or_else(|| bad("tool_choice.name", "tool_choice.name is missing: name the tool"))?;
            json!({"type": "function", "function": {"name": name}})
        }
        _ => return Err(bad("tool_choice.type", "tool_choice.type must be auto, any, tool or none")),
    };
    Ok((choice, alone))
}
