//! `floopy eval`: ask a model about the rows of a dataset and see what its answers are worth.

mod datasets;
mod fields;

use crate::base::{EvaluationId, limits};
use crate::cli::args::{Common, Paging};
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::Printer;
use crate::cli::paging::Pages;
use crate::cli::{connect, runtime};
use crate::client::Client;
use crate::resource::Evaluation;
use crate::resource::evaluation::EvaluationStatus;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// How often an evaluation that is waited for is looked at.
const EVERY: Duration = Duration::from_millis(500);

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct EvalArgs {
    #[command(subcommand)]
    command: Option<EvalCommand>,
    #[command(flatten)]
    list: ListArgs,
}

#[derive(Debug, Subcommand)]
enum EvalCommand {
    /// List evaluations, newest first
    List(ListArgs),
    /// Ask a model, or a route, about every row of a dataset
    Create(CreateArgs),
    /// Show one and how far it is
    Show(NamedArgs),
    /// List what its rows came to
    Results(ResultsArgs),
    /// Follow one until it ends
    Watch(NamedArgs),
    /// Begin no further row
    Cancel(NamedArgs),
    /// Add, list and delete datasets
    Datasets(datasets::DatasetsArgs),
}

#[derive(Debug, Args)]
struct ListArgs {
    /// Only those of this status
    #[arg(long, value_enum)]
    status: Option<StatusWord>,
    #[command(flatten)]
    paging: Paging,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum StatusWord {
    /// It waits for a place
    Pending,
    /// Its rows are being answered
    Running,
    /// Every row has a result
    Completed,
    /// Every row failed, or it could not go on
    Failed,
    /// It was called off
    Cancelled,
}

impl StatusWord {
    const fn status(self) -> EvaluationStatus {
        match self {
            Self::Pending => EvaluationStatus::Pending,
            Self::Running => EvaluationStatus::Running,
            Self::Completed => EvaluationStatus::Completed,
            Self::Failed => EvaluationStatus::Failed,
            Self::Cancelled => EvaluationStatus::Cancelled,
        }
    }
}

#[derive(Debug, Args)]
struct CreateArgs {
    /// The dataset
    #[arg(long, value_name = "ID")]
    dataset: String,
    /// Whom to ask: provider/model, or a route
    #[arg(long, value_name = "MODEL")]
    model: String,
    /// The model that scores the answers, as provider/model [default: by what is expected, else by heuristics]
    #[arg(long, value_name = "MODEL")]
    judge: Option<String>,
    /// Another member of the config: temperature, max_tokens, system, concurrency, judge_budget_usd, or a note of yours
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Wait for its end and show its progress; a failed run is a failed command
    #[arg(long)]
    wait: bool,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct NamedArgs {
    /// The evaluation's id
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct ResultsArgs {
    /// The evaluation's id
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    paging: Paging,
    #[command(flatten)]
    common: Common,
}

pub(crate) fn run(args: EvalArgs) -> Result<(), Failure> {
    match args.command {
        None => list(&args.list),
        Some(EvalCommand::List(list_args)) => list(&list_args),
        Some(EvalCommand::Create(create_args)) => create(&create_args),
        Some(EvalCommand::Show(named)) => show(&named, async |client, id| Ok(client.evaluation(id).await?)),
        Some(EvalCommand::Results(results_args)) => results(&results_args),
        Some(EvalCommand::Watch(named)) => {
            let client = connect::client(&named.common.server)?;
            print_end(&client, &EvaluationId::from(named.id.as_str()), &named.common)
        }
        Some(EvalCommand::Cancel(named)) => show(&named, async |client, id| Ok(client.cancel_evaluation(id).await?)),
        Some(EvalCommand::Datasets(datasets_args)) => datasets::run(datasets_args),
    }
}

fn list(args: &ListArgs) -> Result<(), Failure> {
    let client = connect::client(&args.common.server)?;
    let mut printer = Printer::stdout(args.common.output.format);
    let empty = "no evaluations yet; floopy eval create begins one";
    let pages = Pages { listing: printer.listing(fields::RUN), paging: &args.paging, empty };
    let status = args.status.map(|word| word.status().as_str());
    runtime::command(pages.print(async |part| client.evaluations(status, part).await))
}

fn results(args: &ResultsArgs) -> Result<(), Failure> {
    let client = connect::client(&args.common.server)?;
    let id = EvaluationId::from(args.id.as_str());
    let mut printer = Printer::stdout(args.common.output.format);
    let empty = "no row has a result yet";
    let pages = Pages { listing: printer.listing(fields::RESULT), paging: &args.paging, empty };
    runtime::command(pages.print(async |part| client.evaluation_results(&id, part).await))
}

/// The config that the options come to: a value is JSON where it can be, else a text.
fn config(args: &CreateArgs) -> Result<Map<String, Value>, Failure> {
    let mut config = Map::new();
    config.extend(args.judge.as_ref().map(|judge| ("judge".to_owned(), json!(judge))));
    for pair in &args.set {
        let Some((key, value)) = pair.split_once('=').filter(|(key, _)| !key.is_empty()) else {
            return Err(Failure::new(Exit::Usage, format!("{pair:?} is not of the form key=value")));
        };
        let value = serde_json::from_str(value).unwrap_or_else(|_| json!(value));
        config.insert(key.to_owned(), value);
    }
    Ok(config)
}

fn create(args: &CreateArgs) -> Result<(), Failure> {
    let mut body = Map::new();
    body.insert("dataset_id".into(), json!(args.dataset));
    body.insert("model".into(), json!(args.model));
    let config = config(args)?;
    if !config.is_empty() {
        body.insert("config".into(), Value::Object(config));
    }
    let client = connect::client(&args.common.server)?;
    let begun = runtime::command(async { Ok(client.create_evaluation(&body).await?) })?;
    if args.wait {
        return print_end(&client, &begun.id, &args.common);
    }
    let mut printer = Printer::stdout(args.common.output.format);
    printer.show(fields::RUN, &begun)?;
    printer.hint(&format!("follow it with: floopy eval watch {}", begun.id));
    Ok(())
}

fn show(
    args: &NamedArgs,
    ask: impl AsyncFnOnce(&Client, &EvaluationId) -> Result<Evaluation, Failure>,
) -> Result<(), Failure> {
    let client = connect::client(&args.common.server)?;
    let id = EvaluationId::from(args.id.as_str());
    let run = runtime::command(async { ask(&client, &id).await })?;
    Printer::stdout(args.common.output.format).show(fields::RUN, &run)?;
    Ok(())
}

/// Tells of the progress until the end, and prints that.
fn print_end(client: &Client, id: &EvaluationId, common: &Common) -> Result<(), Failure> {
    let mut printer = Printer::stdout(common.output.format);
    let ended = runtime::command(async {
        let mut told = None;
        loop {
            let run = client.evaluation(id).await?;
            let totals = run.totals;
            if told != Some(totals.done) {
                told = Some(totals.done);
                printer.hint(&format!("{} of {} rows, {} failed", totals.done, totals.rows, totals.failed));
            }
            if !matches!(run.status, EvaluationStatus::Pending | EvaluationStatus::Running) {
                return Ok(run);
            }
            tokio::time::sleep(EVERY).await;
        }
    })?;
    printer.show(fields::RUN, &ended)?;
    if ended.status == EvaluationStatus::Failed {
        let why = ended.error.map_or_else(|| "every row failed".to_owned(), |error| error.message);
        let shown: String = why.chars().take(limits::MAX_COMMENT_BYTES).collect();
        return Err(Failure::new(Exit::Failed, format!("the evaluation failed: {shown}")));
    }
    Ok(())
}
