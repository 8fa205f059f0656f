//! Sessions, and the calls of one of them with what each was worth.

use super::html::{bar, cell, escape, figure, link, raw, segment, table};
use crate::resource::read::{UNKNOWN, credit, items, millis, money_at, number, span, text};
use serde_json::Value;

/// The page of all sessions, latest first.
#[must_use]
pub fn sessions(page: &Value) -> String {
    let rows: Vec<_> = items(page, "/items")
        .iter()
        .map(|session| {
            let id = text(session, "/session_id");
            let plain = |at: &str| number(session, at).map_or(UNKNOWN.into(), |value| format!("{value:.0}"));
            vec![
                raw(link(&format!("/ui/sessions/{}", segment(&id)), &id)),
                figure(&text(session, "/turn_count")),
                figure(&money_at(session, "/cost_micro_usd")),
                figure(&money_at(session, "/saved_micro_usd")),
                figure(&plain("/score")),
                figure(&plain("/value_per_usd")),
                cell(&text(session, "/last_seen")),
            ]
        })
        .collect();
    let heads = ["session", "calls", "cost", "saved", "rating, 0 to 10", "rating per dollar", "last call"];
    let table = table("Latest first", &heads, &rows, "No sessions yet: every call belongs to one.");
    format!("<h1>Sessions</h1>{table}")
}

/// The page of one session: its calls, oldest first.
#[must_use]
pub fn session(id: &str, page: &Value) -> String {
    let calls: Vec<&Value> = items(page, "/items").iter().rev().collect();
    let spans: Vec<_> = calls.iter().filter_map(|call| span(call)).collect();
    let from = spans.iter().map(|span| span.0).min().unwrap_or(0);
    let to = spans.iter().map(|span| span.1).max().unwrap_or(from);
    let rows: Vec<_> = calls
        .iter()
        .map(|call| {
            let request = text(call, "/request_id");
            let place = |at: i64| share(at.saturating_sub(from), to.saturating_sub(from));
            let when =
                span(call).map_or_else(String::new, |(begin, end)| bar(place(begin), place(end), "accent", None));
            vec![
                raw(link(&format!("/ui/decisions/{}", segment(&request)), &text(call, "/model"))),
                raw(when),
                figure(&millis(call["latency_ms"].as_u64())),
                figure(&money_at(call, "/cost_micro_usd")),
                figure(&credit(call).map_or(UNKNOWN.into(), |credit| format!("{credit:+.3}"))),
            ]
        })
        .collect();
    let table =
        table("Its calls, oldest first", &["model", "when", "took", "cost", "credit"], &rows, "It has no calls.");
    format!(
        "<h1>Session {}</h1>{table}<p class=\"dim\">Credit: the part of the session's outcome, 0 to 1, that each call receives.</p>",
        escape(id)
    )
}

#[expect(clippy::cast_precision_loss, reason = "a place on a line of two hundred points")]
fn share(part: i64, whole: i64) -> f64 {
    part as f64 / whole.max(1) as f64
}
