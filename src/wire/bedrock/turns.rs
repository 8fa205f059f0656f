//! The messages as turns: who speaks when, and what is told to whom.
//!
//! Bedrock's rules, in the order in which they are kept here:
//!
//! 1. System messages at the start go into `system`; later ones are the user's.
//! 2. Neighbours of one role are one turn, and the first turn is the user's.
//! 3. Text that says nothing is left out, and a turn of which nothing is left.
//! 4. All results of a turn's calls stand in the next turn. Some families take nothing else in a turn of calls or
//!    of results: there the other role says a word in between.
//! 5. A turn with a document holds text too.
//! 6. A last assistant message is a beginning that the model continues; models that do not take one are asked to go on.

use super::block::{self, Block, Names, Reasoning, ToolResult, ToolUse};
use super::cache;
use super::model::Model;
use crate::base::{ApiError, Code};
use crate::wire::anthropic::calls::Calls;
use crate::wire::anthropic::content::{said, says_something};
use crate::wire::anthropic::ids::to_upstream;
use crate::wire::anthropic::thinking::is_signed;
use crate::wire::conversation::read::{Members, Text};
use crate::wire::conversation::{Message, Part, Role};
use crate::wire::policy::{Policy, unsupported};
use serde::Serialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// What is said where somebody must speak and the caller has nothing.
const PLACEHOLDER: &str = ".";
/// Asks a model that takes no beginning to go on.
const GO_ON: &str = "Continue.";
/// Longest name of a tool.
pub(super) const MAX_TOOL_NAME: usize = 64;

/// A turn.
#[derive(Debug, Serialize)]
pub(super) struct Turn<'a> {
    role: Speaker,
    pub(super) content: Vec<Block<'a>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Speaker {
    User,
    Assistant,
}

/// The system messages at the start.
///
/// # Errors
/// One of them holds something else than text.
pub(super) fn system<'a>(
    messages: &'a [Message<'_>],
    instruction: Option<&'a str>,
    model: &Model,
    policy: &mut Policy,
) -> Result<Vec<Block<'a>>, ApiError> {
    let mut blocks = Vec::new();
    for (index, message) in messages.iter().enumerate().take_while(|(_, message)| message.role == Role::System) {
        let last = message.parts.iter().rposition(says_something);
        for (position, part) in message.parts.iter().enumerate() {
            let at = format!("messages[{index}].content[{position}]");
            let Some(text) = text_only(part, &at)? else { continue };
            blocks.push(Block::Text(Cow::Borrowed(text)));
            let of_message = message.cache_control.filter(|_| last == Some(position));
            let point = cache::point(cache::of_part(part).or(of_message), model.family, policy);
            blocks.extend(point.map(Block::CachePoint));
        }
    }
    blocks.extend(instruction.map(|text| Block::Text(Cow::Borrowed(text))));
    Ok(blocks)
}

/// The text of a part of the system or of the assistant; `None` where it says nothing.
fn text_only<'a>(part: &'a Part<'_>, at: &str) -> Result<Option<&'a str>, ApiError> {
    match part {
        Part::Text { text, .. } | Part::Refusal(text) => Ok(said(text)),
        Part::Image { .. } | Part::Audio { .. } | Part::File { .. } => Err(unsupported(
            at,
            "A message of the system or of the assistant can hold text only: move the part to a user message.",
        )),
    }
}

/// All messages after the leading system messages.
///
/// # Errors
/// A part that Bedrock does not read, or calls and results that do not belong together.
pub(super) fn turns<'a>(
    messages: &'a [Message<'_>],
    model: &Model,
    prefill: bool,
    policy: &mut Policy,
) -> Result<Vec<Turn<'a>>, ApiError> {
    let leading = messages.iter().take_while(|message| message.role == Role::System).count();
    let mut writer =
        Writer { model: *model, policy, all: Vec::new(), calls: Calls::default(), names: Names::default() };
    for (index, message) in messages.iter().enumerate().skip(leading) {
        if message.name.is_some() {
            writer.policy.cannot("messages.name", "Bedrock's messages carry no name.")?;
        }
        if message.role != Role::Tool {
            writer.calls.all_answered(index)?;
        }
        match message.role {
            Role::System | Role::User => writer.user(message, index)?,
            Role::Assistant => writer.assistant(message, index)?,
            Role::Tool => writer.result(message, index)?,
        }
    }
    writer.calls.all_answered(messages.len())?;
    writer.finish(messages, prefill)
}

struct Writer<'p, 'a> {
    model: Model,
    policy: &'p mut Policy,
    all: Vec<Turn<'a>>,
    calls: Calls<'a>,
    names: Names,
}

fn is_of_calls(block: &Block<'_>) -> bool {
    matches!(block, Block::ToolUse(_) | Block::ToolResult(_))
}

