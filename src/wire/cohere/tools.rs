//! Tools, and the choice between them. Cohere knows no choice of one tool: it is told of no other.

use crate::base::{ApiError, Code};
use crate::wire::conversation::{Conversation, Tool, ToolChoice};
use crate::wire::policy::{Policy, unsupported};
use serde::Serialize;
use serde_json::value::RawValue;

/// An entry of `tools`.
#[derive(Serialize)]
pub(super) struct Function<'a> {
    r#type: &'static str,
    function: Declared<'a>,
}

#[derive(Serialize)]
struct Declared<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    parameters: Parameters<'a>,
}

/// The schema of the arguments, which must be there.
#[derive(Serialize)]
#[serde(untagged)]
enum Parameters<'a> {
    Given(&'a RawValue),
    None { r#type: &'static str, properties: Empty },
}

#[derive(Serialize)]
struct Empty {}

/// What is declared, and how the model may choose.
#[derive(Default)]
pub(super) struct Plan<'a> {
    pub(super) functions: Vec<Function<'a>>,
    pub(super) choice: Option<&'static str>,
    /// Whether calls must fit the schemas exactly.
    pub(super) strict: bool,
}

/// # Errors
/// A tool that Cohere cannot be told of, or a choice of a tool that is not there.
pub(super) fn plan<'a>(conversation: &'a Conversation<'_>, policy: &mut Policy) -> Result<Plan<'a>, ApiError> {
    if conversation.tools.is_empty() {
        return Ok(Plan::default());
    }
    if conversation.parallel_tool_calls == Some(false) {
        policy.cannot("parallel_tool_calls", "Cohere calls as many tools a turn as it likes: leave it out.")?;
    }
    let (choice, names): (_, Option<Vec<&str>>) = match &conversation.tool_choice {
        None | Some(ToolChoice::Auto) => (None, None),
        Some(ToolChoice::None) => (Some("NONE"), None),
        Some(ToolChoice::Required) => (Some("REQUIRED"), None),
        Some(ToolChoice::Named(name)) => (Some("REQUIRED"), Some(vec![&**name])),
        Some(ToolChoice::Allowed { required, names }) => {
            (required.then_some("REQUIRED"), Some(names.iter().map(|name| &**name).collect()))
        }
    };
    let known = |name: &&str| conversation.tools.iter().any(|tool| tool.name == **name);
    if let Some(unknown) = names.iter().flatten().find(|name| !known(name)) {
        let message = format!("tool_choice names {unknown:?}, which is not among the tools.");
        return Err(ApiError::new(Code::InvalidRequest, message).param("tool_choice"));
    }
    let mut functions = Vec::with_capacity(conversation.tools.len());
    let mut strict = (0, 0);
    for (index, tool) in conversation.tools.iter().enumerate() {
        if names.as_ref().is_some_and(|names| !names.contains(&&*tool.name)) {
            continue;
        }
        functions.push(function(tool, index)?);
        strict = (strict.0 + usize::from(tool.strict == Some(true)), strict.1 + 1);
    }
    // It holds for all tools or for none.
    if strict.0 > 0 && strict.0 < strict.1 {
        policy.cannot("tools.strict", "Cohere holds all tools to their schemas, or none: set it on all of them.")?;
    }
    Ok(Plan { functions, choice, strict: strict.0 > 0 && strict.0 == strict.1 })
}

fn function<'a>(tool: &'a Tool<'_>, index: usize) -> Result<Function<'a>, ApiError> {
    if tool.custom {
        return Err(unsupported(&format!("tools[{index}]"), "Cohere has no custom tools: send a function."));
    }
    let none = Parameters::None { r#type: "object", properties: Empty {} };
    Ok(Function {
        r#type: "function",
        function: Declared {
            name: &tool.name,
            description: tool.description.as_deref(),
            parameters: tool.parameters.map_or(none, Parameters::Given),
        },
    })
}
