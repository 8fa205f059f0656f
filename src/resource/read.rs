//! Values of resources as people read them, on the terminal screen and in the browser; what is not there reads as a dash.

use crate::base::Timestamp;
use crate::base::human::{dollars, elapsed, grouped, visible};
use serde_json::Value;

/// What stands for "not known".
pub const UNKNOWN: &str = "–";

/// The number at this place.
#[must_use]
pub fn number(value: &Value, at: &str) -> Option<f64> {
    value.pointer(at)?.as_f64()
}

/// The text at this place; other values as they are written.
#[must_use]
pub fn text(value: &Value, at: &str) -> String {
    match value.pointer(at) {
        None | Some(Value::Null) => UNKNOWN.into(),
        Some(Value::String(text)) => visible(text),
        Some(other) => visible(&other.to_string()),
    }
}

/// The list at this place; empty where there is none.
#[must_use]
pub fn items<'a>(value: &'a Value, at: &str) -> &'a [Value] {
    value.pointer(at).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// 0..1 as percent.
#[must_use]
pub fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| UNKNOWN.into(), |share| format!("{:.1} %", share * 100.0))
}

/// 0..1 as 0..100.
#[must_use]
pub fn quality(value: Option<f64>) -> String {
    value.map_or_else(|| UNKNOWN.into(), |value| format!("{:.1}", value * 100.0))
}

/// Micro-USD as dollars.
#[must_use]
pub fn money(micro_usd: Option<i64>) -> String {
    micro_usd.map_or_else(|| UNKNOWN.into(), dollars)
}

/// The micro-USD at this place as dollars.
#[must_use]
pub fn money_at(value: &Value, at: &str) -> String {
    money(value.pointer(at).and_then(Value::as_i64))
}

/// Milliseconds in the unit that suits them.
#[must_use]
pub fn millis(value: Option<u64>) -> String {
    value.map_or_else(|| UNKNOWN.into(), elapsed)
}

/// The whole number at this place, its thousands apart.
#[must_use]
pub fn count(value: &Value, at: &str) -> String {
    value.pointer(at).and_then(Value::as_u64).map_or_else(|| UNKNOWN.into(), grouped)
}

/// What a gate refused a model for, in plain words.
#[must_use]
pub fn gate(reason: &str) -> &str {
    match reason {
        "quality_floor" => "would risk the quality floor",
        "constraint_max_regression" => "quality fell more than you allow",
        "constraint_max_cost_increase" => "cost rose more than you allow",
        "constraint_confidence_threshold" => "not sure enough yet, by your setting",
        "constraint_min_samples" => "too few observations yet, by your setting",
        "constraint_max_outcome_variance" => "outcomes vary more than you allow",
        "constraint_unvalidated_cost_drop" => "so much cheaper that it must be validated first",
        "constraint_shadow_required" => "must run as a shadow first, by your setting",
        "capability_vision" => "cannot see images",
        "capability_tools" => "cannot call tools",
        "capability_response_schema" => "cannot keep to a response schema",
        "native_provider_needed" => "its API has no words for what is asked",
        "context_window" => "the conversation is too long for it",
        "circuit_open" => "failing of late: left alone for a while",
        "upstream_rate_limited" => "its provider limits us just now",
        "provider_not_configured" => "its provider is not configured",
        "pinned" => "the route is pinned to its default model",
        other => other,
    }
}

/// How far a route has come, in plain words.
#[must_use]
pub fn phase(name: &str) -> &str {
    match name {
        "day0" => "day 0: nothing but prior beliefs",
        "auto" => "automatic scores carry the weight: few have rated",
        "nps" => "ratings of sessions carry the weight",
        other => other,
    }
}

/// What votes gave to a call; where nobody voted, what automatic scores gave.
#[must_use]
pub fn credit(call: &Value) -> Option<f64> {
    let credits = items(call, "/credits");
    let sum = |automatic: bool| {
        let of = credits.iter().filter(|credit| (text(credit, "/source") == "auto") == automatic);
        of.filter_map(|credit| number(credit, "/credit")).reduce(|sum, credit| sum + credit)
    };
    sum(false).or_else(|| sum(true))
}

/// When a call of a session began and ended, in microseconds.
#[must_use]
pub fn span(call: &Value) -> Option<(i64, i64)> {
    let at: Timestamp = call.get("request_created_at")?.as_str()?.parse().ok()?;
    let took = i64::try_from(call.get("latency_ms").and_then(Value::as_u64).unwrap_or(0)).unwrap_or(i64::MAX);
    Some((at.0, at.0.saturating_add(took.saturating_mul(1_000))))
}

/// The time of day of an RFC 3339 instant.
#[must_use]
pub fn clock(time: &str) -> String {
    time.chars().skip(11).take(8).collect()
}
