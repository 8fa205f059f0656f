//! `GET /v1/events`: every decision, rating and feedback of the org as it happens.
//!
//! A reader that falls behind never slows the gateway: what it missed is skipped, and an event `missed`
//! says how much that was.

use super::{Answer, Request};
use crate::base::OrgId;
use crate::gateway::{Body, Broken, Event, Gateway};
use bytes::Bytes;
use futures_util::stream;
use http::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

/// A comment is sent after this long without an event, so that proxies keep the line open.
const HEARTBEAT: Duration = Duration::from_secs(15);

fn written(event: &Event) -> Bytes {
    Bytes::from(format!("id: {}\nevent: {}\ndata: {}\n\n", event.id, event.kind, event.data))
}

/// The next piece of one reader's stream; `None` when the gateway ends.
async fn next(gateway: &Gateway, events: &mut Receiver<Event>, org: &OrgId) -> Option<Bytes> {
    loop {
        match tokio::time::timeout(HEARTBEAT, events.recv()).await {
            Err(_) => return Some(Bytes::from_static(b": ping\n\n")),
            Ok(Ok(event)) if event.org == *org => return Some(written(&event)),
            Ok(Ok(_)) => {}
            Ok(Err(RecvError::Lagged(missed))) => {
                gateway.metrics.events_missed.inc_by(missed);
                return Some(Bytes::from(format!("event: missed\ndata: {{\"missed\":{missed}}}\n\n")));
            }
            Ok(Err(RecvError::Closed)) => return None,
        }
    }
}

/// Opens the stream.
pub(crate) async fn stream(request: Request) -> Answer {
    let Request { gateway, caller, last_event, .. } = request;
    let events = gateway.events.listen();
    // Events before this connection are not kept: a client that resumes is told where the stream goes on.
    let opening = match last_event {
        Some(last) => format!(": resumed after {last}; events in between are in /v1/decisions\n\n"),
        None => ": open\n\n".to_owned(),
    };
    let first = stream::once(async move { Ok(Bytes::from(opening)) });
    let state = (Arc::clone(&gateway), events, caller.org);
    let rest = stream::unfold(state, |(gateway, mut events, org)| async move {
        let piece = next(&gateway, &mut events, &org).await?;
        Some((Ok::<_, Broken>(piece), (gateway, events, org)))
    });
    let mut response = Response::new(Body::stream(stream::StreamExt::chain(first, rest)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, http::HeaderValue::from_static("text/event-stream; charset=utf-8"));
    headers.insert(CACHE_CONTROL, http::HeaderValue::from_static("no-cache"));
    Ok(response)
}
