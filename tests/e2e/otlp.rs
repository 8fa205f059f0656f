//! Traces and metrics at a collector.

use crate::fake::Fake;
use crate::harness::{Gateway, wait_for};
use crate::web::{Told, Web};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;

/// A collector that keeps what it has taken; of the first documents it takes none.
struct Collector {
    web: Web,
    refusals: usize,
}

impl Collector {
    fn start(refusals: usize) -> Self {
        let left = AtomicUsize::new(refusals);
        let web = Web::start(move |asked| {
            assert_eq!((asked.method.as_str(), asked.header("content-type")), ("POST", Some("application/json")));
            let refused = left.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok();
            Told::json(if refused { 503 } else { 200 }, &json!({}))
        });
        Self { web, refusals }
    }

    fn config(&self) -> String {
        format!("[telemetry]\notlp_endpoint = \"http://{}/base\"\n", self.web.address)
    }

    fn at(&self, path: &str) -> Vec<Value> {
        let taken = self.web.asked().into_iter().skip(self.refusals);
        taken.filter(|asked| asked.path == path).map(|asked| asked.json()).collect()
    }

    fn spans(&self) -> Vec<Value> {
        let documents = self.at("/base/v1/traces");
        let spans = documents
            .iter()
            .flat_map(|document| document["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap().clone());
        spans.collect()
    }
}

/// An attribute's value as text.
fn attribute(span: &Value, key: &str) -> Option<String> {
    let found = span["attributes"].as_array()?.iter().find(|attribute| attribute["key"] == key)?;
    let value = found["value"].as_object()?.values().next()?;
    Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

fn by_name<'a>(spans: &'a [Value], name: &str) -> &'a Value {
    spans.iter().find(|span| span["name"] == name).unwrap_or_else(|| panic!("{name} in {spans:#?}"))
}

fn nanos(span: &Value, key: &str) -> i128 {
    span[key].as_str().unwrap().parse().unwrap()
}

#[test]
fn a_request_is_one_trace_from_the_client_to_the_provider() {
    let fake = Fake::start();
    let collector = Collector::start(0);
    let gateway = Gateway::start(&fake, &collector.config());
    let (trace, parent) = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331");
    let given = format!("00-{trace}-{parent}-01");
    let answer = gateway.chat("up/flaky", &[("traceparent", &given)]);
    assert_eq!(answer.status, 200);
    let spans = wait_for("the trace", || Some(collector.spans()).filter(|spans| !spans.is_empty()));
    assert!(spans.iter().all(|span| span["traceId"] == trace), "{spans:#?}");
    let roots: Vec<_> = spans.iter().filter(|span| span["kind"] == 2).collect();
    let root = roots[0];
    assert_eq!((roots.len(), &root["parentSpanId"]), (1, &Value::from(parent)));
    assert_eq!(attribute(root, "floopy.request_id").as_deref(), answer.header("x-request-id"));
    assert_eq!(attribute(root, "floopy_reason").as_deref(), answer.header("floopy-reason"));
    assert_eq!(attribute(root, "gen_ai.usage.input_tokens").as_deref(), Some("1000"));
    let dispatch = by_name(&spans, "dispatch");
    assert_eq!(dispatch["parentSpanId"], root["spanId"]);
    let calls: Vec<_> = spans.iter().filter(|span| span["kind"] == 3).collect();
    assert_eq!(calls.len(), 2, "one failed, one served");
    for (call, seen) in calls.iter().zip(fake.seen()) {
        assert_eq!((call["name"].as_str(), &call["parentSpanId"]), (Some("chat flaky"), &dispatch["spanId"]));
        let sent = seen.headers.iter().find(|header| header.0 == "traceparent").unwrap().1.clone();
        assert_eq!(sent.split('-').nth(2), call["spanId"].as_str(), "the provider was told this very step");
        assert!(nanos(call, "startTimeUnixNano") >= nanos(root, "startTimeUnixNano"));
        assert!(nanos(call, "endTimeUnixNano") <= nanos(root, "endTimeUnixNano"));
    }
    assert_eq!((&calls[0]["status"]["code"], calls[1]["status"].get("code")), (&Value::from(2), None));
    assert_eq!(attribute(calls[1], "gen_ai.provider.name").as_deref(), Some("openai-chat"));
    assert!(attribute(calls[1], "gen_ai.response.finish_reasons").unwrap().contains("stop"));
}

#[test]
fn a_trace_begins_here_where_the_client_has_none_and_rests_where_it_wants_that() {
    let fake = Fake::start();
    let collector = Collector::start(0);
    let gateway = Gateway::start(&fake, &collector.config());
    let unsampled =
        gateway.chat("up/cheap", &[("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00")]);
    assert_eq!(gateway.decision(&unsampled)["trace_id"], "0af7651916cd43dd8448eb211c80319c");
    let answer = gateway.chat("up/cheap", &[]);
    let spans = wait_for("the trace", || Some(collector.spans()).filter(|spans| !spans.is_empty()));
    let trace = gateway.decision(&answer)["trace_id"].clone();
    assert!(spans.iter().all(|span| span["traceId"] == trace), "{spans:#?}");
    assert!(spans.iter().find(|span| span["kind"] == 2).unwrap().get("parentSpanId").is_none());
    let text = spans.iter().map(ToString::to_string).collect::<String>();
    assert!(!text.contains("Hello") && !text.contains("hello"), "no text of a prompt or an answer");
}

#[test]
fn the_rest_is_sent_at_the_end_and_what_is_refused_is_tried_again() {
    let fake = Fake::start();
    let collector = Collector::start(1);
    let mut gateway = Gateway::start(&fake, &collector.config());
    gateway.chat("up/cheap", &[]);
    gateway.signal("TERM");
    assert_eq!(gateway.wait().code(), Some(0));
    assert!(!collector.spans().is_empty(), "the first try was refused");
    let documents = collector.at("/base/v1/metrics");
    let metrics =
        documents.last().expect("metrics come at the end")["resourceMetrics"][0]["scopeMetrics"][0]["metrics"].clone();
    let metrics = metrics.as_array().unwrap();
    let requests = by_name(metrics, "floopy_requests");
    assert_eq!(requests["sum"]["dataPoints"][0]["asInt"], "1");
    let duration = by_name(metrics, "gen_ai.client.operation.duration");
    assert_eq!(
        (&duration["unit"], &duration["histogram"]["dataPoints"][0]["count"]),
        (&Value::from("s"), &Value::from("1"))
    );
}

#[test]
fn a_collector_that_is_away_costs_no_request_anything() {
    let fake = Fake::start();
    let away = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let gateway = Gateway::start(&fake, &format!("[telemetry]\notlp_endpoint = \"http://{away}\"\n"));
    for _ in 0..20 {
        assert_eq!(gateway.chat("up/cheap", &[]).status, 200);
    }
    wait_for("the count of what was dropped", || {
        let metrics = gateway.get("/metrics").text();
        let dropped =
            metrics.lines().find_map(|line| line.strip_prefix("floopy_spans_dropped_total "))?.parse::<u64>().ok()?;
        (dropped > 0).then_some(())
    });
    let log = gateway.log();
    assert_eq!(log.matches("the collector of telemetry does not take documents").count(), 1, "{log}");
}
