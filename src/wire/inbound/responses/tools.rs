//! Tools of a Responses request, and the choice between them.

use super::request::{OnlyHere, bad, text_at};
use crate::base::ApiError;
use serde_json::{Map, Value, json};

/// The tools as functions. Tools that the provider runs by itself, and those that take free text, are noted.
pub(super) fn tools(value: &Value, only_here: &mut OnlyHere) -> Result<Vec<Value>, ApiError> {
    let list = value.as_array().ok_or_else(|| bad("tools", "tools must be a list"))?;
    let mut functions = Vec::with_capacity(list.len());
    for (index, tool) in list.iter().enumerate() {
        let at = format!("tools[{index}]");
        match text_at(tool, "type", &at)? {
            "function" => functions.push(function(tool, &at)?),
            "custom" => only_here.note(format!("{at}.type"), "other providers have no tools that take free text"),
            _ if names_what_is_kept(tool) => only_here.note_kept(&at),
            kind => only_here.note(format!("{at}.type"), &format!("{kind} is a tool that OpenAI runs by itself")),
        }
    }
    Ok(functions)
}

/// Whether a tool works on files, stores of vectors or containers that the provider has.
fn names_what_is_kept(tool: &Value) -> bool {
    match tool {
        Value::Object(members) => members.iter().any(|(name, value)| match name.as_str() {
            "vector_store_ids" | "file_ids" | "file_id" => true,
            "container" => value.is_string(),
            _ => names_what_is_kept(value),
        }),
        Value::Array(list) => list.iter().any(names_what_is_kept),
        _ => false,
    }
}

/// Here a function's members stand in the tool itself.
fn function(tool: &Value, at: &str) -> Result<Value, ApiError> {
    let mut function = Map::from_iter([("name".to_owned(), json!(text_at(tool, "name", at)?))]);
    for member in ["description", "parameters", "strict"] {
        if let Some(value) = tool.get(member).filter(|value| !value.is_null()) {
            function.insert(member.to_owned(), value.clone());
        }
    }
    Ok(json!({"type": "function", "function": function}))
}

/// The choice; `None` where it is for a tool of OpenAI's own, which is noted.
pub(super) fn choice(value: &Value, only_here: &mut OnlyHere) -> Result<Option<Value>, ApiError> {
    if let Some(word) = value.as_str() {
        return match word {
            "auto" | "none" | "required" => Ok(Some(json!(word))),
            _ => Err(bad("tool_choice", "tool_choice must be auto, none, required or an object with a type")),
        };
    }
    match text_at(value, "type", "tool_choice")? {
        "function" => Ok(Some(named(value, "tool_choice")?)),
        "allowed_tools" => {
            let tools = value.get("tools").and_then(Value::as_array);
            let tools = tools.ok_or_else(|| bad("tool_choice.tools", "tool_choice.tools must be a list of tools"))?;
            let mut allowed = Vec::with_capacity(tools.len());
            for (index, tool) in tools.iter().enumerate() {
                let at = format!("tool_choice.tools[{index}]");
                if text_at(tool, "type", &at)? == "function" {
                    allowed.push(named(tool, &at)?);
                } else {
                    only_here.note(at, "it is a tool of OpenAI's own");
                }
            }
            let mode = value.get("mode").cloned().unwrap_or_else(|| json!("auto"));
            Ok(Some(json!({"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": allowed}})))
        }
        kind => {
            only_here.note("tool_choice.type", &format!("{kind} is a tool of OpenAI's own"));
            Ok(None)
        }
    }
}

fn named(tool: &Value, at: &str) -> Result<Value, ApiError> {
    Ok(json!({"type": "function", "function": {"name": text_at(tool, "name", at)?}}))
}
