//! The one internal conversation that stands between the dialects: what a translation reads and writes.
//!
//! Same-dialect calls do not pass through it (their text is spliced); it is built when a call crosses
//! from one dialect to another, and by the stages that read what was said.

mod message;
mod parse;
mod part;
pub(crate) mod read;
mod tools;

#[cfg(test)]
mod tests;

pub use parse::conversation;

use serde_json::value::RawValue;
use std::borrow::Cow;

/// A whole chat request in no provider's words. Borrowed text stays in the request's own bytes.
#[derive(Debug, Clone, Default)]
pub struct Conversation<'a> {
    /// The messages in order, system messages included.
    pub messages: Vec<Message<'a>>,
    /// The tools on offer.
    pub tools: Vec<Tool<'a>>,
    /// Which tool may or must be called.
    pub tool_choice: Option<ToolChoice<'a>>,
    /// `false` = at most one call a turn.
    pub parallel_tool_calls: Option<bool>,
    /// The form of the answer.
    pub response_format: ResponseFormat<'a>,
    /// Longest answer in tokens.
    pub max_output_tokens: Option<u64>,
    /// 0..2.
    pub temperature: Option<f64>,
    /// 0..1.
    pub top_p: Option<f64>,
    /// Texts that end the answer.
    pub stop: Vec<Cow<'a, str>>,
    /// `none minimal low medium high xhigh max`.
    pub reasoning_effort: Option<Cow<'a, str>>,
    /// The end user's id.
    pub user: Option<Cow<'a, str>>,
    /// Whether the client speaks of `functions` instead of tools, and reads `function_call` in the answer.
    pub speaks_of_functions: bool,
    /// Number of answers.
    pub n: u32,
    /// Whether the answer is streamed.
    pub stream: bool,
    /// Top-level members that no field above holds, by name, with their JSON text.
    pub extra: Vec<(Cow<'a, str>, &'a RawValue)>,
}

impl<'a> Conversation<'a> {
    /// The JSON text of a top-level member that no field holds; of the last one where the name repeats.
    #[must_use]
    pub fn extra(&self, name: &str) -> Option<&'a RawValue> {
        self.extra.iter().rev().find(|(own, _)| own == name).map(|(_, value)| *value)
    }
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Instructions (`system` and `developer`).
    System,
    /// The user.
    User,
    /// The model.
    Assistant,
    /// The result of a tool call.
    Tool,
}

/// One message.
#[derive(Debug, Clone)]
pub struct Message<'a> {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub parts: Vec<Part<'a>>,
    /// Calls that the assistant makes.
    pub tool_calls: Vec<ToolCall<'a>>,
    /// The call that a tool message answers.
    pub tool_call_id: Option<Cow<'a, str>>,
    /// Who speaks among several of one role.
    pub name: Option<Cow<'a, str>>,
    /// Signed thinking blocks that travel with an assistant message, exactly as received.
    pub thinking_blocks: Vec<&'a RawValue>,
    /// `cache_control` on the message's last part, exactly as received.
    pub cache_control: Option<&'a RawValue>,
}

/// A piece of content.
#[derive(Debug, Clone)]
pub enum Part<'a> {
    /// Text.
    Text {
        /// The text.
        text: Cow<'a, str>,
        /// `cache_control`, exactly as received.
        cache_control: Option<&'a RawValue>,
    },
    /// An image by URL or `data:` URL.
    Image {
        /// `https:`, `http:` or `data:`.
        url: Cow<'a, str>,
        /// `auto`, `low`, `high`.
        detail: Option<Cow<'a, str>>,
        /// `cache_control`, exactly as received.
        cache_control: Option<&'a RawValue>,
    },
    /// Sound in base64.
    Audio {
        /// Base64.
        data: Cow<'a, str>,
        /// `wav` or `mp3`.
        format: Cow<'a, str>,
    },
    /// A file by `data:` URL or id.
    File {
        /// `data:` URL.
        data: Option<Cow<'a, str>>,
        /// An id of the provider's file store.
        id: Option<Cow<'a, str>>,
        /// Its name.
        name: Option<Cow<'a, str>>,
        /// `cache_control`, exactly as received.
        cache_control: Option<&'a RawValue>,
    },
    /// A refusal that an earlier answer gave.
    Refusal(Cow<'a, str>),
}

/// A call that the assistant makes.
#[derive(Debug, Clone)]
pub struct ToolCall<'a> {
    /// Its id.
    pub id: Cow<'a, str>,
    /// The tool.
    pub name: Cow<'a, str>,
    /// JSON text for a function, free text for a custom tool; never repaired.
    pub arguments: Cow<'a, str>,
    /// Whether it is a custom tool.
    pub custom: bool,
}

impl ToolCall<'_> {
    /// The arguments as an object, which is all that other dialects know. What is none (a model was cut off, or a custom
    /// tool takes text) is not repaired: it travels whole, as a text in an object.
    pub(super) fn input(&self) -> Box<RawValue> {
        let given = self.arguments.trim();
        let given = if given.is_empty() { "{}" } else { given };
        if !self.custom
            && serde_json::from_str::<read::Members<'_>>(given).is_ok()
            && let Ok(object) = RawValue::from_string(given.to_owned())
        {
            return object;
        }
        let name = if self.custom { "input" } else { "invalid_json" };
        let whole = serde_json::json!({ name: self.arguments });
        serde_json::value::to_raw_value(&whole).expect("a value is JSON")
    }
}

/// A tool on offer.
#[derive(Debug, Clone)]
pub struct Tool<'a> {
    /// Its name.
    pub name: Cow<'a, str>,
    /// What it does.
    pub description: Option<Cow<'a, str>>,
    /// JSON schema of its arguments.
    pub parameters: Option<&'a RawValue>,
    /// Whether arguments must fit the schema exactly.
    pub strict: Option<bool>,
    /// Whether it is a custom (free text) tool.
    pub custom: bool,
    /// `cache_control`, exactly as received.
    pub cache_control: Option<&'a RawValue>,
}

/// Which tool may or must be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolChoice<'a> {
    /// None.
    None,
    /// The model's choice.
    Auto,
    /// At least one.
    Required,
    /// This one.
    Named(Cow<'a, str>),
    /// One of these, at least one if `required`.
    Allowed {
        /// Whether a call must be made.
        required: bool,
        /// The tools' names.
        names: Vec<Cow<'a, str>>,
    },
}

/// The form of the answer.
#[derive(Debug, Clone, Default)]
pub enum ResponseFormat<'a> {
    /// Text.
    #[default]
    Text,
    /// Any JSON object.
    JsonObject,
    /// JSON that fits a schema.
    JsonSchema {
        /// Its name.
        name: Cow<'a, str>,
        /// What it is for.
        description: Option<Cow<'a, str>>,
        /// The schema.
        schema: Option<&'a RawValue>,
        /// Whether it must fit exactly.
        strict: Option<bool>,
    },
}
