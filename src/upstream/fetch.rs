//! Fetching an image from an address that a caller has chosen, for providers that want its bytes.
//!
//! The address is hostile until shown otherwise. Only http and https; the guard looks at the address that is
//! connected to, after DNS, on every redirect anew; no credentials go along; size, time and the number of
//! redirects are limited; what came counts as an image by its first bytes, whatever its head says. Whether
//! an address is private, closed or silent cannot be told from the error.

use super::address::Reach;
use super::connect::Place;
use super::error::CallError;
use super::http1::Connection;
use super::send::Upstream;
use crate::base::limits;
use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, HOST, LOCATION, USER_AGENT};
use http::{HeaderValue, Request, StatusCode};
use http_body_util::Full;
use std::future::poll_fn;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use url::{Position, Url};

/// An image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// By its first bytes.
    pub media_type: &'static str,
    /// The file.
    pub bytes: Bytes,
}

/// Why there is no image. Its text is public.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// Not an address of the web.
    #[error("its address is not a usable http: or https: URL")]
    Address,
    /// A name without an address, an address that is not public, or one where nothing answers.
    #[error("its address cannot be reached from here")]
    Unreachable,
    /// Too slow.
    #[error("it did not come within {} seconds", limits::IMAGE_TIMEOUT.as_secs())]
    Slow,
    /// Another status than 200.
    #[error("its server answered with status {0}")]
    Status(u16),
    /// Redirected too often.
    #[error("it was redirected more than {} times", limits::MAX_IMAGE_REDIRECTS)]
    Redirects,
    /// Too large.
    #[error("it is larger than {} MB", limits::MAX_IMAGE_BYTES >> 20)]
    Large,
    /// No image by its first bytes.
    #[error("it is no JPEG, PNG, GIF or WebP image")]
    NoImage,
}

impl From<CallError> for FetchError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Unusable => Self::Address,
            CallError::ConnectTimeout | CallError::Deadline => Self::Slow,
            _ => Self::Unreachable,
        }
    }
}

impl Upstream {
    /// Fetches the image at a public address.
    ///
    /// # Errors
    /// See [`FetchError`].
    pub async fn image(&self, url: &str, deadline: Instant) -> Result<Image, FetchError> {
        self.image_from(url, deadline, false).await
    }

    pub(super) async fn image_from(
        &self,
        url: &str,
        deadline: Instant,
        allow_private: bool,
    ) -> Result<Image, FetchError> {
        let limit = deadline.min(Instant::now() + limits::IMAGE_TIMEOUT);
        timeout_at(limit, follow(self.downloads(), url, limit, allow_private)).await.unwrap_or(Err(FetchError::Slow))
    }
}

async fn follow(tls: &TlsConnector, url: &str, limit: Instant, allow_private: bool) -> Result<Image, FetchError> {
    let mut url = Url::parse(url).map_err(|_| FetchError::Address)?;
    for _ in 0..=limits::MAX_IMAGE_REDIRECTS {
        match get(tls, &url, limit, allow_private).await? {
            Got::Image(image) => return Ok(image),
            Got::Elsewhere(location) => url = url.join(&location).map_err(|_| FetchError::Address)?,
        }
    }
    Err(FetchError::Redirects)
}

enum Got {
    Image(Image),
    Elsewhere(String),
}

async fn get(tls: &TlsConnector, url: &Url, limit: Instant, allow_private: bool) -> Result<Got, FetchError> {
    let place = Place::of(url, Reach::of(allow_private)).ok_or(FetchError::Address)?;
    let connection = Connection::open(place.dial(tls, limit).await?.stream).await?;
    let (response, mut connection) =
        connection.exchange(request(url)?).await.map_err(|failed| FetchError::from(failed.error))?;
    let (head, mut incoming) = response.into_parts();
    if head.status.is_redirection() && head.status != StatusCode::NOT_MODIFIED {
        let location = head.headers.get(LOCATION).and_then(|value| value.to_str().ok());
        return location.map(|to| Got::Elsewhere(to.to_owned())).ok_or(FetchError::Status(head.status.as_u16()));
    }
    if head.status != StatusCode::OK {
        return Err(FetchError::Status(head.status.as_u16()));
    }
    let mut bytes = BytesMut::new();
    while let Some(frame) = poll_fn(|cx| connection.poll_frame(&mut incoming, cx)).await {
        let Ok(data) = frame?.into_data() else { continue };
        if bytes.len() + data.len() > limits::MAX_IMAGE_BYTES {
            return Err(FetchError::Large);
        }
        bytes.extend_from_slice(&data);
        // What is no image is not read any further.
        if bytes.len() >= MAGIC_LENGTH && media_type(&bytes).is_none() {
            return Err(FetchError::NoImage);
        }
    }
    let media_type = media_type(&bytes).ok_or(FetchError::NoImage)?;
    Ok(Got::Image(Image { media_type, bytes: bytes.freeze() }))
}

/// A bare request: nothing of the caller's goes along, nor a name and password that stand in the address.
fn request(url: &Url) -> Result<Request<Full<Bytes>>, FetchError> {
    let mut request = Request::new(Full::new(Bytes::new()));
    *request.uri_mut() = url[Position::BeforePath..Position::AfterQuery].parse().map_err(|_| FetchError::Address)?;
    let host = &url[Position::BeforeHost..Position::AfterPort];
    let headers = request.headers_mut();
    headers.insert(HOST, HeaderValue::from_str(host).map_err(|_| FetchError::Address)?);
    headers.insert(USER_AGENT, HeaderValue::from_static(concat!("floopy/", env!("CARGO_PKG_VERSION"))));
    headers.insert(ACCEPT, HeaderValue::from_static("image/jpeg, image/png, image/gif, image/webp"));
    Ok(request)
}

/// As many first bytes as decide.
const MAGIC_LENGTH: usize = 12;

/// What an image is, by its first bytes.
fn media_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}
