//! Tools and the choice between them.

use super::body::Body;
use super::facts::Facts;
use super::format::Format;
use super::ids::{JSON_TOOL, to_upstream};
use super::input_schema::object_root;
use super::schema::closed;
use crate::base::{ApiError, Code};
use crate::wire::conversation::{Conversation, Tool, ToolChoice};
use crate::wire::policy::{Policy, unsupported};
use std::borrow::Cow;

/// The input of a tool that takes none.
const NO_INPUT: &str = r#"{"type":"object","properties":{}}"#;

/// Which tools go out, and what is said about choosing.
#[derive(Debug)]
pub(in crate::wire) struct Plan<'c> {
    /// The tools; those that only the history has called where the caller offers none.
    pub(in crate::wire) tools: Vec<Offer<'c>>,
    /// The choice between them.
    pub(in crate::wire) choice: Choice<'c>,
    /// At most one call a turn.
    pub(in crate::wire) single: bool,
}

/// A tool on offer. Its name and its schema are such as Anthropic takes them.
#[derive(Debug)]
pub(in crate::wire) struct Offer<'c> {
    pub(in crate::wire) name: Cow<'c, str>,
    pub(in crate::wire) description: Option<&'c str>,
    /// JSON.
    pub(in crate::wire) schema: Cow<'c, str>,
    pub(in crate::wire) strict: bool,
    /// What the caller offered.
    pub(in crate::wire) of: Option<&'c Tool<'c>>,
}

/// Which tool may or must be called.
#[derive(Debug)]
pub(in crate::wire) enum Choice<'c> {
    /// Nothing is said.
    Unsaid,
    /// The model's choice.
    Auto,
    /// At least one.
    Any,
    /// None.
    None,
    /// This one.
    Named(Cow<'c, str>),
}

/// Decides.
pub(in crate::wire) fn plan<'c>(
    conversation: &'c Conversation<'c>,
    format: &'c Format<'_>,
    facts: &Facts,
    policy: &mut Policy,
) -> Result<Plan<'c>, ApiError> {
    let mut wanted: Vec<(usize, &Tool<'_>)> = conversation.tools.iter().enumerate().collect();
    let mut choice = match &conversation.tool_choice {
        None => Choice::Unsaid,
        Some(ToolChoice::Auto) => Choice::Auto,
        Some(ToolChoice::Required) => Choice::Any,
        Some(ToolChoice::None) => Choice::None,
        Some(ToolChoice::Named(name)) => {
            is_offered(&wanted, name)?;
            Choice::Named(name.clone())
        }
        Some(ToolChoice::Allowed { required, names }) => {
            names.iter().try_for_each(|name| is_offered(&wanted, name))?;
            wanted.retain(|(_, tool)| names.contains(&tool.name));
            if *required { Choice::Any } else { Choice::Auto }
        }
    };
    if wanted.is_empty() {
        if matches!(choice, Choice::Any) {
            let message = "tool_choice asks for a call, but no tools are offered: send tools.";
            return Err(ApiError::new(Code::InvalidRequest, message).param("tool_choice"));
        }
        choice = Choice::Unsaid;
    }
    if matches!(choice, Choice::Any | Choice::Named(_)) && !facts.forced_tools {
        policy.cannot("tool_choice", "This model cannot be made to call a tool: use auto.")?;
        if let Choice::Named(name) = &choice {
            wanted.retain(|(_, tool)| tool.name == *name);
        }
        choice = Choice::Auto;
    }
    let mut tools =
        wanted.into_iter().map(|(index, tool)| offer(index, tool, facts, policy)).collect::<Result<Vec<_>, _>>()?;
    if let Choice::Named(name) = choice {
        choice = Choice::Named(sent(name, "tool_choice")?);
    }
    let mut single = conversation.parallel_tool_calls == Some(false);
    if let Format::Tool { description, schema } = format {
        let answers = match choice {
            Choice::Any | Choice::Named(_) => None,
            Choice::Unsaid | Choice::Auto if !tools.is_empty() => Some(Choice::Any),
            Choice::Unsaid | Choice::Auto | Choice::None => Some(Choice::Named(Cow::Borrowed(JSON_TOOL))),
        };
        // A caller who demands a call of its own tools gets that; the answer comes in a later turn.
        if let Some(answers) = answers {
            single |= matches!(answers, Choice::Named(_));
            choice = answers;
            tools.push(Offer {
                name: Cow::Borrowed(JSON_TOOL),
                description: Some(description),
                schema: Cow::Borrowed(schema),
                strict: false,
                of: None,
            });
        }
    }
    if tools.is_empty() {
        tools = of_history(conversation)?;
        if !tools.is_empty() {
            choice = Choice::None;
        }
    } else if single && matches!(choice, Choice::Unsaid) {
        choice = Choice::Auto;
    }
    Ok(Plan { tools, choice, single })
}

