//! Experiments and where each stands.

use super::html::{cell, escape, figure, raw, segment, table};
use crate::resource::read::{items, number, percent, text};
use serde_json::Value;

/// The page of all experiments. With `may_write` those that run can be rolled back.
#[must_use]
pub fn experiments(page: &Value, may_write: bool) -> String {
    let rows: Vec<_> = items(page, "/items")
        .iter()
        .map(|one| {
            let share = number(one, "/traffic_pct").or_else(|| number(one, "/split_percentage"));
            vec![
                cell(&text(one, "/name")),
                cell(&text(one, "/type")),
                cell(&text(one, "/status").replace('_', " ")),
                figure(&percent(share.map(|share| share / 100.0))),
                cell(&text(one, "/baseline/model")),
                cell(&text(one, "/candidate/model")),
                raw(if may_write && one["status"] == "active" { rollback(one) } else { String::new() }),
            ]
        })
        .collect();
    let heads = ["name", "kind", "state", "share", "baseline", "candidate", ""];
    format!("<h1>Experiments</h1>{}", table("All", &heads, &rows, "No experiments yet."))
}

/// The button that ends one. Its label says what happens, since nothing asks again.
fn rollback(one: &Value) -> String {
    format!(
        "<form method=\"post\" action=\"/ui/experiments/{}/rollback\"><button aria-label=\"Roll {} back: all its traffic \
         returns to the baseline at once\">Roll back</button></form>",
        segment(&text(one, "/id")),
        escape(&text(one, "/name"))
    )
}
