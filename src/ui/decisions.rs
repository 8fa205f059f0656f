//! Decisions, and one of them with all that it weighed.

use super::html::{Cell, bar, cell, escape, facts, figure, link, raw, segment, table, toned};
use crate::resource::read::{
    UNKNOWN, clock, count, gate, items, millis, money_at, number, percent, phase, quality, text,
};
use serde_json::Value;

fn status(value: &Value) -> Cell {
    let status = text(value, "/status");
    let tone = match status.as_str() {
        "ok" => "good",
        "error" => "bad",
        _ => "warn",
    };
    toned(&status, tone)
}

fn took(value: &Value) -> String {
    millis(value["latency_ms"].as_u64())
}

/// A row of a list of decisions.
pub(super) fn row(value: &Value) -> Vec<Cell> {
    let id = text(value, "/request_id");
    let path = format!("/ui/decisions/{}", segment(&id));
    vec![
        raw(link(&path, &clock(&text(value, "/request_created_at")))),
        cell(&text(value, "/model")),
        cell(&text(value, "/floopy_reason")),
        cell(&text(value, "/route")),
        status(value),
        figure(&took(value)),
        figure(&money_at(value, "/cost_micro_usd")),
        figure(&money_at(value, "/outcome/saved_micro_usd")),
        figure(&percent(number(value, "/propensity"))),
    ]
}

/// Heads of such a list.
pub(super) const HEADS: &[&str] = &["time (UTC)", "model", "why", "route", "status", "took", "cost", "saved", "chance"];

/// The page of all decisions, newest first, with what narrows it.
#[must_use]
pub fn decisions(page: &Value, model: &str, wanted: &str) -> String {
    let rows: Vec<_> = items(page, "/items").iter().map(row).collect();
    let options: String = ["", "ok", "error", "blocked", "cancelled"]
        .iter()
        .map(|status| {
            let chosen = if *status == wanted { " selected" } else { "" };
            let name = if status.is_empty() { "any" } else { status };
            format!("<option value=\"{status}\"{chosen}>{name}</option>")
        })
        .collect();
    let more = page["next_cursor"].as_str().map_or_else(String::new, |cursor| {
        let path =
            format!("/ui/decisions?model={}&status={}&cursor={}", segment(model), segment(wanted), segment(cursor));
        format!("<p>{}</p>", link(&path, "older ones"))
    });
    let none = if more.is_empty() {
        "No decision matches; every request through the gateway leaves one."
    } else {
        "None of those that were looked at matches: go on with older ones."
    };
    format!(
        "<h1>Decisions</h1><form class=\"filter\" action=\"/ui/decisions\"><label>model <input name=\"model\" value=\"{}\"></label>\
         <label>status <select name=\"status\">{options}</select></label><button>Filter</button></form>{}{more}",
        escape(model),
        table("Newest first", HEADS, &rows, none)
    )
}

/// The page of one decision. With `may_write` it can be rated.
#[must_use]
pub fn decision(value: &Value, may_write: bool) -> String {
    let id = text(value, "/request_id");
    let mut out = format!("<h1>Decision</h1><p class=\"lead\">{}</p>", escape(&text(value, "/explanation")));
    if may_write {
        let rated = number(value, "/rating/score").map_or_else(String::new, |score| format!("{score:.0}"));
        out.push_str(&format!(
            "<form class=\"rate\" method=\"post\" action=\"/ui/decisions/{}/rating\"><label for=\"score\">How good was the answer? \
             0 (useless) to 100 (perfect)</label><input id=\"score\" name=\"score\" type=\"number\" min=\"0\" max=\"100\" \
             required value=\"{rated}\"><button>Rate</button></form>",
            segment(&id)
        ));
    }
    out.push_str(&facts(
        "What happened",
        &[
            ("id", id),
            ("when", text(value, "/request_created_at")),
            ("session", text(value, "/session_id")),
            ("status", text(value, "/status")),
            ("served by", format!("{}/{}", text(value, "/provider"), text(value, "/model"))),
            ("reason", format!("{}, {}", text(value, "/floopy_reason"), text(value, "/reason"))),
            ("route", format!("{} ({})", text(value, "/route"), text(value, "/routing_strategy"))),
            ("took", took(value)),
            (
                "tokens",
                format!("{} in, {} out", count(value, "/outcome/input_tokens"), count(value, "/outcome/output_tokens")),
            ),
            ("cost", money_at(value, "/cost_micro_usd")),
            ("default model", money_at(value, "/outcome/baseline_cost_micro_usd")),
            ("saved", money_at(value, "/outcome/saved_micro_usd")),
        ],
    ));
    let session = format!("/ui/sessions/{}", segment(&text(value, "/session_id")));
    out.push_str(&format!("<p>{}</p>", link(&session, "All calls of its session")));
    out.push_str(&candidates(value));
    out.push_str(&knowledge(value));
    out.push_str(&facts(
        "Place in the record",
        &[
            ("entry", count(value, "/chain/sequence")),
            ("hash", text(value, "/chain/sha256")),
            ("before it", text(value, "/chain/previous_sha256")),
        ],
    ));
    out
}

