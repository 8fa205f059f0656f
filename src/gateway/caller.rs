//! Who calls, as the server has established it.

use crate::base::{BatchId, OrgId};
use crate::config::settings::{Key, Permissions};
use std::net::IpAddr;
use std::sync::Arc;

/// An authenticated caller.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The org whose data the call may touch.
    pub org: OrgId,
    /// The key that was presented; `None` on a loopback listener without keys.
    pub key: Option<Arc<Key>>,
    /// What the call may do.
    pub permissions: Permissions,
    /// The batch that it is a line of.
    pub batch: Option<BatchId>,
    /// Where it came from.
    pub address: IpAddr,
}
