//! What keys ask for, and what they leave alone.

use super::story::{NOW, app, decision, frame, press, told, traffic, write};
use crate::base::Timestamp;
use crate::tui::{Ask, Effect, Event, Key, Link, Live, Problem, View};
use serde_json::{Value, json};

fn asks(effects: &[Effect]) -> Vec<Ask> {
    let ask = |effect: &Effect| match effect {
        Effect::Ask(ask) => Some(ask.clone()),
        _ => None,
    };
    effects.iter().filter_map(ask).collect()
}

#[test]
fn only_what_is_in_sight_is_asked_for_and_not_twice() {
    let mut app = app(View::Overview);
    let first = asks(&app.on(Event::Tick(NOW)));
    assert_eq!(first, [Ask::MayWrite, Ask::Routes, Ask::Constraints]);
    assert_eq!(app.on(Event::Tick(NOW.plus(std::time::Duration::from_secs(1)))), [], "they are under way");
    app.on(Event::Answer(Ask::Routes, Ok(json!({"items": []}))));
    let later = NOW.plus(std::time::Duration::from_secs(60));
    assert_eq!(asks(&app.on(Event::Tick(later))), [Ask::Routes]);
    assert_eq!(asks(&app.on(Event::Key(Key::Char('3')))), [Ask::Sessions]);
    assert_eq!(app.on(Event::Key(Key::Char('7'))), []);
}

#[test]
fn a_rating_is_checked_before_it_is_sent() {
    let mut app = told(View::Decisions);
    write(&mut app, "r101");
    assert_eq!(app.on(Event::Key(Key::Enter)), [], "101 is no rating");
    assert!(frame(&mut app, 80, 24).contains("0 to 100"));
    write(&mut app, "r95");
    let id = "00000000-0000-4000-8000-000000000119".to_owned();
    assert_eq!(app.on(Event::Key(Key::Enter)), [Effect::Ask(Ask::Rate { id: id.clone(), score: 95 })]);
    app.on(Event::Answer(Ask::Rate { id, score: 95 }, Ok(Value::Null)));
    assert!(frame(&mut app, 80, 24).contains("is rated 95 of 100"));
}

#[test]
fn an_order_needs_a_yes() {
    let mut app = told(View::Routes);
    press(&mut app, &[Key::Char('p')]);
    assert_eq!(app.on(Event::Key(Key::Char('n'))), []);
    press(&mut app, &[Key::Char('p')]);
    assert_eq!(app.on(Event::Key(Key::Char('y'))), [Effect::Ask(Ask::Pin("auto".into()))]);
    press(&mut app, &[Key::Char('j'), Key::Char('p')]);
    assert_eq!(app.on(Event::Key(Key::Enter)), [Effect::Ask(Ask::Unpin("split".into()))], "a pinned one is freed");
    let mut app = told(View::Experiments);
    press(&mut app, &[Key::Char('b')]);
    assert_eq!(app.on(Event::Key(Key::Char('y'))), [Effect::Ask(Ask::Rollback("exp-1".into()))]);
}

#[test]
fn a_key_that_may_only_read_gives_no_orders() {
    let mut app = told(View::Routes);
    app.on(Event::Answer(Ask::MayWrite, Ok(Value::Bool(false))));
    press(&mut app, &[Key::Char('p')]);
    assert!(frame(&mut app, 80, 24).contains("may only read"));
    assert_eq!(app.on(Event::Key(Key::Char('y'))), []);
    press(&mut app, &[Key::Char('2'), Key::Char('r')]);
    assert_eq!(asks(&app.on(Event::Key(Key::Enter))).len(), 1, "enter opens a decision: nothing is being typed");
    press(&mut app, &[Key::Char('4'), Key::Char('e')]);
    write(&mut app, "hello");
    let explain = Ask::Explain { route: "auto".into(), text: "hello".into() };
    assert_eq!(app.on(Event::Key(Key::Enter)), [Effect::Ask(explain)], "a dry run changes nothing");
}

