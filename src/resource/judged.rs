//! What a judge made of one answer.

use super::assessment::Scores;
use crate::base::{MicroUsd, RequestId, Timestamp};
use serde::{Deserialize, Serialize};

/// A judge's scores of one answer, as they are stored; the last ones stand.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// The decision whose answer was judged.
    pub request_id: RequestId,
    /// The scores.
    pub scores: Scores,
    /// Who judged, as `provider/model`.
    pub model: String,
    /// What asking cost; `null` = a price is unknown.
    pub cost_micro_usd: Option<MicroUsd>,
    /// When.
    pub created_at: Timestamp,
}
