//! Pooled priors: whether an org takes part, and what is published.

use serde::{Deserialize, Serialize};

/// An org's own word on pooling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriorsSetting {
    /// Whether it contributes to and uses the pool.
    pub pooling: bool,
}
