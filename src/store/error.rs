//! What can go wrong with the store.

use crate::base::{ApiError, Code};

/// A failure of the store. Texts name no path: the command line adds it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The folder or file cannot be read or written.
    #[error("the data folder cannot be used: {0}")]
    Unreadable(String),
    /// The file is no store.
    #[error("the file floopy.redb in the data folder is not a floopy store: it was left as it is")]
    Foreign,
    /// The file is damaged.
    #[error("the store is damaged: {0}; restore a backup, or see `floopy verify`")]
    Corrupt(String),
    /// Another process has it open.
    #[error("another process has this store open: two servers cannot share one data folder")]
    Locked,
    /// It was written by a later release.
    #[error("the store has format {found}, this release reads up to {known}: install a later release")]
    Newer {
        /// Its format.
        found: u32,
        /// Ours.
        known: u32,
    },
    /// A write failed: a full disk, a failing one.
    #[error("the store cannot be written: {0}")]
    Write(String),
    /// The writer is so far behind that nothing more is taken.
    #[error("the store cannot keep up")]
    Backlogged,
    /// The store is closing.
    #[error("the store is closed")]
    Closed,
    /// What the call is about does not exist in this org.
    #[error("not found")]
    NotFound,
    /// What the call wants is at odds with what is there.
    #[error("at odds with what is there")]
    Conflict,
    /// The org has used up what it may keep.
    #[error("there is no room for it")]
    NoRoom,
    /// The cursor is not one of ours, or belongs to another listing.
    #[error("the cursor is not valid here")]
    BadCursor,
}

impl Error {
    /// As callers see it.
    #[must_use]
    pub fn into_api_error(self) -> ApiError {
        match self {
            Self::NotFound => ApiError::new(Code::NotFound, "there is no such record"),
            Self::Conflict => ApiError::new(Code::Conflict, "this is at odds with what is there: read it again first"),
            Self::NoRoom => ApiError::new(Code::RequestTooLarge, "there is no room for it: remove something first"),
            Self::BadCursor => {
                ApiError::new(Code::InvalidRequest, "cursor is not valid here: start again without one").param("cursor")
            }
            Self::Backlogged | Self::Write(_) | Self::Closed => ApiError::new(
                Code::Overloaded,
                "the store does not take writes at the moment: try again, and see /readyz",
            ),
            _ => ApiError::new(Code::Internal, "the store cannot be read: see the server's log"),
        }
    }
}

macro_rules! from_redb {
    ($($kind:ty),*) => {
        $(impl From<$kind> for Error {
            fn from(error: $kind) -> Self {
                Self::from(redb::Error::from(error))
            }
        })*
    };
}

from_redb!(redb::TransactionError, redb::TableError, redb::StorageError, redb::CommitError);

impl From<redb::Error> for Error {
    fn from(error: redb::Error) -> Self {
        match error {
            redb::Error::DatabaseAlreadyOpen => Self::Locked,
            redb::Error::Corrupted(what) => Self::Corrupt(what),
            redb::Error::Io(error) => Self::Write(error.kind().to_string()),
            redb::Error::PreviousIo => Self::Write("an earlier write failed".to_owned()),
            other => Self::Corrupt(other.to_string()),
        }
    }
}

impl From<serde_json::Error> for Error {
    fn from(_: serde_json::Error) -> Self {
        Self::Corrupt("a record cannot be read".to_owned())
    }
}
