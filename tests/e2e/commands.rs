//! The commands against a running server: what they print, where, and how they end.

use crate::fake::Fake;
use crate::harness::{Gateway, floopy, free_port, run, wait_for};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;
use tempfile::TempDir;

/// Runs a command against the gateway, in its folder: exit code, stdout, stderr.
pub(crate) fn command(gateway: &Gateway, args: &[&str]) -> (i32, String, String) {
    let mut command = floopy(&gateway.folder);
    run({
        command.args(args).env("FLOOPY_URL", format!("http://{}", gateway.address));
        command
    })
}

/// The same, where it has to end well.
pub(crate) fn data(gateway: &Gateway, args: &[&str]) -> String {
    let (code, out, err) = command(gateway, args);
    assert_eq!(code, 0, "{args:?}: {out}{err}");
    out
}

pub(crate) fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Makes `count` calls in session `id` and waits until their decisions are listed.
fn calls(gateway: &Gateway, id: &str, count: usize) -> Vec<String> {
    let answers: Vec<_> = (0..count).map(|_| gateway.chat("up/cheap", &[("floopy-session-id", id)])).collect();
    answers.iter().map(|answer| gateway.decision(answer)["request_id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_way_to_end_has_its_code() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let code = |args: &[&str]| command(&gateway, args).0;
    assert_eq!(code(&["decisions"]), 0);
    assert_eq!(code(&["--version"]), 0);
    assert_eq!(code(&["nonsense"]), 2);
    assert_eq!(code(&["decisions", "get", "nonsense"]), 2);
    assert_eq!(code(&["decisions", "get", "00000000-0000-4000-8000-000000000000"]), 1);
    assert_eq!(code(&["decisions", "--url", "nonsense"]), 2);
    assert_eq!(code(&["decisions", "--url", &format!("http://127.0.0.1:{}", free_port())]), 69);
    assert_eq!(code(&["feedback", "--score", "11"]), 1);
    std::fs::write(gateway.folder.join("bad.toml"), "nonsense = 1\n").unwrap();
    assert_eq!(code(&["config", "check", "--config", "bad.toml"]), 64);
    assert_eq!(code(&["keys", "create", "first"]), 0);
    assert_eq!(code(&["decisions", "--key", "fl_wrong"]), 77);
}

#[test]
fn a_list_has_four_forms_and_a_pipe_gets_no_colour() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let long = "a-session-whose-name-is-so-long-that-a-narrow-terminal-would-have-to-shorten-it";
    let id = calls(&gateway, long, 1).remove(0);
    let human = data(&gateway, &["decisions"]);
    assert!(human.contains(&id) && human.contains(long) && !human.contains('\x1b'), "{human}");
    let page = json(&data(&gateway, &["decisions", "--format", "json"]));
    assert_eq!(page["items"][0]["request_id"], id.as_str());
    assert_eq!(page["has_more"], false);
    let line = data(&gateway, &["decisions", "list", "--format", "jsonl"]);
    assert_eq!(json(&line)["session_id"], long);
    let csv = data(&gateway, &["decisions", "--format", "csv"]);
    let rows: Vec<_> = csv.lines().collect();
    assert!(rows[0].starts_with("time,request_id,status,") && rows[1].contains(&id), "{csv}");
    let one = data(&gateway, &["decisions", "get", &id]);
    assert!(one.contains("candidates") && one.contains("attempts") && one.contains("cheap"), "{one}");
    assert_eq!(json(&data(&gateway, &["decisions", "get", &id, "--format", "json"]))["request_id"], id.as_str());
}

#[test]
fn filters_and_pages_reach_every_decision_once() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let mut wanted = calls(&gateway, "wanted", 7);
    calls(&gateway, "other", 2);
    let all = data(&gateway, &["decisions", "--session", "wanted", "--limit", "2", "--all", "--format", "jsonl"]);
    let mut found: Vec<_> = all.lines().map(|line| json(line)["request_id"].as_str().unwrap().to_owned()).collect();
    found.sort();
    wanted.sort();
    assert_eq!(found, wanted);
    let (_, out, err) = command(&gateway, &["decisions", "--limit", "2"]);
    assert_eq!(out.lines().count(), 3, "a header and two rows: {out}");
    assert!(err.contains("--cursor"), "how to go on stands on stderr: {err}");
    let first = json(&data(&gateway, &["decisions", "--limit", "2", "--format", "json"]));
    let cursor = first["next_cursor"].as_str().unwrap();
    let next = json(&data(&gateway, &["decisions", "--limit", "2", "--cursor", cursor, "--format", "json"]));
    assert_ne!(first["items"][0]["request_id"], next["items"][0]["request_id"]);
    assert_eq!(data(&gateway, &["decisions", "--to", "1h", "--format", "jsonl"]), "", "nothing is an hour old");
    assert_eq!(data(&gateway, &["decisions", "--from", "1h", "--format", "jsonl"]).lines().count(), 9);
    assert_eq!(data(&gateway, &["decisions", "--status", "error", "--format", "jsonl"]), "");
}

