//! Routes: their models, what is believed of each, and the floor that holds them.

use super::html::{bar, cell, escape, facts, figure, raw, segment, table};
use crate::resource::read::{UNKNOWN, count, items, number, percent, phase, quality, text};
use serde_json::Value;

/// The page of all routes. With `may_write` they can be pinned and freed.
#[must_use]
pub fn routes(page: &Value, may_write: bool) -> String {
    let routes = items(page, "/items");
    let mut out = String::from("<h1>Routes</h1>");
    if routes.is_empty() {
        out.push_str("<p class=\"dim\">No routes yet: add a [[route]] to the configuration.</p>");
    }
    for route in routes {
        out.push_str(&one(route, may_write));
    }
    out
}

fn one(route: &Value, may_write: bool) -> String {
    let name = text(route, "/name");
    let pinned = route["pinned"] == true;
    let mut out = format!("<h2>{}</h2>", escape(&name));
    if may_write {
        let (order, words) =
            if pinned { ("unpin", "Let it choose again") } else { ("pin", "Pin to the default model") };
        out.push_str(&format!(
            "<form method=\"post\" action=\"/ui/routes/{}/{order}\"><button>{words}</button></form>",
            segment(&name)
        ));
    }
    let mut about = vec![
        ("strategy", text(route, "/strategy")),
        ("default model", text(route, "/default_model")),
        ("pinned", if pinned { "yes: everything goes to the default model".into() } else { "no".into() }),
    ];
    if !route["floor"].is_null() {
        let surplus = number(route, "/floor/surplus").unwrap_or(0.0);
        about.extend([
            ("phase", phase(&text(route, "/phase")).to_owned()),
            ("floor", format!("{} of the default model's quality", percent(number(route, "/floor/floor")))),
            ("it holds", format!("{} sure", percent(number(route, "/floor/probability")))),
            ("account", format!("{surplus:+.2}: quality above the floor, to be spent on trying")),
            ("saved", percent(number(route, "/savings/share"))),
            (
                "with 95 % confidence",
                format!("{} to {}", percent(number(route, "/savings/lower")), percent(number(route, "/savings/upper"))),
            ),
            ("drift alarms, 7 days", text(route, "/drift/recent_regressions/exact")),
        ]);
    }
    out.push_str(&facts("How it stands", &about));
    let rows: Vec<_> = items(route, "/arms")
        .iter()
        .map(|arm| {
            let (lower, mean) = (number(arm, "/quality_lower"), number(arm, "/quality"));
            let state = match (arm["circuit"].as_str(), arm["stage"].as_str()) {
                (Some("open"), _) => "failing",
                (_, Some("open")) => "in use",
                (_, Some(stage)) => stage,
                _ => "",
            };
            vec![
                cell(&format!("{}/{}", text(arm, "/provider"), text(arm, "/model"))),
                figure(&percent(number(arm, "/share"))),
                figure(&quality(mean)),
                raw(mean.map_or_else(String::new, |mean| bar(lower.unwrap_or(mean), mean, "accent", None))),
                figure(&count(arm, "/samples")),
                figure(&number(arm, "/relative_cost").map_or(UNKNOWN.into(), |cost| format!("{:.0} %", cost * 100.0))),
                cell(state),
            ]
        })
        .collect();
    let heads =
        ["model", "share", "quality", "0 to 100: lower bound to expected", "seen", "cost of the default's", "state"];
    out.push_str(&table("Models", &heads, &rows, "It has no models."));
    format!("<section>{out}</section>")
}
