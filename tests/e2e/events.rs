//! The live stream: going on after a break, ending with the server, and readers that sleep.

use crate::fake::Fake;
use crate::harness::Gateway;
use crate::http::{Answer, Connection};
use serde_json::{Value, json};

/// One event: id, kind, data.
type Event = (u64, String, Value);

/// An open live stream.
struct Stream {
    connection: Connection,
    text: String,
}

impl Stream {
    fn open(gateway: &Gateway, after: Option<u64>) -> Self {
        let last = after.map(|id| id.to_string());
        let headers: Vec<(&str, &str)> = last.iter().map(|id| ("last-event-id", id.as_str())).collect();
        Self::over(Connection::open(gateway.address), &headers)
    }

    fn over(mut connection: Connection, headers: &[(&str, &str)]) -> Self {
        connection.request("GET", "/v1/events", headers, b"").unwrap();
        assert_eq!(connection.head().unwrap().0, 200);
        let mut stream = Self { connection, text: String::new() };
        // Once it says so, whatever comes now is told.
        while !stream.text.contains(": open\n\n") {
            stream.read().expect("it stays open");
        }
        stream
    }

    /// Reads a piece; `None` where the stream has ended in good order.
    fn read(&mut self) -> Option<()> {
        let chunk = self.connection.chunk().expect("the stream is whole")?;
        self.text.push_str(&String::from_utf8(chunk).unwrap());
        Some(())
    }

    /// The next event; `None` where the stream has ended.
    fn next(&mut self) -> Option<Event> {
        loop {
            while let Some((block, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
                let event = field("data: ").map(|data| {
                    let id = field("id: ").expect("every event has an id").parse().unwrap();
                    (id, field("event: ").unwrap(), serde_json::from_str(&data).unwrap())
                });
                self.text = rest.to_owned();
                if event.is_some() {
                    return event;
                }
            }
            self.read()?;
        }
    }
}

fn id(answer: &Answer) -> String {
    answer.header("x-request-id").unwrap().to_owned()
}

#[test]
fn nothing_is_lost_between_two_connections_nor_over_a_kill() {
    let fake = Fake::start();
    let mut gateway = Gateway::start(&fake, "[audit]\ndurability = \"strict\"\n");
    let mut stream = Stream::open(&gateway, None);
    let first = id(&gateway.chat("up/cheap", &[("floopy-session-id", "s")]));
    let (heard, kind, data) = stream.next().unwrap();
    assert_eq!((kind.as_str(), &data["request_id"]), ("decision", &json!(first)));
    drop(stream);
    let unheard: Vec<String> = (0..3).map(|_| id(&gateway.chat("up/cheap", &[("floopy-session-id", "s")]))).collect();
    gateway.post("/v1/feedback", &[], &json!({"session_id": "s", "score": 7, "useful": true}));
    gateway.kill();
    gateway.restart();
    let last = id(&gateway.chat("up/cheap", &[]));
    let mut stream = Stream::open(&gateway, Some(heard));
    let events: Vec<Event> = (0..5).map(|_| stream.next().unwrap()).collect();
    assert_eq!(events.iter().map(|event| event.0).collect::<Vec<_>>(), (heard + 1..=heard + 5).collect::<Vec<_>>());
    let told: Vec<&Value> =
        events.iter().filter(|event| event.1 == "decision").map(|event| &event.2["request_id"]).collect();
    assert_eq!(told, unheard.iter().chain([&last]).collect::<Vec<_>>());
    assert_eq!((events[3].1.as_str(), &events[3].2["score"]), ("feedback", &json!(7.0)));
}

#[test]
fn a_stream_begins_with_what_comes_now_and_tells_of_changes() {
    let fake = Fake::start();
    let gateway =
        Gateway::start(&fake, "[[route]]\nname = \"auto\"\nstrategy = \"round_robin\"\ndefault_model = \"up/cheap\"\n");
    gateway.decision(&gateway.chat("up/cheap", &[]));
    let mut stream = Stream::open(&gateway, None);
    assert_eq!(gateway.post("/v1/routes/auto/pin", &[], &json!({})).status, 200);
    let (_, kind, data) = stream.next().unwrap();
    assert_eq!((kind.as_str(), data), ("pin", json!({"route": "auto", "pinned": true})));
    let made = gateway.post("/v1/feedback", &[], &json!({"score": 5, "useful": true}));
    assert_eq!(made.status, 200, "{}", made.text());
    assert_eq!(stream.next().unwrap().1, "feedback");
}

#[test]
fn an_outcome_is_told_with_what_it_gave_to_whom() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let calls: Vec<String> = (0..3).map(|_| id(&gateway.chat("up/cheap", &[("floopy-session-id", "s")]))).collect();
    // Nobody answered this one: it has no part in the outcome.
    gateway.decision(&gateway.chat("up/status-500", &[("floopy-session-id", "s")]));
    let mut stream = Stream::open(&gateway, None);
    let voted = gateway.post("/v1/feedback", &[], &json!({"session_id": "s", "score": 8, "useful": true}));
    assert_eq!(voted.status, 200, "{}", voted.text());
    let (_, kind, data) = stream.next().unwrap();
    assert_eq!((kind.as_str(), &data["score"], &data["credit_count"]), ("feedback", &json!(8.0), &json!(3)));
    let credits = data["credits"].as_array().unwrap();
    let told: Vec<&str> = credits.iter().map(|credit| credit["request_id"].as_str().unwrap()).collect();
    assert_eq!(told, calls.iter().rev().collect::<Vec<_>>(), "the newest first");
    let outcome = credits[0]["outcome"].as_f64().unwrap();
    let sum = |key: &str| credits.iter().map(|credit| credit[key].as_f64().unwrap()).sum::<f64>();
    assert!(outcome > 0.5 && (sum("credit") - outcome).abs() < 1e-9, "{data}");
    assert!((sum("share") - 1.0).abs() < 1e-9, "{data}");
    for credit in credits {
        let mut own = credit.clone();
        own.as_object_mut().unwrap().remove("request_id");
        let decision = gateway.decision_by_id(credit["request_id"].as_str().unwrap());
        assert!(decision["credits"].as_array().unwrap().contains(&own), "as the decision itself shows it: {decision}");
    }
    // A vote and a rating of one decision are that decision's alone.
    let voted = gateway.post("/v1/feedback", &[], &json!({"request_id": calls[1], "score": 2, "useful": false}));
    assert_eq!(voted.status, 200, "{}", voted.text());
    let (_, _, data) = stream.next().unwrap();
    let first = |data: &Value| {
        let credit = &data["credits"][0];
        (credit["request_id"].clone(), credit["source"].clone(), credit["share"].clone(), data["credit_count"].clone())
    };
    assert_eq!(first(&data), (json!(calls[1]), json!("request"), json!(1.0), json!(1)));
    let (path, rating) = (format!("/v1/decisions/{}/rating", calls[0]), json!({"score": 70}).to_string());
    let headers = [("content-type", "application/json")];
    let rated = crate::http::call(gateway.address, "PUT", &path, &headers, rating.as_bytes());
    assert_eq!(rated.status, 200, "{}", rated.text());
    let (_, kind, data) = stream.next().unwrap();
    assert_eq!((kind.as_str(), &data["credits"][0]["credit"]), ("rating", &json!(0.7)));
    assert_eq!(first(&data), (json!(calls[0]), json!("manual"), json!(1.0), json!(1)));
}

