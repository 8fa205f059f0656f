//! `floopy config`: writing, checking and showing the configuration.

use crate::cli::args::Sources;
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::{Format, Printer};
use crate::cli::sources;
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Write a commented configuration file
    Init(InitArgs),
    /// Check the configuration; every mistake is shown at once (exit code 64)
    Check(Sources),
    /// Show the settings in force
    Show(ShowArgs),
}

#[derive(Debug, Args)]
struct InitArgs {
    /// Where to write it; - for stdout
    #[arg(default_value = "floopy.toml")]
    path: PathBuf,
    /// Replace a file that exists
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Args)]
struct ShowArgs {
    /// Say where each value comes from
    #[arg(long)]
    origin: bool,
    #[command(flatten)]
    sources: Sources,
}

pub(crate) fn run(args: &ConfigArgs) -> Result<(), Failure> {
    match &args.command {
        ConfigCommand::Init(init_args) => init(init_args),
        ConfigCommand::Check(from) => check(from),
        ConfigCommand::Show(show_args) => show(show_args),
    }
}

fn check(from: &Sources) -> Result<(), Failure> {
    let warnings = crate::config::check(&sources::sources(from))?;
    let mut printer = Printer::stdout(Format::Human);
    for warning in &warnings {
        printer.hint(&format!("warning: {warning}"));
    }
    printer.text("the configuration is right\n")?;
    Ok(())
}

fn show(args: &ShowArgs) -> Result<(), Failure> {
    let loaded = sources::load(&sources::sources(&args.sources))?;
    let mut printer = Printer::stdout(Format::Human);
    if loaded.source.is_none() {
        printer.hint("no configuration file: these are the defaults, the environment and the flags");
    }
    printer.text(&crate::config::show(&loaded, args.origin))?;
    Ok(())
}

fn init(args: &InitArgs) -> Result<(), Failure> {
    let _ = args.force;
    Err(Failure::new(Exit::Failed, format!("this build cannot write {} yet", args.path.display())))
}
