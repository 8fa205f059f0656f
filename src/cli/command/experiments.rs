//! `floopy experiments`: try another model, or other rules, on a share of a route's sessions.

use crate::base::ExperimentId;
use crate::cli::args::{Common, Paging};
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::{Field, Kind, Printer};
use crate::cli::paging::Pages;
use crate::cli::{connect, runtime};
use crate::client::Client;
use crate::resource::experiment::{ExperimentStatus, VariantResults};
use crate::resource::{Experiment, ExperimentResults};
use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// How often a watched experiment is looked at.
const EVERY: Duration = Duration::from_secs(2);

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct ExperimentsArgs {
    #[command(subcommand)]
    command: Option<ExperimentsCommand>,
    #[command(flatten)]
    list: ListArgs,
}

#[derive(Debug, Subcommand)]
enum ExperimentsCommand {
    /// List experiments, the latest first
    List(ListArgs),
    /// Begin one: a canary or a shadow run of a model, or a split between two routes
    Create(CreateArgs),
    /// Show one, and what was done with it
    Get(NamedArgs),
    /// See how one stands, with intervals
    Results(NamedArgs),
    /// Follow one until it ends
    Watch(NamedArgs),
    /// Take what is tried out at once
    Rollback(NamedArgs),
    /// End one as it stands
    Complete(NamedArgs),
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
    /// Sessions are assigned
    Active,
    /// Ended as it was meant to
    Completed,
    /// Taken out
    RolledBack,
}

impl StatusWord {
    const fn status(self) -> ExperimentStatus {
        match self {
            Self::Active => ExperimentStatus::Active,
            Self::Completed => ExperimentStatus::Completed,
            Self::RolledBack => ExperimentStatus::RolledBack,
        }
    }
}

