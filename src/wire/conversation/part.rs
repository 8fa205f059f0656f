//! Content: a string, or a list of typed parts.

use super::Part;
use super::message::locate_in;
use super::read::{Text, culprit, invalid, wrong};
use crate::base::ApiError;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// `content` as it stands in the body.
pub(super) enum Content<'a> {
    Text(Cow<'a, str>),
    Parts(Vec<Wire<'a>>),
}

/// A part as it stands in the body. Every member may be absent or null, so that one member alone can be checked.
#[derive(Deserialize)]
pub(super) struct Wire<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    text: Option<Text<'a>>,
    #[serde(borrow)]
    refusal: Option<Text<'a>>,
    #[serde(borrow)]
    image_url: Option<ImageUrl<'a>>,
    #[serde(borrow)]
    input_audio: Option<Audio<'a>>,
    #[serde(borrow)]
    file: Option<File<'a>>,
    #[serde(borrow)]
    cache_control: Option<&'a RawValue>,
}

struct ImageUrl<'a> {
    url: Option<Cow<'a, str>>,
    detail: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct ImageMembers<'a> {
    #[serde(borrow)]
    url: Option<Text<'a>>,
    #[serde(borrow)]
    detail: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Audio<'a> {
    #[serde(borrow)]
    data: Option<Text<'a>>,
    #[serde(borrow)]
    format: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct File<'a> {
    #[serde(borrow)]
    file_data: Option<Text<'a>>,
    #[serde(borrow)]
    file_id: Option<Text<'a>>,
    #[serde(borrow)]
    filename: Option<Text<'a>>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Content<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Content<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a list of content parts")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Content<'de>, E> {
                Ok(Content::Text(Cow::Borrowed(text)))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Content<'de>, E> {
                Ok(Content::Text(Cow::Owned(text.to_owned())))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Content<'de>, A::Error> {
                let mut parts = Vec::new();
                while let Some(part) = seq.next_element()? {
                    parts.push(part);
                }
                Ok(Content::Parts(parts))
            }
        }
        deserializer.deserialize_any(Read)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for ImageUrl<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = ImageUrl<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with a url")
            }
            fn visit_borrowed_str<E: Error>(self, url: &'de str) -> Result<ImageUrl<'de>, E> {
                Ok(ImageUrl { url: Some(Cow::Borrowed(url)), detail: None })
            }
            fn visit_str<E: Error>(self, url: &str) -> Result<ImageUrl<'de>, E> {
                Ok(ImageUrl { url: Some(Cow::Owned(url.to_owned())), detail: None })
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ImageUrl<'de>, A::Error> {
                let read = ImageMembers::deserialize(MapAccessDeserializer::new(map))?;
                Ok(ImageUrl { url: read.url.map(|url| url.0), detail: read.detail.map(|detail| detail.0) })
            }
        }
        deserializer.deserialize_any(Read)
    }
}

/// The parts of the message with this index.
pub(super) fn parts(content: Content<'_>, message: usize) -> Result<Vec<Part<'_>>, ApiError> {
    match content {
        Content::Text(text) => Ok(vec![Part::Text { text, cache_control: None }]),
        Content::Parts(list) => {
            let parts = list.into_iter().enumerate();
            parts.map(|(index, part)| one(&format!("messages[{message}].content[{index}]"), part)).collect()
        }
    }
}

fn one<'a>(at: &str, part: Wire<'a>) -> Result<Part<'a>, ApiError> {
    let missing = |member: &str| invalid(&format!("{at}.{member}"), format!("{at}.{member} is missing."));
    let Text(kind) = part.kind.ok_or_else(|| missing("type"))?;
    let cache_control = part.cache_control;
    match &*kind {
        "text" => Ok(Part::Text { text: part.text.ok_or_else(|| missing("text"))?.0, cache_control }),
        "refusal" => Ok(Part::Refusal(part.refusal.ok_or_else(|| missing("refusal"))?.0)),
        "image_url" => {
            let image = part.image_url.ok_or_else(|| missing("image_url"))?;
            let url = image.url.ok_or_else(|| missing("image_url.url"))?;
            Ok(Part::Image { url, detail: image.detail, cache_control })
        }
        "input_audio" => {
            let audio = part.input_audio.ok_or_else(|| missing("input_audio"))?;
            Ok(Part::Audio {
                data: audio.data.ok_or_else(|| missing("input_audio.data"))?.0,
                format: audio.format.ok_or_else(|| missing("input_audio.format"))?.0,
            })
        }
        "file" => {
            let file = part.file.ok_or_else(|| missing("file"))?;
            if file.file_data.is_none() && file.file_id.is_none() {
                return Err(missing("file.file_data"));
            }
            Ok(Part::File {
                data: file.file_data.map(|data| data.0),
                id: file.file_id.map(|id| id.0),
                name: file.filename.map(|name| name.0),
                cache_control,
            })
        }
        _ => Err(invalid(
            &format!("{at}.type"),
            format!("{at}.type is not a kind of part: use text, image_url, input_audio, file or refusal."),
        )),
    }
}

/// Which part of this content, and which member of it, serde stumbled over.
pub(super) fn locate(raw: &RawValue, at: &str) -> Option<ApiError> {
    let list = serde_json::from_str::<Vec<&RawValue>>(raw.get()).ok()?;
    let (index, part) =
        list.into_iter().enumerate().find(|(_, part)| serde_json::from_str::<Wire<'_>>(part.get()).is_err())?;
    let at = format!("{at}[{index}]");
    let Some((name, value, error)) = culprit(part, |text| serde_json::from_str::<Wire<'_>>(text).map(drop)) else {
        return Some(invalid(&at, format!("{at} must be an object with a type.")));
    };
    let at = format!("{at}.{name}");
    let inner = match &*name {
        "image_url" => locate_in(value, &at, |text| serde_json::from_str::<ImageMembers<'_>>(text).map(drop)),
        "input_audio" => locate_in(value, &at, |text| serde_json::from_str::<Audio<'_>>(text).map(drop)),
        "file" => locate_in(value, &at, |text| serde_json::from_str::<File<'_>>(text).map(drop)),
        _ => None,
    };
    Some(inner.unwrap_or_else(|| wrong(&at, &error)))
}
