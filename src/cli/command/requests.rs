//! `floopy requests`: a request and its answer as they are retained.

use super::decisions::{ATTEMPTS, request_id};
use super::sessions::said;
use crate::base::human::{visible, visible_lines};
use crate::cli::args::Common;
use crate::cli::exit::Failure;
use crate::cli::output::{Field, Kind, Printer};
use crate::cli::{connect, runtime};
use clap::Args;
use serde_json::Value;

#[derive(Debug, Args)]
pub(crate) struct RequestsArgs {
    /// The request id, as in the answer's x-request-id header
    #[arg(value_name = "REQUEST_ID")]
    id: String,
    #[command(flatten)]
    common: Common,
}

const FIELDS: &[Field] = &[
    Field::shown("time", "/created_at", Kind::Time),
    Field::shown("request_id", "/request_id", Kind::Text),
    Field::shown("session_id", "/session_id", Kind::Text),
    Field::shown("trace_id", "/trace_id", Kind::Text),
    Field::shown("endpoint", "/endpoint", Kind::Text),
    Field::shown("route", "/route", Kind::Text),
    Field::shown("provider", "/provider", Kind::Text),
    Field::shown("model", "/model", Kind::Text),
    Field::shown("status", "/status", Kind::Text),
    Field::shown("http_status", "/response/http_status", Kind::Text),
    Field::shown("error_code", "/response/error_code", Kind::Text),
    Field::shown("finish_reason", "/response/finish_reason", Kind::Text),
    Field::shown("input_tokens", "/response/usage/input_tokens", Kind::Count),
    Field::shown("output_tokens", "/response/usage/output_tokens", Kind::Count),
    Field::shown("latency_ms", "/latency_ms", Kind::Millis),
    Field::shown("admit_us", "/timings/admit_us", Kind::Micros),
    Field::shown("choose_us", "/timings/choose_us", Kind::Micros),
    Field::shown("dispatch_us", "/timings/dispatch_us", Kind::Micros),
    Field::shown("connect_us", "/timings/connect_us", Kind::Micros),
    Field::shown("first_byte_us", "/timings/first_byte_us", Kind::Micros),
    Field::shown("relay_us", "/timings/relay_us", Kind::Micros),
    Field::shown("record_us", "/timings/record_us", Kind::Micros),
];

pub(crate) fn run(args: &RequestsArgs) -> Result<(), Failure> {
    let id = request_id(&args.id)?;
    let client = connect::client(&args.common.server)?;
    let request = runtime::command(async { Ok(client.request(id).await?) })?;
    let mut printer = Printer::stdout(args.common.output.format);
    printer.show(FIELDS, &request)?;
    let attempts = request.get("attempts").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    printer.section("attempts", ATTEMPTS, attempts)?;
    if printer.is_human() {
        printer.text(&texts(&request))?;
    }
    Ok(())
}

/// Headers, settings, conversation and answer as people read them.
fn texts(request: &Value) -> String {
    let mut text = String::new();
    for (title, at) in [("request headers", "/request/headers"), ("response headers", "/response/headers")] {
        let headers = request.pointer(at).and_then(Value::as_object).filter(|headers| !headers.is_empty());
        text.push_str(&headers.map_or_else(String::new, |headers| pairs(title, headers.iter())));
    }
    let body = request.pointer("/request/body").and_then(Value::as_object);
    let settings = body.into_iter().flatten().filter(|(name, _)| *name != "messages");
    text.push_str(&pairs("body", settings));
    let messages = request.pointer("/request/body/messages").and_then(Value::as_array);
    text.extend(messages.into_iter().flatten().map(said));
    text.extend(request.pointer("/response/message").filter(|message| !message.is_null()).map(said));
    text
}

fn pairs<'a>(title: &str, values: impl Iterator<Item = (&'a String, &'a Value)>) -> String {
    let lines = values.map(|(name, value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        format!("  {}: {}\n", visible(name), visible_lines(&value))
    });
    format!("\n{title}\n{}", lines.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::texts;
    use serde_json::json;

    #[test]
    fn a_request_reads_as_text() {
        let request = json!({
            "request": {
                "headers": {"floopy-user-id": "u\u{1b}"},
                "body": {"model": "auto", "temperature": 0.5, "messages": [{"role": "user", "content": "hi"}]},
            },
            "response": {"headers": {}, "message": {"role": "assistant", "content": "hello"}},
        });
        let text = "\nrequest headers\n  floopy-user-id: u\u{fffd}\n\nbody\n  model: auto\n  temperature: 0.5\n\
                    \nuser:\nhi\n\nassistant:\nhello\n";
        assert_eq!(texts(&request), text);
    }
}
