//! How everything stands, over the latest decisions.

use super::html::{bar, cell, escape, facts, figure, raw, table};
use crate::base::human::grouped;
use crate::resource::read::{clock, items, millis, money, number, percent, text};
use serde_json::Value;
use std::collections::BTreeMap;

/// Columns of the chart of shares.
const COLUMNS: usize = 40;
/// Models with a colour of their own.
const COLOURS: usize = 7;
/// Certainty from which a floor counts as safe.
const SAFE: f64 = 0.95;

/// The page: a page of decisions, newest first, and all routes.
#[must_use]
pub fn overview(decisions: &Value, routes: &Value) -> String {
    let rows = items(decisions, "/items");
    let mut out = String::from("<h1>Overview</h1><div class=\"grid\">");
    out.push_str(&sums(rows));
    out.push_str(&shares(rows));
    out.push_str("</div>");
    out.push_str(&floors(items(routes, "/items")));
    out.push_str(&providers(items(routes, "/items"), rows));
    out
}

fn sums(rows: &[Value]) -> String {
    let sum = |at: &str| rows.iter().filter_map(|row| row.pointer(at)?.as_i64()).fold(0_i64, i64::saturating_add);
    let failed = rows.iter().filter(|row| row["status"] == "error").count();
    let mut took: Vec<u64> = rows.iter().filter_map(|row| row["latency_ms"].as_u64()).collect();
    took.sort_unstable();
    let at = |part: usize| millis(took.get(took.len().saturating_sub(1) * part / 100).copied());
    let count = |count: usize| grouped(u64::try_from(count).unwrap_or(u64::MAX));
    let since = rows.last().map(|row| clock(&text(row, "/request_created_at"))).unwrap_or_default();
    facts(
        "The latest requests",
        &[
            ("requests", format!("{} since {since} UTC, {} failed", count(rows.len()), count(failed))),
            ("answered", format!("half within {}, 95 % within {}", at(50), at(95))),
            ("cost", money(Some(sum("/cost_micro_usd")))),
            ("default models", money(Some(sum("/outcome/baseline_cost_micro_usd")))),
            ("saved", money(Some(sum("/outcome/saved_micro_usd")))),
        ],
    )
}

/// Who served, oldest to the left: each column is a part of the latest requests.
fn shares(rows: &[Value]) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for row in rows {
        *counts.entry(text(row, "/model")).or_default() += 1;
    }
    let mut order: Vec<_> = counts.into_iter().collect();
    order.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let colour = |model: &str| order.iter().position(|(known, _)| known == model).unwrap_or(COLOURS).min(COLOURS);
    let each = rows.len().div_ceil(COLUMNS).max(1);
    let mut svg = String::from(
        "<svg viewBox=\"0 0 400 120\" preserveAspectRatio=\"none\" class=\"chart\" role=\"img\" aria-label=\"share of each model over time\">",
    );
    let columns = rows.rchunks(each);
    for (place, column) in columns.enumerate() {
        let mut heights = [0_usize; COLOURS + 1];
        for row in column {
            if let Some(height) = heights.get_mut(colour(&text(row, "/model"))) {
                *height += 1;
            }
        }
        let mut below = 120;
        for (colour, count) in heights.iter().enumerate().filter(|(_, count)| **count > 0) {
            let height = (count * 120).div_ceil(column.len().max(1)).min(below);
            below -= height;
            svg.push_str(&format!(
                "<rect class=\"m{colour}\" x=\"{}\" y=\"{below}\" width=\"9\" height=\"{height}\"/>",
                place * 10
            ));
        }
    }
    svg.push_str("</svg>");
    let legend: String = order
        .iter()
        .take(COLOURS + 1)
        .map(|(model, count)| {
            let share = number_of(*count) / number_of(rows.len().max(1));
            format!("<li class=\"m{}\">{} <b>{}</b></li>", colour(model), escape(model), percent(Some(share)))
        })
        .collect();
    format!("<section><h2>Who serves, oldest to the left</h2>{svg}<ul class=\"legend\">{legend}</ul></section>")
}

fn number_of(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

fn floors(routes: &[Value]) -> String {
    let rows: Vec<_> = routes
        .iter()
        .filter(|route| !route["floor"].is_null())
        .map(|route| {
            let sure = number(route, "/floor/probability");
            let tone = match text(route, "/floor/state").as_str() {
                "green" => "good",
                "amber" => "warn",
                _ => "bad",
            };
            let saved = format!(
                "{} ({} to {})",
                percent(number(route, "/savings/share")),
                percent(number(route, "/savings/lower")),
                percent(number(route, "/savings/upper"))
            );
            vec![
                cell(&text(route, "/name")),
                figure(&percent(number(route, "/floor/floor"))),
                raw(bar(0.0, sure.unwrap_or(0.0), tone, Some(SAFE))),
                figure(&percent(sure)),
                figure(&saved),
            ]
        })
        .collect();
    table(
        "Quality and savings of routes that learn",
        &["route", "floor", "how sure it holds (safe from the mark on)", "", "saved, with 95 % confidence"],
        &rows,
        "No route learns yet: set strategy = \"feedback_driven\".",
    )
}

fn providers(routes: &[Value], decisions: &[Value]) -> String {
    let mut all: BTreeMap<String, (&str, usize)> = BTreeMap::new();
    for arm in routes.iter().flat_map(|route| items(route, "/arms")) {
        let state = match (arm["configured"] == true, arm["circuit"].as_str()) {
            (false, _) => "no key",
            (_, Some("open")) => "left alone after failures",
            (_, Some("half_open")) => "on trial after failures",
            _ => "well",
        };
        let known = all.entry(text(arm, "/provider")).or_insert((state, 0));
        if state != "well" {
            known.0 = state;
        }
    }
    for decision in decisions {
        if let Some(provider) = all.get_mut(&text(decision, "/provider")) {
            provider.1 += 1;
        }
    }
    let rows: Vec<_> = all
        .iter()
        .map(|(name, (state, served))| {
            let tone = if *state == "well" { "good" } else { "bad" };
            vec![cell(name), super::html::toned(state, tone), figure(&grouped(u64::try_from(*served).unwrap_or(0)))]
        })
        .collect();
    table("Providers", &["provider", "state", "of the latest requests"], &rows, "No route names a provider yet.")
}
