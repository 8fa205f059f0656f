//! Items of answers that a client may name in its next request instead of sending them back: some clients of the
//! Responses API do, unless they say `store: false`.
//!
//! Nothing of it reaches the disk. What is forgotten and was made here, the client has to send, and is told so; what a
//! provider made may still be known to that provider.

use super::shelves::{Most, Shelves};
use crate::base::{OrgId, Timestamp, limits};
use crate::wire::response_items;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// How long an item is kept: a tool may take its time.
const KEPT: Duration = Duration::from_secs(3_600);

/// What is remembered, by org and id.
#[derive(Debug)]
pub(crate) struct Items(Shelves<String, Arc<str>>);

impl Default for Items {
    fn default() -> Self {
        Self(Shelves::new(Most { kept: KEPT, of_org: limits::MAX_ORG_ITEMS, of_all: limits::MAX_ITEMS }))
    }
}

impl Items {
    /// Remembers the items of a response.
    pub(crate) fn keep(&self, org: &OrgId, response: &[u8], now: Timestamp) {
        for (id, item) in response_items(response) {
            let item = item.to_string();
            let bytes = item.len() + id.len();
            self.0.put(org, id, Arc::from(item), bytes, now);
        }
    }

    /// The item with this id.
    pub(crate) fn recall(&self, org: &OrgId, id: &str, now: Timestamp) -> Option<Value> {
        let item = self.0.get(org, &id.to_owned(), now)?;
        serde_json::from_str(&item).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn items_come_back_to_their_org() {
        let (items, org) = (Items::default(), OrgId::from("a"));
        let call = json!({"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f", "arguments": "{}"});
        let response = json!({"id": "resp_1", "output": [call, {"type": "x_without_id"}]}).to_string();
        items.keep(&org, response.as_bytes(), Timestamp(0));
        items.keep(&org, b"no response", Timestamp(0));
        assert_eq!(items.recall(&org, "fc_1", Timestamp(1)), Some(call));
        assert_eq!(items.recall(&org, "fc_2", Timestamp(1)), None);
        assert_eq!(items.recall(&OrgId::from("b"), "fc_1", Timestamp(1)), None, "another org's");
    }
}
