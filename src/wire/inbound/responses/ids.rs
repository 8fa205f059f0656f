//! Ids of the responses that are made here, and of their items: `resp_fl…`, `msg_fl…_0`, `fc_fl…_1`.
//!
//! No provider's ids look like them, so that what comes back in a later request tells who has made it.

/// What stands behind the kind.
const MARK: &str = "fl";

/// The kinds of items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Reasoning,
    Message,
    Call,
}

/// The part that all ids of one response share.
#[derive(Debug, Clone)]
pub(super) struct Ids(String);

impl Ids {
    /// For the answer whose completion has this id: one that the gateway has made of the request's.
    pub(super) fn of(completion: &str) -> Self {
        let id = completion.strip_prefix("chatcmpl-").unwrap_or(completion);
        Self(format!("{MARK}{}", id.replace('-', "")))
    }

    pub(super) fn response(&self) -> String {
        format!("resp_{}", self.0)
    }

    /// The id of the response's item of this kind and number.
    pub(super) fn item(&self, kind: Kind, number: usize) -> String {
        let kind = match kind {
            Kind::Reasoning => "rs",
            Kind::Message => "msg",
            Kind::Call => "fc",
        };
        format!("{kind}_{}_{number}", self.0)
    }
}

/// Whether the item with this id was made here.
pub(super) fn is_ours(id: &str) -> bool {
    id.split_once('_').is_some_and(|(_, rest)| rest.starts_with(MARK))
}
