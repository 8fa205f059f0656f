//! `GET /v1/export/decisions` as it comes: bytes, never all of them at once.

use super::error::Error;
use super::transport::Client;
use crate::base::Timestamp;
use crate::base::body;
use crate::base::limits::{CLIENT_TIMEOUT, MAX_CLIENT_ANSWER};
use bytes::Bytes;
use http::Method;
use http::header::HeaderMap;
use http_body_util::BodyExt;
use hyper::body::Incoming;

/// Which decisions to export.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExportQuery {
    /// From this time on; left out = the longest span that the server gives.
    pub from: Option<Timestamp>,
    /// Before this time; left out = now.
    pub to: Option<Timestamp>,
    /// `jsonl` or `csv`.
    pub format: String,
    /// The last decision of an export that was cut: it goes on behind it.
    pub cursor: Option<String>,
}

/// An export on its way. Dropping it ends it.
#[derive(Debug)]
pub struct ExportStream {
    body: Incoming,
    client: Client,
}

impl Client {
    /// Begins an export.
    ///
    /// # Errors
    /// The server is not reachable, or says no.
    pub async fn export(&self, query: &ExportQuery) -> Result<ExportStream, Error> {
        let all = [
            ("from", query.from.map(|time| time.to_string())),
            ("to", query.to.map(|time| time.to_string())),
            ("format", Some(query.format.clone())),
            ("cursor", query.cursor.clone()),
        ];
        let pairs: Vec<_> = all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        let path = ["v1", "export", "decisions"];
        let (head, body) = self.start(Method::GET, &path, &pairs, HeaderMap::new(), None).await?.into_parts();
        if !head.status.is_success() {
            let body = body::read(body, MAX_CLIENT_ANSWER).await.map_err(|error| self.odd(&error.to_string()))?;
            return Err(self.refusal(head.status, &body));
        }
        Ok(ExportStream { body, client: self.clone() })
    }
}

impl ExportStream {
    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    /// The connection broke, or nothing came in time.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            let frame = tokio::time::timeout(CLIENT_TIMEOUT, self.body.frame()).await;
            let timed_out = |_| Error::TimedOut { url: self.client.url().to_owned(), after: CLIENT_TIMEOUT };
            match frame.map_err(timed_out)? {
                None => return Ok(None),
                Some(Err(error)) => {
                    return Err(Error::BrokenOff { url: self.client.url().to_owned(), why: error.to_string() });
                }
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
            }
        }
    }
}
