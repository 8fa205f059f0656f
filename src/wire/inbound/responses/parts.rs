//! The contents of input items: a text, or a list of typed parts.

use super::request::{OnlyHere, bad, text_at};
use crate::base::ApiError;
use serde_json::{Map, Value, json};

/// What a content says.
#[derive(Debug, Default)]
pub(super) struct Content {
    /// Its text, refusals included.
    pub(super) text: String,
    /// All of it, as parts of a chat message.
    pub(super) parts: Vec<Value>,
    /// Whether it is text alone.
    pub(super) is_text: bool,
}

impl Content {
    /// As the content of a chat message.
    pub(super) fn into_value(self) -> Value {
        let one = self.is_text && self.parts.len() <= 1;
        if one { Value::String(self.text) } else { Value::Array(self.parts) }
    }

    /// What is no text.
    pub(super) fn into_others(self) -> Vec<Value> {
        self.parts.into_iter().filter(|part| part.get("text").is_none()).collect()
    }
}

/// Reads a content.
pub(super) fn content(value: Option<&Value>, at: &str, only_here: &mut OnlyHere) -> Result<Content, ApiError> {
    let list = match value {
        Some(Value::String(text)) => return Ok(Content { text: text.clone(), parts: Vec::new(), is_text: true }),
        Some(Value::Array(list)) => list,
        _ => return Err(bad(at, format!("{at} must be a text or a list of parts"))),
    };
    let mut content = Content { is_text: true, ..Content::default() };
    for (index, part) in list.iter().enumerate() {
        let at = format!("{at}[{index}]");
        match text_at(part, "type", &at)? {
            "input_text" | "output_text" | "text" => content.say(part.get("text"), &format!("{at}.text"))?,
            "refusal" => content.say(part.get("refusal"), &format!("{at}.refusal"))?,
            kind => {
                content.is_text = false;
                content.parts.extend(other(kind, part, &at, only_here)?);
            }
        }
    }
    Ok(content)
}

impl Content {
    fn say(&mut self, text: Option<&Value>, at: &str) -> Result<(), ApiError> {
        let text = text.and_then(Value::as_str).ok_or_else(|| bad(at, format!("{at} is missing: give a text")))?;
        self.text.push_str(text);
        self.parts.push(json!({"type": "text", "text": text}));
        Ok(())
    }
}

fn other(kind: &str, part: &Value, at: &str, only_here: &mut OnlyHere) -> Result<Option<Value>, ApiError> {
    let given = |name: &str| part.get(name).filter(|value| !value.is_null());
    match kind {
        "input_image" => {
            let Some(url) = given("image_url") else {
                text_at(part, "file_id", at)
                    .map_err(|_| bad(at, format!("{at} needs an image_url: an address or a data: URL")))?;
                only_here.note_kept(&format!("{at}.file_id"));
                return Ok(None);
            };
            let mut image = Map::from_iter([("url".to_owned(), url.clone())]);
            // `original` is a word of this API only; a chat request says nothing instead.
            if let Some(detail) = given("detail").filter(|detail| *detail != "original") {
                image.insert("detail".into(), detail.clone());
            }
            Ok(Some(json!({"type": "image_url", "image_url": image})))
        }
        "input_file" => {
            if let Some(data) = given("file_data") {
                let name = given("filename").cloned().unwrap_or_else(|| json!("document.pdf"));
                return Ok(Some(json!({"type": "file", "file": {"file_data": data, "filename": name}})));
            }
            if given("file_url").is_some() {
                only_here.note(format!("{at}.file_url"), "files go to other providers as file_data");
                return Ok(None);
            }
            text_at(part, "file_id", at).map_err(|_| bad(at, format!("{at} needs file_data or a file_url")))?;
            only_here.note_kept(&format!("{at}.file_id"));
            Ok(None)
        }
        "input_audio" => {
            let audio = given("input_audio").ok_or_else(|| {
                bad(&format!("{at}.input_audio"), format!("{at}.input_audio is missing: give data and format"))
            })?;
            Ok(Some(json!({"type": "input_audio", "input_audio": audio})))
        }
        kind => {
            only_here.note(format!("{at}.type"), &format!("{kind} parts are OpenAI's own"));
            Ok(None)
        }
    }
}
