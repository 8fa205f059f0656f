//! `floopy decisions`: what was decided, request by request.

use crate::base::{RequestId, Timestamp};
use crate::cli::args::{Common, Paging};
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::{Field, Kind, Printer, when};
use crate::cli::paging::Pages;
use crate::cli::{connect, runtime};
use crate::client::DecisionQuery;
use clap::{Args, Subcommand};
use serde_json::Value;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct DecisionsArgs {
    #[command(subcommand)]
    command: Option<DecisionsCommand>,
    #[command(flatten)]
    list: ListArgs,
}

#[derive(Debug, Subcommand)]
#[expect(clippy::large_enum_variant, reason = "one exists, once")]
enum DecisionsCommand {
    /// List decisions, newest first
    List(ListArgs),
    /// Show one decision with all that it weighed
    Get(GetArgs),
}

#[derive(Debug, Args)]
struct ListArgs {
    /// Only this session
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// Only from this time on: RFC 3339, an age such as 30m, 2h, 7d, or today, yesterday
    #[arg(long, value_name = "TIME", value_parser = when)]
    from: Option<Timestamp>,
    /// Only before this time
    #[arg(long, value_name = "TIME", value_parser = when)]
    to: Option<Timestamp>,
    /// Only these requests
    #[arg(long, value_name = "ID,…", value_delimiter = ',')]
    request_ids: Vec<String>,
    /// Only this routing strategy, such as weighted
    #[arg(long, value_name = "NAME")]
    strategy: Option<String>,
    /// Only what this provider served
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// Only what this model served
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// Only with this status: ok, error, blocked or cancelled
    #[arg(long, value_name = "STATUS")]
    status: Option<String>,
    /// Only with at least this confidence, 0 to 1
    #[arg(long, value_name = "X")]
    min_confidence: Option<f64>,
    /// Only with at most this confidence, 0 to 1
    #[arg(long, value_name = "X")]
    max_confidence: Option<f64>,
    #[command(flatten)]
    paging: Paging,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct GetArgs {
    /// The request id, as in the answer's x-request-id header
    #[arg(value_name = "REQUEST_ID")]
    id: String,
    #[command(flatten)]
    common: Common,
}

/// The fields of a decision.
const FIELDS: &[Field] = &[
    Field::shown("time", "/request_created_at", Kind::Time),
    Field::shown("request_id", "/request_id", Kind::Text),
    Field::shown("status", "/status", Kind::Text),
    Field::shown("why", "/floopy_reason", Kind::Long),
    Field::wide("route", "/route", Kind::Long),
    Field::wide("strategy", "/routing_strategy", Kind::Text),
    Field::detail("provider", "/provider", Kind::Text),
    Field::detail("model", "/model", Kind::Text),
    Field::shown("latency_ms", "/latency_ms", Kind::Millis),
    Field::detail("first_byte_ms", "/outcome/ttft_ms", Kind::Millis),
    Field::wide("input_tokens", "/outcome/input_tokens", Kind::Count),
    Field::wide("output_tokens", "/outcome/output_tokens", Kind::Count),
    Field::shown("cost_micro_usd", "/cost_micro_usd", Kind::Money),
    Field::detail("baseline_cost_micro_usd", "/outcome/baseline_cost_micro_usd", Kind::Money),
    Field::wide("saved_micro_usd", "/outcome/saved_micro_usd", Kind::Money),
    Field::wide("session_id", "/session_id", Kind::Long),
    Field::detail("reason", "/reason", Kind::Text),
    Field::detail("propensity", "/propensity", Kind::Share),
    Field::detail("confidence", "/confidence", Kind::Quality),
    Field::detail("confidence_reason", "/confidence_reason", Kind::Text),
    Field::detail("quality", "/scores/composite", Kind::Text),
    Field::detail("fallback_used", "/outcome/fallback_used", Kind::Text),
    Field::detail("complexity", "/complexity/score", Kind::Text),
    Field::detail("tier", "/complexity/tier", Kind::Text),
    Field::detail("intent", "/complexity/intent", Kind::Text),
    Field::detail("explanation", "/explanation", Kind::Text),
    Field::detail("chain_sequence", "/chain/sequence", Kind::Text),
    Field::detail("chain_sha256", "/chain/sha256", Kind::Text),
];

pub(super) const CANDIDATES: &[Field] = &[
    Field::shown("provider", "/provider", Kind::Text),
    Field::shown("model", "/model", Kind::Text),
    Field::shown("score", "/score", Kind::Decimal(3)),
    Field::shown("quality", "/quality", Kind::Quality),
    Field::shown("samples", "/samples", Kind::Count),
    Field::shown("expected_cost_micro_usd", "/expected_cost_micro_usd", Kind::Money),
    Field::shown("propensity", "/propensity", Kind::Share),
];

pub(super) const FILTERED: &[Field] = &[
    Field::shown("provider", "/provider", Kind::Text),
    Field::shown("model", "/model", Kind::Text),
    Field::shown("refused_by", "/reason", Kind::Text),
];

pub(super) const ATTEMPTS: &[Field] = &[
    Field::shown("provider", "/provider", Kind::Text),
    Field::shown("model", "/model", Kind::Text),
    Field::shown("status", "/status", Kind::Text),
    Field::shown("latency_ms", "/latency_ms", Kind::Millis),
    Field::shown("retry", "/retry", Kind::Count),
    Field::shown("error", "/error", Kind::Long),
];

pub(crate) fn run(args: DecisionsArgs) -> Result<(), Failure> {
    match args.command {
        None => list(args.list),
        Some(DecisionsCommand::List(list_args)) => list(list_args),
        Some(DecisionsCommand::Get(get)) => self::get(&get),
    }
}

fn list(args: ListArgs) -> Result<(), Failure> {
    let client = connect::client(&args.common.server)?;
    let query = DecisionQuery {
        session_id: args.session,
        from: args.from,
        to: args.to,
        request_ids: args.request_ids,
        routing_strategy: args.strategy,
        provider: args.provider,
        model: args.model,
        status: args.status,
        min_confidence: args.min_confidence,
        max_confidence: args.max_confidence,
    };
    let mut printer = Printer::stdout(args.common.output.format);
    let empty = "no decisions match; every request through /v1/chat/completions or /v1/embeddings leaves one";
    let pages = Pages { listing: printer.listing(FIELDS), paging: &args.paging, empty };
    runtime::command(pages.print(async |part| client.decisions(&query, part).await))
}

fn get(args: &GetArgs) -> Result<(), Failure> {
    let id = request_id(&args.id)?;
    let client = connect::client(&args.common.server)?;
    let decision = runtime::command(async { Ok(client.decision(id).await?) })?;
    show(&mut Printer::stdout(args.common.output.format), &decision)
}

/// A request id as a person wrote it.
pub(super) fn request_id(text: &str) -> Result<RequestId, Failure> {
    text.trim().parse().map_err(|error| Failure::new(Exit::Usage, format!("{text:?} is {error}")))
}

/// One decision with all that it weighed.
pub(super) fn show(printer: &mut Printer, decision: &Value) -> Result<(), Failure> {
    printer.show(FIELDS, decision)?;
    let parts = [("candidates", CANDIDATES), ("filtered", FILTERED), ("outcome/attempts", ATTEMPTS)];
    for (part, fields) in parts {
        let items = decision.pointer(&format!("/{part}")).and_then(Value::as_array);
        let title = part.trim_start_matches("outcome/");
        printer.section(title, fields, items.map_or(&[], Vec::as_slice))?;
    }
    Ok(())
}
