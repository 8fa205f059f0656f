//! Experiments and where each stands.

use super::html::{cell, escape, figure, table};
use crate::resource::read::{items, number, percent, text};
use serde_json::Value;

/// The page of all experiments; `None` = this server has none to offer, for this reason.
#[must_use]
pub fn experiments(page: Result<&Value, &str>) -> String {
    let page = match page {
        Ok(page) => page,
        Err(why) => return format!("<h1>Experiments</h1><p class=\"dim\">{}</p>", escape(why)),
    };
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
            ]
        })
        .collect();
    let heads = ["name", "kind", "state", "share", "baseline", "candidate"];
    format!("<h1>Experiments</h1>{}", table("All", &heads, &rows, "No experiments yet."))
}
