//! `GET /v1/events`: every decision, vote and change of the org as it happens.
//!
//! The stream is the org's log: an event's id is its place in the chain, and a client that comes again with
//! `Last-Event-ID` hears what it has not heard. Nothing is read ahead for a reader: it takes a slice of the log when its
//! connection has room for one. So a reader that sleeps costs one slice and the buffers of its connection, and never slows
//! anybody else. What it cannot hear any more, since it is too far behind or retention was there before it, is counted in
//! an event `missed`.

use super::{Answer, Request, blocking};
use crate::base::limits::{EVENT_SLICE, MAX_EVENTS_BEHIND};
use crate::base::{ApiError, Code, OrgId};
use crate::gateway::{Body, Broken, Gateway};
use crate::store::{Entry, Followed, Store};
use bytes::{BufMut, Bytes, BytesMut};
use futures_util::stream;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, Response};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

/// A comment is sent after this long without an event, so that proxies keep the line open.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// The least time between two looks at the log: a busy store commits more often than anybody needs to hear of it.
const PACE: Duration = Duration::from_millis(10);

/// One reader.
struct Reader {
    gateway: Arc<Gateway>,
    org: OrgId,
    /// The last entry of the log that it has heard.
    heard: u64,
    commits: watch::Receiver<u64>,
    ending: watch::Receiver<bool>,
}

/// What a look at the log brought.
struct Slice {
    text: Bytes,
    followed: Followed,
}

fn written(entry: Entry<'_>, out: &mut BytesMut) {
    out.put_slice(format!("id: {}\nevent: {}\ndata: ", entry.sequence, entry.kind).as_bytes());
    out.put_slice(entry.json.as_bytes());
    out.put_slice(b"\n\n");
}

/// The events behind entry `after`, up to about `room` bytes: the last one of a slice may be larger.
fn slice(store: &Store, org: &OrgId, after: u64, most: u64, room: usize) -> Result<Slice, crate::store::Error> {
    let mut text = BytesMut::new();
    let followed = store.follow(org, after, most, |entry| {
        written(entry, &mut text);
        if text.len() < room { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    let text = if followed.missed > 0 {
        // Before the others; its id is that of the last one that went by unheard.
        let (missed, last) = (followed.missed, after + followed.missed);
        let note = format!("id: {last}\nevent: missed\ndata: {{\"missed\":{missed}}}\n\n");
        [note.as_bytes(), &text].concat().into()
    } else {
        text.freeze()
    };
    Ok(Slice { text, followed })
}

impl Reader {
    /// The next piece of its stream; `None` when the gateway ends.
    async fn next(&mut self) -> Option<Bytes> {
        let heartbeat = Instant::now() + HEARTBEAT;
        loop {
            if *self.ending.borrow() {
                return None;
            }
            // Seen before the look: what is committed after it brings another look.
            self.commits.borrow_and_update();
            let (store, org, heard) = (self.gateway.store.clone(), self.org.clone(), self.heard);
            let turn = self.gateway.turn_to_look().await;
            let look = blocking(move || slice(&store, &org, heard, MAX_EVENTS_BEHIND, EVENT_SLICE)).await;
            drop(turn);
            if let Ok(Slice { text, followed }) = look {
                self.heard = followed.through;
                self.gateway.metrics.events_missed.inc_by(followed.missed);
                if !text.is_empty() {
                    return Some(text);
                }
            }
            sleep(PACE).await;
            tokio::select! {
                changed = self.commits.changed() => changed.ok()?,
                ended = self.ending.changed() => ended.ok()?,
                () = sleep_until(heartbeat) => return Some(Bytes::from_static(b": ping\n\n")),
            }
        }
    }
}

/// The last event that the client has heard; `None` where it comes for the first time.
fn last_heard(headers: &HeaderMap) -> Result<Option<u64>, ApiError> {
    let Some(given) = headers.get("last-event-id").filter(|given| !given.is_empty()) else { return Ok(None) };
    given.to_str().ok().and_then(|text| text.parse().ok()).map(Some).ok_or_else(|| {
        let message =
            "Last-Event-ID takes the id of an event of this stream; leave it out to begin with what comes now";
        ApiError::new(Code::InvalidRequest, message).param("last-event-id")
    })
}

/// Opens the stream.
pub(crate) async fn stream(request: Request) -> Answer {
    let Request { gateway, caller, headers, .. } = request;
    let heard = match last_heard(&headers)? {
        Some(last) => last,
        None => {
            let (store, org) = (gateway.store.clone(), caller.org.clone());
            blocking(move || store.head(&org)).await?
        }
    };
    let (commits, ending) = (gateway.store.commits(), gateway.ending());
    let reader = Reader { gateway, org: caller.org, heard, commits, ending };
    let first = stream::once(async { Ok(Bytes::from_static(b": open\n\n")) });
    let rest = stream::unfold(reader, |mut reader| async move {
        let piece = reader.next().await?;
        Some((Ok::<_, Broken>(piece), reader))
    });
    let mut response = Response::new(Body::stream(stream::StreamExt::chain(first, rest)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, http::HeaderValue::from_static("text/event-stream; charset=utf-8"));
    headers.insert(CACHE_CONTROL, http::HeaderValue::from_static("no-cache"));
    headers.insert("x-accel-buffering", http::HeaderValue::from_static("no"));
    Ok(response)
}

#[cfg(test)]
mod tests;