fn is_offered(tools: &[(usize, &Tool<'_>)], name: &str) -> Result<(), ApiError> {
    if tools.iter().any(|(_, tool)| tool.name == name) {
        return Ok(());
    }
    let message = format!("tool_choice names the tool `{name}`, which is not among tools.");
    Err(ApiError::new(Code::InvalidRequest, message).param("tool_choice"))
}

fn sent<'c>(name: Cow<'c, str>, at: &str) -> Result<Cow<'c, str>, ApiError> {
    let sent = to_upstream(&name).map(|sent| if sent == name { None } else { Some(sent.into_owned()) });
    match sent {
        Some(None) => Ok(name),
        Some(Some(escaped)) => Ok(Cow::Owned(escaped)),
        None => {
            let message = format!("{at}: a tool's name is too long: use at most 64 of a-z, A-Z, 0-9, _ and -.");
            Err(ApiError::new(Code::InvalidRequest, message).param(at))
        }
    }
}

fn offer<'c>(index: usize, tool: &'c Tool<'c>, facts: &Facts, policy: &mut Policy) -> Result<Offer<'c>, ApiError> {
    if tool.custom {
        return Err(unsupported(
            &format!("tools[{index}].type"),
            "This provider has no custom (free text) tools: offer a function, or choose an OpenAI model.",
        ));
    }
    let name = sent(Cow::Borrowed(&tool.name), &format!("tools[{index}].function.name"))?;
    let mut strict = tool.strict == Some(true);
    let schema = match tool.parameters {
        None => Cow::Borrowed(NO_INPUT),
        Some(raw) => {
            let exact = if strict && facts.schema { closed(raw).filter(|text| is_object(text)) } else { None };
            strict &= exact.is_some();
            let schema = exact.map(Cow::Owned).or_else(|| object_root(raw));
            schema.ok_or_else(|| {
                let at = format!("tools[{index}].function.parameters");
                ApiError::new(Code::InvalidRequest, format!("{at} must describe an object.")).param(at)
            })?
        }
    };
    let strict_schema = strict && tool.parameters.is_some();
    if tool.strict == Some(true) && !strict_schema {
        policy.leave_out("tools.strict");
    }
    Ok(Offer { name, description: tool.description.as_deref(), schema, strict: strict_schema, of: Some(tool) })
}

fn is_object(schema: &str) -> bool {
    schema.starts_with("{\"type\":\"object\"")
}

/// The tools that a conversation without tools has called: a history with calls needs them on offer.
fn of_history<'c>(conversation: &'c Conversation<'_>) -> Result<Vec<Offer<'c>>, ApiError> {
    let mut tools: Vec<Offer<'c>> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for call in conversation.messages.iter().flat_map(|message| &message.tool_calls) {
        if seen.insert(&*call.name) {
            let name = sent(Cow::Borrowed(&call.name), "messages")?;
            tools.push(Offer { name, description: None, schema: Cow::Borrowed(NO_INPUT), strict: false, of: None });
        }
    }
    Ok(tools)
}

impl Plan<'_> {
    /// Whether the model must call a tool.
    pub(in crate::wire) fn forces(&self) -> bool {
        matches!(self.choice, Choice::Any | Choice::Named(_))
    }

    /// Writes `,"tools":[…]` and `,"tool_choice":{…}`.
    pub(super) fn write(&self, body: &mut Body) {
        if self.tools.is_empty() {
            return;
        }
        body.raw(",\"tools\":[");
        for (index, tool) in self.tools.iter().enumerate() {
            body.raw(if index > 0 { ",{\"name\":" } else { "{\"name\":" });
            body.string(&tool.name);
            if let Some(description) = tool.description.filter(|text| !text.is_empty()) {
                body.raw(",\"description\":");
                body.string(description);
            }
            body.raw(",\"input_schema\":");
            body.raw(&tool.schema);
            if tool.strict {
                body.raw(",\"strict\":true");
            }
            body.cache_control(tool.of.and_then(|tool| tool.cache_control));
            body.raw("}");
        }
        body.raw("]");
        let kind = match &self.choice {
            Choice::Unsaid => return,
            Choice::None => return body.raw(",\"tool_choice\":{\"type\":\"none\"}"),
            Choice::Auto => "auto",
            Choice::Any => "any",
            Choice::Named(_) => "tool",
        };
        body.raw(",\"tool_choice\":{\"type\":");
        body.string(kind);
        if let Choice::Named(name) = &self.choice {
            body.raw(",\"name\":");
            body.string(name);
        }
        if self.single {
            body.raw(",\"disable_parallel_tool_use\":true");
        }
        body.raw("}");
    }
}
