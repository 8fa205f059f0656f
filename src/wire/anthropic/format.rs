//! The form of the answer: how a model is held to JSON.
//!
//! | asked for | model | how |
//! |---|---|---|
//! | a schema | takes schemas, and can say this one | `output_config.format` |
//! | a schema | can be made to call a tool | a tool with that schema; its input is the answer |
//! | any object | the same, and is not to think | a tool with an open schema |
//! | either | none of these | an instruction |

use super::facts::Facts;
use super::input_schema::object_root;
use super::schema::closed;
use super::thinking;
use crate::base::{ApiError, Code};
use crate::wire::conversation::{Conversation, ResponseFormat};
use std::borrow::Cow;

/// How the answer is held to its form.
#[derive(Debug)]
pub(in crate::wire) enum Format<'c> {
    /// It is not.
    Free,
    /// By `output_config.format` with this schema.
    Schema(String),
    /// By a tool whose input is the answer.
    Tool {
        /// What the tool is for.
        description: String,
        /// Its input.
        schema: Cow<'c, str>,
    },
    /// By an instruction.
    Instruction(String),
}

const JSON_ONLY: &str =
    "Answer with one JSON object and nothing else: no text before or after it, and no code fence around it.";
const TOOL: &str = "Gives the answer. The input is the whole answer, as one JSON object.";

/// Decides how.
pub(in crate::wire) fn decide<'c>(conversation: &'c Conversation<'_>, facts: &Facts) -> Result<Format<'c>, ApiError> {
    let (name, description, schema) = match &conversation.response_format {
        ResponseFormat::Text => return Ok(Format::Free),
        ResponseFormat::JsonObject | ResponseFormat::JsonSchema { schema: None, .. } => {
            return Ok(if facts.forced_tools && !thinking::is_wanted(conversation) {
                let description = format!("{TOOL} Its keys are those that the conversation asks for.");
                Format::Tool { description, schema: Cow::Borrowed(r#"{"type":"object","additionalProperties":true}"#) }
            } else {
                Format::Instruction(JSON_ONLY.to_owned())
            });
        }
        ResponseFormat::JsonSchema { name, description, schema: Some(schema), .. } => (name, description, *schema),
    };
    if let Some(closed) = facts.schema.then(|| closed(schema)).flatten() {
        return Ok(Format::Schema(closed));
    }
    if !facts.forced_tools {
        return Ok(Format::Instruction(format!("{JSON_ONLY} It must fit this JSON schema: {}", schema.get())));
    }
    let at = "response_format.json_schema.schema";
    let schema = object_root(schema)
        .ok_or_else(|| ApiError::new(Code::InvalidRequest, format!("{at} must describe an object.")).param(at))?;
    let description = match description {
        Some(description) => format!("{TOOL} It is called {name}: {description}"),
        None => format!("{TOOL} It is called {name}."),
    };
    Ok(Format::Tool { description, schema })
}
