//! Whom to trust: the roots that browsers trust, and those of the file that `SSL_CERT_FILE` names.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::path::Path;
use std::sync::Arc;
use tokio_rustls::TlsConnector;

/// Why the way out could not be laid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// `SSL_CERT_FILE` names something that is not a readable PEM file with certificates.
    #[error("SSL_CERT_FILE names no readable PEM file with certificates: correct or unset it")]
    ExtraRoots,
}

/// A connector that offers h2 and HTTP/1.1.
pub(super) fn connector(extra_roots: Option<&Path>) -> Result<TlsConnector, StartError> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(path) = extra_roots {
        let before = roots.len();
        for certificate in CertificateDer::pem_file_iter(path).map_err(|_| StartError::ExtraRoots)? {
            let certificate = certificate.map_err(|_| StartError::ExtraRoots)?;
            // A system's bundle may hold a certificate that webpki cannot read; the others still count.
            roots.add_parsable_certificates([certificate]);
        }
        if roots.len() == before {
            return Err(StartError::ExtraRoots);
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring offers the suites of TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

/// The same trust, without h2.
pub(super) fn http1_only(connector: &TlsConnector) -> TlsConnector {
    let mut config = ClientConfig::clone(connector.config());
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    TlsConnector::from(Arc::new(config))
}
