//! One HTTP/1.1 connection, driven by the call that uses it.
//!
//! hyper parts a connection into a sender and a driver that does the reading and writing. Usually the
//! driver runs in a task of its own; here the call polls it. So a call costs no switch between tasks, no task
//! is without an owner, and dropping the call drops the driver and with it the socket: the provider sees
//! the end at once. An idle connection is polled by nobody; the next call looks at it before it is used.
//!
//! The channels between sender, driver and body are filled only while the driver is polled, that is by
//! this very task: they get a waker that does nothing, and only the socket wakes the call.

use super::connect::Stream;
use super::error::CallError;
use crate::base::limits::MAX_HEADER_BYTES;
use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use tokio::task::coop::unconstrained;

/// Bytes that are read ahead.
const READ_AHEAD: usize = 128 << 10;

/// A connection that carries one call at a time.
pub(super) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    /// `None` once the connection has ended.
    driver: Option<Box<http1::Connection<TokioIo<Stream>, Full<Bytes>>>>,
    heard: Arc<AtomicBool>,
}

/// An exchange that brought no answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Failed {
    pub(super) error: CallError,
    pub(super) repeat: Repeat,
}

/// Whether a request that brought no answer may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// It was never sent.
    Freely,
    /// It was sent, and the connection ended without a byte of an answer.
    OnceAfterIdling,
    /// The provider has seen it.
    Never,
}

impl Connection {
    pub(super) async fn open(stream: Stream) -> Result<Self, CallError> {
        let heard = stream.heard();
        let (sender, driver) = http1::Builder::new()
            .max_buf_size(READ_AHEAD)
            .max_header_size(MAX_HEADER_BYTES)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|_| CallError::Closed)?;
        Ok(Self { sender, driver: Some(Box::new(driver)), heard })
    }

    /// Reads and writes what can be read and written now.
    fn drive(&mut self, cx: &mut Context<'_>) {
        // How it ended reaches the sender or the body; here it only matters that it ended.
        if self.driver.as_mut().is_some_and(|driver| Pin::new(driver).poll(cx).is_ready()) {
            self.driver = None;
        }
    }

    /// Whether it can carry another call: still open as far as is known, and the last answer read whole.
    pub(super) fn is_free(&mut self) -> bool {
        self.drive(&mut Context::from_waker(Waker::noop()));
        self.driver.is_some() && self.sender.is_ready()
    }

    /// Sends a request and waits for the head of its answer. Dropped before that, it closes the connection.
    pub(super) async fn exchange(
        mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<(Response<Incoming>, Self), Failed> {
        self.heard.store(false, Ordering::Relaxed);
        let mut answer = pin!(unconstrained(self.sender.try_send_request(request)));
        let result = poll_fn(|cx| {
            self.drive(cx);
            answer.as_mut().poll(&mut Context::from_waker(Waker::noop()))
        })
        .await;
        match result {
            Ok(response) => Ok((response, self)),
            Err(error) => {
                let unsent = error.message().is_some();
                let error = meaning(&error.into_error());
                let repeat = match error {
                    _ if unsent => Repeat::Freely,
                    CallError::Closed if !self.heard.load(Ordering::Relaxed) => Repeat::OnceAfterIdling,
                    _ => Repeat::Never,
                };
                Err(Failed { error, repeat })
            }
        }
    }

    /// The next piece of the body of the answer that this connection is carrying.
    pub(super) fn poll_frame(
        &mut self,
        incoming: &mut Incoming,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CallError>>> {
        let quiet = &mut Context::from_waker(Waker::noop());
        let mut frame = Pin::new(&mut *incoming).poll_frame(quiet);
        if frame.is_pending() {
            self.drive(cx);
            frame = Pin::new(incoming).poll_frame(quiet);
        }
        frame.map(|frame| frame.map(|frame| frame.map_err(|_| CallError::Broken)))
    }
}

/// What hyper's error before the head of an answer means.
pub(super) fn meaning(error: &hyper::Error) -> CallError {
    if error.is_parse() || error.is_user() { CallError::Malformed } else { CallError::Closed }
}
