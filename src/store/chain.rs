//! The hash chain: what an entry looks like and how its hash covers the one before it.
//!
//! sha256(previous sha256 ‖ sequence as u64 big-endian ‖ kind ‖ payload). The first entry's previous hash
//! is 32 zero bytes. An entry rests as kind, hash, payload.

use super::error::Error;
pub(super) use crate::base::hex;
use sha2::{Digest, Sha256};

/// What an entry is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A decision.
    Decision,
    /// Feedback.
    Feedback,
    /// A rating.
    Rating,
    /// A key was made.
    KeyCreated,
    /// A key was revoked.
    KeyRevoked,
    /// A route was pinned or unpinned.
    Pin,
    /// The configuration was reloaded.
    Config,
    /// A judge has scored a decision.
    Judged,
    /// An org's constraints were changed.
    Constraints,
    /// An org's word on pooled priors was changed.
    Priors,
    /// Retention has removed the chain's beginning.
    Pruned,
    /// An experiment began, moved on or ended.
    Experiment,
    /// An evaluation was completed.
    Evaluation,
}

impl Kind {
    const ALL: [Self; 13] = [
        Self::Decision,
        Self::Feedback,
        Self::Rating,
        Self::KeyCreated,
        Self::KeyRevoked,
        Self::Pin,
        Self::Config,
        Self::Judged,
        Self::Constraints,
        Self::Priors,
        Self::Pruned,
        Self::Experiment,
        Self::Evaluation,
    ];

    const fn byte(self) -> u8 {
        match self {
            Self::Decision => 1,
            Self::Feedback => 2,
            Self::Rating => 3,
            Self::KeyCreated => 4,
            Self::KeyRevoked => 5,
            Self::Pin => 6,
            Self::Config => 7,
            Self::Judged => 8,
            Self::Constraints => 9,
            Self::Priors => 10,
            Self::Pruned => 11,
            Self::Experiment => 12,
            Self::Evaluation => 13,
        }
    }

    fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.byte() == byte)
    }
}

/// One entry, taken apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'a> {
    pub(super) kind: Kind,
    pub(super) sha256: [u8; 32],
    pub(super) payload: &'a [u8],
}

/// The hash of an entry.
pub(super) fn hash(previous: &[u8; 32], sequence: u64, kind: Kind, payload: &[u8]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(previous);
    hasher.update(sequence.to_be_bytes());
    hasher.update([kind.byte()]);
    hasher.update(payload);
    hasher.finalize().into()
}

/// An entry as it rests.
pub(super) fn encode(kind: Kind, sha256: &[u8; 32], payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(33 + payload.len());
    bytes.push(kind.byte());
    bytes.extend_from_slice(sha256);
    bytes.extend_from_slice(payload);
    bytes
}

/// Takes an entry apart.
pub(super) fn decode(bytes: &[u8]) -> Result<Entry<'_>, Error> {
    let broken = || Error::Corrupt("an entry of the log is cut short".to_owned());
    let (kind, rest) = bytes.split_first().ok_or_else(broken)?;
    let (sha256, payload) = rest.split_first_chunk::<32>().ok_or_else(broken)?;
    let kind = Kind::from_byte(*kind).ok_or_else(|| Error::Corrupt("an entry of an unknown kind".to_owned()))?;
    Ok(Entry { kind, sha256: *sha256, payload })
}
