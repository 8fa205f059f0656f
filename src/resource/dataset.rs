//! Datasets: rows that evaluations ask models about.

use crate::base::{DatasetId, Timestamp};
use serde::{Deserialize, Serialize};

/// A dataset of an org, without its rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dataset {
    /// Its id.
    pub id: DatasetId,
    /// Its name, as the client gave it.
    pub name: String,
    /// How many rows it has.
    pub rows: u32,
    /// Bytes of its rows.
    pub bytes: u64,
    /// When it came.
    pub created_at: Timestamp,
    /// When it goes.
    pub expires_at: Timestamp,
}

/// What is told of a dataset that was removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeletedDataset {
    /// Its id.
    pub id: DatasetId,
    /// Always so.
    pub deleted: bool,
}
