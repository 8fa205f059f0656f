//! What a row is, what a config may say, and what an answer is worth.

use super::compare::compare;
use super::pair::{Scores, compared};
use super::row::{check, read};
use super::settings::Settings;
use crate::base::{MicroUsd, limits};
use crate::resource::evaluation::Match;
use serde_json::{Map, Value, json};

fn config(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

#[test]
fn a_wrong_type_of_a_known_key_is_named_and_other_keys_are_free() {
    for (key, value) in [
        ("temperature", json!("warm")),
        ("temperature", json!(2.5)),
        ("max_tokens", json!(0)),
        ("max_tokens", json!(1.5)),
        ("system", json!(7)),
        ("judge", json!("no-provider")),
        ("judge", json!(["a/b"])),
        ("judge_budget_usd", json!(-1)),
        ("concurrency", json!(65)),
        ("concurrency", json!("4")),
    ] {
        let error = Settings::read(Some(&config(&json!({key: value})))).unwrap_err();
        assert_eq!(error.param, Some(format!("config.{key}")), "{key} {value}");
        assert!(error.message.starts_with(&format!("config.{key} takes ")), "{}", error.message);
    }
    let full = json!({"temperature": 0, "max_tokens": 5, "system": "Be brief.", "judge": "a/b/c", "concurrency": 2,
        "judge_budget_usd": 0.5, "note": {"anything": []}});
    let settings = Settings::read(Some(&config(&full))).unwrap();
    assert_eq!((settings.temperature, settings.max_tokens, settings.concurrency), (Some(0.0), Some(5), Some(2)));
    assert_eq!(settings.judge.unwrap().to_string(), "a/b/c");
    assert_eq!(settings.judge_budget, MicroUsd(500_000));
    let nothing = Settings::read(Some(&config(&json!({"temperature": null, "judge": null})))).unwrap();
    assert_eq!(nothing, Settings::read(None).unwrap());
    assert_eq!(nothing.judge_budget, MicroUsd(5_000_000));
}

#[test]
fn a_row_becomes_a_request() {
    let settings = Settings { max_tokens: Some(9), system: Some("Be brief.".into()), ..Settings::default() };
    let row = read(3, br#"{"id":"a","input":"2+2?","expected":"4"}"#, "m", &settings).unwrap();
    let body: Value = serde_json::from_slice(&row.body).unwrap();
    let (system, user) =
        (json!({"role": "system", "content": "Be brief."}), json!({"role": "user", "content": "2+2?"}));
    assert_eq!(body, json!({"model": "m", "max_tokens": 9, "messages": [system, user]}));
    assert_eq!((row.number, row.id.as_str(), row.expected), (3, "a", Some(json!("4"))));
    let given = r#"{"id":"a","messages":[{"role":"user","content":"x","name":"n"}]}"#;
    let row = read(1, given.as_bytes(), "m", &Settings::default()).unwrap();
    let body: Value = serde_json::from_slice(&row.body).unwrap();
    assert_eq!(body, json!({"model": "m", "messages": [{"role": "user", "content": "x", "name": "n"}]}));
}

#[test]
fn a_mistake_names_its_line() {
    let good = |id: &str| format!("{{\"id\":\"{id}\",\"input\":\"x\"}}\n");
    for (bad, what) in [
        ("nonsense".to_owned(), "one JSON object"),
        ("[1]".to_owned(), "one JSON object"),
        (r#"{"input":"x"}"#.to_owned(), "id takes"),
        (r#"{"id":"","input":"x"}"#.to_owned(), "id takes"),
        (format!(r#"{{"id":"{}","input":"x"}}"#, "x".repeat(limits::MAX_CUSTOM_ID + 1)), "id takes"),
        (r#"{"id":7,"input":"x"}"#.to_owned(), "one JSON object"),
        (r#"{"id":"b"}"#.to_owned(), "either input"),
        (r#"{"id":"b","input":"x","messages":[]}"#.to_owned(), "either input"),
        (r#"{"id":"b","messages":[{"role":7}]}"#.to_owned(), "role"),
        (r#"{"id":"b","input":"x","expcted":"y"}"#.to_owned(), "expcted"),
        (good("a").trim().to_owned(), "another row has the id \"a\""),
        ("x".repeat(limits::MAX_DATASET_ROW + 2), "longer than"),
    ] {
        let error = check(format!("{}\n{bad}\n{}", good("a"), good("z")).as_bytes()).unwrap_err();
        assert!(error.message.starts_with("line 3: "), "blank lines are counted: {}", error.message);
        assert!(error.message.contains(what), "{}", error.message);
    }
    assert_eq!(check((good("a") + "\n" + &good("b")).as_bytes()).unwrap(), 2);
    assert!(check(b"\n\n").unwrap_err().message.contains("none"));
    let many: String = (0..=limits::MAX_DATASET_ROWS).map(|number| good(&number.to_string())).collect();
    assert!(check(many.as_bytes()).unwrap_err().message.contains("at most 10000 rows"));
}

#[test]
fn an_answer_is_compared_by_words_or_as_json() {
    for (said, expected, matched, score) in [
        ("Oslo", json!("Oslo"), Match::Exact, 1.0),
        (" oslo.\n", json!("Oslo"), Match::Normalised, 1.0),
        ("", json!(""), Match::Exact, 1.0),
        ("It is Oslo", json!("Oslo"), Match::Partial, 0.5),
        ("b a", json!("a b"), Match::Partial, 0.99),
        ("a a", json!("a b"), Match::Partial, 0.5),
        ("Bergen", json!("Oslo"), Match::None, 0.0),
        ("...", json!("!"), Match::None, 0.0),
        ("GRÖSSE 5 µm", json!("größe 5 µm"), Match::Partial, 2.0 / 3.0),
        (" 42 ", json!(42), Match::Normalised, 1.0),
        ("{\"b\": [1], \"a\": null}", json!({"a": null, "b": [1]}), Match::Normalised, 1.0),
        ("42 apples", json!(42), Match::None, 0.0),
    ] {
        let found = compare(said, &expected);
        assert_eq!(found.matched, matched, "{said:?} {expected}");
        assert!((found.score - score).abs() < 1e-9, "{said:?} {expected}: {}", found.score);
    }
}

#[test]
fn a_model_is_no_worse_only_by_enough_rows_that_both_have() {
    let scores =
        |rows: std::ops::Range<usize>, score: f64| -> Scores { rows.map(|row| (format!("{row:04}"), score)).collect() };
    let lower = |own: &Scores, base: &Scores| compared(("a/x", own), ("a/y", base)).map(|pair| pair.lower);
    assert_eq!(lower(&scores(0..19, 1.0), &scores(0..19, 1.0)), None, "too few rows");
    assert_eq!(lower(&scores(0..100, 1.0), &scores(90..200, 1.0)), None, "too few in common");
    for (rows, holds) in [(20, false), (45, false), (46, true), (1000, true)] {
        let lower = lower(&scores(0..rows, 0.7), &scores(0..rows, 0.7)).unwrap();
        assert_eq!(lower >= -0.05, holds, "{rows} rows alike: {lower}");
    }
    let mut worse = scores(0..100, 1.0);
    for row in 0..8 {
        worse.insert(format!("{row:04}"), 0.0);
    }
    let pair = compared(("a/x", &worse), ("a/y", &scores(0..100, 1.0))).unwrap();
    assert_eq!((pair.pairs, pair.candidate.as_str(), pair.baseline.as_str()), (100, "a/x", "a/y"));
    assert!((pair.difference + 0.08).abs() < 1e-9 && pair.lower < -0.1, "{pair:?}");
    assert!(lower(&scores(0..100, 1.0), &worse).unwrap() > 0.02);
}
