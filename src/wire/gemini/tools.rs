//! Tools as function declarations, and the choice between them.

use super::schema;
use crate::base::{ApiError, Code};
use crate::wire::conversation::read::Members;
use crate::wire::conversation::{Conversation, Tool, ToolChoice};
use crate::wire::policy::{Policy, unsupported};
use serde::Serialize;
use serde_json::value::RawValue;

/// Longest name of a function.
const MAX_NAME: usize = 128;

/// The one entry of `tools`: all functions stand together.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolList<'a> {
    function_declarations: Vec<Function<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Function<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters_json_schema: Option<Box<RawValue>>,
}

/// `toolConfig`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolConfig<'a> {
    function_calling_config: Calling<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Calling<'a> {
    mode: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    allowed_function_names: Vec<&'a str>,
}

/// What is declared, and how the model may choose.
///
/// # Errors
/// A tool that Gemini cannot be told of, or a choice of a tool that is not there.
pub(super) fn plan<'a>(
    conversation: &'a Conversation<'_>,
    policy: &mut Policy,
) -> Result<(Option<ToolList<'a>>, Option<ToolConfig<'a>>), ApiError> {
    if conversation.tools.is_empty() {
        return Ok((None, None));
    }
    if conversation.parallel_tool_calls == Some(false) {
        policy.cannot("parallel_tool_calls", "Gemini calls as many tools a turn as it likes: leave it out.")?;
    }
    let (mode, names): (_, Vec<&str>) = match &conversation.tool_choice {
        None => (None, Vec::new()),
        Some(ToolChoice::Auto) => (Some("AUTO"), Vec::new()),
        Some(ToolChoice::None) => (Some("NONE"), Vec::new()),
        Some(ToolChoice::Required) => (Some("ANY"), Vec::new()),
        Some(ToolChoice::Named(name)) => (Some("ANY"), vec![&**name]),
        Some(ToolChoice::Allowed { required, names }) => {
            (Some(if *required { "ANY" } else { "AUTO" }), names.iter().map(|name| &**name).collect())
        }
    };
    if let Some(unknown) = names.iter().find(|name| conversation.tools.iter().all(|tool| tool.name != **name)) {
        let message = format!("tool_choice names {unknown:?}, which is not among the tools.");
        return Err(ApiError::new(Code::InvalidRequest, message).param("tool_choice"));
    }
    // With AUTO no names may be given: what is not allowed is not declared.
    let only_these = mode == Some("AUTO") && !names.is_empty();
    let mut functions = Vec::with_capacity(conversation.tools.len());
    for (index, tool) in conversation.tools.iter().enumerate() {
        if only_these && !names.contains(&&*tool.name) {
            continue;
        }
        functions.push(function(tool, &format!("tools[{index}]"), policy)?);
    }
    let config = mode.map(|mode| {
        let allowed_function_names = if only_these { Vec::new() } else { names };
        ToolConfig { function_calling_config: Calling { mode, allowed_function_names } }
    });
    Ok((Some(ToolList { function_declarations: functions }), config))
}

fn function<'a>(tool: &'a Tool<'_>, at: &str, policy: &mut Policy) -> Result<Function<'a>, ApiError> {
    if tool.custom {
        return Err(unsupported(at, "Gemini has no custom tools: send a function."));
    }
    let mut bytes = tool.name.bytes();
    let begins = bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    if !begins
        || tool.name.len() > MAX_NAME
        || !bytes.all(|byte| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte))
    {
        let at = format!("{at}.function.name");
        let message = "Gemini's names of tools begin with a letter or _, go on with letters, digits, _ . : or -, and have at most 128 characters.";
        return Err(unsupported(&at, message));
    }
    let parameters = tool.parameters.filter(|schema| has_properties(schema));
    let parameters = parameters.map(|raw| schema::adapted(raw, &format!("{at}.function.parameters"), policy));
    Ok(Function {
        name: &tool.name,
        description: tool.description.as_deref(),
        parameters_json_schema: parameters.transpose()?,
    })
}

/// An object without properties is refused: a tool without arguments has no schema.
fn has_properties(schema: &RawValue) -> bool {
    let Some(members) = Members::of(schema) else { return false };
    let empty = members.get("properties").and_then(Members::of).is_none_or(|properties| properties.0.is_empty());
    !empty || ["$ref", "anyOf", "oneOf", "allOf"].iter().any(|name| members.get(name).is_some())
}
