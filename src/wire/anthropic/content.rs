//! Content parts as Anthropic's blocks.

use super::body::Body;
use crate::base::{ApiError, Code};
use crate::wire::conversation::Part;
use crate::wire::policy::unsupported;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;

/// Media types of images that Anthropic reads.
const IMAGES: [&str; 4] = ["image/jpeg", "image/png", "image/gif", "image/webp"];
const PDF: &str = "application/pdf";

/// A part that is worth a block.
#[derive(Debug)]
pub(super) enum Block<'c> {
    /// Text that says something.
    Text(&'c str),
    /// An image.
    Image(Source<'c>),
    /// A document with its title.
    Document(Source<'c>, Option<&'c str>),
}

/// Where the bytes of an image or a document are.
#[derive(Debug)]
pub(super) enum Source<'c> {
    /// In the request.
    Base64 { media_type: &'c str, data: &'c str },
    /// In the request, as text.
    Text(String),
    /// Where Anthropic fetches them.
    Url(&'c str),
    /// In Anthropic's file store.
    File(&'c str),
}

/// The block of a user's part or of a tool's result; `None` for text that says nothing.
pub(super) fn user_block<'c>(part: &'c Part<'_>, at: &str) -> Result<Option<Block<'c>>, ApiError> {
    match part {
        Part::Text { text, .. } | Part::Refusal(text) => Ok(said(text).map(Block::Text)),
        Part::Image { url, .. } => from_url(url, None, &format!("{at}.image_url.url")).map(Some),
        Part::Audio { .. } => Err(unsupported(
            at,
            "Anthropic's models do not hear audio: send a transcript, or choose a model that takes audio.",
        )),
        Part::File { data: Some(data), name, .. } => {
            from_url(data, name.as_deref(), &format!("{at}.file.file_data")).map(Some)
        }
        Part::File { id: Some(id), name, .. } if !id.starts_with("file-") => {
            Ok(Some(Block::Document(Source::File(id), name.as_deref())))
        }
        Part::File { .. } => Err(unsupported(
            &format!("{at}.file.file_id"),
            "A file of another provider's store cannot be read by Anthropic: send its content as file_data.",
        )),
    }
}

/// The text of an assistant's part; `None` where it says nothing.
pub(super) fn assistant_text<'c>(part: &'c Part<'_>, at: &str) -> Result<Option<&'c str>, ApiError> {
    match part {
        Part::Text { text, .. } | Part::Refusal(text) => Ok(said(text)),
        Part::Image { .. } | Part::Audio { .. } | Part::File { .. } => Err(unsupported(
            at,
            "An assistant message can hold text only at Anthropic: move the part to a user message.",
        )),
    }
}

/// Text that holds more than white space: Anthropic refuses blocks that do not.
pub(in crate::wire) fn said(text: &str) -> Option<&str> {
    (!text.trim_start().is_empty()).then_some(text)
}

/// Whether a part becomes a block at all.
pub(in crate::wire) fn says_something(part: &Part<'_>) -> bool {
    match part {
        Part::Text { text, .. } | Part::Refusal(text) => said(text).is_some(),
        Part::Image { .. } | Part::Audio { .. } | Part::File { .. } => true,
    }
}

/// Writes a block with the `cache_control` of its part, or else of its message.
pub(super) fn write(body: &mut Body, block: &Block<'_>, part: &Part<'_>, of_message: Option<&RawValue>) {
    match block {
        Block::Text(text) => {
            body.raw("{\"type\":\"text\",\"text\":");
            body.string(text);
        }
        Block::Image(source) => {
            body.raw("{\"type\":\"image\",\"source\":");
            write_source(body, source);
        }
        Block::Document(source, title) => {
            body.raw("{\"type\":\"document\",\"source\":");
            write_source(body, source);
            if let Some(title) = title {
                body.raw(",\"title\":");
                body.string(title);
            }
        }
    }
    let own = match part {
        Part::Text { cache_control, .. } | Part::Image { cache_control, .. } | Part::File { cache_control, .. } => {
            *cache_control
        }
        Part::Audio { .. } | Part::Refusal(_) => None,
    };
    body.cache_control(own.or(of_message));
    body.raw("}");
}

fn write_source(body: &mut Body, source: &Source<'_>) {
    match source {
        Source::Base64 { media_type, data } => {
            body.raw("{\"type\":\"base64\",\"media_type\":");
            body.string(media_type);
            body.raw(",\"data\":");
            body.string(data);
        }
        Source::Text(text) => {
            body.raw("{\"type\":\"text\",\"media_type\":\"text/plain\",\"data\":");
            body.string(text);
        }
        Source::Url(url) => {
            body.raw("{\"type\":\"url\",\"url\":");
            body.string(url);
        }
        Source::File(id) => {
            body.raw("{\"type\":\"file\",\"file_id\":");
            body.string(id);
        }
    }
    body.raw("}");
}

/// The image or document behind a URL. `title`: the name of a file, which makes it a document unless it is an image.
fn from_url<'c>(url: &'c str, title: Option<&'c str>, at: &str) -> Result<Block<'c>, ApiError> {
    let (scheme, rest) = url.split_once(':').unwrap_or_default();
    if scheme.eq_ignore_ascii_case("data") {
        return from_data(rest, title, at);
    }
    let is_file = at.ends_with("file_data");
    if scheme.eq_ignore_ascii_case("https") {
        return Ok(if is_file { Block::Document(Source::Url(url), title) } else { Block::Image(Source::Url(url)) });
    }
    if scheme.eq_ignore_ascii_case("http") {
        return Err(unsupported(at, "Anthropic fetches over https only: send an https: or a data: URL."));
    }
    Err(ApiError::new(Code::InvalidRequest, format!("{at} must be an https: or a data: URL.")).param(at))
}

/// What a `data:` URL holds: `<media type>[;parameter…];base64,<data>`.
fn from_data<'c>(rest: &'c str, title: Option<&'c str>, at: &str) -> Result<Block<'c>, ApiError> {
    let bad = |message: &str| ApiError::new(Code::InvalidRequest, format!("{at}: {message}")).param(at);
    let (head, data) = rest.split_once(',').ok_or_else(|| bad("a data: URL needs a comma before its data."))?;
    let Some(head) = head.strip_suffix(";base64") else {
        return Err(bad("a data: URL must be in base64: data:<media type>;base64,<data>."));
    };
    let named = head.split(';').next().unwrap_or_default().trim();
    let is = |known: &&str| named.eq_ignore_ascii_case(known);
    if named.eq_ignore_ascii_case("image/jpg") {
        return Ok(Block::Image(Source::Base64 { media_type: "image/jpeg", data }));
    }
    if let Some(media_type) = IMAGES.into_iter().find(is) {
        return Ok(Block::Image(Source::Base64 { media_type, data }));
    }
    if is(&PDF) {
        return Ok(Block::Document(Source::Base64 { media_type: PDF, data }, title));
    }
    if named.get(..5).is_some_and(|kind| kind.eq_ignore_ascii_case("text/")) {
        let bytes = STANDARD.decode(data).map_err(|_| bad("the data is not base64."))?;
        let text = String::from_utf8(bytes).map_err(|_| bad("the text is not UTF-8."))?;
        return Ok(Block::Document(Source::Text(text), title));
    }
    Err(unsupported(
        at,
        "Anthropic reads JPEG, PNG, GIF and WebP images, PDF and plain text: convert it to one of these.",
    ))
}