#[derive(Debug, Args)]
struct CreateArgs {
    /// The route whose sessions take part
    #[arg(long, value_name = "ROUTE")]
    route: String,
    /// The model to try, as provider/model
    #[arg(long, value_name = "MODEL", required_unless_present = "against", conflicts_with = "against")]
    candidate: Option<String>,
    /// The route whose rules to try instead of a model
    #[arg(long, value_name = "ROUTE")]
    against: Option<String>,
    /// Share of the sessions that get it, in percent [default: 5, or 50 against another route]
    #[arg(long, value_name = "PERCENT")]
    traffic: Option<f64>,
    /// Copy calls to it instead of letting it serve: its answers are judged and thrown away [default share: 10]
    #[arg(long, conflicts_with = "against")]
    shadow: bool,
    /// Its name [default: what is tried, and where]
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Raise the share by itself as evidence comes in, and complete it at the last step
    #[arg(long, conflicts_with = "against")]
    auto_promote: bool,
    /// Keep it running even where it is shown to be worse
    #[arg(long, conflicts_with = "against")]
    no_auto_rollback: bool,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct NamedArgs {
    /// The experiment's id
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    common: Common,
}

const FIELDS: &[Field] = &[
    Field::shown("created_at", "/created_at", Kind::Time),
    Field::shown("id", "/id", Kind::Text),
    Field::shown("status", "/status", Kind::Text),
    Field::shown("type", "/type", Kind::Text),
    Field::shown("name", "/name", Kind::Long),
    Field::shown("route", "/route", Kind::Long),
    Field::shown("traffic_pct", "/traffic_pct", Kind::Decimal(1)),
    Field::wide("variant_b", "/variant_b_routing_rule_id", Kind::Long),
    Field::detail("baseline", "/baseline/model", Kind::Text),
    Field::detail("candidate", "/candidate/model", Kind::Text),
    Field::detail("quality_floor", "/quality_floor", Kind::Text),
    Field::detail("auto_rollback", "/auto_rollback", Kind::Text),
    Field::detail("auto_promote", "/auto_promote", Kind::Text),
    Field::detail("rolled_back_at", "/rolled_back_at", Kind::Time),
    Field::detail("completed_at", "/completed_at", Kind::Time),
    Field::detail("description", "/description", Kind::Text),
];

const STEPS: &[Field] = &[
    Field::shown("at", "/at", Kind::Time),
    Field::shown("decided_by", "/decided_by", Kind::Text),
    Field::shown("status", "/status", Kind::Text),
    Field::shown("from_pct", "/traffic_pct/0", Kind::Decimal(1)),
    Field::shown("to_pct", "/traffic_pct/1", Kind::Decimal(1)),
    Field::shown("e_harm", "/results/e_values/harm", Kind::Decimal(2)),
    Field::shown("e_fine", "/results/e_values/fine", Kind::Decimal(2)),
    Field::shown("calls_b", "/results/variant_b/sample_size", Kind::Count),
    Field::shown("ratings_b", "/results/variant_b/ratings", Kind::Count),
];

const RESULTS: &[Field] = &[
    Field::shown("winner", "/winner", Kind::Text),
    Field::shown("decided_by", "/decided_by", Kind::Text),
    Field::shown("e_harm", "/e_values/harm", Kind::Decimal(2)),
    Field::shown("e_fine", "/e_values/fine", Kind::Decimal(2)),
    Field::shown("quality", "/delta/quality", Kind::Decimal(3)),
    Field::shown("quality_low", "/interval/quality/low", Kind::Decimal(3)),
    Field::shown("quality_high", "/interval/quality/high", Kind::Decimal(3)),
    Field::shown("cost_pct", "/delta/cost_pct", Kind::Decimal(1)),
    Field::shown("cost_pct_low", "/interval/cost_pct/low", Kind::Decimal(1)),
    Field::shown("cost_pct_high", "/interval/cost_pct/high", Kind::Decimal(1)),
    Field::shown("latency_ms", "/delta/latency_ms", Kind::Decimal(0)),
];

const VARIANTS: &[Field] = &[
    Field::shown("variant", "/variant", Kind::Text),
    Field::shown("rule", "/routing_rule_id", Kind::Long),
    Field::shown("calls", "/sample_size", Kind::Count),
    Field::shown("ratings", "/ratings", Kind::Count),
    Field::shown("success_rate", "/success_rate", Kind::Share),
    Field::shown("quality", "/average_quality", Kind::Decimal(3)),
    Field::shown("cost_micro_usd", "/average_cost_micro_usd", Kind::Decimal(1)),
    Field::shown("latency_ms", "/average_latency_ms", Kind::Decimal(0)),
];

pub(crate) fn run(args: ExperimentsArgs) -> Result<(), Failure> {
    match args.command {
        None => list(&args.list),
        Some(ExperimentsCommand::List(list_args)) => list(&list_args),
        Some(ExperimentsCommand::Create(create_args)) => create(&create_args),
        Some(ExperimentsCommand::Get(named)) => show(&named, async |client, id| Ok(client.experiment(id).await?)),
        Some(ExperimentsCommand::Results(named)) => results(&named),
        Some(ExperimentsCommand::Watch(named)) => watch(&named),
        Some(ExperimentsCommand::Rollback(named)) => show(&named, async |client, id| Ok(client.roll_back(id).await?)),
        Some(ExperimentsCommand::Complete(named)) => show(&named, async |client, id| Ok(client.complete(id).await?)),
    }
}

fn list(args: &ListArgs) -> Result<(), Failure> {
    let client = connect::client(&args.common.server)?;
    let mut printer = Printer::stdout(args.common.output.format);
    let empty = "no experiments yet; floopy experiments create begins one";
    let pages = Pages { listing: printer.listing(FIELDS), paging: &args.paging, empty };
    let status = args.status.map(|word| word.status().as_str());
    runtime::command(pages.print(async |part| client.experiments(status, part).await))
}

fn body(args: &CreateArgs) -> Result<Map<String, Value>, Failure> {
    let mut body = Map::new();
    if let Some(against) = &args.against {
        body.insert("name".into(), json!(args.name.clone().unwrap_or_else(|| format!("{} or {against}", args.route))));
        body.insert("variant_a_routing_rule_id".into(), json!(args.route));
        body.insert("variant_b_routing_rule_id".into(), json!(against));
        body.extend(args.traffic.map(|percent| ("split_percentage".into(), json!(percent))));
    } else {
        let candidate = args.candidate.as_deref().unwrap_or_default();
        if !candidate.contains('/') {
            let message = format!("{candidate:?} names no provider: write it as provider/model");
            return Err(Failure::new(Exit::Usage, message));
        }
        body.insert("type".into(), json!(if args.shadow { "shadow" } else { "canary" }));
        body.insert("route".into(), json!(args.route));
        body.insert("candidate".into(), json!(candidate));
        body.insert("auto_rollback".into(), json!(!args.no_auto_rollback));
        body.insert("auto_promote".into(), json!(args.auto_promote));
        body.extend(args.traffic.map(|percent| ("traffic_pct".into(), json!(percent))));
        body.extend(args.name.as_ref().map(|name| ("name".into(), json!(name))));
    }
    body.extend(args.description.as_ref().map(|text| ("description".into(), json!(text))));
    Ok(body)
}

fn create(args: &CreateArgs) -> Result<(), Failure> {
    let body = body(args)?;
    let client = connect::client(&args.common.server)?;
    let begun = runtime::command(async { Ok(client.create_experiment(&body).await?) })?;
    let mut printer = Printer::stdout(args.common.output.format);
    printer.show(FIELDS, &begun)?;
    printer.hint(&format!("follow it with: floopy experiments watch {}", begun.id));
    Ok(())
}

fn show(
    args: &NamedArgs,
    ask: impl AsyncFnOnce(&Client, &ExperimentId) -> Result<Experiment, Failure>,
) -> Result<(), Failure> {
    let client = connect::client(&args.common.server)?;
    let id = ExperimentId::from(args.id.as_str());
    let experiment = runtime::command(async { ask(&client, &id).await })?;
    let mut printer = Printer::stdout(args.common.output.format);
    printer.show(FIELDS, &experiment)?;
    printer.section("steps", STEPS, &experiment.steps)?;
    Ok(())
}

/// One side's row of the table.
#[derive(Serialize)]
struct Side<'a> {
    variant: &'a str,
    #[serde(flatten)]
    results: &'a VariantResults,
}

