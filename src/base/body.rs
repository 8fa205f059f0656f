//! Reading a body with a limit: the only way in.

use bytes::Bytes;
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};

/// Why a body could not be read whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// More bytes than the limit.
    #[error("body is longer than {limit} bytes")]
    TooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// The sender stopped or broke the connection.
    #[error("body ended early")]
    Broken,
}

/// Reads a whole body of at most `limit` bytes.
///
/// # Errors
/// [`ReadError::TooLong`] past the limit, [`ReadError::Broken`] when the sender breaks off.
pub async fn read<B>(body: B, limit: usize) -> Result<Bytes, ReadError>
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    #[expect(clippy::disallowed_methods, reason = "the limit is put around the body right here")]
    let collected = Limited::new(body, limit).collect().await;
    match collected {
        Ok(whole) => Ok(whole.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(ReadError::TooLong { limit }),
        Err(_) => Err(ReadError::Broken),
    }
}
