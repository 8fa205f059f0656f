//! Metrics, made of the text that `/metrics` gives: so both ways tell the same, and nothing is counted twice.

use super::{attribute, gen_ai, resource, scope, text};
use crate::base::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A family of the text.
#[derive(Debug, Default)]
struct Family<'a> {
    name: &'a str,
    help: &'a str,
    kind: &'a str,
    unit: &'a str,
    samples: Vec<Sample<'a>>,
}

/// One line of it.
#[derive(Debug)]
struct Sample<'a> {
    /// What stands behind the family's name: `_total`, `_bucket`, `_sum`, `_count` or nothing.
    suffix: &'a str,
    labels: Vec<(&'a str, String)>,
    value: &'a str,
}

/// The instants that bound what was counted.
#[derive(Debug, Clone, Copy)]
struct Time {
    began: i128,
    now: i128,
}

/// All metrics of an OpenMetrics text of ours, counted from `began` until `now`. What cannot be read is left out.
#[must_use]
pub fn metrics(exposition: &str, began: Timestamp, now: Timestamp) -> Vec<u8> {
    let time = Time { began: i128::from(began.0) * 1000, now: i128::from(now.0) * 1000 };
    let metrics: Vec<Value> = families(exposition).iter().filter_map(|family| metric(family, time)).collect();
    let scoped = json!([{"scope": scope(), "metrics": metrics, "schemaUrl": gen_ai::SCHEMA_URL}]);
    json!({"resourceMetrics": [{"resource": resource(), "scopeMetrics": scoped, "schemaUrl": gen_ai::SCHEMA_URL}]})
        .to_string()
        .into_bytes()
}

fn families(exposition: &str) -> Vec<Family<'_>> {
    let mut families: Vec<Family<'_>> = Vec::new();
    for line in exposition.lines() {
        if let Some(about) = line.strip_prefix("# ") {
            let mut parts = about.splitn(3, ' ');
            let (Some(what), Some(name), Some(said)) = (parts.next(), parts.next(), parts.next()) else { continue };
            if families.last().is_none_or(|family| family.name != name) {
                families.push(Family { name, ..Family::default() });
            }
            let Some(family) = families.last_mut() else { continue };
            match what {
                "HELP" => family.help = said,
                "TYPE" => family.kind = said,
                "UNIT" => family.unit = said,
                _ => {}
            }
        } else if let Some(family) = families.last_mut()
            && let Some(sample) = line.strip_prefix(family.name).and_then(sample)
        {
            family.samples.push(sample);
        }
    }
    families
}

/// `suffix{label="value",…} value`, or without labels.
fn sample(rest: &str) -> Option<Sample<'_>> {
    let end = rest.find(['{', ' '])?;
    let (suffix, rest) = rest.split_at(end);
    let Some(mut rest) = rest.strip_prefix('{') else {
        return Some(Sample { suffix, labels: Vec::new(), value: rest.trim() });
    };
    let mut labels = Vec::new();
    loop {
        if let Some(value) = rest.strip_prefix('}') {
            return Some(Sample { suffix, labels, value: value.trim() });
        }
        let (name, quoted) = rest.trim_start_matches(',').split_once("=\"")?;
        let (value, behind) = quoted_text(quoted)?;
        labels.push((name, value));
        rest = behind;
    }
}

