//! What the tests tell the screen: a small gateway with one route that learns and one that does not.

use crate::base::Timestamp;
use crate::tui::{App, Ask, Effect, Event, Key, Link, Live, Look, Problem, View, draw};
use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use serde_json::{Value, json};

/// 2026-01-15T12:34:56Z.
pub(super) const NOW: Timestamp = Timestamp(1_768_480_496_000_000);

pub(super) fn app(view: View) -> App {
    let mut app = App::new("http://127.0.0.1:7676", Look::Plain, view, NOW);
    app.on(Event::Link(Link::Live));
    app
}

/// The decision with this number, `age` seconds old, as the live stream tells it.
pub(super) fn decision(number: u32, age: i64, model: &str, why: &str, status: &str) -> Value {
    let at = Timestamp(NOW.0 - age * 1_000_000);
    json!({
        "request_id": format!("00000000-0000-4000-8000-{number:012}"), "session_id": format!("session-{}", number % 3),
        "created_at": at.to_string(), "floopy_reason": format!("{model}::{why}"),
        "routing_strategy": "feedback_driven", "route": "auto",
        "served": {"provider": "openai", "model": model}, "winner": {"provider": "openai", "model": model},
        "propensity": 0.75, "confidence": 0.8,
        "outcome": {"status": status, "latency_ms": 200 + number, "ttft_ms": 90, "cost_micro_usd": 120,
            "baseline_cost_micro_usd": 400, "saved_micro_usd": 280, "fallback_used": why == "fallback",
            "attempts": [{"provider": "azure", "model": "gpt-4o", "status": 500, "error": "upstream 500", "latency_ms": 30, "retry": 0}]},
    })
}

/// The traffic of the last minute: two requests a second, the cheap model's share growing.
pub(super) fn traffic(app: &mut App) {
    for number in 0..120_u32 {
        let age = 60 - i64::from(number / 2);
        let (model, why) = if number % 8 < number / 16 { ("gpt-4o-mini", "exploit") } else { ("gpt-4o", "holdout") };
        let status = if number == 77 { "error" } else { "ok" };
        app.on(Event::Live(Live::Decision(decision(number, age, model, why, status).to_string())));
    }
}

pub(super) fn routes() -> Value {
    let arm = |model: &str, default: bool, share: f64, quality: f64, lower: f64, cost: f64, stage: &str| {
        json!({"provider": "openai", "model": model, "is_default": default, "configured": true, "circuit": "closed",
            "p50_first_byte_ms": 80, "p50_total_ms": 420, "input_usd_per_mtok": 2.5, "output_usd_per_mtok": 10.0,
            "samples": 1234, "share": share, "quality": quality, "quality_lower": lower, "relative_cost": cost,
            "stage": stage})
    };
    json!({"items": [
        {"id": "auto", "name": "auto", "strategy": "feedback_driven", "default_model": "openai/gpt-4o",
         "pinned": false, "phase": "nps",
         "arms": [arm("gpt-4o", true, 0.3, 0.88, 0.86, 1.0, "open"), arm("gpt-4o-mini", false, 0.65, 0.86, 0.81, 0.06, "open"),
                  arm("gpt-4.1-nano", false, 0.05, 0.7, 0.5, 0.04, "canary")],
         "floor": {"floor": 0.95, "reference": 0.88, "surplus": 12.5, "probability": 0.983, "state": "green", "source": "ratings"},
         "drift": {"recent_regressions": {"kind": "exact", "exact": 1}, "last_regression_at": null},
         "savings": {"share": 0.62, "lower": 0.55, "upper": 0.69, "calls": 4321}},
        {"id": "split", "name": "split", "strategy": "weighted", "default_model": "openai/gpt-4o", "pinned": true,
         "phase": null, "floor": null, "drift": null, "arms": [arm("gpt-4o", true, 1.0, 0.9, 0.8, 1.0, "")]}
    ], "next_cursor": null, "has_more": false})
}

/// One decision with all that it weighed.
pub(super) fn detail() -> Value {
    let candidate = |model: &str, quality: f64, propensity: f64| {
        json!({"provider": "openai", "model": model, "score": 0.1, "quality": quality, "quality_lower": quality - 0.1,
            "samples": 321, "expected_cost_micro_usd": 130, "propensity": propensity})
    };
    let mut value = decision(7, 5, "gpt-4o-mini", "exploit", "ok");
    let more = json!({
        "request_created_at": value["created_at"], "provider": "openai", "model": "gpt-4o-mini", "status": "ok",
        "latency_ms": 207, "cost_micro_usd": 120, "reason": "dispatched", "phase": "nps",
        "explanation": "Route auto chose gpt-4o-mini with high confidence (0.83). Its expected quality is 86%.",
        "candidates": [candidate("gpt-4o", 0.88, 0.25), candidate("gpt-4o-mini", 0.86, 0.75)],
        "filtered": [{"provider": "openai", "model": "gpt-4.1-nano", "reason": "quality_floor"}],
        "weights": {"session": 0.7, "auto": 0.2, "manual": 0.0, "benchmark": 0.1}, "confidence": 0.83,
        "confidence_reason": "ok", "floor": {"floor": 0.95, "probability": 0.98, "before": 12.5, "after": 12.25},
        "scores": {"relevance": 90, "coherence": 100, "helpfulness": 80, "safety": 100, "composite": 91},
        "credits": [{"source": "session", "outcome": 0.9, "share": 0.4, "credit": 0.36, "created_at": NOW.to_string()}],
        "rating": {"score": 85}, "chain": {"sequence": 4242, "previous_sha256": "aa".repeat(32), "sha256": "bb".repeat(32)},
    });
    if let (Value::Object(value), Value::Object(more)) = (&mut value, more) {
        value.extend(more);
    }
    value
}