#[test]
fn a_stream_ends_with_its_server() {
    let fake = Fake::start();
    let mut gateway = Gateway::start(&fake, "");
    let mut stream = Stream::open(&gateway, None);
    let told = id(&gateway.chat("up/cheap", &[]));
    gateway.signal("TERM");
    let mut heard = Vec::new();
    while let Some((_, _, data)) = stream.next() {
        heard.push(data["request_id"].clone());
    }
    assert_eq!(gateway.wait().code(), Some(0), "nobody waits for a stream that has no end of its own");
    assert!(heard.is_empty() || heard == [json!(told)]);
    assert!(!gateway.log().contains("requests were still open"), "{}", gateway.log());
}

/// Bytes that wait in the system's buffers on either side of a connection from this port.
fn waiting(port: u16) -> usize {
    let mine = format!(":{port:04X}");
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let sizes = table.lines().skip(1).filter_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let is_mine = fields[1].ends_with(&mine) || fields[2].ends_with(&mine);
        let (sent, came) = fields[4].split_once(':').unwrap();
        is_mine.then(|| usize::from_str_radix(sent, 16).unwrap() + usize::from_str_radix(came, 16).unwrap())
    });
    sizes.sum()
}

#[test]
fn a_reader_that_sleeps_keeps_nobody_waiting_and_costs_no_memory() {
    const CALLS: usize = 2000;
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let resident = || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", gateway.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap()
    };
    let label = "x".repeat(240);
    let names: Vec<String> = (0..16).map(|number| format!("floopy-property-p{number}")).collect();
    let mut headers: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), label.as_str())).collect();
    headers.push(("floopy-retention", "none"));
    let calls = |count: usize| (0..count / 4).for_each(|_| assert_eq!(gateway.chat("up/cheap", &headers).status, 200));
    // What the calls themselves cost comes before.
    std::thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(|| calls(CALLS / 2)))));
    gateway.decision(&gateway.chat("up/cheap", &headers));
    let before = resident();
    let narrow = || Stream::over(Connection::open_narrow(gateway.address), &[]);
    let mut sleeping: Vec<Stream> = (0..40).map(|_| narrow()).collect();
    let mut awake = Stream::open(&gateway, None);
    let mut bytes = 0;
    let heard: Vec<Event> = std::thread::scope(|scope| {
        (0..4).for_each(|_| drop(scope.spawn(|| calls(CALLS))));
        // Read while they come: it waits for nobody.
        let next = |_| {
            let event = awake.next().unwrap();
            bytes += event.2.to_string().len();
            event
        };
        (0..CALLS).map(next).collect()
    });
    // Forty queues of what the system's buffers do not take would be 300 MB, beside what the calls themselves cost.
    let grown = resident().saturating_sub(before);
    assert!(grown < 200_000, "{grown} kB more");
    for sleeper in &sleeping {
        let waits = waiting(sleeper.connection.port());
        assert!((1..bytes * 9 / 10).contains(&waits), "it was blocked: {waits} of {bytes} bytes are on their way");
    }
    let ids = |events: &[Event]| events.iter().map(|event| event.0).collect::<Vec<_>>();
    let mut woken = sleeping.remove(0);
    let late: Vec<Event> = (0..CALLS).map(|_| woken.next().unwrap()).collect();
    assert!(late == heard, "{:?}", ids(&late));
    // Another hears a little, goes away, and comes again.
    let mut gone = sleeping.remove(0);
    let mut late: Vec<Event> = (0..10).map(|_| gone.next().unwrap()).collect();
    drop(gone);
    let mut back = Stream::open(&gateway, Some(late[9].0));
    late.extend((10..CALLS).map(|_| back.next().unwrap()));
    assert!(late == heard, "{:?}", ids(&late));
}

#[test]
fn an_odd_last_event_is_refused() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let odd = crate::http::call(gateway.address, "GET", "/v1/events", &[("last-event-id", "yesterday")], b"");
    assert_eq!((odd.status, odd.error_code()), (400, "invalid_request".into()));
}
