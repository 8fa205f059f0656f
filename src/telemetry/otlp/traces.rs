//! Steps of traces.

use super::{attribute, gen_ai, resource, scope, text};
use crate::telemetry::span::{Kind, Span, Value as Said};
use serde_json::{Value, json};
use std::time::Duration;

/// One request's worth of steps.
#[must_use]
pub fn traces(spans: &[Span]) -> Vec<u8> {
    let spans: Vec<Value> = spans.iter().map(span).collect();
    let scoped = json!([{"scope": scope(), "spans": spans, "schemaUrl": gen_ai::SCHEMA_URL}]);
    json!({"resourceSpans": [{"resource": resource(), "scopeSpans": scoped, "schemaUrl": gen_ai::SCHEMA_URL}]})
        .to_string()
        .into_bytes()
}

fn span(span: &Span) -> Value {
    let began = Duration::from_micros(u64::try_from(span.began.0).unwrap_or(0));
    let kind = match span.kind {
        Kind::Internal => 1,
        Kind::Server => 2,
        Kind::Client => 3,
    };
    let attributes: Vec<Value> = span.attributes.iter().map(|(key, said)| attribute(key, value(said))).collect();
    let mut json = json!({
        "traceId": span.trace_id.to_string(),
        "spanId": span.id.to_string(),
        "name": span.name,
        "kind": kind,
        "startTimeUnixNano": began.as_nanos().to_string(),
        "endTimeUnixNano": (began + span.took).as_nanos().to_string(),
        "attributes": attributes,
        "status": if span.failed { json!({"code": 2}) } else { json!({}) },
    });
    if let (Some(parent), Some(json)) = (span.parent, json.as_object_mut()) {
        json.insert("parentSpanId".to_owned(), Value::from(parent.to_string()));
    }
    json
}

fn value(said: &Said) -> Value {
    match said {
        Said::Text(said) => text(said),
        Said::Number(number) => json!({"intValue": number.to_string()}),
        Said::Texts(texts) => {
            json!({"arrayValue": {"values": texts.iter().map(|said| text(said)).collect::<Vec<_>>()}})
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Timestamp, TraceId};
    use crate::telemetry::SpanId;

    #[test]
    fn a_step_is_written_as_the_protocol_has_it() {
        let (id, parent) = (SpanId::draw(), SpanId::draw());
        let trace_id = TraceId::new(0xabc).unwrap();
        let step = Span {
            trace_id,
            id,
            parent: Some(parent),
            name: "chat m".to_owned(),
            kind: Kind::Client,
            began: Timestamp(1_700_000_000_000_001),
            took: Duration::from_nanos(2_500),
            attributes: vec![
                ("a", Said::from("x")),
                ("b", Said::Number(-7)),
                ("c", Said::Texts(vec!["stop".to_owned()])),
            ],
            failed: true,
        };
        let sent: Value =
            serde_json::from_slice(&traces(&[step.clone(), Span { parent: None, failed: false, ..step }])).unwrap();
        let spans = &sent["resourceSpans"][0]["scopeSpans"][0]["spans"];
        let expected = json!({
            "traceId": "00000000000000000000000000000abc", "spanId": id.to_string(), "parentSpanId": parent.to_string(),
            "name": "chat m", "kind": 3,
            "startTimeUnixNano": "1700000000000001000", "endTimeUnixNano": "1700000000000003500",
            "attributes": [
                {"key": "a", "value": {"stringValue": "x"}},
                {"key": "b", "value": {"intValue": "-7"}},
                {"key": "c", "value": {"arrayValue": {"values": [{"stringValue": "stop"}]}}},
            ],
            "status": {"code": 2},
        });
        assert_eq!(spans[0], expected);
        assert_eq!((spans[1].get("parentSpanId"), &spans[1]["status"]), (None, &json!({})));
        let service = &sent["resourceSpans"][0]["resource"]["attributes"][0];
        assert_eq!(*service, json!({"key": "service.name", "value": {"stringValue": "floopy"}}));
    }
}