#[test]
fn a_pause_holds_the_list_and_the_chosen_line_stays_on_its_decision() {
    let mut app = told(View::Decisions);
    press(&mut app, &[Key::Char('j'), Key::Char('j')]);
    let chosen = |app: &crate::tui::App| app.shown().nth(app.cursor()).expect("a line").id.clone();
    let before = chosen(&app);
    let arrive = |app: &mut crate::tui::App, number: u32| {
        app.on(Event::Live(Live::Decision(decision(number, 0, "gpt-4o", "exploit", "ok").to_string())));
    };
    arrive(&mut app, 900);
    assert_eq!(chosen(&app), before);
    press(&mut app, &[Key::Char(' ')]);
    let top = app.shown().next().expect("a line").id.clone();
    arrive(&mut app, 901);
    assert_eq!(app.shown().next().expect("a line").id, top);
    assert!(frame(&mut app, 100, 24).contains("paused, 1 new"));
    press(&mut app, &[Key::Char(' ')]);
    assert_ne!(app.shown().next().expect("a line").id, top);
}

#[test]
fn a_click_goes_where_it_points() {
    let mut app = told(View::Overview);
    let text = frame(&mut app, 100, 30);
    let column = text.lines().next().and_then(|line| line.find("Sessions")).expect("the tab is there");
    app.on(Event::Click(u16::try_from(column).expect("on the screen"), 0));
    assert_eq!(app.view, View::Sessions);
    let mut app = told(View::Decisions);
    frame(&mut app, 100, 30);
    app.on(Event::Click(5, 6));
    assert_eq!(app.cursor(), 3, "the fourth line: two lines of frame and a head stand above it");
    let effects = app.on(Event::Click(5, 6));
    assert_eq!(asks(&effects).len(), 1, "clicked again, it opens");
    app.on(Event::Key(Key::Esc));
    app.on(Event::Wheel(true));
    assert_eq!(app.cursor(), 6);
}

#[test]
fn a_decision_is_counted_once_however_it_comes() {
    let mut app = app(View::Decisions);
    traffic(&mut app);
    let page =
        json!({"items": [decision(119, 1, "gpt-4o", "exploit", "ok"), decision(500, 2, "gpt-4o", "exploit", "ok")]});
    app.on(Event::Answer(Ask::Recent, Ok(page)));
    assert_eq!(app.rows.len(), 121);
    assert_eq!(app.traffic.requests, 120, "what happened before is in no sum of this screen");
}

#[test]
fn memory_is_bounded() {
    let mut app = app(View::Decisions);
    for number in 0..10_000 {
        let model = format!("model-{}", number % 100);
        let old = i64::from(number % 2_000);
        app.on(Event::Live(Live::Decision(decision(number, old, &model, "exploit", "error").to_string())));
    }
    assert_eq!((app.rows.len(), app.log.len()), (2_000, 500));
    assert!(app.traffic.shares(NOW.seconds(), 50).len() <= 8);
}

#[test]
fn a_connection_that_comes_back_fills_the_gap() {
    let mut app = told(View::Overview);
    app.on(Event::Link(Link::Lost("reset".into())));
    assert_eq!(app.on(Event::Link(Link::Live)), [Effect::Ask(Ask::Recent)]);
}

#[test]
fn an_answer_that_comes_too_late_changes_nothing() {
    let mut app = told(View::Decisions);
    press(&mut app, &[Key::Enter, Key::Esc]);
    app.on(Event::Answer(Ask::Decision("another".into()), Ok(Value::Null)));
    assert!(app.decisions.open.is_none());
    app.on(Event::Answer(Ask::Explain { route: "auto".into(), text: "x".into() }, Ok(Value::Null)));
    assert!(app.overlay.is_none());
}

#[test]
fn what_a_server_says_never_steers_the_terminal() {
    let mut app = told(View::Decisions);
    let evil = decision(700, 0, "gpt\u{1b}[31m\u{9b}2J", "x\u{7}", "ok").to_string();
    app.on(Event::Live(Live::Decision(evil)));
    app.on(Event::Answer(
        Ask::Rate { id: "x".into(), score: 1 },
        Err(Problem { status: None, message: "a\u{1b}]0;b".into() }),
    ));
    let text = frame(&mut app, 120, 30);
    assert!(!text.chars().any(|sign| sign.is_control() && sign != '\n'), "{text:?}");
}

#[test]
fn the_clock_of_the_server_may_be_anywhere() {
    let mut app = told(View::Overview);
    for at in [i64::MIN, 0, i64::MAX] {
        app.on(Event::Tick(Timestamp(at)));
        frame(&mut app, 120, 40);
    }
}
