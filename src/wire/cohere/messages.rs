//! The messages. They stand as at OpenAI but for two things: what an assistant says besides its calls is its plan, and a
//! result that is JSON is a document, which the model can cite.

use crate::base::ApiError;
use crate::wire::conversation::read::Members;
use crate::wire::conversation::{Message, Part, Role, ToolCall};
use crate::wire::policy::{Policy, unsupported};
use serde::Serialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// A message.
#[derive(Serialize)]
#[serde(tag = "role", rename_all = "lowercase")]
pub(super) enum Spoken<'a> {
    /// Instructions.
    System { content: Content<'a> },
    /// The user's.
    User { content: Content<'a> },
    /// The model's: a text, or calls with the plan that led to them.
    Assistant {
        #[serde(skip_serializing_if = "Option::is_none")]
        content: Option<Cow<'a, str>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        tool_plan: Option<Cow<'a, str>>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        tool_calls: Vec<Call<'a>>,
    },
    /// The result of a call.
    Tool { tool_call_id: &'a str, content: Content<'a> },
}

/// What is said.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Content<'a> {
    Text(Cow<'a, str>),
    Parts(Vec<Piece<'a>>),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Piece<'a> {
    Text { text: &'a str },
    ImageUrl { image_url: Image<'a> },
    Document { document: Document },
}

#[derive(Serialize)]
pub(super) struct Image<'a> {
    url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
}

#[derive(Serialize)]
pub(super) struct Document {
    data: Box<RawValue>,
}

#[derive(Serialize)]
pub(super) struct Call<'a> {
    id: &'a str,
    r#type: &'static str,
    function: Called<'a>,
}

#[derive(Serialize)]
struct Called<'a> {
    name: &'a str,
    arguments: Cow<'a, str>,
}

/// All messages, in their order.
///
/// # Errors
/// A part that Cohere does not read.
pub(super) fn spoken<'a>(messages: &'a [Message<'_>], policy: &mut Policy) -> Result<Vec<Spoken<'a>>, ApiError> {
    let mut all = Vec::with_capacity(messages.len());
    for (index, message) in messages.iter().enumerate() {
        if message.name.is_some() {
            policy.cannot("messages.name", "Cohere's messages carry no name.")?;
        }
        all.push(match message.role {
            Role::System => Spoken::System { content: Content::Text(text(message, index)?) },
            Role::User => Spoken::User { content: content(message, index)? },
            Role::Tool => {
                let tool_call_id = message.tool_call_id.as_deref().unwrap_or_default();
                Spoken::Tool { tool_call_id, content: result(text(message, index)?) }
            }
            Role::Assistant => {
                let said = Some(text(message, index)?).filter(|text| !text.is_empty());
                let tool_calls: Vec<Call<'_>> = message.tool_calls.iter().map(call).collect();
                match (said, tool_calls.is_empty()) {
                    // It says nothing, and Cohere refuses it.
                    (None, true) => continue,
                    (said, true) => Spoken::Assistant { content: said, tool_plan: None, tool_calls },
                    (said, false) => Spoken::Assistant { content: None, tool_plan: said, tool_calls },
                }
            }
        });
    }
    Ok(all)
}

/// What a message says that can hold text only.
fn text<'a>(message: &'a Message<'_>, index: usize) -> Result<Cow<'a, str>, ApiError> {
    let mut texts = Vec::with_capacity(message.parts.len());
    for (position, part) in message.parts.iter().enumerate() {
        match part {
            Part::Text { text, .. } | Part::Refusal(text) => texts.push(&**text),
            _ => {
                let at = format!("messages[{index}].content[{position}]");
                let why = "Cohere takes text only in a message of the system, the assistant or a tool: move the part to a user message.";
                return Err(unsupported(&at, why));
            }
        }
    }
    Ok(match texts.as_slice() {
        [one] => Cow::Borrowed(one),
        several => Cow::Owned(several.concat()),
    })
}

fn content<'a>(message: &'a Message<'_>, index: usize) -> Result<Content<'a>, ApiError> {
    if let [Part::Text { text, .. }] = message.parts.as_slice() {
        return Ok(Content::Text(Cow::Borrowed(text)));
    }
    let mut parts = Vec::with_capacity(message.parts.len());
    for (position, part) in message.parts.iter().enumerate() {
        parts.push(match part {
            Part::Text { text, .. } | Part::Refusal(text) => Piece::Text { text },
            Part::Image { url, detail, .. } => Piece::ImageUrl { image_url: Image { url, detail: detail.as_deref() } },
            Part::Audio { .. } | Part::File { .. } => {
                let at = format!("messages[{index}].content[{position}]");
                return Err(unsupported(
                    &at,
                    "Cohere reads text and images: choose another model for sound and files.",
                ));
            }
        });
    }
    Ok(Content::Parts(parts))
}

fn call<'a>(call: &'a ToolCall<'_>) -> Call<'a> {
    let arguments = if call.custom {
        Cow::Owned(serde_json::json!({"input": &*call.arguments}).to_string())
    } else if call.arguments.trim().is_empty() {
        Cow::Borrowed("{}")
    } else {
        Cow::Borrowed(&*call.arguments)
    };
    Call { id: &call.id, r#type: "function", function: Called { name: &call.name, arguments } }
}

/// An object is a document, a list of objects as many; anything else is a text.
fn result(text: Cow<'_, str>) -> Content<'_> {
    let found: Vec<&RawValue> = match text.trim_start().as_bytes().first() {
        Some(b'{') => serde_json::from_str(&text).map(|one| vec![one]).unwrap_or_default(),
        Some(b'[') => serde_json::from_str(&text).unwrap_or_default(),
        _ => Vec::new(),
    };
    let documents: Option<Vec<Piece<'_>>> = found.iter().map(|raw| document(raw)).collect();
    match documents {
        Some(documents) if !documents.is_empty() => Content::Parts(documents),
        _ => Content::Text(text),
    }
}

fn document(raw: &RawValue) -> Option<Piece<'static>> {
    Members::of(raw)?;
    Some(Piece::Document { document: Document { data: raw.to_owned() } })
}
