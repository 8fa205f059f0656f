//! One decision as the lists hold it: a few hundred bytes, read straight from the live stream or a listing.

use crate::base::human::visible;
use crate::base::{MicroUsd, Timestamp};
use crate::resource::decision::{Attempt, Status, Strategy, Target};
use serde::Deserialize;
use std::collections::{HashSet, VecDeque};

/// Decisions that are kept; older ones are in the store, and `floopy decisions` shows them.
pub(super) const KEPT: usize = 2_000;

#[derive(Deserialize)]
struct Wire {
    request_id: String,
    session_id: String,
    #[serde(alias = "request_created_at")]
    created_at: Timestamp,
    floopy_reason: String,
    routing_strategy: Strategy,
    route: Option<String>,
    served: Option<Target>,
    winner: Option<Target>,
    propensity: Option<f64>,
    outcome: Outcome,
}

#[derive(Deserialize)]
struct Outcome {
    status: Status,
    latency_ms: u64,
    ttft_ms: Option<u64>,
    cost_micro_usd: Option<MicroUsd>,
    baseline_cost_micro_usd: Option<MicroUsd>,
    saved_micro_usd: Option<MicroUsd>,
    fallback_used: bool,
    #[serde(default)]
    attempts: Vec<Attempt>,
}

/// One decision.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    /// The order in which it came to this screen.
    pub(super) number: u64,
    pub(super) id: String,
    pub(super) session: String,
    pub(super) at: Timestamp,
    /// `model::why`.
    pub(super) reason: String,
    pub(super) strategy: Strategy,
    pub(super) route: Option<String>,
    pub(super) provider: String,
    pub(super) model: String,
    pub(super) status: Status,
    pub(super) propensity: Option<f64>,
    pub(super) latency_ms: u64,
    pub(super) ttft_ms: Option<u64>,
    pub(super) cost: Option<i64>,
    pub(super) baseline: Option<i64>,
    pub(super) saved: Option<i64>,
    pub(super) fell_back: bool,
    /// Provider of each failed attempt.
    pub(super) failed_at: Vec<String>,
}

impl Row {
    /// Reads one from the JSON of a decision in either of its forms: as recorded, or as listed.
    pub(super) fn read(json: &str) -> Option<Self> {
        Some(Self::from(serde_json::from_str::<Wire>(json).ok()?))
    }

    pub(super) fn of(value: &serde_json::Value) -> Option<Self> {
        Some(Self::from(Wire::deserialize(value).ok()?))
    }

    /// The word after `model::`: why it was served.
    pub(super) fn why(&self) -> &str {
        self.reason.rsplit_once("::").map_or("", |(_, why)| why)
    }

    pub(super) fn is_failed(&self) -> bool {
        self.status == Status::Error
    }

    pub(super) fn status_word(&self) -> &'static str {
        match self.status {
            Status::Ok => "ok",
            Status::Error => "error",
            Status::Blocked => "blocked",
            Status::Cancelled => "cancelled",
        }
    }

    /// Whether every word of the filter stands somewhere in it; the filter is in small letters.
    pub(super) fn matches(&self, filter: &str) -> bool {
        let fields = [
            self.id.as_str(),
            &self.session,
            &self.reason,
            self.strategy.as_str(),
            self.route.as_deref().unwrap_or(""),
            &self.provider,
            &self.model,
            self.status_word(),
            if self.fell_back { "fallback" } else { "" },
        ];
        filter.split_whitespace().all(|word| fields.iter().any(|field| contains(field, word)))
    }
}

/// Whether `word`, which is in small letters, stands in the field, whatever letters that has.
fn contains(field: &str, word: &str) -> bool {
    let (field, word) = (field.as_bytes(), word.as_bytes());
    field.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word))
}

impl From<Wire> for Row {
    fn from(wire: Wire) -> Self {
        let served = wire.served.or(wire.winner);
        let (provider, model) = served.map_or_else(Default::default, |at| (visible(&at.provider), visible(&at.model)));
        let money = |amount: Option<MicroUsd>| amount.map(|amount| amount.0);
        let failed = wire.outcome.attempts.into_iter().filter(|attempt| attempt.error.is_some());
        Self {
            number: 0,
            id: visible(&wire.request_id),
            session: visible(&wire.session_id),
            at: wire.created_at,
            reason: visible(&wire.floopy_reason),
            strategy: wire.routing_strategy,
            route: wire.route.as_deref().map(visible),
            provider,
            model,
            status: wire.outcome.status,
            propensity: wire.propensity,
            latency_ms: wire.outcome.latency_ms,
            ttft_ms: wire.outcome.ttft_ms,
            cost: money(wire.outcome.cost_micro_usd),
            baseline: money(wire.outcome.baseline_cost_micro_usd),
            saved: money(wire.outcome.saved_micro_usd),
            fell_back: wire.outcome.fallback_used,
            failed_at: failed.map(|attempt| attempt.target.provider).collect(),
        }
    }
}

/// The latest decisions, newest first, each once.
#[derive(Debug, Clone, Default)]
pub(super) struct Rows {
    rows: VecDeque<Row>,
    ids: HashSet<String>,
    next: u64,
}

impl Rows {
    /// Takes one that just happened; `false` where it is here already.
    pub(super) fn push(&mut self, mut row: Row) -> bool {
        if !self.ids.insert(row.id.clone()) {
            return false;
        }
        row.number = self.next;
        self.next += 1;
        self.rows.push_front(row);
        if self.rows.len() > KEPT
            && let Some(gone) = self.rows.pop_back()
        {
            self.ids.remove(&gone.id);
        }
        true
    }

    /// Newest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter()
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The number that the next one gets.
    pub(super) fn next_number(&self) -> u64 {
        self.next
    }
}
