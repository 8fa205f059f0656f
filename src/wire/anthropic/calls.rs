//! Calls that wait for their results: each is answered once, before anybody else speaks.

use super::ids::CallIds;
use crate::base::{ApiError, Code};
use std::collections::{HashMap, VecDeque};

/// A call that waits for its result.
#[derive(Debug)]
struct Asked {
    sent_as: String,
    message: usize,
}

/// The open calls of a conversation, by the caller's id; in order where an id stands for several.
#[derive(Debug, Default)]
pub(in crate::wire) struct Calls<'c> {
    ids: CallIds,
    asked: HashMap<&'c str, VecDeque<Asked>>,
}

impl<'c> Calls<'c> {
    /// Opens a call of the message with this index; the id that it goes by.
    pub(in crate::wire) fn open(&mut self, id: &'c str, message: usize) -> String {
        let sent_as = self.ids.introduce(id);
        self.asked.entry(id).or_default().push_back(Asked { sent_as: sent_as.clone(), message });
        sent_as
    }

    /// Closes the call that the message with this index answers; the id that it went by.
    ///
    /// # Errors
    /// There is no such open call.
    pub(in crate::wire) fn answer(&mut self, id: &str, message: usize) -> Result<String, ApiError> {
        let waiting = self.asked.get_mut(id);
        let is_last = waiting.as_ref().is_some_and(|waiting| waiting.len() == 1);
        let Some(asked) = waiting.and_then(VecDeque::pop_front) else {
            let at = format!("messages[{message}].tool_call_id");
            let message = format!(
                "{at} answers no open call of the assistant message before it: send one tool message for each of \
                 its tool_calls, right after it."
            );
            return Err(ApiError::new(Code::InvalidRequest, message).param(at));
        };
        if is_last {
            self.asked.remove(id);
        }
        Ok(asked.sent_as)
    }

    /// Every call has its result before anybody speaks again.
    ///
    /// # Errors
    /// One has none before the message with the index `before`.
    pub(in crate::wire) fn all_answered(&self, before: usize) -> Result<(), ApiError> {
        let Some((id, waiting)) = self.asked.iter().min_by_key(|(id, _)| **id) else { return Ok(()) };
        let at = format!("messages[{}].tool_calls", waiting.front().map_or(0, |asked| asked.message));
        let message = format!(
            "{at}: the call `{id}` has no result before messages[{before}]. Send one tool message for each call, right \
             after the assistant message."
        );
        Err(ApiError::new(Code::InvalidRequest, message).param(at))
    }
}
