//! The terminal screen: the real program in a terminal, against a real gateway.

use crate::commands::{command, data, json};
use crate::fake::Fake;
use crate::harness::{Gateway, floopy, free_port};
use crate::pty::Pty;
use std::process::Command;

const ROUTE: &str = "[[route]]\nname = \"auto\"\nstrategy = \"feedback_driven\"\ndefault_model = \"up/dear\"\ncandidates = [\"up/cheap\"]\n";

fn screen(gateway: &Gateway, more: &[&str]) -> Command {
    let mut command = floopy(&gateway.folder);
    command.arg("tui").args(more).env("TERM", "xterm-256color");
    command.env("FLOOPY_URL", format!("http://{}", gateway.address));
    command
}

#[test]
fn one_frame_prints_anywhere() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, ROUTE);
    gateway.decision(&gateway.chat("auto", &[("floopy-session-id", "once")]));
    let frame = data(&gateway, &["tui", "--once", "--size", "100x30"]);
    assert_eq!(frame.lines().count(), 30, "{frame}");
    assert!(frame.contains("Who serves") && frame.contains("● live") && !frame.contains('\x1b'), "{frame}");
    let decisions = data(&gateway, &["tui", "--once", "--view", "decisions", "--size", "160x30"]);
    assert!(decisions.contains("auto") && decisions.contains("once"), "{decisions}");
    let coloured = data(&gateway, &["tui", "--once", "--theme", "dark"]);
    assert!(coloured.contains("\x1b["), "colours are there for whoever asks for them");
}

#[test]
fn what_was_spent_this_month_stands_beside_the_budget() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, ROUTE);
    gateway.decision(&gateway.chat("auto", &[]));
    let without = data(&gateway, &["tui", "--once", "--size", "160x40"]);
    assert!(without.contains("budget none"), "{without}");
    data(&gateway, &["constraints", "set", "cost_limit_monthly_usd=0.01"]);
    let spent = gateway.get("/v1/savings").json()["total"]["actual_micro_usd"].as_f64().unwrap();
    assert!(spent > 0.0);
    let frame = data(&gateway, &["tui", "--once", "--size", "160x40"]);
    let share = frame.split("budget ").nth(1).and_then(|rest| rest.split(" %").next()?.trim().parse::<f64>().ok());
    let share = share.unwrap_or_else(|| panic!("{frame}"));
    assert!((share - spent / 100.0).abs() < 1.0 && frame.contains("of $0.01 this month"), "{share}: {frame}");
}

#[test]
fn what_cannot_be_shown_says_why() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let (code, out, err) = command(&gateway, &["tui"]);
    assert_eq!((code, out.as_str()), (2, ""), "{err}");
    assert!(err.contains("--once"), "{err}");
    assert_eq!(command(&gateway, &["tui", "--once", "--size", "0x7"]).0, 2);
    let nobody = format!("http://127.0.0.1:{}", free_port());
    assert_eq!(command(&gateway, &["tui", "--once", "--url", &nobody]).0, 69);
    data(&gateway, &["keys", "create", "first"]);
    assert_eq!(command(&gateway, &["tui", "--once", "--key", "fl_wrong"]).0, 77);
}

#[test]
fn decisions_appear_live_and_are_rated_from_the_screen() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, ROUTE);
    let mut pty = Pty::start(screen(&gateway, &[]), (100, 30));
    pty.wait_for("● live");
    pty.press("2");
    pty.wait_for("nothing yet");
    let id = gateway.decision(&gateway.chat("auto", &[]))["request_id"].as_str().unwrap().to_owned();
    pty.wait_for("1 of the last 1");
    pty.press("\r");
    pty.wait_for("Who could serve");
    pty.press("r87\r");
    pty.wait_for("is rated 87 of 100");
    assert_eq!(gateway.decision_by_id(&id)["rating"]["score"], 87.0);
    // Routes: pinned after a yes, and freed again.
    pty.press("4");
    pty.wait_for("feedback_driven");
    pty.press("py");
    pty.wait_for("is pinned to its default model");
    assert_eq!(gateway.get("/v1/routes/auto").json()["pinned"], true);
    pty.press("5");
    pty.wait_for("Experiments");
    pty.press("q");
    assert_eq!(pty.end().0.code(), Some(0));
}

#[test]
fn every_size_is_survived_and_the_terminal_is_given_back() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, ROUTE);
    let mut pty = Pty::start(screen(&gateway, &[]), (80, 24));
    pty.wait_for("Who serves");
    assert!(!pty.is_as_shells_expect(), "keys come one by one");
    pty.resize((20, 5));
    pty.wait_for("enlarge");
    for (size, expected) in [((120, 40), "6 Providers"), ((200, 60), "6 Providers"), ((80, 24), "7 Log")] {
        pty.resize(size);
        pty.wait_for(expected);
    }
    pty.press("?");
    pty.wait_for("baseline");
    pty.press("x\x03");
    crate::harness::wait_for("the terminal given back", || pty.is_as_shells_expect().then_some(()));
    let (status, written) = pty.end();
    assert_eq!(status.code(), Some(0));
    let (before, after) = written.rsplit_once("\x1b[?1049l").expect("the other screen is left");
    assert!(after.contains("\x1b[?25h"), "the cursor is shown again");
    assert!(before.contains("\x1b[?1000l"), "the mouse is free again");
}

#[test]
fn a_gateway_that_comes_back_is_found_again() {
    let fake = Fake::start();
    let folder = tempfile::TempDir::new().unwrap();
    let mut gateway = Gateway::start_in(folder.path(), &fake, ROUTE);
    let mut pty = Pty::start(screen(&gateway, &["--view", "decisions"]), (100, 30));
    pty.wait_for("● live");
    gateway.decision(&gateway.chat("auto", &[]));
    pty.wait_for("1 of the last 1");
    gateway.kill();
    pty.wait_for("connection lost");
    gateway.restart();
    pty.wait_for("● live");
    gateway.decision(&gateway.chat("auto", &[]));
    pty.wait_for("2 of the last 2");
    pty.press("q");
    assert_eq!(pty.end().0.code(), Some(0));
}

#[test]
fn a_key_that_may_only_read_sees_and_changes_nothing() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, ROUTE);
    let made = json(&data(&gateway, &["keys", "create", "reader", "--permissions", "read", "--format", "json"]));
    let secret = made["secret"].as_str().unwrap_or_else(|| panic!("{made}"));
    let mut pty = Pty::start(screen(&gateway, &["--view", "routes", "--key", secret]), (120, 30));
    pty.wait_for("read-only");
    pty.press("p");
    pty.wait_for("may only read");
    pty.press("yq");
    assert_eq!(pty.end().0.code(), Some(0));
    let local = std::fs::read_to_string(gateway.folder.join("data/admin.key")).unwrap();
    let bearer = format!("Bearer {}", local.trim());
    let route = crate::http::call(gateway.address, "GET", "/v1/routes/auto", &[("authorization", &bearer)], b"");
    assert_eq!(route.json()["pinned"], false);
}

#[test]
fn a_signal_that_ends_it_leaves_the_terminal_usable() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let pty = Pty::start(screen(&gateway, &[]), (80, 24));
    pty.wait_for("● live");
    pty.signal("TERM");
    crate::harness::wait_for("the terminal given back", || pty.is_as_shells_expect().then_some(()));
    assert_eq!(pty.end().0.code(), Some(0));
}

#[test]
fn a_window_that_is_shut_ends_it() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let pty = Pty::start(screen(&gateway, &[]), (80, 24));
    pty.wait_for("● live");
    pty.hang_up();
}
