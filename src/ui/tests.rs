//! Pages from documents: what comes from outside is text, and everything fits.

use super::{Page, SCRIPT, STYLE, decision, decisions, experiments, login, overview, routes, session, sessions};
use serde_json::{Value, json};

const EVIL: &str = "<script>alert('x')</script>\"&";

fn evil_decision() -> Value {
    json!({"request_id": EVIL, "session_id": EVIL, "model": EVIL, "provider": EVIL, "floopy_reason": EVIL, "route": EVIL,
        "status": EVIL, "explanation": EVIL, "request_created_at": EVIL, "candidates": [{"model": EVIL, "quality": 0.5}],
        "filtered": [{"model": EVIL, "reason": EVIL}], "outcome": {"attempts": [{"model": EVIL, "error": EVIL}]},
        "credits": [{"source": EVIL, "credit": 0.5}]})
}

fn pages() -> Vec<String> {
    let list = json!({"items": [evil_decision()], "next_cursor": EVIL});
    let route = json!({"name": EVIL, "strategy": EVIL, "default_model": EVIL, "pinned": true, "floor": {"state": EVIL},
        "arms": [{"provider": EVIL, "model": EVIL, "stage": EVIL}]});
    let route_list = json!({"items": [route]});
    let session_list = json!({"items": [{"session_id": EVIL, "last_seen": EVIL}]});
    let experiment_list = json!({"items": [{"name": EVIL, "type": EVIL, "status": EVIL},
        {"id": EVIL, "name": EVIL, "status": "active"}]});
    vec![
        overview(&list, &route_list),
        decisions(&list, EVIL, EVIL),
        decision(&evil_decision(), true),
        sessions(&session_list),
        session(EVIL, &list),
        routes(&route_list, true),
        experiments(&experiment_list, true),
    ]
}

#[test]
fn what_comes_from_outside_is_text() {
    for page in pages() {
        assert!(!page.contains("<script") && !page.contains("alert('"), "{page}");
        assert!(!page.contains("\"\"&"), "an attribute ends where it should: {page}");
    }
}

#[test]
fn no_page_holds_a_style_a_script_or_another_host() {
    let shell = Page { title: "Overview", has_key: true, is_live: true, note: Some(EVIL) };
    for page in pages().iter().map(|main| shell.around(main)).chain([login(true), login(false)]) {
        for word in ["style=", "onclick", "http://", "https://", "//www", "javascript:"] {
            assert!(!page.contains(word), "{word}: {page}");
        }
    }
    assert!(!SCRIPT.contains("http") && !STYLE.contains("url(") && !STYLE.contains("@import"));
}

#[test]
fn a_page_with_all_it_loads_is_small() {
    let row = json!({"request_id": "00000000-0000-4000-8000-000000000000", "model": "gpt-4o-mini", "status": "ok",
        "floopy_reason": "gpt-4o-mini::exploit", "route": "auto", "request_created_at": "2026-01-15T12:34:56.000000Z",
        "latency_ms": 512, "cost_micro_usd": 1234, "outcome": {"saved_micro_usd": 1234}, "propensity": 0.5});
    let list = json!({"items": vec![row; 100], "next_cursor": null});
    let shell = Page { title: "Decisions", has_key: true, is_live: true, note: None };
    let whole = shell.around(&decisions(&list, "", "")).len() + STYLE.len() + SCRIPT.len();
    assert!(whole <= 150_000, "{whole} bytes");
}

#[test]
fn who_may_not_write_gets_no_buttons() {
    let route_list = json!({"items": [{"name": "auto", "pinned": false}]});
    assert!(routes(&route_list, true).contains("/ui/routes/auto/pin"));
    assert!(!routes(&route_list, false).contains("<form"));
    assert!(!decision(&evil_decision(), false).contains("<form"));
}

#[test]
fn nothing_is_shown_as_nothing() {
    for document in [Value::Null, json!({}), json!({"items": []}), json!({"items": [null, 3, "x"]})] {
        for page in
            [overview(&document, &document), decisions(&document, "", ""), sessions(&document), routes(&document, true)]
        {
            assert!(page.contains("<h1>"));
        }
        assert!(decision(&document, true).contains("<h1>") && session("s", &document).contains("<h1>"));
    }
}
