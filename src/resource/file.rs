//! Files: what clients upload, and what batches write.

use crate::base::{FileId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What a file may be uploaded for. Only batches read files here; the others are kept and given back.
pub const PURPOSES: [&str; 6] = ["assistants", "batch", "evals", "fine-tune", "user_data", "vision"];
/// The purpose of a batch's input.
pub const BATCH: &str = "batch";
/// The purpose of what a batch has written.
pub const BATCH_OUTPUT: &str = "batch_output";

/// A file of an org, without its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredFile {
    /// Its id.
    pub id: FileId,
    /// Bytes of its content.
    pub bytes: u64,
    /// When it came.
    pub created_at: Timestamp,
    /// Its name, as the client gave it.
    pub filename: String,
    /// What it is for.
    pub purpose: String,
    /// When it goes.
    pub expires_at: Option<Timestamp>,
}

impl StoredFile {
    /// The file as OpenAI's clients read it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "id": self.id,
            "object": "file",
            "bytes": self.bytes,
            "created_at": self.created_at.seconds(),
            "expires_at": self.expires_at.map(Timestamp::seconds),
            "filename": self.filename,
            "purpose": self.purpose,
            "status": "processed",
            "status_details": null,
        })
    }
}
