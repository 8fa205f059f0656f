//! What people say of sessions and decisions.

use crate::base::{KeyId, RequestId, SessionId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Feedback as it is stored: one vote a session, or a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Feedback {
    /// The session it is about.
    pub session_id: SessionId,
    /// The request it is about, where it is about one.
    pub request_id: Option<RequestId>,
    /// 0..10.
    pub score: f64,
    /// Whether the answer was of use.
    pub useful: bool,
    /// What was said.
    pub comment: Option<String>,
    /// Scores by dimension.
    pub dimensions: Option<BTreeMap<String, f64>>,
    /// The key that gave it.
    pub key_id: Option<KeyId>,
    /// When it came.
    pub created_at: Timestamp,
}

/// The answer to feedback.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Whether an earlier vote stands and this one changed nothing.
    pub duplicate: bool,
    /// The session it was credited to.
    pub session_id: SessionId,
}

/// A person's rating of one decision; the last one stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rating {
    /// The decision.
    pub request_id: RequestId,
    /// 0..100.
    pub score: f64,
    /// Scores by dimension.
    pub dimensions: Option<BTreeMap<String, f64>>,
    /// Why.
    pub note: Option<String>,
    /// The key that gave it.
    pub key_id: Option<KeyId>,
    /// When it came.
    pub created_at: Timestamp,
}
