//! Opaque, signed cursors: a place in one listing of one org.

use super::error::Error;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Bytes of the signature that a cursor carries.
const TAG: usize = 16;

fn tag(secret: &[u8], scope: &str, place: &[u8]) -> Hmac<Sha256> {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.update(&(scope.len() as u64).to_be_bytes());
    mac.update(scope.as_bytes());
    mac.update(place);
    mac
}

/// A cursor to `place` in the listing that `scope` names (org, resource and filter).
pub(super) fn sign(secret: &[u8], scope: &str, place: &[u8]) -> String {
    let full = tag(secret, scope, place).finalize().into_bytes();
    let mut bytes = full.get(..TAG).unwrap_or_default().to_vec();
    bytes.extend_from_slice(place);
    BASE64.encode(bytes)
}

/// The place of a cursor that we have signed for this very listing.
pub(super) fn open(secret: &[u8], scope: &str, cursor: &str) -> Result<Vec<u8>, Error> {
    let bytes = BASE64.decode(cursor).map_err(|_| Error::BadCursor)?;
    let (given, place) = bytes.split_at_checked(TAG).ok_or(Error::BadCursor)?;
    tag(secret, scope, place).verify_truncated_left(given).map_err(|_| Error::BadCursor)?;
    Ok(place.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_cursors_open_and_only_where_they_belong() {
        let cursor = sign(b"secret", "org/decisions", b"place");
        assert_eq!(open(b"secret", "org/decisions", &cursor).unwrap(), b"place");
        assert_eq!(open(b"secret", "other/decisions", &cursor), Err(Error::BadCursor));
        assert_eq!(open(b"other", "org/decisions", &cursor), Err(Error::BadCursor));
        for index in 0..cursor.len() {
            let mut forged = cursor.clone().into_bytes();
            forged[index] = if forged[index] == b'A' { b'B' } else { b'A' };
            // The last letter holds bits that decode to nothing; such a text does not decode at all.
            assert_eq!(open(b"secret", "org/decisions", &String::from_utf8(forged).unwrap()), Err(Error::BadCursor));
        }
        for text in ["", "AAAA", "%%%", "é"] {
            assert_eq!(open(b"secret", "org/decisions", text), Err(Error::BadCursor));
        }
    }
}
