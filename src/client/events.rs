//! Reading the live stream `GET /v1/events`: server-sent events, one at a time, cut anywhere by the network.

use super::error::Error;
use super::transport::Client;
use crate::base::body;
use crate::base::limits::{MAX_CLIENT_ANSWER, MAX_CLIENT_EVENT};
use bytes::{Buf, Bytes, BytesMut};
use http::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Response};
use http_body::Body;
use http_body_util::BodyExt;
use hyper::body::Incoming;

/// One event of the live stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Event {
    /// Its number, where the server gave one.
    pub id: Option<String>,
    /// `decision`, `feedback`, `rating` and their like, `missed`; `message` where the server named none.
    pub kind: String,
    /// The resource as JSON.
    pub data: String,
}

/// The open live stream. Dropping it closes it.
#[derive(Debug)]
pub struct EventStream<B = Incoming> {
    body: B,
    waiting: BytesMut,
    url: String,
}

impl Client {
    /// Opens the live stream of the key's org: from now on, or behind the event with the id `after`. It has no time limit:
    /// it lasts until either side ends it.
    ///
    /// # Errors
    /// The server is not reachable, or says no.
    pub async fn events(&self, after: Option<&str>) -> Result<EventStream, Error> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
        if let Some(after) = after {
            let last = HeaderValue::from_str(after).map_err(|_| self.odd("the last event's id is not a header"))?;
            headers.insert(HeaderName::from_static("last-event-id"), last);
        }
        let response: Response<Incoming> = self.start(Method::GET, &["v1", "events"], &[], headers, None).await?;
        let (head, body) = response.into_parts();
        if !head.status.is_success() {
            let body = body::read(body, MAX_CLIENT_ANSWER).await.map_err(|error| self.odd(&error.to_string()))?;
            return Err(self.refusal(head.status, &body));
        }
        Ok(EventStream { body, waiting: BytesMut::new(), url: self.url().to_owned() })
    }
}

impl<B> EventStream<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    /// The next event; `None` when the server has ended the stream. Comments (keep-alives) are passed over.
    ///
    /// # Errors
    /// The connection broke, or an event is longer than its limit.
    pub async fn next(&mut self) -> Result<Option<Event>, Error> {
        loop {
            while let Some(end) = memchr::memmem::find(&self.waiting, b"\n\n") {
                let block = self.waiting.split_to(end);
                self.waiting.advance(2);
                if let Some(event) = parse(&block) {
                    return Ok(Some(event));
                }
            }
            if self.waiting.len() > MAX_CLIENT_EVENT {
                return Err(self.odd("an event of the live stream is too long".into()));
            }
            match self.body.frame().await {
                None => return Ok(None),
                Some(Err(error)) => {
                    return Err(Error::BrokenOff { url: self.url.clone(), why: error.to_string() });
                }
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.waiting.extend_from_slice(&data);
                    }
                }
            }
        }
    }

    fn odd(&self, why: String) -> Error {
        Error::NotUnderstood { url: self.url.clone(), why }
    }
}

/// The event of one block of lines (ours always end in a line feed alone); `None` for comments.
fn parse(block: &[u8]) -> Option<Event> {
    let mut event = Event { kind: "message".into(), ..Event::default() };
    let mut has_data = false;
    for line in String::from_utf8_lossy(block).lines() {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" => event.id = Some(value.to_owned()),
            "event" => value.clone_into(&mut event.kind),
            "data" => {
                if has_data {
                    event.data.push('\n');
                }
                event.data.push_str(value);
                has_data = true;
            }
            _ => {}
        }
    }
    has_data.then_some(event)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream;
    use http_body::Frame;
    use http_body_util::StreamBody;
    use std::convert::Infallible;

    const TEXT: &str =
        ": hello\n\nid: 7\nevent: decision\ndata: {\"a\":1,\ndata: \"b\":2}\n\n: keep-alive\n\ndata:x\n\ndata: cut";

    #[tokio::test]
    async fn events_survive_any_cut() {
        for step in 1..TEXT.len() {
            let pieces = TEXT.as_bytes().chunks(step).map(Bytes::copy_from_slice);
            let frames: Vec<_> = pieces.map(|piece| Ok::<_, Infallible>(Frame::data(piece))).collect();
            let body = StreamBody::new(stream::iter(frames));
            let mut events = EventStream { body, waiting: BytesMut::new(), url: String::new() };
            let first = events.next().await.expect("whole").expect("an event");
            let expected = Event { id: Some("7".into()), kind: "decision".into(), data: "{\"a\":1,\n\"b\":2}".into() };
            assert_eq!(first, expected, "cut at every {step} bytes");
            assert_eq!(events.next().await.expect("whole").expect("an event").data, "x");
            assert_eq!(events.next().await, Ok(None), "an unfinished event is dropped");
        }
    }
}
