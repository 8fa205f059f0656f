//! `floopy explain`: what a request would get, and why. Nothing is called and nothing is recorded.

use super::decisions::{CANDIDATES, FILTERED};
use super::document;
use crate::cli::args::Common;
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::{Field, Kind, Printer};
use crate::cli::{connect, runtime};
use clap::Args;
use serde_json::{Map, Value, json};

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// What a user would say
    #[arg(value_name = "TEXT", required_unless_present = "file")]
    text: Option<String>,
    /// A JSON file with the body of a chat call; - is stdin
    #[arg(long, value_name = "FILE", conflicts_with = "text")]
    file: Option<String>,
    /// The route or model to ask [default: that of the file, else auto]
    #[arg(long, value_name = "NAME")]
    route: Option<String>,
    /// The session that the request would belong to
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    #[command(flatten)]
    common: Common,
}

const FIELDS: &[Field] = &[
    Field::shown("provider", "/would_select/provider", Kind::Text),
    Field::shown("model", "/would_select/model", Kind::Text),
    Field::shown("why", "/reasoning", Kind::Text),
    Field::shown("explanation", "/explanation", Kind::Text),
    Field::shown("route", "/routing_rule_id", Kind::Text),
    Field::shown("strategy", "/strategy_id", Kind::Text),
    Field::shown("phase", "/phase", Kind::Text),
    Field::shown("confidence", "/confidence", Kind::Quality),
    Field::shown("confidence_reason", "/confidence_reason", Kind::Text),
    Field::shown("firewall", "/firewall_decision", Kind::Text),
];

pub(crate) fn run(args: ExplainArgs) -> Result<(), Failure> {
    let call = call(args.text, args.file.as_deref(), args.route, args.session)?;
    let client = connect::client(&args.common.server)?;
    let explained = runtime::command(async { Ok(client.explain(&call).await?) })?;
    let mut printer = Printer::stdout(args.common.output.format);
    printer.show(FIELDS, &explained)?;
    for (part, fields) in [("candidates", CANDIDATES), ("filtered", FILTERED)] {
        let items = explained.get(part).and_then(Value::as_array);
        printer.section(part, fields, items.map_or(&[], Vec::as_slice))?;
    }
    Ok(())
}

/// The wrapped form of the call. A file may hold either form.
fn call(
    text: Option<String>,
    file: Option<&str>,
    route: Option<String>,
    session: Option<String>,
) -> Result<Value, Failure> {
    let mut call = match (file, text) {
        (Some(file), _) => wrapped(document::read(file)?),
        (None, text) => {
            let message = json!({"role": "user", "content": text.unwrap_or_default()});
            wrapped(Map::from_iter([("model".to_owned(), json!("auto")), ("messages".to_owned(), json!([message]))]))
        }
    };
    let odd = || Failure::new(Exit::Usage, "the file's `request` or `headers` is no JSON object");
    if let Some(name) = route {
        let request = call.get_mut("request").and_then(Value::as_object_mut).ok_or_else(odd)?;
        request.insert("model".to_owned(), Value::String(name));
    }
    if let Some(id) = session {
        let headers = call.entry("headers").or_insert_with(|| json!({}));
        headers.as_object_mut().ok_or_else(odd)?.insert("floopy-session-id".to_owned(), Value::String(id));
    }
    Ok(Value::Object(call))
}

fn wrapped(document: Map<String, Value>) -> Map<String, Value> {
    if document.contains_key("request") && !document.contains_key("messages") {
        return document;
    }
    Map::from_iter([("request".to_owned(), Value::Object(document))])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_becomes_a_call_and_a_document_keeps_its_form() {
        let made = call(Some("hi".into()), None, None, Some("s".into())).unwrap_or_default();
        assert_eq!(made["request"]["model"], "auto");
        assert_eq!(made["request"]["messages"][0]["content"], "hi");
        assert_eq!(made["headers"]["floopy-session-id"], "s");
        let named = call(Some("hi".into()), None, Some("support".into()), None).unwrap_or_default();
        assert_eq!((&named["request"]["model"], named.get("headers")), (&json!("support"), None));
        let form = Map::from_iter([("request".to_owned(), json!({"model": "m"}))]);
        assert_eq!(wrapped(form.clone()), form);
        let flat = Map::from_iter([("messages".to_owned(), json!([]))]);
        assert_eq!(wrapped(flat.clone())["request"], Value::Object(flat));
    }
}
