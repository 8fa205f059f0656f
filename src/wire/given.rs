//! What a call gets besides the request's own text: images that its target cannot fetch, and the reasoning that
//! the client did not send back. What is wanted is asked here, and gathered by whoever may do I/O.

use super::chat::ChatRequest;
use super::conversation::{Conversation, Part, Role};
use super::target::{Dialect, Target};
use crate::base::ApiError;
use memchr::memmem;
use serde_json::value::RawValue;
use std::collections::HashMap;
use std::sync::Arc;

/// Signed blocks of reasoning, exactly as they were received.
pub type Thoughts = Arc<[Box<RawValue>]>;

/// What is there to be put in.
#[derive(Debug, Default)]
pub struct Given {
    /// Address → `data:` URL.
    pub images: HashMap<String, String>,
    /// Id of a tool call → the reasoning that led to it.
    pub thoughts: HashMap<String, Thoughts>,
}

/// What a call could do with.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Wants {
    /// Images to be fetched: where each stands in the request, and its address.
    pub images: Vec<(String, String)>,
    /// Calls of the assistant that came back without their reasoning.
    pub calls: Vec<String>,
}

/// Whether the target has to be given the bytes behind this address.
fn wants_bytes(target: &Target<'_>, url: &str) -> bool {
    let scheme = url.split_once(':').map(|(scheme, _)| scheme).unwrap_or_default();
    let (http, https) = (scheme.eq_ignore_ascii_case("http"), scheme.eq_ignore_ascii_case("https"));
    match target.dialect {
        // Anthropic fetches by itself, over https only.
        Dialect::AnthropicMessages => http || https && target.quirks.inline_images_only,
        _ => (http || https) && target.quirks.inline_images_only,
    }
}

/// What this target wants for this request.
///
/// # Errors
/// 400 with the `param` of what cannot be understood.
pub fn wants(request: &ChatRequest, target: &Target<'_>) -> Result<Wants, ApiError> {
    let thinks = matches!(target.dialect, Dialect::AnthropicMessages | Dialect::Gemini | Dialect::Bedrock);
    let has_images = request.shape().images > 0 && (thinks || target.quirks.inline_images_only);
    let has_calls = thinks && memmem::find(request.body(), b"\"tool_calls\"").is_some();
    let mut wants = Wants::default();
    if !has_images && !has_calls {
        return Ok(wants);
    }
    let conversation = request.conversation()?;
    for (place, message) in conversation.messages.iter().enumerate() {
        for (position, part) in message.parts.iter().enumerate() {
            if let Part::Image { url, .. } = part
                && wants_bytes(target, url)
                && !wants.images.iter().any(|(_, known)| known == url)
            {
                wants.images.push((format!("messages[{place}].content[{position}].image_url.url"), url.to_string()));
            }
        }
        if thinks && message.role == Role::Assistant && message.thinking_blocks.is_empty() {
            wants.calls.extend(message.tool_calls.iter().map(|call| call.id.to_string()));
        }
    }
    Ok(wants)
}

impl Given {
    /// Puts into the conversation what is there for it.
    pub(super) fn put_into<'c>(&'c self, conversation: &mut Conversation<'c>) {
        for message in &mut conversation.messages {
            for part in &mut message.parts {
                if let Part::Image { url, .. } = part
                    && let Some(data) = self.images.get(&**url)
                {
                    *url = data.as_str().into();
                }
            }
            if message.role == Role::Assistant && message.thinking_blocks.is_empty() {
                let known = message.tool_calls.iter().find_map(|call| self.thoughts.get(&*call.id));
                message.thinking_blocks.extend(known.iter().flat_map(|blocks| blocks.iter()).map(|block| &**block));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::quirks;
    use bytes::Bytes;
    use serde_json::{Value, json};

    fn target(kind: &str, dialect: Dialect) -> Target<'static> {
        let quirks = quirks(kind);
        Target {
            quirks,
            dialect,
            model: "claude-sonnet-4-5",
            info: None,
            refuse_unsupported: false,
            anthropic_version: "2023-06-01",
        }
    }

    fn request(messages: &Value) -> ChatRequest {
        let body = json!({"model": "x/y", "messages": messages, "reasoning_effort": "low", "max_tokens": 9000,
            "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]});
        ChatRequest::parse(Bytes::from(body.to_string())).unwrap()
    }

    fn image(url: &str) -> Value {
        json!({"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]})
    }

    #[test]
    fn only_what_the_target_cannot_fetch_is_wanted() {
        let messages = json!([
            image("http://a.example/1.png"),
            image("https://a.example/2.png"),
            image("data:image/png;base64,AAAA"),
            image("http://a.example/1.png")
        ]);
        let images = |kind, dialect| {
            let wants = wants(&request(&messages), &target(kind, dialect)).unwrap();
            wants.images.into_iter().map(|(at, url)| format!("{at} {url}")).collect::<Vec<_>>()
        };
        let first = "messages[0].content[0].image_url.url http://a.example/1.png";
        assert_eq!(images("anthropic", Dialect::AnthropicMessages), [first]);
        assert!(images("openai", Dialect::OpenAiChat).is_empty());
        let second = "messages[1].content[0].image_url.url https://a.example/2.png";
        assert_eq!(images("sambanova", Dialect::OpenAiChat), [first, second]);
    }

    #[test]
    fn images_and_reasoning_are_put_where_they_belong() {
        let call = json!({"role": "assistant", "content": null, "tool_calls": [
            {"id": "toolu_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]});
        let result = json!({"role": "tool", "tool_call_id": "toolu_1", "content": "5"});
        let request = request(&json!([image("http://a.example/1.png"), call, result]));
        let target = target("anthropic", Dialect::AnthropicMessages);
        assert_eq!(wants(&request, &target).unwrap().calls, ["toolu_1"]);
        let block = r#"{"type":"thinking","thinking":"hm","signature":"EqQB"}"#;
        let thoughts: Thoughts = Arc::new([RawValue::from_string(block.to_owned()).unwrap()]);
        let given = Given {
            images: HashMap::from([("http://a.example/1.png".to_owned(), "data:image/png;base64,AAAA".to_owned())]),
            thoughts: HashMap::from([("toolu_1".to_owned(), thoughts)]),
        };
        let sent = crate::wire::encode_chat(&request, &target, None, &given).unwrap();
        let body: Value = serde_json::from_slice(&sent.body).unwrap();
        assert_eq!(body["messages"][0]["content"][0]["source"]["media_type"], "image/png");
        assert_eq!(body["messages"][1]["content"][0], serde_json::from_str::<Value>(block).unwrap());
        assert!(body["thinking"].is_object(), "with its reasoning back the model may go on thinking: {body}");
        let without = crate::wire::encode_chat(&request, &target, None, &Given::default());
        assert!(without.is_err(), "an http: image that nobody fetched is refused");
    }
}
