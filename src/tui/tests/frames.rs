//! Golden frames: what every view looks like. `UPDATE_GOLDEN=1` rewrites them; the diff is read as a change of
//! the product.

use super::story::{app, frame, press, results, told, write};
use crate::tui::{Ask, Event, Key, Link, Look, Problem, View};
use std::path::Path;

fn check(name: &str, fresh: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/tui").join(format!("{name}.txt"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(&path, fresh).expect("written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(kept, fresh, "{} is out of date: UPDATE_GOLDEN=1 cargo test golden", path.display());
}

#[test]
fn golden_views_at_three_sizes() {
    for view in View::ALL {
        for (width, height) in [(80, 24), (120, 40), (200, 60)] {
            let mut app = told(view);
            check(&format!("{}-{width}x{height}", view.name().to_lowercase()), &frame(&mut app, width, height));
        }
    }
}

#[test]
fn golden_an_empty_gateway_says_what_to_do() {
    let mut app = app(View::Overview);
    check("overview-empty", &frame(&mut app, 80, 24));
    press(&mut app, &[Key::Char('2')]);
    check("decisions-empty", &frame(&mut app, 80, 24));
}

#[test]
fn golden_a_decision_shows_all_that_it_weighed() {
    let mut app = told(View::Decisions);
    press(&mut app, &[Key::Char('j'), Key::Enter]);
    check("decision", &frame(&mut app, 120, 60));
    check("decision-80x24", &frame(&mut app, 80, 24));
    press(&mut app, &[Key::Char('G')]);
    assert!(frame(&mut app, 80, 24).contains("before it"), "its end can be reached");
}

#[test]
fn golden_a_session_is_a_waterfall() {
    let mut app = told(View::Sessions);
    press(&mut app, &[Key::Enter]);
    check("session", &frame(&mut app, 120, 30));
}

#[test]
fn golden_evidence_grows_over_time() {
    let mut app = told(View::Experiments);
    press(&mut app, &[Key::Enter]);
    for step in 1..40 {
        app.on(Event::Answer(Ask::Results("exp-1".into()), Ok(results(1.1_f64.powi(step)))));
    }
    check("experiment", &frame(&mut app, 100, 30));
}

#[test]
fn golden_what_lies_over_a_view() {
    let mut app = told(View::Routes);
    press(&mut app, &[Key::Char('?')]);
    check("help", &frame(&mut app, 100, 30));
    check("help-80x24", &frame(&mut app, 80, 24));
    press(&mut app, &[Key::Esc, Key::Char('p')]);
    check("pin", &frame(&mut app, 80, 24));
    press(&mut app, &[Key::Esc, Key::Char('e')]);
    app.on(Event::Paste("Summarise this\nreport".into()));
    check("explain-asks", &frame(&mut app, 80, 24));
    press(&mut app, &[Key::Enter]);
    check("explain", &frame(&mut app, 100, 30));
}

#[test]
fn golden_a_filter_and_a_rating_being_typed() {
    let mut app = told(View::Decisions);
    write(&mut app, "/ERROR gpt");
    check("filter", &frame(&mut app, 80, 24));
    press(&mut app, &[Key::Enter]);
    write(&mut app, "r9x5");
    check("rate", &frame(&mut app, 80, 24));
}

#[test]
fn golden_a_lost_connection_and_a_server_without_an_endpoint() {
    let mut app = told(View::Experiments);
    let gone = || Err(Problem { status: Some(404), message: "nothing is served at \"/v1/experiments\"".into() });
    app.on(Event::Answer(Ask::Experiments, gone()));
    app.on(Event::Link(Link::Lost("connection refused".into())));
    check("lost", &frame(&mut app, 80, 24));
}

#[test]
fn a_small_terminal_is_told_so() {
    for (width, height) in [(20, 5), (1, 1), (39, 30), (80, 9), (0, 0)] {
        let mut app = told(View::Overview);
        let frame = frame(&mut app, width, height);
        assert!(!frame.contains('╭'), "{width}x{height}: {frame}");
    }
}

#[test]
fn every_look_draws_the_same_text() {
    let plain = frame(&mut told(View::Routes), 100, 30);
    for look in [Look::Dark, Look::Light, Look::Sixteen] {
        let mut app = told(View::Routes);
        app.look = look;
        assert_eq!(frame(&mut app, 100, 30), plain, "{look:?}");
    }
}
