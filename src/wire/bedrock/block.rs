//! Content blocks: parts of messages in Converse's words. Bytes stand in the request; nothing is fetched by Bedrock
//! but what lies in S3.

use crate::base::{ApiError, Code};
use crate::wire::anthropic::content::said;
use crate::wire::conversation::Part;
use crate::wire::policy::unsupported;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::HashSet;

/// Longest name of a document.
const MAX_NAME: usize = 200;

/// A content block: JSON has one member, named after its kind.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Block<'a> {
    /// Text that says something.
    Text(Cow<'a, str>),
    /// An image.
    Image(Media<'a>),
    /// A sound.
    Audio(Media<'a>),
    /// A document.
    Document(Document<'a>),
    /// A call that the model made.
    ToolUse(ToolUse<'a>),
    /// What came of a call.
    ToolResult(ToolResult<'a>),
    /// What the model thought.
    ReasoningContent(Reasoning<'a>),
    /// What stands before it is to be kept in the cache.
    CachePoint(CachePoint),
}

/// Bytes of a named format.
#[derive(Debug, Serialize)]
pub(super) struct Media<'a> {
    format: Cow<'a, str>,
    source: Source<'a>,
}

/// A document and its name.
#[derive(Debug, Serialize)]
pub(super) struct Document<'a> {
    format: &'static str,
    name: String,
    source: Source<'a>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
enum Source<'a> {
    /// Base64.
    Bytes(&'a str),
    S3Location(S3Location<'a>),
}

#[derive(Debug, Serialize)]
struct S3Location<'a> {
    uri: &'a str,
}

/// A call.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolUse<'a> {
    pub(super) tool_use_id: String,
    pub(super) name: Cow<'a, str>,
    pub(super) input: Box<RawValue>,
}

/// The result of a call.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolResult<'a> {
    pub(super) tool_use_id: String,
    pub(super) content: Vec<Block<'a>>,
}

/// A thought that can be replayed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Reasoning<'a> {
    /// In words, with the signature of who thought it.
    ReasoningText { text: Cow<'a, str>, signature: Cow<'a, str> },
    /// Unreadable, in base64.
    RedactedContent(Cow<'a, str>),
}

/// A cache point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct CachePoint {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ttl: Option<&'static str>,
}

/// The names of documents in one request: none comes twice.
#[derive(Debug, Default)]
pub(super) struct Names(HashSet<String>);

impl Names {
    /// A name in Bedrock's alphabet: letters, digits, single spaces, `-`, `(`, `)`, `[` and `]`.
    fn of(&mut self, given: Option<&str>) -> String {
        let given = given.unwrap_or_default();
        let stem = given.rsplit_once('.').map_or(given, |(stem, _)| stem);
        let plain = stem.replace(|c: char| !c.is_ascii_alphanumeric() && !"-()[]".contains(c), " ");
        let words: Vec<&str> = plain.split_whitespace().collect();
        // Room for a number at the end.
        let stem: String = words.join(" ").chars().take(MAX_NAME - 8).collect();
        let stem = if stem.trim().is_empty() { "document".to_owned() } else { stem.trim_end().to_owned() };
        let mut name = stem.clone();
        let mut round = 1;
        while !self.0.insert(name.clone()) {
            round += 1;
            name = format!("{stem} {round}");
        }
        name
    }
}

/// The block of a user's part or of a tool's result; `None` for text that says nothing.
///
/// # Errors
/// The part is of a kind that Bedrock does not take, or not what it says that it is.
pub(super) fn of_part<'a>(part: &'a Part<'_>, at: &str, names: &mut Names) -> Result<Option<Block<'a>>, ApiError> {
    match part {
        Part::Text { text, .. } | Part::Refusal(text) => Ok(said(text).map(|text| Block::Text(Cow::Borrowed(text)))),
        Part::Image { url, .. } => image(url, &format!("{at}.image_url.url")).map(Some),
        Part::Audio { data, format } => {
            is_base64(data, &format!("{at}.input_audio.data"))?;
            Ok(Some(Block::Audio(Media { format: Cow::Borrowed(format), source: Source::Bytes(data) })))
        }
        Part::File { data: Some(data), name, .. } => {
            document(data, name.as_deref(), &format!("{at}.file.file_data"), names).map(Some)
        }
        Part::File { .. } => Err(unsupported(
            &format!("{at}.file.file_id"),
            "A file of a provider's store cannot be read by Bedrock: send its content as file_data.",
        )),
    }
}

fn image<'a>(url: &'a str, at: &str) -> Result<Block<'a>, ApiError> {
    if url.starts_with("s3://") {
        let format = format_of(url, &["png", "jpeg", "jpg", "gif", "webp"])
            .ok_or_else(|| bad(at, "an s3: URL of an image must end with .png, .jpeg, .jpg, .gif or .webp."))?;
        let format = if format == "jpg" { "jpeg" } else { format };
        let source = Source::S3Location(S3Location { uri: url });
        return Ok(Block::Image(Media { format: Cow::Borrowed(format), source }));
    }
    let (media_type, data) = inline(url, at)?;
    let format = match &*media_type {
        "image/png" => "png",
        "image/jpeg" | "image/jpg" => "jpeg",
        "image/gif" => "gif",
        "image/webp" => "webp",
        _ => return Err(unsupported(at, "Bedrock reads PNG, JPEG, GIF and WebP images: convert it to one of these.")),
    };
    Ok(Block::Image(Media { format: Cow::Borrowed(format), source: Source::Bytes(data) }))
}

