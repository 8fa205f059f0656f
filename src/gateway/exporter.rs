//! Sends traces and metrics to the collector that the configuration names, beside the requests.
//!
//! What the collector does not take is tried again a few times and then dropped: telemetry is not the record, and no
//! request waits for it. The log says once that a collector is away, and once that it is back.

use super::Gateway;
use crate::base::Timestamp;
use crate::telemetry::otlp;
use crate::telemetry::span::{Order, Span};
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use url::Url;

/// How long steps wait for others to travel with.
const GATHER: Duration = Duration::from_secs(1);
/// Steps that travel together at most.
const MOST: usize = 512;
/// How often metrics are sent.
const METRICS: Duration = Duration::from_secs(15);
/// Pauses between the tries.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(2)];

/// The collector as we know it.
struct Collector {
    gateway: Arc<Gateway>,
    address: Url,
    began: Timestamp,
    is_away: bool,
}

/// Sends what is ordered until nobody can order any more.
pub(super) async fn run(gateway: Arc<Gateway>, mut orders: mpsc::Receiver<Order>, address: Url) {
    let mut collector = Collector { began: gateway.now(), gateway, address, is_away: false };
    let mut waiting = Vec::new();
    let mut gather = interval_at(Instant::now() + GATHER, GATHER);
    let mut metrics = interval_at(Instant::now() + METRICS, METRICS);
    gather.set_missed_tick_behavior(MissedTickBehavior::Delay);
    metrics.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            order = orders.recv() => match order {
                None => return,
                Some(Order::Spans(spans)) => {
                    waiting.extend(spans);
                    if waiting.len() >= MOST {
                        collector.traces(&mut waiting).await;
                    }
                }
                Some(Order::Flush(done)) => {
                    collector.traces(&mut waiting).await;
                    collector.metrics().await;
                    if done.send(()).is_err() {
                        tracing::debug!("nobody waits for the telemetry any more");
                    }
                }
            },
            _ = gather.tick() => collector.traces(&mut waiting).await,
            _ = metrics.tick() => collector.metrics().await,
        }
    }
}

impl Collector {
    async fn traces(&mut self, waiting: &mut Vec<Span>) {
        if waiting.is_empty() {
            return;
        }
        let spans = std::mem::take(waiting);
        if !self.sent(otlp::TRACES, otlp::traces(&spans).into()).await {
            self.gateway.metrics.spans_dropped.inc_by(spans.len() as u64);
        }
    }

    async fn metrics(&mut self) {
        let document = otlp::metrics(&self.gateway.render_metrics(), self.began, self.gateway.now());
        // The next ones say what these said: they count from the beginning.
        self.sent(otlp::METRICS, document.into()).await;
    }

    /// Whether the collector took the document.
    async fn sent(&mut self, path: &str, document: Bytes) -> bool {
        let mut url = self.address.clone();
        url.set_path(&[self.address.path().trim_end_matches('/'), path].concat());
        let mut pauses = PAUSES.into_iter();
        let why = loop {
            let why = match self.gateway.upstream.post(&url, document.clone()).await {
                Some(status) if status.is_success() => {
                    if std::mem::replace(&mut self.is_away, false) {
                        tracing::info!("the collector of telemetry takes documents again");
                    }
                    return true;
                }
                Some(status) if matches!(status.as_u16(), 429 | 502..=504) => status.to_string(),
                Some(status) => break status.to_string(),
                None => "no answer".to_owned(),
            };
            let Some(pause) = pauses.next() else { break why };
            tokio::time::sleep(pause).await;
        };
        if !std::mem::replace(&mut self.is_away, true) {
            tracing::warn!(why, "the collector of telemetry does not take documents: see telemetry.otlp_endpoint");
        }
        false
    }
}
