//! What a proof of the record found.

use serde::{Deserialize, Serialize};

/// The verdict on a store: every chain from its first entry, and the indexes against the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// Whether nothing is wrong.
    pub whole: bool,
    /// Orgs looked at.
    pub orgs: u64,
    /// Entries looked at.
    pub entries: u64,
    /// Decisions among them.
    pub decisions: u64,
    /// Entries that retention has removed from the beginnings of chains: what is left is verified from there on.
    #[serde(default)]
    pub pruned: u64,
    /// The first thing that is wrong.
    pub broken: Option<Break>,
}

/// Where a chain or an index breaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Break {
    /// The org.
    pub org: String,
    /// The entry.
    pub sequence: u64,
    /// What is wrong.
    pub what: String,
}