#[test]
fn a_reader_that_leaves_ends_a_list_quietly() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    calls(&gateway, "s", 3);
    let mut command = floopy(&gateway.folder);
    command.args(["decisions", "--limit", "1", "--all", "--format", "jsonl", "--url"]);
    let mut child = command
        .arg(format!("http://{}", gateway.address))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::with_capacity(1, child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    let status = wait_for("the command's end", || child.try_wait().unwrap());
    assert_eq!((status.code(), err.as_str()), (Some(0), ""));
}

#[test]
fn feedback_and_ratings_are_given_and_seen() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let id = calls(&gateway, "s", 1).remove(0);
    let give = ["feedback", "s", "--score", "9", "--comment", "fine", "--dimension", "tone=8", "--format", "json"];
    assert_eq!(json(&data(&gateway, &give))["duplicate"], false);
    let (code, out, err) = command(&gateway, &["feedback", "s", "--score", "1"]);
    assert!(code == 0 && out.contains("yes") && err.contains("first one stands"), "{code}: {out}{err}");
    let rated = json(&data(&gateway, &["rate", &id, "80", "--note", "looked at", "--format", "json"]));
    assert_eq!(rated["rating"]["score"], 80.0);
    let sessions = json(&data(&gateway, &["sessions", "--format", "json"]));
    assert_eq!(
        (sessions["items"][0]["session_id"].as_str(), sessions["items"][0]["score"].as_f64()),
        (Some("s"), Some(9.0))
    );
    let shown = data(&gateway, &["sessions", "show", "s"]);
    assert!(shown.contains(&id) && shown.contains("user:") && shown.contains("hello"), "{shown}");
}

#[test]
fn routes_are_shown_and_pinned() {
    let fake = Fake::start();
    let route = "[[route]]\nname = \"auto\"\nstrategy = \"round_robin\"\nsticky = \"request\"\n\
                 default_model = \"up/dear\"\ncandidates = [\"up/cheap\"]\n";
    let gateway = Gateway::start(&fake, route);
    let listed = data(&gateway, &["routes"]);
    for word in ["auto", "round_robin", "up/dear"] {
        assert!(listed.contains(word), "{word}: {listed}");
    }
    let pinned = |args: &[&str]| json(&data(&gateway, args))["pinned"].as_bool();
    assert_eq!(pinned(&["routes", "show", "auto", "--format", "json"]), Some(false));
    assert_eq!(pinned(&["routes", "pin", "auto", "--format", "json"]), Some(true));
    assert_eq!(gateway.chat("auto", &[]).header("floopy-model"), Some("dear"));
    assert_eq!(pinned(&["routes", "unpin", "auto", "--format", "json"]), Some(false));
    assert_eq!(command(&gateway, &["routes", "show", "none"]).0, 1);
}

#[test]
fn keys_are_made_shown_once_and_revoked() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let made = json(&data(&gateway, &["keys", "create", "ci", "--permissions", "read", "--format", "json"]));
    let (secret, id) = (made["secret"].as_str().unwrap(), made["id"].as_str().unwrap());
    let listed = data(&gateway, &["keys"]);
    assert!(listed.contains(id) && listed.contains("ci") && !listed.contains(secret), "{listed}");
    assert_eq!(command(&gateway, &["decisions", "--key", secret]).0, 0);
    let (code, _, err) = command(&gateway, &["keys", "list", "--key", secret]);
    assert!(code == 77 && err.contains("admin_permission"), "{code}: {err}");
    assert_eq!(data(&gateway, &["keys", "revoke", id]), "");
    assert_eq!(command(&gateway, &["decisions", "--key", secret]).0, 77);
    assert_eq!(command(&gateway, &["keys", "revoke", id]).0, 1);
}

