//! Values of documents as people read them; what is not there reads as a dash.

use crate::base::human::{dollars, elapsed, grouped, visible};
use crate::tui::theme::Tone;
use serde_json::Value;

/// What stands for "not known".
pub(crate) const UNKNOWN: &str = "–";

pub(crate) fn number(value: &Value, at: &str) -> Option<f64> {
    value.pointer(at)?.as_f64()
}

pub(crate) fn text(value: &Value, at: &str) -> String {
    match value.pointer(at) {
        None | Some(Value::Null) => UNKNOWN.into(),
        Some(Value::String(text)) => visible(text),
        Some(other) => visible(&other.to_string()),
    }
}

pub(crate) fn items<'a>(value: &'a Value, at: &str) -> &'a [Value] {
    value.pointer(at).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// 0..1 as percent.
pub(crate) fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| UNKNOWN.into(), |share| format!("{:.1} %", share * 100.0))
}

/// 0..1 as 0..100.
pub(crate) fn quality(value: Option<f64>) -> String {
    value.map_or_else(|| UNKNOWN.into(), |value| format!("{:.1}", value * 100.0))
}

pub(crate) fn money(micro_usd: Option<i64>) -> String {
    micro_usd.map_or_else(|| UNKNOWN.into(), dollars)
}

pub(crate) fn money_at(value: &Value, at: &str) -> String {
    money(value.pointer(at).and_then(Value::as_i64))
}

pub(crate) fn millis(value: Option<u64>) -> String {
    value.map_or_else(|| UNKNOWN.into(), elapsed)
}

pub(crate) fn count(value: &Value, at: &str) -> String {
    value.pointer(at).and_then(Value::as_u64).map_or_else(|| UNKNOWN.into(), grouped)
}

/// The tone of `ok`, `error`, `blocked`, `cancelled`.
pub(crate) fn status_tone(status: &str) -> Tone {
    match status {
        "ok" => Tone::Good,
        "error" => Tone::Bad,
        _ => Tone::Warn,
    }
}

/// The tone of a floor's state or a breaker's.
pub(crate) fn light(state: &str) -> Tone {
    match state {
        "green" | "closed" | "open_arm" => Tone::Good,
        "amber" | "half_open" => Tone::Warn,
        "red" | "open" => Tone::Bad,
        _ => Tone::Dim,
    }
}

/// What a gate refused a model for, in plain words.
pub(crate) fn gate(reason: &str) -> &str {
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
        "context_window" => "the conversation is too long for it",
        "circuit_open" => "failing of late: left alone for a while",
        "upstream_rate_limited" => "its provider limits us just now",
        "provider_not_configured" => "its provider is not configured",
        "pinned" => "the route is pinned to its default model",
        other => other,
    }
}