impl<'a> Writer<'_, 'a> {
    /// Adds a block, to the last turn where that is of the same role.
    fn push(&mut self, role: Speaker, block: Block<'a>) {
        if self.all.is_empty() && role == Speaker::Assistant {
            self.say(Speaker::User, PLACEHOLDER);
        }
        if let Some(last) = self.all.last_mut().filter(|last| last.role == role) {
            let mixes = last.content.last().is_some_and(|before| is_of_calls(before) != is_of_calls(&block));
            if !(mixes && self.model.family.keeps_calls_apart()) {
                last.content.push(block);
                return;
            }
            let other = if role == Speaker::User { Speaker::Assistant } else { Speaker::User };
            self.say(other, PLACEHOLDER);
        }
        self.all.push(Turn { role, content: vec![block] });
    }

    fn say(&mut self, role: Speaker, text: &'static str) {
        self.all.push(Turn { role, content: vec![Block::Text(Cow::Borrowed(text))] });
    }

    fn cache(&mut self, role: Speaker, control: Option<&RawValue>) {
        if let Some(point) = cache::point(control, self.model.family, self.policy) {
            self.push(role, Block::CachePoint(point));
        }
    }

    fn user(&mut self, message: &'a Message<'_>, index: usize) -> Result<(), ApiError> {
        let last = message.parts.iter().rposition(says_something);
        for (position, part) in message.parts.iter().enumerate() {
            let at = format!("messages[{index}].content[{position}]");
            if message.role == Role::System {
                text_only(part, &at)?;
            }
            let Some(block) = block::of_part(part, &at, &mut self.names)? else { continue };
            self.push(Speaker::User, block);
            let of_message = message.cache_control.filter(|_| last == Some(position));
            self.cache(Speaker::User, cache::of_part(part).or(of_message));
        }
        Ok(())
    }

    fn assistant(&mut self, message: &'a Message<'_>, index: usize) -> Result<(), ApiError> {
        let last = message.parts.iter().rposition(says_something);
        if last.is_none() && message.tool_calls.is_empty() {
            return Ok(());
        }
        for block in message.thinking_blocks.iter().filter(|block| is_signed(block)) {
            if let Some(reasoning) = reasoning(block) {
                self.push(Speaker::Assistant, Block::ReasoningContent(reasoning));
            }
        }
        for (position, part) in message.parts.iter().enumerate() {
            let Some(text) = text_only(part, &format!("messages[{index}].content[{position}]"))? else { continue };
            self.push(Speaker::Assistant, Block::Text(Cow::Borrowed(text)));
            let of_message = message.cache_control.filter(|_| last == Some(position) && message.tool_calls.is_empty());
            self.cache(Speaker::Assistant, cache::of_part(part).or(of_message));
        }
        for (position, call) in message.tool_calls.iter().enumerate() {
            let name = to_upstream(&call.name).filter(|name| name.len() <= MAX_TOOL_NAME).ok_or_else(|| {
                let at = format!("messages[{index}].tool_calls[{position}].function.name");
                ApiError::new(Code::InvalidRequest, format!("{at} is too long: use at most 64 letters and digits."))
                    .param(at)
            })?;
            let tool_use_id = self.calls.open(&call.id, index);
            self.push(Speaker::Assistant, Block::ToolUse(ToolUse { tool_use_id, name, input: call.input() }));
        }
        self.cache(Speaker::Assistant, message.cache_control.filter(|_| !message.tool_calls.is_empty()));
        Ok(())
    }

    fn result(&mut self, message: &'a Message<'_>, index: usize) -> Result<(), ApiError> {
        let tool_use_id = self.calls.answer(message.tool_call_id.as_deref().unwrap_or_default(), index)?;
        let mut content = Vec::with_capacity(message.parts.len());
        for (position, part) in message.parts.iter().enumerate() {
            let at = format!("messages[{index}].content[{position}]");
            content.extend(block::of_part(part, &at, &mut self.names)?);
        }
        self.push(Speaker::User, Block::ToolResult(ToolResult { tool_use_id, content }));
        let of_part = message.parts.last().and_then(cache::of_part);
        self.cache(Speaker::User, message.cache_control.or(of_part));
        Ok(())
    }

    fn finish(mut self, messages: &[Message<'_>], prefill: bool) -> Result<Vec<Turn<'a>>, ApiError> {
        match self.all.last_mut() {
            Some(last) if last.role == Speaker::Assistant && prefill => {
                // A beginning that ends with white space is refused.
                if let Some(Block::Text(text)) = last.content.last_mut() {
                    *text = Cow::Owned(text.trim_end().to_owned());
                }
            }
            Some(last) if last.role == Speaker::Assistant => {
                let place = messages.iter().rposition(|message| message.role == Role::Assistant).unwrap_or_default();
                self.policy.cannot(
                    &format!("messages[{place}]"),
                    "This model does not continue an assistant message: end with a user message.",
                )?;
                self.say(Speaker::User, GO_ON);
            }
            Some(_) => {}
            None => self.say(Speaker::User, PLACEHOLDER),
        }
        for turn in &mut self.all {
            let has = |kind: fn(&Block<'_>) -> bool| turn.content.iter().any(kind);
            if has(|block| matches!(block, Block::Document(_))) && !has(|block| matches!(block, Block::Text(_))) {
                turn.content.push(Block::Text(Cow::Borrowed(PLACEHOLDER)));
            }
        }
        Ok(self.all)
    }
}

/// A signed block of thought, as Anthropic's API and our answers write it, in Converse's words.
fn reasoning(block: &RawValue) -> Option<Reasoning<'_>> {
    let members = Members::of(block)?;
    let text = |name: &str| serde_json::from_str::<Text<'_>>(members.get(name)?.get()).ok().map(|text| text.0);
    if let Some(data) = text("data") {
        return Some(Reasoning::RedactedContent(data));
    }
    Some(Reasoning::ReasoningText { text: text("thinking")?, signature: text("signature")? })
}
