//! What was said, as plain text: the parts of a conversation that routing, scoring and judging look at.

use super::conversation::read::Text;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// The texts of a conversation that say what is asked and how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// The last turn of the user, or its end.
    pub last_user: String,
    /// Bytes of that turn as a whole.
    pub last_user_bytes: usize,
    /// All system messages, one after the other.
    pub system: String,
    /// Whether the last message is the result of a tool call that failed, as far as its text tells.
    pub tool_failed: bool,
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    role: Option<Text<'a>>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Part<'a> {
    #[serde(borrow)]
    text: Option<Text<'a>>,
}

/// Reads the `messages` array of a chat request; what is malformed says nothing. Of the user's and the system's
/// texts at most the last `most` bytes are kept, cut at a character.
#[must_use]
pub fn said(messages: &str, most: usize) -> Said {
    let mut said = Said::default();
    let Ok(heads) = serde_json::from_str::<Vec<&RawValue>>(messages) else { return said };
    let mut is_last = true;
    for raw in heads.iter().rev() {
        // The user's last turn is near the end, so most of a long history is never read.
        let Some(Head { role, content }) = head(raw) else { continue };
        match role.as_ref().map(|role| &*role.0) {
            Some("user") => {
                let whole = text(content);
                said.last_user = kept(&whole, most);
                said.last_user_bytes = whole.len();
                break;
            }
            Some("tool" | "function") if is_last => said.tool_failed = tells_of_failure(&text(content)),
            _ => {}
        }
        is_last = false;
    }
    // System messages stand at the beginning.
    for raw in &heads {
        let Some(Head { role, content }) = head(raw) else { break };
        if !matches!(role.as_ref().map(|role| &*role.0), Some("system" | "developer")) {
            break;
        }
        if !said.system.is_empty() {
            said.system.push('\n');
        }
        said.system.push_str(&text(content));
    }
    said.system = kept(&said.system, most);
    said
}

/// The text of one message's content, given as JSON: a string, or a list of parts. Of a longer text the last `most`
/// bytes are kept, cut at a character; what is malformed says nothing.
#[must_use]
pub fn text_of_content(content: &[u8], most: usize) -> String {
    let raw = serde_json::from_slice::<&RawValue>(content).ok();
    kept(&text(raw), most)
}

fn head(raw: &RawValue) -> Option<Head<'_>> {
    serde_json::from_str(raw.get()).ok()
}

/// The text of a content: a string, or the text parts of a list.
fn text(content: Option<&RawValue>) -> String {
    let Some(raw) = content.map(RawValue::get) else { return String::new() };
    if raw.starts_with('"') {
        return serde_json::from_str::<Text<'_>>(raw).map_or_else(|_| String::new(), |Text(text)| text.into_owned());
    }
    let parts: Vec<Part<'_>> = serde_json::from_str(raw).unwrap_or_default();
    let texts: Vec<Cow<'_, str>> = parts.into_iter().filter_map(|part| part.text.map(|Text(text)| text)).collect();
    texts.join("\n")
}

/// The last `most` bytes, from a character on.
fn kept(text: &str, most: usize) -> String {
    let mut start = text.len().saturating_sub(most);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    text.get(start..).unwrap_or_default().to_owned()
}

fn tells_of_failure(result: &str) -> bool {
    let beginning: String = result.chars().take(200).collect::<String>().to_lowercase();
    ["error", "exception", "traceback", "failed", "not found", "denied"].iter().any(|word| beginning.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn the_last_user_turn_and_the_system_prompt_are_found() {
        let messages = json!([
            {"role": "system", "content": "be"},
            {"role": "developer", "content": [{"type": "text", "text": "kind"}]},
            {"role": "user", "content": "first"},
            {"role": "assistant", "content": "answer"},
            {"role": "user", "content": [{"type": "text", "text": "sec\"ond"}, {"type": "image_url", "image_url": {"url": "x"}}, {"type": "text", "text": "é"}]},
            {"role": "assistant", "content": null, "tool_calls": []},
            {"role": "tool", "tool_call_id": "1", "content": "Error: no such file"},
        ]);
        let said = said(&messages.to_string(), 1000);
        assert_eq!(
            (said.last_user.as_str(), said.system.as_str(), said.tool_failed),
            ("sec\"ond\né", "be\nkind", true)
        );
    }

    #[test]
    fn texts_are_cut_at_a_character() {
        let messages = json!([{"role": "user", "content": "aéé"}]).to_string();
        assert_eq!(said(&messages, 3).last_user, "é");
        assert_eq!(said(&messages, 4).last_user, "éé");
    }

    #[test]
    fn nothing_is_said_by_what_is_no_conversation() {
        for messages in ["", "null", "[1]", "{}", r#"[{"role": 5}]"#, r#"[{"role": "user", "content": 7}]"#] {
            assert_eq!(said(messages, 100), Said::default(), "{messages}");
        }
    }

    #[test]
    fn the_text_of_a_content_is_read_alone() {
        for (content, text) in [
            (r#""sec\"ond""#, "sec\"ond"),
            (r#"[{"type": "text", "text": "a"}, {"type": "image_url"}, {"type": "text", "text": "b"}]"#, "a\nb"),
            ("null", ""),
            ("", ""),
            ("7", ""),
        ] {
            assert_eq!(text_of_content(content.as_bytes(), 100), text, "{content}");
        }
        assert_eq!(text_of_content(r#""abc""#.as_bytes(), 2), "bc");
    }

    proptest! {
        #[test]
        fn any_text_comes_back_whole(text in ".{0,80}", most in 0_usize..200) {
            let messages = json!([{"role": "user", "content": text}]).to_string();
            let said = said(&messages, most);
            prop_assert!(text.ends_with(&said.last_user) && said.last_user.len() <= most);
            prop_assert!(most < text.len() || said.last_user == text);
            prop_assert_eq!(said.last_user_bytes, text.len());
        }
    }
}
