//! RSASSA-PKCS1-v1_5 with SHA-256, as JSON Web Signatures call it RS256 (RFC 7518, section 3.3).

use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;

/// Signs a text with a private key in PKCS#8 PEM. RSA, 2048 to 4096 bits; `None` where it is no such key.
#[must_use]
pub fn sign(pem: &str, message: &[u8]) -> Option<Vec<u8>> {
    let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).ok()?;
    let key = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).ok()?;
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).ok()?;
    Some(signature)
}
