//! The messages as contents: who speaks when, and what is told to whom.
//!
//! Neighbours of one role are one content, but the results of calls stand alone: they follow the calls directly,
//! as many as there were. Text that says nothing is left out. The first content is the user's.

use crate::base::{ApiError, Code};
use crate::wire::conversation::read::{Members, Text};
use crate::wire::conversation::{Message, Part as Said, Role};
use crate::wire::policy::{Policy, unsupported};
use serde::Serialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// What is said where the user must speak and the caller has nothing.
const PLACEHOLDER: &str = ".";
/// Stands for the signature of a call that another model made: Google documents it for such histories.
const UNSIGNED: &str = "skip_thought_signature_validator";
/// Media types that Gemini reads inline, by their beginning.
const MEDIA: [&str; 9] = [
    "image/png",
    "image/jpeg",
    "image/webp",
    "image/heic",
    "image/heif",
    "application/pdf",
    "audio/",
    "video/",
    "text/",
];

/// A turn.
#[derive(Debug, Serialize)]
pub(super) struct Content<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    parts: Vec<Part<'a>>,
}

/// A piece of a turn: one of its kinds is set.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Part<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inline_data: Option<Blob<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_data: Option<FileData<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    function_call: Option<Call<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    function_response: Option<Response<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thought_signature: Option<Cow<'a, str>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Blob<'a> {
    mime_type: Cow<'a, str>,
    data: &'a str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct FileData<'a> {
    file_uri: &'a str,
}

#[derive(Debug, Serialize)]
struct Call<'a> {
    id: &'a str,
    name: &'a str,
    args: Box<RawValue>,
}

#[derive(Debug, Serialize)]
struct Response<'a> {
    id: &'a str,
    name: &'a str,
    response: Box<RawValue>,
}

fn text(text: &str) -> Option<Part<'_>> {
    (!text.is_empty()).then(|| Part { text: Some(text), ..Part::default() })
}

/// The system messages at the start.
///
/// # Errors
/// One of them holds something else than text.
pub(super) fn system<'a>(messages: &'a [Message<'_>]) -> Result<Option<Content<'a>>, ApiError> {
    let mut parts = Vec::new();
    for (index, message) in messages.iter().enumerate().take_while(|(_, message)| message.role == Role::System) {
        parts.extend(texts(message, index)?);
    }
    Ok((!parts.is_empty()).then_some(Content { role: None, parts }))
}

/// The parts of a message that can hold text only.
fn texts<'a>(message: &'a Message<'_>, index: usize) -> Result<Vec<Part<'a>>, ApiError> {
    let mut parts = Vec::with_capacity(message.parts.len());
    for (position, part) in message.parts.iter().enumerate() {
        match part {
            Said::Text { text: said, .. } | Said::Refusal(said) => parts.extend(text(said)),
            _ => {
                let at = format!("messages[{index}].content[{position}]");
                let why = "Gemini takes text only in a message of the system, the assistant or a tool: move the part to a user message.";
                return Err(unsupported(&at, why));
            }
        }
    }
    Ok(parts)
}

/// A call that waits for its result.
struct Open<'a> {
    id: &'a str,
    name: &'a str,
    message: usize,
}

/// All messages after the leading system messages.
///
/// # Errors
/// A part that Gemini does not read, or calls and results that do not belong together.
pub(super) fn contents<'a>(messages: &'a [Message<'_>], policy: &mut Policy) -> Result<Vec<Content<'a>>, ApiError> {
    let leading = messages.iter().take_while(|message| message.role == Role::System).count();
    let mut all = Vec::<Content<'a>>::new();
    let mut open = Vec::<Open<'a>>::new();
    let mut in_results = false;
    for (index, message) in messages.iter().enumerate().skip(leading) {
        if message.name.is_some() {
            policy.cannot("messages.name", "Gemini's contents carry no name.")?;
        }
        if message.role == Role::Tool {
            let part = result(message, index, &mut open)?;
            push(&mut all, "user", vec![part], in_results);
            in_results = true;
            continue;
        }
        all_answered(&open, index)?;
        let (role, parts) = match message.role {
            Role::Assistant => ("model", assistant(message, index, &mut open)?),
            Role::System => ("user", texts(message, index)?),
            _ => ("user", user(message, index)?),
        };
        if !parts.is_empty() {
            push(&mut all, role, parts, !in_results);
            in_results = false;
        }
    }
    all_answered(&open, messages.len())?;
    if all.first().is_none_or(|first| first.role != Some("user")) {
        all.insert(0, Content { role: Some("user"), parts: text(PLACEHOLDER).into_iter().collect() });
    }
    Ok(all)
}

/// Adds parts, to the last turn where that is of the same role and may be added to.
fn push<'a>(all: &mut Vec<Content<'a>>, role: &'static str, mut parts: Vec<Part<'a>>, may_merge: bool) {
    match all.last_mut() {
        Some(last) if may_merge && last.role == Some(role) => last.parts.append(&mut parts),
        _ => all.push(Content { role: Some(role), parts }),
    }
}

