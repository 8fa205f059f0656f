//! `floopy routes`: the routes, their models and how these fare; pinning.

use crate::base::RouteId;
use crate::cli::args::Common;
use crate::cli::exit::Failure;
use crate::cli::output::{Field, Kind, Printer};
use crate::cli::{connect, runtime};
use crate::client::{Client, Error};
use clap::{Args, Subcommand};
use serde_json::Value;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct RoutesArgs {
    #[command(subcommand)]
    command: Option<RoutesCommand>,
    #[command(flatten)]
    list: Common,
}

#[derive(Debug, Subcommand)]
enum RoutesCommand {
    /// List routes
    List(Common),
    /// Show one route: its models, their weights, latency and breaker state
    Show(NameArgs),
    /// Send everything on a route to its default model until it is unpinned
    Pin(NameArgs),
    /// Let a route choose again
    Unpin(NameArgs),
}

#[derive(Debug, Args)]
struct NameArgs {
    /// The route's name
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    common: Common,
}

const FIELDS: &[Field] = &[
    Field::shown("name", "/name", Kind::Text),
    Field::shown("strategy", "/strategy", Kind::Text),
    Field::shown("default_model", "/default_model", Kind::Long),
    Field::shown("candidates", "/candidates", Kind::Long),
    Field::wide("fallback", "/fallback", Kind::Long),
    Field::wide("sticky", "/sticky", Kind::Text),
    Field::shown("pinned", "/pinned", Kind::Text),
];

const ARMS: &[Field] = &[
    Field::shown("provider", "/provider", Kind::Text),
    Field::shown("model", "/model", Kind::Long),
    Field::shown("default", "/is_default", Kind::Text),
    Field::shown("configured", "/configured", Kind::Text),
    Field::shown("circuit", "/circuit", Kind::Text),
    Field::shown("weight", "/weight", Kind::Count),
    Field::shown("first_byte_p50_ms", "/p50_first_byte_ms", Kind::Millis),
    Field::shown("total_p50_ms", "/p50_total_ms", Kind::Millis),
];

/// What a route that learns has learned of its models.
const LEARNED: &[Field] = &[
    Field::shown("model", "/model", Kind::Long),
    Field::shown("stage", "/stage", Kind::Text),
    Field::shown("share", "/share", Kind::Share),
    Field::shown("quality", "/quality", Kind::Quality),
    Field::shown("quality_lower", "/quality_lower", Kind::Quality),
    Field::shown("samples", "/samples", Kind::Count),
    Field::shown("holds_floor", "/holds_floor", Kind::Share),
    Field::shown("relative_cost", "/relative_cost", Kind::Share),
];

/// The route as a whole.
const ACCOUNT: &[Field] = &[
    Field::shown("phase", "/phase", Kind::Text),
    Field::shown("floor", "/floor/floor", Kind::Share),
    Field::shown("by", "/floor/source", Kind::Text),
    Field::shown("state", "/floor/state", Kind::Text),
    Field::shown("holds", "/floor/probability", Kind::Share),
    Field::shown("surplus", "/floor/surplus", Kind::Decimal(2)),
    Field::shown("saved", "/savings/share", Kind::Share),
    Field::shown("saved_at_least", "/savings/lower", Kind::Share),
    Field::shown("alarms", "/drift/recent_regressions/exact", Kind::Count),
];

pub(crate) fn run(args: RoutesArgs) -> Result<(), Failure> {
    match args.command {
        None => list(&args.list),
        Some(RoutesCommand::List(common)) => list(&common),
        Some(RoutesCommand::Show(named)) => one(&named, async |client, id| client.route(id).await),
        Some(RoutesCommand::Pin(named)) => one(&named, async |client, id| client.pin(id).await),
        Some(RoutesCommand::Unpin(named)) => one(&named, async |client, id| client.unpin(id).await),
    }
}

fn list(common: &Common) -> Result<(), Failure> {
    let client = connect::client(&common.server)?;
    let routes = runtime::command(async { Ok(client.routes().await?) })?;
    let mut printer = Printer::stdout(common.output.format);
    let mut listing = printer.listing(FIELDS);
    listing.page(&routes.items)?;
    let empty = "no routes yet; add a [[route]] to the configuration";
    listing.end(routes.next_cursor.as_deref(), routes.items.is_empty().then_some(empty))?;
    Ok(())
}

/// Asks something about one route and shows what it is then.
fn one(args: &NameArgs, ask: impl AsyncFn(&Client, &RouteId) -> Result<Value, Error>) -> Result<(), Failure> {
    let client = connect::client(&args.common.server)?;
    let id = RouteId::from(args.name.as_str());
    let route = runtime::command(async { Ok(ask(&client, &id).await?) })?;
    let mut printer = Printer::stdout(args.common.output.format);
    printer.show(FIELDS, &route)?;
    let arms = route.get("arms").and_then(Value::as_array);
    let arms = arms.map_or(&[][..], Vec::as_slice);
    printer.section("models", ARMS, arms)?;
    if route.get("phase").is_some_and(|phase| !phase.is_null()) {
        printer.section("what is learned of them", LEARNED, arms)?;
        printer.section("the floor", ACCOUNT, std::slice::from_ref(&route))?;
    }
    Ok(())
}