pub(super) fn sessions() -> Value {
    let session = |id: &str, score: Value| {
        json!({"session_id": id, "first_seen": NOW.to_string(), "last_seen": NOW.to_string(), "turn_count": 3,
            "cost_micro_usd": 360, "baseline_cost_micro_usd": 1200, "saved_micro_usd": 840, "score": score,
            "value_per_usd": 25_000.0, "inferred": false})
    };
    json!({"items": [session("support-4711", json!(9)), session("agent-run-12", Value::Null)]})
}

/// The calls of one session, oldest first.
pub(super) fn calls() -> Value {
    let calls: Vec<Value> = (0..3_u32)
        .map(|number| {
            let mut call = decision(
                number,
                30 - 10 * i64::from(number),
                if number == 1 { "gpt-4o" } else { "gpt-4o-mini" },
                "exploit",
                "ok",
            );
            call["request_created_at"] = call["created_at"].clone();
            call["model"] = call["served"]["model"].clone();
            call["status"] = json!("ok");
            call["latency_ms"] = json!(2_000 * (number + 1));
            call["cost_micro_usd"] = json!(120);
            call["credits"] = json!([{"source": "session", "outcome": 0.9, "share": 0.3, "credit": 0.3}]);
            call
        })
        .collect();
    json!({"items": calls})
}

pub(super) fn experiments() -> Value {
    json!({"items": [{"id": "exp-1", "name": "mini as a canary", "type": "canary", "status": "active", "traffic_pct": 5,
        "candidate": {"provider": "openai", "model": "gpt-4o-mini"}}]})
}

pub(super) fn results(evidence: f64) -> Value {
    let side = |quality: f64| json!({"sample_size": 210, "average_quality": quality, "average_latency_ms": 410.0, "average_cost_micro_usd": 120.0});
    json!({"variant_a": side(0.88), "variant_b": side(0.91), "winner": null, "decided_by": null, "e_value": evidence})
}

/// Answers every question that the effects ask, and those that follow.
pub(super) fn settle(app: &mut App, mut effects: Vec<Effect>) {
    while let Some(effect) = effects.pop() {
        if let Effect::Ask(ask) = effect {
            let answer = reply(&ask);
            effects.extend(app.on(Event::Answer(ask, answer)));
        }
    }
}

pub(super) fn reply(ask: &Ask) -> Result<Value, Problem> {
    match ask {
        Ask::Recent => Ok(json!({"items": []})),
        Ask::Routes | Ask::Pin(_) | Ask::Unpin(_) => Ok(routes()),
        Ask::Sessions => Ok(sessions()),
        Ask::Session(_) => Ok(calls()),
        Ask::Constraints => Ok(json!({"cost_limit_monthly_usd": 250.0})),
        Ask::Decision(_) | Ask::Rate { .. } | Ask::Explain { .. } => Ok(detail()),
        Ask::Experiments => Ok(experiments()),
        Ask::Results(_) => Ok(results(6.5)),
        Ask::MayWrite => Ok(Value::Bool(true)),
        Ask::Feedback { .. } => Ok(json!({"duplicate": false, "session_id": "support-4711"})),
        Ask::Spent(_) => Ok(json!({"total": {"actual_micro_usd": 93_750_000}})),
        Ask::Rollback(_) => Err(Problem { status: Some(404), message: "nothing is served at that path".into() }),
    }
}

/// The screen with everything told, at a view.
pub(super) fn told(view: View) -> App {
    let mut app = app(view);
    traffic(&mut app);
    // Twice: what was answered leads to one more question.
    for _ in 0..2 {
        let effects = app.on(Event::Tick(NOW));
        settle(&mut app, effects);
    }
    app
}

/// Presses keys, and answers what they ask.
pub(super) fn press(app: &mut App, keys: &[Key]) {
    for key in keys {
        let effects = app.on(Event::Key(*key));
        settle(app, effects);
    }
}

pub(super) fn write(app: &mut App, text: &str) {
    for sign in text.chars() {
        press(app, &[Key::Char(sign)]);
    }
}

/// The frame as text.
pub(super) fn frame(app: &mut App, width: u16, height: u16) -> String {
    app.on(Event::Resize(width, height));
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    let hits = draw(app, &mut buffer);
    app.drawn(hits);
    let rows = buffer.content().chunks(usize::from(width.max(1)));
    rows.map(|row| row.iter().map(|cell| cell.symbol()).collect::<String>().trim_end().to_owned() + "\n").collect()
}
