//! `floopy keys`: making, listing and revoking keys.

use crate::base::{KeyId, OrgId, RouteId};
use crate::cli::args::Common;
use crate::cli::exit::Failure;
use crate::cli::output::{Field, Kind, Printer};
use crate::cli::{connect, runtime};
use crate::resource::NewKey;
use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct KeysArgs {
    #[command(subcommand)]
    command: Option<KeysCommand>,
    #[command(flatten)]
    list: Common,
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// Make a key; its secret is shown once
    Create(CreateArgs),
    /// List keys; secrets are not kept and so not shown
    List(Common),
    /// Revoke a key at once
    Revoke(RevokeArgs),
}

#[derive(Debug, Args)]
struct CreateArgs {
    /// What the key is called
    #[arg(value_name = "NAME")]
    name: String,
    /// What it may do
    #[arg(long, value_enum, value_name = "P,…", value_delimiter = ',', default_values_t = [Permission::Read, Permission::Write])]
    permissions: Vec<Permission>,
    /// The org it belongs to
    #[arg(long, value_name = "ORG")]
    org: Option<String>,
    /// Tie it to this route
    #[arg(long, value_name = "NAME")]
    route: Option<String>,
    /// Tie it to this project
    #[arg(long, value_name = "NAME")]
    project: Option<String>,
    /// Its limit
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    requests_per_minute: Option<u32>,
    /// Its budget for a calendar month (UTC) in dollars
    #[arg(long, value_name = "USD")]
    monthly_budget_usd: Option<f64>,
    #[command(flatten)]
    common: Common,
}

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Permission {
    /// Read records
    Read,
    /// Call models, give feedback
    Write,
    /// Administer
    Admin,
}

#[derive(Debug, Args)]
struct RevokeArgs {
    /// The key's public id, as `floopy keys list` shows it
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    common: Common,
}

const FIELDS: &[Field] = &[
    Field::shown("id", "/id", Kind::Text),
    Field::shown("name", "/name", Kind::Long),
    Field::shown("org", "/org", Kind::Text),
    Field::shown("permissions", "/permissions", Kind::Text),
    Field::wide("route", "/route", Kind::Long),
    Field::wide("project", "/project", Kind::Long),
    Field::wide("requests_per_minute", "/requests_per_minute", Kind::Count),
    Field::wide("monthly_budget_micro_usd", "/monthly_budget_micro_usd", Kind::Money),
    Field::wide("spent_micro_usd", "/spent_micro_usd", Kind::Money),
    Field::shown("created_at", "/created_at", Kind::Time),
];

/// A key that was just made; the secret stands in its answer alone.
const CREATED: &[Field] = &[
    Field::shown("secret", "/secret", Kind::Text),
    Field::shown("id", "/id", Kind::Text),
    Field::shown("name", "/name", Kind::Text),
    Field::shown("org", "/org", Kind::Text),
    Field::shown("permissions", "/permissions", Kind::Text),
];

pub(crate) fn run(args: KeysArgs) -> Result<(), Failure> {
    match args.command {
        None => list(&args.list),
        Some(KeysCommand::List(common)) => list(&common),
        Some(KeysCommand::Create(create_args)) => create(create_args),
        Some(KeysCommand::Revoke(revoke_args)) => revoke(&revoke_args),
    }
}

fn list(common: &Common) -> Result<(), Failure> {
    let client = connect::client(&common.server)?;
    let keys = runtime::command(async { Ok(client.keys().await?) })?;
    let mut printer = Printer::stdout(common.output.format);
    let mut listing = printer.listing(FIELDS);
    listing.page(&keys.items)?;
    let empty = "no keys yet: on loopback none is needed; `floopy keys create NAME` makes one";
    listing.end(keys.next_cursor.as_deref(), keys.items.is_empty().then_some(empty))?;
    Ok(())
}

fn create(args: CreateArgs) -> Result<(), Failure> {
    let name = |permission: Permission| permission.to_possible_value().map(|value| value.get_name().to_owned());
    let key = NewKey {
        name: args.name,
        org: args.org.map(OrgId::from),
        permissions: Some(args.permissions.into_iter().filter_map(name).collect()),
        route: args.route.map(RouteId::from),
        project: args.project,
        requests_per_minute: args.requests_per_minute,
        monthly_budget_usd: args.monthly_budget_usd,
    };
    let client = connect::client(&args.common.server)?;
    let made = runtime::command(async { Ok(client.create_key(&key).await?) })?;
    let mut printer = Printer::stdout(args.common.output.format);
    printer.show(CREATED, &made)?;
    printer.hint("keep the secret now: it is not shown again. From the first key on, every request needs one.");
    Ok(())
}

fn revoke(args: &RevokeArgs) -> Result<(), Failure> {
    let client = connect::client(&args.common.server)?;
    let id = KeyId::from(args.id.as_str());
    runtime::command(async { Ok(client.revoke_key(&id).await?) })?;
    Printer::stdout(args.common.output.format).hint(&format!("revoked {id}: the next request with it is refused"));
    Ok(())
}