fn print(args: &NamedArgs, results: &ExperimentResults) -> Result<(), Failure> {
    let mut printer = Printer::stdout(args.common.output.format);
    printer.show(RESULTS, results)?;
    let sides =
        [Side { variant: "A", results: &results.variant_a }, Side { variant: "B", results: &results.variant_b }];
    printer.section("variants", VARIANTS, &sides)?;
    Ok(())
}

fn results(args: &NamedArgs) -> Result<(), Failure> {
    let client = connect::client(&args.common.server)?;
    let id = ExperimentId::from(args.id.as_str());
    let results = runtime::command(async { Ok(client.experiment_results(&id).await?) })?;
    print(args, &results)
}

/// Prints the results whenever they have changed, until the experiment ends.
fn watch(args: &NamedArgs) -> Result<(), Failure> {
    let client = connect::client(&args.common.server)?;
    let id = ExperimentId::from(args.id.as_str());
    runtime::command(async {
        let mut seen = None;
        loop {
            let results = client.experiment_results(&id).await?;
            let news = (results.variant_a.sample_size, results.variant_b.sample_size, results.variant_b.ratings);
            if seen != Some(news) {
                print(args, &results)?;
                seen = Some(news);
            }
            let experiment = client.experiment(&id).await?;
            if !experiment.is_active() {
                let mut printer = Printer::stdout(args.common.output.format);
                printer.section("steps", STEPS, &experiment.steps)?;
                return Ok(());
            }
            tokio::time::sleep(EVERY).await;
        }
    })
}
