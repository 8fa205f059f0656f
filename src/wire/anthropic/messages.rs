//! The messages: who speaks when, and what is told to whom.
//!
//! Anthropic's rules, in the order in which they are kept here:
//!
//! 1. System messages at the start go into `system`. Later ones stay where they are: as a `system` message where
//!    the model takes one at that place, else as the user's. They are never moved to the top, which would change
//!    what they mean.
//! 2. Neighbours of one role are one message.
//! 3. The first message is the user's.
//! 4. Text that says nothing is left out, and a message of which nothing is left.
//! 5. Each call of an assistant is answered in the very next message, before any other content there.
//! 6. A last assistant message is a beginning that the model continues; it ends without white space, and
//!    models that do not take one are asked to go on by a user message.

use super::body::Body;
use super::calls::Calls;
use super::content;
use super::ids::to_upstream;
use super::thinking::is_signed;
use crate::base::{ApiError, Code};
use crate::wire::conversation::read::Members;
use crate::wire::conversation::{Message, Part, Role, ToolCall};
use crate::wire::policy::{Policy, unsupported};
use serde_json::value::RawValue;

/// What is said where a user message must stand and the caller has none.
const PLACEHOLDER: &str = ".";
/// Asks a model that takes no beginning to go on.
const GO_ON: &str = "Continue.";

/// What the target makes of odd messages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Habits {
    /// Takes a `system` message in mid-conversation.
    pub(super) mid_system: bool,
    /// Takes an assistant message at the end.
    pub(super) prefill: bool,
}

/// Writes `,"system":[…]`: the system messages at the start, and an instruction of our own.
pub(super) fn write_system(
    body: &mut Body,
    messages: &[Message<'_>],
    instruction: Option<&str>,
) -> Result<(), ApiError> {
    let leading = messages.iter().take_while(|message| message.role == Role::System);
    let mut first = true;
    let mut next = |body: &mut Body| {
        body.raw(if std::mem::take(&mut first) { ",\"system\":[" } else { "," });
    };
    for (index, message) in leading.enumerate() {
        let said = system_texts(message, index)?;
        let last = said.len().saturating_sub(1);
        for (position, part) in said.into_iter().enumerate() {
            next(body);
            write_text(body, part, message.cache_control.filter(|_| position == last));
        }
    }
    if let Some(instruction) = instruction {
        next(body);
        body.raw("{\"type\":\"text\",\"text\":");
        body.string(instruction);
        body.raw("}");
    }
    if !first {
        body.raw("]");
    }
    Ok(())
}

/// A text and its own `cache_control`.
type Said<'c> = (&'c str, Option<&'c RawValue>);

/// What a system message says: text only.
fn system_texts<'c>(message: &'c Message<'_>, index: usize) -> Result<Vec<Said<'c>>, ApiError> {
    let mut said = Vec::new();
    for (position, part) in message.parts.iter().enumerate() {
        match part {
            Part::Text { text, cache_control } => said.extend(content::said(text).map(|text| (text, *cache_control))),
            _ => {
                let at = format!("messages[{index}].content[{position}]");
                return Err(unsupported(&at, "A system message can hold text only: move the part to a user message."));
            }
        }
    }
    Ok(said)
}

fn write_text(body: &mut Body, (text, own): Said<'_>, of_message: Option<&RawValue>) {
    body.raw("{\"type\":\"text\",\"text\":");
    body.string(text);
    body.cache_control(own.or(of_message));
    body.raw("}");
}

/// About how many bytes the messages take.
pub(super) fn length(messages: &[Message<'_>]) -> usize {
    let part = |part: &Part<'_>| match part {
        Part::Text { text, .. } | Part::Refusal(text) => text.len(),
        Part::Image { url, .. } => url.len(),
        Part::File { data, .. } => data.as_ref().map_or(0, |data| data.len()),
        Part::Audio { .. } => 0,
    };
    let call = |call: &ToolCall<'_>| call.arguments.len() + 128;
    let message = |message: &Message<'_>| {
        message.parts.iter().map(|one| part(one) + 64).sum::<usize>()
            + message.tool_calls.iter().map(call).sum::<usize>()
            + message.thinking_blocks.iter().map(|block| block.get().len()).sum::<usize>()
    };
    messages.iter().map(message).sum()
}