fn candidates(value: &Value) -> String {
    let rows: Vec<_> = items(value, "/candidates")
        .iter()
        .map(|candidate| {
            let (lower, mean) = (number(candidate, "/quality_lower"), number(candidate, "/quality"));
            vec![
                cell(&format!("{}/{}", text(candidate, "/provider"), text(candidate, "/model"))),
                figure(&quality(mean)),
                raw(mean.map_or_else(String::new, |mean| bar(lower.unwrap_or(mean), mean, "accent", None))),
                figure(&count(candidate, "/samples")),
                figure(&money_at(candidate, "/expected_cost_micro_usd")),
                figure(&percent(number(candidate, "/propensity"))),
            ]
        })
        .collect();
    let heads = ["model", "quality", "0 to 100: lower bound to expected", "seen", "expected cost", "chance"];
    let mut out = table("Who could serve", &heads, &rows, "Nobody was to be chosen among.");
    let refused: Vec<_> = items(value, "/filtered")
        .iter()
        .map(|refused| {
            let reason = text(refused, "/reason");
            vec![
                cell(&format!("{}/{}", text(refused, "/provider"), text(refused, "/model"))),
                toned(gate(&reason), "warn"),
            ]
        })
        .collect();
    if !refused.is_empty() {
        out.push_str(&table("Who could not", &["model", "which gate said so"], &refused, ""));
    }
    let attempts: Vec<_> = items(value, "/outcome/attempts")
        .iter()
        .map(|attempt| {
            let error = text(attempt, "/error");
            let (said, tone) = if error == UNKNOWN { ("answered".to_owned(), "good") } else { (error, "bad") };
            vec![
                cell(&format!("{}/{}", text(attempt, "/provider"), text(attempt, "/model"))),
                figure(&text(attempt, "/status")),
                figure(&took(attempt)),
                toned(&said, tone),
            ]
        })
        .collect();
    out.push_str(&table("Calls that were made", &["model", "status", "took", "outcome"], &attempts, "None."));
    out
}

fn knowledge(value: &Value) -> String {
    let weight = |name: &str| percent(number(value, &format!("/weights/{name}")));
    let score =
        |name: &str| number(value, &format!("/scores/{name}")).map_or(UNKNOWN.into(), |score| format!("{score:.0}"));
    let mut out = facts(
        "What the choice rests on",
        &[
            ("ratings of sessions", weight("session")),
            ("automatic scores", weight("auto")),
            ("ratings by hand", weight("manual")),
            ("benchmarks", weight("benchmark")),
            ("phase", phase(&text(value, "/phase")).to_owned()),
            ("confidence", format!("{} of 100", quality(number(value, "/confidence")))),
            ("floor", percent(number(value, "/floor/floor"))),
            ("it holds", format!("{} sure", percent(number(value, "/floor/probability")))),
        ],
    );
    out.push_str(&facts(
        "What it was worth",
        &[
            ("score", format!("{} of 100", score("composite"))),
            ("relevance", score("relevance")),
            ("coherence", score("coherence")),
            ("helpfulness", score("helpfulness")),
            ("safety", score("safety")),
            (
                "rating by hand",
                number(value, "/rating/score").map_or("none".into(), |score| format!("{score:.0} of 100")),
            ),
        ],
    ));
    let credits: Vec<_> = items(value, "/credits")
        .iter()
        .map(|credit| {
            let figure_of =
                |at: &str| figure(&number(credit, at).map_or(UNKNOWN.into(), |value| format!("{value:.3}")));
            vec![
                cell(&text(credit, "/source")),
                figure_of("/outcome"),
                figure(&percent(number(credit, "/share"))),
                figure_of("/credit"),
            ]
        })
        .collect();
    out.push_str(&table(
        "Credit: its share of outcomes",
        &["from", "outcome, 0 to 1", "share", "credit"],
        &credits,
        "None yet.",
    ));
    out
}
