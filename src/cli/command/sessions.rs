//! `floopy sessions`: sessions, what they cost and what they were worth.

use crate::base::SessionId;
use crate::cli::args::{Common, Paging};
use crate::cli::exit::Failure;
use crate::cli::output::{Field, Kind, Printer, visible, visible_lines};
use crate::cli::paging::Pages;
use crate::cli::{connect, runtime};
use clap::{Args, Subcommand};
use serde_json::Value;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct SessionsArgs {
    #[command(subcommand)]
    command: Option<SessionsCommand>,
    #[command(flatten)]
    list: ListArgs,
}

#[derive(Debug, Subcommand)]
enum SessionsCommand {
    /// List sessions with their cost, savings and score
    List(ListArgs),
    /// Show one session: its turns and its conversation
    Show(ShowArgs),
}

#[derive(Debug, Args)]
struct ListArgs {
    #[command(flatten)]
    paging: Paging,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct ShowArgs {
    /// The session id
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    common: Common,
}

const FIELDS: &[Field] = &[
    Field::shown("last_seen", "/last_seen", Kind::Time),
    Field::shown("session_id", "/session_id", Kind::Text),
    Field::wide("name", "/session_name", Kind::Long),
    Field::shown("turns", "/turn_count", Kind::Count),
    Field::shown("cost_micro_usd", "/cost_micro_usd", Kind::Money),
    Field::wide("baseline_cost_micro_usd", "/baseline_cost_micro_usd", Kind::Money),
    Field::shown("saved_micro_usd", "/saved_micro_usd", Kind::Money),
    Field::shown("score", "/score", Kind::Text),
    Field::wide("value_per_usd", "/value_per_usd", Kind::Text),
    Field::wide("user_id", "/user_id", Kind::Long),
    Field::wide("project_id", "/project_id", Kind::Long),
    Field::detail("inferred", "/inferred", Kind::Text),
    Field::detail("first_seen", "/first_seen", Kind::Time),
];

const SESSION: &[Field] =
    &[Field::shown("session_id", "/session_id", Kind::Text), Field::shown("turns", "/turn_count", Kind::Count)];

const TURNS: &[Field] = &[
    Field::shown("time", "/created_at", Kind::Time),
    Field::shown("request_id", "/request_id", Kind::Text),
    Field::shown("provider", "/provider", Kind::Text),
    Field::shown("model", "/model", Kind::Long),
];

pub(crate) fn run(args: SessionsArgs) -> Result<(), Failure> {
    match args.command {
        None => list(&args.list),
        Some(SessionsCommand::List(list_args)) => list(&list_args),
        Some(SessionsCommand::Show(show_args)) => show(&show_args),
    }
}

fn list(args: &ListArgs) -> Result<(), Failure> {
    let client = connect::client(&args.common.server)?;
    let mut printer = Printer::stdout(args.common.output.format);
    let empty = "no sessions yet; calls with the same floopy-session-id header make one";
    let pages = Pages { listing: printer.listing(FIELDS), paging: &args.paging, empty };
    runtime::command(pages.print(async |part| client.sessions(part).await))
}

fn show(args: &ShowArgs) -> Result<(), Failure> {
    let client = connect::client(&args.common.server)?;
    let id = SessionId::from(args.id.as_str());
    let session = runtime::command(async { Ok(client.session(&id).await?) })?;
    let mut printer = Printer::stdout(args.common.output.format);
    printer.show(SESSION, &session)?;
    printer.section("turns", TURNS, &session.turns)?;
    if printer.is_human() {
        printer.text(&session.messages.iter().map(said).collect::<String>())?;
    }
    Ok(())
}

/// One message as people read it; what is not text is named by its kind.
pub(super) fn said(message: &Value) -> String {
    let role = message.get("role").and_then(Value::as_str).unwrap_or("?");
    let text = match message.get("content") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => parts.iter().map(part).collect::<Vec<_>>().join("\n"),
        _ => String::new(),
    };
    let calls = message.get("tool_calls").and_then(Value::as_array).into_iter().flatten();
    let names = calls.filter_map(|call| call.pointer("/function/name").and_then(Value::as_str));
    let calls: String = names.map(|name| format!("[calls {name}]")).collect();
    format!("\n{}:\n{}{}\n", visible(role), visible_lines(&text), visible(&calls))
}

fn part(part: &Value) -> String {
    let kind = part.get("type").and_then(Value::as_str).unwrap_or("?");
    part.get("text").and_then(Value::as_str).map_or_else(|| format!("[{kind}]"), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::said;
    use serde_json::json;

    #[test]
    fn a_message_reads_as_text() {
        let cases = [
            (json!({"role": "user", "content": "a\nb\u{1b}"}), "\nuser:\na\nb\u{fffd}\n"),
            (
                json!({"role": "user", "content": [{"type": "text", "text": "x"}, {"type": "image_url"}]}),
                "\nuser:\nx\n[image_url]\n",
            ),
            (
                json!({"role": "assistant", "content": null, "tool_calls": [{"function": {"name": "f"}}]}),
                "\nassistant:\n[calls f]\n",
            ),
        ];
        for (message, text) in cases {
            assert_eq!(said(&message), text);
        }
    }
}
