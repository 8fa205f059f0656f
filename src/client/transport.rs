//! One HTTP/1.1 connection pool to one server, with limits on time and bytes.

use super::error::{Error, Refusal};
use crate::base::limits::{CLIENT_TIMEOUT, MAX_CLIENT_ANSWER};
use crate::base::{Secret, body};
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, USER_AGENT};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{Client as Pool, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// How long setting up a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A client of one floopy server. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    pool: Pool<HttpsConnector<HttpConnector>, Full<Bytes>>,
    base: Url,
    key: Option<HeaderValue>,
    timeout: Duration,
}

/// An answer that was a success.
pub(super) struct Answer {
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Client {
    /// A client of the server at `url` (`http://host:port`, a path in front of the API's own is kept).
    ///
    /// # Errors
    /// The address, the key or the file named by `SSL_CERT_FILE` cannot be used.
    pub fn new(url: &str, key: Option<&Secret>) -> Result<Self, Error> {
        let bad = |why: &str| Error::BadUrl { url: url.to_owned(), why: why.to_owned() };
        let mut base = Url::parse(url).map_err(|error| bad(&error.to_string()))?;
        if !matches!(base.scheme(), "http" | "https") {
            return Err(bad("it must begin with http:// or https://"));
        }
        if !base.username().is_empty() || base.password().is_some() {
            return Err(bad("a user or password has no place in it"));
        }
        base.set_query(None);
        base.set_fragment(None);
        let path = base.path().trim_end_matches('/').to_owned();
        base.set_path(&path);
        let key = key.map(|key| bearer(key).ok_or(Error::BadKey)).transpose()?;
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let connector =
            HttpsConnectorBuilder::new().with_tls_config(tls()?).https_or_http().enable_http1().wrap_connector(http);
        let pool = Pool::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector);
        Ok(Self { pool, base, key, timeout: CLIENT_TIMEOUT })
    }

    /// The same client with another limit on how long one answer may take.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The server's address as people write it.
    #[must_use]
    pub fn url(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, path: &[&str], query: &[(&str, String)]) -> Result<T, Error> {
        let answer = self.exchange(Method::GET, path, query, HeaderMap::new(), None).await?;
        self.read(&answer.body)
    }