fn all_answered(open: &[Open<'_>], before: usize) -> Result<(), ApiError> {
    let Some(Open { id, message, .. }) = open.first() else { return Ok(()) };
    let at = format!("messages[{message}].tool_calls");
    let message = format!(
        "{at}: the call `{id}` has no result before messages[{before}]. Send one tool message for each call, right \
         after the assistant message."
    );
    Err(ApiError::new(Code::InvalidRequest, message).param(at))
}

fn user<'a>(message: &'a Message<'_>, index: usize) -> Result<Vec<Part<'a>>, ApiError> {
    let mut parts = Vec::with_capacity(message.parts.len());
    for (position, part) in message.parts.iter().enumerate() {
        let at = format!("messages[{index}].content[{position}]");
        match part {
            Said::Text { text: said, .. } | Said::Refusal(said) => parts.extend(text(said)),
            Said::Image { url, .. } => parts.push(from_url(url, &format!("{at}.image_url.url"))?),
            Said::Audio { data, format } => {
                let mime_type = Cow::Owned(format!("audio/{format}"));
                parts.push(Part { inline_data: Some(Blob { mime_type, data }), ..Part::default() });
            }
            Said::File { data: Some(data), .. } => parts.push(from_url(data, &format!("{at}.file.file_data"))?),
            Said::File { id: Some(id), .. } if id.starts_with("https://") || id.starts_with("files/") => {
                parts.push(Part { file_data: Some(FileData { file_uri: id }), ..Part::default() });
            }
            Said::File { .. } => {
                let why = "A file of another provider's store cannot be read by Gemini: send its content as file_data.";
                return Err(unsupported(&format!("{at}.file.file_id"), why));
            }
        }
    }
    Ok(parts)
}

/// The part for a `data:` URL.
fn from_url<'a>(url: &'a str, at: &str) -> Result<Part<'a>, ApiError> {
    let bad = |why: &str| ApiError::new(Code::InvalidRequest, format!("{at} {why}")).param(at);
    let rest = url.get(..5).filter(|scheme| scheme.eq_ignore_ascii_case("data:")).and_then(|_| url.get(5..));
    let Some((head, data)) = rest.and_then(|rest| rest.split_once(',')) else {
        return Err(bad("must be a data: URL, or an image's http: or https: URL."));
    };
    let Some(media_type) = head.strip_suffix(";base64").and_then(|head| head.split(';').next()) else {
        return Err(bad("must be in base64: data:TYPE;base64,…"));
    };
    let media_type = media_type.to_ascii_lowercase();
    if !MEDIA.iter().any(|known| media_type.starts_with(known)) {
        let why = format!(
            "Gemini does not read {}: send PNG, JPEG, WEBP, HEIC, PDF, audio, video or text.",
            media_type.chars().take(64).collect::<String>()
        );
        return Err(unsupported(at, &why));
    }
    Ok(Part { inline_data: Some(Blob { mime_type: Cow::Owned(media_type), data }), ..Part::default() })
}

fn assistant<'a>(message: &'a Message<'_>, index: usize, open: &mut Vec<Open<'a>>) -> Result<Vec<Part<'a>>, ApiError> {
    let mut parts = texts(message, index)?;
    // The signature stands on the first call of a step.
    let mut signature = Some(message.thinking_blocks.iter().find_map(|block| signature(block)));
    for call in &message.tool_calls {
        let signature = signature.take().map(|own| own.unwrap_or(Cow::Borrowed(UNSIGNED)));
        let function_call = Some(Call { id: &call.id, name: &call.name, args: call.input() });
        parts.push(Part { function_call, thought_signature: signature, ..Part::default() });
        open.push(Open { id: &call.id, name: &call.name, message: index });
    }
    Ok(parts)
}

/// The signature that a block of ours holds; those of other providers' blocks mean nothing to Gemini.
fn signature(block: &RawValue) -> Option<Cow<'_, str>> {
    let members = Members::of(block)?;
    let text = |name: &str| serde_json::from_str::<Text<'_>>(members.get(name)?.get()).ok().map(|text| text.0);
    (text("type")? == super::answer::SIGNATURE).then(|| text("signature")).flatten()
}

fn object(json: &str) -> Option<Box<RawValue>> {
    let json = json.trim();
    serde_json::from_str::<Members<'_>>(json).ok()?;
    RawValue::from_string(json.to_owned()).ok()
}

/// An object with this one member.
fn wrapped(name: &str, value: serde_json::Value) -> Box<RawValue> {
    let whole = serde_json::Value::Object([(name.to_owned(), value)].into_iter().collect());
    serde_json::value::to_raw_value(&whole).expect("a value is JSON")
}

fn result<'a>(message: &'a Message<'_>, index: usize, open: &mut Vec<Open<'a>>) -> Result<Part<'a>, ApiError> {
    let id = message.tool_call_id.as_deref().unwrap_or_default();
    let Some(place) = open.iter().position(|open| open.id == id) else {
        let at = format!("messages[{index}].tool_call_id");
        let message = format!(
            "{at} answers no open call of the assistant message before it: send one tool message for each of its \
             tool_calls, right after it."
        );
        return Err(ApiError::new(Code::InvalidRequest, message).param(at));
    };
    let Open { id, name, .. } = open.remove(place);
    let said: Vec<&str> = texts(message, index)?.into_iter().filter_map(|part| part.text).collect();
    let said = said.concat();
    let response = object(&said).unwrap_or_else(|| {
        wrapped("output", serde_json::from_str(&said).unwrap_or_else(|_| serde_json::Value::from(said)))
    });
    Ok(Part { function_response: Some(Response { id, name, response }), ..Part::default() })
}
