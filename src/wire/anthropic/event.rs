//! One event of a stream, as it stands in its data.

use super::answer::Block;
use super::fault;
use super::usage::Usage;
use crate::wire::conversation::read::Text;
use crate::wire::fault::Fault;
use serde::Deserialize;
use serde_json::value::RawValue;

/// What events hold, whatever their kind.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Event<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Option<Text<'a>>,
    pub(super) index: Option<u64>,
    #[serde(borrow)]
    pub(super) delta: Option<Delta<'a>>,
    #[serde(borrow)]
    pub(super) content_block: Option<Block<'a>>,
    #[serde(borrow)]
    pub(super) message: Option<Start<'a>>,
    pub(super) usage: Option<Usage>,
    #[serde(borrow)]
    pub(super) error: Option<fault::Wire<'a>>,
}

/// A piece of a block, or of the message's end.
#[derive(Debug, Default, Deserialize)]
pub(in crate::wire) struct Delta<'a> {
    #[serde(borrow, rename = "type")]
    pub(in crate::wire) kind: Option<Text<'a>>,
    #[serde(borrow)]
    pub(in crate::wire) text: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(in crate::wire) partial_json: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(in crate::wire) thinking: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(in crate::wire) signature: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(in crate::wire) stop_reason: Option<Text<'a>>,
    #[serde(borrow)]
    pub(in crate::wire) stop_details: Option<&'a RawValue>,
}

/// The message at its start.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Start<'a> {
    #[serde(borrow)]
    pub(super) model: Option<Text<'a>>,
    pub(super) usage: Option<Usage>,
}

impl<'a> Event<'a> {
    /// Reads an event. One of a kind that came after this code is an event without a kind.
    ///
    /// # Errors
    /// A [`Fault`] where the data is no event.
    pub(super) fn read(data: &'a [u8]) -> Result<Self, Fault> {
        let text =
            std::str::from_utf8(data).map_err(|_| Fault::nonsense("the provider sent an event that is not UTF-8"))?;
        match serde_json::from_str(text) {
            Ok(event) => Ok(event),
            Err(_) if is_unknown(text) => Ok(Self::default()),
            Err(_) => Err(Fault::nonsense("the provider sent an event that cannot be read")),
        }
    }
}

/// Whether an event is of a kind that came after this code.
fn is_unknown(data: &str) -> bool {
    #[derive(Deserialize)]
    struct Kind<'a> {
        #[serde(borrow, rename = "type")]
        kind: Option<Text<'a>>,
    }
    let known = [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
        "error",
    ];
    let kind = serde_json::from_str::<Kind<'_>>(data).ok().and_then(|kind| kind.kind);
    kind.is_some_and(|kind| !known.contains(&&*kind.0))
}
