//! Who calls, as the server has established it.

use crate::base::{BatchId, EvaluationId, OrgId};
use crate::config::settings::{Key, Permissions};
use std::net::IpAddr;
use std::sync::Arc;

/// What a call is a part of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum PartOf {
    /// Nothing: somebody waits for it.
    #[default]
    Nothing,
    /// A line of a batch.
    Batch(BatchId),
    /// A row of an evaluation: it asks what the router would do, and the router learns nothing from it.
    Evaluation(EvaluationId),
}

/// An authenticated caller.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The org whose data the call may touch.
    pub org: OrgId,
    /// The key that was presented; `None` on a loopback listener without keys.
    pub key: Option<Arc<Key>>,
    /// What the call may do.
    pub permissions: Permissions,
    /// What it is a part of.
    pub part_of: PartOf,
    /// Where it came from.
    pub address: IpAddr,
}