fn format_of<'k>(url: &str, known: &[&'k str]) -> Option<&'k str> {
    let (_, ending) = url.rsplit_once('.')?;
    known.iter().copied().find(|format| ending.eq_ignore_ascii_case(format))
}

fn document<'a>(url: &'a str, name: Option<&str>, at: &str, names: &mut Names) -> Result<Block<'a>, ApiError> {
    let (media_type, data) = inline(url, at)?;
    if media_type.starts_with("image/") {
        return image(url, at);
    }
    let format = match &*media_type {
        "application/pdf" => "pdf",
        "text/csv" => "csv",
        "text/html" => "html",
        "text/markdown" => "md",
        "text/plain" => "txt",
        "application/msword" => "doc",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document" => "docx",
        "application/vnd.ms-excel" => "xls",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => "xlsx",
        _ => {
            let why = "Bedrock reads PDF, CSV, HTML, Markdown, plain text, Word and Excel: convert it to one of these.";
            return Err(unsupported(at, why));
        }
    };
    Ok(Block::Document(Document { format, name: names.of(name), source: Source::Bytes(data) }))
}

fn bad(at: &str, why: &str) -> ApiError {
    ApiError::new(Code::InvalidRequest, format!("{at}: {why}")).param(at)
}

/// Media type, in lower case, and base64 of a `data:` URL.
fn inline<'a>(url: &'a str, at: &str) -> Result<(String, &'a str), ApiError> {
    let (scheme, rest) = url.split_once(':').unwrap_or_default();
    if !scheme.eq_ignore_ascii_case("data") {
        let why = "Bedrock takes bytes only, and this address could not be fetched for it: send a data: URL.";
        return Err(unsupported(at, why));
    }
    let (head, data) = rest.split_once(',').ok_or_else(|| bad(at, "a data: URL needs a comma before its data."))?;
    let head = head
        .strip_suffix(";base64")
        .ok_or_else(|| bad(at, "a data: URL must be in base64: data:<media type>;base64,<data>."))?;
    is_base64(data, at)?;
    Ok((head.split(';').next().unwrap_or_default().trim().to_ascii_lowercase(), data))
}

/// Bedrock decodes the bytes before it looks at them, and does not say which they were.
fn is_base64(data: &str, at: &str) -> Result<(), ApiError> {
    let mut scratch = [0; 3072];
    let good = !data.is_empty()
        && data.as_bytes().chunks(4096).all(|piece| STANDARD.decode_slice(piece, &mut scratch).is_ok());
    if good { Ok(()) } else { Err(bad(at, "the data is not base64.")) }
}
