//! `kill -9` under load: the store opens by itself, its chain verifies, no acknowledged feedback is lost.

use crate::fake::Fake;
use crate::harness::{Gateway, chat_body, floopy, run};
use crate::http::Connection;
use serde_json::{Value, json};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often the gateway is killed. `FLOOPY_KILLS` sets another number.
fn kills() -> u32 {
    std::env::var("FLOOPY_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(12)
}

/// A small generator, so that a failing run can be repeated from its seed.
fn next(seed: &mut u64) -> u64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    *seed
}

/// Chats and rates until the gateway is gone; notes the sessions whose feedback was acknowledged.
fn play(address: std::net::SocketAddr, worker: u64, round: u32, rated: &Mutex<Vec<String>>, gone: &AtomicBool) {
    let mut count = 0;
    let mut connection = Connection::open(address);
    let mut ask = |path: &str, session: &str, body: &Value| -> Option<u16> {
        let headers = [("content-type", "application/json"), ("floopy-session-id", session)];
        connection.request("POST", path, &headers, body.to_string().as_bytes()).ok()?;
        connection.answer().filter(|answer| answer.complete).map(|answer| answer.status)
    };
    while !gone.load(Ordering::Relaxed) {
        let session = format!("r{round}-w{worker}-{count}");
        count += 1;
        if ask("/v1/chat/completions", &session, &chat_body("up/cheap", count % 2 == 0)).is_none() {
            return;
        }
        match ask("/v1/feedback", &session, &json!({"session_id": session, "score": 7, "useful": true})) {
            Some(200) => rated.lock().unwrap().push(session),
            Some(status) => panic!("feedback answered {status}"),
            None => return,
        }
    }
}

#[test]
fn kill_nine_under_load_loses_no_acknowledged_feedback() {
    let fake = Fake::start();
    let folder = tempfile::TempDir::new().unwrap();
    let mut gateway = Gateway::start_in(folder.path(), &fake, "");
    let mut seed =
        std::env::var("FLOOPY_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0x9e37_79b9_7f4a_7c15);
    let mut all = 0;
    for round in 0..kills() {
        let rated = Mutex::new(Vec::new());
        let gone = AtomicBool::new(false);
        let moment = Duration::from_micros(20_000 + next(&mut seed) % 180_000);
        std::thread::scope(|scope| {
            let address = gateway.address;
            let (rated, gone) = (&rated, &gone);
            for worker in 0..4 {
                scope.spawn(move || play(address, worker, round, rated, gone));
            }
            let began = Instant::now();
            while began.elapsed() < moment {
                std::thread::yield_now();
            }
            gateway.kill();
            gone.store(true, Ordering::Relaxed);
        });
        let mut verify = floopy(folder.path());
        verify.args(["verify", "--store"]).arg(folder.path().join("data"));
        let (code, out, err) = run(verify);
        assert_eq!(code, 0, "round {round}, killed after {moment:?}: {out}{err}");
        gateway.restart();
        let rated = rated.into_inner().unwrap();
        all += rated.len();
        for session in &rated {
            let body = json!({"session_id": session, "score": 1, "useful": false});
            let again = gateway.post("/v1/feedback", &[], &body);
            assert_eq!(again.status, 200, "round {round}: {}", again.text());
            assert_eq!(again.json()["duplicate"], true, "round {round}: the feedback of {session} is gone");
        }
    }
    assert!(all > 0, "the load was real");
}

#[test]
fn strict_durability_loses_no_answered_decision() {
    let fake = Fake::start();
    let folder = tempfile::TempDir::new().unwrap();
    let mut gateway = Gateway::start_in(folder.path(), &fake, "[audit]\ndurability = \"strict\"\n");
    for stream in [false, true] {
        let answer = gateway.post("/v1/chat/completions", &[], &chat_body("up/cheap", stream));
        assert!(answer.complete && answer.status == 200);
        gateway.kill();
        gateway.restart();
        let id = answer.header("x-request-id").unwrap();
        assert_eq!(gateway.get(&format!("/v1/decisions/{id}")).status, 200, "stream: {stream}");
    }
}