    pub(super) async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &[&str],
        body: Option<Bytes>,
    ) -> Result<T, Error> {
        let answer = self.exchange(method, path, &[], HeaderMap::new(), body).await?;
        self.read(&answer.body)
    }

    /// One call and its whole answer; anything but a success is an error.
    pub(super) async fn exchange(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, String)],
        headers: HeaderMap,
        body: Option<Bytes>,
    ) -> Result<Answer, Error> {
        let (status, answer) = self.whole(method, path, query, headers, body).await?;
        if status.is_success() { Ok(answer) } else { Err(self.refusal(status, &answer.body)) }
    }

    /// One call and its whole answer, whatever its status.
    pub(super) async fn whole(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, String)],
        headers: HeaderMap,
        body: Option<Bytes>,
    ) -> Result<(StatusCode, Answer), Error> {
        let call = async {
            let response = self.start(method, path, query, headers, body).await?;
            let (head, body) = response.into_parts();
            let body = body::read(body, MAX_CLIENT_ANSWER).await.map_err(|error| self.odd(&error.to_string()))?;
            Ok::<_, Error>((head, body))
        };
        let limited = tokio::time::timeout(self.timeout, call).await;
        let (head, body) =
            limited.map_err(|_| Error::TimedOut { url: self.url().to_owned(), after: self.timeout })??;
        Ok((head.status, Answer { headers: head.headers, body }))
    }

    /// One call up to the head of its answer.
    pub(super) async fn start(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, String)],
        headers: HeaderMap,
        body: Option<Bytes>,
    ) -> Result<Response<Incoming>, Error> {
        let mut url = self.base.clone();
        url.path_segments_mut().map_err(|()| self.odd("the address has no path"))?.pop_if_empty().extend(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut request = Request::builder().method(method).uri(url.as_str());
        if let Some(all) = request.headers_mut() {
            *all = headers;
            all.insert(USER_AGENT, HeaderValue::from_static(concat!("floopy/", env!("CARGO_PKG_VERSION"))));
            all.entry(ACCEPT).or_insert(HeaderValue::from_static("application/json"));
            if body.is_some() {
                all.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            }
            if let Some(key) = &self.key {
                all.insert(AUTHORIZATION, key.clone());
            }
        }
        let request = request
            .body(Full::new(body.unwrap_or_default()))
            .map_err(|error| Error::BadUrl { url: url.to_string(), why: error.to_string() })?;
        self.pool.request(request).await.map_err(|error| self.unreachable(&error))
    }

    pub(super) fn read<T: DeserializeOwned>(&self, body: &[u8]) -> Result<T, Error> {
        serde_json::from_slice(body).map_err(|error| self.odd(&error.to_string()))
    }

    pub(super) fn odd(&self, why: &str) -> Error {
        Error::NotUnderstood { url: self.url().to_owned(), why: why.to_owned() }
    }

    /// The innermost cause says what people can act on ("Connection refused"); what wraps it does not.
    fn unreachable(&self, error: &(dyn std::error::Error + 'static)) -> Error {
        let mut cause = error;
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        Error::Unreachable { url: self.url().to_owned(), why: cause.to_string() }
    }

    pub(super) fn refusal(&self, status: StatusCode, body: &[u8]) -> Error {
        #[derive(Deserialize)]
        struct Envelope {
            error: Inner,
        }
        #[derive(Deserialize)]
        struct Inner {
            message: String,
            code: Option<String>,
            param: Option<String>,
            request_id: Option<String>,
        }
        match serde_json::from_slice::<Envelope>(body) {
            Ok(Envelope { error }) => Error::Refused(Refusal {
                status: status.as_u16(),
                code: error.code.unwrap_or_default(),
                message: error.message,
                param: error.param,
                request_id: error.request_id,
            }),
            Err(_) => self.odd(&format!("status {status} without an error envelope")),
        }
    }
}

/// Whether this address is on the same host, so that the local admin key may be sent to it.
#[must_use]
pub fn is_loopback(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    match url.host() {
        Some(url::Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(url::Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(url::Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

fn bearer(key: &Secret) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", key.expose())).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// TLS that trusts the public roots, or the certificates in `SSL_CERT_FILE` alone where that is set.
fn tls() -> Result<rustls::ClientConfig, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring offers the suites of TLS 1.2 and 1.3");
    let Some(file) = std::env::var_os("SSL_CERT_FILE").filter(|file| !file.is_empty()) else {
        return Ok(builder.with_webpki_roots().with_no_client_auth());
    };
    let bad = |error: &dyn std::fmt::Display| Error::BadCertificates(error.to_string());
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| bad(&error))? {
        roots.add(certificate.map_err(|error| bad(&error))?).map_err(|error| bad(&error))?;
    }
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_checked_before_anything_is_sent() {
        for bad in ["", "localhost:7676", "ftp://h", "http://", "http://u:p@h", "http://h:99999"] {
            assert!(matches!(Client::new(bad, None), Err(Error::BadUrl { .. })), "{bad}");
        }
        let client = Client::new("http://h:1/floopy/?x#y", None).expect("a good address");
        assert_eq!(client.url(), "http://h:1/floopy");
    }

    #[test]
    fn the_local_key_goes_to_this_host_only() {
        for near in ["http://127.0.0.1:7676", "http://127.9.9.9", "http://[::1]:1", "https://LOCALHOST"] {
            assert!(is_loopback(near), "{near}");
        }
        for far in ["http://10.0.0.1", "http://localhost.evil.example", "http://127.0.0.1.evil.example", "x"] {
            assert!(!is_loopback(far), "{far}");
        }
    }

    #[test]
    fn a_key_is_never_shown() {
        let key = Secret::new("fl_secret".into());
        let client = Client::new("http://127.0.0.1:1", Some(&key)).expect("a good address");
        assert!(!format!("{client:?}").contains("fl_secret"));
        assert_eq!(Client::new("http://h", Some(&Secret::new("a\nb".into()))).err(), Some(Error::BadKey));
    }
}
