//! `floopy eval datasets`: the rows that evaluations ask about.

use super::fields;
use crate::base::{DatasetId, limits};
use crate::cli::args::{Common, Paging};
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::Printer;
use crate::cli::paging::Pages;
use crate::cli::{connect, runtime};
use bytes::Bytes;
use clap::{Args, Subcommand};
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct DatasetsArgs {
    #[command(subcommand)]
    command: Option<DatasetsCommand>,
    #[command(flatten)]
    list: ListArgs,
}

#[derive(Debug, Subcommand)]
enum DatasetsCommand {
    /// List datasets, newest first
    List(ListArgs),
    /// Upload one: a JSON object with id, input or messages, and expected on each line
    Add(AddArgs),
    /// Show one
    Show(NamedArgs),
    /// Remove one with its rows; results of evaluations stay
    Delete(NamedArgs),
}

#[derive(Debug, Args)]
struct ListArgs {
    #[command(flatten)]
    paging: Paging,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct AddArgs {
    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Its name [default: the file's]
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct NamedArgs {
    /// The dataset's id
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    common: Common,
}

pub(super) fn run(args: DatasetsArgs) -> Result<(), Failure> {
    match args.command {
        None => list(&args.list),
        Some(DatasetsCommand::List(list_args)) => list(&list_args),
        Some(DatasetsCommand::Add(add_args)) => add(&add_args),
        Some(DatasetsCommand::Show(named)) => show(&named),
        Some(DatasetsCommand::Delete(named)) => delete(&named),
    }
}

fn list(args: &ListArgs) -> Result<(), Failure> {
    let client = connect::client(&args.common.server)?;
    let mut printer = Printer::stdout(args.common.output.format);
    let empty = "no datasets yet; floopy eval datasets add uploads one";
    let pages = Pages { listing: printer.listing(fields::DATASET), paging: &args.paging, empty };
    runtime::command(pages.print(async |part| client.datasets(part).await))
}

fn add(args: &AddArgs) -> Result<(), Failure> {
    let unreadable =
        |error: std::io::Error| Failure::new(Exit::Failed, format!("{} cannot be read: {error}", args.file.display()));
    // One byte more than the server takes: it says no to that with its own words.
    let most = limits::MAX_DATASET as u64 + 1;
    let mut rows = Vec::new();
    File::open(&args.file).and_then(|file| file.take(most).read_to_end(&mut rows)).map_err(unreadable)?;
    let file_name = || args.file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let name = args.name.clone().unwrap_or_else(file_name);
    let client = connect::client(&args.common.server)?;
    let added = runtime::command(async { Ok(client.upload_dataset(&name, Bytes::from(rows)).await?) })?;
    let mut printer = Printer::stdout(args.common.output.format);
    printer.show(fields::DATASET, &added)?;
    printer.hint(&format!("evaluate with: floopy eval create --dataset {} --model MODEL", added.id));
    Ok(())
}

fn show(args: &NamedArgs) -> Result<(), Failure> {
    let client = connect::client(&args.common.server)?;
    let id = DatasetId::from(args.id.as_str());
    let dataset = runtime::command(async { Ok(client.dataset(&id).await?) })?;
    Printer::stdout(args.common.output.format).show(fields::DATASET, &dataset)?;
    Ok(())
}

fn delete(args: &NamedArgs) -> Result<(), Failure> {
    let client = connect::client(&args.common.server)?;
    let id = DatasetId::from(args.id.as_str());
    let deleted = runtime::command(async { Ok(client.delete_dataset(&id).await?) })?;
    Printer::stdout(args.common.output.format).show(fields::DELETED, &deleted)?;
    Ok(())
}
