//! The text that is kept of a request: scrubbed before it is written, gone when it is past its age.
//!
//! ```text
//! 1 (length, messages) (length, answer) (length, body) (length, facts)
//! ```
//!
//! Lengths are eight bytes, big-endian. The body stands without its messages, which are kept apart for whoever restores
//! a session. What began with another byte than 1 was written before the body was kept: the length of the messages,
//! the messages, the answer.

use super::chain::{self, Kind};
use super::error::Error;
use super::open::{Recorded, Store};
use super::read::json;
use super::scrub::scrub;
use super::tables;
use crate::base::{OrgId, RequestId};
use crate::resource::RetainedRequest;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::ops::Range;

/// How a value of today's form begins.
const FORM: u8 = 1;
/// What stands in the body where the messages were.
const NO_MESSAGES: &str = "[]";

/// What is kept of a request beside its conversation.
#[derive(Debug, Clone, Default)]
pub struct Around {
    /// The body.
    pub body: Bytes,
    /// Where its messages stand in it: they are kept apart.
    pub messages: Range<usize>,
    /// The headers of ours that the client sent.
    pub headers: Vec<(String, String)>,
    /// Why the answer ended.
    pub finish: Option<&'static str>,
}

/// The small facts.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Facts {
    headers: BTreeMap<String, String>,
    finish_reason: Option<String>,
}

/// What is kept, taken apart; empty where nothing is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Kept<'a> {
    pub(super) messages: &'a str,
    pub(super) answer: &'a str,
    body: &'a str,
    facts: &'a str,
}

/// What is written of a record's texts; `None` under zero retention.
pub(super) fn pack(recorded: &Recorded) -> Result<Option<Vec<u8>>, Error> {
    let Some(messages) = &recorded.messages else { return Ok(None) };
    let messages = scrub(std::str::from_utf8(messages).unwrap_or(NO_MESSAGES));
    let answer = recorded.answer.as_deref().map(scrub).unwrap_or_default();
    let (body, facts) = match &recorded.around {
        Some(around) => (around.text(), serde_json::to_string(&around.facts())?),
        None => (String::new(), String::new()),
    };
    let (body, facts) = (scrub(&body), scrub(&facts));
    let parts = [&*messages, &*answer, &*body, &*facts];
    let mut bytes = Vec::with_capacity(1 + parts.iter().map(|part| 8 + part.len()).sum::<usize>());
    bytes.push(FORM);
    for part in parts {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    Ok(Some(bytes))
}

impl Around {
    fn text(&self) -> String {
        let text = std::str::from_utf8(&self.body).unwrap_or_default();
        let before = text.get(..self.messages.start).unwrap_or_default();
        let behind = text.get(self.messages.end..).unwrap_or_default();
        [before, NO_MESSAGES, behind].concat()
    }

    fn facts(&self) -> Facts {
        Facts { headers: self.headers.iter().cloned().collect(), finish_reason: self.finish.map(str::to_owned) }
    }
}

fn broken() -> Error {
    Error::Corrupt("a stored body is cut short".to_owned())
}

/// The text of one part, and what stands behind it.
fn part(bytes: &[u8]) -> Result<(&str, &[u8]), Error> {
    let (length, rest) = bytes.split_first_chunk::<8>().ok_or_else(broken)?;
    let length = usize::try_from(u64::from_be_bytes(*length)).map_err(|_| broken())?;
    let (text, rest) = rest.split_at_checked(length).ok_or_else(broken)?;
    Ok((std::str::from_utf8(text).map_err(|_| broken())?, rest))
}

/// What [`pack`] put together, now or before the body was kept.
pub(super) fn unpack(bytes: &[u8]) -> Result<Kept<'_>, Error> {
    let Some((&FORM, rest)) = bytes.split_first() else {
        let (messages, answer) = part(bytes)?;
        let answer = std::str::from_utf8(answer).map_err(|_| broken())?;
        return Ok(Kept { messages, answer, body: "", facts: "" });
    };
    let (messages, rest) = part(rest)?;
    let (answer, rest) = part(rest)?;
    let (body, rest) = part(rest)?;
    let (facts, rest) = part(rest)?;
    if rest.is_empty() { Ok(Kept { messages, answer, body, facts }) } else { Err(broken()) }
}

impl Kept<'_> {
    /// The body with its messages where they were.
    fn request(&self) -> Result<Value, Error> {
        let mut request: serde_json::Map<String, Value> =
            if self.body.is_empty() { serde_json::Map::new() } else { json(self.body.as_bytes())? };
        request.insert("messages".to_owned(), json(self.messages.as_bytes())?);
        Ok(Value::Object(request))
    }
}

impl Store {
    /// What is kept of one request of this org; `None` where it is not known, or no text of it is kept.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn retained(&self, org: &OrgId, id: RequestId) -> Result<Option<RetainedRequest>, Error> {
        let Some(place) = self.found(org, id)? else { return Ok(None) };
        let txn = self.snapshot()?;
        let (log, bodies) = (txn.open_table(tables::LOG)?, txn.open_table(tables::BODIES)?);
        let (Some(entry), Some(kept)) = (log.get(place)?, bodies.get(place)?) else { return Ok(None) };
        let entry = chain::decode(entry.value())?;
        if entry.kind != Kind::Decision {
            return Ok(None);
        }
        let kept = unpack(kept.value())?;
        let facts: Facts = if kept.facts.is_empty() { Facts::default() } else { json(kept.facts.as_bytes())? };
        Ok(Some(RetainedRequest {
            decision: json(entry.payload)?,
            headers: facts.headers,
            body: kept.request()?,
            message: if kept.answer.is_empty() { None } else { Some(json(kept.answer.as_bytes())?) },
            finish_reason: facts.finish_reason,
        }))
    }
}
