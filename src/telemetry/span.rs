//! One step of a trace as it is recorded, and the queue that takes steps to whoever sends them.

use super::context::SpanId;
use super::metrics::Metrics;
use crate::base::{Timestamp, TraceId};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Traces that wait to be sent. Full: a further one is dropped, and counted; no request waits.
const QUEUE: usize = 4096;

/// What a step is to the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Work of our own.
    Internal,
    /// A request that came in.
    Server,
    /// A call that went out.
    Client,
}

/// What an attribute says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A text.
    Text(String),
    /// A whole number.
    Number(i64),
    /// A list of texts.
    Texts(Vec<String>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Its trace.
    pub trace_id: TraceId,
    /// Its id.
    pub id: SpanId,
    /// The step that it is a part of.
    pub parent: Option<SpanId>,
    /// What it is called.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// When it began.
    pub began: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// What is known of it. No text of a prompt or an answer, and no label of a caller.
    pub attributes: Vec<(&'static str, Value)>,
    /// Whether it failed.
    pub failed: bool,
}

/// What the sender is asked to do.
#[derive(Debug)]
pub enum Order {
    /// Send these, in time.
    Spans(Vec<Span>),
    /// Send all that waits now, and the metrics, and say when it is done.
    Flush(oneshot::Sender<()>),
}

/// Where steps go. Cheap to ask where tracing is off.
#[derive(Debug, Default)]
pub struct Tracer(Option<Open>);

#[derive(Debug)]
struct Open {
    orders: mpsc::Sender<Order>,
    /// Until somebody takes it.
    reader: Mutex<Option<mpsc::Receiver<Order>>>,
    metrics: Arc<Metrics>,
}

impl Tracer {
    /// A tracer whose orders somebody has to take.
    #[must_use]
    pub fn open(metrics: Arc<Metrics>) -> Self {
        let (orders, reader) = mpsc::channel(QUEUE);
        Self(Some(Open { orders, reader: Mutex::new(Some(reader)), metrics }))
    }

    /// The orders, for the one who carries them out; `None` where tracing is off, or somebody has them.
    #[must_use]
    pub fn orders(&self) -> Option<mpsc::Receiver<Order>> {
        self.0.as_ref()?.reader.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Whether traces are recorded at all.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Hands steps in; never waits.
    pub fn give(&self, spans: Vec<Span>) {
        let Some(open) = &self.0 else { return };
        let count = spans.len() as u64;
        if open.orders.try_send(Order::Spans(spans)).is_err() {
            open.metrics.spans_dropped.inc_by(count);
        }
    }

    /// Waits until what was handed in is sent, or cannot be.
    pub async fn flush(&self) {
        let Some(open) = &self.0 else { return };
        let (done, wait) = oneshot::channel();
        if open.orders.send(Order::Flush(done)).await.is_ok() && wait.await.is_err() {
            tracing::debug!("the sender of traces has ended");
        }
    }
}