/// The text up to the next quote that nothing escapes, and what stands behind it.
fn quoted_text(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return Some((value, text.get(at + 1..)?)),
            '\\' => match chars.next()?.1 {
                'n' => value.push('\n'),
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
    None
}

fn attributes(labels: &[(&str, String)]) -> Value {
    let named = |label: &str| {
        gen_ai::LABELS.iter().find(|(known, _)| *known == label).map_or(label.to_owned(), |known| known.1.to_owned())
    };
    labels.iter().filter(|(name, _)| *name != "le").map(|(name, value)| attribute(&named(name), text(value))).collect()
}

fn metric(family: &Family<'_>, time: Time) -> Option<Value> {
    let bare = family.name.strip_suffix("_seconds").unwrap_or(family.name);
    let convention = gen_ai::METRICS.iter().find(|metric| metric.prometheus == bare);
    let unit = if family.unit == "seconds" || family.name.ends_with("_seconds") { "s" } else { "1" };
    let (name, unit) = convention.map_or((family.name, unit), |metric| (metric.name, metric.unit));
    let (member, data) = match family.kind {
        "counter" => {
            ("sum", json!({"dataPoints": numbers(family, time), "aggregationTemporality": 2, "isMonotonic": true}))
        }
        "gauge" => ("gauge", json!({"dataPoints": numbers(family, time)})),
        "histogram" => ("histogram", json!({"dataPoints": histograms(family, time), "aggregationTemporality": 2})),
        _ => return None,
    };
    Some(json!({"name": name, "description": family.help, "unit": unit, member: data}))
}

fn point(labels: &[(&str, String)], time: Time) -> serde_json::Map<String, Value> {
    let mut point = serde_json::Map::new();
    point.insert("attributes".to_owned(), attributes(labels));
    point.insert("startTimeUnixNano".to_owned(), Value::from(time.began.to_string()));
    point.insert("timeUnixNano".to_owned(), Value::from(time.now.to_string()));
    point
}

fn numbers(family: &Family<'_>, time: Time) -> Vec<Value> {
    let points = family.samples.iter().filter_map(|sample| {
        let mut point = point(&sample.labels, time);
        match sample.value.parse::<i64>() {
            Ok(number) => point.insert("asInt".to_owned(), Value::from(number.to_string())),
            Err(_) => point.insert("asDouble".to_owned(), Value::from(sample.value.parse::<f64>().ok()?)),
        };
        Some(Value::Object(point))
    });
    points.collect()
}

/// The lines of one histogram.
#[derive(Debug, Default)]
struct Histogram {
    /// Bounds with the number of values up to each, the last one without a bound.
    buckets: Vec<(f64, u64)>,
    sum: f64,
    count: u64,
}

fn histograms(family: &Family<'_>, time: Time) -> Vec<Value> {
    let mut by_labels: BTreeMap<Vec<(&str, String)>, Histogram> = BTreeMap::new();
    for sample in &family.samples {
        let bound = sample.labels.iter().find(|(name, _)| *name == "le").map(|(_, bound)| bound.as_str());
        let labels = sample.labels.iter().filter(|(name, _)| *name != "le").cloned().collect();
        let histogram = by_labels.entry(labels).or_default();
        match sample.suffix {
            "_sum" => histogram.sum = sample.value.parse().unwrap_or(0.0),
            "_count" => histogram.count = sample.value.parse().unwrap_or(0),
            "_bucket" => {
                let bound = bound.and_then(|bound| bound.parse().ok()).unwrap_or(f64::INFINITY);
                histogram.buckets.push((bound, sample.value.parse().unwrap_or(0)));
            }
            _ => {}
        }
    }
    let points = by_labels.into_iter().map(|(labels, histogram)| {
        let mut point = point(&labels, time);
        let mut before = 0;
        let counts: Vec<String> = histogram
            .buckets
            .iter()
            .map(|(_, up_to)| {
                let count = up_to.saturating_sub(before);
                before = *up_to;
                count.to_string()
            })
            .collect();
        let bounds: Vec<f64> =
            histogram.buckets.iter().map(|(bound, _)| *bound).filter(|bound| bound.is_finite()).collect();
        point.insert("count".to_owned(), Value::from(histogram.count.to_string()));
        point.insert("sum".to_owned(), Value::from(histogram.sum));
        point.insert("bucketCounts".to_owned(), json!(counts));
        point.insert("explicitBounds".to_owned(), json!(bounds));
        Value::Object(point)
    });
    points.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ModelRef;
    use crate::telemetry::metrics::{AnsweredRequest, Metrics};

    fn sent(exposition: &str) -> Vec<Value> {
        let bytes = metrics(exposition, Timestamp(1_000_000), Timestamp(2_000_000));
        let sent: Value = serde_json::from_slice(&bytes).unwrap();
        sent["resourceMetrics"][0]["scopeMetrics"][0]["metrics"].as_array().unwrap().clone()
    }

    fn named<'a>(metrics: &'a [Value], name: &str) -> &'a Value {
        metrics.iter().find(|metric| metric["name"] == name).unwrap_or_else(|| panic!("{name} in {metrics:?}"))
    }

    #[test]
    fn each_type_is_written_as_the_protocol_has_it() {
        let metrics = sent(concat!(
            "# HELP hits Hits.\n# TYPE hits counter\nhits_total{a=\"x\\\"y\\\\z\\n\",b=\"\"} 5\n",
            "# HELP level Level.\n# TYPE level gauge\nlevel 0.5\n",
            "# HELP t_seconds Time.\n# TYPE t_seconds histogram\n# UNIT t_seconds seconds\n",
            "t_seconds_sum{m=\"a\"} 3.5\nt_seconds_count{m=\"a\"} 3\n",
            "t_seconds_bucket{le=\"0.1\",m=\"a\"} 1\nt_seconds_bucket{le=\"1.0\",m=\"a\"} 1\nt_seconds_bucket{le=\"+Inf\",m=\"a\"} 3\n",
            "# EOF\n",
        ));
        let times = |mut point: Value| {
            assert_eq!(
                (&point["startTimeUnixNano"], &point["timeUnixNano"]),
                (&json!("1000000000"), &json!("2000000000"))
            );
            let members = point.as_object_mut().unwrap();
            members.remove("startTimeUnixNano");
            members.remove("timeUnixNano");
            point
        };
        let label = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
        let hits = &named(&metrics, "hits")["sum"];
        assert_eq!((&hits["isMonotonic"], &hits["aggregationTemporality"]), (&json!(true), &json!(2)));
        let expected = json!({"attributes": [label("a", "x\"y\\z\n"), label("b", "")], "asInt": "5"});
        assert_eq!(times(hits["dataPoints"][0].clone()), expected);
        let level = times(named(&metrics, "level")["gauge"]["dataPoints"][0].clone());
        assert_eq!(level, json!({"attributes": [], "asDouble": 0.5}));
        let spread = named(&metrics, "t_seconds");
        assert_eq!(spread["unit"], "s");
        let expected = json!({"attributes": [label("m", "a")], "count": "3", "sum": 3.5, "bucketCounts": ["1", "0", "2"], "explicitBounds": [0.1, 1.0]});
        assert_eq!(times(spread["histogram"]["dataPoints"][0].clone()), expected);
    }

    #[test]
    fn what_the_conventions_name_bears_their_names() {
        let all = Metrics::new();
        let target = ModelRef::new("up", "m");
        all.answered(&AnsweredRequest {
            target: Some(&target),
            output_tokens: 9,
            ..AnsweredRequest::of("chat", "azure")
        });
        let metrics = sent(&all.render());
        let duration = named(&metrics, gen_ai::DURATION.name);
        let keys: Vec<_> = duration["histogram"]["dataPoints"][0]["attributes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|label| &label["key"])
            .collect();
        assert_eq!(keys, [gen_ai::OPERATION, gen_ai::PROVIDER, gen_ai::REQUEST_MODEL]);
        assert_eq!(duration["unit"], "s");
        assert_eq!(named(&metrics, gen_ai::TOKEN_USAGE.name)["unit"], "{token}");
        assert_eq!(named(&metrics, "floopy_requests")["sum"]["dataPoints"][0]["asInt"], "1");
    }
}