/// Writes the `messages` array.
pub(super) fn write(
    body: &mut Body,
    messages: &[Message<'_>],
    habits: Habits,
    policy: &mut Policy,
) -> Result<(), ApiError> {
    let leading = messages.iter().take_while(|message| message.role == Role::System).count();
    let last = messages.iter().rposition(says_something);
    let prefilled = last.filter(|last| messages.get(*last).is_some_and(|message| message.role == Role::Assistant));
    let followers = followers(messages);
    let mut turns = Turns { body, open: None, empty: true, calls: Calls::default() };
    turns.body.raw("[");
    for (index, message) in messages.iter().enumerate().skip(leading) {
        if message.name.is_some() {
            policy.cannot("messages.name", "Anthropic's messages carry no name.")?;
        }
        if message.role != Role::Tool {
            turns.calls.all_answered(index)?;
        }
        match message.role {
            Role::System => {
                let said = system_texts(message, index)?;
                let after_user = matches!(turns.open, Some(Turn::User | Turn::System));
                let before_assistant = matches!(followers.get(index), Some(None | Some(Role::Assistant)));
                let stays = habits.mid_system && after_user && before_assistant;
                turns.texts(if stays { Turn::System } else { Turn::User }, &said, message.cache_control);
            }
            Role::User => turns.user(message, index)?,
            Role::Assistant => {
                let trim = habits.prefill && prefilled == Some(index);
                turns.assistant(message, index, trim)?;
            }
            Role::Tool => turns.result(message, index)?,
        }
    }
    turns.calls.all_answered(messages.len())?;
    if turns.open == Some(Turn::Assistant) && !habits.prefill {
        policy.cannot(
            &format!("messages[{}]", prefilled.unwrap_or_default()),
            "This model does not continue an assistant message: end with a user message.",
        )?;
        turns.texts(Turn::User, &[(GO_ON, None)], None);
    }
    if turns.empty {
        turns.texts(Turn::User, &[(PLACEHOLDER, None)], None);
    }
    turns.close();
    turns.body.raw("]");
    Ok(())
}

/// For each message, who speaks next, system messages apart.
fn followers(messages: &[Message<'_>]) -> Vec<Option<Role>> {
    let mut next = None;
    let mut followers = vec![None; messages.len()];
    for (follower, message) in followers.iter_mut().zip(messages).rev() {
        *follower = next;
        if message.role != Role::System && says_something(message) {
            next = Some(message.role);
        }
    }
    followers
}

/// Whether anything of a message reaches the model.
fn says_something(message: &Message<'_>) -> bool {
    message.role == Role::Tool || !message.tool_calls.is_empty() || message.parts.iter().any(content::says_something)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    User,
    Assistant,
    System,
}

/// The array in the making.
struct Turns<'b, 'c> {
    body: &'b mut Body,
    /// The message that stands open.
    open: Option<Turn>,
    empty: bool,
    calls: Calls<'c>,
}

impl<'c> Turns<'_, 'c> {
    /// Makes room for a block of this turn.
    fn block(&mut self, turn: Turn) {
        if self.open == Some(turn) {
            self.body.raw(",");
            return;
        }
        if self.empty && turn == Turn::Assistant {
            self.texts(Turn::User, &[(PLACEHOLDER, None)], None);
        }
        self.close();
        if !self.empty {
            self.body.raw(",");
        }
        self.body.raw(match turn {
            Turn::User => "{\"role\":\"user\",\"content\":[",
            Turn::Assistant => "{\"role\":\"assistant\",\"content\":[",
            Turn::System => "{\"role\":\"system\",\"content\":[",
        });
        self.open = Some(turn);
        self.empty = false;
    }

    fn close(&mut self) {
        if self.open.take().is_some() {
            self.body.raw("]}");
        }
    }

    fn texts(&mut self, turn: Turn, said: &[Said<'_>], of_message: Option<&RawValue>) {
        for (position, part) in said.iter().enumerate() {
            self.block(turn);
            write_text(self.body, *part, of_message.filter(|_| position + 1 == said.len()));
        }
    }

    fn user(&mut self, message: &'c Message<'_>, index: usize) -> Result<(), ApiError> {
        let last = message.parts.iter().rposition(content::says_something);
        for (position, part) in message.parts.iter().enumerate() {
            let Some(block) = content::user_block(part, &format!("messages[{index}].content[{position}]"))? else {
                continue;
            };
            self.block(Turn::User);
            content::write(self.body, &block, part, message.cache_control.filter(|_| last == Some(position)));
        }
        Ok(())
    }

    fn assistant(&mut self, message: &'c Message<'_>, index: usize, trim: bool) -> Result<(), ApiError> {
        if !says_something(message) {
            return Ok(());
        }
        for block in message.thinking_blocks.iter().filter(|block| is_signed(block)) {
            self.block(Turn::Assistant);
            write_thinking(self.body, block);
        }
        let last = message.parts.iter().rposition(content::says_something);
        for (position, part) in message.parts.iter().enumerate() {
            let Some(text) = content::assistant_text(part, &format!("messages[{index}].content[{position}]"))? else {
                continue;
            };
            let is_last = last == Some(position);
            let text = if trim && is_last { text.trim_end() } else { text };
            let own = if let Part::Text { cache_control, .. } = part { *cache_control } else { None };
            self.block(Turn::Assistant);
            let of_message = message.cache_control.filter(|_| is_last && message.tool_calls.is_empty());
            write_text(self.body, (text, own), of_message);
        }
        for (position, call) in message.tool_calls.iter().enumerate() {
            let is_last = position + 1 == message.tool_calls.len();
            self.call(call, index, position, message.cache_control.filter(|_| is_last))?;
        }
        Ok(())
    }

    fn call(
        &mut self,
        call: &'c ToolCall<'_>,
        message: usize,
        position: usize,
        cache_control: Option<&RawValue>,
    ) -> Result<(), ApiError> {
        let name = to_upstream(&call.name).ok_or_else(|| {
            let at = format!("messages[{message}].tool_calls[{position}].function.name");
            ApiError::new(Code::InvalidRequest, format!("{at} is too long: use at most 64 characters.")).param(at)
        })?;
        let sent_as = self.calls.open(&call.id, message);
        self.block(Turn::Assistant);
        self.body.raw("{\"type\":\"tool_use\",\"id\":");
        self.body.string(&sent_as);
        self.body.raw(",\"name\":");
        self.body.string(&name);
        self.body.raw(",\"input\":");
        self.body.raw(call.input().get());
        self.body.cache_control(cache_control);
        self.body.raw("}");
        Ok(())
    }

    fn result(&mut self, message: &'c Message<'_>, index: usize) -> Result<(), ApiError> {
        let id = message.tool_call_id.as_deref().unwrap_or_default();
        let sent_as = self.calls.answer(id, index)?;
        let mut blocks = Vec::with_capacity(message.parts.len());
        for (position, part) in message.parts.iter().enumerate() {
            let block = content::user_block(part, &format!("messages[{index}].content[{position}]"))?;
            blocks.extend(block.map(|block| (block, part)));
        }
        self.block(Turn::User);
        self.body.raw("{\"type\":\"tool_result\",\"tool_use_id\":");
        self.body.string(&sent_as);
        match blocks.as_slice() {
            [] => {}
            [(content::Block::Text(text), Part::Text { cache_control: None, .. })] => {
                self.body.raw(",\"content\":");
                self.body.string(text);
            }
            blocks => {
                self.body.raw(",\"content\":[");
                for (position, (block, part)) in blocks.iter().enumerate() {
                    if position > 0 {
                        self.body.raw(",");
                    }
                    content::write(self.body, block, part, None);
                }
                self.body.raw("]");
            }
        }
        self.body.cache_control(message.cache_control);
        self.body.raw("}");
        Ok(())
    }
}

/// A thinking block as it was given out, without what our streams and other clients add to it.
fn write_thinking(body: &mut Body, block: &RawValue) {
    let Some(members) = Members::of(block) else { return };
    body.raw("{");
    let known = members.0.iter().filter(|(name, _)| ["type", "thinking", "signature", "data"].contains(&&**name));
    for (position, (name, value)) in known.enumerate() {
        if position > 0 {
            body.raw(",");
        }
        body.string(name);
        body.raw(":");
        body.raw(value.get());
    }
    body.raw("}");
}
