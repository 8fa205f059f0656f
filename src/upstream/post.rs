//! One document handed to a server that is no provider: a collector of traces.

use super::Upstream;
use super::address::Reach;
use super::credential::issuer::{Ask, ask};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, StatusCode};
use url::Url;

impl Upstream {
    /// Posts JSON on a connection of its own. The address may be a private one: an operator has set it.
    /// What the server says to it, as its status; `None` where it says nothing in time.
    pub async fn post(&self, url: &Url, document: Bytes) -> Option<StatusCode> {
        let headers = vec![(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
        let document = Ask { method: Method::POST, url, headers, body: document, reach: Reach::of(true) };
        ask(self.downloads(), document).await.ok().map(|said| said.status)
    }
}
