//! The `application/vnd.amazon.eventstream` framing, incrementally: any cut of the bytes gives the same messages.
//!
//! All integers are big-endian, both checksums are CRC-32 (IEEE):
//!
//! ```text
//! 0   length of the message, all of it     u32
//! 4   length of its headers                u32
//! 8   checksum of bytes 0..8               u32
//! 12  headers: name length u8, name, type u8, value
//! ..  payload
//! ..  checksum of everything before it     u32
//! ```
//!
//! A message whose checksum is wrong ends the stream: where the next one begins cannot be known any more.

use super::fault::Fault;
use crate::base::limits::{MAX_FRAME, MAX_FRAME_HEADERS};

/// Bytes before the headers.
const PRELUDE: usize = 12;
/// Bytes that are neither headers nor payload.
const OVERHEAD: usize = PRELUDE + 4;

/// One message, in the bytes that it came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Frame<'a> {
    headers: &'a [u8],
    /// What it says.
    pub(super) payload: &'a [u8],
}

impl<'a> Frame<'a> {
    /// The value of the header with this name, where it is a text.
    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        let mut found = Headers(self.headers).map_while(Result::ok).filter(|(own, _)| *own == name.as_bytes());
        found.next().and_then(|(_, value)| std::str::from_utf8(value?).ok())
    }
}

/// The headers one after the other: names, and values where they are texts.
struct Headers<'a>(&'a [u8]);

/// The headers are not as they must be.
struct Malformed;

impl<'a> Headers<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    fn number(&mut self, bytes: usize) -> Result<usize, Malformed> {
        Ok(self.take(bytes)?.iter().fold(0, |number, byte| number << 8 | usize::from(*byte)))
    }

    fn header(&mut self) -> Result<(&'a [u8], Option<&'a [u8]>), Malformed> {
        let length = self.number(1)?;
        let name = self.take(length)?;
        let kind = self.number(1)?;
        let length = match kind {
            0 | 1 => 0,
            2 => 1,
            3 => 2,
            4 => 4,
            5 | 8 => 8,
            6 | 7 => self.number(2)?,
            9 => 16,
            _ => return Err(Malformed),
        };
        let value = self.take(length)?;
        Ok((name, (kind == 7).then_some(value)))
    }
}

impl<'a> Iterator for Headers<'a> {
    type Item = Result<(&'a [u8], Option<&'a [u8]>), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        (!self.0.is_empty()).then(|| self.header())
    }
}

/// Splits a byte stream into messages.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    /// The message under way, where it did not come at once.
    part: Vec<u8>,
}

impl Decoder {
    /// Takes bytes; calls `on` with each message that is complete.
    ///
    /// # Errors
    /// What `on` returns, or a fault where the bytes are no messages or one is longer than [`MAX_FRAME`]. Nothing more
    /// is to be fed then.
    pub(super) fn feed(
        &mut self,
        mut chunk: &[u8],
        mut on: impl FnMut(Frame<'_>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        while !self.part.is_empty() {
            // First as much as says how long the message is, then the message.
            let wanted = length(&self.part)?.unwrap_or(PRELUDE);
            let missing = wanted.saturating_sub(self.part.len()).min(chunk.len());
            let (more, rest) = chunk.split_at(missing);
            self.part.extend_from_slice(more);
            chunk = rest;
            match length(&self.part)? {
                Some(length) if length == self.part.len() => {
                    let mut whole = std::mem::take(&mut self.part);
                    on(frame(&whole)?)?;
                    whole.clear();
                    // Its memory serves the next one; there is none under way.
                    self.part = whole;
                    break;
                }
                _ if chunk.is_empty() => return Ok(()),
                _ => {}
            }
        }
        while let Some(length) = length(chunk)? {
            let Some((whole, rest)) = chunk.split_at_checked(length) else { break };
            on(frame(whole)?)?;
            chunk = rest;
        }
        self.part.extend_from_slice(chunk);
        Ok(())
    }

    /// Whether a message is under way.
    pub(super) fn is_amid(&self) -> bool {
        !self.part.is_empty()
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn broken() -> Fault {
    Fault::nonsense("the provider's stream is damaged: a message in it is not what its checksum says")
}

/// The length of the message that begins here; `None` where its beginning has not come whole.
fn length(bytes: &[u8]) -> Result<Option<usize>, Fault> {
    let Some(prelude) = bytes.get(..PRELUDE) else { return Ok(None) };
    let (Some(total), Some(headers), Some(checksum)) = (word(prelude, 0), word(prelude, 4), word(prelude, 8)) else {
        return Ok(None);
    };
    if crc32fast::hash(prelude.get(..8).unwrap_or_default()) != checksum {
        return Err(broken());
    }
    let (total, headers) = (total as usize, headers as usize);
    if total > MAX_FRAME || headers > MAX_FRAME_HEADERS {
        return Err(Fault::nonsense("the provider sent a message that is too long"));
    }
    if total < OVERHEAD + headers {
        return Err(Fault::nonsense("the provider sent a message that is shorter than its headers"));
    }
    Ok(Some(total))
}

/// Reads a whole message.
fn frame(whole: &[u8]) -> Result<Frame<'_>, Fault> {
    let (said, checksum) = whole.split_at_checked(whole.len().saturating_sub(4)).ok_or_else(broken)?;
    if word(checksum, 0) != Some(crc32fast::hash(said)) {
        return Err(broken());
    }
    let headers = word(said, 4).ok_or_else(broken)? as usize;
    let (headers, payload) = said.get(PRELUDE..).and_then(|rest| rest.split_at_checked(headers)).ok_or_else(broken)?;
    let mut names: Vec<&[u8]> = Vec::with_capacity(4);
    for header in Headers(headers) {
        match header {
            Ok((name, _)) if !names.contains(&name) => names.push(name),
            _ => return Err(Fault::nonsense("the provider sent a message whose headers cannot be read")),
        }
    }
    Ok(Frame { headers, payload })
}

#[cfg(test)]
pub(super) mod tests;