#[test]
fn a_store_is_proved_whole_running_and_at_rest() {
    let fake = Fake::start();
    let mut gateway = Gateway::start(&fake, "");
    calls(&gateway, "s", 2);
    let running = json(&data(&gateway, &["verify", "--format", "json"]));
    assert_eq!((running["whole"].as_bool(), running["decisions"].as_u64()), (Some(true), Some(2)));
    let (code, _, err) = command(&gateway, &["verify", "--store", "data"]);
    assert!(code == 1 && err.contains("another process"), "{code}: {err}");
    gateway.signal("TERM");
    gateway.wait();
    let resting = json(&data(&gateway, &["verify", "--store", "data/floopy.redb", "--format", "json"]));
    assert_eq!(running, resting);
    assert_eq!(command(&gateway, &["verify", "--store", "nowhere"]).0, 2);
    let doctor = data(&gateway, &["doctor"]);
    assert!(doctor.contains("whole") && doctor.contains("none is running"), "{doctor}");
}

#[test]
fn doctor_names_what_is_wrong_and_what_to_do() {
    use std::os::unix::fs::PermissionsExt;
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let (code, out, err) = command(&gateway, &["doctor"]);
    assert!(code == 0 && out.contains("takes requests"), "{code}: {out}{err}");
    let key = gateway.folder.join("data/admin.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let (code, out, _) = command(&gateway, &["doctor"]);
    assert!(code == 1 && out.contains("chmod 600"), "{code}: {out}");
    let found = json(&command(&gateway, &["doctor", "--format", "json"]).1);
    let levels: Vec<_> = found["items"].as_array().unwrap().iter().filter(|item| item["level"] == "fail").collect();
    assert_eq!(levels.len(), 1, "{found}");
}

#[test]
fn health_is_asked_without_a_key() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    data(&gateway, &["keys", "create", "first"]);
    assert_eq!(data(&gateway, &["healthz"]), "ok\n");
    assert_eq!(data(&gateway, &["healthz", "--ready"]), "ready\n");
    let nobody = format!("http://127.0.0.1:{}", free_port());
    assert_eq!(command(&gateway, &["healthz", "--url", &nobody]).0, 69);
}

#[test]
fn the_demo_plays_counts_and_ends_by_itself() {
    let folder = TempDir::new().unwrap();
    let play = |format: &str| {
        let mut command = floopy(folder.path());
        command.args(["demo", "--sessions", "12", "--seed", "7", "--format", format]);
        run(command)
    };
    let (code, out, err) = play("json");
    assert_eq!(code, 0, "{out}{err}");
    let summary = json(&out);
    assert_eq!(summary["sessions"], 12);
    let requests = summary["total"]["requests"].as_u64().unwrap();
    let shares: u64 = summary["routes"].as_array().unwrap().iter().map(|row| row["requests"].as_u64().unwrap()).sum();
    assert_eq!(requests, shares);
    assert!(summary["total"]["cost_micro_usd"].as_i64().unwrap() > 0);
    let (code, out, err) = play("human");
    assert!(code == 0 && out.contains("how it learns") && !out.contains('\x1b'), "{code}: {out}{err}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "a demo leaves nothing behind");
}

#[test]
fn serve_says_what_it_found_and_what_to_try() {
    let folder = TempDir::new().unwrap();
    let port = free_port();
    let mut command = floopy(folder.path());
    command.args(["serve", "--listen", &format!("127.0.0.1:{port}")]).stdout(Stdio::null());
    let mut child = command.stderr(std::fs::File::create(folder.path().join("log")).unwrap()).spawn().unwrap();
    let text = wait_for("the greeting", || {
        let text = std::fs::read_to_string(folder.path().join("log")).unwrap();
        text.contains("curl").then_some(text)
    });
    child.kill().unwrap();
    child.wait().unwrap();
    for word in [format!("127.0.0.1:{port}"), "replay".into(), "floopy-data".into()] {
        assert!(text.contains(&word), "{word}: {text}");
    }
}

#[test]
fn a_configuration_is_written_once_and_is_right() {
    let folder = TempDir::new().unwrap();
    let config = |args: &[&str]| {
        let mut command = floopy(folder.path());
        command.arg("config").args(args).env("OPENAI_API_KEY", "x").env("ANTHROPIC_API_KEY", "x");
        run(command)
    };
    assert_eq!(config(&["init"]).0, 0);
    let (code, _, err) = config(&["init"]);
    assert!(code == 1 && err.contains("--force"), "{code}: {err}");
    let (code, out, err) = config(&["check"]);
    assert_eq!(code, 0, "{out}{err}");
    let file = folder.path().join("floopy.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(config(&["init", "-"]).1, text);
    assert!(text.contains("[savings]\n# rate = "), "{text}");
    std::fs::write(&file, text.replace("[savings]\n# rate = ", "[savings]\nrate = ")).unwrap();
    let (code, out, err) = config(&["show", "--origin"]);
    assert!(code == 0 && out.contains("server.listen") && out.contains("floopy.toml:"), "{out}{err}");
}
